package model

import (
	"bytes"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stateward/stateward/internal/evidence"
)

// addressesOf are the addresses that the index gives, sorted.
func addressesOf(t testing.TB, body []byte) []string {
	t.Helper()
	index, err := IndexState(body)
	if err != nil {
		t.Fatal(err)
	}
	all := []string{}
	for address, err := range index.Addresses(body) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, address)
	}
	if len(all) != index.ResourceCount() {
		t.Errorf("%d addresses, but ResourceCount says %d", len(all), index.ResourceCount())
	}
	slices.Sort(all)
	return all
}

func sortedLines(text []byte) []string {
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	slices.Sort(lines)
	return lines
}

// The lists were printed by terraform 1.11.4 state list.
func TestIndexStateListsTheAddressesThatTerraformLists(t *testing.T) {
	lists, err := filepath.Glob(filepath.Join("testdata", "states", "*.list"))
	if err != nil || len(lists) < 6 {
		t.Fatalf("fixtures are missing: %v %v", lists, err)
	}
	for _, list := range lists {
		name := filepath.Base(list)
		t.Run(name, func(t *testing.T) {
			want := sortedLines(readState(t, name))
			got := addressesOf(t, readState(t, strings.TrimSuffix(name, ".list")+".tfstate"))
			if !slices.Equal(got, want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}

// terraformStateList runs the real binary on a state.
func terraformStateList(t *testing.T, path string) []string {
	t.Helper()
	evidence.Tools(t, "terraform")
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "terraform", "state", "list", "-no-color", "-state="+path)
	cmd.Dir = t.TempDir()
	cmd.Env = []string{"CHECKPOINT_DISABLE=1", "HOME=" + cmd.Dir}
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("terraform state list: %v", err)
	}
	return sortedLines(out)
}

func TestAddressesAgreeWithTheRealTerraform(t *testing.T) {
	for name, body := range stateFixtures(t) {
		if strings.Contains(name, "encrypted") {
			continue
		}
		t.Run(name, func(t *testing.T) {
			want := terraformStateList(t, filepath.Join("testdata", "states", name))
			if got := addressesOf(t, body); !slices.Equal(got, want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}

func TestIndexStateOfTheFixture(t *testing.T) {
	body := readState(t, "terraform-v4.tfstate")
	index, err := IndexState(body)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range index.Resources() {
		got = append(got, fmt.Sprintf("%s|%s|%s|%s|%s|%d|%d|%d", e.Address, e.Module, e.Mode, e.Type, e.Name, e.Instances, e.Tainted, e.Deposed))
		if want := `provider["terraform.io/builtin/terraform"]`; e.Provider != want {
			t.Errorf("provider %s, want %s", e.Provider, want)
		}
		if part := e.Span.In(body); !bytes.HasPrefix(part, []byte("{")) || !bytes.HasSuffix(part, []byte("}")) || !bytes.Contains(part, []byte(e.Name)) {
			t.Errorf("the span of %s holds %.40q", e.Address, part)
		}
	}
	want := []string{
		`terraform_data.count||managed|terraform_data|count|3|1|0`,
		`terraform_data.secret||managed|terraform_data|secret|1|0|0`,
		`module.m["blue"].terraform_data.x|module.m["blue"]|managed|terraform_data|x|2|0|0`,
		`module.m["green/x"].terraform_data.x|module.m["green/x"]|managed|terraform_data|x|2|0|0`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if index.ManagedInstances != 8 || index.DataInstances != 0 || facts(index.StateHeader) != "v4 1.11.4 10 5b016d96-95c2-717e-1872-b789a17ddc19" {
		t.Errorf("%d managed, %d data, %s", index.ManagedInstances, index.DataInstances, facts(index.StateHeader))
	}
	out := index.Outputs[0]
	if len(index.Outputs) != 1 || out.Name != "secret" || !out.Sensitive || string(out.Value.In(body)) != `"fixture-secret-value"` || string(out.Type.In(body)) != `"string"` {
		t.Errorf("outputs %+v", index.Outputs)
	}
}

func TestInstancesTellWhereTheirPartsAre(t *testing.T) {
	body := readState(t, "terraform-v4.tfstate")
	index, err := IndexState(body)
	if err != nil {
		t.Fatal(err)
	}
	all, err := index.Instances(body, 0)
	if err != nil || len(all) != 3 {
		t.Fatalf("%d instances, %v", len(all), err)
	}
	second := all[1]
	if second.Address != "terraform_data.count[1]" || second.Key != "[1]" || !second.Tainted || second.Deposed != "" {
		t.Errorf("%+v", second)
	}
	attributes, sensitive := second.Attributes.In(body), second.Sensitive.In(body)
	if !bytes.Contains(attributes, []byte(`"1-1"`)) || attributes[0] != '{' || string(sensitive) != "[]" {
		t.Errorf("attributes %.60q, sensitive %q", attributes, sensitive)
	}
	if part := second.Span.In(body); !bytes.HasPrefix(part, []byte("{")) || !bytes.Contains(part, []byte(`"tainted"`)) {
		t.Errorf("the instance spans %.60q", part)
	}
	if _, err := index.Instances(body[:len(body)-1], 0); !errors.Is(err, ErrInvalid) {
		t.Errorf("another body: %v", err)
	}
}

func TestInstancesOfALegacyResource(t *testing.T) {
	body := readState(t, "legacy-v1.tfstate")
	index, err := IndexState(body)
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range index.Resources() {
		if e.Address != "aws_vpc.main" {
			continue
		}
		all, err := index.Instances(body, i)
		if err != nil || len(all) != 2 || e.Instances != 1 || e.Deposed != 1 {
			t.Fatalf("%+v of %+v, %v", all, e, err)
		}
		if all[1].Deposed != "00000001" || !bytes.Contains(all[1].Span.In(body), []byte("vpc-0")) || all[0].Address != all[1].Address {
			t.Errorf("%+v", all)
		}
	}
	if len(index.Outputs) != 1 || index.Outputs[0].Name != "address" || string(index.Outputs[0].Value.In(body)) != `"10.0.0.1"` {
		t.Errorf("outputs %+v: those of the root module alone count", index.Outputs)
	}
}

func v4(resources string) string {
	return `{"version":4,"terraform_version":"1.11.4","serial":1,"lineage":"l","outputs":{},"resources":[` + resources + `]}`
}

func v3(modules string) string {
	return `{"version":3,"serial":1,"lineage":"l","modules":[` + modules + `]}`
}

func TestIndexStateCounts(t *testing.T) {
	cases := map[string]struct {
		body                            string
		managed, data, tainted, deposed int
		resources                       int
	}{
		"no resources":                           {body: v4(``)},
		"null instead of resources":              {body: `{"version":4,"serial":1,"lineage":"l","resources":null,"outputs":null}`},
		"an empty state":                         {body: ``},
		"a resource without instances":           {body: v4(`{"mode":"managed","type":"t","name":"n","instances":[]}`), resources: 1},
		"null instances":                         {body: v4(`{"mode":"managed","type":"t","name":"n","instances":null}`), resources: 1},
		"managed and data":                       {body: v4(`{"mode":"managed","type":"t","name":"n","instances":[{},{"index_key":1}]},{"mode":"data","type":"t","name":"n","instances":[{}]}`), managed: 2, data: 1, resources: 2},
		"a deposed object beside the current":    {body: v4(`{"mode":"managed","type":"t","name":"n","instances":[{"index_key":0},{"index_key":0,"deposed":"00000001"},{"index_key":1}]}`), managed: 2, deposed: 1, resources: 1},
		"a deposed object before the current":    {body: v4(`{"mode":"managed","type":"t","name":"n","instances":[{"deposed":"00000001"},{}]}`), managed: 1, deposed: 1, resources: 1},
		"deposed objects alone":                  {body: v4(`{"mode":"managed","type":"t","name":"n","instances":[{"deposed":"00000001","index_key":"a"},{"deposed":"00000002","index_key":"\u0061"}]}`), managed: 1, deposed: 2, resources: 1},
		"an empty deposed key is the current":    {body: v4(`{"mode":"managed","type":"t","name":"n","instances":[{"deposed":""},{"deposed":null,"index_key":1}]}`), managed: 2, resources: 1},
		"tainted":                                {body: v4(`{"mode":"managed","type":"t","name":"n","instances":[{"status":"tainted"},{"index_key":1,"status":""},{"index_key":2,"status":null}]}`), managed: 3, tainted: 1, resources: 1},
		"words of the state inside attributes":   {body: v4(`{"mode":"managed","type":"t","name":"n","instances":[{"attributes":{"resources":[{"mode":"managed"}],"instances":[{},{}],"status":"tainted","deposed":"x","serial":99}}]}`), managed: 1, resources: 1},
		"unknown members everywhere":             {body: `{"version":4,"serial":1,"future":[{}],"resources":[{"mode":"managed","type":"t","name":"n","future":{},"instances":[{"future":[]}]}]}`, managed: 1, resources: 1},
		"version after the resources":            {body: `{"resources":[{"mode":"managed","type":"t","name":"n","instances":[{}]}],"modules":[],"serial":1,"lineage":"l","version":4}`, managed: 1, resources: 1},
		"modules in v4 are none of its members":  {body: `{"version":4,"serial":1,"modules":[{"path":["root"],"resources":{"a.b":{"primary":{}}}}],"resources":[]}`},
		"doubled resources, the last ones count": {body: `{"version":4,"serial":1,"resources":[{"mode":"managed","type":"t","name":"n","instances":[{}]}],"resources":[]}`},
		"v3 with count, data and deposed":        {body: v3(`{"path":["root"],"resources":{"a.b.0":{"primary":{"tainted":true}},"a.b.1":{"primary":null,"deposed":[{},{}]},"data.a.b":{"primary":{}},"a.c":{"primary":null,"deposed":[null]}}}`), managed: 2, data: 1, tainted: 1, deposed: 2, resources: 4},
		"v3 without modules":                     {body: `{"version":3,"serial":1,"lineage":"l","modules":null}`},
		"v1 without a path is the root":          {body: `{"version":1,"serial":1,"modules":[{"path":null,"resources":{"a.b":{"primary":{}}}}]}`, managed: 1, resources: 1},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			index, err := IndexState([]byte(c.body))
			if err != nil {
				t.Fatal(err)
			}
			tainted, deposed := 0, 0
			for _, e := range index.Resources() {
				tainted, deposed = tainted+e.Tainted, deposed+e.Deposed
			}
			got := []int{index.ManagedInstances, index.DataInstances, tainted, deposed, index.Len()}
			if want := []int{c.managed, c.data, c.tainted, c.deposed, c.resources}; !slices.Equal(got, want) {
				t.Errorf("managed, data, tainted, deposed, resources: %v, want %v", got, want)
			}
			addressesOf(t, []byte(c.body)) // must agree with the count
		})
	}
}

func TestIndexStateRefuses(t *testing.T) {
	cases := map[string]struct {
		body, want string
		kind       error
	}{
		"an encrypted state":                  {body: `{"serial":1,"lineage":"l","meta":{"key_provider.pbkdf2.k":"x"},"encrypted_data":"AA","encryption_version":"v0"}`, kind: ErrEncryptedState},
		"a binary state":                      {body: "tfstate\x00", kind: ErrUnsupported},
		"a web page":                          {body: "<html>", kind: ErrInvalid, want: "at offset 0: not a JSON object"},
		"a state cut in a resource":           {body: v4(`{"mode":"managed","ty`)[:110], kind: ErrInvalid, want: "at offset 110: the state ends too early"},
		"resources as an object":              {body: `{"version":4,"resources":{}}`, kind: ErrInvalid, want: `at offset 25: "resources" is an object, expected an array`},
		"a resource as a string":              {body: v4(`"x"`), kind: ErrInvalid, want: `a resource is a string, expected an object`},
		"a name as a number":                  {body: v4(`{"mode":"managed","type":"t","name":7}`), kind: ErrInvalid, want: `name is a number, expected a string`},
		"an unknown mode":                     {body: `{"version":4,"resources":[{"mode":"other","type":"t","name":"n"}]}`, kind: ErrInvalid, want: `at offset 34: the mode of a resource is neither "managed" nor "data"`},
		"no mode":                             {body: v4(`{"type":"t","name":"n"}`), kind: ErrInvalid, want: `the mode of a resource`},
		"instances as a string":               {body: v4(`{"mode":"managed","type":"t","name":"n","instances":"x"}`), kind: ErrInvalid, want: `instances is a string, expected an array`},
		"an index_key that is a boolean":      {body: v4(`{"mode":"managed","type":"t","name":"n","instances":[{"index_key":true}]}`), kind: ErrInvalid, want: `index_key is a boolean, expected a string or a whole number`},
		"an index_key beyond all indexes":     {body: v4(`{"mode":"managed","type":"t","name":"n","instances":[{"index_key":1e300}]}`), kind: ErrInvalid, want: `index_key is a number too large`},
		"an instance that is there twice":     {body: v4(`{"mode":"managed","type":"t","name":"n","instances":[{"index_key":1},{"index_key":1.5}]}`), kind: ErrInvalid, want: `an instance is there twice`},
		"an output that is a number":          {body: `{"version":4,"outputs":{"a":1}}`, kind: ErrInvalid, want: `an output is a number, expected an object`},
		"sensitive as a string":               {body: `{"version":4,"outputs":{"a":{"sensitive":"yes"}}}`, kind: ErrInvalid, want: `sensitive is a string, expected true or false`},
		"a legacy key of one part":            {body: v3(`{"path":["root"],"resources":{"a":{}}}`), kind: ErrInvalid, want: `the key of this resource is not type.name`},
		"a legacy key with a word for index":  {body: v3(`{"path":["root"],"resources":{"a.b.c":{}}}`), kind: ErrInvalid, want: `the key of this resource is not type.name`},
		"a legacy path that is not from root": {body: v3(`{"path":["other"],"resources":{}}`), kind: ErrInvalid, want: `the path of a module does not start with "root"`},
		"a fault deep in the attributes":      {body: v4(`{"mode":"managed","type":"t","name":"n","instances":[{"attributes":{"a":[1,2,}}]}`), kind: ErrInvalid, want: "not JSON: invalid character '}' at start of value"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			index, err := IndexState([]byte(c.body))
			if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v, want %v and %q", err, c.kind, c.want)
			}
			if index == nil || index.Len() != 0 || index.ResourceCount() != 0 || index.Outputs != nil {
				t.Errorf("a failed index holds more than the header: %+v", index)
			}
		})
	}
}

func TestErrorsDoNotQuoteTheState(t *testing.T) {
	body := v4(`{"mode":"managed","type":"t","name":"n","instances":[{"attributes":{"tops3cret":{"hush":"tops3cret" "x"}}}]}`)
	_, err := IndexState([]byte(body))
	if err == nil || strings.Contains(err.Error(), "tops3cret") || strings.Contains(err.Error(), "hush") {
		t.Errorf("error %v", err)
	}
}

func TestAModuleKeepsItsPathWhereverItStands(t *testing.T) {
	body := v3(`{"resources":{"a.in":{"primary":{}}},"path":["root","m","n"]},{"path":["root"],"resources":{"a.out":{"primary":{}}}},{"path":["root","m"],"resources":{"a.in":{"primary":{}}}}`)
	want := []string{"a.out", "module.m.a.in", "module.m.module.n.a.in"}
	if got := addressesOf(t, []byte(body)); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTheProviderMayStandOnTheInstance(t *testing.T) {
	body := v4(`{"mode":"managed","type":"t","name":"n","instances":[{"index_key":"a","provider":"provider[\"p\"].eu"}]}`)
	index, err := IndexState([]byte(body))
	if err != nil || index.Resource(0).Provider != `provider["p"].eu` {
		t.Errorf("provider %q, %v", index.Resource(0).Provider, err)
	}
}

func TestBrokenUTF8IsReadAndNoted(t *testing.T) {
	body := []byte(v4("{\"mode\":\"managed\",\"type\":\"t\",\"name\":\"n\xffm\",\"instances\":[{}]}"))
	index, err := IndexState(body)
	if err != nil {
		t.Fatal(err)
	}
	at := int64(bytes.IndexByte(body, 0xff))
	if index.InvalidUTF8 == nil || *index.InvalidUTF8 != at || len(index.Notes()) != 1 || index.Resource(0).Name != "n\uFFFDm" {
		t.Errorf("at %v, want %d; notes %q, name %q", index.InvalidUTF8, at, index.Notes(), index.Resource(0).Name)
	}
}

func TestAnIndexOfManyChunksFindsEveryRow(t *testing.T) {
	const n = 3*rowsPerChunk + 17
	body := smallResources(n, 0)
	index, err := IndexState(body)
	if err != nil || index.Len() != n || index.ManagedInstances != n {
		t.Fatalf("%d resources, %d instances, %v", index.Len(), index.ManagedInstances, err)
	}
	for i, e := range index.Resources() {
		if want := fmt.Sprintf("module.zone[\"z%d\"].aws_route53_record.record_%06d", i/400, i); e.Address != want {
			t.Fatalf("resource %d is %s, want %s", i, e.Address, want)
		}
	}
}

func TestTheIndexDoesNotAliasTheBody(t *testing.T) {
	body := slices.Clone(readState(t, "terraform-v4.tfstate"))
	index, err := IndexState(body)
	if err != nil {
		t.Fatal(err)
	}
	before := fmt.Sprint(slices.Collect(entries(index)), index.Outputs, *index.Lineage)
	clear(body)
	if after := fmt.Sprint(slices.Collect(entries(index)), index.Outputs, *index.Lineage); after != before {
		t.Errorf("after the body was overwritten the index says\n%s\nnot\n%s", after, before)
	}
}

func entries(x *StateIndex) func(yield func(ResourceEntry) bool) {
	return func(yield func(ResourceEntry) bool) {
		for _, e := range x.Resources() {
			if !yield(e) {
				return
			}
		}
	}
}

func FuzzIndexState(f *testing.F) {
	for _, body := range stateFixtures(f) {
		f.Add(body)
	}
	for _, body := range []string{
		v4(`{"mode":"managed","type":"t","name":"n","instances":[{"index_key":0},{"index_key":0,"deposed":"00000001"}]}`),
		v3(`{"path":["root"],"resources":{"data.a.b.0":{"primary":{},"deposed":[{}]}}}`),
		v4(`{"mode":"managed","type":"t","name":"n","instances":[{"index_key":1.5}]}`), v4(`null`), v3(`null`),
		v4("{\"mode\":\"data\",\"type\":\"\xff\",\"name\":\"\\ud800\",\"instances\":[null]}"),
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		index, err := IndexState(body)
		if err != nil {
			if index.Len() != 0 {
				t.Fatal("an error, and resources")
			}
			return
		}
		instances := 0
		for i, e := range index.Resources() {
			checkEntry(t, body, e)
			all, err := index.Instances(body, i)
			if err != nil {
				t.Fatalf("indexed, but the instances of %q cannot be read: %v", e.Address, err)
			}
			if n := len(distinctAddresses(all)); n != e.Instances {
				t.Fatalf("%q has %d addresses, but %d instances", e.Address, n, e.Instances)
			}
			instances += e.Instances
		}
		if instances != index.ResourceCount() {
			t.Fatalf("%d instances, but ResourceCount is %d", instances, index.ResourceCount())
		}
	})
}

func checkEntry(t *testing.T, body []byte, e ResourceEntry) {
	t.Helper()
	part := e.Span.In(body)
	if len(part) == 0 || !strings.ContainsRune("{n", rune(part[0])) {
		t.Fatalf("the span of %q holds %.20q", e.Address, part)
	}
	if e.Mode != ModeManaged && e.Mode != ModeData {
		t.Fatalf("mode %q", e.Mode)
	}
}
