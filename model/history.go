package model

import (
	"slices"
	"time"
)

// History works out what the versions of one state tell about each other. It is
// given the versions and delete markers newest first, as they are listed, and
// writes what it finds into them. Facts may come one by one: each then costs the
// few versions that depend on it, not all of them.
//
// The zero value is ready.
type History struct {
	Complete bool             // the oldest version is among them
	Wants    Fact[Encryption] // how the bucket encrypts what is written to it
	Witnesses

	serials map[serialAt][]int // places of the versions with one serial, ascending
}

// HistoryFacts is what is read beside the versions themselves to judge them.
type HistoryFacts struct {
	Runs  Fact[LockRuns]
	Wants Fact[Encryption] // the bucket's default
}

// serialAt is a serial, which means something within its lineage only.
type serialAt struct {
	lineage string
	serial  uint64
}

// NoVersionBefore is why there is no change to tell: nothing is missing.
const NoVersionBefore = "there is no version before it"

// Reasons for which a rule could not be applied yet; all others are of facts
// that could not be read.
const (
	notReadYet       = "not read yet"
	beforeNotReadYet = "the version before is not read yet"
)

// Awaits reports whether more will be told of a version when more is read.
func (v *Version) Awaits() bool {
	return v.Anomalies == nil || v.Unchecked == notReadYet || v.Unchecked == beforeNotReadYet
}

// All works out everything anew, from place first on: what stands before it
// changes only in what it says of the first. It is for versions that were
// listed, and for news about all of them.
func (h *History) All(versions []Version, first int) {
	if first == 0 || h.serials == nil {
		first, h.serials = 0, make(map[serialAt][]int, len(versions))
	}
	for i := first; i < len(versions); i++ {
		h.note(versions, i)
	}
	for i := h.newest(versions, first); i < len(versions); i++ {
		h.judge(versions, i)
	}
}

// Learned works out what the facts of the version at a place tell: of itself, of
// the version after it, and of the one that has its serial again.
func (h *History) Learned(versions []Version, at int) {
	h.note(versions, at)
	h.judge(versions, at)
	for i := h.newest(versions, at); i < at; i++ {
		h.judge(versions, i)
	}
	if again, ok := h.again(versions, at); ok {
		h.judge(versions, again)
	}
}

// Attribute works out who wrote the version at a place, and what follows from
// that. Ask names the version of the lock file that has to be read first, as
// [Witnesses.Author] does.
func (h *History) Attribute(versions []Version, at int) (ask string) {
	before := versions[at].WrittenBy
	versions[at].WrittenBy, ask = h.Author(versions, at)
	if versions[at].WrittenBy != before {
		h.judge(versions, at)
		if at > 0 { // written in the same run, or not
			h.judge(versions, at-1)
		}
	}
	return ask
}

// note remembers where a serial is.
func (h *History) note(versions []Version, at int) {
	key, ok := serialOf(&versions[at])
	if !ok {
		return
	}
	if i, found := slices.BinarySearch(h.serials[key], at); !found {
		h.serials[key] = slices.Insert(h.serials[key], i, at)
	}
}

func serialOf(v *Version) (serialAt, bool) {
	head := v.Facts.Header.Or(StateHeader{})
	if head.Serial == nil || v.DeleteMarker {
		return serialAt{}, false
	}
	return serialAt{lineageOf(head), *head.Serial}, true
}

func lineageOf(h StateHeader) string {
	if h.Lineage == nil {
		return ""
	}
	return *h.Lineage
}

// again is the next newer version that has the serial of the one at a place.
func (h *History) again(versions []Version, at int) (int, bool) {
	key, ok := serialOf(&versions[at])
	i, found := slices.BinarySearch(h.serials[key], at)
	if !ok || !found || i == 0 {
		return 0, false
	}
	return h.serials[key][i-1], true
}

// firstUse is the next older version that has the serial of the one at a place.
func (h *History) firstUse(versions []Version, at int) *Version {
	key, ok := serialOf(&versions[at])
	i, found := slices.BinarySearch(h.serials[key], at)
	if !ok || !found || i+1 == len(h.serials[key]) {
		return nil
	}
	return &versions[h.serials[key][i+1]]
}

// newer is the place of the version that is judged by the one at a place; that
// place itself when there is none.
func (h *History) newer(versions []Version, at int) int {
	for i := min(at, len(versions)) - 1; i >= 0; i-- {
		if versions[i].DeleteMarker {
			break // the state began anew
		}
		if !isNoState(&versions[i]) || i == 0 {
			return i
		}
	}
	return at
}

