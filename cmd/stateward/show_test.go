package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/model"
)

func (f *fakeBackends) StateBody(_ context.Context, b model.Backend, key, versionID string, _ func(read, total int64)) (*model.StateDocument, error) {
	f.note("StateBody " + b.URL(key) + " " + versionID)
	if f.bodyErr != nil {
		return nil, f.bodyErr
	}
	if body, ok := f.bodies[versionID]; ok {
		doc, err := model.ReadDocument(versionID, []byte(body))
		return &doc, err
	}
	doc, err := model.ReadDocument("v1", []byte(f.body))
	return &doc, err
}

func (f *fakeBackends) RecordReveal(_ context.Context, b model.Backend, key, versionID, what string) error {
	f.note("RecordReveal " + b.URL(key) + " " + versionID + ": " + what)
	return f.revealErr
}

// shownSecret is what show hides unless it is asked to reveal.
const shownSecret = "hunter22"

const shownBody = `{"version":4,"terraform_version":"1.11.4","serial":7,"lineage":"9d2f","outputs":{"open":{"value":["a",1],"type":["tuple",["string","number"]]},
 "pass":{"value":"hunter22","type":"string","sensitive":true},"url":{"value":"x:hunter22@h","type":"string"}},"resources":[
 {"mode":"data","type":"aws_region","name":"here","provider":"provider[\"registry.terraform.io/hashicorp/aws\"]","instances":[{"attributes":{"id":"eu"},"sensitive_attributes":[]}]},
 {"module":"module.a[\"b.c\"]","mode":"managed","type":"terraform_data","name":"x","provider":"provider[\"terraform.io/builtin/terraform\"]","instances":[
  {"index_key":"one","status":"tainted","attributes":{"id":"1","input":"hunter22","tags":{"k.1":"<hunter22>","e":{}},"list":[true,null]},"sensitive_attributes":[[{"type":"get_attr","value":"input"}]]},
  {"index_key":"two","attributes":{"id":"2"},"sensitive_attributes":[]},{"index_key":"two","deposed":"0a0b0c0d","attributes":{"id":"3"},"sensitive_attributes":[]}]}]}
`

