package ui

import (
	"context"
	"fmt"
	"iter"

	tea "charm.land/bubbletea/v2"
)

// pageID names a page or a dialog for as long as the program runs.
type pageID uint64

// address names one request of one page.
type address struct {
	page pageID
	gen  uint64
}

// letter is the answer to a request.
type letter interface{ to() address }

func (a address) to() address { return a }

// scope owns the contexts of a page's requests. A page opened from another has
// a scope below it, so leaving a page ends what was started from there on.
type scope struct {
	id     pageID
	parent *scope
	ctx    context.Context
	cancel context.CancelFunc
	gen    uint64
}

// rootScope ends with the program.
func rootScope(ctx context.Context) *scope {
	return &scope{ctx: ctx, cancel: func() {}}
}

// context is made anew when the page was left and is shown again.
func (s *scope) context() context.Context {
	if s.parent != nil && (s.ctx == nil || s.ctx.Err() != nil) {
		s.ctx, s.cancel = context.WithCancel(s.parent.context())
	}
	return s.ctx
}

// leave ends all requests of the page.
func (s *scope) leave() {
	if s.parent != nil && s.cancel != nil {
		s.cancel()
	}
}

// request is the newest of its kind that a page made. Answers to an older one
// are stale.
type request struct {
	gen    uint64
	ctx    context.Context
	cancel context.CancelFunc
}

// begin ends the request before and starts another.
func (r *request) begin(s *scope) (context.Context, address) {
	r.end()
	s.gen++
	r.gen = s.gen
	r.ctx, r.cancel = context.WithCancel(s.context())
	return r.ctx, address{page: s.id, gen: r.gen}
}

// end cancels the request, so that no answer to it is current any more.
func (r *request) end() {
	if r.cancel != nil {
		r.cancel()
	}
	r.gen, r.cancel = 0, nil
}

// alive reports whether the request is under way, or its answers still count.
func (r *request) alive() bool { return r.gen != 0 && r.ctx.Err() == nil }

// current reports whether a letter answers this request. What was cancelled has
// nothing to say any more.
func (r *request) current(l letter) bool { return r.alive() && l.to().gen == r.gen }

// answer is the only message of a request that yields one value.
type answer[T any] struct {
	address
	value T
	err   error
}

// ask runs a call off the update loop.
func ask[T any](ctx context.Context, at address, call func(context.Context) (T, error)) tea.Cmd {
	return func() tea.Msg {
		v, err := call(ctx)
		return answer[T]{address: at, value: v, err: err}
	}
}

// feed hands over what a listing yields. One goroutine runs the listing; it
// ends with the listing or with the context of the request.
type feed[T any] struct {
	ctx   context.Context
	at    address
	items chan item[T]
}

type item[T any] struct {
	value T
	err   error
}

// batch is what a listing brought since the message before.
type batch[T any] struct {
	address
	from   *feed[T]
	values []T
	err    error
	end    bool
}

// maxBatch bounds the pages handed over at once, so that a fast listing is
// seen to grow.
const maxBatch = 16

// listen starts a listing and waits for its first page.
func listen[T any](ctx context.Context, at address, list func(context.Context) iter.Seq2[T, error]) tea.Cmd {
	return func() tea.Msg {
		f := &feed[T]{ctx: ctx, at: at, items: make(chan item[T], maxBatch)}
		go f.pump(list(ctx))
		return f.wait()
	}
}

// next waits for what the listing brings after this batch; nil at its end.
func (b batch[T]) next() tea.Cmd {
	if b.end {
		return nil
	}
	return func() tea.Msg { return b.from.wait() }
}

func (f *feed[T]) pump(seq iter.Seq2[T, error]) {
	defer close(f.items)
	defer func() {
		// On this goroutine nobody else would catch a fault of the program: the
		// terminal would stay raw.
		if p := recover(); p != nil {
			var none T
			select {
			case f.items <- item[T]{none, fmt.Errorf("a fault of stateward itself: %v", p)}:
			case <-f.ctx.Done():
			}
		}
	}()
	for v, err := range seq {
		select {
		case f.items <- item[T]{v, err}:
		case <-f.ctx.Done():
			return
		}
	}
}

// wait returns as soon as there is something, with all that is there by then.
func (f *feed[T]) wait() tea.Msg {
	b := batch[T]{address: f.at, from: f}
	select {
	case it, ok := <-f.items:
		b.take(it, ok)
	case <-f.ctx.Done():
		b.err, b.end = f.ctx.Err(), true
	}
	for !b.end && len(b.values) < maxBatch {
		select {
		case it, ok := <-f.items:
			b.take(it, ok)
		default:
			return b
		}
	}
	return b
}

// take adds an item; an error is the last thing that a listing yields.
func (b *batch[T]) take(it item[T], ok bool) {
	switch {
	case !ok:
		b.end = true
	case it.err != nil:
		b.err, b.end = it.err, true
	default:
		b.values = append(b.values, it.value)
	}
}

// fact is the answer to one read of a lazy.
type fact[V any] struct {
	address
	row   string
	value V
}

// lazy reads facts of the rows on screen, a few at a time. What is on screen is
// asked for again and again, so rows that were scrolled past cost nothing.
type lazy[V any] struct {
	limit int
	busy  int
	known map[string]bool // by row: asked for; true once answered
	req   request
	at    address
}

// wants reports whether a row is to be asked for, and may be now.
func (l *lazy[V]) wants(s *scope, row string) bool {
	if !l.req.alive() {
		l.restart(s)
	}
	_, asked := l.known[row]
	return !asked && l.busy < l.limit
}

// ask reads the facts of a row, unless that was done or too many are under way.
func (l *lazy[V]) ask(s *scope, row string, read func(context.Context) V) tea.Cmd {
	if !l.wants(s, row) {
		return nil
	}
	l.busy++
	l.known[row] = false
	ctx, at := l.req.ctx, l.at
	return func() tea.Msg { return fact[V]{address: at, row: row, value: read(ctx)} }
}

func (l *lazy[V]) restart(s *scope) {
	_, l.at = l.req.begin(s)
	l.busy = 0
	if l.known == nil {
		l.known = map[string]bool{}
	}
	for row, done := range l.known {
		if !done { // cut off when the page was left
			delete(l.known, row)
		}
	}
}

// took notes an answer and reports whether it is wanted.
func (l *lazy[V]) took(f fact[V]) bool {
	if !l.req.current(f) {
		return false
	}
	l.busy--
	l.known[f.row] = true
	return true
}

// again lets all that was answered be asked once more; what is under way stays,
// because a read slower than the refresh would otherwise never be seen.
func (l *lazy[V]) again() {
	for row, done := range l.known {
		if done {
			delete(l.known, row)
		}
	}
}

// forget lets one row be asked once more.
func (l *lazy[V]) forget(row string) {
	if l.known[row] {
		delete(l.known, row)
	}
}
