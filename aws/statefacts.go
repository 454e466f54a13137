package aws

import (
	"context"
	"crypto/md5" //nolint:gosec // the protocol's digest is MD5
	"encoding/hex"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/stateward/stateward/model"
)

// StateFacts reads what there is to know about one state as it stands now. The
// object, its lock file and its rows are read at a time.
func (c *Client) StateFacts(ctx context.Context, b model.Backend, s model.State) model.StateFacts {
	var bytes stateBytes
	var fileErr, tablesErr error
	var file *model.Lock
	var rows []tableRowsOf
	g := newGroup()
	g.Go(func() error {
		bytes.front, bytes.err = c.readFront(ctx, b, s.Key, "", smallSize(s.Size), true)
		return nil
	})
	g.Go(func() error { file, fileErr = c.lockfileOf(ctx, b, s.Key); return nil })
	g.Go(func() error { rows, tablesErr = c.rowsOf(ctx, b, s.Key); return nil })
	_ = g.Wait() // the readers keep their errors
	f := c.stateFacts(ctx, b, s.Key, bytes, rows, tablesErr)
	f.Locked = lockedFact(file, fileErr, rows, tablesErr)
	return f
}

// smallSize is the size of a state that is read again rather whole than by its
// front first; 0 of one that may be known already, which its front tells.
func smallSize(size int64) int64 {
	if size > longestFront {
		return 0
	}
	return size
}

// stateFacts is what the bytes and the rows of a state tell, but for its locks.
func (c *Client) stateFacts(ctx context.Context, b model.Backend, key string, bytes stateBytes, rows []tableRowsOf, tablesErr error) model.StateFacts {
	return model.StateFacts{
		VersionID:  model.FactOf(bytes.front.versionID, bytes.err),
		Header:     model.FactOf(bytes.front.header, bytes.err),
		Resources:  resourcesOf(bytes.front, bytes.err),
		Encryption: model.FactOf(bytes.front.encryption, bytes.err),
		Digest:     c.digestFact(ctx, b, key, bytes, rows, tablesErr),
	}
}

// tableRowsOf is what one table says of a state.
type tableRowsOf struct {
	table  string
	lock   *model.Lock
	digest model.DigestRow
	err    error

	// What is in the place of the lock and is none, and in that of the digest and
	// is a lock: a key that ends in -md5 has its lock where another has its digest.
	lockTaken, digestTaken string
}

// rowsOf reads both rows of a state in all lock tables.
func (c *Client) rowsOf(ctx context.Context, b model.Backend, key string) ([]tableRowsOf, error) {
	tables, rows := eachTable(ctx, c, b, func(table string) tableRowsOf { return c.rowsIn(ctx, b, table, key) })
	return rows, tables.gap
}

func (c *Client) rowsIn(ctx context.Context, b model.Backend, table, key string) tableRowsOf {
	r := tableRowsOf{table: table, digest: model.DigestRow{Table: table}}
	var lock, digest row
	var locked, digested bool
	var lockErr, digestErr error
	g := newGroup()
	g.Go(func() error { lock, locked, lockErr = c.rowAt(ctx, b, table, model.LockID(b.Bucket, key)); return nil })
	g.Go(func() error {
		digest, digested, digestErr = c.rowAt(ctx, b, table, model.DigestID(b.Bucket, key))
		return nil
	})
	_ = g.Wait() // the errors are kept
	switch {
	case locked && lock.locks():
		r.lock = lock.lock(b, table, key)
	case locked:
		r.lockTaken = "the digest of " + b.URL(strings.TrimSuffix(key, digestIDSuffix))
	}
	if digested && digest.digests() {
		r.digest = digest.digestRow(table)
	}
	if digested && digest.locks() {
		r.digestTaken = "the lock of " + b.URL(key+digestIDSuffix)
	}
	r.err = errors.Join(lockErr, digestErr)
	return r
}

