package ui

import (
	"context"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui/widget"
)

// resourcesTab shows the resources of a state as a tree of modules.
type resourcesTab struct {
	listPage[treeRow]
	body    *stateBody
	counted func() model.Fact[int] // what is known of the state without its body
	table   []action

	turned  map[string]bool // rows that are not open or closed as they are by default
	objects map[int][]model.InstanceEntry
	looking request // for the objects of a resource
	seeking string  // an address to put the cursor on
	flat    bool    // a filter is on: rows stand under their full address
}

// manyInstances is how many instances a state has at most whose modules are
// unfolded from the start.
const manyInstances = 200

func newResourcesTab(h host, body *stateBody, counted func() model.Fact[int]) *resourcesTab {
	t := &resourcesTab{body: body, counted: counted, listPage: newListPage[treeRow](h, "resource", body.sc)}
	t.detail = t.details
	t.list.id = func(r *treeRow) string { return r.id }
	t.list.words = t.words
	t.list.cells = t.cells
	t.list.init([]column[treeRow]{
		{widget.Column{Title: "RESOURCE", Min: 24, Weight: 3, Cut: widget.CutMiddle}, nil},
		{widget.Column{Title: "COUNT", Min: 5, Right: true}, nil},
		{widget.Column{Title: "NOTE", Min: 12, Max: 28, Weight: 1, Drop: 1}, nil},
	})
	t.table = t.actionTable()
	return t
}

func (t *resourcesTab) words(r *treeRow) string {
	return r.label
}

func (t *resourcesTab) label() string { return "resources " + t.number() }

func (t *resourcesTab) number() string {
	if t.body.doc != nil && t.body.fault == nil {
		return count(t.body.doc.Index.ResourceCount())
	}
	return factCell(t.counted(), func(n int) widget.Cell { return text(count(n)) }).Text
}

func (t *resourcesTab) actions() []action { return t.table }

func (t *resourcesTab) actionTable() []action {
	own := []action{
		{keys: []string{"enter"}, name: "open", help: "open the attributes of an instance; fold or unfold a module", footer: true,
			blocked: t.noRow, run: t.openRow},
		{keys: []string{"right", "l"}, name: "unfold", help: "unfold the module or the resource", blocked: t.noRow,
			run: func() tea.Cmd { return t.fold(true) }},
		{keys: []string{"left", "h"}, name: "fold", help: "fold the module or the resource, or the one around it", blocked: t.noRow,
			run: func() tea.Cmd { return t.fold(false) }},
		{keys: []string{"y"}, name: "copy address", help: "copy the address", footer: true, blocked: t.noRow,
			run: func() tea.Cmd { return t.host.copied("the address", t.address(t.list.current())) }},
		{keys: []string{"Y"}, name: "copy CLI", help: "copy the command line that shows the same", run: t.copyCLI},
	}
	return append(append(own, filterAction(t.openFilter)), t.movement()...)
}

// filterAction is the filter of a list whose rows have one order only.
func filterAction(run func() tea.Cmd) action {
	return action{keys: []string{"/"}, name: "filter", footer: true,
		help: "keep rows with all words typed; !word keeps those without it", run: run}
}

func (t *resourcesTab) copyCLI() tea.Cmd {
	args := t.body.command()
	if row := t.list.current(); row != nil && row.kind != moduleRow {
		args = append(args, "--resource", t.address(row))
	}
	return t.host.copied("the command line", t.host.command(args...))
}

// command is the command line that shows this version.
func (s *stateBody) command() []string {
	args := []string{"show", s.backend.URL(s.key)}
	if s.versionID != "" {
		args = append(args, "--version-id", s.versionID)
	}
	return args
}

// address is what a row stands for.
func (t *resourcesTab) address(r *treeRow) string {
	switch r.kind {
	case objectRow:
		return r.object.Address
	case resourceRow:
		return t.body.tree.index.Resource(r.resource).Address
	default:
		return t.body.tree.modules[r.module].address
	}
}

func (t *resourcesTab) enter() tea.Cmd   { return t.body.want() }
func (t *resourcesTab) refresh() tea.Cmd { return t.body.load() }
func (t *resourcesTab) tick() tea.Cmd    { return nil }
func (t *resourcesTab) outdate()         {}

func (t *resourcesTab) status() []widget.Cell {
	cells := t.body.status()
	if t.list.filter.Active() {
		cells = append([]widget.Cell{text(count(t.list.len()) + " of " + count(len(t.list.rows)) + " · ")}, cells...)
	}
	return cells
}

// arrived shows another document. Modules that were open stay so.
func (t *resourcesTab) arrived() tea.Cmd {
	t.err = t.body.unshown()
	t.asOf = t.body.asOf
	t.looking.end()
	if t.body.tree == nil {
		return nil
	}
	t.objects = t.body.tree.objects
	for id := range t.turned {
		if id[0] != 'm' {
			delete(t.turned, id) // its objects are others now, and not read yet
		}
	}
	t.rebuild()
	return t.seekNow()
}

// isOpen reports whether a row is unfolded: modules of a small state are from
// the start, resources only on request.
func (t *resourcesTab) isOpen(id string) bool {
	usual := id[0] == 'm' && t.body.tree.modules[0].sums.instances <= manyInstances
	return usual != t.turned[id]
}

func (t *resourcesTab) rebuild() {
	t.flat = t.list.filter.Active()
	rows := []treeRow(nil)
	if t.flat {
		rows = t.body.tree.flat(t.objects)
	} else {
		rows = t.body.tree.unfolded(t.isOpen, t.objects)
	}
	t.list.replace(rows, nil)
}

// refilter changes between the tree and the flat rows of a filter.
func (t *resourcesTab) refilter() {
	if t.body.tree != nil && t.flat != t.list.filter.Active() {
		t.rebuild()
	}
}

