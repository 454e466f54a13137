package model

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
)

// stateOf is a state of format v4 with these resources, each a JSON object.
func stateOf(serial int, resources ...string) string {
	return fmt.Sprintf(`{"version":4,"terraform_version":"1.11.4","serial":%d,"lineage":"9d2f","outputs":{},"resources":[%s],"check_results":null}`,
		serial, strings.Join(resources, ","))
}

// resourceOf is a managed resource with these instances.
func resourceOf(name string, instances ...string) string {
	typ, name, _ := strings.Cut(name, ".")
	return fmt.Sprintf(`{"mode":"managed","type":%q,"name":%q,"provider":"provider[\"registry.terraform.io/hashicorp/aws\"]","instances":[%s]}`,
		typ, name, strings.Join(instances, ","))
}

// instanceOf is an instance with these attributes, and members before them.
func instanceOf(attributes string, members ...string) string {
	return "{" + strings.Join(append(members, `"schema_version":1,"attributes":{`+attributes+`},"sensitive_attributes":[]`), ",") + "}"
}

func compared(t *testing.T, old, new string) *StateDiff {
	t.Helper()
	d, err := CompareStates([]byte(old), []byte(new))
	if err != nil {
		t.Fatal(err)
	}
	counts := d.Summary
	if old, new := d.old.Index.ResourceCount(), d.new.Index.ResourceCount(); new-old != counts.Added-counts.Removed {
		t.Errorf("%d resources, then %d, but %d added and %d removed", old, new, counts.Added, counts.Removed)
	}
	return d
}

// told is a diff in lines, as a test writes it: one for each entry, note, field
// and attribute.
func toldDiff(t *testing.T, d *StateDiff) string {
	t.Helper()
	var b strings.Builder
	for _, f := range d.Header {
		fmt.Fprintf(&b, "%s: %s => %s\n", f.Name, f.Old, f.New)
	}
	for _, e := range d.Entries {
		fmt.Fprintf(&b, "%s %s", e.Kind.Sign(), e.Address)
		if e.From != "" {
			fmt.Fprintf(&b, " from %s changed=%v", e.From, e.Changed)
		}
		b.WriteByte('\n')
		for _, n := range e.Notes {
			fmt.Fprintf(&b, "  note %s\n", n)
		}
		for _, f := range e.Metadata {
			fmt.Fprintf(&b, "  meta %s: %s => %s\n", f.Name, f.Old, f.New)
		}
		changes, err := d.Attributes(e)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range changes {
			b.WriteString("  " + toldChange(c))
		}
	}
	return b.String()
}

func toldChange(c AttributeChange) string {
	line := c.Kind.Sign() + " " + c.Path
	switch {
	case c.Sensitive && c.Kind == DiffChanged:
		line += " (sensitive, changed)"
	case c.Sensitive:
		line += " (sensitive)"
	case c.Kind == DiffChanged:
		line += " " + c.Old + " => " + c.New
	default:
		line += " " + c.Old + c.New
	}
	if c.Note != "" {
		line += " (" + c.Note + ")"
	}
	line += "\n"
	if c.Unified != "" {
		line += "    " + strings.ReplaceAll(strings.TrimSuffix(c.Unified, "\n"), "\n", "\n    ") + "\n"
	}
	return line
}

// same compares texts without the indentation that a test gives them.
func sameLines(t *testing.T, got, want string) {
	t.Helper()
	trim := func(s string) string { return strings.TrimSpace(strings.ReplaceAll(s, "\n\t\t\t\t", "\n")) }
	if trim(got) != trim(want) {
		t.Errorf("got:\n%s\nwant:\n%s", trim(got), trim(want))
	}
}

