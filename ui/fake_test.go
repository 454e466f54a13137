package ui

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"sync"
	"time"

	"github.com/stateward/stateward/model"
)

// theTime is when all tests take place.
var theTime = time.Date(2026, 11, 21, 19, 31, 7, 0, time.UTC)

// fake is a fleet in memory: what the pages read, and an operator that changes
// it. Everything in it can be replaced by a test.
type fake struct {
	keysFake
	mu       sync.Mutex
	who      model.Identity
	whoErr   error
	denied   []model.Denial
	backends []model.Backend
	listErr  error // after the backends or states there are
	buckets  []model.Backend
	others   int           // keys of every bucket that are no states
	ahead    time.Duration // the services' clock

	bucketsErr error
	facts      map[string]model.BackendFacts
	states     map[string][]model.State // by bucket
	problem    map[string][]string      // by bucket
	read       map[string]model.StateFacts
	versions   map[string][]model.Version // by s3:// address
	locks      map[string][]model.Lock    // by bucket
	blind      map[string][]string        // sources of locks that could not be read, by bucket
	health     map[string]model.HealthFacts
	past       fakePast

	tables  map[string][]model.TableEvidence // what lock tables say, by s3:// address
	written map[string]model.CurrentObject   // the bytes of states, by s3:// address
	named   []model.Version                  // versions that the wrong digests belong to
	entries []model.JournalEntry
	search  []model.SearchPage
	unread  error // why the journal, or some of it, could not be read

	bodies    map[string]string    // whole states, by s3:// address, or by that and the version id behind a space
	doc       *model.StateDocument // instead of all of them
	bodyErr   error
	revealErr error
	bodyRead  func(ctx context.Context, progress func(read, total int64)) // while a state is read

	planErr error
	change  func(*model.Plan) // what a test does to a plan before it is shown
	run     func(ctx context.Context, p *model.Plan, typed []string, progress func(model.StepEvent)) model.Result
	calls   []string
}

func (f *fake) called(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, fmt.Sprintf(format, args...))
}

// count is how many calls start with the name.
func (f *fake) count(name string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, c := range f.calls {
		if strings.HasPrefix(c, name) {
			n++
		}
	}
	return n
}

func (f *fake) ServiceTime(local time.Time) time.Time { return local.Add(f.ahead) }

func (f *fake) Buckets(context.Context) iter.Seq2[[]model.Backend, error] {
	f.called("Buckets")
	return func(yield func([]model.Backend, error) bool) {
		if yield(f.buckets, nil) && f.bucketsErr != nil {
			yield(nil, f.bucketsErr)
		}
	}
}

func (f *fake) Denied() []model.Denial { return f.denied }

func (f *fake) Identity(context.Context) (model.Identity, error) { return f.who, f.whoErr }

func (f *fake) Backends(ctx context.Context) iter.Seq2[[]model.Backend, error] {
	f.called("Backends")
	return func(yield func([]model.Backend, error) bool) {
		if len(f.backends) > 0 && !yield(f.backends, nil) {
			return
		}
		if f.listErr != nil {
			yield(nil, f.listErr)
		}
	}
}

func (f *fake) BackendFacts(_ context.Context, b model.Backend) model.BackendFacts {
	f.called("BackendFacts %s", b.Bucket)
	return f.facts[b.Bucket]
}

func (f *fake) States(ctx context.Context, b model.Backend, q model.StateQuery) iter.Seq2[model.StatePage, error] {
	f.called("States %s", b.Bucket)
	return func(yield func(model.StatePage, error) bool) {
		page := model.StatePage{Problem: f.problem[b.Bucket], Others: f.others}
		for _, s := range f.states[b.Bucket] {
			if q.Deleted || !s.Deleted {
				page.States = append(page.States, s)
			}
		}
		if !yield(page, nil) {
			return
		}
		if f.listErr != nil {
			yield(model.StatePage{}, f.listErr)
		}
	}
}

func (f *fake) StateFacts(_ context.Context, b model.Backend, s model.State) model.StateFacts {
	f.called("StateFacts %s", s.Key)
	f.mu.Lock()
	facts := f.read[b.URL(s.Key)]
	f.mu.Unlock()
	if held, known := facts.Locked.Get(); known && held {
		facts.Locked = model.Known(len(f.locksOf(b, s.Key)) > 0)
	}
	return facts
}

