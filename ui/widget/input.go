package widget

import (
	"strings"
	"unicode"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
)

// maxInput bounds what can be typed or pasted, in bytes: an S3 key has at most
// 1024, and a lock ID is not longer in practice.
const maxInput = 16 << 10

// Input is one line of text being typed. What enters it is sanitised, so its
// value can be drawn as it is. The zero value is empty.
type Input struct {
	// Prompt is drawn in front, such as "> ".
	Prompt string

	left, right string // of the text cursor
}

// modText are the modifiers under which a key is not text. Lock keys and shift
// are not among them.
const modText = tea.ModCtrl | tea.ModAlt | tea.ModMeta | tea.ModSuper | tea.ModHyper

// isText reports whether a key press is something typed, not a command.
func isText(msg tea.KeyPressMsg) bool {
	return msg.Text != "" && msg.Mod&modText == 0
}

// Value is the text. It is sanitised as a whole, because what is left and right
// of the text cursor may join into something else.
func (in *Input) Value() string { return Sanitize(in.left + in.right) }

// Set replaces the text and puts the text cursor behind it.
func (in *Input) Set(text string) {
	in.left, in.right = "", ""
	in.insert(text)
}

// Paste inserts pasted text without the line ends and blanks round it, which a
// copied line often brings along.
func (in *Input) Paste(msg tea.PasteMsg) {
	in.insert(strings.TrimFunc(headBytes(msg.Content, maxInput), unicode.IsSpace))
}

// Key handles a key press and reports whether it was one for the input: a
// printable character, or one of the editing keys.
func (in *Input) Key(msg tea.KeyPressMsg) bool {
	if isText(msg) {
		in.insert(msg.Text)
		return true
	}
	edit, ok := inputKey(msg.Keystroke())
	if ok {
		edit(in)
	}
	return ok
}

// inputKey finds what an editing key does: the line editing of a shell.
func inputKey(key string) (func(*Input), bool) {
	switch key {
	case "left", "ctrl+b":
		return (*Input).back, true
	case "right", "ctrl+f":
		return (*Input).forward, true
	case "home", "ctrl+a":
		return func(in *Input) { in.left, in.right = "", in.Value() }, true
	case "end", "ctrl+e":
		return func(in *Input) { in.left, in.right = in.Value(), "" }, true
	case "backspace", "ctrl+h":
		return func(in *Input) { in.left, _ = cutLast(in.left) }, true
	case "delete":
		return func(in *Input) { _, in.right = cutFirst(in.right) }, true
	case "ctrl+u":
		return func(in *Input) { in.left = "" }, true
	case "ctrl+k":
		return func(in *Input) { in.right = "" }, true
	case "ctrl+w", "alt+backspace":
		return func(in *Input) { in.left = cutWord(in.left) }, true
	}
	return nil, false
}

func (in *Input) insert(text string) {
	room := max(0, maxInput-len(in.left)-len(in.right))
	in.left = Sanitize(in.left + headBytes(text, room))
}

// headBytes is the longest prefix of s of at most n bytes that cuts no rune.
func headBytes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

func (in *Input) back() {
	rest, last := cutLast(in.left)
	in.left, in.right = rest, last+in.right
}

func (in *Input) forward() {
	first, rest := cutFirst(in.right)
	in.left, in.right = in.left+first, rest
}

// cutFirst splits off the first character as the eye sees it.
func cutFirst(s string) (first, rest string) {
	if s == "" {
		return "", ""
	}
	first, _ = ansi.FirstGraphemeCluster(s, ansi.GraphemeWidth)
	return first, s[len(first):]
}

// cutLast splits off the last character as the eye sees it.
func cutLast(s string) (rest, last string) {
	for tail := s; tail != ""; {
		last, tail = cutFirst(tail)
	}
	return s[:len(s)-len(last)], last
}

// cutWord takes off the last word with the blanks behind it. In a path a word
// ends at a slash.
func cutWord(s string) string {
	s = strings.TrimRight(s, " /")
	return s[:strings.LastIndexAny(s, " /")+1]
}

// View draws the input exactly w columns wide, scrolled so that the text cursor
// is on screen.
func (in *Input) View(w int, st Styles) string {
	prompt := Sanitize(in.Prompt)
	room := w - Width(prompt)
	if room < 2 {
		return Fit(prompt, w)
	}
	at, after := cutFirst(in.right)
	caret := "▏"
	if at != "" {
		caret = st.Caret.Render(at)
	}
	left := tailCols(in.left, room-max(1, Width(at)))
	after = headCols(after, room-Width(left)-Width(caret))
	return Fit(st.Accent.Render(prompt)+left+caret+after, w)
}
