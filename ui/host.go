package ui

import (
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui/widget"
)

func (a *App) now() time.Time         { return a.o.Now() }
func (a *App) reader() Reader         { return a.o.Reader }
func (a *App) operator() Operator     { return a.o.Operator }
func (a *App) every() time.Duration   { return a.o.Refresh }
func (a *App) fleet() *fleet          { return &a.known }
func (a *App) journal() journalReader { return a.o.Journal }

// after delivers a message later, unless the program ends before.
func (a *App) after(d time.Duration, msg tea.Msg) tea.Cmd { return a.later(a.sc.ctx, d, msg) }

// tell shows a sentence in the status line for a while.
func (a *App) tell(tone widget.Tone, sentence string) {
	sign := ""
	switch tone {
	case widget.Warn:
		sign = "▲ "
	case widget.Bad:
		sign = "✖ "
	case widget.Good:
		sign = "✓ "
	default: // a plain remark needs no sign
	}
	a.note = note{cell: widget.Cell{Text: sign + bound(sentence), Tone: tone}, until: a.now().Add(noteTime)}
}

// copied puts lines on the clipboard by OSC 52 and says so. Control characters
// are copied in their escaped form: pasted into a shell they would run.
func (a *App) copied(what string, lines ...string) tea.Cmd {
	clean, escaped := make([]string, len(lines)), ""
	for i, l := range lines {
		clean[i] = widget.Sanitize(l)
		if clean[i] != l {
			escaped = " (unprintable characters escaped)"
		}
	}
	text := strings.Join(clean, "\n")
	if text == "" {
		a.tell(widget.Warn, "there is nothing to copy")
		return nil
	}
	a.tell(widget.Plain, "copied "+what+escaped)
	return tea.SetClipboard(text)
}

// copiedCommands is copied, of command lines that were made elsewhere: for the
// screen, where the demo's keys would be noise.
func (a *App) copiedCommands(what string, lines ...string) tea.Cmd {
	whole := make([]string, len(lines))
	for i, l := range lines {
		whole[i] = a.o.Program.Paste(l)
	}
	return a.copied(what, whole...)
}

// command is the stateward command line that is equivalent to what is shown,
// with the options by which this program reached it.
func (a *App) command(args ...string) string { return a.o.Program.Command(args...) }

// commandOnAll is that of a page about all backends: those that this program was
// started for.
func (a *App) commandOnAll(args ...string) string {
	for _, b := range a.o.Targets {
		args = append(args, b.Target())
	}
	return a.command(args...)
}

// fleet is what pages tell each other: the backends known so far, so that the
// locks page does not look for them a second time, and the interrupted
// operations that were met in locks.
type fleet struct {
	backends    []model.Backend
	complete    bool
	interrupted recoveries
	health      map[string]healthReport // by backendID; one of an earlier round is old
	round       int                     // of health: a new one begins with every change

	// secrets of the states that were read whole, by s3:// address. None is ever
	// dropped: what one version marks sensitive is masked in the others by it, and
	// a state must not show in clear tomorrow what it hides today. They are hashes,
	// some bytes for each secret of each state that was opened by hand.
	secrets map[string]*model.Secrets
}
