package model

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// searchedBody is a state with what a search has to deal with. The secret of
// the random_password stands in a connection string as well.
const searchedBody = `{
  "version": 4, "terraform_version": "1.11.4", "serial": 7, "lineage": "3f1d9e0a-7c52-4d0b-9a55-52a1f2a9c001", "outputs": {},
  "resources": [
    {"module": "module.net[\"eu\"]", "mode": "managed", "type": "aws_subnet", "name": "a", "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]",
     "instances": [
      {"index_key": "x.y", "schema_version": 1, "attributes": {"arn": "arn:aws:ec2:eu-west-1:123456789012:subnet/subnet-0aa", "id": "subnet-0aa",
        "vpc_id": "vpc-0f1", "tags": {"Name": "Öffentlich", "team/owner": "Net \u0026 Edge"}, "map_public_ip_on_launch": false}},
      {"index_key": "z", "deposed": "00000001", "schema_version": 1, "attributes": {"id": "subnet-0bb", "vpc_id": "vpc-0f1"}}
     ]},
    {"mode": "data", "type": "aws_vpc", "name": "main", "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]",
     "instances": [{"schema_version": 1, "attributes": {"arn": "arn:aws:ec2:eu-west-1:123456789012:vpc/vpc-0f1", "id": "vpc-0f1"}}]},
    {"mode": "managed", "type": "aws_vpc", "name": "this", "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]",
     "instances": [{"schema_version": 1, "attributes": {"arn": "arn:aws:ec2:eu-west-1:123456789012:vpc/vpc-0f1", "id": "vpc-0f1", "type": "dedicated"}}]},
    {"mode": "managed", "type": "random_password", "name": "db", "provider": "provider[\"registry.terraform.io/hashicorp/random\"]",
     "instances": [{"schema_version": 3, "attributes": {"id": "none", "length": 17, "result": "demo-not-a-secret"}, "sensitive_attributes": []}]},
    {"mode": "managed", "type": "aws_ecs_service", "name": "web", "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]",
     "instances": [{"schema_version": 1, "attributes": {"id": "svc-1", "env": [{"url": "postgres://app:demo-not-a-secret@db.internal/app"}],
       "tunnel": "hush-hush-17"}, "sensitive_attributes": [[{"type": "get_attr", "value": "tunnel"}]]}]}
  ],
  "check_results": null
}
`

