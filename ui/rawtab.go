package ui

import (
	tea "charm.land/bubbletea/v2"

	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui/widget"
)

// rawTab shows the text of a state, folded.
type rawTab struct {
	*jsonTree
	table []action
}

func newRawTab(h host, body *stateBody) *rawTab {
	t := &rawTab{jsonTree: newJSONTree(h, body.sc, body)}
	t.table = append(t.treeActions(),
		action{keys: []string{"y"}, name: "copy path", help: "copy where the value stands", blocked: t.noRow,
			run: func() tea.Cmd { return t.host.copied("the path", t.path(t.grid.Cursor())) }},
		action{keys: []string{"Y"}, name: "copy CLI", help: "copy the command line that shows the same",
			run: func() tea.Cmd {
				return t.host.copied("the command line", t.host.command(append(t.body.command(), "--raw")...))
			}},
	)
	return t
}

func (t *rawTab) label() string     { return "raw" }
func (t *rawTab) actions() []action { return t.table }

// enter hides again what was shown when the tab was left.
func (t *rawTab) enter() tea.Cmd {
	t.forget()
	return t.body.want()
}

func (t *rawTab) refresh() tea.Cmd { return t.body.load() }
func (t *rawTab) tick() tea.Cmd    { return nil }
func (t *rawTab) wanted() tea.Cmd  { return nil }
func (t *rawTab) outdate()         {}
func (t *rawTab) unfilter() bool   { return t.unsearch() }

func (t *rawTab) status() []widget.Cell {
	if t.body.doc == nil || t.body.busy() {
		return t.body.status()
	}
	return append([]widget.Cell{text(size(int64(len(t.body.doc.Body)))), dim(" · ")}, t.body.status()...)
}

// arrived shows the text, unless its secrets could not be found.
func (t *rawTab) arrived() tea.Cmd {
	doc := t.body.doc
	if doc == nil || t.body.unreadable() && doc.Index.Format != model.FormatEncrypted {
		t.rows, t.doc = nil, nil
		t.show()
		return nil
	}
	if t.doc != nil && len(doc.Body) > 0 && len(t.doc.Body) == len(doc.Body) && &doc.Body[0] == &t.doc.Body[0] {
		t.relearned(doc)
		return nil
	}
	return t.set(doc, doc.Root())
}

func (t *rawTab) resize(w, h int) { t.w, t.h = w, h }

func (t *rawTab) view(st widget.Styles) string {
	var above []string
	if err := t.body.unshown(); err != nil && !(t.doc != nil && t.body.unreadable()) {
		said, next := saidAndNext(err)
		above = append(above, wrapped(st, widget.Bad, "✖ ", said, t.w, 3)...)
		above = append(above, wrapped(st, widget.Plain, "  ", first(next, "ctrl+r tries again."), t.w, 3)...)
	}
	switch {
	case t.body.busy() && t.doc == nil:
		t.grid.Empty = t.body.waiting()
	case t.doc != nil:
		t.grid.Empty = "the state is empty: no bytes at all"
	default:
		t.grid.Empty = ""
	}
	return t.jsonTree.view(st, t.w, t.h, above)
}
