package model

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// marks are the places of values in a body that are secrets as a whole, in
// their order. None lies in another.
type marks []Span

// covers reports whether the value at where is one of them, or part of one.
func (m marks) covers(where Span) bool {
	at, ok := slices.BinarySearchFunc(m, where.Start, func(s Span, start int64) int { return cmp.Compare(s.Start, start) })
	if ok {
		return where.End <= m[at].End
	}
	return at > 0 && where.End <= m[at-1].End && where.Len() > 0
}

// inOrder sorts marks and leaves out those that lie in another.
func inOrder(all marks) marks {
	slices.SortFunc(all, func(a, b Span) int { return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(b.End, a.End)) })
	kept := all[:0]
	for _, s := range all {
		if n := len(kept); n == 0 || s.Start >= kept[n-1].End {
			kept = append(kept, s)
		}
	}
	return kept
}

// instanceMarks are the marks of one object of a resource.
func instanceMarks(body []byte, e InstanceEntry) marks {
	return inOrder(valueMarks(body, e.Attributes, e.Sensitive, typeOfAddress(strings.TrimSuffix(e.Address, e.Key))))
}

// valueMarks are the marks of attributes, in no order.
func valueMarks(body []byte, attributes, sensitive Span, typ string) marks {
	all := pathMarks(body, attributes, sensitive)
	all = nameMarks(all, body, attributes)
	if typ == "terraform_data" {
		all = repeatedMarks(all, body, attributes)
	}
	if !hasSecretAttributes(typ) {
		return all
	}
	eachMember(body, attributes, func(name []byte, value Span) bool {
		if secretAttribute(typ, string(unquoted(name))) && !isNone(body, value) {
			all = append(all, value)
		}
		return true
	})
	return all
}

// repeatedMarks adds what the output of a terraform_data repeats of its input.
// Terraform marks the input alone, and a short secret is not found by its text.
func repeatedMarks(all marks, body []byte, attributes Span) marks {
	var in, out Span
	eachMember(body, attributes, func(name []byte, value Span) bool {
		switch string(name) {
		case `"input"`:
			in = value
		case `"output"`:
			out = value
		}
		return true
	})
	if in.Len() == 0 || !bytes.Equal(in.In(body), out.In(body)) {
		return all
	}
	for _, m := range all {
		if in.Start <= m.Start && m.End <= in.End {
			all = append(all, Span{Start: m.Start - in.Start + out.Start, End: m.End - in.Start + out.Start})
		}
	}
	return all
}

// outputMarks are the marks of one output.
func outputMarks(body []byte, o OutputEntry) marks {
	if o.Value.Len() == 0 {
		return nil
	}
	if o.Sensitive && isList(body, o.Type) { // it repeats the names of the parts
		return inOrder(marks{o.Value, o.Type})
	}
	if o.Sensitive || IsSecretName(o.Name) && isSecretMaterial(body, o.Value) {
		return marks{o.Value}
	}
	return inOrder(nameMarks(nil, body, o.Value))
}

func isList(body []byte, where Span) bool { return bytes.HasPrefix(where.In(body), []byte("[")) }

// typeOfAddress is the type in the address of a resource. Types and names have
// no dot in them, keys of modules may.
func typeOfAddress(address string) string {
	parts := strings.Split(address, ".")
	if len(parts) < 2 {
		return ""
	}
	return parts[len(parts)-2]
}

// nameMarks adds the values below where whose names are well known for secrets.
func nameMarks(all marks, body []byte, where Span) marks {
	part := where.In(body)
	for i := 0; i < len(part); {
		quote := bytes.IndexByte(part[i:], '"')
		if quote < 0 {
			break
		}
		start := i + quote
		i = endOfString(part, start)
		at := skipBlank(part, i)
		if at >= len(part) || part[at] != ':' || i-start < 4 {
			continue
		}
		at = skipBlank(part, at+1)
		switch name := part[start+1 : i-1]; {
		case isSecretName(name):
		case namesSecret(name, part[at:]):
			at = siblingValue(part, endOfString(part, at))
		default:
			continue
		}
		value := Span{Start: where.Start + int64(at), End: where.Start + int64(endOfValue(part, at))}
		if isSecretMaterial(body, value) {
			all = append(all, value)
		}
	}
	return all
}

// namesSecret reports a member such as "name":"DB_PASSWORD", beside which the
// secret stands as "value": env of a container, set of a Helm release.
func namesSecret(name, rest []byte) bool {
	if string(name) != "name" || len(rest) == 0 || rest[0] != '"' {
		return false
	}
	return isSecretName(unquoted(rest[:endOfString(rest, 0)]))
}

// siblingValue is where the value of the member "value" begins that follows in
// the same object behind i, len(part) for none. Tools write members in order of
// their names, so that it stands behind "name".
func siblingValue(part []byte, i int) int {
	for i = skipBetween(part, i); i < len(part) && part[i] == '"'; i = skipBetween(part, i) {
		end := endOfString(part, i)
		at := skipBetween(part, end)
		if string(part[i:end]) == `"value"` {
			return at
		}
		i = endOfValue(part, at)
	}
	return len(part)
}

// isSecretMaterial reports whether a value of a secret's name can be one: a
// number, a string, or a list of such. "manage_password": true is a setting, a
// "secret" block has parts with names of their own, and an ARN names a secret.
func isSecretMaterial(body []byte, where Span) bool {
	raw := where.In(body)
	if len(raw) == 0 || isNone(body, where) {
		return false
	}
	switch raw[0] {
	case '"':
		return !bytes.HasPrefix(raw, []byte(`"arn:`)) && !isTypeWord(raw)
	case '[':
		return bytes.IndexByte(raw, '{') < 0 && bytes.IndexByte(raw, '"') >= 0
	case '{', 't', 'f', 'n':
		return false
	}
	return true
}

