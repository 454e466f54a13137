package model

import (
	"bytes"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
)

// StateDocument is the whole of one version of a state, read and indexed.
type StateDocument struct {
	VersionID string // of the answer; "" where the bucket was never versioned
	Body      []byte // never changed
	Index     *StateIndex

	// Secrets are those of this version and of the versions of this state that
	// were read before it. Later ones may know more.
	Secrets *Secrets

	marks    marks // what is secret as a whole, wherever it stands in the body
	maskable bool  // the body was looked through for secrets, or is cipher text
}

// ReadDocument indexes the body of a state and finds its secrets. With an error
// the document holds the body and the header alone, as IndexState says it.
func ReadDocument(versionID string, body []byte) (StateDocument, error) {
	d := StateDocument{VersionID: versionID, Body: body, Secrets: NewSecrets()}
	var err error
	if d.Index, err = IndexState(body); err != nil {
		d.maskable = d.Index.Format == FormatEncrypted
		return d, err
	}
	all, err := stateMarks(body, d.Index)
	if err != nil { // without its secrets nothing of it may be shown
		d.Index = &StateIndex{StateHeader: d.Index.StateHeader}
		return d, err
	}
	d.Secrets.learnMarks(body, all)
	d.marks, d.maskable = inOrder(privateMarks(all, body)), true
	return d, nil
}

// privateMarks adds what providers keep for themselves: base64 in which no
// secret could be found.
func privateMarks(all marks, body []byte) marks {
	word, nothing := []byte(`"private"`), []byte(`"bnVsbA=="`) // null in base64
	for i := 0; ; {
		n := bytes.Index(body[i:], word)
		if n < 0 {
			return all
		}
		i += n + len(word)
		at := skipBlank(body, i)
		if at >= len(body) || body[at] != ':' {
			continue
		}
		at = skipBlank(body, at+1)
		if where := (Span{Start: int64(at), End: int64(endOfValue(body, at))}); at < len(body) && body[at] == '"' && !bytes.Equal(where.In(body), nothing) {
			all = append(all, where)
			i = int(where.End)
		}
	}
}

// Maskable reports whether the text may be shown where secrets must not be:
// bytes that could not be indexed may hold any.
func (d *StateDocument) Maskable() bool { return d.maskable }

// Root is the place of the whole document, an object.
func (d *StateDocument) Root() Span {
	start := skipBlank(d.Body, 0)
	return Span{Start: int64(start), End: int64(endOfValue(d.Body, start))}
}

// Node is one value in the text of a state.
type Node struct {
	Name  Span // the name of a member with its quotes; zero for an element of a list
	Index int  // of an element
	Value Span
}

// Parts are the members of the object or the elements of the list at where, in
// their order; none for anything else. It looks at all bytes of the value.
func (d *StateDocument) Parts(where Span) []Node {
	var all []Node
	eachMember(d.Body, where, func(name []byte, value Span) bool {
		end := value.Start
		for end > where.Start && d.Body[end-1] != '"' {
			end--
		}
		all = append(all, Node{Name: Span{Start: end - int64(len(name)), End: end}, Value: value})
		return true
	})
	eachElement(d.Body, where, func(n int, value Span) bool {
		all = append(all, Node{Index: n, Value: value})
		return true
	})
	return all
}

// Kind is what stands at where.
func (d *StateDocument) Kind(where Span) ValueKind {
	raw := where.In(d.Body)
	if len(raw) == 0 {
		return NullValue
	}
	switch jsontext.Value(raw).Kind() {
	case '{':
		return ObjectValue
	case '[':
		return ListValue
	case '"':
		return StringValue
	case '0':
		return NumberValue
	case 't', 'f':
		return BoolValue
	default:
		return NullValue
	}
}

// largeText is how long a string is at least that is not looked through for
// every frame of a screen.
const largeText = 64 << 10

// IsSecret reports whether the value at where is secret as a whole.
func (d *StateDocument) IsSecret(where Span) bool {
	if d.marks.covers(where) {
		return true
	}
	switch kind := d.Kind(where); {
	case kind == StringValue && where.Len() <= largeText:
		return hidesAll(d.Secrets, unquoted(where.In(d.Body)))
	case kind == NumberValue:
		return hidesAll(d.Secrets, where.In(d.Body))
	default:
		return false
	}
}

// NameOf is the name of a member as it may be shown.
func (d *StateDocument) NameOf(n Node) string {
	return d.Secrets.Mask(textOf(n.Name.In(d.Body)))
}