func TestSearchFinds(t *testing.T) {
	for sentence, c := range map[string]struct {
		pattern string
		want    []string // address field value, of all hits in their order
	}{
		"what an ARN names before what reads it": {"arn:aws:ec2:eu-west-1:123456789012:vpc/vpc-0f1", []string{
			"aws_vpc.this arn! arn:aws:ec2:eu-west-1:123456789012:vpc/vpc-0f1", "data.aws_vpc.main arn! arn:aws:ec2:eu-west-1:123456789012:vpc/vpc-0f1"}},
		"an id in either case, before what mentions it": {"VPC-0F1", []string{"aws_vpc.this id! vpc-0f1", "data.aws_vpc.main id! vpc-0f1",
			`module.net["eu"].aws_subnet.a["x.y"] vpc_id vpc-0f1`, `module.net["eu"].aws_subnet.a["z"] vpc_id vpc-0f1`}},
		"a type":                                {"random_password", []string{"random_password.db type random_password"}},
		"an address with its keys":              {`module.net["eu"].aws_subnet.a["x.y"]`, []string{`module.net["eu"].aws_subnet.a["x.y"] address module.net["eu"].aws_subnet.a["x.y"]`}},
		"a data source by its address":          {"data.aws_vpc", []string{"data.aws_vpc.main address data.aws_vpc.main"}},
		"words in several fields":               {"aws_subnet subnet-0bb", []string{`module.net["eu"].aws_subnet.a["z"] id subnet-0bb`}},
		"a phrase with blanks":                  {`"net & edge"`, []string{`module.net["eu"].aws_subnet.a["x.y"] tags["team/owner"] Net & Edge`}},
		"letters beyond ASCII in either case":   {"öffentlich", []string{`module.net["eu"].aws_subnet.a["x.y"] tags.Name Öffentlich`}},
		"an attribute called as a field is":     {"dedicated", []string{"aws_vpc.this attributes.type dedicated"}},
		"a boolean":                             {"aws_subnet false", []string{`module.net["eu"].aws_subnet.a["x.y"] map_public_ip_on_launch false`}},
		"a number":                              {"random_password 17", []string{"random_password.db length 17"}},
		"what stands beside a secret, masked":   {"db.internal", []string{"aws_ecs_service.web env[0].url postgres://app:(sensitive)@db.internal/app"}},
		"nothing by a secret":                   {"demo-not-a-secret", nil},
		"nothing by part of a secret":           {"not-a-sec", nil},
		"nothing by a secret and what precedes": {"app:demo", nil},
		"nothing by what hides a secret":        {"sensitive", nil},
		"nothing by what the state marks":       {"hush", nil},
		"nothing where a word is missing":       {"aws_subnet nowhere", nil},
		"nothing by the name of an attribute":   {"map_public_ip_on_launch", nil},
	} {
		t.Run(sentence, func(t *testing.T) {
			q, err := ParseSearch(c.pattern)
			if err != nil {
				t.Fatal(err)
			}
			for spelling, body := range map[string]string{"as it is": searchedBody, "compact": compacted(searchedBody), "needlessly escaped": disguised(searchedBody)} {
				hits, more, err := q.Search([]byte(body), nil)
				if got := toldHits(hits); err != nil || more != 0 || !slices.Equal(got, c.want) {
					t.Errorf("%s: found, %d more, %v:\n%s\nwant\n%s", spelling, more, err, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
				}
			}
		})
	}
}

func toldHits(hits []SearchHit) []string {
	var out []string
	for _, h := range hits {
		exact := ""
		if h.Exact {
			exact = "!"
		}
		out = append(out, fmt.Sprintf("%s %s%s %s", h.Address, h.Field, exact, h.Value))
	}
	return out
}

// compacted is the state on few lines, as OpenTofu writes it.
func compacted(body string) string {
	return strings.NewReplacer("\": ", "\":", "\n  ", "", ", \"", ",\"").Replace(body)
}

// disguised is the state with escapes that neither tool writes.
func disguised(body string) string {
	return strings.NewReplacer("vpc", `\u0076pc`, "subnet", `sub\u006eet`, "/", `\/`, "random_p", `r\u0061ndom_p`, "internal", `inter\u006Eal`).Replace(body)
}

func TestSearchTakesAPatternApart(t *testing.T) {
	for pattern, want := range map[string][]string{
		"a b":                     {"a", "b"},
		"  A\tb ":                 {"a", "b"},
		`"a b" c`:                 {"a b", "c"},
		`x["a b"]`:                {`x["a`, `b"]`},
		`"unclosed phrase`:        {`"unclosed`, "phrase"},
		`"a"b`:                    {`"a"b`},
		`"" a`:                    {"a"},
		"arn:aws:iam::1:role/a.b": {"arn:aws:iam::1:role/a.b"},
	} {
		t.Run(pattern, func(t *testing.T) {
			q, err := ParseSearch(pattern)
			var got []string
			for _, w := range q.words {
				got = append(got, w.text)
			}
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("%q, %v, want %q", got, err, want)
			}
		})
	}
	for _, none := range []string{"", "  ", `""`, strings.Repeat("w ", 33)} {
		if q, err := ParseSearch(none); err == nil {
			t.Errorf("%q is a query of %d words", none, len(q.words))
		}
	}
}

func TestSearchKeepsWhatIsExactWithinItsLimit(t *testing.T) {
	q, err := ParseSearch("vpc-0f1")
	if err != nil {
		t.Fatal(err)
	}
	q.Limit = 1
	hits, more, err := q.Search([]byte(searchedBody), nil)
	if err != nil || more != 3 || len(hits) != 1 || hits[0].Address != "aws_vpc.this" || !hits[0].Manages() {
		t.Errorf("%d more than %q, %v", more, toldHits(hits), err)
	}
}

func TestAStateThatCannotBeSearchedSaysSo(t *testing.T) {
	q, err := ParseSearch("vpc-0f1")
	if err != nil {
		t.Fatal(err)
	}
	for name, body := range map[string]string{
		"encrypted":              `{"serial":3,"lineage":"l","meta":{"key_provider.pbkdf2.k":"eA=="},"encrypted_data":"eA==","encryption_version":"v0"}`,
		"binary":                 "tfstate\x00\x01",
		"no JSON":                "<html>",
		"cut off after the word": searchedBody[:len(searchedBody)-40],
		"cut off before it":      searchedBody[:200],
		"a later version":        `{"version": 5, "serial": 1, "lineage": "l"}`,
	} {
		if hits, _, err := q.Search([]byte(body), nil); err == nil {
			t.Errorf("%s: searched, %d hits", name, len(hits))
		}
	}
	for name, body := range map[string]string{"no bytes": "", "no resources": `{"version": 4, "serial": 1, "lineage": "l", "resources": []}` + "\n"} {
		if hits, _, err := q.Search([]byte(body), nil); err != nil || len(hits) > 0 {
			t.Errorf("%s: %v, %d hits", name, err, len(hits))
		}
	}
}

