package aws_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/model"
)

// allBackends folds the stream as its reader is meant to.
func allBackends(t *testing.T, c *aws.Client) (map[string]model.Backend, error) {
	t.Helper()
	all := map[string]model.Backend{}
	var last error
	for page, err := range c.Backends(t.Context()) {
		if last != nil {
			t.Error("something came after the error")
		}
		last = err
		for _, b := range page {
			all[b.Bucket+"/"+b.Prefix] = b
		}
	}
	return all, last
}

func TestBackendsComeFromConfigurationRowsAndTheAccount(t *testing.T) {
	everyTarget(t, func(t *testing.T, s *site) {
		for _, name := range []string{"acme-config", "acme-rows", "acme-account", "acme-logs", "acme-locked", "acme-odd"} {
			s.bucket(name, "")
		}
		s.table("acme-locks", "LockID")
		s.row("acme-locks", "acme-rows/app/state-md5", map[string]string{"Digest": "x"})
		s.row("acme-locks", "acme-config/team/app/state", map[string]string{"Info": s.lockInfo("one", "")})
		s.row("acme-locks", "not a bucket/x", map[string]string{"Info": s.lockInfo("one", "")})
		s.put("acme-account", "prod/terraform.tfstate", stateV4)
		s.put("acme-config", "team/terraform.tfstate", stateV4)
		s.put("acme-logs", "2026/11/21.gz", "x")
		s.put("acme-locked", "some/key.tflock", "{}")

		c := s.client(func(o *aws.Options) {
			o.Discover = true
			o.Backends = []model.Backend{{Name: "configured", Bucket: "acme-config", Prefix: "team/", Source: model.SourceConfig}}
			o.Policies = []model.PolicyRule{{Glob: "acme-a*", Policy: model.Policy{Protected: true}}, {Glob: "acme-c*", Policy: model.Policy{ReadOnly: true}}}
		})
		all, err := allBackends(t, c)
		if err != nil {
			t.Error(err)
		}
		want := map[string]model.Source{"acme-config/team/": model.SourceConfig, "acme-rows/": model.SourceLockTable,
			"acme-account/": model.SourceAccount, "acme-locked/": model.SourceAccount}
		for name, source := range want {
			if all[name].Source != source {
				t.Errorf("%s: source %q, want %q", name, all[name].Source, source)
			}
			delete(all, name)
		}
		if len(all) > 0 {
			t.Errorf("besides these: %v", all)
		}
	})
}

func TestRowsAddTheirStatesToTheirBackends(t *testing.T) {
	s := newSiteOf(t)
	s.bucket("acme-config", "")
	s.table("acme-locks", "LockID")
	s.row("acme-locks", "acme-config/app/state-md5", map[string]string{"Digest": "x"})
	c := s.client(func(o *aws.Options) {
		o.Discover = true
		o.Backends = []model.Backend{{Name: "configured", Bucket: "acme-config", Keys: []string{"known"}}}
		o.Policies = []model.PolicyRule{{Glob: "acme-*", Policy: model.Policy{RequireReason: true}}}
	})
	all, err := allBackends(t, c)
	b := all["acme-config/"]
	if err != nil || len(all) != 1 || !slices.Equal(b.Keys, []string{"known", "app/state"}) || !b.Policy.RequireReason {
		t.Errorf("backends %+v, error %v", all, err)
	}
}

func TestWithoutDiscoveryNothingIsSent(t *testing.T) {
	s := newSiteOf(t)
	c := s.client(func(o *aws.Options) {
		o.Backends = []model.Backend{{Name: "a", Bucket: "acme"}, {Name: "again", Bucket: "acme"}}
	})
	all, err := allBackends(t, c)
	if err != nil || len(all) != 1 || all["acme/"].Name != "a" || len(s.operations()) > 0 {
		t.Errorf("backends %+v, error %v, requests %v", all, err, s.operations())
	}
}

