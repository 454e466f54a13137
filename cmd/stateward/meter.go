package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/stateward/stateward/ui/widget"
)

// meterEvery is how often the meter is written anew, and half of how long a
// command must take for there to be one.
const meterEvery = 500 * time.Millisecond

// meter is the one line on stderr that tells how far a long command is. It is
// there only while stderr is a terminal, and gone before anything else is said.
// The app's talk guards it.
type meter struct {
	shown  int // columns of it that stand on the terminal
	asking int // questions that are open: none is written over
}

// progress has the meter show what text says, which must be quick and safe to
// call from another goroutine, until stop is called.
func (a *app) progress(text func() string) (stop func()) {
	if a.errColumns == nil || a.errColumns() == 0 {
		return func() {}
	}
	tick := time.NewTicker(meterEvery)
	over, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		a.follow(over, tick.C, text)
	}()
	return func() {
		tick.Stop()
		close(over)
		<-ended
	}
}

// follow writes the meter at every tick but the first, and takes it off at the end.
func (a *app) follow(over <-chan struct{}, ticks <-chan time.Time, text func() string) {
	defer a.meterAway()
	for late := false; ; late = true {
		select {
		case <-ticks:
			if late {
				a.showMeter(text())
			}
		case <-over:
			return
		}
	}
}

func (a *app) showMeter(text string) {
	a.talk.Lock()
	defer a.talk.Unlock()
	if a.meter.asking > 0 {
		return
	}
	line := widget.Clip(widget.Sanitize(text), max(1, a.errColumns()-1)) // a full line would wrap
	width := widget.Width(line)
	_, _ = io.WriteString(a.stderr, "\r"+line+strings.Repeat(" ", max(0, a.meter.shown-width))) // talk: if it fails, nobody is told
	a.meter.shown = width
}

// meterAway takes the meter off the terminal.
func (a *app) meterAway() {
	a.talk.Lock()
	defer a.talk.Unlock()
	if blank := a.meter.erased(); blank != "" {
		_, _ = io.WriteString(a.stderr, blank) // as above
	}
}

// erased is what takes the meter off: spaces, which every terminal understands.
func (m *meter) erased() string {
	n := m.shown
	m.shown = 0
	if n == 0 {
		return ""
	}
	return "\r" + strings.Repeat(" ", n) + "\r"
}

// quietly keeps the meter off the terminal while a question is open there.
func (a *app) quietly() (end func()) {
	a.meterAway()
	a.holdMeter(1)
	return func() { a.holdMeter(-1) }
}

func (a *app) holdMeter(n int) {
	a.talk.Lock()
	defer a.talk.Unlock()
	a.meter.asking += n
}

// counted is each with a meter: "reading: 1,200 of 5,000 states".
func (s *session) counted(ctx context.Context, doing, noun string, n int, f func(i int)) error {
	return s.metered(doing, noun, n, func(done func()) error {
		return s.each(ctx, n, func(i int) {
			f(i)
			done()
		})
	})
}

// metered runs f with a meter of how often it said that one of n is done.
func (s *session) metered(doing, noun string, n int, f func(done func()) error) error {
	var done atomic.Int64
	defer s.progress(func() string { return howFar(doing, int(done.Load()), n, noun) })()
	return f(func() { done.Add(1) })
}

func howFar(doing string, done, n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%s: %s of %s %s", doing, thousands(done), thousands(n), noun)
}

func thousands(n int) string { return humanize.Comma(int64(n)) }
