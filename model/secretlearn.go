package model

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Learn adds what this version of the state marks as secret: every string, and
// every number, of 6 or more characters below a sensitive value. x is the index
// of body.
func (s *Secrets) Learn(body []byte, x *StateIndex) error {
	all, err := stateMarks(body, x)
	s.learnMarks(body, all)
	return err
}

func (s *Secrets) learnMarks(body []byte, all marks) {
	s.learnEmbedded(body)
	for _, m := range all {
		s.learnBelow(body, m)
	}
}

// learnBelow learns the leaves of the value at where. Names of members are none.
func (s *Secrets) learnBelow(body []byte, where Span) {
	raw := where.In(body)
	if len(raw) > 0 && raw[0] == '"' { // as most are: no need for a tree
		if !isTypeWord(raw) {
			s.learn(string(unquoted(raw)))
		}
		return
	}
	v, err := DecodeValue(body, where)
	if err != nil {
		return // an index stands for a body that can be decoded
	}
	v.Walk(func(part *Value) bool {
		switch {
		case part.Kind == NumberValue:
			s.add(part.Text)
		case part.Kind == StringValue && !isTypeWord(part.Span.In(body)):
			s.learn(part.Text)
		}
		return true
	})
}

// learn adds one secret in every form in which it may appear: as it is, without
// the white space around it, as a string inside JSON, once and twice, inside a
// URL, and line by line.
func (s *Secrets) learn(text string) {
	whole := text
	if text = strings.TrimSpace(text); text == "" {
		return
	}
	if utf8.RuneCountInString(text) < shortestSecret {
		text = whole
	}
	s.add(text)
	if len(text) < shortestSecret {
		return
	}
	if !isPlainText(text) {
		s.learnJSON(text)
		s.learnLines(text)
	}
	if !isUnreserved(text) {
		s.add(inURL(text, "%20"))
		s.add(inURL(text, "+"))
	}
}

// learnJSON adds how JSON writes a text, by itself and inside JSON. jsonencode
// writes <, > and & as \u003c, \u003e and \u0026; other tools do not, and some
// write nothing but ASCII.
func (s *Secrets) learnJSON(text string) {
	for _, html := range []bool{true, false} {
		once := inJSON(text, html)
		s.add(once)
		s.add(inJSON(once, html))
		if ascii := inASCII(once); ascii != once {
			s.add(ascii)
			s.add(inJSON(ascii, html))
		}
	}
}

// longLine is how many characters a line has at least that is a secret by
// itself: those of a private key have 64, but for the last.
const longLine = 20

// learnLines adds the long words that fill a line of a secret of several lines:
// what is templated into a larger text stands indented there, and no longer as
// the secret does.
func (s *Secrets) learnLines(text string) {
	if !strings.Contains(text, "\n") {
		return
	}
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); len(line) >= longLine && strings.IndexByte(line, ' ') < 0 {
			s.add(line)
		}
	}
}

// inJSON is text as it stands between the quotes of a JSON string.
func inJSON(text string, html bool) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(html)
	if err := e.Encode(text); err != nil {
		return text // never for a string
	}
	return strings.TrimSuffix(strings.TrimPrefix(b.String(), `"`), "\"\n")
}

