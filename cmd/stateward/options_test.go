package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stateward/stateward/model"
)

func TestAFlagWinsOverTheFileAndTheFileOverTheEnvironment(t *testing.T) {
	for name, c := range map[string]struct {
		env    map[string]string
		config string
		flags  []string
		got    func(o settings) any
		want   any
	}{
		"nothing said":          {got: func(s settings) any { return s.timeout }, want: 30 * time.Second},
		"the file":              {config: "timeout = \"5s\"\n", got: func(s settings) any { return s.timeout }, want: 5 * time.Second},
		"the flag":              {config: "timeout = \"5s\"\n", flags: []string{"--timeout", "7s"}, got: func(s settings) any { return s.timeout }, want: 7 * time.Second},
		"the environment":       {env: map[string]string{"NO_COLOR": "1"}, got: func(s settings) any { return s.noColor }, want: true},
		"the file over it":      {env: map[string]string{"NO_COLOR": "1"}, config: "no_color = false\n", got: func(s settings) any { return s.noColor }, want: false},
		"an empty flag":         {config: "workspace_key_prefix = \"ws\"\n", flags: []string{"--workspace-key-prefix", ""}, got: func(s settings) any { return s.workspace }, want: model.WorkspaceRule{Set: true}},
		"lists are replaced":    {config: "lock_tables = [\"a\"]\n", flags: []string{"--lock-table", "b", "--lock-table", "c,d"}, got: func(s settings) any { return s.lockTables }, want: []string{"b", "c,d"}},
		"mechanisms, each once": {flags: []string{"--mechanism", "lockfile", "--mechanism", "dynamodb", "--mechanism", "lockfile"}, got: func(s settings) any { return s.mechanisms }, want: []model.Mechanism{"lockfile", "dynamodb"}},
		"all versions":          {flags: []string{"--versions", "all"}, got: func(s settings) any { return s.versions }, want: allVersions},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if c.config != "" {
				w.config(c.config)
			}
			cmd, f := w.app(nil, nil).commands(), &flags{}
			cmd.ResetFlags()
			f.register(cmd.PersistentFlags())
			if err := cmd.ParseFlags(c.flags); err != nil {
				t.Fatal(err)
			}
			given, err := f.options(cmd.Flags())
			if err != nil {
				t.Fatal(err)
			}
			file, err := loadConfig(envOf(w.env), "")
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "value", c.got(settle(given, file.options, envOf(c.env))), c.want)
		})
	}
}

