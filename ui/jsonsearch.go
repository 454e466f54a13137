package ui

import (
	"bytes"
	"context"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui/widget"
)

// found is where a search led: the values to unfold, from the outside in, and
// the one to go to.
type found struct {
	path    []partsRead
	value   model.Span
	ok      bool
	wrapped bool // the search went on at the other end
}

func (t *jsonTree) noQuery() string {
	if t.query == "" {
		return "nothing was searched for: / searches"
	}
	return ""
}

func (t *jsonTree) openSearch() tea.Cmd {
	t.typing = true
	t.input.Set(t.query)
	return nil
}

// key lets the search that is being typed have its keys.
func (t *jsonTree) key(msg tea.KeyPressMsg) (tea.Cmd, bool) {
	if !t.typing {
		return nil, false
	}
	switch msg.Keystroke() {
	case "enter":
		t.typing, t.query = false, t.input.Value()
		if t.query == "" {
			return nil, true
		}
		return t.search(true), true
	case "esc":
		t.unsearch()
		return nil, true
	}
	return nil, t.input.Key(msg)
}

// typingHints are the keys beside the search.
func (t *jsonTree) typingHints() []widget.Hint {
	if !t.typing {
		return nil
	}
	return []widget.Hint{{Key: "⏎", Label: "search"}, {Key: "esc", Label: "end the search"}}
}

func (t *jsonTree) paste(msg tea.PasteMsg) {
	if t.typing {
		t.input.Paste(msg)
	}
}

// unsearch ends the search and reports whether there was one.
func (t *jsonTree) unsearch() bool {
	was := t.typing || t.query != ""
	t.typing, t.query = false, ""
	t.input.Set("")
	t.seeking.end()
	return was
}

func (t *jsonTree) searchLine(st widget.Styles, w int) string {
	if t.typing {
		return " / " + t.input.View(max(1, w-4), st)
	}
	hint := "   n next · N previous · esc ends"
	if t.seeking.alive() {
		hint = "   searching…"
	}
	return " " + st.Accent.Render("/ "+safe(t.query)) + st.Dim.Render(hint)
}

// search looks for the query from the cursor on, off the update loop.
func (t *jsonTree) search(forward bool) tea.Cmd {
	r := t.current()
	if r == nil {
		return nil
	}
	from := r.Value.Start
	if forward {
		from = afterScalar(t.doc, r.Value)
	} else if r.Name.Len() > 0 {
		from = r.Name.Start
	}
	s := &textSearch{doc: t.doc, root: t.root, query: t.query, large: map[int64][]model.Node{}}
	ctx, at := t.seeking.begin(t.sc)
	return ask(ctx, at, func(ctx context.Context) (found, error) { return s.run(ctx, from, forward), ctx.Err() })
}

// afterScalar is where a search goes on that is at a value: behind it, but for
// one with parts, of which only the first byte was passed.
func afterScalar(doc *model.StateDocument, where model.Span) int64 {
	if kind := doc.Kind(where); (kind == model.ObjectValue || kind == model.ListValue) && !doc.IsSecret(where) {
		return where.Start + 1
	}
	return where.End
}

// got goes to what a search found.
func (t *jsonTree) got(m answer[found]) {
	t.seeking.end()
	switch {
	case m.err != nil:
		return
	case !m.value.ok:
		t.host.tell(widget.Warn, "nothing that is shown has "+t.query)
		return
	case m.value.wrapped:
		t.host.tell(widget.Plain, "the search went on at the other end")
	}
	for _, p := range m.value.path {
		t.insert(p)
	}
	if i := t.find(m.value.value.Start); i >= 0 {
		t.grid.SetCursor(i)
	}
}

// textSearch looks for a text in names and values as they are shown.
type textSearch struct {
	doc   *model.StateDocument
	root  model.Span
	query string
	large map[int64][]model.Node // parts of large values, by where these stand
}

// parts are those of a value; large ones are looked through once.
func (s *textSearch) parts(where model.Span) []model.Node {
	if parts, ok := s.large[where.Start]; ok {
		return parts
	}
	parts := s.doc.Parts(where)
	if where.Len() > quickBytes {
		s.large[where.Start] = parts
	}
	return parts
}

