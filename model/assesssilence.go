package model

import (
	"fmt"
	"slices"
	"time"
)

// What silence counts against: fewer runs say nothing about how long one may
// take, and any run may be slow for a while, or three times as slow as ever.
const (
	leastRuns    = 3
	leastSilence = 15 * time.Minute
	slowness     = 3
)

// runsAsked bounds how many past locks are read to judge one: of a year of runs the
// newest say most.
const runsAsked = 20

// opUnnamed is what Terraform calls an import and a console alike: one takes
// seconds, the other is open for as long as somebody sits before it.
const opUnnamed = "OperationTypeInvalid"

// silence is for how long the holder of a lock has written nothing, and since what;
// ok is false where that is not known, or where it is no sign: the lock is of a run
// elsewhere, held on purpose, or by an operation that may be idle.
func (c LockContext) silence(l Lock) (quiet time.Duration, since string, ok bool) {
	w, known := c.writes(l)
	switch op := l.Info.Operation; {
	case !known || w.unsure != "" || l.ReadAt.IsZero() || op == "" || op == opUnnamed || l.elsewhere() != "" || l.note() != "":
		return 0, "", false
	case !w.own.IsZero() && !l.Info.isPlan():
		quiet = l.ReadAt.Sub(w.own)
		return quiet, "for " + span(quiet), quiet > c.lively()
	}
	age, known := l.Age()
	taken, _ := l.taken()
	return min(age, l.ReadAt.Sub(taken)), "since it was taken", known
}

// ruleSilence: a silent lock says something only against how long locks of the
// same operation on this very state were held before.
func ruleSilence(l Lock, c LockContext) (Evidence, bool) {
	runs := c.Runs.Or(LockRuns{})
	age, aged := l.Age()
	times := runs.Times()
	if !aged || times.Count == 0 {
		return Evidence{}, false
	}
	op, like := l.Info.OperationName(), runs.like(l.Info)
	quiet, since, silent := c.silence(l)
	switch {
	case silent && like.over(quiet):
		return Evidence{"longer-than-ever", fmt.Sprintf("held %s, silent %s: far longer than the longest of %d locks for %s here (%s)",
			span(age), since, like.count, op, span(like.longest)), pointsStale}, true
	case like.count > 0:
		return Evidence{"usual-time", fmt.Sprintf("held %s; %s for %s here, %s at most", span(age), countOf(like.count, "lock"), op, span(like.longest)), pointsNeutral}, true
	}
	return Evidence{"usual-time", fmt.Sprintf("held %s; locks of this state, whatever for, last %s as a rule, %s at most", span(age), span(times.Usual), span(times.Longest)), pointsNeutral}, true
}

// likeRuns is how long locks of one operation were held.
type likeRuns struct {
	count   int
	longest time.Duration
	open    time.Duration // the longest of those of which nobody knows what they were for
}

// over reports whether a silence is longer than any run can explain.
func (r likeRuns) over(quiet time.Duration) bool {
	return r.count >= leastRuns && quiet >= leastSilence && quiet >= slowness*max(r.longest, r.open)
}

// like is how long the other locks of the same operation were held.
func (l LockRuns) like(info LockInfo) likeRuns {
	var r likeRuns
	for _, run := range l.Runs {
		held, ended := run.held()
		past, known := run.Info.Get()
		switch {
		case !ended || known && past.ID == info.ID:
		case !known:
			r.open = max(r.open, held)
		case past.Operation == info.Operation:
			r.count, r.longest = r.count+1, max(r.longest, held)
		}
	}
	return r
}

// Asks are the versions of the lock file that have to be read to judge a lock; see
// LockRuns.Tell. It is asked again when they are told: whose the versions of the
// state are comes first, and then what the past locks were for.
func (c LockContext) Asks(l Lock) []string {
	runs, ok := c.Runs.Get()
	if !ok || l.elsewhere() != "" {
		return nil
	}
	if ids := c.asksWho(l, runs); len(ids) > 0 {
		return ids
	}
	quiet, _, silent := c.silence(l)
	if !silent || quiet < leastSilence {
		return nil
	}
	return runs.asksWhat(quiet)
}

// asksWho are the locks under which the newest versions of the state were written.
func (c LockContext) asksWho(l Lock, runs LockRuns) []string {
	taken, slack := l.taken()
	last, known := c.LastWrite.Get()
	if l.Mechanism == MechanismLockfile || taken.IsZero() || !known {
		return nil
	}
	var ids []string
	for i, at := range c.since(last) {
		if i == runsAsked || !at.Truncate(time.Second).After(taken.Add(slack)) {
			break
		}
		for _, run := range runs.At(at.Truncate(time.Second)) {
			if run.unread() && !slices.Contains(ids, run.VersionID) {
				ids = append(ids, run.VersionID)
			}
		}
	}
	return ids
}

// asksWhat are the newest past locks, and of the older ones those that were held
// so long that a run of their kind may explain a silence.
func (l LockRuns) asksWhat(quiet time.Duration) []string {
	var ids []string
	newest, long := 0, 0
	for _, run := range l.Runs {
		held, ended := run.held()
		if !ended {
			continue
		}
		switch {
		case newest < runsAsked:
			newest++
		case slowness*held > quiet && long < runsAsked:
			long++
		default:
			continue
		}
		if run.unread() {
			ids = append(ids, run.VersionID)
		}
	}
	return ids
}
