package ui

import (
	"slices"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui/widget"
)

// leaving asks what to do with the operation that runs when the operator wants
// to leave.
type leaving struct {
	app *App
	sc  scope
}

func newLeaving(a *App) *leaving { return &leaving{app: a} }

func (d *leaving) scope() *scope { return &d.sc }

func (d *leaving) open() tea.Cmd          { return nil }
func (d *leaving) tick() tea.Cmd          { return nil }
func (d *leaving) receive(letter) tea.Cmd { return nil }
func (d *leaving) paste(tea.PasteMsg)     {}

func (d *leaving) actions() []action {
	return []action{
		{keys: []string{"esc", "enter"}, name: "stay", help: "stay, and watch the operation"},
		{keys: []string{"w"}, name: "wait", help: "leave as soon as the operation has ended"},
		{keys: []string{"s"}, name: "stop", help: "stop the operation at its next safe point, then leave"},
	}
}

func (d *leaving) key(msg tea.KeyPressMsg) (tea.Cmd, bool) {
	switch msg.String() {
	case "esc", "enter", "q", "ctrl+c":
		return nil, true
	case "s":
		d.app.task.cancel()
		d.app.quitting = true
		return nil, true
	case "w":
		d.app.quitting = true
		return nil, true
	}
	return nil, false
}

func (d *leaving) view(st widget.Styles, w, _ int) string {
	w = min(w, 72)
	inner := w - widget.BoxFrameWidth
	lines := labelled(st, "Running", string(d.app.task.plan.Operation)+" of "+d.app.task.plan.URL(), widget.Plain, 9, inner)
	lines = append(lines, labelled(st, "Step", stepOf(d.app.task), widget.Plain, 9, inner)...)
	lines = append(lines, "")
	for _, a := range d.actions() {
		lines = append(lines, widget.Fit(st.Key.Render(widget.PadRight(keyName(a.keys[0]), 9))+a.help, inner))
	}
	return widget.Box("Leave while an operation runs?", strings.Join(lines, "\n"), w, 0, st)
}

// stepOf says how far a task is.
func stepOf(t *task) string {
	at := 0
	for i := range t.steps {
		if news := t.step(i); news != nil && news.Status != model.StepPending {
			at = i
		}
	}
	if len(t.steps) == 0 {
		return "-"
	}
	return strconv.Itoa(at+1) + " of " + strconv.Itoa(len(t.steps)) + ": " + t.plan.Steps[at].Does
}

// dismissLeaving closes the question when there is nothing to ask any more.
func (a *App) dismissLeaving() {
	a.dialogs = slices.DeleteFunc(a.dialogs, func(d dialog) bool {
		_, asks := d.(*leaving)
		return asks
	})
}
