package widget

import "strings"

// CutMode says which part of a value gives way when its column is too narrow.
type CutMode uint8

// The cut modes. Keys and addresses are cut in the middle: their end tells them
// apart.
const (
	CutEnd CutMode = iota
	CutMiddle
)

// Column describes one column of a [Grid].
type Column struct {
	Title  string
	Min    int  // columns it needs to be of use; at least 1
	Max    int  // columns beyond which it does not grow; 0: no bound
	Weight int  // its share of the room that is left over; 0: stays at Min
	Right  bool // numbers are aligned on the right
	Drop   int  // on a narrow screen the highest goes first; 0: never
	Cut    CutMode
}

const (
	gridMargin = 3 // the mark, the cursor sign, a space
	gridGap    = 2 // between columns
	// maxCell bounds what is looked at of one value in a frame. No screen is
	// wider, and a value of 10 MB must not slow the cursor down.
	maxCell = 2048
)

// Grid is a table of which only the rows on screen are ever asked for: a frame
// costs the same for ten rows and for a million. The cursor and the marks stick
// to keys, not to positions, so they survive a refresh, a sort and a filter.
//
// The zero value is an empty grid; give it SetColumns, SetSize and SetRows.
type Grid struct {
	// Empty is shown instead of rows when there are none.
	Empty string

	columns  []Column
	widths   []int // by column; 0: dropped
	w, h     int
	n        int
	rows     func(i int) []Cell
	key      func(i int) string
	cursor   int
	at       string // the key under the cursor
	moved    bool   // the user chose this row; else the cursor stays on top
	offset   int
	marks    map[string]int // key to its place in the order of marking
	marked   int            // marks ever made
	sortCol  int
	sortSign string
}

// SetColumns sets the columns. It takes off the sort sign.
func (g *Grid) SetColumns(columns ...Column) {
	g.columns = columns
	g.sortSign = ""
	g.widths = layout(columns, g.w)
}

// SetSize sets the size in columns and lines, header included.
func (g *Grid) SetSize(w, h int) {
	if w != g.w {
		g.w = w
		g.widths = layout(g.columns, w)
	}
	g.h = h
	g.scroll()
}

// SetRows replaces the rows: their number, the cells of row i (one a column, in
// the order of the columns; asked only while row i is drawn, and free to reuse
// the slice), and the key that names row i for as long as it exists. A cursor
// that was moved stays on its key and at its height on the screen; when the key
// is gone it stays at its position.
func (g *Grid) SetRows(n int, rows func(i int) []Cell, key func(i int) string) {
	depth := g.cursor - g.offset
	g.n, g.rows, g.key = max(0, n), rows, key
	if g.n == 0 || !g.moved {
		g.put(0)
		return
	}
	if i, ok := g.find(g.at); ok {
		g.offset = i - depth
		g.put(i)
		return
	}
	g.put(min(g.cursor, g.n-1))
}

// find returns the row of a key; most refreshes leave it where it was.
func (g *Grid) find(key string) (int, bool) {
	if g.cursor < g.n && g.key(g.cursor) == key {
		return g.cursor, true
	}
	for i := range g.n {
		if g.key(i) == key {
			return i, true
		}
	}
	return 0, false
}

// put places the cursor and scrolls to it.
func (g *Grid) put(i int) {
	g.cursor = max(0, min(i, g.n-1))
	if g.n > 0 { // else the key is kept for when rows come back
		g.at = g.key(g.cursor)
	}
	g.scroll()
}

func (g *Grid) scroll() {
	body := g.body()
	g.offset = min(g.offset, g.cursor)
	g.offset = max(g.offset, g.cursor-body+1)
	g.offset = max(0, min(g.offset, g.n-body))
}

// body is the number of lines for rows. One line shows a row, not the header.
func (g *Grid) body() int {
	if g.h <= 1 {
		return max(1, g.h)
	}
	return g.h - 1
}

func (g *Grid) jump(i int) {
	g.moved = true
	g.put(i)
}

// Move moves the cursor by delta rows and stops at the ends.
func (g *Grid) Move(delta int) { g.jump(g.cursor + delta) }

// Page moves the cursor by delta screens.
func (g *Grid) Page(delta int) { g.jump(g.cursor + delta*g.body()) }

