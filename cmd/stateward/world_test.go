package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/aws/emulator/sample"
	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui"
)

// world runs command lines in the test's own process: its own home, clock,
// terminal and backends.
type world struct {
	t        *testing.T
	dir      string // the working directory
	home     string
	env      map[string]string
	now      func() time.Time
	columns  int
	typed    []string // what the operator types, a line for each question; nil without a terminal
	asked    *tty
	terminal func() (io.ReadWriteCloser, error) // instead of typed
	connect  func(aws.Options, func(string) (string, error)) backendAccess
	backends *fakeBackends
	ui       ui.Options
	ctx      context.Context
}

// worldTime is when a world without a server is looked at.
func worldTime() time.Time { return time.Date(2026, 11, 21, 19, 31, 7, 0, time.UTC) }

func newWorld(t *testing.T) *world {
	t.Helper()
	home := t.TempDir()
	w := &world{t: t, dir: t.TempDir(), home: home, env: map[string]string{"HOME": home},
		now: worldTime, backends: &fakeBackends{}, ctx: t.Context()}
	w.connect = w.connectFake
	return w
}

// app is the program in this world.
func (w *world) app(stdout, stderr io.Writer) *app {
	return &app{
		stdin: strings.NewReader(""), stdout: stdout, stderr: stderr, env: envOf(w.env),
		now: w.now, dir: w.dir, columns: func() int { return w.columns },
		openTTY: w.openTTY, signals: newSignals(func(int) {}), connect: w.connect,
		runUI: func(_ context.Context, o ui.Options) error { w.ui = o; return nil },
	}
}

// connectFake hands out the fake backends.
func (w *world) connectFake(o aws.Options, _ func(string) (string, error)) backendAccess {
	w.backends.mu.Lock()
	defer w.backends.mu.Unlock()
	w.backends.options = append(w.backends.options, o)
	return w.backends
}

// serve starts an emulator, which the program in this world reaches. The program
// has the server's clock: a fixture is as old for the one as for the other.
func (w *world) serve(o emulator.Options) *emulator.Server {
	w.t.Helper()
	server, err := emulator.Start(o)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = server.Close() }) // nothing of it is needed any more
	w.now = server.Now
	w.connect = func(o aws.Options, ask func(string) (string, error)) backendAccess {
		o.Now = server.Now
		return connectAWS(o, ask)
	}
	return server
}

// serveSample does so with the sample fleet, and hands out its options.
func (w *world) serveSample(o emulator.Options) *emulator.Server {
	w.t.Helper()
	server := w.serve(o)
	if err := sample.Seed(server); err != nil {
		w.t.Fatal(err)
	}
	reach := w.connect
	w.connect = func(o aws.Options, ask func(string) (string, error)) backendAccess {
		o.EndpointURL, o.PathStyle, o.Region = server.URL(), true, demoRegion
		o.Static = &aws.StaticCredentials{AccessKeyID: demoKey, SecretAccessKey: demoKey}
		return reach(o, ask)
	}
	return server
}

// ended is what a command line led to.
type ended struct {
	code           int
	stdout, stderr string
}

func (w *world) run(args ...string) ended {
	w.t.Helper()
	var stdout, stderr bytes.Buffer
	a := w.app(&stdout, &stderr)
	code := a.run(w.ctx, args)
	return ended{code, stdout.String(), stderr.String()}
}

func (w *world) openTTY() (io.ReadWriteCloser, error) {
	if w.terminal != nil {
		return w.terminal()
	}
	if w.typed == nil {
		return nil, errNoTerminal
	}
	w.asked = &tty{in: strings.NewReader(strings.Join(w.typed, "\n"))}
	return w.asked, nil
}

// tty is a terminal with somebody at it.
type tty struct {
	in  io.Reader
	out bytes.Buffer
}

func (t *tty) Read(p []byte) (int, error)  { return t.in.Read(p) }
func (t *tty) Write(p []byte) (int, error) { return t.out.Write(p) }
func (t *tty) Close() error                { return nil }

func (w *world) config(src string) {
	w.t.Helper()
	writeFile(w.t, filepath.Join(w.home, ".config", "stateward", "config.hcl"), src)
}

func (w *world) journalPath() string {
	return filepath.Join(w.home, ".local", "state", "stateward", "journal.jsonl")
}

// fakeBackends answer from values. What was asked is in calls.
type fakeBackends struct {
	keys    keysFake
	health  healthFake
	mu      sync.Mutex
	options []aws.Options
	calls   []string
	typed   []string

	ahead     time.Duration // the services' clock
	found     []model.Backend
	foundErr  error
	facts     model.BackendFacts
	states    []model.State
	statesErr error
	problem   []string
	stateFact model.StateFacts
	versions  []model.Version
	versErr   error
	verFacts  model.VersionFacts
	past      model.HistoryFacts
	lockRuns  map[string]model.Fact[model.LockInfo]
	locks     model.LockReport
	search    []model.SearchPage
	locksOf   model.LockReport
	body      string            // of the one version that StateBody knows
	bodies    map[string]string // by version, before body
	bodyErr   error
	revealErr error
	plan      *model.Plan
	planErr   error
	unlock    model.UnlockRequest
	restore   model.RestoreRequest
	planned   model.Backend
	run       func(ctx context.Context, p *model.Plan, progress func(model.StepEvent)) model.Result
}

func (f *fakeBackends) note(call string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, call)
}

