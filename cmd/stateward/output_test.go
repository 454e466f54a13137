package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stateward/stateward/model"
)

var noTime time.Time

func ptr[T any](v T) *T { return &v }

func sampleHeader() model.StateHeader {
	return model.StateHeader{Format: model.FormatV4, Version: 4, TerraformVersion: ptr("1.11.4"), Serial: ptr(uint64(7)), Lineage: ptr("9d2f")}
}

// The documents that scripts rely on, byte for byte.

func TestJSONOfALock(t *testing.T) {
	at := time.Date(2026, 11, 21, 17, 4, 11, 5e8, time.FixedZone("", 3600))
	l := model.Lock{Bucket: "acme", Key: "env:/blue/k", Workspace: "blue", Mechanism: model.MechanismDynamoDB, Table: "locks",
		Raw: []byte(`{"ID":"71d8"}`), ReadAt: at.Add(90 * time.Minute), Orphan: model.Unknown[bool]("AccessDenied s3:GetObject"),
		Info:    model.LockInfo{ID: "71d8", Operation: "OperationTypeApply", Who: "a<b>\x1b[31m\u202e\U000e0041\u0085@h\n", Version: "1.11.4", Created: at, Path: "acme/env:/blue/k"},
		Verdict: model.LikelyStale, Evidence: []model.Evidence{{Rule: "writes", Text: "no version written", PointsTo: "stale"}}}
	checkJSON(t, newLockDoc(l), `{
  "bucket": "acme",
  "key": "env:/blue/k",
  "workspace": "blue",
  "mechanism": "dynamodb",
  "table": "locks",
  "id": "71d8",
  "operation": "OperationTypeApply",
  "who": "a<b>\u001b[31m\u202e\udb40\udc41\u0085@h\n",
  "version": "1.11.4",
  "created": "2026-11-21T16:04:11.5Z",
  "age_seconds": 5400,
  "info": "",
  "path": "acme/env:/blue/k",
  "malformed": null,
  "raw_sha256": "1b04cc61d1a37d4a38b70ea4b3e3e2f9d63d2ab1e7d8c3d2b5d8d3a5c1c5e5d0",
  "orphan": null,
  "diverged": false,
  "verdict": "likely-stale",
  "evidence": [
    {
      "rule": "writes",
      "text": "no version written",
      "points_to": "stale"
    }
  ],
  "unknown": {
    "orphan": "AccessDenied s3:GetObject"
  }
}
`, l.RawSHA256())
}

func TestJSONOfAMalformedLock(t *testing.T) {
	l := model.Lock{Bucket: "acme", Key: "k", Workspace: "default", Mechanism: model.MechanismLockfile, Raw: []byte("not json"),
		Malformed: "not JSON", Orphan: model.Known(false), Verdict: model.Unclear}
	checkJSON(t, newLockDoc(l), `{
  "bucket": "acme",
  "key": "k",
  "workspace": "default",
  "mechanism": "lockfile",
  "table": null,
  "id": null,
  "operation": null,
  "who": null,
  "version": null,
  "created": null,
  "age_seconds": null,
  "info": null,
  "path": null,
  "malformed": "not JSON",
  "raw_sha256": "1b04cc61d1a37d4a38b70ea4b3e3e2f9d63d2ab1e7d8c3d2b5d8d3a5c1c5e5d0",
  "orphan": false,
  "diverged": false,
  "verdict": "unclear",
  "evidence": [],
  "unknown": {
    "age_seconds": "the lock does not say when it was taken",
    "created": "the lock does not say when it was taken",
    "id": "the lock is malformed: not JSON",
    "info": "the lock is malformed: not JSON",
    "operation": "the lock is malformed: not JSON",
    "path": "the lock is malformed: not JSON",
    "version": "the lock is malformed: not JSON",
    "who": "the lock is malformed: not JSON"
  }
}
`, l.RawSHA256())
}

