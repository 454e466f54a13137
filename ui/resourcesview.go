package ui

import (
	"strconv"
	"strings"

	"github.com/stateward/stateward/ui/widget"
)

func (t *resourcesTab) cells(r *treeRow, cells []widget.Cell) []widget.Cell {
	name := text(strings.Repeat("  ", r.depth) + t.foldSign(r) + r.label)
	if r.kind == moduleRow {
		name.Tone = widget.Accent
	}
	number := text(count(r.sums.instances))
	if r.kind == objectRow {
		number = text("")
	}
	return append(cells, name, number, sumsNote(r.sums, r.kind == objectRow))
}

// foldSign tells what is behind a row.
func (t *resourcesTab) foldSign(r *treeRow) string {
	switch {
	case t.flat:
		return ""
	case r.kind == objectRow || r.kind == resourceRow && r.sums.instances+r.sums.deposed <= 1:
		return "  "
	case t.isOpen(r.id):
		return "▾ "
	}
	return "▸ "
}

// sumsNote says what is particular about the instances of a row.
func sumsNote(s sums, one bool) widget.Cell {
	var notes []string
	for _, n := range []struct {
		n    int
		word string
	}{{s.tainted, "tainted"}, {s.deposed, "deposed"}} {
		switch {
		case n.n > 0 && one:
			notes = append(notes, n.word)
		case n.n > 0:
			notes = append(notes, strconv.Itoa(n.n)+" "+n.word)
		}
	}
	if len(notes) == 0 {
		return text("")
	}
	return warn("▲ " + strings.Join(notes, ", "))
}

func (t *resourcesTab) details(st widget.Styles, w, h int) []string {
	row := t.list.current()
	if row == nil || t.body.tree == nil {
		return nil
	}
	parts := []widget.Cell{}
	if row.kind != moduleRow {
		e := t.body.tree.index.Resource(row.resource)
		instances := plural(e.Instances, "instance")
		if row.kind == objectRow && row.object.Deposed == "" {
			instances = "one of " + instances
		}
		parts = append(parts, text(instances), dim(providerName(e.Provider)))
	} else {
		parts = append(parts, text(plural(row.sums.instances, "instance")))
	}
	if note := sumsNote(row.sums, row.kind == objectRow); note.Text != "" {
		note.Text = strings.TrimSpace(note.Text + " " + row.object.Deposed)
		parts = append(parts, note)
	}
	lines := flow(st, "", []widget.Cell{{Text: t.address(row)}}, w, 2)
	return append(lines, flow(st, "", parts, w, max(1, min(h, 4)-len(lines)))...)
}

// providerName is the address of a provider without what every one has round it.
func providerName(p string) string {
	return strings.TrimSuffix(strings.TrimPrefix(p, `provider["`), `"]`)
}

func (t *resourcesTab) view(st widget.Styles) string {
	t.busy, t.asOf = t.body.shownAs()
	return t.listPage.view(st)
}