func (f *fakeBackends) count(call string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, c := range f.calls {
		if strings.HasPrefix(c, call) {
			n++
		}
	}
	return n
}

func (f *fakeBackends) Identity(context.Context) (model.Identity, error) {
	return model.Identity{}, nil
}

func (f *fakeBackends) Backends(context.Context) iter.Seq2[[]model.Backend, error] {
	return func(yield func([]model.Backend, error) bool) {
		if !yield(slices.Concat(f.options[0].Backends, f.found), nil) {
			return
		}
		if f.foundErr != nil {
			yield(nil, f.foundErr)
		}
	}
}

func (f *fakeBackends) BackendFacts(context.Context, model.Backend) model.BackendFacts {
	return f.facts
}

func (f *fakeBackends) States(_ context.Context, b model.Backend, q model.StateQuery) iter.Seq2[model.StatePage, error] {
	f.note("States " + b.URL(b.Prefix) + " " + q.Prefix)
	return func(yield func(model.StatePage, error) bool) {
		page := model.StatePage{Problem: f.problem}
		for _, s := range f.states {
			if (s.Bucket == "" || s.Bucket == b.Bucket) && strings.HasPrefix(s.Key, b.Prefix+q.Prefix) && (q.Deleted || !s.Deleted) {
				s.Bucket = b.Bucket
				page.States = append(page.States, s)
			}
		}
		if yield(page, nil) && f.statesErr != nil {
			yield(model.StatePage{}, f.statesErr)
		}
	}
}

func (f *fakeBackends) StateFacts(_ context.Context, b model.Backend, s model.State) model.StateFacts {
	f.note("StateFacts " + b.URL(s.Key))
	return f.stateFact
}

func (f *fakeBackends) ListedFacts(ctx context.Context, b model.Backend, s model.State) model.StateFacts {
	return f.StateFacts(ctx, b, s)
}

func (f *fakeBackends) Versions(_ context.Context, b model.Backend, key string) iter.Seq2[[]model.Version, error] {
	f.note("Versions " + b.URL(key))
	return func(yield func([]model.Version, error) bool) {
		for _, v := range f.versions {
			if !yield([]model.Version{v}, nil) {
				return
			}
		}
		if f.versErr != nil {
			yield(nil, f.versErr)
		}
	}
}

func (f *fakeBackends) VersionFacts(_ context.Context, _ model.Backend, _ string, v model.Version) model.VersionFacts {
	f.note("VersionFacts " + v.VersionID)
	return f.verFacts
}

func (f *fakeBackends) Locks(_ context.Context, b model.Backend) model.LockReport {
	f.note("Locks " + b.URL(b.Prefix))
	return model.LockReport{Locks: slices.Clone(f.locks.Locks), Problems: f.locks.Problems}
}

func (f *fakeBackends) LocksOf(_ context.Context, b model.Backend, key string) model.LockReport {
	f.note("LocksOf " + b.URL(key))
	return f.locksOf
}

func (f *fakeBackends) ServiceTime(local time.Time) time.Time { return local.Add(f.ahead) }

func (f *fakeBackends) Buckets(context.Context) iter.Seq2[[]model.Backend, error] {
	return func(func([]model.Backend, error) bool) {}
}

func (f *fakeBackends) Denied() []model.Denial { return nil }

func (f *fakeBackends) NoSuchState(_ context.Context, b model.Backend, key, tried string) error {
	known := make([]string, 0, len(f.states))
	for _, st := range f.states {
		known = append(known, st.Key)
	}
	return &model.Failure{Kind: model.ErrNotFound, Tried: tried, On: b.URL(key),
		Next: "There is no such state. Similar: " + strings.Join(model.SimilarKeys(key, known, b.Workspace), ", ")}
}

func (f *fakeBackends) Nothing(context.Context, model.Backend) error { return nil }

func (f *fakeBackends) PlanUnlock(_ context.Context, b model.Backend, key string, r model.UnlockRequest) (*model.Plan, error) {
	f.note("PlanUnlock " + b.URL(key))
	f.unlock, f.planned = r, b
	return f.planOf(b, key)
}

func (f *fakeBackends) PlanRestore(_ context.Context, b model.Backend, key string, r model.RestoreRequest) (*model.Plan, error) {
	f.note("PlanRestore " + b.URL(key))
	f.restore, f.planned = r, b
	return f.planOf(b, key)
}

func (f *fakeBackends) PlanRepair(_ context.Context, b model.Backend, key string, _ model.RepairRequest) (*model.Plan, error) {
	f.note("PlanRepair " + b.URL(key))
	return f.planOf(b, key)
}

func (f *fakeBackends) PlanRecover(_ context.Context, b model.Backend, key, _ string) (*model.Plan, error) {
	f.note("PlanRecover " + b.URL(key))
	return f.planOf(b, key)
}

func (f *fakeBackends) planOf(b model.Backend, key string) (*model.Plan, error) {
	if f.planErr != nil || f.plan == nil {
		return nil, errors.Join(f.planErr)
	}
	p := *f.plan
	p.Backend, p.Key = b, key
	return &p, nil
}

func (f *fakeBackends) Run(ctx context.Context, p *model.Plan, typed []string, progress func(model.StepEvent)) model.Result {
	f.note("Run " + p.URL())
	f.typed = typed
	return f.run(ctx, p, progress)
}

// cancelledBySignal is a context as it is after a signal.
func cancelledBySignal(t *testing.T) context.Context {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(signalError{syscall.SIGINT})
	return ctx
}