func TestASourceThatCannotBeReadDoesNotHideTheOthers(t *testing.T) {
	s := newSiteOf(t)
	s.bucket("acme-account", "")
	s.put("acme-account", "terraform.tfstate", stateV4)
	for action, c := range map[string]struct {
		found int
		says  string
	}{
		"dynamodb:ListTables":    {found: 1, says: "AccessDenied dynamodb:ListTables"},
		"s3:ListAllMyBuckets":    {found: 0, says: "AccessDenied s3:ListAllMyBuckets"},
		"s3:ListBucket":          {found: 0, says: "bucket acme-account was not looked through: listing of s3://acme-account/: AccessDenied s3:ListBucket"},
		"dynamodb:DescribeTable": {found: 1}, // no table, nothing to describe
	} {
		t.Run(action, func(t *testing.T) {
			s.emulator.Deny(action)
			defer s.emulator.Allow(action)
			all, err := allBackends(t, s.client(func(o *aws.Options) { o.Discover = true }))
			if len(all) != c.found || (err == nil) != (c.says == "") {
				t.Errorf("found %v, error %v", all, err)
			}
			if err != nil && (!strings.Contains(err.Error(), c.says) || !errors.Is(err, model.ErrDenied)) {
				t.Errorf("error %v, want %q", err, c.says)
			}
		})
	}
}

func TestTheFactsOfABackendAreRead(t *testing.T) {
	everyTarget(t, func(t *testing.T, s *site) {
		b := s.bucket("acme-tfstate", s3types.BucketVersioningStatusEnabled)
		_, err := s.s3.PutBucketEncryption(t.Context(), &s3.PutBucketEncryptionInput{Bucket: &b.Bucket,
			ServerSideEncryptionConfiguration: &s3types.ServerSideEncryptionConfiguration{Rules: []s3types.ServerSideEncryptionRule{{
				BucketKeyEnabled:                   sdk.Bool(true),
				ApplyServerSideEncryptionByDefault: &s3types.ServerSideEncryptionByDefault{SSEAlgorithm: s3types.ServerSideEncryptionAwsKms}}}}})
		s.must(err)
		s.put(b.Bucket, "app.tfstate", stateV4)
		s.put(b.Bucket, "app.tfstate.tflock", "{}")
		s.put(b.Bucket, "odd", stateV4)
		s.put(b.Bucket, "README", "x")
		f := s.client().BackendFacts(t.Context(), b)
		if got := f.Region.Or(""); got != "us-east-1" {
			t.Errorf("region %q (%s)", got, f.Region.Reason())
		}
		if got := f.Versioning.Or(""); got != model.VersioningEnabled {
			t.Errorf("versioning %q (%s)", got, f.Versioning.Reason())
		}
		if got := f.Encryption.Or(model.Encryption{}); got.Algorithm != "aws:kms" || !got.BucketKey {
			t.Errorf("encryption %+v (%s)", got, f.Encryption.Reason())
		}
		if states, files := f.States.Or(-1), f.LockFiles.Or(-1); states != 2 || files != 1 || f.More {
			t.Errorf("states %d, lock files %d, more %v", states, files, f.More)
		}
		if !f.LastWrite.IsKnown() {
			t.Errorf("last write unknown: %s", f.LastWrite.Reason())
		}
	})
}

func TestABucketWithoutAnythingSetUp(t *testing.T) {
	everyTarget(t, func(t *testing.T, s *site) {
		b := s.bucket("acme-tfstate", "")
		f := s.client().BackendFacts(t.Context(), b)
		if got := f.Versioning.Or(""); got != model.VersioningNever {
			t.Errorf("versioning %q (%s)", got, f.Versioning.Reason())
		}
		if !f.Encryption.IsKnown() || f.States.Or(-1) != 0 || f.LockFiles.Or(-1) != 0 {
			t.Errorf("facts %+v", f)
		}
	})
}

func TestABackendIsCountedOnlySoFar(t *testing.T) {
	s := newSite(t, emulatorPages(1))
	b := s.bucket("acme-tfstate", "")
	for _, key := range []string{"a.tfstate", "b.tfstate", "c.tfstate", "d.tfstate"} {
		s.put(b.Bucket, key, stateV4)
	}
	f := s.client().BackendFacts(t.Context(), b)
	if f.States.Or(-1) != 3 || !f.More || f.LastWrite.IsKnown() {
		t.Errorf("states %d, more %v, last write %v", f.States.Or(-1), f.More, f.LastWrite)
	}
}

func TestWhoAsks(t *testing.T) {
	everyTarget(t, func(t *testing.T, s *site) {
		id, err := s.client().Identity(t.Context())
		if err != nil || id.Account == "" || id.ARN == "" || id.Region != "us-east-1" {
			t.Errorf("identity %+v, error %v", id, err)
		}
	})
}
