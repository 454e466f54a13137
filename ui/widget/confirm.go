package widget

import (
	"strings"
	"time"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"
)

// completeAfter is how many characters must be typed before tab completes the
// token: enough to show that it was read.
const completeAfter = 8

// Action is what a key did to a [Confirm].
type Action uint8

// The actions. None means that the dialog stays open.
const (
	None Action = iota
	Cancelled
	Confirmed
)

// Ask is one token to type and the words that ask for it, such as "Type the
// lock ID to go on". Token is raw; it is shown sanitised, and where that
// differs, what is shown is what must be typed. An empty token can not be typed,
// so it can not be confirmed either.
type Ask struct {
	Label, Token string
}

// Confirm asks for tokens, one after the other, before something is done.
// Typing always goes to the text; tab, left and right move between Cancel,
// which has the focus at first and again after each token, and the button that
// goes on, which can be reached only while the text is exactly the token.
type Confirm struct {
	do     string
	asks   []Ask
	at     int // the token being asked for
	input  Input
	onDo   bool // the focus
	notice string
	quiet  Quiet
}

// NewConfirm opens a confirm at now. do names what will be done, on its button.
// Without asks, the button alone decides.
func NewConfirm(now time.Time, do string, asks ...Ask) Confirm {
	return Confirm{do: do, asks: asks, input: Input{Prompt: "> "}, quiet: NewQuiet(now)}
}

// Key handles a key that was pressed at now. Keys in flight when it opened do
// nothing.
func (c *Confirm) Key(now time.Time, msg tea.KeyPressMsg) Action {
	if c.swallow(now) {
		return None
	}
	if isText(msg) {
		c.edit(msg)
		return None
	}
	switch msg.Keystroke() {
	case "esc":
		return Cancelled
	case "enter":
		return c.enter()
	case "tab":
		c.tab()
	case "shift+tab", "left", "right":
		c.focus(!c.onDo)
	default:
		c.edit(msg)
	}
	return None
}

// edit gives a key to the text. An edit puts the focus back on Cancel: it was
// moved for another text.
func (c *Confirm) edit(msg tea.KeyPressMsg) {
	if c.asking() && c.input.Key(msg) {
		c.onDo = false
	}
}

// Paste handles text that was pasted at now.
func (c *Confirm) Paste(now time.Time, msg tea.PasteMsg) {
	if c.swallow(now) || !c.asking() {
		return
	}
	c.input.Paste(msg)
	c.onDo = false
}

// Typed returns the tokens that were typed in full so far, raw and in order:
// all of them once Key returned Confirmed.
func (c *Confirm) Typed() []string {
	var tokens []string
	for _, a := range c.asks[:c.at] {
		tokens = append(tokens, a.Token)
	}
	return tokens
}

func (c *Confirm) swallow(now time.Time) bool {
	if !c.quiet.Swallow(now) {
		c.notice = ""
		return false
	}
	c.notice = "keys typed before this opened were ignored"
	return true
}

// asking reports whether there is a token left to type.
func (c *Confirm) asking() bool { return c.at < len(c.asks) }

// shown is the token as it is drawn, and as it must be typed.
func (c *Confirm) shown() string { return Sanitize(c.asks[c.at].Token) }

// matches reports whether what was typed lets the user go on.
func (c *Confirm) matches() bool {
	if !c.asking() {
		return true
	}
	typed := c.input.Value()
	return typed != "" && typed == c.shown()
}

func (c *Confirm) focus(onDo bool) {
	if onDo && !c.matches() {
		c.notice = "type the whole of it first"
		return
	}
	c.onDo = onDo
}

// tab completes the token once enough of it is there, else it moves the focus.
func (c *Confirm) tab() {
	if c.completes() {
		c.input.left, c.input.right = c.shown(), ""
		return
	}
	c.focus(!c.onDo)
}

// completes reports whether tab types the rest of the token.
func (c *Confirm) completes() bool {
	if !c.asking() || c.matches() {
		return false
	}
	typed := c.input.Value()
	return utf8.RuneCountInString(typed) >= completeAfter && strings.HasPrefix(c.shown(), typed)
}

// enter presses the button that has the focus.
func (c *Confirm) enter() Action {
	if !c.onDo {
		return Cancelled
	}
	if !c.matches() {
		return None
	}
	c.onDo = false
	if c.asking() {
		c.at++
		c.input.Set("")
	}
	if c.asking() {
		return None
	}
	return Confirmed
}
