package ui

import (
	"context"
	"errors"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui/widget"
)

// journalPage lists the operations that the journal knows of.
type journalPage struct {
	listPage[journalOp]
	table []action
}

func newJournalPage(h host) *journalPage {
	p := &journalPage{listPage: newListPage[journalOp](h, "operation", &scope{})}
	p.start, p.detail, p.tall = p.relist, p.details, 2*maxDetail
	p.list.id = func(o *journalOp) string { return o.id }
	p.list.words = func(o *journalOp) string {
		return strings.Join([]string{string(o.operation), o.state, o.by, o.outcomeCell().Text, o.reason, o.message, o.id}, " ")
	}
	p.list.cells = p.cells
	p.list.wide = 2
	p.list.init(journalColumns())
	own := append([]action{
		{keys: []string{"enter"}, name: "entry", help: "all that the journal has of the operation", footer: true,
			blocked: p.noRow, run: func() tea.Cmd { return h.push(newEntryPage(h, *p.list.current())) }},
	}, journalActions(h, p.chosen)...)
	p.table = append(append(own, p.listActions()...), p.movement()...)
	return p
}

// journalActions are what can be done with operations of the journal.
func journalActions(h host, chosen func() []*journalOp) []action {
	return []action{
		{keys: []string{"y"}, name: "copy ID", help: "copy the ID of the operation, or of those marked", footer: true,
			blocked: func() string { return noOperation(chosen()) },
			run: func() tea.Cmd {
				ids := each(chosen(), func(o *journalOp) string { return o.id })
				return h.copied(plural(len(ids), "operation ID"), ids...)
			}},
		{keys: []string{"Y"}, name: "copy undo", help: "copy the command that takes the operation back", footer: true,
			blocked: func() string { return noUndo(chosen()) },
			run: func() tea.Cmd {
				return h.copiedCommands("the command that takes it back", each(chosen(), func(o *journalOp) string { return o.undo })...)
			}},
	}
}

// each is what f says of the operations, as far as it says anything.
func each(ops []*journalOp, f func(*journalOp) string) []string {
	var all []string
	for _, o := range ops {
		if s := f(o); s != "" {
			all = append(all, s)
		}
	}
	return all
}

func noOperation(ops []*journalOp) string {
	if len(ops) == 0 {
		return "nothing is selected"
	}
	return ""
}

func noUndo(ops []*journalOp) string {
	switch {
	case len(ops) == 0:
		return "nothing is selected"
	case len(each(ops, func(o *journalOp) string { return o.undo })) == 0:
		return "the journal names no command that takes it back"
	}
	return ""
}

func journalColumns() []column[journalOp] {
	return []column[journalOp]{
		{widget.Column{Title: "WHEN", Min: 6, Right: true},
			func(a, b *journalOp) int { return b.began.Compare(a.began) }},
		{widget.Column{Title: "OPERATION", Min: 9},
			func(a, b *journalOp) int { return strings.Compare(string(a.operation), string(b.operation)) }},
		{widget.Column{Title: "STATE", Min: 16, Max: 100, Weight: 1, Cut: widget.CutMiddle},
			func(a, b *journalOp) int { return strings.Compare(a.state, b.state) }},
		{widget.Column{Title: "BY", Min: 14, Drop: 1},
			func(a, b *journalOp) int { return strings.Compare(a.by, b.by) }},
		{widget.Column{Title: "OUTCOME", Min: 14},
			func(a, b *journalOp) int { return strings.Compare(a.outcomeCell().Text, b.outcomeCell().Text) }},
	}
}

func (p *journalPage) title() string { return "Journal" }

func (p *journalPage) actions() []action { return p.table }

func (p *journalPage) relist() tea.Cmd {
	ctx, at := p.begin()
	return readOperations(ctx, at, p.host.journal())
}

// readOperations reads the journal off the update loop.
func readOperations(ctx context.Context, at address, read journalReader) tea.Cmd {
	return ask(ctx, at, func(ctx context.Context) ([]journalOp, error) {
		if read == nil {
			return nil, &model.Failure{Tried: "reading the journal", Cause: errors.New("this program keeps none")}
		}
		entries, err := read(ctx)
		if err != nil {
			err = &model.Failure{Tried: "reading the journal", Cause: err,
				Next: "Make the file readable, or name another with --journal FILE; ctrl+r tries again."}
		}
		return foldJournal(entries), err
	})
}

func (p *journalPage) receive(l letter) tea.Cmd {
	m, ok := l.(answer[[]journalOp])
	if !ok || !p.listing.current(m) {
		return nil
	}
	if m.err != nil && len(m.value) > 0 { // not all of it could be read
		p.reading = []string{m.err.Error()}
		m.err = nil
	}
	p.arrived(m.value)
	p.ended(m.err)
	return nil
}

func (p *journalPage) cells(o *journalOp, cells []widget.Cell) []widget.Cell {
	state := strings.TrimPrefix(o.state, "s3://")
	return append(cells, text(ago(p.host.now(), o.began)), orNone(string(o.operation)),
		text(shortKey(state, p.list.room)), orNone(o.by), o.outcomeCell())
}

func (p *journalPage) details(st widget.Styles, w, h int) []string {
	o := p.list.current()
	if o == nil {
		return nil
	}
	lines := flow(st, "", []widget.Cell{text(o.state), text(absolute(o.began)), dim("by " + o.by), dim("ID " + o.id)}, w, 2)
	account := o.account()
	for _, rows := range []int{h, 3, 2} { // each line in full where there is room for that
		about := aboutLines(st, account, w, rows)
		if len(lines)+len(about) <= h || rows == 2 {
			return clipLines(append(lines, about...), w, h)
		}
	}
	return lines
}

// aboutLines is an account with each of its lines on at most rows lines.
func aboutLines(st widget.Styles, account []journalLine, w, rows int) []string {
	var all []string
	for _, l := range account {
		lines := labelled(st, l.label, l.text, l.tone, 10, max(1, w-1))
		for i := range lines {
			lines[i] = " " + strings.TrimRight(lines[i], " ")
		}
		all = append(all, clipLines(lines, w, rows)...)
	}
	return all
}
