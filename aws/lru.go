package aws

import (
	"container/list"
	"sync"
)

// lru keeps what was used last, up to a weight of all together. What is heavier
// than that by itself is not kept. It is safe for concurrent use.
type lru[K comparable, V any] struct {
	mu    sync.Mutex
	max   int64
	held  int64
	order *list.List // of *lruEntry[K, V], last used in front
	at    map[K]*list.Element
}

type lruEntry[K comparable, V any] struct {
	key    K
	value  V
	weight int64
}

func newLRU[K comparable, V any](most int64) *lru[K, V] {
	return &lru[K, V]{max: most, order: list.New(), at: map[K]*list.Element{}}
}

func (l *lru[K, V]) get(key K) (value V, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e := l.entry(key); e != nil {
		return e.value, true
	}
	return value, false
}

func (l *lru[K, V]) put(key K, value V, weight int64) {
	l.update(key, weight, func(V, bool) V { return value })
}

// update replaces what is kept under a key by what change makes of it; ok says
// whether there was something. Nobody else changes it meanwhile.
func (l *lru[K, V]) update(key K, weight int64, change func(old V, ok bool) V) V {
	l.mu.Lock()
	defer l.mu.Unlock()
	var old V
	e := l.entry(key)
	if e != nil {
		old = e.value
		l.drop(l.at[key])
	}
	value := change(old, e != nil)
	if weight <= l.max {
		l.at[key] = l.order.PushFront(&lruEntry[K, V]{key, value, weight})
		l.held += weight
	}
	for l.held > l.max {
		l.drop(l.order.Back())
	}
	return value
}

func (l *lru[K, V]) entry(key K) *lruEntry[K, V] {
	at, ok := l.at[key]
	if !ok {
		return nil
	}
	l.order.MoveToFront(at)
	e, _ := at.Value.(*lruEntry[K, V]) // nothing else is put there
	return e
}

func (l *lru[K, V]) drop(at *list.Element) {
	if e, ok := l.order.Remove(at).(*lruEntry[K, V]); ok {
		delete(l.at, e.key)
		l.held -= e.weight
	}
}
