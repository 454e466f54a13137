package aws

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/stateward/stateward/model"
)

// memo keeps what was found once. Failures are not kept, but all who wait for
// one attempt share its failure: eight rows that need a bucket's region must
// not wait for eight timeouts in turn. A refusal holds for a moment, so that
// the rows that come after do not each ask again. The zero memo is empty.
type memo[K comparable, V any] struct {
	mu    sync.Mutex
	cells map[K]*cell[V]
}

// refusalHolds is how long a denied attempt stands.
const refusalHolds = 5 * time.Second

// cell is one attempt; done is closed when value and err stand.
type cell[V any] struct {
	done  chan struct{}
	value V
	err   error
	over  time.Time // when a refusal is tried again; written before done is closed
}

// stale reports whether the attempt is a refusal that no longer holds.
func (c *cell[V]) stale() bool {
	select {
	case <-c.done:
		return c.err != nil && time.Now().After(c.over)
	default:
		return false
	}
}

// get returns the value of a key, loading it when nobody has. Where the one who
// loads gives up because its own context ended, the next in line loads.
func (m *memo[K, V]) get(ctx context.Context, key K, load func(context.Context) (V, error)) (V, error) {
	for {
		c, first := m.cell(key)
		if first {
			return m.fill(ctx, key, c, load)
		}
		select {
		case <-c.done:
		case <-ctx.Done():
			return c.none(), ctx.Err()
		}
		if c.err == nil || !isCanceled(c.err) || ctx.Err() != nil {
			return c.value, c.err
		}
	}
}

// known is a value that was found before; nothing is loaded and nobody waits.
func (m *memo[K, V]) known(key K) (v V, ok bool) {
	m.mu.Lock()
	c, ok := m.cells[key]
	m.mu.Unlock()
	if !ok {
		return v, false
	}
	select {
	case <-c.done:
		return c.value, c.err == nil
	default:
		return v, false
	}
}

// put tells the memo what was found by the way; what it knows already stays.
func (m *memo[K, V]) put(key K, value V) {
	if c, first := m.cell(key); first {
		c.value = value
		close(c.done)
	}
}

func (m *memo[K, V]) cell(key K) (c *cell[V], first bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if c, ok := m.cells[key]; ok && !c.stale() {
		return c, false
	}
	if m.cells == nil {
		m.cells = map[K]*cell[V]{}
	}
	c = &cell[V]{done: make(chan struct{})}
	m.cells[key] = c
	return c, true
}

func (m *memo[K, V]) fill(ctx context.Context, key K, c *cell[V], load func(context.Context) (V, error)) (V, error) {
	c.value, c.err = load(ctx)
	switch {
	case errors.Is(c.err, model.ErrDenied):
		c.over = time.Now().Add(refusalHolds)
	case c.err != nil:
		m.mu.Lock()
		delete(m.cells, key)
		m.mu.Unlock()
	}
	close(c.done)
	return c.value, c.err
}

func (c *cell[V]) none() (v V) { return v }

// pool keeps the service clients. The zero pool is empty.
type pool[T any] struct {
	mu  sync.Mutex
	all map[clientKey]T
}

func (p *pool[T]) get(key clientKey, build func() T) T {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t, ok := p.all[key]; ok {
		return t
	}
	if p.all == nil {
		p.all = map[clientKey]T{}
	}
	t := build()
	p.all[key] = t
	return t
}
