package model

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Suggestion is the version to restore, and why.
type Suggestion struct {
	VersionID string
	Reasons   []string // sentences
}

// meant is how many versions must have been built upon a damaged one until it
// counts as meant: nobody restores what ten applies have gone beyond.
const meant = 10

// livedWith is how long a damaged version must have stood when the next damage
// came until it counts as meant: what is not repaired for a day is not missed.
const livedWith = 24 * time.Hour

// Suggest names the last good version before the state was damaged: before it
// lost half of its resources, went back, changed its lineage, became empty or
// unreadable, or was deleted. Damage upon damage within a day is one incident;
// what had stood longer than that counts as meant, and a reason says so.
// Versions are newest first, with their anomalies worked out. There is no
// suggestion where nothing is wrong, where what was wrong has been made good
// since, or as long as too little is read to tell.
func Suggest(versions []Version) (Suggestion, bool) {
	s := suspicion{versions: versions}
	s.deletion()
	s.damage()
	if len(s.reasons) == 0 {
		return Suggestion{}, false
	}
	return s.lastGood()
}

// suspicion is what is held against the newest versions.
type suspicion struct {
	versions []Version
	reasons  []string
	from     int       // the newest version that may be good
	since    time.Time // when the newest incident began, as far as is told; zero for none
	accepted int       // the damaged version that counts as meant; 0 for none: the newest one never does
}

// deletion: the state is deleted, maybe more than once.
func (s *suspicion) deletion() {
	if len(s.versions) == 0 || !s.versions[0].DeleteMarker {
		return
	}
	s.since = s.versions[0].LastModified
	s.reasons = append(s.reasons, "The state was deleted at "+utcText(s.since)+".")
	for s.from < len(s.versions) && s.versions[s.from].DeleteMarker {
		s.from++
	}
}

// damage goes back through the damaged versions of the newest incident, past all
// that the run stored on its way that did the oldest of it.
func (s *suspicion) damage() {
	first := s.from
	for _, i := range unhealed(s.versions, first) {
		v := &s.versions[i]
		switch {
		case i < s.from: // of a run that is accused already
			s.since = v.LastModified
			continue
		case !s.since.IsZero() && s.since.Sub(v.LastModified) > livedWith:
			s.accepted = i
			return
		}
		s.reasons = append(s.reasons, accusation(v))
		s.since, s.from = v.LastModified, i+1+v.steps
	}
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
	before, _ := h.predecessor(versions, at+versions[at].steps)
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
			if !regains(before, damaged, later) {
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

// regains reports whether a version is known to hold again half of the resources
// that were lost, or more.
func regains(before, damaged, later *Version) bool {
	m, okBefore := before.Facts.Resources.Get()
	left, okLeft := damaged.Facts.Resources.Get()
	n, ok := later.Facts.Resources.Get()
	return okBefore && okLeft && ok && 2*(n-left) >= m-left
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

// lastGood looks for the newest version behind the incident that is a state, is
// not damaged itself and can be restored as far as is known.
func (s *suspicion) lastGood() (Suggestion, bool) {
	for i := s.from; i < len(s.versions); i++ {
		v := &s.versions[i]
		header, known := v.Facts.Header.Get()
		switch {
		case v.DeleteMarker:
			return Suggestion{}, false // older ones are of another life of the state
		case v.Facts.Header.IsUnknown():
			s.reasons = append(s.reasons, fmt.Sprintf("Version %s could not be read: %s.", v.VersionID, v.Facts.Header.Reason()))
		case !known && !isListedEmpty(v) || v.Awaits() && !isNoState(v):
			return Suggestion{}, false // not told yet
		case isNoState(v) || isHarm(s.versions, i) && (s.accepted == 0 || i != s.accepted):
		case !v.Restorable.Or(true):
			s.reasons = append(s.reasons, fmt.Sprintf("%s cannot be restored: %s.", nameOf(v), v.WhyNot))
		default:
			s.reasons = append(s.reasons, praise(v, header))
			return Suggestion{VersionID: v.VersionID, Reasons: s.tolerated(i)}, true
		}
	}
	return Suggestion{}, false
}

// tolerated adds to the reasons what is taken for meant, where the version that
// is suggested was built upon it.
func (s *suspicion) tolerated(at int) []string {
	if s.accepted < at {
		return s.reasons
	}
	v := &s.versions[s.accepted]
	return append(s.reasons, fmt.Sprintf("Taken as meant, for it stood %s: %s", span(s.since.Sub(v.LastModified)), accusation(v)))
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
