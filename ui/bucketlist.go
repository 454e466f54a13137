package ui

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui/widget"
)

// bucketsReader lists all buckets of the account as backends: a bucket in which
// no state was found must not stay hidden for good.
type bucketsReader interface {
	Buckets(ctx context.Context) iter.Seq2[[]model.Backend, error]
}

func (p *backendsPage) bucketsAction() action {
	return action{keys: []string{"a"}, name: "all buckets", run: p.toggleBuckets,
		help: "show or hide the buckets of the account in which no state was found"}
}

func (p *backendsPage) toggleBuckets() tea.Cmd {
	p.all = !p.all
	p.none = map[bool]string{false: noBackends, true: noBuckets}[p.all]
	if !p.all {
		p.host.tell(widget.Plain, "only backends are listed")
		p.list.replace(slices.DeleteFunc(slices.Clone(p.list.rows), func(r backendRow) bool { return r.Source == model.SourceBuckets }), nil)
		return p.refresh()
	}
	p.host.tell(widget.Plain, "all buckets of the account are listed")
	cmd := p.refresh()
	p.partial = true // shown as they come, also beside a source that cannot be read
	return cmd
}

// withBuckets lists the backends and, behind them, the buckets that are none of
// theirs. Errors of both come together, last.
func withBuckets(read Reader) func(context.Context) iter.Seq2[[]model.Backend, error] {
	return func(ctx context.Context) iter.Seq2[[]model.Backend, error] {
		return func(yield func([]model.Backend, error) bool) {
			l := bucketListing{yield: yield, known: map[string]bool{}}
			if !l.backends(read.Backends(ctx)) || !l.buckets(read.Buckets(ctx)) || l.err == nil {
				return
			}
			yield(nil, l.err)
		}
	}
}

// bucketListing is one such listing under way.
type bucketListing struct {
	yield func([]model.Backend, error) bool
	known map[string]bool // buckets of backends
	err   error
}

func (l *bucketListing) backends(pages iter.Seq2[[]model.Backend, error]) bool {
	for page, err := range pages {
		l.failed(err)
		for _, b := range page {
			l.known[b.Bucket] = true
		}
		if err == nil && !l.yield(page, nil) {
			return false
		}
	}
	return true
}

func (l *bucketListing) buckets(pages iter.Seq2[[]model.Backend, error]) bool {
	for page, err := range pages {
		l.failed(err)
		page = slices.DeleteFunc(slices.Clone(page), func(b model.Backend) bool { return l.known[b.Bucket] })
		if len(page) > 0 && !l.yield(page, nil) {
			return false
		}
	}
	return true
}

// failed keeps an error, once: both listings ask for the buckets.
func (l *bucketListing) failed(err error) {
	switch {
	case err == nil || l.err != nil && strings.Contains(l.err.Error(), err.Error()):
	case l.err == nil:
		l.err = err
	default:
		l.err = errors.Join(l.err, err)
	}
}
