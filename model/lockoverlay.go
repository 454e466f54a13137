package model

import (
	"fmt"
	"strings"
	"time"
)

// Overlay is two versions of a lock file of which the newer lies directly upon
// the older: the second was created where one was. A store that holds to
// If-None-Match refuses that.
type Overlay struct{ Older, Newer Version }

// Overlays are the places in the history of a lock file, newest first, where one
// lock lies upon another without a deletion between. Stores date to the second
// and do not all list in order, so the numbers must show it as well: among the
// locks of some time there are fewer deletions than it takes. Where versioning
// was off for a while, deletions are overwritten and nothing can be told.
func Overlays(history []Version) []Overlay {
	var locks, deletions []Version
	var under []int // of each lock that lies upon another: its place among the locks
	for i, v := range history {
		switch {
		case v.VersionID == "" || v.VersionID == nullVersionID:
			return nil
		case v.DeleteMarker && i == 0:
			continue // the current one lies upon all of them, whatever its second
		case v.DeleteMarker:
			deletions = append(deletions, v)
			continue
		case i > 0 && !history[i-1].DeleteMarker:
			under = append(under, len(locks)-1)
		}
		locks = append(locks, v)
	}
	var found []Overlay
	for _, at := range under {
		if tooFewDeletions(locks, deletions, at) {
			found = append(found, Overlay{Older: locks[at+1], Newer: locks[at]})
		}
	}
	return found
}

// sameSecond is how many locks around two of them may be of their second.
const sameSecond = 8

// tooFewDeletions reports whether around the lock at a place and the one before
// it there are less deletions than each lock but the first needs.
func tooFewDeletions(locks, deletions []Version, at int) bool {
	for newest := at; newest >= max(0, at-sameSecond); newest-- {
		for oldest := at + 1; oldest < min(len(locks), at+1+sameSecond); oldest++ {
			if oldest-newest > deletedBetween(deletions, locks[oldest].LastModified, locks[newest].LastModified) {
				return true
			}
		}
	}
	return false
}

func deletedBetween(deletions []Version, from, to time.Time) int {
	n := 0
	for _, d := range deletions {
		if !d.LastModified.Before(from) && !d.LastModified.After(to) {
			n++
		}
	}
	return n
}

// Proves says what an overlay in a bucket shows when the two bodies are known; ""
// where they show nothing: one client that wrote twice, what is no lock, and the
// copies of a replication, which takes no deletions along.
func (o Overlay) Proves(bucket string, older, newer []byte) string {
	a, badA := ParseLockInfo(older)
	b, badB := ParseLockInfo(newer)
	if badA != "" || badB != "" || a.ID == "" || b.ID == "" || a.ID == b.ID || !a.lies(bucket) || !b.lies(bucket) {
		return ""
	}
	return fmt.Sprintf("%s took the lock file (ID %s) at %s while %s held it (ID %s, since %s): no deletion lies between the two, so the store did not refuse the second, unless somebody removed a delete marker by hand",
		orElse(b.Who, "a client"), b.ID, overlayTime(o.Newer), orElse(a.Who, "another"), a.ID, overlayTime(o.Older))
}

// lies reports whether a lock was taken in a bucket, as far as it says.
func (l LockInfo) lies(bucket string) bool {
	return l.Path == "" || strings.HasPrefix(l.Path, bucket+"/")
}

func overlayTime(v Version) string { return v.LastModified.UTC().Format("2006-01-02 15:04:05 UTC") }
