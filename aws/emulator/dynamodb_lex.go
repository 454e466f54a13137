package emulator

import (
	"strings"
)

// token is a word of an expression, and where it ends for error messages.
type token struct {
	text     string
	from, to int
}

// lex splits an expression into words: names, #names, :values, numbers and
// operators.
func lex(expression string) ([]token, int) {
	var out []token
	for i := 0; i < len(expression); {
		if strings.IndexByte(" \t\r\n", expression[i]) >= 0 {
			i++
			continue
		}
		n := wordLength(expression[i:])
		if n == 0 {
			return out, i
		}
		out = append(out, token{expression[i : i+n], i, i + n})
		i += n
	}
	return out, -1
}

// wordLength is the length of the word at the start of s; 0 for a character
// that no word starts with.
func wordLength(s string) int {
	switch c := s[0]; {
	case c == '<' && len(s) > 1 && (s[1] == '>' || s[1] == '='), c == '>' && len(s) > 1 && s[1] == '=':
		return 2
	case strings.IndexByte("()=<>,.[]+-", c) >= 0:
		return 1
	case c == '#' || c == ':':
		return choose(nameLength(s[1:]) > 0, 1+nameLength(s[1:]), 0)
	}
	return nameLength(s)
}

func nameLength(s string) int {
	for i := range len(s) {
		c := s[i]
		if c != '_' && c-'0' >= 10 && c|0x20-'a' >= 26 {
			return i
		}
	}
	return len(s)
}

// placeholders are one request's #names and :values: each must be defined and
// used.
type placeholders struct {
	names      map[string]string
	values     map[string]attr
	usedNames  map[string]bool
	usedValues map[string]bool
}

func newPlaceholders(names map[string]string, values map[string]attr) *placeholders {
	return &placeholders{names: names, values: values, usedNames: map[string]bool{}, usedValues: map[string]bool{}}
}

// unused refuses placeholders that no expression of the request mentions.
func (p *placeholders) unused() error {
	for name := range p.values {
		if !p.usedValues[name] {
			return validation("Value provided in ExpressionAttributeValues unused in expressions: keys: {%s}", name)
		}
	}
	for name := range p.names {
		if !p.usedNames[name] {
			return validation("Value provided in ExpressionAttributeNames unused in expressions: keys: {%s}", name)
		}
	}
	return nil
}
