package aws_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stateward/stateward/aws/emulator"
	demo "github.com/stateward/stateward/aws/emulator/sample"
	"github.com/stateward/stateward/model"
)

// healthTime is when the health of anything is looked at.
func healthTime() time.Time { return time.Date(2026, 11, 21, 19, 11, 7, 0, time.UTC) }

// demoSite is the sample fleet.
func demoSite(t testing.TB) *emulator.Server {
	t.Helper()
	s, err := emulator.Start(emulator.Options{Seed: 7, Clock: healthTime, EnforceRegion: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() }) // nothing of it is needed any more
	if err := demo.Seed(s); err != nil {
		t.Fatal(err)
	}
	return s
}

// demoBackends are the buckets of the sample fleet.
func demoBackends() []string {
	return []string{"acme-tfstate-prod", "acme-tfstate-payments", "acme-tfstate-network", "acme-tfstate-data", "acme-legacy-state"}
}

func at(s *emulator.Server) *site {
	return &site{url: s.URL(), emulator: s, s3: rawS3(s.URL()), ddb: rawDynamoDB(s.URL())}
}

// TestHealthStaysWithinItsBudget: at most 25 requests for the bucket, its tables
// and the account, and one GET a state; what lock files cost counts among the 25.
// To judge a lock that is held, the past locks of its state are read besides, and
// two versions of a state that shrank within a day.
func TestHealthStaysWithinItsBudget(t *testing.T) {
	s := at(demoSite(t))
	for _, name := range demoBackends() {
		t.Run(name, func(t *testing.T) {
			s.emulator.ResetLog()
			f := s.client().Health(t.Context(), model.Backend{Name: name, Bucket: name})
			states, ranged := living(f.States.Items), 0
			gets, others, keys, past := 0, 0, 0, 0
			for _, r := range s.emulator.Requests() {
				switch {
				case r.Mutates:
					t.Errorf("%s changes something", r.Operation)
				case r.Operation == "GetObject" && r.Query.Has("versionId"):
					past++
				case r.Operation == "GetObject":
					gets++
					if r.Header.Get("Range") == "bytes=0-511" {
						ranged++
					}
				case r.Service == "kms":
					keys++
				default:
					others++
				}
			}
			if len(states) == 0 || gets < len(states) || others+gets-len(states) > 25 {
				t.Errorf("%d requests and %d GETs for %d states", others, gets, len(states))
			}
			if most := 40*len(f.Locks.Items) + 2*len(states); past > most {
				t.Errorf("%d old versions read, want at most %d", past, most)
			}
			if most := 5 * len(f.Keys); keys > most {
				t.Errorf("%d requests to KMS, want at most %d", keys, most)
			}
			if len(f.Digests.Items) == 0 && ranged != len(states) {
				t.Errorf("%d of %d states read by their first bytes; no digest asks for more", ranged, len(states))
			}
		})
	}
}

// living are the states that are there.
func living(all []model.StateHealth) []model.StateHealth {
	return slices.DeleteFunc(slices.Clone(all), func(s model.StateHealth) bool { return s.Deleted })
}

// healthy is a bucket and a table with one state in them, written long enough ago.
func healthy(t *testing.T) (*site, model.Backend) {
	s := newSiteOf(t)
	s.emulator.SetClock(func() time.Time { return healthTime().Add(-time.Hour) })
	b := s.bucket("acme-tfstate", s3types.BucketVersioningStatusEnabled)
	s.table("acme-locks", "LockID")
	s.put(b.Bucket, "k.tfstate", longState)
	s.row("acme-locks", model.DigestID(b.Bucket, "k.tfstate"), map[string]string{"Digest": model.DigestOf([]byte(longState))})
	s.emulator.SetClock(healthTime)
	return s, b
}

// longState does not end within the first bytes that are read of a state.
var longState = stateV4 + strings.Repeat(" ", 1000) //nolint:gochecknoglobals // never changed

