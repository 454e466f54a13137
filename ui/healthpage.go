package ui

import (
	"context"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui/widget"
)

// healthAtOnce bounds the backends whose health is read at a time: each costs
// some 25 requests and one for every state.
const healthAtOnce = 4

// healthPage shows how the checks of all backends came out, or of one. What was
// read is kept until it is asked for anew.
type healthPage struct {
	listPage[healthRow]
	only     *model.Backend // the one backend shown; nil: all
	backends []model.Backend
	asked    int
	open     int
	finds    bool // the listing of backends goes on
	finding  error
	stale    bool
	anew     bool // what is known already is read again
	unfolded map[string]bool
	reports  []*healthReport
	table    []action
}

func newHealthPage(h host, only *model.Backend) *healthPage {
	p := &healthPage{listPage: newListPage[healthRow](h, "finding", &scope{}), only: only, unfolded: map[string]bool{}}
	p.start, p.detail, p.tall = p.relist, p.details, 2*maxDetail
	p.list.id = (*healthRow).id
	p.list.words = (*healthRow).words
	p.list.cells = func(r *healthRow, cells []widget.Cell) []widget.Cell { return healthCells(cells, r) }
	p.list.natural = compareHealthRows
	p.list.init(healthColumns())
	p.empty = p.noFindings
	p.table = p.actionTable()
	return p
}

// noFindings says why nothing is listed: every backend that was read has a row.
func (p *healthPage) noFindings() string {
	if p.err == nil && !p.busy && !p.asOf.IsZero() && p.asked == 0 {
		return "no backends, and so nothing to check"
	}
	return p.usualNoRows()
}

func (p *healthPage) title() string {
	if p.only != nil {
		return "Health of " + backendName(*p.only)
	}
	return "Health"
}

func (p *healthPage) actions() []action { return p.table }

func (p *healthPage) actionTable() []action {
	own := []action{
		{keys: []string{"enter"}, name: "finding", help: "all of a finding; on the line of a backend or of its passes: show or fold the passes", footer: true,
			blocked: p.noRow, run: p.opened},
		{keys: []string{"y"}, name: "copy remedy", help: "copy the aws command that mends it", footer: true,
			blocked: func() string { return noRemedy(p.current()) }, run: func() tea.Cmd { return copyRemedy(p.host, p.current()) }},
		{keys: []string{"Y"}, name: "copy CLI", help: "copy the command line that reports the same",
			run: func() tea.Cmd { return p.host.copied("the command line", p.commandLine()) }},
	}
	acts := append(own, p.listActions()...)
	for i := range acts {
		switch acts[i].keys[0] {
		case "o", "O":
			acts[i].blocked = func() string { return "the findings stand in the order of their weight" }
		case "space":
			acts[i].blocked = func() string { return "findings are not marked" }
		}
	}
	return append(acts, p.movement()...)
}

func (p *healthPage) commandLine() string {
	if p.only != nil {
		return p.host.command("doctor", p.only.Target())
	}
	return p.host.commandOnAll("doctor")
}

// current is the finding under the cursor, nil on any other line.
func (p *healthPage) current() *model.Finding {
	if r := p.list.current(); r != nil {
		return r.finding
	}
	return nil
}

func noRemedy(f *model.Finding) string {
	switch {
	case f == nil:
		return "no finding is selected"
	case f.Remedy.CLI == "":
		return "there is no command for this"
	}
	return ""
}

func copyRemedy(h host, f *model.Finding) tea.Cmd {
	return h.copiedCommands("the command that mends it; read it before it is run", strings.Split(strings.TrimRight(f.Remedy.CLI, "\n"), "\n")...)
}

// opened opens a finding, or unfolds the passes of a backend.
func (p *healthPage) opened() tea.Cmd {
	r := p.list.current()
	if r.finding != nil {
		return p.host.push(newFindingPage(p.host, *r.finding))
	}
	id := backendID(r.report.backend)
	p.unfolded[id] = !p.unfolded[id]
	p.show()
	return nil
}

// enter reads what nobody has read yet. Unlike other pages this one does not
// read again by itself: that would cost hundreds of requests an hour.
func (p *healthPage) enter() tea.Cmd {
	if !p.listing.alive() { // cut off when the page was left
		p.busy = false
	}
	if p.busy || !p.asOf.IsZero() && !p.stale {
		return nil
	}
	return p.start()
}

// refresh reads everything anew.
func (p *healthPage) refresh() tea.Cmd {
	p.anew = true
	return p.start()
}

func (p *healthPage) tick() tea.Cmd { return nil }

// outdate: an operation may have mended something, or broken it.
func (p *healthPage) outdate() {
	p.stale = true
}

// relist reads the health of all backends; which ones there are is looked up
// only when nobody did so before.
func (p *healthPage) relist() tea.Cmd {
	ctx, at := p.begin()
	p.backends, p.asked, p.open, p.finding, p.finds = nil, 0, 0, nil, false
	if p.anew {
		p.forget()
	}
	p.anew, p.stale = false, false
	switch f := p.host.fleet(); {
	case p.only != nil:
		p.found(*p.only)
	case f.complete:
		for _, b := range f.backends {
			p.found(b)
		}
	default:
		p.finds = true
		return listen(ctx, at, p.host.reader().Backends)
	}
	return p.askMore(ctx, at)
}

