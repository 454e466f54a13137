package aws

import (
	"context"
	"sync"
	"time"

	"github.com/stateward/stateward/model"
)

// pendingRows are the rows of a backend's lock tables, read beside a listing
// of its objects.
type pendingRows struct {
	ready chan struct{}

	mu     sync.Mutex
	lock   map[string]bool // by state key
	digest map[string]bool
	failed []string // sources that could not be read
	reason string   // of the first
}

// startRows begins to read the rows; they are complete when ready is closed,
// which also happens when ctx ends.
func (c *Client) startRows(ctx context.Context, b model.Backend) *pendingRows {
	p := &pendingRows{ready: make(chan struct{}), lock: map[string]bool{}, digest: map[string]bool{}}
	go func() {
		defer close(p.ready)
		if err := Guarded(func() error { p.read(ctx, c, b); return nil }); err != nil {
			p.fail(err, "the lock tables of "+b.URL(""))
		}
	}()
	return p
}

// read reads all tables of a backend, at most Concurrency at a time.
func (p *pendingRows) read(ctx context.Context, c *Client, b model.Backend) {
	tables, _ := eachTable(ctx, c, b, func(table string) struct{} {
		rows, err := c.tableRows(ctx, b, table)
		if err != nil {
			p.fail(err, table)
		}
		p.add(b, rows)
		return struct{}{}
	})
	if tables.gap != nil {
		p.fail(tables.gap, "the lock tables of "+b.URL(""))
	}
}

func (p *pendingRows) fail(err error, where string) {
	if isCanceled(err) {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	text := model.ReasonAt(err, where)
	p.failed = append(p.failed, text)
	if p.reason == "" {
		p.reason = text
	}
}

func (p *pendingRows) add(b model.Backend, rows []row) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range rows {
		key, ok := r.keyIn(b)
		if !ok {
			continue
		}
		if r.locks() {
			p.lock[key] = true
		}
		if r.digests() {
			p.digest[key[:len(key)-len(digestIDSuffix)]] = true
		}
	}
}

// waitFor waits for the rows, but no longer than the grace.
func (p *pendingRows) waitFor(ctx context.Context, grace time.Duration) {
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-p.ready:
	case <-timer.C:
	case <-ctx.Done():
	}
}

func (p *pendingRows) wait(ctx context.Context) {
	select {
	case <-p.ready:
	case <-ctx.Done():
	}
}

func (p *pendingRows) done() bool {
	select {
	case <-p.ready:
		return true
	default:
		return false
	}
}

func (p *pendingRows) locks(key string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lock[key]
}

func (p *pendingRows) digests(key string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.digest[key]
}

// problems are the sources that could not be read, as far as that is known.
func (p *pendingRows) problems() []string {
	if !p.done() {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.failed
}

// locked is whether a state is locked, given whether a lock file of it is there.
func (p *pendingRows) locked(key string, lockFile bool) model.Fact[bool] {
	if lockFile || p.locks(key) {
		return model.Known(true)
	}
	if !p.done() {
		return model.Fact[bool]{} // not read yet
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.reason != "" {
		return model.Unknown[bool](p.reason)
	}
	return model.Known(false)
}
