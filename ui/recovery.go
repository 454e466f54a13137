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

// settles is how old a record must be before its operation is called
// interrupted without a question mark. The plan to recover asks for the word
// DEAD until then.
const settles = 10 * time.Minute

// ruleRecord is the evidence that names the operation of a record.
const ruleRecord = "stateward-operation"

// recordOf is the record that an operation of stateward left in a lock.
func recordOf(l model.Lock) *model.RecoveryRecord {
	if rec, ours := model.ParseRecoveryRecord(l.Info.Info); ours {
		return &rec
	}
	return nil
}

// settled reports whether the operation of a record is past being under way.
func (r *lockRow) settled(now time.Time) bool {
	age, known := r.age(now)
	return known && age >= settles
}

// interruption names the operation of a record. What is in a lock is anybody's
// text, so only the words that we write are taken over.
func (r *lockRow) interruption() string {
	switch r.record.Operation {
	case model.OpRestore, model.OpRepair:
		return "interrupted " + string(r.record.Operation)
	case model.OpUnlock, model.OpRecover:
	}
	return "interrupted operation"
}

// judgement is the verdict of a lock, or that it is an interrupted operation's.
func (r *lockRow) judgement(now time.Time) widget.Cell {
	switch {
	case r.record == nil:
		return verdictCell(r.verdict())
	case r.settled(now):
		return bad("✖ " + r.interruption())
	}
	return warn("▲ " + r.interruption() + "?")
}

// recoverHint says what to do about an interrupted operation.
func (r *lockRow) recoverHint(now time.Time) widget.Cell {
	if r.settled(now) {
		return bad("✖ " + r.interruption() + ": C recovers it")
	}
	return warn("▲ " + r.interruption() + ", or one under way: C looks and recovers it")
}

// recoveries are the interrupted operations that were met in locks, the oldest
// first.
type recoveries struct{ rows []lockRow }

// heard takes over what a reading of locks told: those of one state, or of a
// whole backend when key is "". What a reading that was not complete does not
// name may be there all the same, so it stays.
func (r *recoveries) heard(b model.Backend, key string, report model.LockReport, now time.Time) {
	var found []lockRow
	for _, row := range foldLocks(b, report.Locks) {
		if row.record != nil {
			row.read, row.since = now, now
			found = append(found, row)
		}
	}
	complete := len(report.Problems) == 0
	r.rows = slices.DeleteFunc(r.rows, func(old lockRow) bool {
		covered := old.on(b.Bucket, key) || key == "" && backendID(old.backend) == backendID(b)
		return covered && complete || slices.ContainsFunc(found, func(n lockRow) bool { return n.on(old.backend.Bucket, old.key()) })
	})
	r.rows = append(r.rows, found...)
	slices.SortFunc(r.rows, func(a, b lockRow) int {
		return cmp.Or(a.locks[0].Created().Compare(b.locks[0].Created()), strings.Compare(a.id(), b.id()))
	})
}

// on reports whether the lock is one of that state.
func (r *lockRow) on(bucket, key string) bool { return r.backend.Bucket == bucket && r.key() == key }

// waiting are the interrupted operations to tell of: not the state that this
// program is at work on.
func (a *App) waiting() []lockRow {
	if a.task == nil {
		return a.known.interrupted.rows
	}
	p := a.task.plan
	return slices.DeleteFunc(slices.Clone(a.known.interrupted.rows), func(r lockRow) bool { return r.on(p.Backend.Bucket, p.Key) })
}

// bannerFrom is the least height of a window with room for a banner.
const bannerFrom = 8

func (a *App) wantsBanner() bool { return a.h >= bannerFrom && len(a.waiting()) > 0 }

// bannerLine tells of the first interrupted operation, on every page.
func (a *App) bannerLine() string {
	rows := a.waiting()
	if len(rows) == 0 {
		return widget.Fit("", a.w)
	}
	r := &rows[0]
	tone, lead, tail := widget.Bad, " ✖ an "+r.interruption()+" of ", " waits"
	if !r.settled(a.now()) {
		tone, lead, tail = widget.Warn, " ▲ an "+r.interruption()+" of ", ", or one under way"
	}
	if n := len(rows) - 1; n > 0 {
		tail += " (" + count(n) + " more)"
	}
	if a.o.ReadOnly {
		tail += "; read-only here"
	} else {
		tail += ": press C to recover"
	}
	room := a.w - widget.Width(lead) - widget.Width(tail)
	if room < 8 {
		return widget.Fit(a.st.Of(tone).Render(" ✖ press C: "+r.interruption()), a.w)
	}
	return widget.Fit(a.st.Of(tone).Render(lead+bannerName(r, room)+tail), a.w)
}

