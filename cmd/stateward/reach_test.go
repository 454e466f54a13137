package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/aws/emulator/sample"
	"github.com/stateward/stateward/model"
)

// paste runs a command line that was printed, as it was printed, with nothing
// added but what answers its question.
func (f *fleet) paste(line string, answers ...string) ended {
	f.t.Helper()
	words := strings.Fields(line)
	if len(words) < 2 || words[0] != "stateward" || strings.ContainsAny(line, `'"$`) {
		f.t.Fatalf("no plain command line: %s", line)
	}
	if !strings.Contains(line, f.server.URL()) { // run, it would leave this machine
		f.t.Fatalf("it does not name the endpoint: %s", line)
	}
	return f.world.run(append(words[1:], answers...)...)
}

func TestThePrintedUndoRunsAsItIsPrinted(t *testing.T) {
	f := newFleet(t)
	versions := decode[[]versionDoc](t, f.run("history", overwrittenURL, "-o", "json"))
	wrong := f.object(sample.OverwrittenBucket, sample.OverwrittenKey)
	args := []string{"restore", overwrittenURL, "--version-id", versions[1].VersionID, "--lock-table", "acme-locks", "-o", "json"}
	dry := decode[resultDoc](t, f.run(append(args, "--dry-run")...))
	done := decode[resultDoc](t, f.run(append(args, "--yes")...))
	equal(t, "outcome", done.Outcome, model.OutcomeDone)
	equal(t, "undo of the dry run", dry.Undo.Command, done.Undo.Command)
	for _, flag := range []string{" --endpoint-url=" + f.server.URL(), " --lock-table=acme-locks"} {
		if !strings.Contains(done.Undo.Command, flag) {
			t.Errorf("no %s in %s", flag, done.Undo.Command)
		}
	}
	entries := decode[[]model.JournalEntry](t, f.run("journal", "-o", "json"))
	equal(t, "undo in the journal", entries[len(entries)-1].Undo, done.Undo.Command)

	undone := decode[resultDoc](t, f.paste(done.Undo.Command, "--yes", "-o", "json"))
	equal(t, "outcome of the undo", undone.Outcome, model.OutcomeDone)
	now := model.ReadHeader([]byte(f.object(sample.OverwrittenBucket, sample.OverwrittenKey)), 1<<20)
	before := model.ReadHeader([]byte(wrong), 1<<20)
	equal(t, "lineage", *now.Lineage, *before.Lineage)
	equal(t, "serial of the undo is a later one", *now.Serial > *before.Serial, true)
}

func TestAnInterruptedRestoreIsFinishedByTheCommandThatItPrints(t *testing.T) {
	f := newFleet(t)
	versions := decode[[]versionDoc](t, f.run("history", overwrittenURL, "-o", "json"))
	f.server.OnRequest(func(r emulator.Request) *emulator.Fault {
		if r.Mutates && r.Service == "dynamodb" && strings.Contains(string(r.Body), "-md5") {
			return &emulator.Fault{Status: 400, Code: "AccessDeniedException"}
		}
		return nil
	})
	e := f.run("restore", overwrittenURL, "--version-id", versions[1].VersionID, "--lock-table", "acme-locks", "--yes", "-o", "json")
	f.server.OnRequest(nil)
	cut := decode[resultDoc](t, e)
	equal(t, "outcome", cut.Outcome, model.OutcomeInterrupted)
	info := f.row(sample.OverwrittenBucket+"/"+sample.OverwrittenKey, "Info")
	if !strings.Contains(info, "stateward-record=") || strings.Contains(info, f.server.URL()) {
		t.Errorf("the lock, which other machines read, has: %s", info)
	}
	if len(cut.Commands) != 1 || !strings.HasSuffix(cut.Next[0], ": "+cut.Commands[0]) {
		t.Fatalf("next %q, commands %q", cut.Next, cut.Commands)
	}
	again := decode[[]resultDoc](t, f.paste(cut.Commands[0], "--yes", "--confirm", "DEAD", "-o", "json"))
	equal(t, "results", len(again), 1)
	equal(t, "outcome of the recovery", again[0].Outcome, model.OutcomeDone)
}

