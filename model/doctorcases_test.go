package model

import (
	"strings"
	"testing"
	"time"
)

// special changes the healthy facts, and says how one check comes out then.
type special struct {
	id       string
	change   func(*HealthFacts)
	status   FindingStatus
	evidence string // a part
}

func TestSpecialCasesOfChecks(t *testing.T) {
	for _, cases := range []map[string]special{accessCases(), storageCases(), keyCases(), stateCases(), lockCases()} {
		for name, c := range cases {
			t.Run(name, func(t *testing.T) {
				h := healthy()
				c.change(&h)
				f := findingOf(t, h, c.id)
				if f.Status != c.status || !strings.Contains(f.EvidenceText(0), c.evidence) {
					t.Errorf("%s is %s: %s", c.id, f.Status, f.EvidenceText(0))
				}
			})
		}
	}
}

func both(changes ...func(*HealthFacts)) func(*HealthFacts) {
	return func(h *HealthFacts) {
		for _, change := range changes {
			change(h)
		}
	}
}

func policyIs(statements ...string) func(*HealthFacts) {
	return func(h *HealthFacts) { h.Bucket.Policy = Known(policyText(statements...)) }
}

func accessCases() map[string]special {
	const everybody = `"Sid":"open","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::acme-state/*"`
	allUsers := BucketACL{Owner: "me", Grants: []ACLGrant{{Grantee: "http://acs.amazonaws.com/groups/global/AllUsers", Group: true, Permission: "READ"}}}
	statusDenied := func(h *HealthFacts) { h.Bucket.PolicyPublic = deniedTo[bool]("s3:GetBucketPolicyStatus") }
	aclsOn := func(h *HealthFacts) { h.Bucket.Ownership = Known("ObjectWriter") }
	return map[string]special{
		"a public policy behind a block":  {"bucket-public", policyIs(everybody), FindingPass, "restricts it"},
		"a public policy without a block": {"bucket-public", both(unblocked, policyIs(everybody)), FindingFail, "statement open lets everybody in (s3:GetObject)"},
		"a policy that S3 does not judge": {"bucket-public", both(unblocked, statusDenied), FindingPass, "the policy is not public"},
		"a policy that nobody judges":     {"bucket-public", both(unblocked, statusDenied, policyIs(everybody+`,"Condition":{"StringEquals":{"acme:x":"y"}}`)), FindingUnknown, "cannot be evaluated"},
		"a policy that is not understood": {"bucket-public", both(unblocked, statusDenied, func(h *HealthFacts) { h.Bucket.Policy = Known("{") }), FindingUnknown, "is not understood"},
		"a public ACL":                    {"bucket-public", both(unblocked, aclsOn, func(h *HealthFacts) { h.Bucket.ACL = Known(allUsers) }), FindingFail, "the group AllUsers has READ by the ACL"},
		"a public ACL that is ignored":    {"bucket-public", both(aclsOn, func(h *HealthFacts) { h.Bucket.ACL = Known(allUsers) }), FindingPass, "public grants of ACLs have no effect"},
		"an ACL for all who have an account": {"bucket-public", both(unblocked, aclsOn, func(h *HealthFacts) {
			h.Bucket.ACL = Known(BucketACL{Owner: "me", Grants: []ACLGrant{{Grantee: "http://acs.amazonaws.com/groups/global/AuthenticatedUsers", Group: true, Permission: "WRITE"}}})
		}), FindingFail, "the group AuthenticatedUsers has WRITE by the ACL"},
		"an ACL for the service that writes logs": {"bucket-public", both(unblocked, aclsOn, func(h *HealthFacts) {
			h.Bucket.ACL = Known(BucketACL{Owner: "me", Grants: []ACLGrant{{Grantee: "http://acs.amazonaws.com/groups/s3/LogDelivery", Group: true, Permission: "WRITE"}}})
		}), FindingPass, ""},
		"a public ACL where ACLs are disabled":     {"bucket-public", both(unblocked, func(h *HealthFacts) { h.Bucket.ACL = Known(allUsers) }), FindingPass, "public grants of ACLs have no effect"},
		"an ACL that cannot be read":               {"bucket-public", both(unblocked, aclsOn, func(h *HealthFacts) { h.Bucket.ACL = deniedTo[BucketACL]("s3:GetBucketAcl") }), FindingUnknown, "AccessDenied s3:GetBucketAcl"},
		"a public policy, and an ACL not read":     {"bucket-public", both(unblocked, aclsOn, policyIs(everybody), func(h *HealthFacts) { h.Bucket.ACL = deniedTo[BucketACL]("s3:GetBucketAcl") }), FindingFail, "; the ACL: AccessDenied"},
		"TLS demanded of objects alone":            {"bucket-tls-only", policyIs(`"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::acme-state/*",` + withoutTLS), FindingFail, "s3:ListBucket: not denied without TLS"},
		"TLS demanded of some only":                {"bucket-tls-only", policyIs(strings.ReplaceAll(`"Sid":"tls","Effect":"Deny","Principal":{"AWS":"1"},"Action":"s3:*",`+onEverything+","+withoutTLS, ":::b", ":::acme-state")), FindingFail, "statement tls denies it for some only: not every principal"},
		"TLS demanded by what cannot be evaluated": {"bucket-tls-only", policyIs(strings.ReplaceAll(denyAll, ":::b", ":::acme-state") + `,"Condition":{"DateLessThan":{"aws:CurrentTime":"2030-01-01T00:00:00Z"}}`), FindingUnknown, "cannot be evaluated"},
		"TLS demanded in China":                    {"bucket-tls-only", both(func(h *HealthFacts) { h.Region = Known("cn-north-1") }, policyIs(strings.ReplaceAll(denyAll+","+withoutTLS, "arn:aws:s3:::b", "arn:aws-cn:s3:::acme-state"))), FindingPass, "5 actions denied without TLS, for everybody"},
		"another partition's ARN in China":         {"bucket-tls-only", func(h *HealthFacts) { h.Region = Known("cn-north-1") }, FindingFail, "not denied"},
		"the owner of the bucket is not known":     {"bucket-cross-account", both(policyIs(`"Effect":"Allow","Principal":{"AWS":"111111111111"},"Action":"s3:*","Resource":"*"`), func(h *HealthFacts) { h.Owner = Unknown[string]("the bucket belongs to another account") }), FindingUnknown, "belongs to another account"},
		"the owner does not matter without grants": {"bucket-cross-account", func(h *HealthFacts) { h.Owner = Unknown[string]("?") }, FindingPass, "ACLs are disabled"},
		"an ACL for another account": {"bucket-cross-account", both(aclsOn, func(h *HealthFacts) {
			h.Bucket.ACL = Known(BucketACL{Owner: "me", Grants: []ACLGrant{{Grantee: "you", Permission: "WRITE"}}})
		}), FindingFail, "canonical user you has WRITE by the ACL"},
	}
}

