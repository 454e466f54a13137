package model

import (
	"slices"
	"sort"
	"time"
)

// LockRun is one time that the lock file of a state was held, as its versions
// and delete markers tell. S3 dates them to the second.
type LockRun struct {
	VersionID string // of the lock file
	Taken     time.Time
	Released  time.Time      // when it was deleted, or taken by somebody else; zero while it is held
	Replaced  bool           // it was not deleted: another lock was written over it
	Info      Fact[LockInfo] // its body; the zero Fact until somebody asks for it
}

// held is for how long the lock was held until it was deleted.
func (r LockRun) held() (d time.Duration, ended bool) {
	return max(0, r.Released.Sub(r.Taken)), !r.Released.IsZero() && !r.Replaced
}

// unread reports whether nobody has asked for the body yet.
func (r LockRun) unread() bool { return !r.Info.IsKnown() && !r.Info.IsUnknown() }

// covers reports whether the lock was held at a time.
func (r LockRun) covers(t time.Time) bool {
	return !t.Before(r.Taken) && (r.Released.IsZero() || !t.After(r.Released))
}

// handover is how long a run holds its lock after its last write at most, and a
// restore before its only one: either is a request or two.
const handover = 15 * time.Second

// endsWith reports whether the lock was given back right after the last of the
// versions under it, newest first, one of which is at a place: a run that ends by
// itself writes last and then releases. A delete marker is no write of a run.
func (r LockRun) endsWith(versions []Version, at int) bool {
	last := sort.Search(at, func(i int) bool { return !versions[i].LastModified.After(r.Released) })
	for last < at && versions[last].DeleteMarker {
		last++
	}
	return !r.Released.IsZero() && r.Released.Sub(versions[last].LastModified) <= handover
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
				run.Released, run.Replaced = above.LastModified, !above.DeleteMarker
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

// Held reports whether the lock file was held when the runs were listed.
func (l LockRuns) Held() bool { return len(l.Runs) > 0 && l.Runs[0].Released.IsZero() }

// Tell notes what the lock file of a run said and reports whether there is such
// a run.
func (l LockRuns) Tell(versionID string, info Fact[LockInfo]) bool {
	i := slices.IndexFunc(l.Runs, func(r LockRun) bool { return r.VersionID == versionID })
	if i >= 0 {
		l.Runs[i].Info = info
	}
	return i >= 0
}

// LockTimes is how long the locks of a state were held.
type LockTimes struct {
	Count   int
	Usual   time.Duration // the median
	Longest time.Duration
}

// Times are of the runs that gave their lock back.
func (l LockRuns) Times() LockTimes {
	var all []time.Duration
	for _, run := range l.Runs {
		if held, ended := run.held(); ended {
			all = append(all, held)
		}
	}
	if len(all) == 0 {
		return LockTimes{}
	}
	slices.Sort(all)
	return LockTimes{Count: len(all), Usual: all[len(all)/2], Longest: all[len(all)-1]}
}