// inASCII is the text of a JSON string with every other character escaped.
func inASCII(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r < utf8.RuneSelf:
			b.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// isPlainText reports whether text is written in JSON as it is.
func isPlainText(text string) bool {
	for _, c := range []byte(text) {
		if c < ' ' || c >= 0x7f || strings.IndexByte(`"\<>&`, c) >= 0 {
			return false
		}
	}
	return true
}

func isUnreserved(text string) bool {
	for i := range len(text) {
		if !unreserved(text[i]) {
			return false
		}
	}
	return true
}

// unreserved are the characters that RFC 3986 never escapes.
func unreserved(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '.' || c == '_' || c == '~'
}

// inURL is text as it stands in a part of a URL, such as the password of a
// connection string: all but the unreserved characters of RFC 3986 escaped. What
// becomes of a space differs: urlencode of Terraform writes a plus.
func inURL(text, space string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for _, c := range []byte(text) {
		switch {
		case unreserved(c):
			b.WriteByte(c)
			continue
		case c == ' ':
			b.WriteString(space)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(hex[c>>4])
		b.WriteByte(hex[c&15])
	}
	return b.String()
}

// stateMarks are the marks of a whole state.
func stateMarks(body []byte, x *StateIndex) (marks, error) {
	if x.size != int64(len(body)) {
		return nil, stateErrorf(0, "these are not the bytes that were indexed")
	}
	var all marks
	for _, o := range x.Outputs {
		all = append(all, outputMarks(body, o)...)
	}
	for i := range x.Len() {
		found, err := x.resourceMarks(body, i)
		if err != nil {
			return inOrder(all), err
		}
		all = append(all, found...)
	}
	return inOrder(all), nil
}

// resourceMarks are the marks of one resource. Most have none, which one look
// at their bytes tells.
func (x *StateIndex) resourceMarks(body []byte, i int) (marks, error) {
	row := x.rows.row(i)
	where := Span{Start: int64(row.start), End: int64(row.start) + int64(row.length)}
	typ := x.rows.heads[row.head].typ
	if !mayHoldSecrets(where.In(body), typ) {
		return nil, nil
	}
	if !x.Format.legacy() {
		return modernMarks(body, where, typ), nil
	}
	objects, err := x.Instances(body, i)
	var all marks
	for _, o := range objects {
		all = append(all, valueMarks(body, o.Attributes, o.Sensitive, typ)...)
	}
	return all, err
}

// modernMarks are the marks of a resource of format v4. A decoder would be slow
// where every resource has some.
func modernMarks(body []byte, where Span, typ string) (all marks) {
	eachMember(body, where, func(name []byte, instances Span) bool {
		if string(name) == `"instances"` {
			all = nil // a repeated member replaces the first
			eachElement(body, instances, func(_ int, object Span) bool {
				all = append(all, elementMarks(body, object, typ)...)
				return true
			})
		}
		return true
	})
	return all
}

func elementMarks(body []byte, object Span, typ string) marks {
	var attributes, sensitive Span
	eachMember(body, object, func(name []byte, value Span) bool {
		switch string(name) {
		case `"attributes"`, `"attributes_flat"`:
			if !isNull(body, value) {
				attributes = value
			}
		case `"sensitive_attributes"`:
			if !isNull(body, value) {
				sensitive = value
			}
		}
		return true
	})
	return valueMarks(body, attributes, sensitive, typ)
}

func isNull(body []byte, where Span) bool { return string(where.In(body)) == "null" }

// mayHoldSecrets looks through a resource for a name that is well known for
// secrets, or for sensitive_attributes that are not empty.
func mayHoldSecrets(part []byte, typ string) bool {
	if hasSecretAttributes(typ) {
		return true
	}
	for i := 0; i < len(part); {
		quote := bytes.IndexByte(part[i:], '"')
		if quote < 0 {
			break
		}
		start := i + quote
		i = endOfString(part, start)
		at := skipBlank(part, i)
		if at >= len(part) || part[at] != ':' || i-start < 4 {
			continue
		}
		name := part[start+1 : i-1]
		if isSecretName(name) || namesSecret(name, part[skipBlank(part, at+1):]) || string(name) == "sensitive_attributes" && !isEmptyList(part, at+1) {
			return true
		}
	}
	return false
}

func isEmptyList(part []byte, i int) bool {
	i = skipBlank(part, i)
	return i < len(part) && part[i] == '[' && bytes.HasPrefix(part[skipBlank(part, i+1):], []byte("]"))
}

func hasSecretAttributes(typ string) bool {
	for _, name := range []string{"result", "value", "data", "secret_id", "hex", "plaintext_value"} {
		if secretAttribute(typ, name) {
			return true
		}
	}
	return false
}