// Text is the first most bytes of a scalar as they may be shown, at least, and
// whether that is all of it: a string means what is between its quotes. Secrets
// in it are hidden.
func (d *StateDocument) Text(where Span, most int) (text string, whole bool) {
	if d.IsSecret(where) {
		return Hidden, true
	}
	raw := where.In(d.Body)
	if d.Kind(where) != StringValue {
		return string(raw), true
	}
	reach := most
	if d.Secrets != nil {
		reach += d.Secrets.longest
	}
	clear := string(unquoted(headOfString(raw, reach)))
	return d.Secrets.MaskHead(clear, most), len(clear) <= most
}

// headOfString is a string token that means at least the first n bytes of what
// raw does, or all of it.
func headOfString(raw []byte, n int) []byte {
	end := 6*(n+4) + 1 // no byte is written with more than \uXXXX
	if end >= len(raw)-1 {
		return raw
	}
	for i := end - 1; i > end-6; i-- { // not within an escape
		if raw[i] == '\\' && !isEscaped(raw[1:i]) {
			end = i
			break
		}
	}
	return append(bytes.Clone(raw[:end]), '"')
}

// Clear is a scalar in clear. It may only be shown once the journal says so.
func (d *StateDocument) Clear(where Span) string {
	raw := where.In(d.Body)
	if d.Kind(where) == StringValue {
		return textOf(raw)
	}
	return string(raw)
}

// HasSecrets reports whether Text would hide some of the scalar at where, or may:
// a very long string is not looked through.
func (d *StateDocument) HasSecrets(where Span) bool {
	if d.IsSecret(where) {
		return true
	}
	return d.Kind(where) == StringValue && (where.Len() > largeText || d.Secrets.Hides(d.Clear(where)))
}

// AppendMasked appends the body with every secret replaced by the string
// "(sensitive)", or by that text inside a longer string. All else is as it was,
// byte for byte, and what was JSON still is.
func (d *StateDocument) AppendMasked(dst []byte) ([]byte, error) {
	if !d.maskable {
		return dst, fmt.Errorf("masking a state that could not be indexed: %w", ErrUnsupported)
	}
	m := masker{doc: d, out: dst}
	at := int64(0)
	for _, mark := range d.marks {
		m.between(at, mark.Start)
		m.out = append(m.out, `"`+Hidden+`"`...)
		at = mark.End
	}
	m.between(at, int64(len(d.Body)))
	return m.out, nil
}

// masker copies the text of a state and leaves its secrets out.
type masker struct {
	doc *StateDocument
	out []byte
}

// between copies a range that no string or number reaches across.
func (m *masker) between(start, end int64) {
	body := m.doc.Body[:end]
	done := int(start)
	for i := done; i < len(body); {
		from := i
		switch c := body[i]; {
		case c == '"':
			i = endOfString(body, i)
		case c >= '0' && c <= '9' || c == '-':
			i = endOfOther(body, i)
		default:
			i++
			continue
		}
		if masked, ok := m.masked(body[from:i], body[i:]); ok {
			m.out = append(append(m.out, body[done:from]...), masked...)
			done = i
		}
	}
	m.out = append(m.out, body[done:]...)
}

// masked is what stands instead of a string or number that holds a secret.
func (m *masker) masked(token, rest []byte) ([]byte, bool) {
	s := m.doc.Secrets
	if token[0] != '"' {
		return []byte(`"` + Hidden + `"`), hidesAll(s, token)
	}
	text := unquoted(token)
	if !hides(s, text) || isStructural(token, rest) {
		return nil, false
	}
	return appendQuoted(nil, s.Mask(string(text))), true
}

// isStructural reports the names that the format of states itself has. They are
// shown even where a secret is the same word: without them nothing is readable.
func isStructural(token, rest []byte) bool {
	if at := skipBlank(rest, 0); at >= len(rest) || rest[at] != ':' {
		return false
	}
	switch string(token) {
	case `"version"`, `"terraform_version"`, `"serial"`, `"lineage"`, `"outputs"`, `"resources"`, `"check_results"`, `"modules"`,
		`"module"`, `"provider"`, `"instances"`, `"attributes"`, `"attributes_flat"`, `"sensitive_attributes"`, `"private"`,
		`"schema_version"`, `"index_key"`, `"status"`, `"deposed"`, `"dependencies"`, `"sensitive"`, `"primary"`, `"identity"`,
		`"create_before_destroy"`, `"identity_schema_version"`:
		return true
	}
	return false
}
