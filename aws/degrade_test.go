package aws_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/model"
)

// facts are everything that is read of one backend with one state, by name; the
// value is why it is unknown, "" when it is known.
func facts(t *testing.T, client func(...func(*aws.Options)) *aws.Client, b model.Backend, key, version string) map[string]string {
	t.Helper()
	c := client()
	of := c.BackendFacts(t.Context(), b)
	state := c.StateFacts(t.Context(), b, model.State{Bucket: b.Bucket, Key: key})
	v := client().VersionFacts(t.Context(), b, key, model.Version{VersionID: version})
	all := map[string]string{
		"region": of.Region.Reason(), "versioning": of.Versioning.Reason(), "default encryption": of.Encryption.Reason(),
		"tables": of.Tables.Reason(), "states": of.States.Reason(), "last write": of.LastWrite.Reason(), "lock files": of.LockFiles.Reason(),
		"header": state.Header.Reason(), "resources": state.Resources.Reason(), "encryption": state.Encryption.Reason(),
		"locked": state.Locked.Reason(), "digest": state.Digest.Reason(),
		"version header": v.Header.Reason(), "versions": "", "deleted": "",
	}
	for _, err := range c.Versions(t.Context(), b, key) {
		all["versions"] = model.Reason(err)
	}
	for page, err := range c.States(t.Context(), b, model.StateQuery{Deleted: true}) {
		for _, text := range page.Problem {
			if !strings.Contains(text, "dynamodb:") {
				all["deleted"] = text
			}
		}
		if err != nil {
			all["deleted"] = model.Reason(err)
		}
	}
	return all
}

func TestEachMissingPermissionIsNamedAndHidesOnlyWhatNeedsIt(t *testing.T) {
	for action, hidden := range map[string][]string{
		"s3:ListBucket":                  {"states", "last write", "lock files", "deleted", "locked"},
		"s3:GetBucketVersioning":         {"versioning"},
		"s3:GetEncryptionConfiguration":  {"default encryption"},
		"s3:GetObject":                   {"header", "resources", "encryption", "locked", "digest"},
		"s3:GetObjectVersion":            {"version header"},
		"s3:ListBucketVersions":          {"versions", "deleted"},
		"kms:Decrypt":                    {"header", "resources", "encryption", "digest", "version header"},
		"dynamodb:ListTables":            {"tables", "locked", "digest"},
		"dynamodb:DescribeTable":         {"tables", "locked", "digest"},
		"dynamodb:GetItem":               {"locked", "digest"},
		"dynamodb:Scan":                  nil,
		"s3:ListAllMyBuckets":            nil,
		"sts:GetCallerIdentity":          nil,
		"dynamodb:PutItem, s3:PutObject": nil,
	} {
		t.Run(action, func(t *testing.T) {
			s := newSiteOf(t)
			b := s.bucket("acme-tfstate", s3types.BucketVersioningStatusEnabled)
			s.encryptWithKMS(b.Bucket)
			s.table("acme-locks", "LockID")
			version := s.put(b.Bucket, "k.tfstate", stateV4)
			s.row("acme-locks", model.DigestID(b.Bucket, "k.tfstate"), map[string]string{"Digest": model.DigestOf([]byte(stateV4))})
			s.emulator.Deny(strings.Split(action, ", ")...)
			for name, reason := range facts(t, s.client, b, "k.tfstate", version) {
				switch {
				case slices.Contains(hidden, name) && !strings.Contains(reason, "AccessDenied "+action):
					t.Errorf("%s: unknown because %q, want AccessDenied %s", name, reason, action)
				case !slices.Contains(hidden, name) && reason != "":
					t.Errorf("%s: unknown because %q, and does not need %s", name, reason, action)
				}
			}
		})
	}
}

func TestAnUnreadableTableIsAProblemOfTheListing(t *testing.T) {
	s := newSiteOf(t)
	b := s.bucket("acme-tfstate", "")
	s.table("acme-locks", "LockID")
	s.put(b.Bucket, "k.tfstate", stateV4)
	s.put(b.Bucket, "l.tfstate", stateV4)
	s.put(b.Bucket, "l.tfstate.tflock", "{}")
	s.emulator.Deny("dynamodb:Scan")
	states, _, problems := allStates(t, s.client(), b, model.StateQuery{})
	if want := []string{"AccessDenied dynamodb:Scan on acme-locks"}; len(states) != 2 || !slices.Equal(problems, want) {
		t.Fatalf("%d states, problems %v, want %v", len(states), problems, want)
	}
	for _, st := range states {
		locked, known := st.Facts.Locked.Get()
		if byFile := st.Key == "l.tfstate"; locked != byFile || known != byFile || !byFile && st.Facts.Locked.Reason() != problems[0] {
			t.Errorf("%s: locked %v, known %v (%s)", st.Key, locked, known, st.Facts.Locked.Reason())
		}
	}
}

