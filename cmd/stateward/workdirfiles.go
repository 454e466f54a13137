package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// parseDataDir reads .terraform/terraform.tfstate, where init keeps the merged
// backend configuration: every argument, null where unset, secrets in plain text.
func parseDataDir(name string, src []byte) ([]block, error) {
	var file struct {
		Backend *struct {
			Type   string                     `json:"type"`
			Config map[string]json.RawMessage `json:"config"`
		} `json:"backend"`
	}
	if err := json.Unmarshal(src, &file); err != nil {
		return nil, errors.New("it is not the JSON that init writes")
	}
	if file.Backend == nil || file.Backend.Type != "s3" {
		return nil, nil
	}
	return []block{jsonBlock(name, file.Backend.Config, plainJSON)}, nil
}

// parseTFJSON reads terraform.backend.s3 of a configuration in JSON.
func parseTFJSON(name string, src []byte) ([]block, error) {
	if !bytes.Contains(src, []byte("backend")) {
		return nil, nil
	}
	if !json.Valid(src) {
		return nil, errors.New("it is not JSON")
	}
	var blocks []block
	for _, file := range jsonObjects(src) {
		for _, terraform := range jsonObjects(file["terraform"]) {
			for _, backend := range jsonObjects(terraform["backend"]) {
				for _, s3 := range jsonObjects(backend["s3"]) {
					blocks = append(blocks, jsonBlock(name, s3, templateJSON))
				}
			}
		}
	}
	return blocks, nil
}

// jsonObjects is an object, or the objects of a list: JSON configuration has
// both for a block.
func jsonObjects(raw json.RawMessage) []map[string]json.RawMessage {
	var one map[string]json.RawMessage
	if json.Unmarshal(raw, &one) == nil && one != nil {
		return []map[string]json.RawMessage{one}
	}
	var many []map[string]json.RawMessage
	if json.Unmarshal(raw, &many) == nil {
		return many
	}
	return nil
}

func jsonBlock(where string, args map[string]json.RawMessage, read func(json.RawMessage) (any, bool)) block {
	b := block{where: where}
	for _, name := range sortedKeys(args) {
		if string(args[name]) != "null" {
			b.set(name, func() (any, bool) { return read(args[name]) })
		}
	}
	return b
}

// plainJSON is a JSON value as it stands.
func plainJSON(raw json.RawMessage) (any, bool) {
	var v any
	err := json.Unmarshal(raw, &v)
	return v, err == nil
}

// templateJSON is a JSON value whose strings are templates: with an
// interpolation or a directive in one, the value is not written out.
func templateJSON(raw json.RawMessage) (any, bool) {
	if bytes.Contains(raw, []byte("${")) || bytes.Contains(raw, []byte("%{")) {
		return nil, false
	}
	return plainJSON(raw)
}

// parseTF reads terraform { backend "s3" { … } }.
func parseTF(name string, src []byte) ([]block, error) {
	if !bytes.Contains(src, []byte("backend")) {
		return nil, nil // most files: not even parsed
	}
	body, diags := parseHCL(name, src)
	if diags.HasErrors() {
		return nil, hclProblem(diags)
	}
	var blocks []block
	for _, terraform := range blocksOf(body, "terraform") {
		for _, b := range blocksOf(terraform.Body, "backend") {
			if len(b.Labels) == 1 && b.Labels[0] == "s3" {
				blocks = append(blocks, hclBlock(place(name, b.TypeRange), b.Body))
			}
		}
	}
	return blocks, nil
}

func blocksOf(body *hclsyntax.Body, kind string) []*hclsyntax.Block {
	var out []*hclsyntax.Block
	for _, b := range body.Blocks {
		if b.Type == kind {
			out = append(out, b)
		}
	}
	return out
}

func hclBlock(where string, body *hclsyntax.Body) block {
	b := block{where: where}
	for _, name := range sortedKeys(body.Attributes) {
		b.set(name, func() (any, bool) { return literal(body.Attributes[name].Expr) })
	}
	for _, nested := range body.Blocks { // endpoints { … } and assume_role { … }
		b.set(nested.Type, func() (any, bool) { return literalBody(nested.Body), true })
	}
	return b
}

// literalBody are the attributes of a body that are written out.
func literalBody(body *hclsyntax.Body) any {
	out := map[string]any{}
	for name, a := range body.Attributes {
		if v, ok := literal(a.Expr); ok {
			out[name] = v
		}
	}
	return out
}

// parseTerragrunt reads remote_state { backend = "s3", config = { … } }. Each
// item of config is taken on its own, as the key nearly always is a function.
func parseTerragrunt(name string, src []byte) ([]block, error) {
	if !bytes.Contains(src, []byte("remote_state")) {
		return nil, nil
	}
	body, diags := parseHCL(name, src)
	if diags.HasErrors() {
		return nil, hclProblem(diags)
	}
	var blocks []block
	for _, b := range blocksOf(body, "remote_state") {
		kind, config := b.Body.Attributes["backend"], b.Body.Attributes["config"]
		if kind == nil || config == nil {
			continue
		}
		if v, ok := literal(kind.Expr); ok && v != "s3" {
			continue
		}
		blocks = append(blocks, terragruntBlock(place(name, b.TypeRange), config.Expr))
	}
	return blocks, nil
}

func terragruntBlock(where string, config hclsyntax.Expression) block {
	b := block{where: where}
	object, ok := config.(*hclsyntax.ObjectConsExpr)
	if !ok {
		b.unresolved = []string{"config"}
		return b
	}
	for _, item := range object.Items {
		if name, ok := literalKey(item.KeyExpr); ok {
			b.set(name, func() (any, bool) { return literal(item.ValueExpr) })
		}
	}
	return b
}

func place(name string, at hcl.Range) string { return fmt.Sprintf("%s:%d", name, at.Start.Line) }

// hclProblem is the first error of a file that is not ours to correct. The
// detail is left out: it may quote the file.
func hclProblem(diags hcl.Diagnostics) error {
	for _, d := range diags {
		if d.Severity == hcl.DiagError {
			return fmt.Errorf("%s%s", lineOf(d), strings.ToLower(d.Summary))
		}
	}
	return errors.New("it is not valid")
}

func lineOf(d *hcl.Diagnostic) string {
	if d.Subject == nil {
		return ""
	}
	return fmt.Sprintf("line %d: ", d.Subject.Start.Line)
}
