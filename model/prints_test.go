package model

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func printsIn(t *testing.T, body string) Prints {
	t.Helper()
	x, err := IndexState([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	p, err := x.PrintsOf([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// listState is a state with one resource, an instance a line: key, attributes.
func listState(instances ...string) string {
	return `{"version":4,"terraform_version":"1.11.4","serial":1,"lineage":"l","outputs":{},"resources":[{"mode":"managed","type":"t","name":"n",` +
		`"provider":"p","instances":[` + strings.Join(instances, ",") + `]}]}`
}

func printedInstance(key int, value string, more string) string {
	return fmt.Sprintf(`{"index_key":%d,%s"schema_version":0,"attributes":{"id":"a \" b","v":%q}}`, key, more, value)
}

func TestChange(t *testing.T) {
	one, two, three := printedInstance(1, "x", ""), printedInstance(2, "x", ""), printedInstance(3, "x", "")
	for name, c := range map[string]struct {
		before, after string
		want          string
	}{
		"nothing":                   {listState(one, two), listState(one, two), ""},
		"one more":                  {listState(one), listState(one, two), "+1"},
		"one less":                  {listState(one, two), listState(two), "-1"},
		"a value":                   {listState(one, two), listState(one, printedInstance(2, "y", "")), "~1"},
		"all three at once":         {listState(one, two), listState(printedInstance(1, "y", ""), three), "+1 ~1 -1"},
		"another order":             {listState(one, two), listState(two, one), ""},
		"another layout":            {listState(one, two), strings.NewReplacer(`,"`, ",\n\t\"", `":`, `" : `).Replace(listState(one, two)), ""},
		"white space inside a text": {listState(printedInstance(1, "a b", "")), listState(printedInstance(1, "ab", "")), "~1"},
		"tainted":                   {listState(one), listState(printedInstance(1, "x", `"status":"tainted",`)), "~1"},
		"a deposed object":          {listState(one), listState(one, printedInstance(1, "x", `"deposed":"d",`)), "~1"},
		"dependencies alone":        {listState(one), listState(printedInstance(1, "x", `"dependencies":["a.b"],`)), ""},
		"all of them":               {listState(one, two, three), listState(), "-3"},
	} {
		t.Run(name, func(t *testing.T) {
			got := ChangeBetween(VersionFacts{Prints: Known(printsIn(t, c.before))}, VersionFacts{Prints: Known(printsIn(t, c.after))})
			if change, ok := got.Get(); !ok || change.String() != c.want {
				t.Errorf("got %q %v, want %q", change, ok, c.want)
			}
		})
	}
}

func TestChangeByNumbersAlone(t *testing.T) {
	counted := func(n int) VersionFacts {
		return VersionFacts{Resources: Known(n), Prints: Unknown[Prints]("too many")}
	}
	for name, c := range map[string]struct {
		before, after VersionFacts
		want, reason  string
	}{
		"more":                     {counted(3), counted(5), "net +2", ""},
		"less":                     {counted(5), counted(3), "net -2", ""},
		"as many":                  {counted(5), counted(5), "", ""},
		"not counted":              {counted(5), UnknownVersion("not counted: 9 MB"), "", "not counted: 9 MB"},
		"the one before not":       {UnknownVersion("AccessDenied"), counted(5), "", "the version before: AccessDenied"},
		"the one before unread":    {VersionFacts{}, counted(5), "", ""},
		"neither of them was read": {VersionFacts{}, VersionFacts{}, "", ""},
	} {
		got := ChangeBetween(c.before, c.after)
		if got.Or(Change{}).String() != c.want || got.Reason() != c.reason {
			t.Errorf("%s: got %q %q", name, got.Or(Change{}), got.Reason())
		}
	}
}

func TestTooManyInstancesToCompare(t *testing.T) {
	all := make([]string, maxPrints+1)
	for i := range all {
		all[i] = printedInstance(i, "x", "")
	}
	body := []byte(listState(all...))
	x, err := IndexState(body)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := x.PrintsOf(body); !errors.Is(err, ErrUnsupported) {
		t.Errorf("got %v", err)
	}
}
