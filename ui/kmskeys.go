package ui

import (
	"context"
	"iter"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui/widget"
)

// keysReader reads the KMS keys behind backends and behind single states. Each
// element of a sequence holds all that is known by then, and takes the place of
// the one before.
type keysReader interface {
	Keys(ctx context.Context, b model.Backend) iter.Seq2[model.KeyPage, error]
	StateEncryption(ctx context.Context, b model.Backend, key string) iter.Seq2[model.StateEncryption, error]
}

// kmsKeysPage lists the KMS keys behind the states of all backends.
type kmsKeysPage struct {
	listPage[model.Key]
	backends []model.Backend
	asked    int  // backends whose keys are asked for
	open     int  // those that have not come to their end
	finds    bool // the listing of backends goes on
	finding  error
	failed   error // the states of a backend cannot be listed
	ring     *model.KeyRing
	table    []action
}

// keysAtOnce bounds the backends looked at together; the requests in flight are
// bounded over all of them where they are sent.
const keysAtOnce = atOnce / 2

func newKMSKeysPage(h host) *kmsKeysPage {
	p := &kmsKeysPage{listPage: newListPage[model.Key](h, "KMS key", &scope{}), ring: &model.KeyRing{}}
	p.start, p.detail, p.top, p.tall = p.relist, p.details, p.progress, 2*maxDetail
	p.list.id = func(k *model.Key) string { return k.Ref() }
	p.list.words = kmsKeyWords
	p.list.cells = func(k *model.Key, cells []widget.Cell) []widget.Cell { return kmsKeyCells(cells, k, h.now()) }
	p.list.natural = func(a, b *model.Key) int { return model.CompareKeys(*a, *b) }
	p.list.init(kmsKeyColumns())
	p.table = p.actionTable()
	return p
}

// kmsKeyWords is what the filter looks at: also the states, for "which key is
// behind this one?" is asked more often than the other way round.
func kmsKeyWords(k *model.Key) string {
	words := []string{k.Name(), k.Ref(), string(k.State.Or("")), strings.Join(k.Aliases.Or(nil), " "), strings.Join(k.UsedBy.Buckets, " ")}
	for _, s := range k.UsedBy.States {
		words = append(words, s.URL())
	}
	for _, t := range k.UsedBy.Tables {
		words = append(words, t.Table)
	}
	return strings.Join(words, " ")
}

func (p *kmsKeysPage) title() string { return "Keys" }

func (p *kmsKeysPage) actions() []action { return p.table }

func (p *kmsKeysPage) actionTable() []action {
	own := []action{
		{keys: []string{"enter"}, name: "open", help: "all that is known of the key and of who depends on it", footer: true,
			blocked: p.noRow, run: func() tea.Cmd { return p.host.push(newKMSKeyPage(p.host, p, *p.list.current())) }},
		{keys: []string{"y"}, name: "copy ARN", help: "copy the ARN of the key, or of those marked", footer: true,
			blocked: p.noRow, run: p.copyARNs},
		{keys: []string{"Y"}, name: "copy CLI", help: "copy the command line that lists the same",
			run: func() tea.Cmd { return p.host.copied("the command line", p.host.commandOnAll("keys")) }},
	}
	return append(append(own, p.listActions()...), p.movement()...)
}

func (p *kmsKeysPage) copyARNs() tea.Cmd {
	var arns []string
	for _, k := range p.chosen() {
		arns = append(arns, first(k.ARN, k.ID))
	}
	return p.host.copied(plural(len(arns), "ARN"), arns...)
}

// relist reads the keys of all backends; which ones there are is looked up only
// when nobody did so before.
func (p *kmsKeysPage) relist() tea.Cmd {
	ctx, at := p.begin()
	p.ring = &model.KeyRing{}
	p.backends, p.asked, p.open, p.finding, p.failed = nil, 0, 0, nil, nil
	if f := p.host.fleet(); f.complete {
		p.finds = false
		p.backends = f.backends
		return p.askMore(ctx, at)
	}
	p.finds = true
	return listen(ctx, at, p.host.reader().Backends)
}

