package aws

import (
	"context"
	"sync"
	"time"
)

// shared lets the backends of one listing have a read in common: of a table, or
// of the account. The zero value is empty. Locks and planning never read here.
type shared[K comparable, V any] struct {
	mu    sync.Mutex
	reads map[K]*sharedRead[V]
}

// sharedRead is one read, and since when it holds.
type sharedRead[V any] struct {
	memo memo[struct{}, V]
	at   time.Time
}

// sharedFor is how old a shared read may be.
const sharedFor = 5 * time.Second

// get returns what was read at most sharedFor ago, or reads it.
func (s *shared[K, V]) get(ctx context.Context, key K, now time.Time, load func(context.Context) (V, error)) (V, error) {
	return s.current(key, now).memo.get(ctx, struct{}{}, load)
}

func (s *shared[K, V]) current(key K, now time.Time) *sharedRead[V] {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r, ok := s.reads[key]; ok && now.Sub(r.at).Abs() < sharedFor {
		return r
	}
	if s.reads == nil {
		s.reads = map[K]*sharedRead[V]{}
	}
	r := &sharedRead[V]{at: now}
	s.reads[key] = r
	return r
}