func storageCases() map[string]special {
	return map[string]special{
		"logs in the bucket itself":                {"bucket-logging", func(h *HealthFacts) { h.Bucket.Logging = Known(BucketLogging{Bucket: "acme-state"}) }, FindingFail, "to the bucket itself"},
		"DSSE knows no bucket key":                 {"bucket-key", func(h *HealthFacts) { h.Bucket.Encryption = Known(Encryption{Algorithm: "aws:kms:dsse"}) }, FindingNotApplicable, "aws:kms:dsse"},
		"no MFA delete beside lifecycle rules":     {"bucket-mfa-delete", mfaDeleteOff, FindingNotApplicable, "S3 refuses it on a bucket with lifecycle rules, and this one has 1 rule"},
		"no MFA delete beside a rule that is off":  {"bucket-mfa-delete", both(mfaDeleteOff, lifecycleIs(LifecycleRule{})), FindingNotApplicable, "S3 refuses it"},
		"no MFA delete, and nobody knows of rules": {"bucket-mfa-delete", both(mfaDeleteOff, lifecycleDenied), FindingFail, "MFA delete is off; the lifecycle, beside which S3 refuses it: AccessDenied s3:GetLifecycleConfiguration"},
		"retention where no lock files are used": {"bucket-object-lock", both(func(h *HealthFacts) {
			h.Bucket.ObjectLock = Known(ObjectLock{Enabled: true, Mode: "GOVERNANCE", Years: 1})
		}, func(h *HealthFacts) { h.Mechanisms.Items = h.Mechanisms.Items[1:] }), FindingNotApplicable, "1 year"},
		"retention, and nobody knows of lock files": {"bucket-object-lock", both(func(h *HealthFacts) {
			h.Bucket.ObjectLock = Known(ObjectLock{Enabled: true, Mode: "GOVERNANCE", Days: 1})
		}, func(h *HealthFacts) { h.Mechanisms = Gathered[MechanismUse]{} }), FindingUnknown, "not read"},
		"replication of another prefix": {"bucket-replication", func(h *HealthFacts) {
			h.Bucket.Replication = Known([]Replication{{Enabled: true, Prefix: "logs/", Bucket: "x"}})
		}, FindingFail, `below "logs/"`},
		"replication that leaves KMS out, of states under KMS": {"bucket-replication", replicationIs(Replication{Enabled: true, Bucket: "x"}), FindingFail,
			"to x, but the rule leaves out what a KMS key encrypts (the default encryption, app/terraform.tfstate)"},
		"replication that leaves KMS out, and no KMS": {"bucket-replication", both(replicationIs(Replication{Enabled: true, Bucket: "x"}), withoutKMS), FindingPass, "to x"},
		"replication that leaves KMS out, of what nobody read": {"bucket-replication", both(replicationIs(Replication{Enabled: true, Bucket: "x"}), withoutKMS,
			onState(func(s *StateHealth) { s.Encryption = deniedTo[Encryption]("s3:GetObject") })), FindingUnknown, "app/terraform.tfstate: AccessDenied s3:GetObject"},
		"a second rule that takes KMS along":        {"bucket-replication", replicationIs(Replication{Enabled: true, Bucket: "x"}, Replication{Enabled: true, KMS: true, Bucket: "y"}), FindingPass, "to y"},
		"replication that is off":                   {"bucket-replication", func(h *HealthFacts) { h.Bucket.Replication = Known([]Replication{{Bucket: "x"}}) }, FindingFail, "not replicated"},
		"expiration that is off":                    {"lifecycle-current-states", lifecycleIs(LifecycleRule{ExpireDays: 1}), FindingPass, "no rule touches"},
		"expiration of another prefix":              {"lifecycle-current-states", lifecycleIs(LifecycleRule{Enabled: true, Prefix: "logs/", ExpireDays: 1}), FindingPass, "no rule touches"},
		"expiration of a prefix with a state":       {"lifecycle-current-states", lifecycleIs(LifecycleRule{Enabled: true, Prefix: "app/", ExpireDate: healthAt}), FindingFail, "an unnamed rule: expires states on 2026-11-22 (app/terraform.tfstate)"},
		"expiration where states were deleted":      {"lifecycle-current-states", both(lifecycleIs(LifecycleRule{Enabled: true, Prefix: "app/", ExpireDays: 1}), onState(func(s *StateHealth) { s.Deleted = true })), FindingPass, "no rule touches"},
		"expiration by a tag":                       {"lifecycle-current-states", lifecycleIs(LifecycleRule{ID: "t", Enabled: true, Filtered: true, ExpireDays: 1}), FindingUnknown, "tags or sizes"},
		"expiration of a prefix, states not listed": {"lifecycle-current-states", both(lifecycleIs(LifecycleRule{Enabled: true, Prefix: "x/", ExpireDays: 1}), func(h *HealthFacts) { h.States = GatheredOf[StateHealth](nil, "AccessDenied s3:ListBucket") }), FindingUnknown, "AccessDenied s3:ListBucket"},
		"an archive class":                          {"lifecycle-current-states", lifecycleIs(LifecycleRule{Enabled: true, Transitions: []Transition{{Class: "DEEP_ARCHIVE", Days: 1}}}), FindingFail, "moves states to DEEP_ARCHIVE after 1 day"},
		"a class that is read at once":              {"lifecycle-current-states", lifecycleIs(LifecycleRule{Enabled: true, Transitions: []Transition{{Class: "GLACIER_IR", Days: 1}}}), FindingPass, ""},
		"an archive class on a date":                {"lifecycle-current-states", lifecycleIs(LifecycleRule{Enabled: true, Transitions: []Transition{{Class: "GLACIER_IR", Days: 1}, {Class: "GLACIER", Date: healthAt}}}), FindingFail, "moves states to GLACIER on 2026-11-22"},
		"history in an archive":                     {"lifecycle-noncurrent-history", lifecycleIs(LifecycleRule{Enabled: true, NoncurrentDays: 90, OldTransitions: []Transition{{Class: "GLACIER", Days: 7, Newer: 3}}}), FindingFail, "moves old versions to GLACIER, where they cannot be read at once, after 7 days, all but 3"},
		"history in an archive, by number":          {"lifecycle-noncurrent-history", lifecycleIs(LifecycleRule{Enabled: true, OldTransitions: []Transition{{Class: "GLACIER", Days: 7, Newer: 10}}}), FindingPass, ""},
		"history in an archive, later":              {"lifecycle-noncurrent-history", lifecycleIs(LifecycleRule{Enabled: true, OldTransitions: []Transition{{Class: "DEEP_ARCHIVE", Days: 30}}}), FindingPass, ""},
		"history in a class that is read at once":   {"lifecycle-noncurrent-history", lifecycleIs(LifecycleRule{Enabled: true, OldTransitions: []Transition{{Class: "STANDARD_IA", Days: 1}}}), FindingPass, ""},
		"history of a prefix with deleted states alone": {"lifecycle-noncurrent-history", both(shortHistory("app/"), onState(func(s *StateHealth) { s.Deleted = true })), FindingFail,
			"rule short: deletes old versions after 1 day and keeps only 0 (deleted app/terraform.tfstate)"},
		"history of a prefix without any state": {"lifecycle-noncurrent-history", shortHistory("logs/"), FindingPass, "no rule shortens"},
		"history of a prefix, not all deleted states known": {"lifecycle-noncurrent-history", both(shortHistory("logs/"), func(h *HealthFacts) { h.DeletedUnread = "too many versions to list" }), FindingUnknown,
			"deleted states: too many versions to list"},
		"expiration, not all deleted states known": {"lifecycle-current-states", both(lifecycleIs(LifecycleRule{Enabled: true, Prefix: "logs/", ExpireDays: 1}), func(h *HealthFacts) { h.DeletedUnread = "too many versions to list" }), FindingPass, "no rule touches"},
		"history by number":                        {"lifecycle-noncurrent-history", lifecycleIs(LifecycleRule{Enabled: true, NoncurrentDays: 1, NewerNoncurrent: 10}), FindingPass, ""},
		"history by too small a number":            {"lifecycle-noncurrent-history", lifecycleIs(LifecycleRule{Enabled: true, NoncurrentDays: 29, NewerNoncurrent: 9}), FindingFail, "after 29 days and keeps only 9"},
		"no lock files and no leftovers":           {"lockfile-leftovers", both(func(h *HealthFacts) { h.Mechanisms.Items = h.Mechanisms.Items[1:] }, func(h *HealthFacts) { h.Leftovers = Known(LockFileLeftovers{}) }), FindingNotApplicable, "no lock files"},
		"a rule for lock files of a tag":           {"lockfile-leftovers", lifecycleIs(LifecycleRule{Enabled: true, Filtered: true, NoncurrentDays: 90}), FindingFail, "no rule removes them"},
		"a rule for uploads that is off":           {"multipart-abort", lifecycleIs(LifecycleRule{AbortDays: 7}), FindingFail, "no rule aborts them"},
		"a rule for other lock files":              {"lockfile-leftovers", lifecycleIs(LifecycleRule{Enabled: true, Prefix: "app/", NoncurrentDays: 30}), FindingFail, "no rule removes them"},
	}
}

