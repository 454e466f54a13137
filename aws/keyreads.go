package aws

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/stateward/stateward/model"
)

// keyReads is what is shared by all who ask for keys and for the encryption of
// versions: the requests in flight, and what was read.
type keyReads struct {
	turns    chan struct{} // as many as requests may be in flight
	accounts *memo[identity, string]
	stored   *storedCache
	facts    *keyCache
}

func newKeyReads(o Options) keyReads {
	n := o.Concurrency
	if n <= 0 {
		n = defaultConcurrency
	}
	return keyReads{turns: make(chan struct{}, n), accounts: &memo[identity, string]{}, stored: &storedCache{}, facts: &keyCache{}}
}

// defaultVersions is how many versions of a state are looked at for their keys.
const defaultVersions = 100

// versionBound is how many of the newest; below 0 are all.
func (c *Client) versionBound() int {
	if c.opts.Versions != nil {
		return *c.opts.Versions
	}
	return defaultVersions
}

// inTurn sends a request when fewer than --concurrency others of its kind are in
// flight, over all backends: versions are many, and each costs a HEAD.
func (c *Client) inTurn(ctx context.Context, send func() error) error {
	select {
	case c.keys.turns <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-c.keys.turns }()
	return send()
}

// pace is the least time between two things that a gathering tells: it has all
// that is known in each, and nobody reads faster than that.
const pace = 50 * time.Millisecond

// tell yields what is known whenever there is news, and once more at the end,
// with the error of a gathering that failed behind it.
func tell[T any](news <-chan struct{}, done <-chan error, known func() T, yield func(T, error) bool) {
	wanted := news
	var rested <-chan time.Time
	for {
		select {
		case <-wanted:
			if !yield(known(), nil) {
				return
			}
			wanted, rested = nil, time.After(pace)
		case <-rested:
			wanted, rested = news, nil
		case err := <-done:
			var none T
			if yield(known(), nil) && err != nil {
				yield(none, err)
			}
			return
		}
	}
}

// maxStored bounds what is remembered of how versions are stored; one takes some
// two hundred bytes.
const maxStored = 1 << 17

// storedCache remembers how versions are encrypted, for the session: S3 can
// encrypt a version anew in place, so a plan asks again. When it is full it
// starts anew.
type storedCache struct {
	mu sync.Mutex
	at map[versionAt]model.Encryption
}

func (s *storedCache) get(at versionAt) (model.Encryption, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.at[at]
	return e, ok
}

// put remembers a version with an id of its own.
func (s *storedCache) put(at versionAt, e model.Encryption) {
	if at.versionID == "" || at.versionID == nullVersion {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.at == nil || len(s.at) >= maxStored {
		s.at = map[versionAt]model.Encryption{}
	}
	s.at[at] = e
}

// storedAs is how a version is encrypted, by HEAD unless it was read before. The
// current version is asked for without its id, which takes no right beyond those
// of the clients.
func (c *Client) storedAs(ctx context.Context, b model.Backend, key string, v model.Version) (model.Encryption, error) {
	at := c.versionAt(b, key, v.VersionID)
	if e, ok := c.keys.stored.get(at); ok {
		return e, nil
	}
	if fr, ok := c.facts.get(at); ok {
		return fr.encryption, nil
	}
	id := v.VersionID
	if v.IsLatest {
		id = ""
	}
	var e model.Encryption
	err := c.inTurn(ctx, func() error {
		out, err := c.head(ctx, b, key, id)
		if err != nil {
			return err
		}
		at.versionID = orElse(sdk.ToString(out.VersionId), v.VersionID)
		e = storedEncryption(out.ServerSideEncryption, out.SSECustomerAlgorithm, out.SSEKMSKeyId, out.BucketKeyEnabled)
		return nil
	})
	if httpStatus(err) == http.StatusBadRequest {
		e, err = c.customerEncrypted(ctx, b, key, id, err)
	}
	if err == nil {
		c.keys.stored.put(at, e)
	}
	return e, err
}

// customerEncrypted tells the one version that S3 does not describe without its
// key: a HEAD of it is answered by a bare 400, a GET says why.
func (c *Client) customerEncrypted(ctx context.Context, b model.Backend, key, versionID string, bare error) (model.Encryption, error) {
	err := c.inTurn(ctx, func() error {
		_, err := c.fetch(ctx, b, fetch{key: key, versionID: versionID, first: 1, limit: 1})
		return err
	})
	if errors.Is(err, errCustomerKey) {
		return model.Encryption{Algorithm: "SSE-C"}, nil
	}
	return model.Encryption{}, bare
}

// keysShared is how old the facts of a key may be where several backends of one
// listing have it in common. A plan never takes them from here.
const keysShared = 5 * time.Second

// keyCache lets the backends of one listing share what KMS says of a key.
type keyCache struct {
	mu    sync.Mutex
	reads map[keyAt]*sharedKey
}

type keyAt struct {
	at  regionAt
	key string
}

type sharedKey struct {
	memo memo[struct{}, model.Key]
	at   time.Time
}

func (k *keyCache) current(at keyAt, now time.Time) *sharedKey {
	k.mu.Lock()
	defer k.mu.Unlock()
	if s, ok := k.reads[at]; ok && now.Sub(s.at).Abs() < keysShared {
		return s
	}
	if k.reads == nil {
		k.reads = map[keyAt]*sharedKey{}
	}
	s := &sharedKey{at: now}
	k.reads[at] = s
	return s
}

// key is what KMS says of a key, read at most keysShared ago.
func (c *Client) key(ctx context.Context, b model.Backend, n keyName) model.Key {
	return c.sharedKey(ctx, b, n, func(ctx context.Context) model.Key { return c.keyFacts(ctx, b, n) })
}

// sharedKey is what was read at most keysShared ago under a name, or reads it.
func (c *Client) sharedKey(ctx context.Context, b model.Backend, n keyName, read func(context.Context) model.Key) model.Key {
	s := c.keys.facts.current(keyAt{at: c.at(b.Access, kms.ServiceID, n.region), key: n.name}, c.now())
	k, err := s.memo.get(ctx, struct{}{}, func(ctx context.Context) (model.Key, error) {
		k := read(ctx)
		return k, ctx.Err() // what was cut off is not kept
	})
	if err != nil {
		return unreadKey(model.Key{ID: n.name, Region: n.region}, err)
	}
	return k
}