func TestDiffByAddress(t *testing.T) {
	cases := map[string]struct{ old, new, want string }{
		"the same resources with another serial do not differ": {
			stateOf(1, resourceOf("a.x", instanceOf(`"id":"1"`))), stateOf(2, resourceOf("a.x", instanceOf(`"id":"1"`))), `
				serial: 1 => 2`},
		"a resource that comes and one that goes stand in the order of the state": {
			stateOf(1, resourceOf("a.b", instanceOf(`"id":"1"`)), resourceOf("a.d", instanceOf(`"id":"2"`)), resourceOf("a.x", instanceOf(`"id":"3"`))),
			stateOf(1, resourceOf("a.b", instanceOf(`"id":"1"`)), resourceOf("a.c", instanceOf(`"id":"4"`)), resourceOf("a.x", instanceOf(`"id":"3","n":null`))), `
				- a.d
				  - id "2"
				+ a.c
				  + id "4"
				· a.x
				  meta attributes:  => (the same values, written in another way)`},
		"an instance of a list is not one of a map": {
			stateOf(1, resourceOf("a.x", instanceOf(`"id":"1"`, `"index_key":0`), instanceOf(`"id":"2"`, `"index_key":1`))),
			stateOf(1, resourceOf("a.x", instanceOf(`"id":"7"`, `"index_key":"0"`), instanceOf(`"id":"8"`, `"index_key":"1"`))), `
				+ a.x["0"]
				  + id "7"
				+ a.x["1"]
				  + id "8"
				- a.x[0]
				  - id "1"
				- a.x[1]
				  - id "2"`},
		"from count to for_each the instances move with their ids": {
			stateOf(1, resourceOf("a.x", instanceOf(`"id":"1"`, `"index_key":0`), instanceOf(`"id":"2"`, `"index_key":1`))),
			stateOf(1, resourceOf("a.x", instanceOf(`"id":"1"`, `"index_key":"blue"`), instanceOf(`"id":"2","n":5`, `"index_key":"green"`))), `
				→ a.x["blue"] from a.x[0] changed=false
				→ a.x["green"] from a.x[1] changed=true
				  + n 5`},
		"two with one id are not guessed at": {
			stateOf(1, resourceOf("a.x", instanceOf(`"id":"1"`)), resourceOf("a.y", instanceOf(`"id":"1"`))),
			stateOf(1, resourceOf("a.z", instanceOf(`"id":"1"`))), `
				- a.x
				  - id "1"
				- a.y
				  - id "1"
				+ a.z
				  + id "1"`},
		"an id that all objects of a type have tells nothing": {
			stateOf(1, resourceOf("random_password.x", instanceOf(`"id":"none"`))),
			stateOf(1, resourceOf("random_password.y", instanceOf(`"id":"none"`))), `
				- random_password.x
				  - id "none"
				+ random_password.y
				  + id "none"`},
		"an identity tells objects without an id": {
			stateOf(1, resourceOf("a.x", instanceOf(`"n":1`, `"identity":{"arn": "x"}`))),
			stateOf(1, resourceOf("a.y", instanceOf(`"n":1`, `"identity":{"arn":"x"}`))), `
				→ a.y from a.x changed=false`},
		"another type with the same id is another thing": {
			stateOf(1, resourceOf("a.x", instanceOf(`"id":"1"`))), stateOf(1, resourceOf("b.x", instanceOf(`"id":"1"`))), `
				- a.x
				  - id "1"
				+ b.x
				  + id "1"`},
		"a data source does not move": {
			stateOf(1, strings.Replace(resourceOf("a.x", instanceOf(`"id":"1"`)), "managed", "data", 1)),
			stateOf(1, strings.Replace(resourceOf("a.y", instanceOf(`"id":"1"`)), "managed", "data", 1)), `
				- data.a.x
				  - id "1"
				+ data.a.y
				  + id "1"`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) { sameLines(t, toldDiff(t, compared(t, tc.old, tc.new)), tc.want) })
	}
}

