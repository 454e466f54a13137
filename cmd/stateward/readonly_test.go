package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/stateward/stateward/aws/emulator/sample"
	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui"
)

// sweptCommands has the command lines of every command, without the flags that
// confirm. Those that change something are about the places that readOnlyFleet
// prepares, so that each would find something to do.
func sweptCommands(f *readOnlyFleet) map[string][][]string {
	return map[string][][]string{
		"stateward":            {{}, {"s3://" + sample.StaleBucket}},
		"stateward demo":       {{}},
		"stateward backends":   {{}, {"-o", "json"}},
		"stateward states":     {{"s3://" + sample.StaleBucket}, {"s3://" + sample.OverwrittenBucket, "-o", "json"}},
		"stateward history":    {{overwrittenURL, "--versions", "all"}},
		"stateward show":       {{overwrittenURL}, {overwrittenURL, "--raw", "--reveal"}, {overwrittenURL, "--resource", "aws_s3_bucket.lake"}},
		"stateward diff":       {{overwrittenURL}, {overwrittenURL, "--exit-code"}},
		"stateward locks":      {{}, {"s3://" + sample.LiveBucket}},
		"stateward doctor":     {{}, {"s3://" + sample.StaleBucket, "--fail-on", "high", "-o", "sarif"}},
		"stateward search":     {{"aws_vpc"}, {"aws_vpc", "s3://" + sample.LiveBucket, "-o", "json"}},
		"stateward keys":       {{}, {"s3://" + sample.LiveBucket}},
		"stateward unlock":     {{staleURL, "--lock-id", sample.StaleLockID}, {liveURL, "--lock-id", sample.LiveLockID}},
		"stateward restore":    {{overwrittenURL, "--version-id", f.older}},
		"stateward repair":     {{brokenURL, "--to", "bytes"}, {brokenURL, "--to", "version"}},
		"stateward recover":    {{cutURL}, {}},
		"stateward completion": {{}},
		"stateward journal":    {{}},
		"stateward version":    {{}},
		"stateward man":        {{f.t.TempDir()}},
		"stateward help":       {{"unlock"}},

		"stateward completion bash":       {{}},
		"stateward completion fish":       {{}},
		"stateward completion powershell": {{}},
		"stateward completion zsh":        {{}},
	}
}

const (
	brokenKey = "swept/broken/terraform.tfstate" // its digest is that of its older version
	cutKey    = "swept/cut/terraform.tfstate"    // under the lock of a restore that never ended
	brokenURL = "s3://" + sample.OverwrittenBucket + "/" + brokenKey
	cutURL    = "s3://" + sample.OverwrittenBucket + "/" + cutKey
	liveURL   = "s3://" + sample.LiveBucket + "/" + sample.LiveKey
	cutID     = "5b1f0c9e-2d64-4f0a-8c11-6f3f6b0a7d21" // of that restore
)

// readOnlyFleet is the sample fleet with something to do for every command, and
// a UI whose user tries everything.
type readOnlyFleet struct {
	*fleet
	older string // a version that can be restored
	tried int    // plans that the UI's user ran
}

func newReadOnlyFleet(t *testing.T) *readOnlyFleet {
	t.Helper()
	f := &readOnlyFleet{fleet: newFleet(t)}
	f.columns = 120
	first, second := sweptState(1, "one"), sweptState(2, "two")
	f.stateObject(brokenKey, first)
	f.stateObject(brokenKey, second)
	f.digestRow(brokenKey, first)
	f.stateObject(cutKey, first)
	f.digestRow(cutKey, first)
	f.lockRow(cutKey, f.cutLock(first, second))
	f.older = decode[[]versionDoc](t, f.run("history", overwrittenURL, "-o", "json"))[1].VersionID
	f.server.ResetLog()
	return f
}

func sweptState(serial int, value string) string {
	return fmt.Sprintf(`{"version": 4, "terraform_version": "1.11.4", "serial": %d, "lineage": "swept", "outputs": {"v": {"value": %q, "type": "string"}}, "resources": []}`, serial, value)
}

func (f *readOnlyFleet) stateObject(key, body string) {
	f.t.Helper()
	f.do("PUT", "/"+sample.OverwrittenBucket+"/"+key, "s3", nil, body)
}

func (f *readOnlyFleet) digestRow(key, body string) {
	f.t.Helper()
	f.dynamo("PutItem", fmt.Sprintf(`{"TableName":"acme-locks","Item":{"LockID":{"S":%q},"Digest":{"S":%q}}}`,
		model.DigestID(sample.OverwrittenBucket, key), model.DigestOf([]byte(body))))
}

