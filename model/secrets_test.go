package model

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// secretsOf is a set of exactly these texts.
func secretsOf(texts ...string) *Secrets {
	s := NewSecrets()
	for _, t := range texts {
		s.add(t)
	}
	return s
}

// maskedSlowly is what Mask promises, in the plainest way: every byte that some
// occurrence covers is gone, and each gap is one word.
func maskedSlowly(text string, secrets []string) string {
	covered := make([]bool, len(text))
	for _, secret := range secrets {
		if utf8.RuneCountInString(secret) < shortestSecret {
			continue
		}
		for i := 0; i+len(secret) <= len(text); i++ {
			if text[i:i+len(secret)] == secret {
				for j := i; j < i+len(secret); j++ {
					covered[j] = true
				}
			}
		}
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case !covered[i]:
			b.WriteByte(text[i])
		case i == 0 || !covered[i-1]:
			b.WriteString(Hidden)
		}
	}
	return b.String()
}

func TestMaskDoesWhatTheSlowWayDoes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	word := func(most int) string {
		b := make([]byte, r.IntN(most))
		for i := range b {
			b[i] = "abü"[r.IntN(4)]
		}
		return string(b)
	}
	for range 20_000 {
		secrets := []string{word(12), word(12), word(9), word(30)}
		text := word(60) + secrets[r.IntN(4)] + word(20)
		s := secretsOf(secrets...)
		want := maskedSlowly(text, secrets)
		if got := s.Mask(text); got != want {
			t.Fatalf("%q with %q\n got %q\nwant %q", text, secrets, got, want)
		}
		if s.Hides(text) != (want != text) {
			t.Fatalf("%q with %q: hides %t", text, secrets, s.Hides(text))
		}
	}
}

func FuzzMask(f *testing.F) {
	f.Add("the password is hunter22, or hunter2222", "hunter22", "hunter2222")
	f.Add("overlapping: abcdefghij", "abcdef", "defghij")
	f.Add("\xff\xfe", "ääääää", "")
	f.Fuzz(func(t *testing.T, text, one, two string) {
		if got, want := secretsOf(one, two).Mask(text), maskedSlowly(text, []string{one, two}); got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
	})
}

func TestMask(t *testing.T) {
	for name, c := range map[string]struct {
		secrets    []string
		text, want string
	}{
		"a whole string":                      {[]string{"hunter22"}, "hunter22", "(sensitive)"},
		"inside a longer one":                 {[]string{"hunter22"}, "postgres://u:hunter22@h/hunter22", "postgres://u:(sensitive)@h/(sensitive)"},
		"six characters":                      {[]string{"abcdef"}, "xabcdefx", "x(sensitive)x"},
		"five characters are too common":      {[]string{"abcde"}, "abcde", "abcde"},
		"five characters of more bytes":       {[]string{"äöüäö"}, "äöüäö", "äöüäö"},
		"six characters of more bytes":        {[]string{"äöüäöü"}, "<äöüäöü>", "<(sensitive)>"},
		"two that overlap leave no rest":      {[]string{"abcdefgh", "efghijkl"}, "-abcdefghijkl-", "-(sensitive)-"},
		"two that touch are one":              {[]string{"abcdef"}, "abcdefabcdef", "(sensitive)"},
		"the longer of two with one start":    {[]string{"secret-one", "secret-one-and-two"}, "secret-one-and-two secret-one", "(sensitive) (sensitive)"},
		"another case is another text":        {[]string{"hunter22"}, "Hunter22", "Hunter22"},
		"nothing to hide":                     {nil, "hunter22", "hunter22"},
		"an empty text":                       {[]string{"hunter22"}, "", ""},
		"a text shorter than any secret":      {[]string{"hunter22"}, "hun", "hun"},
		"the end of one is the start of none": {[]string{"hunter22"}, "hunter2", "hunter2"},
	} {
		t.Run(name, func(t *testing.T) {
			s := secretsOf(c.secrets...)
			if got := s.Mask(c.text); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			for n := range len(c.text) {
				if head := s.MaskHead(c.text, n); !strings.HasPrefix(c.want, head) {
					t.Errorf("the first %d bytes are %q, which is not how %q begins", n, head, c.want)
				}
			}
		})
	}
	var none *Secrets
	if none.Mask("text") != "text" || none.Hides("text") || none.Len() != 0 || none.MaskHead("text", 2) != "te" {
		t.Error("a nil set hides something")
	}
}

