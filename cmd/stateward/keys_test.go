package main

import (
	"context"
	"iter"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stateward/stateward/model"
)

// keysFake is the keys of a fake fleet, the same behind each backend.
type keysFake struct {
	keys    model.KeyPage
	keysErr error
}

func (f *fakeBackends) Keys(_ context.Context, b model.Backend) iter.Seq2[model.KeyPage, error] {
	f.note("Keys " + b.Bucket)
	return func(yield func(model.KeyPage, error) bool) {
		if yield(f.keys.keys, nil) && f.keys.keysErr != nil {
			yield(model.KeyPage{}, f.keys.keysErr)
		}
	}
}

func (f *fakeBackends) StateEncryption(context.Context, model.Backend, string) iter.Seq2[model.StateEncryption, error] {
	return func(func(model.StateEncryption, error) bool) {}
}

func sampleKey() model.Key {
	at := func(day int) time.Time { return time.Date(2026, 12, day, 3, 0, 0, 0, time.UTC) }
	return model.Key{ID: "0d4f", ARN: "arn:aws:kms:eu-west-1:123456789012:key/0d4f", Region: "eu-west-1", Account: "123456789012",
		Aliases: model.Known([]string{"alias/tfstate"}), Manager: model.Known(model.ManagerCustomer), Origin: model.Known("AWS_KMS"),
		Spec: model.Known("SYMMETRIC_DEFAULT"), Usage: model.Known("ENCRYPT_DECRYPT"), MultiRegion: model.Known(false),
		State: model.Known(model.KeyPendingDeletion), DeletionDate: model.Known(at(4)), ValidTo: model.Known(time.Time{}), Policy: model.Unknown[string]("AccessDenied kms:GetKeyPolicy"),
		Rotation: model.KeyRotation{Enabled: model.Known(false), PeriodDays: model.Known(0), Last: model.Known(at(1)), Next: model.Unknown[time.Time]("AccessDenied kms:GetKeyRotationStatus"),
			History: model.Known([]model.Rotation{{Date: at(1), Type: model.RotationOnDemand}})},
		UsedBy: model.KeyUse{Buckets: []string{"acme"}, Noncurrent: 4, AtLeast: true, Tables: []model.TableUse{{Region: "eu-west-1", Table: "locks"}},
			States: []model.StateUse{{Bucket: "acme", Key: "k", Current: true, Noncurrent: 4, AtLeast: true}}}}
}

func TestJSONOfAKey(t *testing.T) {
	k := sampleKey()
	k.Findings = []model.KeyFinding{{Rule: "key-state", Severity: "critical", Text: "PendingDeletion", Remedy: "aws kms …"}, {Rule: "key-policy-root-only", Severity: "low", Text: "the account alone"}}
	checkJSON(t, newKeyDoc(k), `{
  "key_id": "0d4f",
  "arn": "arn:aws:kms:eu-west-1:123456789012:key/0d4f",
  "account": "123456789012",
  "region": "eu-west-1",
  "aliases": [
    "alias/tfstate"
  ],
  "manager": "CUSTOMER",
  "origin": "AWS_KMS",
  "spec": "SYMMETRIC_DEFAULT",
  "usage": "ENCRYPT_DECRYPT",
  "multi_region": false,
  "primary": null,
  "state": "PendingDeletion",
  "deletion_date": "2026-12-04T03:00:00Z",
  "valid_to": null,
  "rotation": {
    "not_applicable": null,
    "enabled": false,
    "period_days": null,
    "last": "2026-12-01T03:00:00Z",
    "next": null,
    "history": [
      {
        "date": "2026-12-01T03:00:00Z",
        "type": "on-demand"
      }
    ],
    "unknown": {
      "next": "AccessDenied kms:GetKeyRotationStatus"
    }
  },
  "used_by": {
    "buckets": [
      "acme"
    ],
    "versions_current": 1,
    "versions_noncurrent": 4,
    "tables": [
      "locks"
    ],
    "at_least": true,
    "unread": [],
    "states": [
      {
        "bucket": "acme",
        "key": "k",
        "current": true,
        "versions_noncurrent": 4,
        "at_least": true
      }
    ],
    "blast_radius": [
      "1 current state cannot be read: no plan, no apply",
      "at least 4 old versions cannot be read: restores of them fail",
      "lock table locks cannot be read: nobody can lock or unlock there",
      "the default encryption of bucket acme refuses every write that names no other key",
      "from 2026-12-04 on that is for good: nobody can bring a deleted key back"
    ]
  },
  "findings": [
    {
      "rule": "key-state",
      "severity": "critical",
      "text": "PendingDeletion",
      "remedy": "aws kms …"
    },
    {
      "rule": "key-policy-root-only",
      "severity": "low",
      "text": "the account alone",
      "remedy": null
    }
  ],
  "unknown": {
    "policy": "AccessDenied kms:GetKeyPolicy"
  }
}
`, "")
}

