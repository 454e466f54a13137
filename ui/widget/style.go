package widget

import "strings"

// Tone is what a piece of text means. Colour is never its only carrier: a page
// that uses Good, Warn or Bad also writes a word or a sign.
type Tone uint8

// The tones. Plain text has the terminal's own colour.
const (
	Plain  Tone = iota
	Dim         // secondary, or not known
	Accent      // where the cursor is
	Good        // verified good
	Warn        // look at it
	Bad         // act now
	tones       // their number
)

// Cell is one piece of text and what it means. Widgets sanitise Text.
type Cell struct {
	Text string
	Tone Tone
}

const sgrReset = "\x1b[m"

// Style is a rendered SGR prefix; the zero value prints text as it is.
type Style struct{ on string }

// Render wraps one line of text. Text that has an SGR reset in it takes the
// style up again behind it, so a coloured word does not end the line's style.
func (s Style) Render(text string) string {
	if s.on == "" || text == "" {
		return text
	}
	if strings.Contains(text, sgrReset) {
		text = strings.ReplaceAll(text, sgrReset, sgrReset+s.on)
	}
	return s.on + text + sgrReset
}

// Styles is every look that widgets and pages use.
type Styles struct {
	Dim, Accent, Good, Warn, Bad Style

	Title  Style // a page's or a box's name
	Header Style // column titles
	Cursor Style // the row under the cursor
	Border Style // boxes and rules
	Key    Style // a key in the key bar
	Strong Style // a word that matters, without a meaning of its own
	Caret  Style // the character under the text cursor

	tone   [tones]Style // by Tone
	onRow  [tones]Style // by Tone, on the cursor row
	cursor string       // the sign in the margin, already styled
}

// palette holds SGR parameters. They are chosen from the 256 colours and have a
// contrast of at least 4.5:1 (WCAG 2, AA) on the background they are meant for
// and on the cursor row.
type palette struct{ dim, accent, good, warn, bad, border, row string }

// NewStyles returns the looks for a dark or a light background. With noColor
// nothing sets a colour; bold, underline and reverse stay.
func NewStyles(dark, noColor bool) Styles {
	if noColor {
		return build(palette{row: "7"})
	}
	if dark {
		return build(palette{
			dim: "38;5;247", accent: "38;5;75", good: "38;5;78", warn: "38;5;221",
			bad: "38;5;210", border: "38;5;242", row: "48;5;236",
		})
	}
	return build(palette{
		dim: "38;5;240", accent: "38;5;25", good: "38;5;22", warn: "38;5;94",
		bad: "38;5;124", border: "38;5;247", row: "48;5;254",
	})
}

func build(p palette) Styles {
	s := Styles{
		Dim: sgr(p.dim), Accent: sgr(p.accent), Good: sgr(p.good), Warn: sgr(p.warn), Bad: sgr(p.bad),
		Title: sgr("1"), Header: sgr("1", p.dim), Cursor: sgr("1", p.row), Border: sgr(p.border),
		Key: sgr("1", p.accent), Strong: sgr("1"), Caret: sgr("7"),
	}
	byTone := [tones]string{Plain: "", Dim: p.dim, Accent: p.accent, Good: p.good, Warn: p.warn, Bad: p.bad}
	for t, fg := range byTone {
		s.tone[t] = sgr(fg)
		s.onRow[t] = sgr("1", p.row, fg)
	}
	s.cursor = sgr("1", p.accent).Render("▌")
	return s
}

// sgr joins the parameters that are not empty.
func sgr(params ...string) Style {
	var set []string
	for _, p := range params {
		if p != "" {
			set = append(set, p)
		}
	}
	if len(set) == 0 {
		return Style{}
	}
	return Style{on: "\x1b[" + strings.Join(set, ";") + "m"}
}

// Of returns the style of a tone; an unknown one is plain.
func (s Styles) Of(t Tone) Style {
	if t >= tones {
		t = Plain
	}
	return s.tone[t]
}

// Cell draws one cell, sanitised.
func (s Styles) Cell(c Cell) string {
	return s.Of(c.Tone).Render(Sanitize(c.Text))
}

// Line draws cells one after the other, sanitised, with nothing between them.
func (s Styles) Line(cells ...Cell) string {
	var b strings.Builder
	for _, c := range cells {
		b.WriteString(s.Cell(c))
	}
	return b.String()
}
