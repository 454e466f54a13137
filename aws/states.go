package aws

import (
	"context"
	"iter"
	"path"
	"slices"
	"sync"
	"time"

	"github.com/stateward/stateward/model"
)

// listingGrace is how long the first states may be kept back for the rows of
// the lock tables, which name states and tell which are locked.
const listingGrace = 1500 * time.Millisecond

// Bounds of looking into objects whose names do not tell what they are.
const (
	maxProbes    = 64
	maxOddProbes = 16
	largestProbe = 100 << 20
)

// Why a key is taken for a state, as model.State.Named says it.
const (
	namedByName    = "its name"
	namedByLockRow = "a lock row"
	namedByDigest  = "a digest row"
	namedByLock    = "a lock file"
	namedByContent = "its content"
	namedByConfig  = "the configuration"
)

// States yields the states of a backend as they are found: page by page those
// that their names or rows tell, then those that only their content tells, and
// on request those that are deleted. Sources that cannot be read are problems
// of a page; only where the listing itself fails is there an error, last.
func (c *Client) States(ctx context.Context, b model.Backend, q model.StateQuery) iter.Seq2[model.StatePage, error] {
	return func(yield func(model.StatePage, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel() // ends the reading of rows when the consumer leaves
		l := newStateListing(ctx, c, b, q)
		if !l.current(ctx, yield) || !l.undecided(ctx, yield) {
			return
		}
		if q.Deleted {
			l.deleted(ctx, yield)
		}
	}
}

// stateListing is one listing under way.
type stateListing struct {
	c      *Client
	b      model.Backend
	prefix string
	rows   *pendingRows
	pages  int // looked at

	seen    map[string]bool // keys yielded
	carried []listedObject  // whose lock file the next page may hold
	later   []listedObject  // neither their names nor their rows told what they are
	plain   int             // of those, by name: nothing speaks against a state
	odd     int             // and those whose names do
	unread  bool            // there were more to look into than is done at a time
	problem []string
	cut     string          // why the listing broke off; "" while it did not
	told    map[string]bool // problems yielded
}

func newStateListing(ctx context.Context, c *Client, b model.Backend, q model.StateQuery) *stateListing {
	return &stateListing{c: c, b: b, prefix: b.Prefix + q.Prefix, rows: c.startRows(ctx, b), seen: map[string]bool{}, told: map[string]bool{}}
}

// await gives the rows their grace, once, when the first page is there.
func (l *stateListing) await(ctx context.Context) {
	if l.pages == 0 {
		l.rows.waitFor(ctx, l.c.grace)
	}
}

// current yields the states that the listing and the rows tell. It is false
// when there is nothing more to do.
func (l *stateListing) current(ctx context.Context, yield func(model.StatePage, error) bool) bool {
	for page, err := range l.c.objects(ctx, l.b, l.prefix) {
		if err != nil {
			l.rows.wait(ctx)
			l.cut = model.ReasonAt(err, l.b.URL(l.prefix))
			if p := l.rest(); len(p.States)+len(p.Problem) > 0 && !yield(p, nil) {
				return false
			}
			yield(model.StatePage{}, err)
			return false
		}
		l.await(ctx)
		if !yield(l.page(page), nil) {
			return false
		}
	}
	if len(l.carried) == 0 {
		return true
	}
	return yield(l.rest(), nil)
}

// page decides about what a page of the listing completes. Of a key that the
// page's last key begins with, the lock file may stand on the next page.
func (l *stateListing) page(page []listedObject) model.StatePage {
	l.pages++
	locked := map[string]bool{}
	last := ""
	for _, o := range page {
		last = o.key
		if state, ok := model.LockedKey(o.key); ok {
			locked[state] = true
		}
	}
	var ready []listedObject
	all := slices.Concat(l.carried, page)
	l.carried = nil
	for _, o := range all {
		if !locked[o.key] && !model.IsLockFile(o.key) && model.LockKey(o.key) > last {
			l.carried = append(l.carried, o)
		} else {
			ready = append(ready, o)
		}
	}
	return l.decide(ready, locked)
}

// rest decides about what no further page can complete.
func (l *stateListing) rest() model.StatePage {
	rest := l.carried
	l.carried = nil
	return l.decide(rest, nil)
}

// decide turns objects into states and puts aside what cannot be told yet.
func (l *stateListing) decide(objects []listedObject, locked map[string]bool) model.StatePage {
	var p model.StatePage
	for _, o := range objects {
		named := l.named(o.key, locked[o.key])
		switch {
		case named != "":
			p.States = append(p.States, l.state(o, named, locked[o.key]))
		case !l.rows.done() || l.mayProbe(o):
			l.later = append(l.later, o)
		default:
			p.Others++
			l.unread = l.unread || l.mayBeState(o) && !oddName(o.key)
		}
	}
	p.Problem = l.news()
	return p
}

// news are the problems that no page has told yet.
func (l *stateListing) news() []string {
	var fresh []string
	for _, text := range slices.Concat(l.rows.problems(), l.problem) {
		if !l.told[text] {
			l.told[text] = true
			fresh = append(fresh, text)
		}
	}
	return fresh
}

// named is why a key is a state; "" when its name, rows and lock file do not say.
func (l *stateListing) named(key string, lockFile bool) string {
	switch {
	case model.IsLockFile(key) || model.IsBackup(key):
		return ""
	case model.LooksLikeStateName(key):
		return namedByName
	case l.rows.locks(key):
		return namedByLockRow
	case l.rows.digests(key):
		return namedByDigest
	case lockFile:
		return namedByLock
	case slices.Contains(l.b.Keys, key):
		return namedByConfig
	}
	return ""
}

func (l *stateListing) state(o listedObject, named string, lockFile bool) model.State {
	l.seen[o.key] = true
	s := model.State{Bucket: l.b.Bucket, Key: o.key, LastModified: o.modified, Size: o.size, ETag: o.etag, Named: named}
	s.Workspace, s.BaseKey = workspaceOf(l.b, o.key)
	s.Facts.Locked = l.rows.locked(o.key, lockFile)
	if l.cut != "" && !s.Facts.Locked.Or(false) { // its lock file may be on a page that did not come
		s.Facts.Locked = model.Unknown[bool](l.cut)
	}
	return s
}

// mayBeState reports whether an object that nothing names is worth a look at
// its first bytes.
func (l *stateListing) mayBeState(o listedObject) bool {
	return !model.IsLockFile(o.key) && !model.IsBackup(o.key) && o.size > 0 && o.size < largestProbe
}

// oddName reports whether a name speaks against a state: it ends as a file of
// another kind does. A key may end in anything, so such objects are looked into
// as well, but after the others and a few only.
func oddName(key string) bool {
	ext := path.Ext(key)
	return ext != "" && ext != ".json"
}

// mayProbe reports whether one more object may be put aside to be looked into.
func (l *stateListing) mayProbe(o listedObject) bool {
	if !l.mayBeState(o) {
		return false
	}
	if oddName(o.key) {
		l.odd++
		return l.odd <= maxOddProbes
	}
	l.plain++
	return l.plain <= maxProbes
}

// undecided yields what the rows or a look at the first bytes tell of the keys
// that were put aside.
func (l *stateListing) undecided(ctx context.Context, yield func(model.StatePage, error) bool) bool {
	p := l.resolve(ctx)
	if err := ctx.Err(); err != nil {
		yield(model.StatePage{}, err)
		return false
	}
	if len(p.States) == 0 && p.Others == 0 && len(p.Problem) == 0 {
		return true
	}
	return yield(p, nil)
}

// resolve decides about the keys that were put aside.
func (l *stateListing) resolve(ctx context.Context) model.StatePage {
	l.rows.wait(ctx)
	aside := l.later
	l.later, l.plain, l.odd = nil, 0, 0
	p := l.decide(aside, nil)
	found := l.probe(ctx, l.later)
	p.States = append(p.States, found...)
	p.Others += len(l.later) - len(found)
	p.Problem = append(p.Problem, l.news()...)
	return p
}

// probe reads the first bytes of objects and keeps those that are states.
func (l *stateListing) probe(ctx context.Context, objects []listedObject) []model.State {
	is := make([]bool, len(objects))
	var mu sync.Mutex
	g := newGroup()
	g.SetLimit(l.c.concurrency())
	for i, o := range objects {
		g.Go(func() error {
			got, err := l.c.fetch(ctx, l.b, fetch{key: o.key, first: frontBytes, limit: frontBytes})
			if err == nil {
				is[i] = model.LooksLikeState(got.Body)
				return nil
			}
			if oddName(o.key) {
				return nil // hardly a state, and who may read none sees that in their columns
			}
			mu.Lock()
			defer mu.Unlock()
			if len(l.problem) == 0 {
				l.problem = append(l.problem, model.ReasonAt(err, l.b.URL(l.prefix)))
			}
			return nil
		})
	}
	_ = g.Wait() // errors are noted as problems
	var states []model.State
	for i, o := range objects {
		if is[i] {
			states = append(states, l.state(o, namedByContent, false))
		}
	}
	return states
}
