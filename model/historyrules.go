package model

import (
	"cmp"
	"fmt"
	"strings"
	"time"
)

// inspection is one version with what it is compared with.
type inspection struct {
	v         *Version
	before    *Version // the version before that is a state; nil for none
	sure      bool     // false: whether there is one before is not known yet
	last      *Version // the entry listed next, unless it is a delete marker
	oneRun    bool     // v and last were written while one run held the lock
	start     *Version // the version before the run that wrote v, as far as can be told
	firstUse  *Version // an older version with the same serial
	wants     Fact[Encryption]
	found     []Anomaly
	inSteps   bool // the resources went over several versions
	unchecked string
}

func (j *inspection) odd(rule Rule, format string, args ...any) {
	j.found = append(j.found, Anomaly{rule, fmt.Sprintf(format, args...)})
}

// lack notes why a rule could not be applied; the first reason is the one told.
func (j *inspection) lack(why string) {
	if j.unchecked == "" || j.unchecked == notReadYet || j.unchecked == beforeNotReadYet {
		j.unchecked = why
	}
}

// all applies the rules, what is worst first.
func (j *inspection) all() {
	head, known := j.v.Facts.Header.Get()
	switch {
	case isListedEmpty(j.v) || known && head.Format == FormatEmpty:
		j.odd(RuleEmpty, "empty: no bytes at all")
	case j.v.Facts.Header.IsUnknown():
		j.lack(j.v.Facts.Header.Reason())
	case !known:
		j.lack(notReadYet)
	case head.Format == FormatInvalid && strings.HasSuffix(head.Problem, endsTooEarly):
		j.odd(RuleTruncated, "truncated: %s", head.Problem)
	case head.Format == FormatInvalid:
		j.odd(RuleInvalid, "not a state: %s", head.Problem)
	default:
		j.state(head)
	}
	j.rapid()
	j.restored()
	j.encryption()
}

// state compares two states.
func (j *inspection) state(head StateHeader) {
	switch {
	case j.before == nil && !j.sure:
		j.lack(beforeNotReadYet)
	case j.before == nil:
	case j.before.Facts.Header.IsUnknown():
		j.lack("the version before: " + j.before.Facts.Header.Reason())
	case !j.before.Facts.Header.IsKnown():
		j.lack(beforeNotReadYet)
	default:
		old := j.before.Facts.Header.Or(StateHeader{})
		j.lineage(old, head)
		j.resources()
		j.tool(old, head)
	}
	if u := j.firstUse; u != nil && !j.has(RuleSerialBack) {
		j.odd(RuleSerialRepeated, "serial %d again: version %s of %s has it as well", *head.Serial, u.VersionID, utcText(u.LastModified))
	}
}

func (j *inspection) has(rule Rule) bool {
	for _, a := range j.found {
		if a.Rule == rule {
			return true
		}
	}
	return false
}

// lineage compares lineages, and the serials within one. Format v1 has no
// lineage; without one there is nothing to compare.
func (j *inspection) lineage(old, head StateHeader) {
	was, is := lineageOf(old), lineageOf(head)
	if was != "" && is != "" && was != is {
		j.odd(RuleLineageChanged, "another lineage: %s, before it was %s", ShortLineage(is), ShortLineage(was))
		return
	}
	if was == is && old.Serial != nil && head.Serial != nil && *head.Serial < *old.Serial {
		j.odd(RuleSerialBack, "serial %d, the version before has %d", *head.Serial, *old.Serial)
	}
}

// ShortLineage is a lineage as a column shows it: 9d2f…c1.
func ShortLineage(lineage string) string {
	r := []rune(lineage)
	if len(r) <= 8 {
		return lineage
	}
	return string(r[:4]) + "…" + string(r[len(r)-2:])
}

// resources: half of them gone, at once or in one run: a tool that destroys for
// minutes stores every 20 s what is left.
func (j *inspection) resources() {
	m, okBefore := j.before.Facts.Resources.Get()
	n, ok := j.v.Facts.Resources.Get()
	was, inSteps := j.steps(m, n)
	switch {
	case !ok:
		j.lack(cmp.Or(j.v.Facts.Resources.Reason(), notReadYet))
	case !okBefore:
		j.lack(cmp.Or(j.before.Facts.Resources.Reason(), beforeNotReadYet))
	case inSteps:
		j.inSteps = true
		j.lost(was, n, j.start, ", in steps")
	case halves(m, n):
		j.lost(m, n, j.before, "")
	}
}

