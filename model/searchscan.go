package model

import (
	"bytes"
	"strconv"
	"strings"
)

// Most states do not hold what is looked for, and reading one costs far more
// than looking through its bytes. So they are looked through first. That must
// never rule out a state that a reading would find something in: what a field
// says and what the bytes of the state say are not the same. JSON escapes
// characters, and an address is put together from several members.

// needle is a text in lower case that is sought in bytes of any case, by
// Horspool's algorithm: it looks at one byte in len(text) where nothing matches.
type needle struct {
	text string
	skip [256]uint8 // by the byte under the needle's end: how far it may move on
}

func newNeedle(text string) needle {
	n := needle{text: text}
	for c := range n.skip {
		n.skip[c] = uint8(min(len(text), 255))
	}
	for i := range len(text) - 1 {
		far := uint8(min(len(text)-1-i, 255))
		n.skip[text[i]] = far
		if 'a' <= text[i] && text[i] <= 'z' {
			n.skip[text[i]-('a'-'A')] = far
		}
	}
	return n
}

func (n *needle) in(body []byte) bool {
	last := len(n.text) - 1
	for at := last; at < len(body); at += int(n.skip[body[at]]) {
		if lowerByte(body[at]) == n.text[last] && equalFold(body[at-last:at], n.text[:last]) {
			return true
		}
	}
	return false
}

// needlesOf are the parts of a word that stand together in the bytes of a state
// wherever the word occurs in a field. A word that runs across the members of
// an address, or over a character that is written as an escape, stands in them
// in pieces. A few digits may be an index, which may be written as 1e3.
func needlesOf(word string) []needle {
	var all []needle
	for start := 0; start < len(word); {
		end := start
		for end < len(word) && writtenPlainly(word[end]) {
			end++
		}
		if piece := word[start:end]; piece != "" && !mayBeIndex(piece) {
			all = append(all, newNeedle(piece))
		}
		start = end + 1
	}
	return all
}

func mayBeIndex(piece string) bool {
	return len(piece) < 10 && strings.Trim(piece, "0123456789") == ""
}

// writtenPlainly reports the characters that stand for themselves in the bytes
// of a state: not those that encoding/json escapes, not those that join the
// parts of an address, and not those that [QuoteKey] doubles.
func writtenPlainly(c byte) bool {
	return c >= ' ' && c < 0x7f && !bytes.ContainsRune([]byte(`"\<>&.[]$%{`), rune(c))
}

// rulesOut reports that no resource in these bytes, the body of a state or a
// part of it, can be found.
func (q SearchQuery) rulesOut(body []byte) bool {
	for i := range q.words {
		if !q.words[i].mayBeIn(body) {
			return !escapesNeedlessly(body)
		}
	}
	return false
}

// mayBeIn reports whether all needles of the word are in bytes.
func (w *searchWord) mayBeIn(body []byte) bool {
	for i := range w.needles {
		if !w.needles[i].in(body) {
			return false
		}
	}
	return true
}

// escapesNeedlessly reports escapes of characters that neither tool escapes: in
// such bytes a needle may stand in disguise. It may be wrong in saying so.
func escapesNeedlessly(body []byte) bool {
	if bytes.Contains(body, []byte(`\/`)) {
		return true
	}
	for {
		at := bytes.Index(body, []byte(`\u00`))
		if at < 0 || len(body) < at+6 {
			return false
		}
		c, err := strconv.ParseUint(string(body[at+4:at+6]), 16, 8)
		if err == nil && writtenPlainly(byte(c)) {
			return true
		}
		body = body[at+4:]
	}
}