func TestABackendThatDeclaresLockFilesNeedsNoTables(t *testing.T) {
	s := newSiteOf(t)
	b := s.bucket("acme-tfstate", "")
	s.put(b.Bucket, "k.tfstate", stateV4)
	s.emulator.Deny("dynamodb:*")
	for name, c := range map[string]struct {
		declared []model.Mechanism
		problems int
	}{
		"nothing declared":     {problems: 1},
		"lock files":           {declared: []model.Mechanism{model.MechanismLockfile}},
		"both":                 {declared: []model.Mechanism{model.MechanismLockfile, model.MechanismDynamoDB}, problems: 1},
		"tables of some names": {declared: []model.Mechanism{model.MechanismDynamoDB}, problems: 1},
	} {
		t.Run(name, func(t *testing.T) {
			b := b
			b.Declared = c.declared
			r := s.client().Locks(t.Context(), b)
			f := s.client().StateFacts(t.Context(), b, model.State{Key: "k.tfstate"})
			if len(r.Problems) != c.problems || f.Locked.IsKnown() != (c.problems == 0) {
				t.Errorf("problems %v, locked %+v", r.Problems, f.Locked)
			}
		})
	}
}

func TestSlowTablesDoNotHoldUpTheFirstStates(t *testing.T) {
	s := newSiteOf(t)
	b := s.bucket("acme-tfstate", "")
	s.table("acme-locks", "LockID")
	s.put(b.Bucket, "k.tfstate", stateV4)
	s.put(b.Bucket, "rowed", "x")
	s.row("acme-locks", "acme-tfstate/rowed", map[string]string{"Info": "{}"})
	release := make(chan struct{})
	s.emulator.OnRequest(func(r emulator.Request) *emulator.Fault {
		if r.Operation == "Scan" {
			return &emulator.Fault{Before: func() { <-release }}
		}
		return nil
	})
	c := s.client()
	aws.SetGrace(c, time.Millisecond)
	var named []string
	for page, err := range c.States(t.Context(), b, model.StateQuery{}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, st := range page.States {
			named = append(named, st.Key+" by "+st.Named)
			if st.Key == "k.tfstate" {
				if st.Facts.Locked.IsKnown() || st.Facts.Locked.IsUnknown() {
					t.Errorf("locked before the table was read: %+v", st.Facts.Locked)
				}
				close(release)
			}
		}
	}
	if want := []string{"k.tfstate by its name", "rowed by a lock row"}; !slices.Equal(named, want) {
		t.Errorf("states %v, want %v", named, want)
	}
}

func TestABucketThatDoesNotExistSaysSo(t *testing.T) {
	everyTarget(t, func(t *testing.T, s *site) {
		b := model.Backend{Bucket: "acme-nowhere"}
		for name, reason := range facts(t, s.client, b, "k.tfstate", "v") {
			if name == "tables" || name == "digest" || name == "header" && reason == "" {
				continue // a table and its rows need no bucket
			}
			if !strings.Contains(reason, "not found") {
				t.Errorf("%s: %q", name, reason)
			}
		}
		r := s.client().Locks(t.Context(), b)
		if len(r.Locks) > 0 || len(r.Problems) == 0 {
			t.Errorf("locks %v, problems %v", r.Locks, r.Problems)
		}
	})
}

func TestWhatWasReadOfAVersionIsNotReadAgain(t *testing.T) {
	s := newSiteOf(t)
	b := s.bucket("acme-tfstate", s3types.BucketVersioningStatusEnabled)
	v := model.Version{VersionID: s.put(b.Bucket, "k.tfstate", stateV4), Size: int64(len(stateV4))}
	c := s.client()
	first := c.VersionFacts(t.Context(), b, "k.tfstate", v)
	s.emulator.ResetLog()
	again := c.VersionFacts(t.Context(), b, "k.tfstate", v)
	if got := s.operations(); len(got) > 0 || !again.Header.IsKnown() || again.Resources.Or(0) != first.Resources.Or(-1) {
		t.Errorf("sent %v; facts %+v", got, again)
	}
}

func TestTheVersionOfAnUnversionedBucketIsReadAgain(t *testing.T) {
	s := newSiteOf(t)
	b := s.bucket("acme-tfstate", "")
	c := s.client()
	for serial, body := range map[uint64]string{7: stateV4, 8: strings.Replace(stateV4, `"serial":7`, `"serial":8`, 1)} {
		s.put(b.Bucket, "k.tfstate", body)
		h := c.VersionFacts(t.Context(), b, "k.tfstate", model.Version{VersionID: "null"}).Header.Or(model.StateHeader{})
		if h.Serial == nil || *h.Serial != serial {
			t.Errorf("serial %v, want %d", h.Serial, serial)
		}
	}
}

func TestAReaderWhoLeavesLeavesNothingBehind(t *testing.T) {
	s := newSiteOf(t)
	for _, name := range []string{"acme-a", "acme-b", "acme-c", "acme-d"} {
		b := s.bucket(name, s3types.BucketVersioningStatusEnabled)
		s.put(b.Bucket, "k.tfstate", stateV4)
		s.put(b.Bucket, "l.tfstate", stateV4)
	}
	s.table("acme-locks", "LockID")
	c := s.client(func(o *aws.Options) { o.Discover, o.Concurrency = true, 2 })
	for _, err := range c.Backends(t.Context()) {
		_ = err // the reader leaves, whatever came first
		break
	}
	for _, err := range c.States(t.Context(), model.Backend{Bucket: "acme-a"}, model.StateQuery{Deleted: true}) {
		_ = err
		break
	}
	for _, err := range c.Versions(t.Context(), model.Backend{Bucket: "acme-a"}, "k.tfstate") {
		_ = err
		break
	}
	if err := waitUntil(5*time.Second, func() bool { return !strings.Contains(stacks(), "stateward/aws.(*") }); err != nil {
		t.Errorf("%v: %s", err, stacks())
	}
}
