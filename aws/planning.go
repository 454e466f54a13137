package aws

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stateward/stateward/model"
)

// planUnlock reads everything that is known about the locks of a state and
// works out how to remove the one that the request names.
func (c *Client) planUnlock(ctx context.Context, b model.Backend, key string, r model.UnlockRequest) (*model.Plan, error) {
	ctx = urgent(ctx)
	report := c.LocksOf(ctx, b, key)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	facts := model.UnlockFacts{Backend: b, Key: key, Locks: report.Locks, Problems: report.Problems,
		Now: c.serviceTime(report.Locks), ReadOnly: c.opts.ReadOnly, Program: c.opts.Program}
	if err := c.completeUnlock(ctx, &facts, report, r); err != nil {
		return nil, err
	}
	facts.Expires, _ = c.expires(ctx, b)
	facts.Region, _ = c.tableRegion(ctx, b) // the command by hand is without it then
	facts.At, _ = c.regionOf(ctx, b)
	facts.Refuses = c.refusesConditions(ctx, b)
	p := model.PlanUnlock(facts, r)
	c.unguard(ctx, p)
	return p, nil
}

// serviceTime is the service's clock as the newest answer told it, else ours.
func (c *Client) serviceTime(locks []model.Lock) time.Time {
	var newest time.Time
	for _, l := range locks {
		if l.ReadAt.After(newest) {
			newest = l.ReadAt
		}
	}
	if newest.IsZero() {
		return c.serviceNow()
	}
	return newest
}

// planRestore reads everything that a restore rests on, in parallel, and works
// out the plan. An error means that there is nothing to plan about: no such
// version, or a history that cannot be read.
func (c *Client) planRestore(ctx context.Context, b model.Backend, key string, r model.RestoreRequest) (*model.Plan, error) {
	ctx = urgent(ctx)
	if neverState(key) {
		return nil, c.NoSuchState(ctx, b, key, "restore")
	}
	// The current version is read before the history is listed: what is written
	// between the two is then a change that the restore's own check finds, and
	// never a version whose serial the plan does not know of.
	f := model.RestoreFacts{Backend: b, Key: key, ReadOnly: c.opts.ReadOnly, Program: c.opts.Program}
	unread, currentErr := c.gatherCurrent(ctx, &f)
	f.Now = c.serviceNow()
	history, err := c.wholeHistory(ctx, b, key)
	if err != nil {
		return nil, err
	}
	target, ok := model.FindVersion(history, r.VersionID)
	if !ok {
		return nil, &model.Failure{Kind: model.ErrNotFound, Tried: "looking up version " + r.VersionID, On: b.URL(key),
			Next: similarVersions(r.VersionID, history) + "List the versions with", Command: c.opts.Program.Command("history", b.URL(key))}
	}
	f.Target = target
	for _, v := range history {
		f.History = append(f.History, v.VersionID)
	}
	f.Region, _ = c.regionOf(ctx, b) // the command that takes it back is without it then
	f.Expires, _ = c.expires(ctx, b)
	if !c.targetServes(ctx, &f) {
		f.Versioning = c.versioningOf(ctx, b)
		return model.PlanRestore(f, r), ctx.Err()
	}
	if currentErr != nil {
		return nil, currentErr
	}
	if unread != nil {
		c.nameUnread(ctx, &f, history, unread)
	}
	if err := c.gatherRestore(ctx, &f, history); err != nil {
		return nil, err
	}
	p := model.PlanRestore(f, r)
	c.unguard(ctx, p)
	return p, nil
}

func (c *Client) wholeHistory(ctx context.Context, b model.Backend, key string) ([]model.Version, error) {
	var all []model.Version
	for page, err := range c.Versions(ctx, b, key) {
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
	}
	if len(all) == 0 {
		return nil, c.NoSuchState(ctx, b, key, "listing the versions")
	}
	return all, nil
}

