package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"github.com/stateward/stateward/model"
)

// changeFlags are the flags of every changing command.
type changeFlags struct {
	dryRun, yes bool
	confirm     []string
	reason      string
}

func (c *changeFlags) register(fs *pflag.FlagSet) {
	fs.BoolVar(&c.dryRun, "dry-run", false, "print the plan and change nothing")
	fs.BoolVar(&c.yes, "yes", false, "answer the first confirmation; each further one needs --confirm")
	fs.StringArrayVar(&c.confirm, "confirm", nil, "answer a further confirmation with this `TOKEN` (repeatable)")
	fs.StringVar(&c.reason, "reason", "", "why, for the journal: `TEXT`")
}

// change is one changing command under way.
type change struct {
	*session
	flags   changeFlags
	what    model.Operation
	backend model.Backend
	key     string
	plan    func(ctx context.Context) (*model.Plan, error)
	where   model.Where        // as the plan has it; zero before there is one
	collect func(model.Result) // takes the result in place of standard output; nil prints it
}

// run plans, asks and runs. Whatever happens, a result is printed; before the
// confirmation nothing but reads is sent.
func (c *change) run(ctx context.Context) error {
	c.where = c.program.Where(c.backend) // until something was asked
	if !c.flags.dryRun && (c.set.readOnly || c.backend.Policy.ReadOnly) {
		return c.refused(c.readOnly(), nil, nil)
	}
	options := c.options([]model.Backend{c.backend}, false)
	options.Unguarded = slices.Contains(c.flags.confirm, model.TokenUnguarded)
	c.reach(options)
	plan, err := c.plan(ctx)
	if err != nil {
		if signalled(ctx) {
			return err
		}
		return c.refused(err, nil, nil)
	}
	c.where = plan.Where
	if !plan.Gone {
		c.showPlan(plan)
	}
	if c.flags.dryRun {
		return c.finish(ctx, dryRun(plan))
	}
	if err := plan.Refused(); err != nil {
		return c.refused(err, plan.Holder, plan.Instead)
	}
	typed, err := c.tokens(ctx, plan)
	if err != nil {
		if signalled(ctx) {
			return err
		}
		return c.refused(err, nil, nil)
	}
	return c.finish(ctx, c.execute(ctx, plan, typed))
}

// withoutReadOnly is what to do about a session that is read-only.
const withoutReadOnly = "Start stateward without --read-only to change anything."

func (c *change) url() string { return c.backend.URL(c.key) }

func (c *change) readOnly() error {
	next := withoutReadOnly
	if !c.set.readOnly {
		next = "The policy of " + c.backend.Bucket + " in the config is read-only."
	}
	return &model.Failure{Kind: model.ErrReadOnly, Tried: string(c.what), On: c.url(), Next: next}
}

// refused ends a command that changed nothing, with a result like any other. The
// holder is whose lock stopped it, nil for nobody's, and instead what to do.
func (c *change) refused(err error, holder *model.Lock, instead model.Hints) error {
	r := model.Result{Operation: c.what, State: c.url(), Outcome: model.OutcomeFailed, Message: err.Error(), Err: err, Holder: holder, Next: instead}
	if exitCodeOf(err) == exitRefused {
		r.Outcome = model.OutcomeRefused
	}
	return c.finish(context.Background(), r)
}

// dryRun is the result of a plan that is not run.
func dryRun(p *model.Plan) model.Result {
	r := model.Result{Operation: p.Operation, State: p.URL(), Outcome: model.OutcomeDryRun, Message: "dry run: nothing was changed", Holder: p.Holder}
	switch {
	case len(p.Refusals) > 0:
		r.Next = p.Instead
		r.Message = "dry run: nothing was changed, and it would be refused: " + strings.Join(p.Refusals, "; ")
	case p.Gone:
		r.Message = "dry run: there is nothing to do"
	}
	for _, s := range p.Steps {
		r.Steps = append(r.Steps, model.StepResult{Name: s.Name, Status: model.StepPending, Detail: stepText(s)})
	}
	if p.Restore != nil && p.Restore.Current != nil {
		r.Undo = &model.Undo{VersionID: p.Restore.Current.VersionID, Command: p.Undo.Command}
	}
	return r
}

func stepText(s model.PlanStep) string {
	if s.Condition == "" {
		return s.Does
	}
	return s.Does + ", " + s.Condition
}

// tokens are the words that answer the plan's confirmations.
func (c *change) tokens(ctx context.Context, p *model.Plan) ([]string, error) {
	if len(p.Tokens) == 0 {
		return nil, nil
	}
	if !c.flags.yes {
		return c.ask(ctx, p)
	}
	typed := append([]string{p.Tokens[0].Value}, c.flags.confirm...)
	if t, missing := p.MissingToken(typed); missing {
		return nil, c.notConfirmed("it also needs --confirm " + model.ShellQuote(t.Value) + " (" + t.Label + "), because " + t.Why)
	}
	return typed, nil
}

func (c *change) notConfirmed(why string) error {
	return &model.Failure{Kind: model.ErrRefused, Tried: string(c.what), On: c.url(), Cause: errors.New("not confirmed"), Next: "nothing was changed: " + why}
}

// execute runs the plan, reporting each step. A signal lets the step under way
// finish: the executor undoes or carries through what was begun.
func (c *change) execute(ctx context.Context, p *model.Plan, typed []string) model.Result {
	defer c.signals.during()()
	told := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		c.say("stopping: finishing or undoing the step under way")
		close(told)
	})
	defer func() {
		if !stop() {
			<-told // before the result, not after it
		}
	}()
	return c.access.Run(ctx, p, typed, func(e model.StepEvent) { c.showStep(len(p.Steps), e) })
}

func (c *change) showStep(total int, e model.StepEvent) {
	if e.Step.Status == model.StepRunning || e.Step.Status == model.StepPending {
		return
	}
	line := fmt.Sprintf("[%d/%d] %s: %s", e.Index+1, total, e.Step.Name, e.Step.Status)
	if e.Step.Detail != "" {
		line += ", " + e.Step.Detail
	}
	c.say("%s (%d ms)", line, e.Step.Elapsed.Milliseconds())
}

// finish prints the result and ends with the exit code of its outcome. The
// outcome counts, not whether it could be printed.
func (c *change) finish(ctx context.Context, r model.Result) error {
	if !c.journal.holds(r.JournalID) {
		r.JournalID = "" // nothing was sent, so there is nothing to look up
	}
	if r.Where == (model.Where{}) {
		r.Where = c.where
	}
	err := c.printResult(r)
	switch {
	case err != nil && r.Outcome == model.OutcomeDryRun:
		return err // the plan is all that there is to it
	case err != nil && !isClosedPipe(err):
		c.say("stateward: printing the result: %v", err)
	}
	code := r.Outcome.ExitCode()
	if r.Outcome == model.OutcomeRefused && signalled(ctx) {
		code = exitCancelled
	}
	if code == exitDone {
		return nil
	}
	return &exitError{code}
}

func (c *change) printResult(r model.Result) error {
	if c.collect != nil {
		c.collect(r)
		if c.set.output == outputJSON || r.Outcome == model.OutcomeAlreadyGone {
			return nil
		}
	}
	if c.set.output == outputJSON {
		if r.Outcome.ExitCode() != exitDone {
			c.say("stateward: %s", r.Message)
		}
		return writeJSON(c.stdout, newResultDoc(r))
	}
	return c.printText(r)
}

// answered reports whether a further token was given on the command line.
func (c *change) answered(t model.Token) bool { return slices.Contains(c.flags.confirm, t.Value) }
