package sample

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
)

// layout writes JSON the way json.Marshal or json.MarshalIndent does, piece by
// piece: a state is put together from texts that are laid out once.
type layout struct{ indented bool }

// line starts a new line at a depth; nothing when compact.
func (l layout) line(b []byte, depth int) []byte {
	if !l.indented {
		return b
	}
	b = append(b, '\n')
	for range depth {
		b = append(b, "  "...)
	}
	return b
}

// name starts a member at a depth, with the comma before it unless it is the
// first of its object.
func (l layout) name(b []byte, depth int, name string) []byte {
	if b[len(b)-1] != '{' {
		b = append(b, ',')
	}
	b = strconv.AppendQuote(l.line(b, depth), name)
	if l.indented {
		return append(b, ": "...)
	}
	return append(b, ':')
}

// text is a member with a string that needs nothing but quotes escaped.
func (l layout) text(b []byte, depth int, name, value string) []byte {
	return strconv.AppendQuote(l.name(b, depth, name), value)
}

// pattern is a JSON text with places to fill in, laid out for a depth.
type pattern []part

// part is a constant text and the variable behind it, "" behind the last one.
type part struct{ text, variable string }

// pattern lays out a JSON text whose strings may hold $variables$.
func (l layout) pattern(source string, depth int) pattern {
	var out bytes.Buffer
	err := json.Compact(&out, []byte(source))
	if l.indented {
		out.Reset()
		err = json.Indent(&out, []byte(source), strings.Repeat("  ", depth), "  ")
	}
	if err != nil {
		// Only a slip in this package's own texts comes here; what it breaks is
		// seen by whoever reads the state, and by the tests.
		return pattern{{text: strconv.Quote(err.Error())}}
	}
	pieces := strings.Split(out.String(), "$")
	var p pattern
	for i := 0; i < len(pieces); i += 2 {
		variable := ""
		if i+1 < len(pieces) {
			variable = pieces[i+1]
		}
		p = append(p, part{pieces[i], variable})
	}
	return p
}

// fill appends the pattern with its variables replaced.
func (p pattern) fill(b []byte, value func(variable string) string) []byte {
	for _, part := range p {
		b = append(b, part.text...)
		if part.variable != "" {
			b = append(b, value(part.variable)...)
		}
	}
	return b
}
