package ui

import (
	"cmp"
	"context"
	"iter"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui/widget"
)

// statesPage lists the states of one backend.
type statesPage struct {
	listPage[model.State]
	backend model.Backend
	deleted bool // list deleted states as well
	others  int  // keys that are no states
	reads   lazy[model.StateFacts]
	table   []action
}

func newStatesPage(h host, b model.Backend) *statesPage {
	p := &statesPage{backend: b, listPage: newListPage[model.State](h, "state", &scope{})}
	p.reads.limit = atOnce
	p.start, p.facts, p.detail, p.carry = p.relist, p.readFacts, p.details, keepStateFacts
	p.list.id = func(s *model.State) string { return s.Key }
	p.list.words = func(s *model.State) string { return s.Key + " " + s.Workspace }
	p.empty = p.noStates
	p.list.cells = p.cells
	p.list.init(stateColumns())
	p.table = p.actionTable()
	return p
}

func stateColumns() []column[model.State] {
	return []column[model.State]{
		{widget.Column{Title: "STATE", Min: 35, Max: 120, Weight: 1, Cut: widget.CutMiddle},
			func(a, b *model.State) int { return strings.Compare(a.Key, b.Key) }},
		{widget.Column{Title: "WORKSPACE", Min: 9, Max: 20, Drop: 5},
			func(a, b *model.State) int { return strings.Compare(a.Workspace, b.Workspace) }},
		{widget.Column{Title: "SERIAL", Min: 6, Right: true, Drop: 2}, nil},
		{widget.Column{Title: "RES", Min: 5, Right: true, Drop: 4}, nil},
		{widget.Column{Title: "SIZE", Min: 6, Right: true, Drop: 7},
			func(a, b *model.State) int { return cmp.Compare(a.Size, b.Size) }},
		{widget.Column{Title: "WHEN", Min: 6, Right: true},
			func(a, b *model.State) int { return b.LastModified.Compare(a.LastModified) }},
		{widget.Column{Title: "LOCK", Min: 4}, nil},
		{widget.Column{Title: "ENC", Min: 5, Drop: 6}, nil},
		{widget.Column{Title: "DIGEST", Min: 11, Drop: 3}, nil},
	}
}

// noStates tells an empty bucket from one in which other things are kept.
func (p *statesPage) noStates() string {
	if words := p.usualNoRows(); words != "no states" || p.others == 0 {
		return words
	}
	return "no states among " + plural(p.others, "key")
}

func (p *statesPage) title() string { return backendName(p.backend) }

func (p *statesPage) actions() []action { return p.table }

func (p *statesPage) actionTable() []action {
	own := []action{
		{keys: []string{"enter"}, name: "versions", help: "the versions and locks of the state", footer: true,
			blocked: p.noRow, run: p.openState},
		{keys: []string{"U"}, name: "unlock", help: "plan to remove the state's lock", footer: true, mutates: true,
			blocked: p.noUnlock, run: p.unlock},
		{keys: []string{"D"}, name: "repair digest", help: "plan to make the state and its digest agree", mutates: true,
			needed:  func() bool { return p.list.current() != nil && wrongDigest(p.list.current().Facts.Digest) },
			blocked: p.noRepair, run: p.repair},
		{keys: []string{"a"}, name: "deleted", help: "show or hide deleted states", footer: true, run: p.toggleDeleted},
		{keys: []string{"y"}, name: "copy", help: "copy the state's address, or those marked",
			blocked: p.noRow, run: p.copyURLs},
		{keys: []string{"Y"}, name: "copy CLI", help: "copy the command line that lists the same",
			run: func() tea.Cmd {
				return p.host.copied("the command line", p.host.command("states", p.backend.URL(p.backend.Prefix)))
			}},
	}
	own = append(own, p.watchAction())
	return append(append(own, p.listActions()...), p.movement()...)
}

func (p *statesPage) openState() tea.Cmd {
	return p.host.push(newStatePage(p.host, p.backend, *p.list.current()))
}

func (p *statesPage) toggleDeleted() tea.Cmd {
	p.deleted = !p.deleted
	if p.deleted {
		p.host.tell(widget.Plain, "deleted states are listed as well")
	} else {
		p.host.tell(widget.Plain, "deleted states are hidden")
	}
	return p.refresh()
}

func (p *statesPage) copyURLs() tea.Cmd {
	var urls []string
	for _, s := range p.chosen() {
		urls = append(urls, p.backend.URL(s.Key))
	}
	return p.host.copied(plural(len(urls), "address"), urls...)
}

// noRepair is why the state's digest cannot be repaired.
func (p *statesPage) noRepair() string {
	if p.list.current() == nil {
		return "nothing is selected"
	}
	return noRepair(p.backend, p.list.current().Facts.Digest)
}

func (p *statesPage) repair() tea.Cmd {
	return p.host.show(planRepair(p.host, p.backend, p.list.current().Key))
}

func (p *statesPage) stateHere() (bucket, key string) {
	if s := p.list.current(); s != nil {
		return p.backend.Bucket, s.Key
	}
	return "", ""
}

// noUnlock is why the state's lock cannot be removed.
func (p *statesPage) noUnlock() string {
	s := p.list.current()
	switch {
	case s == nil:
		return "nothing is selected"
	case p.backend.Policy.ReadOnly:
		return "the policy of this backend is read-only"
	}
	return noLock(s.Facts.Locked)
}