func replicationIs(rules ...Replication) func(*HealthFacts) {
	return func(h *HealthFacts) { h.Bucket.Replication = Known(rules) }
}

func keyCases() map[string]special {
	return map[string]special{
		"a key that AWS manages":                {"key-rotation", onKey(func(k *Key) { k.Manager = Known(ManagerAWS) }), FindingPass, "managed by AWS"},
		"a key that cannot rotate":              {"key-rotation", onKey(func(k *Key) { k.Rotation.NotApplicable = "imported key material" }), FindingNotApplicable, "imported key material"},
		"keys of old versions alone":            {"key-state", func(*HealthFacts) {}, FindingPass, "keys that only old versions are under were not looked at"},
		"a lock file that cannot be read":       {"key-state", onState(func(s *StateHealth) { s.LockFile = deniedTo[LockFileHealth]("s3:GetObject") }), FindingUnknown, "app/terraform.tfstate.tflock: AccessDenied s3:GetObject"},
		"no KMS key at all":                     {"key-state", withoutKMS, FindingNotApplicable, "nothing is encrypted with a KMS key"},
		"S3's own key":                          {"key-state", both(withoutKMS, func(h *HealthFacts) { h.Bucket.Encryption = Known(Encryption{Algorithm: "aws:kms"}) }), FindingPass, "alias/aws/s3: Enabled"},
		"a key that nobody asked KMS for":       {"key-state", func(h *HealthFacts) { h.Keys = nil }, FindingUnknown, "key alias/state: not read"},
		"keys, and a state that cannot be read": {"key-state", onState(func(s *StateHealth) { s.Encryption = deniedTo[Encryption]("s3:GetObject") }), FindingUnknown, "AccessDenied s3:GetObject"},
		"a key policy under a condition": {"key-policy-wildcard", onKey(func(k *Key) {
			k.Policy = Known(policyText(`"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*","Condition":{"StringEquals":{"kms:ViaService":"s3.eu-west-1.amazonaws.com"}}`))
		}), FindingUnknown, "cannot be evaluated"},
		"a key policy for the account": {"key-policy-wildcard", onKey(func(k *Key) {
			k.Policy = Known(policyText(`"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*","Condition":{"StringEquals":{"kms:CallerAccount":"111111111111"}}`))
		}), FindingPass, ""},
		"a table that is not there":             {"lock-table-active", onTable(tableGone), FindingFail, "is not there"},
		"the rest of a table that is not there": {"lock-table-recovery", onTable(tableGone), FindingNotApplicable, "is not there"},
		"no table":                              {"lock-table-ttl", func(h *HealthFacts) { h.Tables = GatheredOf[TableHealth](nil) }, FindingNotApplicable, "no lock table is used"},
		"no table, as far as could be read":     {"lock-table-ttl", func(h *HealthFacts) { h.Tables = GatheredOf[TableHealth](nil, "AccessDenied dynamodb:ListTables") }, FindingUnknown, "AccessDenied dynamodb:ListTables"},
		"a table whose key is gone":             {"lock-table-encryption", onTable(func(t *TableHealth) { t.Encryption = Known(TableEncryption{Type: "KMS", Status: "DISABLED"}) }), FindingFail, "encryption is DISABLED"},
	}
}