func TestJSONOfAVersion(t *testing.T) {
	v := model.Version{VersionID: "3HL4", IsLatest: true, LastModified: time.Date(2026, 11, 21, 19, 31, 7, 0, time.UTC), Size: 181, ETag: `"abc"`,
		Facts: model.VersionFacts{Header: model.Known(sampleHeader()), Resources: model.Unknown[int]("beyond --versions 100"),
			Encryption: model.Known(model.Encryption{Algorithm: "aws:kms", KMSKeyID: "alias/k", BucketKey: true})},
		Restorable: model.Known(false), WhyNot: "it is current",
		Attribution: model.Attribution{WrittenBy: model.Known(model.Author{Who: "ci@r", Operation: "OperationTypeApply", LockID: "71d8"})},
		Anomalies:   []model.Anomaly{{Rule: model.RuleResourcesHalved, Text: "lost 58 of 61"}}, Change: model.Known(model.Change{Added: 3, Changed: 1, Removed: 40})}
	checkJSON(t, newVersionDoc(v), `{
  "version_id": "3HL4",
  "is_latest": true,
  "delete_marker": false,
  "last_modified": "2026-11-21T19:31:07Z",
  "size": 181,
  "etag": "\"abc\"",
  "format": "v4",
  "serial": 7,
  "lineage": "9d2f",
  "terraform_version": "1.11.4",
  "resources": null,
  "encryption": {
    "algorithm": "aws:kms",
    "kms_key_id": "alias/k",
    "bucket_key": true
  },
  "change": {
    "added": 3,
    "changed": 1,
    "removed": 40
  },
  "anomalies": [
    "resources-halved"
  ],
  "anomaly_details": [
    {
      "rule": "resources-halved",
      "text": "lost 58 of 61"
    }
  ],
  "suggested": false,
  "restorable": false,
  "why_not": "it is current",
  "written_by": {
    "who": "ci@r",
    "operation": "OperationTypeApply",
    "lock_id": "71d8"
  },
  "held_by": null,
  "unknown": {
    "resources": "beyond --versions 100"
  }
}
`, "")
}

func TestJSONOfADeleteMarker(t *testing.T) {
	v := model.Version{VersionID: "m", DeleteMarker: true, LastModified: time.Date(2026, 11, 21, 19, 31, 7, 0, time.UTC), Restorable: model.Known(false), WhyNot: "a delete marker has no content"}
	checkJSON(t, newVersionDoc(v), `{
  "version_id": "m",
  "is_latest": false,
  "delete_marker": true,
  "last_modified": "2026-11-21T19:31:07Z",
  "size": null,
  "etag": null,
  "format": null,
  "serial": null,
  "lineage": null,
  "terraform_version": null,
  "resources": null,
  "encryption": null,
  "change": null,
  "anomalies": null,
  "anomaly_details": null,
  "suggested": false,
  "restorable": false,
  "why_not": "a delete marker has no content",
  "written_by": null,
  "held_by": null,
  "unknown": {
    "anomalies": "not read",
    "change": "not read",
    "written_by": "not read"
  }
}
`, "")
}

func TestJSONOfAState(t *testing.T) {
	s := model.State{Bucket: "acme", Key: "k", Workspace: "default", LastModified: time.Date(2026, 11, 21, 19, 31, 7, 0, time.UTC), Size: 181,
		Facts: model.StateFacts{VersionID: model.Known("3HL4"), Header: model.Unknown[model.StateHeader]("AccessDenied s3:GetObject"), Resources: model.Known(3),
			Encryption: model.Known(model.Encryption{}), Locked: model.Known(true), Digest: model.Unknown[model.DigestVerdict]("AccessDenied dynamodb:GetItem")}}
	checkJSON(t, newStateDoc(s), `{
  "bucket": "acme",
  "key": "k",
  "workspace": "default",
  "deleted": false,
  "version_id": "3HL4",
  "last_modified": "2026-11-21T19:31:07Z",
  "size": 181,
  "serial": null,
  "lineage": null,
  "terraform_version": null,
  "format": null,
  "resources": 3,
  "locked": true,
  "encryption": {
    "algorithm": "none",
    "kms_key_id": null,
    "bucket_key": false
  },
  "digest": "unknown",
  "unknown": {
    "digest": "AccessDenied dynamodb:GetItem",
    "format": "AccessDenied s3:GetObject",
    "lineage": "AccessDenied s3:GetObject",
    "serial": "AccessDenied s3:GetObject",
    "terraform_version": "AccessDenied s3:GetObject"
  }
}
`, "")
}