// noLock is why there is no lock to remove, as far as is known.
func noLock(locked model.Fact[bool]) string {
	held, known := locked.Get()
	switch {
	case locked.IsUnknown():
		return "whether it is locked could not be read: " + locked.Reason()
	case !known:
		return "whether it is locked is not read yet"
	case !held:
		return "the state is not locked"
	}
	return ""
}

func (p *statesPage) unlock() tea.Cmd {
	return p.host.show(planUnlock(p.host, p.backend, p.list.current().Key, model.UnlockRequest{}))
}

// relist starts the listing of states.
func (p *statesPage) relist() tea.Cmd {
	ctx, at := p.begin()
	p.reads.again()
	p.others = 0
	read, b, q := p.host.reader(), p.backend, model.StateQuery{Deleted: p.deleted}
	return listen(ctx, at, func(ctx context.Context) iter.Seq2[model.StatePage, error] { return read.States(ctx, b, q) })
}

func (p *statesPage) receive(l letter) tea.Cmd {
	switch m := l.(type) {
	case batch[model.StatePage]:
		return p.gotStates(m)
	case fact[model.StateFacts]:
		if row := p.list.row(m.row); p.reads.took(m) && row != nil {
			row.Facts = m.value
			p.list.changed()
		}
	}
	return nil
}

func (p *statesPage) gotStates(m batch[model.StatePage]) tea.Cmd {
	if !p.listing.current(m) {
		return nil
	}
	var rows []model.State
	for _, page := range m.values {
		rows = append(rows, page.States...)
		p.others += page.Others
		p.reading = append(p.reading, page.Problem...)
	}
	p.arrived(rows)
	if m.end {
		p.ended(m.err)
	}
	return m.next()
}

// keepStateFacts keeps what was read of a state while it is read again, as long
// as it is still the same version.
func keepStateFacts(old, s *model.State) {
	if old.VersionID == s.VersionID && old.ETag == s.ETag && old.LastModified.Equal(s.LastModified) {
		s.Facts = old.Facts
	}
}

func (p *statesPage) readFacts() []tea.Cmd {
	var cmds []tea.Cmd
	read, b := p.host.reader(), p.backend
	p.list.near(func(s *model.State) bool {
		if p.reads.wants(p.sc, s.Key) {
			state := *s
			cmds = append(cmds, p.reads.ask(p.sc, s.Key, func(ctx context.Context) model.StateFacts {
				return read.StateFacts(ctx, b, state)
			}))
		}
		return p.reads.busy < p.reads.limit
	})
	return cmds
}

func (p *statesPage) cells(s *model.State, cells []widget.Cell) []widget.Cell {
	f := &s.Facts
	if s.Deleted {
		return append(cells, stateCell(s, p.list.room), text(s.Workspace), none(), none(), none(),
			text(ago(p.host.serviceNow(), s.LastModified)), factCell(f.Locked, lockedCell), none(), factCell(f.Digest, digestCell))
	}
	return append(cells,
		stateCell(s, p.list.room),
		text(s.Workspace),
		factCell(f.Header, serialCell),
		factCell(f.Resources, func(n int) widget.Cell { return text(count(n)) }),
		text(size(s.Size)),
		text(ago(p.host.serviceNow(), s.LastModified)),
		factCell(f.Locked, lockedCell),
		factCell(f.Encryption, encryptionCell),
		factCell(f.Digest, digestCell),
	)
}

// stateCell is the state's key; a deleted one says so in front, where it is not
// cut off.
func stateCell(s *model.State, room int) widget.Cell {
	if s.Deleted {
		return dim(shortKey("(deleted) "+s.Key, room))
	}
	return text(shortKey(s.Key, room))
}

func lockedCell(held bool) widget.Cell {
	if held {
		return warn("held")
	}
	return none()
}

func digestCell(v model.DigestVerdict) widget.Cell {
	switch v {
	case model.DigestMatch:
		return good("match")
	case model.DigestNotUsed:
		return none()
	case model.DigestMismatch, model.DigestMissing, model.DigestMalformed, model.DigestOrphan:
	}
	return bad("✖ " + string(v))
}

func (p *statesPage) details(st widget.Styles, w, h int) []string {
	s := p.list.current()
	if s == nil {
		return nil
	}
	return flow(st, "", stateParts(s, p.host.fleet().keyWords(p.backend)), w, min(h, 4))
}

// stateParts is the detail of a state: its time in full, why a value could not
// be read, and what names this version of it.
func stateParts(s *model.State, keyWords func(arn string) string) []widget.Cell {
	f := &s.Facts
	parts := []widget.Cell{text(s.Key)}
	if s.Deleted {
		parts = append(parts, warn("deleted: its newest version is a delete marker"))
	}
	parts = append(parts, digestParts(f.Digest)...)
	parts = append(parts, text(absolute(s.LastModified)))
	parts = why(parts, "serial", f.Header)
	parts = why(parts, "resources", f.Resources)
	parts = why(parts, "lock", f.Locked)
	parts = why(parts, "encryption", f.Encryption)
	parts = why(parts, "digest", f.Digest)
	parts = append(parts, headerWords(f.Header)...)
	if id := first(s.VersionID, f.VersionID.Or("")); id != "" {
		parts = append(parts, dim("version "+id))
	}
	if e, ok := f.Encryption.Get(); ok && e.KMSKeyID != "" {
		parts = append(parts, dim(keyWords(e.KMSKeyID)))
	}
	return parts
}
