package ui

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui/widget"
)

// atOnce bounds the reads of facts that a page has under way.
const atOnce = 8

// backendRow is a backend and what was read of it.
type backendRow struct {
	model.Backend
	facts model.BackendFacts
	locks model.Fact[model.LockReport]
}

// backendsPage lists the backends.
type backendsPage struct {
	listPage[backendRow]
	reads lazy[model.BackendFacts]
	held  lazy[model.LockReport]
	check lazy[healthReport]
	table []action
	all   bool // the other buckets of the account as well
}

// Why no backend is listed, and no bucket.
const (
	noBackends = "no backends; a lists all buckets of the account"
	noBuckets  = "no backends, and no buckets in the account"
)

func newBackendsPage(h host) *backendsPage {
	p := &backendsPage{listPage: newListPage[backendRow](h, "backend", &scope{})}
	p.reads.limit, p.held.limit, p.check.limit = atOnce/2, atOnce/2, checksAtOnce
	p.start, p.facts, p.detail, p.carry = p.relist, p.readFacts, p.details, p.keepFacts
	p.list.id = func(r *backendRow) string { return backendID(r.Backend) }
	p.list.words = func(r *backendRow) string {
		return r.Name + " " + r.Bucket + "/" + r.Prefix + " " + r.facts.Region.Or(r.Region)
	}
	p.list.cells = p.cells
	p.list.init(backendColumns())
	p.list.natural = namedFirst
	p.none = noBackends
	p.table = p.actionTable()
	return p
}

// namedFirst keeps the backends that configuration names in its order; those
// that were found follow by name, in whatever order they were found, and the
// other buckets come last.
func namedFirst(a, b *backendRow) int {
	x, y := howFound(a.Backend), howFound(b.Backend)
	if x == y && x > 0 {
		return strings.Compare(backendName(a.Backend), backendName(b.Backend))
	}
	return cmp.Compare(x, y)
}

func howFound(b model.Backend) int {
	switch b.Source {
	case model.SourceLockTable, model.SourceAccount:
		return 1
	case model.SourceBuckets:
		return 2
	case model.SourceTarget, model.SourceWorkdir, model.SourceConfig:
	}
	return 0
}

// backendID names a backend: its bucket and its prefix.
func backendID(b model.Backend) string { return b.Bucket + "/" + b.Prefix }

func backendColumns() []column[backendRow] {
	return []column[backendRow]{
		{widget.Column{Title: "BACKEND", Min: 16, Max: 64, Weight: 1, Cut: widget.CutMiddle},
			func(a, b *backendRow) int { return strings.Compare(backendName(a.Backend), backendName(b.Backend)) }},
		{widget.Column{Title: "STATES", Min: 6, Right: true, Drop: 3},
			func(a, b *backendRow) int { return compareFacts(a.facts.States, b.facts.States, cmp.Compare) }},
		{widget.Column{Title: "LOCKS", Min: 7, Max: 12}, nil},
		{widget.Column{Title: "LAST WRITE", Min: 10, Drop: 2},
			func(a, b *backendRow) int {
				return compareFacts(b.facts.LastWrite, a.facts.LastWrite, time.Time.Compare)
			}},
		{widget.Column{Title: "ENCRYPTION", Min: 10, Drop: 4}, nil},
		{widget.Column{Title: "HEALTH", Min: 12, Drop: 1}, nil},
		{widget.Column{Title: "VERSIONING", Min: 10, Drop: 5}, nil},
	}
}

// compareFacts orders known facts before those that are not.
func compareFacts[T any](a, b model.Fact[T], cmp func(a, b T) int) int {
	x, okX := a.Get()
	y, okY := b.Get()
	switch {
	case okX && okY:
		return cmp(x, y)
	case okX:
		return -1
	case okY:
		return 1
	}
	return 0
}

// backendName is the name in the config, else the bucket, with the prefix.
func backendName(b model.Backend) string {
	name := first(b.Name, b.Bucket)
	if b.Prefix != "" {
		name += "/" + b.Prefix
	}
	return name
}

func (p *backendsPage) title() string { return "Backends" }

func (p *backendsPage) actions() []action { return p.table }