func TestJSONOfABackend(t *testing.T) {
	b := model.Backend{Name: "payments", Bucket: "acme", Prefix: "live/", Source: model.SourceConfig, Policy: model.Policy{Protected: true}}
	f := model.BackendFacts{Region: model.Known("eu-west-1"), Versioning: model.Unknown[model.Versioning]("AccessDenied s3:GetBucketVersioning"),
		Encryption: model.Known(model.Encryption{Algorithm: "AES256"}), Tables: model.Known([]string{"locks"}), States: model.Known(18), LastWrite: model.Known(noTime), LockFiles: model.Known(1), More: true}
	checkJSON(t, newBackendDoc(b, f), `{
  "name": "payments",
  "bucket": "acme",
  "prefix": "live/",
  "source": "config",
  "region": "eu-west-1",
  "versioning": null,
  "encryption": {
    "algorithm": "AES256",
    "kms_key_id": null,
    "bucket_key": false
  },
  "lock_tables": [
    "locks"
  ],
  "lock_files": 1,
  "states": 18,
  "at_least": true,
  "last_write": null,
  "protected": true,
  "read_only": false,
  "unknown": {
    "versioning": "AccessDenied s3:GetBucketVersioning"
  }
}
`, "")
}

func TestJSONOfAResult(t *testing.T) {
	r := model.Result{Operation: model.OpRestore, State: "s3://acme/k", Outcome: model.OutcomeDone, Message: "restored", Steps: []model.StepResult{{Name: "write", Status: model.StepDone, Detail: "as serial 8", Elapsed: time.Second}},
		Undo: &model.Undo{VersionID: "v", Command: "stateward restore s3://acme/k --version-id v"},
		Next: model.Hints{{Text: "Run a plan."}, {Text: "Look with", Command: "stateward history s3://acme/k"}}, Backup: "/b.tfstate", JournalID: "j",
		Where: model.Where{AccountUnknown: "AccessDenied sts:GetCallerIdentity", Profile: "oncall", Region: "eu-west-1", Endpoint: "http://127.0.0.1:4566"}}
	checkJSON(t, newResultDoc(r), `{
  "operation": "restore",
  "state": "s3://acme/k",
  "outcome": "done",
  "message": "restored",
  "now": null,
  "steps": [
    {
      "name": "write",
      "status": "done",
      "detail": "as serial 8"
    }
  ],
  "undo": {
    "version_id": "v",
    "command": "stateward restore s3://acme/k --version-id v"
  },
  "next": [
    "Run a plan.",
    "Look with: stateward history s3://acme/k"
  ],
  "commands": [
    "stateward history s3://acme/k"
  ],
  "journal_id": "j",
  "backup": "/b.tfstate",
  "where": {
    "account": null,
    "profile": "oncall",
    "role": null,
    "region": "eu-west-1",
    "endpoint": "http://127.0.0.1:4566",
    "unknown": {
      "account": "AccessDenied sts:GetCallerIdentity"
    }
  },
  "holder": null
}
`, "")
}

// checkJSON compares a document with its text; sum replaces the SHA-256 in it.
func checkJSON(t *testing.T, doc any, want, sum string) {
	t.Helper()
	var b strings.Builder
	if err := writeJSON(&b, doc); err != nil {
		t.Fatal(err)
	}
	if sum != "" {
		want = strings.Replace(want, "1b04cc61d1a37d4a38b70ea4b3e3e2f9d63d2ab1e7d8c3d2b5d8d3a5c1c5e5d0", sum, 1)
	}
	equal(t, "document", b.String(), want)
}

