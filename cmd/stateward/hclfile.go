package main

import (
	"fmt"
	"io"
	"math/big"
	"os"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

const (
	// maxFile is the most that is read of a file which others may have written.
	maxFile = 1 << 20
	// maxNesting bounds how deep brackets, templates and operators may nest: the
	// parser recurses, and a stack that overflows cannot be recovered from.
	maxNesting = 300
	// maxConditionals bounds "a ? b : c ? …", which recurses without brackets.
	maxConditionals = 5000
)

// readRegular reads at most maxFile bytes of a regular file. Anything else (a
// pipe would block for ever) and longer files are errors.
func readRegular(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	f, err := os.Open(path) //nolint:gosec // the caller names a file to read
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // nothing was written
	body, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(body) > maxFile {
		return nil, fmt.Errorf("%s is longer than %d bytes", path, maxFile)
	}
	return body, nil
}

// parseHCL parses one file of HCL's native syntax.
func parseHCL(name string, src []byte) (*hclsyntax.Body, hcl.Diagnostics) {
	if d := nestingProblem(name, src); d != nil {
		return nil, hcl.Diagnostics{d}
	}
	file, diags := hclsyntax.ParseConfig(src, name, hcl.InitialPos)
	if diags.HasErrors() {
		return nil, diags
	}
	body, ok := file.Body.(*hclsyntax.Body)
	if !ok {
		return nil, hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "not HCL's native syntax", Subject: &hcl.Range{Filename: name, Start: hcl.InitialPos}}}
	}
	return body, nil
}

// nestingProblem looks for nesting that the parser would overflow the stack on.
// The lexer does not recurse.
func nestingProblem(name string, src []byte) *hcl.Diagnostic {
	tokens, _ := hclsyntax.LexConfig(src, name, hcl.InitialPos) // the parser reports them again
	var n nesting
	for _, t := range tokens {
		if n.count(t.Type); n.tooDeep() {
			return &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "nested too deeply", Subject: t.Range.Ptr()}
		}
	}
	return nil
}

// nesting estimates, never too low, how deep the parser would recurse.
type nesting struct {
	open         []hclsyntax.TokenType // the closers that are due
	prefixes     int                   // of "-" and "!" in a row
	conditionals int
}

func (n *nesting) tooDeep() bool {
	return len(n.open)+n.prefixes > maxNesting || n.conditionals > maxConditionals
}

func (n *nesting) count(t hclsyntax.TokenType) {
	switch t {
	case hclsyntax.TokenMinus, hclsyntax.TokenBang:
		n.prefixes++
		return
	case hclsyntax.TokenNewline, hclsyntax.TokenComment:
		return // inside brackets these do not end an expression
	case hclsyntax.TokenQuestion:
		n.conditionals++
	default:
	}
	n.prefixes = 0
	if closer := closerOf(t); closer != hclsyntax.TokenNil {
		n.open = append(n.open, closer)
	} else if last := len(n.open) - 1; last >= 0 && n.open[last] == t {
		n.open = n.open[:last]
	}
}

func closerOf(t hclsyntax.TokenType) hclsyntax.TokenType {
	switch t {
	case hclsyntax.TokenOBrace:
		return hclsyntax.TokenCBrace
	case hclsyntax.TokenOBrack:
		return hclsyntax.TokenCBrack
	case hclsyntax.TokenOParen:
		return hclsyntax.TokenCParen
	case hclsyntax.TokenOQuote:
		return hclsyntax.TokenCQuote
	case hclsyntax.TokenOHeredoc:
		return hclsyntax.TokenCHeredoc
	case hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl:
		return hclsyntax.TokenTemplateSeqEnd
	default:
		return hclsyntax.TokenNil
	}
}

// literal is the value of an expression that is written out in full: a string,
// a bool, an int64, a float64, a []any, a map[string]any or nil. Variables,
// functions, operators and loops are not run: ok is false.
func literal(e hclsyntax.Expression) (v any, ok bool) {
	switch e := e.(type) {
	case *hclsyntax.LiteralValueExpr:
		return literalValue(e.Val)
	case *hclsyntax.ParenthesesExpr:
		return literal(e.Expression)
	case *hclsyntax.TemplateExpr:
		return literalTemplate(e)
	case *hclsyntax.TupleConsExpr:
		return literalList(e)
	case *hclsyntax.ObjectConsExpr:
		return literalObject(e)
	}
	return nil, false
}

func literalValue(v cty.Value) (any, bool) {
	switch {
	case v.IsNull():
		return nil, true
	case v.Type() == cty.String:
		return v.AsString(), true
	case v.Type() == cty.Bool:
		return v.True(), true
	case v.Type() == cty.Number:
		return literalNumber(v.AsBigFloat()), true
	}
	return nil, false
}

func literalNumber(f *big.Float) any {
	if i, accuracy := f.Int64(); accuracy == big.Exact {
		return i
	}
	n, _ := f.Float64() // only ever reported as the wrong type
	return n
}

func literalTemplate(e *hclsyntax.TemplateExpr) (any, bool) {
	var b strings.Builder
	for _, part := range e.Parts {
		lit, ok := part.(*hclsyntax.LiteralValueExpr)
		if !ok || lit.Val.IsNull() || lit.Val.Type() != cty.String {
			return nil, false
		}
		b.WriteString(lit.Val.AsString())
	}
	return b.String(), true
}

func literalList(e *hclsyntax.TupleConsExpr) (any, bool) {
	list := make([]any, 0, len(e.Exprs))
	for _, item := range e.Exprs {
		v, ok := literal(item)
		if !ok {
			return nil, false
		}
		list = append(list, v)
	}
	return list, true
}

func literalObject(e *hclsyntax.ObjectConsExpr) (any, bool) {
	object := make(map[string]any, len(e.Items))
	for _, item := range e.Items {
		name, ok := literalKey(item.KeyExpr)
		if !ok {
			return nil, false
		}
		v, ok := literal(item.ValueExpr)
		if !ok {
			return nil, false
		}
		object[name] = v
	}
	return object, true
}

// literalKey is a name in an object, bare or quoted.
func literalKey(e hclsyntax.Expression) (string, bool) {
	if name := hcl.ExprAsKeyword(e); name != "" {
		return name, true
	}
	if k, ok := e.(*hclsyntax.ObjectConsKeyExpr); ok {
		e = k.Wrapped
	}
	v, ok := literal(e)
	name, isString := v.(string)
	return name, ok && isString
}
