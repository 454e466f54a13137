package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/stateward/stateward/model"
)

// config is the operator's own file.
type config struct {
	path     string // "" when there is none
	options  options
	backends []model.Backend
	policies []model.PolicyRule
	ui       uiConfig
}

type uiConfig struct {
	theme   string        // auto, dark or light
	refresh time.Duration // between two reads of a page by itself
}

func defaultUI() uiConfig { return uiConfig{theme: "auto", refresh: 30 * time.Second} }

// configPath is where the file is looked for when --config does not say.
func configPath(env func(string) string) (string, error) {
	dir, err := xdgDir(env, "XDG_CONFIG_HOME", ".config")
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "stateward", "config.hcl"), nil
}

// loadConfig reads the file that --config names, which must then exist, or the
// one at the usual place, if there is one.
func loadConfig(env func(string) string, named string) (config, error) {
	at := named
	if at == "" {
		var err error
		if at, err = configPath(env); err != nil {
			return config{ui: defaultUI()}, nil // no home, hence no file in it
		}
	}
	src, err := readRegular(at)
	if errors.Is(err, fs.ErrNotExist) && named == "" {
		return config{ui: defaultUI()}, nil
	}
	if err != nil {
		return config{}, usagef("reading the config: %v", err)
	}
	return parseConfig(at, src)
}

// parseConfig reads a config. Its error lists every problem with file, line and
// column, in the order of the file.
func parseConfig(name string, src []byte) (config, error) {
	c := config{path: name, ui: defaultUI()}
	body, diags := parseHCL(name, src)
	if diags.HasErrors() {
		return config{}, configProblems(diags)
	}
	r := &configReader{}
	r.file(body, &c)
	if r.diags.HasErrors() {
		return config{}, configProblems(r.diags)
	}
	return c, nil
}

func configProblems(diags hcl.Diagnostics) error {
	errs := slices.DeleteFunc(slices.Clone(diags), func(d *hcl.Diagnostic) bool { return d.Severity != hcl.DiagError })
	slices.SortStableFunc(errs, func(a, b *hcl.Diagnostic) int { return offset(a) - offset(b) })
	lines := make([]string, 0, len(errs))
	for _, d := range errs {
		lines = append(lines, diagnosticLine(d))
	}
	return usagef("the config is not valid:\n  %s", strings.Join(lines, "\n  "))
}

func offset(d *hcl.Diagnostic) int {
	if d.Subject == nil {
		return 0
	}
	return d.Subject.Start.Byte
}

// diagnosticLine is file:line:column: what is wrong. It never quotes the file.
func diagnosticLine(d *hcl.Diagnostic) string {
	text := d.Summary
	if d.Detail != "" {
		text += ": " + d.Detail
	}
	if d.Subject == nil {
		return text
	}
	return fmt.Sprintf("%s:%d:%d: %s", d.Subject.Filename, d.Subject.Start.Line, d.Subject.Start.Column, text)
}

// configReader collects what is wrong with a config while reading it.
type configReader struct{ diags hcl.Diagnostics }

// setter takes the value of one attribute.
type setter func(v any) error

// into stores a value.
func into[T any](p *T, parse func(any) (T, error)) setter {
	return func(v any) (err error) {
		*p, err = parse(v)
		return err
	}
}

// said stores a value of which it matters whether the file says it at all.
func said[T any](p **T, parse func(any) (T, error)) setter {
	return func(v any) error {
		t, err := parse(v)
		*p = &t
		return err
	}
}

func (r *configReader) problem(at hcl.Range, format string, args ...any) {
	r.diags = append(r.diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: fmt.Sprintf(format, args...), Subject: &at})
}

// attributes reads every attribute of a body; one that is not known is an error.
func (r *configReader) attributes(body *hclsyntax.Body, known map[string]setter) {
	for name, a := range body.Attributes {
		set, ok := known[name]
		if !ok {
			r.problem(a.NameRange, "%q is not known here: known are %s", name, strings.Join(sortedKeys(known), ", "))
			continue
		}
		v, ok := literal(a.Expr)
		switch {
		case !ok:
			r.problem(a.Expr.Range(), "%s must be written out: variables, functions and operators are not evaluated", name)
		case v == nil: // null is the same as leaving it out
		default:
			if err := set(v); err != nil {
				r.problem(a.Expr.Range(), "%s: %v", name, err)
			}
		}
	}
}

// noBlocks reports the blocks that a body must not have.
func (r *configReader) noBlocks(body *hclsyntax.Body) {
	for _, b := range body.Blocks {
		r.problem(b.TypeRange, "no block %q is known here", b.Type)
	}
}

func (r *configReader) file(body *hclsyntax.Body, c *config) {
	r.attributes(body, c.options.setters())
	uiSeen := false
	for _, b := range body.Blocks {
		switch b.Type {
		case "backend":
			r.backend(b, c)
		case "policy":
			r.policy(b, c)
		case "ui":
			if uiSeen {
				r.problem(b.TypeRange, "there is a second ui block")
			}
			uiSeen = true
			r.ui(b, c)
		default:
			r.problem(b.TypeRange, "no block %q is known: known are backend, policy, ui", b.Type)
		}
	}
}

// label is the one label of a block.
func (r *configReader) label(b *hclsyntax.Block, what string) string {
	if len(b.Labels) != 1 || b.Labels[0] == "" {
		r.problem(b.TypeRange, "a %s block has one label: %s", b.Type, what)
		return ""
	}
	return b.Labels[0]
}