// forget makes what is known of the backends of this page old, so that it is read
// again; what is on the screen stays until then.
func (p *healthPage) forget() {
	if p.only != nil {
		p.host.fleet().aged(backendID(*p.only))
		return
	}
	p.host.fleet().round++
}

// found adds a backend. One whose health is known is shown at once.
func (p *healthPage) found(b model.Backend) {
	for i := p.asked; i < len(p.backends); i++ {
		if backendID(p.backends[i]) == backendID(b) {
			p.backends[i] = b
			return
		}
	}
	p.backends = append(p.backends, b)
}

// askMore reads the health of further backends, a few at a time.
func (p *healthPage) askMore(ctx context.Context, at address) tea.Cmd {
	var cmds []tea.Cmd
	read, now, round := p.host.reader(), p.host.now(), p.host.fleet().round
	for p.asked < len(p.backends) && p.open < healthAtOnce {
		b := p.backends[p.asked]
		p.asked++
		if known, ok := p.host.fleet().fresh(backendID(b)); ok {
			p.take(known)
			continue
		}
		p.open++
		cmds = append(cmds, ask(ctx, at, func(ctx context.Context) (healthReport, error) {
			return readHealth(ctx, read, b, now, round), ctx.Err()
		}))
	}
	if !p.finds && p.open == 0 && p.busy {
		p.drop()
		p.ended(p.finding)
	}
	return tea.Batch(cmds...)
}

func (p *healthPage) receive(l letter) tea.Cmd {
	if !p.listing.current(l) {
		return nil
	}
	switch m := l.(type) {
	case batch[[]model.Backend]:
		for _, page := range m.values {
			for _, b := range page {
				p.found(b)
			}
		}
		if m.end {
			p.finds, p.finding = false, m.err
		}
		return tea.Batch(m.next(), p.askMore(m.from.ctx, m.address))
	case answer[healthReport]:
		p.open--
		if m.err == nil {
			p.host.fleet().keep(m.value)
			p.take(m.value)
		}
		return p.askMore(p.listing.ctx, m.address)
	}
	return nil
}

// take shows a report in the place of the one before.
func (p *healthPage) take(r healthReport) {
	for i, old := range p.reports {
		if backendID(old.backend) == backendID(r.backend) {
			p.reports[i] = &r
			p.show()
			return
		}
	}
	p.reports = append(p.reports, &r)
	p.show()
}

// drop leaves out backends that a whole listing does not have any more.
func (p *healthPage) drop() {
	if p.finding != nil {
		return
	}
	listed := map[string]bool{}
	for _, b := range p.backends {
		listed[backendID(b)] = true
	}
	var kept []*healthReport
	for _, r := range p.reports {
		if listed[backendID(r.backend)] {
			kept = append(kept, r)
		}
	}
	p.reports = kept
	p.show()
}

// show lays the reports out as rows.
func (p *healthPage) show() {
	var rows []healthRow
	for _, r := range p.reports {
		rows = append(rows, healthRows(r, p.unfolded[backendID(r.backend)])...)
	}
	p.list.replace(rows, nil)
	p.fresh = rows // what a listing that comes to its end finds
}

// status says what was found and how far the reading is.
func (p *healthPage) status() []widget.Cell {
	var cells []widget.Cell
	var all healthReport
	for _, r := range p.reports {
		all.add(r.findings)
	}
	if len(p.reports) > 0 {
		cells = append(cells, all.summary())
	}
	switch done := p.asked - p.open; {
	case p.busy && len(p.backends) > 1:
		cells = append(cells, dim(" · "+count(done)+" of "+count(len(p.backends))+" read"))
	case p.busy:
		cells = append(cells, dim(" · reading"))
	case len(p.reports) > 0 && !p.asOf.IsZero():
		cells = append(cells, dim(" · "+justNow(p.host.now().Sub(p.oldest()))))
	}
	if p.busy {
		return append(cells, widget.Cell{Text: " ↻", Tone: widget.Accent})
	}
	if p.err != nil {
		return append(cells, bad(" ✖"))
	}
	return append(cells, text("  "))
}

// oldest is when the report was read that was read first.
func (p *healthPage) oldest() time.Time {
	var first time.Time
	for _, r := range p.reports {
		if first.IsZero() || r.at.Before(first) {
			first = r.at
		}
	}
	return first
}

func (p *healthPage) details(st widget.Styles, w, h int) []string {
	r := p.list.current()
	switch {
	case r == nil:
		return nil
	case r.finding == nil:
		return flow(st, backendName(r.report.backend), []widget.Cell{text(r.report.account()),
			dim("read " + absolute(r.report.at)), dim("ctrl+r reads it anew, and the HEALTH column of the backends with it")}, w, h)
	}
	f := r.finding
	lines := flow(st, f.ID, []widget.Cell{text(f.Title), dim(backendName(r.report.backend))}, w, 2)
	about := findingAccount(f, 3)
	for _, rows := range []int{h, 3, 2} { // each line in full where there is room for that
		if all := append(lines[:len(lines):len(lines)], aboutLines(st, about, w, rows)...); len(all) <= h || rows == 2 {
			return clipLines(all, w, h)
		}
	}
	return lines
}
