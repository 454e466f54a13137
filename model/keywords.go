package model

import (
	"fmt"
	"strings"
	"time"
)

// StateWords is the key's state in words, with the date of a deletion:
// "PendingDeletion: 12 d left (2026-12-04)". It is "" while the state is not known.
func (k Key) StateWords(now time.Time) string {
	state := k.State.Or("")
	date, ok := k.DeletionDate.Get()
	if state != KeyPendingDeletion || !ok || date.IsZero() {
		return string(state)
	}
	left := "due"
	if d := date.Sub(now); d > 0 {
		left = daysWords(d) + " left"
	}
	return fmt.Sprintf("%s: %s (%s)", state, left, date.UTC().Format(time.DateOnly))
}

// daysWords is a duration in days, or in hours when it is short.
func daysWords(d time.Duration) string {
	if d < 48*time.Hour {
		return fmt.Sprintf("%d h", d/time.Hour)
	}
	return fmt.Sprintf("%d d", d/(24*time.Hour))
}

// RotationWords is the rotation for a column: "↻ 365 d, next 112 d", "off", why
// it does not apply, "?" where it could not be read and "·" where it was not yet.
// A key that waits for its deletion reports no rotation whatever its schedule is,
// and a disabled one keeps its schedule but does not rotate.
func (k Key) RotationWords(now time.Time) string {
	r, state := k.Rotation, k.State.Or("")
	on, ok := r.Enabled.Get()
	switch {
	case r.NotApplicable != "":
		return "n/a: " + r.NotApplicable
	case r.Enabled.IsUnknown():
		return "?"
	case !ok:
		return "·"
	case state == KeyPendingDeletion:
		return "paused"
	case !on:
		return "off"
	}
	words := "↻ on"
	if days := r.PeriodDays.Or(0); days > 0 {
		words = fmt.Sprintf("↻ %d d", days)
	}
	if state.OutOfService() {
		return words + ", paused"
	}
	if next, ok := r.Next.Get(); ok && !next.IsZero() {
		words += ", next " + nextWords(next.Sub(now))
	}
	return words
}

// nextWords is how long it is until a date, to the nearest day.
func nextWords(d time.Duration) string {
	if d <= 0 {
		return "due"
	}
	if d > 48*time.Hour {
		d += 12 * time.Hour
	}
	return daysWords(d)
}

// BlastRadius is what is lost while a key is disabled, and for good once it is
// deleted: one sentence each, the worst first. Of a key that is out of service
// already they say what is lost now.
func (k Key) BlastRadius() []string {
	u, read, refuse := k.UsedBy, "would be unreadable", "would refuse"
	if k.State.Or("").OutOfService() {
		read, refuse = "cannot be read", "refuses"
	}
	var lines []string
	if n := u.Current(); n > 0 {
		lines = append(lines, atLeastWords(n, len(u.Unread) > 0, "current state")+" "+read+": no plan, no apply")
	}
	if n := u.Noncurrent; n > 0 {
		lines = append(lines, atLeastWords(n, u.AtLeast || len(u.Unread) > 0, "old version")+" "+read+": restores of them fail")
	}
	if len(u.Tables) > 0 {
		var names []string
		for _, t := range u.Tables {
			names = append(names, t.Table)
		}
		lines = append(lines, namedWords("lock table", names)+" "+read+": nobody can lock or unlock there")
	}
	if len(u.Buckets) > 0 {
		lines = append(lines, "the default encryption of "+namedWords("bucket", u.Buckets)+" "+refuse+" every write that names no other key")
	}
	if date, ok := k.DeletionDate.Get(); ok && !date.IsZero() && len(lines) > 0 {
		lines = append(lines, "from "+date.UTC().Format(time.DateOnly)+" on that is for good: nobody can bring a deleted key back")
	}
	return lines
}

// namedWords is "bucket a" or "buckets a, b".
func namedWords(noun string, names []string) string {
	if len(names) != 1 {
		noun += "s"
	}
	return noun + " " + strings.Join(names, ", ")
}

// atLeastWords is "3 old versions", or "at least 3 old versions".
func atLeastWords(n int, atLeast bool, noun string) string {
	if n != 1 {
		noun += "s"
	}
	words := fmt.Sprintf("%d %s", n, noun)
	if atLeast {
		return "at least " + words
	}
	return words
}
