package model

import (
	"github.com/go-json-experiment/json/jsontext"
)

// ValueKind is what a JSON value is.
type ValueKind byte

// The kinds of values.
const (
	NullValue ValueKind = iota
	BoolValue
	NumberValue
	StringValue
	ListValue
	ObjectValue
)

// Value is one decoded value of a state. It holds what the state holds, secrets
// included: print it with Secrets.Print or Secrets.Mask, never by itself.
type Value struct {
	Kind    ValueKind
	Bool    bool     // of a BoolValue
	Text    string   // of a StringValue what it means, of a NumberValue its literal
	Items   []*Value // of a ListValue
	Members []Member // of an ObjectValue, in the order of the state

	// Sensitive says that this value, or one that it is part of, is a secret:
	// nothing of it may be shown. A value that is not may still hold a secret
	// inside a longer string, which Secrets.Mask takes out.
	Sensitive bool

	Span Span // where it stands in the body
}

// Member is a named part of an object. Its name is text of the state as well.
type Member struct {
	Name  string
	Value *Value
}

// Member is the member called name, nil where there is none. Of two with one
// name the last counts, as for Terraform.
func (v *Value) Member(name string) *Value {
	if v == nil {
		return nil
	}
	for i := len(v.Members) - 1; i >= 0; i-- {
		if v.Members[i].Name == name {
			return v.Members[i].Value
		}
	}
	return nil
}

// IsNull reports whether there is no value. A nil Value is none.
func (v *Value) IsNull() bool { return v == nil || v.Kind == NullValue }

// Scalar reports whether the value has no parts.
func (v *Value) Scalar() bool { return v == nil || v.Kind < ListValue }

// Walk calls visit for the value and everything below it, parts after their
// whole. Where visit answers false it goes no deeper.
func (v *Value) Walk(visit func(*Value) bool) {
	if v == nil || !visit(v) {
		return
	}
	for _, item := range v.Items {
		item.Walk(visit)
	}
	for _, m := range v.Members {
		m.Value.Walk(visit)
	}
}

// DecodeValue decodes the value at where in the body of a state, without any
// marks. An empty span, an absent value, is null.
func DecodeValue(body []byte, where Span) (*Value, error) {
	if where == (Span{}) {
		return &Value{}, nil
	}
	part := where.In(body)
	if part == nil {
		return nil, stateErrorf(where.Start, "these are not the bytes that were indexed")
	}
	s := newStateScanner(part, where.Start, false)
	v, err := s.decode()
	if err != nil {
		return nil, err
	}
	return v, s.end()
}

// decode reads the value that comes next.
func (s *stateScanner) decode() (*Value, error) {
	v := &Value{Span: Span{Start: s.nextStart()}}
	var err error
	switch s.dec.PeekKind() {
	case '{':
		v.Kind = ObjectValue
		err = s.object("an object", func(_, name []byte) error {
			member := Member{Name: string(name)}
			child, err := s.decode()
			member.Value = child
			v.Members = append(v.Members, member)
			return err
		})
	case '[':
		v.Kind = ListValue
		err = s.array("a list", func() error {
			child, err := s.decode()
			v.Items = append(v.Items, child)
			return err
		})
	default:
		err = s.scalar(v)
	}
	v.Span.End = s.offset()
	return v, err
}

func (s *stateScanner) scalar(v *Value) error {
	raw, _, err := s.value()
	if err != nil {
		return err
	}
	setScalar(v, raw)
	return nil
}

func setScalar(v *Value, raw jsontext.Value) {
	switch raw.Kind() {
	case '"':
		v.Kind, v.Text = StringValue, textOf(raw)
	case '0':
		v.Kind, v.Text = NumberValue, string(raw)
	case 't', 'f':
		v.Kind, v.Bool = BoolValue, raw.Kind() == 't'
	default:
		v.Kind = NullValue
	}
}

// Attributes decodes the attributes of one object of a resource and marks what
// is secret: what sensitive_attributes names, what well-known names and types
// of resources hold (see IsSecretName), and every string or number that secrets
// knows. secrets may be nil. An object without attributes is null.
func Attributes(body []byte, e InstanceEntry, secrets *Secrets) (*Value, error) {
	v, err := DecodeValue(body, e.Attributes)
	if err != nil {
		return nil, err
	}
	v.mark(instanceMarks(body, e), secrets)
	return v, nil
}

// OutputValue decodes the value of an output. All of it is marked where the
// state says that the output is sensitive, or where its name says so.
func OutputValue(body []byte, o OutputEntry, secrets *Secrets) (*Value, error) {
	v, err := DecodeValue(body, o.Value)
	if err != nil {
		return nil, err
	}
	v.mark(outputMarks(body, o), secrets)
	return v, nil
}

// mark marks what stands at one of marks, and all below it; and what secrets
// hides altogether.
func (v *Value) mark(marks marks, secrets *Secrets) {
	v.Walk(func(part *Value) bool {
		if marks.covers(part.Span) || part.Kind != BoolValue && hidesAll(secrets, part.Text) {
			part.hide()
			return false
		}
		return true
	})
}

func (v *Value) hide() {
	v.Walk(func(part *Value) bool {
		part.Sensitive = true
		return true
	})
}
