package model

import (
	"bytes"
	"math/big"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// likeness is what comparing two JSON values in one pass can tell.
type likeness uint8

const (
	alike   likeness = iota // equal but for white space and spelling
	unalike                 // different
	unsure                  // the members of an object differ, or come in another order
)

// compareJSON walks two valid JSON values side by side, without decoding them.
// Terraform writes a state indented and OpenTofu compact, so white space counts
// for nothing; numbers are equal by value and strings by meaning.
func compareJSON(a, b []byte) likeness {
	if bytes.Equal(a, b) {
		return alike
	}
	w := walk{a: a, b: b}
	for {
		w.i, w.j = pastSpace(a, w.i), pastSpace(b, w.j)
		switch {
		case w.i == len(a) || w.j == len(b):
			return likenessOf(w.i == len(a) && w.j == len(b))
		case a[w.i] == '"' && b[w.j] == '"':
			if l := w.texts(); l != alike {
				return l
			}
		case isNumeric(a[w.i]) && isNumeric(b[w.j]):
			if !w.numbers() {
				return unalike
			}
		case a[w.i] != b[w.j]:
			return w.punctuation()
		default:
			w.i, w.j = w.i+1, w.j+1
		}
	}
}

func likenessOf(same bool) likeness {
	if same {
		return alike
	}
	return unalike
}

// walk is where two values have been compared to.
type walk struct {
	a, b []byte
	i, j int
}

// texts compares two strings. A name that differs may only stand elsewhere.
func (w *walk) texts() likeness {
	endA, endB := pastText(w.a, w.i), pastText(w.b, w.j)
	x, y := w.a[w.i:endA], w.b[w.j:endB]
	if !bytes.Equal(x, y) && !bytes.Equal(unquoted(x), unquoted(y)) {
		if next := pastSpace(w.a, endA); next < len(w.a) && w.a[next] == ':' {
			return unsure
		}
		return unalike
	}
	w.i, w.j = endA, endB
	return alike
}

func (w *walk) numbers() bool {
	endA, endB := pastNumber(w.a, w.i), pastNumber(w.b, w.j)
	x, y := w.a[w.i:endA], w.b[w.j:endB]
	w.i, w.j = endA, endB
	return sameNumber(string(x), string(y))
}

// punctuation judges a difference outside strings and numbers: one object that
// has a member more may only have a null more.
func (w *walk) punctuation() likeness {
	x, y := w.a[w.i], w.b[w.j]
	if x == '}' && (y == ',' || y == '"') || y == '}' && (x == ',' || x == '"') {
		return unsure
	}
	return unalike
}

func pastSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// pastText is behind the string that begins at i.
func pastText(b []byte, i int) int {
	for i++; i < len(b); {
		n := bytes.IndexByte(b[i:], '"')
		if n < 0 {
			return len(b)
		}
		i += n + 1
		if !escapedQuote(b, i-1) {
			return i
		}
	}
	return len(b)
}

// escapedQuote reports whether an odd number of backslashes stands before at.
func escapedQuote(b []byte, at int) bool {
	n := 0
	for at-1-n >= 0 && b[at-1-n] == '\\' {
		n++
	}
	return n%2 == 1
}

func pastNumber(b []byte, i int) int {
	for i < len(b) && (isNumeric(b[i]) || strings.IndexByte("+.eE", b[i]) >= 0) {
		i++
	}
	return i
}

func isNumeric(c byte) bool { return c == '-' || '0' <= c && c <= '9' }

// sameNumber compares two JSON numbers by value, exactly. A number whose
// exponent would make that expensive is compared as it is written.
func sameNumber(x, y string) bool {
	if x == y {
		return true
	}
	if hugeExponent(x) || hugeExponent(y) {
		return false
	}
	a, okA := new(big.Rat).SetString(x)
	b, okB := new(big.Rat).SetString(y)
	return okA && okB && a.Cmp(b) == 0
}

func hugeExponent(number string) bool {
	at := strings.IndexAny(number, "eE")
	if at < 0 {
		return false
	}
	n, err := strconv.Atoi(strings.TrimPrefix(number[at+1:], "+"))
	return err != nil || n > 400 || n < -400
}

// sameSpan compares what two spans hold; an absent one is like null.
func sameSpan(old []byte, oldAt Span, new []byte, newAt Span) likeness {
	return compareRaw(rawOf(old, oldAt), rawOf(new, newAt))
}

func compareRaw(old, new jsontext.Value) likeness {
	if len(old) == 0 || len(new) == 0 {
		return likenessOf(isAbsent(old) && isAbsent(new))
	}
	return compareJSON(old, new)
}

func isAbsent(raw jsontext.Value) bool { return len(raw) == 0 || raw.Kind() == 'n' }

// rawOf is the value of a span; nil when it is absent.
func rawOf(body []byte, at Span) jsontext.Value {
	if at.Len() == 0 {
		return nil
	}
	return at.In(body)
}
