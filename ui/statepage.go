package ui

import (
	"context"
	"slices"
	"strconv"

	tea "charm.land/bubbletea/v2"

	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui/widget"
)

// tab is one view of a state. Tabs share the scope of their page.
type tab interface {
	label() string
	status() []widget.Cell
	actions() []action
	enter() tea.Cmd
	refresh() tea.Cmd
	tick() tea.Cmd
	wanted() tea.Cmd
	receive(letter) tea.Cmd
	key(tea.KeyPressMsg) (tea.Cmd, bool)
	paste(tea.PasteMsg)
	resize(w, h int)
	view(widget.Styles) string
	unfilter() bool
	outdate()
}

// statePage shows one state, in tabs.
type statePage struct {
	host    host
	sc      *scope
	backend model.Backend
	state   model.State
	facts   model.StateFacts
	about   request
	body    *stateBody
	past    *model.Version // the version that is shown, when it is not the state as it is now
	tabs    []tab
	at      int
	w, h    int
	tables  [][]action // by tab
	afar    bool       // opened from a page of many backends: the title has to name its own
}

func newStatePage(h host, b model.Backend, s model.State) *statePage {
	p := &statePage{host: h, sc: &scope{}, backend: b, state: s, facts: s.Facts}
	versions := newVersionsTab(h, p.sc, b, s.Key)
	versions.newest = p.readState
	locks := newStateLocksTab(h, p.sc, b, s.Key)
	locks.heard = versions.heard
	p.body = &stateBody{host: h, sc: p.sc, backend: b, key: s.Key}
	resources, outputs, raw := p.contents()
	p.tabs = []tab{
		versions,
		resources,
		outputs,
		locks,
		newEncryptionTab(h, p.sc, b, s.Key, p.showing),
		raw,
	}
	for _, t := range p.tabs {
		p.tables = append(p.tables, withTabs(t.actions(), p.tabActions()))
	}
	return p
}

func (p *statePage) scope() *scope { return p.sc }

// title gives up a usual file name on a narrow screen rather than the folders.
func (p *statePage) title() string {
	if p.past != nil {
		return pastTitle(p.past)
	}
	if p.afar {
		name := backendName(p.backend)
		return name + " · " + shortKey(p.state.Key, 3*p.w/5-widget.Width(safe(name)))
	}
	return shortKey(p.state.Key, 2*p.w/5)
}

func (p *statePage) actions() []action { return p.tables[p.at] }

// withTabs adds the keys of the tabs to those of one tab: to go to another tab
// comes right after what ⏎ does, or a narrow footer would not show it.
func withTabs(own, tabs []action) []action {
	at := len(own)
	if i := slices.IndexFunc(own, func(a action) bool { return a.on("enter") }); i >= 0 {
		at = i + 1
	}
	return append(slices.Insert(slices.Clone(own), at, tabs[:2]...), tabs[2:]...)
}

func (p *statePage) tabActions() []action {
	return []action{
		{keys: []string{"tab", "]"}, name: "next tab", help: "the next tab of the state", footer: true,
			run: func() tea.Cmd { return p.turn(1) }},
		{keys: []string{"shift+tab", "["}, name: "previous tab", help: "the tab before",
			run: func() tea.Cmd { return p.turn(-1) }},
		{keys: []string{"D"}, name: "repair digest", help: "plan to make the state and its digest agree", mutates: true,
			needed: func() bool { return wrongDigest(p.facts.Digest) }, blocked: p.noRepair,
			run: func() tea.Cmd { return p.host.show(planRepair(p.host, p.backend, p.state.Key)) }},
	}
}

func (p *statePage) noRepair() string { return noRepair(p.backend, p.facts.Digest) }

func (p *statePage) stateHere() (bucket, key string) { return p.backend.Bucket, p.state.Key }

func (p *statePage) turn(by int) tea.Cmd {
	p.at = (p.at + by + len(p.tabs)) % len(p.tabs)
	p.resize(p.w, p.h)
	return p.tabs[p.at].enter()
}

// enter starts both tabs: who holds a lock must be seen from the versions too.
func (p *statePage) enter() tea.Cmd {
	var cmds []tea.Cmd
	for i, t := range p.tabs {
		if _, content := t.(bodyTab); !content || i == p.at { // a body may be large
			cmds = append(cmds, t.enter())
		}
	}
	return tea.Batch(cmds...)
}

func (p *statePage) refresh() tea.Cmd {
	var cmds []tea.Cmd
	for i, t := range p.tabs {
		if _, content := t.(bodyTab); !content || i == p.at {
			cmds = append(cmds, t.refresh())
		}
	}
	return tea.Batch(cmds...)
}

func (p *statePage) outdate() {
	for _, t := range p.tabs {
		t.outdate()
	}
}

func (p *statePage) tick() tea.Cmd {
	var cmds []tea.Cmd
	for _, t := range p.tabs {
		cmds = append(cmds, t.tick())
	}
	return tea.Batch(cmds...)
}

func (p *statePage) wanted() tea.Cmd { return p.tabs[p.at].wanted() }

