package ui

import (
	"strings"

	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui/widget"
)

func (p *diffPage) cells(i *diffItem, cells []widget.Cell) []widget.Cell {
	sign := i.sign
	if sign == "" || sign == "@" {
		sign = " "
	}
	line := strings.Repeat("  ", i.depth) + p.foldSign(i) + sign + " " + i.text
	return append(cells, widget.Cell{Text: bound(line), Tone: widget.SignTone(i.sign)})
}

// foldSign tells what is behind a line.
func (p *diffPage) foldSign(i *diffItem) string {
	switch {
	case i.kind == diffLineItem:
		return "  "
	case i.kind == diffApartItem && p.metadata, i.kind == diffEntryItem && p.lines[i.entry] != nil:
		return "▾ "
	}
	return "▸ "
}

// status is what is being read, else what the filter leaves.
func (p *diffPage) status() []widget.Cell {
	switch {
	case p.busy:
	case p.err != nil:
		return []widget.Cell{bad("✖ ")}
	case p.list.filter.Active():
		return []widget.Cell{text(count(p.list.len()) + " of " + plural(len(p.list.rows), "line") + " ")}
	default:
		return nil
	}
	read := p.come[0].read.Load() + p.come[1].read.Load()
	total := p.come[0].total.Load() + p.come[1].total.Load()
	waiting := "reading…"
	switch {
	case total > 0 && read >= total:
		waiting = "comparing " + size(total) + "…"
	case total > 0:
		waiting = "reading " + size(read) + " of " + size(total) + "…"
	}
	return []widget.Cell{dim(waiting), {Text: " ↻", Tone: widget.Accent}}
}

// summary stands above the lines: what differs in numbers, then in the header.
func (p *diffPage) summary(st widget.Styles, w int) []string {
	if p.found == nil {
		return nil
	}
	d := p.found.diff
	lines := []string{" " + st.Strong.Render(widget.Truncate(safe(d.Summary.String()), max(1, w-2)))}
	var parts []widget.Cell
	for _, f := range d.Header {
		parts = append(parts, headerField(f))
	}
	for _, n := range d.Notes {
		parts = append(parts, warn("▲ "+n))
	}
	if len(parts) == 0 {
		return lines
	}
	return append(lines, flow(st, "", parts, w, 3)...)
}

// headerField is a fact of the header that differs. Another lineage is another
// state: nothing that differs otherwise matters as much.
func headerField(f model.DiffField) widget.Cell {
	switch f.Name {
	case "lineage":
		return bad("✖ " + f.String())
	case "serial":
		return dim(f.String())
	}
	return text(f.String())
}

// details is the line under the cursor in full.
func (p *diffPage) details(st widget.Styles, w, h int) []string {
	row := p.list.current()
	if row == nil {
		return nil
	}
	if e := p.entryAt(); e != nil && row.kind == diffLineItem {
		lines := flow(st, "", []widget.Cell{dim(e.Address)}, w, 1)
		return append(lines, flow(st, "", []widget.Cell{{Text: ends(row.text, detailBytes), Tone: widget.SignTone(row.sign)}}, w, max(1, min(h, 6)-1))...)
	}
	return flow(st, "", []widget.Cell{{Text: ends(row.text, detailBytes)}}, w, min(h, 3))
}