func TestShow(t *testing.T) {
	encrypted, err := os.ReadFile("../../model/testdata/states/opentofu-encrypted.tfstate")
	if err != nil {
		t.Fatal(err)
	}
	cut := shownBody[:500]
	for name, c := range map[string]struct {
		args    string
		body    string
		fault   error // of the reading
		journal error
		code    int
		stdout  string // all of it, unless it starts with "…": a part then
		stderr  string // a part
		reveals int    // entries of the journal
	}{
		"a state": {body: shownBody, stderr: "s3://b/k · version v1 · serial 7 · terraform 1.11.4", stdout: "" +
			"RESOURCE                          TYPE            INSTANCES  TAINTED  DEPOSED\n" +
			"data.aws_region.here              aws_region              1        -        -\n" +
			"module.a[\"b.c\"].terraform_data.x  terraform_data          2        1        1\n" +
			"\n" +
			"OUTPUT  TYPE        VALUE\n" +
			"open    tuple of 2  [\"a\",1]\n" +
			"pass    string      (sensitive)\n" +
			"url     string      \"x:(sensitive)@h\"\n"},
		"its outputs in clear": {args: "--reveal", body: shownBody, stdout: "…pass    string      \"hunter22\"", reveals: 1},
		"an instance": {args: `--resource module.a["b.c"].terraform_data.x["one"]`, body: shownBody, stdout: "" +
			"module.a[\"b.c\"].terraform_data.x[\"one\"] (tainted)\n" +
			"ATTRIBUTE    VALUE\n" +
			"id           \"1\"\n" +
			"input        (sensitive)\n" +
			"tags[\"k.1\"]  \"<(sensitive)>\"\n" +
			"tags.e       {}\n" +
			"list[0]      true\n" +
			"list[1]      null\n"},
		"an instance in clear": {args: `--reveal --resource module.a["b.c"].terraform_data.x["one"]`, body: shownBody, stdout: "…input        \"hunter22\"", reveals: 1},
		"an instance with a deposed object": {args: `--resource module.a["b.c"].terraform_data.x["two"]`, body: shownBody, stdout: "" +
			"module.a[\"b.c\"].terraform_data.x[\"two\"]\nATTRIBUTE  VALUE\nid         \"2\"\n\n" +
			"module.a[\"b.c\"].terraform_data.x[\"two\"] (deposed 0a0b0c0d)\nATTRIBUTE  VALUE\nid         \"3\"\n"},
		"a resource, all its instances": {args: `--resource module.a["b.c"].terraform_data.x -o json`, body: shownBody, stdout: "…\"deposed\": \"0a0b0c0d\""},
		"a resource that is not there":  {args: "--resource aws_vpc.x --reveal", body: shownBody, code: 1, stderr: "List its resources with: stateward show s3://b/k"},
		"the text": {args: "--raw", body: shownBody, stdout: strings.NewReplacer(`"value":"hunter22"`, `"value":"(sensitive)"`, `"input":"hunter22"`, `"input":"(sensitive)"`,
			"x:hunter22@h", "x:(sensitive)@h", "<hunter22>", "<(sensitive)>").Replace(shownBody)},
		"the text in clear":                   {args: "--raw --reveal", body: shownBody, stdout: shownBody, reveals: 1},
		"a journal that cannot be written":    {args: "--raw --reveal", body: shownBody, journal: &model.Failure{Kind: model.ErrJournal, Tried: "recording"}, code: 3, reveals: 1, stderr: "the journal cannot be used"},
		"the same, of an instance":            {args: "--resource data.aws_region.here --reveal", body: shownBody, journal: &model.Failure{Kind: model.ErrJournal}, code: 3, reveals: 1},
		"the same, of outputs":                {args: "--reveal", body: shownBody, journal: &model.Failure{Kind: model.ErrJournal}, code: 3, reveals: 1},
		"a version":                           {args: "--version-id v0", body: shownBody, stdout: "…data.aws_region.here"},
		"no such version":                     {args: "--version-id v0", fault: &model.Failure{Kind: model.ErrNotFound, Tried: "reading", On: "s3://b/k?versionId=v0"}, code: 1, stderr: "not found"},
		"denied":                              {fault: denied("s3:GetObject"), code: 1, stderr: "AccessDenied s3:GetObject"},
		"an empty state":                      {body: "", stderr: "no resources, no outputs"},
		"a state that is encrypted":           {body: string(encrypted), code: 1, stderr: "encrypted by OpenTofu"},
		"the cipher text of one":              {args: "--raw", body: string(encrypted), stdout: string(encrypted)},
		"a state that is cut off":             {body: cut, code: 1, stderr: "the state ends too early"},
		"the text of one, of unknown secrets": {args: "--raw", body: cut, code: 1, stderr: "--reveal prints the bytes as they are"},
		"the text of one, in clear":           {args: "--raw --reveal", body: cut, stdout: cut, reveals: 1},
		"a binary state":                      {body: "tfstate\x00", code: 1, stderr: "before Terraform 0.7"},
		"the text of a resource":              {args: "--raw --resource a.b", code: 2, stderr: "--raw prints the whole state"},
		"two states":                          {args: "s3://b/l", code: 2, stderr: "name one state"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.backends.body, w.backends.bodyErr, w.backends.revealErr = c.body, c.fault, c.journal
			e := w.run(append([]string{"show", "s3://b/k"}, strings.Fields(c.args)...)...)
			equal(t, "exit code", e.code, c.code)
			if part, ok := strings.CutPrefix(c.stdout, "…"); ok && !strings.Contains(e.stdout, part) || !ok && e.stdout != c.stdout {
				t.Errorf("stdout\n%s\nwant\n%s", e.stdout, c.stdout)
			}
			if !strings.Contains(e.stderr, c.stderr) {
				t.Errorf("stderr %q has no %q", e.stderr, c.stderr)
			}
			equal(t, "entries in the journal", w.backends.count("RecordReveal"), c.reveals)
			if !strings.Contains(c.args, "--reveal") && strings.Contains(e.stdout+e.stderr, shownSecret) || strings.Contains(e.stderr, shownSecret) {
				t.Errorf("the secret is shown:\n%s\n%s", e.stdout, e.stderr)
			}
		})
	}
}

