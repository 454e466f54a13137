package model

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

var healthAt = time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)

const (
	stateKeyARN = "arn:aws:kms:eu-west-1:111111111111:key/8f3a9c1e-0000-4000-8000-000000000001"
	otherKeyARN = "arn:aws:kms:eu-west-1:111111111111:key/8f3a9c1e-0000-4000-8000-000000000002"
)

// healthy are the facts of a backend in which every check passes.
func healthy() HealthFacts {
	key := Key{ID: "8f3a9c1e-0000-4000-8000-000000000001", ARN: stateKeyARN, Aliases: Known([]string{"alias/state"}), Manager: Known(ManagerCustomer),
		State: Known(KeyEnabled), Policy: Known(policyText(`"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:root"},"Action":"kms:*","Resource":"*"`)),
		Rotation: KeyRotation{Enabled: Known(true), PeriodDays: Known(365), Next: Known(healthAt.AddDate(0, 3, 0))}}
	byKey := Encryption{Algorithm: "aws:kms", KMSKeyID: stateKeyARN, BucketKey: true}
	version := "1.11.4"
	return HealthFacts{
		Backend: Backend{Name: "payments", Bucket: "acme-state", Region: "eu-west-1"},
		At:      healthAt, Region: Known("eu-west-1"), Account: Known("111111111111"), Owner: Known("111111111111"),
		Bucket: BucketHealth{
			Versioning: Known(VersioningEnabled), MFADelete: Known(true),
			PublicAccess: Known(blocked()), AccountPublicAccess: Known(blocked()), PolicyPublic: Known(false),
			Policy:     Known(policyText(strings.ReplaceAll(denyAll+","+withoutTLS, ":::b", ":::acme-state"))),
			ACL:        Known(BucketACL{Owner: "me", Grants: []ACLGrant{{Grantee: "me", Permission: "FULL_CONTROL"}}}),
			Ownership:  Known("BucketOwnerEnforced"),
			Encryption: Known(Encryption{Algorithm: "aws:kms", KMSKeyID: "alias/state", BucketKey: true}),
			Logging:    Known(BucketLogging{Bucket: "acme-logs", Prefix: "state/"}),
			Lifecycle: Known([]LifecycleRule{
				{ID: "tidy", Enabled: true, NoncurrentDays: 90, NewerNoncurrent: 20, DeleteMarkers: true, AbortDays: 7},
			}),
			Uploads: Known(OpenUploads{}), ObjectLock: Known(ObjectLock{}),
			Replication: Known([]Replication{{Enabled: true, KMS: true, Bucket: "arn:aws:s3:::acme-copy"}}),
		},
		Leftovers:         Known(LockFileLeftovers{Versions: 12, Markers: 13}),
		ConditionalWrites: Known(Conditions{Honoured: true}),
		Tables: GatheredOf([]TableHealth{{
			Name: "acme-locks", Region: "eu-west-1", Named: true, Status: Known("ACTIVE"), Schema: Known([]TableKey{{"LockID", "HASH", "S"}}),
			DeletionProtection: Known(true), Encryption: Known(TableEncryption{Type: "KMS", Status: "ENABLED", Key: stateKeyARN}),
			Billing: Known(TableBilling{OnDemand: true}), Recovery: Known(true), TTL: Known(TableTTL{Status: "DISABLED"}),
		}}),
		States: GatheredOf([]StateHealth{{
			Key: "app/terraform.tfstate", Header: Known(StateHeader{Format: FormatV4, TerraformVersion: &version}), Encryption: Known(byKey),
			LockFile: Known(LockFileHealth{Present: true, Encryption: byKey}), Parse: Known(""), Anomalies: Known[[]string](nil), Loss: Known(Loss{Was: 12, Is: 12}),
		}}),
		Digests: GatheredOf([]DigestHealth{{Table: "acme-locks", Key: "app/terraform.tfstate", Stored: "7701728d751e2b5143c0fa28e6bdd807", Verdict: Known(DigestMatch)}}),
		Locks: GatheredOf([]Lock{{Bucket: "acme-state", Key: "app/terraform.tfstate", Mechanism: MechanismLockfile, Orphan: Known(false), ReadAt: healthAt, Verdict: Unclear,
			Info: LockInfo{ID: "71d89b36", Who: "ci@runner", Version: "1.11.4", Created: healthAt.Add(-time.Minute)}}}),
		Mechanisms: GatheredOf([]MechanismUse{{Mechanism: MechanismLockfile, Why: []string{"configured"}}, {Mechanism: MechanismDynamoDB, Table: "acme-locks"}}),
		Keys:       map[string]Key{stateKeyARN: key, "alias/state": key},
	}
}

func blocked() PublicAccessBlock {
	return PublicAccessBlock{BlockPublicACLs: true, IgnorePublicACLs: true, BlockPublicPolicy: true, RestrictPublicBuckets: true}
}

func findingOf(t *testing.T, h HealthFacts, id string) Finding {
	t.Helper()
	for _, f := range Diagnose(h) {
		if f.ID == id {
			return f
		}
	}
	t.Fatalf("no finding %s", id)
	return Finding{}
}