func TestASecretIsHiddenInEveryFormInWhichItIsWritten(t *testing.T) {
	const secret = "p<a&s>s\"w\\örd\n:/ x"
	s := NewSecrets()
	s.learn(secret)
	inJSON := func(v any) string {
		doc, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(doc)
	}
	plainJSON := func(text string) string {
		var b strings.Builder
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode(text); err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(b.String())
	}
	for name, text := range map[string]string{
		"as it is":                      "key=" + secret + ";",
		"in JSON, as jsonencode does":   inJSON(map[string]string{"k": secret}),
		"in JSON inside JSON":           inJSON(map[string]string{"k": inJSON([]string{secret})}),
		"in JSON of other tools":        plainJSON(secret),
		"in such JSON inside JSON":      plainJSON(plainJSON(secret)),
		"in a URL":                      "https://u:p%3Ca%26s%3Es%22w%5C%C3%B6rd%0A%3A%2F%20x@h",
		"without the white space after": strings.TrimSpace(secret + "\n"),
	} {
		t.Run(name, func(t *testing.T) {
			masked := s.Mask(text)
			if !strings.Contains(masked, Hidden) || strings.Contains(masked, "rd") || strings.Contains(masked, "C3%B6") {
				t.Errorf("%q becomes %q", text, masked)
			}
		})
	}
}

func TestSecretsAreAddedToACopyWhileTheFirstIsRead(t *testing.T) {
	first := secretsOf("hunter22")
	both := first.Clone()
	both.Add(secretsOf("hunter33-and-more"))
	both.Add(nil)
	if first.Hides("hunter33-and-more") || !both.Hides("hunter22") || !both.Hides("hunter33-and-more") || both.Len() != 2 {
		t.Errorf("first %d, both %d", first.Len(), both.Len())
	}
	if (*Secrets)(nil).Clone().Len() != 0 {
		t.Error("a copy of nothing knows something")
	}
}

func TestWellKnownNamesOfSecrets(t *testing.T) {
	secret := []string{"password", "Password", "PASSWORD", "master_password", "db-password", "dbPassword", "DB_PASSWORD", "admin.0.password",
		"secret", "client_secret", "token", "auth_token", "authToken", "private_key", "private_key_pem", "private_key_openssh", "private_key_pem_pkcs8",
		"PrivateKey", "secret_key", "api_key", "apiKey", "APIKey", "primary_access_key", "storage_account_key", "tunnel1_preshared_key", "pre_shared_key",
		"connection_string", "primary_connection_string", "secret_string", "secret_binary", "secret_data", "kube_config_raw", "kube_admin_config_raw", "kubeconfig", "passphrase",
		"credentials", "credentials_json", "ses_smtp_password_v4", "password_wo", "password_hash", "token_base64", "AWS_SECRET_ACCESS_KEY", "authorization", "client_key", "secret_value"}
	open := []string{"secretsmanager_arn", "token_ttl", "password_version", "password_length", "secret_name", "secret_arn", "kms_key", "public_key", "key", "key_name",
		"tokenizer", "secretary", "access_key_id", "passwords_enabled", "credentials_parameter", "partition_key", "hash_key", "sort_key", "encryption_key", "id", "", "_", "value", "data",
		"config", "string", "user_data", "tags", "wo", "pem", "ssh_keys", "monkey", "private_dns_name", "password_last_used"}
	for _, name := range secret {
		if !IsSecretName(name) {
			t.Errorf("%q is not taken for the name of a secret", name)
		}
	}
	for _, name := range open {
		if IsSecretName(name) {
			t.Errorf("%q is taken for the name of a secret", name)
		}
	}
}

