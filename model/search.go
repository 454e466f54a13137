package model

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// SearchQuery is what is looked for in states. A resource is found when every
// word of the query occurs in one of its fields: its address, its type, or the
// value of an attribute that is not sensitive. Letters match in either case.
type SearchQuery struct {
	Limit int // hits a state; those beyond are counted. 0 is no bound

	pattern string
	words   []searchWord
}

// searchWord is one word of a query, in lower case.
type searchWord struct {
	text    string
	ascii   bool
	needles []needle // what a body holds in which the word occurs; none: its bytes cannot tell
}

// maxSearchWords bounds a query; the words that match are kept in a word of bits.
const maxSearchWords = 32

// ParseSearch takes a pattern apart into words. Blanks separate words; what is
// in double quotes is one word with its blanks. A quote within a word stands
// for itself, as in aws_subnet.a["eu"], and a colon separates nothing: an ARN is
// one word.
func ParseSearch(pattern string) (SearchQuery, error) {
	q := SearchQuery{pattern: strings.TrimSpace(pattern)}
	for rest := q.pattern; rest != ""; {
		var word string
		if word, rest = cutSearchWord(rest); word != "" {
			q.words = append(q.words, newSearchWord(word))
		}
	}
	switch {
	case len(q.words) == 0:
		return q, searchFailure(pattern, "There is nothing to look for: name a part of an address, a type, an id or an ARN.")
	case len(q.words) > maxSearchWords:
		return q, searchFailure(pattern, "There are too many words; put double quotes round what belongs together.")
	}
	return q, nil
}

func searchFailure(pattern, next string) error {
	return &Failure{Kind: ErrInvalid, Tried: "reading the pattern", On: pattern, Next: next}
}

// Pattern is the query as it was typed, without the blanks round it.
func (q SearchQuery) Pattern() string { return q.pattern }

// cutSearchWord splits off the first word.
func cutSearchWord(s string) (word, rest string) {
	s = strings.TrimLeftFunc(s, unicode.IsSpace)
	if quoted, ok := strings.CutPrefix(s, `"`); ok {
		if phrase, after, closed := strings.Cut(quoted, `"`); closed && startsBlank(after) {
			return phrase, after
		}
	}
	if i := strings.IndexFunc(s, unicode.IsSpace); i >= 0 {
		return s[:i], s[i:]
	}
	return s, ""
}

func startsBlank(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return s == "" || unicode.IsSpace(r)
}

func newSearchWord(text string) searchWord {
	w := searchWord{text: strings.ToLower(text), ascii: true}
	for i := range len(text) {
		w.ascii = w.ascii && text[i] < utf8.RuneSelf
	}
	if w.ascii {
		w.needles = needlesOf(w.text)
	}
	return w
}

// find is where the word first occurs in a text; ok is false when it does not.
func (w *searchWord) find(text string) (start, end int, ok bool) {
	if w.ascii {
		at := indexFold(text, w.text)
		return at, at + len(w.text), at >= 0
	}
	for i := range text {
		if n, ok := foldedPrefix(text[i:], w.text); ok {
			return i, i + n, true
		}
	}
	return 0, 0, false
}

// is reports whether a text is the word and nothing else.
func (w *searchWord) is(text string) bool {
	start, end, ok := w.find(text)
	return ok && start == 0 && end == len(text)
}

// indexFold is strings.Index for an ASCII word in lower case, in text of any
// case. The word is not empty.
func indexFold(text, word string) int {
	for i := 0; i <= len(text)-len(word); i++ {
		if lowerByte(text[i]) == word[0] && equalFold(text[i:i+len(word)], word) {
			return i
		}
	}
	return -1
}

func equalFold[T string | []byte](text T, lower string) bool {
	for i := range len(lower) {
		if lowerByte(text[i]) != lower[i] {
			return false
		}
	}
	return true
}

func lowerByte(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + ('a' - 'A')
	}
	return c
}

// foldedPrefix reports whether text begins with the word, which is in lower
// case, and how many bytes of text that takes.
func foldedPrefix(text, word string) (n int, ok bool) {
	for _, want := range word {
		r, size := utf8.DecodeRuneInString(text[n:])
		if size == 0 || unicode.ToLower(r) != want {
			return 0, false
		}
		n += size
	}
	return n, true
}