func (f *fake) Versions(_ context.Context, b model.Backend, key string) iter.Seq2[[]model.Version, error] {
	f.called("Versions %s", key)
	return func(yield func([]model.Version, error) bool) {
		var bare []model.Version
		for _, v := range f.versions[b.URL(key)] {
			v.Facts = model.VersionFacts{}
			bare = append(bare, v)
		}
		if !yield(bare, nil) {
			return
		}
		if f.listErr != nil {
			yield(nil, f.listErr)
		}
	}
}

func (f *fake) VersionFacts(_ context.Context, b model.Backend, key string, v model.Version) model.VersionFacts {
	f.called("VersionFacts %s", v.VersionID)
	for _, w := range f.versions[b.URL(key)] {
		if w.VersionID == v.VersionID {
			return w.Facts
		}
	}
	return model.VersionFacts{}
}

func (f *fake) Locks(_ context.Context, b model.Backend) model.LockReport {
	f.called("Locks %s", b.Bucket)
	f.mu.Lock()
	defer f.mu.Unlock()
	return model.LockReport{Locks: f.locks[b.Bucket], Problems: f.blind[b.Bucket]}
}

func (f *fake) LocksOf(_ context.Context, b model.Backend, key string) model.LockReport {
	f.called("LocksOf %s", key)
	return model.LockReport{Locks: f.locksOf(b, key), Problems: f.blind[b.Bucket]}
}

func (f *fake) locksOf(b model.Backend, key string) []model.Lock {
	f.mu.Lock()
	defer f.mu.Unlock()
	var of []model.Lock
	for _, l := range f.locks[b.Bucket] {
		if l.Key == key {
			of = append(of, l)
		}
	}
	return of
}

func (f *fake) PlanUnlock(_ context.Context, b model.Backend, key string, r model.UnlockRequest) (*model.Plan, error) {
	f.called("PlanUnlock %s %s", key, r.LockID)
	if f.planErr != nil {
		return nil, f.planErr
	}
	p := model.PlanUnlock(model.UnlockFacts{Backend: b, Key: key, Locks: f.locksOf(b, key), Now: theTime}, r)
	if f.change != nil {
		f.change(p)
	}
	return p, nil
}

func (f *fake) PlanRestore(_ context.Context, b model.Backend, key string, r model.RestoreRequest) (*model.Plan, error) {
	f.called("PlanRestore %s %s %s", key, r.VersionID, r.Reason)
	if f.planErr != nil {
		return nil, f.planErr
	}
	p := restorePlan(b, key)
	if f.change != nil {
		f.change(p)
	}
	return p, nil
}

func (f *fake) PlanRepair(_ context.Context, b model.Backend, key string, r model.RepairRequest) (*model.Plan, error) {
	f.called("PlanRepair %s %s %s", key, r.To, r.Reason)
	if f.planErr != nil {
		return nil, f.planErr
	}
	p := restorePlan(b, key)
	p.Operation = model.OpRepair
	if r.To == model.RepairToBytes {
		p = model.PlanRepair(model.RepairFacts{Backend: b, Key: key, Current: f.current(b, key), Locks: f.locksOf(b, key), Named: f.named,
			Mechanisms: model.MechanismFacts{Tables: f.tables[b.URL(key)]}, Now: theTime}, r)
	}
	if f.change != nil {
		f.change(p)
	}
	return p, nil
}

func (f *fake) PlanRecover(_ context.Context, b model.Backend, key, reason string) (*model.Plan, error) {
	f.called("PlanRecover %s %s", key, reason)
	if f.planErr != nil {
		return nil, f.planErr
	}
	facts := model.RecoverFacts{Backend: b, Key: key, Current: f.current(b, key), Now: theTime, Host: "here"}
	for _, l := range f.locksOf(b, key) {
		rec, ours := model.ParseRecoveryRecord(l.Info.Info)
		if ours {
			facts.Record, facts.Held = rec, append(facts.Held, l)
		} else {
			facts.Others = append(facts.Others, l)
		}
	}
	if len(facts.Held) == 0 {
		return &model.Plan{Operation: model.OpRecover, Backend: b, Key: key, Gone: true}, nil
	}
	for _, t := range f.tables[b.URL(key)] {
		facts.Digests = append(facts.Digests, t.Digest)
	}
	p := model.PlanRecover(facts, reason)
	if f.change != nil {
		f.change(p)
	}
	return p, nil
}

