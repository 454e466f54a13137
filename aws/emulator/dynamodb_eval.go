package emulator

import (
	"bytes"
	"slices"
)

// holds evaluates a condition on an item; a nil condition holds.
func (n *node) holds(i item) bool {
	if n == nil {
		return true
	}
	fails := func(kid *node) bool { return !kid.holds(i) }
	holds := func(kid *node) bool { return kid.holds(i) }
	switch n.op {
	case "AND":
		return !slices.ContainsFunc(n.kids, fails)
	case "OR":
		return slices.ContainsFunc(n.kids, holds)
	case "NOT":
		return !n.kids[0].holds(i)
	}
	return n.test(i)
}

// test evaluates a leaf. A missing attribute makes every comparison false but
// <>, which is true, and attribute_not_exists.
func (n *node) test(i item) bool {
	values := make([]attr, len(n.args))
	missing := false
	for k, arg := range n.args {
		v, ok := arg.eval(i)
		values[k], missing = v, missing || !ok
	}
	switch n.op {
	case "attribute_exists":
		return !missing
	case "attribute_not_exists":
		return missing
	case "<>":
		return missing || !values[0].equal(values[1])
	}
	return !missing && compareAll(n.op, values)
}

func compareAll(op string, v []attr) bool {
	switch op {
	case "=":
		return v[0].equal(v[1])
	case "IN":
		return slices.ContainsFunc(v[1:], v[0].equal)
	case "BETWEEN":
		return ordered(">=", v[0], v[1]) && ordered("<=", v[0], v[2])
	case "begins_with":
		return v[0].kind == v[1].kind && bytes.HasPrefix(v[0].bytes(), v[1].bytes())
	case "contains":
		return v[0].contains(v[1])
	case "attribute_type":
		return v[0].kind == v[1].text
	}
	return ordered(op, v[0], v[1])
}

func ordered(op string, a, b attr) bool {
	c, ok := a.compare(b)
	switch op {
	case "<":
		return ok && c < 0
	case "<=":
		return ok && c <= 0
	case ">":
		return ok && c > 0
	default:
		return ok && c >= 0
	}
}

// contains is a substring of a string, or a member of a list or set.
func (a attr) contains(b attr) bool {
	if a.kind == "S" || a.kind == "B" {
		return a.kind == b.kind && bytes.Contains(a.bytes(), b.bytes())
	}
	return slices.ContainsFunc(a.list, b.equal)
}

func (o operand) eval(i item) (attr, bool) {
	if o.value != nil {
		return *o.value, true
	}
	v, ok := o.path.get(i)
	if !ok || !o.size {
		return v, ok
	}
	n, ok := v.length()
	return attr{kind: "N", text: itoa(n)}, ok
}

// get follows the path.
func (p path) get(i item) (attr, bool) {
	at := attr{kind: "M", doc: i}
	for _, s := range p {
		switch {
		case s.name != "" && at.kind == "M":
			v, ok := at.doc[s.name]
			if !ok {
				return attr{}, false
			}
			at = v
		case s.name == "" && at.kind == "L" && s.index < len(at.list):
			at = at.list[s.index]
		default:
			return attr{}, false
		}
	}
	return at, true
}

// with returns the value with v at the path, everything before it being there;
// behind a list's end v is appended.
func (p path) with(at attr, v attr) (attr, bool) {
	if len(p) == 0 {
		return v, true
	}
	s := p[0]
	switch {
	case s.name != "" && at.kind == "M":
		old, exists := at.doc[s.name]
		if !exists && len(p) > 1 {
			return at, false
		}
		inner, ok := p[1:].with(old, v)
		if at.doc == nil {
			at.doc = item{}
		}
		at.doc[s.name] = inner
		return at, ok
	case s.name == "" && at.kind == "L" && s.index < len(at.list):
		inner, ok := p[1:].with(at.list[s.index], v)
		at.list[s.index] = inner
		return at, ok
	case s.name == "" && at.kind == "L" && len(p) == 1:
		at.list = append(at.list, v)
		return at, true
	}
	return at, false
}

// without returns the value with nothing at the path.
func (p path) without(at attr) attr {
	s := p[0]
	last := len(p) == 1
	switch {
	case s.name != "" && at.kind == "M":
		if last {
			delete(at.doc, s.name)
		} else if old, ok := at.doc[s.name]; ok {
			at.doc[s.name] = p[1:].without(old)
		}
	case s.name == "" && at.kind == "L" && s.index < len(at.list):
		if last {
			at.list = slices.Delete(at.list, s.index, s.index+1)
		} else {
			at.list[s.index] = p[1:].without(at.list[s.index])
		}
	}
	return at
}

// projection is the paths an answer is cut down to; nil keeps everything.
type projection []path

func (p *placeholders) projection(text *string) (projection, error) {
	if text == nil {
		return nil, nil
	}
	r, err := p.parse("ProjectionExpression", *text)
	if err != nil {
		return nil, err
	}
	var out projection
	for {
		to, err := r.path()
		if err != nil {
			return nil, err
		}
		out = append(out, to)
		if !r.word(",") {
			return out, r.end()
		}
	}
}

// of returns the projected copy of an item. Elements of lists come in the
// order of the projection.
func (p projection) of(i item) item {
	if p == nil || i == nil {
		return i
	}
	out := item{}
	for _, to := range p {
		if v, ok := to.get(i); ok {
			out.graft(i, to, v)
		}
	}
	return out
}

// graft puts v at the path, making the maps and lists that i has on the way.
func (i item) graft(from item, to path, v attr) {
	at := attr{kind: "M", doc: i}
	for n := 1; n < len(to); n++ {
		if _, ok := to[:n].get(i); ok {
			continue
		}
		parent, _ := to[:n].get(from) // v was found below it
		at, _ = to[:n].with(at, attr{kind: parent.kind, doc: item{}})
	}
	_, _ = to.with(at, v) // its parents were just made
}
