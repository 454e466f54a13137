package emulator

import (
	"slices"
	"strconv"
	"strings"
)

// parser reads one expression. Grammar, from the DynamoDB developer guide:
//
//	or      = and { OR and }
//	and     = not { AND not }
//	not     = NOT not | "(" or ")" | function | operand comparison
//	operand = path | :value | size(path)
type parser struct {
	*placeholders
	kind   string // "ConditionExpression" ..., for messages
	text   string
	tokens []token
	at     int
}

// node is a condition: a connective over kids, or a test of operands.
type node struct {
	op   string
	kids []*node
	args []operand
}

// operand is a path into the item, its size(), or a value.
type operand struct {
	path  path
	size  bool
	value *attr
}

// path leads into an item: names, and indexes of lists.
type path []step

type step struct {
	name  string
	index int // when name is ""
}

// parse starts on an expression; kind names it in messages.
func (p *placeholders) parse(kind, text string) (*parser, error) {
	tokens, bad := lex(text)
	out := &parser{placeholders: p, kind: kind, text: text, tokens: tokens}
	if bad >= 0 {
		return nil, out.fail("Syntax error; token: \"%s\", near: \"%s\"", text[bad:bad+1], text[max(0, bad-8):min(len(text), bad+8)])
	}
	return out, nil
}

// condition parses a whole condition; an empty one is nil.
func (p *placeholders) condition(kind string, text *string) (*node, error) {
	if text == nil {
		return nil, nil
	}
	if strings.TrimSpace(*text) == "" {
		return nil, validation("Invalid %s: The expression can not be empty;", kind)
	}
	r, err := p.parse(kind, *text)
	if err != nil {
		return nil, err
	}
	n, err := r.or()
	if err != nil {
		return nil, err
	}
	return n, r.end()
}

func (p *parser) fail(format string, args ...any) error {
	return validation("Invalid "+p.kind+": "+format, args...)
}

// unexpected is the error about the token at hand.
func (p *parser) unexpected() error {
	word, from, to := "<EOF>", len(p.text), len(p.text)
	if p.at < len(p.tokens) {
		word, from, to = p.tokens[p.at].text, p.tokens[p.at].from, p.tokens[p.at].to
	}
	if p.at > 0 {
		from = p.tokens[p.at-1].from
	}
	if p.at+1 < len(p.tokens) {
		to = p.tokens[p.at+1].to
	}
	return p.fail("Syntax error; token: \"%s\", near: \"%s\"", word, p.text[from:to])
}

func (p *parser) peek() string {
	if p.at < len(p.tokens) {
		return p.tokens[p.at].text
	}
	return ""
}

func (p *parser) next() string {
	word := p.peek()
	p.at++
	return word
}

// word takes the keyword or sign if it comes next; keywords have no case.
func (p *parser) word(w string) bool {
	if strings.EqualFold(p.peek(), w) && p.at < len(p.tokens) {
		p.at++
		return true
	}
	return false
}

func (p *parser) expect(w string) error {
	if !p.word(w) {
		return p.unexpected()
	}
	return nil
}

func (p *parser) end() error {
	if p.at < len(p.tokens) {
		return p.unexpected()
	}
	return nil
}

func (p *parser) or() (*node, error)  { return p.chain("OR", p.and) }
func (p *parser) and() (*node, error) { return p.chain("AND", p.not) }

func (p *parser) chain(op string, part func() (*node, error)) (*node, error) {
	first, err := part()
	if err != nil {
		return nil, err
	}
	kids := []*node{first}
	for p.word(op) {
		n, err := part()
		if err != nil {
			return nil, err
		}
		kids = append(kids, n)
	}
	if len(kids) == 1 {
		return first, nil
	}
	return &node{op: op, kids: kids}, nil
}

func (p *parser) not() (*node, error) {
	if p.word("NOT") {
		n, err := p.not()
		return &node{op: "NOT", kids: []*node{n}}, err
	}
	if p.word("(") {
		n, err := p.or()
		if err != nil {
			return nil, err
		}
		return n, p.expect(")")
	}
	if n, ok, err := p.function(); ok || err != nil {
		return n, err
	}
	return p.comparison()
}

