package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stateward/stateward/model"
)

const lockID = "71d89b36-316e-9845-07df-19d02b854eb1"

// unlockPlan asks for the lock's ID and, when risky, for LIVE.
func unlockPlan(risky bool) *model.Plan {
	p := &model.Plan{
		Operation: model.OpUnlock,
		Facts:     []model.PlanLine{{Label: "Held by", Text: "ci@runner\n\x1b[31mfaked"}},
		Steps:     []model.PlanStep{{Name: "re-read", Does: "read every lock again", Condition: "stop if any byte differs"}, {Name: "delete lock row", Does: "delete the row", Condition: "only if it is still this one"}},
		Warnings:  []string{"two writers can overwrite each other"},
		Undo:      model.Hint{Text: "none"}, Manual: model.Hints{{Command: "aws dynamodb delete-item --table-name t"}},
		Tokens: []model.Token{{Label: "the lock ID", Value: lockID, Why: "it names the lock"}},
		Unlock: &model.UnlockSpec{},
	}
	if risky {
		p.Tokens = append(p.Tokens, model.Token{Label: "the word LIVE", Value: model.TokenLive, Why: "the holder is alive"})
	}
	return p
}

// carriedOut reports every step and ends well.
func carriedOut(_ context.Context, p *model.Plan, progress func(model.StepEvent)) model.Result {
	r := model.Result{Operation: p.Operation, State: p.URL(), Outcome: model.OutcomeDone, Message: "removed the lock",
		Next: model.Hints{{Text: "Look for errored.tfstate"}}, JournalID: "j-1"}
	for i, s := range p.Steps {
		step := model.StepResult{Name: s.Name, Status: model.StepDone, Detail: "fine", Elapsed: 12 * time.Millisecond}
		progress(model.StepEvent{Index: i, Step: model.StepResult{Name: s.Name, Status: model.StepRunning}})
		progress(model.StepEvent{Index: i, Step: step})
		r.Steps = append(r.Steps, step)
	}
	return r
}

