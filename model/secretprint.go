package model

import (
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Print is a value on one line, as compact JSON with every secret hidden: of a
// sensitive value it is Hidden alone, without quotes, so that nobody takes it
// for the value.
func (s *Secrets) Print(v *Value) string {
	p := printer{secrets: s, hidden: Hidden}
	p.value(v, nil)
	return string(p.out)
}

// MaskedJSON is a value as JSON that programs can read: what is sensitive is
// the string "(sensitive)", and a secret inside a longer string is replaced by
// that text. hidden are the places of both, as JSON Pointers (RFC 6901).
func (s *Secrets) MaskedJSON(v *Value) (doc []byte, hidden []string) {
	p := printer{secrets: s, hidden: `"` + Hidden + `"`, note: func(at *place) { hidden = append(hidden, at.pointer()) }}
	p.value(v, nil)
	return p.out, hidden
}

// Clear is a value as compact JSON, secrets and all. It may only be shown once
// the journal says so.
func (v *Value) Clear() string {
	p := printer{clear: true}
	p.value(v, nil)
	return string(p.out)
}

// printer writes values as compact JSON.
type printer struct {
	secrets *Secrets
	hidden  string             // in place of a sensitive value
	note    func(where *place) // told of what is hidden; nil: nobody
	clear   bool
	out     []byte
}

// place is where a value stands; nil is the top.
type place struct {
	above *place
	step  string
}

func (p *place) pointer() string {
	if p == nil {
		return ""
	}
	return p.above.pointer() + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(p.step)
}

func (p *printer) value(v *Value, at *place) {
	switch {
	case v == nil:
		p.out = append(p.out, "null"...)
	case v.Sensitive && !p.clear:
		p.out = append(p.out, p.hidden...)
		p.hid(at)
	case v.Kind == ListValue:
		p.items(v, at)
	case v.Kind == ObjectValue:
		p.members(v, at)
	case v.Kind == StringValue:
		p.text(v.Text, at)
	case v.Kind == NumberValue:
		p.out = append(p.out, v.Text...)
	case v.Kind == BoolValue:
		p.out = strconv.AppendBool(p.out, v.Bool)
	default:
		p.out = append(p.out, "null"...)
	}
}

func (p *printer) hid(at *place) {
	if p.note != nil {
		p.note(at)
	}
}

func (p *printer) text(text string, at *place) {
	if !p.clear {
		if masked := p.secrets.Mask(text); masked != text {
			p.hid(at)
			text = masked
		}
	}
	p.out = appendQuoted(p.out, text)
}

func (p *printer) items(v *Value, at *place) {
	p.out = append(p.out, '[')
	for i, item := range v.Items {
		if i > 0 {
			p.out = append(p.out, ',')
		}
		p.value(item, &place{at, strconv.Itoa(i)})
	}
	p.out = append(p.out, ']')
}

func (p *printer) members(v *Value, at *place) {
	p.out = append(p.out, '{')
	for i, m := range v.Members {
		if i > 0 {
			p.out = append(p.out, ',')
		}
		here := &place{at, m.Name}
		if !p.clear {
			here.step = p.secrets.Mask(m.Name)
		}
		p.text(m.Name, here)
		p.out = append(p.out, ':')
		p.value(m.Value, here)
	}
	p.out = append(p.out, '}')
}

// appendQuoted appends text as a string of JSON.
func appendQuoted(dst []byte, text string) []byte {
	// The error only repeats that broken UTF-8 was replaced.
	dst, _ = jsontext.AppendQuote(dst, text)
	return dst
}
