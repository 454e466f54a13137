package main

import (
	"context"
	"iter"
	"strings"
	"testing"

	"github.com/stateward/stateward/model"
)

// Search answers with the pages that a test sets.
func (f *fakeBackends) Search(_ context.Context, _ []model.Backend, q model.SearchQuery) iter.Seq2[model.SearchPage, error] {
	f.note("Search " + q.Pattern())
	return func(yield func(model.SearchPage, error) bool) {
		for _, page := range f.search {
			if !yield(page, nil) {
				return
			}
		}
	}
}

// searchPages are two hits in a state, one in another, and one state not searched.
func searchPages() []model.SearchPage {
	in := func(key string, more int, hits ...model.SearchHit) model.SearchedState {
		return model.SearchedState{Backend: model.Backend{Bucket: "b"}, State: model.State{Bucket: "b", Key: key, Workspace: "default"}, Hits: hits, More: more}
	}
	return []model.SearchPage{
		{Found: []model.SearchedState{in("a", 7, model.SearchHit{Address: "aws_subnet.x", Type: "aws_subnet", Mode: "managed", Field: "vpc_id", Value: "vpc-0f1"},
			model.SearchHit{Address: "data.aws_vpc.v", Type: "aws_vpc", Mode: "data", Field: "id", Value: "vpc-0f1", Exact: true})}},
		{Found: []model.SearchedState{in("z", 0, model.SearchHit{Address: "aws_vpc.v", Type: "aws_vpc", Mode: "managed", Field: "id", Value: "vpc-0f1", Exact: true, Deposed: "00000001"})},
			Progress: model.SearchProgress{Known: 3, Done: 3, Bytes: 4096}},
	}
}

func TestSearchLists(t *testing.T) {
	unsearched := model.SearchPage{Unsearched: []model.UnsearchedState{{Bucket: "b", Key: "vault", Reason: "AccessDenied kms:Decrypt"}},
		Progress: model.SearchProgress{Known: 4, Done: 4, Failed: 1}}
	for name, c := range map[string]struct {
		args           []string
		pages          []model.SearchPage
		code           int
		stdout, stderr string // parts of
	}{
		"what the pattern names comes first": {args: []string{"vpc-0f1", "s3://b"}, pages: searchPages(), stdout: "" +
			"STATE     RESOURCE                      FOUND IN    VALUE\n" +
			"s3://b/z  aws_vpc.v (deposed 00000001)  id (exact)  vpc-0f1\n" +
			"s3://b/a  data.aws_vpc.v                id (exact)  vpc-0f1\n" +
			"s3://b/a  aws_subnet.x                  vpc_id      vpc-0f1\n",
			stderr: "searched 3 of 3 states (4.1 kB)\n7 more in s3://b/a; --limit all lists them\n"},
		"no hit":                              {args: []string{"x", "s3://b", "-o", "json"}, stdout: "[]\n"},
		"no hit, in words":                    {args: []string{"x", "s3://b"}, stderr: "no resource matches"},
		"a state that could not be searched":  {args: []string{"x", "s3://b"}, pages: append(searchPages(), unsearched), code: 1, stdout: "aws_vpc.v", stderr: "stateward: not read: s3://b/vault: AccessDenied kms:Decrypt"},
		"nothing found, and not all searched": {args: []string{"x", "s3://b", "-o", "json"}, pages: []model.SearchPage{unsearched}, code: 1, stderr: "searched 3 of 4 states"},
		"a source that could not be read":     {args: []string{"x", "s3://b"}, pages: []model.SearchPage{{Problems: []string{"AccessDenied dynamodb:Scan on t"}}}, code: 1, stderr: "AccessDenied dynamodb:Scan on t"},
		"no pattern":                          {code: 2, stderr: "name what to look for"},
		"a pattern of nothing":                {args: []string{"  "}, code: 2, stderr: "nothing to look for"},
		"words without quotes":                {args: []string{"aws_vpc", "main"}, code: 2, stderr: "one argument: 'aws_vpc main'"},
		"no such target":                      {args: []string{"aws_vpc", "s3:/b"}, code: 2, stderr: "s3:/b"},
		"a limit that is none":                {args: []string{"x", "--limit", "0"}, code: 2, stderr: "--limit"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.backends.search = c.pages
			e := w.run(append([]string{"search"}, c.args...)...)
			equal(t, "exit code", e.code, c.code)
			if !strings.Contains(e.stdout, c.stdout) || !strings.Contains(e.stderr, c.stderr) {
				t.Errorf("want %q in\n%s\nand %q in\n%s", c.stdout, e.stdout, c.stderr, e.stderr)
			}
			if c.stdout == "" && e.stdout != "" {
				t.Errorf("stdout: %q", e.stdout)
			}
		})
	}
}

func TestJSONOfASearchHit(t *testing.T) {
	s := model.State{Bucket: "acme", Key: "env:/blue/k", Workspace: "blue"}
	h := model.SearchHit{Address: `module.m["x"].aws_sqs_queue.q`, Type: "aws_sqs_queue", Mode: "managed", Field: "arn", Value: "arn:aws:sqs:eu-west-1:123456789012:q\u202e", Exact: true}
	checkJSON(t, newSearchDoc(s, h), `{
  "bucket": "acme",
  "key": "env:/blue/k",
  "workspace": "blue",
  "address": "module.m[\"x\"].aws_sqs_queue.q",
  "type": "aws_sqs_queue",
  "field": "arn",
  "value": "arn:aws:sqs:eu-west-1:123456789012:q\u202e",
  "exact": true,
  "deposed": null
}
`, "")
}

func TestSearchAnswersWhichStateManagesAnARN(t *testing.T) {
	f := newFleet(t)
	e := f.run("search", "arn:aws:rds:us-east-1:123456789012:db:payments-ledger-main", "s3://acme-tfstate-payments", "-o", "json")
	equal(t, "exit code", e.code, 0)
	docs := decode[[]searchDoc](t, e)
	if len(docs) != 1 || docs[0].Key != "payments/ledger/terraform.tfstate" || docs[0].Address != "aws_db_instance.this" || !docs[0].Exact {
		t.Errorf("found %+v", docs)
	}
	e = f.run("search", "demo-not-a-secret", "s3://acme-tfstate-payments", "-o", "json")
	equal(t, "what a search for a secret finds", e.stdout, "[]\n")
	e = f.run("search", "random_password", "s3://acme-tfstate-prod", "-o", "json")
	equal(t, "exit code with an encrypted state", e.code, exitFailed)
	if !strings.Contains(e.stderr, "s3://acme-tfstate-prod/security/vault/terraform.tfstate: the state is encrypted by OpenTofu") || strings.Contains(e.stdout, "demo-not-a-secret") {
		t.Errorf("stderr %s\nstdout %s", e.stderr, e.stdout)
	}
}
