package ui

import (
	"context"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui/widget"
)

// locksPage lists the locks held in all backends.
type locksPage struct {
	listPage[lockRow]
	backends []model.Backend
	asked    int  // backends whose locks are asked for
	open     int  // those not answered yet
	finds    bool // the listing of backends goes on
	finding  error
	table    []action
}

func newLocksPage(h host) *locksPage {
	p := &locksPage{listPage: newListPage[lockRow](h, "lock", &scope{})}
	p.start, p.carry = p.relist, keepSince
	p.detail = func(st widget.Styles, w, h int) []string { return currentLockDetails(&p.listPage, st, w, h) }
	setupLocks(&p.list, h, true)
	p.table = p.actionTable()
	return p
}

// setupLocks makes a list one of locks.
func setupLocks(l *list[lockRow], h host, withBackend bool) {
	l.id = (*lockRow).id
	l.words = func(r *lockRow) string {
		i := &r.locks[0].Info
		return strings.Join([]string{r.key(), i.Who, i.Operation, i.ID, backendName(r.backend), string(r.verdict())}, " ")
	}
	l.cells = func(r *lockRow, cells []widget.Cell) []widget.Cell {
		return lockCells(cells, r, h.now(), l.room)
	}
	l.natural = mostUrgent
	l.init(lockColumns(withBackend))
}

func currentLockDetails(p *listPage[lockRow], st widget.Styles, w, h int) []string {
	r := p.list.current()
	if r == nil {
		return nil
	}
	return lockDetails(r, p.host.now(), st, w, h)
}

// keepSince remembers since when a lock is seen unchanged.
func keepSince(old, r *lockRow) {
	if old.same(r) {
		r.since, r.wrote = old.since, old.wrote
	}
}

func (p *locksPage) title() string { return "Locks" }

func (p *locksPage) actions() []action { return p.table }

func (p *locksPage) actionTable() []action {
	own := append([]action{
		{keys: []string{"enter"}, name: "state", help: "the versions of the locked state", footer: true,
			blocked: p.noRow, run: func() tea.Cmd { return openLocked(p.host, p.list.current()) }},
	}, lockActions(&p.listPage)...)
	own = append(own, action{keys: []string{"Y"}, name: "copy CLI", help: "copy the command line that lists the same",
		run: func() tea.Cmd { return p.host.copied("the command line", p.host.commandOnAll("locks")) }})
	own = append(own, p.watchAction())
	return append(append(own, p.listActions()...), p.movement()...)
}

// lockActions are what can be done with a lock wherever it is listed.
func lockActions(p *listPage[lockRow]) []action {
	return []action{
		{keys: []string{"U"}, name: "unlock", help: "plan to remove the lock", footer: true, mutates: true,
			blocked: func() string { return noUnlockRow(p.list.current()) },
			run:     func() tea.Cmd { return unlockRow(p.host, p.list.current()) }},
		{keys: []string{"y"}, name: "copy ID", help: "copy the lock ID, or those marked", footer: true,
			blocked: p.noRow, run: func() tea.Cmd { return copyLockIDs(p) }},
	}
}

func (p *locksPage) stateHere() (bucket, key string) {
	if r := p.list.current(); r != nil {
		return r.backend.Bucket, r.key()
	}
	return "", ""
}

func noUnlockRow(r *lockRow) string {
	switch {
	case r == nil:
		return "nothing is selected"
	case r.backend.Policy.ReadOnly:
		return "the policy of this backend is read-only"
	}
	return ""
}

// unlockRow plans to remove exactly the lock that is shown.
func unlockRow(h host, r *lockRow) tea.Cmd {
	if r.record != nil {
		h.tell(widget.Warn, "C recovers this "+r.interruption()+"; an unlock leaves it half done")
	}
	return h.show(planUnlock(h, r.backend, r.key(), model.UnlockRequest{LockID: r.locks[0].Token()}))
}

func copyLockIDs(p *listPage[lockRow]) tea.Cmd {
	var ids []string
	for _, r := range p.chosen() {
		ids = append(ids, r.locks[0].Token())
	}
	return p.host.copied(plural(len(ids), "lock ID"), ids...)
}

