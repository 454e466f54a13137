package main

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stateward/stateward/model"
)

// TestEveryFieldIsDocumented holds docs/json.md to the documents.
func TestEveryFieldIsDocumented(t *testing.T) {
	body, err := os.ReadFile(filepath.Join("..", "..", "docs", "json.md"))
	if err != nil {
		t.Fatal(err)
	}
	for section, doc := range map[string]any{
		"## Lock:":               lockDoc{},
		"## Version:":            versionDoc{},
		"## State:":              stateDoc{},
		"## Backend:":            backendDoc{},
		"## Operation result:":   resultDoc{},
		"## Journal entry:":      model.JournalEntry{},
		"## Build:":              build{},
		"## Search hit:":         searchDoc{},
		"## Key:":                keyDoc{},
		"## Check:":              findingDoc{},
		"## Content of a state:": showDoc{},
		"## Diff:":               diffDoc{},
		"### Resource":           resourceDoc{},
		"### Output":             outputDoc{},
		"### Object":             objectDoc{},
	} {
		_, text, found := strings.Cut(string(body), section)
		if !found {
			t.Fatalf("no section %q", section)
		}
		text, _, _ = strings.Cut(text, "\n## ")
		for _, field := range fieldsOf(reflect.TypeOf(doc)) {
			if field != "" && field != "unknown" && !strings.Contains(text, "`"+field+"`") {
				t.Errorf("%s %s is not documented", section, field)
			}
		}
	}
}

func fieldsOf(typ reflect.Type) []string {
	var names []string
	for i := range typ.NumField() {
		name, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}

// TestEveryAttributeIsDocumented holds docs/config.md to what the reader takes.
func TestEveryAttributeIsDocumented(t *testing.T) {
	body, err := os.ReadFile(filepath.Join("..", "..", "docs", "config.md"))
	if err != nil {
		t.Fatal(err)
	}
	for section, known := range map[string]map[string]setter{
		"## Top level": (&options{}).setters(), "## `backend": backendSetters(&model.Backend{}),
		"## `policy": policySetters(&model.Policy{}), "## `ui`": uiSetters(&uiConfig{}),
	} {
		_, text, found := strings.Cut(string(body), section)
		if !found {
			t.Fatalf("no section %q", section)
		}
		text, _, _ = strings.Cut(text, "\n## ")
		for name := range known {
			if !strings.Contains(text, "`"+name+"`") {
				t.Errorf("%s: %s is not documented", section, name)
			}
		}
	}
}