// isNone reports a value that says that there is none.
func isNone(body []byte, where Span) bool {
	switch string(where.In(body)) {
	case "", "null", `""`, "[]", "{}":
		return true
	}
	return false
}

// isTypeWord reports the words of which Terraform makes the type that it keeps
// beside a value of no fixed type: {"value":{"password":"x"},"type":["object",{"password":"string"}]}.
func isTypeWord(raw []byte) bool {
	switch string(raw) {
	case `"string"`, `"number"`, `"bool"`, `"dynamic"`, `"list"`, `"set"`, `"map"`, `"tuple"`, `"object"`:
		return true
	}
	return false
}

// pathMarks are the values that sensitive_attributes names: a list of paths,
// each a list of steps {"type":"get_attr","value":"name"} or
// {"type":"index","value":{"value":0,"type":"number"}}, as Terraform since 0.14
// and OpenTofu write them. What is not understood hides everything.
func pathMarks(body []byte, attributes, sensitive Span) marks {
	paths := sensitive.In(body)
	if sensitive.Len() == 0 || len(paths) == 0 || string(paths) == "[]" {
		return nil
	}
	if paths[0] != '[' {
		return marks{attributes}
	}
	var all marks
	eachElement(body, sensitive, func(_ int, path Span) bool {
		all = append(all, follow(body, attributes, path)...)
		return true
	})
	return all
}

// follow is where a path leads. Where it leads on and cannot be followed, all
// that was reached is meant.
func follow(body []byte, attributes, path Span) marks {
	if raw := path.In(body); len(raw) == 0 || raw[0] != '[' {
		return marks{attributes}
	}
	reached, first := marks{attributes}, true
	eachElement(body, path, func(_ int, step Span) bool {
		var next marks
		for _, from := range reached {
			next = append(next, stepFrom(body, from, stepOf(body, step), first)...)
		}
		reached, first = next, false
		return len(reached) > 0
	})
	return reached
}

// pathStep is one step of a path; neither when it could not be understood.
type pathStep struct {
	name  []byte // of an attribute or a key of a map
	named bool
	index int
	known bool
}

func stepOf(body []byte, where Span) pathStep {
	var value []byte
	eachMember(body, where, func(name []byte, at Span) bool {
		if string(name) == `"value"` {
			value = keyOf(body, at)
		}
		return true
	})
	if len(value) == 0 {
		return pathStep{}
	}
	if value[0] == '"' {
		return pathStep{name: unquoted(value), named: true, known: true}
	}
	n, ok := listIndex(value)
	return pathStep{index: n, known: ok}
}

// keyOf is the key of a step, which an index step may wrap with its type.
func keyOf(body []byte, where Span) []byte {
	raw := where.In(body)
	if len(raw) > 0 && raw[0] == '{' {
		inner := []byte(nil)
		eachMember(body, where, func(name []byte, at Span) bool {
			if string(name) == `"value"` {
				inner = at.In(body)
			}
			return true
		})
		return inner
	}
	return raw
}

func listIndex(raw []byte) (int, bool) {
	n := 0
	for _, c := range raw {
		if c < '0' || c > '9' || n > 1<<40 {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, len(raw) > 0
}

// stepFrom is where one step leads from a value: nowhere, when that has no such
// part. A value of no fixed type stands wrapped as {"value":…,"type":…}, which
// paths do not mention; where it may be either, both are meant.
func stepFrom(body []byte, from Span, step pathStep, first bool) marks {
	if raw := from.In(body); !step.known || len(raw) == 0 || raw[0] != '{' && raw[0] != '[' {
		return marks{from}
	}
	found := parts(body, from, step)
	if inner, ok := unwrapped(body, from); ok {
		found = append(found, stepFrom(body, inner, step, false)...)
	}
	if len(found) == 0 && first {
		return flatParts(body, from, step)
	}
	return found
}

// parts are the members or the element that a step names.
func parts(body []byte, from Span, step pathStep) (found marks) {
	if step.named {
		eachMember(body, from, func(name []byte, value Span) bool {
			if bytes.Equal(unquoted(jsontext.Value(name)), step.name) {
				found = append(found, value)
			}
			return true
		})
		return found
	}
	eachElement(body, from, func(n int, value Span) bool {
		if n == step.index {
			found = marks{value}
		}
		return n < step.index
	})
	return found
}

// unwrapped is the value in {"value":…,"type":…}.
func unwrapped(body []byte, where Span) (inner Span, ok bool) {
	members, typed := 0, false
	eachMember(body, where, func(name []byte, value Span) bool {
		members++
		switch string(name) {
		case `"value"`:
			inner, ok = value, true
		case `"type"`:
			typed = true
		}
		return members < 3
	})
	return inner, ok && typed && members == 2
}

// flatParts are the members of attributes_flat, "tags.Name", that an attribute
// became in the formats before v4.
func flatParts(body []byte, from Span, step pathStep) (found marks) {
	prefix := append(bytes.Clone(step.name), '.')
	eachMember(body, from, func(name []byte, value Span) bool {
		if bytes.HasPrefix(unquoted(jsontext.Value(name)), prefix) {
			found = append(found, value)
		}
		return true
	})
	return found
}
