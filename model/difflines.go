package model

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// DiffLine is one line of a diff as people read it. Nothing sensitive is in it,
// but it is text of the state: sanitise it before it is shown.
type DiffLine struct {
	Sign   string // "+", "-", "~", "→", "·"; "@" for where in a text a change is; "" for a remark
	Indent int    // levels below the entry, from 1
	Text   string
}

// String says how many addresses differ: "3 added, 58 removed, 1 moved, 2
// changed, 40 unchanged".
func (s DiffSummary) String() string {
	var parts []string
	add := func(n int, what string) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, what))
		}
	}
	add(s.Added, "added")
	add(s.Removed, "removed")
	add(s.Moved, "moved")
	add(s.Changed, "changed")
	add(s.Metadata, "in metadata only")
	if len(parts) == 0 {
		parts = append(parts, "no resource differs")
	}
	add(s.Unchanged, "unchanged")
	text := strings.Join(parts, ", ")
	switch {
	case s.Outputs == 1:
		text += "; 1 output differs"
	case s.Outputs > 1:
		text += fmt.Sprintf("; %d outputs differ", s.Outputs)
	}
	return text
}

// Name is the name of an output; of a resource it is its address.
func (e *DiffEntry) Name() string { return strings.TrimPrefix(e.Address, "output.") }

// Title is the entry on one line: its address, and what an operator wants to
// know before its attributes.
func (e *DiffEntry) Title() string {
	text := e.Address
	if e.From != "" {
		text += " (was " + e.From + ")"
	}
	notes := e.Notes
	if e.Kind == DiffMoved && e.Changed {
		notes = append([]string{"changed as well"}, notes...)
	}
	if len(notes) > 0 {
		text += "  " + strings.Join(notes, ", ")
	}
	return text
}

// Lines are what differs at an entry: metadata, then attributes.
func (d *StateDiff) Lines(e *DiffEntry) ([]DiffLine, error) {
	var lines []DiffLine
	for _, f := range e.Metadata {
		lines = append(lines, DiffLine{Sign: "·", Indent: 1, Text: f.String()})
	}
	changes, err := d.Attributes(e)
	for i := range changes {
		lines = append(lines, changes[i].lines()...)
	}
	return lines, err
}

// String is the field on one line.
func (f DiffField) String() string {
	switch {
	case f.Name == "dependencies" || f.Name == "depends_on" || f.Name == "sensitive_attributes":
		return strings.Join(nonEmpty(f.Name, prefixed("+ ", f.New), prefixed("- ", f.Old)), "  ")
	case f.Old == "" && strings.HasPrefix(f.New, "("):
		return f.Name + "  " + f.New
	}
	return f.Name + "  " + orAbsent(f.Old) + " → " + orAbsent(f.New)
}

func prefixed(prefix, s string) string {
	if s == "" || strings.HasPrefix(s, "(") {
		return s
	}
	return prefix + s
}

func nonEmpty(parts ...string) []string {
	var kept []string
	for _, p := range parts {
		if p != "" {
			kept = append(kept, p)
		}
	}
	return kept
}

func orAbsent(s string) string {
	if s == "" {
		return "(none)"
	}
	return s
}

func (c *AttributeChange) lines() []DiffLine {
	text := c.Path + "  "
	switch {
	case c.Sensitive && c.Kind == DiffChanged:
		text += "(sensitive, changed)"
	case c.Sensitive:
		text += Hidden
	case c.Note != "":
		text += "(" + c.Note + ")"
	case c.Unified != "":
		text = c.Path
	case c.Kind == DiffChanged:
		text += clipped(c.Old) + " → " + clipped(c.New)
	default:
		text += clipped(c.Old + c.New)
	}
	return append([]DiffLine{{Sign: c.Kind.Sign(), Indent: 1, Text: text}}, unifiedLines(c.Unified)...)
}

// longestShown is how many bytes of a value stand on a line: what is longer is
// compared line by line, unless only one version has it.
const longestShown = 240

func clipped(s string) string {
	if len(s) <= longestShown {
		return s
	}
	end := longestShown
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return fmt.Sprintf("%s… (%d bytes)", s[:end], len(s))
}

func unifiedLines(unified string) []DiffLine {
	if unified == "" {
		return nil
	}
	var lines []DiffLine
	for line := range strings.SplitSeq(strings.TrimSuffix(unified, "\n"), "\n") {
		l := DiffLine{Indent: 2, Text: line}
		switch {
		case strings.HasPrefix(line, "@"):
			l.Sign = "@"
		case strings.HasPrefix(line, "+"), strings.HasPrefix(line, "-"):
			l.Sign, l.Text = line[:1], line[1:]
		default:
			l.Text = strings.TrimPrefix(line, " ")
		}
		lines = append(lines, l)
	}
	return lines
}