func stateCases() map[string]special {
	return map[string]special{
		"encrypted by OpenTofu": {"state-encrypted", onState(func(s *StateHealth) {
			s.Encryption, s.Header = Known(Encryption{}), Known(StateHeader{Format: FormatEncrypted})
		}), FindingPass, "1 state encrypted"},
		"in clear, as far as S3 goes": {"state-encrypted", onState(func(s *StateHealth) {
			s.Encryption, s.Header = Known(Encryption{}), deniedTo[StateHeader]("s3:GetObject")
		}), FindingUnknown, "whether by the client"},
		"only deleted states":                  {"state-encrypted", onState(func(s *StateHealth) { s.Deleted = true }), FindingNotApplicable, "is deleted"},
		"no states":                            {"state-parses", func(h *HealthFacts) { h.States = GatheredOf[StateHealth](nil) }, FindingNotApplicable, "there is no state"},
		"a state of which the front was read":  {"state-parses", func(*HealthFacts) {}, FindingPass, "1 state readable; of 1 of them only the first bytes were looked at"},
		"more states than were looked through": {"state-parses", func(h *HealthFacts) { h.States.More = true }, FindingUnknown, "only the first 1"},
		"a lock file in clear":                 {"state-encryption-default", onState(func(s *StateHealth) { s.LockFile = Known(LockFileHealth{Present: true}) }), FindingFail, "its lock file is stored with none"},
		"another key than the default's":       {"state-encryption-default", onState(func(s *StateHealth) { s.Encryption = Known(Encryption{Algorithm: "aws:kms", KMSKeyID: otherKeyARN}) }), FindingUnknown, "is not known"},
		"another key, resolved":                {"state-encryption-default", both(onState(func(s *StateHealth) { s.Encryption = Known(Encryption{Algorithm: "aws:kms", KMSKeyID: otherKeyARN}) }), func(h *HealthFacts) { h.Keys[otherKeyARN] = Key{ID: "x", ARN: otherKeyARN} }), FindingFail, "stored with key x, the default's is state"},
		"the same key by its id": {"state-encryption-default", func(h *HealthFacts) {
			h.Keys = nil
			h.Bucket.Encryption = Known(Encryption{Algorithm: "aws:kms", KMSKeyID: keyID(stateKeyARN)})
		}, FindingPass, "aws:kms"},
		"stronger than the default":               {"state-encryption-default", func(h *HealthFacts) { h.Bucket.Encryption = Known(Encryption{Algorithm: "AES256"}) }, FindingPass, ""},
		"no default to compare with":              {"state-encryption-default", func(h *HealthFacts) { h.Bucket.Encryption = Known(Encryption{Algorithm: "none"}) }, FindingNotApplicable, ""},
		"a customer's key that is configured":     {"state-encryption-default", both(onState(func(s *StateHealth) { s.Encryption = Known(Encryption{Algorithm: "SSE-C"}) }), func(h *HealthFacts) { h.Backend.Write.SSECustomerKeyEnv = "KEY" }), FindingPass, ""},
		"a customer's key that nobody configured": {"state-encryption-default", onState(func(s *StateHealth) { s.Encryption = Known(Encryption{Algorithm: "SSE-C"}) }), FindingFail, "SSE-C"},
		"a break that was found, others not read": {"state-history", onState(func(s *StateHealth) { s.Anomalies, s.AnomaliesPartial = Known([]string{"lineage changed"}), true }), FindingFail, "lineage changed"},
		"versions that were not read":             {"state-history", onState(func(s *StateHealth) { s.AnomaliesPartial = true }), FindingUnknown, "were not read"},
	}
}

