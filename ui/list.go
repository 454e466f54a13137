package ui

import (
	"slices"

	"github.com/stateward/stateward/ui/widget"
)

// What a [widget.Grid] puts in front of a row and between its columns.
const (
	rowMargin = 3
	columnGap = 2
)

// column is a column of a list and how rows are ordered by it.
type column[T any] struct {
	widget.Column
	cmp func(a, b *T) int // nil: rows cannot be ordered by it
}

// list is rows behind a grid: what the filter keeps of them, in the order asked
// for. What is worked out over all rows is kept until rows, filter or order
// change, so that a frame costs only the rows on screen.
type list[T any] struct {
	grid    widget.Grid
	columns []column[T]
	id      func(*T) string                                 // names a row for as long as it exists
	words   func(*T) string                                 // what the filter looks at
	cells   func(row *T, cells []widget.Cell) []widget.Cell // appends a row's cells
	natural func(a, b *T) int                               // the order when none is asked for; nil: as listed

	rows   []T
	index  map[string]int // by id
	filter widget.Filter
	kept   []int // by the filter, ascending; nil: all
	order  []int // as shown; nil: all in their own order
	sorted int   // column ordered by; -1: the listing's own order
	desc   bool
	wide   int // the column whose cells are made to fit
	room   int // how wide it is
	buf    []widget.Cell
}

// init sets what cannot change later.
func (l *list[T]) init(columns []column[T]) {
	l.columns, l.sorted = columns, -1
	l.setColumns()
	l.index = map[string]int{}
	l.arrange()
}

func (l *list[T]) setColumns() {
	heads := make([]widget.Column, len(l.columns))
	for i, c := range l.columns {
		heads[i] = c.Column
	}
	l.grid.SetColumns(heads...)
	l.grid.SetSort(l.sorted, l.desc)
}

// setMin changes the room that a column needs to be of use.
func (l *list[T]) setMin(title string, room int) {
	i := slices.IndexFunc(l.columns, func(c column[T]) bool { return c.Title == title })
	if i < 0 || l.columns[i].Min == room {
		return
	}
	l.columns[i].Min = room
	l.setColumns()
}

// setMax changes the room beyond which a column does not grow.
func (l *list[T]) setMax(title string, room int) {
	i := slices.IndexFunc(l.columns, func(c column[T]) bool { return c.Title == title })
	if i < 0 || l.columns[i].Max == room {
		return
	}
	l.columns[i].Max = room
	l.setColumns()
}

// add puts rows behind those there are; a row whose id is there already takes
// the place of the older one, which carry may save something from.
func (l *list[T]) add(rows []T, carry func(old, row *T)) {
	for i := range rows {
		row := &rows[i]
		at, ok := l.index[l.id(row)]
		if !ok {
			l.index[l.id(row)] = len(l.rows)
			l.rows = append(l.rows, *row)
			continue
		}
		if carry != nil {
			carry(&l.rows[at], row)
		}
		l.rows[at] = *row
	}
	l.kept = nil
	l.arrange()
}

// replace takes the rows of a finished refresh.
func (l *list[T]) replace(rows []T, carry func(old, row *T)) {
	old, index := l.rows, l.index
	l.rows, l.index = nil, make(map[string]int, len(rows))
	for i := range rows {
		if at, ok := index[l.id(&rows[i])]; ok && carry != nil {
			carry(&old[at], &rows[i])
		}
	}
	l.add(rows, nil)
}

// renew takes the rows of one source in place of those that it had; the rows of
// the others stay.
func (l *list[T]) renew(of func(*T) bool, rows []T, carry func(old, row *T)) {
	all := make([]T, 0, len(l.rows)+len(rows))
	for i := range l.rows {
		if !of(&l.rows[i]) {
			all = append(all, l.rows[i])
		}
	}
	l.replace(append(all, rows...), carry)
}

