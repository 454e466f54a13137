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
		w.i, w.j = skipBlank(a, w.i), skipBlank(b, w.j)
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
	endA, endB := endOfString(w.a, w.i), endOfString(w.b, w.j)
	x, y := w.a[w.i:endA], w.b[w.j:endB]
	if !bytes.Equal(x, y) && !bytes.Equal(unquoted(x), unquoted(y)) {
		if next := skipBlank(w.a, endA); next < len(w.a) && w.a[next] == ':' {
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

func pastNumber(b []byte, i int) int {
	for i < len(b) && (isNumeric(b[i]) || strings.IndexByte("+.eE", b[i]) >= 0) {
		i++
	}
	return i
}

func isNumeric(c byte) bool { return c == '-' || '0' <= c && c <= '9' }

// sameNumber compares two JSON numbers by value, exactly.
func sameNumber(x, y string) bool { return x == y || canonicalNumber(x) == canonicalNumber(y) }

// canonicalNumber is a text that two numbers share when they have one value. A
// number whose exponent would make that expensive stays as it is written.
func canonicalNumber(number string) string {
	if !strings.ContainsAny(number, ".eE-") || hugeExponent(number) {
		return number
	}
	if r, ok := new(big.Rat).SetString(number); ok {
		return r.RatString()
	}
	return number
}

func hugeExponent(number string) bool {
	at := strings.IndexAny(number, "eE")
	if at < 0 {
		return false
	}
	n, err := strconv.Atoi(strings.TrimPrefix(number[at+1:], "+"))
	return err != nil || n > 400 || n < -400
}

// compareRaw is compareJSON of values that may be absent, which is like null.
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
