package model

import (
	"strings"
	"testing"
)

// TestResultsOfChecksDiffer: the states are as Terraform 1.11 writes them.
func TestResultsOfChecksDiffer(t *testing.T) {
	check := func(name, status, more string) string {
		return `{"object_kind":"check","config_addr":"check.` + name + `","status":"` + status + `","objects":[{"object_addr":"check.` + name + `","status":"` + status + `"` + more + `}]}`
	}
	with := func(serial, results string) string {
		return `{"version":4,"terraform_version":"1.11.4","serial":` + serial + `,"lineage":"l","outputs":{"s":{"value":"hunter22","type":"string","sensitive":true}},"resources":[],"check_results":` + results + `}`
	}
	small, even := check("small", "pass", ""), check("even", "pass", "")
	for name, c := range map[string]struct {
		old, new string
		want     string // the header without the serial, one field a line
	}{
		"the same":                  {`[` + small + `]`, `[` + small + `]`, ""},
		"in another order":          {`[` + small + `,` + even + `]`, `[` + even + `,` + small + `]`, ""},
		"none and null":             {`null`, `[]`, ""},
		"one fails now":             {`[` + small + `,` + even + `]`, `[` + check("even", "fail", `,"failure_messages":["odd"]`) + `,` + small + `]`, "check.even  pass → fail"},
		"one is new":                {`null`, `[` + small + `]`, "check.small  (none) → pass"},
		"one is gone":               {`[` + small + `,` + even + `]`, `[` + even + `]`, "check.small  pass → (none)"},
		"another message":           {`[` + check("even", "fail", `,"failure_messages":["hunter22"]`) + `]`, `[` + check("even", "fail", `,"failure_messages":["hunter23"]`) + `]`, "check.even  (still fail, of other objects or with another message)"},
		"a status that is a secret": {`[` + small + `]`, `[` + check("small", "hunter22", "") + `]`, "check.small  pass → (sensitive)"},
		"a condition of an output":  {`[]`, `[{"object_kind":"output","config_addr":"output.o","status":"fail","objects":null}]`, "checks of output.o  (none) → fail"},
		"a form to come":            {`{"a":1}`, `[` + small + `]`, "check_results  (changed)"},
		"a check without a name":    {`[{}]`, `null`, "check_results  (changed)"},
		"a check of no form":        {`[1]`, `[2]`, "check_results  (changed)"},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := CompareStates([]byte(with("1", c.old)), []byte(with("2", c.new)))
			if err != nil {
				t.Fatal(err)
			}
			var lines []string
			for _, f := range d.Header {
				if f.Name != "serial" {
					lines = append(lines, f.String())
				}
			}
			if got := strings.Join(lines, "\n"); got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
			if d.Differ() != (c.want != "") || len(d.Entries) > 0 {
				t.Errorf("differ: %t, %d entries", d.Differ(), len(d.Entries))
			}
		})
	}
}
