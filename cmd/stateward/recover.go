package main

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/stateward/stateward/model"
)

func (a *app) recoverCommand(f *flags) *cobra.Command {
	var c changeFlags
	cmd := &cobra.Command{
		Use:   "recover [TARGET...]",
		Short: "Finish or undo restores and repairs that were interrupted",
		Long: `Find locks that an interrupted stateward left, tell from what is stored how far it
came, and finish or undo it. It works from any machine. An operation that may still
be under way asks for the word DEAD (--confirm DEAD). Of a state that is named and on
which nothing was interrupted it says whether its digest is wrong, and names the repair.`,
		ValidArgsFunction: a.completeTargets(f),
		RunE: a.with(f, func(ctx context.Context, s *session, args []string) error {
			return recoverAll(ctx, s, args, c)
		}),
	}
	c.register(cmd.Flags())
	return cmd
}

// recoverAll recovers every operation that left its record, one after another,
// and ends with the worst of their exit codes.
func recoverAll(ctx context.Context, s *session, args []string, f changeFlags) error {
	if s.set.readOnly && !f.dryRun {
		return &model.Failure{Kind: model.ErrReadOnly, Tried: string(model.OpRecover), Next: withoutReadOnly}
	}
	var p problems
	states, err := s.interrupted(ctx, args, &p)
	if err != nil {
		return err
	}
	results := []resultDoc{}
	worst := exitDone
	for _, at := range states {
		code, unlooked, err := s.recoverOne(ctx, at, f, func(r model.Result) { results = append(results, newResultDoc(r)) })
		if err != nil {
			return err
		}
		worst = worse(worst, code)
		if unlooked != nil {
			s.say("stateward: %s is recovered; whether another interrupted operation waits there was not read: %v", at.backend.URL(at.key), unlooked)
		}
		if unlooked != nil && len(states) > 1 {
			worst = worse(worst, exitFailed) // a list that is not complete
		}
	}
	for _, text := range p.texts {
		s.say("stateward: not read: %s", text)
		worst = worse(worst, exitFailed)
	}
	return s.recovered(results, worst)
}

// recovered prints what was done, or that there was nothing to do. Where nothing
// was found and not everything could be read, neither is known.
func (s *session) recovered(results []resultDoc, code int) error {
	var err error
	switch {
	case len(results) == 0 && code != exitDone:
	case s.set.output == outputJSON:
		err = writeJSON(s.stdout, results)
	case len(results) == 0:
		s.say("nothing to recover")
	}
	if err == nil && code != exitDone {
		err = &exitError{code}
	}
	return err
}

// stateAt is a state in a backend.
type stateAt struct {
	backend model.Backend
	key     string
}

// interrupted finds the states on which an operation left its record.
func (s *session) interrupted(ctx context.Context, args []string, p *problems) ([]stateAt, error) {
	backends, found, err := s.fleet(ctx, args, p)
	if err != nil {
		return nil, err
	}
	reports := make([]model.LockReport, len(backends))
	err = s.counted(ctx, "looking", "backend", len(backends), func(i int) {
		reports[i] = s.locksIn(ctx, backends[i], i < len(found) && found[i].named == nil)
	})
	if err != nil {
		return nil, err
	}
	states := recorded(backends, reports, p)
	states = append(states, s.unfit(ctx, found, reports, states)...)
	if len(states) == 0 && len(p.texts) == 0 {
		return nil, s.nothingFits(ctx, found)
	}
	return states, nil
}

// unfit are the named states on which nothing was interrupted, and which are not
// well all the same: their plans say why.
func (s *session) unfit(ctx context.Context, found []target, reports []model.LockReport, recorded []stateAt) []stateAt {
	var states []stateAt
	for i, t := range found {
		if t.named != nil || t.rest == "" || strings.HasSuffix(t.rest, "/") || len(reports[i].Problems) > 0 {
			continue
		}
		b, key := s.known.holding(t)
		if slices.ContainsFunc(recorded, func(at stateAt) bool { return at.backend.Bucket == b.Bucket && at.key == key }) {
			continue
		}
		if p, err := s.access.PlanRecover(ctx, b, key, ""); err != nil || !p.Gone {
			states = append(states, stateAt{b, key})
		}
	}
	return states
}

// recorded are the states on which a lock holds a record.
func recorded(backends []model.Backend, reports []model.LockReport, p *problems) []stateAt {
	var states []stateAt
	for i, r := range reports {
		p.add(r.Problems...)
		for _, l := range r.Locks {
			_, ours := model.ParseRecoveryRecord(l.Info.Info)
			seen := slices.ContainsFunc(states, func(at stateAt) bool { return at.backend.Bucket == l.Bucket && at.key == l.Key })
			if ours && !seen {
				states = append(states, stateAt{backends[i], l.Key})
			}
		}
	}
	return states
}

// recoverOne recovers the operations on one state: when one is finished, the
// next look finds the next. What is recovered stays so when that look fails:
// unlooked is why it did.
func (s *session) recoverOne(ctx context.Context, at stateAt, f changeFlags, collect func(model.Result)) (code int, unlooked, err error) {
	for recovered := false; ; recovered = true {
		last := model.Result{}
		c := &change{session: s, flags: f, what: model.OpRecover, backend: at.backend, key: at.key,
			plan: func(ctx context.Context) (*model.Plan, error) {
				p, err := s.access.PlanRecover(ctx, at.backend, at.key, f.reason)
				if recovered {
					p, unlooked = lookedOn(p, err)
					return p, nil
				}
				return p, err
			},
			collect: func(r model.Result) { last = r }}
		err := c.run(ctx)
		if last.Outcome == model.OutcomeAlreadyGone {
			return exitDone, unlooked, nil
		}
		collect(last)
		var exit *exitError
		switch {
		case errors.As(err, &exit):
			return exit.code, nil, nil
		case err != nil:
			return exitFailed, nil, err
		case last.Outcome != model.OutcomeDone:
			return exitDone, nil, nil
		}
	}
}

// lookedOn is what a look for a next operation found: a plan, or none and why not.
func lookedOn(p *model.Plan, err error) (*model.Plan, error) {
	none := &model.Plan{Operation: model.OpRecover, Gone: true}
	switch {
	case err != nil:
		return none, err
	case p.NoRecord:
		return none, nil // of a digest that it left wrong the recovery's own result tells
	case p.Recover == nil && !p.Gone:
		return none, errors.New(strings.Join(p.Refusals, "; "))
	}
	return p, nil
}

// worse is the exit code that says more: interrupted, failed, refused, done.
func worse(a, b int) int {
	order := []int{exitDone, exitRefused, exitFailed, exitInterrupted, exitCancelled}
	return slices.MaxFunc([]int{a, b}, func(x, y int) int { return cmp.Compare(slices.Index(order, x), slices.Index(order, y)) })
}
