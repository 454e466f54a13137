package ui

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui/widget"
)

// bodyReader reads whole states and notes that something of them was revealed.
type bodyReader interface {
	// StateBody reads one version of a state, or the current one for "". Bytes
	// that cannot be indexed come with the reason as an error. progress is told
	// how many bytes have come of how many, from another goroutine.
	StateBody(ctx context.Context, b model.Backend, key, versionID string, progress func(read, total int64)) (*model.StateDocument, error)
	// RecordReveal notes in the journal that sensitive values are about to be
	// shown. Where it fails they are not shown.
	RecordReveal(ctx context.Context, b model.Backend, key, versionID, what string) error
}

// stateBody is the whole of one version of a state, which the tabs resources,
// outputs and raw share. It is read when one of them is first entered: a state
// may be large, and most visits are about its versions.
type stateBody struct {
	host      host
	sc        *scope
	backend   model.Backend
	key       string
	versionID string // "" is the current version
	newest    string // the current version as it was listed last

	req     request
	doc     *model.StateDocument
	tree    *moduleTree // of doc, as the next
	outputs []outputRow
	fault   error     // why it could not be read, or not be indexed
	asOf    time.Time // when the document there is was asked for
	began   time.Time
	come    *progressed
	tabs    []bodyTab
}

// bodyTab is a tab that shows a part of the body.
type bodyTab interface {
	// arrived takes a document, or the reason why there is none.
	arrived() tea.Cmd
}

// progressed is how much of a body has come; the reading goroutine writes it.
type progressed struct{ read, total atomic.Int64 }

func (p *progressed) heard(read, total int64) {
	p.total.Store(total)
	p.read.Store(read)
}

// loadedBody is what reading brought. It is worked out off the update loop.
type loadedBody struct {
	doc     *model.StateDocument
	tree    *moduleTree
	outputs []outputRow
	fault   error
}

// bodyTick makes the screen follow a body that is being read.
type bodyTick struct{ address }

func (s *stateBody) busy() bool { return s.req.alive() }

// want reads the body unless it is there or on its way.
func (s *stateBody) want() tea.Cmd {
	switch {
	case s.busy():
		return nil
	case s.doc == nil:
		return s.load()
	case s.relearn():
		return s.told()
	}
	return nil
}

// relearn hides what other versions of the state, read since, have taught to be
// a secret, and reports whether there is any.
func (s *stateBody) relearn() bool {
	doc := s.host.fleet().taught(s.backend.URL(s.key), s.doc)
	if doc == s.doc {
		return false
	}
	s.doc, s.outputs = doc, outputRows(doc)
	return true
}

// told hands the document to the tabs.
func (s *stateBody) told() tea.Cmd {
	var cmds []tea.Cmd
	for _, t := range s.tabs {
		cmds = append(cmds, t.arrived())
	}
	return tea.Batch(cmds...)
}

// learned keeps the secrets that came with a document, beside all that other
// versions of its state taught: the reader forgets those after a while.
func (f *fleet) learned(url string, s *model.Secrets) {
	if f.secrets == nil {
		f.secrets = map[string]*model.Secrets{}
	}
	f.secrets[url] = f.secrets[url].With(s)
}

// taught is the document with the secrets that are known by now.
func (f *fleet) taught(url string, doc *model.StateDocument) *model.StateDocument {
	known := doc.Secrets.With(f.secrets[url])
	if known == doc.Secrets {
		return doc
	}
	again := *doc
	again.Secrets = known
	return &again
}

func (s *stateBody) load() tea.Cmd {
	ctx, at := s.req.begin(s.sc)
	s.began, s.come = s.host.now(), &progressed{}
	read, b, key, version, come := s.host.reader(), s.backend, s.key, s.versionID, s.come
	return tea.Batch(s.host.after(progressEvery, bodyTick{at}), ask(ctx, at, func(ctx context.Context) (loadedBody, error) {
		doc, err := read.StateBody(ctx, b, key, version, come.heard)
		if doc == nil {
			return loadedBody{}, err
		}
		return loadedBody{doc, newModuleTree(doc), outputRows(doc), err}, nil
	}))
}