func TestUsageErrors(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want string
		help string
	}{
		"an unknown flag":              {[]string{"states", "--colour"}, "unknown flag: --colour", "stateward states --help"},
		"a flag without its value":     {[]string{"states", "--region"}, "flag needs an argument: --region", "stateward states --help"},
		"versions that are no number":  {[]string{"states", "--versions", "abc"}, `--versions: "abc" is neither a whole number of versions nor all`, "stateward states --help"},
		"negative versions":            {[]string{"history", "s3://b/k", "--versions", "-1"}, `--versions: "-1" is neither`, "stateward history --help"},
		"a table without a name":       {[]string{"locks", "--lock-table", ""}, "--lock-table: a table has a name", "stateward locks --help"},
		"no concurrency":               {[]string{"locks", "--concurrency", "0"}, "--concurrency: 0 is not between 1 and 256", "stateward locks --help"},
		"a concurrency that is a word": {[]string{"locks", "--concurrency", "many"}, `--concurrency: "many" is not a whole number`, "stateward locks --help"},
		"a timeout without a unit":     {[]string{"locks", "--timeout", "30"}, `--timeout: "30" is not a duration`, "stateward locks --help"},
		"an output that there is not":  {[]string{"version", "-o", "yaml"}, `--output: "yaml" is none of table, json`, "stateward version --help"},
		"a mechanism that is none":     {[]string{"locks", "--mechanism", "consul"}, `--mechanism: "consul" is none of dynamodb, lockfile`, "stateward locks --help"},
		"an endpoint that is no URL":   {[]string{"locks", "--endpoint-url", "localhost:4566"}, `--endpoint-url: "localhost:4566" is not a URL`, "stateward locks --help"},
		"a target that is unknown":     {[]string{"locks", "payments"}, `"payments" is no target`, "stateward locks --help"},
		"two targets for one":          {[]string{"states", "s3://a", "s3://b"}, "one TARGET at most", "stateward states --help"},
		"an argument too many":         {[]string{"version", "x"}, `no argument is taken here: "x"`, "stateward version --help"},
		"no state":                     {[]string{"history"}, "name one state: s3://bucket/key", "stateward history --help"},
		"a bucket for a state":         {[]string{"history", "s3://b"}, "names no state: give s3://bucket/key", "stateward history --help"},
		"a command mistyped":           {[]string{"lcoks"}, "Is it the command locks?", "stateward --help"},
		"no terminal for the UI":       {[]string{}, "the UI needs a terminal", "stateward --help"},
		"no terminal for the demo":     {[]string{"demo"}, "the UI needs a terminal", "stateward demo --help"},
		"a demo that others reach":     {[]string{"demo", "--serve", ":4566"}, "is not on loopback", "stateward demo --help"},
		"a demo on every interface":    {[]string{"demo", "--serve", "0.0.0.0:4566"}, "is not on loopback", "stateward demo --help"},
		"a demo without a port":        {[]string{"demo", "--serve", "127.0.0.1"}, "is no address", "stateward demo --help"},
		"a since that is none":         {[]string{"journal", "--since", "yesterday"}, `--since: "yesterday" is neither`, "stateward journal --help"},
		"a config that is not there":   {[]string{"states", "--config", "/none.hcl"}, "/none.hcl", "stateward states --help"},
		"an escape in an argument":     {[]string{"states", "\x1b[2J"}, `\x1b[2J`, "stateward states --help"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			e := w.run(c.args...)
			equal(t, "exit code", e.code, exitUsage)
			equal(t, "stdout", e.stdout, "")
			if !strings.Contains(e.stderr, c.want) || !strings.HasSuffix(e.stderr, "Help: "+c.help+"\n") {
				t.Errorf("want %q and %q in\n%s", c.want, c.help, e.stderr)
			}
			equal(t, "no usage dump", strings.Contains(e.stderr, "Usage:"), false)
			equal(t, "connections", len(w.backends.options), 0)
			if strings.Contains(e.stderr, "\x1b") {
				t.Error("stderr is not sanitised")
			}
		})
	}
}

func TestAWrongConfigIsToldBeforeAnythingIsSent(t *testing.T) {
	w := newWorld(t)
	w.config("backend \"a\" {\n  bukket = \"b\"\n}\n")
	e := w.run("states", "s3://b")
	equal(t, "exit code", e.code, exitUsage)
	if !strings.Contains(e.stderr, "config.hcl:2:3: \"bukket\" is not known here") {
		t.Errorf("stderr: %s", e.stderr)
	}
	equal(t, "connections", len(w.backends.options), 0)
	equal(t, "version works all the same", w.run("version").code, 0)
}

func TestVersionCommand(t *testing.T) {
	w := newWorld(t)
	e := w.run("version")
	if !strings.HasPrefix(e.stdout, "stateward ") || e.stderr != "" {
		t.Errorf("%q %q", e.stdout, e.stderr)
	}
	b := decode[build](t, w.run("version", "-o", "json"))
	equal(t, "version", b.Version, buildInfo().Version)
}

func TestHelpOfEveryCommand(t *testing.T) {
	w := newWorld(t)
	for _, cmd := range w.app(nil, nil).commands().Commands() {
		e := w.run(cmd.Name(), "--help")
		equal(t, cmd.Name()+": exit code", e.code, 0)
		if !strings.Contains(e.stdout, "Usage:") {
			t.Errorf("%s: %s", cmd.Name(), e.stdout)
		}
	}
}

