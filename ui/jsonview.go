package ui

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui/widget"
)

// cellBytes is how much of a text a line shows at most: no screen is wider.
const cellBytes = 512

// detailBytes is how much of a value the detail below the lines shows.
const detailBytes = 4 << 10

func (t *jsonTree) cells(i int) []widget.Cell {
	r := &t.rows[i]
	sign := "  "
	if t.folds(r) {
		sign = "▸ "
		if r.open {
			sign = "▾ "
		}
	}
	name := strings.Repeat("  ", int(r.depth)) + sign + t.name(r)
	return []widget.Cell{{Text: name}, t.value(r, cellBytes)}
}

func (t *jsonTree) name(r *jsonRow) string {
	if r.Name.Len() > 0 {
		return t.doc.NameOf(r.Node)
	}
	return t.step(r)
}

// value is what a row shows of its value.
func (t *jsonTree) value(r *jsonRow, most int) widget.Cell {
	kind, shown := t.doc.Kind(r.Value), t.isClear(r.Value)
	switch {
	case !shown && t.doc.IsSecret(r.Value):
		return dim(model.Hidden)
	case kind == model.ObjectValue || kind == model.ListValue:
		return t.summary(r, kind)
	case shown:
		return warn(signClear + ends(t.quoted(kind, t.doc.Clear(r.Value)), most))
	}
	masked := t.text(kind, r.Value, most)
	if kind == model.NullValue {
		return dim(masked)
	}
	return text(masked)
}

// text is about the first most bytes of a scalar; what is cut off is told.
func (t *jsonTree) text(kind model.ValueKind, where model.Span, most int) string {
	shown, whole := t.doc.Text(where, most)
	if !whole {
		shown += "…"
	}
	return t.quoted(kind, shown)
}

func (t *jsonTree) quoted(kind model.ValueKind, text string) string {
	if kind == model.StringValue {
		return `"` + text + `"`
	}
	return text
}

// summary tells what is in a value that is folded: how much, and its first
// plain parts.
func (t *jsonTree) summary(r *jsonRow, kind model.ValueKind) widget.Cell {
	noun, open := "item", "["
	if kind == model.ObjectValue {
		noun, open = "key", "{"
	}
	switch {
	case r.Value.Len() <= 2:
		return dim(map[string]string{"[": "[]", "{": "{}"}[open])
	case r.Value.Len() > summedBytes:
		return dim(size(r.Value.Len()))
	}
	parts := t.doc.Parts(r.Value)
	if len(parts) == 0 {
		return dim(map[string]string{"[": "[]", "{": "{}"}[open])
	}
	line := plural(len(parts), noun)
	if !r.open {
		line += t.preview(parts)
	}
	return dim(line)
}

// summedBytes is how much text is counted for every frame.
const summedBytes = 32 << 10

// preview is the first parts that have none themselves.
func (t *jsonTree) preview(parts []model.Node) string {
	var b strings.Builder
	for _, p := range parts {
		if b.Len() > 120 {
			break
		}
		kind := t.doc.Kind(p.Value)
		if kind == model.ObjectValue || kind == model.ListValue {
			continue
		}
		b.WriteString("  ")
		if p.Name.Len() > 0 {
			b.WriteString(t.doc.NameOf(p) + " ")
		}
		if t.doc.IsSecret(p.Value) {
			b.WriteString(model.Hidden)
			continue
		}
		b.WriteString(t.text(kind, p.Value, 40))
	}
	return b.String()
}

// details is the value under the cursor in full, as far as it fits.
func (t *jsonTree) details(st widget.Styles, w, h int) []string {
	r := t.current()
	if r == nil || h <= 0 {
		return nil
	}
	lines := flow(st, "", t.about(r), w, 1)
	cell := t.value(r, detailBytes)
	if kind := t.doc.Kind(r.Value); kind != model.ObjectValue && kind != model.ListValue && cell.Tone != widget.Dim && h > 1 {
		lines = append(lines, flow(st, "", []widget.Cell{cell}, w, h-1)...)
	}
	return lines
}

func (t *jsonTree) about(r *jsonRow) []widget.Cell {
	parts := []widget.Cell{{Text: t.path(t.grid.Cursor())}}
	switch {
	case t.clear[r.Value.Start] > 0:
		parts = append(parts, warn("shown in clear: x hides it"))
	case t.doc.HasSecrets(r.Value) && !t.isClear(r.Value):
		parts = append(parts, dim("x reveals it"))
	}
	return parts
}

// view draws the lines and, where there is room, the detail below them.
func (t *jsonTree) view(st widget.Styles, w, h int, above []string) string {
	if t.typing || t.query != "" {
		above = append(above, t.searchLine(st, w))
	}
	room := 0
	switch {
	case h >= 14:
		room = min(6, h/3)
	case h >= 8:
		room = 1
	}
	var below []string
	if t.doc != nil {
		below = t.details(st, w, room)
	}
	if len(below) > 0 && h >= 14 {
		below = append([]string{""}, below...)
	}
	for len(below) < room+1 && h >= 14 && t.doc != nil {
		below = append(below, "") // the lines must not jump with every row
	}
	t.grid.SetSize(w, max(2, h-len(above)-len(below)))
	lines := append(above, t.grid.View(st))
	return widget.FitBlock(strings.Join(append(lines, below...), "\n"), w, h)
}

// treeActions are what every folded text can do.
func (t *jsonTree) treeActions() []action {
	move := func(f func(*widget.Grid)) func() tea.Cmd {
		return func() tea.Cmd {
			f(&t.grid)
			return nil
		}
	}
	return []action{
		{keys: []string{"enter"}, name: "fold", help: "unfold the value, or fold it", footer: true, blocked: t.noRow, run: t.turn},
		{keys: []string{"right", "l"}, name: "unfold", help: "unfold the value", blocked: t.noRow, run: t.right},
		{keys: []string{"left", "h"}, name: "fold or out", help: "fold the value, or go to the one that it is part of", blocked: t.noRow, run: t.left},
		{keys: []string{"x"}, name: "reveal", help: "show the value under the cursor in clear, or hide it again; the journal notes that", footer: true,
			turned: t.hides, blocked: t.noSecret, run: t.turnClear},
		{keys: []string{"/"}, name: "search", help: "search the text; what is hidden is not found", footer: true, blocked: t.noRow, run: t.openSearch},
		{keys: []string{"n"}, name: "next", help: "to the next place that has what was searched for", blocked: t.noQuery,
			run: func() tea.Cmd { return t.search(true) }},
		{keys: []string{"N"}, name: "previous", help: "to the place before", blocked: t.noQuery,
			run: func() tea.Cmd { return t.search(false) }},
		{keys: []string{"up", "k"}, name: "up", help: "one row up", moves: true, run: move(func(g *widget.Grid) { g.Move(-1) })},
		{keys: []string{"down", "j"}, name: "down", help: "one row down", moves: true, run: move(func(g *widget.Grid) { g.Move(1) })},
		{keys: []string{"pgup", "ctrl+b"}, name: "page up", help: "one screen up", moves: true, run: move(func(g *widget.Grid) { g.Page(-1) })},
		{keys: []string{"pgdown", "ctrl+f"}, name: "page down", help: "one screen down", moves: true, run: move(func(g *widget.Grid) { g.Page(1) })},
		{keys: []string{"g", "home"}, name: "top", help: "to the first row", moves: true, run: move((*widget.Grid).Home)},
		{keys: []string{"G", "end"}, name: "bottom", help: "to the last row", moves: true, run: move((*widget.Grid).End)},
	}
}
