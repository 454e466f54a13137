package aws

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/stateward/stateward/model"
)

// Bounds of what is read of a lock file. No client writes a lock of 64 KB; what
// is longer is kept all the same, for a removal compares its bytes.
const (
	longestLock  = 64 << 10
	longestKept  = 1 << 20
	tooLongALock = "longer than any lock"
)

// lockfileOf reads the lock file of a state; nil, nil when there is none.
func (c *Client) lockfileOf(ctx context.Context, b model.Backend, key string) (*model.Lock, error) {
	l, _, err := c.lockFile(ctx, b, key)
	return l, err
}

// lockFile reads the lock file of a state, and how it is encrypted.
func (c *Client) lockFile(ctx context.Context, b model.Backend, key string) (*model.Lock, model.Encryption, error) {
	o, err := c.fetch(ctx, b, fetch{key: model.LockKey(key), limit: longestKept})
	if errors.Is(err, model.ErrNotFound) && !isNoBucket(err) {
		return nil, model.Encryption{}, nil
	}
	if err != nil {
		return nil, model.Encryption{}, err
	}
	l := newLock(b, key, model.MechanismLockfile, o.Body, o.ServerTime)
	l.ETag, l.VersionID, l.LastModified = o.ETag, o.VersionID, o.LastModified
	if len(o.Body) > longestLock {
		l.Malformed = tooLongALock
	}
	return l, o.Encryption, nil
}

// isNoBucket tells a missing bucket from a missing object: in a bucket that is
// not there nobody can tell that nothing is locked.
func isNoBucket(err error) bool {
	var f *model.Failure
	return errors.As(err, &f) && f.Code == "NoSuchBucket"
}

// LocksOf reads the locks of exactly this state, in every place where one can
// be. Places that could not be read are among the problems. They are read from a
// silent endpoint as well: somebody is about to act on what they say.
func (c *Client) LocksOf(ctx context.Context, b model.Backend, key string) model.LockReport {
	ctx = urgent(ctx)
	r := &lockReader{c: c, b: b}
	g := newGroup()
	g.Go(func() error { r.file(ctx, key); return nil })
	g.Go(func() error { r.rowsOf(ctx, key); return nil })
	_ = g.Wait() // the readers note their errors as problems
	return r.report(ctx, c.readStanding)
}

// Locks reads all locks of a backend: the lock files below its prefix and the
// lock rows of its bucket, and where rows cannot be listed those of the states
// that are known.
func (c *Client) Locks(ctx context.Context, b model.Backend) model.LockReport {
	r := &lockReader{c: c, b: b}
	var objects *listed
	var denied []string
	g := newGroup()
	g.Go(func() error { objects = r.list(ctx); return nil })
	g.Go(func() error { denied = r.scan(ctx); return nil })
	_ = g.Wait() // the readers note their errors as problems
	each := newGroup()
	each.SetLimit(c.concurrency())
	for _, key := range r.lockFileKeys(objects) {
		each.Go(func() error { r.file(ctx, key); return nil })
	}
	for _, table := range denied {
		for _, key := range knownKeys(b, objects) {
			each.Go(func() error { r.row(ctx, table, key); return nil })
		}
	}
	_ = each.Wait() // as above
	return r.report(ctx, objects.standing)
}

// lockReader collects locks from several places at a time.
type lockReader struct {
	c      *Client
	b      model.Backend
	listed *healthHistory // the versions that were listed already; nil: none

	mu       sync.Mutex
	locks    []model.Lock
	problems []string
	notes    []string
	gone     error // that there is no such bucket
	foreign  oddRows
}

func (r *lockReader) add(l *model.Lock) {
	if l == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	known := func(m model.Lock) bool { return m.Key == l.Key && m.Mechanism == l.Mechanism && m.Table == l.Table }
	if !slices.ContainsFunc(r.locks, known) { // a page of rows before the one that was denied
		r.locks = append(r.locks, *l)
	}
}

// problem notes a place that could not be read, once.
func (r *lockReader) problem(err error, where string) {
	text := model.ReasonAt(err, where)
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Contains(r.problems, text) {
		r.problems = append(r.problems, text)
	}
}

func (r *lockReader) file(ctx context.Context, key string) {
	l, err := r.c.lockfileOf(ctx, r.b, key)
	if err != nil {
		r.unlisted(err, r.b.URL(model.LockKey(key)))
		return
	}
	r.add(l)
}

// unlisted notes what of the bucket could not be read. Where there is no bucket
// there is no lock file either: its rows are all that can be left of it.
func (r *lockReader) unlisted(err error, where string) {
	if !isNoBucket(err) {
		r.problem(err, where)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.gone = err
}

// odd tells what is missing or strange beside the locks, once all is read. That
// a bucket is not there is strange where nothing is known of it: then its name is
// likely mistyped. Rows that are no state's concern nobody who names a target.
func (r *lockReader) odd() {
	switch {
	case r.gone == nil:
	case len(r.locks) == 0 && r.b.Source != model.SourceLockTable:
		r.problem(r.gone, r.b.URL(r.b.Prefix))
	default:
		r.notes = append(r.notes, "no bucket "+r.b.Bucket+" was found with this account and endpoint: rows of lock tables are all that is known of it")
	}
	if err := r.foreign.err(); err != nil && r.b.Source != model.SourceTarget {
		r.problems = append(r.problems, err.Error())
	}
}

func (r *lockReader) row(ctx context.Context, table, key string) {
	l, err := r.c.lockRowOf(ctx, r.b, table, key)
	if err != nil {
		r.problem(err, table)
		return
	}
	r.add(l)
}

// rowsOf reads the lock rows of one state in all tables.
func (r *lockReader) rowsOf(ctx context.Context, key string) {
	tables, _ := eachTable(ctx, r.c, r.b, func(table string) struct{} {
		r.row(ctx, table, key)
		return struct{}{}
	})
	r.searched(tables)
}

// searched notes what is missing of the tables.
func (r *lockReader) searched(tables lockTables) {
	if tables.gap != nil {
		r.problem(tables.gap, "the lock tables of "+r.b.URL(""))
	}
	r.notes = tables.remark()
}

// scan reads the rows of all tables and returns those tables in which only
// single rows may be read.
func (r *lockReader) scan(ctx context.Context) (denied []string) {
	tables, errs := eachTable(ctx, r.c, r.b, func(table string) error {
		rows, err := r.c.scanTable(ctx, r.b, table)
		if err != nil {
			r.problem(err, table)
		}
		r.addRows(table, rows)
		return err
	})
	r.searched(tables)
	for i, err := range errs {
		if errors.Is(err, model.ErrDenied) {
			denied = append(denied, tables.names[i])
		}
	}
	return denied
}

// addRows takes the lock rows of the backend.
func (r *lockReader) addRows(table string, rows []row) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.foreign.add(table, rows)
	for _, row := range rows {
		if key, ok := row.keyIn(r.b); ok && row.locks() {
			r.locks = append(r.locks, *row.lock(r.b, table, key))
		}
	}
}
