package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stateward/stateward/model"
)

// healthFake is the health of a fake fleet, by bucket.
type healthFake map[string]model.HealthFacts

func (f *fakeBackends) Health(_ context.Context, b model.Backend) model.HealthFacts {
	f.note("Health " + b.Bucket)
	h := f.health[b.Bucket]
	h.Backend = b
	return h
}

// ailing are facts of which one check fails at critical, one at medium, some
// pass, and the policy was denied.
func ailing() model.HealthFacts {
	return model.HealthFacts{
		Bucket: model.BucketHealth{
			Versioning: model.Known(model.VersioningSuspended),
			Logging:    model.Known(model.BucketLogging{}),
			Encryption: model.Known(model.Encryption{Algorithm: "aws:kms", BucketKey: true}),
			Ownership:  model.Known("BucketOwnerEnforced"),
			Policy:     model.Unknown[string]("AccessDenied s3:GetBucketPolicy"),
		},
		States: model.GatheredOf([]model.StateHealth{{Key: "a|b\x1b[31m/`x`.tfstate", Parse: model.Known("at offset 3: not JSON"),
			Encryption: model.Known(model.Encryption{Algorithm: "aws:kms"}), Header: model.Known(model.StateHeader{}),
			LockFile: model.Known(model.LockFileHealth{}), Anomalies: model.Known[[]string](nil), Loss: model.Known(model.Loss{})}}),
		Tables: model.GatheredOf[model.TableHealth](nil), Digests: model.GatheredOf[model.DigestHealth](nil), Locks: model.GatheredOf[model.Lock](nil),
		Mechanisms: model.GatheredOf([]model.MechanismUse{{Mechanism: model.MechanismLockfile}}),
	}
}

// well are facts of which little is read, and nothing fails.
func well() model.HealthFacts {
	return model.HealthFacts{Bucket: model.BucketHealth{Versioning: model.Known(model.VersioningEnabled)}}
}

func doctorWorld(t *testing.T) *world {
	w := newWorld(t)
	w.backends.health = healthFake{"ill": ailing(), "well": well()}
	return w
}

func TestDoctorExits(t *testing.T) {
	for name, c := range map[string]struct {
		args   []string
		set    func(*world)
		code   int
		stderr string
		stdout string
	}{
		"without --fail-on whatever is found": {args: []string{"s3://ill"}, stdout: "bucket-versioning"},
		"a failure of that severity":          {args: []string{"s3://ill", "--fail-on", "critical"}, code: 4},
		"a failure of a worse severity":       {args: []string{"s3://ill", "--fail-on", "info"}, code: 4},
		"no failure as bad as that": {args: []string{"s3://well", "--fail-on", "critical"},
			stderr: "unknown, and so not counted as failed: bucket-public-access-block of well, bucket-public of well"},
		"failures and JSON":           {args: []string{"s3://ill", "--fail-on", "high", "-o", "json"}, code: 4, stdout: `"id": "bucket-versioning"`},
		"a severity that is none":     {args: []string{"s3://ill", "--fail-on", "bad"}, code: 2, stderr: `--fail-on: "bad" is none of critical, high, medium, low, info`},
		"a format that is none":       {args: []string{"s3://ill", "-o", "xml"}, code: 2, stderr: `--output: "xml" is none of table, json, markdown, sarif`},
		"a bucket that is not there":  {args: []string{"s3://nowhere"}, code: 1, stderr: "s3://nowhere: nothing of it could be read", stdout: "s3://nowhere\n45 unknown\n"},
		"a fleet that cannot be read": {set: func(w *world) { w.backends.foundErr = denied("s3:ListAllMyBuckets") }, code: 1, stderr: "AccessDenied s3:ListAllMyBuckets"},
		"a fleet read in part": {args: []string{"--fail-on", "high"}, set: func(w *world) {
			w.backends.found, w.backends.foundErr = []model.Backend{{Name: "ill", Bucket: "ill"}}, denied("s3:ListAllMyBuckets")
		}, code: 4, stderr: "AccessDenied s3:ListAllMyBuckets"},
		"no backends": {stderr: "no backends"},
	} {
		t.Run(name, func(t *testing.T) {
			w := doctorWorld(t)
			if c.set != nil {
				c.set(w)
			}
			e := w.run(append([]string{"doctor"}, c.args...)...)
			equal(t, "exit code", e.code, c.code)
			if !strings.Contains(e.stderr, c.stderr) || !strings.Contains(e.stdout, c.stdout) {
				t.Errorf("want %q on stderr and %q on stdout, got\n%s\n%s", c.stderr, c.stdout, e.stderr, e.stdout)
			}
		})
	}
}

func TestOnlyDoctorPrintsMarkdownAndSARIF(t *testing.T) {
	for _, command := range []string{"locks", "states", "backends", "journal", "version"} {
		for _, format := range []string{"markdown", "sarif"} {
			t.Run(command+" "+format, func(t *testing.T) {
				e := newWorld(t).run(command, "-o", format)
				equal(t, "exit code", e.code, exitUsage)
			})
		}
	}
}

