package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/aws/emulator/sample"
	"github.com/stateward/stateward/model"
)

// These stories run command lines on the sample fleet, through the real clients
// of package aws. What they check on the other side is read past them.

const (
	staleURL       = "s3://" + sample.StaleBucket + "/" + sample.StaleKey
	overwrittenURL = "s3://" + sample.OverwrittenBucket + "/" + sample.OverwrittenKey
)

// fleet is the sample fleet and a world that is connected to it.
type fleet struct {
	*world
	server *emulator.Server
}

func newFleet(t *testing.T) *fleet {
	t.Helper()
	for _, name := range []string{"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CA_BUNDLE", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_DYNAMODB", "HTTP_PROXY", "http_proxy"} {
		t.Setenv(name, "")
	}
	w := newWorld(t)
	for name, value := range map[string]string{"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1",
		"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": w.home + "/none", "AWS_SHARED_CREDENTIALS_FILE": w.home + "/none"} {
		t.Setenv(name, value)
	}
	server := w.serve(emulator.Options{})
	if err := sample.Seed(server); err != nil {
		t.Fatal(err)
	}
	return &fleet{world: w, server: server}
}

func (f *fleet) run(args ...string) ended {
	f.t.Helper()
	return f.world.run(append(args, "--endpoint-url", f.server.URL())...)
}

// do is a request of somebody else.
func (f *fleet) do(method, target, service string, header http.Header, body string) string {
	f.t.Helper()
	h := emulator.Scope("us-east-1", service)
	for k, v := range header {
		h[k] = v
	}
	status, answer := f.server.Do(f.server.Now(), method, target, h, []byte(body))
	if status/100 != 2 {
		f.t.Fatalf("%s %s: %d %s", method, target, status, answer)
	}
	return string(answer)
}

func (f *fleet) dynamo(call, body string) string {
	f.t.Helper()
	return f.do("POST", "/", "dynamodb", http.Header{"X-Amz-Target": {"DynamoDB_20120810." + call}, "Content-Type": {"application/x-amz-json-1.0"}}, body)
}

// row is an attribute of a row in the fleet's lock table, "" when it is not there.
func (f *fleet) row(id, attribute string) string {
	f.t.Helper()
	var answer struct{ Item map[string]struct{ S string } }
	got := f.dynamo("GetItem", fmt.Sprintf(`{"TableName":"acme-locks","Key":{"LockID":{"S":%q}}}`, id))
	if err := json.Unmarshal([]byte(got), &answer); err != nil {
		f.t.Fatal(err)
	}
	return answer.Item[attribute].S
}

func (f *fleet) staleRow() string { return f.row(sample.StaleBucket+"/"+sample.StaleKey, "Info") }

// changes are the requests on the wire that changed something.
func (f *fleet) changes() []string {
	var out []string
	for _, r := range f.server.Requests() {
		if r.Mutates {
			out = append(out, r.Operation)
		}
	}
	return out
}