func TestWhatAPrintedCommandLineRepeats(t *testing.T) {
	for name, c := range map[string]struct {
		config string
		args   []string
		want   string
	}{
		"nothing":                     {want: "stateward states"},
		"who and where":               {args: []string{"--profile", "oncall", "--region", "eu-west-1", "--endpoint-url", "http://h:1"}, want: "stateward states --profile=oncall --region=eu-west-1 --endpoint-url=http://h:1"},
		"tables and mechanisms":       {args: []string{"--lock-table", "b", "--lock-table", "a", "--mechanism", "dynamodb"}, want: "stateward states --lock-table=b --lock-table=a --mechanism=dynamodb"},
		"what only shows differently": {args: []string{"--no-color", "--read-only", "--log-file", filepath.Join(t.TempDir(), "log")}, want: "stateward states"},
		"what a slow store needs":     {args: []string{"--timeout", "9m", "--concurrency", "1"}, want: "stateward states --timeout=9m --concurrency=1"},
		// It is read again; as a flag it would win over a backend's own profile.
		"the config's profile": {config: "profile = \"p\"\n", want: "stateward states"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.config(c.config)
			w.run(append([]string{"locks", "s3://acme"}, c.args...)...)
			equal(t, "command", w.backends.options[0].Program.Command("states"), c.want)
		})
	}
}

func TestAFileIsNamedFromTheRoot(t *testing.T) {
	t.Chdir(t.TempDir())
	writeFile(t, "other.hcl", "")
	w := newWorld(t)
	w.run("locks", "s3://acme", "--config", "other.hcl")
	flags := w.backends.options[0].Program.Flags
	if len(flags) != 1 || !filepath.IsAbs(strings.TrimPrefix(flags[0], "--config=")) {
		t.Errorf("%q", flags)
	}
}

func TestAReportForOthersHasBareCommands(t *testing.T) {
	for output, want := range map[string]bool{"table": true, "json": true, "markdown": false, "sarif": false} {
		w := newWorld(t)
		w.run("doctor", "s3://acme", "--profile", "oncall", "-o", output)
		equal(t, output, len(w.backends.options[0].Program.Flags) > 0, want)
	}
}

func TestTheDemosCommandLines(t *testing.T) {
	o := aws.Options{EndpointURL: "http://127.0.0.1:1", Region: demoRegion, Static: &aws.StaticCredentials{AccessKeyID: demoKey, SecretAccessKey: demoKey}}
	given := model.Program{Flags: []string{"--profile=oncall", "--lock-table=t", "--versions=all"}, Profile: "oncall"}
	o.Program = demoProgram(given, o)
	equal(t, "shown", o.Program.Command("states"), "stateward states --region=us-east-1 --endpoint-url=http://127.0.0.1:1 --versions=all")
	equal(t, "copied", copiedProgram(o).Command("states"),
		"AWS_ACCESS_KEY_ID=demo AWS_SECRET_ACCESS_KEY=demo stateward states --region=us-east-1 --endpoint-url=http://127.0.0.1:1 --versions=all")
}

func TestAnEmptyListSaysWhereItLooked(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"locks of one":        {[]string{"locks", "s3://acme"}, "no locks are held in s3://acme"},
		"locks below a key":   {[]string{"locks", "s3://acme/a/"}, "no locks are held in s3://acme/a"},
		"locks of two":        {[]string{"locks", "s3://acme", "s3://other"}, "no locks are held in 2 backends"},
		"states of one":       {[]string{"states", "s3://acme"}, "no states in s3://acme"},
		"without any backend": {[]string{"locks"}, "no locks are held: no backend is known"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			e := w.run(c.args...)
			equal(t, "exit code", e.code, exitDone)
			if !strings.Contains(e.stderr, c.want) {
				t.Errorf("stderr: %s", e.stderr)
			}
		})
	}
}
