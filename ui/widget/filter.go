package widget

import (
	"slices"
	"strings"
	"unicode"
)

// Filter keeps the rows whose text contains every word of a query, in any
// order. A word in lower case matches any case, one with a capital only that
// (smart case); `!word` keeps the rows without it. The zero value keeps all.
type Filter struct {
	query   string
	words   []word
	narrows bool
}

type word struct {
	text  string
	not   bool
	exact bool // it has a capital
	ascii bool
}

// Set replaces the query. Words are separated by spaces; a lone "!" is not a
// word yet.
func (f *Filter) Set(query string) {
	words := parseWords(query)
	f.narrows = narrower(f.words, words)
	f.query, f.words = query, words
}

// Query is the query as it was set.
func (f *Filter) Query() string { return f.query }

// Active reports whether the filter can hide anything.
func (f *Filter) Active() bool { return len(f.words) > 0 }

// Match reports whether a row with this text is kept.
func (f *Filter) Match(text string) bool {
	for i := range f.words {
		w := &f.words[i]
		if w.in(text) == w.not {
			return false
		}
	}
	return true
}

// Apply returns the numbers of the rows that are kept, of n rows with the given
// texts, in ascending order. prev is what Apply returned for the query before
// the last Set, over the same rows: when the new query can only narrow the old
// one, just those rows are looked at. Pass nil when the rows have changed. The
// result is new; prev is not touched.
func (f *Filter) Apply(n int, text func(i int) string, prev []int) []int {
	if prev != nil && f.narrows {
		kept := make([]int, 0, len(prev))
		for _, i := range prev {
			if f.Match(text(i)) {
				kept = append(kept, i)
			}
		}
		return kept
	}
	kept := make([]int, 0, n)
	for i := range n {
		if f.Match(text(i)) {
			kept = append(kept, i)
		}
	}
	return kept
}

func parseWords(query string) []word {
	var words []word
	for _, s := range strings.Fields(query) {
		text, not := strings.CutPrefix(s, "!")
		if text == "" {
			continue
		}
		words = append(words, word{
			text: text, not: not,
			exact: strings.ContainsFunc(text, unicode.IsUpper),
			ascii: asciiPrefix(text) == len(text),
		})
	}
	return words
}

// narrower reports whether whatever the new words keep, the old ones kept too:
// each old word must be implied by a new one. A longer `!word` excludes less, so
// an excluded word must still be there as it was.
func narrower(old, now []word) bool {
	for _, o := range old {
		if !slices.ContainsFunc(now, func(n word) bool { return implies(n, o) }) {
			return false
		}
	}
	return true
}

// implies reports whether a text that passes n also passes o.
func implies(n, o word) bool {
	if n.not || o.not {
		return n == o
	}
	if o.exact {
		return strings.Contains(n.text, o.text)
	}
	return strings.Contains(strings.ToLower(n.text), o.text)
}

// in reports whether the word occurs in the text.
func (w *word) in(text string) bool {
	switch {
	case w.exact:
		return strings.Contains(text, w.text)
	case w.ascii:
		return containsFold(text, w.text)
	}
	return strings.Contains(strings.ToLower(text), w.text)
}

// containsFold is strings.Contains for an ASCII word in lower case, in text of
// any case, without allocating.
func containsFold(text, word string) bool {
	last := len(text) - len(word)
	first := word[0]
	for i := 0; i <= last; i++ {
		if lower(text[i]) == first && foldedPrefix(text[i+1:], word[1:]) {
			return true
		}
	}
	return false
}

func foldedPrefix(text, word string) bool {
	for i := 0; i < len(word); i++ {
		if lower(text[i]) != word[i] {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + ('a' - 'A')
	}
	return c
}