func (r *configReader) backend(b *hclsyntax.Block, c *config) {
	m := model.Backend{Source: model.SourceConfig, Name: r.label(b, "the backend's name")}
	r.noBlocks(b.Body)
	r.attributes(b.Body, backendSetters(&m))
	switch {
	case m.Name == "": // already a problem
	case m.Bucket == "" && b.Body.Attributes["bucket"] == nil:
		r.problem(b.TypeRange, "backend %q has no bucket", m.Name)
	case strings.HasPrefix(m.Name, "s3:"):
		r.problem(b.LabelRanges[0], "a backend's name cannot start with s3:, as that is how a bucket is named")
	case slices.ContainsFunc(c.backends, func(o model.Backend) bool { return o.Name == m.Name }):
		r.problem(b.LabelRanges[0], "there is a second backend %q", m.Name)
	}
	c.backends = append(c.backends, completed(m))
}

// backendSetters are the attributes of a backend block.
func backendSetters(m *model.Backend) map[string]setter {
	return map[string]setter{
		"bucket":               into(&m.Bucket, then(asString, parseBucket)),
		"prefix":               into(&m.Prefix, asString),
		"region":               into(&m.Region, asString),
		"profile":              into(&m.Access.Profile, asString),
		"role_arn":             into(&m.Access.RoleARN, asString),
		"external_id":          into(&m.Access.ExternalID, asString),
		"mfa_serial":           into(&m.Access.MFASerial, asString),
		"endpoints":            into(&m.Access.Endpoints, then(asStringMap, parseEndpoints)),
		"path_style":           into(&m.Access.PathStyle, asBool),
		"lock_tables":          into(&m.Tables, asStrings),
		"mechanisms":           into(&m.Declared, then(asStrings, parseMechanisms)),
		"workspace_key_prefix": into(&m.Workspace, asWorkspaceRule),
		"encrypt":              writes(m, said(&m.Write.Encrypt, asBool)),
		"kms_key_id":           writes(m, into(&m.Write.KMSKeyID, asString)),
		"acl":                  writes(m, into(&m.Write.ACL, asString)),
		"state_tags":           writes(m, into(&m.Write.Tags, asStringMap)),
		"skip_s3_checksum":     writes(m, into(&m.Write.SkipChecksum, asBool)),
		"sse_customer_key_env": writes(m, into(&m.Write.SSECustomerKeyEnv, then(asString, parseEnvName))),
	}
}

// writes notes that the file says how states are written.
func writes(m *model.Backend, set setter) setter {
	return func(v any) error {
		m.Write.FromConfiguration, m.Write.ConfigurationPresent = true, true
		return set(v)
	}
}

func asWorkspaceRule(v any) (model.WorkspaceRule, error) {
	s, err := asString(v)
	return model.WorkspaceRule{Prefix: s, Set: true}, err
}

func parseBucket(s string) (string, error) {
	if s == "" || strings.ContainsAny(s, "/ ") {
		return "", fmt.Errorf("%q is not the name of a bucket", s)
	}
	return s, nil
}

// parseEnvName keeps a key that was put where its variable's name belongs out
// of everything that prints the config.
func parseEnvName(s string) (string, error) {
	ok := s != "" && strings.IndexFunc(s, func(r rune) bool {
		return !(r == '_' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9')
	}) < 0
	if !ok {
		return "", errors.New("it takes the name of an environment variable, never the key itself")
	}
	return s, nil
}

// completed adds what follows from the rest of a backend block: with dynamodb
// among the mechanisms its clients keep digests in the tables named. A table
// without that is only a place to look and to lock.
func completed(m model.Backend) model.Backend {
	if slices.Contains(m.Declared, model.MechanismDynamoDB) {
		m.Digests = slices.Clone(m.Tables)
	}
	return m
}

func (r *configReader) policy(b *hclsyntax.Block, c *config) {
	rule := model.PolicyRule{Glob: r.label(b, "a glob over bucket names")}
	if _, err := path.Match(rule.Glob, ""); err != nil {
		r.problem(b.LabelRanges[0], "%q is not a glob such as acme-*-prod", rule.Glob)
	}
	r.noBlocks(b.Body)
	r.attributes(b.Body, policySetters(&rule.Policy))
	c.policies = append(c.policies, rule)
}

// policySetters are the attributes of a policy block.
func policySetters(p *model.Policy) map[string]setter {
	return map[string]setter{
		"protected":      into(&p.Protected, asBool),
		"read_only":      into(&p.ReadOnly, asBool),
		"require_reason": into(&p.RequireReason, asBool),
		"min_lock_age":   into(&p.MinLockAge, then(asString, parseDuration)),
	}
}

func (r *configReader) ui(b *hclsyntax.Block, c *config) {
	if len(b.Labels) > 0 {
		r.problem(b.LabelRanges[0], "a ui block has no label")
	}
	r.noBlocks(b.Body)
	r.attributes(b.Body, uiSetters(&c.ui))
}

// uiSetters are the attributes of the ui block.
func uiSetters(u *uiConfig) map[string]setter {
	return map[string]setter{
		"theme":   into(&u.theme, then(asString, parseTheme)),
		"refresh": into(&u.refresh, then(asString, parseInterval)),
	}
}
