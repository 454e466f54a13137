package ui

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui/widget"
)

// versionsTab lists the versions and delete markers of a state, newest first.
type versionsTab struct {
	listPage[model.Version]
	backend model.Backend
	state   string // its key
	reads   lazy[model.VersionFacts]
	newest  func(model.Version) tea.Cmd // told of the current version of each listing
	told    bool
	past    past
	chart   versionChart
	lines   map[string]widget.Tone // the tone of each lineage met, by the lineage
	table   []action
}

func newVersionsTab(h host, sc *scope, b model.Backend, key string) *versionsTab {
	t := &versionsTab{backend: b, state: key, listPage: newListPage[model.Version](h, "version", sc)}
	t.tells = true
	t.reads.limit, t.past.bodies.limit = atOnce, atOnce/2
	t.top = t.overview
	t.start, t.facts, t.detail, t.carry = t.relist, t.readFacts, t.details, keepVersionFacts
	t.list.id = func(v *model.Version) string { return v.VersionID }
	t.list.words = versionWords
	t.list.cells = t.cells
	t.list.init(versionColumns())
	t.list.wide = slices.IndexFunc(t.list.columns, func(c column[model.Version]) bool { return c.Title == colNote })
	t.table = t.actionTable()
	return t
}

// Columns of the versions whose room follows what is in them.
const (
	colBy     = "BY"
	colRes    = "RES"
	colChange = "CHANGE"
	colEnc    = "ENC"
	colNote   = "NOTE"
)

func versionColumns() []column[model.Version] {
	return []column[model.Version]{
		{widget.Column{Title: "SERIAL", Min: 6, Right: true},
			func(a, b *model.Version) int { return compareSerials(a, b) }},
		{widget.Column{Title: "WHEN", Min: 6, Right: true},
			func(a, b *model.Version) int { return b.LastModified.Compare(a.LastModified) }},
		{widget.Column{Title: colBy, Min: 12, Drop: 3}, nil},
		{widget.Column{Title: colRes, Min: 4, Right: true, Drop: 1}, nil},
		{widget.Column{Title: colChange, Min: 7, Drop: 2}, nil},
		{widget.Column{Title: "SIZE", Min: 7, Right: true, Drop: 5},
			func(a, b *model.Version) int { return cmp.Compare(a.Size, b.Size) }},
		{widget.Column{Title: colEnc, Min: 4, Drop: 4}, nil},
		{widget.Column{Title: "LINEAGE", Min: 7, Drop: 6}, nil},
		{widget.Column{Title: "TOOL", Min: 7, Drop: 7}, nil},
		{widget.Column{Title: colNote, Min: noteRoom, Max: 60, Weight: 1}, nil},
		{widget.Column{Title: "VERSION ID", Min: 16, Max: 32, Weight: 1, Drop: 8, Cut: widget.CutMiddle}, nil},
	}
}

// versionWords is what the filter looks at.
func versionWords(v *model.Version) string {
	words := []string{v.VersionID, serialText(v)}
	by := v.WrittenBy.Or(v.HeldBy)
	words = append(words, by.Who, by.OperationName())
	for _, a := range v.Anomalies {
		words = append(words, string(a.Rule), a.Text)
	}
	return strings.Join(words, " ")
}

func serialOf(v *model.Version) (uint64, bool) {
	if h, ok := v.Facts.Header.Get(); ok && h.Serial != nil {
		return *h.Serial, true
	}
	return 0, false
}

func serialText(v *model.Version) string {
	if n, ok := serialOf(v); ok {
		return strconv.FormatUint(n, 10)
	}
	return ""
}

func compareSerials(a, b *model.Version) int {
	x, okX := serialOf(a)
	y, okY := serialOf(b)
	switch {
	case okX && okY:
		return cmp.Compare(x, y)
	case okX:
		return -1
	case okY:
		return 1
	}
	return 0
}

func (t *versionsTab) label() string {
	if len(t.list.rows) == 0 {
		return "versions"
	}
	return "versions " + t.total()
}

func (t *versionsTab) actions() []action { return t.table }

func (t *versionsTab) actionTable() []action {
	own := []action{
		{keys: []string{"s"}, name: "suggested", help: "to the version to restore, and why it is the one",
			needed: func() bool { return t.past.wrong }, blocked: t.noSuggestion, run: t.toSuggested},
		{keys: []string{"R"}, name: "restore", help: "plan to restore the version", footer: true, mutates: true,
			blocked: t.noRestore, run: t.restore},
		{keys: []string{"d"}, name: "diff", help: "compare two marked versions, or this one with the current one", footer: true, blocked: t.noDiff, run: t.diff},
		{keys: []string{"n"}, name: "next anomaly", help: "to the next version below with something odd", footer: true, blocked: t.noRow,
			run: func() tea.Cmd { return t.toAnomaly(1) }},
		{keys: []string{"enter"}, name: "open", help: "open the state as it is in the version", footer: true, blocked: t.noOpen, run: t.open},
		{keys: []string{"N"}, name: "anomaly above", help: "to the next version above with something odd", blocked: t.noRow,
			run: func() tea.Cmd { return t.toAnomaly(-1) }},
		{keys: []string{"y"}, name: "copy ID", help: "copy the version ID, or those marked", footer: true,
			blocked: t.noRow, run: t.copyIDs},
		{keys: []string{"Y"}, name: "copy CLI", help: "copy the command line that lists the same",
			run: func() tea.Cmd {
				return t.host.copied("the command line", t.host.command("history", t.backend.URL(t.state)))
			}},
	}
	own = append(own, t.watchAction())
	return append(append(own, t.listActions()...), t.movement()...)
}

