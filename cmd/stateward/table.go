package main

import (
	"fmt"
	"io"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui/widget"
)

// The signs of a value that is not there, as on the pages.
const (
	signUnread  = "·" // not read
	signUnknown = "?" // could not be read; stderr says why
	signNone    = "-" // there is none
)

// column is a column of a table.
type column struct {
	title string
	right bool // numbers
	// cut is the width down to which the column may be cut on a narrow
	// terminal; 0 never cuts it.
	cut int
	// drop is the place in the order in which columns are left out on a narrow
	// terminal, from 1; 0 never leaves it out.
	drop int
	// end cuts the end instead of the middle. Of keys and ids the end tells
	// which is which, of sentences the start.
	end bool
}

// table is aligned text: one line a row, two spaces between columns, nothing
// but printable characters.
type table struct {
	columns []column
	rows    [][]string
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

// write prints the table. width is the terminal's; 0 means that this is no
// terminal and nothing is cut. Without rows nothing is printed.
func (t *table) write(w io.Writer, width int) error {
	if len(t.rows) == 0 {
		return nil
	}
	rows := t.printable()
	widths := t.widths(rows)
	if width > 0 {
		widths = t.fit(rows[1:], widths, width)
	}
	var b strings.Builder
	for _, row := range rows {
		b.WriteString(strings.TrimRight(t.line(row, widths), " "))
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// printable is the header and the rows, sanitised.
func (t *table) printable() [][]string {
	rows := make([][]string, 0, len(t.rows)+1)
	header := make([]string, 0, len(t.columns))
	for _, c := range t.columns {
		header = append(header, strings.ToUpper(c.title))
	}
	rows = append(rows, header)
	for _, cells := range t.rows {
		row := make([]string, len(t.columns))
		for i := range row {
			row[i] = signNone
			if i < len(cells) && cells[i] != "" {
				row[i] = widget.Sanitize(cells[i])
			}
		}
		rows = append(rows, row)
	}
	return rows
}

func (t *table) widths(rows [][]string) []int {
	widths := make([]int, len(t.columns))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], widget.Width(cell))
		}
	}
	return widths
}

// fit makes the table fit a terminal: it cuts what may be cut, then leaves
// columns out in their stated order. What then is still too wide the terminal
// wraps, for an id that was cut could not be used; the row then has the room of
// as many lines as it takes, since cutting within them would only hide.
func (t *table) fit(rows [][]string, natural []int, width int) []int {
	floors := t.floors(rows, natural)
	for lines := 1; ; lines++ {
		if widths, fits := t.fitted(slices.Clone(natural), floors, lines*width); fits {
			return widths
		}
	}
}

func (t *table) fitted(natural, floors []int, width int) (widths []int, fits bool) {
	for {
		widths = slices.Clone(natural)
		over := shrink(widths, floors, width)
		next := t.nextToDrop(natural)
		if over == 0 || next < 0 {
			return widths, over == 0
		}
		natural[next] = 0 // and cut the others anew, into the room that it left
	}
}

// floors are the widths below which no column is cut: the stated one, and of
// what is cut in its middle, such as keys, the one at which two that differ
// still look different.
func (t *table) floors(rows [][]string, natural []int) []int {
	floors := slices.Clone(natural)
	for i, c := range t.columns {
		switch {
		case c.cut == 0 || c.cut >= natural[i]:
		case c.end:
			floors[i] = c.cut
		default:
			all := distinct(rows, i, natural[i])
			floors[i] = c.cut + sort.Search(natural[i]-c.cut, func(n int) bool { return distinct(rows, i, c.cut+n) == all })
		}
	}
	return floors
}

// distinct is how many different cells a column has at a width.
func distinct(rows [][]string, column, width int) int {
	seen := map[string]bool{}
	for _, row := range rows {
		seen[widget.Middle(row[column], width)] = true
	}
	return len(seen)
}

// nextToDrop is the column that goes first of those that are left, -1 for none.
func (t *table) nextToDrop(widths []int) int {
	next := -1
	for i, c := range t.columns {
		if c.drop > 0 && widths[i] > 0 && (next < 0 || c.drop < t.columns[next].drop) {
			next = i
		}
	}
	return next
}

// shrink takes columns off the widest column that may be cut, one at a time,
// until the line fits. It returns by how much it does not.
func shrink(widths, floors []int, width int) int {
	over := lineWidth(widths) - width
	for ; over > 0; over-- {
		widest := -1
		for i, w := range widths {
			if w > floors[i] && (widest < 0 || w > widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			return over
		}
		widths[widest]--
	}
	return 0
}

// lineWidth is the width of a line; columns of width 0 are left out.
func lineWidth(widths []int) int {
	total := -2
	for _, w := range widths {
		if w > 0 {
			total += w + 2
		}
	}
	return max(0, total)
}

func (t *table) line(row []string, widths []int) string {
	var cells []string
	for i, cell := range row {
		if widths[i] == 0 {
			continue
		}
		if !t.columns[i].end {
			cell = widget.Middle(cell, widths[i])
		}
		if t.columns[i].right {
			cells = append(cells, widget.PadLeft(cell, widths[i]))
		} else {
			cells = append(cells, widget.PadRight(cell, widths[i]))
		}
	}
	return strings.Join(cells, "  ")
}

// shown is a fact in a column.
func shown[T any](f model.Fact[T], text func(T) string) string {
	v, ok := f.Get()
	switch {
	case ok:
		return text(v)
	case f.IsUnknown():
		return signUnknown
	}
	return signUnread
}

func verbatim(s string) string { return s }

func number(n int) string { return fmt.Sprint(n) }

func bytesOf(n int64) string { return humanize.Bytes(uint64(max(0, n))) } //nolint:gosec // never negative

// span is a duration in its largest unit, as on the pages: "4 min", "3 h", "41 d".
func span(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", max(0, d)/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", d/time.Hour)
	case d < 2*365*24*time.Hour:
		return fmt.Sprintf("%d d", d/(24*time.Hour))
	}
	return fmt.Sprintf("%d y", d/(365*24*time.Hour))
}

// recent is how old something may be to be called "now".
const recent = 10 * time.Second

// ago is how long before now t was.
func ago(now, t time.Time) string {
	d := now.Sub(t)
	switch {
	case t.IsZero():
		return signNone
	case d < -time.Minute:
		return "in " + span(-d)
	case d < recent:
		return "now"
	}
	return span(d)
}
