package main

import (
	"bufio"
	"strings"

	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui/widget"
)

// diffPrinter writes a diff as text, every line sanitised.
type diffPrinter struct {
	diff  *model.StateDiff
	style widget.Styles
	out   *bufio.Writer // keeps the first error, and Flush tells it
}

func (p *diffPrinter) write(text string) {
	_, _ = p.out.WriteString(text) // Flush tells the error
}

// diffStyle has colours on a terminal, unless they are switched off.
func (s *session) diffStyle() widget.Styles {
	if s.columns() == 0 || s.set.noColor {
		return widget.Styles{}
	}
	return widget.NewStyles(s.config.ui.theme != "light", false)
}

func (p *diffPrinter) line(indent int, sign, text string) {
	switch sign {
	case "", "@":
		text = "  " + text
	default:
		text = sign + " " + text
	}
	p.write(strings.Repeat("    ", indent))
	p.write(strings.TrimRight(p.style.Cell(widget.Cell{Text: text, Tone: widget.SignTone(sign)}), " "))
	p.write("\n")
}

func (p *diffPrinter) print() error {
	p.write(p.diff.Summary.String() + "\n")
	for _, f := range p.diff.Header {
		p.line(0, "~", f.String())
	}
	if len(p.diff.Entries) > 0 {
		p.write("\n")
	}
	var apart []*model.DiffEntry
	for _, e := range p.diff.Entries {
		if e.Kind == model.DiffMetadata {
			apart = append(apart, e)
			continue
		}
		if err := p.entry(e); err != nil {
			return err
		}
	}
	if len(apart) > 0 {
		p.write("\nIn metadata only (provider, dependencies, schema):\n")
	}
	for _, e := range apart {
		if err := p.entry(e); err != nil {
			return err
		}
	}
	return nil
}

// entry writes one address. Of what came or went as a whole the address says
// enough: show has its attributes. An output has but one value.
func (p *diffPrinter) entry(e *model.DiffEntry) error {
	p.line(0, e.Kind.Sign(), e.Title())
	if !e.Output && (e.Kind == model.DiffAdded || e.Kind == model.DiffRemoved) {
		return nil
	}
	lines, err := p.diff.Lines(e)
	for _, l := range lines {
		p.line(l.Indent, l.Sign, l.Text)
	}
	return err
}
