package ui

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui/widget"
)

// searchReader looks for resources in the states of backends, and yields what
// it finds as it finds it. The error, last, is that of the context.
type searchReader interface {
	Search(ctx context.Context, backends []model.Backend, q model.SearchQuery) iter.Seq2[model.SearchPage, error]
}

// What the page lists of the hits: of one state, and of all together. More are
// counted, for nobody reads them, and rows are put in order as they come.
const (
	hitsPerState  = 100
	maxSearchRows = 10_000
)

// searchRow is a resource that was found.
type searchRow struct {
	backend model.Backend
	state   model.State
	model.SearchHit
}

// searchPage looks for resources in the states of all backends.
type searchPage struct {
	listPage[searchRow]
	pattern  widget.Input
	asking   bool   // keys go to the pattern
	asked    string // what the rows are the answer to; "" before the first search
	stopped  string // why the search ended before its end
	seen     searchSeen
	table    []action
	askTable []action
}

// searchSeen is what a search has told beside its hits.
type searchSeen struct {
	progress   model.SearchProgress
	listed     int
	more       int // hits beyond those
	unsearched []model.UnsearchedState
	problems   []string
}

func newSearchPage(h host) *searchPage {
	p := &searchPage{listPage: newListPage[searchRow](h, "match", &scope{}), asking: true}
	p.start, p.top, p.detail, p.empty = p.run, p.head, p.details, p.nothing
	p.list.id = func(r *searchRow) string {
		return strings.Join([]string{r.backend.URL(r.state.Key), r.Address, r.Deposed}, "\x00")
	}
	p.list.words = func(r *searchRow) string {
		return strings.Join([]string{r.Address, r.Field, r.Value, r.state.Bucket, r.state.Key}, " ")
	}
	p.list.cells = p.cells
	p.list.natural = closestFirst
	p.list.init(searchColumns())
	p.table, p.askTable = p.actionTable(), p.askActions()
	return p
}

// closestFirst puts what the pattern names before what mentions it; states
// answer in any order.
func closestFirst(a, b *searchRow) int {
	return cmp.Or(a.Compare(b.SearchHit), byPlace(a, b), strings.Compare(a.Address, b.Address))
}

func byPlace(a, b *searchRow) int {
	return cmp.Or(strings.Compare(a.state.Bucket, b.state.Bucket), strings.Compare(a.state.Key, b.state.Key))
}

func searchColumns() []column[searchRow] {
	return []column[searchRow]{
		{widget.Column{Title: "RESOURCE", Min: resourceWidth, Max: 90, Weight: 1, Cut: widget.CutMiddle},
			func(a, b *searchRow) int { return strings.Compare(a.Address, b.Address) }},
		{widget.Column{Title: "FOUND IN", Min: fieldWidth, Drop: 1, Cut: widget.CutMiddle},
			func(a, b *searchRow) int { return strings.Compare(a.Field, b.Field) }},
		{widget.Column{Title: "STATE", Min: keyWidth, Max: 90, Weight: 1, Cut: widget.CutMiddle}, byPlace},
		{widget.Column{Title: "BACKEND", Min: bucketWidth, Drop: 2, Cut: widget.CutMiddle},
			func(a, b *searchRow) int { return strings.Compare(backendName(a.backend), backendName(b.backend)) }},
	}
}

// The least widths of the columns. What is left of the window goes to addresses
// and keys in equal parts.
const (
	resourceWidth = 26
	fieldWidth    = 14
	keyWidth      = 28
	bucketWidth   = 22
)

// keyRoom is how wide the column of the keys is.
func (p *searchPage) keyRoom() int {
	taken := rowMargin + resourceWidth + fieldWidth + keyWidth + 2*columnGap
	if with := taken + bucketWidth + columnGap; p.w >= with {
		taken = with
	}
	return keyWidth + max(0, p.w-taken)/2
}

func (p *searchPage) cells(r *searchRow, cells []widget.Cell) []widget.Cell {
	return append(cells, text(r.address()), r.foundIn(), text(shortKey(r.state.Key, p.keyRoom())), text(backendName(r.backend)))
}

func (r *searchRow) address() string {
	if r.Deposed != "" {
		return r.Address + " (deposed)"
	}
	return r.Address
}

// foundIn is where the words were found; a sign marks what they name.
func (r *searchRow) foundIn() widget.Cell {
	switch {
	case r.Manages():
		return good("● its " + r.Field)
	case r.Exact:
		return text("○ its " + r.Field)
	}
	return text(r.Field)
}

// tells says what the match means.
func (r *searchRow) tells() widget.Cell {
	switch {
	case r.Manages() && r.Deposed != "":
		return warn("● the pattern is its " + r.Field + "; it is deposed: the next apply destroys it")
	case r.Manages():
		return good("● the pattern is its " + r.Field + ": this state manages it")
	case r.Exact:
		return text("○ the pattern is its " + r.Field + ": this state only reads it")
	}
	return text("found in " + r.Field)
}

func (p *searchPage) title() string { return "Search" }

// status is the number of matches.
func (p *searchPage) status() []widget.Cell {
	switch {
	case p.asked == "":
		return nil
	case p.list.filter.Active():
		return []widget.Cell{text(count(p.list.len()) + " of " + matches(len(p.list.rows)) + "  ")}
	}
	cells := []widget.Cell{text(matches(len(p.list.rows)))}
	if p.busy {
		return append(cells, widget.Cell{Text: " ↻", Tone: widget.Accent})
	}
	return append(cells, text("  "))
}