func TestStoryOfAStaleLock(t *testing.T) {
	f := newFleet(t)
	var stale *lockDoc
	for _, l := range decode[[]lockDoc](t, f.run("locks", "-o", "json")) {
		if l.ID != nil && *l.ID == sample.StaleLockID {
			stale = &l
		}
	}
	if stale == nil {
		t.Fatal("the stale lock is not listed")
	}
	equal(t, "where", []string{stale.Bucket, stale.Key, string(stale.Mechanism)}, []string{sample.StaleBucket, sample.StaleKey, "dynamodb"})
	equal(t, "verdict", stale.Verdict, model.LikelyStale)

	e := f.run("unlock", staleURL, "--lock-id", "11111111-2222-3333-4444-555555555555", "--yes", "-o", "json")
	equal(t, "exit code of a wrong ID", e.code, exitRefused)
	if wrong := decode[resultDoc](t, e); wrong.Holder == nil || *wrong.Holder.ID != sample.StaleLockID {
		t.Errorf("the holder of a wrong ID: %+v", wrong.Holder)
	}
	equal(t, "changes so far", f.changes(), nil)
	if f.staleRow() == "" || !strings.Contains(e.stderr, sample.StaleLockID) {
		t.Errorf("the lock is gone, or its holder is not named: %s", e.stderr)
	}

	e = f.run("unlock", staleURL, "--lock-id", sample.StaleLockID, "--yes", "--reason", "the job was killed", "-o", "json")
	equal(t, "exit code of the right ID", e.code, exitDone)
	equal(t, "changes", f.changes(), []string{"DeleteItem"})
	equal(t, "row", f.staleRow(), "")
	done := decode[resultDoc](t, e)
	equal(t, "outcome", done.Outcome, model.OutcomeDone)
	if len(done.Next) == 0 || !strings.Contains(done.Next[0], "errored.tfstate") {
		t.Errorf("next: %q", done.Next)
	}

	again := decode[resultDoc](t, f.run("unlock", staleURL, "--lock-id", sample.StaleLockID, "--yes", "-o", "json"))
	equal(t, "outcome of a second time", again.Outcome, model.OutcomeAlreadyGone)
	equal(t, "its journal id", again.JournalID, (*string)(nil))
	f.journalTells(*done.JournalID)
}

// journalTells: the request is in the journal before its answer, with the reason.
func (f *fleet) journalTells(id string) {
	f.t.Helper()
	var events []string
	reason := ""
	for _, e := range decode[[]model.JournalEntry](f.t, f.run("journal", "-o", "json")) {
		if e.ID == id && e.Event != "step" {
			events = append(events, e.Event)
			reason += e.Reason
		}
	}
	equal(f.t, "events", events, []string{"plan", "request", "answer", "end"})
	equal(f.t, "reason", reason, "the job was killed")
}

func TestStoryOfAnOverwrittenState(t *testing.T) {
	f := newFleet(t)
	versions := decode[[]versionDoc](t, f.run("history", overwrittenURL, "-o", "json"))
	highest := uint64(0)
	for _, v := range versions {
		highest = max(highest, *v.Serial)
	}
	good, before := versions[1], f.object(sample.OverwrittenBucket, sample.OverwrittenKey)
	equal(t, "resources now and before", []int{*versions[0].Resources, *good.Resources}, []int{3, 61})

	dry := decode[resultDoc](t, f.run("restore", overwrittenURL, "--version-id", good.VersionID, "--dry-run", "-o", "json"))
	equal(t, "outcome of the dry run", dry.Outcome, model.OutcomeDryRun)
	equal(t, "changes of the dry run", f.changes(), nil)

	e := f.run("restore", overwrittenURL, "--version-id", good.VersionID, "--yes", "-o", "json")
	equal(t, "exit code", e.code, exitDone)
	r := decode[resultDoc](t, e)
	equal(t, "undo", r.Undo.VersionID, versions[0].VersionID)
	after := f.object(sample.OverwrittenBucket, sample.OverwrittenKey)
	equal(t, "serial", *model.ReadHeader([]byte(after), int64(len(after))).Serial, highest+1)
	equal(t, "digest", f.row(sample.OverwrittenBucket+"/"+sample.OverwrittenKey+"-md5", "Digest"), model.DigestOf([]byte(after)))
	equal(t, "lock row", f.row(sample.OverwrittenBucket+"/"+sample.OverwrittenKey, "Info"), "")
	if backup, err := os.ReadFile(*r.Backup); err != nil || string(backup) != before {
		t.Errorf("the backup is not what was replaced: %v", err)
	}
	equal(t, "no terminal, no --yes", f.run("restore", overwrittenURL, "--version-id", versions[0].VersionID).code, exitRefused)
}

func (f *fleet) object(bucket, key string) string {
	f.t.Helper()
	return f.do("GET", "/"+bucket+"/"+key, "s3", nil, "")
}

// meanwhile is a terminal at which something happens elsewhere before the word
// is typed.
type meanwhile struct {
	io.Reader
	happens func()
}

