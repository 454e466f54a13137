package ui

import (
	"strconv"
	"strings"
	"time"
	"unicode"

	tea "charm.land/bubbletea/v2"

	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui/widget"
)

func (a *App) now() time.Time       { return a.o.Now() }
func (a *App) reader() Reader       { return a.o.Reader }
func (a *App) operator() Operator   { return a.o.Operator }
func (a *App) readOnly() bool       { return a.o.ReadOnly }
func (a *App) every() time.Duration { return a.o.Refresh }
func (a *App) fleet() *fleet        { return &a.known }

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

// command is the stateward command line that is equivalent to what is shown,
// with the options by which this program reached it.
func (a *App) command(args ...string) string {
	words := append([]string{"stateward"}, args...)
	for _, o := range [][2]string{
		{"--profile", a.o.Profile}, {"--region", a.o.Region}, {"--endpoint-url", a.o.Endpoint},
	} {
		if o[1] != "" {
			words = append(words, o[0], o[1])
		}
	}
	for i, w := range words {
		words[i] = shellWord(w)
	}
	return strings.Join(words, " ")
}

// shellWord quotes a word for a POSIX shell. A word with characters that are
// not printable is written as $'...', which bash, zsh and ksh read, so that no
// line break ever reaches the clipboard.
func shellWord(w string) string {
	plain, printable := w != "", true
	for _, r := range w {
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			printable = false
		}
		if !isShellSafe(r) {
			plain = false
		}
	}
	switch {
	case plain:
		return w
	case printable:
		return "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
	}
	return "$'" + ansiC(w) + "'"
}

func isShellSafe(r rune) bool {
	return r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("_-./:=@%+,", r))
}

// ansiC escapes every byte that is not printable ASCII as \xHH.
func ansiC(w string) string {
	var b strings.Builder
	for i := range len(w) {
		switch c := w[i]; {
		case c == '\'' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < 0x20 || c > 0x7e:
			b.WriteString(`\x`)
			if c < 0x10 {
				b.WriteByte('0')
			}
			b.WriteString(strconv.FormatUint(uint64(c), 16))
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// fleet is the backends known so far, shared so that the locks page does not
// look for them a second time.
type fleet struct {
	backends []model.Backend
	complete bool
}