func TestJSONEscapesWhatATerminalWouldObey(t *testing.T) {
	for name, c := range map[string]struct{ value, want string }{
		"printable text":             {"plain & <é> 漢 😀 \\ \"", `"plain & <é> 漢 😀 \\ \""`},
		"ANSI":                       {"\x1b[2J", `"\u001b[2J"`},
		"DEL and C1":                 {"\x7f\u009b", `"\u007f\u009b"`},
		"bidi":                       {"\u202e\u2066\u200f\u061c", `"\u202e\u2066\u200f\u061c"`},
		"zero width and soft hyphen": {"\u200b\u00ad\ufeff", `"\u200b\u00ad\ufeff"`},
		"separators":                 {"\u2028\u2029", `"\u2028\u2029"`},
		"tags beyond 16 bits":        {"\U000e0041", `"\udb40\udc41"`},
	} {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			if err := writeJSON(&b, c.value); err != nil {
				t.Fatal(err)
			}
			equal(t, "text", b.String(), c.want+"\n")
			var back string
			if err := json.Unmarshal([]byte(b.String()), &back); err != nil {
				t.Fatal(err)
			}
			equal(t, "value", back, c.value)
		})
	}
}

func TestTable(t *testing.T) {
	tbl := &table{columns: []column{{title: "state", cut: 12}, {title: "size", right: true}, {title: "by", cut: 6, end: true, drop: 2}, {title: "via", drop: 1}}}
	tbl.add("s3://acme/team/app/terraform.tfstate", "1.2 kB", "ci@runner-17 apply", "lockfile")
	tbl.add("s3://b/\x1b[31mk\n", "9 B")
	for name, c := range map[string]struct {
		width int
		want  string
	}{
		"no terminal": {0, "" +
			"STATE                                   SIZE  BY                  VIA\n" +
			"s3://acme/team/app/terraform.tfstate  1.2 kB  ci@runner-17 apply  lockfile\n" +
			"s3://b/\\x1b[31mk\\n                       9 B  -                   -\n"},
		"a narrow terminal cuts keys in the middle": {54, "" +
			"STATE                SIZE  BY                 VIA\n" +
			"s3://…orm.tfstate  1.2 kB  ci@runner-17 app…  lockfile\n" +
			"s3://…\\x1b[31mk\\n     9 B  -                  -\n"},
		"a narrower one loses a column": {36, "" +
			"STATE            SIZE  BY\n" +
			"s3:/….tfstate  1.2 kB  ci@runner-17…\n" +
			"s3:/…b[31mk\\n     9 B  -\n"},
		"and cuts no further than it may": {20, "" +
			"STATE           SIZE\n" +
			"s3:….tfstate  1.2 kB\n" +
			"s3:…b[31mk\\n     9 B\n"},
		"what must wrap uses the room of its lines": {18, "" +
			"STATE            SIZE  BY\n" +
			"s3:/….tfstate  1.2 kB  ci@runner-17…\n" +
			"s3:/…b[31mk\\n     9 B  -\n"},
	} {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			if err := tbl.write(&b, c.width); err != nil {
				t.Fatal(err)
			}
			equal(t, "table", b.String(), c.want)
		})
	}
}

// A key that was cut must not look like another one.
func TestATableCutsNoKeyDownToAnother(t *testing.T) {
	tbl := &table{columns: []column{{title: "state", cut: 12}, {title: "size"}}}
	tbl.add("s3://acme/prod/app/terraform.tfstate", "1 kB")
	tbl.add("s3://acme/test/app/terraform.tfstate", "2 kB")
	tbl.add("s3://acme/test/app/terraform.tfstate", "3 kB")
	var b strings.Builder
	if err := tbl.write(&b, 30); err != nil {
		t.Fatal(err)
	}
	equal(t, "table", b.String(), ""+
		"STATE                                 SIZE\n"+
		"s3://acme/prod/app/terraform.tfstate  1 kB\n"+
		"s3://acme/test/app/terraform.tfstate  2 kB\n"+
		"s3://acme/test/app/terraform.tfstate  3 kB\n")
}

func TestAgo(t *testing.T) {
	now := time.Date(2026, 11, 21, 19, 31, 7, 0, time.UTC)
	for want, d := range map[string]time.Duration{
		"now": 9 * time.Second, "59 s": 59 * time.Second, "4 min": 4*time.Minute + 59*time.Second, "3 h": 3 * time.Hour, "47 h": 47 * time.Hour,
		"2 d": 48 * time.Hour, "41 d": 41 * 24 * time.Hour, "2 y": 2 * 365 * 24 * time.Hour, "in 2 h": -2 * time.Hour,
	} {
		equal(t, want, ago(now, now.Add(-d)), want)
	}
	equal(t, "no time", ago(now, time.Time{}), "-")
}
