package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
)

// signalError is the cause of a context that a signal cancelled.
type signalError struct{ signal os.Signal }

func (e signalError) Error() string { return "signal: " + e.signal.String() }

// signalled reports whether a signal cancelled the context.
func signalled(ctx context.Context) bool {
	var s signalError
	return errors.As(context.Cause(ctx), &s)
}

// signals turns INT, TERM and HUP into a cancelled context. The first asks the
// program to end. A second ends it at once, except while an operation runs:
// that finishes or undoes the step under way, whoever is impatient, and every
// request of it has a deadline.
type signals struct {
	exit func(int)
	busy atomic.Int32
}

func newSignals(exit func(int)) *signals { return &signals{exit: exit} }

// during marks an operation as running until the returned function is called.
func (s *signals) during() (done func()) {
	s.busy.Add(1)
	return func() { s.busy.Add(-1) }
}

// watch starts to listen; stop ends it.
func (s *signals) watch(parent context.Context) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(parent)
	arrived := make(chan os.Signal, 4)
	// A reader that goes away must not end an operation half-way: writing to it
	// fails instead, which is handled.
	signal.Ignore(syscall.SIGPIPE)
	signal.Notify(arrived, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	ended := make(chan struct{})
	go s.handle(ctx, arrived, ended, cancel)
	return ctx, func() {
		signal.Stop(arrived)
		close(ended)
		cancel(nil)
	}
}

func (s *signals) handle(ctx context.Context, arrived <-chan os.Signal, ended <-chan struct{}, cancel context.CancelCauseFunc) {
	for {
		select {
		case <-ended:
			return
		case sig := <-arrived:
			if signalled(ctx) && s.busy.Load() == 0 {
				s.exit(exitCancelled)
			}
			cancel(signalError{sig})
		}
	}
}
