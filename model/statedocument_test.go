package model

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

func readDocument(t *testing.T, body string) *StateDocument {
	t.Helper()
	d, err := ReadDocument("v1", []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return &d
}

// maskedBody masks a state and checks that it is as long JSON as it was.
func maskedBody(t *testing.T, d *StateDocument) string {
	t.Helper()
	masked, err := d.AppendMasked(nil)
	if err != nil {
		t.Fatal(err)
	}
	if json.Valid(masked) != json.Valid(d.Body) {
		t.Errorf("valid JSON: %t, was %t: %s", json.Valid(masked), json.Valid(d.Body), masked)
	}
	return string(masked)
}

func TestOnlySecretsAreTakenOutOfTheText(t *testing.T) {
	instance := func(attributes, paths string) string {
		return v4(`{"mode":"managed","type":"t","name":"n","instances":[ {"attributes": ` + attributes + ` ,"sensitive_attributes":` + paths + `,"private":"eyJ4IjoxfQ=="}]}`)
	}
	const marked = `[[{"type":"get_attr","value":"m"}]]`
	for name, c := range map[string]struct{ body, want string }{
		"nothing but what providers keep": {instance(`{"a":"open"}`, `[]`), `{"a":"open"}`},
		"a string":                        {instance(`{"m":"hunter22","a":"open"}`, marked), `{"m":"(sensitive)","a":"open"}`},
		"a number":                        {instance(`{"m":1234567.5, "a":1.0}`, marked), `{"m":"(sensitive)", "a":1.0}`},
		"null, true and a short string":   {instance(`{"m":[null,true,"x"]}`, marked), `{"m":"(sensitive)"}`},
		"a copy":                          {instance(`{"m":"hunter22","a":"xhunter22x","b":"\u0061","hunter22":1}`, marked), `{"m":"(sensitive)","a":"x(sensitive)x","b":"\u0061","(sensitive)":1}`},
		"a copy of a number":              {instance(`{"m":1234567,"a":1234567,"b":12345678,"c":"n1234567"}`, marked), `{"m":"(sensitive)","a":"(sensitive)","b":12345678,"c":"n(sensitive)"}`},
		"an escaped copy":                 {instance(`{"m":"a\"b\\c\"d","a":"{\"k\":\"a\\\"b\\\\c\\\"d\"}"}`, marked), `{"m":"(sensitive)","a":"{\"k\":\"(sensitive)\"}"}`},
		"a word of the format itself":     {instance(`{"m":"resources","a":"resources"}`, marked), `{"m":"(sensitive)","a":"(sensitive)"}`},
	} {
		t.Run(name, func(t *testing.T) {
			d := readDocument(t, c.body)
			original := strings.Replace(c.body, `"eyJ4IjoxfQ=="`, `"(sensitive)"`, 1)
			start, end, _ := strings.Cut(original, `"attributes": `)
			_, end, _ = strings.Cut(end, ` ,"sensitive`)
			want := start + `"attributes": ` + c.want + ` ,"sensitive` + end
			if got := maskedBody(t, d); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

func TestTheTextOfTheFixturesKeepsTheirSecret(t *testing.T) {
	for name, body := range stateFixtures(t) {
		d, err := ReadDocument("", body)
		if err != nil && !errors.Is(err, ErrEncryptedState) {
			t.Fatal(name, err)
		}
		masked := maskedBody(t, &d)
		if strings.Contains(masked, "fixture-secret-value") {
			t.Errorf("%s shows the secret", name)
		}
		if strings.Count(masked, "\n") != bytes.Count(body, []byte("\n")) {
			t.Errorf("%s has other lines", name)
		}
	}
}

func TestBytesWhoseSecretsCannotBeFoundAreNotMasked(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		kind error
	}{
		"cut off":  {v4(`{"mode":"managed","type":"t","name":"n","instances":[{"attributes":{"password":"hunt`), ErrInvalid},
		"a binary": {"tfstate\x00", ErrUnsupported},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := ReadDocument("", []byte(c.body))
			if !errors.Is(err, c.kind) || d.Index == nil {
				t.Fatal(err)
			}
			if text, err := d.AppendMasked(nil); err == nil {
				t.Errorf("shown: %s", text)
			}
		})
	}
	if d := readDocument(t, ""); maskedBody(t, d) != "" || d.Root().Len() != 0 || d.Parts(d.Root()) != nil {
		t.Error("an empty state has something to show")
	}
}

func TestThePartsOfAText(t *testing.T) {
	d := readDocument(t, v4(`{"mode":"managed","type":"t","name":"n","instances":[{"attributes":{"password" : "hunter22","a b":["x",{"n":1}],"copy":"<hunter22>","ok":true},"sensitive_attributes":[]}]}`))
	where := d.Root()
	for _, step := range []string{"resources", "0", "instances", "0", "attributes"} {
		next := Span{}
		for _, p := range d.Parts(where) {
			if p.Name.Len() > 0 && d.NameOf(p) == step || p.Name.Len() == 0 && step == "0" && p.Index == 0 {
				next = p.Value
			}
		}
		where = next
	}
	var got []string
	for _, p := range d.Parts(where) {
		shown, _ := d.Text(p.Value, 100)
		got = append(got, d.NameOf(p)+"="+shown)
		if strings.Contains(shown, Hidden) != d.HasSecrets(p.Value) {
			t.Errorf("%s: has secrets %t", d.NameOf(p), d.HasSecrets(p.Value))
		}
	}
	want := `password=(sensitive)|a b=["x",{"n":1}]|copy=<(sensitive)>|ok=true`
	if strings.Join(got, "|") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, "|"), want)
	}
}