func lockCases() map[string]special {
	return map[string]special{
		"no digests":                           {"state-digest", func(h *HealthFacts) { h.Digests = GatheredOf[DigestHealth](nil) }, FindingNotApplicable, "no digests are kept"},
		"a digest that another check is about": {"state-digest", digestIs(DigestOrphan), FindingNotApplicable, "orphan"},
		"a digest that could not be compared":  {"state-digest", func(h *HealthFacts) { h.Digests.Items[0].Verdict = deniedTo[DigestVerdict]("s3:GetObject") }, FindingUnknown, "AccessDenied s3:GetObject"},
		"a bad digest, and a table not read":   {"state-digest", both(digestIs(DigestMismatch), scanDenied), FindingFail, "AccessDenied dynamodb:Scan"},
		"no locks":                             {"lock-old", func(h *HealthFacts) { h.Locks = GatheredOf[Lock](nil) }, FindingPass, "no lock is held"},
		"a lock without a date":                {"lock-old", onLock(func(l *Lock) { l.Info.Created = time.Time{} }), FindingUnknown, "its age is not known (ci@runner)"},
		"a lock of just under a day":           {"lock-old", onLock(func(l *Lock) { l.Info.Created = healthAt.Add(-oldLock + time.Second) }), FindingPass, "1 lock younger"},
		"no locking in an empty backend":       {"lock-mechanism", both(func(h *HealthFacts) { h.Mechanisms = GatheredOf[MechanismUse](nil) }, func(h *HealthFacts) { h.States = GatheredOf[StateHealth](nil) }), FindingNotApplicable, "there is no state"},
		"only a table, and old clients":        {"lock-table-deprecated", both(func(h *HealthFacts) { h.Mechanisms.Items = h.Mechanisms.Items[1:] }, func(h *HealthFacts) { h.Locks.Items = nil }, onState(func(s *StateHealth) { v := "1.9.8"; s.Header = Known(StateHeader{TerraformVersion: &v}) })), FindingNotApplicable, "1.9.8"},
		"only a table, and one new client":     {"lock-table-deprecated", both(func(h *HealthFacts) { h.Mechanisms.Items = h.Mechanisms.Items[1:] }, onState(func(s *StateHealth) { v := "1.9.8"; s.Header = Known(StateHeader{TerraformVersion: &v}) })), FindingFail, "1.11.4"},
		"no table, no deprecation":             {"lock-table-deprecated", func(h *HealthFacts) { h.Mechanisms = GatheredOf[MechanismUse](nil) }, FindingNotApplicable, "no lock table"},
	}
}