// chunkBytes is how much is looked through between two looks at the context.
const chunkBytes = 256 << 10

func (s *textSearch) run(ctx context.Context, from int64, forward bool) found {
	needle, exact := s.needle()
	spans := []model.Span{{Start: from, End: s.root.End}, {Start: s.root.Start, End: from}}
	if !forward {
		spans[0], spans[1] = spans[1], spans[0]
	}
	for i, part := range spans {
		for hit := range s.hits(ctx, part, needle, exact, forward) {
			if f, ok := s.locate(hit); ok {
				f.wrapped = i > 0
				return f
			}
		}
	}
	return found{}
}

// needle is the query as it stands in JSON. One in lower case matches any case.
func (s *textSearch) needle() (needle []byte, exact bool) {
	quoted := (&model.Value{Kind: model.StringValue, Text: s.query}).Clear()
	needle = []byte(quoted[1 : len(quoted)-1])
	return needle, s.query != strings.ToLower(s.query)
}

// hits yields where the needle begins in a part of the text, nearest first.
func (s *textSearch) hits(ctx context.Context, part model.Span, needle []byte, exact, forward bool) func(func(int64) bool) {
	return func(yield func(int64) bool) {
		n := (part.Len() + chunkBytes - 1) / chunkBytes
		buf := make([]byte, 0, chunkBytes+len(needle))
		for i := range n {
			if ctx.Err() != nil {
				return
			}
			if !forward {
				i = n - 1 - i
			}
			start := part.Start + i*chunkBytes
			end := min(part.End, start+chunkBytes+int64(len(needle))-1)
			buf = lowered(buf[:0], s.doc.Body[start:end], exact)
			for _, at := range indexes(buf, needle, forward) {
				if ctx.Err() != nil || !yield(start+int64(at)) {
					return
				}
			}
		}
	}
}

// lowered is a copy with ASCII letters in lower case, so that offsets stay.
func lowered(buf, text []byte, exact bool) []byte {
	buf = append(buf, text...)
	if exact {
		return buf
	}
	for i, c := range buf {
		if c >= 'A' && c <= 'Z' {
			buf[i] = c + ('a' - 'A')
		}
	}
	return buf
}

func indexes(text, needle []byte, forward bool) []int {
	var all []int
	for at := 0; at < len(text); {
		n := bytes.Index(text[at:], needle)
		if n < 0 {
			break
		}
		all = append(all, at+n)
		at += n + max(1, len(needle))
	}
	if !forward {
		for i, j := 0, len(all)-1; i < j; i, j = i+1, j-1 {
			all[i], all[j] = all[j], all[i]
		}
	}
	return all
}

// locate finds the value at an offset with what is to be unfolded to see it. It
// is false for text that is not shown, or stands between values.
func (s *textSearch) locate(at int64) (found, bool) {
	f := found{value: s.root}
	for {
		if s.doc.IsSecret(f.value) {
			return f, false
		}
		parts := s.parts(f.value)
		node, ok := partAt(parts, at)
		if !ok {
			return f, false
		}
		f.path = append(f.path, partsRead{f.value, parts})
		f.value = node.Value
		kind := s.doc.Kind(node.Value)
		inName := at < node.Value.Start
		if inName || kind != model.ObjectValue && kind != model.ListValue {
			f.ok = s.isShown(node, inName)
			return f, f.ok
		}
	}
}

// isShown reports whether the query can be read there when secrets are hidden.
func (s *textSearch) isShown(n model.Node, inName bool) bool {
	text := s.doc.NameOf(n)
	if !inName {
		text, _ = s.doc.Text(n.Value, int(n.Value.Len()))
	}
	if s.query == strings.ToLower(s.query) {
		text = strings.ToLower(text)
	}
	return strings.Contains(text, s.query)
}

func partAt(parts []model.Node, at int64) (model.Node, bool) {
	lo, hi := 0, len(parts)
	for lo < hi { // the first that ends behind it
		mid := (lo + hi) / 2
		if parts[mid].Value.End <= at {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo == len(parts) {
		return model.Node{}, false
	}
	n := parts[lo]
	start := n.Value.Start
	if n.Name.Len() > 0 {
		start = n.Name.Start
	}
	return n, at >= start
}