func (f *readOnlyFleet) lockRow(key string, raw []byte) {
	f.t.Helper()
	f.dynamo("PutItem", fmt.Sprintf(`{"TableName":"acme-locks","Item":{"LockID":{"S":%q},"Info":{"S":%q}}}`,
		model.LockID(sample.OverwrittenBucket, key), raw))
}

// cutLock is the lock of a restore that died before it wrote.
func (f *readOnlyFleet) cutLock(before, meant string) []byte {
	f.t.Helper()
	sum := model.DigestOf([]byte(before))
	info, err := model.RecoveryRecord{Operation: model.OpRestore, ID: cutID, PreviousMD5: sum, NewMD5: model.DigestOf([]byte(meant)), Serial: 2,
		Digests: map[string]string{"acme-locks": sum}, Tables: []string{"acme-locks"}, Host: "elsewhere", PID: 1}.Info()
	if err != nil {
		f.t.Fatal(err)
	}
	raw, err := model.LockInfo{ID: "8d0a9f5e-6c1b-4d55-9a7e-0f2b6f0d3c44", Operation: "stateward-restore", Info: info, Who: "oncall@elsewhere",
		Created: f.now().Add(-time.Hour), Path: model.LockID(sample.OverwrittenBucket, cutKey)}.Marshal()
	if err != nil {
		f.t.Fatal(err)
	}
	return raw
}

// everyWord answers all that any plan of the sweep asks for.
func everyWord() []string {
	args := []string{"--yes"}
	for _, word := range []string{sample.StaleLockID, sample.LiveLockID, sample.OverwrittenKey, brokenKey, cutKey, cutID,
		model.TokenLive, model.TokenLineage, model.TokenVerbatim, model.TokenDead} {
		args = append(args, "--confirm", word)
	}
	return args
}

// everyCommand is the command tree as it is run, hidden commands included.
func everyCommand(f *readOnlyFleet) map[string]*cobra.Command {
	root := f.app(io.Discard, io.Discard).commands()
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	all := map[string]*cobra.Command{}
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Runnable() {
			all[c.CommandPath()] = c
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(root)
	return all
}

// commandChanges reports whether a command changes something: those that do can be
// confirmed on the command line.
func commandChanges(c *cobra.Command) bool { return c.Flags().Lookup("yes") != nil }

func TestTheSweepKnowsEveryCommand(t *testing.T) {
	f := newReadOnlyFleet(t)
	commands, swept := everyCommand(f), sweptCommands(f)
	for path := range commands {
		if len(swept[path]) == 0 {
			t.Errorf("%s is not swept: say with which arguments", path)
		}
	}
	for path := range swept {
		if commands[path] == nil {
			t.Errorf("%s is swept, and is no command", path)
		}
	}
}

// TestEverySweptChangeWouldHappen: without read-only mode the command lines of
// the sweep change something, so that the sweep is no sweep of nothing.
func TestEverySweptChangeWouldHappen(t *testing.T) {
	for path, command := range everyCommand(newReadOnlyFleet(t)) {
		if !commandChanges(command) {
			continue
		}
		for i := range sweptCommands(newReadOnlyFleet(t))[path] {
			t.Run(fmt.Sprint(path, " ", i), func(t *testing.T) {
				f := newReadOnlyFleet(t)
				e := f.run(f.line(path, i, everyWord())...)
				if len(f.changes()) == 0 || e.code != exitDone {
					t.Errorf("exit %d, %d changes\n%s", e.code, len(f.changes()), e.stderr)
				}
			})
		}
	}
}

// line is a command line of the sweep.
func (f *readOnlyFleet) line(path string, i int, more []string) []string {
	args := append(strings.Fields(path)[1:], sweptCommands(f)[path][i]...)
	return append(args, more...)
}

// TestReadOnlySendsNoChange runs every command with every confirmation under
// every way to say read-only.
func TestReadOnlySendsNoChange(t *testing.T) {
	for name, way := range map[string]struct{ flag, config string }{
		"the flag":                  {flag: "--read-only"},
		"the option of the config":  {config: "read_only = true\n"},
		"the policy for all":        {config: "policy \"*\" {\n  read_only = true\n}\n"},
		"the policy for these":      {config: "policy \"acme-*\" {\n  read_only = true\n}\n"},
		"the flag under a policy":   {flag: "--read-only", config: "policy \"*\" {\n  protected = true\n}\n"},
		"a policy over the default": {config: "read_only = false\npolicy \"acme-tfstate-*\" {\n  read_only = true\n}\n"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newReadOnlyFleet(t)
			f.config(way.config)
			lines := f.sweep(way.flag, strings.Contains(way.config, "policy"))
			equal(t, "changes", f.changes(), nil)
			t.Logf("%d command lines and %d plans past the pages sent %d requests, %d changes", lines, f.tried, len(f.server.Requests()), len(f.changes()))
			if f.tried == 0 {
				t.Error("the user of the UI found nothing to try")
			}
			if b, err := os.ReadFile(f.journalPath()); err == nil && strings.Contains(string(b), `"request"`) {
				t.Errorf("the journal has requests:\n%s", b)
			}
		})
	}
}