func TestEveryCheckPassesFailsAndIsDenied(t *testing.T) {
	all := fixtures()
	for _, c := range Checks() {
		t.Run(c.ID, func(t *testing.T) {
			fix, ok := all[c.ID]
			if !ok || fix.fail == nil || fix.denied == nil || fix.evidence == "" {
				t.Fatal("the check needs a failing and a denied fixture, with what the evidence says")
			}
			if f := findingOf(t, healthy(), c.ID); f.Status != FindingPass || len(f.Evidence) == 0 || f.Remedy != (Remedy{}) {
				t.Errorf("healthy: %s %q %+v", f.Status, f.Evidence, f.Remedy)
			}
			checkFailure(t, c, fix)
			checkDenied(t, c, fix)
		})
	}
	if len(all) != len(Checks()) {
		t.Errorf("%d fixtures for %d checks", len(all), len(Checks()))
	}
}

func checkFailure(t *testing.T, c Check, fix fixture) {
	t.Helper()
	h := healthy()
	fix.fail(&h)
	f := findingOf(t, h, c.ID)
	if text := f.EvidenceText(0); f.Status != FindingFail || !strings.Contains(text, fix.evidence) {
		t.Errorf("failing: %s, evidence %q has no %q", f.Status, text, fix.evidence)
	}
	if f.Remedy.Summary == "" || !strings.Contains(f.Remedy.CLI, fix.cli) {
		t.Errorf("remedy %+v has no %q", f.Remedy, fix.cli)
	}
}

func checkDenied(t *testing.T, c Check, fix fixture) {
	t.Helper()
	h := healthy()
	fix.denied(&h)
	f := findingOf(t, h, c.ID)
	text := f.EvidenceText(0)
	named := fix.reason != "" && strings.Contains(text, fix.reason) || slices.ContainsFunc(c.Actions, func(a string) bool {
		return strings.Contains(text, "AccessDenied "+a) && strings.Contains(f.Remedy.Summary, "Allow ") && strings.Contains(f.Remedy.Summary, a)
	})
	if f.Status != FindingUnknown || !named {
		t.Errorf("denied: %s, evidence %q, remedy %q: one of %q is missing", f.Status, text, f.Remedy.Summary, c.Actions)
	}
}

func TestNothingReadIsNothingKnown(t *testing.T) {
	for _, f := range Diagnose(HealthFacts{Backend: Backend{Bucket: "b"}}) {
		if f.Status != FindingUnknown || len(f.Evidence) == 0 {
			t.Errorf("%s is %s %q without any fact", f.ID, f.Status, f.Evidence)
		}
	}
}

// referenceForm is the form of the ids that others give their checks.
func referenceForm() *regexp.Regexp {
	return regexp.MustCompile(`^(Security Hub (S3|KMS|DynamoDB)\.\d+|Checkov CKV2?_AWS_\d+|Trivy AVD-AWS-\d{4}|AWS Config [a-z][a-z0-9-]+)$`)
}

func TestTheChecksAreWhole(t *testing.T) {
	seen, reference := map[string]bool{}, referenceForm()
	for _, c := range Checks() {
		if seen[c.ID] {
			t.Errorf("%s is there twice", c.ID)
		}
		seen[c.ID] = true
		if c.Title == "" || c.Why == "" || !slices.Contains(Severities(), c.Severity) || c.Example().Summary == "" || len(c.Actions) == 0 && c.ID != "conditional-writes" {
			t.Errorf("%s lacks something: %+v", c.ID, c)
		}
		for i, r := range c.References {
			if !reference.MatchString(r) || slices.Contains(c.References[:i], r) {
				t.Errorf("%s refers to %q", c.ID, r)
			}
		}
	}
	if len(seen) < 30 {
		t.Errorf("only %d checks", len(seen))
	}
}

func TestTheIDsOfChecksAreAContract(t *testing.T) {
	var got []string
	for _, c := range Checks() {
		got = append(got, c.ID+" "+string(c.Severity))
	}
	want := strings.Split(pinnedChecks, ",\n")
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, ",\n"), strings.Join(want, ",\n"))
	}
}

const pinnedChecks = `bucket-versioning critical,
bucket-public-access-block critical,
account-public-access-block high,
bucket-public critical,
bucket-tls-only high,
bucket-cross-account high,
bucket-acl-disabled medium,
bucket-default-encryption medium,
bucket-encryption-kms medium,
bucket-key medium,
bucket-logging medium,
bucket-object-lock medium,
bucket-mfa-delete info,
bucket-replication low,
conditional-writes high,
lifecycle-current-states high,
lifecycle-noncurrent-history high,
lockfile-leftovers low,
multipart-abort low,
key-state critical,
key-rotation medium,
key-policy-wildcard high,
lock-table-active critical,
lock-table-schema critical,
lock-table-recovery medium,
lock-table-deletion-protection medium,
lock-table-encryption info,
lock-table-capacity low,
lock-table-ttl high,
state-encrypted critical,
state-encryption-default high,
state-parses high,
state-history medium,
state-loss high,
state-digest critical,
digest-malformed medium,
digest-missing medium,
digest-orphan medium,
lock-orphan high,
lock-diverged high,
lock-malformed high,
lock-old high,
lock-stale high,
lock-mechanism high,
lock-table-deprecated info`

func TestFindingsComeWorstFirst(t *testing.T) {
	h := healthy()
	h.Bucket.Logging = Known(BucketLogging{})
	h.Bucket.Versioning = Known(VersioningNever)
	h.Bucket.Replication = deniedTo[[]Replication]("s3:GetReplicationConfiguration")
	h.Bucket.Ownership = deniedTo[string]("s3:GetBucketOwnershipControls")
	var got []string
	for _, f := range Diagnose(h)[:4] {
		got = append(got, fmt.Sprint(f.ID, " ", f.Status))
	}
	want := []string{"bucket-versioning fail", "bucket-logging fail", "bucket-acl-disabled unknown", "bucket-replication unknown"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}