func TestAttributesThatAreSecretInTheirType(t *testing.T) {
	for name, c := range map[string]struct{ typ, attributes, want string }{
		"a generated password":     {"random_password", `{"id":"none","length":9,"result":"r-4"}`, `{"id":"none","length":9,"result":"(sensitive)"}`},
		"a generated string":       {"random_string", `{"result":"r-4"}`, `{"result":"r-4"}`},
		"generated bytes":          {"random_bytes", `{"base64":"AAE=","hex":"0001","length":2}`, `{"base64":"(sensitive)","hex":"(sensitive)","length":2}`},
		"a parameter":              {"aws_ssm_parameter", `{"name":"/a","value":"v"}`, `{"name":"/a","value":"(sensitive)"}`},
		"a secret's version":       {"google_secret_manager_secret_version", `{"value":"v"}`, `{"value":"(sensitive)"}`},
		"a secret of a cluster":    {"kubernetes_secret_v1", `{"data":{"a":"b"},"type":"Opaque"}`, `{"data":"(sensitive)","type":"Opaque"}`},
		"a secret of a vault":      {"vault_generic_secret", `{"data_json":"{}","path":"p"}`, `{"data_json":"(sensitive)","path":"p"}`},
		"a secret of a repository": {"github_actions_secret", `{"secret_name":"N","plaintext_value":"v","encrypted_value":""}`, `{"secret_name":"N","plaintext_value":"(sensitive)","encrypted_value":""}`},
		"an identifier of a role":  {"vault_approle_auth_backend_role_secret_id", `{"secret_id":"s","accessor":"a"}`, `{"secret_id":"(sensitive)","accessor":"a"}`},
		"another type":             {"aws_thing", `{"value":"v","hex":"0001","plaintext_value":"v"}`, `{"value":"v","hex":"0001","plaintext_value":"v"}`},
	} {
		t.Run(name, func(t *testing.T) {
			d := readDocument(t, v4(`{"mode":"managed","type":"`+c.typ+`","name":"n","instances":[{"attributes":`+c.attributes+`,"sensitive_attributes":[]}]}`))
			if got := maskedBody(t, d); !strings.Contains(got, c.want) {
				t.Errorf("%s is missing in\n%s", c.want, got)
			}
		})
	}
}

func TestLearnKnowsTheSecretsOfAState(t *testing.T) {
	body := []byte(`{"version":4,"serial":1,"outputs":{
	 "o":{"value":{"deep":["output-secret",7654321,"short"],"n":12345,"key-of-a-map":true},"type":["object",{"deep":["tuple",["string","dynamic"]]}],"sensitive":true},
	 "open":{"value":"open-output","type":"string"},"db_password":{"value":"named-output","type":"string"}},
	 "resources":[{"mode":"managed","type":"t","name":"n","instances":[{"attributes":{"a":"marked-secret","b":"open-value","password":"named-secret",
	  "token_ttl":"open-ttl","nested":[{"client_secret":"nested-secret","dynamic":{"value":{"password":"dyn-secret"},"type":["object",{"password":"string"}]}}],
	  "env":[{"name":"DB_PASSWORD","value":"env-secret","from":[]},{"name":"REGION","value":"open-region"}],
	  "set":[{"name":"db.password","type":{"value":"open-part"},"value":"chart-secret"},{"name":"a.token"},{"value":"open-set"}],
	  "manage_password":true,"secret":{"secret_arn":"open-arn-of-it"},"auth_token":"arn:aws:open"},
	  "sensitive_attributes":[[{"type":"get_attr","value":"a"}]]}]},
	  {"mode":"managed","type":"random_password","name":"r","instances":[{"attributes":{"result":"random-result","special":true},"sensitive_attributes":[]}]}]}`)
	x, err := IndexState(body)
	if err != nil {
		t.Fatal(err)
	}
	s := NewSecrets()
	if err := s.Learn(body, x); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"output-secret", "7654321", "marked-secret", "named-secret", "nested-secret", "dyn-secret", "random-result", "named-output", "env-secret", "chart-secret"} {
		if !s.Hides(text) {
			t.Errorf("%s is not hidden", text)
		}
	}
	for _, text := range []string{"short", "12345", "key-of-a-map", "open-output", "open-value", "open-ttl", "open-arn-of-it", "arn:aws:open", "open-region", "open-part", "open-set", "string", "dynamic", "object", "special"} {
		if s.Hides(text) {
			t.Errorf("%s is hidden", text)
		}
	}
	if err := s.Learn(body[1:], x); err == nil {
		t.Error("another body is taken for the one that was indexed")
	}
}

