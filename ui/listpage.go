package ui

import (
	"context"
	"strconv"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/stateward/stateward/ui/widget"
)

// listPage is what the pages that show a list have in common: the grid with
// filter, order and marks, a listing that grows on the screen, the problems met
// on the way, and the detail of the row under the cursor.
type listPage[T any] struct {
	host host
	sc   *scope
	noun string // what one row is
	none string // said when there is no row; "" is "no " and the noun
	list list[T]
	w, h int

	listing request
	busy    bool
	partial bool      // a first listing: its rows are shown as they come
	fresh   []T       // what a refresh has brought so far
	asOf    time.Time // when the last listing that came to its end was asked for
	began   time.Time
	took    time.Duration
	err     error
	notes   []string // sources that could not be read
	reading []string // the same, of the listing under way

	typing   bool
	input    widget.Input
	watching bool // read again every few seconds

	start  func() tea.Cmd                            // begins a listing
	facts  func() []tea.Cmd                          // reads facts of rows near the screen; nil: none
	detail func(st widget.Styles, w, h int) []string // of the row under the cursor
	carry  func(old, row *T)                         // what a refreshed row keeps of the old one
	top    func(st widget.Styles, w int) []string    // lines above the grid; nil: none
	empty  func() string                             // why there are no rows; nil: the usual words
	more   bool                                      // rows were left out: the count is "at least"
	tells  bool                                      // the label of its tab tells how many rows there are
	tall   int                                       // the most lines that the detail takes; 0 is maxDetail
}

func newListPage[T any](h host, noun string, sc *scope) listPage[T] {
	return listPage[T]{host: h, noun: noun, sc: sc}
}

func (p *listPage[T]) scope() *scope { return p.sc }

// enter starts the first listing, or refreshes one that was interrupted or is old.
func (p *listPage[T]) enter() tea.Cmd {
	if !p.listing.alive() { // cut off when the page was left
		p.busy = false
	}
	if p.busy || !p.due() {
		return nil
	}
	return p.refresh()
}

// due reports whether it is time to list again. A listing that takes long is
// not repeated all the time.
func (p *listPage[T]) due() bool {
	if p.asOf.IsZero() && p.err == nil {
		return true
	}
	return p.host.now().Sub(p.began) >= p.pause()
}

// outdate makes the list due again, whenever it is shown next.
func (p *listPage[T]) outdate() { p.began = time.Time{} }

func (p *listPage[T]) refresh() tea.Cmd {
	return p.start()
}

// begin notes that a listing starts and returns its request.
func (p *listPage[T]) begin() (context.Context, address) {
	p.busy, p.partial = true, len(p.list.rows) == 0
	p.began, p.fresh, p.reading = p.host.now(), nil, nil
	return p.listing.begin(p.sc)
}

// arrived takes rows of the listing under way.
func (p *listPage[T]) arrived(rows []T) {
	if p.partial {
		p.list.add(rows, p.carry)
		return
	}
	p.fresh = append(p.fresh, rows...)
}

// arrivedFrom takes all rows of one of several sources: they are shown at once,
// whatever the others are waiting for.
func (p *listPage[T]) arrivedFrom(of func(*T) bool, rows []T) {
	p.arrived(rows)
	if !p.partial {
		p.list.renew(of, rows, p.carry)
	}
}

// ended notes how the listing came to its end. One that failed leaves the rows
// there are in place.
func (p *listPage[T]) ended(err error) {
	p.busy = false
	p.listing.end()
	p.took = p.host.now().Sub(p.began)
	p.err, p.notes = err, p.reading
	if err != nil {
		return
	}
	p.asOf = p.began
	if !p.partial {
		p.list.replace(p.fresh, p.carry)
	}
	p.fresh = nil
}

// wanted reads the facts that the screen needs. It is asked after every
// message, so that no way of moving rows onto the screen can forget it.
func (p *listPage[T]) wanted() tea.Cmd {
	if p.facts == nil {
		return nil
	}
	return tea.Batch(p.facts()...)
}

func (p *listPage[T]) tick() tea.Cmd {
	if !p.busy && p.due() {
		return p.refresh()
	}
	return nil
}

// key lets the filter that is being typed have its keys.
func (p *listPage[T]) key(msg tea.KeyPressMsg) (tea.Cmd, bool) {
	if !p.typing {
		return nil, false
	}
	switch msg.Keystroke() {
	case "enter":
		p.typing = false
	case "esc":
		p.clearFilter()
	case "up", "down", "pgup", "pgdown":
		return nil, false
	default:
		if !p.input.Key(msg) {
			return nil, false
		}
		p.list.setFilter(p.input.Value())
	}
	return nil, true
}

