package aws

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/stateward/stateward/model"
)

// Run executes a plan. It checks the guards itself, whoever calls it. The
// context says only when the operator wants to stop: a step under way is
// finished, and what was begun is undone or carried through. Run always
// returns a result; progress is called from this goroutine.
func (c *Client) Run(ctx context.Context, p *model.Plan, typed []string, progress func(model.StepEvent)) model.Result {
	r := c.newRun(ctx, p, progress)
	if err := c.mayRun(ctx, p, typed); err != nil {
		res := r.ended(model.OutcomeRefused, err)
		res.Holder = p.Holder
		res.Next = append(res.Next, p.Instead...)
		return res
	}
	if p.Gone {
		res := r.ended(model.OutcomeAlreadyGone, nil)
		res.Message = p.WhyGone() + ": nothing was changed"
		return res
	}
	if err := r.recordWithin(ctx, model.JournalEntry{Event: "plan", Plan: planLines(p), Reason: p.Reason,
		Sums: planSums(p), Versions: planVersions(p), Locks: planLocks(p), Recovers: planRecovers(p)}); err != nil {
		return r.ended(model.OutcomeRefused, err)
	}
	res := r.survived()
	r.conclude(&res)
	r.tellLate(&res)
	res.Next = append(res.Next, r.notes.all()...)
	r.offerUnguarded(&res)
	if err := r.record(model.JournalEntry{Event: "end", Outcome: res.Outcome, Message: res.Message, Now: res.Now, Undo: undoCommand(res.Undo), Backup: res.Backup}); err != nil {
		res.Next = append(res.Next, model.Hint{Text: "The end of this operation could not be written to the journal: " + err.Error()})
	}
	return res
}

// carriedOut does what the plan says.
func (r *run) carriedOut() model.Result {
	switch p := r.plan; {
	case p.Unlock != nil:
		return (&unlocker{run: r, spec: p.Unlock}).do()
	case p.Restore != nil:
		return r.restoring(p.Restore).do()
	case p.Repair != nil:
		return r.repairing(p.Repair).do()
	case p.Recover != nil:
		return (&recoverer{run: r, spec: p.Recover}).do()
	default:
		return r.ended(model.OutcomeRefused, fmt.Errorf("nothing to run in a plan to %s", p.Operation))
	}
}

// survived is how the plan ended, also where this program has a fault: then
// nobody knows how far it came but what is on the wire, and whoever waits for the
// result is told what to look at.
func (r *run) survived() (res model.Result) {
	err := Guarded(func() error { res = r.carriedOut(); return nil })
	var crash *Crash
	if !errors.As(err, &crash) {
		return res
	}
	r.c.log.Error("a fault of stateward itself", "value", crash.Value, "stack", string(crash.Stack))
	if r.at < len(r.steps) {
		r.steps[r.at].Status, r.steps[r.at].Detail = model.StepFailed, crash.Error()
	}
	return r.ended(model.OutcomeInterrupted, crash)
}

// mayRun holds the guards of a plan.
func (c *Client) mayRun(ctx context.Context, p *model.Plan, typed []string) error {
	if c.opts.ReadOnly {
		return &model.Failure{Kind: model.ErrReadOnly, Tried: string(p.Operation), On: p.URL(), Next: "Start stateward without --read-only to change anything."}
	}
	if !p.Gone {
		p = p.Enforce(c.policyOf(p.Backend.Bucket))
	}
	if err := p.Refused(); err != nil {
		return err
	}
	if p.Gone {
		return nil
	}
	if t, missing := p.MissingToken(typed); missing {
		return &model.Failure{Kind: model.ErrRefused, Tried: string(p.Operation), On: p.URL(),
			Next: fmt.Sprintf("The confirmation is missing: type %s (%s) because %s.", t.Value, t.Label, t.Why)}
	}
	expires, _ := c.expires(ctx, p.Backend)
	return p.RefusedFor(expires, c.serviceNow())
}

