package model

import (
	"fmt"
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
			Replication: Known([]Replication{{Enabled: true, Bucket: "arn:aws:s3:::acme-copy"}}),
		},
		Leftovers:         Known(LockFileLeftovers{Versions: 12, Markers: 13}),
		ConditionalWrites: Known(true),
		Tables: GatheredOf([]TableHealth{{
			Name: "acme-locks", Region: "eu-west-1", Named: true, Status: Known("ACTIVE"), Schema: Known([]TableKey{{"LockID", "HASH", "S"}}),
			DeletionProtection: Known(true), Encryption: Known(TableEncryption{Type: "KMS", Status: "ENABLED", Key: stateKeyARN}),
			Billing: Known(TableBilling{OnDemand: true}), Recovery: Known(true), TTL: Known(TableTTL{Status: "DISABLED"}),
		}}),
		States: GatheredOf([]StateHealth{{
			Key: "app/terraform.tfstate", Header: Known(StateHeader{Format: FormatV4, TerraformVersion: &version}), Encryption: Known(byKey),
			LockFile: Known(LockFileHealth{Present: true, Encryption: byKey}), Parse: Known(""), Anomalies: Known[[]string](nil),
		}}),
		Digests: GatheredOf([]DigestHealth{{Table: "acme-locks", Key: "app/terraform.tfstate", Stored: "7701728d751e2b5143c0fa28e6bdd807", Verdict: Known(DigestMatch)}}),
		Locks: GatheredOf([]Lock{{Bucket: "acme-state", Key: "app/terraform.tfstate", Mechanism: MechanismLockfile, Orphan: Known(false), ReadAt: healthAt,
			Info: LockInfo{ID: "71d89b36", Who: "ci@runner", Version: "1.11.4", Created: healthAt.Add(-time.Minute)}}}),
		Mechanisms: GatheredOf([]MechanismUse{{Mechanism: MechanismLockfile, Why: []string{"configured"}}, {Mechanism: MechanismDynamoDB, Table: "acme-locks"}}),
		Keys:       map[string]Key{stateKeyARN: key, "alias/state": key},
	}
}

func blocked() PublicAccessBlock {
	return PublicAccessBlock{BlockPublicACLs: true, IgnorePublicACLs: true, BlockPublicPolicy: true, RestrictPublicBuckets: true}
}

// fixture changes the healthy facts so that one check fails, or cannot be told.
type fixture struct {
	fail     func(*HealthFacts)
	evidence string // of the failure, a part
	cli      string // of its remedy, a part
	denied   func(*HealthFacts)
	reason   string // in the evidence then
}

// no1 changes the only item of a list.
func no1[T any](change func(*T)) func(*Gathered[T]) {
	return func(g *Gathered[T]) { change(&g.Items[0]) }
}

func onTable(change func(*TableHealth)) func(*HealthFacts) {
	return func(h *HealthFacts) { no1(change)(&h.Tables) }
}

func onState(change func(*StateHealth)) func(*HealthFacts) {
	return func(h *HealthFacts) { no1(change)(&h.States) }
}

func onLock(change func(*Lock)) func(*HealthFacts) {
	return func(h *HealthFacts) { no1(change)(&h.Locks) }
}

func onKey(change func(*Key)) func(*HealthFacts) {
	return func(h *HealthFacts) {
		for name, k := range h.Keys {
			change(&k)
			h.Keys[name] = k
		}
	}
}

func digestIs(v DigestVerdict) func(*HealthFacts) {
	return func(h *HealthFacts) { h.Digests.Items[0].Verdict = Known(v) }
}

func deniedTo[T any](action string) Fact[T] { return Unknown[T]("AccessDenied " + action) }

func scanDenied(h *HealthFacts) {
	h.Digests.Unread = []string{"AccessDenied dynamodb:Scan on table acme-locks"}
}

func lifecycleIs(rules ...LifecycleRule) func(*HealthFacts) {
	return func(h *HealthFacts) { h.Bucket.Lifecycle = Known(rules) }
}

func lifecycleDenied(h *HealthFacts) {
	h.Bucket.Lifecycle = deniedTo[[]LifecycleRule]("s3:GetLifecycleConfiguration")
}

func policyDenied(h *HealthFacts) { h.Bucket.Policy = deniedTo[string]("s3:GetBucketPolicy") }

