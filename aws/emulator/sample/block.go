package sample

import (
	"path"
	"strconv"
	"strings"
)

// Modes of a resource.
const (
	managedMode = "managed"
	dataMode    = "data"
)

// stack is what a root module makes.
type stack struct {
	blocks  []block // in the order in which they come to be
	outputs []output
}

// block is a resource or data block of a configuration.
type block struct {
	module, mode, typ, name string
	keys                    []string // for_each
	count                   int
	needs                   []string // dependencies, as addresses without keys
}

func managed(typ, name string, needs ...string) block {
	return block{mode: managedMode, typ: typ, name: name, needs: needs}
}

func data(typ, name string) block { return block{mode: dataMode, typ: typ, name: name} }

func (b block) in(module string) block { b.module = "module." + module; return b }

func (b block) forEach(keys ...string) block { b.keys = keys; return b }

func (b block) times(n int) block { b.count = n; return b }

// indexes are the keys of the block's instances: strings, integers, or one nil.
func (b block) indexes() []any {
	switch {
	case b.count > 0:
		out := make([]any, b.count)
		for i := range out {
			out[i] = i
		}
		return out
	case len(b.keys) > 0:
		out := make([]any, len(b.keys))
		for i, key := range b.keys {
			out[i] = key
		}
		return out
	}
	return []any{nil}
}

// provider is the provider's address as a state has it.
func (b block) provider(registry string) string {
	name, _, _ := strings.Cut(b.typ, "_")
	namespace := "hashicorp"
	if name == "grafana" {
		namespace = "grafana"
	}
	return `provider["` + path.Join(registry, namespace, name) + `"]`
}

// instance is the JSON of an instance but for its key, with $variables$.
func (b block) instance(k kind) string {
	var t strings.Builder
	t.WriteString(`{"schema_version":` + strconv.Itoa(k.schema) + `,"attributes":` + k.attributes + `,"sensitive_attributes":[`)
	if k.secret != "" {
		t.WriteString(`[{"type":"get_attr","value":"` + k.secret + `"}]`)
	}
	t.WriteString("]")
	if b.mode == managedMode {
		t.WriteString(`,"private":"bnVsbA=="`) // base64 of null: the provider keeps nothing
	}
	if len(b.needs) > 0 {
		t.WriteString(`,"dependencies":` + string(marshal(b.needs)))
	}
	return t.String() + "}"
}

// output is an output of the root module.
type output struct {
	name, value, typ string // value and type as JSON, the value with $variables$
	sensitive        bool
	after            int // instances that must be there first
}

func (o output) text() string {
	text := `{"value":` + o.value + `,"type":` + o.typ
	if o.sensitive {
		text += `,"sensitive":true`
	}
	return text + "}"
}

// text is an output that holds a string.
func text(name, value string, after int) output {
	return output{name: name, value: strconv.Quote(value), typ: `"string"`, after: after}
}

// secret is a sensitive output.
func secret(name string, after int) output {
	return output{name: name, value: strconv.Quote(fakeSecret), typ: `"string"`, sensitive: true, after: after}
}

// fakeSecret stands wherever a real state would hold a secret.
const fakeSecret = "demo-not-a-secret"
