package model

import (
	"fmt"
	"strings"
)

// judgeReplication: S3 leaves what a KMS key encrypts out of the copy, unless the
// rule selects it (S3 User Guide, "Replicating encrypted objects").
func judgeReplication(h HealthFacts) judgement {
	return judgeFact("the replication", h.Bucket.Replication, func(rules []Replication) judgement {
		var partial, plain []string
		for _, r := range rules {
			switch {
			case !r.Enabled:
			case r.Filtered || !strings.HasPrefix(h.Backend.Prefix, r.Prefix):
				partial = append(partial, fmt.Sprintf("a rule replicates only some keys (below %q) to %s", r.Prefix, r.Bucket))
			case r.KMS:
				return passed("to " + r.Bucket)
			default:
				plain = append(plain, r.Bucket)
			}
		}
		switch {
		case len(plain) > 0:
			return h.judgePlainReplication(plain[0])
		case len(partial) > 0:
			return failed(partial...)
		}
		return failed("not replicated")
	})
}

// judgePlainReplication judges a rule for all keys that leaves out what a KMS key
// encrypts.
func (h HealthFacts) judgePlainReplication(bucket string) judgement {
	under, gaps := h.underKMS()
	to := "to " + bucket
	switch {
	case len(under) > 0:
		return failed(to + ", but the rule leaves out what a KMS key encrypts (" + inShort(under, 3) + ")")
	case len(gaps) > 0:
		return unknown(append([]string{to + ", without what a KMS key encrypts; whether a state is, is not known"}, gaps...)...)
	}
	return passed(to)
}

// underKMS is what a KMS key encrypts, now or when it is written next, and what
// may be.
func (h HealthFacts) underKMS() (names, gaps []string) {
	note := func(name string, f Fact[Encryption]) {
		e, ok := f.Get()
		switch {
		case !ok:
			gaps = append(gaps, unreadBecause(name, f))
		case e.byKMS():
			names = append(names, name)
		}
	}
	note("the default encryption", h.Bucket.Encryption)
	for _, s := range h.States.Items {
		if !s.Deleted {
			note(s.Key, s.Encryption)
		}
	}
	return names, append(gaps, h.States.gaps("the states")...)
}

// replicationRemedy is a rule of the second version (with a Filter): in the first
// one delete markers go along, and KMS cannot be selected.
func replicationRemedy(s site) Remedy {
	rule := `{"Role":"ROLE_ARN","Rules":[{"ID":"state","Priority":1,"Status":"Enabled","Filter":{},"DeleteMarkerReplication":{"Status":"Disabled"},` +
		`"SourceSelectionCriteria":{"SseKmsEncryptedObjects":{"Status":"Enabled"}},` +
		`"Destination":{"Bucket":"arn:` + partitionOf(s.region) + `:s3:::COPY_BUCKET","EncryptionConfiguration":{"ReplicaKmsKeyID":"COPY_KEY_ARN"}}}]}`
	return Remedy{
		Summary: "Replicate the bucket to one in another region or account; both need versioning. What a KMS key encrypts goes along only where the rule selects it and the role may use both keys. " +
			"Without delete markers the copy outlives a mistake. Only what is written from then on is copied. The command replaces all rules: take the others along.",
		CLI: s.s3("put-bucket-replication", "--replication-configuration", rule),
		HCL: s.resource("aws_s3_bucket_replication_configuration", "role = aws_iam_role.replication.arn", "rule {", `  status = "Enabled"`, "  filter {}",
			"  delete_marker_replication {", `    status = "Disabled"`, "  }",
			"  source_selection_criteria {", "    sse_kms_encrypted_objects {", `      status = "Enabled"`, "    }", "  }",
			"  destination {", "    bucket = aws_s3_bucket.copy.arn", "    encryption_configuration {", "      replica_kms_key_id = aws_kms_key.copy.arn", "    }", "  }", "}"),
	}
}
