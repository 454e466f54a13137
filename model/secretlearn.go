package model

import (
	"bytes"
	"encoding/json"
	"strings"
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
	for _, m := range all {
		s.learnBelow(body, m)
	}
}

// learnBelow learns the leaves of the value at where. Names of members are none.
func (s *Secrets) learnBelow(body []byte, where Span) {
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

// secretForms are the forms in which a secret may appear: as it is, without the
// white space around it, as a string inside JSON, once and twice, and inside a
// URL.
func secretForms(text string) []string {
	text = strings.TrimSpace(text)
	forms := []string{text}
	add := func(form string) {
		if form != forms[len(forms)-1] && form != text {
			forms = append(forms, form)
		}
	}
	for _, html := range []bool{true, false} {
		once := inJSON(text, html)
		add(once)
		add(inJSON(once, html))
	}
	add(inURL(text))
	return forms
}

// inURL is text as it stands in a part of a URL, such as the password of a
// connection string: all but the unreserved characters of RFC 3986 escaped.
func inURL(text string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for _, c := range []byte(text) {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(hex[c>>4])
		b.WriteByte(hex[c&15])
	}
	return b.String()
}

// inJSON is text as it stands between the quotes of a JSON string. jsonencode
// writes <, > and & as \u003c, \u003e and \u0026; other tools do not.
func inJSON(text string, html bool) string {
	if isPlainText(text) {
		return text
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(html)
	if err := e.Encode(text); err != nil {
		return text // never for a string
	}
	return strings.TrimSuffix(strings.TrimPrefix(b.String(), `"`), "\"\n")
}

func isPlainText(text string) bool {
	for _, c := range []byte(text) {
		if c < ' ' || c >= 0x7f || strings.IndexByte(`"\<>&`, c) >= 0 {
			return false
		}
	}
	return true
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
	objects, err := x.Instances(body, i)
	if err != nil {
		return nil, err
	}
	var all marks
	for _, o := range objects {
		all = append(all, instanceMarks(body, o)...)
	}
	return all, nil
}

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
		if isSecretName(name) || string(name) == "sensitive_attributes" && !isEmptyList(part, at+1) {
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
	for _, name := range []string{"result", "value", "data", "secret_id"} {
		if secretAttribute(typ, name) {
			return true
		}
	}
	return false
}