func TestWhatSensitiveAttributesName(t *testing.T) {
	const attributes = `{"plain":"v0","list":["v1","v2",{"k":"v3"}],"map":{"a b":"v4","0":"v5"},"obj":{"value":"v6","type":"v7"},` +
		`"dyn":{"value":{"in":"v8","out":"v9"},"type":["object",{"in":"string","out":"string"}]},"tags.Name":"v10","tags.%":"1","null":null}`
	attr := func(name string) string { return `{"type":"get_attr","value":"` + name + `"}` }
	for name, c := range map[string]struct {
		paths string
		want  []string // values that are hidden; all of them for "*"
	}{
		"nothing":                              {`[]`, nil},
		"an attribute":                         {`[[` + attr("plain") + `]]`, []string{"v0"}},
		"one that is not there":                {`[[` + attr("gone") + `]]`, nil},
		"one that is null":                     {`[[` + attr("null") + `]]`, nil},
		"an element, its index with a type":    {`[[` + attr("list") + `,{"type":"index","value":{"value":1,"type":"number"}}]]`, []string{"v2"}},
		"an element, its index alone":          {`[[` + attr("list") + `,{"type":"index","value":0}]]`, []string{"v1"}},
		"an index as text":                     {`[[` + attr("map") + `,{"type":"index","value":{"value":"a b","type":"string"}}]]`, []string{"v4"}},
		"a part of an element":                 {`[[` + attr("list") + `,{"type":"index","value":{"value":2,"type":"number"}},` + attr("k") + `]]`, []string{"v3"}},
		"a part of a value without fixed type": {`[[` + attr("dyn") + `,` + attr("in") + `]]`, []string{"v8"}},
		"all of a value without fixed type":    {`[[` + attr("dyn") + `]]`, []string{"v8", "v9"}},
		"a part that may be either":            {`[[` + attr("obj") + `,` + attr("value") + `]]`, []string{"v6"}},
		"two paths":                            {`[[` + attr("plain") + `],[` + attr("list") + `]]`, []string{"v0", "v1", "v2", "v3"}},
		"beyond what is there":                 {`[[` + attr("plain") + `,` + attr("deeper") + `]]`, []string{"v0"}},
		"a flat attribute":                     {`[[` + attr("tags") + `]]`, []string{"v10"}},
		"an element of a set":                  {`[[` + attr("list") + `,{"type":"index","value":{"value":{"k":"v3"},"type":["object",{"k":"string"}]}}]]`, []string{"v1", "v2", "v3"}},
		"a step of a kind to come":             {`[[` + attr("list") + `,{"type":"splat"}]]`, []string{"v1", "v2", "v3"}},
		"a path of no steps":                   {`[[]]`, []string{"*"}},
		"paths of a form to come":              {`{"paths":[]}`, []string{"*"}},
		"a path of a form to come":             {`["list[0]"]`, []string{"*"}},
		"null":                                 {`null`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			body := []byte(v4(`{"mode":"managed","type":"t","name":"n","instances":[{"attributes":` + attributes + `,"sensitive_attributes":` + c.paths + `}]}`))
			x, err := IndexState(body)
			if err != nil {
				t.Fatal(err)
			}
			objects, err := x.Instances(body, 0)
			if err != nil {
				t.Fatal(err)
			}
			v, err := Attributes(body, objects[0], nil)
			if err != nil {
				t.Fatal(err)
			}
			all := slices.Equal(c.want, []string{"*"})
			if v.Sensitive != all {
				t.Errorf("all is hidden: %t", v.Sensitive)
			}
			v.Walk(func(part *Value) bool {
				if strings.HasPrefix(part.Text, "v") && part.Sensitive != (all || slices.Contains(c.want, part.Text)) {
					t.Errorf("%s: sensitive %t", part.Text, part.Sensitive)
				}
				return true
			})
		})
	}
}

