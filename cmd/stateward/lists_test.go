package main

import (
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stateward/stateward/model"
)

// denied is what package aws makes of an AccessDenied.
func denied(action string) error {
	return &model.Failure{Kind: model.ErrDenied, Tried: "listing", On: "the account", Action: action}
}

func decode[T any](t *testing.T, e ended) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(e.stdout), &v); err != nil {
		t.Fatalf("%v in %q\nstderr: %s", err, e.stdout, e.stderr)
	}
	return v
}

func TestLists(t *testing.T) {
	lock := model.Lock{Bucket: "b", Key: "k", Mechanism: model.MechanismLockfile, Raw: []byte("x"), Info: model.LockInfo{ID: "i", Who: "ci@r"}}
	for name, c := range map[string]struct {
		args   []string
		set    func(f *fakeBackends)
		code   int
		rows   int    // of the JSON document; -1 when nothing may be printed
		stderr string // in JSON and in table
		table  string // on stdout, part of
		talk   string // on stderr of the table, part of
	}{
		"backends":                      {args: []string{"backends"}, set: func(f *fakeBackends) { f.found = []model.Backend{{Name: "b", Bucket: "b"}, {Name: "b", Bucket: "b"}} }, rows: 1, table: "s3://b"},
		"backends, none":                {args: []string{"backends"}, table: "", talk: "no backends"},
		"backends, ListBuckets denied":  {args: []string{"backends"}, set: func(f *fakeBackends) { f.foundErr = denied("s3:ListAllMyBuckets") }, code: 1, rows: -1, stderr: "AccessDenied s3:ListAllMyBuckets"},
		"states":                        {args: []string{"states", "s3://b"}, set: func(f *fakeBackends) { f.states = []model.State{{Key: "k"}, {Key: "l"}} }, rows: 2, table: "s3://b/l"},
		"states below a prefix":         {args: []string{"states", "s3://b/te"}, set: func(f *fakeBackends) { f.states = []model.State{{Key: "team/k"}, {Key: "l"}} }, rows: 1, table: "s3://b/team/k"},
		"states, none":                  {args: []string{"states", "s3://b"}, talk: "no states"},
		"states, deleted":               {args: []string{"states", "s3://b", "--deleted"}, set: func(f *fakeBackends) { f.states = []model.State{{Key: "k"}, {Key: "l", Deleted: true}} }, rows: 2, table: "deleted"},
		"states, deleted not asked for": {args: []string{"states", "s3://b"}, set: func(f *fakeBackends) { f.states = []model.State{{Key: "k"}, {Key: "l", Deleted: true}} }, rows: 1},
		"states, a table not read": {args: []string{"states", "s3://b"}, set: func(f *fakeBackends) {
			f.states, f.problem = []model.State{{Key: "k"}}, []string{"AccessDenied dynamodb:Scan on t"}
		}, code: 1, rows: 1, stderr: "not read: AccessDenied dynamodb:Scan on t"},
		"states, listing breaks off":    {args: []string{"states", "s3://b"}, set: func(f *fakeBackends) { f.states, f.statesErr = []model.State{{Key: "k"}}, denied("s3:ListBucket") }, code: 1, rows: 1, stderr: "AccessDenied s3:ListBucket"},
		"states, nothing could be read": {args: []string{"states", "s3://b"}, set: func(f *fakeBackends) { f.statesErr = denied("s3:ListBucket") }, code: 1, rows: -1, stderr: "AccessDenied s3:ListBucket"},
		"states, a fact not read": {args: []string{"states", "s3://b"}, set: func(f *fakeBackends) {
			f.states, f.stateFact = []model.State{{Key: "k"}}, model.StateFacts{Header: model.Unknown[model.StateHeader]("AccessDenied s3:GetObject")}
		}, rows: 1, table: "?", talk: "? serial: AccessDenied s3:GetObject (1)"},
		"history": {args: []string{"history", "s3://b/k"}, set: func(f *fakeBackends) {
			f.versions, f.verFacts = []model.Version{{VersionID: "v2", IsLatest: true, DeleteMarker: true}, {VersionID: "v1", ETag: "e"}}, model.VersionFacts{Header: model.Known(sampleHeader())}
		}, rows: 2, table: "empty: no bytes at all"},
		"history, denied": {args: []string{"history", "s3://b/k"}, set: func(f *fakeBackends) { f.versErr = denied("s3:ListBucketVersions") }, code: 1, rows: -1, stderr: "AccessDenied s3:ListBucketVersions"},
		"history, breaks off": {args: []string{"history", "s3://b/k"}, set: func(f *fakeBackends) {
			f.versions, f.versErr = []model.Version{{VersionID: "v"}}, denied("s3:ListBucketVersions")
		}, code: 1, rows: 1, stderr: "AccessDenied s3:ListBucketVersions"},
		"history of no such key": {args: []string{"history", "s3://b/team/kk"}, set: func(f *fakeBackends) { f.states = []model.State{{Key: "team/k"}, {Key: "other"}} }, code: 1, rows: -1, stderr: "Similar: team/k"},
		"locks":                  {args: []string{"locks", "s3://b"}, set: func(f *fakeBackends) { f.locks.Locks = []model.Lock{lock} }, rows: 1, table: "ci@r"},
		"locks, none":            {args: []string{"locks", "s3://b"}, talk: "no locks are held"},
		"locks, Scan denied": {args: []string{"locks", "s3://b"}, set: func(f *fakeBackends) {
			f.locks = model.LockReport{Locks: []model.Lock{lock}, Problems: []string{"AccessDenied dynamodb:Scan on t"}}
		}, code: 1, rows: 1, stderr: "AccessDenied dynamodb:Scan"},
		"locks, nothing could be read":  {args: []string{"locks", "s3://b"}, set: func(f *fakeBackends) { f.locks.Problems = []string{"AccessDenied dynamodb:Scan on t"} }, code: 1, rows: -1, stderr: "AccessDenied dynamodb:Scan"},
		"locks of one state by its key": {args: []string{"locks", "s3://b/k"}, set: func(f *fakeBackends) { f.locksOf.Locks = []model.Lock{lock} }, rows: 1},
		"locks found in two ways":       {args: []string{"locks", "s3://b/k"}, set: func(f *fakeBackends) { f.locks.Locks, f.locksOf.Locks = []model.Lock{lock}, []model.Lock{lock} }, rows: 1},
		"locks of other keys":           {args: []string{"locks", "s3://b/other/"}, set: func(f *fakeBackends) { f.locks.Locks = []model.Lock{lock} }, talk: "no locks"},
	} {
		t.Run(name, func(t *testing.T) {
			run := func(args ...string) ended {
				w := newWorld(t)
				if c.set != nil {
					c.set(w.backends)
				}
				return w.run(append(c.args, args...)...)
			}
			e := run("-o", "json")
			equal(t, "exit code", e.code, c.code)
			if c.rows < 0 {
				equal(t, "stdout", e.stdout, "")
			} else {
				equal(t, "rows", len(decode[[]any](t, e)), c.rows)
			}
			tab := run()
			equal(t, "exit code of the table", tab.code, c.code)
			for _, stderr := range []string{e.stderr, tab.stderr} {
				if !strings.Contains(stderr, c.stderr) {
					t.Errorf("stderr has no %q:\n%s", c.stderr, stderr)
				}
			}
			if !strings.Contains(tab.stdout, c.table) || !strings.Contains(tab.stderr, c.talk) {
				t.Errorf("want %q in\n%s\nand %q in\n%s", c.table, tab.stdout, c.talk, tab.stderr)
			}
		})
	}
}