// row finds a row by its id.
func (l *list[T]) row(id string) *T {
	if i, ok := l.index[id]; ok {
		return &l.rows[i]
	}
	return nil
}

// shown is row i as shown.
func (l *list[T]) shown(i int) *T {
	if l.order != nil {
		i = l.order[i]
	}
	return &l.rows[i]
}

// current is the row under the cursor, nil when there is none.
func (l *list[T]) current() *T {
	if i := l.grid.Cursor(); i >= 0 {
		return l.shown(i)
	}
	return nil
}

// setFilter keeps the rows that match the words of the query.
func (l *list[T]) setFilter(query string) {
	l.filter.Set(query)
	l.arrange()
}

// sortNext orders by the next column that rows can be ordered by; after the
// last one comes the listing's own order.
func (l *list[T]) sortNext() {
	for {
		l.sorted++
		if l.sorted == len(l.columns) {
			l.sorted = -1
		}
		if l.sorted < 0 || l.columns[l.sorted].cmp != nil {
			break
		}
	}
	l.desc = false
	l.arrange()
}

// turn turns the order round.
func (l *list[T]) turn() {
	l.desc = !l.desc
	l.arrange()
}

// orderName says how the rows are ordered.
func (l *list[T]) orderName() string {
	by := "in the usual order"
	if l.sorted >= 0 {
		by = "ordered by " + l.columns[l.sorted].Title
	}
	if l.desc {
		by += ", reversed"
	}
	return by
}

// changed says that a row's cells may order it differently now.
func (l *list[T]) changed() {
	if l.sorted >= 0 {
		l.arrange()
	}
}

// arrange works out which rows are shown in which order.
func (l *list[T]) arrange() {
	l.order = nil
	if l.filter.Active() {
		l.kept = l.filter.Apply(len(l.rows), func(i int) string { return l.words(&l.rows[i]) }, l.kept)
		l.order = l.kept
	} else {
		l.kept = nil
	}
	if l.sorted >= 0 || l.desc || l.natural != nil {
		l.order = l.ordered()
	}
	l.grid.SetSort(l.sorted, l.desc)
	l.show()
}

// show hands the rows to the grid. A list that is scrolled to its top stays
// there: the newest version must not arrive out of sight.
func (l *list[T]) show() {
	from, _ := l.grid.Window()
	l.grid.SetRows(l.len(), l.gridRow, l.gridKey)
	if now, _ := l.grid.Window(); from == 0 && now > 0 {
		at := l.grid.Cursor()
		l.grid.Home()
		l.grid.SetCursor(at)
	}
}

func (l *list[T]) len() int {
	if l.order != nil {
		return len(l.order)
	}
	return len(l.rows)
}

func (l *list[T]) ordered() []int {
	order := slices.Clone(l.order)
	if order == nil {
		order = make([]int, len(l.rows))
		for i := range order {
			order[i] = i
		}
	}
	cmp := l.natural
	if l.sorted >= 0 {
		cmp = l.columns[l.sorted].cmp
	}
	if cmp != nil {
		slices.SortStableFunc(order, func(a, b int) int { return cmp(&l.rows[a], &l.rows[b]) })
	}
	if l.desc {
		slices.Reverse(order)
	}
	return order
}

// setSize sets the size of the grid.
func (l *list[T]) setSize(w, h int) {
	l.grid.SetSize(w, h)
	l.room = l.grid.ColumnWidth(l.wide)
}

func (l *list[T]) gridRow(i int) []widget.Cell {
	l.buf = l.cells(l.shown(i), l.buf[:0])
	return l.buf
}

func (l *list[T]) gridKey(i int) string { return l.id(l.shown(i)) }

// near is the rows on screen and one screen on, the ones worth reading facts of.
func (l *list[T]) near(visit func(*T) bool) {
	from, to := l.grid.Window()
	to = min(l.len(), to+(to-from))
	for i := from; i < to; i++ {
		if !visit(l.shown(i)) {
			return
		}
	}
}