func TestTheSecretsOfOldFormats(t *testing.T) {
	body := []byte(v3(`{"path":["root"],"outputs":{"o":{"sensitive":true,"type":"string","value":"old-output-secret"}},"resources":{
	 "aws_db_instance.db":{"type":"aws_db_instance","primary":{"id":"db","attributes":{"id":"db","password":"old-password","setting.0.token":"old-token","url":"x:old-password@h"}}}}}`))
	printed := printedState(t, body)
	for _, secret := range []string{"old-output-secret", "old-password", "old-token"} {
		if strings.Contains(printed, secret) {
			t.Errorf("%s is shown:\n%s", secret, printed)
		}
	}
	if !strings.Contains(printed, `"url":"x:(sensitive)@h"`) || !strings.Contains(printed, `"id":"db"`) {
		t.Errorf("got\n%s", printed)
	}
}

func TestPrintingValues(t *testing.T) {
	body := []byte(`{"a":"x\ny","b":[1.50,true,null,{}],"c":{"hunter22":"hunter22","n":1234567}}`)
	v, err := DecodeValue(body, Span{End: int64(len(body))})
	if err != nil {
		t.Fatal(err)
	}
	s := secretsOf("hunter22", "1234567")
	if got := v.Clear(); got != string(body) {
		t.Errorf("in clear %s", got)
	}
	v.mark(nil, s)
	if got, want := s.Print(v), `{"a":"x\ny","b":[1.50,true,null,{}],"c":{"(sensitive)":(sensitive),"n":(sensitive)}}`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	doc, hidden := s.MaskedJSON(v)
	if want := `{"a":"x\ny","b":[1.50,true,null,{}],"c":{"(sensitive)":"(sensitive)","n":"(sensitive)"}}`; string(doc) != want {
		t.Errorf("got  %s\nwant %s", doc, want)
	}
	if want := []string{"/c/(sensitive)", "/c/(sensitive)", "/c/n"}; !slices.Equal(hidden, want) {
		t.Errorf("hidden %q, want %q", hidden, want)
	}
	if v.Member("c").Member("n").Text != "1234567" || v.Member("x") != nil || !v.Member("x").IsNull() || !v.Member("a").Scalar() {
		t.Error("members")
	}
}

func TestTypesInWords(t *testing.T) {
	for raw, want := range map[string]string{`"string"`: "string", `["list","string"]`: "list(string)", `["map",["set","number"]]`: "map(set(number))",
		`["object",{"a":"string"}]`: "object", `["tuple",["string","bool"]]`: "tuple of 2", `["list",["object",{}]]`: "list(object)", ``: "", `7`: "", `[]`: "", `{"`: "", `"dynamic"`: "dynamic"} {
		if got := TypeName([]byte(raw)); got != want {
			t.Errorf("%s is %q, want %q", raw, got, want)
		}
	}
}

