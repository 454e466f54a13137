package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui"
)

// openUI runs the UI on the backends of the options.
func (s *session) openUI(ctx context.Context, o aws.Options, targeted bool) error {
	s.reach(o)
	if err := s.signIn(ctx, o.Backends); err != nil {
		return err
	}
	u := ui.Options{
		Reader: s.access, Operator: scopedOperator{s.access, s.known}, Journal: s.entries,
		ReadOnly: o.ReadOnly, Profile: o.Profile, Region: o.Region, Endpoint: o.EndpointURL,
		Program: copiedProgram(o),
		NoColor: s.set.noColor, Theme: s.config.ui.theme, Refresh: s.config.ui.refresh,
		Now: s.now, Version: buildInfo().Version,
	}
	if targeted {
		u.Targets = o.Backends
	}
	s.journal.waits = nil      // the screen is not ours to write on
	defer s.signals.during()() // a second signal must not leave the terminal in raw mode
	return s.afterUI(ctx, s.runUI(ctx, u))
}

// afterUI tells what the screen cannot tell any more.
func (s *session) afterUI(ctx context.Context, err error) error {
	var left *ui.OperationError
	switch {
	case errors.As(err, &left):
		s.sayResult(left.Result)
		if code := left.Result.Outcome.ExitCode(); code != exitDone {
			return &exitError{code}
		}
		return nil
	case signalled(ctx): // what was done before is in the journal
		s.say("stateward: ended by a signal; no operation was left unfinished")
		return &exitError{exitCancelled}
	}
	return err
}

// sayResult tells how an operation ended that no page shows any more.
func (s *session) sayResult(r model.Result) {
	said := r.Message
	if r.Outcome != model.OutcomeDone {
		said = fmt.Sprintf("%s of %s: %s: %s", r.Operation, r.State, r.Outcome, r.Message)
	}
	s.say("stateward: %s", said)
	if r.Now != "" {
		s.say("now: %s", r.Now)
	}
	for _, next := range r.Next.Texts() {
		s.say("next: %s", next)
	}
}

// signIn has the MFA codes asked that the config says will be needed, before
// the UI has the terminal: one read for each identity that needs one.
func (s *session) signIn(ctx context.Context, backends []model.Backend) error {
	type identity struct{ profile, role, serial string }
	seen := map[identity]bool{}
	for _, b := range backends {
		who := identity{b.Access.Profile, b.Access.RoleARN, b.Access.MFASerial}
		if who.serial == "" || seen[who] {
			continue
		}
		seen[who] = true
		s.access.BackendFacts(ctx, b) // what it cannot read, the pages will show
	}
	s.mfa.closed.Store(true)
	return ctx.Err()
}

// mfaPrompt asks for MFA codes while there is somebody and somewhere to ask.
type mfaPrompt struct {
	app    *app
	closed atomic.Bool // the UI has the terminal
}

func (m *mfaPrompt) ask(serial string) (string, error) {
	if m.closed.Load() {
		return "", fmt.Errorf("the code of %s cannot be asked for while the UI runs: name mfa_serial in the backend's config", serial)
	}
	tty, err := m.app.openTTY()
	if err != nil {
		return "", fmt.Errorf("asking for the code of %s: %w", serial, err)
	}
	defer tty.Close() //nolint:errcheck // nothing is buffered
	defer m.app.quietly()()
	return newPrompter(tty).line(context.Background(), "MFA code of "+serial+": ")
}

// entries is the journal for the UI. Entries together with an error are those
// that could be read.
func (s *session) entries(context.Context) ([]model.JournalEntry, error) {
	path, err := s.journal.path()
	if err != nil {
		return nil, err
	}
	entries, faults, err := readJournal(path)
	if err == nil && len(faults) > 0 {
		err = fmt.Errorf("%s: %s", path, strings.Join(faults, "; "))
	}
	return slices.Clip(entries), err
}

// scopedOperator plans with what configuration says of the state concerned: a
// page knows its backend only, and a backend block of the working directory
// speaks of its own state.
type scopedOperator struct {
	ui.Operator
	known known
}

func (o scopedOperator) PlanUnlock(ctx context.Context, b model.Backend, key string, r model.UnlockRequest) (*model.Plan, error) {
	return o.Operator.PlanUnlock(ctx, o.known.scoped(b, key), key, r)
}

func (o scopedOperator) PlanRepair(ctx context.Context, b model.Backend, key string, r model.RepairRequest) (*model.Plan, error) {
	return o.Operator.PlanRepair(ctx, o.known.scoped(b, key), key, r)
}

func (o scopedOperator) PlanRecover(ctx context.Context, b model.Backend, key, reason string) (*model.Plan, error) {
	return o.Operator.PlanRecover(ctx, o.known.scoped(b, key), key, reason)
}

func (o scopedOperator) PlanRestore(ctx context.Context, b model.Backend, key string, r model.RestoreRequest) (*model.Plan, error) {
	return o.Operator.PlanRestore(ctx, o.known.scoped(b, key), key, r)
}