// typingHints are the keys beside the filter.
func (p *listPage[T]) typingHints() []widget.Hint {
	if !p.typing {
		return nil
	}
	return []widget.Hint{{Key: "⏎", Label: "keep the filter"}, {Key: "esc", Label: "clear it"}, {Key: "↑↓", Label: "move"}}
}

func (p *listPage[T]) paste(msg tea.PasteMsg) {
	if p.typing {
		p.input.Paste(msg)
		p.list.setFilter(p.input.Value())
	}
}

// unfilter takes the filter off and reports whether there was one.
func (p *listPage[T]) unfilter() bool {
	was := p.list.filter.Active()
	p.clearFilter()
	return was
}

func (p *listPage[T]) clearFilter() {
	p.typing = false
	p.input.Set("")
	p.list.setFilter("")
}

// status is the number of rows and how old they are.
func (p *listPage[T]) status() []widget.Cell {
	var cells []widget.Cell
	switch {
	case p.asOf.IsZero() && len(p.list.rows) == 0:
	case p.list.filter.Active():
		cells = append(cells, text(count(p.list.len())+" of "+p.total()))
	case p.tells:
	default:
		cells = append(cells, text(p.total()))
	}
	return p.aged(cells)
}

// aged adds how old the rows are to what is said of them.
func (p *listPage[T]) aged(cells []widget.Cell) []widget.Cell {
	sep := func() string {
		if len(cells) == 0 {
			return ""
		}
		return " · "
	}
	switch {
	case p.busy && p.asOf.IsZero():
		cells = append(cells, dim(sep()+"reading"))
	case !p.asOf.IsZero():
		cells = append(cells, dim(sep()+justNow(p.host.now().Sub(p.asOf))))
	}
	if p.watching {
		cells = append(cells, text(sep()+"watching"))
	}
	if p.busy {
		return append(cells, widget.Cell{Text: " ↻", Tone: widget.Accent})
	}
	if p.err != nil {
		return append(cells, bad(" ✖"))
	}
	return append(cells, text("  "))
}

func (p *listPage[T]) total() string {
	n := count(len(p.list.rows))
	if p.more || p.asOf.IsZero() && !p.busy {
		n += "+"
	}
	return n
}

// problems says what went wrong, with what to do next.
func (p *listPage[T]) problems(st widget.Styles) []string {
	var lines []string
	if p.err != nil {
		lines = p.failures(st)
	}
	for i, n := range p.notes {
		if i == 2 && len(p.notes) > 3 {
			rest := strconv.Itoa(len(p.notes)-i) + " more sources could not be read"
			return append(lines, wrapped(st, widget.Warn, "▲ ", rest, p.w, 1)...)
		}
		lines = append(lines, wrapped(st, widget.Warn, "▲ ", n, p.w, 2)...)
	}
	return lines
}

// failures says each of the errors that ended the reading, the first few of many,
// and once what to do next about those of a kind.
func (p *listPage[T]) failures(st widget.Styles) []string {
	var lines []string
	errs := parted(p.err)
	for i, err := range errs {
		if i == 2 && len(errs) > 3 {
			rest := strconv.Itoa(len(errs)-i) + " more sources could not be read"
			return append(lines, wrapped(st, widget.Bad, "✖ ", rest, p.w, 1)...)
		}
		said, next := saidAndNext(err)
		lines = append(lines, wrapped(st, widget.Bad, "✖ ", said, p.w, 3)...)
		if i+1 < len(errs) {
			if _, later := saidAndNext(errs[i+1]); later == next {
				continue
			}
		}
		lines = append(lines, wrapped(st, widget.Plain, "  ", first(next, "ctrl+r tries again."), p.w, 2)...)
	}
	return lines
}

// wrapped is a sentence behind a sign, on at most rows lines.
func wrapped(st widget.Styles, tone widget.Tone, sign, sentence string, w, rows int) []string {
	var lines []string
	for i, l := range widget.Wrap(safe(sentence), max(1, w-4)) {
		lead := "   "
		if i == 0 {
			lead = " " + sign
		}
		lines = append(lines, st.Of(tone).Render(lead+l))
	}
	return clipLines(lines, w, rows)
}

// noRows says why there are no rows.
func (p *listPage[T]) noRows() string {
	if p.empty != nil {
		return p.empty()
	}
	return p.usualNoRows()
}

func (p *listPage[T]) usualNoRows() string {
	switch {
	case p.busy && p.asOf.IsZero():
		return "reading…"
	case p.asOf.IsZero():
		return ""
	case len(p.list.rows) > 0:
		return "no " + p.noun + " matches the filter; esc clears it"
	case len(p.notes) > 0:
		return "no " + p.noun + "s found, but not every place could be read"
	}
	return first(p.none, "no "+p.noun+"s")
}
