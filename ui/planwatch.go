package ui

import (
	"context"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui/widget"
)

// watchEvery is how often a lock is read again while its removal is being
// thought over.
const watchEvery = 10 * time.Second

// watch sees whether the locks of a plan stay as they are. The operation checks
// that itself; this is for the operator, who may be typing the ID of a lock
// that somebody else just let go of.
type watch struct {
	req     request
	since   time.Time
	last    time.Time
	seen    string // what two reads of an unchanged lock say; "" as long as there is only one
	changed string // what is there instead
	unread  string // why they could not be read
}

func (d *planDialog) tick() tea.Cmd {
	now := d.host.now()
	if d.task != nil || !d.mayRun() || d.plan.Unlock == nil || now.Sub(d.watch.last) < watchEvery {
		return nil
	}
	d.watch.last = now
	ctx, at := d.watch.req.begin(&d.sc)
	read, b, key := d.host.reader(), d.backend, d.state
	return ask(ctx, at, func(ctx context.Context) (model.LockReport, error) { return read.LocksOf(ctx, b, key), nil })
}

// watched compares the locks there are with those of the plan.
func (d *planDialog) watched(l letter) {
	m, ok := l.(answer[model.LockReport])
	if !ok || !d.watch.req.current(m) || d.task != nil {
		return
	}
	d.watch.unread = ""
	for _, v := range d.plan.Unlock.Victims {
		i := slices.IndexFunc(m.value.Locks, func(l model.Lock) bool { return l.Mechanism == v.Mechanism && l.Table == v.Table })
		switch {
		case i >= 0 && string(m.value.Locks[i].Raw) != string(v.Raw):
			d.watch.changed = "the lock is not the one shown any more: " + holderText(&m.value.Locks[i], d.host.now())
		case i < 0 && len(m.value.Problems) > 0:
			d.watch.unread = m.value.Problems[0]
		case i < 0:
			d.watch.changed = "the lock in " + v.Where() + " was released meanwhile"
		default:
			d.watch.weigh(v.LastWrite, m.value.Locks[i], d.host.now())
		}
	}
}

// weigh compares two reads of the same lock. That its state was written meanwhile
// the plan does not know.
func (w *watch) weigh(first model.Fact[time.Time], last model.Lock, now time.Time) {
	e, ok := model.AssessWatch(first, last, now.Sub(w.since))
	switch {
	case ok && e.WrittenMeanwhile():
		w.changed = e.Text
	case ok:
		w.seen = e.Text
	}
}

// lines is what the watch has to say above the plan.
func (w *watch) lines(d *planDialog, st widget.Styles, width int) []string {
	switch {
	case w.changed != "":
		return labelled(st, "✖ Changed", w.changed+". Close this and look again.", widget.Bad, 11, width)
	case w.unread != "":
		return labelled(st, "? Watching", "could not be read again: "+w.unread, widget.Warn, 11, width)
	case w.seen != "":
		return labelled(st, "Watching", w.seen, widget.Plain, 10, width)
	}
	return nil
}
