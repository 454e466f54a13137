package model

import (
	"fmt"
	"slices"
	"strings"
)

// accessChecks are about who can reach the bucket, and how.
func accessChecks() []Check {
	return []Check{
		{
			ID: "bucket-versioning", Severity: SeverityCritical, Title: "Versioning is enabled",
			Why:        "Every apply overwrites the state. Without versions an overwritten or deleted state is gone, and a restore is not possible.",
			References: []string{"Security Hub S3.14", "Checkov CKV_AWS_21", "Trivy AVD-AWS-0090", "AWS Config s3-bucket-versioning-enabled"},
			Actions:    []string{"s3:GetBucketVersioning"},
			judge:      judgeVersioning, remedy: versioningRemedy,
		},
		{
			ID: "bucket-public-access-block", Severity: SeverityCritical, Title: "All four settings of the bucket's public access block are on",
			Why:        "States hold secrets in clear. The block keeps one wrong policy or ACL from showing them to the internet.",
			References: []string{"Security Hub S3.8", "Checkov CKV_AWS_53", "Checkov CKV_AWS_54", "Checkov CKV_AWS_55", "Checkov CKV_AWS_56", "Checkov CKV2_AWS_6", "Trivy AVD-AWS-0086", "Trivy AVD-AWS-0087", "Trivy AVD-AWS-0091", "Trivy AVD-AWS-0093", "Trivy AVD-AWS-0094", "AWS Config s3-bucket-level-public-access-prohibited"},
			Actions:    []string{"s3:GetBucketPublicAccessBlock"},
			judge: func(h HealthFacts) judgement {
				return judgeFact("the public access block", h.Bucket.PublicAccess, judgeBlock)
			},
			remedy: bucketBlockRemedy,
		},
		{
			ID: "account-public-access-block", Severity: SeverityHigh, Title: "All four settings of the account's public access block are on",
			Why:        "It holds for every bucket, also for the one that somebody makes tomorrow for a new state.",
			References: []string{"Security Hub S3.1", "AWS Config s3-account-level-public-access-blocks-periodic", "AWS Config s3-account-level-public-access-blocks"},
			Actions:    []string{"s3:GetAccountPublicAccessBlock"},
			judge: func(h HealthFacts) judgement {
				return judgeFact("the account's public access block", h.Bucket.AccountPublicAccess, judgeBlock)
			},
			remedy: accountBlockRemedy,
		},
		{
			ID: "bucket-public", Severity: SeverityCritical, Title: "Neither the policy nor the ACL makes the bucket public",
			Why:        "A public state bucket hands every secret in every state to anybody who finds its name.",
			References: []string{"Security Hub S3.2", "Security Hub S3.3", "Checkov CKV_AWS_20", "Checkov CKV_AWS_57", "Checkov CKV_AWS_70", "Checkov CKV2_AWS_43", "Trivy AVD-AWS-0092", "AWS Config s3-bucket-public-read-prohibited", "AWS Config s3-bucket-public-write-prohibited"},
			Actions:    []string{"s3:GetBucketPolicyStatus", "s3:GetBucketPolicy", "s3:GetBucketAcl", "s3:GetBucketOwnershipControls"},
			judge:      judgePublic, remedy: publicRemedy,
		},
		{
			ID: "bucket-tls-only", Severity: SeverityHigh, Title: "Requests without TLS are denied",
			Why:        "Over plain HTTP a state, and the secrets in it, can be read and changed by anyone on the way. Only an explicit deny holds for all clients.",
			References: []string{"Security Hub S3.5", "Checkov CKV_AWS_379", "AWS Config s3-bucket-ssl-requests-only"},
			Actions:    []string{"s3:GetBucketPolicy"},
			judge:      judgeTLS, remedy: tlsRemedy,
		},
		{
			ID: "bucket-cross-account", Severity: SeverityHigh, Title: "No other account has access",
			Why:        "Whoever can read a state has its secrets; whoever can write it decides what the next apply destroys.",
			References: []string{"Security Hub S3.6", "AWS Config s3-bucket-blacklisted-actions-prohibited"},
			Actions:    []string{"s3:GetBucketPolicy", "s3:GetBucketAcl", "s3:GetBucketOwnershipControls"},
			judge:      judgeCrossAccount,
			remedy: func(s site) Remedy {
				return Remedy{Summary: "Look whether each grant is still wanted, and take the others out of the policy or the ACL.", CLI: s.s3("get-bucket-policy", "--query", "Policy", "--output", "text")}
			},
		},
		{
			ID: "bucket-acl-disabled", Severity: SeverityMedium, Title: "ACLs are disabled (BucketOwnerEnforced)",
			Why:        "With ACLs a state can belong to the account that wrote it, and one PUT with a wrong canned ACL makes it public beside every policy.",
			References: []string{"Security Hub S3.12", "Checkov CKV2_AWS_65", "AWS Config s3-bucket-acl-prohibited"},
			Actions:    []string{"s3:GetBucketOwnershipControls"},
			judge:      judgeOwnership, remedy: ownershipRemedy,
		},
	}
}