func matches(n int) string {
	if n == 1 {
		return "1 match"
	}
	return count(n) + " matches"
}

// enter tells of a search that ended because the page was left.
func (p *searchPage) enter() tea.Cmd {
	if p.busy && !p.listing.alive() {
		p.halt("cut off when the page was left")
	}
	return nil
}

// tick does not search again by itself: it would read every state.
func (p *searchPage) tick() tea.Cmd { return nil }

// outdate leaves what was found; ctrl+r looks again.
func (p *searchPage) outdate() {}

// halt ends the search that runs.
func (p *searchPage) halt(why string) {
	p.busy, p.stopped = false, why
	p.listing.end()
}

// submit searches for what was typed.
func (p *searchPage) submit() tea.Cmd {
	pattern := strings.TrimSpace(p.pattern.Value())
	if _, err := model.ParseSearch(pattern); err != nil {
		_, next := saidAndNext(err)
		p.host.tell(widget.Warn, next)
		return nil
	}
	p.asking, p.asked = false, pattern
	p.clearFilter()
	return p.run()
}

// run searches, for the first time or again.
func (p *searchPage) run() tea.Cmd {
	q, err := model.ParseSearch(p.asked)
	if err != nil { // nothing was asked yet
		return nil
	}
	q.Limit = hitsPerState
	p.list.replace(nil, nil)
	p.seen, p.stopped, p.err, p.notes = searchSeen{}, "", nil, nil
	ctx, at := p.begin()
	return listen(ctx, at, searchFleet(p.host.reader(), p.host.fleet(), q))
}

// searchFleet searches the backends that are known; where no page has found
// out which there are, that comes first.
func searchFleet(read Reader, known *fleet, q model.SearchQuery) func(context.Context) iter.Seq2[model.SearchPage, error] {
	backends, complete := slices.Clone(known.backends), known.complete
	return func(ctx context.Context) iter.Seq2[model.SearchPage, error] {
		if complete {
			return read.Search(ctx, backends, q)
		}
		return func(yield func(model.SearchPage, error) bool) {
			found, err := allBackends(ctx, read)
			if err != nil && !yield(model.SearchPage{Problems: strings.Split(err.Error(), "\n")}, nil) {
				return
			}
			for page, err := range read.Search(ctx, found, q) {
				if !yield(page, err) {
					return
				}
			}
		}
	}
}

// allBackends are the backends there are; one that is yielded again replaces
// the one before.
func allBackends(ctx context.Context, read Reader) ([]model.Backend, error) {
	var all []model.Backend
	for page, err := range read.Backends(ctx) {
		if err != nil {
			return all, err
		}
		for _, b := range page {
			if i := slices.IndexFunc(all, func(have model.Backend) bool { return backendID(have) == backendID(b) }); i >= 0 {
				all[i] = b
			} else {
				all = append(all, b)
			}
		}
	}
	return all, nil
}

func (p *searchPage) receive(l letter) tea.Cmd {
	m, ok := l.(batch[model.SearchPage])
	if !ok || !p.listing.current(m) {
		return nil
	}
	var rows []searchRow
	for _, page := range m.values {
		rows = append(rows, p.seen.take(page)...)
	}
	if len(rows) > 0 {
		p.arrived(rows)
	}
	p.reading = p.seen.notes()
	p.notes = p.reading
	if m.end {
		p.finish(m.err)
	}
	return m.next()
}

func (p *searchPage) finish(err error) {
	if errors.Is(err, context.Canceled) {
		p.halt("stopped")
		return
	}
	p.ended(err)
}

// take adds what a page tells and returns its rows.
func (s *searchSeen) take(page model.SearchPage) []searchRow {
	var rows []searchRow
	for _, f := range page.Found {
		for _, h := range f.Hits {
			if s.listed >= maxSearchRows && !h.Exact {
				s.more++
				continue
			}
			s.listed++
			rows = append(rows, searchRow{backend: f.Backend, state: f.State, SearchHit: h})
		}
		s.more += f.More
	}
	s.unsearched = append(s.unsearched, page.Unsearched...)
	for _, problem := range page.Problems { // two backends may share a table
		if !slices.Contains(s.problems, problem) {
			s.problems = append(s.problems, problem)
		}
	}
	s.progress = page.Progress
	return rows
}

// notes are what could not be read, in as few lines as reasons.
func (s *searchSeen) notes() []string {
	byReason := map[string][]string{}
	var reasons []string
	for _, u := range s.unsearched {
		if byReason[u.Reason] == nil {
			reasons = append(reasons, u.Reason)
		}
		byReason[u.Reason] = append(byReason[u.Reason], "s3://"+u.Bucket+"/"+u.Key)
	}
	notes := slices.Clone(s.problems)
	for _, r := range reasons {
		urls := byReason[r]
		note := "not searched: " + urls[0] + ": " + r
		if len(urls) > 1 {
			note = plural(len(urls), "state") + " not searched: " + r + "; " + urls[0] + " is one of them"
		}
		notes = append(notes, note)
	}
	return notes
}