func (t *resourcesTab) key(msg tea.KeyPressMsg) (tea.Cmd, bool) {
	cmd, used := t.listPage.key(msg)
	t.refilter()
	return cmd, used
}

func (t *resourcesTab) paste(msg tea.PasteMsg) {
	t.listPage.paste(msg)
	t.refilter()
}

func (t *resourcesTab) unfilter() bool {
	was := t.listPage.unfilter()
	t.refilter()
	return was
}

// openRow opens what the cursor is on.
func (t *resourcesTab) openRow() tea.Cmd {
	row := *t.list.current()
	switch {
	case row.kind == objectRow:
		return t.openObject(row.object)
	case row.kind == moduleRow:
		return t.toggle(row.id)
	case row.sums.instances+row.sums.deposed == 1 || t.flat:
		return t.readObjects(row.resource, true)
	default:
		return t.toggle(row.id)
	}
}

func (t *resourcesTab) openObject(o model.InstanceEntry) tea.Cmd {
	return t.host.push(newInstancePage(t.host, t.body, o))
}

func (t *resourcesTab) toggle(id string) tea.Cmd {
	if t.turned == nil {
		t.turned = map[string]bool{}
	}
	t.turned[id] = !t.turned[id]
	row := t.list.row(id)
	if row.kind == resourceRow && t.isOpen(id) && t.objects[row.resource] == nil {
		return t.readObjects(row.resource, false)
	}
	t.rebuild()
	return nil
}

// fold opens or closes the row; closing what is closed goes to what is around it.
func (t *resourcesTab) fold(open bool) tea.Cmd {
	row := t.list.current()
	switch {
	case t.flat:
		return nil
	case row.kind != objectRow && t.isOpen(row.id) != open && (row.kind == moduleRow || row.sums.instances+row.sums.deposed > 0):
		return t.toggle(row.id)
	case !open:
		t.list.grid.SetCursorByKey(t.around(row))
	}
	return nil
}

func (t *resourcesTab) around(r *treeRow) string {
	tree := t.body.tree
	switch r.kind {
	case objectRow:
		return resourceID(r.resource)
	case resourceRow:
		return moduleID(tree.index.Resource(r.resource).Module)
	default:
		if above := tree.modules[r.module].above; above >= 0 {
			return moduleID(tree.modules[above].address)
		}
		return ""
	}
}

// objectsRead is what a resource holds.
type objectsRead struct {
	resource int
	open     bool // show the only one
	objects  []model.InstanceEntry
}

// readObjects reads the objects of a resource, which may be large.
func (t *resourcesTab) readObjects(i int, open bool) tea.Cmd {
	ctx, at := t.looking.begin(t.sc)
	doc := t.body.doc
	return ask(ctx, at, func(context.Context) (objectsRead, error) {
		objects, err := doc.Index.Instances(doc.Body, i)
		return objectsRead{i, open, objects}, err
	})
}

func (t *resourcesTab) receive(l letter) tea.Cmd {
	m, ok := l.(answer[objectsRead])
	if !ok || !t.looking.current(m) {
		return nil
	}
	if m.err != nil {
		t.host.tell(widget.Bad, m.err.Error())
		return nil
	}
	t.objects[m.value.resource] = m.value.objects
	if m.value.open && len(m.value.objects) == 1 {
		return t.openObject(m.value.objects[0])
	}
	return t.unfoldObjects(m.value)
}

// unfoldObjects shows the objects of a resource below it, out of a filter too.
func (t *resourcesTab) unfoldObjects(m objectsRead) tea.Cmd {
	if m.open { // asked for in the flat list, where nothing can be unfolded
		t.seeking = t.body.tree.index.Resource(m.resource).Address
		t.clearFilter()
		t.unfoldTo(m.resource)
		t.turn(resourceID(m.resource), true)
	}
	t.rebuild()
	return t.seekNow()
}

func (t *resourcesTab) turn(id string, open bool) {
	if t.turned == nil {
		t.turned = map[string]bool{}
	}
	if t.isOpen(id) != open {
		t.turned[id] = !t.turned[id]
	}
}

// unfoldTo opens the modules around a resource.
func (t *resourcesTab) unfoldTo(i int) {
	tree := t.body.tree
	for m := tree.at[tree.index.Resource(i).Module]; m > 0; m = tree.modules[m].above {
		t.turn(moduleID(tree.modules[m].address), true)
	}
}

// seek puts the cursor on an address as soon as the body is there.
func (t *resourcesTab) seek(address string) { t.seeking = address }

func (t *resourcesTab) seekNow() tea.Cmd {
	if t.seeking == "" || t.body.tree == nil {
		return nil
	}
	for i, e := range t.body.tree.index.Resources() {
		if e.Address == t.seeking || strings.HasPrefix(t.seeking, e.Address+"[") {
			return t.seekResource(i, e.Address)
		}
	}
	t.host.tell(widget.Warn, "there is no "+t.seeking+" in this version")
	t.seeking = ""
	return nil
}

func (t *resourcesTab) seekResource(i int, address string) tea.Cmd {
	t.unfoldTo(i)
	if t.seeking == address {
		t.seeking = ""
		t.rebuild()
		t.list.grid.SetCursorByKey(resourceID(i))
		return nil
	}
	t.turn(resourceID(i), true)
	if t.objects[i] == nil {
		return t.readObjects(i, false)
	}
	t.rebuild()
	id := resourceID(i)
	for n, o := range t.objects[i] {
		if o.Address == t.seeking {
			id = objectID(i, n)
			break
		}
	}
	t.seeking = ""
	t.list.grid.SetCursorByKey(id)
	return nil
}