func TestTheHeadOfALongText(t *testing.T) {
	secret := strings.Repeat("s3cret", 50)
	for name, c := range map[string]struct {
		json string // between the quotes
		most int
		want string
	}{
		"all of a short one":            {`open`, 10, "open"},
		"the head of a long one":        {strings.Repeat("a", 10_000), 5, "aaaaa"},
		"of escapes":                    {strings.Repeat(`\u00e9`, 10_000), 4, "éé"},
		"of pairs":                      {strings.Repeat(`\ud83d\ude00`, 10_000), 8, "😀😀"},
		"of backslashes":                {strings.Repeat(`\`, 10_000), 3, `\\\`},
		"a secret that reaches into it": {"ab" + secret + strings.Repeat("x", 100_000), 5, "ab(sensitive)"},
		"a secret behind it":            {strings.Repeat("x", 10) + secret, 10, "xxxxxxxxxx"},
	} {
		t.Run(name, func(t *testing.T) {
			body := []byte(`{"a":"` + c.json + `"}`)
			d := &StateDocument{Body: body, Index: &StateIndex{}, Secrets: secretsOf(secret)}
			got, whole := d.Text(d.Parts(d.Root())[0].Value, c.most)
			if got != c.want || whole != (name == "all of a short one") {
				t.Errorf("got %q (all of it: %t), want %q", got, whole, c.want)
			}
		})
	}
}

func FuzzRawJSON(f *testing.F) {
	for _, seed := range []string{`{"a":[1,"x\"y",{"b":null}],"c":"\\"}`, `[]`, `{"":{}}`, ` [ 1 , 2 ] `, `"x`, `{`, `}{`, `[1,,2`, `"\"token\":\"`, `{"a":"{\"token\":\"secret\\\"x\"}"}`, `{"a"`, `\`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		d := &StateDocument{Body: text, Index: &StateIndex{}, Secrets: secretsOf("secret"), maskable: true}
		root := d.Root()
		parts := d.Parts(root)
		NewSecrets().learnEmbedded(text)
		if _, err := d.AppendMasked(nil); err != nil {
			t.Fatal(err)
		}
		if json.Valid(text) {
			sameAsDecoded(t, text, root, parts)
		}
	})
}

// sameAsDecoded holds the walk over JSON to the decoder.
func sameAsDecoded(t *testing.T, text []byte, root Span, parts []Node) {
	if strings.TrimSpace(string(root.In(text))) != strings.Trim(string(text), " \n\r\t") {
		t.Fatalf("%q is taken for all of %q", root.In(text), text)
	}
	v, err := DecodeValue(text, root)
	if err != nil {
		t.Fatal(err)
	}
	want := len(v.Items) + len(v.Members)
	if len(parts) != want {
		t.Fatalf("%d parts of %q, not %d", len(parts), text, want)
	}
	for i, item := range v.Items {
		if parts[i].Value != item.Span {
			t.Fatalf("%v, not %v in %q", parts[i].Value, item.Span, text)
		}
	}
	for i, m := range v.Members {
		if parts[i].Value != m.Value.Span || textOf(parts[i].Name.In(text)) != m.Name {
			t.Fatalf("%v %q, not %v %q in %q", parts[i].Value, parts[i].Name.In(text), m.Value.Span, m.Name, text)
		}
	}
}

// The type of a sensitive object repeats the names of its parts, and a map of
// secrets has secret keys: neither is shown in the text.
func TestTheTypeOfASensitiveOutputIsHidden(t *testing.T) {
	const open, hidden = `{"value":{"a":"x1"},"type":["object",{"a":"string"}]}`, `{"value":{"user-4711":"x2"},"type":["object",{"user-4711":"string"}],"sensitive":true}`
	d := readDocument(t, `{"version":4,"terraform_version":"1.11.4","serial":1,"lineage":"l","outputs":{"o":`+open+`,"h":`+hidden+`,"s":{"value":"x3","type":"string","sensitive":true}},"resources":[]}`)
	got := maskedBody(t, d)
	for _, want := range []string{open, `"h":{"value":"(sensitive)","type":"(sensitive)","sensitive":true}`, `"s":{"value":"(sensitive)","type":"string","sensitive":true}`} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is missing in\n%s", want, got)
		}
	}
}