// openLocked shows the state that a lock is on.
func openLocked(h host, r *lockRow) tea.Cmd {
	l := &r.locks[0]
	p := newStatePage(h, r.backend, model.State{Bucket: r.backend.Bucket, Key: l.Key, Workspace: l.Workspace})
	p.afar = true
	return h.push(p)
}

// relist reads the locks of all backends; which ones there are is looked up
// only when nobody did so before.
func (p *locksPage) relist() tea.Cmd {
	ctx, at := p.begin()
	p.backends, p.asked, p.open, p.finding = nil, 0, 0, nil
	if f := p.host.fleet(); f.complete {
		p.finds = false
		p.backends = f.backends
		return p.askMore(ctx, at)
	}
	p.finds = true
	return listen(ctx, at, p.host.reader().Backends)
}

// lockAnswer is the locks of one backend.
type lockAnswer struct {
	address
	ctx     context.Context
	backend model.Backend
	report  model.LockReport
}

// askMore reads locks of further backends, a few at a time.
func (p *locksPage) askMore(ctx context.Context, at address) tea.Cmd {
	var cmds []tea.Cmd
	read := p.host.reader()
	for p.asked < len(p.backends) && p.open < atOnce {
		b := p.backends[p.asked]
		p.asked++
		p.open++
		cmds = append(cmds, func() tea.Msg { return lockAnswer{at, ctx, b, read.Locks(ctx, b)} })
	}
	if !p.finds && p.open == 0 {
		p.ended(p.finding)
	}
	return tea.Batch(cmds...)
}

func (p *locksPage) receive(l letter) tea.Cmd {
	if !p.listing.current(l) {
		return nil
	}
	switch m := l.(type) {
	case batch[[]model.Backend]:
		return p.gotBackends(m)
	case lockAnswer:
		p.open--
		p.host.fleet().interrupted.heard(m.backend, "", m.report, p.host.now())
		p.arrivedFrom(func(r *lockRow) bool { return backendID(r.backend) == backendID(m.backend) }, keepUnread(p.rowsOf(m.backend), lockRows(m.backend, m.report, p.host), m.report.Problems))
		for _, problem := range m.report.Problems {
			p.reading = append(p.reading, backendName(m.backend)+": "+problem)
		}
		cmd := p.askMore(m.ctx, m.address)
		fitVerdicts(&p.list)
		return cmd
	}
	return nil
}

// unlocked drops locks that this program has removed, before any backend says so.
func (p *locksPage) unlocked(victims []model.Lock) {
	gone := func(l model.Lock) bool {
		return slices.ContainsFunc(victims, func(v model.Lock) bool {
			return v.Where() == l.Where() && v.Bucket == l.Bucket && v.Key == l.Key && string(v.Raw) == string(l.Raw)
		})
	}
	var rows []lockRow
	for _, r := range p.list.rows {
		if r.locks = slices.DeleteFunc(slices.Clone(r.locks), gone); len(r.locks) > 0 {
			rows = append(rows, r)
		}
	}
	p.list.replace(rows, nil)
}

func lockRows(b model.Backend, report model.LockReport, h host) []lockRow {
	rows := foldLocks(b, report.Locks)
	for i := range rows {
		rows[i].read, rows[i].since, rows[i].wrote = h.now(), h.now(), rows[i].locks[0].LastWrite
	}
	return rows
}

func (p *locksPage) gotBackends(m batch[[]model.Backend]) tea.Cmd {
	for _, page := range m.values {
		for _, b := range page {
			p.found(b)
		}
	}
	if m.end {
		p.finds, p.finding = false, m.err
	}
	return tea.Batch(m.next(), p.askMore(m.from.ctx, m.address))
}

// found adds a backend; a later one takes the place of an earlier one with the
// same address that was not asked yet.
func (p *locksPage) found(b model.Backend) {
	for i := p.asked; i < len(p.backends); i++ {
		if backendID(p.backends[i]) == backendID(b) {
			p.backends[i] = b
			return
		}
	}
	p.backends = append(p.backends, b)
}
