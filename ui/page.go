package ui

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/stateward/stateward/ui/widget"
)

// page is one screen of the stack. All methods run on the update loop.
type page interface {
	scope() *scope
	title() string         // its part of the breadcrumb, as data: not sanitised
	status() []widget.Cell // at the right of the breadcrumb
	actions() []action
	enter() tea.Cmd   // it is shown, for the first time or again
	refresh() tea.Cmd // reads everything again
	outdate()         // what is shown may have been changed: read again when shown
	tick() tea.Cmd    // once a second while it is shown
	wanted() tea.Cmd  // reads what the screen lacks; asked after every message
	receive(letter) tea.Cmd
	// key gets a key before the actions do, and reports whether it used it.
	key(tea.KeyPressMsg) (tea.Cmd, bool)
	paste(tea.PasteMsg)
	resize(w, h int)
	view(widget.Styles) string // exactly the size that was set
}

// typist is a page or a tab on which text can be typed. While it is, letters and
// digits are text: the footer shows these keys alone. There are none at other
// times.
type typist interface{ typingHints() []widget.Hint }

// dialog lies over the page and gets all keys until it closes.
type dialog interface {
	scope() *scope
	actions() []action // for docs and help; a dialog binds its keys itself
	open() tea.Cmd
	tick() tea.Cmd
	receive(letter) tea.Cmd
	// key handles a key press; closed says that the dialog is done.
	key(tea.KeyPressMsg) (cmd tea.Cmd, closed bool)
	paste(tea.PasteMsg)
	view(st widget.Styles, w, h int) string // a box of at most that size
}

// host is what pages and dialogs may ask of the App that shows them.
type host interface {
	now() time.Time        // by this machine's clock
	serviceNow() time.Time // by the clock of the services: ages of what they keep
	reader() Reader
	operator() Operator
	journal() journalReader // nil when there is none
	every() time.Duration   // between automatic refreshes
	push(page) tea.Cmd
	show(dialog) tea.Cmd
	tell(tone widget.Tone, text string)
	copied(what string, lines ...string) tea.Cmd
	copiedCommands(what string, lines ...string) tea.Cmd // that run as they are pasted
	command(args ...string) string                       // the equivalent command line
	commandOnAll(args ...string) string                  // the same, of all backends
	fleet() *fleet
	start(*task) tea.Cmd
	after(d time.Duration, msg tea.Msg) tea.Cmd
	leave() tea.Cmd // asks whether to leave while an operation runs
}
