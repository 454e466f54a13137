package aws

import (
	"context"
	"errors"
	"strings"
	"sync"

	"github.com/stateward/stateward/model"
)

// planRepair works out how to make a state and its digest agree: by setting the
// digest to that of the bytes, or by restoring the version that it names.
func (c *Client) planRepair(ctx context.Context, b model.Backend, key string, r model.RepairRequest) (*model.Plan, error) {
	ctx = urgent(ctx)
	f := model.RepairFacts{Backend: b, Key: key, ReadOnly: c.opts.ReadOnly, Program: c.opts.Program}
	f.Expires, _ = c.expires(ctx, b)
	g, gctx := groupWithContext(ctx)
	g.Go(func() (err error) {
		f.Current, err = c.currentObject(gctx, b, key)
		switch {
		case isNoBucket(err):
			f.BucketGone, err = err, nil
		case isUnreadable(err):
			f.CurrentErr, err = orElse(c.barred(gctx, b, key, "", model.Encryption{}, err), model.Reason(err)), nil
		}
		return err
	})
	g.Go(func() error { f.Locks, f.Mechanisms = c.gatherMechanisms(gctx, b, key); return nil })
	if err := g.Wait(); err != nil {
		return nil, err
	}
	f.Now = c.serviceNow()
	if f.BucketGone != nil && !f.Mechanisms.KeepsDigest() {
		return nil, f.BucketGone // likely mistyped: nothing is known of it
	}
	if f.CurrentErr != "" {
		return model.PlanRepair(f, r), nil
	}
	if err := c.missesRepair(ctx, f); err != nil {
		return nil, err
	}
	if err := c.gatherNamed(ctx, &f); err != nil {
		return nil, err
	}
	f.Write = model.MirrorWrite(b.Write, f.Current)
	if r.To == model.RepairToVersion {
		return c.planRepairToVersion(ctx, f, r)
	}
	p := model.PlanRepair(f, r)
	c.unguard(ctx, p)
	return p, ctx.Err()
}

// planRepairToVersion is a restore of the version that the digest is of.
func (c *Client) planRepairToVersion(ctx context.Context, f model.RepairFacts, r model.RepairRequest) (*model.Plan, error) {
	if len(f.Named) == 0 {
		return nil, &model.Failure{Kind: model.ErrNotFound, Tried: "looking for the version that the digest belongs to", On: f.Backend.URL(f.Key),
			Next: "No version that can be read has this digest: set it to that of the bytes with --to bytes."}
	}
	p, err := c.PlanRestore(ctx, f.Backend, f.Key, model.RestoreRequest{VersionID: f.Named[0].VersionID, Reason: r.Reason})
	if err != nil {
		return nil, err
	}
	p.Operation = model.OpRepair
	return p, nil
}

// gatherNamed searches the history for the versions whose bytes have the digest
// that a row names, where it is not that of the current bytes.
func (c *Client) gatherNamed(ctx context.Context, f *model.RepairFacts) error {
	wanted := map[string]bool{}
	for _, t := range f.Mechanisms.Tables {
		current := f.Current != nil && t.Digest.Value == model.DigestOf(f.Current.Body)
		if t.Digest.WellFormed() && !current {
			wanted[t.Digest.Value] = true
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	history, err := c.wholeHistory(ctx, f.Backend, f.Key)
	if errors.Is(err, model.ErrNotFound) {
		return ctx.Err() // the key never had a version: no digest belongs to one
	}
	if err != nil {
		return err
	}
	f.Named, f.Unread = c.versionsWithSum(ctx, f.Backend, f.Key, history, wanted)
	return ctx.Err()
}

// versionsWithSum hashes the versions of a history, newest first in the result.
func (c *Client) versionsWithSum(ctx context.Context, b model.Backend, key string, history []model.Version, wanted map[string]bool) (named []model.Version, unread int) {
	var mu sync.Mutex
	hit := make([]bool, len(history))
	g := newGroup()
	g.SetLimit(c.concurrency())
	for i, v := range history {
		if v.DeleteMarker {
			continue
		}
		if wanted[strings.Trim(v.ETag, `"`)] { // an ETag can prove a match, never a mismatch
			hit[i] = true
			continue
		}
		g.Go(func() error {
			sum, err := c.hash(ctx, b, fetch{key: key, versionID: v.VersionID})
			mu.Lock()
			defer mu.Unlock()
			hit[i] = err == nil && wanted[sum]
			if err != nil {
				unread++
			}
			return nil
		})
	}
	_ = g.Wait() // the workers return no errors
	for i, v := range history {
		if hit[i] {
			named = append(named, v)
		}
	}
	return named, unread
}
