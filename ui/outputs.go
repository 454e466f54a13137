package ui

import (
	tea "charm.land/bubbletea/v2"

	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui/widget"
)

// outputsTab lists the outputs of a state.
type outputsTab struct {
	listPage[outputRow]
	body   *stateBody
	reveal request
	clear  map[string]string // values shown in clear, by name
	table  []action
}

// outputRow is an output as it is shown. Its value is decoded once, for a frame
// must not depend on how large it is.
type outputRow struct {
	entry  model.OutputEntry
	typ    string
	masked string
	hidden bool // something of it is
}

func newOutputsTab(h host, body *stateBody) *outputsTab {
	t := &outputsTab{body: body, clear: map[string]string{}, listPage: newListPage[outputRow](h, "output", body.sc)}
	t.tells = true
	t.detail = t.details
	t.list.id = func(r *outputRow) string { return r.entry.Name }
	t.list.words = func(r *outputRow) string { return r.entry.Name + " " + r.typ }
	t.list.cells = t.cells
	t.list.init([]column[outputRow]{
		{widget.Column{Title: "OUTPUT", Min: 14, Max: 48, Weight: 2, Cut: widget.CutMiddle}, nil},
		{widget.Column{Title: "TYPE", Min: 8, Max: 24, Weight: 1, Drop: 1}, nil},
		{widget.Column{Title: "VALUE", Min: 16, Weight: 4}, nil},
	})
	own := []action{
		{keys: []string{"x"}, name: "reveal", help: "show the value under the cursor in clear, or hide it again; the journal notes that", footer: true,
			turned: t.hides, blocked: t.noSecret, run: t.turnClear},
		{keys: []string{"y"}, name: "copy name", help: "copy the name of the output", footer: true, blocked: t.noRow,
			run: func() tea.Cmd { return t.host.copied("the name", t.list.current().entry.Name) }},
		{keys: []string{"Y"}, name: "copy CLI", help: "copy the command line that shows the same",
			run: func() tea.Cmd { return t.host.copied("the command line", t.host.command(t.body.command()...)) }},
	}
	t.table = append(append(own, filterAction(t.openFilter)), t.movement()...)
	return t
}

func (t *outputsTab) label() string {
	switch {
	case t.body.doc == nil && t.body.fault == nil:
		return "outputs " + signUnread
	case t.body.fault != nil:
		return "outputs " + signUnknown
	case len(t.list.rows) == 0:
		return "outputs " + signNone
	}
	return "outputs " + count(len(t.list.rows))
}

func (t *outputsTab) actions() []action { return t.table }

// enter hides again what was shown when the tab was left.
func (t *outputsTab) enter() tea.Cmd {
	clear(t.clear)
	return t.body.want()
}

func (t *outputsTab) refresh() tea.Cmd      { return t.body.load() }
func (t *outputsTab) tick() tea.Cmd         { return nil }
func (t *outputsTab) outdate()              {}
func (t *outputsTab) status() []widget.Cell { return t.body.status() }

func (t *outputsTab) arrived() tea.Cmd {
	t.err = t.body.unshown()
	clear(t.clear)
	if t.body.doc == nil {
		return nil
	}
	t.list.replace(t.body.outputs, nil)
	return nil
}

func outputRows(doc *model.StateDocument) []outputRow {
	rows := make([]outputRow, 0, len(doc.Index.Outputs))
	for _, o := range doc.Index.Outputs {
		rows = append(rows, newOutputRow(doc, o))
	}
	return rows
}

func newOutputRow(doc *model.StateDocument, o model.OutputEntry) outputRow {
	row := outputRow{entry: o, typ: model.TypeName(o.Type.In(doc.Body))}
	v, err := model.OutputValue(doc.Body, o, doc.Secrets)
	if err != nil { // what was indexed can be decoded
		row.masked, row.hidden = signUnknown, true
		return row
	}
	row.masked = doc.Secrets.Print(v)
	row.hidden = row.masked != v.Clear()
	return row
}

func (t *outputsTab) noSecret() string {
	switch row := t.list.current(); {
	case row == nil:
		return "nothing is selected"
	case !row.hidden:
		return "nothing of this value is hidden"
	}
	return ""
}

// hides is what x does to a value that is shown in clear.
func (t *outputsTab) hides() string {
	row := t.list.current()
	if row == nil {
		return ""
	}
	if _, shown := t.clear[row.entry.Name]; shown {
		return "hide"
	}
	return ""
}

func (t *outputsTab) turnClear() tea.Cmd {
	name := t.list.current().entry.Name
	if _, shown := t.clear[name]; shown {
		delete(t.clear, name)
		return nil
	}
	return t.body.reveal(t.sc, &t.reveal, name)
}

func (t *outputsTab) receive(l letter) tea.Cmd {
	m, ok := l.(answer[revealed])
	if !ok || !t.reveal.current(m) {
		return nil
	}
	t.reveal.end()
	if m.err != nil {
		t.body.refused(m.err)
		return nil
	}
	row := t.list.row(m.value.id)
	if row == nil {
		return nil
	}
	if v, err := model.DecodeValue(t.body.doc.Body, row.entry.Value); err == nil {
		t.clear[row.entry.Name] = bound(v.Clear())
	}
	return nil
}

// value is what a row shows of its value.
func (t *outputsTab) value(r *outputRow) widget.Cell {
	if shown, ok := t.clear[r.entry.Name]; ok {
		return warn(signClear + shown)
	}
	if r.hidden {
		return dim(r.masked)
	}
	return text(r.masked)
}

// signClear stands before a value that is usually hidden.
const signClear = "! "

func (t *outputsTab) cells(r *outputRow, cells []widget.Cell) []widget.Cell {
	return append(cells, text(r.entry.Name), dim(r.typ), t.value(r))
}

func (t *outputsTab) details(st widget.Styles, w, h int) []string {
	row := t.list.current()
	if row == nil {
		return nil
	}
	note := row.entry.Name
	_, shown := t.clear[row.entry.Name]
	switch {
	case shown:
		note += " · shown in clear: x hides it"
	case row.entry.Sensitive:
		note += " · sensitive"
	case row.hidden:
		note += " · holds a secret of this state"
	}
	lines := flow(st, "", []widget.Cell{dim(note)}, w, 1)
	cell := t.value(row)
	cell.Text = bound(cell.Text)
	return append(lines, flow(st, "", []widget.Cell{cell}, w, max(1, h-1))...)
}

func (t *outputsTab) view(st widget.Styles) string {
	t.busy, t.asOf = t.body.shownAs()
	return t.listPage.view(st)
}
