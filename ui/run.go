package ui

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/stateward/stateward/model"
)

// Options is what the user interface is made of.
type Options struct {
	Reader   Reader
	Operator Operator
	// Journal reads the audit log; nil when there is none. Entries together with
	// an error are those that could be read.
	Journal func(ctx context.Context) ([]model.JournalEntry, error)
	// Targets are the backends asked for on the command line. With exactly one
	// the program opens at its states.
	Targets  []model.Backend
	ReadOnly bool

	// Profile, Region and Endpoint are what is known before STS answers.
	Profile, Region, Endpoint string
	// Program is how a copied command line reaches and shows the same.
	Program model.Program

	NoColor bool
	Theme   string        // auto, dark or light; "" is auto
	Refresh time.Duration // between automatic refreshes; 0 is 30 s

	// Input and Output are the terminal when nil.
	Input  io.Reader
	Output io.Writer

	Now     func() time.Time // nil: this machine's clock
	Version string

	// program is what tests say in place of a terminal.
	program []tea.ProgramOption
}

// OperationError is returned by [Run] when the program was left while an
// operation ran, however that ended: no page could tell its result any more.
// The result of one that was not completed names what finishes or undoes it.
type OperationError struct{ Result model.Result }

func (e *OperationError) Error() string {
	r := &e.Result
	said := fmt.Sprintf("%s of %s: %s", r.Operation, r.State, r.Outcome)
	if r.Message != "" {
		said += ": " + r.Message
	}
	if r.Now != "" {
		said += ". Now " + strings.TrimSuffix(r.Now, ".")
	}
	if len(r.Next) > 0 {
		said += ". Next: " + strings.Join(r.Next.Texts(), "; ")
	}
	return said
}

func (e *OperationError) Unwrap() error { return e.Result.Err }

// Run shows the user interface until the operator leaves or ctx ends, and
// restores the terminal. Signals are the caller's: it cancels ctx. An operation
// that runs at that moment is waited for, since it ends or undoes the step under
// way by itself. The error is that of ctx when it ended, an *OperationError when
// an operation ran, or what the terminal refused.
func Run(ctx context.Context, o Options) error {
	inner, stop := context.WithCancel(ctx)
	defer stop()
	app := newApp(inner, o)
	p := tea.NewProgram(app, programOptions(o)...)
	quit := context.AfterFunc(ctx, p.Quit)
	defer quit()
	_, err := p.Run()
	if r, ran := app.outcome(); ran {
		return &OperationError{Result: r}
	}
	if err != nil {
		return fmt.Errorf("the terminal: %w", err)
	}
	return ctx.Err()
}

func programOptions(o Options) []tea.ProgramOption {
	opts := []tea.ProgramOption{tea.WithoutSignalHandler()}
	if o.Input != nil {
		opts = append(opts, tea.WithInput(o.Input))
	}
	if o.Output != nil {
		opts = append(opts, tea.WithOutput(o.Output))
	}
	return append(opts, o.program...)
}

// outcome is the result of the operation that ran when the program was left;
// one that still runs is waited for.
func (a *App) outcome() (model.Result, bool) {
	if a.task == nil {
		return model.Result{}, false
	}
	return a.task.outcome()
}