// reasons is why each fact is unknown, "" for those that are known.
func reasons(f model.HealthFacts) map[string]string {
	b := f.Bucket
	all := map[string]string{
		"region": f.Region.Reason(), "account": f.Account.Reason(), "owner": f.Owner.Reason(),
		"versioning": b.Versioning.Reason(), "MFA delete": b.MFADelete.Reason(), "access block": b.PublicAccess.Reason(),
		"account's block": b.AccountPublicAccess.Reason(), "policy status": b.PolicyPublic.Reason(), "policy": b.Policy.Reason(),
		"ACL": b.ACL.Reason(), "ownership": b.Ownership.Reason(), "encryption": b.Encryption.Reason(), "logging": b.Logging.Reason(),
		"lifecycle": b.Lifecycle.Reason(), "uploads": b.Uploads.Reason(), "Object Lock": b.ObjectLock.Reason(), "replication": b.Replication.Reason(),
		"leftovers": f.Leftovers.Reason(), "tables": strings.Join(f.Tables.Unread, ", "), "states": strings.Join(f.States.Unread, ", "),
		"digests": strings.Join(f.Digests.Unread, ", "), "locks": strings.Join(f.Locks.Unread, ", "), "mechanisms": strings.Join(f.Mechanisms.Unread, ", "),
	}
	for _, s := range f.States.Items {
		all["header"], all["state's encryption"], all["parse"] = s.Header.Reason(), s.Encryption.Reason(), s.Parse.Reason()
		all["lock file"], all["anomalies"] = s.LockFile.Reason(), s.Anomalies.Reason()
	}
	for _, t := range f.Tables.Items {
		all["table's status"], all["recovery"], all["TTL"] = t.Status.Reason(), t.Recovery.Reason(), t.TTL.Reason()
	}
	for _, d := range f.Digests.Items {
		all["digest"] = d.Verdict.Reason()
	}
	return all
}

func TestWhatIsNotConfiguredIsKnownToBeAbsent(t *testing.T) {
	s, b := healthy(t)
	f := s.client().Health(t.Context(), b)
	for name, reason := range reasons(f) {
		if reason != "" {
			t.Errorf("%s is unknown: %s", name, reason)
		}
	}
	bucket := f.Bucket
	absent := map[string]bool{
		"policy": bucket.Policy.Or("?") == "", "public": !bucket.PolicyPublic.Or(true), "logging": bucket.Logging.Or(model.BucketLogging{Bucket: "?"}) == model.BucketLogging{},
		"Object Lock": !bucket.ObjectLock.Or(model.ObjectLock{Enabled: true}).Enabled, "lifecycle": len(bucket.Lifecycle.Or([]model.LifecycleRule{{}})) == 0,
		"replication": len(bucket.Replication.Or([]model.Replication{{}})) == 0, "uploads": bucket.Uploads.Or(model.OpenUploads{Count: 1}).Count == 0,
		"account's block": len(bucket.AccountPublicAccess.Or(model.PublicAccessBlock{BlockPublicACLs: true}).Missing()) == 4,
	}
	for name, ok := range absent {
		if !ok {
			t.Errorf("%s is not told to be absent", name)
		}
	}
	if f.At != healthTime() || bucket.Versioning.Or("") != model.VersioningEnabled || len(bucket.PublicAccess.Or(model.PublicAccessBlock{}).Missing()) > 0 ||
		bucket.Ownership.Or("") != "BucketOwnerEnforced" || bucket.Encryption.Or(model.Encryption{}).Algorithm != "AES256" {
		t.Errorf("at %s, bucket %+v", f.At, bucket)
	}
	if len(f.Tables.Items) != 1 || f.Tables.Items[0].Status.Or("") != "ACTIVE" || !f.Tables.Items[0].Billing.Or(model.TableBilling{}).OnDemand {
		t.Errorf("tables %+v", f.Tables)
	}
	if f.ConditionalWrites.IsKnown() {
		t.Error("whether an endpoint that is not AWS honours conditions cannot be read")
	}
}

