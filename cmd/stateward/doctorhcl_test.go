package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/stateward/stateward/internal/evidence"
	"github.com/stateward/stateward/model"
)

// hclShape is what may stand in a block: a nested block by its own shape, an
// argument by nil.
type hclShape map[string]hclShape

// hclShapes are the arguments that remedies use, of the resources and the data
// source of the hashicorp/aws provider, and of a backend block. They are from
// the provider's documentation.
func hclShapes() map[string]hclShape {
	on, status := hclShape{"enabled": nil}, hclShape{"status": nil}
	block := hclShape{"block_public_acls": nil, "ignore_public_acls": nil, "block_public_policy": nil, "restrict_public_buckets": nil}
	return map[string]hclShape{
		"aws_s3_bucket_versioning":                {"bucket": nil, "versioning_configuration": status},
		"aws_s3_bucket_public_access_block":       with(block, "bucket"),
		"aws_s3_account_public_access_block":      block,
		"aws_s3_bucket_policy":                    {"bucket": nil, "policy": nil},
		"aws_s3_bucket_ownership_controls":        {"bucket": nil, "rule": {"object_ownership": nil}},
		"aws_s3_bucket_logging":                   {"bucket": nil, "target_bucket": nil, "target_prefix": nil},
		"aws_s3_bucket_object_lock_configuration": {"bucket": nil},
		"aws_s3_bucket_lifecycle_configuration":   {"bucket": nil, "rule": lifecycleShape()},
		"aws_s3_bucket_replication_configuration": {"bucket": nil, "role": nil, "rule": replicationShape(status)},
		"aws_kms_key":                             {"is_enabled": nil, "deletion_window_in_days": nil, "enable_key_rotation": nil},
		"aws_dynamodb_table":                      tableShape(on),
		"aws_iam_policy_document":                 {"statement": statementShape()},
		"backend":                                 {"encrypt": nil, "kms_key_id": nil, "use_lockfile": nil},
		"aws_s3_bucket_server_side_encryption_configuration": {"bucket": nil, "rule": {
			"bucket_key_enabled": nil, "apply_server_side_encryption_by_default": {"sse_algorithm": nil, "kms_master_key_id": nil},
		}},
	}
}

func with(s hclShape, argument string) hclShape {
	all := hclShape{argument: nil}
	for name, shape := range s {
		all[name] = shape
	}
	return all
}

func lifecycleShape() hclShape {
	return hclShape{"id": nil, "status": nil, "filter": {}, "expiration": {"expired_object_delete_marker": nil},
		"noncurrent_version_expiration": {"noncurrent_days": nil, "newer_noncurrent_versions": nil}, "abort_incomplete_multipart_upload": {"days_after_initiation": nil}}
}

func replicationShape(status hclShape) hclShape {
	return hclShape{"status": nil, "filter": {}, "delete_marker_replication": status, "source_selection_criteria": {"sse_kms_encrypted_objects": status},
		"destination": {"bucket": nil, "encryption_configuration": {"replica_kms_key_id": nil}}}
}

func tableShape(on hclShape) hclShape {
	return hclShape{"name": nil, "billing_mode": nil, "hash_key": nil, "attribute": {"name": nil, "type": nil}, "deletion_protection_enabled": nil,
		"point_in_time_recovery": on, "ttl": on, "server_side_encryption": with(on, "kms_key_arn")}
}

func statementShape() hclShape {
	return hclShape{"sid": nil, "effect": nil, "actions": nil, "resources": nil, "principals": {"type": nil, "identifiers": nil},
		"condition": {"test": nil, "variable": nil, "values": nil}}
}

// partOf is the block that a remedy is only a part of, by its first line; "" is none.
func partOf(text string) string {
	part := regexp.MustCompile(`^# in the (aws_\w+|backend)\b`).FindStringSubmatch(text)
	if part == nil {
		return ""
	}
	return part[1]
}

func TestRemediesAreWhatTerraformKnows(t *testing.T) {
	for _, c := range model.Checks() {
		text := c.Example().HCL
		t.Run(c.ID, func(t *testing.T) {
			file, diags := hclsyntax.ParseConfig([]byte(text), c.ID, hcl.InitialPos)
			if diags.HasErrors() {
				t.Fatalf("%v in\n%s", diags, text)
			}
			body, ok := file.Body.(*hclsyntax.Body)
			if !ok {
				t.Fatalf("the body is a %T", file.Body)
			}
			if part := partOf(text); part != "" {
				fits(t, part, body, hclShapes()[part])
				return
			}
			equal(t, "arguments outside of blocks", len(body.Attributes), 0)
			for _, b := range body.Blocks {
				shape, known := hclShapes()[b.Labels[0]]
				if !known {
					t.Errorf("%s is not known", b.Labels[0])
				}
				fits(t, b.Labels[0], b.Body, shape)
			}
		})
	}
}

// TestRemediesAreAsTerraformFormatsThem asks the real terraform.
func TestRemediesAreAsTerraformFormatsThem(t *testing.T) {
	evidence.Tools(t, "terraform")
	dir := t.TempDir()
	for _, c := range model.Checks() {
		if text := c.Example().HCL; text != "" {
			if err := os.WriteFile(filepath.Join(dir, c.ID+".tf"), []byte(text+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	cmd := exec.CommandContext(t.Context(), "terraform", "fmt", "-check", "-diff", "-no-color", dir)
	cmd.Env = append(cleanEnv(), "HOME="+dir, "CHECKPOINT_DISABLE=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// fits reports what of a body its shape does not have.
func fits(t *testing.T, path string, body *hclsyntax.Body, shape hclShape) {
	t.Helper()
	for name := range body.Attributes {
		if nested, known := shape[name]; !known || nested != nil {
			t.Errorf("%s has no argument %s", path, name)
		}
	}
	for _, b := range body.Blocks {
		nested, known := shape[b.Type]
		if !known || nested == nil {
			t.Errorf("%s has no block %s", path, b.Type)
		}
		fits(t, path+"."+b.Type, b.Body, nested)
	}
}