func judgeVersioning(h HealthFacts) judgement {
	return judgeFact("the versioning", h.Bucket.Versioning, func(v Versioning) judgement {
		return passedIf(v == VersioningEnabled, "Enabled", "versioning "+v.Words())
	})
}

func versioningRemedy(s site) Remedy {
	return Remedy{
		Summary: "Enable versioning.",
		CLI:     s.s3("put-bucket-versioning", "--versioning-configuration", "Status=Enabled"),
		HCL:     s.resource("aws_s3_bucket_versioning", "versioning_configuration {", `  status = "Enabled"`, "}"),
	}
}

func judgeBlock(b PublicAccessBlock) judgement {
	off := b.Missing()
	return passedIf(len(off) == 0, "all four are on", "off: "+strings.Join(off, ", "))
}

const allFour = "BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true"

func allFourHCL() []string {
	return []string{"block_public_acls = true", "ignore_public_acls = true", "block_public_policy = true", "restrict_public_buckets = true"}
}

func bucketBlockRemedy(s site) Remedy {
	return Remedy{
		Summary: "Turn all four settings on.",
		CLI:     s.s3("put-public-access-block", "--public-access-block-configuration", allFour),
		HCL:     s.resource("aws_s3_bucket_public_access_block", allFourHCL()...),
	}
}

func accountBlockRemedy(s site) Remedy {
	return Remedy{
		Summary: "Turn all four settings on for the account, after a look at buckets that are meant to be public.",
		CLI:     s.aws("s3control", s.region, "s3control", "put-public-access-block", "--account-id", s.account, "--public-access-block-configuration", allFour),
		HCL:     hclBlock("aws_s3_account_public_access_block", allFourHCL()...),
	}
}

// judgePublic joins what the policy and the ACL say. Either alone makes the
// bucket public, and only both being known to be closed is a pass.
func judgePublic(h HealthFacts) judgement {
	var t jury
	t.add(subject{}, judgePublicPolicy(h.Bucket))
	t.add(subject{}, judgePublicACL(h.Bucket))
	return t.result("")
}

// judgePublicPolicy: S3's own judgement counts, and so does ours where it is
// worse; without S3's, ours must be sure.
func judgePublicPolicy(b BucketHealth) judgement {
	public, told := b.PolicyPublic.Get()
	doc, read := policyDocument(b.Policy)
	open, doubtful := doc.OpenGrants()
	switch {
	case public || len(open) > 0:
		return restrictedOr(b, publicEvidence(open))
	case told || read && len(doubtful) == 0:
		return passed("the policy is not public")
	case read:
		return restrictedOr(b, unknown(doubtful[0].name()+" lets everybody in under a condition that cannot be evaluated", unreadBecause("the policy status", b.PolicyPublic)))
	}
	return unknown(unreadBecause("the policy status", b.PolicyPublic), unreadPolicy(b.Policy))
}

func publicEvidence(open []PolicyStatement) judgement {
	if len(open) == 0 {
		return failed("the policy is public, as S3 judges it")
	}
	return failed(open[0].name() + " lets everybody in (" + open[0].allowed() + ")")
}

