package model

import (
	"strings"

	"github.com/aymanbagabas/go-udiff"
	"github.com/go-json-experiment/json/jsontext"
)

// longText is from how many bytes on a string is compared line by line.
const longText = 80

// textDiff is how two strings differ, after all that is sensitive was masked.
type textDiff struct {
	unified string // "" where the strings are short and of one line
	note    string
}

// compareTexts compares two strings that maskText has made safe to show.
func compareTexts(old, new string) textDiff {
	same := func(_, value string) string { return value }
	x, okX := embeddedJSON(old, same)
	y, okY := embeddedJSON(new, same)
	switch {
	case okX && okY && x == y:
		return textDiff{note: "the same JSON, written in another way"}
	case okX && okY:
		return textDiff{unified: unified(x, y)}
	case isLong(old) || isLong(new):
		return textDiff{unified: unified(old, new), note: lastBreak(old, new)}
	}
	return textDiff{}
}

func isLong(s string) bool {
	return len(s) > longText || strings.Contains(strings.TrimSuffix(s, "\n"), "\n")
}

// lastBreak says what a diff by lines does not show.
func lastBreak(old, new string) string {
	before, after := strings.HasSuffix(old, "\n"), strings.HasSuffix(new, "\n")
	switch {
	case after && !before:
		return "ends with a line break now"
	case before && !after:
		return "no longer ends with a line break"
	}
	return ""
}

// unified is the hunks of a unified diff, without the lines that name files, and
// without the remark on a missing last line break: most strings have none.
func unified(old, new string) string {
	text, err := udiff.ToUnified("", "", old, udiff.Lines(old, new), udiff.DefaultContextLines)
	if err != nil { // the edits are made from these very strings
		return "-" + old + "\n+" + new + "\n"
	}
	for range 2 {
		_, text, _ = strings.Cut(text, "\n")
	}
	return strings.ReplaceAll(text, "\n\\ No newline at end of file\n", "\n")
}

// embeddedJSON is a string that holds a JSON object or array, laid out one
// member a line; ok is false for any other string.
func embeddedJSON(s string, mask func(name, value string) string) (string, bool) {
	trimmed := strings.TrimSpace(s)
	if !strings.HasPrefix(trimmed, "{") && !strings.HasPrefix(trimmed, "[") {
		return "", false
	}
	b := jsonLayout{s: newStateScanner([]byte(trimmed), 0, false), mask: mask}
	if b.value("", "") != nil || b.s.end() != nil {
		return "", false
	}
	return b.out.String() + "\n", true
}

// maskText is a string with every secret in it masked: those that the state
// marks, and in JSON also those that a name tells or that escapes disguise.
func maskText(s string, mask func(name, value string) string) string {
	disguised := false
	laidOut, ok := embeddedJSON(s, func(name, value string) string {
		masked := mask(name, value)
		disguised = disguised || masked != value
		return masked
	})
	if !ok || !disguised {
		return mask("", s)
	}
	flat := jsontext.Value(laidOut)
	if flat.Compact(jsontext.AllowDuplicateNames(true)) != nil {
		return Hidden
	}
	return mask("", string(flat))
}

// jsonLayout writes JSON anew, indented, with every string masked.
type jsonLayout struct {
	s    *stateScanner
	mask func(name, value string) string
	out  strings.Builder
}

func (b *jsonLayout) value(name, indent string) error {
	kind := b.s.dec.PeekKind()
	if kind == '{' {
		return b.object(indent)
	}
	if kind == '[' {
		return b.array(name, indent)
	}
	raw, _, err := b.s.value()
	if kind == '"' {
		raw = jsontext.Value(quoted(b.mask(name, textOf(raw))))
	}
	b.out.Write(raw)
	return err
}

func (b *jsonLayout) object(indent string) error {
	b.out.WriteByte('{')
	first := true
	err := b.s.object("an object", func(_, name []byte) error {
		b.next(&first, indent)
		b.out.WriteString(quoted(b.mask("", string(name))) + ": ")
		return b.value(string(name), indent+"  ")
	})
	b.close(first, indent, '}')
	return err
}

func (b *jsonLayout) array(name, indent string) error {
	b.out.WriteByte('[')
	first := true
	err := b.s.array("an array", func() error {
		b.next(&first, indent)
		return b.value(name, indent+"  ")
	})
	b.close(first, indent, ']')
	return err
}

func (b *jsonLayout) next(first *bool, indent string) {
	if !*first {
		b.out.WriteByte(',')
	}
	*first = false
	b.out.WriteString("\n" + indent + "  ")
}

func (b *jsonLayout) close(empty bool, indent string, bracket byte) {
	if !empty {
		b.out.WriteString("\n" + indent)
	}
	b.out.WriteByte(bracket)
}

// quoted is a string as JSON writes it.
func quoted(s string) string {
	// Only broken UTF-8 is an error, and it is replaced all the same.
	raw, _ := jsontext.AppendQuote(nil, s)
	return string(raw)
}