// run is one execution of a plan.
type run struct {
	c        *Client
	plan     *model.Plan
	where    model.Where
	id       string
	stop     context.Context // done when the operator wants to stop
	ctx      context.Context // the operation's own: outlives pages and signals
	progress func(model.StepEvent)
	steps    []model.StepResult
	at       int // the step under way
	started  time.Time
	quiet    time.Time    // wall clock: when the last step ended; zero before the first
	again    func() error // after a pause: is everything still as the steps so far left it?
	sent     atomic.Int64 // changing requests
	notes    notices      // what the operator has to be told beside how it ended
	late     []heldLock   // locks of which a write went unanswered: it may arrive when they are released
}

func (c *Client) newRun(ctx context.Context, p *model.Plan, progress func(model.StepEvent)) *run {
	r := &run{c: c, plan: p, where: p.Where, id: newID(), stop: ctx, progress: progress}
	if r.where == (model.Where{}) {
		r.where = c.known(ctx, p.Backend) // somebody else made the plan
	}
	r.ctx = withOperation(urgent(context.WithoutCancel(ctx)), operation{ID: r.id, Operation: p.Operation, State: p.URL(), Where: r.where, Unguarded: p.Unguarded != "", sent: &r.sent})
	for _, s := range p.Steps {
		r.steps = append(r.steps, model.StepResult{Name: s.Name, Status: model.StepPending})
	}
	return r
}

// newID is a random UUID, version 4, as the clients use for lock IDs.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// errStopped says that the operator stopped the operation between two steps.
var errStopped = errors.New("stopped by the operator")

// maxPause is how long what a step found holds for the next: after a longer
// pause (a laptop that slept) everything is read again before anything is done.
const maxPause = 30 * time.Second

// afterPause looks again where too much time has passed since the last step. A
// monotonic clock may stand still while a machine sleeps, so the wall clock is asked.
func (r *run) afterPause() error {
	if r.again == nil || r.quiet.IsZero() || r.c.now().Round(0).Sub(r.quiet) <= maxPause {
		return nil
	}
	return r.again()
}

// step runs the next step of the plan and reports it.
func (r *run) step(f func() (string, error)) error {
	r.report(model.StepRunning, "")
	r.started = r.c.now()
	var detail string
	err := r.afterPause()
	if err == nil {
		detail, err = f()
	}
	r.quiet = r.c.now().Round(0)
	switch {
	case err != nil:
		r.report(model.StepFailed, err.Error())
	case detail == skipDetail:
		r.report(model.StepSkipped, "already gone")
	default:
		r.report(model.StepDone, detail)
	}
	r.at++
	return err
}

// skipDetail marks a step that had nothing to do.
const skipDetail = "\x00skip"

func (r *run) report(status model.StepStatus, detail string) {
	s := &r.steps[r.at]
	s.Status, s.Detail = status, detail
	if status != model.StepRunning {
		s.Elapsed = r.c.now().Sub(r.started)
		done := *s
		// A step that ran is a fact; that it could not be noted is told at the end.
		_ = r.record(model.JournalEntry{Event: "step", Step: &done})
	}
	if r.progress != nil {
		r.progress(model.StepEvent{Index: r.at, Step: *s})
	}
}

func (r *run) stopped() bool { return r.stop.Err() != nil }

// record writes a journal entry of this operation.
func (r *run) record(e model.JournalEntry) error { return r.recordWithin(r.ctx, e) }