// restrictedOr is a pass where a public access block keeps strangers out all the
// same.
func restrictedOr(b BucketHealth, j judgement) judgement {
	if b.PublicAccess.Or(PublicAccessBlock{}).RestrictPublicBuckets || b.AccountPublicAccess.Or(PublicAccessBlock{}).RestrictPublicBuckets {
		return passed("the policy lets strangers in, but the public access block restricts it to the account")
	}
	return j
}

func judgePublicACL(b BucketHealth) judgement {
	if b.aclIgnored() {
		return passed("public grants of ACLs have no effect")
	}
	return judgeFact("the ACL", b.ACL, func(acl BucketACL) judgement {
		for _, g := range acl.Grants {
			if g.stranger() {
				return failed(g.who() + " has " + g.Permission + " by the ACL")
			}
		}
		return passed("the ACL grants nothing to strangers")
	})
}

// aclIgnored reports whether public grants of ACLs are known to have no effect.
func (b BucketHealth) aclIgnored() bool {
	return b.Ownership.Or("") == ownerEnforced || b.PublicAccess.Or(PublicAccessBlock{}).IgnorePublicACLs ||
		b.AccountPublicAccess.Or(PublicAccessBlock{}).IgnorePublicACLs
}

const ownerEnforced = "BucketOwnerEnforced"

// stranger reports a grant to everybody, or to everybody with an AWS account.
func (g ACLGrant) stranger() bool {
	return g.Group && (strings.HasSuffix(g.Grantee, "/AllUsers") || strings.HasSuffix(g.Grantee, "/AuthenticatedUsers"))
}

func (g ACLGrant) who() string {
	if g.Group {
		return "the group " + g.Grantee[strings.LastIndex(g.Grantee, "/")+1:]
	}
	return "canonical user " + g.Grantee
}

func publicRemedy(s site) Remedy {
	return Remedy{
		Summary: "Block public access now, then take the grant to everybody out of the policy or the ACL.",
		CLI:     s.s3("put-public-access-block", "--public-access-block-configuration", allFour),
		HCL:     s.resource("aws_s3_bucket_public_access_block", allFourHCL()...),
	}
}

// policyDocument is the policy where it was read and understood; a bucket without
// one has the empty policy.
func policyDocument(f Fact[string]) (PolicyDocument, bool) {
	text, ok := f.Get()
	if !ok || text == "" {
		return PolicyDocument{}, ok
	}
	doc, err := ParsePolicy(text)
	return doc, err == nil
}

// unreadPolicy is why policyDocument gave none.
func unreadPolicy(f Fact[string]) string {
	if !f.IsKnown() {
		return unreadBecause("the policy", f)
	}
	return "the policy: is not understood"
}

// stateActions are what a client does with states: the first on the bucket, the
// others on objects.
func stateActions() (bucket, objects []string) {
	return []string{"s3:ListBucket"}, []string{"s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:DeleteObject"}
}

func judgeTLS(h HealthFacts) judgement {
	doc, ok := policyDocument(h.Bucket.Policy)
	if !ok {
		return unknown(unreadPolicy(h.Bucket.Policy))
	}
	arn := "arn:" + partitionOf(h.Region.Or(h.Backend.Region)) + ":s3:::" + h.Backend.Bucket
	bucket, objects := stateActions()
	var t jury
	for _, a := range bucket {
		t.add(subject{name: a}, judgePlainHTTP(doc, policyRequest{action: a, resource: arn}))
	}
	for _, a := range objects {
		t.add(subject{name: a}, judgePlainHTTP(doc, policyRequest{action: a, resource: arn + "/" + h.Backend.Prefix, below: true}))
	}
	j := t.result("").summed("action", "denied without TLS, for everybody")
	if j.status == FindingFail && len(doc.Statements) == 0 {
		return failed("the bucket has no policy")
	}
	return j
}