// newest is the place of the newest version that is judged by the one at a
// place: the version after it, or a later one of the run of that.
func (h *History) newest(versions []Version, at int) int {
	after := h.newer(versions, at)
	i := min(at, len(versions)-1)
	for i > 0 && at-i < maxSteps && h.follows(versions, i-1) {
		i--
	}
	return max(0, min(i, after))
}

// isNoState reports whether a version is known to hold nothing that another
// could be compared with: empty, or unreadable as a state.
func isNoState(v *Version) bool {
	h, ok := v.Facts.Header.Get()
	return ok && (h.Format == FormatEmpty || h.Format == FormatInvalid) || !v.DeleteMarker && isListedEmpty(v)
}

// isListedEmpty: the listing tells the size before anything is read.
func isListedEmpty(v *Version) bool { return v.Size == 0 && v.ETag != "" }

// predecessor is what a version is compared with: the next older one that is a
// state. There is none where the state began, or began anew after it was
// deleted; sure is false where that cannot be told yet.
func (h *History) predecessor(versions []Version, at int) (before *Version, sure bool) {
	for i := at + 1; i < len(versions); i++ {
		switch {
		case versions[i].DeleteMarker:
			return nil, true
		case !isNoState(&versions[i]):
			return &versions[i], true
		}
	}
	return nil, h.Complete
}

// judge applies all rules to one version.
func (h *History) judge(versions []Version, at int) {
	v := &versions[at]
	v.Anomalies, v.Unchecked, v.Change = []Anomaly{}, "", Fact[Change]{}
	if v.DeleteMarker {
		v.Change = Unknown[Change](NoVersionBefore)
		return
	}
	j := inspection{v: v, start: h.start(versions, at), wants: h.Wants, firstUse: h.firstUse(versions, at), found: v.Anomalies}
	j.before, j.sure = h.predecessor(versions, at)
	if at+1 < len(versions) && !versions[at+1].DeleteMarker {
		j.last, j.oneRun = &versions[at+1], h.oneRun(v, &versions[at+1])
	}
	j.all()
	v.Anomalies, v.Unchecked, v.steps = j.found, j.unchecked, h.mates(versions, at, j.inSteps)
	switch {
	case j.before != nil:
		v.Change = ChangeBetween(j.before.Facts, v.Facts)
	case j.sure:
		v.Change = Unknown[Change](NoVersionBefore)
	}
}

// maxSteps bounds how many versions of one run are looked at together.
const maxSteps = 32

// start is the version before the run that wrote the one at a place; nil where
// that is the version before, or is not told.
func (h *History) start(versions []Version, at int) *Version {
	n := h.mates(versions, at, true)
	if i := at + n + 1; n > 0 && i < len(versions) && !versions[i].DeleteMarker {
		return &versions[i]
	}
	return nil
}

// mates counts the versions right before one that its run stored on its way.
// Where no lock file tells of runs, near ones are taken for one run as well.
func (h *History) mates(versions []Version, at int, near bool) int {
	n := 0
	for n < maxSteps && h.follows(versions, at+n) && (near || h.share(&versions[at+n], &versions[at+n+1])) {
		n++
	}
	return n
}

// follows reports whether a version may be of the run that wrote the version
// listed next. It rests on nothing that is read later than the list and the
// runs.
func (h *History) follows(versions []Version, at int) bool {
	if at+1 >= len(versions) || versions[at].DeleteMarker || versions[at+1].DeleteMarker {
		return false
	}
	v, older := versions[at].LastModified, versions[at+1].LastModified
	if runs := h.Runs.Or(LockRuns{}); len(runs.At(v)) > 0 || len(runs.At(older)) > 0 {
		return runs.share(v, older)
	}
	return v.Sub(older) <= rapid
}

// share reports whether two versions were written while one run held the lock
// file.
func (h *History) share(a, b *Version) bool {
	return h.Runs.Or(LockRuns{}).share(a.LastModified, b.LastModified)
}

// oneRun reports whether two versions are of one run: of one author, or where
// that is not told, of the time in which one run held the lock file.
func (h *History) oneRun(a, b *Version) bool {
	x, okX := a.WrittenBy.Get()
	y, okY := b.WrittenBy.Get()
	if okX && okY && x.LockID != "" {
		return x.LockID == y.LockID
	}
	return h.share(a, b)
}

// rapid is how close two writes must follow each other to be odd: an apply and a
// plan take longer. Within one run a tool stores what it has reached every 20 s.
const rapid = 90 * time.Second
