package main

import (
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stateward/stateward/aws/emulator/sample"
	"github.com/stateward/stateward/model"
)

// everyBucket are those of the sample fleet.
func everyBucket() []string {
	return []string{"acme-tfstate-prod", "acme-tfstate-payments", "acme-tfstate-network", "acme-tfstate-data", "acme-legacy-state"}
}

// obeys lets only what the policy allows in each of the fleet's buckets pass.
func (f *fleet) obeys(policy func(model.PolicyScope) model.AllowPolicy) {
	var statements []model.AllowStatement
	for _, bucket := range everyBucket() {
		statements = append(statements, policy(model.PolicyScope{Bucket: bucket, Table: "arn:aws:dynamodb:*:123456789012:table/acme-locks*",
			Key: "arn:aws:kms:*:123456789012:key/*", Account: true}).Statement...)
	}
	f.server.AllowOnly(func(action, resource string) bool {
		return slices.ContainsFunc(statements, func(s model.AllowStatement) bool {
			return slices.Contains(s.Action, action) && slices.ContainsFunc(s.Resource, func(r string) bool { return matchesARN(r, resource) })
		})
	})
}

// matchesARN reports whether a pattern with * covers a resource.
func matchesARN(pattern, resource string) bool {
	return regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, ".*") + "$").MatchString(resource)
}

// readingLines is a line for each command that asks AWS; the others do not.
func readingLines(older string) map[string][]string {
	return map[string][]string{
		"backends": {}, "keys": {}, "doctor": {}, "locks": {}, "demo": nil, "journal": nil, "version": nil, "man": nil, "completion": nil, "help": nil,
		"states": {"s3://" + sample.OverwrittenBucket}, "history": {overwrittenURL}, "show": {overwrittenURL}, "diff": {overwrittenURL}, "search": {"aws_", "s3://" + sample.OverwrittenBucket},
		"unlock":  {staleURL, "--lock-id", sample.StaleLockID, "--dry-run"},
		"restore": {overwrittenURL, "--version-id", older, "--dry-run"},
		"repair":  {overwrittenURL, "--dry-run"},
		"recover": {"--dry-run"},
	}
}

func TestEveryReadingCommandWorksWithTheReadOnlyPolicy(t *testing.T) {
	f := newFleet(t)
	lines := readingLines(olderVersion(t, f))
	f.obeys(model.ReadOnlyPolicy)
	for _, command := range f.app(io.Discard, io.Discard).commands().Commands() {
		line, known := lines[command.Name()]
		if !known {
			t.Errorf("%s is not tried", command.Name())
		}
		if line == nil {
			continue
		}
		t.Run(command.Name(), func(t *testing.T) {
			e := f.run(append(append([]string{command.Name()}, line...), "-o", "json")...)
			if e.code != exitDone || regexp.MustCompile(`AccessDenied|access denied`).MatchString(e.stdout+e.stderr) {
				t.Errorf("exit %d\n%s\n%s", e.code, e.stdout, e.stderr)
			}
		})
	}
	equal(t, "changes", f.changes(), nil)
}

func olderVersion(t *testing.T, f *fleet) string {
	t.Helper()
	versions := decode[[]versionDoc](t, f.run("history", overwrittenURL, "-o", "json"))
	if len(versions) < 2 {
		t.Fatal("no version before the last")
	}
	return versions[1].VersionID
}

func TestEveryChangingCommandWorksWithTheOperatorPolicy(t *testing.T) {
	f := newFleet(t)
	older := olderVersion(t, f)
	f.obeys(model.ReadOnlyPolicy)
	if e := f.run("unlock", staleURL, "--lock-id", sample.StaleLockID, "--yes"); e.code == exitDone || f.staleRow() == "" {
		t.Errorf("the read-only policy let an unlock pass: exit %d\n%s", e.code, e.stderr)
	}
	f.obeys(model.OperatorPolicy)
	for _, line := range [][]string{
		{"unlock", staleURL, "--lock-id", sample.StaleLockID, "--yes"},
		{"restore", overwrittenURL, "--version-id", older, "--yes"},
	} {
		if e := f.run(line...); e.code != exitDone {
			t.Errorf("%s: exit %d\n%s\n%s", line[0], e.code, e.stdout, e.stderr)
		}
	}
}