// noRestore is why the version cannot be restored.
func (t *versionsTab) noRestore() string {
	v := t.list.current()
	switch {
	case v == nil:
		return "nothing is selected"
	case t.backend.Policy.ReadOnly:
		return "the policy of this backend is read-only"
	case v.DeleteMarker:
		return "a delete marker has no content to restore"
	case v.IsLatest:
		return "this is the current version"
	case !v.Restorable.Or(true):
		return first(v.WhyNot, "this version cannot be restored")
	case !t.reads.known[v.VersionID]:
		return "the version is not read yet"
	}
	return ""
}

func (t *versionsTab) restore() tea.Cmd {
	return t.host.show(planRestore(t.host, t.backend, t.state, model.RestoreRequest{VersionID: t.list.current().VersionID}))
}

func (t *versionsTab) copyIDs() tea.Cmd {
	var ids []string
	for _, v := range t.chosen() {
		ids = append(ids, v.VersionID)
	}
	return t.host.copied(plural(len(ids), "version ID"), ids...)
}

func (t *versionsTab) relist() tea.Cmd {
	ctx, at := t.begin()
	t.told = false
	t.retryUnread()
	read, b, key := t.host.reader(), t.backend, t.state
	return listen(ctx, at, func(ctx context.Context) iter.Seq2[[]model.Version, error] { return read.Versions(ctx, b, key) })
}

// retryUnread lets the facts that could not be read be asked once more; those
// that were read stay true.
func (t *versionsTab) retryUnread() {
	for i := range t.list.rows {
		v := &t.list.rows[i]
		if v.Facts.Barred != "" || v.Facts.Header.IsUnknown() || v.Facts.Encryption.IsUnknown() || v.Facts.Resources.IsUnknown() {
			t.reads.forget(v.VersionID)
		}
	}
	t.past.forgetUnread()
}

func (t *versionsTab) receive(l letter) tea.Cmd {
	switch m := l.(type) {
	case batch[[]model.Version]:
		return t.gotVersions(m)
	case fact[model.VersionFacts]:
		if row := t.list.row(m.row); t.reads.took(m) && row != nil {
			row.Facts = m.value
			row.Settle()
			t.past.Learned(t.list.rows, t.list.index[m.row])
			t.chart.learned(t.list.rows, t.list.index[m.row])
			t.judged()
		}
	case fact[model.Fact[model.LockInfo]]:
		t.toldBy(m)
	case answer[aside]:
		t.learned(m)
	}
	return nil
}

func (t *versionsTab) gotVersions(m batch[[]model.Version]) tea.Cmd {
	if !t.listing.current(m) {
		return nil
	}
	var tell tea.Cmd
	before := len(t.list.rows)
	for _, page := range m.values {
		if len(page) > 0 && !t.told {
			t.told = true
			tell = t.newest(page[0])
		}
		t.arrived(page)
	}
	if m.end {
		t.ended(m.err)
		if !t.partial {
			before = 0 // a refresh replaced the rows
		}
		if !t.told && m.err == nil {
			tell = t.newest(model.Version{}) // there is no object, but there may be a lock or a digest
		}
	}
	if m.end || t.partial {
		t.judge(before)
	}
	return tea.Batch(m.next(), tell)
}

// keepVersionFacts: the content of a version never changes, so what was read of
// it stays, and so does who wrote it.
func keepVersionFacts(old, v *model.Version) {
	if !v.Facts.Header.IsKnown() {
		v.Facts = old.Facts
		v.Settle()
	}
	v.Attribution = old.Attribution
}

func (t *versionsTab) readFacts() []tea.Cmd {
	var cmds []tea.Cmd
	read, b, key := t.host.reader(), t.backend, t.state
	t.list.near(func(row *model.Version) bool {
		if !row.DeleteMarker && t.reads.wants(t.sc, row.VersionID) {
			v := *row
			cmds = append(cmds, t.reads.ask(t.sc, v.VersionID, func(ctx context.Context) model.VersionFacts {
				return read.VersionFacts(ctx, b, key, v)
			}))
		}
		return t.reads.busy < t.reads.limit
	})
	return append(append(cmds, t.learn()), t.attribute()...)
}