func judgePlainHTTP(doc PolicyDocument, r policyRequest) judgement {
	switch denied, why := doc.deniesPlainHTTP(r); {
	case denied == yes:
		return passed("denied")
	case denied == perhaps:
		return unknown("may be denied without TLS: " + why)
	case why != "":
		return failed("not denied without TLS: " + why)
	}
	return failed("not denied without TLS")
}

// partitionOf is the partition of ARNs in a region.
func partitionOf(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}

func tlsRemedy(s site) Remedy {
	arn := "arn:" + partitionOf(s.region) + ":s3:::" + s.bucket
	summary := "Add a statement to the bucket policy that denies everything without TLS (put-bucket-policy replaces the whole policy: take its other statements along)."
	cli := s.s3("get-bucket-policy", "--query", "Policy", "--output", "text") + " > policy.json\n" + s.s3("put-bucket-policy", "--policy", fromFile("policy.json"))
	if s.noPolicy {
		summary = "Give the bucket a policy that denies everything without TLS."
		cli = s.s3("put-bucket-policy", "--policy", fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Sid":"DenyWithoutTLS","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":[%q,%q],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}`, arn, arn+"/*"))
	}
	return Remedy{
		Summary: summary,
		CLI:     cli,
		HCL: `data "aws_iam_policy_document" "state" {
  statement {
    sid       = "DenyWithoutTLS"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [` + hclString(arn) + `, ` + hclString(arn+"/*") + `]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

` + s.resource("aws_s3_bucket_policy", "policy = data.aws_iam_policy_document.state.json"),
	}
}

func judgeCrossAccount(h HealthFacts) judgement {
	doc, ok := policyDocument(h.Bucket.Policy)
	if !ok {
		return unknown(unreadPolicy(h.Bucket.Policy))
	}
	owner, known := h.Owner.Get()
	var t jury
	for _, g := range doc.OutsideGrants(owner) {
		if known {
			t.add(subject{}, failed(g))
		} else {
			t.add(subject{}, unknown(unreadBecause("the account that owns the bucket", h.Owner)+"; the policy lets in "+g))
		}
	}
	t.add(subject{}, judgeForeignACL(h.Bucket))
	return t.result("")
}

func judgeForeignACL(b BucketHealth) judgement {
	if b.Ownership.Or("") == ownerEnforced {
		return passed("the policy names no other account, and ACLs are disabled")
	}
	return judgeFact("the ACL", b.ACL, func(acl BucketACL) judgement {
		var foreign []string
		for _, g := range acl.Grants {
			if g.stranger() || !g.Group && g.Grantee != acl.Owner {
				foreign = append(foreign, g.who()+" has "+g.Permission+" by the ACL")
			}
		}
		if len(foreign) > 0 {
			return failed(foreign...)
		}
		return passed("neither the policy nor the ACL names another account")
	})
}

func judgeOwnership(h HealthFacts) judgement {
	return judgeFact("the object ownership", h.Bucket.Ownership, func(o string) judgement {
		if o == "" {
			o = "not set (ObjectWriter)"
		}
		return passedIf(o == ownerEnforced, "BucketOwnerEnforced", "object ownership is "+o)
	})
}

func ownershipRemedy(s site) Remedy {
	return Remedy{
		Summary: "Let the bucket's owner own all objects, which disables ACLs. First take \"acl\" out of every backend block: writes with another ACL are refused then.",
		CLI:     s.s3("put-bucket-ownership-controls", "--ownership-controls", "Rules=[{ObjectOwnership=BucketOwnerEnforced}]"),
		HCL:     s.resource("aws_s3_bucket_ownership_controls", "rule {", `  object_ownership = "BucketOwnerEnforced"`, "}"),
	}
}

// usesLockfile says whether clients of the backend use lock files.
func (h HealthFacts) usesLockfile() truth { return h.uses(MechanismLockfile) }

func (h HealthFacts) uses(m Mechanism) truth {
	if slices.ContainsFunc(h.Mechanisms.Items, func(u MechanismUse) bool { return u.Mechanism == m }) {
		return yes
	}
	if len(h.Mechanisms.gaps("")) > 0 {
		return perhaps
	}
	return no
}
