package aws_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/model"
)

// denyTable denies the reading of one table's rows.
func denyTable(table string) func(emulator.Request) *emulator.Fault {
	return onTable(table, &emulator.Fault{Status: http.StatusBadRequest, Code: "AccessDeniedException"})
}

// onTable answers every reading of one table's rows with a fault.
func onTable(table string, fault *emulator.Fault) func(emulator.Request) *emulator.Fault {
	return func(r emulator.Request) *emulator.Fault {
		if r.Service == "dynamodb" && r.Table == table && (r.Operation == "GetItem" || r.Operation == "Scan") {
			return fault
		}
		return nil
	}
}

// faultOf answers some operations with an error.
func faultOf(code string, operations ...string) func(emulator.Request) *emulator.Fault {
	return func(r emulator.Request) *emulator.Fault {
		if slices.Contains(operations, r.Operation) {
			return &emulator.Fault{Status: http.StatusBadRequest, Code: code}
		}
		return nil
	}
}

const otherTable = "other-locks"

// TestATableThatIsNamedIsNeverTheOnlyOne: a flag and the config name a table as
// well. The state's lock and digest are in the lab's own table, another one is
// named.
func TestATableThatIsNamedIsNeverTheOnlyOne(t *testing.T) {
	arn := func(table string) string { return "arn:aws:dynamodb:us-east-1:123456789012:table/" + table }
	throttled := &emulator.Fault{Status: http.StatusBadRequest, Code: "ProvisionedThroughputExceededException"}
	cases := map[string]struct {
		flag, config []string
		mechanisms   []model.Mechanism // flags
		declared     []model.Mechanism // config
		fault        func(emulator.Request) *emulator.Fault
		unseen       bool   // the lock cannot be seen
		refused      string // why a restore is refused after the lock is gone; "" when it is not
	}{
		"named by a flag":                          {flag: []string{otherTable}},
		"named by the config":                      {config: []string{otherTable}},
		"named by both":                            {flag: []string{otherTable}, config: []string{otherTable}},
		"named by its ARN":                         {flag: []string{arn(labTable)}},
		"by its ARN and by its name":               {flag: []string{arn(labTable)}, config: []string{labTable}},
		"the one that is used, by a flag":          {flag: []string{labTable}},
		"twice":                                    {flag: []string{labTable, labTable}},
		"the table's rows may not be read":         {flag: []string{otherTable}, fault: denyTable(labTable), unseen: true, refused: "--mechanism"},
		"nor with the other in the config":         {config: []string{otherTable}, fault: denyTable(labTable), unseen: true, refused: "--mechanism"},
		"the table is throttled":                   {flag: []string{otherTable}, fault: onTable(labTable, throttled), unseen: true, refused: "a lock may be held there"},
		"and throttling is settled by nothing":     {flag: []string{otherTable}, mechanisms: []model.Mechanism{model.MechanismDynamoDB}, fault: onTable(labTable, throttled), unseen: true, refused: "a lock may be held there"},
		"tables may not be listed, flag":           {flag: []string{otherTable}, fault: faultOf("AccessDeniedException", "ListTables"), unseen: true, refused: "--mechanism"},
		"tables may not be described, flag":        {flag: []string{otherTable}, fault: faultOf("AccessDeniedException", "DescribeTable"), unseen: true, refused: "--mechanism"},
		"tables may not be listed, another config": {config: []string{otherTable}, fault: faultOf("AccessDeniedException", "ListTables"), unseen: true, refused: "--mechanism"},
		"the listing of tables is throttled":       {config: []string{otherTable}, declared: []model.Mechanism{model.MechanismDynamoDB}, fault: faultOf("ThrottlingException", "ListTables"), unseen: true, refused: "try again"},
		"not listed, and the config is right":      {config: []string{labTable}, fault: faultOf("AccessDeniedException", "ListTables", "DescribeTable")},
		"not listed, and the flag is certain":      {flag: []string{labTable}, mechanisms: []model.Mechanism{model.MechanismDynamoDB}, fault: faultOf("AccessDeniedException", "ListTables")},
		"the named table is not there":             {flag: []string{"typo-locks"}, refused: "typo-locks"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, model.MechanismDynamoDB)
			s := &site{t: t, s3: l.s3, ddb: l.ddb}
			s.table(otherTable, "LockID")
			old := l.write(1, "one")
			l.write(2, "two")
			l.lock(lockRaw(staleID, "ci@runner-17"))
			if c.fault != nil {
				l.server.OnRequest(c.fault)
			}
			client := l.client(func(o *aws.Options) { o.LockTables, o.Mechanisms = c.flag, c.mechanisms })
			b := l.backend()
			b.Tables, b.Declared, b.Digests = c.config, c.declared, nil

			report := client.Locks(t.Context(), b)
			seen := len(report.Locks)
			if !c.unseen && seen != 1 || seen == 0 && len(report.Problems)+len(report.Notes) == 0 {
				t.Errorf("locks %v, problems %v, notes %v: the lock is there, once", describeAll(report), report.Problems, report.Notes)
			}
			if p, err := client.PlanRestore(t.Context(), b, labKey, model.RestoreRequest{VersionID: old}); err != nil || p.Refused() == nil {
				t.Errorf("a restore past a held lock: %v", err)
			}
			l.deleteRow(labLockID)
			p, err := client.PlanRestore(t.Context(), b, labKey, model.RestoreRequest{VersionID: old})
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(p.Refusals, "; "); c.refused == "" && got != "" || !strings.Contains(got, c.refused) {
				t.Errorf("refused: %q, want %q", got, c.refused)
			}
			res := client.Run(t.Context(), p, everyToken(p), nil)
			l.server.OnRequest(nil)
			if digest := l.attribute(labDigestID, "Digest"); digest != model.DigestOf(l.read(labKey, "")) {
				t.Errorf("%s (%s): the digest in %s is stale", res.Outcome, res.Message, labTable)
			}
			if (res.Outcome == model.OutcomeDone) != (c.refused == "") {
				t.Errorf("%s: %s", res.Outcome, res.Message)
			}
		})
	}
}

