package aws

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/stateward/stateward/model"
)

// standing is where a conditional change stands, told by reading.
type standing int

const (
	standsBefore    standing = iota // the precondition still holds: it did not happen
	standsDone                      // the effect is there: it happened
	standsOtherwise                 // somebody else's change is there
)

// change is one conditional write: send it once, and look whether it happened.
type change struct {
	what  string
	send  func(context.Context) error
	look  func(context.Context) (standing, error)
	store string                      // the endpoint, where it is not AWS's and the change one of an object
	bare  func(context.Context) error // the same without its condition; nil where it cannot do without
	open  *int                        // counts requests that may still be under way when it is over; nil where nobody asks
}

// foreignError says that somebody else changed what a step was conditional on.
type foreignError struct {
	what   string
	holder *model.Lock // who holds the lock instead, where it is a lock
}

func (e *foreignError) Error() string {
	if e.holder != nil {
		return fmt.Sprintf("%s: held by %s now (ID %s, %s)", e.what, whoOf(*e.holder), e.holder.Token(), e.holder.Where())
	}
	return e.what + ": changed by somebody else"
}

func (e *foreignError) Is(target error) bool { return target == error(model.ErrChanged) }

func whoOf(l model.Lock) string {
	if l.Info.Who == "" {
		return "an unreadable lock"
	}
	return l.Info.Who
}

// unsettledError says that a change was sent and that nobody could tell whether
// it happened: what is on the wire is unknown until it is read. It may also
// happen yet: a request that was given up without an answer can still be under
// way, also when reading shows that it has not arrived.
type unsettledError struct {
	what  string
	late  bool // it had not happened when it was looked for, and still may
	cause error
}

func (e *unsettledError) Error() string {
	if e.late {
		return e.what + ": sent and not answered; it did not happen yet, and still may: " + e.cause.Error()
	}
	return e.what + ": sent, and whether it happened could not be read: " + e.cause.Error()
}

func (e *unsettledError) Unwrap() error { return e.cause }

func isUnsettled(err error) bool {
	var u *unsettledError
	return errors.As(err, &u)
}

const (
	settleTries = 3
	settlePause = 400 * time.Millisecond
)

// settle sends a change until reading shows that it happened, that somebody
// else was there first, or that it cannot be done. No answer but success is
// believed: each other one is settled by looking.
func (c *Client) settle(ctx context.Context, ch change) error {
	var last error
	late := false
	for try := range settleTries {
		if try > 0 && c.pause(ctx, settlePause<<try) != nil {
			break
		}
		last = ch.send(ctx)
		if last == nil || notSent(last) && !late {
			return last
		}
		late = ch.leftOpen(last) || late
		where, err := c.lookUntil(ctx, ch)
		switch {
		case err != nil:
			return &unsettledError{what: ch.what, cause: err}
		case where == standsDone:
			ch.arrived(last)
			return nil
		case where == standsOtherwise:
			return c.foreign(ctx, ch, last)
		}
		if isFinal(last) || c.isKnownToRefuse(ctx, ch, last) {
			break
		}
	}
	switch {
	case late:
		return &unsettledError{what: ch.what, late: true, cause: last}
	case refusesCondition(last):
		return c.withoutCondition(ctx, ch, last)
	}
	return last
}

// leftOpen reports that a request went without an answer, and counts it.
func (ch change) leftOpen(err error) bool {
	if !unanswered(err) {
		return false
	}
	if ch.open != nil {
		*ch.open++
	}
	return true
}

// arrived: the effect is there, so one of the requests is under way no more. Where
// the last one failed for another reason it may be that one's.
func (ch change) arrived(last error) {
	if ch.open != nil && *ch.open > 0 && (unanswered(last) || errors.Is(last, model.ErrChanged)) {
		*ch.open--
	}
}

// isFinal reports answers that a repetition does not change.
func isFinal(err error) bool {
	return errors.Is(err, model.ErrDenied) || isNotImplemented(err) || namesCondition(err)
}

// unanswered reports errors that leave it open whether the request is still
// under way: behind a gateway that gave up it may be.
func unanswered(err error) bool {
	s := asStranger(err)
	return errors.Is(err, model.ErrTimeout) || errors.Is(err, model.ErrUnreachable) || s != nil && s.passedOn()
}

// notSent reports errors that say that no request left, or none that could
// change anything.
func notSent(err error) bool {
	return errors.Is(err, model.ErrReadOnly) || errors.Is(err, model.ErrJournal) || errors.Is(err, model.ErrRefused) ||
		errors.Is(err, model.ErrNoIdentity)
}

// foreign keeps what looking told about the other party.
func (c *Client) foreign(_ context.Context, ch change, cause error) error {
	var f *foreignError
	if errors.As(cause, &f) {
		return f
	}
	return &foreignError{what: ch.what}
}

// lookUntil reads until an answer comes, at most settleTries times.
func (c *Client) lookUntil(ctx context.Context, ch change) (standing, error) {
	var last error
	for try := range settleTries {
		if try > 0 {
			if err := c.pause(ctx, settlePause<<try); err != nil {
				return 0, errors.Join(last, err)
			}
		}
		where, err := ch.look(ctx)
		if err == nil {
			return where, nil
		}
		last = err
	}
	return 0, last
}