func encryptionDenied(h *HealthFacts) {
	h.Bucket.Encryption = deniedTo[Encryption]("s3:GetEncryptionConfiguration")
}

func locksDenied(h *HealthFacts) {
	h.Locks.Unread = []string{"AccessDenied dynamodb:Scan on table acme-locks"}
}

// fixtures has what fails and what blinds every check. A check without is an
// error of TestEveryCheckPassesFailsAndIsDenied.
func fixtures() map[string]fixture {
	all := map[string]fixture{}
	for _, some := range []map[string]fixture{accessFixtures(), storageFixtures(), tableFixtures(), statusFixtures(), lockFixtures()} {
		for id, f := range some {
			all[id] = f
		}
	}
	return all
}

func accessFixtures() map[string]fixture {
	return map[string]fixture{
		"bucket-versioning": {
			fail: func(h *HealthFacts) { h.Bucket.Versioning = Known(VersioningSuspended) }, evidence: "versioning is suspended",
			cli:    "aws s3api put-bucket-versioning --bucket acme-state --versioning-configuration Status=Enabled",
			denied: func(h *HealthFacts) { h.Bucket.Versioning = deniedTo[Versioning]("s3:GetBucketVersioning") },
		},
		"bucket-public-access-block": {
			fail: func(h *HealthFacts) {
				h.Bucket.PublicAccess = Known(PublicAccessBlock{BlockPublicACLs: true, IgnorePublicACLs: true})
			},
			evidence: "off: BlockPublicPolicy, RestrictPublicBuckets", cli: "aws s3api put-public-access-block --bucket acme-state",
			denied: func(h *HealthFacts) {
				h.Bucket.PublicAccess = deniedTo[PublicAccessBlock]("s3:GetBucketPublicAccessBlock")
			},
		},
		"account-public-access-block": {
			fail:     func(h *HealthFacts) { h.Bucket.AccountPublicAccess = Known(PublicAccessBlock{}) },
			evidence: "off: BlockPublicAcls, IgnorePublicAcls, BlockPublicPolicy, RestrictPublicBuckets", cli: "--account-id 111111111111",
			denied: func(h *HealthFacts) {
				h.Bucket.AccountPublicAccess = deniedTo[PublicAccessBlock]("s3:GetAccountPublicAccessBlock")
			},
		},
		"bucket-public": {
			fail: func(h *HealthFacts) { unblocked(h); h.Bucket.PolicyPublic = Known(true) }, evidence: "the policy is public, as S3 judges it", cli: "put-public-access-block",
			denied: func(h *HealthFacts) {
				policyDenied(h)
				h.Bucket.PolicyPublic = deniedTo[bool]("s3:GetBucketPolicyStatus")
			},
		},
		"bucket-tls-only": {
			fail: func(h *HealthFacts) { h.Bucket.Policy = Known("") }, evidence: "the bucket has no policy", cli: "put-bucket-policy", denied: policyDenied,
		},
		"bucket-cross-account": {
			fail: func(h *HealthFacts) {
				h.Bucket.Policy = Known(policyText(`"Sid":"ci","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::222222222222:role/ci"},"Action":"s3:GetObject","Resource":"*"`))
			},
			evidence: "arn:aws:iam::222222222222:role/ci (s3:GetObject) by statement ci", cli: "get-bucket-policy --bucket acme-state", denied: policyDenied,
		},
		"bucket-acl-disabled": {
			fail: func(h *HealthFacts) { h.Bucket.Ownership = Known("") }, evidence: "object ownership is not set (ObjectWriter)", cli: "put-bucket-ownership-controls",
			denied: func(h *HealthFacts) { h.Bucket.Ownership = deniedTo[string]("s3:GetBucketOwnershipControls") },
		},
	}
}

func unblocked(h *HealthFacts) {
	h.Bucket.PublicAccess, h.Bucket.AccountPublicAccess = Known(PublicAccessBlock{}), Known(PublicAccessBlock{})
}