// Home moves the cursor to the first row and lets it stay on top while rows
// arrive above it.
func (g *Grid) Home() {
	g.moved = false
	g.put(0)
}

// End moves the cursor to the last row.
func (g *Grid) End() { g.jump(g.n - 1) }

// SetCursor moves the cursor to row i.
func (g *Grid) SetCursor(i int) { g.jump(i) }

// SetCursorByKey moves the cursor to the row with this key and reports whether
// there is one.
func (g *Grid) SetCursorByKey(key string) bool {
	i, ok := g.find(key)
	if ok {
		g.jump(i)
	}
	return ok
}

// Len is the number of rows.
func (g *Grid) Len() int { return g.n }

// Cursor is the row under the cursor, -1 when there are no rows.
func (g *Grid) Cursor() int {
	if g.n == 0 {
		return -1
	}
	return g.cursor
}

// CursorKey is the key of the row under the cursor, "" when there are no rows.
func (g *Grid) CursorKey() string {
	if g.n == 0 {
		return ""
	}
	return g.at
}

// Window is the half-open range of rows on screen.
func (g *Grid) Window() (from, to int) {
	return g.offset, min(g.n, g.offset+g.body())
}

// RowAt is the row drawn on line y of the grid, the header being line 0.
func (g *Grid) RowAt(y int) (row int, ok bool) {
	if g.h > 1 {
		y--
	}
	row = g.offset + y
	return row, y >= 0 && y < g.body() && row < g.n
}

// ToggleMark marks the row under the cursor, or takes its mark off.
func (g *Grid) ToggleMark() {
	if g.n == 0 {
		return
	}
	if g.Marked(g.at) {
		delete(g.marks, g.at)
		return
	}
	if g.marks == nil {
		g.marks = map[string]int{}
	}
	g.marked++
	g.marks[g.at] = g.marked
}

// Marked reports whether the row with this key is marked.
func (g *Grid) Marked(key string) bool {
	_, ok := g.marks[key]
	return ok
}

// Marks returns the keys of the marked rows in the order in which they were
// marked, including rows that a filter hides at the moment.
func (g *Grid) Marks() []string {
	return keysByValue(g.marks)
}

// ClearMarks takes all marks off.
func (g *Grid) ClearMarks() { clear(g.marks) }

// SetSort puts the sign ▲ (ascending) or ▼ behind the title of a column; a
// column below 0 takes it off. Sorting the rows is the page's work.
func (g *Grid) SetSort(column int, descending bool) {
	g.sortCol, g.sortSign = column, "▲"
	if descending {
		g.sortSign = "▼"
	}
	if column < 0 {
		g.sortSign = ""
	}
}

// Hidden returns the titles of the columns that this width has no room for, so
// that the page can say so.
func (g *Grid) Hidden() []string {
	var titles []string
	for i, c := range g.columns {
		if g.widths[i] == 0 {
			titles = append(titles, c.Title)
		}
	}
	return titles
}

// ColumnWidth is how wide a column is drawn, by its place; 0 when it is hidden.
func (g *Grid) ColumnWidth(i int) int { return g.widths[i] }

// View draws the grid: exactly the size that was set, lines joined by "\n".
func (g *Grid) View(st Styles) string {
	if g.w <= 0 || g.h <= 0 {
		return ""
	}
	var b strings.Builder
	b.Grow((g.w + 8*len(g.columns) + 16) * g.h)
	lines := 0
	if g.h > 1 {
		g.header(&b, st)
		lines++
	}
	for i := g.offset; i < g.n && lines < g.h; i++ {
		newline(&b, lines)
		g.row(&b, st, i)
		lines++
	}
	if g.n == 0 && g.Empty != "" && lines < g.h {
		newline(&b, lines)
		b.WriteString(st.Dim.Render(PadRight(spaces(gridMargin)+Sanitize(g.Empty), g.w)))
		lines++
	}
	for ; lines < g.h; lines++ {
		newline(&b, lines)
		b.WriteString(spaces(g.w))
	}
	return b.String()
}

func newline(b *strings.Builder, lines int) {
	if lines > 0 {
		b.WriteByte('\n')
	}
}