func TestReplicationTellsWhetherKMSGoesAlong(t *testing.T) {
	for name, c := range map[string]struct {
		criteria *s3types.SourceSelectionCriteria
		kms      bool
	}{
		"a rule that says nothing":  {nil, false},
		"a rule that selects it":    {&s3types.SourceSelectionCriteria{SseKmsEncryptedObjects: &s3types.SseKmsEncryptedObjects{Status: s3types.SseKmsEncryptedObjectsStatusEnabled}}, true},
		"a rule that turns it off":  {&s3types.SourceSelectionCriteria{SseKmsEncryptedObjects: &s3types.SseKmsEncryptedObjects{Status: s3types.SseKmsEncryptedObjectsStatusDisabled}}, false},
		"a rule about changes only": {&s3types.SourceSelectionCriteria{ReplicaModifications: &s3types.ReplicaModifications{Status: s3types.ReplicaModificationsStatusEnabled}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			s, b := healthy(t)
			_, err := s.s3.PutBucketReplication(t.Context(), &s3.PutBucketReplicationInput{Bucket: &b.Bucket, ReplicationConfiguration: &s3types.ReplicationConfiguration{
				Role: sdk.String("arn:aws:iam::123456789012:role/copy"), Rules: []s3types.ReplicationRule{{
					Status: s3types.ReplicationRuleStatusEnabled, Priority: sdk.Int32(1), Filter: &s3types.ReplicationRuleFilter{Prefix: sdk.String("")},
					DeleteMarkerReplication: &s3types.DeleteMarkerReplication{Status: s3types.DeleteMarkerReplicationStatusDisabled},
					SourceSelectionCriteria: c.criteria, Destination: &s3types.Destination{Bucket: sdk.String("arn:aws:s3:::copy")},
				}},
			}})
			if err != nil {
				t.Fatal(err)
			}
			got := s.client().Health(t.Context(), b).Bucket.Replication.Or(nil)
			if want := (model.Replication{Enabled: true, KMS: c.kms, Bucket: "arn:aws:s3:::copy"}); len(got) != 1 || got[0] != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func TestADeniedReadBlanksWhatItTellsAndNothingElse(t *testing.T) {
	for action, hidden := range map[string][]string{
		"s3:GetBucketVersioning":               {"versioning", "MFA delete"},
		"s3:GetBucketPublicAccessBlock":        {"access block"},
		"s3:GetAccountPublicAccessBlock":       {"account's block"},
		"s3:GetBucketPolicy":                   {"policy"},
		"s3:GetBucketPolicyStatus":             {"policy status"},
		"s3:GetBucketAcl":                      {"ACL"},
		"s3:GetBucketOwnershipControls":        {"ownership"},
		"s3:GetEncryptionConfiguration":        {"encryption"},
		"s3:GetBucketLogging":                  {"logging"},
		"s3:GetLifecycleConfiguration":         {"lifecycle"},
		"s3:ListBucketMultipartUploads":        {"uploads"},
		"s3:GetBucketObjectLockConfiguration":  {"Object Lock"},
		"s3:GetReplicationConfiguration":       {"replication"},
		"s3:ListBucketVersions":                {"leftovers", "anomalies", "states", "mechanisms"},
		"s3:ListBucket":                        {"owner", "account's block", "states", "locks", "lock file", "mechanisms"},
		"s3:GetObject":                         {"header", "state's encryption", "parse", "digest"},
		"dynamodb:ListTables":                  {"tables", "digests", "locks", "mechanisms"},
		"dynamodb:Scan":                        {"digests", "locks", "mechanisms"},
		"dynamodb:DescribeContinuousBackups":   {"recovery"},
		"dynamodb:DescribeTimeToLive":          {"TTL"},
		"kms:DescribeKey, dynamodb:PutItem":    nil,
		"s3:PutObject, s3:ListAllMyBuckets":    nil,
		"s3:GetObjectVersion, s3:GetObjectAcl": nil,
	} {
		t.Run(action, func(t *testing.T) {
			s, b := healthy(t)
			s.emulator.Deny(strings.Split(action, ", ")...)
			for name, reason := range reasons(s.client().Health(t.Context(), b)) {
				switch hide := slices.Contains(hidden, name); {
				case hide && !strings.Contains(reason, "AccessDenied "+action):
					t.Errorf("%s: unknown because %q, want AccessDenied %s", name, reason, action)
				case !hide && reason != "":
					t.Errorf("%s: unknown because %q, and does not need %s", name, reason, action)
				}
			}
		})
	}
}

func TestAStoreThatLacksASettingIsToldApartFromOneThatRefuses(t *testing.T) {
	s, b := healthy(t)
	s.emulator.OnRequest(func(r emulator.Request) *emulator.Fault {
		if r.Service == "s3control" || strings.HasPrefix(r.Operation, "GetBucket") && r.Operation != "GetBucketVersioning" {
			return &emulator.Fault{Status: 501, Code: "NotImplemented", Message: "A header you provided implies functionality that is not implemented"}
		}
		return nil
	})
	got := reasons(s.client().Health(t.Context(), b))
	for _, name := range []string{"policy", "policy status", "ACL", "ownership", "encryption", "logging", "lifecycle", "replication", "account's block"} {
		if got[name] != "not supported by this endpoint" {
			t.Errorf("%s: %q", name, got[name])
		}
	}
	if got["versioning"] != "" || got["states"] != "" {
		t.Errorf("versioning %q, states %q", got["versioning"], got["states"])
	}
}

func TestABucketThatIsNotThereLeavesNoFactUnread(t *testing.T) {
	s := newSiteOf(t)
	for name, reason := range reasons(s.client().Health(t.Context(), model.Backend{Bucket: "no-such-bucket"})) {
		if !strings.Contains(reason, "not found") {
			t.Errorf("%s: %q", name, reason)
		}
	}
}

// TestHealthIsReadFromAnyServer: what moto does as AWS does, it witnesses too.
func TestHealthIsReadFromAnyServer(t *testing.T) {
	everyTarget(t, func(t *testing.T, s *site) {
		b := s.bucket("acme-tfstate", s3types.BucketVersioningStatusEnabled)
		s.table("acme-locks", "LockID")
		s.put(b.Bucket, "k.tfstate", longState)
		s.put(b.Bucket, "k.tfstate.tflock", s.lockInfo("old", ""))
		s.remove(b.Bucket, "k.tfstate.tflock")
		s.row("acme-locks", model.DigestID(b.Bucket, "k.tfstate"), map[string]string{"Digest": model.DigestOf([]byte(longState))})
		f := s.client().Health(t.Context(), b)
		known := reasons(f)
		for _, name := range []string{"region", "account", "owner", "versioning", "access block", "account's block", "policy", "policy status", "ACL", "encryption",
			"logging", "lifecycle", "uploads", "Object Lock", "replication", "leftovers", "header", "parse", "lock file", "table's status", "recovery", "TTL", "digest"} {
			want := ""
			if name == "policy status" && s.emulator == nil {
				want = "not supported by this endpoint" // moto answers with a listing
			}
			if known[name] != want {
				t.Errorf("%s is unknown: %s", name, known[name])
			}
		}
		if left := f.Leftovers.Or(model.LockFileLeftovers{}); left != (model.LockFileLeftovers{Versions: 1, Markers: 1}) {
			t.Errorf("leftovers %+v", left)
		}
		if len(f.Digests.Items) != 1 || f.Digests.Items[0].Verdict.Or("") != model.DigestMatch || len(f.Tables.Items) != 1 {
			t.Errorf("digests %+v, tables %+v", f.Digests, f.Tables)
		}
	})
}