// keyNews is what a backend tells of its keys.
type keyNews struct {
	backend string
	page    model.KeyPage
	failed  error // the states of the backend cannot be listed
	end     bool  // it has no more to tell
}

// askMore reads keys of further backends, a few at a time.
func (p *kmsKeysPage) askMore(ctx context.Context, at address) tea.Cmd {
	var cmds []tea.Cmd
	read := p.host.reader()
	for p.asked < len(p.backends) && p.open < keysAtOnce {
		b := p.backends[p.asked]
		p.asked++
		p.open++
		cmds = append(cmds, listen(ctx, at, func(ctx context.Context) iter.Seq2[keyNews, error] { return keyNewsOf(ctx, read, b) }))
	}
	if !p.finds && p.open == 0 {
		p.finish()
	}
	return tea.Batch(cmds...)
}

// keyNewsOf are the pages of one backend with its name. A failure is no end of
// the whole listing: the other backends go on.
func keyNewsOf(ctx context.Context, read keysReader, b model.Backend) iter.Seq2[keyNews, error] {
	return func(yield func(keyNews, error) bool) {
		news := keyNews{backend: backendID(b)}
		for page, err := range read.Keys(ctx, b) {
			if err != nil {
				news.failed = err
				break
			}
			news.page = page
			if !yield(news, nil) {
				return
			}
		}
		news.end = true
		yield(news, nil)
	}
}

func (p *kmsKeysPage) receive(l letter) tea.Cmd {
	if !p.listing.current(l) {
		return nil
	}
	switch m := l.(type) {
	case batch[[]model.Backend]:
		return p.gotBackends(m)
	case batch[keyNews]:
		return p.gotNews(m)
	}
	return nil
}

func (p *kmsKeysPage) gotNews(m batch[keyNews]) tea.Cmd {
	for _, news := range m.values {
		p.ring.Put(news.backend, news.page)
		if news.failed != nil {
			p.reading = append(p.reading, news.failed.Error())
			p.failed = news.failed
		}
		if news.end {
			p.open--
		}
	}
	keys := p.ring.Keys(p.host.serviceNow())
	p.fresh = nil // each time it is all of them
	p.arrived(keys)
	return tea.Batch(m.next(), p.askMore(m.from.ctx, m.address))
}

// finish ends the listing when every backend has told all.
func (p *kmsKeysPage) finish() {
	p.reading = append(p.reading, p.ring.Problems()...)
	p.fresh = p.ring.Keys(p.host.serviceNow())
	p.partial = false // a key that was met under another name goes
	if p.finding == nil && p.failed != nil && len(p.fresh) == 0 && len(p.list.rows) > 0 {
		p.finding, p.reading = p.failed, nil // the keys of before are better than none
	}
	p.ended(p.finding)
}

func (p *kmsKeysPage) gotBackends(m batch[[]model.Backend]) tea.Cmd {
	for _, page := range m.values {
		for _, b := range page {
			p.found(b)
		}
	}
	if m.end {
		p.finds, p.finding = false, m.err
	}
	return tea.Batch(m.next(), p.askMore(m.from.ctx, m.address))
}

// found adds a backend; a later one takes the place of an earlier one with the
// same address that was not asked yet.
func (p *kmsKeysPage) found(b model.Backend) {
	for i, have := range p.backends {
		if backendID(have) == backendID(b) {
			if i >= p.asked {
				p.backends[i] = b
			}
			return
		}
	}
	p.backends = append(p.backends, b)
}

// find is what the page knows of a key now.
func (p *kmsKeysPage) find(ref string) (model.Key, bool) {
	i := slices.IndexFunc(p.list.rows, func(k model.Key) bool { return k.Ref() == ref })
	if i < 0 {
		return model.Key{}, false
	}
	return p.list.rows[i], true
}
