package emulator

import (
	"math/big"
	"slices"
	"strings"
)

// update is a parsed UpdateExpression.
type update struct{ actions []action }

// action is one change: SET path = value, REMOVE path, ADD path value or
// DELETE path value.
type action struct {
	verb   string
	target path
	value  valueExpr // not for REMOVE
}

// valueExpr is the right side of SET: an operand, a function of two, or a sum.
type valueExpr struct {
	op   string // "", "+", "-", "if_not_exists" or "list_append"
	args []valueExpr
	leaf operand
}

func (p *placeholders) update(text *string) (*update, error) {
	if text == nil {
		return &update{}, nil
	}
	r, err := p.parse("UpdateExpression", *text)
	if err != nil {
		return nil, err
	}
	u := &update{}
	seen := map[string]bool{}
	for r.at < len(r.tokens) || len(u.actions) == 0 {
		verb := strings.ToUpper(r.next())
		if !slices.Contains([]string{"SET", "REMOVE", "ADD", "DELETE"}, verb) {
			r.at--
			return nil, r.unexpected()
		}
		if seen[verb] {
			return nil, r.fail("The \"%s\" section can only be used once in an update expression;", verb)
		}
		seen[verb] = true
		if err := r.clause(verb, u); err != nil {
			return nil, err
		}
	}
	return u, nil
}

func (p *parser) clause(verb string, u *update) error {
	for {
		target, err := p.path()
		if err != nil {
			return err
		}
		a := action{verb: verb, target: target}
		switch verb {
		case "SET":
			if err := p.expect("="); err != nil {
				return err
			}
			a.value, err = p.sum()
		case "ADD", "DELETE":
			a.value.leaf, err = p.operand()
		}
		if err != nil {
			return err
		}
		u.actions = append(u.actions, a)
		if !p.word(",") {
			return nil
		}
	}
}

func (p *parser) sum() (valueExpr, error) {
	left, err := p.term()
	if err != nil {
		return left, err
	}
	op := p.peek()
	if op != "+" && op != "-" {
		return left, nil
	}
	p.at++
	right, err := p.term()
	return valueExpr{op: op, args: []valueExpr{left, right}}, err
}

func (p *parser) term() (valueExpr, error) {
	name := p.peek()
	called := p.at+1 < len(p.tokens) && p.tokens[p.at+1].text == "("
	if !called {
		o, err := p.operand()
		return valueExpr{leaf: o}, err
	}
	if name != "if_not_exists" && name != "list_append" {
		return valueExpr{}, p.fail("Invalid function name; function: %s", name)
	}
	p.at += 2
	first, err := p.sum()
	if err != nil {
		return first, err
	}
	if err := p.expect(","); err != nil {
		return first, err
	}
	second, err := p.sum()
	if err != nil {
		return second, err
	}
	return valueExpr{op: name, args: []valueExpr{first, second}}, p.expect(")")
}

// eval works out a value on the item as it was before the update.
func (v valueExpr) eval(old item) (attr, error) {
	switch v.op {
	case "":
		a, ok := v.leaf.eval(old)
		if !ok {
			return a, validation("The provided expression refers to an attribute that does not exist in the item")
		}
		return a.clone(), nil
	case "if_not_exists":
		if a, ok := v.args[0].leaf.eval(old); ok {
			return a.clone(), nil
		}
		return v.args[1].eval(old)
	}
	left, err := v.args[0].eval(old)
	if err != nil {
		return left, err
	}
	right, err := v.args[1].eval(old)
	if err != nil {
		return right, err
	}
	return combine(v.op, left, right)
}

func combine(op string, a, b attr) (attr, error) {
	want := choose(op == "list_append", "L", "N")
	if a.kind != want || b.kind != want {
		return a, validation("An operand in the update expression has an incorrect data type")
	}
	switch op {
	case "list_append":
		return attr{kind: "L", list: append(slices.Clone(a.list), b.list...)}, nil
	case "-":
		return attr{kind: "N", text: formatNumber(new(big.Rat).Sub(a.number(), b.number()))}, nil
	default:
		return attr{kind: "N", text: formatNumber(new(big.Rat).Add(a.number(), b.number()))}, nil
	}
}

// apply returns the updated copy of old. Every value is worked out before
// anything changes.
func (u *update) apply(old item) (item, error) {
	values := make([]attr, len(u.actions))
	for n, a := range u.actions {
		var err error
		if a.verb != "REMOVE" {
			if values[n], err = a.value.eval(old); err != nil {
				return nil, err
			}
		}
	}
	out := attr{kind: "M", doc: old.clone()}
	for n, a := range u.actions {
		var err error
		if out, err = a.apply(out, values[n]); err != nil {
			return nil, err
		}
	}
	return out.doc, nil
}

func (a action) apply(to attr, v attr) (attr, error) {
	old, exists := a.target.get(to.doc)
	switch a.verb {
	case "REMOVE":
		return a.target.without(to), nil
	case "ADD":
		var err error
		if v, err = added(old, v, exists); err != nil {
			return to, err
		}
	case "DELETE":
		if !exists {
			return to, nil
		}
		v = attr{kind: old.kind, list: slices.DeleteFunc(slices.Clone(old.list), func(m attr) bool { return slices.ContainsFunc(v.list, m.equal) })}
		if len(v.list) == 0 {
			return a.target.without(to), nil // DynamoDB keeps no empty sets
		}
	}
	out, ok := a.target.with(to, v)
	if !ok {
		return to, validation("The document path provided in the update expression is invalid for update")
	}
	return out, nil
}

// added is ADD: a sum of numbers or a union of sets.
func added(old, v attr, exists bool) (attr, error) {
	switch {
	case v.kind != "N" && !v.set():
		return v, validation("Invalid UpdateExpression: Incorrect operand type for operator or function; operator: ADD, operand type: %s", v.kind)
	case !exists:
		return v, nil
	case old.kind != v.kind:
		return v, validation("An operand in the update expression has an incorrect data type")
	case v.kind == "N":
		return combine("+", old, v)
	}
	union := slices.Clone(old.list)
	for _, m := range v.list {
		if !slices.ContainsFunc(union, m.equal) {
			union = append(union, m)
		}
	}
	return attr{kind: v.kind, list: union}, nil
}
