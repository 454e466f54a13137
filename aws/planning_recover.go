package aws

import (
	"context"
	"errors"
	"slices"

	"github.com/stateward/stateward/model"
)

// planRecover looks for an operation of stateward that was interrupted on a
// state and works out how to finish or undo it. Where several left locks, the
// plan is about the first; the next call finds the next.
func (c *Client) planRecover(ctx context.Context, b model.Backend, key, reason string) (*model.Plan, error) {
	ctx = urgent(ctx)
	report := c.LocksOf(ctx, b, key)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f := model.RecoverFacts{Backend: b, Key: key, Problems: report.Problems, Host: c.opts.Actor.Host,
		Now: c.serviceTime(report.Locks), ReadOnly: c.opts.ReadOnly, Program: c.opts.Program}
	f.Record, f.Held, f.Others = ownLocks(report.Locks)
	if len(f.Held) == 0 {
		return c.planWithoutRecord(ctx, f, reason), ctx.Err()
	}
	f.Expires, _ = c.expires(ctx, b)
	if c.opts.Alive != nil {
		f.Alive = c.opts.Alive(f.Record.PID)
	}
	if err := c.gatherRecover(ctx, &f); err != nil {
		return nil, err
	}
	p := model.PlanRecover(f, reason)
	c.unguard(ctx, p)
	return p, nil
}

// planWithoutRecord is the plan where no operation left a lock: nothing is to be
// recovered, but whoever comes here from an operation that lost its locks must not
// be told that all is well while no client can read the state.
func (c *Client) planWithoutRecord(ctx context.Context, f model.RecoverFacts, reason string) *model.Plan {
	digest := model.Known(model.DigestNotUsed)
	if len(f.Problems) == 0 {
		digest = c.StateFacts(ctx, f.Backend, model.State{Bucket: f.Backend.Bucket, Key: f.Key}).Digest
	}
	return model.PlanWithoutRecord(f, digest, reason)
}

// ownLocks are the locks of the first operation that left a record.
func ownLocks(locks []model.Lock) (rec model.RecoveryRecord, held, others []model.Lock) {
	for _, l := range locks {
		found, ok := model.ParseRecoveryRecord(l.Info.Info)
		if ok && (len(held) == 0 || found.ID == rec.ID) {
			rec, held = found, append(held, l)
		} else {
			others = append(others, l)
		}
	}
	return rec, held, others
}

// gatherRecover reads the state and the digests that the record speaks of.
func (c *Client) gatherRecover(ctx context.Context, f *model.RecoverFacts) error {
	tables := make([]string, 0, len(f.Record.Digests))
	for table := range f.Record.Digests {
		tables = append(tables, table)
	}
	slices.Sort(tables)
	f.Digests = make([]model.DigestRow, len(tables))
	gone := make([]error, len(tables))
	g, gctx := groupWithContext(ctx)
	g.Go(func() (err error) {
		f.Current, err = c.currentOrUnread(gctx, f.Backend, f.Key)
		return err
	})
	for i, table := range tables {
		g.Go(func() (err error) {
			f.Digests[i], err = c.digestRowOf(gctx, f.Backend, table, f.Key)
			if errors.Is(err, model.ErrNotFound) {
				f.Digests[i].Table, gone[i], err = table, err, nil
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	dropGone(f, gone)
	if f.Record.Explains(f.Current) {
		return nil
	}
	f.Wrote = model.FactOf(c.wroteSince(ctx, f.Backend, f.Key, f.Record))
	return ctx.Err()
}

// dropGone leaves out the tables that are gone: no lock and no digest is kept there,
// and that they cannot be read hides nothing.
func dropGone(f *model.RecoverFacts, gone []error) {
	for i := len(gone) - 1; i >= 0; i-- {
		if gone[i] == nil {
			continue
		}
		table := f.Digests[i].Table
		f.Digests = slices.Delete(f.Digests, i, i+1)
		f.Gone = append(f.Gone, table)
		told := model.ReasonAt(gone[i], table)
		f.Problems = slices.DeleteFunc(f.Problems, func(p string) bool { return p == told })
	}
}

// wroteSince looks for the recorded content among the versions that are newer
// than the one that the operation was to replace.
func (c *Client) wroteSince(ctx context.Context, b model.Backend, key string, rec model.RecoveryRecord) (bool, error) {
	history, err := c.wholeHistory(ctx, b, key)
	if err != nil {
		return false, err
	}
	for _, v := range history {
		switch {
		case !keepsVersions(v.VersionID):
			return false, &model.Failure{Kind: model.ErrUnsupported, Tried: "looking for what it wrote", On: b.URL(key),
				Next: "The bucket does not keep every version: one that it wrote may be overwritten."}
		case v.VersionID == rec.Previous, v.DeleteMarker && rec.Previous == "":
			return false, nil
		case v.DeleteMarker:
			continue
		}
		sum, err := c.hash(ctx, b, fetch{key: key, versionID: v.VersionID})
		if err != nil || sum == rec.NewMD5 {
			return err == nil, err
		}
	}
	return false, &model.Failure{Kind: model.ErrNotFound, Tried: "looking for version " + rec.Previous + ", which it was to replace,", On: b.URL(key)}
}

// currentObject reads the state as it stands; nil when there is none.
func (c *Client) currentObject(ctx context.Context, b model.Backend, key string) (*model.CurrentObject, error) {
	o, err := c.getObject(ctx, b, key, "")
	if errors.Is(err, model.ErrNotFound) && !isNoBucket(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &model.CurrentObject{VersionID: o.VersionID, ETag: o.ETag, Body: o.Body,
		ContentType: o.ContentType, LastModified: o.LastModified, Encryption: o.Encryption}, nil
}
