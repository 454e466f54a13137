package aws

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/stateward/stateward/model"
)

// Bounds of the search for what a name may have meant.
const (
	namedPages    = 20  // of a bucket's listing, a thousand keys each
	mostElsewhere = 256 // lock files that are read
)

// neverState reports the key of a folder or of a lock file.
func neverState(key string) bool { return strings.HasSuffix(key, "/") || model.IsLockFile(key) }

// existed reports whether a state with this key is or was there: an object or a
// version of one, a lock file now or before, a row. An error says that it could
// not be told.
func (c *Client) existed(ctx context.Context, b model.Backend, key string) (bool, error) {
	if neverState(key) {
		return false, nil
	}
	var errs []error
	for _, look := range []func() (bool, error){
		func() (bool, error) { return c.hasVersions(ctx, b, key) },
		func() (bool, error) { return c.isThere(ctx, b, key) },
		func() (bool, error) { return c.hasRow(ctx, b, key) },
		func() (bool, error) { return c.hasVersions(ctx, b, model.LockKey(key)) },
	} {
		found, err := look()
		if found {
			return true, nil
		}
		errs = append(errs, err)
	}
	return false, errors.Join(errs...)
}

func (c *Client) isThere(ctx context.Context, b model.Backend, key string) (bool, error) {
	_, err := c.headState(ctx, b, key)
	if errors.Is(err, model.ErrNotFound) && !isNoBucket(err) {
		return false, nil
	}
	return err == nil, err
}

// hasRow reports whether a lock table has a row of the state.
func (c *Client) hasRow(ctx context.Context, b model.Backend, key string) (bool, error) {
	rows, err := c.rowsOf(ctx, b, key)
	for _, r := range rows {
		if r.lock != nil || r.digest.Present {
			return true, nil
		}
		err = errors.Join(err, r.err)
	}
	return false, err
}

// surroundings are what lies around a name that may be wrong.
type surroundings struct {
	states    []string     // keys of states of the bucket
	lockFiles []string     // states of the bucket that have a lock file
	rows      []model.Lock // lock rows, of any bucket
	unread    []string     // what could not be looked through
}

// around reads what lies around a state, within bounds: the first pages of its
// folder and of its bucket, and all rows.
func (c *Client) around(ctx context.Context, b model.Backend, key string) *surroundings {
	s := &surroundings{}
	rows := &surroundings{}
	g := newGroup()
	g.Go(func() error { c.keysAround(ctx, b, key, s); return nil })
	g.Go(func() error { c.rowsAround(ctx, b, rows); return nil })
	_ = g.Wait() // what is missing is noted
	s.states, s.rows, s.unread = append(s.states, rows.states...), rows.rows, append(s.unread, rows.unread...)
	return s
}

// keysAround lists the folder of a key and then the bucket: a large bucket is
// not listed to its end.
func (c *Client) keysAround(ctx context.Context, b model.Backend, key string, s *surroundings) {
	folder := key[:strings.LastIndexByte(strings.TrimRight(key, "/"), '/')+1]
	for _, prefix := range slices.Compact([]string{folder, ""}) {
		pages := 0
		for page, err := range c.objects(ctx, b, prefix) {
			if err != nil {
				s.unread = append(s.unread, model.ReasonAt(err, b.URL(prefix)))
				return
			}
			if pages++; pages > namedPages {
				s.unread = append(s.unread, fmt.Sprintf("only the first %d pages of %s were listed", namedPages, b.URL(prefix)))
				return
			}
			s.take(page)
		}
	}
}

func (s *surroundings) take(page []listedObject) {
	for _, o := range page {
		state, isLock := model.LockedKey(o.key)
		switch {
		case isLock:
			s.states, s.lockFiles = append(s.states, state), append(s.lockFiles, state)
		case !strings.HasSuffix(o.key, "/"):
			s.states = append(s.states, o.key)
		}
	}
}

func (c *Client) rowsAround(ctx context.Context, b model.Backend, s *surroundings) {
	var mu sync.Mutex
	tables, _ := eachTable(ctx, c, b, func(table string) struct{} {
		rows, err := c.scanTable(ctx, b, table)
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			s.unread = append(s.unread, model.ReasonAt(err, table))
		}
		for _, r := range rows {
			s.takeRow(b, table, r)
		}
		return struct{}{}
	})
	if tables.gap != nil {
		s.unread = append(s.unread, model.ReasonAt(tables.gap, "the lock tables"))
	}
}