func storageFixtures() map[string]fixture {
	return map[string]fixture{
		"bucket-default-encryption": {
			fail: func(h *HealthFacts) { h.Bucket.Encryption = Known(Encryption{Algorithm: "none"}) }, evidence: "no default encryption", cli: "put-bucket-encryption", denied: encryptionDenied,
		},
		"bucket-encryption-kms": {
			fail: func(h *HealthFacts) { h.Bucket.Encryption = Known(Encryption{Algorithm: "AES256"}) }, evidence: "the default is AES256", cli: "put-bucket-encryption", denied: encryptionDenied,
		},
		"bucket-key": {
			fail: func(h *HealthFacts) { h.Bucket.Encryption = Known(Encryption{Algorithm: "aws:kms"}) }, evidence: "without a bucket key", cli: "BucketKeyEnabled", denied: encryptionDenied,
		},
		"bucket-logging": {
			fail: func(h *HealthFacts) { h.Bucket.Logging = Known(BucketLogging{}) }, evidence: "not logged", cli: "put-bucket-logging",
			denied: func(h *HealthFacts) { h.Bucket.Logging = deniedTo[BucketLogging]("s3:GetBucketLogging") },
		},
		"bucket-object-lock": {
			fail: func(h *HealthFacts) {
				h.Bucket.ObjectLock = Known(ObjectLock{Enabled: true, Mode: "COMPLIANCE", Days: 30})
			}, evidence: "COMPLIANCE for 30 days",
			cli: "put-object-lock-configuration --bucket acme-state --object-lock-configuration ObjectLockEnabled=Enabled",
			denied: func(h *HealthFacts) {
				h.Bucket.ObjectLock = deniedTo[ObjectLock]("s3:GetBucketObjectLockConfiguration")
			},
		},
		"bucket-mfa-delete": {
			fail: func(h *HealthFacts) { h.Bucket.MFADelete = Known(false) }, evidence: "off", cli: "MFADelete=Enabled",
			denied: func(h *HealthFacts) { h.Bucket.MFADelete = deniedTo[bool]("s3:GetBucketVersioning") },
		},
		"bucket-replication": {
			fail: func(h *HealthFacts) { h.Bucket.Replication = Known[[]Replication](nil) }, evidence: "not replicated", cli: "put-bucket-replication",
			denied: func(h *HealthFacts) { h.Bucket.Replication = deniedTo[[]Replication]("s3:GetReplicationConfiguration") },
		},
		"conditional-writes": {
			fail: func(h *HealthFacts) { h.ConditionalWrites = Known(false) }, evidence: "ignores If-None-Match",
			denied: func(h *HealthFacts) { h.ConditionalWrites = Unknown[bool]("reading alone cannot tell") }, reason: "reading alone cannot tell",
		},
		"lifecycle-current-states": {
			fail: lifecycleIs(LifecycleRule{ID: "all", Enabled: true, ExpireDays: 365}), evidence: "rule all: expires states 365 days after they were written (app/terraform.tfstate)",
			cli: "get-bucket-lifecycle-configuration", denied: lifecycleDenied,
		},
		"lifecycle-noncurrent-history": {
			fail: lifecycleIs(LifecycleRule{ID: "old", Enabled: true, NoncurrentDays: 7}), evidence: "rule old: deletes old versions after 7 days and keeps only 0",
			cli: "put-bucket-lifecycle-configuration", denied: lifecycleDenied,
		},
		"lockfile-leftovers": {
			fail: func(h *HealthFacts) {
				lifecycleIs()(h)
				h.Leftovers = Known(LockFileLeftovers{Versions: 1, Markers: 2000, AtLeast: true})
			},
			evidence: "at least 1 old version and 2000 delete markers of lock files; no rule removes them", cli: "NoncurrentVersionExpiration",
			denied: func(h *HealthFacts) { h.Leftovers = deniedTo[LockFileLeftovers]("s3:ListBucketVersions") },
		},
		"multipart-abort": {
			fail: func(h *HealthFacts) {
				lifecycleIs()(h)
				h.Bucket.Uploads = Known(OpenUploads{Count: 2, Oldest: healthAt})
			},
			evidence: "no rule aborts them; 2 open, the oldest since 2026-11-22", cli: "AbortIncompleteMultipartUpload", denied: lifecycleDenied,
		},
		"key-state": {
			fail:     onKey(func(k *Key) { k.State, k.DeletionDate = Known(KeyPendingDeletion), Known(healthAt.AddDate(0, 0, 9)) }),
			evidence: "key state: PendingDeletion, deleted on 2026-12-01 (in 9 d) (needed by the default encryption", cli: "aws kms cancel-key-deletion --key-id " + stateKeyARN + " --region eu-west-1",
			denied: onKey(func(k *Key) { k.State = deniedTo[KeyState]("kms:DescribeKey") }),
		},
		"key-rotation": {
			fail: onKey(func(k *Key) { k.Rotation.Enabled = Known(false) }), evidence: "key state: does not rotate", cli: "enable-key-rotation --key-id " + stateKeyARN,
			denied: onKey(func(k *Key) { k.Rotation.Enabled = deniedTo[bool]("kms:GetKeyRotationStatus") }),
		},
		"key-policy-wildcard": {
			fail: onKey(func(k *Key) {
				k.Policy = Known(policyText(`"Sid":"open","Effect":"Allow","Principal":{"AWS":"*"},"Action":"kms:*","Resource":"*"`))
			}),
			evidence: "key state: statement open lets everybody in (kms:*)", cli: "get-key-policy", denied: onKey(func(k *Key) { k.Policy = deniedTo[string]("kms:GetKeyPolicy") }),
		},
	}
}

