package aws_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stateward/stateward/model"
)

// TestNoCheckPassesWithoutTheReadThatItNeeds denies every action that a check
// names, one at a time, over the wire: what passed with it must not pass without
// it, and says which action is missing. Only what another read proves as well is
// excepted.
func TestNoCheckPassesWithoutTheReadThatItNeeds(t *testing.T) {
	const others = "other evidence of the same"
	proven := map[string]string{ // by what
		"bucket-public s3:GetBucketPolicyStatus":             "the policy itself",
		"bucket-public s3:GetBucketPolicy":                   "S3's own judgement of it",
		"bucket-public s3:GetBucketAcl":                      "the public access block, which ignores ACLs",
		"bucket-public s3:GetBucketOwnershipControls":        "the public access block, which ignores ACLs",
		"bucket-cross-account s3:GetBucketAcl":               "the ownership controls, which disable ACLs",
		"bucket-cross-account s3:GetBucketOwnershipControls": "the ACL itself",
		"bucket-object-lock s3:ListBucketVersions":           "that there is no retention at all",
		"lifecycle-current-states s3:ListBucket":             "that no rule does harm, whatever keys there are",
		"lifecycle-noncurrent-history s3:ListBucket":         "that no rule does harm, whatever keys there are",
		"multipart-abort s3:ListBucketMultipartUploads":      "the rule that aborts them",
		"key-policy-wildcard kms:DescribeKey":                "the policy, which is read by another call",
		"key-rotation kms:DescribeKey":                       "its status, which is read by another call",
		"state-encryption-default kms:DescribeKey":           "that both name the key by the same ARN",
		"state-digest dynamodb:GetItem":                      "the scan, which has all rows",
		"digest-malformed dynamodb:GetItem":                  "the scan, which has all rows",
		"digest-missing dynamodb:GetItem":                    "the scan, which has all rows",
		"digest-orphan dynamodb:GetItem":                     "the scan, which has all rows",
		"lock-mechanism dynamodb:Scan":                       others,
		"lock-mechanism s3:GetObject":                        others,
		"lock-mechanism s3:ListBucket":                       others,
		"lock-mechanism s3:ListBucketVersions":               others,
		"lock-table-deprecated dynamodb:Scan":                others,
		"lock-table-deprecated s3:GetObject":                 others,
		"lock-table-deprecated s3:ListBucket":                others,
		"lock-orphan s3:GetObject":                           "the listing, in which no lock file lies",
		"lock-diverged s3:GetObject":                         "the listing, in which no lock file lies",
		"lock-malformed s3:GetObject":                        "the listing, in which no lock file lies",
		"lock-old s3:GetObject":                              "the listing, in which no lock file lies",
		"lock-stale s3:GetObject":                            "the listing, in which no lock file lies",
		"lock-stale s3:GetObjectVersion":                     "the rows and the listing, by which no lock is held",
		"lock-stale s3:ListBucketVersions":                   "the rows and the listing, by which no lock is held",
	}
	s := at(demoSite(t))
	b := model.Backend{Name: "data", Bucket: "acme-tfstate-data"}
	before := map[string]model.Finding{}
	var actions []string
	for _, f := range model.Diagnose(s.client().Health(t.Context(), b)) {
		before[f.ID] = f
		actions = append(actions, f.Actions...)
	}
	slices.Sort(actions)
	compared := 0
	for _, action := range slices.Compact(actions) {
		s.emulator.Deny(action)
		for _, f := range model.Diagnose(s.client().Health(t.Context(), b)) {
			if before[f.ID].Status != model.FindingPass || !slices.Contains(f.Actions, action) {
				continue
			}
			compared++
			by := proven[f.ID+" "+action]
			switch told := strings.Contains(f.EvidenceText(0), "AccessDenied "+action); {
			case f.Status == model.FindingPass && by == "":
				t.Errorf("%s passes without %s: %s", f.ID, action, f.EvidenceText(0))
			case f.Status != model.FindingPass && by != "":
				t.Errorf("%s does not pass without %s, though %s proves it", f.ID, action, by)
			case f.Status == model.FindingUnknown && !told:
				t.Errorf("%s is unknown without %s, and does not say so: %s", f.ID, action, f.EvidenceText(0))
			case f.Status == model.FindingFail:
				t.Errorf("%s fails for want of %s: %s", f.ID, action, f.EvidenceText(0))
			}
		}
		s.emulator.Allow(action)
	}
	if compared < 40 {
		t.Errorf("only %d findings compared", compared)
	}
}
