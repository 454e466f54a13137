package model

import (
	"slices"
	"time"
)

// LockRun is one time that the lock file of a state was held, as its versions
// and delete markers tell. S3 dates them to the second.
type LockRun struct {
	VersionID string // of the lock file
	Taken     time.Time
	Released  time.Time      // when it was deleted, or taken by somebody else; zero while it is held
	Info      Fact[LockInfo] // its body; the zero Fact until somebody asks for it
}

// covers reports whether the lock was held at a time.
func (r LockRun) covers(t time.Time) bool {
	return !t.Before(r.Taken) && (r.Released.IsZero() || !t.After(r.Released))
}

// LockRuns are the runs of one state, newest first.
type LockRuns struct {
	Runs  []LockRun
	Since time.Time // nothing older was listed; zero: this is all there is
}

// Reaches reports whether the runs at a time are among them.
func (l LockRuns) Reaches(t time.Time) bool { return l.Since.IsZero() || t.After(l.Since) }

// LockRunsOf reads the history of a lock file, newest first. since is how far it
// goes back; zero is to its beginning.
func LockRunsOf(history []Version, since time.Time) LockRuns {
	all := LockRuns{Since: since}
	var above *Version
	for i, v := range history {
		if !v.DeleteMarker {
			run := LockRun{VersionID: v.VersionID, Taken: v.LastModified}
			if above != nil {
				run.Released = above.LastModified
			}
			all.Runs = append(all.Runs, run)
		}
		above = &history[i]
	}
	return all
}

// At are the runs during which the lock was held at a time, newest first. Runs
// follow each other, so there is one at most but where one ended in the second
// in which the next began.
func (l LockRuns) At(t time.Time) []LockRun {
	from, _ := slices.BinarySearchFunc(l.Runs, t, func(r LockRun, t time.Time) int { return t.Compare(r.Taken) })
	to := from
	for to < len(l.Runs) && l.Runs[to].covers(t) {
		to++
	}
	return l.Runs[from:to]
}

// Tell notes what the lock file of a run said and reports whether there is such
// a run.
func (l LockRuns) Tell(versionID string, info Fact[LockInfo]) bool {
	i := slices.IndexFunc(l.Runs, func(r LockRun) bool { return r.VersionID == versionID })
	if i >= 0 {
		l.Runs[i].Info = info
	}
	return i >= 0
}