func TestJSONOfAKeyThatNobodyMayDescribe(t *testing.T) {
	const why = "AccessDenied kms:DescribeKey"
	k := model.Key{ID: "alias/x", Region: "us-east-1", State: model.Unknown[model.KeyState](why), Manager: model.Unknown[model.KeyManager](why)}
	d := newKeyDoc(k)
	if d.ARN != nil || d.State != nil || d.Aliases != nil || d.Rotation.History != nil || d.Unknown["state"] != why || d.Unknown["aliases"] != notRead || d.Rotation.Unknown["enabled"] != notRead {
		t.Errorf("%+v", d)
	}
}

func TestKeysCommand(t *testing.T) {
	for name, c := range map[string]struct {
		set    func(f *keysFake)
		code   int
		rows   int // of the JSON document; -1 when nothing may be printed
		table  []string
		stderr []string // of the table
	}{
		"one key": {set: func(f *keysFake) { f.keys.Keys = []model.Key{sampleKey()} }, rows: 1,
			table:  []string{"tfstate", "PendingDeletion: 12 d left (2026-12-04)", "4+", "locks", "acme"},
			stderr: []string{"critical: tfstate: PendingDeletion: 12 d left (2026-12-04)", "1 current state cannot be read", "? policy: AccessDenied kms:GetKeyPolicy (1)", "? next: AccessDenied kms:GetKeyRotationStatus (1)"}},
		"none": {rows: 0, stderr: []string{"no KMS keys"}},
		"a source that could not be read": {set: func(f *keysFake) {
			f.keys = model.KeyPage{Keys: []model.Key{sampleKey()}, Problems: []string{"AccessDenied s3:ListBucketVersions on s3://b/"}}
		}, code: 1, rows: 1, stderr: []string{"not read: AccessDenied s3:ListBucketVersions on s3://b/"}},
		"nothing could be read": {set: func(f *keysFake) { f.keysErr = denied("s3:ListBucket") }, code: 1, rows: -1, stderr: []string{"AccessDenied s3:ListBucket"}},
		"past the bound": {set: func(f *keysFake) {
			f.keys = model.KeyPage{Keys: []model.Key{sampleKey()}, Progress: model.KeyProgress{Bounded: 3}}
		}, rows: 1,
			stderr: []string{"older versions of 3 states were not looked at: --versions all does"}},
	} {
		t.Run(name, func(t *testing.T) {
			run := func(args ...string) ended {
				w := newWorld(t)
				if c.set != nil {
					c.set(&w.backends.keys)
				}
				return w.run(append([]string{"keys", "s3://b"}, args...)...)
			}
			e := run("-o", "json")
			equal(t, "exit code", e.code, c.code)
			if c.rows < 0 {
				equal(t, "stdout", e.stdout, "")
			} else {
				equal(t, "rows", len(decode[[]any](t, e)), c.rows)
			}
			tab := run()
			equal(t, "exit code of the table", tab.code, c.code)
			for _, want := range c.table {
				if !strings.Contains(tab.stdout, want) {
					t.Errorf("no %q in\n%s", want, tab.stdout)
				}
			}
			for _, want := range c.stderr {
				if !strings.Contains(tab.stderr, want) {
					t.Errorf("no %q on stderr:\n%s", want, tab.stderr)
				}
			}
		})
	}
}

func TestVersionsBoundTheKeys(t *testing.T) {
	for flag, want := range map[string]int{"": 100, "0": 0, "7": 7, "all": -1} {
		w := newWorld(t)
		args := []string{"keys", "s3://b"}
		if flag != "" {
			args = append(args, "--versions", flag)
		}
		w.run(args...)
		equal(t, "bound of "+flag, *w.backends.options[0].Versions, want)
	}
}

// TestEveryFieldOfAKeyIsDocumented holds docs/json.md to the documents within.
func TestEveryFieldOfAKeyIsDocumented(t *testing.T) {
	body, err := os.ReadFile(filepath.Join("..", "..", "docs", "json.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(body), "## Key:")
	text, _, _ = strings.Cut(text, "\n## ")
	for _, doc := range []any{keyDoc{}, rotationDoc{}, rotationDoneDoc{}, keyUseDoc{}, stateUseDoc{}, keyFindingDoc{}} {
		for _, field := range fieldsOf(reflect.TypeOf(doc)) {
			if !strings.Contains(text, "`"+field+"`") {
				t.Errorf("%T: %s is not documented", doc, field)
			}
		}
	}
}
