package model

import "time"

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

func shortHistory(prefix string) func(*HealthFacts) {
	return lifecycleIs(LifecycleRule{ID: "short", Enabled: true, Prefix: prefix, NoncurrentDays: 1})
}

func mfaDeleteOff(h *HealthFacts) { h.Bucket.MFADelete = Known(false) }

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
	for _, some := range []map[string]fixture{accessFixtures(), storageFixtures(), keyFixtures(), tableFixtures(), statusFixtures(), lockFixtures()} {
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
			fail: both(mfaDeleteOff, lifecycleIs()), evidence: "off", cli: "MFADelete=Enabled",
			denied: func(h *HealthFacts) { h.Bucket.MFADelete = deniedTo[bool]("s3:GetBucketVersioning") },
		},
		"bucket-replication": {
			fail: func(h *HealthFacts) { h.Bucket.Replication = Known[[]Replication](nil) }, evidence: "not replicated", cli: "put-bucket-replication",
			denied: func(h *HealthFacts) { h.Bucket.Replication = deniedTo[[]Replication]("s3:GetReplicationConfiguration") },
		},
		"conditional-writes": {
			fail: func(h *HealthFacts) {
				h.ConditionalWrites = Known(Conditions{Evidence: []string{"This store ignores the conditions of changes: a proof"}})
			}, evidence: "a proof",
			denied: func(h *HealthFacts) { h.ConditionalWrites = Unknown[Conditions]("reading alone cannot tell") }, reason: "reading alone cannot tell",
		},
		"lifecycle-current-states": {
			fail: lifecycleIs(LifecycleRule{ID: "all", Enabled: true, ExpireDays: 365}), evidence: "rule all: expires states 365 days after they were written (app/terraform.tfstate)",
			cli: "--query '{Rules: Rules}' --output json --region eu-west-1 > lifecycle.json", denied: lifecycleDenied,
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
	}
}

func keyFixtures() map[string]fixture {
	return map[string]fixture{
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
			evidence: "key state: statement open lets everybody in (kms:*)", cli: "--policy-name default --query Policy --output text", denied: onKey(func(k *Key) { k.Policy = deniedTo[string]("kms:GetKeyPolicy") }),
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
			cli:    `--time-to-live-specification '{"AttributeName":"expires at","Enabled":false}'`,
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
		"state-loss": {
			fail: onState(func(s *StateHealth) {
				s.Loss = Known(Loss{Was: 61, Is: 3, Before: healthAt.Add(-2 * time.Hour), Since: healthAt.Add(-26 * time.Minute)})
			}),
			evidence: "lost 58 of 61 resources, 26 min ago", cli: "stateward history",
			denied: onState(func(s *StateHealth) { s.Loss = deniedTo[Loss]("s3:GetObjectVersion") }),
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
		"lock-malformed": {fail: onLock(func(l *Lock) { l.Malformed = "not JSON" }), evidence: "malformed (not JSON)", cli: "stateward unlock", denied: locksDenied},
		"lock-old": {
			fail:     onLock(func(l *Lock) { l.Info.Created, l.Verdict = healthAt.AddDate(0, 0, -41), LikelyStale }),
			evidence: "held for 41 d (ci@runner), likely stale", cli: "stateward unlock", denied: locksDenied,
		},
		"lock-stale": {
			fail: onLock(func(l *Lock) {
				l.Verdict, l.Evidence = LikelyStale, []Evidence{{"longer-than-ever", "held 9 h, silent since it was taken", pointsStale}}
			}),
			evidence: "likely stale: held 9 h, silent since it was taken (ci@runner)", cli: "stateward unlock", denied: locksDenied,
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
