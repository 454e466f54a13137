package model

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestResourceAddress(t *testing.T) {
	cases := map[string]struct{ module, mode, typ, name, want string }{
		"in the root":           {mode: ModeManaged, typ: "aws_vpc", name: "main", want: "aws_vpc.main"},
		"a data source":         {mode: ModeData, typ: "aws_ami", name: "x", want: "data.aws_ami.x"},
		"in a module":           {module: "module.a", mode: ModeManaged, typ: "aws_vpc", name: "main", want: "module.a.aws_vpc.main"},
		"data in keyed modules": {module: `module.a["b"].module.c[0]`, mode: ModeData, typ: "aws_ami", name: "x", want: `module.a["b"].module.c[0].data.aws_ami.x`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := ResourceAddress(c.module, c.mode, c.typ, c.name); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestQuoteKey(t *testing.T) {
	cases := map[string]struct{ key, want string }{
		"empty":                         {"", `""`},
		"plain":                         {"a/b.c", `"a/b.c"`},
		"a quote":                       {`k"q`, `"k\"q"`},
		"a backslash":                   {`a\b`, `"a\\b"`},
		"line ends and tabs":            {"a\r\n\tb", `"a\r\n\tb"`},
		"an interpolation":              {"${x}", `"$${x}"`},
		"a directive":                   {"%{x}", `"%%{x}"`},
		"an escaped interpolation":      {"$${x}", `"$$${x}"`},
		"a dollar that starts nothing":  {"$x% $", `"$x% $"`},
		"letters beyond ASCII":          {"é😀", `"é😀"`},
		"control and direction marks":   {"\x01\u202e\u200b", `"\u0001\u202e\u200b"`},
		"unprintable beyond 16 bits":    {"\U000e0001", `"\U000e0001"`},
		"a no-break space is no letter": {"\u00a0", `"\u00a0"`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := QuoteKey(c.key); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// Every code point of the first planes is a key once, followed by a brace.
func TestKeysAgreeWithTheRealTerraform(t *testing.T) {
	instances := []map[string]any{}
	for r := rune(0); r < 0x3100; r++ {
		instances = append(instances, map[string]any{"index_key": string(r) + "{", "attributes": map[string]any{}})
	}
	for _, key := range []any{0, -1, 7.9, -7.9, 1e6, "0", "$${", "\ufffd", "\U0001f600", "\U000e0001", "\ufeff", "\ue000"} {
		instances = append(instances, map[string]any{"index_key": key, "attributes": map[string]any{}})
	}
	body, err := json.Marshal(map[string]any{
		"version": 4, "serial": 1, "lineage": "l",
		"resources": []any{map[string]any{"mode": "managed", "type": "t", "name": "n", "provider": `provider["terraform.io/builtin/terraform"]`, "instances": instances}},
	})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "keys.tfstate")
	if err := os.WriteFile(path, body, 0o600); err != nil {
		t.Fatal(err)
	}
	want, got := terraformStateList(t, path), addressesOf(t, body)
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			t.Fatalf("address %d: got %q, want %q", i, got[i], want[i])
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%d addresses, want %d", len(got), len(want))
	}
}