func (p *backendsPage) actionTable() []action {
	own := []action{
		{keys: []string{"enter"}, name: "states", help: "the states of the backend", footer: true,
			blocked: p.noRow, run: p.openStates},
		p.healthAction(),
		p.bucketsAction(),
		{keys: []string{"y"}, name: "copy", help: "copy the backend's address, or those marked",
			blocked: p.noRow, run: p.copyTargets},
		{keys: []string{"Y"}, name: "copy CLI", help: "copy the command line that lists the same",
			run: func() tea.Cmd { return p.host.copied("the command line", p.host.commandOnAll("backends")) }},
	}
	own = append(own, p.watchAction())
	return append(append(own, p.listActions()...), p.movement()...)
}

func (p *backendsPage) openStates() tea.Cmd {
	return p.host.push(newStatesPage(p.host, p.list.current().Backend))
}

func (p *backendsPage) copyTargets() tea.Cmd {
	var urls []string
	for _, r := range p.chosen() {
		urls = append(urls, r.Target())
	}
	return p.host.copied(plural(len(urls), "address"), urls...)
}

// relist starts the listing of backends.
func (p *backendsPage) relist() tea.Cmd {
	ctx, at := p.begin()
	p.reads.again()
	p.held.again()
	list := p.host.reader().Backends
	if p.all {
		list = withBuckets(p.host.reader())
	}
	return listen(ctx, at, list)
}

func (p *backendsPage) receive(l letter) tea.Cmd {
	switch m := l.(type) {
	case batch[[]model.Backend]:
		return p.gotBackends(m)
	case fact[model.BackendFacts]:
		if row := p.list.row(m.row); p.reads.took(m) && row != nil {
			row.facts = m.value
			p.list.changed()
		}
	case fact[model.LockReport]:
		if row := p.list.row(m.row); p.held.took(m) && row != nil {
			row.locks = model.Known(m.value)
			p.host.fleet().interrupted.heard(row.Backend, "", m.value, p.host.now())
		}
	case fact[healthReport]:
		p.gotHealth(m)
	}
	return nil
}

func (p *backendsPage) gotBackends(m batch[[]model.Backend]) tea.Cmd {
	if !p.listing.current(m) {
		return nil
	}
	for _, page := range m.values {
		rows := make([]backendRow, len(page))
		for i, b := range page {
			rows[i].Backend = b
		}
		p.arrived(rows)
	}
	if m.end {
		p.ended(m.err)
	}
	p.share()
	return m.next()
}

// share tells the other pages which backends are known.
func (p *backendsPage) share() {
	f := p.host.fleet()
	f.backends = f.backends[:0:0]
	for i := range p.list.rows {
		if b := p.list.rows[i].Backend; b.Source != model.SourceBuckets {
			f.backends = append(f.backends, b)
		}
	}
	f.complete = !p.asOf.IsZero()
}

func (p *backendsPage) keepFacts(old, row *backendRow) {
	row.facts, row.locks = old.facts, old.locks
}

// readFacts reads what the rows near the screen lack.
func (p *backendsPage) readFacts() []tea.Cmd {
	var cmds []tea.Cmd
	read := p.host.reader()
	p.list.near(func(r *backendRow) bool {
		b, id := r.Backend, backendID(r.Backend)
		if p.reads.wants(p.sc, id) {
			cmds = append(cmds, p.reads.ask(p.sc, id, func(ctx context.Context) model.BackendFacts { return read.BackendFacts(ctx, b) }))
		}
		if p.held.wants(p.sc, id) {
			cmds = append(cmds, p.held.ask(p.sc, id, func(ctx context.Context) model.LockReport { return read.Locks(ctx, b) }))
		}
		return p.reads.busy < p.reads.limit || p.held.busy < p.held.limit
	})
	return append(cmds, p.readHealth()...)
}

func (p *backendsPage) cells(r *backendRow, cells []widget.Cell) []widget.Cell {
	f := &r.facts
	return append(cells,
		text(backendName(r.Backend)),
		factCell(f.States, func(n int) widget.Cell { return text(atLeast(n, f.More)) }),
		factCell(r.locks, heldCell),
		factCell(f.LastWrite, func(t time.Time) widget.Cell { return text(ago(p.host.serviceNow(), t)) }),
		p.storedCell(r),
		p.healthCell(r),
		factCell(f.Versioning, versioningCell),
	)
}

// atLeast is a count; a "+" says that not all was looked through.
func atLeast(n int, more bool) string {
	if more {
		return count(n) + "+"
	}
	return count(n)
}

