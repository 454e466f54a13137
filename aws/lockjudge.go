package aws

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/stateward/stateward/model"
)

// stateStanding is what is known of the state that a lock is about.
type stateStanding struct {
	orphan    model.Fact[bool] // it does not exist
	lastWrite model.Fact[time.Time]
}

// report finishes the locks: which are orphans, which diverge, and what the
// evidence says of them, in the order of their keys. Whoever lists the locks of a
// backend, plans for one state or looks at a backend's health has the verdict from
// here, by the same facts.
func (r *lockReader) report(ctx context.Context, look func(context.Context, model.Backend, string) stateStanding) model.LockReport {
	r.odd()
	slices.SortFunc(r.locks, compareLocks)
	slices.Sort(r.problems)
	g := newGroup()
	g.SetLimit(r.c.concurrency())
	for from := 0; from < len(r.locks); {
		to := from + 1
		for to < len(r.locks) && r.locks[to].Key == r.locks[from].Key {
			to++
		}
		held := r.locks[from:to]
		g.Go(func() error { r.judge(ctx, held, look(ctx, r.b, held[0].Key)); return nil })
		from = to
	}
	_ = g.Wait() // facts carry their own reasons
	return model.LockReport{Locks: r.locks, Problems: r.problems, Notes: r.notes}
}

// judge fills in what is known of the locks on one state, and what that says.
func (r *lockReader) judge(ctx context.Context, held []model.Lock, state stateStanding) {
	for i := range held {
		l := &held[i]
		l.Orphan, l.LastWrite, l.Diverged = state.orphan, state.lastWrite, diverged(*l, held)
	}
	around := model.LockContext{Host: r.c.opts.Actor.Host, LastWrite: state.lastWrite, Held: held}
	around.Runs = r.pastLocks(ctx, held[0].Key)
	if since, needed := around.NeedsWrites(); needed {
		writes, kept := r.writesSince(ctx, held[0].Key, since)
		if around.Writes = writes; !kept {
			around.Runs = model.Unknown[model.LockRuns](noPast)
		}
	}
	model.JudgeLocks(held, func(l model.Lock) model.LockContext {
		r.c.tell(ctx, r.b, l, around)
		around.Alive = r.c.processOf(l)
		return around
	})
}

// tell reads the past locks that the verdict about a lock depends on. What was
// read of one lock serves the next: bodies never change.
func (c *Client) tell(ctx context.Context, b model.Backend, l model.Lock, around model.LockContext) {
	runs := around.Runs.Or(model.LockRuns{})
	for ids := around.Asks(l); len(ids) > 0; ids = around.Asks(l) {
		infos := make([]model.Fact[model.LockInfo], len(ids))
		g := newGroup()
		g.SetLimit(c.concurrency())
		for i, id := range ids {
			g.Go(func() error { infos[i] = c.LockRun(ctx, b, l.Key, id); return nil })
		}
		_ = g.Wait() // the facts carry their reasons
		for i, id := range ids {
			runs.Tell(id, infos[i])
		}
	}
}

// processOf is whether the process runs that a lock of stateward names.
func (c *Client) processOf(l model.Lock) model.Fact[bool] {
	rec, ours := model.ParseRecoveryRecord(l.Info.Info)
	if !ours || c.opts.Alive == nil || rec.Host != c.opts.Actor.Host {
		return model.Fact[bool]{}
	}
	return c.opts.Alive(rec.PID)
}

// lockHistory is how much of an object's history is read to judge a lock: every
// run leaves two entries of its lock file, and the newest runs say most.
const lockHistory = 1000

// pastLocks are the newest locks that were in the lock file of a state.
func (r *lockReader) pastLocks(ctx context.Context, key string) model.Fact[model.LockRuns] {
	history, rest, err := r.newestVersions(ctx, model.LockKey(key), time.Time{})
	switch {
	case err != nil:
		return model.Unknown[model.LockRuns](model.Reason(err))
	case rest:
		return model.Known(model.LockRunsOf(history, history[len(history)-1].LastModified))
	}
	return model.Known(model.LockRunsOf(history, time.Time{}))
}

// noPast is why nothing is known of the locks under which a bucket without
// versions was written.
const noPast = "the bucket keeps no versions, so its lock files have no history"

// writesSince is when versions of a state were written, back to a time; kept is
// false where the bucket did not keep them all.
func (r *lockReader) writesSince(ctx context.Context, key string, since time.Time) (writes model.Fact[[]time.Time], kept bool) {
	history, rest, err := r.newestVersions(ctx, key, since)
	switch {
	case err != nil:
		return model.Unknown[[]time.Time](model.Reason(err)), true
	case rest:
		return model.Unknown[[]time.Time](fmt.Sprintf("more than %d versions were written since", lockHistory)), true
	}
	all := []time.Time{}
	for _, v := range history {
		if !v.LastModified.Before(since) && !keepsVersions(v.VersionID) {
			return model.Unknown[[]time.Time](noPast), false
		}
		if !v.DeleteMarker {
			all = append(all, v.LastModified)
		}
	}
	return model.Known(all), true
}

// newestVersions are the newest versions of a key, back to a time and one beyond
// it; rest says that there are older ones that were not read.
func (r *lockReader) newestVersions(ctx context.Context, key string, since time.Time) (history []model.Version, rest bool, err error) {
	for page, err := range r.versions(ctx, key) {
		if err != nil {
			return nil, false, err
		}
		for _, v := range page {
			if len(history) == lockHistory {
				return history, true, nil
			}
			if history = append(history, v); v.LastModified.Before(since) {
				return history, false, nil
			}
		}
	}
	return history, false, nil
}

// versions lists the versions of a key, from what was listed already where that
// is all of them.
func (r *lockReader) versions(ctx context.Context, key string) iter.Seq2[[]model.Version, error] {
	if r.listed == nil || !r.listed.whole(key) {
		return r.c.Versions(ctx, r.b, key)
	}
	return func(yield func([]model.Version, error) bool) { yield(asVersions(r.listed.entries[key]), nil) }
}