// steps is what the run began with, where it had lost half of that by now: m are
// there in the version before, n are left. What went at once is no matter of
// steps where nothing tells that the versions are of one run.
func (j *inspection) steps(m, n int) (was int, ok bool) {
	if j.start == nil || !sameLineage(j.start, j.v) {
		return 0, false
	}
	was, ok = j.start.Facts.Resources.Get()
	return was, ok && was > m && halves(was, n) && (j.oneRun || !halves(m, n) || halves(was, m))
}

func halves(m, n int) bool { return m > 0 && 2*n <= m }

func sameLineage(a, b *Version) bool {
	return lineageOf(a.Facts.Header.Or(StateHeader{})) == lineageOf(b.Facts.Header.Or(StateHeader{}))
}

// lost: n of m resources are left of those of an older version.
func (j *inspection) lost(m, n int, before *Version, how string) {
	j.odd(RuleResourcesHalved, "lost %d of %d resources%s", m-n, m, how)
	had, okHad := before.Facts.Outputs.Get()
	has, okHas := j.v.Facts.Outputs.Get()
	if okHad && okHas && has > 0 && (n == 0 || has >= had) {
		j.odd(RuleOutputsSurvive, "%d of %d outputs are still there, without their resources", min(has, had), had)
	}
}

// tool: two states in one layout were written by one tool as far as their format
// allows to tell, so only their version numbers are compared. A state in
// another layout may be of the other tool, whose numbers mean something else. A
// restore writes again what an older tool wrote.
func (j *inspection) tool(old, head StateHeader) {
	if by, ok := j.v.WrittenBy.Get(); ok && by.From != "" {
		return
	}
	was, okBefore := old.tool()
	is, ok := head.tool()
	if ok && okBefore && old.Format == head.Format && j.before.Facts.Compact == j.v.Facts.Compact && is.compare(was) < 0 {
		j.odd(RuleOlderTool, "written by an older tool: %s, the version before by %s", is, was)
	}
}

// rapid: two runs cannot be this close. Where both versions were written while
// one run held the lock, they are what it stored on its way.
func (j *inspection) rapid() {
	if j.last == nil {
		return
	}
	apart := j.v.LastModified.Sub(j.last.LastModified)
	if apart < 0 || apart > rapid || j.oneRun {
		return
	}
	j.odd(RuleRapidWrites, "written %d s after the version before", apart/time.Second)
}

func (j *inspection) restored() {
	by, ok := j.v.WrittenBy.Get()
	if !ok || by.From == "" {
		return
	}
	j.odd(RuleRestored, "written by a %s of %s, from version %s", strings.Replace(by.OperationName(), "stateward-", "stateward ", 1), by.Who, by.From)
}

// encryption: not as the bucket would have encrypted it. Another key than the
// bucket's is told only of the version that went away from it: the versions from
// before the bucket's key was changed are no mistake.
func (j *inspection) encryption() {
	is, ok := j.v.Facts.Encryption.Get()
	wants, known := j.wants.Get()
	switch {
	case j.wants.IsUnknown():
		j.lack("the bucket's default encryption: " + j.wants.Reason())
	case j.v.Facts.Encryption.IsUnknown():
		j.lack("encryption: " + j.v.Facts.Encryption.Reason())
	case !known || !ok:
		j.lack(notReadYet)
	case wants.Algorithm == "none":
	case is.Algorithm != wants.Algorithm:
		j.odd(RuleEncryption, "encrypted with %s, the bucket wants %s", is.Algorithm, wants.Algorithm)
	case j.before != nil && leavesKey(j.before.Facts.Encryption, is, wants):
		j.odd(RuleEncryption, "encrypted with key %s, the bucket wants %s", is.KMSKeyID, wants.KMSKeyID)
	}
}

// leavesKey reports whether the version before was under the key that the bucket
// wants and this one is not. An alias is not resolved, so it tells nothing.
func leavesKey(before Fact[Encryption], is, wants Encryption) bool {
	was, ok := before.Get()
	want := keyID(wants.KMSKeyID)
	return ok && want != "" && keyID(is.KMSKeyID) != "" && keyID(was.KMSKeyID) == want && keyID(is.KMSKeyID) != want
}
