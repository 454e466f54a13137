package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stateward/stateward/aws/emulator/sample"
	"github.com/stateward/stateward/model"
)

// cutState is the newest version of a state whose upload broke off, and the
// version before it.
func (f *fleet) cutState() (url, good string) {
	f.t.Helper()
	const key = "cut/terraform.tfstate"
	whole := f.object(sample.StaleBucket, sample.StaleKey)
	for _, body := range []string{whole, whole[:len(whole)/2]} {
		f.do("PUT", "/"+sample.StaleBucket+"/"+key, "s3", http.Header{"Content-Type": {"application/json"}}, body)
	}
	url = "s3://" + sample.StaleBucket + "/" + key
	versions := decode[[]versionDoc](f.t, f.run("history", url, "-o", "json"))
	return url, versions[1].VersionID
}

func TestATruncatedStateIsTold(t *testing.T) {
	f := newFleet(t)
	url, good := f.cutState()

	e := f.run("show", url)
	equal(t, "show: exit code", e.code, exitFailed)
	if !strings.Contains(e.stderr, url) || strings.Contains(e.stderr, "panic") || e.stdout != "" {
		t.Errorf("show: %s\n%s", e.stdout, e.stderr)
	}

	versions := decode[[]versionDoc](t, f.run("history", url, "-o", "json"))
	cut := versions[0]
	if cut.Resources != nil || cut.Unknown["resources"] == "" && cut.Unknown["serial"] == "" {
		t.Errorf("a count of what was not read whole: %+v", cut)
	}

	e = f.run("restore", url, "--version-id", cut.VersionID, "--yes", "--mechanism", "dynamodb", "--lock-table", "acme-locks", "-o", "json")
	equal(t, "restoring it: exit code", e.code, exitRefused)
	equal(t, "restoring it: outcome", decode[resultDoc](t, e).Outcome, model.OutcomeRefused)

	e = f.run("restore", url, "--version-id", good, "--yes", "--mechanism", "dynamodb", "--lock-table", "acme-locks", "-o", "json")
	equal(t, "restoring the one before: exit code", e.code, exitDone)
	equal(t, "afterwards", f.run("show", url).code, exitDone)
}

func TestForeignRowsOfALockTableAreNoLocks(t *testing.T) {
	f := newFleet(t)
	before := len(decode[[]lockDoc](t, f.run("locks", "s3://"+sample.StaleBucket, "-o", "json")))
	for _, item := range []string{
		`{"LockID":{"S":"another program's row"},"Owner":{"S":"x"}}`,
		`{"LockID":{"S":"leader"},"Info":{"S":"not ours"}}`,
		`{"LockID":{"S":"/"},"Info":{"S":"{}"}}`,
		`{"LockID":{"S":"` + sample.StaleBucket + `/"},"Info":{"S":"{}"}}`,
		`{"LockID":{"S":"other-bucket/app/terraform.tfstate"},"Info":{"S":"{\"ID\":\"elsewhere\"}"}}`,
	} {
		f.dynamo("PutItem", `{"TableName":"acme-locks","Item":`+item+`}`)
	}
	e := f.run("locks", "s3://"+sample.StaleBucket, "-o", "json")
	equal(t, "exit code", e.code, exitDone)
	equal(t, "locks", len(decode[[]lockDoc](t, e)), before)
	all := f.run("backends", "-o", "json")
	equal(t, "exit code of backends", all.code, exitDone)
	if strings.Contains(all.stdout, "leader") || strings.Contains(all.stdout, "another program") {
		t.Errorf("a row that names no state became a backend: %s", all.stdout)
	}
}

func TestWithoutCredentialsTheNextStepIsNamed(t *testing.T) {
	f := newFleet(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	for _, args := range [][]string{{"states", "s3://" + sample.StaleBucket}, {"locks", "s3://" + sample.StaleBucket}, {"history", staleURL},
		{"unlock", staleURL, "--lock-id", sample.StaleLockID, "--yes"}} {
		e := f.run(args...)
		if e.code != exitFailed && e.code != exitRefused || !strings.Contains(e.stderr, "--profile") || e.stdout != "" && args[0] != "unlock" {
			t.Errorf("%q: exit %d\n%s\n%s", args, e.code, e.stdout, e.stderr)
		}
	}
	equal(t, "changes", f.changes(), nil)
}
