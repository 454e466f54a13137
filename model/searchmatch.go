package model

import (
	"cmp"
	"math/bits"
	"strings"
	"unicode/utf8"
)

// match is what one object of a resource has shown so far of the words.
type match struct {
	words      []searchWord
	all, found uint32 // a bit for each word
	named      uint32 // those in the address or the type, which every hit shows
	best       fieldMatch
}

// fieldMatch is what was found in one field.
type fieldMatch struct {
	field, value string
	words, fresh int  // how many, and how many of them are in neither address nor type
	whole        bool // the value is the one word looked for, and no more
	own          bool // the field names the object itself: its id or its arn
	attribute    bool
}

func newMatch(q SearchQuery) *match {
	return &match{words: q.words, all: 1<<len(q.words) - 1}
}

// touches reports whether any word is in a text, secrets included: only then is
// there reason to look closer.
func (m *match) touches(text string) bool {
	for i := range m.words {
		if _, _, ok := m.words[i].find(text); ok {
			return true
		}
	}
	return false
}

// in tells which words are in a text and where the first one of them begins.
func (m *match) in(text string) (found uint32, at int) {
	at = -1
	for i := range m.words {
		if start, _, ok := m.words[i].find(text); ok {
			if found == 0 {
				at = start
			}
			found |= 1 << i
		}
	}
	return found, at
}

// offer looks for the words in what a field says. What secrets hides is not
// looked at, not even in part.
func (m *match) offer(secrets *Secrets, field, text string) {
	var shown strings.Builder
	found, at, done := uint32(0), 0, 0
	look := func(part string) {
		words, where := m.in(part)
		if found == 0 && words != 0 {
			at = shown.Len() + where
		}
		found |= words
		shown.WriteString(part)
	}
	for start, end := range matches(secrets, text) {
		look(text[done:start])
		shown.WriteString(Hidden)
		done = end
	}
	look(text[done:])
	m.take(field, shown.String(), found, at)
}

// take notes what was found in a field, which goes first when it tells most.
func (m *match) take(field, text string, found uint32, at int) {
	if found == 0 {
		return
	}
	m.found |= found
	f := fieldMatch{field: field, words: bits.OnesCount32(found), own: field == "id" || field == "arn",
		whole: len(m.words) == 1 && m.words[0].is(text), attribute: field != searchedAddress && field != searchedType}
	if !f.attribute {
		m.named |= found
	}
	f.fresh = bits.OnesCount32(found &^ m.named)
	if m.best.field == "" || f.compare(m.best) > 0 {
		f.value = excerpt(text, at)
		m.best = f
	}
}

// compare tells which of two fields says more of what was found: the one with
// more of the words, with words that the address does not show, one that holds
// nothing else, the object's own names.
func (f fieldMatch) compare(g fieldMatch) int {
	return cmp.Or(cmp.Compare(f.words, g.words), cmp.Compare(f.fresh, g.fresh), compareFlags(f.whole, g.whole),
		compareFlags(f.own, g.own), compareFlags(g.attribute, f.attribute))
}

func compareFlags(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// What an excerpt shows of a long value, in bytes.
const (
	excerptBefore = 48
	excerptLength = 200
)

// excerpt is what stands round at in a text; "…" stands for what is left out.
func excerpt(text string, at int) string {
	if len(text) <= excerptLength {
		return text
	}
	start := max(0, min(at-excerptBefore, len(text)-excerptLength))
	end := min(len(text), start+excerptLength)
	for start > 0 && !utf8.RuneStart(text[start]) {
		start--
	}
	for end < len(text) && !utf8.RuneStart(text[end]) {
		end++
	}
	before, after := "", ""
	if start > 0 {
		before = "…"
	}
	if end < len(text) {
		after = "…"
	}
	return before + text[start:end] + after
}
