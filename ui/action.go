package ui

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/stateward/stateward/ui/widget"
)

// action is one thing that a page can do. The tables of actions are the only
// place where keys are bound: dispatch, footer, help, palette and docs/keys.md
// all read them.
type action struct {
	keys    []string      // as tea.KeyPressMsg.String() names them; the first one is shown
	name    string        // for the footer and the palette
	turned  func() string // what the footer says instead, "" for the name: "hide" while a value is shown
	help    string        // one line for the help page
	footer  bool          // shown in the footer
	needed  func() bool   // while it holds, shown in the footer before all others
	moves   bool          // moves the cursor: not worth a line in the palette
	mutates bool          // plans a change: refused in read-only mode
	blocked func() string // why it cannot run now, "" when it can; nil: it always can
	run     func() tea.Cmd
}

// on reports whether a key is bound to the action.
func (a action) on(key string) bool { return slices.Contains(a.keys, key) }

// why is the reason for which the action is refused now; "" when it may run.
func (a action) why(readOnly bool) string {
	if a.mutates && readOnly {
		return "read-only: changes are switched off"
	}
	if a.blocked != nil {
		return a.blocked()
	}
	return ""
}

func (a action) hint(readOnly bool) widget.Hint {
	label := a.name
	if a.turned != nil {
		label = first(a.turned(), a.name)
	}
	return widget.Hint{Key: keyName(a.keys[0]), Label: label, Disabled: a.why(readOnly) != ""}
}

// keyNames is all keys of the action as people read them.
func (a action) keyNames() string {
	names := make([]string, len(a.keys))
	for i, k := range a.keys {
		names[i] = keyName(k)
	}
	return strings.Join(names, " ")
}

func findAction(table []action, key string) (action, bool) {
	i := slices.IndexFunc(table, func(a action) bool { return a.on(key) })
	if i < 0 {
		return action{}, false
	}
	return table[i], true
}

// keyName is how a key is written on the screen.
func keyName(key string) string {
	switch key {
	case "enter":
		return "⏎"
	case "up":
		return "↑"
	case "down":
		return "↓"
	case "left":
		return "←"
	case "right":
		return "→"
	case "pgup":
		return "PgUp"
	case "pgdown":
		return "PgDn"
	case "home":
		return "Home"
	case "end":
		return "End"
	}
	return key
}