func tableFixtures() map[string]fixture {
	describe := "dynamodb:DescribeTable"
	return map[string]fixture{
		"lock-table-active": {
			fail: onTable(func(t *TableHealth) { t.Status = Known("DELETING") }), evidence: "table acme-locks: is DELETING", cli: "create-table --table-name acme-locks",
			denied: onTable(func(t *TableHealth) { t.Status = deniedTo[string](describe) }),
		},
		"lock-table-schema": {
			fail:     onTable(func(t *TableHealth) { t.Schema = Known([]TableKey{{"LockID", "HASH", "S"}, {"At", "RANGE", "N"}}) }),
			evidence: "is keyed by LockID (HASH, S) and At (RANGE, N)", cli: "AttributeName=LockID,KeyType=HASH",
			denied: onTable(func(t *TableHealth) { t.Schema = deniedTo[[]TableKey](describe) }),
		},
		"lock-table-recovery": {
			fail: onTable(func(t *TableHealth) { t.Recovery = Known(false) }), evidence: "no point-in-time recovery",
			cli:    "aws dynamodb update-continuous-backups --table-name acme-locks --point-in-time-recovery-specification PointInTimeRecoveryEnabled=true --region eu-west-1",
			denied: onTable(func(t *TableHealth) { t.Recovery = deniedTo[bool]("dynamodb:DescribeContinuousBackups") }),
		},
		"lock-table-deletion-protection": {
			fail: onTable(func(t *TableHealth) { t.DeletionProtection = Known(false) }), evidence: "can be deleted", cli: "--deletion-protection-enabled",
			denied: onTable(func(t *TableHealth) { t.DeletionProtection = deniedTo[bool](describe) }),
		},
		"lock-table-encryption": {
			fail: onTable(func(t *TableHealth) { t.Encryption = Known(TableEncryption{}) }), evidence: "a key that AWS owns", cli: "--sse-specification",
			denied: onTable(func(t *TableHealth) { t.Encryption = deniedTo[TableEncryption](describe) }),
		},
		"lock-table-capacity": {
			fail: onTable(func(t *TableHealth) { t.Billing = Known(TableBilling{Read: 1, Write: 5}) }), evidence: "1 unit to read and 5 units to write", cli: "PAY_PER_REQUEST",
			denied: onTable(func(t *TableHealth) { t.Billing = deniedTo[TableBilling](describe) }),
		},
		"lock-table-ttl": {
			fail: onTable(func(t *TableHealth) { t.TTL = Known(TableTTL{Status: "ENABLED", Attribute: "expires at"}) }), evidence: "rows expire by expires at",
			cli:    "--time-to-live-specification 'Enabled=false,AttributeName=expires at'",
			denied: onTable(func(t *TableHealth) { t.TTL = deniedTo[TableTTL]("dynamodb:DescribeTimeToLive") }),
		},
	}
}