// lockedFact: one lock is enough to know that a state is locked; that it is not
// takes an answer from every place.
func lockedFact(file *model.Lock, fileErr error, rows []tableRowsOf, tablesErr error) model.Fact[bool] {
	err := errors.Join(fileErr, tablesErr)
	for _, r := range rows {
		if r.lock != nil {
			return model.Known(true)
		}
		err = errors.Join(err, r.err)
	}
	if file != nil {
		return model.Known(true)
	}
	return model.FactOf(false, err)
}

// stateBytes is what is known of the bytes that a digest is compared with.
type stateBytes struct {
	front front
	err   error
}

// digestFact is the worst verdict over all tables: one bad digest stops the
// clients that use that table. That a state uses no digest, or a good one, is
// known only when every table was read.
func (c *Client) digestFact(ctx context.Context, b model.Backend, key string, bytes stateBytes, rows []tableRowsOf, tablesErr error) model.Fact[model.DigestVerdict] {
	worst, unread := model.DigestNotUsed, tablesErr
	for _, r := range rows {
		if r.err != nil {
			unread = errors.Join(unread, r.err)
			continue
		}
		verdict, err := c.assessDigest(ctx, b, key, bytes, r)
		if err != nil {
			unread = errors.Join(unread, err)
		} else if badness(verdict) > badness(worst) {
			worst = verdict
		}
	}
	if unread != nil && badness(worst) <= badness(model.DigestMatch) {
		return model.Unknown[model.DigestVerdict](model.Reason(unread))
	}
	return model.Known(worst)
}

func badness(v model.DigestVerdict) int {
	return slices.Index([]model.DigestVerdict{model.DigestNotUsed, model.DigestMatch, model.DigestOrphan,
		model.DigestMissing, model.DigestMalformed, model.DigestMismatch}, v)
}

// assessDigest compares one row with the state. Its bytes are hashed only where
// a well-formed digest asks for it and nothing cheaper decides.
func (c *Client) assessDigest(ctx context.Context, b model.Backend, key string, bytes stateBytes, r tableRowsOf) (model.DigestVerdict, error) {
	expected := r.lock != nil || slices.Contains(b.Digests, r.table)
	absent := errors.Is(bytes.err, model.ErrNotFound) && !isNoBucket(bytes.err) || bytes.err == nil && bytes.front.size == 0
	switch {
	case absent:
		return model.AssessDigest(r.digest, "", expected), nil
	case !r.digest.Present && !expected:
		return model.DigestNotUsed, nil
	case bytes.err != nil:
		return "", bytes.err
	case !r.digest.WellFormed():
		return model.AssessDigest(r.digest, "not compared", expected), nil
	}
	sum, err := c.sumOf(ctx, b, key, bytes.front, r.digest.Value)
	return model.AssessDigest(r.digest, sum, expected), err
}

// sumOf is the MD5 of the state's bytes. An ETag is the MD5 only of what was
// written in one piece and is not under a KMS or customer's key, and only on
// stores that follow AWS in this: so it can prove a match, never a mismatch.
func (c *Client) sumOf(ctx context.Context, b model.Backend, key string, fr front, digest string) (string, error) {
	if fr.md5 != "" {
		return fr.md5, nil
	}
	plain := fr.encryption.Algorithm == "AES256" || fr.encryption.Algorithm == "none"
	if plain && strings.Trim(fr.etag, `"`) == digest {
		return digest, nil
	}
	return c.hash(ctx, b, fetch{key: key, match: fr.etag})
}

// hash reads an object and keeps nothing of it but its MD5.
func (c *Client) hash(ctx context.Context, b model.Backend, f fetch) (string, error) {
	out, err := c.open(ctx, b, f)
	if err != nil {
		return "", objectFailure(err, b, f)
	}
	defer out.Body.Close() //nolint:errcheck // what matters was read, or the read failed
	sum := md5.New()       //nolint:gosec // the protocol's digest is MD5
	if _, err := io.Copy(sum, out.Body); err != nil {
		return "", objectFailure(err, b, f)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