// TestLookingThroughBytesRulesOutNothingThatReadingFinds searches states for
// pieces of themselves, with and without looking through the bytes first.
func TestLookingThroughBytesRulesOutNothingThatReadingFinds(t *testing.T) {
	for name, body := range map[string][]byte{"made up": []byte(searchedBody), "v4": readState(t, "terraform-v4.tfstate"), "tofu": readState(t, "opentofu-v4.tfstate"),
		"keys": readState(t, "keys-v4.tfstate"), "v3": readState(t, "legacy-v3.tfstate"), "v2": readState(t, "legacy-v2.tfstate"), "v1": readState(t, "legacy-v1.tfstate")} {
		index, err := IndexState(body)
		if err != nil {
			t.Fatal(name, err)
		}
		for address, err := range index.Addresses(body) {
			if err != nil {
				t.Fatal(name, err)
			}
			for _, part := range partsOf(address) {
				q, err := ParseSearch(part)
				if err != nil {
					continue
				}
				hits, _, err := q.Search(body, nil)
				if err != nil || !slices.ContainsFunc(hits, func(h SearchHit) bool { return h.Address == address }) {
					t.Errorf("%s: %q does not find %s: %q, %v", name, part, address, toldHits(hits), err)
				}
			}
		}
	}
}

// TestRulingOutChangesNothing searches states for pieces of all their values,
// sensitive ones too, once with and once without looking through the bytes.
func TestRulingOutChangesNothing(t *testing.T) {
	bodies := stateFixtures(t)
	bodies["made up"], bodies["disguised"] = []byte(searchedBody), []byte(disguised(searchedBody))
	r := rand.New(rand.NewPCG(4, 2))
	for name, body := range bodies {
		index, err := IndexState(body)
		if err != nil {
			continue // tested elsewhere
		}
		for _, text := range valuesIn(t, body, index) {
			for range 2 {
				q, ok := pieceOf(r, text)
				if !ok {
					continue
				}
				with, _, err := q.Search(body, nil)
				for i := range q.words {
					q.words[i].needles = nil
				}
				without, _, err2 := q.Search(body, nil)
				if err != nil || err2 != nil || !slices.Equal(with, without) {
					t.Errorf("%s: %q finds %q, %v, without looking first %q, %v", name, q.Pattern(), toldHits(with), err, toldHits(without), err2)
				}
			}
		}
	}
}

func valuesIn(t *testing.T, body []byte, x *StateIndex) []string {
	t.Helper()
	var texts []string
	for i := range x.Len() {
		all, err := x.Instances(body, i)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range all {
			v, err := DecodeValue(body, o.Attributes)
			if err != nil {
				t.Fatal(err)
			}
			v.Walk(func(part *Value) bool {
				if text, ok := scalarText(part); ok {
					texts = append(texts, text)
				}
				return true
			})
		}
	}
	return texts
}

// pieceOf is a query for some of a text.
func pieceOf(r *rand.Rand, text string) (SearchQuery, bool) {
	runes := []rune(text)
	from := r.IntN(len(runes))
	piece := string(runes[from : from+1+r.IntN(len(runes)-from)])
	if r.IntN(2) == 0 {
		piece = strings.ToUpper(piece)
	}
	q, err := ParseSearch(piece)
	return q, err == nil
}

// partsOf are pieces of an address, upper case among them.
func partsOf(address string) []string {
	parts := []string{address, strings.ToUpper(address)}
	for i := 0; i < len(address); i += 3 {
		piece := strings.Map(func(r rune) rune {
			if r == ' ' || r == '\t' || r == '\n' {
				return -1
			}
			return r
		}, address[i:min(len(address), i+7)])
		if utf8.ValidString(piece) && strings.Contains(address, piece) && !strings.HasPrefix(piece, `"`) {
			parts = append(parts, piece)
		}
	}
	return parts
}

// A secret that is too short to be known by its text is none to be found either,
// and what another version marked is one here.
func TestSearchFindsNoSecretThatItsTextDoesNotTell(t *testing.T) {
	body := []byte(v4(`{"mode":"managed","type":"t","name":"n","instances":[{"attributes":{"id":"i","pin":"4815","url":"https://u:hunter22@h.example"},"sensitive_attributes":[[{"type":"get_attr","value":"pin"}]]}]}`))
	other := secretsOf("hunter22")
	for name, c := range map[string]struct {
		pattern string
		known   *Secrets
		want    string // the value of the only hit
	}{
		"a short one":                         {"4815", nil, ""},
		"what no version marks":               {"hunter22", nil, "https://u:hunter22@h.example"},
		"what another version marks":          {"hunter22", other, ""},
		"what stands beside it":               {"h.example", other, "https://u:(sensitive)@h.example"},
		"a part of what another one marks":    {"unter", other, ""},
		"the words round it, and it as a hit": {"https hunter22", other, ""},
	} {
		t.Run(name, func(t *testing.T) {
			q, err := ParseSearch(c.pattern)
			if err != nil {
				t.Fatal(err)
			}
			hits, _, err := q.Search(body, c.known)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, h := range hits {
				got += h.Value
			}
			if got != c.want {
				t.Errorf("found %q, want %q", got, c.want)
			}
		})
	}
}