func TestAnEmptyListIsADocument(t *testing.T) {
	e := newWorld(t).run("locks", "s3://b", "-o", "json")
	equal(t, "stdout", e.stdout, "[]\n")
	equal(t, "exit code", e.code, 0)
}

func TestHistoryReadsTheNewestVersionsOnly(t *testing.T) {
	for name, c := range map[string]struct {
		flag []string
		read int
	}{
		"the default covers all three": {nil, 2}, "none": {[]string{"--versions", "0"}, 0},
		"two, one a delete marker": {[]string{"--versions", "2"}, 1}, "all": {[]string{"--versions", "all"}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.backends.versions = []model.Version{{VersionID: "m", DeleteMarker: true}, {VersionID: "v2"}, {VersionID: "v1"}}
			w.backends.verFacts = model.VersionFacts{Header: model.Known(sampleHeader())}
			e := w.run(append([]string{"history", "s3://b/k", "-o", "json"}, c.flag...)...)
			equal(t, "reads", w.backends.count("VersionFacts"), c.read)
			docs := decode[[]versionDoc](t, e)
			var ids []string
			for _, d := range docs {
				ids = append(ids, d.VersionID)
			}
			equal(t, "order", ids, []string{"m", "v2", "v1"})
			if c.read < 2 {
				equal(t, "why", docs[2].Unknown["serial"], "beyond --versions "+c.flag[1])
			} else {
				equal(t, "serial", docs[2].Serial, ptr(uint64(7)))
			}
		})
	}
}

