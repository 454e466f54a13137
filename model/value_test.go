package model

import (
	"strings"
	"testing"
)

// printedState is every instance and output of a state as an operator sees it.
func printedState(t *testing.T, body []byte) string {
	t.Helper()
	x, err := IndexState(body)
	if err != nil {
		t.Fatal(err)
	}
	secrets := NewSecrets()
	if err := secrets.Learn(body, x); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, o := range x.Outputs {
		v, err := OutputValue(body, o, secrets)
		if err != nil {
			t.Fatal(err)
		}
		b.WriteString(o.Name + " = " + secrets.Print(v) + "\n")
	}
	for i := range x.Len() {
		objects, err := x.Instances(body, i)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range objects {
			v, err := Attributes(body, o, secrets)
			if err != nil {
				t.Fatal(err)
			}
			b.WriteString(o.Address + " " + secrets.Print(v) + "\n")
		}
	}
	return b.String()
}

func TestWhatATypelessAttributeMarksIsHiddenWhereItIsRepeated(t *testing.T) {
	for _, name := range []string{"terraform-v4.tfstate", "opentofu-v4.tfstate"} {
		printed := printedState(t, readState(t, name))
		if strings.Contains(printed, "fixture-secret-value") {
			t.Errorf("%s shows the secret:\n%s", name, printed)
		}
		for _, want := range []string{
			"secret = (sensitive)\n",
			`"input":{"value":{"html":"<a&b>","password":(sensitive)},"type":["object",{"html":"string","password":"string"}]}`,
			`"output":{"value":{"html":"<a&b>","password":(sensitive)},`,
		} {
			if !strings.Contains(printed, want) {
				t.Errorf("%s: no %q in\n%s", name, want, printed)
			}
		}
	}
}