// sweep runs every command line and returns how many.
func (f *readOnlyFleet) sweep(flag string, byPolicy bool) (lines int) {
	f.t.Helper()
	for path, command := range everyCommand(f) {
		for i := range sweptCommands(f)[path] {
			if path == "stateward demo" && flag == "" && byPolicy {
				continue // no config has a say in the demo
			}
			var more []string
			if flag != "" {
				more = append(more, flag)
			}
			if commandChanges(command) {
				more = append(more, everyWord()...)
			}
			lines++
			line := f.line(path, i, more)
			e := f.runWithUser(line)
			if commandChanges(command) && e.code != exitRefused {
				f.t.Errorf("%q: exit %d, want %d\n%s", line, e.code, exitRefused, e.stderr)
			}
			if n := len(f.changes()); n > 0 {
				f.t.Fatalf("%q sent %d changes: %v", line, n, f.changes())
			}
		}
	}
	return lines
}

// runWithUser runs a command line; where it opens the UI, somebody tries
// everything there.
func (f *readOnlyFleet) runWithUser(args []string) ended {
	var stdout, stderr strings.Builder
	a := f.app(&stdout, &stderr)
	a.runUI = func(ctx context.Context, o ui.Options) error { f.tryAll(ctx, args, o); return nil }
	code := a.run(f.ctx, append(args, "--endpoint-url", f.server.URL()))
	return ended{code, stdout.String(), stderr.String()}
}

// tryAll plans and runs every operation past the pages, as if none of them
// knew of read-only mode.
func (f *readOnlyFleet) tryAll(ctx context.Context, args []string, o ui.Options) {
	f.t.Helper()
	for page, err := range o.Reader.Backends(ctx) {
		if err != nil {
			f.t.Errorf("%q: %v", args, err)
		}
		for _, b := range page {
			for _, l := range o.Reader.Locks(ctx, b).Locks {
				p, err := o.Operator.PlanUnlock(ctx, b, l.Key, model.UnlockRequest{})
				f.try(ctx, o, p, err)
			}
			if b.Bucket == sample.OverwrittenBucket {
				f.tryOverwritten(ctx, o, b)
			}
		}
	}
}

func (f *readOnlyFleet) tryOverwritten(ctx context.Context, o ui.Options, b model.Backend) {
	for page, err := range o.Reader.Versions(ctx, b, sample.OverwrittenKey) {
		if err != nil {
			f.t.Error(err)
		}
		for _, v := range page[:min(len(page), 2)] {
			p, err := o.Operator.PlanRestore(ctx, b, sample.OverwrittenKey, model.RestoreRequest{VersionID: v.VersionID})
			f.try(ctx, o, p, err)
		}
	}
	for _, key := range []string{brokenKey, cutKey, sample.OverwrittenKey} {
		p, err := o.Operator.PlanRepair(ctx, b, key, model.RepairRequest{To: model.RepairToBytes})
		f.try(ctx, o, p, err)
		p, err = o.Operator.PlanRecover(ctx, b, key, "")
		f.try(ctx, o, p, err)
	}
}

// try runs a plan with all its words, as it is and as if it had been made where
// changes are allowed.
func (f *readOnlyFleet) try(ctx context.Context, o ui.Options, p *model.Plan, err error) {
	f.t.Helper()
	if err != nil || p == nil || p.Gone {
		return
	}
	var words []string
	for _, t := range p.Tokens {
		words = append(words, t.Value)
	}
	allowed := *p
	allowed.Refusals, allowed.Backend.Policy = nil, model.Policy{}
	for _, plan := range []*model.Plan{p, &allowed} {
		f.tried++
		r := o.Operator.Run(ctx, plan, words, func(model.StepEvent) {})
		if r.Outcome != model.OutcomeRefused && r.Outcome != model.OutcomeAlreadyGone {
			f.t.Errorf("%s of %s: %s: %s", plan.Operation, plan.URL(), r.Outcome, r.Message)
		}
		if r.Outcome == model.OutcomeRefused && !errors.Is(r.Err, model.ErrReadOnly) && !errors.Is(r.Err, model.ErrRefused) {
			f.t.Errorf("%s of %s: refused for another reason: %v", plan.Operation, plan.URL(), r.Err)
		}
	}
}