func (s *surroundings) takeRow(b model.Backend, table string, r row) {
	bucket, key, ok := r.place()
	if !ok {
		return
	}
	if r.locks() {
		at := b
		at.Bucket = bucket
		s.rows = append(s.rows, *r.lock(at, table, key))
	} else {
		key = strings.TrimSuffix(key, digestIDSuffix)
	}
	if bucket == b.Bucket {
		s.states = append(s.states, key)
	}
}

// elsewhere are the locks with this token, or one like it, on other states, in any table and in
// the lock files of the bucket.
func (c *Client) elsewhere(ctx context.Context, b model.Backend, key, token string, s *surroundings) []model.Lock {
	var found []model.Lock
	add := func(l model.Lock) {
		if l.MayBeMeant(token) && (l.Bucket != b.Bucket || l.Key != key) {
			found = append(found, l)
		}
	}
	for _, l := range s.rows {
		add(l)
	}
	slices.Sort(s.lockFiles)
	files := slices.Compact(s.lockFiles)
	if len(files) > mostElsewhere {
		s.unread = append(s.unread, fmt.Sprintf("%d lock files more than were read", len(files)-mostElsewhere))
		files = files[:mostElsewhere]
	}
	var mu sync.Mutex
	g := newGroup()
	g.SetLimit(c.concurrency())
	for _, k := range files {
		g.Go(func() error {
			l, err := c.lockfileOf(ctx, b, k)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil:
				s.unread = append(s.unread, model.ReasonAt(err, b.URL(model.LockKey(k))))
			case l != nil:
				add(*l)
			}
			return nil
		})
	}
	_ = g.Wait() // what is missing is noted
	slices.SortFunc(found, compareLocks)
	return slices.CompactFunc(found, func(l, m model.Lock) bool { return l.Bucket == m.Bucket && l.Key == m.Key })
}

// NoSuchState is the error of a key that fits no state, with those that are
// similar.
func (c *Client) NoSuchState(ctx context.Context, b model.Backend, key, tried string) error {
	return c.noSuchState(b, key, tried, c.around(ctx, b, key))
}

func (c *Client) noSuchState(b model.Backend, key, tried string, s *surroundings) error {
	next := "There is no such state " + b.URL(key) + ": a key is matched exactly. "
	meant := key
	if decoded, err := url.PathUnescape(key); err == nil {
		meant = decoded // as a browser's address line has it
	}
	if similar := model.SimilarKeys(meant, s.states, b.Workspace); len(similar) > 0 {
		for i, k := range similar {
			similar[i] = b.URL(k)
		}
		next += "Similar: " + strings.Join(similar, ", ") + ". "
	}
	return &model.Failure{Kind: model.ErrNotFound, Tried: tried, On: b.URL(key),
		Next: next + "The states are listed by", Command: c.opts.Program.Command("states", "s3://"+b.Bucket)}
}

// locate adds to the facts of an unlock where a lock is that is not here. It is
// an error where there is no such state at all.
func (c *Client) locate(ctx context.Context, f *model.UnlockFacts, token string) error {
	found, unsure := true, error(nil)
	if len(f.Locks) == 0 {
		found, unsure = c.existed(ctx, f.Backend, f.Key)
	}
	if found && token == "" {
		return ctx.Err()
	}
	s := c.around(ctx, f.Backend, f.Key)
	if token != "" {
		f.Elsewhere = c.elsewhere(ctx, f.Backend, f.Key, token, s)
	}
	f.Unsought = strings.Join(s.unread, "; ")
	if found || ctx.Err() != nil {
		return ctx.Err()
	}
	return c.nowhere(f, token, s, unsure)
}

// nowhere is the error of an unlock whose state is not there.
func (c *Client) nowhere(f *model.UnlockFacts, token string, s *surroundings, unsure error) error {
	var failure *model.Failure
	err := c.noSuchState(f.Backend, f.Key, "unlock", s)
	if !errors.As(err, &failure) {
		return err
	}
	if unsure != nil {
		failure.Next = "Nothing of it was found, but not everything could be read (" + model.Reason(unsure) + "). " + failure.Next
	}
	for _, l := range f.Elsewhere {
		url := "s3://" + l.Bucket + "/" + l.Key
		which := "That lock ID"
		if l.Token() != token {
			which = "No lock with the ID " + token + " was found, and the similar " + l.Token()
		}
		failure.Next = fmt.Sprintf("%s. %s is held by %s on %s; remove it there with", strings.TrimSuffix(failure.Next, ". The states are listed by"), which, whoOf(l), url)
		failure.Command = c.opts.Program.Unlock(url, l)
	}
	return failure
}

