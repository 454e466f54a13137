package model

import (
	"fmt"
)

// storageChecks are about how the bucket keeps what is written.
func storageChecks() []Check {
	return []Check{
		{
			ID: "bucket-default-encryption", Severity: SeverityMedium, Title: "The bucket has a default encryption",
			Why:        "A backend block without encrypt = true sends no encryption header: the default decides how its states are stored.",
			References: []string{"Checkov CKV_AWS_19", "Trivy AVD-AWS-0088", "AWS Config s3-bucket-server-side-encryption-enabled"},
			Actions:    []string{"s3:GetEncryptionConfiguration"},
			judge:      judgeDefaultEncryption, remedy: encryptionRemedy,
		},
		{
			ID: "bucket-encryption-kms", Severity: SeverityMedium, Title: "The default encryption uses a KMS key",
			Why:        "With SSE-S3 whoever may read the object reads the secrets. A KMS key is a second lock, with a log of who opened it and a way to revoke.",
			References: []string{"Security Hub S3.17", "Checkov CKV_AWS_145", "Trivy AVD-AWS-0132", "AWS Config s3-default-encryption-kms"},
			Actions:    []string{"s3:GetEncryptionConfiguration"},
			judge:      judgeEncryptionKMS, remedy: encryptionRemedy,
		},
		{
			ID: "bucket-key", Severity: SeverityMedium, Title: "An S3 Bucket Key is used with KMS",
			Why:     "Without it every read and write of every state and lock file is a call to KMS: cost, and throttling in the middle of an apply.",
			Actions: []string{"s3:GetEncryptionConfiguration"},
			judge:   judgeBucketKey, remedy: encryptionRemedy,
		},
		{
			ID: "bucket-logging", Severity: SeverityMedium, Title: "Access is logged to another bucket",
			Why:        "When a state was read or overwritten by nobody knows whom, the access log is often all there is to tell.",
			References: []string{"Security Hub S3.9", "Checkov CKV_AWS_18", "Trivy AVD-AWS-0089", "AWS Config s3-bucket-logging-enabled"},
			Actions:    []string{"s3:GetBucketLogging"},
			judge:      judgeLogging, remedy: loggingRemedy,
		},
		{
			ID: "bucket-object-lock", Severity: SeverityMedium, Title: "No default retention holds lock files",
			Why:     "A default retention of Object Lock holds every version of every lock file, two objects a run, and no lifecycle rule can remove them before it ends. Clients that skip the checksum cannot write at all.",
			Actions: []string{"s3:GetBucketObjectLockConfiguration", "s3:ListBucketVersions"},
			judge:   judgeObjectLock, remedy: objectLockRemedy,
		},
		{
			ID: "bucket-mfa-delete", Severity: SeverityInfo, Title: "MFA delete protects old versions",
			Why:        "Without it whoever has s3:DeleteObjectVersion can remove the history for good. Writes, locks and restores work with it as before, but S3 allows it no lifecycle rules beside it.",
			References: []string{"Security Hub S3.20", "Trivy AVD-AWS-0170", "AWS Config s3-bucket-mfa-delete-enabled"},
			Actions:    []string{"s3:GetBucketVersioning", "s3:GetLifecycleConfiguration"},
			judge:      judgeMFADelete,
			remedy: func(s site) Remedy {
				return Remedy{Summary: "Only the root user of the account can enable it, with a device of its own, and the bucket then has no lifecycle rules; a deny on s3:DeleteObjectVersion in the bucket policy comes close.",
					CLI: s.s3("put-bucket-versioning", "--versioning-configuration", "Status=Enabled,MFADelete=Enabled", "--mfa", "SERIAL CODE")}
			},
		},
		{
			ID: "bucket-replication", Severity: SeverityLow, Title: "States are replicated to another bucket",
			Why:        "A copy in another region or account is what is left when the bucket, its region or its account is lost.",
			References: []string{"Security Hub S3.7", "Checkov CKV_AWS_144", "AWS Config s3-bucket-replication-enabled", "AWS Config s3-bucket-cross-region-replication-enabled"},
			Actions:    []string{"s3:GetReplicationConfiguration", "s3:GetEncryptionConfiguration", "s3:ListBucket", "s3:GetObject"},
			judge:      judgeReplication, remedy: replicationRemedy,
		},
		{
			ID: "conditional-writes", Severity: SeverityHigh, Title: "The endpoint honours conditional writes",
			Why:   "Lock files rest on If-None-Match. A store that ignores it lets two clients hold the same lock, and nothing tells them; what proves it is a lock in the history that lies upon another without a deletion between. One that refuses a condition that holds lets nobody lock at all.",
			judge: judgeConditionalWrites,
			remedy: func(site) Remedy {
				return Remedy{Summary: "Do not use lock files on this endpoint: lock with a DynamoDB table, or upgrade the store."}
			},
		},
	}
}

func judgeDefaultEncryption(h HealthFacts) judgement {
	return judgeFact("the default encryption", h.Bucket.Encryption, func(e Encryption) judgement {
		return passedIf(e.Short() != "none", e.Algorithm, "the bucket has no default encryption")
	})
}

func judgeEncryptionKMS(h HealthFacts) judgement {
	return judgeFact("the default encryption", h.Bucket.Encryption, func(e Encryption) judgement {
		return passedIf(e.byKMS(), e.Algorithm+" with "+e.keyName(), "the default is "+e.algorithmName())
	})
}

