package ui

import (
	"bytes"
	"context"
	"errors"
	"io"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/exp/teatest/v2"

	"github.com/stateward/stateward/model"
)

func TestTheProgramShowsTheFleetAndLeaves(t *testing.T) {
	f := sampleFleet()
	tm := teatest.NewTestModel(t, New(Options{Reader: f, Operator: f, Theme: "dark", Now: func() time.Time { return theTime }}),
		teatest.WithInitialTermSize(80, 24))
	waitOutput(t, tm, "acme-tfstate-payments")
	tm.Send(keyPress("2"))
	waitOutput(t, tm, "likely stale")
	tm.Send(keyPress("q"))
	tm.WaitFinished(t, teatest.WithFinalTimeout(10*time.Second))
}

func waitOutput(t *testing.T, tm *teatest.TestModel, want string) {
	t.Helper()
	teatest.WaitFor(t, tm.Output(), func(out []byte) bool { return bytes.Contains(out, []byte(want)) },
		teatest.WithDuration(10*time.Second), teatest.WithCheckInterval(5*time.Millisecond))
}

// until waits for a condition that another goroutine brings about.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !done(); runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("still not: %s", what)
		}
	}
}

// clock is a clock that goroutines share.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// terminal runs the program on a pipe. The operator types into it.
type terminal struct {
	t     *testing.T
	in    *io.PipeWriter
	ended chan error
	clock *clock
}

func runOn(t *testing.T, ctx context.Context, f *fake) *terminal {
	t.Helper()
	in, w := io.Pipe()
	tt := &terminal{t: t, in: w, ended: make(chan error, 1), clock: &clock{at: theTime}}
	go func() {
		tt.ended <- Run(ctx, Options{Reader: f, Operator: f, Theme: "dark", Input: in, Output: io.Discard, Now: tt.clock.now})
	}()
	until(t, "the backends are listed", func() bool { return f.count("Locks acme-tfstate-prod") > 0 })
	return tt
}

func (tt *terminal) types(keys string) {
	tt.t.Helper()
	if _, err := io.WriteString(tt.in, keys); err != nil {
		tt.t.Fatal(err)
	}
}

func (tt *terminal) wait() error {
	tt.t.Helper()
	select {
	case err := <-tt.ended:
		return err
	case <-time.After(10 * time.Second):
		tt.t.Fatal("the program did not end")
	}
	return nil
}

func TestLeavingTheProgram(t *testing.T) {
	t.Run("q ends it without an error", func(t *testing.T) {
		tt := runOn(t, context.Background(), sampleFleet())
		tt.types("q")
		if err := tt.wait(); err != nil {
			t.Error(err)
		}
	})
	t.Run("the end of the context ends it with that error", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		tt := runOn(t, ctx, sampleFleet())
		cancel()
		if err := tt.wait(); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

// startUnlock types the story of an unlock up to the button that starts it.
func (tt *terminal) startUnlock(f *fake) {
	tt.types("2")
	until(tt.t, "the locks are read", func() bool { return f.count("Locks acme-legacy-state") > 0 })
	for f.count("PlanUnlock") == 0 { // the first locks may not have arrived yet
		tt.types("U")
	}
	for f.count("Run") == 0 {
		tt.clock.pass(time.Second)
		tt.types("\x15" + theID) // ctrl+u, in case the keys before were swallowed
		tt.types("\t\r")
	}
}

func TestAnOperationIsWaitedForWhenTheContextEnds(t *testing.T) {
	f := sampleFleet()
	f.run = func(ctx context.Context, p *model.Plan, _ []string, _ func(model.StepEvent)) model.Result {
		<-ctx.Done() // and then it still finishes the step under way
		return model.Result{Operation: p.Operation, State: p.URL(), Outcome: model.OutcomeInterrupted, Message: "the row is deleted",
			Next: []string{"stateward locks"}}
	}
	ctx, cancel := context.WithCancel(context.Background())
	tt := runOn(t, ctx, f)
	started := make(chan struct{})
	go func() { until(t, "the operation runs", func() bool { return f.count("Run") > 0 }); close(started) }()
	tt.startUnlock(f)
	<-started
	cancel()
	var left *OperationError
	if err := tt.wait(); !errors.As(err, &left) || left.Result.Outcome != model.OutcomeInterrupted {
		t.Fatalf("got %v", err)
	}
	if !strings.Contains(left.Error(), "stateward locks") {
		t.Errorf("the error does not name what comes next: %v", left)
	}
}

func TestNoGoroutineOutlivesTheProgram(t *testing.T) {
	before := runtime.NumGoroutine()
	f := sampleFleet()
	tt := runOn(t, context.Background(), f)
	tt.types("2")
	until(t, "the locks are read", func() bool { return f.count("Locks acme-legacy-state") > 0 })
	tt.types("q")
	if err := tt.wait(); err != nil {
		t.Fatal(err)
	}
	if err := tt.in.Close(); err != nil {
		t.Fatal(err)
	}
	until(t, "all goroutines have ended", func() bool { return runtime.NumGoroutine() <= before })
}

func TestTheFirstFrameWaitsForNothing(t *testing.T) {
	f := sampleFleet()
	s := bare(t, f)
	s.manual = true
	s.do(s.app.Init())
	s.sees("stateward", "oncall@eu-west-1", "Backends", "reading…", "help")
	if len(f.calls) > 0 {
		t.Errorf("called before the first frame: %v", f.calls)
	}
}

func TestTheThemeFollowsTheTerminal(t *testing.T) {
	for name, c := range map[string]struct {
		theme string
		dark  bool
	}{
		"auto follows a light background": {"auto", false},
		"nothing set is auto":             {"", false},
		"dark stays dark":                 {"dark", true},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, sampleFleet(), func(o *Options) { o.Theme = c.theme })
			s.send(tea.BackgroundColorMsg{Color: white{}})
			if s.app.dark != c.dark {
				t.Errorf("dark is %v", s.app.dark)
			}
		})
	}
}

// white is the colour of paper.
type white struct{}

func (white) RGBA() (r, g, b, a uint32) { return 0xffff, 0xffff, 0xffff, 0xffff }
