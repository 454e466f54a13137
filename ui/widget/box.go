package widget

import (
	"fmt"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// Size of a box round its body: a border and a blank on each side.
const (
	BoxFrameWidth  = 4 // columns that a box needs beyond its body
	BoxFrameHeight = 2 // lines that a box needs beyond its body
)

// Box draws a border with a title round a body of coloured lines. It is exactly
// w columns wide and h lines high, or as high as the body when h is 0. Lines
// that do not fit are counted in the bottom border, never left out in silence.
func Box(title, body string, w, h int, st Styles) string {
	if w < BoxFrameWidth+1 {
		return FitBlock("", w, max(1, h))
	}
	lines := strings.Split(SanitizeStyled(body), "\n")
	if h <= 0 {
		h = len(lines) + BoxFrameHeight
	}
	room := max(0, h-BoxFrameHeight)
	out := make([]string, 0, h)
	out = append(out, boxTop(title, w, st))
	side := st.Border.Render("│")
	for i := range room {
		line := ""
		if i < len(lines) {
			line = lines[i]
		}
		out = append(out, side+" "+Fit(line, w-BoxFrameWidth)+" "+side)
	}
	if h > 1 {
		out = append(out, boxBottom(len(lines)-room, w, st))
	}
	return strings.Join(out, "\n")
}

func boxTop(title string, w int, st Styles) string {
	title = Middle(Sanitize(title), w-BoxFrameWidth)
	if title == "" {
		return st.Border.Render("╭" + Rule(w-2) + "╮")
	}
	rest := w - BoxFrameWidth - Width(title)
	return st.Border.Render("╭") + " " + st.Title.Render(title) + " " + st.Border.Render(Rule(rest)+"╮")
}

func boxBottom(hidden, w int, st Styles) string {
	if hidden <= 0 {
		return st.Border.Render("╰" + Rule(w-2) + "╯")
	}
	note := Truncate(fmt.Sprintf(" … %d more lines ", hidden), w-2)
	return st.Border.Render("╰" + Rule(w-2-Width(note)) + note + "╯")
}

// Overlay puts a box in the middle of a screen. Both are coloured text whose
// lines are of one width each; the result has the size of the screen, and a box
// larger than that loses its right and its bottom.
func Overlay(base, box string) string {
	under, over := strings.Split(base, "\n"), strings.Split(box, "\n")
	w := maxWidth(under)
	bw, bh := min(w, maxWidth(over)), min(len(under), len(over))
	x, y := (w-bw)/2, (len(under)-bh)/2
	for i := range bh {
		under[y+i] = splice(under[y+i], over[i], x, bw, w)
	}
	return strings.Join(under, "\n")
}

func maxWidth(lines []string) int {
	w := 0
	for _, l := range lines {
		w = max(w, Width(l))
	}
	return w
}

// splice puts a piece of bw columns over a line of w columns, at column x. A
// wide character that the piece's edge cuts in half becomes a blank.
func splice(line, piece string, x, bw, w int) string {
	left := ansi.Truncate(line, x, "")
	left += spaces(x - ansi.StringWidth(left))
	room := w - x - bw
	right := ansi.TruncateLeft(line, x+bw, "")
	if ansi.StringWidth(right) > room {
		right = ansi.TruncateLeft(line, x+bw+1, "")
	}
	right = spaces(room-ansi.StringWidth(right)) + right
	return left + sgrReset + Fit(piece, bw) + sgrReset + right
}