func TestTheUIGetsWhatTheCommandLineSays(t *testing.T) {
	w := newWorld(t)
	w.columns = 80
	w.config("profile = \"p\"\nbackend \"payments\" {\n  bucket = \"acme\"\n}\nui {\n  theme = \"light\"\n  refresh = \"5s\"\n}\n")
	e := w.run("payments", "--read-only", "--region", "eu-west-1")
	equal(t, "exit code", e.code, 0)
	u := w.ui
	equal(t, "target", u.Targets[0].Name, "payments")
	equal(t, "read-only, profile, region, theme, refresh", []any{u.ReadOnly, u.Profile, u.Region, u.Theme, u.Refresh}, []any{true, "p", "eu-west-1", "light", 5 * time.Second})
	if entries, err := u.Journal(t.Context()); err != nil || len(entries) != 0 {
		t.Errorf("journal: %v, %v", entries, err)
	}
	w.run()
	equal(t, "targets without one", len(w.ui.Targets), 0)
	equal(t, "flags without any", len(w.ui.Program.Flags), 0)
	file := filepath.Join(w.dir, "other.hcl")
	writeFile(t, file, "")
	w.run("--config", file, "--trust-dir", "--path-style", "--workspace-key-prefix", "", "--lock-table", "a", "--lock-table", "b", "--mechanism", "lockfile")
	equal(t, "flags", w.ui.Program.Flags, []string{"--path-style=true", "--lock-table=a", "--lock-table=b", "--mechanism=lockfile",
		"--workspace-key-prefix=", "--config=" + file, "--trust-dir=true"})
}

func TestTheUIPlansWithWhatTheDirectorySaysOfTheState(t *testing.T) {
	w := newWorld(t)
	w.columns = 80
	w.backends.plan = unlockPlan(false)
	k := sampleKnown()
	o := scopedOperator{w.backends, k}
	b := k.all()[0]
	equal(t, "the page's backend keeps digests", b.Digests, []string{"dir-locks"})
	for key, own := range map[string]bool{"api/terraform.tfstate": true, "web/terraform.tfstate": false} {
		if _, err := o.PlanRestore(t.Context(), b, key, model.RestoreRequest{}); err != nil {
			t.Fatal(err)
		}
		equal(t, key, len(w.backends.planned.Digests) > 0, own)
		if _, err := o.PlanUnlock(t.Context(), b, key, model.UnlockRequest{}); err != nil {
			t.Fatal(err)
		}
		equal(t, key, len(w.backends.planned.Digests) > 0, own)
	}
}

func TestMFACodesAreAskedBeforeTheUIOnly(t *testing.T) {
	w := newWorld(t)
	w.typed = []string{"123456"}
	m := &mfaPrompt{app: w.app(nil, nil)}
	code, err := m.ask("arn:aws:iam::123456789012:mfa/me\x1b[2J")
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "code", code, "123456")
	equal(t, "question", w.asked.out.String(), `MFA code of arn:aws:iam::123456789012:mfa/me\x1b[2J: `)
	m.closed.Store(true)
	if _, err := m.ask("x"); err == nil || !strings.Contains(err.Error(), "while the UI runs") {
		t.Errorf("got %v", err)
	}
}

func TestDemoOptionsCannotReachAWS(t *testing.T) {
	w := newWorld(t)
	a := w.app(nil, nil)
	profile := "prod"
	s := &session{app: a, mfa: &mfaPrompt{app: a}, journal: journalAt(a.env, ""), set: settle(options{profile: &profile, region: &profile, endpointURL: &profile}, options{}, a.env)}
	s.set.lockTables, s.known = []string{"x"}, sampleKnown()
	o := s.demoOptions("http://127.0.0.1:1")
	equal(t, "profile, region, endpoint", []string{o.Profile, o.Region, o.EndpointURL}, []string{"", demoRegion, "http://127.0.0.1:1"})
	equal(t, "keys", []string{o.Static.AccessKeyID, o.Static.SecretAccessKey}, []string{demoKey, demoKey})
	equal(t, "backends and tables", []int{len(o.Backends), len(o.LockTables), len(o.Mechanisms), len(o.Policies)}, []int{0, 0, 0, 0})
}
