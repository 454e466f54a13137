package main

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui"
	"golang.org/x/term"
)

// The exit codes, as the README lists them.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitRefused     = 3
	exitUnhealthy   = 4 // doctor found something at or above --fail-on
	exitInterrupted = 5
	exitDiffers     = 6 // diff --exit-code: the versions differ
	exitCancelled   = 130
)

// backendAccess is all that the program does with backends.
type backendAccess interface {
	ui.Reader
	ui.Operator
	doctorReader
	listedReader
	namesReader
}

// app is the program with everything that ties it to the world outside, so
// that a test runs the same program on its own streams, clock and backends.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	talk           sync.Mutex // a line on stderr is never torn by another
	meter          meter      // guarded by talk
	env            func(string) string
	now            func() time.Time
	dir            string                             // the working directory
	columns        func() int                         // of the terminal that stdout is; 0 when it is none
	errColumns     func() int                         // of the terminal that stderr is; 0 when it is none, or nil
	openTTY        func() (io.ReadWriteCloser, error) // where a token can be typed
	connect        func(o aws.Options, askMFA func(serial string) (code string, err error)) backendAccess
	runUI          func(context.Context, ui.Options) error
	signals        *signals
}

func newApp() *app {
	return &app{
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr,
		env: os.Getenv, now: time.Now, dir: ".",
		columns:    func() int { return terminalWidth(os.Stdout) },
		errColumns: func() int { return terminalWidth(os.Stderr) },
		openTTY:    openTTY,
		connect:    connectAWS,
		runUI:      ui.Run,
		signals:    newSignals(os.Exit),
	}
}

func connectAWS(o aws.Options, askMFA func(string) (string, error)) backendAccess {
	c := aws.New(o)
	c.AskMFA(askMFA)
	return c
}

// terminalWidth is 0 for what is no terminal.
func terminalWidth(f *os.File) int {
	fd := int(f.Fd()) //nolint:gosec // descriptors are small
	if !term.IsTerminal(fd) {
		return 0
	}
	width, _, err := term.GetSize(fd)
	if err != nil || width <= 0 {
		return 80
	}
	return width
}

// exitError ends the program with a code. What there was to say is said.
type exitError struct{ code int }

func (e *exitError) Error() string { return "exit" }

// run runs one command line and returns the exit code.
func (a *app) run(ctx context.Context, args []string) int {
	root := a.commands()
	root.SetArgs(append([]string{}, args...)) // nil would stand for the process's own
	cmd, err := root.ExecuteContextC(ctx)
	return a.report(ctx, cmd.CommandPath(), err)
}

// report tells of what went wrong and returns the exit code for it.
func (a *app) report(ctx context.Context, command string, err error) int {
	var exit *exitError
	var usage *usageError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &exit):
		return exit.code
	case errors.As(err, &usage):
		a.sayLines(strings.Split("stateward: "+usage.text, "\n"))
		a.say("Help: %s --help", command)
		return exitUsage
	case isClosedPipe(err):
		return exitFailed // the reader of our output went away: nobody to tell
	case signalled(ctx):
		a.say("stateward: cancelled; nothing was changed")
		return exitCancelled
	}
	a.say("stateward: %v", err)
	return exitCodeOf(err)
}

func isClosedPipe(err error) bool {
	return errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe)
}

// exitCodeOf tells a guard's refusal from a failure.
func exitCodeOf(err error) int {
	for _, refusal := range []error{model.ErrReadOnly, model.ErrRefused, model.ErrLocked, model.ErrChanged, model.ErrJournal} {
		if errors.Is(err, refusal) {
			return exitRefused
		}
	}
	return exitFailed
}
