package main

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
)

// equal compares two values and shows both as JSON.
func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if reflect.DeepEqual(got, want) || isNothing(got) && isNothing(want) {
		return
	}
	t.Errorf("%s\n got %s\nwant %s", what, shownValue(got), shownValue(want))
}

// isNothing takes nil and an empty list or map for the same.
func isNothing(v any) bool {
	r := reflect.ValueOf(v)
	switch r.Kind() {
	case reflect.Invalid:
		return true
	case reflect.Slice, reflect.Map:
		return r.Len() == 0
	default:
		return false
	}
}

func shownValue(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	doc, err := json.MarshalIndent(v, "     ", "  ")
	if err != nil || string(doc) == "{}" {
		return reflectString(v)
	}
	return string(doc)
}

func envOf(m map[string]string) func(string) string {
	return func(name string) string { return m[name] }
}

func reflectString(v any) string { return fmt.Sprintf("%+v", v) }

// cleanEnv is the environment without anything that points at AWS or terraform
// settings of this machine.
func cleanEnv() []string {
	var out []string
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		if strings.HasPrefix(name, "AWS_") || strings.HasPrefix(name, "TF_") || strings.HasPrefix(name, "XDG_") || name == "HOME" {
			continue
		}
		out = append(out, kv)
	}
	return out
}
