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
	tm.WaitFinished(t, teatest.WithFinalTimeout(time.Minute))
}

func waitOutput(t *testing.T, tm *teatest.TestModel, want string) {
	t.Helper()
	teatest.WaitFor(t, tm.Output(), func(out []byte) bool { return bytes.Contains(out, []byte(want)) },
		teatest.WithDuration(time.Minute), teatest.WithCheckInterval(5*time.Millisecond))
}

// until waits for a condition that another goroutine brings about.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !done(); runtime.Gosched() {
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

// terminal runs the program on a pipe. The operator types into it, and sees
// what was written.
type terminal struct {
	t     *testing.T
	in    *io.PipeWriter
	ended chan error
	clock *clock
	mu    sync.Mutex
	out   strings.Builder
}

func (tt *terminal) Write(p []byte) (int, error) {
	tt.mu.Lock()
	defer tt.mu.Unlock()
	return tt.out.Write(p)
}

func runOn(t *testing.T, ctx context.Context, f *fake) *terminal {
	t.Helper()
	in, w := io.Pipe()
	tt := &terminal{t: t, in: w, ended: make(chan error, 1), clock: &clock{at: theTime}}
	o := Options{Reader: f, Operator: f, Theme: "dark", Input: in, Output: tt, Now: tt.clock.now,
		program: []tea.ProgramOption{tea.WithWindowSize(80, 24)}}
	go func() { tt.ended <- Run(ctx, o) }()
	tt.sees("acme-legacy-state")
	return tt
}

// sees waits until a text was written.
func (tt *terminal) sees(want string) {
	tt.t.Helper()
	until(tt.t, want+" is on the screen", func() bool {
		tt.mu.Lock()
		defer tt.mu.Unlock()
		return strings.Contains(tt.out.String(), want)
	})
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
	case <-time.After(time.Minute):
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
func (tt *terminal) startUnlock() {
	tt.types("2")
	tt.sees("likely stale")
	tt.types("U")
	tt.sees("[ Cancel ]")
	tt.clock.pass(time.Second)
	tt.types(theID)
	tt.sees("matches")
	tt.types("\t")
	tt.sees("enter goes on")
	tt.types("\r")
}

func TestAnOperationIsWaitedForWhenTheContextEnds(t *testing.T) {
	f := sampleFleet()
	f.run = func(ctx context.Context, p *model.Plan, _ []string, _ func(model.StepEvent)) model.Result {
		<-ctx.Done() // and then it still finishes the step under way
		return model.Result{Operation: p.Operation, State: p.URL(), Outcome: model.OutcomeInterrupted, Message: "the row is deleted",
			Next: model.Hints{{Command: "stateward locks"}}}
	}
	ctx, cancel := context.WithCancel(context.Background())
	tt := runOn(t, ctx, f)
	tt.startUnlock()
	until(t, "the operation runs", func() bool { return f.count("Run") > 0 })
	cancel()
	var left *OperationError
	if err := tt.wait(); !errors.As(err, &left) || left.Result.Outcome != model.OutcomeInterrupted {
		t.Fatalf("got %v", err)
	}
	if !strings.Contains(left.Error(), "stateward locks") {
		t.Errorf("the error does not name what comes next: %v", left)
	}
}

// A fault of the program ends no operation without a word, and hangs nobody.
func TestAFaultDuringAnOperationIsItsResult(t *testing.T) {
	f := sampleFleet()
	f.run = func(context.Context, *model.Plan, []string, func(model.StepEvent)) model.Result {
		panic("the fault of this test")
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	tt := runOn(t, ctx, f)
	tt.startUnlock()
	tt.sees("a fault of stateward itself")
	tt.types("\x1b")
	cancel()
	if err := tt.wait(); err == nil {
		t.Error("the program ended as if nothing had happened")
	}
}

func TestNoGoroutineOutlivesTheProgram(t *testing.T) {
	before := runtime.NumGoroutine()
	f := sampleFleet()
	tt := runOn(t, context.Background(), f)
	tt.types("2")
	tt.sees("likely stale")
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

func TestTheBackgroundIsGuessedUntilItIsKnown(t *testing.T) {
	for name, c := range map[string]struct {
		theme, env string
		dark       bool
	}{
		"nothing known":           {"auto", "", true},
		"white on black":          {"auto", "15;0", true},
		"black on white":          {"", "0;15", false},
		"with a third field":      {"auto", "0;default;15", false},
		"grey behind":             {"auto", "0;7", false},
		"nonsense":                {"auto", "x;y", true},
		"the theme has the say":   {"light", "15;0", false},
		"the theme has it always": {"dark", "0;15", true},
	} {
		t.Run(name, func(t *testing.T) {
			if guessDark(c.theme, c.env) != c.dark {
				t.Error("guessed wrong")
			}
		})
	}
}

// white is the colour of paper.
type white struct{}

func (white) RGBA() (r, g, b, a uint32) { return 0xffff, 0xffff, 0xffff, 0xffff }
