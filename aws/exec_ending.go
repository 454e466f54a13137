package aws

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/stateward/stateward/model"
)

// maxLook is how long the look at the end of an operation may take: whoever waits
// for the result rather hears that something could not be read.
const maxLook = 15 * time.Second

// conclude completes a result that is not the one meant, of an operation that sent
// something: it looks once more, says what is true now, and names the one command
// that ends it.
func (r *run) conclude(res *model.Result) {
	meant := res.Outcome == model.OutcomeDone || res.Outcome == model.OutcomeAlreadyGone
	if meant || res.Outcome != model.OutcomeInterrupted && r.sent.Load() == 0 {
		return
	}
	s := r.look()
	res.Now = s.Now()
	if slices.ContainsFunc(s.Locks, r.isOurs) && res.Outcome != model.OutcomeInterrupted {
		res.Outcome = model.OutcomeInterrupted // it was released, or never there, and is
	}
	if res.Outcome != model.OutcomeInterrupted || isLost(res.Err) { // a lost lock is given back by its own command
		return
	}
	finish := s.Finish(r.plan.URL(), r.program(res.Err))
	if r.plan.Unlock != nil {
		finish = s.FinishUnlock(r.plan, r.program(res.Err))
	}
	if finish == (model.Hint{}) {
		finish.Text = model.NothingLeft
	}
	res.Next = append(model.Hints{finish}, res.Next...)
}

// program is what the commands of an ending are made with: where the store was seen
// not to hold to conditions, with the word without which they would be refused.
func (r *run) program(err error) model.Program {
	var refused *conditionError
	if r.plan.Unguarded != "" || errors.As(err, &refused) && refused.store != "" {
		return r.c.opts.Program.Unguarded()
	}
	return r.c.opts.Program
}

// tellDigest completes a result that is the one meant, but for a digest with which
// no client reads the state: what is true now, and what makes it right.
func (r *run) tellDigest(res *model.Result) {
	s := r.look()
	res.Message += "; but the digest of the state is wrong, and no client reads it until that is repaired"
	res.Now = s.Now()
	hint := s.Finish(r.plan.URL(), r.program(res.Err))
	if hint == (model.Hint{}) {
		hint = s.Repair(r.plan.URL(), r.program(res.Err))
	}
	res.Next = append(model.Hints{hint}, res.Next...)
}

// isOurs reports whether a lock is one that this very operation took.
func (r *run) isOurs(l model.Lock) bool {
	rec, ours := model.ParseRecoveryRecord(l.Info.Info)
	return ours && rec.ID == r.id
}

// look reads the state, its digests and its locks as they stand. What cannot be
// read says so.
func (r *run) look() model.Standing {
	ctx, cancel := context.WithTimeout(r.ctx, min(maxLook, r.c.timeout()))
	defer cancel()
	b, key := r.plan.Backend, r.plan.Key
	tables := r.digestTables()
	s := model.Standing{Digests: make([]model.StandingDigest, len(tables))}
	locks := &lockReader{c: r.c, b: b}
	g := newGroup()
	g.Go(func() error { s.State = model.FactOf(r.lookAtState(ctx)); return nil })
	g.Go(func() error { locks.file(ctx, key); return nil })
	g.Go(func() error { locks.rowsOf(ctx, key); return nil })
	for i, table := range tables {
		g.Go(func() error {
			row, err := r.c.digestRowOf(ctx, b, table, key)
			s.Digests[i] = model.StandingDigest{Row: row, Expected: r.expectsDigest(table)}
			if s.Digests[i].Row.Table = table; err != nil {
				s.Digests[i].Unread = model.Reason(err)
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		r.c.log.Error("a fault in the look at the end", "error", err)
	}
	slices.SortFunc(locks.locks, compareLocks)
	s.Locks, s.Unlooked = locks.locks, locks.problems
	return s
}

func (r *run) lookAtState(ctx context.Context) (model.StandingState, error) {
	before, meant, serial := r.versions()
	now, err := r.c.headState(ctx, r.plan.Backend, r.plan.Key)
	switch {
	case errors.Is(err, model.ErrNotFound) && !isNoBucket(err):
		return model.StandingState{}, nil
	case err != nil:
		return model.StandingState{}, err
	case before != nil && keepsVersions(now.VersionID) && now.VersionID == before.VersionID:
		return model.StandingState{VersionID: now.VersionID, MD5: before.MD5, Whose: model.AsBefore}, nil
	}
	o, err := r.c.getObject(ctx, r.plan.Backend, r.plan.Key, "")
	if err != nil {
		return model.StandingState{}, err
	}
	is := model.StandingState{VersionID: o.VersionID, MD5: model.DigestOf(o.Body), Whose: model.Anothers}
	switch {
	case before != nil && is.MD5 == before.MD5:
		is.Whose = model.AsBefore
	case meant != "" && is.MD5 == meant:
		is.Whose, is.Serial = model.Written, serial
	case r.plan.Unlock != nil:
		is.Whose = ""
	}
	return is, nil
}

// versions are what the state was before the operation, and what it was to become.
func (r *run) versions() (before *model.CurrentState, meant string, serial uint64) {
	switch p := r.plan; {
	case p.Restore != nil:
		return p.Restore.Current, p.Restore.NewMD5, p.Restore.NewSerial
	case p.Repair != nil:
		return p.Repair.Current, "", 0
	case p.Recover != nil && p.Recover.Record.Previous != "":
		rec := p.Recover.Record
		return &model.CurrentState{VersionID: rec.Previous, MD5: rec.PreviousMD5}, rec.NewMD5, rec.Serial
	case p.Recover != nil:
		return nil, p.Recover.Record.NewMD5, p.Recover.Record.Serial
	}
	return nil, "", 0
}

// digestTables are the tables in which a digest of the state may be kept.
func (r *run) digestTables() []string {
	tables := append(r.ownDigestTables(), r.plan.Backend.Digests...)
	if r.plan.Unlock != nil {
		for _, l := range r.plan.Unlock.Victims {
			tables = append(tables, l.Table)
		}
	}
	tables = slices.DeleteFunc(tables, func(t string) bool { return t == "" })
	slices.Sort(tables)
	return slices.Compact(tables)
}

// ownDigestTables are those whose rows the plan speaks of.
func (r *run) ownDigestTables() (tables []string) {
	add := func(row model.DigestRow) { tables = append(tables, row.Table) }
	switch p := r.plan; {
	case p.Restore != nil:
		for _, row := range p.Restore.Digests {
			add(row)
		}
	case p.Repair != nil:
		for _, d := range p.Repair.Digests {
			add(d.Old)
		}
	case p.Recover != nil:
		for _, d := range p.Recover.Digests {
			add(d.Old)
		}
		for _, row := range p.Recover.Keep {
			add(row)
		}
	}
	return tables
}

func (r *run) expectsDigest(table string) bool {
	return slices.Contains(r.ownDigestTables(), table) || slices.Contains(r.plan.Backend.Digests, table)
}
