package aws

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"golang.org/x/sync/errgroup"
)

// Crash is a fault of this program that happened on a goroutine of its own, as
// an error. Go ends a program at once for one that nobody catches there: the
// terminal would stay as it is, and nobody would be told what stands.
type Crash struct {
	Value any
	Stack []byte
}

func (c *Crash) Error() string { return fmt.Sprintf("a fault of stateward itself: %v", c.Value) }

// Guarded is what f returns, or the *Crash in which it ended.
func Guarded(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = crashOf(p)
		}
	}()
	return f()
}

// crashOf is a panic as it was where it happened first.
func crashOf(p any) *Crash {
	if err, ok := p.(error); ok {
		if c := (*Crash)(nil); errors.As(err, &c) {
			return c
		}
	}
	return &Crash{Value: p, Stack: debug.Stack()}
}

// group runs functions side by side. A panic in one of them comes out of Wait,
// on the goroutine that waits, which knows what to do about it.
type group struct{ *errgroup.Group }

func newGroup() *group { return &group{new(errgroup.Group)} }

func groupWithContext(ctx context.Context) (*group, context.Context) {
	g, inner := errgroup.WithContext(ctx)
	return &group{g}, inner
}

// Go runs f, when a limit allows it.
func (g *group) Go(f func() error) { g.Group.Go(func() error { return Guarded(f) }) }

// Wait waits for all, and returns the first error.
func (g *group) Wait() error {
	err := g.Group.Wait()
	if c := (*Crash)(nil); errors.As(err, &c) {
		panic(c)
	}
	return err
}
