package aws

import (
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
	"sync"

	"github.com/stateward/stateward/model"
)

// StateEncryption yields how a state and what belongs to it is encrypted: the
// bucket's default, the newest versions (Options.Versions), the lock file, the lock tables, and the client side. Every element holds all that is
// known by then; only where the versions cannot be listed is there an error,
// last.
func (c *Client) StateEncryption(ctx context.Context, b model.Backend, key string) iter.Seq2[model.StateEncryption, error] {
	return func(yield func(model.StateEncryption, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel() // ends all reading when the consumer leaves
		e := &encryptionGathering{c: c, b: b, key: key, news: make(chan struct{}, 1), got: model.StateEncryption{Write: b.Write, Keys: map[string]model.Key{}}}
		done := make(chan error, 1)
		go func() { done <- Guarded(func() error { return e.run(ctx, c.versionBound()) }) }()
		tell(e.news, done, e.snapshot, yield)
	}
}

// encryptionGathering is one gathering under way.
type encryptionGathering struct {
	c    *Client
	b    model.Backend
	key  string
	news chan struct{} // something is known that nobody was told

	mu  sync.Mutex
	got model.StateEncryption
}

func (e *encryptionGathering) run(ctx context.Context, versions int) error {
	region, err := e.c.regionOf(ctx, e.b)
	if err != nil {
		return err
	}
	var listErr error
	g := newGroup()
	g.Go(func() error {
		fact := e.resolved(ctx, region, e.c.bucketEncryption(ctx, e.b))
		e.change(func(got *model.StateEncryption) { got.Bucket = fact })
		return nil
	})
	g.Go(func() error { e.lockFile(ctx, region); return nil })
	g.Go(func() error { e.tables(ctx); return nil })
	g.Go(func() error { e.client(ctx); return nil })
	g.Go(func() error { listErr = e.versions(ctx, region, versions); return nil })
	_ = g.Wait() // the facts carry their reasons
	return errors.Join(listErr, ctx.Err())
}

func (e *encryptionGathering) change(f func(*model.StateEncryption)) {
	e.mu.Lock()
	f(&e.got)
	e.mu.Unlock()
	select {
	case e.news <- struct{}{}:
	default: // nobody has fetched the last news yet
	}
}

func (e *encryptionGathering) snapshot() model.StateEncryption {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := e.got
	s.Versions, s.Tables, s.Keys = slices.Clone(s.Versions), slices.Clone(s.Tables), maps.Clone(s.Keys)
	return s
}

// resolved puts the ARN in the place of any other name of a key, and notes what
// KMS says of it.
func (e *encryptionGathering) resolved(ctx context.Context, region string, f model.Fact[model.Encryption]) model.Fact[model.Encryption] {
	stored, ok := f.Get()
	name := keyBehind(stored)
	if !ok || name == "" {
		return f
	}
	k := e.c.key(ctx, e.b, newKeyName(region, name))
	stored.KMSKeyID = name
	if k.ARN != "" {
		stored.KMSKeyID = k.ARN
	}
	e.change(func(got *model.StateEncryption) { got.Keys[stored.KMSKeyID] = k })
	return model.Known(stored)
}

// versions looks at the newest versions, the current one first.
func (e *encryptionGathering) versions(ctx context.Context, region string, limit int) error {
	var all []model.Version
	bounded := false
	for page, err := range e.c.Versions(ctx, e.b, e.key) {
		if err != nil {
			return e.currentOnly(ctx, region, err)
		}
		for _, v := range page {
			switch {
			case v.DeleteMarker:
			case limit >= 0 && len(all) == limit:
				bounded = true
			default:
				all = append(all, v)
			}
		}
		if bounded {
			break
		}
	}
	e.change(func(got *model.StateEncryption) {
		got.Bounded = bounded
		for _, v := range all {
			got.Versions = append(got.Versions, model.VersionEncryption{VersionID: v.VersionID, LastModified: v.LastModified, IsLatest: v.IsLatest})
		}
	})
	g := newGroup()
	g.SetLimit(e.c.concurrency())
	for i, v := range all {
		g.Go(func() error {
			fact := e.resolved(ctx, region, model.FactOf(e.c.storedAs(ctx, e.b, e.key, v)))
			e.change(func(got *model.StateEncryption) { got.Versions[i].Encryption = fact })
			return nil
		})
	}
	return g.Wait() // no reader returns an error
}

// currentOnly is what is left where the versions may not be listed.
func (e *encryptionGathering) currentOnly(ctx context.Context, region string, listErr error) error {
	fact := e.resolved(ctx, region, model.FactOf(e.c.storedAs(ctx, e.b, e.key, model.Version{IsLatest: true})))
	if fact.IsKnown() {
		e.change(func(got *model.StateEncryption) {
			got.Versions = []model.VersionEncryption{{IsLatest: true, Encryption: fact}}
		})
	}
	return listErr
}

// lockFile looks at the newest lock file: the one that is there, else the last
// one that was.
func (e *encryptionGathering) lockFile(ctx context.Context, region string) {
	var newest *model.Version
	file := model.LockKey(e.key)
	for page, err := range e.c.Versions(ctx, e.b, file) {
		if err != nil {
			why := model.Reason(err)
			e.change(func(got *model.StateEncryption) {
				got.LockFile = model.LockFileEncryption{Found: model.Unknown[bool](why), Encryption: model.Unknown[model.Encryption](why)}
			})
			return
		}
		if i := slices.IndexFunc(page, func(v model.Version) bool { return !v.DeleteMarker }); i >= 0 {
			newest = &page[i]
			break
		}
	}
	lock := model.LockFileEncryption{Found: model.Known(newest != nil)}
	if newest != nil {
		lock.Current = newest.IsLatest
		lock.Encryption = e.resolved(ctx, region, model.FactOf(e.c.storedAs(ctx, e.b, file, *newest)))
	}
	e.change(func(got *model.StateEncryption) { got.LockFile = lock })
}

// tables looks at the lock tables of the backend.
func (e *encryptionGathering) tables(ctx context.Context) {
	fact := e.c.tablesOf(ctx, e.b)
	if fact.IsUnknown() {
		e.change(func(got *model.StateEncryption) {
			got.Problems = append(got.Problems, fact.Reason()+" on the lock tables of "+e.b.URL(""))
		})
	}
	region, err := e.c.tableRegion(ctx, e.b)
	if err != nil {
		return // no table was found without it
	}
	for _, table := range fact.Or(nil) {
		stored := e.resolved(ctx, region, model.FactOf(e.c.tableEncryption(ctx, e.b, table)))
		e.change(func(got *model.StateEncryption) {
			got.Tables = append(got.Tables, model.LockTableEncryption{Table: table, Encryption: stored})
		})
	}
}

// client looks for OpenTofu's own encryption in the front of the state.
func (e *encryptionGathering) client(ctx context.Context) {
	fr, err := e.c.readFront(ctx, e.b, e.key, "", 0, false)
	if err == nil && fr.header.Encryption != nil && fr.header.Encryption.KeyProviders == nil {
		fr, err = e.c.readFront(ctx, e.b, e.key, "", 0, true) // the front ended before they did
	}
	fact := model.FactOf(fr.header.Encryption, err)
	if errors.Is(err, model.ErrNotFound) {
		fact = model.Known[*model.ClientEncryption](nil)
	}
	e.change(func(got *model.StateEncryption) { got.Client = fact })
}
