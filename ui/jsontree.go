package ui

import (
	"context"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui/widget"
)

// jsonTree is a part of a state's text, folded: a line for each value, of which
// only those on screen are ever decoded. A state may have 100 MB.
type jsonTree struct {
	host host
	sc   *scope
	body *stateBody
	grid widget.Grid
	w, h int

	doc   *model.StateDocument
	root  model.Span
	rows  []jsonRow
	clear map[int64]int64 // where values that are shown in clear begin and end

	parting   request // for the parts of a large value
	revealing request
	seeking   request
	typing    bool
	input     widget.Input
	query     string // what was searched for last
}

// jsonRow is one value.
type jsonRow struct {
	model.Node
	depth int32
	open  bool
}

// quickBytes is how much text is looked through while the screen waits: about
// a millisecond.
const quickBytes = 1 << 20

func newJSONTree(h host, sc *scope, body *stateBody) *jsonTree {
	t := &jsonTree{host: h, sc: sc, body: body, clear: map[int64]int64{}}
	t.grid.SetColumns(
		widget.Column{Title: "NAME", Min: 22, Max: 52, Weight: 2},
		widget.Column{Title: "VALUE", Min: 20, Weight: 3},
	)
	t.show()
	return t
}

// set shows another text, with its first level unfolded.
func (t *jsonTree) set(doc *model.StateDocument, root model.Span) tea.Cmd {
	t.doc, t.root, t.rows = doc, root, nil
	clear(t.clear)
	t.show()
	return t.unfold(-1)
}

// relearned takes the same text with more known of its secrets.
func (t *jsonTree) relearned(doc *model.StateDocument) {
	t.doc = doc
	t.forget()
}

// forget hides again what was shown in clear.
func (t *jsonTree) forget() { clear(t.clear) }

func (t *jsonTree) show() { t.grid.SetRows(len(t.rows), t.cells, t.rowKey) }

func (t *jsonTree) rowKey(i int) string { return strconv.FormatInt(t.rows[i].Value.Start, 10) }

// current is the row under the cursor, nil without rows.
func (t *jsonTree) current() *jsonRow {
	if i := t.grid.Cursor(); i >= 0 {
		return &t.rows[i]
	}
	return nil
}

// folds reports whether a row has parts that may be shown.
func (t *jsonTree) folds(r *jsonRow) bool {
	kind := t.doc.Kind(r.Value)
	return (kind == model.ObjectValue || kind == model.ListValue) && r.Value.Len() > 2 && (t.isClear(r.Value) || !t.doc.IsSecret(r.Value))
}

// isClear reports whether a value, or one that it is part of, is shown in clear.
func (t *jsonTree) isClear(where model.Span) bool {
	for start, end := range t.clear {
		if start <= where.Start && where.End <= end {
			return true
		}
	}
	return false
}

// partsRead are the parts of one value.
type partsRead struct {
	of    model.Span
	parts []model.Node
}

// unfold opens a row, or the root for -1. What is large is looked through off
// the update loop.
func (t *jsonTree) unfold(i int) tea.Cmd {
	where := t.root
	if i >= 0 {
		where = t.rows[i].Value
	}
	if where.Len() <= quickBytes {
		t.insert(partsRead{where, t.doc.Parts(where)})
		return nil
	}
	ctx, at := t.parting.begin(t.sc)
	doc := t.doc
	return ask(ctx, at, func(context.Context) (partsRead, error) { return partsRead{where, doc.Parts(where)}, nil })
}

// insert puts the parts of a value below its row, unless they are there.
func (t *jsonTree) insert(m partsRead) {
	at, depth := 0, int32(0)
	if m.of != t.root {
		i := t.find(m.of.Start)
		if i < 0 || t.rows[i].open || !t.folds(&t.rows[i]) {
			return
		}
		t.rows[i].open = true
		at, depth = i+1, t.rows[i].depth+1
	} else if len(t.rows) > 0 {
		return
	}
	rows := make([]jsonRow, 0, len(t.rows)+len(m.parts))
	rows = append(rows, t.rows[:at]...)
	for _, p := range m.parts {
		rows = append(rows, jsonRow{Node: p, depth: depth})
	}
	t.rows = append(rows, t.rows[at:]...)
	t.show()
}

