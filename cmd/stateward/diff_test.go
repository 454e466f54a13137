package main

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stateward/stateward/model"
)

// diffWorld has a state of two versions, with a delete marker between them.
func diffWorld(t *testing.T) *world {
	w := newWorld(t)
	w.backends.versions = []model.Version{{VersionID: "v3", IsLatest: true}, {VersionID: "m", DeleteMarker: true}, {VersionID: "v1"}, {VersionID: "v0"}}
	w.backends.bodies = map[string]string{"v1": olderState, "v3": newerState, "": newerState, "v0": "{", "same": strings.Replace(olderState, `"serial":6`, `"serial":9`, 1)}
	return w
}

const diffHead = `{"version":4,"terraform_version":"1.11.4","lineage":"9d2f","outputs":{"o":{"value":"x","type":"string"}},`

const olderState = diffHead + `"serial":6,"resources":[
{"mode":"managed","type":"aws_iam_policy","name":"p","provider":"provider[\"registry.terraform.io/hashicorp/aws\"]","instances":[{"schema_version":0,"attributes":{"id":"arn","policy":"{\"a\":1,\"b\":2}","secret":"hunter2-old"},"sensitive_attributes":[[{"type":"get_attr","value":"secret"}]]}]},
{"mode":"managed","type":"aws_sqs_queue","name":"gone","provider":"provider[\"registry.terraform.io/hashicorp/aws\"]","instances":[{"schema_version":0,"attributes":{"id":"g"}}]},
{"mode":"managed","type":"aws_sqs_queue","name":"here","provider":"provider[\"registry.terraform.io/hashicorp/aws\"]","instances":[{"schema_version":0,"attributes":{"id":"m"}}]},
{"mode":"managed","type":"aws_vpc","name":"v","provider":"provider[\"registry.terraform.io/hashicorp/aws\"]","instances":[{"schema_version":0,"attributes":{"id":"v"}}]}]}`

const newerState = diffHead + `"serial":7,"resources":[
{"mode":"managed","type":"aws_iam_policy","name":"p","provider":"provider[\"registry.terraform.io/hashicorp/aws\"]","instances":[{"schema_version":0,"attributes":{"id":"arn","policy":"{\"a\":1,\"b\":3}","secret":"hunter2-new"},"sensitive_attributes":[[{"type":"get_attr","value":"secret"}]]}]},
{"mode":"managed","type":"aws_sqs_queue","name":"new","provider":"provider[\"registry.terraform.io/hashicorp/aws\"]","instances":[{"schema_version":0,"attributes":{"id":"n\u001b[2J"}}]},
{"mode":"managed","type":"aws_sqs_queue","name":"there","provider":"provider[\"registry.terraform.io/hashicorp/aws\"]","instances":[{"schema_version":0,"attributes":{"id":"m","tag":"\u001b[2J"}}]},
{"mode":"managed","type":"aws_vpc","name":"v","provider":"provider[\"registry.terraform.io/hashicorp/aws\"]","instances":[{"schema_version":1,"attributes":{"id":"v"}}]}]}`

const diffText = `1 added, 1 removed, 1 moved, 1 changed, 1 in metadata only
~ serial  6 → 7

~ aws_iam_policy.p
    ~ policy
          @@ -1,4 +1,4 @@
          {
            "a": 1,
        -   "b": 2
        +   "b": 3
          }
    ~ secret  (sensitive, changed)
- aws_sqs_queue.gone
+ aws_sqs_queue.new
→ aws_sqs_queue.there (was aws_sqs_queue.here)  changed as well
    + tag  "\u001b[2J"

In metadata only (provider, dependencies, schema):
· aws_vpc.v
    · schema_version  0 → 1
`

func TestDiffTellsWhatDiffers(t *testing.T) {
	for name, args := range map[string][]string{
		"the previous and the current version": {}, "a version and the current one": {"v1"}, "two versions": {"v1", "v3"},
	} {
		t.Run(name, func(t *testing.T) {
			e := diffWorld(t).run(append([]string{"diff", "s3://b/k"}, args...)...)
			equal(t, "stdout", e.stdout, diffText)
			equal(t, "exit code", e.code, 0)
			if strings.Contains(e.stderr, "hunter2") || !strings.Contains(e.stderr, "serial 6, version v1 → serial 7") {
				t.Errorf("stderr: %s", e.stderr)
			}
		})
	}
}

func TestDiffNeedsNoListingForTwoVersions(t *testing.T) {
	w := diffWorld(t)
	w.run("diff", "s3://b/k", "v1", "v3")
	equal(t, "listings", w.backends.count("Versions"), 0)
}

func TestDiffColoursOnATerminalOnly(t *testing.T) {
	w := diffWorld(t)
	w.columns = 80
	if e := w.run("diff", "s3://b/k"); !strings.Contains(e.stdout, "\x1b[") {
		t.Errorf("no colours on a terminal:\n%s", e.stdout)
	}
	equal(t, "stdout", w.run("diff", "s3://b/k", "--no-color").stdout, diffText)
	w.env["NO_COLOR"] = "1"
	equal(t, "stdout", w.run("diff", "s3://b/k").stdout, diffText)
}