func TestDoctorTable(t *testing.T) {
	w := doctorWorld(t)
	w.config("backend \"payments\" {\n  bucket = \"ill\"\n}\n")
	e := w.run("doctor", "s3://well", "payments")
	first, second, _ := strings.Cut(e.stdout, "\n\n")
	for _, want := range []string{
		"payments  s3://ill\n3 failed, 13 unknown, 18 passed, 11 not applicable\nSTATUS   SEVERITY  CHECK",
		"\nfail     critical  bucket-versioning             versioning is suspended\nfail     high      state-parses                  at offset 3: not JSON: a|b\\x1b[31m/`x`.tfstate\nfail     medium    bucket-logging",
		"\nunknown  high      bucket-tls-only               the policy: AccessDenied s3:GetBucketPolicy\n",
	} {
		if !strings.Contains(first, want) {
			t.Errorf("no %q in\n%s", want, first)
		}
	}
	if !strings.HasPrefix(second, "s3://well\n44 unknown, 1 passed\n") {
		t.Errorf("second:\n%s", second)
	}
}

func TestDoctorJSON(t *testing.T) {
	docs := decode[[]findingDoc](t, doctorWorld(t).run("doctor", "s3://ill", "-o", "json"))
	equal(t, "elements", len(docs), len(model.Checks()))
	equal(t, "the worst", docs[0], findingDoc{
		Backend: "ill", Bucket: "ill", ID: "bucket-versioning", Severity: "critical", Status: "fail", Title: "Versioning is enabled",
		Why: docs[0].Why, Evidence: "versioning is suspended", Actions: []string{"s3:GetBucketVersioning"}, References: docs[0].References,
		Remedy: &remedyDoc{Summary: "Enable versioning.", CLI: ptr("aws s3api put-bucket-versioning --bucket ill --versioning-configuration Status=Enabled"), HCL: docs[0].Remedy.HCL},
	})
	byID := map[string]findingDoc{}
	for _, d := range docs {
		byID[d.ID] = d
		if (d.Remedy == nil) != (d.Status == model.FindingPass || d.Status == model.FindingNotApplicable) {
			t.Errorf("%s is %s with the remedy %v", d.ID, d.Status, d.Remedy)
		}
	}
	equal(t, "what was denied", byID["bucket-tls-only"].Remedy, &remedyDoc{Summary: "Allow s3:GetBucketPolicy to the identity that asks, and look again."})
	equal(t, "what does not apply", byID["lock-table-ttl"].Status, model.FindingNotApplicable)
	equal(t, "what passed", byID["bucket-acl-disabled"].Evidence, "BucketOwnerEnforced")
}

func TestDoctorMarkdown(t *testing.T) {
	e := doctorWorld(t).run("doctor", "s3://ill", "-o", "markdown")
	for _, want := range []string{
		"# Health of 1 backend\n\n## s3://ill\n\n3 failed,",
		"| fail | high | `state-parses` | at offset 3: not JSON: a\\|b\\\\x1b\\[31m/\\`x\\`.tfstate |\n",
		"### bucket-versioning: Versioning is enabled\n",
		"```sh\naws s3api put-bucket-versioning --bucket ill --versioning-configuration Status=Enabled\n```\n\n```hcl\nresource \"aws_s3_bucket_versioning\" \"state\" {\n  bucket = \"ill\"\n",
		"See Security Hub S3.14, ",
		"\nPassed: `",
		"\nNot applicable: `",
	} {
		if !strings.Contains(e.stdout, want) {
			t.Errorf("no %q in\n%s", want, e.stdout)
		}
	}
	if strings.Contains(e.stdout, "\x1b") {
		t.Error("an escape sequence went through")
	}
}

func TestMarkdownCodeIsNotEndedByItsContent(t *testing.T) {
	var b strings.Builder
	markdownCode(&b, "sh", "echo '```'")
	equal(t, "block", b.String(), "\n````sh\necho '```'\n````\n")
}

// TestDoctorSARIF validates against the schema that OASIS publishes.
func TestDoctorSARIF(t *testing.T) {
	schema := sarifSchema(t)
	for name, args := range map[string][]string{
		"an ailing backend": {"s3://ill"}, "two": {"s3://ill", "s3://well"}, "a prefix with signs": {"s3://ill/a b/%ü?#"}, "no backends": nil,
	} {
		t.Run(name, func(t *testing.T) {
			e := doctorWorld(t).run(append([]string{"doctor", "-o", "sarif"}, args...)...)
			equal(t, "exit code", e.code, 0)
			doc, err := jsonschema.UnmarshalJSON(strings.NewReader(e.stdout))
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(doc); err != nil {
				t.Error(err)
			}
		})
	}
}

func sarifSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", "sarif-schema-2.1.0.json"))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("sarif.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("sarif.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func TestSARIFResults(t *testing.T) {
	log := decode[sarifLog](t, doctorWorld(t).run("doctor", "s3://ill/team/", "-o", "sarif"))
	run := log.Runs[0]
	equal(t, "rules", len(run.Tool.Driver.Rules), len(model.Checks()))
	worst := run.Results[0]
	equal(t, "rule", []any{worst.RuleID, run.Tool.Driver.Rules[worst.RuleIndex].ID, worst.Kind, worst.Level}, []any{"bucket-versioning", "bucket-versioning", "fail", "error"})
	equal(t, "place", worst.Locations[0].Physical.Artifact.URI, "s3://ill/team/")
	open := 0
	for _, r := range run.Results {
		if r.Kind == "open" && r.Level == "none" {
			open++
		} else if r.Kind != "fail" {
			t.Errorf("%s is %s", r.RuleID, r.Kind)
		}
	}
	equal(t, "unknown checks are open", open > 0, true)
}
