package ui

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui/widget"
)

// statementDialog shows all there is to a denied action.
type statementDialog struct {
	app    host
	sc     scope
	row    deniedRow
	scroll int
}

func (d *statementDialog) scope() *scope          { return &d.sc }
func (d *statementDialog) open() tea.Cmd          { return nil }
func (d *statementDialog) tick() tea.Cmd          { return nil }
func (d *statementDialog) receive(letter) tea.Cmd { return nil }
func (d *statementDialog) paste(tea.PasteMsg)     {}

func (d *statementDialog) actions() []action {
	return []action{
		{keys: []string{"y"}, name: "copy statement", help: "copy the least IAM statement that allows the action"},
		{keys: []string{"up", "down", "pgup", "pgdown"}, name: "scroll", help: "move through the text"},
		{keys: []string{"esc", "enter", "q"}, name: "close", help: "back to the page"},
	}
}

func (d *statementDialog) key(msg tea.KeyPressMsg) (tea.Cmd, bool) {
	switch msg.String() {
	case "up", "k":
		d.scroll--
	case "down", "j":
		d.scroll++
	case "pgup":
		d.scroll -= 10
	case "pgdown", "space":
		d.scroll += 10
	case "y":
		return copyStatement(d.app, &d.row), true
	case "esc", "q", "enter", "ctrl+c":
		return nil, true
	}
	return nil, false
}

func copyStatement(h host, r *deniedRow) tea.Cmd {
	rows := []*deniedRow{r}
	if why := noStatement(rows); why != "" {
		h.tell(widget.Warn, why)
		return nil
	}
	return copyJSON(h, "the statement", model.StatementJSON(statementsFor(rows)))
}

func (d *statementDialog) view(st widget.Styles, w, h int) string {
	w = min(w, maxDialog)
	inner := w - widget.BoxFrameWidth
	var lines []string
	lines = append(lines, labelled(st, "Resource", d.row.place(), widget.Plain, deniedLabel, inner)...)
	for _, l := range d.row.account() {
		lines = append(lines, labelled(st, l.label, l.text, l.tone, deniedLabel, inner)...)
	}
	if statement := d.row.statementLines(st, inner); len(statement) > 0 {
		lines = append(append(lines, "", st.Strong.Render("The least statement that allows it")), statement...)
	}
	foot := []string{"", widget.Justify("", st.Dim.Render("y copies the statement   esc closes"), inner)}
	lines, d.scroll = window(lines, d.scroll, inner, max(0, h-widget.BoxFrameHeight-len(foot)), st)
	return widget.Box(d.row.action(), strings.Join(append(lines, foot...), "\n"), w, 0, st)
}