// function parses a boolean function if one comes next. Their names have case.
func (p *parser) function() (*node, bool, error) {
	name, arity := p.peek(), 0
	switch name {
	case "attribute_exists", "attribute_not_exists":
		arity = 1
	case "begins_with", "contains", "attribute_type":
		arity = 2
	}
	called := p.at+1 < len(p.tokens) && p.tokens[p.at+1].text == "("
	if !called || name == "size" {
		return nil, false, nil
	}
	if arity == 0 {
		return nil, false, p.fail("Invalid function name; function: %s", name)
	}
	p.at += 2
	args, err := p.operands(arity)
	if err != nil {
		return nil, true, err
	}
	if arity == 1 && args[0].path == nil {
		return nil, true, p.fail("Operator or function requires a document path; operator or function: %s", name)
	}
	return &node{op: name, args: args}, true, p.expect(")")
}

// operands parses n of them, separated by commas.
func (p *parser) operands(n int) ([]operand, error) {
	var out []operand
	for len(out) < n {
		if len(out) > 0 {
			if err := p.expect(","); err != nil {
				return nil, err
			}
		}
		o, err := p.operand()
		if err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, nil
}

func (p *parser) comparison() (*node, error) {
	left, err := p.operand()
	if err != nil {
		return nil, err
	}
	switch {
	case p.word("BETWEEN"):
		return p.between(left)
	case p.word("IN"):
		return p.in(left)
	}
	op := p.peek()
	if !slices.Contains([]string{"=", "<>", "<", "<=", ">", ">="}, op) {
		return nil, p.unexpected()
	}
	p.at++
	right, err := p.operand()
	return &node{op: op, args: []operand{left, right}}, err
}

func (p *parser) between(left operand) (*node, error) {
	low, err := p.operand()
	if err != nil {
		return nil, err
	}
	if err := p.expect("AND"); err != nil {
		return nil, err
	}
	high, err := p.operand()
	return &node{op: "BETWEEN", args: []operand{left, low, high}}, err
}

func (p *parser) in(left operand) (*node, error) {
	if err := p.expect("("); err != nil {
		return nil, err
	}
	args := []operand{left}
	for {
		o, err := p.operand()
		if err != nil {
			return nil, err
		}
		args = append(args, o)
		if !p.word(",") {
			break
		}
	}
	return &node{op: "IN", args: args}, p.expect(")")
}

func (p *parser) operand() (operand, error) {
	word := p.peek()
	if strings.HasPrefix(word, ":") {
		p.at++
		v, ok := p.values[word]
		if !ok {
			return operand{}, p.fail("An expression attribute value used in expression is not defined; attribute value: %s", word)
		}
		p.usedValues[word] = true
		return operand{value: &v}, nil
	}
	if word == "size" && p.at+1 < len(p.tokens) && p.tokens[p.at+1].text == "(" {
		p.at += 2
		to, err := p.path()
		if err != nil {
			return operand{}, err
		}
		return operand{path: to, size: true}, p.expect(")")
	}
	to, err := p.path()
	return operand{path: to}, err
}

// path parses name{.name|[index]}.
func (p *parser) path() (path, error) {
	first, err := p.name()
	if err != nil {
		return nil, err
	}
	out := path{first}
	for {
		switch {
		case p.word("."):
			s, err := p.name()
			if err != nil {
				return nil, err
			}
			out = append(out, s)
		case p.word("["):
			n, err := strconv.Atoi(p.peek())
			if err != nil {
				return nil, p.unexpected()
			}
			p.at++
			out = append(out, step{index: n})
			if err := p.expect("]"); err != nil {
				return nil, err
			}
		default:
			return out, nil
		}
	}
}

func (p *parser) name() (step, error) {
	word := p.peek()
	if strings.HasPrefix(word, "#") {
		p.at++
		name, ok := p.names[word]
		if !ok {
			return step{}, p.fail("An expression attribute name used in the document path is not defined; attribute name: %s", word)
		}
		p.usedNames[word] = true
		return step{name: name}, nil
	}
	if word == "" || nameLength(word) != len(word) || word[0]-'0' < 10 || keyword(word) {
		return step{}, p.unexpected()
	}
	p.at++
	return step{name: word}, nil
}

// keyword reports the words of the grammar itself, which no attribute may be
// called without a placeholder. DynamoDB's list of reserved words is longer.
func keyword(word string) bool {
	switch strings.ToUpper(word) {
	case "AND", "OR", "NOT", "BETWEEN", "IN", "SET", "REMOVE", "ADD", "DELETE":
		return true
	}
	return false
}
