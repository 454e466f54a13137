package model

import (
	"errors"
	"os"
	"strings"
	"testing"
)

func TestDiffOfWhatCannotBeRead(t *testing.T) {
	encrypted, err := os.ReadFile("testdata/states/opentofu-encrypted.tfstate")
	if err != nil {
		t.Fatal(err)
	}
	good := stateOf(1, resourceOf("a.x", instanceOf(`"id":"1"`)))
	cases := map[string]struct {
		old, new string
		is       error
		says     string
	}{
		"an encrypted older version":  {string(encrypted), good, ErrEncryptedState, "the older version"},
		"a newer one that is cut off": {good, good[:90], ErrInvalid, "the newer version"},
		"a binary one":                {v0Magic + "\x00", good, ErrUnsupported, "the older version"},
		"a web page":                  {good, "<html>", ErrInvalid, "the newer version"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := CompareStates([]byte(tc.old), []byte(tc.new))
			if !errors.Is(err, tc.is) || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestDiffAgainstAnEmptyVersion(t *testing.T) {
	d := compared(t, stateOf(1, resourceOf("a.x", instanceOf(`"id":"1"`))), "")
	if d.Summary.Removed != 1 || len(d.Notes) != 1 || !strings.Contains(d.Notes[0], "no bytes at all") {
		t.Errorf("%+v %q", d.Summary, d.Notes)
	}
}

// legacyState is a state of format v3 with these members of the root's resources.
func legacyState(resources string) string {
	return `{"version":3,"terraform_version":"0.11.14","serial":1,"lineage":"9d2f","modules":[{"path":["root"],"outputs":{},"resources":{` + resources + `}}]}`
}

func TestDiffOfOldFormats(t *testing.T) {
	const web0 = `"a.web.0":{"type":"a","depends_on":[],"primary":{"id":"i-1","attributes":{"id":"i-1","n":"1","tags.%":"1","tags.Name":"x"},"meta":{},"tainted":false},"deposed":[],"provider":"provider.aws"}`
	const web1 = `"a.web.1":{"type":"a","primary":{"id":"i-2","attributes":{"id":"i-2","on":"true","n":""}},"provider":"provider.aws"}`
	cases := map[string]struct{ old, new, want string }{
		"flat attributes by their own names": {legacyState(web0 + "," + web1), legacyState(strings.Replace(strings.Replace(web0, `Name":"x`, `Name":"y`, 1), `"tainted":false`, `"tainted":true`, 1)), `
				~ a.web[0]
				  note tainted now
				  ~ tags.Name "x" => "y"
				- a.web[1]
				  - id "i-2"
				  - on "true"
				  - n ""`},
		"an upgrade keeps the addresses, and compares what has no parts": {
			legacyState(web0 + "," + web1),
			stateOf(1, resourceOf("a.web", instanceOf(`"id":"i-1","n":2,"tags":{"Name":"z"}`, `"index_key":0`), instanceOf(`"id":"i-2","on":true,"n":null`, `"index_key":1`))), `
				format: v3 => v4
				terraform_version: 0.11.14 => 1.11.4
				~ a.web[0]
				  meta provider: provider.aws => provider["registry.terraform.io/hashicorp/aws"]
				  meta schema_version:  => 1
				  ~ n "1" => "2"
				· a.web[1]
				  meta provider: provider.aws => provider["registry.terraform.io/hashicorp/aws"]
				  meta schema_version:  => 1
				  meta attributes:  => (the same values, written in another way)`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) { sameLines(t, toldDiff(t, compared(t, tc.old, tc.new)), tc.want) })
	}
	d := compared(t, cases["an upgrade keeps the addresses, and compares what has no parts"].old, cases["an upgrade keeps the addresses, and compares what has no parts"].new)
	if len(d.Notes) != 1 || !strings.Contains(d.Notes[0], "lists, maps and blocks are not") {
		t.Errorf("%q", d.Notes)
	}
}

// FuzzDiff: no two states make it panic, and a state does not differ from itself.
func FuzzDiff(f *testing.F) {
	f.Add([]byte(stateOf(1, resourceOf("a.x", instanceOf(`"id":"1","l":[1,"a",null]`)))), []byte(stateOf(2, resourceOf("a.y", instanceOf(`"id":"1","l":["a",{}]`)))))
	f.Add([]byte(legacyState(`"a.b.0":{"primary":{"attributes":{"id":"1"}}}`)), []byte(stateOf(1)))
	f.Fuzz(func(t *testing.T, old, new []byte) {
		if d, err := CompareStates(old, new); err == nil {
			for _, e := range d.Entries {
				if _, err := d.Attributes(e); err != nil {
					t.Fatal(err)
				}
			}
		}
		if d, err := CompareStates(old, old); err == nil && d.Differ() {
			t.Fatalf("a state differs from itself: %+v", d.Entries)
		}
	})
}