// recordWithin does so as long as the context lasts: nobody who stops an operation
// that has not begun waits for a journal.
func (r *run) recordWithin(ctx context.Context, e model.JournalEntry) error {
	if r.c.opts.Journal == nil {
		return &model.Failure{Kind: model.ErrJournal, Tried: "recording the operation", Next: "No journal is open."}
	}
	a := r.c.opts.Actor
	e.ID, e.Time, e.Operation, e.State, e.Where = r.id, r.c.now().UTC(), r.plan.Operation, r.plan.URL(), r.where
	e.Operator, e.Host, e.PID = a.Who, a.Host, a.PID
	if err := r.c.opts.Journal.Record(ctx, e); err != nil {
		return &model.Failure{Kind: model.ErrJournal, Tried: "recording the operation", On: r.plan.URL(), Cause: err,
			Next: "Nothing is changed without a journal: name a writable file with --journal. (" + err.Error() + ")"}
	}
	return nil
}

// ended builds the result.
func (r *run) ended(o model.Outcome, err error) model.Result {
	res := model.Result{Operation: r.plan.Operation, State: r.plan.URL(), Outcome: o, Steps: r.steps, JournalID: r.id, Where: r.where, Err: err}
	if err != nil {
		res.Message = err.Error()
		var f *foreignError
		if errors.As(err, &f) {
			res.Holder = f.holder
		}
	}
	return res
}

// refusedOrFailed tells an ending in which nothing was changed: refused by a
// precondition, or failed for another reason.
func refusedOrFailed(err error) model.Outcome {
	if errors.Is(err, model.ErrChanged) || errors.Is(err, model.ErrLocked) || errors.Is(err, model.ErrRefused) ||
		errors.Is(err, model.ErrReadOnly) || errors.Is(err, model.ErrJournal) || errors.Is(err, errStopped) {
		return model.OutcomeRefused
	}
	return model.OutcomeFailed
}

func undoCommand(u *model.Undo) string {
	if u == nil {
		return ""
	}
	return u.Command
}

func planLines(p *model.Plan) []string {
	var lines []string
	for _, f := range p.Facts {
		lines = append(lines, f.Label+": "+f.Text)
	}
	for _, s := range p.Steps {
		line := s.Does
		if s.Condition != "" {
			line += ", " + s.Condition
		}
		lines = append(lines, line)
	}
	return lines
}

func planSums(p *model.Plan) map[string]string {
	if p.Restore == nil {
		return nil
	}
	sums := map[string]string{"target": p.Restore.TargetMD5, "new": p.Restore.NewMD5}
	if p.Restore.Current != nil && p.Restore.Current.MD5 != "" {
		sums["previous"] = p.Restore.Current.MD5
	}
	return sums
}

func planVersions(p *model.Plan) map[string]string {
	if p.Restore == nil {
		return nil
	}
	ids := map[string]string{"target": p.Restore.Target.VersionID}
	if p.Restore.Current != nil {
		ids["previous"] = p.Restore.Current.VersionID
	}
	return ids
}

// planLocks keeps what an unlock removes, verbatim but for what a lock never
// holds: a lock has no secrets, and it cannot be put back without its bytes.
// Rows that a change of digests replaces are kept where one of them held more
// than a digest.
func planLocks(p *model.Plan) []string {
	var rows []string
	if p.Unlock != nil {
		for _, l := range p.Unlock.Victims {
			rows = append(rows, l.Where()+" "+string(l.Raw))
		}
	}
	for _, d := range planDigests(p) {
		if d.Whole != "" {
			rows = append(rows, "table "+d.Table+" "+string(d.Whole))
		}
	}
	return rows
}

// planDigests are the digest rows that a plan replaces.
func planDigests(p *model.Plan) []model.DigestRow {
	var rows []model.DigestRow
	var changes []model.DigestChange
	switch {
	case p.Restore != nil:
		return p.Restore.Digests
	case p.Repair != nil:
		changes = p.Repair.Digests
	case p.Recover != nil:
		changes = p.Recover.Digests
	}
	for _, d := range changes {
		rows = append(rows, d.Old)
	}
	return rows
}

// planRecovers is the operation that a recovery finishes or undoes.
func planRecovers(p *model.Plan) string {
	if p.Recover == nil {
		return ""
	}
	return p.Recover.Record.ID
}
