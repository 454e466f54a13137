package model

import (
	"cmp"
	"fmt"
	"time"
)

// clockSlack is how far the clock of a holder may be from the service's: what was
// written that close to the time that a lock row names was written before it or
// under it, nobody can tell.
const clockSlack = 5 * time.Second

// taken is when a lock was taken, to the second as S3 dates versions, and how far
// off that may be: a lock file is dated by S3 itself, a row by its holder.
func (l Lock) taken() (at time.Time, slack time.Duration) {
	if l.Mechanism == MechanismLockfile && !l.LastModified.IsZero() {
		return l.LastModified.Truncate(time.Second), 0
	}
	if l.oddlyDated() {
		return time.Time{}, 0
	}
	return l.Info.Created.Truncate(time.Second), clockSlack
}

// writtenUnder is what the versions of a state tell of one lock on it.
type writtenUnder struct {
	own    time.Time // the newest version since that no other lock explains; zero: there is none
	newest time.Time // the newest since that it was taken; zero: there is none
	by     string    // who wrote the others, under a lock of theirs
	unsure string    // why it is not known whose one of them is
	close  bool      // a version is from about when it was taken
}

// writes looks at what was written since a lock was taken; ok is false where
// nobody knows when either was. A version is the lock's own unless somebody else
// held a lock on the state then.
func (c LockContext) writes(l Lock) (w writtenUnder, ok bool) {
	taken, slack := l.taken()
	last, known := c.LastWrite.Get()
	if taken.IsZero() || !known {
		return w, false
	}
	for _, at := range c.since(last) {
		at = at.Truncate(time.Second)
		if !at.After(taken.Add(slack)) {
			w.close = !at.Before(taken.Add(-slack))
			return w, true
		}
		if w.newest.IsZero() {
			w.newest = at
		}
		switch by, unsure := c.another(l, at); {
		case unsure != "":
			w.unsure = cmp.Or(w.unsure, unsure)
		case by != "":
			w.by = cmp.Or(w.by, by)
		default:
			w.own = at
			return w, true
		}
	}
	if !c.Writes.IsKnown() {
		w.unsure = cmp.Or(w.unsure, "older versions: "+cmp.Or(c.Writes.Reason(), "not read"))
	}
	return w, true
}

// since is when the versions were written, as far as that is known.
func (c LockContext) since(last time.Time) []time.Time {
	if all, ok := c.Writes.Get(); ok && len(all) > 0 {
		return all
	}
	return []time.Time{last}
}

// NeedsWrites is back to when Writes have to be read, where LastWrite alone does
// not tell whose the last write is: a lock file that nobody shares the state with
// was in its place all the time.
func (c LockContext) NeedsWrites() (since time.Time, needed bool) {
	last, known := c.LastWrite.Get()
	shared := len(Holders(c.Held)) > 1
	for _, l := range c.Held {
		taken, slack := l.taken()
		from := taken.Add(-slack)
		if known && !taken.IsZero() && l.elsewhere() == "" && !last.Truncate(time.Second).Before(from) && (shared || l.Mechanism != MechanismLockfile) {
			if since.IsZero() || from.Before(since) {
				since, needed = from, true
			}
		}
	}
	return since, needed
}

// another names who else held a lock on the state when a version was written, or
// says why that is not known. A plan writes no state, so its lock explains none.
func (c LockContext) another(l Lock, at time.Time) (by, unsure string) {
	for _, o := range c.Held {
		taken, slack := o.taken()
		switch {
		case o.Key != l.Key || o.SameHolder(l) || o.Info.isPlan():
		case taken.IsZero():
			unsure = "another lock on the state does not say since when it is held"
		case !at.Before(taken.Add(-slack)):
			return holderName(o), ""
		}
	}
	if l.Mechanism == MechanismLockfile { // it was in that place all the time
		return "", unsure
	}
	by, why := c.anotherRun(l, at)
	return by, cmp.Or(why, unsure)
}

// anotherRun is the same for the locks that were in the lock file.
func (c LockContext) anotherRun(l Lock, at time.Time) (by, unsure string) {
	runs, known := c.Runs.Get()
	switch {
	case !known:
		return "", "the history of the lock file: " + cmp.Or(c.Runs.Reason(), "not read")
	case !runs.Reaches(at):
		return "", "the history of the lock file was read back to " + utcText(runs.Since) + " only"
	}
	for _, run := range runs.At(at) {
		info, known := run.Info.Get()
		switch {
		case !known:
			unsure = "a lock file held then: " + cmp.Or(run.Info.Reason(), "not read")
		case info.ID == l.Info.ID && info.ID != "" || info.isPlan():
		default:
			return cmp.Or(info.Who, "another lock"), ""
		}
	}
	return "", unsure
}

// isPlan reports whether a lock is of a plan, which writes no state.
func (i LockInfo) isPlan() bool { return i.Operation == "OperationTypePlan" }

// lively is how recent the last write must be to show that the holder works on.
// A run writes as its resources become ready, so it falls silent for as long as
// its slowest one takes; one that was killed is silent for good.
func (c LockContext) lively() time.Duration {
	return max(time.Hour, c.Runs.Or(LockRuns{}).Times().Longest)
}

// ruleWritesUnknown is the rule of a lock whose state's last write cannot be read.
const ruleWritesUnknown = "writes-unknown"

// ruleWrites: clients write a state under its lock, so a recent version that no
// other lock explains shows that the holder lives. An old one does not: many a run
// was killed after a write, and somebody may write with -lock=false.
func ruleWrites(l Lock, c LockContext) (Evidence, bool) {
	if c.LastWrite.IsUnknown() && l.elsewhere() == "" {
		return Evidence{ruleWritesUnknown, "the state's last write could not be read: " + c.LastWrite.Reason(), pointsNeutral}, true
	}
	w, ok := c.writes(l)
	if !ok || l.elsewhere() != "" {
		return Evidence{}, false
	}
	taken, _ := l.taken()
	ago := l.ReadAt.Sub(w.own)
	switch {
	case !w.own.IsZero() && l.Info.isPlan():
		return Evidence{"written-past", fmt.Sprintf("a version was written %s after it was taken, and a plan writes no state: somebody wrote past it", span(w.own.Sub(taken))), pointsNeutral}, true
	case !w.own.IsZero() && ago <= c.lively():
		return Evidence{"written-since", fmt.Sprintf("a version was written %s after it was taken", span(w.own.Sub(taken))), pointsLive}, true
	case !w.own.IsZero():
		return Evidence{"quiet-since", fmt.Sprintf("a version was written %s after it was taken, and none for %s since", span(w.own.Sub(taken)), span(ago)), pointsNeutral}, true
	}
	return Evidence{w.rule(), w.text(taken), pointsNeutral}, true
}

// rule names what a lock without a version of its own is told.
func (w writtenUnder) rule() string {
	switch {
	case w.unsure != "":
		return "written-by-whom"
	case w.by != "":
		return "written-by-others"
	case w.close:
		return "written-then"
	}
	return "nothing-written"
}

func (w writtenUnder) text(taken time.Time) string {
	switch {
	case w.unsure != "":
		return fmt.Sprintf("a version was written %s after it was taken; under whose lock is not known: %s", span(w.newest.Sub(taken)), w.unsure)
	case w.by != "":
		return fmt.Sprintf("what was written since it was taken, was written while somebody else held a lock here too (the last time %s): it may be theirs", w.by)
	case w.close:
		return "a version was written at about the time when it was taken: by it, or just before"
	}
	return "no version written since it was taken (may be waiting for approval, or on one slow resource)"
}