func TestJSONOfTheContentOfAState(t *testing.T) {
	w := newWorld(t)
	w.backends.body = shownBody
	e := w.run("show", "s3://b/env:/blue/k", "-o", "json")
	equal(t, "stdout", e.stdout, `{
  "bucket": "b",
  "key": "env:/blue/k",
  "workspace": "blue",
  "version_id": "v1",
  "size": 974,
  "format": "v4",
  "serial": 7,
  "lineage": "9d2f",
  "terraform_version": "1.11.4",
  "instances": 3,
  "resources": [
    {
      "address": "data.aws_region.here",
      "module": null,
      "mode": "data",
      "type": "aws_region",
      "name": "here",
      "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]",
      "instances": 1,
      "tainted": 0,
      "deposed": 0
    },
    {
      "address": "module.a[\"b.c\"].terraform_data.x",
      "module": "module.a[\"b.c\"]",
      "mode": "managed",
      "type": "terraform_data",
      "name": "x",
      "provider": "provider[\"terraform.io/builtin/terraform\"]",
      "instances": 2,
      "tainted": 1,
      "deposed": 1
    }
  ],
  "outputs": [
    {
      "name": "open",
      "type": [
        "tuple",
        [
          "string",
          "number"
        ]
      ],
      "value": [
        "a",
        1
      ],
      "sensitive": []
    },
    {
      "name": "pass",
      "type": "string",
      "value": "(sensitive)",
      "sensitive": [
        ""
      ]
    },
    {
      "name": "url",
      "type": "string",
      "value": "x:(sensitive)@h",
      "sensitive": [
        ""
      ]
    }
  ],
  "notes": []
}
`)
	e = w.run("show", "s3://b/k", "-o", "json", "--resource", `module.a["b.c"].terraform_data.x["one"]`)
	equal(t, "stdout", e.stdout, `[
  {
    "address": "module.a[\"b.c\"].terraform_data.x[\"one\"]",
    "tainted": true,
    "deposed": null,
    "attributes": {
      "id": "1",
      "input": "(sensitive)",
      "tags": {
        "k.1": "<(sensitive)>",
        "e": {}
      },
      "list": [
        true,
        null
      ]
    },
    "sensitive": [
      "/input",
      "/tags/k.1"
    ]
  }
]
`)
}

// TestARevealIsInTheJournal runs the client's own journal entry through the
// file: that something was shown, and nothing of what.
func TestARevealIsInTheJournal(t *testing.T) {
	w := newWorld(t)
	journal := journalAt(envOf(w.env), "")
	c := aws.New(aws.Options{Journal: journal, Actor: aws.Actor{Who: "oncall@desk", Host: "desk", PID: 7}})
	err := errors.Join(c.RecordReveal(t.Context(), model.Backend{Bucket: "b"}, "k", "v1", "one sensitive value was shown on the screen"), journal.Close())
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(w.journalPath())
	if err != nil {
		t.Fatal(err)
	}
	var e model.JournalEntry
	if err := json.Unmarshal(raw, &e); err != nil {
		t.Fatal(err)
	}
	equal(t, "entry", []string{string(e.Operation), e.State, e.Event, string(e.Outcome), e.Message, e.Operator, e.Versions["shown"]},
		[]string{"reveal", "s3://b/k", "end", "done", "one sensitive value was shown on the screen", "oncall@desk", "v1"})
	if table := w.run("journal"); !strings.Contains(table.stdout, "reveal") || !strings.Contains(table.stdout, "done") {
		t.Errorf("the journal says\n%s", table.stdout)
	}

	journal = journalAt(envOf(w.env), "/dev/null/no/journal")
	c = aws.New(aws.Options{Journal: journal})
	if err := c.RecordReveal(t.Context(), model.Backend{Bucket: "b"}, "k", "", "x"); !errors.Is(err, model.ErrJournal) {
		t.Errorf("without a journal: %v", err)
	}
}

func TestATerminalDoesNotObeyTheText(t *testing.T) {
	w := newWorld(t)
	w.columns = 80
	w.backends.body = "{\"version\":4,\"serial\":1,\"a\":\"\u009b31m\u202e\x7f\"}\n"
	e := w.run("show", "s3://b/k", "--raw")
	equal(t, "stdout", e.stdout, `{"version":4,"serial":1,"a":"\u009b31m\u202e\x7f"}`+"\n")
}

// The type of an object names its parts, which may be secret: those of a
// sensitive output, and copies of what is marked elsewhere.
func TestTypesTellNoSecret(t *testing.T) {
	w := newWorld(t)
	w.backends.body = `{"version":4,"terraform_version":"1.11.4","serial":7,"lineage":"9d2f","outputs":{
 "all":{"value":{"tok-4815162":"x"},"type":["object",{"tok-4815162":"string"}],"sensitive":true},
 "copy":{"value":{"hunter22":"x"},"type":["object",{"hunter22":"string"}]},
 "open":{"value":{"a":"x"},"type":["object",{"a":"string"}]},
 "pass":{"value":"hunter22","type":"string","sensitive":true}},"resources":[]}`
	for name, args := range map[string][]string{"table": nil, "JSON": {"-o", "json"}, "text": {"--raw"}} {
		e := w.run(append([]string{"show", "s3://b/k"}, args...)...)
		if shown := e.stdout + e.stderr; strings.Contains(shown, "tok-4815162") || strings.Contains(shown, shownSecret) || !strings.Contains(shown, "object") {
			t.Errorf("%s: %s", name, shown)
		}
	}
	if e := w.run("show", "s3://b/k", "-o", "json", "--reveal"); !strings.Contains(e.stdout, "tok-4815162") {
		t.Errorf("revealed: %s", e.stdout)
	}
}
