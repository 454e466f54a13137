package main

import (
	"strings"
	"testing"

	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/model"
)

func TestPlanResultAndJournalSayWhere(t *testing.T) {
	here, there := newFleet(t), newFleet(t)
	for _, f := range []*fleet{here, there} {
		versions := decode[[]versionDoc](t, f.run("history", overwrittenURL, "-o", "json"))
		args := []string{"restore", overwrittenURL, "--version-id", versions[1].VersionID, "-o", "json"}
		planned := f.run(append(args, "--dry-run")...)
		if want := "Where      account 123456789012, " + f.server.URL() + " us-east-1"; !strings.Contains(planned.stderr, want) {
			t.Errorf("the plan has no %q:\n%s", want, planned.stderr)
		}
		dry, done := decode[resultDoc](t, planned), decode[resultDoc](t, f.run(append(args, "--yes")...))
		equal(t, "where of the dry run", dry.Where, done.Where)
		equal(t, "account", *done.Where.Account, "123456789012")
		equal(t, "endpoint", *done.Where.Endpoint, f.server.URL())
		equal(t, "region", *done.Where.Region, "us-east-1")
	}
	// One bucket of one name at two endpoints: each line tells them apart.
	for _, f := range []*fleet{here, there} {
		for _, e := range decode[[]model.JournalEntry](t, f.run("journal", "-o", "json")) {
			equal(t, e.Event+" says where", e.Where, model.Where{Account: "123456789012", Region: "us-east-1", Endpoint: f.server.URL()})
		}
	}
}

func TestAnAccountThatCannotBeToldIsUnknown(t *testing.T) {
	for name, fault := range map[string]*emulator.Fault{
		"the right is missing": {Status: 403, Code: "AccessDenied"},
		"a store without STS":  {Status: 501, Code: "NotImplemented"},
		"it fails":             {Status: 500, Code: "InternalFailure"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFleet(t)
			f.server.OnRequest(func(r emulator.Request) *emulator.Fault {
				if r.Service == "sts" {
					return fault
				}
				return nil
			})
			versions := decode[[]versionDoc](t, f.run("history", overwrittenURL, "-o", "json"))
			done := decode[resultDoc](t, f.run("restore", overwrittenURL, "--version-id", versions[1].VersionID, "--yes", "-o", "json"))
			equal(t, "outcome", done.Outcome, model.OutcomeDone)
			if done.Where.Account != nil || done.Where.Unknown["account"] == "" || *done.Where.Endpoint != f.server.URL() {
				t.Errorf("where %+v", done.Where)
			}
		})
	}
}

func TestWhatIsRefusedBeforeAnythingIsAskedSaysWhereAsWell(t *testing.T) {
	w := newWorld(t)
	w.config(`backend "b" {
  bucket   = "b"
  role_arn = "arn:aws:iam::123456789012:role/r"
}
`)
	e := w.run("unlock", "s3://b/k", "--lock-id", "x", "--yes", "--read-only", "--profile", "oncall", "--endpoint-url", "http://127.0.0.1:1", "-o", "json")
	equal(t, "exit code", e.code, exitRefused)
	where := decode[resultDoc](t, e).Where
	equal(t, "profile", *where.Profile, "oncall")
	equal(t, "role", *where.Role, "arn:aws:iam::123456789012:role/r")
	equal(t, "endpoint", *where.Endpoint, "http://127.0.0.1:1")
	equal(t, "account", where.Unknown["account"], "not asked")
}
