package ui

import (
	"context"
	"fmt"

	tea "charm.land/bubbletea/v2"

	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui/widget"
)

// diffPage shows how two versions of a state differ: by address, and below an
// address that is unfolded by attribute.
type diffPage struct {
	listPage[diffItem]
	backend  model.Backend
	state    string
	old, new model.Version
	table    []action

	come  [2]progressed // of the older and the newer body
	found *loadedDiff
	unfolding
	looking request // for the lines of an entry
}

// diffItem is one line of the page.
type diffItem struct {
	id    string
	kind  diffItemKind
	entry int // of an entry or a line: its place in the diff
	sign  string
	text  string
	depth int
}

type diffItemKind byte

const (
	diffEntryItem diffItemKind = iota
	diffLineItem
	diffApartItem // what folds the entries that differ in metadata alone
)

func newDiffPage(h host, b model.Backend, key string, old, new model.Version) *diffPage {
	p := &diffPage{backend: b, state: key, old: old, new: new, listPage: newListPage[diffItem](h, "difference", &scope{})}
	p.start, p.detail, p.top = p.load, p.details, p.summary
	p.none = "no resource and no output differs" // what else does stands above
	p.list.id = func(i *diffItem) string { return i.id }
	p.list.words = func(i *diffItem) string { return i.text }
	p.list.cells = p.cells
	p.list.init([]column[diffItem]{{widget.Column{Title: "DIFFERENCE", Min: 20, Weight: 1}, nil}})
	p.table = p.actionTable()
	return p
}

// title names the two versions by their serials, where those are known.
func (p *diffPage) title() string { return "diff " + p.versionName(0) + " → " + p.versionName(1) }

func (p *diffPage) versionName(i int) string {
	v := []*model.Version{&p.old, &p.new}[i]
	if p.found != nil {
		if n := p.found.docs[i].Index.Serial; n != nil {
			return fmt.Sprint(*n)
		}
	}
	return first(serialText(v), widget.Middle(safe(v.VersionID), 12))
}

func (p *diffPage) actions() []action { return p.table }

func (p *diffPage) actionTable() []action {
	own := []action{
		{keys: []string{"enter", "right", "l"}, name: "unfold", help: "show what differs at the address, or fold it again", footer: true,
			blocked: p.noRow, run: p.turnRow},
		{keys: []string{"left", "h"}, name: "fold", help: "fold the address that the line belongs to", blocked: p.noRow, run: p.foldRow},
		{keys: []string{"n"}, name: "next change", help: "to the next address", footer: true, blocked: p.noRow,
			run: func() tea.Cmd { return p.step(1) }},
		{keys: []string{"N"}, name: "previous change", help: "to the address before", blocked: p.noRow,
			run: func() tea.Cmd { return p.step(-1) }},
		{keys: []string{"y"}, name: "copy address", help: "copy the address", footer: true, blocked: p.noAddress,
			run: func() tea.Cmd { return p.host.copied("the address", p.entryAt().Name()) }},
		{keys: []string{"Y"}, name: "copy CLI", help: "copy the command line that shows the same", run: p.copyCLI},
	}
	return append(append(own, filterAction(p.openFilter)), p.movement()...)
}

// entryAt is the entry that the cursor is on or in; nil on the fold of metadata.
func (p *diffPage) entryAt() *model.DiffEntry {
	row := p.list.current()
	if row == nil || row.kind == diffApartItem {
		return nil
	}
	return p.found.diff.Entries[row.entry]
}

func (p *diffPage) noAddress() string {
	if p.entryAt() == nil {
		return "no address is selected"
	}
	return ""
}

func (p *diffPage) copyCLI() tea.Cmd {
	args := []string{"diff", p.backend.URL(p.state)}
	if p.old.VersionID != "" && p.new.VersionID != "" {
		args = model.DiffWords(p.backend.URL(p.state), p.old.VersionID, p.new.VersionID)
	}
	return p.host.copied("the command line", p.host.command(args...))
}

// What is shown of two versions does not change by itself.

func (p *diffPage) tick() tea.Cmd { return nil }
func (p *diffPage) outdate()      {}

func (p *diffPage) enter() tea.Cmd {
	if p.found != nil || p.busy && p.listing.alive() {
		return nil
	}
	return p.load()
}

// turnRow unfolds what the cursor is on, or folds it.
func (p *diffPage) turnRow() tea.Cmd {
	row := p.list.current()
	switch {
	case row.kind == diffApartItem:
		p.metadata = !p.metadata
		p.rebuild()
	case row.kind == diffLineItem || p.lines[row.entry] != nil:
		return p.foldRow()
	default:
		return p.unfold(row.entry)
	}
	return nil
}

// foldRow folds the entry that the cursor is on or in, and stays on it.
func (p *diffPage) foldRow() tea.Cmd {
	row := *p.list.current()
	if row.kind == diffApartItem {
		p.metadata = false
	} else {
		delete(p.lines, row.entry)
	}
	p.rebuild()
	if row.kind == diffLineItem {
		p.list.grid.SetCursorByKey(entryID(row.entry))
	}
	return nil
}

// linesRead is what differs at one entry.
type linesRead struct {
	entry int
	lines []model.DiffLine
}

// unfold compares the attributes of one entry, off the update loop.
func (p *diffPage) unfold(entry int) tea.Cmd {
	ctx, at := p.looking.begin(p.sc)
	d := p.found.diff
	return ask(ctx, at, func(context.Context) (linesRead, error) {
		lines, err := entryLines(d, d.Entries[entry])
		return linesRead{entry, lines}, err
	})
}

// entryLines are the lines below an entry: one at least, so that unfolding is seen.
func entryLines(d *model.StateDiff, e *model.DiffEntry) ([]model.DiffLine, error) {
	lines, err := d.Lines(e)
	if len(lines) == 0 && err == nil {
		lines = []model.DiffLine{{Indent: 1, Text: "no attribute differs"}}
	}
	return lines, err
}

// step goes to the next entry, or to the one before.
func (p *diffPage) step(by int) tea.Cmd {
	for i := p.list.grid.Cursor() + by; i >= 0 && i < p.list.len(); i += by {
		if p.list.shown(i).kind != diffLineItem {
			p.list.grid.SetCursor(i)
			return nil
		}
	}
	p.host.tell(widget.Plain, map[int]string{1: "this is the last change", -1: "this is the first change"}[by])
	return nil
}
