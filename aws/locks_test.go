package aws_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/model"
)

// describe is a lock in one line.
func describeLock(l model.Lock) string {
	text := fmt.Sprintf("%s %s %s", l.Key, l.Mechanism, l.Info.ID)
	if l.Malformed != "" {
		text += " malformed: " + l.Malformed
	}
	if l.Whole {
		text += " by its whole row"
	}
	if orphan, known := l.Orphan.Get(); orphan {
		text += " orphan"
	} else if !known {
		text += " orphan?"
	}
	if l.Diverged {
		text += " diverged"
	}
	return text
}

func describeAll(r model.LockReport) []string {
	var all []string
	for _, l := range r.Locks {
		all = append(all, describeLock(l))
	}
	return all
}

func TestAllLocksOfABackendAreFound(t *testing.T) {
	everyTarget(t, func(t *testing.T, s *site) {
		b := s.bucket("acme-tfstate", s3types.BucketVersioningStatusEnabled)
		s.table("acme-locks", "LockID")
		for _, key := range []string{"both", "file", "row", "two", "bare", "garbled", "empty", "number", "a", "a-md5"} {
			s.put(b.Bucket, key, stateV4)
		}
		info := func(key, id string) map[string]string {
			return map[string]string{"Info": s.lockInfo(id, b.Bucket+"/"+key)}
		}
		same := s.lockInfo("same", b.Bucket+"/both")
		s.put(b.Bucket, "both.tflock", same)
		s.row("acme-locks", "acme-tfstate/both", map[string]string{"Info": same})
		s.put(b.Bucket, "file.tflock", s.lockInfo("f", ""))
		s.row("acme-locks", "acme-tfstate/row", info("row", "r"))
		s.put(b.Bucket, "two.tflock", s.lockInfo("one", ""))
		s.row("acme-locks", "acme-tfstate/two", info("two", "other"))
		s.row("acme-locks", "acme-tfstate/bare", nil)
		s.put(b.Bucket, "garbled.tflock", "<html>")
		s.put(b.Bucket, "empty.tflock", "")
		s.item("acme-locks", map[string]types.AttributeValue{"LockID": &types.AttributeValueMemberS{Value: "acme-tfstate/number"},
			"Info": &types.AttributeValueMemberN{Value: "1"}})
		s.put(b.Bucket, "gone.tflock", s.lockInfo("g", ""))
		s.row("acme-locks", "acme-tfstate/a-md5", info("a-md5", "looks like a digest"))
		s.row("acme-locks", "acme-tfstate/b-md5", map[string]string{"Digest": "x"})
		s.row("acme-locks", "acme-tfstate/c-md5", nil)
		s.row("acme-locks", "another-bucket/row", info("row", "foreign"))
		s.row("acme-locks", "no slash", info("row", "foreign"))

		r := s.client().Locks(t.Context(), b)
		want := []string{
			"a-md5 dynamodb looks like a digest",
			"bare dynamodb  malformed: no Info by its whole row",
			"both lockfile same",
			"both dynamodb same",
			"empty lockfile  malformed: empty",
			"file lockfile f",
			"garbled lockfile  malformed: not JSON",
			"gone lockfile g orphan",
			"number dynamodb  malformed: Info is not a string by its whole row",
			"row dynamodb r",
			"two lockfile one diverged",
			"two dynamodb other diverged",
		}
		if got := describeAll(r); !slices.Equal(got, want) || len(r.Problems) != 1 || !strings.Contains(r.Problems[0], `1 row of table acme-locks is not understood: LockID "no slash"`) {
			t.Errorf("locks\n%s\nwant\n%s\nproblems %v", strings.Join(got, "\n"), strings.Join(want, "\n"), r.Problems)
		}
		for _, l := range r.Locks {
			one := s.client().LocksOf(t.Context(), b, l.Key)
			if !slices.Contains(describeAll(one), describeLock(l)) {
				t.Errorf("LocksOf(%s) is %v, want %q among them", l.Key, describeAll(one), describeLock(l))
			}
			checkReading(t, l)
		}
	})
}

// checkReading checks what ages and removals rest on.
func checkReading(t *testing.T, l model.Lock) {
	t.Helper()
	if since := time.Since(l.ReadAt); since < -time.Minute || since > 10*time.Minute {
		t.Errorf("%s: read at %s", l.Where(), l.ReadAt)
	}
	if l.Mechanism == model.MechanismLockfile && (l.ETag == "" || l.VersionID == "" || l.LastModified.IsZero()) {
		t.Errorf("%s: ETag %q, version %q, modified %s", l.Where(), l.ETag, l.VersionID, l.LastModified)
	}
	if l.Verdict == "" {
		t.Errorf("%s: not assessed", l.Where())
	}
}

func TestAnOverlongLockFileIsKeptWholeAndMalformed(t *testing.T) {
	everyTarget(t, func(t *testing.T, s *site) {
		b := s.bucket("acme-tfstate", "")
		s.put(b.Bucket, "k.tfstate", stateV4)
		body := strings.TrimSuffix(s.lockInfo("long", ""), "}") + `,"More":"` + strings.Repeat("x", 100<<10) + `"}`
		s.put(b.Bucket, "k.tfstate.tflock", body)
		r := s.client().LocksOf(t.Context(), b, "k.tfstate")
		if len(r.Locks) != 1 || r.Locks[0].Malformed != "longer than any lock" || string(r.Locks[0].Raw) != body || r.Locks[0].Info.ID != "long" {
			t.Errorf("locks %v, problems %v", describeAll(r), r.Problems)
		}
	})
}

