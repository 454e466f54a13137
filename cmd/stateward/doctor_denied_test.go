package main

import (
	"strings"
	"testing"

	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/model"
)

// TestDoctorWhereReadsAreDenied goes over the wire: what is denied is unknown
// with the missing action, and fails nothing.
func TestDoctorWhereReadsAreDenied(t *testing.T) {
	w := newWorld(t)
	server := w.serveSample(emulator.Options{Seed: 7})
	denied := map[string]string{ // the check, and the action that it lacks
		"bucket-versioning": "s3:GetBucketVersioning", "bucket-tls-only": "s3:GetBucketPolicy", "bucket-logging": "s3:GetBucketLogging",
		"lock-table-schema": "dynamodb:DescribeTable", "lock-table-ttl": "dynamodb:DescribeTimeToLive", "key-rotation": "kms:GetKeyRotationStatus",
		"lifecycle-current-states": "s3:GetLifecycleConfiguration", "bucket-public-access-block": "s3:GetBucketPublicAccessBlock",
	}
	for _, action := range denied {
		server.Deny(action)
	}
	e := w.run("doctor", "s3://acme-tfstate-prod", "--lock-table", "acme-locks", "--fail-on", "medium", "-o", "json")
	equal(t, "exit code", e.code, exitDone)
	for _, d := range decode[[]findingDoc](t, e) {
		action := denied[d.ID]
		if action == "" {
			continue
		}
		if d.Status != model.FindingUnknown || !strings.Contains(d.Evidence, "AccessDenied "+action) || !strings.Contains(d.Remedy.Summary, action) {
			t.Errorf("%s is %s: %s", d.ID, d.Status, d.Evidence)
		}
		if !strings.Contains(e.stderr, d.ID+" of acme-tfstate-prod") {
			t.Errorf("stderr does not name %s: %s", d.ID, e.stderr)
		}
	}
}
