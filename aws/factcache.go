package aws

import (
	"container/list"
	"sync"

	"github.com/stateward/stateward/model"
)

// What is remembered of versions is bounded: one takes some hundred bytes, and 16
// for each of its resources.
const (
	maxCachedFacts  = 4096
	maxCachedPrints = 1 << 20
)

// versionAt is one version of one object as one identity sees it.
type versionAt struct {
	bucket    bucketAt
	key       string
	versionID string
}

// factCache remembers what was read of versions: their bytes never change. How
// they are encrypted can change in place, so that is true for the session at
// most, and a plan reads it again. The version least recently asked for goes
// first.
type factCache struct {
	mu     sync.Mutex
	max    int
	order  *list.List // of *cachedFacts, newest in front
	at     map[versionAt]*list.Element
	prints int // of all that is remembered
}

type cachedFacts struct {
	at    versionAt
	front front
}

func newFactCache(size int) *factCache {
	return &factCache{max: size, order: list.New(), at: map[versionAt]*list.Element{}}
}

func (f *factCache) get(at versionAt) (front, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	e, ok := f.at[at]
	if !ok {
		return front{}, false
	}
	f.order.MoveToFront(e)
	cached, ok := e.Value.(*cachedFacts)
	if !ok {
		return front{}, false
	}
	return cached.front, true
}

// put remembers a version. One without an id of its own, or with that of an
// unversioned bucket, is overwritten in place and so never remembered.
func (f *factCache) put(at versionAt, fr front) {
	if at.versionID == "" || at.versionID == nullVersion {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if e, ok := f.at[at]; ok {
		f.drop(e)
	}
	f.at[at] = f.order.PushFront(&cachedFacts{at: at, front: fr})
	f.prints += len(fr.prints.Or(nil))
	for f.order.Len() > 1 && (f.order.Len() > f.max || f.prints > maxCachedPrints) {
		f.drop(f.order.Back())
	}
}

func (f *factCache) drop(e *list.Element) {
	if cached, ok := f.order.Remove(e).(*cachedFacts); ok {
		delete(f.at, cached.at)
		f.prints -= len(cached.front.prints.Or(nil))
	}
}

// nullVersion is the version id of objects written while versioning is off.
const nullVersion = "null"

func (c *Client) versionAt(b model.Backend, key, versionID string) versionAt {
	return versionAt{bucket: c.bucketAt(b), key: key, versionID: versionID}
}
