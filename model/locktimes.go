package model

import (
	"slices"
	"time"
)

// LockTimes is how long the locks of a state were held, as the versions and
// delete markers of its lock file tell. S3 dates them to the second.
type LockTimes struct {
	Count   int
	Usual   time.Duration // the median
	Longest time.Duration
}

// LockTimesOf reads the history of a lock file, newest first: every version
// that a delete marker follows is a lock that was taken and released.
func LockTimesOf(history []Version) LockTimes {
	var held []time.Duration
	for i := 1; i < len(history); i++ {
		taken, released := history[i], history[i-1]
		if !taken.DeleteMarker && released.DeleteMarker {
			held = append(held, max(0, released.LastModified.Sub(taken.LastModified)))
		}
	}
	if len(held) == 0 {
		return LockTimes{}
	}
	slices.Sort(held)
	return LockTimes{Count: len(held), Usual: held[len(held)/2], Longest: held[len(held)-1]}
}
