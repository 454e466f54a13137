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

// keyLines tells of each action, on as many lines as it takes. One that cannot
// run says why.
func keyLines(st widget.Styles, table []action, readOnly bool, w int) []string {
	var lines []string
	for _, a := range table {
		keys := st.Key.Render(widget.PadRight(a.keyNames(), helpKeys))
		for _, body := range helpText(st, safe(a.help), a.why(readOnly), max(1, w-helpKeys)) {
			lines = append(lines, widget.Fit(keys+body, w))
			keys = strings.Repeat(" ", helpKeys)
		}
	}
	return lines
}

// helpText is what an action does, and below it why it cannot, where both do not
// fit one line.
func helpText(st widget.Styles, help, why string, w int) []string {
	lines := widget.Wrap(help, w)
	if why == "" {
		return lines
	}
	why = "(not now: " + safe(why) + ")"
	if len(lines) == 1 && widget.Width(help)+1+widget.Width(why) <= w {
		return []string{help + " " + st.Dim.Render(why)}
	}
	for _, l := range widget.Wrap(why, w) {
		lines = append(lines, st.Dim.Render(l))
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
		{"↻", "being read; of a KMS key: it rotates"},
		{"*", "marked"},
	}
}