func TestUnlock(t *testing.T) {
	byID := []string{"unlock", "s3://b/k", "--lock-id", lockID}
	for name, c := range map[string]struct {
		args   []string
		typed  []string
		plan   *model.Plan
		err    error
		config string
		code   int
		ran    bool
		stderr string
		out    model.Outcome
	}{
		"with --yes":                           {args: append(byID, "--yes"), plan: unlockPlan(false), ran: true, out: model.OutcomeDone, stderr: "[2/2] delete lock row: done, fine (12 ms)"},
		"the ID typed on the terminal":         {args: byID, typed: []string{lockID}, plan: unlockPlan(false), ran: true, out: model.OutcomeDone},
		"pasted with a blank":                  {args: byID, typed: []string{" " + lockID + " "}, plan: unlockPlan(false), ran: true, out: model.OutcomeDone},
		"another word typed":                   {args: byID, typed: []string{"yes"}, plan: unlockPlan(false), code: 3, out: model.OutcomeRefused, stderr: "what was typed is not the lock ID"},
		"nothing typed":                        {args: byID, typed: []string{}, plan: unlockPlan(false), code: 3, out: model.OutcomeRefused, stderr: "nothing was typed"},
		"no terminal and no --yes":             {args: byID, plan: unlockPlan(false), code: 3, out: model.OutcomeRefused, stderr: "there is none; --yes answers it"},
		"--yes answers the first token only":   {args: append(byID, "--yes"), plan: unlockPlan(true), code: 3, out: model.OutcomeRefused, stderr: "--confirm LIVE (the word LIVE), because the holder is alive"},
		"--confirm answers the second":         {args: append(byID, "--yes", "--confirm", "LIVE"), plan: unlockPlan(true), ran: true, out: model.OutcomeDone},
		"superfluous --confirm is ignored":     {args: append(byID, "--yes", "--confirm", "LIVE", "--confirm", "DEAD"), plan: unlockPlan(false), ran: true, out: model.OutcomeDone},
		"--confirm does not answer the first":  {args: append(byID, "--confirm", lockID), plan: unlockPlan(false), code: 3, out: model.OutcomeRefused},
		"nor does it on a terminal":            {args: append(byID, "--confirm", lockID), typed: []string{}, plan: unlockPlan(false), code: 3, out: model.OutcomeRefused, stderr: "nothing was typed"},
		"the start of the ID typed":            {args: byID, typed: []string{lockID[:8]}, plan: unlockPlan(false), code: 3, out: model.OutcomeRefused, stderr: "what was typed is not the lock ID"},
		"an empty line":                        {args: byID, typed: []string{"", ""}, plan: unlockPlan(false), code: 3, out: model.OutcomeRefused, stderr: "what was typed is not the lock ID"},
		"both typed":                           {args: byID, typed: []string{lockID, "LIVE"}, plan: unlockPlan(true), ran: true, out: model.OutcomeDone},
		"the second from --confirm":            {args: append(byID, "--confirm", "LIVE"), typed: []string{lockID}, plan: unlockPlan(true), ran: true, out: model.OutcomeDone},
		"the second is wrong":                  {args: byID, typed: []string{lockID, "live"}, plan: unlockPlan(true), code: 3, out: model.OutcomeRefused, stderr: "not the word LIVE"},
		"a plan that is refused":               {args: append(byID, "--yes"), plan: refusedPlan(), code: 3, out: model.OutcomeRefused, stderr: "the lock ID does not match"},
		"a plan that cannot be made":           {args: append(byID, "--yes"), err: &model.Failure{Kind: model.ErrDenied, Tried: "reading", On: "the table", Action: "dynamodb:GetItem"}, code: 1, out: model.OutcomeFailed, stderr: "AccessDenied dynamodb:GetItem"},
		"read-only":                            {args: append(byID, "--yes", "--read-only"), plan: unlockPlan(false), code: 3, out: model.OutcomeRefused, stderr: "without --read-only"},
		"a policy that is read-only":           {args: append(byID, "--yes"), plan: unlockPlan(false), config: "policy \"*\" {\n  read_only = true\n}\n", code: 3, out: model.OutcomeRefused, stderr: "The policy of b in the config is read-only"},
		"read-only in the config, not by flag": {args: append(byID, "--yes", "--read-only=false"), plan: unlockPlan(false), config: "read_only = true\n", ran: true, out: model.OutcomeDone},
		"a dry run":                            {args: append(byID, "--dry-run"), plan: unlockPlan(true), out: model.OutcomeDryRun},
		"a dry run under read-only":            {args: append(byID, "--dry-run", "--read-only"), plan: refusedPlan(), out: model.OutcomeDryRun},
		"a dry run without a lock ID":          {args: []string{"unlock", "s3://b/k", "--dry-run"}, plan: unlockPlan(false), out: model.OutcomeDryRun},
		"without a lock ID, on a terminal":     {args: []string{"unlock", "s3://b/k"}, typed: []string{lockID}, plan: unlockPlan(false), ran: true, out: model.OutcomeDone},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.typed, w.backends.plan, w.backends.planErr, w.backends.run = c.typed, c.plan, c.err, carriedOut
			if c.config != "" {
				w.config(c.config)
			}
			e := w.run(append(c.args, "-o", "json")...)
			equal(t, "exit code", e.code, c.code)
			equal(t, "ran", w.backends.count("Run") == 1, c.ran)
			if !strings.Contains(e.stderr, c.stderr) {
				t.Errorf("stderr has no %q:\n%s", c.stderr, e.stderr)
			}
			var doc resultDoc
			if err := json.Unmarshal([]byte(e.stdout), &doc); err != nil {
				t.Fatalf("%v in %s", err, e.stdout)
			}
			equal(t, "outcome", doc.Outcome, c.out)
			equal(t, "state", doc.State, "s3://b/k")
			if strings.ContainsAny(e.stderr, "\x1b") || strings.Contains(e.stderr, "\nfaked") {
				t.Errorf("stderr is not sanitised: %q", e.stderr)
			}
		})
	}
}

func refusedPlan() *model.Plan {
	p := unlockPlan(false)
	p.Refusals = []string{"the lock ID does not match: it is held by erin"}
	return p
}

// TestARefusedPlanSaysWhatToDoInstead: as a command to paste, in every form.
func TestARefusedPlanSaysWhatToDoInstead(t *testing.T) {
	const command = "stateward unlock s3://b/other --lock-id " + lockID
	for _, how := range []string{"--yes", "--dry-run"} {
		w := newWorld(t)
		w.backends.plan = refusedPlan()
		w.backends.plan.Instead = model.Hints{{Text: "Remove it there with", Command: command}}
		e := w.run("unlock", "s3://b/k", "--lock-id", lockID, how, "-o", "json")
		var doc resultDoc
		if err := json.Unmarshal([]byte(e.stdout), &doc); err != nil {
			t.Fatalf("%v in %s", err, e.stdout)
		}
		equal(t, how+": commands", doc.Commands, []string{command})
		if !strings.Contains(e.stderr, "  Instead    Remove it there with: "+command) {
			t.Errorf("%s: %s", how, e.stderr)
		}
	}
}

func TestReadOnlyRefusesBeforeAnyRequest(t *testing.T) {
	w := newWorld(t)
	e := w.run("restore", "s3://b/k", "--version-id", "v", "--yes", "--read-only")
	equal(t, "exit code", e.code, exitRefused)
	equal(t, "connections", len(w.backends.options), 0)
}