// gatherRestore fills the facts in parallel; each gatherer writes its own fields.
func (c *Client) gatherRestore(ctx context.Context, f *model.RestoreFacts, history []model.Version) error {
	g, gctx := groupWithContext(ctx)
	g.Go(func() error { f.Versioning = c.versioningOf(gctx, f.Backend); return nil })
	g.Go(func() error { c.gatherTarget(gctx, f); return nil })
	g.Go(func() error { c.gatherAccess(gctx, f); return nil })
	g.Go(func() error { f.Headers = c.headersOf(gctx, f.Backend, f.Key, history); return nil })
	g.Go(func() error { f.Locks, f.Mechanisms = c.gatherMechanisms(gctx, f.Backend, f.Key); return nil })
	if err := g.Wait(); err != nil {
		return err
	}
	c.gatherKeys(ctx, f)
	if f.NoExample() {
		f.Default = c.bucketEncryption(ctx, f.Backend)
		c.gatherKeys(ctx, f)
	}
	return ctx.Err()
}

// gatherTarget reads the version to restore.
func (c *Client) gatherTarget(ctx context.Context, f *model.RestoreFacts) {
	if f.Target.DeleteMarker {
		return
	}
	o, err := c.getObject(ctx, f.Backend, f.Key, f.Target.VersionID)
	if err != nil {
		f.TargetErr = orElse(c.barred(ctx, f.Backend, f.Key, f.Target.VersionID, model.Encryption{}, err), model.Reason(err))
		return
	}
	f.TargetBody = o.Body
	f.Target.Facts.Encryption = model.Known(o.Encryption)
}

// gatherCurrent reads the state as it stands. unread is why its bytes are barred
// from everybody, or from this identity's keys: the plan goes on without them then.
// One that may not be read for another reason cannot be protected: the plan refuses.
func (c *Client) gatherCurrent(ctx context.Context, f *model.RestoreFacts) (unread, err error) {
	f.Current, err = c.currentObject(ctx, f.Backend, f.Key)
	switch {
	case isArchived(err), isKeyRefusal(err):
		return err, nil
	case isUnreadable(err):
		f.CurrentErr, err = model.Reason(err), nil
	}
	return nil, err
}

// isUnreadable reports whether it is this identity, or what it has, that keeps an
// object from being read.
func isUnreadable(err error) bool {
	return errors.Is(err, model.ErrDenied) || errors.Is(err, errCustomerKey)
}

// gatherAccess reads ACL and tags: of the current version, or where the state is
// deleted of the version that comes back.
func (c *Client) gatherAccess(ctx context.Context, f *model.RestoreFacts) {
	of, version := "the current version", ""
	switch {
	case f.CurrentErr != "" || f.Current == nil && f.Target.DeleteMarker:
		return
	case f.Current == nil:
		of, version = "version "+f.Target.VersionID, f.Target.VersionID
	}
	var aclErr, tagErr error
	f.Grants, aclErr = c.readGrants(ctx, f.Backend, f.Key, version)
	f.Tags, tagErr = c.readTags(ctx, f.Backend, f.Key, version)
	for what, err := range map[string]error{"ACL": aclErr, "tags": tagErr} {
		if err != nil && !errors.Is(err, model.ErrUnsupported) {
			f.Access = append(f.Access, what+" of "+of+": "+model.Reason(err)+" (the new version would not have them)")
		}
	}
	slices.Sort(f.Access)
}

// headersOf reads the header of every version, at most Concurrency at a time.
func (c *Client) headersOf(ctx context.Context, b model.Backend, key string, history []model.Version) map[string]model.Fact[model.StateHeader] {
	var mu sync.Mutex
	headers := make(map[string]model.Fact[model.StateHeader], len(history))
	g := newGroup()
	g.SetLimit(c.concurrency())
	for _, v := range history {
		if v.DeleteMarker {
			continue
		}
		g.Go(func() error {
			header := model.FactOf(c.versionHeader(ctx, b, key, v.VersionID))
			mu.Lock()
			defer mu.Unlock()
			headers[v.VersionID] = header
			return nil
		})
	}
	_ = g.Wait() // the workers return no errors
	return headers
}

