package ui

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/stateward/stateward/ui/widget"
)

// palette finds an action by words of its name and runs it.
type palette struct {
	app    *App
	sc     scope
	input  widget.Input
	filter widget.Filter
	table  []action
	shown  []int
	grid   widget.Grid
}

func newPalette(a *App) *palette {
	p := &palette{app: a}
	p.input.Prompt = ": "
	for _, act := range a.table() {
		if !act.moves {
			p.table = append(p.table, act)
		}
	}
	p.grid.SetColumns(
		widget.Column{Title: "COMMAND", Min: 12, Max: 16},
		widget.Column{Title: "KEY", Min: 6, Max: 14, Drop: 1},
		widget.Column{Title: "WHAT IT DOES", Min: 16, Weight: 1},
	)
	p.grid.Empty = "no command has these words"
	p.search("")
	return p
}

func (p *palette) scope() *scope { return &p.sc }

func (p *palette) open() tea.Cmd          { return nil }
func (p *palette) tick() tea.Cmd          { return nil }
func (p *palette) receive(letter) tea.Cmd { return nil }

func (p *palette) actions() []action {
	return []action{
		{keys: []string{"enter"}, name: "run", help: "run the command under the cursor"},
		{keys: []string{"up", "down"}, name: "choose", help: "move to another command"},
		{keys: []string{"esc", "ctrl+c"}, name: "close", help: "back to the page"},
	}
}

// search keeps the actions that have all words.
func (p *palette) search(query string) {
	p.filter.Set(query)
	p.shown = p.filter.Apply(len(p.table), func(i int) string { return p.table[i].name + " " + p.table[i].help }, nil)
	p.grid.SetRows(len(p.shown), p.row, func(i int) string { return p.table[p.shown[i]].name })
	p.grid.Home()
}

func (p *palette) row(i int) []widget.Cell {
	a := p.table[p.shown[i]]
	if why := a.why(p.app.o.ReadOnly); why != "" {
		return []widget.Cell{dim(a.name), dim(a.keyNames()), dim("not now: " + why)}
	}
	return []widget.Cell{text(a.name), dim(a.keyNames()), text(a.help)}
}

func (p *palette) key(msg tea.KeyPressMsg) (tea.Cmd, bool) {
	switch msg.Keystroke() {
	case "esc", "ctrl+c":
		return nil, true
	case "up":
		p.grid.Move(-1)
	case "down", "tab":
		p.grid.Move(1)
	case "enter":
		i := p.grid.Cursor()
		if i < 0 {
			return nil, false
		}
		return p.app.perform(p.table[p.shown[i]]), true
	default:
		if p.input.Key(msg) {
			p.search(p.input.Value())
		}
	}
	return nil, false
}

func (p *palette) paste(msg tea.PasteMsg) {
	p.input.Paste(msg)
	p.search(p.input.Value())
}

func (p *palette) view(st widget.Styles, w, h int) string {
	w = min(w, 80)
	inner := w - widget.BoxFrameWidth
	p.grid.SetSize(inner, max(2, min(len(p.table)+1, h-widget.BoxFrameHeight-3)))
	lines := []string{p.input.View(inner, st), p.grid.View(st), widget.Justify("", st.Dim.Render("⏎ runs   esc closes"), inner)}
	return widget.Box("Commands", strings.Join(lines, "\n"), w, 0, st)
}