func (m *meanwhile) Read(p []byte) (int, error) {
	if m.happens != nil {
		m.happens()
		m.happens = nil
	}
	return m.Reader.Read(p)
}

func (m *meanwhile) Write(p []byte) (int, error) { return len(p), nil }
func (m *meanwhile) Close() error                { return nil }

func (f *fleet) types(word string, happens func()) {
	f.terminal = func() (io.ReadWriteCloser, error) {
		return &meanwhile{Reader: strings.NewReader(word + "\n"), happens: happens}, nil
	}
}

func TestANewerHolderKeepsTheLock(t *testing.T) {
	f := newFleet(t)
	id := sample.StaleBucket + "/" + sample.StaleKey
	newer := strings.ReplaceAll(strings.ReplaceAll(f.staleRow(), sample.StaleLockID, "22222222-2222-3333-4444-555555555555"), "ci@runner-17", "dave@mbp")
	f.types(sample.StaleLockID, func() {
		item, err := json.Marshal(map[string]any{"TableName": "acme-locks", "Item": map[string]any{"LockID": map[string]string{"S": id}, "Info": map[string]string{"S": newer}}})
		if err != nil {
			t.Error(err)
		}
		f.dynamo("PutItem", string(item))
	})
	e := f.run("unlock", staleURL, "--lock-id", sample.StaleLockID, "-o", "json")
	equal(t, "exit code", e.code, exitRefused)
	equal(t, "row", f.staleRow(), newer)
	r := decode[resultDoc](t, e)
	if r.Holder == nil || *r.Holder.Who != "dave@mbp" {
		t.Errorf("the new holder is not told: %+v", r)
	}
}

func TestANewerHolderKeepsTheLockFile(t *testing.T) {
	f := newFleet(t)
	key := sample.StaleKey + ".tflock"
	old := strings.ReplaceAll(f.staleRow(), sample.StaleLockID, "33333333-2222-3333-4444-555555555555")
	f.do("PUT", "/"+sample.StaleBucket+"/"+key, "s3", http.Header{"Content-Type": {"application/json"}}, old)
	newer := strings.ReplaceAll(old, "ci@runner-17", "dave@mbp") // the same ID, other bytes
	f.types("33333333-2222-3333-4444-555555555555", func() {
		f.do("PUT", "/"+sample.StaleBucket+"/"+key, "s3", http.Header{"Content-Type": {"application/json"}}, newer)
	})
	e := f.run("unlock", staleURL, "--lock-id", "33333333-2222-3333-4444-555555555555")
	equal(t, "exit code", e.code, exitRefused)
	equal(t, "lock file", f.object(sample.StaleBucket, key), newer)
}

func TestAStateThatChangedIsNotOverwritten(t *testing.T) {
	f := newFleet(t)
	versions := decode[[]versionDoc](t, f.run("history", overwrittenURL, "-o", "json"))
	written := f.object(sample.OverwrittenBucket, sample.OverwrittenKey) + "\n"
	f.types(sample.OverwrittenKey, func() {
		f.do("PUT", "/"+sample.OverwrittenBucket+"/"+sample.OverwrittenKey, "s3", nil, written)
	})
	e := f.run("restore", overwrittenURL, "--version-id", versions[1].VersionID)
	equal(t, "exit code", e.code, exitRefused)
	equal(t, "state", f.object(sample.OverwrittenBucket, sample.OverwrittenKey), written)
	equal(t, "lock row", f.row(sample.OverwrittenBucket+"/"+sample.OverwrittenKey, "Info"), "")
	if !strings.Contains(e.stderr, "changed since it was looked at") {
		t.Errorf("stderr: %s", e.stderr)
	}
}