// readState reads the facts of the state whose newest version is v.
func (p *statePage) readState(v model.Version) tea.Cmd {
	s := p.state
	p.body.newest = v.VersionID
	if v.VersionID == "" {
		return p.readFacts(s)
	}
	s.VersionID, s.LastModified, s.Size, s.ETag, s.Deleted = v.VersionID, v.LastModified, v.Size, v.ETag, v.DeleteMarker
	return p.readFacts(s)
}

func (p *statePage) readFacts(s model.State) tea.Cmd {
	ctx, at := p.about.begin(p.sc)
	read, b := p.host.reader(), p.backend
	return ask(ctx, at, func(ctx context.Context) (model.StateFacts, error) { return read.StateFacts(ctx, b, s), nil })
}

func (p *statePage) receive(l letter) tea.Cmd {
	if m, ok := l.(answer[model.StateFacts]); ok {
		if p.about.current(m) {
			p.facts = m.value
		}
		return nil
	}
	if cmd, ok := p.body.receive(l); ok {
		return cmd
	}
	var cmds []tea.Cmd
	for _, t := range p.tabs {
		cmds = append(cmds, t.receive(l))
	}
	return tea.Batch(cmds...)
}

func (p *statePage) typingHints() []widget.Hint {
	if t, ok := p.tabs[p.at].(typist); ok {
		return t.typingHints()
	}
	return nil
}

func (p *statePage) key(msg tea.KeyPressMsg) (tea.Cmd, bool) { return p.tabs[p.at].key(msg) }

func (p *statePage) paste(msg tea.PasteMsg) { p.tabs[p.at].paste(msg) }

func (p *statePage) unfilter() bool { return p.tabs[p.at].unfilter() }

// status is the verdict on the digest.
func (p *statePage) status() []widget.Cell {
	if p.past != nil {
		return pastWords(p.past, p.host.serviceNow())
	}
	digest := factCell(p.facts.Digest, digestWords)
	cells := []widget.Cell{dim("digest "), digest}
	if p.facts.Digest.IsUnknown() {
		cells = append(cells, dim(" "+p.facts.Digest.Reason()))
	}
	return append(cells, text("  "))
}

func digestWords(v model.DigestVerdict) widget.Cell {
	switch v {
	case model.DigestMatch:
		return good("● match")
	case model.DigestNotUsed:
		return dim("- not used")
	case model.DigestMismatch, model.DigestMissing, model.DigestMalformed, model.DigestOrphan:
	}
	return bad("✖ " + string(v))
}

func (p *statePage) resize(w, h int) {
	p.w, p.h = w, h
	p.tabs[p.at].resize(w, max(1, h-1))
}

func (p *statePage) view(st widget.Styles) string {
	labels := make([]string, len(p.tabs))
	for i, t := range p.tabs {
		labels[i] = t.label()
	}
	status := st.Line(p.tabs[p.at].status()...)
	tabs := widget.Justify(widget.Tabs(labels, p.at, max(1, p.w-widget.Width(status)-1), st), status, p.w)
	if p.h < 2 {
		return tabs
	}
	return tabs + "\n" + p.tabs[p.at].view(st)
}

// stateLocksTab lists the locks of one state.
type stateLocksTab struct {
	listPage[lockRow]
	backend model.Backend
	state   string
	heard   func(model.LockReport) // told of every report
	table   []action
}

func newStateLocksTab(h host, sc *scope, b model.Backend, key string) *stateLocksTab {
	t := &stateLocksTab{backend: b, state: key, listPage: newListPage[lockRow](h, "lock", sc)}
	t.tells = true
	t.start, t.carry = t.relist, keepSince
	t.detail = func(st widget.Styles, w, h int) []string { return currentLockDetails(&t.listPage, st, w, h) }
	setupLocks(&t.list, h, false)
	own := append(lockActions(&t.listPage), action{
		keys: []string{"Y"}, name: "copy CLI", help: "copy the command line that lists the same",
		run: func() tea.Cmd {
			return t.host.copied("the command line", t.host.command("locks", t.backend.URL(t.state)))
		},
	})
	own = append(own, t.watchAction())
	t.table = append(append(own, t.listActions()...), t.movement()...)
	return t
}

func (t *stateLocksTab) label() string {
	switch n := len(t.list.rows); {
	case n > 0:
		return "locks " + strconv.Itoa(n)
	case t.asOf.IsZero():
		return "locks " + signUnread
	case len(t.notes) > 0:
		return "locks " + signUnknown
	}
	return "locks " + signNone
}

func (t *stateLocksTab) actions() []action { return t.table }

func (t *stateLocksTab) relist() tea.Cmd {
	ctx, at := t.begin()
	read, b, key := t.host.reader(), t.backend, t.state
	return ask(ctx, at, func(ctx context.Context) (model.LockReport, error) { return read.LocksOf(ctx, b, key), nil })
}

func (t *stateLocksTab) receive(l letter) tea.Cmd {
	m, ok := l.(answer[model.LockReport])
	if !ok || !t.listing.current(m) {
		return nil
	}
	t.heard(m.value)
	t.reading = m.value.Problems
	t.host.fleet().interrupted.heard(t.backend, t.state, m.value, t.host.now())
	t.arrived(keepUnread(t.list.rows, lockRows(t.backend, m.value, t.host), m.value.Problems))
	t.ended(nil)
	fitVerdicts(&t.list)
	return nil
}
