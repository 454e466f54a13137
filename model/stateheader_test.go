package model

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func readState(t testing.TB, name string) []byte {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", "states", name))
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func stateFixtures(t testing.TB) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob(filepath.Join("testdata", "states", "*.tfstate"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	bodies := map[string][]byte{}
	for _, name := range names {
		bodies[filepath.Base(name)] = readState(t, filepath.Base(name))
	}
	return bodies
}

// facts is a header as text, "-" for what is absent.
func facts(h StateHeader) string {
	text := func(s *string) string {
		if s == nil {
			return "-"
		}
		return *s
	}
	serial := "-"
	if h.Serial != nil {
		b, _ := json.Marshal(*h.Serial) // a number
		serial = string(b)
	}
	out := strings.Join([]string{string(h.Format), text(h.TerraformVersion), serial, text(h.Lineage)}, " ")
	if h.Encryption != nil {
		out += " " + h.Encryption.Version + "[" + strings.Join(h.Encryption.KeyProviders, " ") + "]"
	}
	return out
}

func TestReadHeaderOfAWholeState(t *testing.T) {
	cases := map[string]struct {
		body, want, problem string
		ambiguous           []string
	}{
		"v4":                                    {body: `{"version":4,"terraform_version":"1.11.4","serial":3,"lineage":"l","outputs":{},"resources":[]}`, want: "v4 1.11.4 3 l"},
		"v3":                                    {body: `{"version":3,"terraform_version":"0.11.14","serial":3,"lineage":"l","modules":[]}`, want: "v3 0.11.14 3 l"},
		"v2 without a terraform version":        {body: `{"version":2,"serial":3,"lineage":"l","modules":[]}`, want: "v2 - 3 l"},
		"v1 has no lineage":                     {body: `{"version":1,"serial":3,"modules":[]}`, want: "v1 - 3 -"},
		"v0 is binary":                          {body: "tfstate\x01\x02\x03", want: "v0 - - -"},
		"empty":                                 {body: "", want: "empty - - -"},
		"encrypted by OpenTofu":                 {body: `{"serial":3,"lineage":"l","meta":{"key_provider.pbkdf2.k":"x","key_provider.aws_kms.b":"y"},"encrypted_data":"AA","encryption_version":"v0"}`, want: "encrypted - 3 l v0[pbkdf2.k aws_kms.b]"},
		"encrypted with an alias for metadata":  {body: `{"serial":3,"lineage":"l","meta":{"mine":"x"},"encrypted_data":"AA","encryption_version":"v0"}`, want: "encrypted - 3 l v0[mine]"},
		"encrypted, version first":              {body: `{"encryption_version":"v0","serial":3,"lineage":"l"}`, want: "encrypted - 3 l v0[]"},
		"an empty encryption_version is none":   {body: `{"version":4,"serial":3,"lineage":"l","encryption_version":""}`, want: "v4 - 3 l"},
		"facts after the resources":             {body: `{"resources":[{"serial":9,"lineage":"no"}],"lineage":"l","serial":3,"version":4}`, want: "v4 - 3 l"},
		"CRLF and tabs between everything":      {body: "\r\n{\r\n\t\"version\" :\t4 ,\r\n\t\"serial\" : 3 ,\r\n \"lineage\"\r\n:\r\n\"l\"\r\n}\r\n\r\n", want: "v4 - 3 l"},
		"the largest serial":                    {body: `{"version":4,"serial":18446744073709551615,"lineage":"l"}`, want: "v4 - 18446744073709551615 l"},
		"null facts are absent":                 {body: `{"version":4,"serial":null,"lineage":null,"terraform_version":null}`, want: "v4 - - -"},
		"escapes in strings":                    {body: `{"version":4,"serial":3,"lineage":"a\u002db\n"}`, want: "v4 - 3 a-b\n"},
		"invalid UTF-8 in a string":             {body: "{\"version\":4,\"serial\":3,\"lineage\":\"a\xffb\"}", want: "v4 - 3 a\uFFFDb"},
		"a doubled serial, the last one counts": {body: `{"version":4,"serial":3,"serial":9,"lineage":"l"}`, want: "v4 - 9 l", ambiguous: []string{"serial"}},
		"null does not undo a serial":           {body: `{"version":4,"serial":3,"serial":null,"lineage":"l"}`, want: "v4 - 3 l", ambiguous: []string{"serial"}},
		"a serial in capitals counts":           {body: `{"version":4,"serial":3,"SERIAL":9,"lineage":"l"}`, want: "v4 - 9 l", ambiguous: []string{"serial"}},
		"a serial with a long s counts":         {body: `{"version":4,"serial":3,"ſerial":9,"lineage":"l"}`, want: "v4 - 9 l", ambiguous: []string{"serial"}},
		"an escaped name counts":                {body: `{"version":4,"s\u0065rial":3,"lineage":"l"}`, want: "v4 - 3 l", ambiguous: []string{"serial"}},
		"doubled resources are noted":           {body: `{"version":4,"serial":3,"lineage":"l","resources":[],"Resources":[]}`, want: "v4 - 3 l", ambiguous: []string{"resources"}},

		"a web page":                  {body: "<!DOCTYPE html><html></html>", want: "invalid - - -", problem: `at offset 0: not a JSON object: "<", expected '{'`},
		"garbage":                     {body: "\x1f\x8b\x08\x00", want: "invalid - - -", problem: `at offset 0: not a JSON object: "\x1f", expected '{'`},
		"white space only":            {body: " \n ", want: "invalid - - -", problem: "at offset 3: nothing but white space"},
		"a byte-order mark":           {body: "\ufeff{\"version\":4}", want: "invalid - - -", problem: "at offset 0: a byte-order mark"},
		"an array":                    {body: `[{"version":4}]`, want: "invalid - - -", problem: "at offset 0: not a JSON object"},
		"a JSON object of other kind": {body: `{"name":"x","version":"1.0.0"}`, want: "invalid - - -", problem: `at offset 22: "version" is a string, expected a whole number`},
		"no version":                  {body: `{"serial":3,"lineage":"l"}`, want: "invalid - 3 l", problem: `no "version"`},
		"a version of the future":     {body: `{"version":5,"serial":3,"lineage":"l"}`, want: "invalid - 3 l", problem: "format version 5 is not known"},
		"version zero":                {body: `{"version":0,"serial":3,"lineage":"l"}`, want: "invalid - 3 l", problem: "format version 0 is not known"},
		"a version of 20 digits":      {body: `{"version":10000000000000000000}`, want: "invalid - - -", problem: "not a format version"},
		"cut in the middle":           {body: `{"version":4,"serial":3,"lineage":"l","resources":[{"mode":"man`, want: "invalid - 3 l", problem: "the state ends too early"},
		"cut in the serial":           {body: `{"version":4,"serial":3`, want: "invalid - 3 -", problem: "at offset 23: the state ends too early"},
		"a missing comma":             {body: `{"version":4 "serial":3}`, want: "invalid - - -", problem: "at offset 13: not JSON: invalid character '\"' after object value (expecting ',' or '}')"},
		"data after the end":          {body: `{"version":4,"serial":3,"lineage":"l"} {}`, want: "invalid - 3 l", problem: "at offset 38: data after the end"},
		"zero bytes after the end":    {body: "{\"version\":4,\"serial\":3}\x00", want: "invalid - 3 -", problem: "at offset 24: data after the end"},
		"a serial with a fraction":    {body: `{"version":4,"serial":3.0}`, want: "invalid - - -", problem: `at offset 22: "serial" is a number that is not a whole one`},
		"a serial with an exponent":   {body: `{"version":4,"serial":3e2}`, want: "invalid - - -", problem: `"serial" is a number that is not a whole one`},
		"a negative serial":           {body: `{"version":4,"serial":-3}`, want: "invalid - - -", problem: `"serial" is a number that is not a whole one`},
		"a serial beyond 64 bits":     {body: `{"version":4,"serial":18446744073709551616}`, want: "invalid - - -", problem: `"serial" is a number that is not a whole one`},
		"a serial as text":            {body: `{"version":4,"serial":"3"}`, want: "invalid - - -", problem: `"serial" is a string, expected a whole number`},
		"a serial too large for v3":   {body: `{"version":3,"serial":9223372036854775808,"lineage":"l"}`, want: "invalid - 9223372036854775808 l", problem: "the most in format v3"},
		"a lineage that is a number":  {body: `{"version":4,"serial":3,"lineage":7}`, want: "invalid - 3 -", problem: `"lineage" is a number, expected a string`},
		"plain and encrypted at once": {body: `{"version":4,"serial":3,"encryption_version":"v0"}`, want: "invalid - 3 -", problem: "both a plain state"},
		"encrypted and plain at once": {body: `{"encryption_version":"v0","version":4}`, want: "invalid - - -", problem: "both a plain state"},
		"nested beyond all limits":    {body: `{"version":4,"resources":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + "}", want: "invalid - - -", problem: "max"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			h := ReadHeader([]byte(c.body), int64(len(c.body)))
			if got := facts(h); got != c.want {
				t.Errorf("facts %q, want %q", got, c.want)
			}
			if !strings.Contains(h.Problem, c.problem) || (c.problem == "") != (h.Problem == "") {
				t.Errorf("problem %q, want %q", h.Problem, c.problem)
			}
			if !slices.Equal(h.Ambiguous, c.ambiguous) || len(h.Notes()) != len(c.ambiguous) {
				t.Errorf("ambiguous %q (notes %q), want %q", h.Ambiguous, h.Notes(), c.ambiguous)
			}
			if !h.Complete() || h.Truncated {
				t.Error("a whole state is not complete")
			}
		})
	}
}

func TestReadHeaderOfAPrefix(t *testing.T) {
	cases := map[string]struct {
		prefix, want string
		complete     bool
	}{
		"nothing":                                  {prefix: "", want: " - - -"},
		"part of what v0 starts with":              {prefix: "tfst", want: " - - -"},
		"v0":                                       {prefix: "tfstate", want: "v0 - - -", complete: true},
		"one brace":                                {prefix: "{", want: " - - -"},
		"white space":                              {prefix: " \n", want: " - - -"},
		"a web page":                               {prefix: "<html>", want: "invalid - - -", complete: true},
		"all facts":                                {prefix: `{"version":4,"terraform_version":"1.11.4","serial":3,"lineage":"l","outp`, want: "v4 1.11.4 3 l", complete: true},
		"cut before the lineage":                   {prefix: `{"version":4,"terraform_version":"1.11.4","serial":3,`, want: "v4 1.11.4 3 -"},
		"cut in the lineage":                       {prefix: `{"version":4,"terraform_version":"1.11.4","serial":3,"lineage":"5b0`, want: "v4 1.11.4 3 -"},
		"cut in an escape":                         {prefix: `{"version":4,"lineage":"a\u00`, want: "v4 - - -"},
		"cut in a rune":                            {prefix: "{\"version\":4,\"lineage\":\"\xc3", want: "v4 - - -"},
		"cut in the digits of the serial":          {prefix: `{"version":4,"serial":12`, want: "v4 - - -"},
		"cut in the digits of the version":         {prefix: `{"version":4`, want: " - - -"},
		"v1 needs no lineage":                      {prefix: `{"version":1,"serial":3,"modules":[{`, want: "v1 - 3 -", complete: true},
		"encrypted, cut in the data":               {prefix: `{"serial":3,"lineage":"l","meta":{"key_provider.aws_kms.k":"x"},"encrypted_data":"AAAAAAAA`, want: "encrypted - 3 l [aws_kms.k]", complete: true},
		"encrypted, cut in long metadata":          {prefix: `{"serial":3,"lineage":"l","meta":{"key_provider.aws_kms.k":"AAAA`, want: "encrypted - 3 l []", complete: true},
		"encrypted with an alias, cut in the data": {prefix: `{"serial":3,"lineage":"l","meta":{"mine":"x"},"encrypted_data":"AA`, want: "encrypted - 3 l [mine]", complete: true},
		"resources first":                          {prefix: `{"version":4,"resources":[{"mode":"managed"`, want: "v4 - - -"},
		"a fault within the prefix":                {prefix: `{"version":4,"serial":3,]`, want: "invalid - 3 -", complete: true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			h := ReadHeader([]byte(c.prefix), 100_000)
			if got := facts(h); got != c.want {
				t.Errorf("facts %q, want %q", got, c.want)
			}
			if h.Complete() != c.complete || !h.Truncated {
				t.Errorf("complete %v, truncated %v; want %v, true", h.Complete(), h.Truncated, c.complete)
			}
		})
	}
}

func TestReadHeaderTakes512BytesOfEveryFixture(t *testing.T) {
	for name, body := range stateFixtures(t) {
		t.Run(name, func(t *testing.T) {
			n := min(512, len(body))
			h := ReadHeader(body[:n], int64(len(body)))
			if !h.Complete() || h.Serial == nil || h.Format == FormatInvalid {
				t.Fatalf("%s: %s", facts(h), h.Problem)
			}
			whole := ReadHeader(body, int64(len(body)))
			if *h.Serial != *whole.Serial || h.Format != whole.Format {
				t.Errorf("the prefix says %s, the whole %s", facts(h), facts(whole))
			}
		})
	}
}

func TestReadHeaderNeverContradictsItselfAtAnyCut(t *testing.T) {
	for name, body := range stateFixtures(t) {
		t.Run(name, func(t *testing.T) {
			whole := ReadHeader(body, int64(len(body)))
			for cut := 0; cut < len(body); cut += 1 + cut/1024*37 {
				checkPrefix(t, body, cut, whole)
			}
		})
	}
}

// checkPrefix demands that what a prefix says, the whole says too.
func checkPrefix(t *testing.T, body []byte, cut int, whole StateHeader) {
	t.Helper()
	part := ReadHeader(body[:cut], int64(len(body)))
	same := func(key string, ok bool) {
		if !ok && !whole.ambiguous(key) {
			t.Fatalf("cut at %d: %s differs: %s (%s), but the whole is %s (%s)", cut, key, facts(part), part.Problem, facts(whole), whole.Problem)
		}
	}
	same("version", part.Format == whole.Format || part.Format == FormatUnknown || whole.Format == FormatInvalid ||
		part.Format == FormatInvalid && whole.ambiguous("serial"))
	same("serial", part.Serial == nil || whole.Serial != nil && *part.Serial == *whole.Serial)
	same("lineage", part.Lineage == nil || sameText(part.Lineage, whole.Lineage))
	same("terraform_version", part.TerraformVersion == nil || sameText(part.TerraformVersion, whole.TerraformVersion))
	if part.Encryption != nil && whole.Encryption != nil {
		same("meta", part.Encryption.KeyProviders == nil || slices.Equal(part.Encryption.KeyProviders, whole.Encryption.KeyProviders))
		same("encryption_version", part.Encryption.Version == "" || part.Encryption.Version == whole.Encryption.Version)
	}
	if part.Format == FormatInvalid && len(whole.Ambiguous) == 0 && whole.Format != FormatInvalid {
		t.Fatalf("cut at %d: invalid (%s), but the whole is not", cut, part.Problem)
	}
}

// clientState is how Terraform declares the facts that the header holds.
type clientState struct {
	Version          *uint64 `json:"version"`
	TerraformVersion string  `json:"terraform_version"`
	Serial           uint64  `json:"serial"`
	Lineage          string  `json:"lineage"`
}

// checkAgainstClient demands that the header says what encoding/json reads.
func checkAgainstClient(t *testing.T, body []byte, h StateHeader) {
	t.Helper()
	if h.Format != FormatV4 {
		return
	}
	var c clientState
	if err := json.Unmarshal(body, &c); err != nil {
		t.Fatalf("the header is %s, but encoding/json: %v", facts(h), err)
	}
	deref := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	serial := uint64(0)
	if h.Serial != nil {
		serial = *h.Serial
	}
	if *c.Version != uint64(h.Version) || c.Serial != serial || c.Lineage != deref(h.Lineage) || c.TerraformVersion != deref(h.TerraformVersion) {
		t.Fatalf("the header is %s, encoding/json reads %+v", facts(h), c)
	}
}

func headerSeeds(f *testing.F) {
	for _, body := range stateFixtures(f) {
		f.Add(body, 512)
	}
	for _, body := range []string{
		"", "tfstate", "tfst", "{", " ", `{"version":4}`, `{"version":4,"serial":12,"lineage":"l"}`,
		`{"version":4,"serial":1,"Serial":2,"ſerial":3}`, `{"version":4,"version":3,"serial":9223372036854775808}`,
		`{"meta":{"a":1},"encrypted_data":"AA","encryption_version":"v0"}`, `{"meta":{"key_provider.a":1},"version":4}`,
		"{\"version\":4,\"lineage\":\"\xff\\ud800\"}", `{"version":4,"serial":1}x`, `{"version":4,"serial":null}`,
		"\ufeff{}", `{"version":1e0}`, `{"serial":-0}`,
	} {
		f.Add([]byte(body), len(body)/2)
	}
}

func FuzzReadHeader(f *testing.F) {
	headerSeeds(f)
	f.Fuzz(func(t *testing.T, body []byte, cut int) {
		h := ReadHeader(body, int64(len(body)))
		if !h.Complete() || (h.Problem != "") != (h.Format == FormatInvalid) || (h.Encryption != nil) != (h.Format == FormatEncrypted) {
			t.Fatalf("not consistent: %+v", h)
		}
		checkAgainstClient(t, body, h)
		if cut >= 0 && cut <= len(body) {
			checkPrefix(t, body, cut, h)
			_ = LooksLikeState(body[:cut]) // must not panic; says nothing to compare
		}
	})
}
