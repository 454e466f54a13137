package model

import "fmt"

// judgement is how one check, or one subject of it, came out.
type judgement struct {
	status   FindingStatus
	evidence []string
	parts    []phrase  // the evidence, subject by subject; nil where there is but one
	subjects []subject // what to repair, for the remedy
}

// phrase is a piece of evidence about a subject, "" where it is about the backend.
type phrase struct{ subject, text string }

func (p phrase) String() string {
	if p.subject == "" {
		return p.text
	}
	return p.subject + ": " + p.text
}

// told is a judgement with these phrases as its evidence.
func told(status FindingStatus, parts []phrase) judgement {
	j := judgement{status: status, parts: parts}
	for _, p := range parts {
		j.evidence = append(j.evidence, p.String())
	}
	return j
}

// subject is what a remedy is applied to, by the names that its commands need.
type subject struct {
	name   string // in evidence
	key    string // of a state, or what a rule or key is called
	table  string
	id     string // of a lock, or a stored digest
	region string
}

func passed(evidence ...string) judgement {
	return judgement{status: FindingPass, evidence: evidence}
}

func failed(evidence ...string) judgement {
	return judgement{status: FindingFail, evidence: evidence}
}

func unknown(evidence ...string) judgement {
	return judgement{status: FindingUnknown, evidence: evidence}
}

func notApplicable(why string) judgement {
	return judgement{status: FindingNotApplicable, evidence: []string{why}}
}

// passedIf passes or fails; a check that fails says why, and so does one that passes.
func passedIf(ok bool, pass, fail string) judgement {
	if ok {
		return passed(pass)
	}
	return failed(fail)
}

// judgeFact judges a fact that is known; what names it where it is not.
func judgeFact[T any](what string, f Fact[T], judge func(T) judgement) judgement {
	v, ok := f.Get()
	if !ok {
		return unknown(unreadBecause(what, f))
	}
	return judge(v)
}

// unreadBecause says why a fact is not known: "the versioning: AccessDenied …".
func unreadBecause[T any](what string, f Fact[T]) string {
	if f.IsUnknown() {
		return what + ": " + f.Reason()
	}
	return what + ": not read"
}

// A jury puts the judgements of many subjects together. One that fails fails the
// check, whatever else could not be read; one that is unknown keeps it from passing.
type jury struct {
	by       map[FindingStatus][]phrase
	subjects []subject // that failed
}

func (t *jury) add(s subject, j judgement) {
	if t.by == nil {
		t.by = map[FindingStatus][]phrase{}
	}
	for _, e := range j.evidence {
		t.by[j.status] = append(t.by[j.status], phrase{s.name, e})
	}
	if j.status == FindingFail {
		t.subjects = append(t.subjects, s)
	}
}

// result is the judgement of all; none says why there was nothing to judge.
func (t *jury) result(none string) judgement {
	bad, unread, good, other := t.by[FindingFail], t.by[FindingUnknown], t.by[FindingPass], t.by[FindingNotApplicable]
	switch {
	case len(bad) > 0:
		j := told(FindingFail, append(bad, unread...))
		j.subjects = t.subjects
		return j
	case len(unread) > 0:
		return told(FindingUnknown, unread)
	case len(good) > 0:
		return told(FindingPass, good)
	case len(other) > 0:
		return told(FindingNotApplicable, other)
	}
	return notApplicable(none)
}

// judgeEach judges all items of a list. What of the list was not read keeps the
// check from passing, as "none" does only where the list is whole.
func judgeEach[T any](g Gathered[T], what, none string, judge func(T) (subject, judgement)) judgement {
	var t jury
	for _, item := range g.Items {
		t.add(judge(item))
	}
	for _, why := range g.gaps(what) {
		t.add(subject{}, unknown(why))
	}
	return t.result(none)
}

// gaps are the reasons why a list is not whole.
func (g Gathered[T]) gaps(what string) []string {
	if !g.Read {
		return []string{what + ": not read"}
	}
	var why []string
	for _, u := range g.Unread {
		why = append(why, what+": "+u)
	}
	if g.More {
		why = append(why, fmt.Sprintf("%s: only the first %d were looked through", what, len(g.Items)))
	}
	return why
}

// countOf is a number with its noun: 1 state, 2 states.
func countOf(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// summed replaces the evidence of a pass over many subjects by one phrase: how
// many of them are well.
func (j judgement) summed(noun, rest string) judgement {
	if j.status == FindingPass {
		j.evidence, j.parts = []string{countOf(len(j.evidence), noun) + " " + rest}, nil
	}
	return j
}
