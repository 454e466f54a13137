package ui

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/stateward/stateward/ui/widget"
)

// helpDialog shows all keys of the page below it, and what its signs mean.
type helpDialog struct {
	app    *App
	sc     scope
	scroll int
}

func newHelp(a *App) *helpDialog { return &helpDialog{app: a} }

func (d *helpDialog) scope() *scope { return &d.sc }

func (d *helpDialog) open() tea.Cmd          { return nil }
func (d *helpDialog) tick() tea.Cmd          { return nil }
func (d *helpDialog) receive(letter) tea.Cmd { return nil }
func (d *helpDialog) paste(tea.PasteMsg)     {}

func (d *helpDialog) actions() []action {
	return []action{
		{keys: []string{"up", "down", "pgup", "pgdown"}, name: "scroll", help: "move through the keys"},
		{keys: []string{"p"}, name: "permissions", help: "what AWS denied so far, and the statement that would allow it"},
		{keys: []string{"esc", "?", "q"}, name: "close", help: "back to the page"},
	}
}

func (d *helpDialog) key(msg tea.KeyPressMsg) (tea.Cmd, bool) {
	switch msg.String() {
	case "up", "k":
		d.scroll--
	case "down", "j":
		d.scroll++
	case "pgup":
		d.scroll -= 10
	case "pgdown", "space":
		d.scroll += 10
	case "p":
		return d.app.showPermissions(), true
	case "esc", "?", "q", "enter", "ctrl+c":
		return nil, true
	}
	return nil, false
}

func (d *helpDialog) view(st widget.Styles, w, h int) string {
	w = min(w, 80)
	inner := w - widget.BoxFrameWidth
	lines := keyLines(st, d.app.top().actions(), d.app.o.ReadOnly, inner)
	lines = append(lines, "", st.Strong.Render("On every page"))
	lines = append(lines, keyLines(st, d.app.global(), d.app.o.ReadOnly, inner)...)
	lines = append(lines, "", st.Strong.Render("Signs"))
	for _, s := range signs() {
		lines = append(lines, widget.Fit(widget.PadRight(s[0], helpKeys)+s[1], inner))
	}
	foot := []string{widget.Justify("", st.Dim.Render("p what was denied   esc closes"), inner)}
	lines, d.scroll = window(lines, d.scroll, inner, h-widget.BoxFrameHeight-len(foot), st)
	return widget.Box("Keys", strings.Join(append(lines, foot...), "\n"), w, 0, st)
}

// helpKeys is the width of the column of keys.
const helpKeys = 14

// keyLines is one line for each action. One that cannot run says why.
func keyLines(st widget.Styles, table []action, readOnly bool, w int) []string {
	var lines []string
	for _, a := range table {
		keys := st.Key.Render(widget.PadRight(a.keyNames(), helpKeys))
		body := safe(a.help)
		if why := a.why(readOnly); why != "" {
			body += st.Dim.Render(" (not now: " + safe(why) + ")")
		}
		lines = append(lines, widget.Fit(keys+body, w))
	}
	return lines
}

// signs are the signs that the pages use, and what they mean.
func signs() [][2]string {
	return [][2]string{
		{signUnread, "not read yet"},
		{signUnknown, "could not be read: the line below the list, or p, says why"},
		{signNone, "there is none"},
		{"✖", "act now"},
		{"▲", "look at it"},
		{"●", "verified good"},
		{"✓", "done"},
		{"↻", "being read"},
		{"*", "marked"},
	}
}
