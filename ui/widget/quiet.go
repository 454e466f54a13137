package widget

import "time"

// QuietTime is how long the keyboard must rest before a dialog that has just
// opened listens to it.
const QuietTime = 400 * time.Millisecond

// Quiet swallows the keys in flight when a dialog opens: those typed for the
// page below, and the repeats of a key that is held down. Once the keyboard has
// rested for [QuietTime] it lets everything pass for good.
type Quiet struct {
	last      time.Time
	passed    bool
	swallowed int
}

// NewQuiet starts at the moment at which the dialog opens.
func NewQuiet(opened time.Time) Quiet { return Quiet{last: opened} }

// Swallow reports whether a key that came at now must be ignored.
func (q *Quiet) Swallow(now time.Time) bool {
	if q.passed {
		return false
	}
	if now.Sub(q.last) >= QuietTime {
		q.passed = true
		return false
	}
	q.last = now
	q.swallowed++
	return true
}

// Swallowed is how many keys were ignored.
func (q *Quiet) Swallowed() int { return q.swallowed }