// find is the row of the value at an offset, -1 when it is not shown. Rows stand
// in the order of the text.
func (t *jsonTree) find(start int64) int {
	lo, hi := 0, len(t.rows)
	for lo < hi {
		mid := (lo + hi) / 2
		if t.rows[mid].Value.Start < start {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo < len(t.rows) && t.rows[lo].Value.Start == start {
		return lo
	}
	return -1
}

// fold closes a row.
func (t *jsonTree) fold(i int) {
	end := i + 1
	for end < len(t.rows) && t.rows[end].depth > t.rows[i].depth {
		end++
	}
	t.rows[i].open = false
	t.rows = append(t.rows[:i+1], t.rows[end:]...)
	t.grid.SetCursor(i)
	t.show()
}

// turn opens or closes the row under the cursor.
func (t *jsonTree) turn() tea.Cmd {
	i := t.grid.Cursor()
	switch {
	case !t.folds(&t.rows[i]):
		return nil
	case t.rows[i].open:
		t.fold(i)
		return nil
	}
	return t.unfold(i)
}

func (t *jsonTree) right() tea.Cmd {
	if i := t.grid.Cursor(); t.folds(&t.rows[i]) && !t.rows[i].open {
		return t.unfold(i)
	}
	return nil
}

// left closes the row, or goes to the one that it is part of.
func (t *jsonTree) left() tea.Cmd {
	i := t.grid.Cursor()
	if t.rows[i].open {
		t.fold(i)
		return nil
	}
	if above := t.above(i); above >= 0 {
		t.grid.SetCursor(above)
	}
	return nil
}

func (t *jsonTree) above(i int) int {
	for j := i - 1; j >= 0; j-- {
		if t.rows[j].depth < t.rows[i].depth {
			return j
		}
	}
	return -1
}

// noRow is why nothing can be done with a row.
func (t *jsonTree) noRow() string {
	if t.current() == nil {
		return "nothing is selected"
	}
	return ""
}

func (t *jsonTree) noSecret() string {
	switch r := t.current(); {
	case r == nil:
		return "nothing is selected"
	case t.clear[r.Value.Start] == 0 && (t.isClear(r.Value) || !t.doc.HasSecrets(r.Value)):
		return "nothing of this value is hidden"
	}
	return ""
}

// hides is what x does to a value that is shown in clear.
func (t *jsonTree) hides() string {
	if r := t.current(); r != nil && t.clear[r.Value.Start] != 0 {
		return "hide"
	}
	return ""
}

// turnClear shows the value under the cursor in clear, or hides it again.
func (t *jsonTree) turnClear() tea.Cmd {
	r := t.current()
	if t.clear[r.Value.Start] == 0 {
		return t.body.reveal(t.sc, &t.revealing, strconv.FormatInt(r.Value.Start, 10))
	}
	delete(t.clear, r.Value.Start)
	if r.open {
		t.fold(t.grid.Cursor())
	}
	return nil
}

// receive takes the answers to what the tree asked.
func (t *jsonTree) receive(l letter) tea.Cmd {
	switch m := l.(type) {
	case answer[partsRead]:
		if t.parting.current(m) {
			t.insert(m.value)
		}
	case answer[revealed]:
		if t.revealing.current(m) {
			t.revealed(m)
		}
	case answer[found]:
		if t.seeking.current(m) {
			t.got(m)
		}
	}
	return nil
}

func (t *jsonTree) revealed(m answer[revealed]) {
	t.revealing.end()
	if m.err != nil {
		t.body.refused(m.err)
		return
	}
	start, err := strconv.ParseInt(m.value.id, 10, 64)
	if i := t.find(start); err == nil && i >= 0 {
		t.clear[start] = t.rows[i].Value.End
	}
}

// path is where a row stands, as it is written in a configuration.
func (t *jsonTree) path(i int) string {
	var steps []string
	for ; i >= 0; i = t.above(i) {
		steps = append(steps, t.step(&t.rows[i]))
	}
	var b strings.Builder
	for j := len(steps) - 1; j >= 0; j-- {
		if b.Len() > 0 && !strings.HasPrefix(steps[j], "[") {
			b.WriteByte('.')
		}
		b.WriteString(steps[j])
	}
	return b.String()
}

func (t *jsonTree) step(r *jsonRow) string {
	if r.Name.Len() == 0 {
		return "[" + strconv.Itoa(r.Index) + "]"
	}
	name := t.doc.NameOf(r.Node)
	if name == "" || strings.ContainsAny(name, ". []\"") {
		return "[" + model.QuoteKey(name) + "]"
	}
	return name
}
