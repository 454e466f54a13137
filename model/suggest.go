package model

import (
	"fmt"
	"slices"
	"strings"
)

// Suggestion is the version to restore, and why.
type Suggestion struct {
	VersionID string
	Reasons   []string // sentences
}

// meant is how many versions must have been built upon a damaged one until it
// counts as meant: nobody restores what ten applies have gone beyond.
const meant = 10

// Suggest names the last good version before the state was damaged: before it
// lost half of its resources, went back, changed its lineage, became empty or
// unreadable, or was deleted. Versions are newest first, with their anomalies
// worked out. There is no suggestion where nothing is wrong, where what was
// wrong has been made good since, or as long as too little is read to tell.
func Suggest(versions []Version) (Suggestion, bool) {
	var reasons []string
	from := 0
	if len(versions) > 0 && versions[0].DeleteMarker {
		reasons, from = []string{"The state was deleted at " + utcText(versions[0].LastModified) + "."}, 1
	}
	for ; from > 0 && from < len(versions) && versions[from].DeleteMarker; from++ { // deleted more than once
	}
	damage := unhealed(versions, from)
	for _, i := range damage {
		reasons = append(reasons, accusation(&versions[i]))
	}
	if len(reasons) == 0 {
		return Suggestion{}, false
	}
	if len(damage) > 0 {
		from = damage[len(damage)-1] + 1
	}
	return lastGood(versions, from, reasons)
}

// unhealed are the places of the damaged versions that nothing newer made good,
// newest first. What stands behind a delete marker is another story.
func unhealed(versions []Version, from int) []int {
	var damage []int
	for i, seen := from, 0; i < len(versions) && seen < meant && !versions[i].DeleteMarker; i, seen = i+1, seen+1 {
		if isHarm(versions, i) && !healed(versions, from, i) {
			damage = append(damage, i)
		}
	}
	return damage
}

func isDamaged(v *Version) bool {
	for _, a := range v.Anomalies {
		if a.Rule.Damage() {
			return true
		}
	}
	return false
}

// isHarm reports a damaged version that nobody chose: what a restore wrote was
// chosen, and what returns to the lineage of before goes back on purpose.
func isHarm(versions []Version, at int) bool {
	by, _ := versions[at].WrittenBy.Get()
	return isDamaged(&versions[at]) && by.From == "" && !returns(versions, at)
}

// returns reports whether a version has another lineage because it holds again
// what an older one lost with the lineage.
func returns(versions []Version, at int) bool {
	h := History{Complete: true}
	if !versions[at].isOdd(RuleLineageChanged) {
		return false
	}
	for i, seen := at+1, 0; i < len(versions) && seen < meant && !versions[i].DeleteMarker; i, seen = i+1, seen+1 {
		if !versions[i].isOdd(RuleLineageChanged) {
			continue
		}
		before, _ := h.predecessor(versions, i)
		if before != nil && recovers(before, &versions[i], &versions[at]) && keepsMost(before, &versions[at]) {
			return true
		}
	}
	return false
}

func (v *Version) isOdd(rule Rule) bool {
	return slices.ContainsFunc(v.Anomalies, func(a Anomaly) bool { return a.Rule == rule })
}

// keepsMost reports whether a version is known to hold more than half as many
// resources as another.
func keepsMost(before, later *Version) bool {
	m, okBefore := before.Facts.Resources.Get()
	n, ok := later.Facts.Resources.Get()
	return okBefore && ok && (2*n > m || m == 0)
}

// healed reports whether a version since the damaged one holds again what the
// one before it held. Where that cannot be told, the damage stands.
func healed(versions []Version, from, at int) bool {
	h := History{Complete: true}
	before, _ := h.predecessor(versions, at)
	for i := at - 1; i >= from; i-- {
		if before == nil && versions[i].Facts.Header.IsKnown() && !isNoState(&versions[i]) {
			return true // nothing was lost that is known of
		}
		if before != nil && recovers(before, &versions[at], &versions[i]) {
			return true
		}
	}
	return false
}

// recovers reports whether a later version is as good as the one before the
// damage, in all that the damage was about.
func recovers(before, damaged, later *Version) bool {
	old, okBefore := before.Facts.Header.Get()
	now, ok := later.Facts.Header.Get()
	if !ok || !okBefore || isNoState(later) || lineageOf(old) != lineageOf(now) {
		return false
	}
	for _, a := range damaged.Anomalies {
		switch a.Rule {
		case RuleResourcesHalved, RuleOutputsSurvive:
			m, okBefore := before.Facts.Resources.Get()
			n, ok := later.Facts.Resources.Get()
			if !okBefore || !ok || 2*n <= m {
				return false
			}
		case RuleSerialBack:
			if old.Serial == nil || now.Serial == nil || *now.Serial <= *old.Serial {
				return false
			}
		default: // the lineage is the old one again, and it is a state
		}
	}
	return true
}

// accusation says what is wrong with a version.
func accusation(v *Version) string {
	var what []string
	for _, a := range v.Anomalies {
		if a.Rule.Damage() {
			what = append(what, a.Text)
		}
	}
	return fmt.Sprintf("%s, written %s: %s.", nameOf(v), circumstances(v), strings.Join(what, "; "))
}

// nameOf is a version by its serial, else by its id.
func nameOf(v *Version) string {
	if h := v.Facts.Header.Or(StateHeader{}); h.Serial != nil {
		return fmt.Sprintf("Serial %d", *h.Serial)
	}
	return "Version " + v.VersionID
}

func circumstances(v *Version) string {
	when := utcText(v.LastModified)
	if by, ok := v.WrittenBy.Get(); ok {
		when += " by " + strings.TrimSpace(by.Who+" "+by.OperationName())
	}
	return when
}

// lastGood looks for the newest version from a place on that is a state, is not
// damaged itself and can be restored as far as is known.
func lastGood(versions []Version, from int, reasons []string) (Suggestion, bool) {
	for i := from; i < len(versions); i++ {
		v := &versions[i]
		header, known := v.Facts.Header.Get()
		switch {
		case v.DeleteMarker:
			return Suggestion{}, false // older ones are of another life of the state
		case v.Facts.Header.IsUnknown():
			reasons = append(reasons, fmt.Sprintf("Version %s could not be read: %s.", v.VersionID, v.Facts.Header.Reason()))
		case !known && !isListedEmpty(v) || v.Awaits() && !isNoState(v):
			return Suggestion{}, false // not told yet
		case isNoState(v) || isHarm(versions, i):
		case !v.Restorable.Or(true):
			reasons = append(reasons, fmt.Sprintf("%s cannot be restored: %s.", nameOf(v), v.WhyNot))
		default:
			return Suggestion{VersionID: v.VersionID, Reasons: append(reasons, praise(v, header))}, true
		}
	}
	return Suggestion{}, false
}

// praise says why a version is the one.
func praise(v *Version, header StateHeader) string {
	var has []string
	if n, ok := v.Facts.Resources.Get(); ok {
		has = append(has, fmt.Sprintf("%d resources", n))
	}
	if l := lineageOf(header); l != "" {
		has = append(has, "lineage "+ShortLineage(l))
	}
	with := ""
	if len(has) > 0 {
		with = ", with " + strings.Join(has, " and ")
	}
	return fmt.Sprintf("%s, written %s, is the last good version before that%s.", nameOf(v), circumstances(v), with)
}