func statusFixtures() map[string]fixture {
	getDenied := func(s *StateHealth) { s.Encryption = deniedTo[Encryption]("s3:GetObject") }
	return map[string]fixture{
		"state-encrypted": {
			fail: onState(func(s *StateHealth) { s.Encryption = Known(Encryption{Algorithm: "none"}) }), evidence: "app/terraform.tfstate: not encrypted", cli: "copy-object", denied: onState(getDenied),
		},
		"state-encryption-default": {
			fail: onState(func(s *StateHealth) { s.Encryption = Known(Encryption{Algorithm: "AES256"}) }), evidence: "stored with AES256, the default is aws:kms", cli: "copy-object", denied: onState(getDenied),
		},
		"state-parses": {
			fail: onState(func(s *StateHealth) { s.Parse = Known("at offset 3: not JSON") }), evidence: "at offset 3: not JSON", cli: "stateward history s3://acme-state/app/terraform.tfstate",
			denied: onState(func(s *StateHealth) { s.Parse = deniedTo[string]("s3:GetObject") }),
		},
		"state-history": {
			fail: onState(func(s *StateHealth) { s.Anomalies = Known([]string{"serial 7 after 9"}) }), evidence: "serial 7 after 9", cli: "stateward history",
			denied: onState(func(s *StateHealth) { s.Anomalies = deniedTo[[]string]("s3:ListBucketVersions") }),
		},
		"state-digest":     {fail: digestIs(DigestMismatch), evidence: "in table acme-locks: the digest is of other bytes", cli: "stateward repair s3://acme-state/app/terraform.tfstate", denied: scanDenied},
		"digest-malformed": {fail: digestIs(DigestMalformed), evidence: "no MD5", cli: "stateward repair", denied: scanDenied},
		"digest-missing":   {fail: digestIs(DigestMissing), evidence: "there is none", cli: "stateward repair", denied: scanDenied},
		"digest-orphan": {fail: digestIs(DigestOrphan), evidence: "its state is gone", denied: scanDenied,
			cli: `--key '{"LockID":{"S":"acme-state/app/terraform.tfstate-md5"}}' --condition-expression 'Digest = :seen'`},
	}
}

func lockFixtures() map[string]fixture {
	return map[string]fixture{
		"lock-orphan": {
			fail: onLock(func(l *Lock) { l.Orphan = Known(true) }), evidence: "its state does not exist (ci@runner)", cli: "stateward unlock s3://acme-state/app/terraform.tfstate --lock-id 71d89b36",
			denied: onLock(func(l *Lock) { l.Orphan = deniedTo[bool]("s3:GetObject") }),
		},
		"lock-diverged":  {fail: onLock(func(l *Lock) { l.Diverged = true }), evidence: "different locks (ci@runner)", cli: "--lock-id 71d89b36", denied: locksDenied},
		"lock-malformed": {fail: onLock(func(l *Lock) { l.Malformed = "not JSON" }), evidence: "malformed: not JSON", cli: "stateward unlock", denied: locksDenied},
		"lock-old": {
			fail:     onLock(func(l *Lock) { l.Info.Created, l.Verdict = healthAt.AddDate(0, 0, -41), LikelyStale }),
			evidence: "held for 41 d (ci@runner), likely stale", cli: "stateward unlock", denied: locksDenied,
		},
		"lock-mechanism": {
			fail: func(h *HealthFacts) { h.Mechanisms = GatheredOf[MechanismUse](nil) }, evidence: "any lock", cli: "use_lockfile=true",
			denied: func(h *HealthFacts) {
				h.Mechanisms = GatheredOf[MechanismUse](nil, "AccessDenied s3:ListBucketVersions")
			},
		},
		"lock-table-deprecated": {
			fail:     func(h *HealthFacts) { h.Mechanisms.Items = h.Mechanisms.Items[1:] },
			evidence: "only dynamodb_table is used, and states are written by 1.11.4", cli: "use_lockfile=true",
			denied: func(h *HealthFacts) {
				h.Mechanisms = GatheredOf(h.Mechanisms.Items[1:], "AccessDenied s3:ListBucketVersions")
			},
		},
	}
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

func TestTheChecksAreWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range Checks() {
		if seen[c.ID] {
			t.Errorf("%s is there twice", c.ID)
		}
		seen[c.ID] = true
		if c.Title == "" || c.Why == "" || !slices.Contains(Severities(), c.Severity) || c.Example().Summary == "" || len(c.Actions) == 0 && c.ID != "conditional-writes" {
			t.Errorf("%s lacks something: %+v", c.ID, c)
		}
		for _, r := range c.References {
			if !slices.ContainsFunc([]string{"Security Hub ", "Checkov CKV", "Trivy AVD-AWS-", "AWS Config "}, func(p string) bool { return strings.HasPrefix(r, p) }) {
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
state-digest critical,
digest-malformed medium,
digest-missing medium,
digest-orphan medium,
lock-orphan high,
lock-diverged high,
lock-malformed high,
lock-old high,
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