func TestUnlockNeedsALockID(t *testing.T) {
	for name, c := range map[string]struct {
		args  []string
		typed []string
	}{
		"without a terminal": {args: nil},
		"with --yes":         {args: []string{"--yes"}, typed: []string{"x"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.typed = c.typed
			e := w.run(append([]string{"unlock", "s3://b/k"}, c.args...)...)
			equal(t, "exit code", e.code, exitUsage)
			if !strings.Contains(e.stderr, "--lock-id") {
				t.Errorf("stderr: %s", e.stderr)
			}
			equal(t, "connections", len(w.backends.options), 0)
		})
	}
}

func TestUnlockPassesWhatWasAsked(t *testing.T) {
	w := newWorld(t)
	w.backends.plan, w.backends.run = unlockPlan(false), carriedOut
	w.run("unlock", "s3://b/a%20b/k", "--lock-id", lockID, "--mechanism", "lockfile", "--reason", "because", "--yes")
	equal(t, "request", w.backends.unlock, model.UnlockRequest{LockID: lockID, Mechanism: model.MechanismLockfile, Reason: "because"})
	equal(t, "plans", w.backends.count("PlanUnlock s3://b/a%20b/k"), 1)
	equal(t, "typed", w.backends.typed, []string{lockID})
	o := w.backends.options[0]
	if o.Journal == nil || o.Backups == nil || !strings.Contains(o.Actor.Who, "@") || o.Actor.PID != os.Getpid() || o.Discover {
		t.Errorf("options: %+v", o)
	}
}

func TestRestorePassesWhatWasAsked(t *testing.T) {
	w := newWorld(t)
	w.backends.plan, w.backends.run = unlockPlan(false), carriedOut
	e := w.run("restore", "s3://b/k", "--version-id", "v 1", "--reason", "because", "--yes")
	equal(t, "exit code", e.code, 0)
	equal(t, "request", w.backends.restore, model.RestoreRequest{VersionID: "v 1", Reason: "because"})
	equal(t, "without a version", w.run("restore", "s3://b/k", "--yes").code, exitUsage)
	equal(t, "without a key", w.run("restore", "s3://b", "--version-id", "v").code, exitUsage)
}

func TestOutcomesAndExitCodes(t *testing.T) {
	for name, c := range map[string]struct {
		outcome model.Outcome
		signal  bool
		code    int
	}{
		"done":                              {model.OutcomeDone, false, 0},
		"already gone":                      {model.OutcomeAlreadyGone, false, 0},
		"refused":                           {model.OutcomeRefused, false, 3},
		"failed":                            {model.OutcomeFailed, false, 1},
		"interrupted":                       {model.OutcomeInterrupted, false, 5},
		"a signal, and nothing was changed": {model.OutcomeRefused, true, 130},
		"a signal, and it was carried out":  {model.OutcomeDone, true, 0},
		"a signal half-way":                 {model.OutcomeInterrupted, true, 5},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			ctx, cancel := context.WithCancelCause(t.Context())
			w.ctx = ctx
			w.backends.plan = unlockPlan(false)
			w.backends.run = func(ctx context.Context, p *model.Plan, _ func(model.StepEvent)) model.Result {
				if err := w.backends.options[0].Journal.Record(ctx, model.JournalEntry{ID: "journal-id"}); err != nil {
					t.Error(err)
				}
				if c.signal {
					cancel(signalError{syscall.SIGTERM})
				}
				return model.Result{Operation: p.Operation, State: p.URL(), Outcome: c.outcome, Message: "so it ended",
					Undo: &model.Undo{VersionID: "v", Command: "stateward restore x"}, Next: model.Hints{{Text: "finish it"}}, Backup: "/b", JournalID: "journal-id",
					Holder: &model.Lock{Bucket: "b", Key: "k", Mechanism: model.MechanismDynamoDB, Table: "t", Info: model.LockInfo{ID: "new", Who: "erin@mbp"}}}
			}
			e := w.run("unlock", "s3://b/k", "--lock-id", lockID, "--yes")
			equal(t, "exit code", e.code, c.code)
			for _, want := range []string{"unlock s3://b/k: " + string(c.outcome), "erin@mbp in table t, ID new", "stateward restore x", "finish it", "/b", "journal-id"} {
				if !strings.Contains(e.stdout, want) {
					t.Errorf("stdout has no %q:\n%s", want, e.stdout)
				}
			}
			if !strings.Contains(e.stdout+e.stderr, "so it ended") {
				t.Error("what happened is not told")
			}
		})
	}
}

func TestASignalWhileAskingChangesNothing(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	w.ctx = ctx
	w.backends.plan, w.typed = unlockPlan(false), []string{}
	waits := &waitingTTY{asked: func() { cancel(signalError{syscall.SIGINT}) }, end: t.Context().Done()}
	a := w.app(io.Discard, io.Discard)
	a.openTTY = func() (io.ReadWriteCloser, error) { return waits, nil }
	equal(t, "exit code", a.run(ctx, []string{"unlock", "s3://b/k", "--lock-id", lockID}), exitCancelled)
	equal(t, "runs", w.backends.count("Run"), 0)
}