// bannerName is the state's address where there is room for it, else its key.
func bannerName(r *lockRow, room int) string {
	if url := safe(r.backend.URL(r.key())); widget.Width(url) <= room {
		return url
	}
	return widget.Middle(safe(shortKey(r.key(), room)), room)
}

// toRecover is the interrupted operation on the state that the page shows, else
// the one that the banner names.
func (a *App) toRecover() *lockRow {
	rows := a.waiting()
	if p, ok := a.top().(interface{ stateHere() (bucket, key string) }); ok {
		bucket, key := p.stateHere()
		if i := slices.IndexFunc(rows, func(r lockRow) bool { return r.on(bucket, key) }); i >= 0 {
			return &rows[i]
		}
	}
	if len(rows) == 0 {
		return nil
	}
	return &rows[0]
}

func (a *App) recoverAction() action {
	return action{keys: []string{"C"}, name: "recover", mutates: true,
		help:    "plan to finish or undo an interrupted operation",
		blocked: a.noRecover,
		run: func() tea.Cmd {
			r := a.toRecover()
			return a.show(planRecover(a, r.backend, r.key()))
		}}
}

func (a *App) noRecover() string {
	switch r := a.toRecover(); {
	case r == nil:
		return "no interrupted operation was met in the locks read so far"
	case r.backend.Policy.ReadOnly:
		return "the policy of this backend is read-only"
	}
	return ""
}

// planRecover opens the guard on the recovery of an interrupted operation.
func planRecover(h host, b model.Backend, key string) *planDialog {
	op := h.operator()
	return newPlanDialog(h, b, key, way{title: "Recover", make: func(ctx context.Context, reason string) (*model.Plan, error) {
		return op.PlanRecover(ctx, b, key, reason)
	}})
}

// foundNone lets go of an interrupted operation that the plan did not find any
// more. Such a plan is made only when every place could be read.
func (d *planDialog) foundNone() {
	if d.plan != nil && d.plan.Operation == model.OpRecover && (d.plan.Gone || d.plan.NoRecord) {
		d.host.fleet().interrupted.heard(d.backend, d.state, model.LockReport{}, d.host.now())
	}
}

// look is the reading again of the locks that the banner tells of.
type look struct {
	req  request
	last time.Time // when it was begun
}

// lookMsg is the locks that the App itself asked for: of a state, or of a whole
// backend when key is "".
type lookMsg struct {
	at      address
	backend model.Backend
	key     string
	report  model.LockReport
}

// lookAgain reads the locks that the banner tells of once in a while: somebody
// else may have recovered them, and not every page reads locks.
func (a *App) lookAgain() tea.Cmd {
	rows := a.waiting()
	if len(rows) == 0 || a.look.req.alive() || a.now().Sub(a.look.last) < a.o.Refresh {
		return nil
	}
	return a.lookAt(rows[0].backend, rows[0].key())
}

// lookAfter reads the locks of a state that an operation left, or may have left,
// half done.
func (a *App) lookAfter(t *task) tea.Cmd {
	p := t.plan
	met := slices.ContainsFunc(a.known.interrupted.rows, func(r lockRow) bool { return r.on(p.Backend.Bucket, p.Key) })
	if !met && t.result.Outcome != model.OutcomeInterrupted {
		return nil
	}
	return a.lookAt(p.Backend, p.Key)
}

func (a *App) lookAt(b model.Backend, key string) tea.Cmd {
	ctx, at := a.look.req.begin(a.sc)
	a.look.last = a.now()
	read := a.o.Reader
	return func() tea.Msg {
		if key == "" {
			return lookMsg{at, b, key, read.Locks(ctx, b)}
		}
		return lookMsg{at, b, key, read.LocksOf(ctx, b, key)}
	}
}

func (a *App) looked(m lookMsg) {
	if !a.look.req.alive() || m.at.gen != a.look.req.gen {
		return
	}
	a.look.req.end()
	a.known.interrupted.heard(m.backend, m.key, m.report, a.now())
}