func TestLocksAreFoldedInTheTableOnly(t *testing.T) {
	w := newWorld(t)
	at := w.now().Add(-3 * time.Hour)
	hold := func(m model.Mechanism, table, id string) model.Lock {
		return model.Lock{Bucket: "b", Key: "k", Mechanism: m, Table: table, Raw: []byte(id), ReadAt: w.now(), Verdict: model.LikelyStale,
			Info: model.LockInfo{ID: id, Who: "ci@r", Operation: "OperationTypeApply", Created: at}}
	}
	w.backends.locks.Locks = []model.Lock{hold(model.MechanismLockfile, "", "one"), hold(model.MechanismDynamoDB, "t", "one"), hold(model.MechanismDynamoDB, "u", "two"),
		{Bucket: "b", Key: "a", Mechanism: model.MechanismLockfile, Raw: []byte("?"), Malformed: "not JSON", Verdict: model.Unclear}}
	e := w.run("locks", "s3://b")
	equal(t, "table", e.stdout, ""+
		"STATE     HELD BY       FOR  VIA                VERDICT       ID\n"+
		"s3://b/a  ? (not JSON)  ?    lockfile           unclear       8a8de823d5ed\n"+
		"s3://b/k  ci@r apply    3 h  lockfile+dynamodb  likely stale  one\n"+
		"s3://b/k  ci@r apply    3 h  dynamodb           likely stale  two\n")
	equal(t, "elements", len(decode[[]lockDoc](t, w.run("locks", "s3://b", "-o", "json"))), 4)
}

func TestStatesKeepTheirOrder(t *testing.T) {
	w := newWorld(t)
	var want []string
	for i := range 60 {
		key := string(rune('a'+i%26)) + string(rune('a'+i/26))
		w.backends.states = append(w.backends.states, model.State{Key: key})
		want = append(want, key)
	}
	var got []string
	for _, d := range decode[[]stateDoc](t, w.run("states", "s3://b", "-o", "json", "--concurrency", "16")) {
		got = append(got, d.Key)
	}
	equal(t, "keys", got, want)
	equal(t, "facts read", w.backends.count("StateFacts"), 60)
}

func TestBackendsComeFromDirectoryConfigAndAccount(t *testing.T) {
	w := newWorld(t)
	w.config("backend \"payments\" {\n  bucket = \"acme-pay\"\n  profile = \"p\"\n}\nlock_tables = [\"shared\"]\npolicy \"*\" {\n  protected = true\n}\n")
	writeFile(t, filepath.Join(w.dir, "main.tf"), "terraform {\n  backend \"s3\" {\n    bucket = \"acme-dir\"\n    key = \"k\"\n    endpoints = { s3 = \"http://evil\" }\n  }\n}\n")
	w.backends.found = []model.Backend{{Name: "acme-found", Bucket: "acme-found", Source: model.SourceAccount}}
	e := w.run("backends", "-o", "json")
	var got []string
	for _, d := range decode[[]backendDoc](t, e) {
		got = append(got, d.Name+" "+string(d.Source))
	}
	equal(t, "backends", got, []string{"acme-dir working directory", "payments config", "acme-found account"})
	if !strings.Contains(e.stderr, "note: main.tf:2 sets endpoints: ignored without --trust-dir") {
		t.Errorf("stderr: %s", e.stderr)
	}
	o := w.backends.options[0]
	equal(t, "discovery", o.Discover, true)
	equal(t, "lock tables", o.LockTables, []string{"shared"})
	equal(t, "policies", len(o.Policies), 1)
	equal(t, "endpoints", o.Backends[0].Access.Endpoints, nil)

	w.run("states", "s3://elsewhere")
	equal(t, "discovery with a target", w.backends.options[1].Discover, false)
	if e := w.run("states", "s3://elsewhere"); strings.Contains(e.stderr, "note:") {
		t.Errorf("a note about another backend: %s", e.stderr)
	}
}

func TestAListThatWasCancelledIsNotPrinted(t *testing.T) {
	w := newWorld(t)
	w.ctx = cancelledBySignal(t)
	w.backends.states = []model.State{{Key: "k"}}
	e := w.run("states", "s3://b")
	equal(t, "exit code", e.code, exitCancelled)
	equal(t, "stdout", e.stdout, "")
}

func TestWritingToAClosedPipeIsQuiet(t *testing.T) {
	w := newWorld(t)
	a := w.app(closedPipe{}, &strings.Builder{})
	equal(t, "exit code", a.run(t.Context(), []string{"locks", "s3://b", "-o", "json"}), exitFailed)
	equal(t, "stderr", a.stderr.(*strings.Builder).String(), "")
}

// closedPipe is an output that nobody reads any more.
type closedPipe struct{}

func (closedPipe) Write([]byte) (int, error) { return 0, fmt.Errorf("write: %w", io.ErrClosedPipe) }