func TestAWorkspaceIsNamedByItsKey(t *testing.T) {
	everyTarget(t, func(t *testing.T, s *site) {
		b := s.bucket("acme-tfstate", "")
		s.put(b.Bucket, "env:/prod/app.tfstate.tflock", s.lockInfo("one", ""))
		r := s.client().Locks(t.Context(), b)
		if len(r.Locks) != 1 || r.Locks[0].Workspace != "prod" || r.Locks[0].Key != "env:/prod/app.tfstate" {
			t.Errorf("locks %+v", r.Locks)
		}
	})
}

func TestWhereScanIsDeniedTheRowsOfKnownStatesAreRead(t *testing.T) {
	s := newSiteOf(t)
	b := s.bucket("acme-tfstate", "")
	b.Keys = []string{"configured"}
	s.table("acme-locks", "LockID")
	s.put(b.Bucket, "listed.tfstate", stateV4)
	for _, key := range []string{"listed.tfstate", "configured", "unknown"} {
		s.row("acme-locks", "acme-tfstate/"+key, map[string]string{"Info": s.lockInfo(key, "")})
	}
	s.emulator.Deny("dynamodb:Scan")
	r := s.client().Locks(t.Context(), b)
	want := []string{"configured dynamodb configured orphan", "listed.tfstate dynamodb listed.tfstate"}
	if got := describeAll(r); !slices.Equal(got, want) {
		t.Errorf("locks %v, want %v", got, want)
	}
	if want := []string{"AccessDenied dynamodb:Scan on acme-locks"}; !slices.Equal(r.Problems, want) {
		t.Errorf("problems %v, want %v", r.Problems, want)
	}
}

func TestWhereListingIsDeniedTheLockFilesOfKnownStatesAreRead(t *testing.T) {
	s := newSiteOf(t)
	b := s.bucket("acme-tfstate", "")
	b.Keys = []string{"configured"}
	s.put(b.Bucket, "configured", stateV4)
	s.put(b.Bucket, "configured.tflock", s.lockInfo("one", ""))
	s.emulator.Deny("s3:ListBucket")
	r := s.client().Locks(t.Context(), b)
	if got, want := describeAll(r), []string{"configured lockfile one"}; !slices.Equal(got, want) {
		t.Errorf("locks %v, want %v", got, want)
	}
	if want := []string{"AccessDenied s3:ListBucket on s3://acme-tfstate/"}; !slices.Equal(r.Problems, want) {
		t.Errorf("problems %v, want %v", r.Problems, want)
	}
}

// TestNamedTablesAreReadWhereNoneMayBeListed: that there are no others is known
// only from a configuration, or from a flag that says so; a flag alone names a
// place to look as well.
func TestNamedTablesAreReadWhereNoneMayBeListed(t *testing.T) {
	s := newSiteOf(t)
	b := s.bucket("acme-tfstate", "")
	s.table("acme-locks", "LockID")
	s.row("acme-locks", "acme-tfstate/k", map[string]string{"Info": s.lockInfo("one", "")})
	s.emulator.Deny("dynamodb:ListTables", "dynamodb:DescribeTable")
	const unlisted = "AccessDenied dynamodb:ListTables on the lock tables of s3://acme-tfstate/"
	for name, c := range map[string]struct {
		flag, config []string
		mechanism    []model.Mechanism
		locks        int
		problem      string
		noted        bool
	}{
		"named by a flag":            {flag: []string{"acme-locks"}, locks: 1, problem: unlisted},
		"and the mechanism is said":  {flag: []string{"acme-locks"}, mechanism: []model.Mechanism{model.MechanismDynamoDB}, locks: 1, noted: true},
		"and it is the other":        {flag: []string{"acme-locks"}, mechanism: []model.Mechanism{model.MechanismLockfile}, locks: 1, problem: unlisted},
		"named by config":            {config: []string{"acme-locks"}, locks: 1, noted: true},
		"named nowhere":              {problem: unlisted},
		"a table not there":          {config: []string{"acme-locksmiths"}, problem: "not found (ResourceNotFoundException) on acme-locksmiths", noted: true},
		"one here, one gone":         {flag: []string{"acme-locks"}, config: []string{"acme-locksmiths"}, locks: 1, problem: "not found (ResourceNotFoundException) on acme-locksmiths", noted: true},
		"nowhere, but for the files": {mechanism: []model.Mechanism{model.MechanismLockfile}},
	} {
		t.Run(name, func(t *testing.T) {
			b := b
			b.Tables = c.config
			r := s.client(func(o *aws.Options) { o.LockTables, o.Mechanisms = c.flag, c.mechanism }).Locks(t.Context(), b)
			if len(r.Locks) != c.locks || strings.Join(r.Problems, "; ") != c.problem || (len(r.Notes) > 0) != c.noted {
				t.Errorf("locks %v, problems %v, notes %v; want %d, %q, %t", describeAll(r), r.Problems, r.Notes, c.locks, c.problem, c.noted)
			}
		})
	}
}

func TestOnlyTablesKeyedAsLockTablesAreFound(t *testing.T) {
	everyTarget(t, func(t *testing.T, s *site) {
		b := s.bucket("acme-tfstate", "")
		s.table("acme-locks", "LockID")
		s.table("acme-users", "UserID")
		s.row("acme-locks", "acme-tfstate/k-md5", map[string]string{"Digest": "x"})
		s.table("idle-locks", "LockID")
		f := s.client().BackendFacts(t.Context(), b)
		if got, want := f.Tables.Or(nil), []string{"acme-locks"}; !slices.Equal(got, want) {
			t.Errorf("tables %v (%s), want %v", got, f.Tables.Reason(), want)
		}
	})
}
