package aws

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/stateward/stateward/model"
)

// listed is what a listing of a backend told of its keys.
type listed struct {
	keys     map[string]time.Time // the keys that exist, and when they were written
	complete bool                 // no page is missing
	read     *Client              // looks at single keys where pages are missing
}

// list lists the backend. S3 cannot filter by suffix, so finding lock files
// takes every page; it tells as well which states exist.
func (r *lockReader) list(ctx context.Context) *listed {
	l := &listed{keys: map[string]time.Time{}, complete: true, read: r.c}
	for page, err := range r.c.objects(ctx, r.b, r.b.Prefix) {
		if err != nil {
			l.complete = isNoBucket(err) // nothing of it is missing
			r.unlisted(err, r.b.URL(r.b.Prefix))
			break
		}
		for _, o := range page {
			l.keys[o.key] = o.modified
		}
	}
	return l
}

// lockFileKeys are the states whose lock files there are to read: those listed,
// or where pages are missing also those of the states that are known by name.
func (r *lockReader) lockFileKeys(l *listed) []string {
	var keys []string
	for key := range l.keys {
		if state, ok := model.LockedKey(key); ok {
			keys = append(keys, state)
		}
	}
	if !l.complete {
		keys = append(keys, r.b.Keys...)
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// knownKeys are the states that a lock row could be about where the rows cannot
// be listed.
func knownKeys(b model.Backend, l *listed) []string {
	known := slices.Clone(b.Keys)
	for key := range l.keys {
		if state, ok := model.LockedKey(key); ok {
			known = append(known, state)
		} else if model.LooksLikeStateName(key) {
			known = append(known, key)
		}
	}
	slices.Sort(known)
	return slices.Compact(known)
}

// standing tells of a state what the listing knows.
func (l *listed) standing(ctx context.Context, b model.Backend, key string) stateStanding {
	if written, ok := l.keys[key]; ok {
		return stateStanding{orphan: model.Known(false), lastWrite: model.Known(written)}
	}
	if l.complete && strings.HasPrefix(key, b.Prefix) {
		return stateStanding{orphan: model.Known(true)}
	}
	return l.read.readStanding(ctx, b, key)
}

// readStanding looks for the state itself; one byte of it is enough.
func (c *Client) readStanding(ctx context.Context, b model.Backend, key string) stateStanding {
	o, err := c.fetch(ctx, b, fetch{key: key, first: 1, limit: 1})
	if errors.Is(err, model.ErrNotFound) {
		return stateStanding{orphan: model.Known(true)}
	}
	if err != nil {
		return stateStanding{orphan: model.Unknown[bool](model.Reason(err)), lastWrite: model.Unknown[time.Time](model.Reason(err))}
	}
	return stateStanding{orphan: model.Known(false), lastWrite: model.Known(o.LastModified)}
}

// keyIn is the state's key that a row is about, if it is one of this backend.
func (r row) keyIn(b model.Backend) (string, bool) {
	bucket, key, ok := r.place()
	return key, ok && bucket == b.Bucket && strings.HasPrefix(key, b.Prefix)
}

func compareLocks(l, m model.Lock) int {
	return cmp.Or(cmp.Compare(l.Key, m.Key), cmp.Compare(m.Mechanism, l.Mechanism), cmp.Compare(l.Table, m.Table))
}

// diverged reports whether another place holds another lock of the same state.
func diverged(l model.Lock, all []model.Lock) bool {
	return slices.ContainsFunc(all, func(m model.Lock) bool { return m.Key == l.Key && !m.SameHolder(l) })
}
