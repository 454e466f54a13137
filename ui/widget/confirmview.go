package widget

import (
	"fmt"
	"strings"
)

// maxTokenLines bounds the room of a token that does not fit beside its label;
// a longer one loses its middle. maxLabelLines bounds that of the label, which
// says why the token is asked for.
const (
	maxTokenLines = 4
	maxLabelLines = 3
)

// Height is the number of lines that View draws at a width.
func (c *Confirm) Height(w int) int {
	return strings.Count(c.View(w, Styles{}), "\n") + 1
}

// View draws the question, the input and the buttons, each line exactly w
// columns wide.
func (c *Confirm) View(w int, st Styles) string {
	var lines []string
	if c.asking() {
		lines = append(lines, c.question(w, st)...)
		lines = append(lines, c.inputLine(w, st))
	}
	lines = append(lines, Justify(st.Dim.Render(c.note()), c.buttons(st), w))
	return strings.Join(lines, "\n")
}

// question is the label and the token, on one line if they fit.
func (c *Confirm) question(w int, st Styles) []string {
	label := Sanitize(c.asks[c.at].Label)
	if len(c.asks) > 1 {
		label = fmt.Sprintf("%s (%d of %d)", label, c.at+1, len(c.asks))
	}
	token := c.shown()
	if Width(label)+3+Width(token) <= w {
		return []string{Fit(label+"   "+st.Strong.Render(token), w)}
	}
	lines := labelLines(label, w)
	for rest := Middle(token, w*maxTokenLines); rest != ""; {
		head := headCols(rest, w)
		if head == "" {
			break
		}
		lines = append(lines, Fit(st.Strong.Render(head), w))
		rest = rest[len(head):]
	}
	return lines
}

func labelLines(label string, w int) []string {
	lines := Wrap(label, w)
	if len(lines) > maxLabelLines {
		lines = lines[:maxLabelLines]
		lines[maxLabelLines-1] = headCols(lines[maxLabelLines-1], w-1) + "…"
	}
	for i := range lines {
		lines[i] = Fit(lines[i], w)
	}
	return lines
}

// inputLine is the text and whether it is right so far.
func (c *Confirm) inputLine(w int, st Styles) string {
	typed, sign := c.input.Value(), Cell{}
	switch {
	case typed == "":
	case c.matches():
		sign = Cell{"✓ matches", Good}
	case !strings.HasPrefix(c.shown(), typed):
		sign = Cell{"✖ differs", Bad}
	}
	if sign.Text == "" || w < 2*Width(sign.Text) {
		return c.input.View(w, st)
	}
	n := Width(sign.Text) + 1
	return c.input.View(w-n, st) + " " + st.Cell(sign)
}

// note says what the keys do now, in the free room left of the buttons.
func (c *Confirm) note() string {
	switch {
	case c.notice != "":
		return c.notice
	case c.completes():
		return "tab types the rest"
	case c.onDo:
		return "enter goes on, esc cancels"
	case c.matches():
		return "tab, then enter to go on"
	}
	return ""
}

// buttons keep their places whatever their state: brackets for the focus,
// parentheses for a button that can not be reached yet.
func (c *Confirm) buttons(st Styles) string {
	do := Sanitize(c.do)
	if c.at+1 < len(c.asks) {
		do = "Next"
	}
	switch {
	case c.onDo:
		return "  Cancel     " + st.Cursor.Render("[ "+do+" ]")
	case c.matches():
		return st.Cursor.Render("[ Cancel ]") + "     " + do + "  "
	}
	return st.Cursor.Render("[ Cancel ]") + "   " + st.Dim.Render("( "+do+" )")
}
