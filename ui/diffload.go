package ui

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"

	tea "charm.land/bubbletea/v2"

	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui/widget"
)

// loadedDiff is what comparing brought. It is worked out off the update loop.
type loadedDiff struct {
	docs [2]*model.StateDocument
	diff *model.StateDiff
	unfolding
	items []diffItem // as they are shown first
}

// unfolding is what of a diff is unfolded.
type unfolding struct {
	lines    map[int][]model.DiffLine // of unfolded entries, by entry
	metadata bool                     // metadata-only entries are unfolded
}

// fewChanges is how many addresses a diff has at most that is unfolded from the
// start: it fits a screen or two.
const fewChanges = 6

// load reads both versions and compares them.
func (p *diffPage) load() tea.Cmd {
	ctx, at := p.begin()
	p.looking.end()
	for i := range p.come {
		p.come[i].heard(0, 0)
	}
	read := bothVersions{reader: p.host.reader(), backend: p.backend, key: p.state, come: &p.come}
	ids := [2]string{p.old.VersionID, p.new.VersionID}
	if p.new.IsLatest { // the current one takes no permission beyond that of every client
		ids[1] = ""
	}
	return tea.Batch(p.host.after(progressEvery, bodyTick{at}),
		ask(ctx, at, func(ctx context.Context) (*loadedDiff, error) { return read.compare(ctx, ids) }))
}

// bothVersions reads two versions of a state at once.
type bothVersions struct {
	reader  bodyReader
	backend model.Backend
	key     string
	come    *[2]progressed
}

func (r bothVersions) compare(ctx context.Context, ids [2]string) (*loadedDiff, error) {
	var found loadedDiff
	var faults [2]error
	var wait sync.WaitGroup
	for i := range ids {
		wait.Go(func() {
			found.docs[i], faults[i] = r.reader.StateBody(ctx, r.backend, r.key, ids[i], r.come[i].heard)
		})
	}
	wait.Wait()
	for i, fault := range faults {
		if fault != nil {
			return nil, r.failure([2]string{"older", "newer"}[i], fault)
		}
	}
	var err error
	if found.diff, err = model.DiffStates(found.docs[0], found.docs[1]); err == nil {
		found.lines, err = unfoldedFew(found.diff)
	}
	if err == nil {
		found.items = found.unfolding.items(found.diff)
	}
	return &found, err
}

// failure says which of the two cannot be compared. What the service said of a
// reading stands for itself.
func (r bothVersions) failure(which string, fault error) error {
	f := &model.Failure{Tried: "comparing the versions", On: r.backend.URL(r.key), Cause: fmt.Errorf("the %s version: %w", which, fault)}
	switch {
	case errors.Is(fault, model.ErrEncryptedState):
		f.Next = "Only clients that have its key can read it."
	case errors.Is(fault, model.ErrInvalid), errors.Is(fault, model.ErrUnsupported):
		f.Next = "Its text is in the tab raw of that version."
	default:
		return fault
	}
	return f
}

// unfoldedFew are the lines of all entries that have some, where they are few.
func unfoldedFew(d *model.StateDiff) (map[int][]model.DiffLine, error) {
	open := map[int][]model.DiffLine{}
	s := d.Summary
	if s.Changed+s.Moved+s.Outputs > fewChanges {
		return open, nil
	}
	for i, e := range d.Entries {
		if !e.Output && e.Kind != model.DiffChanged && !e.Changed {
			continue
		}
		lines, err := entryLines(d, e)
		if err != nil {
			return nil, err
		}
		open[i] = lines
	}
	return open, nil
}

func (p *diffPage) receive(l letter) tea.Cmd {
	switch m := l.(type) {
	case bodyTick:
		if p.listing.current(m) {
			return p.host.after(progressEvery, m)
		}
	case answer[*loadedDiff]:
		if p.listing.current(m) {
			p.loaded(m)
		}
	case answer[linesRead]:
		if p.looking.current(m) {
			p.unfolded(m)
		}
	}
	return nil
}

func (p *diffPage) loaded(m answer[*loadedDiff]) {
	if m.err == nil {
		p.found, p.unfolding = m.value, m.value.unfolding
		p.fresh, p.partial = m.value.items, false
		for _, doc := range m.value.docs { // other pages hide what these two taught
			p.host.fleet().learned(p.backend.URL(p.state), doc.Secrets)
		}
	}
	p.ended(m.err)
}

func (p *diffPage) unfolded(m answer[linesRead]) {
	if m.err != nil {
		p.host.tell(widget.Bad, m.err.Error())
		return
	}
	p.lines[m.value.entry] = m.value.lines
	p.rebuild()
}

// rebuild lays the lines out anew; the cursor stays on its line.
func (p *diffPage) rebuild() { p.list.replace(p.items(p.found.diff), nil) }

// items are the lines of the page: what differs, then, folded, what differs in
// metadata alone.
func (u unfolding) items(d *model.StateDiff) []diffItem {
	items := make([]diffItem, 0, len(d.Entries))
	var apart []int
	for i, e := range d.Entries {
		if e.Kind == model.DiffMetadata {
			apart = append(apart, i)
			continue
		}
		items = u.entry(items, i, e, 0)
	}
	if len(apart) == 0 {
		return items
	}
	items = append(items, diffItem{id: "apart", kind: diffApartItem, sign: "·",
		text: plural(len(apart), "resource") + " in metadata only: provider, dependencies, schema"})
	if u.metadata {
		for _, i := range apart {
			items = u.entry(items, i, d.Entries[i], 1)
		}
	}
	return items
}

func entryID(entry int) string { return "e" + strconv.Itoa(entry) }

// entry appends an entry and, where it is unfolded, its lines.
func (u unfolding) entry(items []diffItem, i int, e *model.DiffEntry, depth int) []diffItem {
	items = append(items, diffItem{id: entryID(i), entry: i, sign: e.Kind.Sign(), text: e.Title(), depth: depth})
	for n, l := range u.lines[i] {
		items = append(items, diffItem{id: entryID(i) + "." + strconv.Itoa(n), kind: diffLineItem, entry: i,
			sign: l.Sign, text: l.Text, depth: depth + l.Indent})
	}
	return items
}