func TestDiffExitCodes(t *testing.T) {
	for name, c := range map[string]struct {
		set  func(*fakeBackends)
		args []string
		code int
		says string
	}{
		"they differ":              {nil, []string{"--exit-code"}, 6, ""},
		"they differ, not asked":   {nil, nil, 0, ""},
		"only the serial differs":  {nil, []string{"v1", "same", "--exit-code"}, 0, ""},
		"the same version":         {nil, []string{"v1", "v1", "--exit-code"}, 0, ""},
		"too many versions":        {nil, []string{"a", "b", "c"}, 2, "at most two versions"},
		"a version that is broken": {nil, []string{"v0", "v1", "--exit-code"}, 1, "version v0: "},
		"one version only": {func(f *fakeBackends) { f.versions = f.versions[:2] }, nil, 1,
			"one version with content"},
		"a deleted state": {func(f *fakeBackends) {
			f.versions = append([]model.Version{{VersionID: "d", DeleteMarker: true, IsLatest: true}}, f.versions...)
		}, []string{"--exit-code"}, 1, "stateward diff s3://b/k v1 v3"},
		"no such state": {func(f *fakeBackends) { f.versions = nil }, nil, 1, "not found"},
		"a listing that is denied": {func(f *fakeBackends) {
			f.versErr = &model.Failure{Kind: model.ErrDenied, Tried: "listing the versions", On: "s3://b/k", Action: "s3:ListBucketVersions"}
			f.versions = nil
		}, nil, 1, "AccessDenied s3:ListBucketVersions"},
		"a body that is denied": {func(f *fakeBackends) {
			f.bodyErr = &model.Failure{Kind: model.ErrDenied, Tried: "reading", On: "s3://b/k", Action: "s3:GetObjectVersion"}
		}, []string{"--exit-code"}, 1, "version v1: reading of s3://b/k: AccessDenied s3:GetObjectVersion"},
	} {
		t.Run(name, func(t *testing.T) {
			w := diffWorld(t)
			if c.set != nil {
				c.set(w.backends)
			}
			e := w.run(append([]string{"diff", "s3://b/k"}, c.args...)...)
			equal(t, "exit code", e.code, c.code)
			if !strings.Contains(e.stderr, c.says) {
				t.Errorf("stderr lacks %q: %s", c.says, e.stderr)
			}
			if e.code == 1 {
				equal(t, "stdout", e.stdout, "")
			}
		})
	}
}

func TestJSONOfADiff(t *testing.T) {
	e := diffWorld(t).run("diff", "s3://b/k", "v1", "v3", "-o", "json")
	equal(t, "document", e.stdout, diffJSON)
}

// TestEveryFieldOfADiffIsDocumented holds docs/json.md to the document.
func TestEveryFieldOfADiffIsDocumented(t *testing.T) {
	body, err := os.ReadFile(filepath.Join("..", "..", "docs", "json.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, text, found := strings.Cut(string(body), "## Diff:")
	if !found {
		t.Fatal("no section on the diff")
	}
	text, _, _ = strings.Cut(text, "\n## ")
	for _, doc := range []any{diffDoc{}, diffVersionDoc{}, diffSummaryDoc{}, diffFieldDoc{}, diffOutputDoc{}, diffEntryDoc{}, diffAttributeDoc{}} {
		for _, field := range fieldsOf(reflect.TypeOf(doc)) {
			if !strings.Contains(text, "`"+field+"`") {
				t.Errorf("%T %s is not documented", doc, field)
			}
		}
	}
}

const diffJSON = `{
  "bucket": "b",
  "key": "k",
  "from": {
    "version_id": "v1",
    "format": "v4",
    "serial": 6,
    "lineage": "9d2f",
    "terraform_version": "1.11.4",
    "resources": 4
  },
  "to": {
    "version_id": "v3",
    "format": "v4",
    "serial": 7,
    "lineage": "9d2f",
    "terraform_version": "1.11.4",
    "resources": 4
  },
  "differ": true,
  "summary": {
    "added": 1,
    "removed": 1,
    "moved": 1,
    "changed": 1,
    "metadata": 1,
    "unchanged": 0,
    "outputs": 0
  },
  "header": [
    {
      "name": "serial",
      "old": "6",
      "new": "7"
    }
  ],
  "outputs": [],
  "resources": [
    {
      "address": "aws_iam_policy.p",
      "kind": "changed",
      "moved_from": null,
      "type": "aws_iam_policy",
      "notes": [],
      "attributes": [
        {
          "path": "policy",
          "kind": "changed",
          "old": "{\"a\":1,\"b\":2}",
          "new": "{\"a\":1,\"b\":3}",
          "sensitive": false,
          "unified": "@@ -1,4 +1,4 @@\n {\n   \"a\": 1,\n-  \"b\": 2\n+  \"b\": 3\n }\n",
          "note": null
        },
        {
          "path": "secret",
          "kind": "changed",
          "old": null,
          "new": null,
          "sensitive": true,
          "unified": null,
          "note": null
        }
      ],
      "metadata": []
    },
    {
      "address": "aws_sqs_queue.gone",
      "kind": "removed",
      "moved_from": null,
      "type": "aws_sqs_queue",
      "notes": [],
      "attributes": [],
      "metadata": []
    },
    {
      "address": "aws_sqs_queue.new",
      "kind": "added",
      "moved_from": null,
      "type": "aws_sqs_queue",
      "notes": [],
      "attributes": [],
      "metadata": []
    },
    {
      "address": "aws_sqs_queue.there",
      "kind": "moved",
      "moved_from": "aws_sqs_queue.here",
      "type": "aws_sqs_queue",
      "notes": [],
      "attributes": [
        {
          "path": "tag",
          "kind": "added",
          "old": null,
          "new": "\u001b[2J",
          "sensitive": false,
          "unified": null,
          "note": null
        }
      ],
      "metadata": []
    },
    {
      "address": "aws_vpc.v",
      "kind": "metadata",
      "moved_from": null,
      "type": "aws_vpc",
      "notes": [],
      "attributes": [],
      "metadata": [
        {
          "name": "schema_version",
          "old": "0",
          "new": "1"
        }
      ]
    }
  ],
  "notes": []
}
`