func TestAnUnlockRefusesALiveHolderWithoutItsWord(t *testing.T) {
	f := newFleet(t)
	url := "s3://" + sample.LiveBucket + "/" + sample.LiveKey
	e := f.run("unlock", url, "--lock-id", sample.LiveLockID, "--yes")
	equal(t, "exit code", e.code, exitRefused)
	if !strings.Contains(e.stderr, "--confirm LIVE") {
		t.Errorf("stderr: %s", e.stderr)
	}
	equal(t, "changes", f.changes(), nil)
	equal(t, "exit code with it", f.run("unlock", url, "--lock-id", sample.LiveLockID, "--yes", "--confirm", "LIVE").code, exitDone)
	equal(t, "changes", f.changes(), []string{"DeleteObject", "DeleteItem"})
}

func TestEveryReadSurvivesADenial(t *testing.T) {
	f := newFleet(t)
	for name, c := range map[string]struct {
		deny string
		args []string
		code int
		want string // in stdout or stderr
	}{
		"Scan of the lock tables":      {"dynamodb:Scan", []string{"locks", "s3://" + sample.StaleBucket}, 1, "dynamodb:Scan"},
		"Scan, but the key is known":   {"dynamodb:Scan", []string{"locks", staleURL}, 1, sample.StaleLockID},
		"the versioning of the bucket": {"s3:GetBucketVersioning", []string{"backends", "s3://" + sample.StaleBucket}, 0, "AccessDenied s3:GetBucketVersioning"},
		"the encryption of the bucket": {"s3:GetEncryptionConfiguration", []string{"backends", "s3://" + sample.StaleBucket}, 0, "AccessDenied s3:GetEncryptionConfiguration"},
		"the content of states":        {"s3:GetObject", []string{"states", "s3://" + sample.StaleBucket}, 1, "AccessDenied s3:GetObject"},
		"the content of old versions":  {"s3:GetObjectVersion", []string{"history", overwrittenURL}, 1, "AccessDenied s3:GetObjectVersion"},
		"the versions":                 {"s3:ListBucketVersions", []string{"history", overwrittenURL}, 1, "AccessDenied s3:ListBucketVersions"},
		"the list of buckets":          {"s3:ListAllMyBuckets", []string{"backends"}, 1, "AccessDenied s3:ListAllMyBuckets"},
		"the keys of a bucket":         {"s3:ListBucket", []string{"states", "s3://" + sample.StaleBucket}, 1, "AccessDenied s3:ListBucket"},
	} {
		t.Run(name, func(t *testing.T) {
			f.server.Deny(c.deny)
			defer f.server.Allow()
			for _, format := range []string{outputTable, outputJSON} {
				e := f.run(append(c.args, "-o", format)...)
				equal(t, "exit code, "+format, e.code, c.code)
				if !strings.Contains(e.stdout+e.stderr, c.want) {
					t.Errorf("%s: want %q in\n%s\n%s", format, c.want, e.stdout, e.stderr)
				}
			}
		})
	}
}

func TestBadInputIsAClearMessage(t *testing.T) {
	f := newFleet(t)
	f.do("PUT", "/"+sample.StaleBucket+"/notes/readme.txt", "s3", nil, "not a state")
	for name, c := range map[string]struct {
		args []string
		code int
		want string
	}{
		"a bucket that does not exist":    {[]string{"states", "s3://acme-none"}, 1, "acme-none"},
		"a state that does not exist":     {[]string{"history", staleURL + "x"}, 1, "Similar: " + staleURL},
		"a version that does not exist":   {[]string{"restore", staleURL, "--version-id", "none", "--yes"}, 1, "not found"},
		"unlocking what does not exist":   {[]string{"unlock", "s3://" + sample.StaleBucket + "/none", "--lock-id", "x", "--yes"}, 1, "There is no such state"},
		"the history of what is no state": {[]string{"history", "s3://" + sample.StaleBucket + "/notes/readme.txt"}, 0, "invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			e := f.run(c.args...)
			equal(t, "exit code", e.code, c.code)
			if !strings.Contains(e.stdout+e.stderr, c.want) {
				t.Errorf("want %q in\n%s\n%s", c.want, e.stdout, e.stderr)
			}
			if strings.Contains(e.stderr, "panic") || strings.Contains(e.stderr, "https response error") {
				t.Errorf("raw talk of the SDK: %s", e.stderr)
			}
		})
	}
}