// heldCell counts the holders of a backend's locks and says when one is stale.
func heldCell(r model.LockReport) widget.Cell {
	holders := foldLocks(model.Backend{}, r.Locks)
	stale := 0
	for i := range holders {
		if holders[i].verdict() == model.LikelyStale {
			stale++
		}
	}
	partly := len(r.Problems) > 0
	switch n := len(holders); {
	case stale > 0:
		return warn(atLeast(stale, partly) + " STALE")
	case n > 0:
		return text(atLeast(n, partly) + " held")
	case partly:
		return unknown()
	}
	return none()
}

// encryptionCell is how objects are stored; stored in the clear needs a look.
func encryptionCell(e model.Encryption) widget.Cell {
	short := e.Short()
	if short == "none" {
		return warn(short)
	}
	return text(short)
}

// versioningCell needs a look where a state that is overwritten is lost.
func versioningCell(v model.Versioning) widget.Cell {
	switch v {
	case model.VersioningEnabled:
		return text("on")
	case model.VersioningSuspended:
		return warn("suspended")
	case model.VersioningNever:
		return warn("off")
	}
	return warn(string(v))
}

func (p *backendsPage) details(st widget.Styles, w, h int) []string {
	r := p.list.current()
	if r == nil {
		return nil
	}
	return flow(st, backendName(r.Backend), backendParts(r, p.storedParts(r)), w, min(h, 5))
}

// backendParts is the detail of a backend: what is not in its row, how it stores
// objects, and why a value could not be read.
func backendParts(r *backendRow, stored []widget.Cell) []widget.Cell {
	f := &r.facts
	var parts []widget.Cell
	if region := f.Region.Or(r.Region); region != "" {
		parts = append(parts, text(region))
	}
	parts = append(parts, text("locks: "+mechanisms(r)))
	parts = append(parts, factWords(f.Versioning, func(v model.Versioning) string { return "versioning " + strings.ToLower(string(v)) })...)
	parts = why(parts, "region", f.Region)
	parts = why(parts, "states", f.States)
	parts = why(parts, "last write", f.LastWrite)
	parts = why(parts, "versioning", f.Versioning)
	parts = why(parts, "encryption", f.Encryption)
	parts = why(parts, "lock tables", f.Tables)
	for _, problem := range r.locks.Or(model.LockReport{}).Problems {
		parts = append(parts, warn("? locks: "+problem))
	}
	parts = append(parts, stored...)
	return append(parts, policyWords(r.Policy, "known from the "+string(r.Source))...)
}

func factWords[T any](f model.Fact[T], words func(T) string) []widget.Cell {
	if v, ok := f.Get(); ok {
		return []widget.Cell{text(words(v))}
	}
	return nil
}

func encryptionWords(e model.Encryption) string {
	if e.KMSKeyID != "" {
		return "kms " + keyOfARN(e.KMSKeyID)
	}
	if e.Short() == "none" {
		return "not encrypted by default"
	}
	return "encrypted with " + e.Algorithm
}

// keyOfARN is the part of a KMS key's ARN that tells which key it is:
// arn:aws:kms:region:account:key/id.
func keyOfARN(arn string) string {
	_, key, ok := cutLast(arn, ":")
	if !ok {
		return arn
	}
	return key
}

func policyWords(p model.Policy, source string) []widget.Cell {
	parts := []widget.Cell{dim(source)}
	if p.ReadOnly {
		parts = append(parts, warn("read-only by policy"))
	}
	if p.Protected {
		parts = append(parts, text("protected"))
	}
	return parts
}

// mechanisms says how a backend keeps its locks, as far as is known.
func mechanisms(r *backendRow) string {
	var ways []string
	tables := r.facts.Tables.Or(r.Backend.Tables)
	if len(tables) > 0 {
		ways = append(ways, "dynamodb "+strings.Join(tables, ", "))
	}
	if usesLockfile(r) {
		ways = append(ways, "lockfile")
	}
	switch {
	case len(ways) > 0:
		return strings.Join(ways, " + ")
	case r.facts.Tables.IsUnknown():
		return signUnknown
	case !r.facts.Tables.IsKnown():
		return signUnread
	}
	return "none found"
}

func usesLockfile(r *backendRow) bool {
	return r.facts.LockFiles.Or(0) > 0 || slices.Contains(r.Declared, model.MechanismLockfile)
}