func judgeBucketKey(h HealthFacts) judgement {
	return judgeFact("the default encryption", h.Bucket.Encryption, func(e Encryption) judgement {
		if e.Algorithm != "aws:kms" { // DSSE-KMS knows no bucket keys
			return notApplicable("the default is " + e.algorithmName())
		}
		return passedIf(e.BucketKey, "on", "KMS without a bucket key")
	})
}

func encryptionRemedy(s site) Remedy {
	return Remedy{
		Summary: "Make a KMS key with a bucket key the default. What is stored already keeps its encryption until it is written again.",
		CLI: s.s3("put-bucket-encryption", "--server-side-encryption-configuration",
			`{"Rules":[{"ApplyServerSideEncryptionByDefault":{"SSEAlgorithm":"aws:kms","KMSMasterKeyID":"KEY_ARN"},"BucketKeyEnabled":true}]}`),
		HCL: s.resource("aws_s3_bucket_server_side_encryption_configuration", "rule {", "  bucket_key_enabled = true",
			"  apply_server_side_encryption_by_default {", `    sse_algorithm     = "aws:kms"`, "    kms_master_key_id = aws_kms_key.state.arn", "  }", "}"),
	}
}

// byKMS reports an encryption by a KMS key.
func (e Encryption) byKMS() bool { return e.Algorithm == "aws:kms" || e.Algorithm == "aws:kms:dsse" }

// algorithmName is the algorithm for people; nothing is "none".
func (e Encryption) algorithmName() string {
	if e.Algorithm == "" {
		return "none"
	}
	return e.Algorithm
}

// awsS3Key is the key that S3 takes where KMS is asked for without one.
const awsS3Key = "alias/aws/s3"

// keyName is the KMS key as the service names it.
func (e Encryption) keyName() string {
	if e.KMSKeyID == "" {
		return awsS3Key
	}
	return e.KMSKeyID
}

func judgeLogging(h HealthFacts) judgement {
	return judgeFact("the access logging", h.Bucket.Logging, func(l BucketLogging) judgement {
		switch l.Bucket {
		case "":
			return failed("access is not logged")
		case h.Backend.Bucket:
			return failed("the log is written to the bucket itself, beside the states, and logs its own writes")
		}
		return passed("to s3://" + l.Bucket + "/" + l.Prefix)
	})
}

func loggingRemedy(s site) Remedy {
	return Remedy{
		Summary: "Log access to a bucket that the writers of states cannot change. Its policy has to let logging.s3.amazonaws.com put objects.",
		CLI:     s.s3("put-bucket-logging", "--bucket-logging-status", fmt.Sprintf(`{"LoggingEnabled":{"TargetBucket":"LOG_BUCKET","TargetPrefix":%q}}`, s.bucket+"/")),
		HCL:     s.resource("aws_s3_bucket_logging", "target_bucket = aws_s3_bucket.logs.id", "target_prefix = "+hclString(s.bucket+"/")),
	}
}

func judgeObjectLock(h HealthFacts) judgement {
	return judgeFact("the Object Lock configuration", h.Bucket.ObjectLock, func(l ObjectLock) judgement {
		if !l.Enabled || l.Mode == "" {
			return passed("no default retention")
		}
		text := fmt.Sprintf("default retention %s for %s", l.Mode, l.period())
		switch h.usesLockfile() {
		case no:
			return notApplicable(text + ", but no lock files are used")
		case yes:
			return failed(text + " holds every lock file")
		default:
			return unknown(append([]string{text}, h.Mechanisms.gaps("whether lock files are used")...)...)
		}
	})
}

func (l ObjectLock) period() string {
	if l.Years > 0 {
		return countOf(l.Years, "year")
	}
	return countOf(l.Days, "day")
}

func objectLockRemedy(s site) Remedy {
	return Remedy{
		Summary: "Take the default retention off (Object Lock itself stays on), and set retention on what needs it.",
		CLI:     s.s3("put-object-lock-configuration", "--object-lock-configuration", "ObjectLockEnabled=Enabled"),
		HCL:     s.resource("aws_s3_bucket_object_lock_configuration", "# without a rule block"),
	}
}

func judgeConditionalWrites(h HealthFacts) judgement {
	return judgeFact("whether the endpoint honours If-None-Match", h.ConditionalWrites, func(c Conditions) judgement {
		if c.Honoured {
			return passed("honoured")
		}
		return failed(c.Evidence...)
	})
}

// judgeMFADelete: S3 refuses MFA delete on a bucket with lifecycle rules, whether
// they are enabled or not (Amazon S3 user guide, "Configuring MFA delete").
func judgeMFADelete(h HealthFacts) judgement {
	return judgeFact("MFA delete", h.Bucket.MFADelete, func(on bool) judgement {
		rules, read := h.Bucket.Lifecycle.Get()
		switch {
		case on:
			return passed("enabled")
		case len(rules) > 0:
			return notApplicable("MFA delete is off: S3 refuses it on a bucket with lifecycle rules, and this one has " + countOf(len(rules), "rule"))
		case !read:
			return failed("MFA delete is off", unreadBecause("the lifecycle, beside which S3 refuses it", h.Bucket.Lifecycle))
		}
		return failed("MFA delete is off")
	})
}