// completeUnlock adds what is known where the lock that the request names is not
// here, and what mechanism it leaves out could not be looked at.
func (c *Client) completeUnlock(ctx context.Context, f *model.UnlockFacts, report model.LockReport, r model.UnlockRequest) error {
	f.Notes = report.Notes
	if settled := c.lockTablesOf(ctx, f.Backend).settled; settled != nil && r.Mechanism != "" {
		f.Problems = append(slices.Clone(f.Problems), model.ReasonAt(settled, "the lock tables"))
	}
	named := func(l model.Lock) bool { return r.LockID == "" || l.Token() == r.LockID }
	unread := len(f.Locks) == 0 && len(f.Problems) > 0 // it may well be there
	if unread || slices.ContainsFunc(f.Locks, named) {
		return nil
	}
	return c.locate(ctx, f, r.LockID)
}

// Nothing is an error where nothing has a key below the backend's prefix: no
// object, no version of one, no lock file, no row. What cannot be read is no such
// error: there may be something.
func (c *Client) Nothing(ctx context.Context, b model.Backend) error {
	for _, look := range []func(context.Context, model.Backend) bool{c.mayHaveKeys, c.mayHaveRows, c.mayHaveVersions} {
		if look(ctx, b) {
			return ctx.Err()
		}
	}
	return c.NoSuchState(ctx, b, b.Prefix, "looking below")
}

func (c *Client) mayHaveKeys(ctx context.Context, b model.Backend) bool {
	for page, err := range c.objects(ctx, b, b.Prefix) {
		if err != nil || slices.ContainsFunc(page, func(o listedObject) bool { return isOfPrefix(o.key, b.Prefix) }) {
			return true
		}
	}
	return false
}

// isOfPrefix reports whether a key is that of a state below a prefix, or of its
// lock file. A prefix that goes on into the name of a lock file means that file.
func isOfPrefix(key, prefix string) bool {
	if state, ok := model.LockedKey(key); ok {
		return strings.HasPrefix(state, prefix)
	}
	return !strings.HasSuffix(key, "/") || !strings.HasSuffix(prefix, "/")
}

func (c *Client) mayHaveRows(ctx context.Context, b model.Backend) bool {
	tables, some := eachTable(ctx, c, b, func(table string) bool {
		rows, err := c.tableRows(ctx, b, table)
		return err != nil || slices.ContainsFunc(rows, func(r row) bool { return r.isBelow(b) })
	})
	return tables.gap != nil || slices.Contains(some, true)
}

// isBelow reports whether a row is a lock or the digest of a state of this
// backend. A prefix that goes on into the LockID of a digest means no state.
func (r row) isBelow(b model.Backend) bool {
	key, ok := r.keyIn(b)
	if ok && r.digests() && !r.info.present {
		ok = strings.HasPrefix(strings.TrimSuffix(key, digestIDSuffix), b.Prefix)
	}
	return ok
}

// mayHaveVersions: versions that this identity may not list are taken for none, as
// the clients do.
func (c *Client) mayHaveVersions(ctx context.Context, b model.Backend) bool {
	for page, err := range c.versionPages(ctx, b, b.Prefix) {
		if err != nil || slices.ContainsFunc(page.entries, func(e versionEntry) bool { return isOfPrefix(e.key, b.Prefix) }) {
			return err == nil || !isLasting(err)
		}
	}
	return false
}

// similarVersions are the versions that an id which fits none may have meant.
func similarVersions(id string, history []model.Version) string {
	similar := model.SimilarVersions(id, history)
	if len(similar) == 0 {
		return ""
	}
	return "Similar: " + strings.Join(similar, ", ") + ". "
}

// missesRepair is an error where there is nothing that could be repaired, nor was.
func (c *Client) missesRepair(ctx context.Context, f model.RepairFacts) error {
	if f.Current != nil && !neverState(f.Key) || f.Mechanisms.KeepsDigest() {
		return nil
	}
	if found, _ := c.existed(ctx, f.Backend, f.Key); found { // what could not be read, the plan says
		return nil
	}
	return c.NoSuchState(ctx, f.Backend, f.Key, "repair")
}