func TestAnEndpointThatHangsIsGivenUp(t *testing.T) {
	f := newFleet(t)
	f.server.OnRequest(func(emulator.Request) *emulator.Fault { return &emulator.Fault{Hang: true} })
	e := f.run("states", "s3://"+sample.StaleBucket, "--timeout", "50ms") // and the server never answers
	equal(t, "exit code", e.code, exitFailed)
	if !strings.Contains(e.stderr, "no answer in time") {
		t.Errorf("stderr: %s", e.stderr)
	}
}

func TestNothingIsSentWithoutAJournal(t *testing.T) {
	f := newFleet(t)
	writeFile(t, f.home+"/file", "")
	e := f.run("unlock", staleURL, "--lock-id", sample.StaleLockID, "--yes", "--journal", f.home+"/file/journal.jsonl")
	equal(t, "exit code", e.code, exitRefused)
	equal(t, "changes", f.changes(), nil)
	if !strings.Contains(e.stderr, "--journal") {
		t.Errorf("stderr: %s", e.stderr)
	}
}

func TestHostileTextNeverReachesTheTerminal(t *testing.T) {
	f := newFleet(t)
	evil := "\x1b]0;owned\x07\x1b[2J\r\n\u202e\u2066" + strings.Repeat("A", 10_000)
	info, err := json.Marshal(model.LockInfo{ID: "i" + evil, Who: evil, Operation: evil, Info: evil, Created: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	f.do("PUT", "/"+sample.StaleBucket+"/a%1B%5B31mb%E2%80%AE%0A/terraform.tfstate", "s3", nil, `{"version":4,"serial":1,"lineage":"\u001b[31m"}`)
	f.do("PUT", "/"+sample.StaleBucket+"/a%1B%5B31mb%E2%80%AE%0A/terraform.tfstate.tflock", "s3", nil, string(info))
	key := "a\x1b[31mb\u202e\n/terraform.tfstate"
	for _, args := range [][]string{{"states", "s3://" + sample.StaleBucket + "/a"}, {"locks", "s3://" + sample.StaleBucket + "/a"}, {"locks", "s3://" + sample.StaleBucket + "/a", "-o", "json"},
		{"states", "s3://" + sample.StaleBucket + "/a", "-o", "json"}, {"history", "s3://" + sample.StaleBucket + "/" + key},
		{"unlock", "s3://" + sample.StaleBucket + "/" + key, "--dry-run"}, {"unlock", "s3://" + sample.StaleBucket + "/" + key, "--lock-id", "x", "--yes"}} {
		e := f.run(args...)
		for name, out := range map[string]string{"stdout": e.stdout, "stderr": e.stderr} {
			if i := strings.IndexFunc(out, func(r rune) bool { return r != '\n' && (r < 0x20 || r == 0x7f || hidden(r)) }); i >= 0 {
				t.Errorf("%q: %s has %q", args, name, out[i:min(len(out), i+20)])
			}
		}
		if e.stdout == "" && e.code == 0 {
			t.Errorf("%q printed nothing: %s", args, e.stderr)
		}
	}
}

func TestTheDemoIsServedOnLoopback(t *testing.T) {
	w := newWorld(t)
	d, err := startDemo(t.Context(), "127.0.0.1:0", w.now)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(d.url, "http://127.0.0.1:") {
		t.Errorf("url %s", d.url)
	}
	get := func() (*http.Response, error) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.url+"/", nil)
		if err != nil {
			return nil, err
		}
		return http.DefaultClient.Do(req)
	}
	resp, err := get()
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || !bytes.Contains(body, []byte(sample.StaleBucket)) {
		t.Errorf("%v in %s", err, body)
	}
	if err := d.close(); err != nil {
		t.Error(err)
	}
	if resp, err := get(); err == nil {
		_ = resp.Body.Close()
		t.Error("it still answers")
	}
}