// waitingTTY is a terminal at which nobody types.
type waitingTTY struct {
	asked func()
	end   <-chan struct{}
}

func (w *waitingTTY) Read([]byte) (int, error) {
	w.asked()
	<-w.end
	return 0, errors.New("the test is over")
}

func (w *waitingTTY) Write(p []byte) (int, error) { return len(p), nil }
func (w *waitingTTY) Close() error                { return nil }

func TestDryRunShowsTheWholePlan(t *testing.T) {
	w := newWorld(t)
	p := unlockPlan(true)
	p.Operation, p.Undo = model.OpRestore, model.Hint{Command: "stateward restore s3://b/k --version-id old"}
	p.Restore = &model.RestoreSpec{Current: &model.CurrentState{VersionID: "old"}}
	w.backends.plan = p
	e := w.run("restore", "s3://b/k", "--version-id", "v", "--dry-run", "-o", "json")
	for _, want := range []string{"Held by    ci@runner\\n\\x1b[31mfaked", "1 read every lock again, stop if any byte differs", "2 delete the row, only if",
		"two writers can overwrite", "By hand    aws dynamodb delete-item", "Undo       stateward restore"} {
		if !strings.Contains(e.stderr, want) {
			t.Errorf("the plan has no %q:\n%s", want, e.stderr)
		}
	}
	var doc resultDoc
	if err := json.Unmarshal([]byte(e.stdout), &doc); err != nil {
		t.Fatal(err)
	}
	equal(t, "steps", doc.Steps, []model.StepResult{
		{Name: "re-read", Status: model.StepPending, Detail: "read every lock again, stop if any byte differs"},
		{Name: "delete lock row", Status: model.StepPending, Detail: "delete the row, only if it is still this one"}})
	equal(t, "undo", doc.Undo, &model.Undo{VersionID: "old", Command: p.Undo.Command})
	equal(t, "runs", w.backends.count("Run"), 0)
	if _, err := os.Stat(w.journalPath()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a dry run wrote a journal: %v", err)
	}
}

func TestRecoverThatCannotLookPrintsNoList(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		code int
		said string
	}{
		"read-only":                {[]string{"--read-only", "recover", "-o", "json"}, 3, "recover: read-only. Start stateward without --read-only"},
		"the locks cannot be read": {[]string{"recover", "s3://acme", "-o", "json"}, 1, "not read: AccessDenied dynamodb:Scan"},
		"the same as a table":      {[]string{"recover", "s3://acme"}, 1, "not read: AccessDenied dynamodb:Scan"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.backends.locks.Problems = []string{"AccessDenied dynamodb:Scan"}
			got := w.run(c.args...)
			if got.code != c.code || got.stdout != "" || !strings.Contains(got.stderr, c.said) || strings.Contains(got.stderr, "nothing to recover") {
				t.Errorf("%+v", got)
			}
		})
	}
}

// Of a dry run the plan is all that there is; a change that was made stays made.
func TestADryRunThatCannotBePrintedFails(t *testing.T) {
	for name, c := range map[string]struct {
		flag string
		want int
	}{"a dry run": {"--dry-run", 1}, "a change": {"--yes", 0}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.backends.plan = &model.Plan{Operation: model.OpUnlock, Backend: model.Backend{Bucket: "acme"}, Key: "k"}
			w.backends.run = func(context.Context, *model.Plan, func(model.StepEvent)) model.Result {
				return model.Result{Operation: model.OpUnlock, Outcome: model.OutcomeDone}
			}
			var stderr bytes.Buffer
			code := w.app(fullDisk{}, &stderr).run(w.ctx, []string{"unlock", "s3://acme/k", "--lock-id", "one", c.flag})
			if code != c.want || !strings.Contains(stderr.String(), "no space left") {
				t.Errorf("%d %s", code, stderr.String())
			}
		})
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

func TestHelpAndCompletionRefuseUnknownWords(t *testing.T) {
	for line, c := range map[string]struct {
		code int
		said string
	}{
		"help locsk":      {2, `there is no command "locsk"`},
		"help locks":      {0, ""},
		"help":            {0, ""},
		"completion csh":  {2, `"csh" is none of bash, fish, powershell, zsh`},
		"completion bash": {0, ""},
		"completion":      {0, ""},
	} {
		t.Run(line, func(t *testing.T) {
			got := newWorld(t).run(strings.Fields(line)...)
			if got.code != c.code || !strings.Contains(got.stderr, c.said) || (got.stdout == "") != (c.code != 0) {
				t.Errorf("%d %s", got.code, got.stderr)
			}
		})
	}
}
