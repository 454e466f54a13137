package widget

import "strings"

// Tabs draws the tabs of a page, exactly w columns wide. The active one stands
// in brackets; where not all fit, the line starts late enough to show it.
func Tabs(tabs []string, active, w int, st Styles) string {
	for from := 0; ; from++ {
		line, end := tabLine(tabs, from, active, st)
		if end <= w || from >= active {
			return Fit(line, w)
		}
	}
}

// tabLine draws the tabs from one on and tells where the active one ends.
func tabLine(tabs []string, from, active int, st Styles) (line string, end int) {
	var b strings.Builder
	b.WriteByte(' ')
	if from > 0 {
		b.WriteString(st.Dim.Render("…") + " ")
	}
	for i := from; i < len(tabs); i++ {
		name := Sanitize(tabs[i])
		if i == active {
			b.WriteString(st.Key.Render("[" + name + "]"))
			end = Width(b.String())
		} else {
			b.WriteString(" " + st.Dim.Render(name) + " ")
		}
	}
	return b.String(), end
}
