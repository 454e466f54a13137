package ui

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	tea "charm.land/bubbletea/v2"
)

// frameTime is how long Bubble Tea gathers before it draws.
const frameTime = time.Second / 60

// TestTheFirstFrameWaitsForNoAnswer runs the program on a terminal that answers no
// query, in a bubble whose clock stands while anything is left to do and moves only
// when all wait: a first frame that waits for an answer, and be it with a deadline,
// comes later by that clock, and by no other.
func TestTheFirstFrameWaitsForNoAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, leave := context.WithCancel(t.Context())
		in, keys := io.Pipe()
		f := sampleFleet()
		tt := &terminal{t: t, in: keys, ended: make(chan error, 1)}
		began := time.Now()
		go func() {
			tt.ended <- Run(ctx, Options{Reader: f, Operator: f, Input: in, Output: tt, program: []tea.ProgramOption{tea.WithWindowSize(80, 24)}})
		}()
		time.Sleep(2 * frameTime)
		synctest.Wait()
		tt.mu.Lock()
		drawn, waited := tt.out.String(), time.Since(began)
		tt.mu.Unlock()
		if !strings.Contains(drawn, "stateward") || !strings.Contains(drawn, "Backends") {
			t.Errorf("after %v there is no frame: %q", waited, drawn)
		}
		leave()
		if err := <-tt.ended; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		_ = keys.Close()
	})
}
