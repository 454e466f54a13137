package widget

import (
	"strings"
	"unicode/utf8"
)

// header writes the line of column titles.
func (g *Grid) header(b *strings.Builder, st Styles) {
	var line strings.Builder
	line.WriteString(spaces(min(gridMargin, g.w)))
	used := min(gridMargin, g.w)
	for i, c := range g.columns {
		w := g.widths[i]
		if w == 0 {
			continue
		}
		if used > gridMargin {
			line.WriteString(spaces(gridGap))
			used += gridGap
		}
		title := Sanitize(c.Title)
		if i == g.sortCol && g.sortSign != "" {
			title = Truncate(title, w-1) + g.sortSign
		}
		align(&line, title, w, c)
		used += w
	}
	line.WriteString(spaces(g.w - used))
	b.WriteString(st.Header.Render(line.String()))
}

// row writes row i: the margin, then its cells, then blanks to the edge.
func (g *Grid) row(b *strings.Builder, st Styles, i int) {
	tone := &st.tone
	if i == g.cursor {
		tone = &st.onRow
	}
	g.margin(b, st, i)
	cells := g.rows(i)
	used := gridMargin
	for j, w := range g.widths {
		if w == 0 {
			continue
		}
		var cell Cell
		if j < len(cells) {
			cell = cells[j]
		}
		lead := 0
		if used > gridMargin {
			lead = gridGap
		}
		writeCell(b, cell, lead, w, g.columns[j], tone)
		used += lead + w
	}
	plain(b, tone[Plain], g.w-used)
}

// margin writes the mark, the cursor sign and a space, as far as they fit.
func (g *Grid) margin(b *strings.Builder, st Styles, i int) {
	mark := " "
	if len(g.marks) > 0 && g.Marked(g.key(i)) {
		mark = st.Accent.Render("*")
	}
	sign := " "
	if i == g.cursor {
		sign = st.cursor
	}
	for i, s := range [gridMargin]string{mark, sign, " "} {
		if i < g.w {
			b.WriteString(s)
		}
	}
}

// writeCell writes the gap before a cell and the cell. A gap has the row's own
// look, so that an underline or a colour stays with its value.
func writeCell(b *strings.Builder, cell Cell, lead, w int, c Column, tone *[tones]Style) {
	style := tone[Plain]
	if cell.Tone < tones {
		style = tone[cell.Tone]
	}
	if style == tone[Plain] {
		b.WriteString(style.on)
		b.WriteString(spaces(lead))
	} else {
		plain(b, tone[Plain], lead)
		b.WriteString(style.on)
	}
	align(b, Sanitize(bounded(cell.Text)), w, c)
	if style.on != "" {
		b.WriteString(sgrReset)
	}
}

// plain writes n blanks in a style.
func plain(b *strings.Builder, style Style, n int) {
	if n <= 0 {
		return
	}
	b.WriteString(style.on)
	b.WriteString(spaces(n))
	if style.on != "" {
		b.WriteString(sgrReset)
	}
}

// align writes sanitised text, cut or filled to w columns.
func align(b *strings.Builder, text string, w int, c Column) {
	n := Width(text)
	if n > w {
		if c.Cut == CutMiddle {
			text = Middle(text, w)
		} else {
			text = Truncate(text, w)
		}
		n = Width(text)
	}
	if c.Right {
		b.WriteString(spaces(w - n))
		b.WriteString(text)
		return
	}
	b.WriteString(text)
	b.WriteString(spaces(w - n))
}

// bounded keeps the two ends of a value far longer than any screen is wide.
func bounded(s string) string {
	if len(s) <= maxCell {
		return s
	}
	head, tail := maxCell/2, len(s)-maxCell/2
	for head > 0 && !utf8.RuneStart(s[head]) && head > maxCell/2-utf8.UTFMax {
		head--
	}
	for tail < len(s) && !utf8.RuneStart(s[tail]) && tail < len(s)-maxCell/2+utf8.UTFMax {
		tail++
	}
	return s[:head] + "…" + s[tail:]
}
