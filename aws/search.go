package aws

import (
	"context"
	"iter"
	"sync"

	"github.com/stateward/stateward/model"
	"golang.org/x/sync/semaphore"
)

// Search looks for resources in the current versions of all states of the
// backends, and yields what it finds as it finds it. It has at most
// Options.Concurrency requests under way, those of the listings included. A
// state that could not be searched is named in a page, as is a source of states
// that could not be read. The error, last, is that of the context alone.
func (c *Client) Search(ctx context.Context, backends []model.Backend, q model.SearchQuery) iter.Seq2[model.SearchPage, error] {
	return c.search(ctx, backends, q, largestSearched)
}

// search is Search where all bodies together take at most so many bytes.
func (c *Client) search(ctx context.Context, backends []model.Backend, q model.SearchQuery, largest int64) iter.Seq2[model.SearchPage, error] {
	return func(yield func(model.SearchPage, error) bool) {
		r := newSearchRun(c, backends, q, largest)
		ctx, cancel := context.WithCancel(withSlots(ctx, make(slots, c.concurrency())))
		var running sync.WaitGroup
		defer running.Wait()
		defer cancel() // ends what runs when the consumer leaves
		for range min(listersOfSearch, len(backends)) {
			running.Go(func() { r.list(ctx) })
		}
		for range c.concurrency() {
			running.Go(func() { r.work(ctx) })
		}
		r.follow(ctx, yield)
	}
}

// listersOfSearch is how many backends are listed at a time: few, so that
// states are searched from the start.
const listersOfSearch = 4

// searchRun is one search under way. What is known is kept by the goroutine
// that follows it; the others hand over what they found.
type searchRun struct {
	c      *Client
	query  model.SearchQuery
	memory *semaphore.Weighted // for the bodies that are being searched
	most   int64               // of it

	backends chan model.Backend
	listed   chan listedStates
	jobs     chan searchJob
	results  chan searchResult

	queue    []searchJob
	seen     map[string]bool // states that are queued or done
	working  int
	progress model.SearchProgress
}

// listedStates is what a lister brings.
type listedStates struct {
	backend model.Backend
	page    model.StatePage
	err     error
	end     bool // of this backend's listing
}

// searchJob is a state to search.
type searchJob struct {
	backend model.Backend
	state   model.State
}

type searchResult struct {
	searchJob
	hits  []model.SearchHit
	more  int
	bytes int64
	err   error
}

func newSearchRun(c *Client, backends []model.Backend, q model.SearchQuery, largest int64) *searchRun {
	r := &searchRun{c: c, query: q, memory: semaphore.NewWeighted(largest), most: largest, seen: map[string]bool{},
		backends: make(chan model.Backend, len(backends)), listed: make(chan listedStates),
		jobs: make(chan searchJob), results: make(chan searchResult)}
	for _, b := range backends {
		r.backends <- b
	}
	close(r.backends)
	r.progress.Listing = len(backends)
	return r
}

// list lists backends until there are no more.
func (r *searchRun) list(ctx context.Context) {
	for b := range r.backends {
		for page, err := range r.c.States(ctx, b, model.StateQuery{}) {
			if !send(ctx, r.listed, listedStates{backend: b, page: page, err: err}) {
				return
			}
		}
		if !send(ctx, r.listed, listedStates{backend: b, end: true}) {
			return
		}
	}
}

// work searches states until the search is over.
func (r *searchRun) work(ctx context.Context) {
	var reader bodyReader
	for {
		select {
		case job := <-r.jobs:
			res := r.search(ctx, job, &reader)
			if ctx.Err() != nil || !send(ctx, r.results, res) {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

func send[T any](ctx context.Context, to chan<- T, v T) bool {
	select {
	case to <- v:
		return true
	case <-ctx.Done():
		return false
	}
}

// follow hands out the work and yields what comes of it.
func (r *searchRun) follow(ctx context.Context, yield func(model.SearchPage, error) bool) {
	for r.progress.Listing > 0 || len(r.queue) > 0 || r.working > 0 {
		var page model.SearchPage
		jobs, next := r.next()
		select {
		case jobs <- next:
			r.queue = r.queue[1:]
			r.working++
			continue
		case l := <-r.listed:
			page = r.took(l)
		case res := <-r.results:
			page = r.done(res)
		case <-ctx.Done():
			yield(model.SearchPage{Progress: r.progress}, ctx.Err())
			return
		}
		page.Progress = r.progress
		if !yield(page, nil) {
			return
		}
	}
}

// next is the state to search next; nobody can receive it when there is none.
func (r *searchRun) next() (chan<- searchJob, searchJob) {
	if len(r.queue) == 0 {
		return nil, searchJob{}
	}
	return r.jobs, r.queue[0]
}

// took queues the states that a listing brought. A state that two backends of
// one bucket cover is searched once.
func (r *searchRun) took(l listedStates) model.SearchPage {
	if l.end {
		r.progress.Listing--
	}
	for _, s := range l.page.States {
		if at := l.backend.URL(s.Key); !r.seen[at] {
			r.seen[at] = true
			r.queue = append(r.queue, searchJob{l.backend, s})
			r.progress.Known++
		}
	}
	page := model.SearchPage{Problems: l.page.Problem}
	if l.err != nil && !isCanceled(l.err) {
		page.Problems = append(page.Problems, l.err.Error())
	}
	return page
}

func (r *searchRun) done(res searchResult) model.SearchPage {
	r.working--
	r.progress.Done++
	r.progress.Bytes += res.bytes
	var page model.SearchPage
	switch {
	case res.err != nil:
		r.progress.Failed++
		page.Unsearched = []model.UnsearchedState{{Bucket: res.backend.Bucket, Key: res.state.Key, Reason: model.Reason(res.err)}}
	case len(res.hits) > 0:
		page.Found = []model.SearchedState{{Backend: res.backend, State: res.state, Hits: res.hits, More: res.more}}
	}
	return page
}
