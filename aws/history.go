package aws

import (
	"context"
	"time"

	"github.com/stateward/stateward/model"
)

// maxLockEntries bounds how much of a lock file's history is listed: every run
// leaves two entries, a thousand of which are one request.
const maxLockEntries = 20_000

// longestRun is how much of a past lock is read; one of the tools takes well
// below 1 KB.
const longestRun = 8 << 10

// HistoryFacts reads what the versions of a state are judged by: when its lock
// file was held, back to since at least (zero: to its beginning), and how the
// bucket encrypts. The bodies of the locks are not among it; see LockRun.
func (c *Client) HistoryFacts(ctx context.Context, b model.Backend, key string, since time.Time) model.HistoryFacts {
	var f model.HistoryFacts
	g := newGroup()
	g.Go(func() error { f.Runs = c.lockRuns(ctx, b, key, since); return nil })
	g.Go(func() error { f.Wants = c.bucketEncryption(ctx, b); return nil })
	var versioning model.Fact[model.Versioning]
	g.Go(func() error { versioning = c.versioningOf(ctx, b); return nil })
	_ = g.Wait() // the facts carry their reasons
	if status, known := versioning.Get(); known && status != model.VersioningEnabled {
		f.Runs = model.Unknown[model.LockRuns]("versioning of the bucket " + status.Words() + ": it keeps no history of its lock files")
	}
	return f
}

// lockRuns lists the history of a lock file as far as it is needed. A run that
// began before since may have gone on since, so one entry more is read.
func (c *Client) lockRuns(ctx context.Context, b model.Backend, key string, since time.Time) model.Fact[model.LockRuns] {
	var history []model.Version
	for page, err := range c.Versions(ctx, b, model.LockKey(key)) {
		if err != nil {
			return model.Unknown[model.LockRuns](model.Reason(err))
		}
		history = append(history, page...)
		if last := history[len(history)-1].LastModified; last.Before(since) || len(history) >= maxLockEntries {
			return model.Known(model.LockRunsOf(history, last))
		}
	}
	return model.Known(model.LockRunsOf(history, time.Time{}))
}

// LockRun reads what a version of a state's lock file says. Versions never
// change, so what was read once is not read again.
func (c *Client) LockRun(ctx context.Context, b model.Backend, key, versionID string) model.Fact[model.LockInfo] {
	lockKey := model.LockKey(key)
	if fr, ok := c.facts.get(c.versionAt(b, lockKey, versionID)); ok && fr.lock != (model.Fact[model.LockInfo]{}) {
		return fr.lock
	}
	o, err := c.fetch(ctx, b, fetch{key: lockKey, versionID: versionID, limit: longestRun})
	if err != nil {
		return model.Unknown[model.LockInfo](model.Reason(err))
	}
	info, malformed := model.ParseLockInfo(o.Body)
	lock := model.Known(info)
	if malformed != "" {
		lock = model.Unknown[model.LockInfo]("it is malformed: " + malformed)
	}
	c.facts.put(c.versionAt(b, lockKey, versionID), front{lock: lock, encryption: o.Encryption})
	return lock
}
