package model

import (
	"bytes"
	"errors"
	"io"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// Span is a range of byte offsets in the body of a state: [Start, End).
type Span struct{ Start, End int64 }

// Len is the number of bytes in the span.
func (s Span) Len() int64 { return s.End - s.Start }

// In is the bytes of the span, or nil where body does not reach.
func (s Span) In(body []byte) []byte {
	if s.Start < 0 || s.End < s.Start || s.End > int64(len(body)) {
		return nil
	}
	return body[s.Start:s.End]
}

// stateScanner walks a state without copying it. It accepts what
// encoding/json accepts, which is what Terraform and OpenTofu read states
// with: duplicate names and invalid UTF-8 included.
type stateScanner struct {
	dec  *jsontext.Decoder
	part []byte // what is scanned
	base int64  // its offset in the body
	cut  bool   // more bytes exist than there are to scan
}

func newStateScanner(part []byte, base int64, cut bool) *stateScanner {
	// A *bytes.Buffer is parsed in place, any other reader is copied from.
	dec := jsontext.NewDecoder(bytes.NewBuffer(part),
		jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	return &stateScanner{dec: dec, part: part, base: base, cut: cut}
}

// offset is where the scanner stands, in the body.
func (s *stateScanner) offset() int64 { return s.base + s.dec.InputOffset() }

// nextStart is where the value begins that is read next.
func (s *stateScanner) nextStart() int64 {
	at := s.dec.InputOffset()
	for at < int64(len(s.part)) && isBetween(s.part[at]) {
		at++
	}
	return s.base + at
}

// isBetween reports the bytes that stand between values.
func isBetween(c byte) bool {
	return c == ' ' || c == '\n' || c == ',' || c == ':' || c == '\r' || c == '\t'
}

// value reads any value. Its bytes alias the body: never keep them.
func (s *stateScanner) value() (jsontext.Value, Span, error) {
	// Unlike SkipValue, ReadValue keeps no stack of names: 1.4 times as fast.
	v, err := s.dec.ReadValue()
	if err != nil {
		return nil, Span{}, s.fail(err)
	}
	if s.cut && v.Kind() == '0' && s.dec.InputOffset() == int64(len(s.part)) {
		return nil, Span{}, io.ErrUnexpectedEOF // its other digits may be beyond the cut
	}
	end := s.offset()
	return v, Span{Start: end - int64(len(v)), End: end}, nil
}

func (s *stateScanner) skip() error {
	_, _, err := s.value()
	return err
}

// fail gives an error of the decoder its offset in the body. The end of a
// part that was cut is passed on as io.ErrUnexpectedEOF.
func (s *stateScanner) fail(err error) error {
	if s.cut && endsEarly(err) {
		return io.ErrUnexpectedEOF
	}
	return syntaxError(err, s.base, s.dec.InputOffset())
}

// object reads an object; member must consume the value that follows name.
// raw is the name as it is written, name what it means. Like encoding/json,
// null counts as an object without members.
func (s *stateScanner) object(what string, member func(raw, name []byte) error) error {
	none, err := s.open(what, '{', "an object")
	if none || err != nil {
		return err
	}
	for {
		raw, err := s.name()
		if err != nil || raw == nil {
			return err
		}
		if err := member(raw, unquoted(raw)); err != nil {
			return err
		}
	}
}

// name reads the name of the next member as it is written; nil at the end of
// the object.
func (s *stateScanner) name() (jsontext.Value, error) {
	from := s.dec.InputOffset()
	token, err := s.dec.ReadToken()
	switch {
	case err != nil:
		return nil, s.fail(err)
	case token.Kind() == '}':
		return nil, nil
	}
	// The token would copy its text. Before it are a comma and white space.
	raw := s.part[from:s.dec.InputOffset()]
	for isBetween(raw[0]) {
		raw = raw[1:]
	}
	return raw, nil
}

// array reads an array; element must consume one value. null has no elements.
func (s *stateScanner) array(what string, element func() error) error {
	none, err := s.open(what, '[', "an array")
	if none || err != nil {
		return err
	}
	for kind := s.dec.PeekKind(); kind != ']' && kind != jsontext.KindInvalid; kind = s.dec.PeekKind() {
		if err := element(); err != nil {
			return err
		}
	}
	return s.token()
}

// open enters an object or array; none says that null stood there instead.
func (s *stateScanner) open(what string, want jsontext.Kind, expected string) (none bool, err error) {
	switch kind := s.dec.PeekKind(); kind {
	case want, jsontext.KindInvalid:
		return false, s.token()
	case 'n':
		return true, s.skip()
	default:
		return false, s.mismatch(what, expected)
	}
}

// mismatch reads the value that is there and reports that it is none expected.
func (s *stateScanner) mismatch(what, expected string) error {
	v, span, err := s.value()
	if err != nil {
		return err
	}
	return wrongKind(span, what, v, expected)
}

func (s *stateScanner) token() error {
	if _, err := s.dec.ReadToken(); err != nil {
		return s.fail(err)
	}
	return nil
}

// end demands that nothing but white space follows.
func (s *stateScanner) end() error {
	at := s.dec.InputOffset()
	if _, err := s.dec.ReadToken(); !errors.Is(err, io.EOF) {
		return stateErrorf(s.base+at, "data after the end of the JSON document")
	}
	return nil
}

// text reads a string as it is written, quotes and escapes included; nil for null.
func (s *stateScanner) text(what string) (jsontext.Value, error) {
	v, span, err := s.value()
	switch {
	case err != nil:
		return nil, err
	case v.Kind() == '"':
		return v, nil
	case v.Kind() == 'n':
		return nil, nil
	}
	return nil, wrongKind(span, what, v, "a string")
}

// flag reads a boolean; null is false.
func (s *stateScanner) flag(what string) (bool, error) {
	v, span, err := s.value()
	switch {
	case err != nil:
		return false, err
	case v.Kind() == 't' || v.Kind() == 'f' || v.Kind() == 'n':
		return v.Kind() == 't', nil
	}
	return false, wrongKind(span, what, v, "true or false")
}

func wrongKind(span Span, what string, v jsontext.Value, expected string) *StateError {
	return stateErrorf(span.Start, "%s is %s, expected %s", what, kindName(v.Kind()), expected)
}

func kindName(k jsontext.Kind) string {
	switch k {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "a string"
	case '0':
		return "a number"
	case 'n':
		return "null"
	default:
		return "a boolean"
	}
}

// unquoted is what a string token means. It aliases raw where it can. Broken
// UTF-8 and lone surrogates become U+FFFD, as encoding/json makes them.
func unquoted(raw jsontext.Value) []byte {
	if len(raw) < 2 {
		return nil
	}
	inner := raw[1 : len(raw)-1]
	if isPlain(inner) {
		return inner
	}
	// The error only repeats that something was replaced.
	out, _ := jsontext.AppendUnquote(nil, raw)
	return out
}

// isPlain reports whether a string means what is written. Most are short names:
// one loop is quicker than two calls.
func isPlain(inner []byte) bool {
	for _, c := range inner {
		if c == '\\' || c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// textOf is a copy of what a string token means, so that the body can be freed.
func textOf(raw jsontext.Value) string { return string(unquoted(raw)) }