func TestTheRowsOfThePagesBeforeAFailureStay(t *testing.T) {
	for name, fault := range map[string]*emulator.Fault{
		"throttled": {Status: http.StatusBadRequest, Code: "ProvisionedThroughputExceededException"},
		"denied":    {Status: http.StatusBadRequest, Code: "AccessDeniedException"},
		"expired":   {Status: http.StatusBadRequest, Code: "ExpiredTokenException"},
		"dropped":   {Reset: true},
		"failed":    {Status: http.StatusInternalServerError, Code: "InternalServerError"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, emulatorPages(2))
			b := s.bucket("acme-tfstate", "")
			s.table("acme-locks", "LockID")
			for _, key := range []string{"a", "b", "c", "d", "e"} {
				s.put(b.Bucket, key+".tfstate", stateV4)
				s.row("acme-locks", b.Bucket+"/"+key+".tfstate", map[string]string{"Info": s.lockInfo(key, "")})
			}
			var pages atomic.Int64
			s.emulator.OnRequest(func(r emulator.Request) *emulator.Fault {
				if r.Operation != "Scan" {
					return nil
				}
				if pages.Add(1) > 1 {
					return fault
				}
				return nil
			})
			r := s.client().Locks(t.Context(), b)
			if len(r.Locks) < 2 || len(r.Problems) == 0 {
				t.Errorf("locks %v, problems %v", describeAll(r), r.Problems)
			}
			if seen := describeAll(r); len(slices.Compact(slices.Clone(seen))) != len(seen) {
				t.Errorf("a lock twice: %v", seen)
			}
			pages.Store(0)
			var found []model.Backend
			var failed error
			for page, err := range s.client(func(o *aws.Options) { o.Discover = true }).Backends(t.Context()) {
				found, failed = append(found, page...), errors.Join(failed, err)
			}
			if len(found) == 0 || failed == nil {
				t.Errorf("backends %v, %v: the rows that were read name one", found, failed)
			}
		})
	}
}
