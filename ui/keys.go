package ui

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"github.com/stateward/stateward/ui/widget"
)

// pressed handles a key: the dialog on top has it, else what is being typed on
// the page, else the page's actions, else those of every page.
func (a *App) pressed(msg tea.KeyPressMsg) tea.Cmd {
	if n := len(a.dialogs); n > 0 {
		return a.pressedInDialog(a.dialogs[n-1], msg)
	}
	if cmd, used := a.top().key(msg); used {
		return cmd
	}
	if act, ok := findAction(a.table(), msg.String()); ok {
		return a.perform(act)
	}
	return nil
}

func (a *App) pressedInDialog(d dialog, msg tea.KeyPressMsg) tea.Cmd {
	cmd, closed := d.key(msg)
	if closed {
		a.close(d)
	}
	return cmd
}

// close removes a dialog wherever it is among those open: what it did on its
// last key may have opened another one over it.
func (a *App) close(d dialog) {
	d.scope().leave()
	a.dialogs = slices.DeleteFunc(a.dialogs, func(e dialog) bool { return e == d })
}

// perform runs an action, or says why not.
func (a *App) perform(act action) tea.Cmd {
	if why := act.why(a.o.ReadOnly); why != "" {
		a.tell(widget.Warn, keyName(act.keys[0])+" "+act.name+": "+why)
		return nil
	}
	return act.run()
}

// table is the actions of the page shown and, behind them, those of every page.
func (a *App) table() []action {
	return append(slices.Clip(a.top().actions()), a.global()...)
}

// global is the actions of every page.
func (a *App) global() []action {
	acts := []action{
		{keys: []string{"esc", "backspace"}, name: "back", help: "clear the filter, else back to the page before",
			run: a.escape},
		{keys: []string{"ctrl+r"}, name: "refresh", help: "read everything on the page again",
			run: a.refresh},
		a.recoverAction(),
	}
	for i, t := range a.tops {
		acts = append(acts, action{keys: []string{t.key}, name: t.name, help: t.help,
			footer: i != a.at && len(a.tops[a.at].pages) == 1,
			run:    func() tea.Cmd { return a.jump(i) }})
	}
	return append(acts,
		action{keys: []string{"p"}, name: "permissions", help: "what AWS denied so far, and the statement that would allow it",
			run: a.showPermissions},
		action{keys: []string{":"}, name: "commands", help: "find an action by its name", footer: true,
			run: func() tea.Cmd { return a.show(newPalette(a)) }},
		action{keys: []string{"?"}, name: "help", help: "all keys of this page", footer: true,
			run: func() tea.Cmd { return a.show(newHelp(a)) }},
		action{keys: []string{"q", "ctrl+c"}, name: "quit", help: "leave stateward; asks while an operation runs", footer: true,
			run: a.leave},
	)
}

// escape undoes the last thing that narrowed the view.
func (a *App) escape() tea.Cmd {
	if f, ok := a.top().(interface{ unfilter() bool }); ok && f.unfilter() {
		return nil
	}
	return a.back()
}

// refresh reads the page again, and who we are when that is not known or ends
// soon: the operator may have logged in anew.
func (a *App) refresh() tea.Cmd {
	cmd := a.top().refresh()
	if id, ok := a.identity.Get(); !ok || len(a.expiry(id)) > 0 {
		cmd = tea.Batch(cmd, a.whoAmI())
	}
	return cmd
}

// leave leaves, or asks when an operation runs.
func (a *App) leave() tea.Cmd {
	if a.task == nil {
		return tea.Quit
	}
	return a.show(newLeaving(a))
}
