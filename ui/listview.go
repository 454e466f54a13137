package ui

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/stateward/stateward/ui/widget"
)

func (p *listPage[T]) resize(w, h int) {
	p.w, p.h = w, h
	p.list.setSize(w, max(2, h))
}

// maxDetail is the most lines that the detail of a row takes as a rule.
const maxDetail = 10

// detailHeight is the room for the detail of a row: a third of the page, and
// what the rows leave free. Lines of the page that are taken count as rows.
func (p *listPage[T]) detailHeight(taken int) int {
	switch {
	case p.h < 8:
		return 0
	case p.h < 14:
		return 2
	}
	free := p.h - taken - p.list.len() - 2
	most := maxDetail
	if p.tall > 0 {
		most = p.tall
	}
	return min(most, max(p.h/3, free))
}

// view puts the filter, the grid, the problems and the detail below each other.
func (p *listPage[T]) view(st widget.Styles) string {
	var above []string
	if p.top != nil {
		above = p.top(st, p.w)
	}
	if p.typing || p.list.filter.Active() {
		above = append(above, p.filterLine(st))
	}
	below := p.problems(st)
	if room := p.detailHeight(len(above) + len(below)); room > 0 && p.detail != nil {
		below = append(below, p.apart(p.detail(st, p.w, room))...)
	}
	body := max(2, p.h-len(above)-len(below))
	p.list.grid.Empty = p.noRows()
	p.list.setSize(p.w, body)
	return p.stack(above, p.list.grid.View(st), body, below)
}

// stack puts the grid, which is exactly as wide and as high as it was asked to
// be, between lines that are made so here.
func (p *listPage[T]) stack(above []string, grid string, height int, below []string) string {
	if len(above)+height+len(below) != p.h {
		lines := append(above, grid)
		return widget.FitBlock(strings.Join(append(lines, below...), "\n"), p.w, p.h)
	}
	lines := make([]string, 0, len(above)+1+len(below))
	for _, l := range above {
		lines = append(lines, widget.Fit(l, p.w))
	}
	lines = append(lines, grid)
	for _, l := range below {
		lines = append(lines, widget.Fit(l, p.w))
	}
	return strings.Join(lines, "\n")
}

// apart sets the detail off from the rows where there is room.
func (p *listPage[T]) apart(detail []string) []string {
	if len(detail) == 0 || p.h < 14 {
		return detail
	}
	return append([]string{""}, detail...)
}

func (p *listPage[T]) filterLine(st widget.Styles) string {
	if p.typing {
		p.input.Prompt = " / "
		return p.input.View(p.w, st)
	}
	return " " + st.Accent.Render("/ "+safe(p.list.filter.Query())) + st.Dim.Render("   esc clears")
}

// moved runs a movement of the cursor.
func (p *listPage[T]) moved(move func(*widget.Grid)) func() tea.Cmd {
	return func() tea.Cmd {
		move(&p.list.grid)
		return nil
	}
}

// movement is the actions that every list has.
func (p *listPage[T]) movement() []action {
	return []action{
		{keys: []string{"up", "k"}, name: "up", help: "one row up", moves: true,
			run: p.moved(func(g *widget.Grid) { g.Move(-1) })},
		{keys: []string{"down", "j"}, name: "down", help: "one row down", moves: true,
			run: p.moved(func(g *widget.Grid) { g.Move(1) })},
		{keys: []string{"pgup", "ctrl+b"}, name: "page up", help: "one screen up", moves: true,
			run: p.moved(func(g *widget.Grid) { g.Page(-1) })},
		{keys: []string{"pgdown", "ctrl+f"}, name: "page down", help: "one screen down", moves: true,
			run: p.moved(func(g *widget.Grid) { g.Page(1) })},
		{keys: []string{"g", "home"}, name: "top", help: "to the first row", moves: true,
			run: p.moved((*widget.Grid).Home)},
		{keys: []string{"G", "end"}, name: "bottom", help: "to the last row", moves: true,
			run: p.moved((*widget.Grid).End)},
	}
}

// listActions is what every list can do besides moving.
func (p *listPage[T]) listActions() []action {
	return []action{
		{keys: []string{"/"}, name: "filter", footer: true,
			help: "keep rows with all words typed; !word keeps those without it",
			run:  p.openFilter},
		{keys: []string{"space"}, name: "mark", help: "mark the row, or take its mark off",
			blocked: p.noRow, run: p.mark},
		{keys: []string{"o"}, name: "order", help: "order by the next column",
			run: p.ordering(p.list.sortNext)},
		{keys: []string{"O"}, name: "reverse", help: "turn the order round",
			run: p.ordering(p.list.turn)},
	}
}

func (p *listPage[T]) openFilter() tea.Cmd {
	p.typing = true
	p.input.Set(p.list.filter.Query())
	return nil
}

func (p *listPage[T]) mark() tea.Cmd {
	p.list.grid.ToggleMark()
	p.list.grid.Move(1)
	return nil
}

func (p *listPage[T]) ordering(change func()) func() tea.Cmd {
	return func() tea.Cmd {
		change()
		p.host.tell(widget.Plain, p.list.orderName())
		return nil
	}
}

// noRow is why an action on a row cannot run: there is none.
func (p *listPage[T]) noRow() string {
	if p.list.current() == nil {
		return "nothing is selected"
	}
	return ""
}

// chosen is the marked rows, or the one under the cursor when none is marked.
func (p *listPage[T]) chosen() []*T {
	var rows []*T
	for _, id := range p.list.grid.Marks() {
		if row := p.list.row(id); row != nil {
			rows = append(rows, row)
		}
	}
	if row := p.list.current(); len(rows) == 0 && row != nil {
		rows = append(rows, row)
	}
	return rows
}