// receive takes an answer to load and reports whether it was one.
func (s *stateBody) receive(l letter) (tea.Cmd, bool) {
	switch m := l.(type) {
	case bodyTick:
		if s.req.current(m) {
			return s.host.after(progressEvery, m), true
		}
		return nil, true
	case answer[loadedBody]:
		if s.req.current(m) {
			return s.loaded(m), true
		}
		return nil, true
	}
	return nil, false
}

// loaded takes a document. One that could not be read leaves the older in place.
func (s *stateBody) loaded(m answer[loadedBody]) tea.Cmd {
	s.req.end()
	s.fault = m.err
	if m.err == nil {
		s.doc, s.tree, s.outputs = m.value.doc, m.value.tree, m.value.outputs
		s.fault, s.asOf = m.value.fault, s.began
		s.host.fleet().learned(s.backend.URL(s.key), s.doc.Secrets)
		s.relearn()
	}
	return s.told()
}

// outdated reports whether the state has a newer version than the one shown.
func (s *stateBody) outdated() bool {
	return s.versionID == "" && s.doc != nil && s.newest != "" && s.doc.VersionID != "" && s.newest != s.doc.VersionID
}

// waiting says what is being waited for.
func (s *stateBody) waiting() string {
	read, total := s.come.read.Load(), s.come.total.Load()
	switch {
	case total > 0 && read >= total:
		return "looking through " + size(total) + "…"
	case total > 0:
		return "reading " + size(read) + " of " + size(total) + "…"
	}
	return "reading…"
}

// shownAs tells a list whether its first rows are on their way, and from when
// those are that it has: without a readable document it cannot say "none".
func (s *stateBody) shownAs() (first bool, asOf time.Time) {
	if s.doc == nil || s.unreadable() {
		return s.busy(), time.Time{}
	}
	return false, s.asOf
}

// status is how old the document is, and whether there is a newer one.
func (s *stateBody) status() []widget.Cell {
	switch {
	case s.busy():
		return []widget.Cell{dim(s.waiting()), {Text: " ↻", Tone: widget.Accent}}
	case s.outdated():
		return []widget.Cell{warn("▲ a newer version exists: ctrl+r  ")}
	case s.doc != nil && s.fault == nil:
		return []widget.Cell{dim(justNow(s.host.now().Sub(s.asOf)) + "  ")}
	case s.fault != nil:
		return []widget.Cell{bad("✖")}
	}
	return nil
}

// unshown is why parts of the state cannot be shown, nil when they can.
func (s *stateBody) unshown() error {
	if s.fault == nil || s.doc == nil || !s.unreadable() {
		return s.fault
	}
	f := &model.Failure{Tried: "looking into the state", Cause: s.fault, Next: "Only clients that have its key can read it."}
	if s.doc.Index.Format != model.FormatEncrypted {
		f.Next, f.Command = "The bytes as they are", s.host.command(append(s.command(), "--raw", "--reveal")...)
	}
	return f
}

// unreadable reports whether there is a body that is no readable state.
func (s *stateBody) unreadable() bool {
	return s.doc != nil && (errors.Is(s.fault, model.ErrInvalid) || errors.Is(s.fault, model.ErrUnsupported) || errors.Is(s.fault, model.ErrEncryptedState))
}

// reveal notes in the journal that one value is about to be shown; the answer
// names it.
func (s *stateBody) reveal(sc *scope, req *request, id string) tea.Cmd {
	ctx, at := req.begin(sc)
	read, b, key, version := s.host.reader(), s.backend, s.key, s.doc.VersionID
	return ask(ctx, at, func(ctx context.Context) (revealed, error) {
		return revealed{id}, read.RecordReveal(ctx, b, key, version, "one sensitive value was shown on the screen")
	})
}

// revealed is a value that may be shown now.
type revealed struct{ id string }

// refused tells that a value stays hidden.
func (s *stateBody) refused(err error) {
	s.host.tell(widget.Bad, "not shown: "+err.Error())
}