// withoutKMS takes every KMS key out of use.
func withoutKMS(h *HealthFacts) {
	h.Bucket.Encryption = Known(Encryption{Algorithm: "AES256"})
	onState(func(s *StateHealth) {
		s.Encryption, s.LockFile = Known(Encryption{Algorithm: "AES256"}), Known(LockFileHealth{})
	})(h)
	onTable(func(t *TableHealth) { t.Encryption = Known(TableEncryption{}) })(h)
}

// tableGone is a table that DescribeTable does not find.
func tableGone(t *TableHealth) {
	*t = TableHealth{Name: t.Name, Named: true, Status: Known(TableAbsent)}
}

func TestRemediesAreQuoted(t *testing.T) {
	h := healthy()
	h.Backend.Access = Access{Profile: "on call", Endpoints: map[string]string{"s3": "https://minio.example:9000"}}
	h.Bucket.Versioning = Known(VersioningNever)
	h.States.Items[0].Key = "it's/${x}.tfstate"
	h.States.Items[0].Encryption = Known(Encryption{})
	for id, want := range map[string]string{
		"bucket-versioning": `aws s3api put-bucket-versioning --bucket acme-state --versioning-configuration Status=Enabled --region eu-west-1 --profile 'on call' --endpoint-url https://minio.example:9000`,
		"state-encrypted":   `--key 'it'\''s/${x}.tfstate' --copy-source acme-state/it%27s/%24%7Bx%7D.tfstate --metadata-directive REPLACE`,
	} {
		if f := findingOf(t, h, id); !strings.Contains(f.Remedy.CLI, want) {
			t.Errorf("%s: %s", id, f.Remedy.CLI)
		}
	}
	if got := hclString(`a"${b}%{c}\`); got != `"a\"$${b}%%{c}\\"` {
		t.Error(got)
	}
}

func TestSeveritiesAreOrdered(t *testing.T) {
	for name, c := range map[string]struct {
		a, b Severity
		want bool
	}{
		"critical is at least low": {SeverityCritical, SeverityLow, true},
		"low is at least low":      {SeverityLow, SeverityLow, true},
		"info is not high":         {SeverityInfo, SeverityHigh, false},
	} {
		t.Run(name, func(t *testing.T) {
			if c.a.AtLeast(c.b) != c.want {
				t.Error(c.a, c.b)
			}
		})
	}
}

func TestEvidenceIsSaidOnce(t *testing.T) {
	h := healthy()
	for _, key := range []string{"b", "c", "d"} {
		s := h.States.Items[0]
		s.Key, s.Parse = key, Known("empty")
		h.States.Items = append(h.States.Items, s)
	}
	h.States.Items[1].Parse = Known("cut off")
	h.States.Items[0].Parse = deniedTo[string]("s3:GetObject")
	f := findingOf(t, h, "state-parses")
	for name, c := range map[string]struct{ got, want string }{
		"all":        {f.EvidenceText(0), "b: cut off; c: empty; d: empty; app/terraform.tfstate: the content: AccessDenied s3:GetObject"},
		"in three":   {f.EvidenceText(3), "cut off: b; empty: c, d; the content: AccessDenied s3:GetObject: app/terraform.tfstate"},
		"in one":     {f.EvidenceText(1), "cut off: b; and 2 more"},
		"no subject": {Finding{Evidence: []string{"x", "y"}}.EvidenceText(1), "x; and 1 more"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.got != c.want {
				t.Errorf("got  %s\nwant %s", c.got, c.want)
			}
		})
	}
}

func TestThePolicyOfTheRemedyCuresIt(t *testing.T) {
	h := healthy()
	h.Bucket.Policy = Known("")
	cli := findingOf(t, h, "bucket-tls-only").Remedy.CLI
	_, after, _ := strings.Cut(cli, "--policy '")
	policy, _, ok := strings.Cut(after, "'")
	if !ok {
		t.Fatal(cli)
	}
	h.Bucket.Policy = Known(policy)
	if f := findingOf(t, h, "bucket-tls-only"); f.Status != FindingPass {
		t.Errorf("%s: %s", f.Status, f.EvidenceText(0))
	}
}

func FuzzPoliciesAreJudgedWithoutPanic(f *testing.F) {
	f.Add(policyText(denyAll+","+withoutTLS), "arn:aws:s3:::b/")
	f.Add(policyText(`"Effect":"Allow","NotPrincipal":{"AWS":["*"]},"NotAction":"s3:?","NotResource":"arn:*/${x}"`), "arn:aws:s3:::b/*")
	f.Add(`{"Statement":{"Effect":"Allow","Principal":{},"Action":[]}}`, "")
	f.Fuzz(func(t *testing.T, document, resource string) {
		doc, err := ParsePolicy(document)
		if err != nil && len(doc.Statements) > 0 {
			t.Error("an error and statements")
		}
		open, _ := doc.OpenGrants()
		if denied, _ := doc.deniesPlainHTTP(policyRequest{action: "s3:GetObject", resource: resource, below: true}); denied == yes && len(doc.Statements) == 0 {
			t.Error("denied by nothing")
		}
		if len(open) > len(doc.OutsideGrants("1")) {
			t.Error("a grant to everybody that is not told as one to others")
		}
	})
}
