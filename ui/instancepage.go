package ui

import (
	tea "charm.land/bubbletea/v2"

	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui/widget"
)

// instancePage shows the attributes of one object of a resource, folded. They
// are those of the version that was opened, and do not change.
type instancePage struct {
	*jsonTree
	sc     *scope
	object model.InstanceEntry
	doc    *model.StateDocument
	table  []action
}

func newInstancePage(h host, body *stateBody, o model.InstanceEntry) *instancePage {
	sc := &scope{}
	own := *body // as it is now: the state page may read another version meanwhile
	p := &instancePage{sc: sc, object: o, doc: body.doc, jsonTree: newJSONTree(h, sc, &own)}
	p.table = append(p.treeActions(),
		action{keys: []string{"y"}, name: "copy address", help: "copy the address of the instance", footer: true,
			run: func() tea.Cmd { return h.copied("the address", p.object.Address) }},
		action{keys: []string{"Y"}, name: "copy CLI", help: "copy the command line that shows the same",
			run: func() tea.Cmd {
				return h.copied("the command line", h.command(append(p.body.command(), "--resource", p.object.Address)...))
			}},
	)
	return p
}

func (p *instancePage) scope() *scope { return p.sc }

func (p *instancePage) title() string { return p.object.Address }

func (p *instancePage) status() []widget.Cell {
	var cells []widget.Cell
	if p.object.Tainted {
		cells = append(cells, warn("▲ tainted  "))
	}
	if p.object.Deposed != "" {
		cells = append(cells, warn("▲ deposed "+p.object.Deposed+"  "))
	}
	if p.body.versionID != "" { // the way to the page names the version
		return cells
	}
	return append(cells, serialWords(p.doc)...)
}

// serialWords names the version that a document is of.
func serialWords(doc *model.StateDocument) []widget.Cell {
	if doc == nil {
		return nil
	}
	if s := doc.Index.Serial; s != nil {
		return []widget.Cell{dim("serial "), serialCell(doc.Index.StateHeader), text(" ")}
	}
	return nil
}

func (p *instancePage) actions() []action { return p.table }

// enter unfolds the attributes, and hides again what was shown when the page
// was left.
func (p *instancePage) enter() tea.Cmd {
	p.doc = p.host.fleet().taught(p.body.backend.URL(p.body.key), p.doc)
	p.forget()
	if p.jsonTree.doc != nil {
		p.relearned(p.doc)
	}
	if p.jsonTree.doc == nil && p.doc != nil && p.object.Attributes.Len() > 0 {
		return p.set(p.doc, p.object.Attributes)
	}
	return nil
}

func (p *instancePage) refresh() tea.Cmd { return nil }
func (p *instancePage) outdate()         {}
func (p *instancePage) tick() tea.Cmd    { return nil }
func (p *instancePage) wanted() tea.Cmd  { return nil }
func (p *instancePage) unfilter() bool   { return p.unsearch() }
func (p *instancePage) resize(w, h int)  { p.w, p.h = w, h }

func (p *instancePage) view(st widget.Styles) string {
	p.grid.Empty = "no attributes"
	return p.jsonTree.view(st, p.w, p.h, nil)
}