func TestSecretsInsideStringsThatAreJSON(t *testing.T) {
	for name, c := range map[string]struct {
		inner string // the JSON inside the string
		want  string // as it is shown
	}{
		"a password":             {`{"user":"admin1","password":"hunter22"}`, `{"user":"admin1","password":"(sensitive)"}`},
		"white space":            {`{"password": "hunter22" }`, `{"password": "(sensitive)" }`},
		"an environment":         {`[{"name":"DB_PASSWORD","value":"hunter22"},{"name":"REGION","value":"eu-west-1"}]`, `[{"name":"DB_PASSWORD","value":"(sensitive)"},{"name":"REGION","value":"eu-west-1"}]`},
		"an indented one":        {"{\n\t\"env\": [\n  {\n    \"name\": \"DB_PASSWORD\",\n    \"value\": \"hunter22\"\n  }]}", "{\n\t\"env\": [\n  {\n    \"name\": \"DB_PASSWORD\",\n    \"value\": \"(sensitive)\"\n  }]}"},
		"a list":                 {`{"api_keys":["hunter22", "hunter33"],"x":"open-text"}`, `{"api_keys":["(sensitive)", "(sensitive)"],"x":"open-text"}`},
		"a list that ends early": {`{"api_keys":["hunter22",`, `{"api_keys":["(sensitive)",`},
		"a number":               {`{"password":771234567,"port":443}`, `{"password":(sensitive),"port":443}`},
		"quotes and backslashes": {`{"token":"a\"b\\c\"d\\","x":"open-text"}`, `{"token":"(sensitive)","x":"open-text"}`},
		"an ARN":                 {`{"secret":"arn:aws:x:1"}`, `{"secret":"arn:aws:x:1"}`},
		"a short one":            {`{"password":"x"}`, `{"password":"x"}`},
		"another name":           {`{"token_ttl":"3600000"}`, `{"token_ttl":"3600000"}`},
		"no string":              {`{"password":{"a":"open-text"}}`, `{"password":{"a":"open-text"}}`},
		"cut off":                {`{"password":"hun`, `{"password":"hun`},
		"a name alone":           {`"password":`, `"password":`},
		"a type between":         {`[{"name":"DB_PASSWORD","type":"PLAINTEXT","slot":1,"on":true,"value":"hunter22"}]`, `[{"name":"DB_PASSWORD","type":"PLAINTEXT","slot":1,"on":true,"value":"(sensitive)"}]`},
		"the value of the next":  {`[{"name":"DB_PASSWORD","from":"vault"},{"name":"REGION","value":"eu-west-1"}]`, `[{"name":"DB_PASSWORD","from":"vault"},{"name":"REGION","value":"eu-west-1"}]`},
		"a block between":        {`[{"name":"DB_PASSWORD","x":{"value":"open-text"},"value":"hunter22"}]`, `[{"name":"DB_PASSWORD","x":{"value":"open-text"},"value":"hunter22"}]`},
	} {
		t.Run(name, func(t *testing.T) {
			quoted, err := json.Marshal(c.inner)
			if err != nil {
				t.Fatal(err)
			}
			d := readDocument(t, v4(`{"mode":"managed","type":"t","name":"n","instances":[{"attributes":{"json":`+string(quoted)+`},"sensitive_attributes":[]}]}`))
			objects, err := d.Index.Instances(d.Body, 0)
			if err != nil {
				t.Fatal(err)
			}
			if got, _ := d.Text(d.Parts(objects[0].Attributes)[0].Value, 1000); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestTheOutputOfTerraformDataRepeatsItsInput(t *testing.T) {
	const typed = `{"value":["ab",4815],"type":["tuple",["string","number"]]}`
	for name, c := range map[string]struct {
		output, path string
		want         string // of the attribute "output"
	}{
		"all of it is marked":    {typed, `[]`, `(sensitive)`},
		"an element is marked":   {typed, `[{"type":"index","value":{"value":1,"type":"number"}}]`, `{"value":["ab",(sensitive)],"type":["tuple",["string","number"]]}`},
		"the output is older":    {`"other"`, `[]`, `"other"`},
		"nothing of it is known": {`null`, `[]`, `null`},
	} {
		t.Run(name, func(t *testing.T) {
			path := strings.Replace(`[{"type":"get_attr","value":"input"},`+c.path[1:], ",]", "]", 1)
			d := readDocument(t, v4(`{"mode":"managed","type":"terraform_data","name":"n","instances":[{"attributes":{"input":`+typed+`,"output":`+c.output+`},"sensitive_attributes":[`+path+`]}]}`))
			objects, err := d.Index.Instances(d.Body, 0)
			if err != nil {
				t.Fatal(err)
			}
			v, err := Attributes(d.Body, objects[0], d.Secrets)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range v.Members {
				if got := d.Secrets.Print(m.Value); m.Name == "output" && got != c.want {
					t.Errorf("got %s, want %s", got, c.want)
				}
			}
		})
	}
}

func TestTheFormsInWhichACopyIsFound(t *testing.T) {
	const pem = "-----BEGIN KEY-----\nMC4CAQAwBQYDK2VwBCIEIA\nQUJDREVGR0hJSktMTU5PUA\n-----END KEY-----\n"
	for name, c := range map[string]struct{ secret, text, want string }{
		"a space in a URL, by its code":         {"pass word+1", "u:pass%20word%2B1@h", "u:(sensitive)@h"},
		"a space in a URL, as a plus":           {"pass word+1", "u:pass+word%2B1@h", "u:(sensitive)@h"},
		"JSON of nothing but ASCII":             {"pässwörd\u2028😀", `{"a":"p\u00e4ssw\u00f6rd\u2028\ud83d\ude00"}`, `{"a":"(sensitive)"}`},
		"JSON of nothing but ASCII, twice":      {"pässwörd<", `{\"a\":\"p\\u00e4ssw\\u00f6rd<\"}`, `{\"a\":\"(sensitive)\"}`},
		"six characters with their white space": {"ab cd ", "x ab cd y", "x (sensitive)y"},
		"nothing but white space":               {"        ", "a         b", "a         b"},
		"lines that stand indented":             {pem, "key: |\n  -----BEGIN KEY-----\n  MC4CAQAwBQYDK2VwBCIEIA\n  QUJDREVGR0hJSktMTU5PUA\n", "key: |\n  -----BEGIN KEY-----\n  (sensitive)\n  (sensitive)\n"},
		"lines with carriage returns":           {strings.ReplaceAll(pem, "\n", "\r\n"), "MC4CAQAwBQYDK2VwBCIEIA", "(sensitive)"},
		"lines that many texts have":            {"user: admin\nenabled: true\nshort\n", "enabled: true short", "enabled: true short"},
		"one long word of one line":             {"MC4CAQAwBQYDK2VwBCIEIA", "MC4CAQAwBQYDK2VwBCIEI", "MC4CAQAwBQYDK2VwBCIEI"},
	} {
		t.Run(name, func(t *testing.T) {
			s := NewSecrets()
			s.learn(c.secret)
			if got := s.Mask(c.text); got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

func TestSecretsOfTwoSets(t *testing.T) {
	one, two, both := secretsOf("secret-1"), secretsOf("secret-2", "secret-3"), secretsOf("secret-1", "secret-2", "secret-3")
	for name, c := range map[string]struct {
		known, other *Secrets
		want         int
		same         *Secrets // the set that is handed on as it is; nil for a new one
	}{
		"of each something":        {one, two, 3, nil},
		"none known, and none new": {nil, NewSecrets(), 0, nil},
		"of the larger one first":  {two, one, 3, nil},
		"all known already":        {both, two, 3, both},
		"all of the other":         {one, both, 3, both},
		"the same":                 {one, one, 1, one},
		"none known":               {nil, one, 1, one},
		"none new":                 {one, nil, 1, one},
		"none at all":              {nil, nil, 0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := c.known.With(c.other)
			if got.Len() != c.want || c.same != nil && got != c.same {
				t.Errorf("%d secrets, want %d; handed on: %t", got.Len(), c.want, got == c.same)
			}
			for _, s := range []*Secrets{c.known, c.other} {
				if s == one && !got.Hides("secret-1") || s == two && !got.Hides("secret-3") {
					t.Error("a secret got lost")
				}
			}
		})
	}
	if one.Len() != 1 || two.Len() != 2 {
		t.Error("a set that others read was changed")
	}
}