func TestDiffBesideAttributes(t *testing.T) {
	cases := map[string]struct{ old, new, want string }{
		"taint is a change": {
			stateOf(1, resourceOf("a.x", instanceOf(`"id":"1"`)), resourceOf("a.y", instanceOf(`"id":"2"`, `"status":"tainted"`))),
			stateOf(1, resourceOf("a.x", instanceOf(`"id":"1"`, `"status":"tainted"`)), resourceOf("a.y", instanceOf(`"id":"2"`))), `
				~ a.x
				  note tainted now
				~ a.y
				  note no longer tainted`},
		"deposed objects belong to their instance": {
			stateOf(1, resourceOf("a.x", instanceOf(`"id":"1"`), instanceOf(`"id":"2"`, `"deposed":"0000000a"`), instanceOf(`"id":"3"`, `"deposed":"0000000b"`))),
			stateOf(1, resourceOf("a.x", instanceOf(`"id":"1"`), instanceOf(`"id":"4"`, `"deposed":"0000000b"`), instanceOf(`"id":"5"`, `"deposed":"0000000c"`))), `
				~ a.x
				  note deposed object 0000000b changed
				  note deposed object 0000000c is new
				  note deposed object 0000000a is gone`},
		"an instance may lose its current object": {
			stateOf(1, resourceOf("a.x", instanceOf(`"id":"1"`), instanceOf(`"id":"2"`, `"deposed":"0000000a"`))),
			stateOf(1, resourceOf("a.x", instanceOf(`"id":"2"`, `"deposed":"0000000a"`))), `
				~ a.x
				  note has no current object any more, only deposed ones
				  - id "1"`},
		"provider, dependencies and schema are metadata": {
			stateOf(1, resourceOf("a.x", instanceOf(`"id":"1"`, `"dependencies":["a.y","a.z"]`, `"private":"c2VjcmV0"`))),
			strings.Replace(strings.Replace(stateOf(1, resourceOf("a.x", instanceOf(`"id":"1"`, `"dependencies":["a.y","b.z"]`, `"private":"b3RoZXI="`))),
				"hashicorp", "acme", 1), `"schema_version":1`, `"schema_version":2`, 1), `
				· a.x
				  meta provider: provider["registry.terraform.io/hashicorp/aws"] => provider["registry.terraform.io/acme/aws"]
				  meta schema_version: 1 => 2
				  meta dependencies: a.z => b.z
				  meta private:  => (changed)`},
		"sensitive marks alone are metadata, with their paths": {
			stateOf(1, resourceOf("a.x", instanceOf(`"id":"1","m":{"k":["v"]}`))),
			strings.Replace(stateOf(1, resourceOf("a.x", instanceOf(`"id":"1","m":{"k":["v"]}`))), `"sensitive_attributes":[]`,
				`"sensitive_attributes":[[{"type":"get_attr","value":"m"},{"type":"index","value":{"value":"k","type":"string"}},{"type":"index","value":{"value":0,"type":"number"}}]]`, 1), `
				· a.x
				  meta sensitive_attributes:  => m.k[0]`},
		"another lineage and tool": {
			stateOf(1), strings.Replace(strings.Replace(stateOf(1), "9d2f", "77aa", 1), "1.11.4", "1.12.0", 1), `
				lineage: 9d2f => 77aa
				terraform_version: 1.11.4 => 1.12.0`},
		"a resource that stands twice has the instances of both": {
			stateOf(1, resourceOf("a.x", instanceOf(`"id":"1"`, `"index_key":0`)), resourceOf("a.x", instanceOf(`"id":"2"`, `"index_key":1`))),
			stateOf(1, resourceOf("a.x", instanceOf(`"id":"1"`, `"index_key":0`), instanceOf(`"id":"3"`, `"index_key":1`))), `
				~ a.x[1]
				  ~ id "2" => "3"`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) { sameLines(t, toldDiff(t, compared(t, tc.old, tc.new)), tc.want) })
	}
}

func TestDiffOfTheSpellingsOfBothTools(t *testing.T) {
	body, err := os.ReadFile("testdata/states/terraform-v4.tfstate")
	if err != nil {
		t.Fatal(err)
	}
	d := compared(t, string(body), compact(t, body))
	if len(d.Entries) > 0 || d.Differ() || d.Summary.Unchanged != 8 {
		t.Errorf("indented and compact differ: %+v\n%s", d.Summary, toldDiff(t, d))
	}
}

func compact(t *testing.T, body []byte) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, body); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestDiffOfWhatTerraformWrote compares two states that Terraform 1.11.4 wrote:
// instances of count moved to for_each, a module's key changed, a secret and
// what holds it changed, and one resource each was tainted, added and destroyed.
func TestDiffOfWhatTerraformWrote(t *testing.T) {
	older, newer := fixtureBytes(t, "testdata/diff/older.tfstate"), fixtureBytes(t, "testdata/diff/newer.tfstate")
	want := fixtureBytes(t, "testdata/diff/told.txt")
	for name, pair := range map[string][2]string{
		"both as Terraform writes them": {older, newer}, "the newer one as OpenTofu writes it": {older, compact(t, []byte(newer))},
	} {
		t.Run(name, func(t *testing.T) {
			d := compared(t, pair[0], pair[1])
			got := toldDiff(t, d)
			if strings.Contains(got, "fixture-token") {
				t.Errorf("a secret is shown:\n%s", got)
			}
			sameLines(t, got, want)
		})
	}
}

func fixtureBytes(t *testing.T, path string) string {
	t.Helper()
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
