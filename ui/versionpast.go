package ui

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/stateward/stateward/model"
)

// historyReader reads what the versions of a state are judged by. Facts carry
// their own reasons for being unknown.
type historyReader interface {
	// HistoryFacts tells when the lock of a state was held, back to since at
	// least, and how the bucket encrypts.
	HistoryFacts(ctx context.Context, b model.Backend, key string, since time.Time) model.HistoryFacts
	// LockRun tells what a version of a state's lock file says.
	LockRun(ctx context.Context, b model.Backend, key, versionID string) model.Fact[model.LockInfo]
}

// past is what is known of a state beside its versions, and the reading of it.
type past struct {
	model.History
	about   request
	newest  string    // the newest version when it was read
	since   time.Time // how far back it was asked for
	bodies  lazy[model.Fact[model.LockInfo]]
	told    map[string]model.Fact[model.LockInfo] // by version of the lock file
	suggest model.Suggestion
	wrong   bool // there is a suggestion
}

// aside is the answer to the reading of the past.
type aside struct {
	facts  model.HistoryFacts
	wrote  map[string]model.Author // from this machine, by version id
	newest string
}

// learn reads the past: when there are versions that it does not know of, and
// when rows come near the screen that it does not reach back to.
func (t *versionsTab) learn() tea.Cmd {
	since, last := time.Time{}, -1
	t.list.near(func(v *model.Version) bool {
		since, last = v.LastModified, t.list.index[v.VersionID]
		return true
	})
	if last < 0 || t.past.about.alive() {
		return nil
	}
	runs, known := t.past.Runs.Get()
	deeper := known && !runs.Reaches(since) && since.Before(t.past.since)
	newest := t.list.rows[0].VersionID
	if newest == t.past.newest && !deeper {
		return nil
	}
	ctx, at := t.past.about.begin(t.sc)
	t.past.since = since
	read, journal, b, key := t.host.reader(), t.host.journal(), t.backend, t.state
	return ask(ctx, at, func(ctx context.Context) (aside, error) {
		a := aside{facts: read.HistoryFacts(ctx, b, key, since), newest: newest}
		if journal != nil {
			entries, _ := journal(ctx) // the journal's own page tells what of it cannot be read
			a.wrote = model.JournalAuthors(entries, b.URL(key))
		}
		return a, nil
	})
}

// learned takes the past, which may tell more of versions whose author could
// not be told before.
func (t *versionsTab) learned(m answer[aside]) {
	if !t.past.about.current(m) {
		return
	}
	t.past.about.end()
	t.past.newest = m.value.newest
	t.past.Runs, t.past.Wants, t.past.Journal = m.value.facts.Runs, m.value.facts.Wants, m.value.wrote
	if runs, ok := t.past.Runs.Get(); ok {
		for id, info := range t.past.told {
			runs.Tell(id, info)
		}
	}
	t.reconsider()
	t.judge(0)
}

// heard takes the locks that are held now.
func (t *versionsTab) heard(r model.LockReport) {
	t.past.Held = model.Known(r)
	t.reconsider()
}

// reconsider has the authors told again that could not be told, when their rows
// are near the screen. Those that the journal knows cost nothing to tell.
func (t *versionsTab) reconsider() {
	for i := range t.list.rows {
		v := &t.list.rows[i]
		if v.WrittenBy.IsUnknown() {
			v.Attribution = model.Attribution{}
		}
		if _, ours := t.past.Journal[v.VersionID]; ours {
			t.past.Attribute(t.list.rows, i)
		}
	}
}

// judge works out what versions tell of each other, from a row on.
func (t *versionsTab) judge(first int) {
	t.past.Complete = !t.asOf.IsZero()
	t.past.All(t.list.rows, first)
	t.chart.stale = true
	t.judged()
}

// judged follows what was worked out.
func (t *versionsTab) judged() {
	t.past.suggest, t.past.wrong = model.Suggest(t.list.rows)
	t.list.changed()
}

// attribute finds who wrote the rows near the screen, and reads the locks that
// tell it: one for each row at most.
func (t *versionsTab) attribute() []tea.Cmd {
	var cmds []tea.Cmd
	read, b, key, news := t.host.reader(), t.backend, t.state, false
	t.list.near(func(v *model.Version) bool {
		if v.WrittenBy.IsKnown() || v.WrittenBy.IsUnknown() || !v.DeleteMarker && !t.reads.known[v.VersionID] {
			return true
		}
		lock := t.past.Attribute(t.list.rows, t.list.index[v.VersionID])
		news = news || v.WrittenBy.IsKnown() || v.WrittenBy.IsUnknown()
		if lock != "" && t.past.bodies.wants(t.sc, lock) {
			cmds = append(cmds, t.past.bodies.ask(t.sc, lock, func(ctx context.Context) model.Fact[model.LockInfo] {
				return read.LockRun(ctx, b, key, lock)
			}))
		}
		return true
	})
	if news {
		t.judged()
	}
	return cmds
}

// toldBy takes what a lock said. What could not be read is asked for again with
// the next refresh.
func (t *versionsTab) toldBy(m fact[model.Fact[model.LockInfo]]) {
	if !t.past.bodies.took(m) {
		return
	}
	if t.past.told == nil {
		t.past.told = map[string]model.Fact[model.LockInfo]{}
	}
	t.past.told[m.row] = m.value
	if runs, ok := t.past.Runs.Get(); ok {
		runs.Tell(m.row, m.value)
	}
}

// forgetUnread lets be asked for once more what could not be read of the past, and
// what may have ended since.
func (p *past) forgetUnread() {
	for id, info := range p.told {
		if info.IsUnknown() {
			delete(p.told, id)
			p.bodies.forget(id)
		}
	}
	if p.Runs.IsUnknown() || p.Wants.IsUnknown() || p.Runs.Or(model.LockRuns{}).Held() {
		p.newest = ""
	}
}