// gatherMechanisms reads the held locks and all evidence of which mechanisms
// the clients of this state use.
func (c *Client) gatherMechanisms(ctx context.Context, b model.Backend, key string) ([]model.Lock, model.MechanismFacts) {
	m := model.MechanismFacts{Declared: slices.Concat(b.Declared, c.opts.Mechanisms)}
	report := c.LocksOf(ctx, b, key)
	m.Problems = slices.Clone(report.Problems)
	history, err := c.lockfileHistory(ctx, b, key)
	if isNoBucket(err) {
		m.BucketGone, err = true, nil
	}
	m.LockfileHistory = model.FactOf(history, err)
	if err != nil {
		m.Problems = append(m.Problems, "the history of "+model.LockKey(key)+": "+model.Reason(err))
	}
	c.gatherTables(ctx, b, key, &m)
	return report.Locks, m
}

// gatherTables reads what every table that may know the state says of it.
func (c *Client) gatherTables(ctx context.Context, b model.Backend, key string, m *model.MechanismFacts) {
	tables, evidence := eachTable(ctx, c, b, func(table string) model.TableEvidence { return c.tableEvidence(ctx, b, table, key) })
	if tables.note != nil {
		m.Unsearched = model.Reason(tables.note)
	}
	if tables.gap != nil {
		m.Unfound = "the lock tables: " + model.Reason(tables.gap)
		m.UnfoundDenied = isLasting(tables.gap)
		m.Problems = append(m.Problems, m.Unfound)
	}
	for _, t := range evidence {
		t.Named = tables.isNamed(t.Table)
		t.Configured = slices.Contains(b.Tables, t.Table)
		m.Tables = append(m.Tables, t)
		if t.Problem != "" && !slices.Contains(m.Problems, t.Problem) {
			m.Problems = append(m.Problems, t.Problem)
		}
	}
}

// isLasting tells what this identity may not read, or nobody can, from what
// another try may read.
func isLasting(err error) bool {
	return errors.Is(err, model.ErrDenied) || errors.Is(err, model.ErrUnsupported)
}

func (c *Client) tableEvidence(ctx context.Context, b model.Backend, table, key string) model.TableEvidence {
	e := model.TableEvidence{Table: table}
	rows := c.rowsIn(ctx, b, table, key)
	e.LockRow, e.Digest, e.LockTaken, e.DigestTaken = rows.lock != nil, rows.digest, rows.lockTaken, rows.digestTaken
	if rows.err != nil {
		e.Problem = "table " + table + ": " + model.Reason(rows.err)
		e.Denied = isLasting(rows.err)
	}
	return e
}

// lockfileHistory reports whether a lock file of this state exists or existed.
func (c *Client) lockfileHistory(ctx context.Context, b model.Backend, key string) (bool, error) {
	return c.hasVersions(ctx, b, model.LockKey(key))
}

// hasVersions reports whether an object of exactly this name exists or existed.
func (c *Client) hasVersions(ctx context.Context, b model.Backend, name string) (bool, error) {
	api, err := c.s3(ctx, b)
	if err != nil {
		return false, err
	}
	out, err := api.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: &b.Bucket, Prefix: &name, MaxKeys: sdk.Int32(1), EncodingType: s3types.EncodingTypeUrl})
	if err != nil {
		return false, failure(err, "listing the versions", "s3://"+b.Bucket+"/"+name, "s3:ListBucketVersions")
	}
	entries := slices.Concat(versionsOf(out), markersOf(out))
	if len(entries) == 0 && sdk.ToBool(out.IsTruncated) {
		return false, endless("s3://" + b.Bucket + "/" + name) // there are some, and none came
	}
	return slices.ContainsFunc(entries, func(e versionEntry) bool { return e.key == name }), nil
}
