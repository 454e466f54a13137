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
	before := versions[at].Attribution
	versions[at].Attribution, ask = h.Author(versions, at)
	if versions[at].Attribution != before {
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
	i := after
	for i > 0 && after-i < maxSteps {
		if follows, _ := h.follows(versions, i-1); !follows {
			break
		}
		i--
	}
	return i
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
	steps, sure := h.mates(versions, at)
	j := inspection{v: v, start: begun(versions, at, steps), wants: h.Wants, firstUse: h.firstUse(versions, at), found: v.Anomalies}
	j.before, j.sure = h.predecessor(versions, at)
	if at+1 < len(versions) && !versions[at+1].DeleteMarker {
		j.last = &versions[at+1]
		j.oneRun = sure > 0 || sameLock(v, j.last)
	}
	j.all()
	if v.steps = sure; j.inSteps {
		v.steps = steps
	}
	v.Anomalies, v.Unchecked = j.found, j.unchecked
	switch {
	case j.before != nil:
		v.Change = ChangeBetween(j.before.Facts, v.Facts)
	case j.sure:
		v.Change = Unknown[Change](NoVersionBefore)
	}
}

// maxSteps bounds how many versions of one run are looked at together.
const maxSteps = 32

// mates counts the versions right before one that its run stored on its way:
// those that are near enough to be, and of these the ones that surely are.
func (h *History) mates(versions []Version, at int) (near, sure int) {
	for near < maxSteps {
		follows, surely := h.follows(versions, at+near)
		if !follows {
			break
		}
		if surely && sure == near {
			sure++
		}
		near++
	}
	return near, sure
}

// begun is the version before the run that wrote the one at a place and some
// right before it; nil where that is just the version before, or there is none.
func begun(versions []Version, at, mates int) *Version {
	if i := at + mates + 1; mates > 0 && i < len(versions) && !versions[i].DeleteMarker {
		return &versions[i]
	}
	return nil
}

// follows reports whether a version may be of the run that wrote the version
// listed next: surely, where one run held the lock file, else where it is near.
// It rests on nothing that is read later than the list and the runs.
func (h *History) follows(versions []Version, at int) (follows, surely bool) {
	if at+1 >= len(versions) || versions[at].DeleteMarker || versions[at+1].DeleteMarker {
		return false, false
	}
	v, older := versions[at].LastModified, versions[at+1].LastModified
	runs := h.Runs.Or(LockRuns{})
	if of := runs.At(v); len(of) > 0 {
		surely = len(of) == 1 && of[0].covers(older) && len(runs.At(older)) == 1
		return surely, surely
	}
	return v.Sub(older) <= rapid && len(runs.At(older)) == 0, false
}

// sameLock reports whether two versions are known to be of one run.
func sameLock(a, b *Version) bool {
	x, okX := a.WrittenBy.Get()
	y, okY := b.WrittenBy.Get()
	return okX && okY && x.LockID != "" && x.LockID == y.LockID
}

// rapid is how close two writes must follow each other to be odd: an apply and a
// plan take longer. Within one run a tool stores what it has reached every 20 s.
const rapid = 90 * time.Second
