//go:build unix

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/stateward/stateward/internal/evidence"
	"github.com/stateward/stateward/model"
)

// TestTheRealTerraformShowsTheSameState lets the real terraform write 30 states,
// and compares what it says of each with what is read here: every address with
// its tainted and deposed objects exactly, and of the sensitive paths that all
// are masked.
func TestTheRealTerraformShowsTheSameState(t *testing.T) {
	t.Parallel()
	evidence.Tools(t, "terraform")
	lab := newShowLab(t)
	const states = 30
	var g errgroup.Group
	g.SetLimit(2)
	seen := make([]shownByTerraform, states)
	for i := range states {
		g.Go(func() (err error) {
			seen[i], err = lab.make(t.Context(), i)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	total := compared{}
	for i, s := range seen {
		t.Run(fmt.Sprintf("state %d", i), func(t *testing.T) { total.add(compareShown(t, s)) })
	}
	t.Logf("%+v", total)
	if total.tainted == 0 || total.deposed == 0 || total.data == 0 || total.sensitive == 0 || total.objects < 10*states {
		t.Errorf("the states do not hold all that is to be compared: %+v", total)
	}
}

// compared counts what was compared.
type compared struct{ objects, data, tainted, deposed, sensitive int }

func (c *compared) add(d compared) {
	c.objects, c.data, c.tainted = c.objects+d.objects, c.data+d.data, c.tainted+d.tainted
	c.deposed, c.sensitive = c.deposed+d.deposed, c.sensitive+d.sensitive
}

// showLab is one configuration, applied with many variables to many state files.
type showLab struct {
	dir string
	env []string
}

const showSecret = "lab-secret-<&>-\"quoted\"-value"

func newShowLab(t *testing.T) *showLab {
	t.Helper()
	lab := &showLab{dir: t.TempDir(), env: append(cleanEnv(), "HOME="+t.TempDir(), "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1")}
	remote := filepath.Join(lab.dir, "remote.tfstate")
	writeFile(t, remote, `{"version":4,"terraform_version":"1.11.4","serial":1,"lineage":"a","outputs":{"shared":{"value":"remote-shared-secret","type":"string","sensitive":true},"open":{"value":"open","type":"string"}},"resources":[],"check_results":null}`)
	writeFile(t, filepath.Join(lab.dir, "main.tf"), fmt.Sprintf(showConfiguration, remote))
	writeFile(t, filepath.Join(lab.dir, "outer", "main.tf"), showOuterModule)
	writeFile(t, filepath.Join(lab.dir, "outer", "inner", "main.tf"), showInnerModule)
	if out, err := lab.terraform(t.Context(), "init", "-input=false"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return lab
}

func (lab *showLab) terraform(ctx context.Context, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "terraform", args...)
	cmd.Dir, cmd.Env = lab.dir, lab.env
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = fmt.Errorf("terraform %s: %w\n%s", strings.Join(args, " "), err, exit.Stderr)
	}
	return out, err
}

// shownByTerraform is a state and what terraform says of it.
type shownByTerraform struct {
	body []byte
	doc  struct {
		Values struct {
			Outputs map[string]struct{ Sensitive bool }
			Root    shownModule `json:"root_module"`
		}
	}
}

type shownModule struct {
	Resources []shownObject
	Children  []shownModule `json:"child_modules"`
}

type shownObject struct {
	Address   string
	Mode      string
	Type      string
	Tainted   bool
	Deposed   string          `json:"deposed_key"`
	Sensitive json.RawMessage `json:"sensitive_values"`
}

// make writes state i: every third one is applied twice, the second time with a
// provisioner that fails, which leaves a tainted and a deposed object.
func (lab *showLab) make(ctx context.Context, i int) (s shownByTerraform, err error) {
	path := filepath.Join(lab.dir, strconv.Itoa(i)+".tfstate")
	applies := 1
	if i%3 == 2 {
		applies = 2
	}
	for n := range applies {
		vars := filepath.Join(lab.dir, fmt.Sprintf("%d-%d.tfvars.json", i, n))
		if err := os.WriteFile(vars, showVariables(i, n), 0o600); err != nil {
			return s, err
		}
		_, err := lab.terraform(ctx, "apply", "-auto-approve", "-input=false", "-lock=false", "-backup=-", "-state="+path, "-var-file="+vars)
		if fails := n == 1; fails != (err != nil) {
			return s, fmt.Errorf("apply %d of state %d fails: %t, wanted %t: %w", n, i, err != nil, fails, err)
		}
	}
	if s.body, err = os.ReadFile(path); err != nil {
		return s, err
	}
	out, err := lab.terraform(ctx, "show", "-json", path)
	if err != nil {
		return s, err
	}
	return s, json.Unmarshal(out, &s.doc)
}

// showVariables are the variables of state i in its nth apply, the same in every run.
func showVariables(i, n int) []byte {
	r := rand.New(rand.NewPCG(uint64(i), 41))
	odd := []string{"plain", `quo"te`, "sla/sh", "do.t", `back\slash`, "${dollar}", "%%{percent}", "ü-umlaut", "new\nline", "[0]", "a b", ".module.x", "<&>"}
	r.Shuffle(len(odd), func(a, b int) { odd[a], odd[b] = odd[b], odd[a] })
	doc, _ := json.Marshal(map[string]any{ // strings and numbers only
		"counted": r.IntN(4), "keys": odd[:r.IntN(6)], "modules": odd[6 : 6+r.IntN(3)], "inner": r.IntN(3),
		"secret": showSecret + strconv.Itoa(i), "pin": 1000000 + i, "release": n, "fail": n == 1,
	})
	return doc
}

// compareShown holds what is read here to what terraform says.
func compareShown(t *testing.T, s shownByTerraform) compared {
	doc, err := model.ReadDocument("", s.body)
	if err != nil {
		t.Fatal(err)
	}
	want, wantAddresses := map[string]shownObject{}, map[string]bool{}
	collectShown(s.doc.Values.Root, want, wantAddresses)
	c, addresses := compared{}, map[string]bool{}
	for i, e := range doc.Index.Resources() {
		objects, err := doc.Index.Instances(doc.Body, i)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range objects {
			theirs, ok := want[o.Address+" "+o.Deposed]
			if !ok {
				t.Errorf("terraform does not show %s %s", o.Address, o.Deposed)
				continue
			}
			delete(want, o.Address+" "+o.Deposed)
			addresses[o.Address] = true
			c.add(compareObject(t, &doc, e, o, theirs))
		}
	}
	for name := range want {
		t.Errorf("terraform shows %s, which is not read here", name)
	}
	if doc.Index.ResourceCount() != len(wantAddresses) || len(addresses) != len(wantAddresses) {
		t.Errorf("%d addresses counted and %d read, terraform has %d", doc.Index.ResourceCount(), len(addresses), len(wantAddresses))
	}
	c.sensitive += compareOutputs(t, &doc, s)
	nothingInClear(t, &doc)
	return c
}

func collectShown(m shownModule, all map[string]shownObject, addresses map[string]bool) {
	for _, o := range m.Resources {
		all[o.Address+" "+o.Deposed] = o
		addresses[o.Address] = true
	}
	for _, child := range m.Children {
		collectShown(child, all, addresses)
	}
}

func compareObject(t *testing.T, doc *model.StateDocument, e model.ResourceEntry, o model.InstanceEntry, theirs shownObject) compared {
	c := compared{objects: 1}
	if o.Tainted != theirs.Tainted || e.Mode != theirs.Mode || e.Type != theirs.Type {
		t.Errorf("%s: tainted %t, %s %s; terraform says %+v", o.Address, o.Tainted, e.Mode, e.Type, theirs)
	}
	for count, is := range map[*int]bool{&c.data: e.Mode == model.ModeData, &c.tainted: o.Tainted, &c.deposed: o.Deposed != ""} {
		if is {
			*count = 1
		}
	}
	v, err := model.Attributes(doc.Body, o, nil) // by marks alone: what other values taught must not help
	if err != nil {
		t.Fatal(err)
	}
	var marks any
	if err := json.Unmarshal(theirs.Sensitive, &marks); err != nil {
		t.Fatal(err)
	}
	c.sensitive = everyMarkIsMasked(t, o.Address, v, marks)
	return c
}

// everyMarkIsMasked follows the sensitive_values of terraform show -json: true
// wherever something is sensitive. It counts the places.
func everyMarkIsMasked(t *testing.T, path string, v *model.Value, marks any) int {
	n := 0
	switch marks := marks.(type) {
	case bool:
		if !marks {
			return 0
		}
		if v == nil || !v.Sensitive {
			t.Errorf("terraform says that %s is sensitive, and it is not masked: %s", path, (*model.Secrets)(nil).Print(v))
		}
		return 1
	case map[string]any:
		for name, below := range marks {
			n += everyMarkIsMasked(t, path+"."+name, memberOf(v, name), below)
		}
	case []any:
		for i, below := range marks {
			n += everyMarkIsMasked(t, path+"["+strconv.Itoa(i)+"]", elementOf(v, i), below)
		}
	}
	return n
}

// memberOf is a part of a value, which may stand in {"value":…,"type":…} as one
// of no fixed type does.
func memberOf(v *model.Value, name string) *model.Value {
	if v != nil && v.Sensitive {
		return v // masked as a whole
	}
	return unwrapped(v).Member(name)
}

func elementOf(v *model.Value, i int) *model.Value {
	if v != nil && v.Sensitive {
		return v
	}
	if v = unwrapped(v); v == nil || i >= len(v.Items) {
		return nil
	}
	return v.Items[i]
}

func unwrapped(v *model.Value) *model.Value {
	if v != nil && len(v.Members) == 2 && v.Member("value") != nil && v.Member("type") != nil {
		return v.Member("value")
	}
	return v
}

func compareOutputs(t *testing.T, doc *model.StateDocument, s shownByTerraform) (sensitive int) {
	var names []string
	for _, o := range doc.Index.Outputs {
		names = append(names, o.Name)
		theirs, ok := s.doc.Values.Outputs[o.Name]
		if !ok || theirs.Sensitive != o.Sensitive {
			t.Errorf("output %s: sensitive %t, terraform says %t (%t)", o.Name, o.Sensitive, theirs.Sensitive, ok)
		}
		v, err := model.OutputValue(doc.Body, o, nil)
		if err != nil {
			t.Fatal(err)
		}
		if theirs.Sensitive {
			sensitive++
			if !v.Sensitive {
				t.Errorf("output %s is not masked", o.Name)
			}
		}
	}
	if len(names) != len(s.doc.Values.Outputs) || !slices.IsSorted(names) {
		t.Errorf("outputs %v, terraform has %d", names, len(s.doc.Values.Outputs))
	}
	return sensitive
}

// nothingInClear: in no view of the state a secret is left, not even where the
// state does not mark it.
func nothingInClear(t *testing.T, doc *model.StateDocument) {
	masked, err := doc.AppendMasked(nil)
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(masked) {
		t.Error("the masked text is no JSON")
	}
	for _, secret := range []string{"lab-secret", "quoted", "remote-shared-secret", "sensitive-member"} {
		if strings.Contains(string(masked), secret) {
			t.Errorf("%q is left in the masked text", secret)
		}
	}
	if !strings.Contains(string(masked), "open-member") {
		t.Error("the masked text lacks what is no secret")
	}
}
