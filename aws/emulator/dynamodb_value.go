package emulator

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"slices"
	"strings"
)

// item is the attributes of one item.
type item map[string]attr

// attr is one attribute value.
type attr struct {
	kind string // "S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS", "L" or "M"
	text string // S, N as given, B in base64
	flag bool   // BOOL
	list []attr // L, and the members of sets
	doc  item   // M
}

// UnmarshalJSON reads {"S": "x"} and its like.
func (a *attr) UnmarshalJSON(b []byte) error {
	var wire map[string]json.RawMessage
	if err := json.Unmarshal(b, &wire); err != nil {
		return err
	}
	if len(wire) != 1 {
		return validation("Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes")
	}
	for kind, raw := range wire {
		a.kind = kind
		if err := a.read(raw); err != nil {
			return err
		}
	}
	return nil
}

func (a *attr) read(raw json.RawMessage) error {
	switch a.kind {
	case "S", "B":
		return json.Unmarshal(raw, &a.text)
	case "N":
		if err := json.Unmarshal(raw, &a.text); err != nil {
			return err
		}
		if _, ok := new(big.Rat).SetString(a.text); !ok {
			return validation("The parameter cannot be converted to a numeric value: %s", a.text)
		}
		return nil
	case "BOOL", "NULL":
		return json.Unmarshal(raw, &a.flag)
	case "L":
		return json.Unmarshal(raw, &a.list)
	case "M":
		return json.Unmarshal(raw, &a.doc)
	case "SS", "NS", "BS":
		return a.readSet(raw)
	}
	return validation("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes")
}

func (a *attr) readSet(raw json.RawMessage) error {
	var members []string
	if err := json.Unmarshal(raw, &members); err != nil {
		return err
	}
	if len(members) == 0 {
		return validation("One or more parameter values were invalid: An string set  may not be empty")
	}
	for _, m := range members {
		member := attr{kind: a.kind[:1], text: m}
		if slices.ContainsFunc(a.list, member.equal) {
			return validation("One or more parameter values were invalid: Input collection contains duplicates.")
		}
		a.list = append(a.list, member)
	}
	return nil
}

// MarshalJSON writes what UnmarshalJSON reads.
func (a attr) MarshalJSON() ([]byte, error) {
	var v any
	switch a.kind {
	case "S", "N", "B":
		v = a.text
	case "BOOL", "NULL":
		v = a.flag
	case "L":
		v = append([]attr{}, a.list...)
	case "M":
		v = a.doc
	default:
		v = a.texts()
	}
	return json.Marshal(map[string]any{a.kind: v})
}

func (a attr) texts() []string {
	out := make([]string, len(a.list))
	for i, m := range a.list {
		out[i] = m.text
	}
	return out
}

func (a attr) set() bool { return len(a.kind) == 2 && a.kind[1] == 'S' }

func (a attr) number() *big.Rat {
	n, ok := new(big.Rat).SetString(a.text)
	if !ok {
		return new(big.Rat) // read refused such numbers
	}
	return n
}

func (a attr) bytes() []byte {
	if a.kind != "B" {
		return []byte(a.text)
	}
	b, _ := base64.StdEncoding.DecodeString(a.text) // malformed base64 compares by its good part
	return b
}

// equal compares type and value; sets without order.
func (a attr) equal(b attr) bool {
	if a.kind != b.kind {
		return false
	}
	switch {
	case a.kind == "N":
		return a.number().Cmp(b.number()) == 0
	case a.kind == "M":
		return equalDocs(a.doc, b.doc)
	case a.kind == "L":
		return slices.EqualFunc(a.list, b.list, attr.equal)
	case a.set():
		return len(a.list) == len(b.list) && !slices.ContainsFunc(a.list, func(m attr) bool { return !slices.ContainsFunc(b.list, m.equal) })
	}
	return a.text == b.text && a.flag == b.flag
}

func equalDocs(a, b item) bool {
	if len(a) != len(b) {
		return false
	}
	for name, v := range a {
		if w, ok := b[name]; !ok || !v.equal(w) {
			return false
		}
	}
	return true
}

// compare orders two strings, numbers or binaries of the same type; other
// pairs have no order.
func (a attr) compare(b attr) (int, bool) {
	if a.kind != b.kind {
		return 0, false
	}
	switch a.kind {
	case "N":
		return a.number().Cmp(b.number()), true
	case "S":
		return strings.Compare(a.text, b.text), true
	case "B":
		return bytes.Compare(a.bytes(), b.bytes()), true
	}
	return 0, false
}

// length is the size() function; types without one are not ok.
func (a attr) length() (int, bool) {
	switch {
	case a.kind == "S" || a.kind == "B":
		return len(a.bytes()), true
	case a.kind == "M":
		return len(a.doc), true
	case a.kind == "L" || a.set():
		return len(a.list), true
	}
	return 0, false
}

// size is about what DynamoDB counts against its limits.
func (a attr) size() int {
	n := len(a.text) + 1
	for _, m := range a.list {
		n += m.size()
	}
	return n + a.doc.size()
}

func (i item) size() int {
	n := 0
	for name, v := range i {
		n += len(name) + v.size()
	}
	return n
}

// clone copies everything an update could change.
func (a attr) clone() attr {
	a.list = slices.Clone(a.list)
	for i := range a.list {
		a.list[i] = a.list[i].clone()
	}
	a.doc = a.doc.clone()
	return a
}

func (i item) clone() item {
	if i == nil {
		return nil
	}
	out := make(item, len(i))
	for name, v := range i {
		out[name] = v.clone()
	}
	return out
}

// formatNumber is a number as DynamoDB writes it, with up to 38 digits.
func formatNumber(n *big.Rat) string {
	if n.IsInt() {
		return n.Num().String()
	}
	return strings.TrimRight(n.FloatString(38), "0")
}