func (f *fake) current(b model.Backend, key string) *model.CurrentObject {
	if o, ok := f.written[b.URL(key)]; ok {
		return &o
	}
	return nil
}

func (f *fake) journal(context.Context) ([]model.JournalEntry, error) { return f.entries, f.unread }

// Run removes the lock that was planned, step by step, unless the test says
// otherwise.
func (f *fake) Run(ctx context.Context, p *model.Plan, typed []string, progress func(model.StepEvent)) model.Result {
	f.called("Run %s %s", p.Operation, strings.Join(typed, " "))
	if f.run != nil {
		return f.run(ctx, p, typed, progress)
	}
	steps := make([]model.StepResult, len(p.Steps))
	for i, s := range p.Steps {
		steps[i] = model.StepResult{Name: s.Name, Status: model.StepDone, Detail: "204", Elapsed: 84 * time.Millisecond}
		progress(model.StepEvent{Index: i, Step: steps[i]})
	}
	f.mu.Lock()
	var left []model.Lock
	for _, l := range f.locks[p.Backend.Bucket] {
		if l.Key != p.Key {
			left = append(left, l)
		}
	}
	f.locks[p.Backend.Bucket] = left
	if facts, ok := f.read[p.URL()]; ok && p.Operation == model.OpRepair {
		facts.Digest = model.Known(model.DigestMatch)
		f.read[p.URL()] = facts
	}
	f.mu.Unlock()
	r := model.Result{
		Operation: p.Operation, State: p.URL(), Outcome: model.OutcomeDone, Steps: steps, JournalID: "01JD8Q7W",
		Message: map[model.Operation]string{
			model.OpUnlock:  "the lock was removed, and the digest matches",
			model.OpRestore: "serial 58 is written, and its digest matches",
			model.OpRepair:  "the digest is that of the bytes",
			model.OpRecover: "the digest is set, and both locks are released",
		}[p.Operation],
	}
	if p.Operation == model.OpUnlock {
		r.Next = model.Hints{{Text: "look for errored.tfstate where ci@runner-17 ran"}, {Text: "run terraform plan before the next apply"}}
	}
	return r
}

func restorePlan(b model.Backend, key string) *model.Plan {
	return &model.Plan{
		Operation: model.OpRestore, Backend: b, Key: key, Made: theTime,
		Facts: []model.PlanLine{
			{Label: "Restore", Text: "serial 56 (version 3HL4kqtJvjVBH40N, 2 h ago) as serial 58"},
			{Label: "Against", Text: "serial 57, current (version 9fK2mPq7TzWcR1sX, 26 min ago); resources 61, now 3"},
			{Label: "Locks", Text: "lock file: one was here before; table acme-locks: configured"},
		},
		Steps: []model.PlanStep{
			{Name: "lock file", Does: "lock warehouse/terraform.tfstate.tflock", Condition: "only if nobody holds it"},
			{Name: "lock row", Does: "lock in acme-locks", Condition: "only if nobody holds it"},
			{Name: "re-read", Does: "read the state, its digest and both locks again", Condition: "stop if anything differs from what is shown here"},
			{Name: "write", Does: "write serial 58", Condition: "only if the state is still version 9fK2mPq7TzWcR1sX"},
			{Name: "digest", Does: "set the digest in acme-locks", Condition: "only if it is still a5b9d24e3e3034b994d22ce312a1108e"},
			{Name: "verify", Does: "read everything back and compare"},
			{Name: "release", Does: "remove both locks", Condition: "only while they are ours"},
		},
		Warnings: []string{"Not read: ACL: AccessDenied s3:GetObjectAcl"},
		Where:    model.Where{Account: "123456789012", Profile: "oncall", Region: "eu-west-1"},
		Undo:     model.Hint{Text: "restore version 9fK2mPq7TzWcR1sX (the command is in the journal)"},
		Manual:   model.Hints{{Command: "aws s3api get-object --bucket acme-tfstate-data --key warehouse/terraform.tfstate --version-id 3HL4kqtJvjVBH40N old.tfstate"}},
		Tokens:   []model.Token{{Label: "the state's key", Value: key, Why: "it names the state that is overwritten"}},
	}
}
