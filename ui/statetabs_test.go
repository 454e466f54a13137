package ui

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/stateward/stateward/model"
)

// raw goes to the text of the state that was overwritten.
func (s *session) raw() *session { return s.warehouse().press("shift+tab") }

func brokenBody(s *session) string {
	s.fleet.bodies["s3://acme-tfstate-data/"+theKey] = sampleBody[:900]
	return s.warehouse().press("tab").content()
}

// readingBody is the screen while a large state comes.
func readingBody(s *session) string {
	screen := ""
	s.fleet.bodyRead = func(_ context.Context, progress func(read, total int64)) {
		progress(12<<20, 100<<20)
		screen = s.content()
	}
	s.raw()
	return screen
}

func TestAStateIsReadOnlyWhenItsContentIsLookedAt(t *testing.T) {
	s := open(t, sampleFleet()).warehouse()
	s.sees("resources 3", "outputs ·")
	for range 3 {
		s.wait(s.app.every())
	}
	if n := s.fleet.count("StateBody"); n != 0 {
		t.Fatalf("the body was read %d times before anybody asked for it", n)
	}
	s.press("tab").sees("[resources 5]", "aws_redshift_cluster", "outputs 4")
	s.press("tab").sees("warehouse_password").press("tab", "tab", "tab").sees("terraform_version")
	for range 3 {
		s.wait(s.app.every())
	}
	if n := s.fleet.count("StateBody"); n != 1 {
		t.Errorf("three tabs read the body %d times", n)
	}
	s.press("ctrl+r")
	if n := s.fleet.count("StateBody"); n != 2 {
		t.Errorf("after ctrl+r the body was read %d times", n)
	}
}

func TestLeavingEndsTheReadingOfAState(t *testing.T) {
	s := open(t, sampleFleet()).warehouse()
	var read context.Context
	s.fleet.bodyRead = func(ctx context.Context, progress func(read, total int64)) {
		read = ctx
		progress(12<<20, 100<<20)
		s.sees("reading 13 MB of 105 MB")
		progress(100<<20, 100<<20)
		s.sees("looking through 105 MB")
		s.press("esc")
	}
	s.press("tab")
	if read == nil || read.Err() == nil {
		t.Fatal("the reading goes on")
	}
	s.fleet.bodyRead = nil
	s.press("enter", "tab").sees("[resources 5]")
}

func TestNothingIsShownInClearUnlessTheJournalSaysSo(t *testing.T) {
	for name, c := range map[string]struct {
		keys  string
		shown string
	}{
		"an output":                 {"tab tab j j", theSecret},
		"an output that holds one":  {"tab tab j", "admin:" + theSecret + "@warehouse"},
		"an attribute":              {"tab j enter j j j j", theSecret},
		"an attribute in the text":  {"shift+tab j j j j right j j right j", "redshift://admin:" + theSecret},
		"a value with parts":        {"shift+tab j j j j right j j j right j j j", ""},
		"an attribute in a version": {"j enter j enter j j j j", theSecret},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, sampleFleet()).warehouse().press(strings.Fields(c.keys)...)
			s.missing(theSecret)
			if c.shown == "" {
				s.press("x").missing(theSecret)
				return
			}
			s.fleet.revealErr = &model.Failure{Kind: model.ErrJournal, Tried: "recording that secrets are shown"}
			s.press("x").missing(theSecret).sees("not shown", "the journal cannot be used")
			s.fleet.revealErr = nil
			s.sees("x reveal").press("x").sees(c.shown, "x hide").missing("x reveal")
			if n := s.fleet.count("RecordReveal " + theKey + " one sensitive value was shown"); n != 2 {
				t.Errorf("%d entries in the journal", n)
			}
			s.press("x").missing(theSecret)
			s.press("x").sees(c.shown).press("2", "1").missing(theSecret)
		})
	}
}

func TestLeavingForgetsWhatWasRevealed(t *testing.T) {
	s := open(t, sampleFleet()).warehouse().press("tab", "tab", "j", "j", "x").sees(theSecret)
	s.press("tab", "shift+tab").missing(theSecret).sees("(sensitive)")
	s.press("x").sees(theSecret).press("ctrl+r").missing(theSecret)
	s.press("shift+tab", "j", "enter", "j", "j", "j", "j", "x").sees(theSecret)
	s.press("esc", "enter").missing(theSecret)
	s.press("esc", "shift+tab", "shift+tab", "/").text("admin:").press("enter", "x").sees(theSecret)
	s.press("tab", "shift+tab").missing(theSecret)
}

func TestNoKeyShowsASecretButX(t *testing.T) {
	for _, keys := range []string{"tab", "tab j enter", "tab tab", "shift+tab"} {
		s := open(t, sampleFleet()).warehouse().press(strings.Fields(keys)...)
		for range 3 {
			for _, k := range []string{"enter", "right", "down", "y", "Y", "o", "/", "esc", "n", "N", "pgdown", "right", "right", "up"} {
				s.press(k)
				s.missing(theSecret)
				if strings.Contains(s.copied, theSecret) {
					t.Fatalf("%s copies the secret", k)
				}
			}
		}
	}
}

func TestSearchingTheText(t *testing.T) {
	s := open(t, sampleFleet()).raw()
	s.press("/").text("sg-4e5f").press("enter").sees("resources[1].instances[0].attributes.vpc_security_group_ids[1]", `"sg-4e5f6a7b"`)
	s.press("n").sees("the search went on at the other end")
	s.press("/", "ctrl+u").text("ORDERS").press("enter").sees("nothing that is shown has ORDERS")
	s.press("/", "ctrl+u").text("orders").press("enter", "n").sees("resources[2].instances[0].attributes.id")
	s.press("N").sees("resources[2].instances[0].index_key")
	s.press("/", "ctrl+u").text(theSecret).press("enter").sees("nothing that is shown has " + theSecret)
	s.press("/", "ctrl+u").text("(sensitive)").press("enter").sees("nothing that is shown")
	s.press("esc").missing("n next")
	s.press("esc").sees("STATE")
}

func TestFoldingTheText(t *testing.T) {
	s := open(t, sampleFleet()).raw().press("j", "j", "j", "j", "enter").sees("▾ outputs", "▸ endpoint")
	s.press("j", "right").sees("▾ endpoint", `"warehouse.example:5439"`, "outputs.endpoint")
	s.press("j", "left").sees("▾ endpoint", "outputs.endpoint").press("left").sees("▸ endpoint")
	s.press("left", "left").sees("▸ outputs").missing("endpoint  ")
	s.press("G", "left", "y")
	if s.copied != "check_results" {
		t.Errorf("copied %q", s.copied)
	}
}

func TestResourcesAreATreeOfModules(t *testing.T) {
	s := open(t, sampleFleet()).warehouse().press("tab")
	s.sees("▾ module.tables", `▾ module.index["eu.west"]`, "▸ aws_glue_table.this", "1 tainted", "1 deposed")
	s.press("j", "j", "j", "enter").sees(`["orders"]`, `["customers"]`)
	s.press("j", "j").sees("deposed 1a2b3c4d", `module.tables.aws_glue_table.this["orders"]`)
	s.press("y")
	if s.copied != `module.tables.aws_glue_table.this["orders"]` {
		t.Errorf("copied %q", s.copied)
	}
	s.press("enter").sees("deposed 1a2b3c4d", `"orders-old"`).press("esc")
	s.press("left", "left").missing(`["orders"]`).press("left", "left").sees("▸ module.tables").missing("aws_glue_index")
	s.press("enter", "/").text("eu.west").press("enter").sees("1 of 6", "module.ta").press("enter").sees(`"eu"`).press("esc", "esc")
	s.sees("▾ module.tables", "[resources 5]")
	s.press("Y")
	if !strings.Contains(s.copied, "stateward show s3://acme-tfstate-data/warehouse/terraform.tfstate") {
		t.Errorf("copied %q", s.copied)
	}
}

func TestAModuleIsSplitWhereItsStepsMeet(t *testing.T) {
	for address, want := range map[string][2]string{
		"module.a":                        {"", "module.a"},
		"module.a.module.b":               {"module.a", "module.b"},
		`module.a["x"].module.b[0]`:       {`module.a["x"]`, "module.b[0]"},
		`module.a[".module.b"]`:           {"", `module.a[".module.b"]`},
		`module.a["\".module.b"]`:         {"", `module.a["\".module.b"]`},
		`module.a["]"].module.c`:          {`module.a["]"]`, "module.c"},
		`module.module.module.b`:          {"module.module", "module.b"},
		`module.a.module.b.module.c["."]`: {"module.a.module.b", `module.c["."]`},
	} {
		if outer, last := lastModule(address); outer != want[0] || last != want[1] {
			t.Errorf("%s: %q and %q, want %q", address, outer, last, want)
		}
	}
}

func TestAPageOpensAtAnAddress(t *testing.T) {
	for address, want := range map[string]string{
		"aws_redshift_cluster.main":                                 "▲ 1 tainted",
		`module.tables.aws_glue_table.this["customers"]`:            `module.tables.aws_glue_table.this["customers"]`,
		"module.tables.aws_glue_table.this":                         "2 instances",
		`module.tables.module.index["eu.west"].aws_glue_index.this`: `module.tables.module.index["eu.west"].aws_glue_index.this`,
		"aws_vpc.gone": "there is no aws_vpc.gone in this version",
	} {
		s := open(t, sampleFleet())
		b := model.Backend{Name: "acme-tfstate-data", Bucket: "acme-tfstate-data"}
		s.do(s.app.push(newStatePageAt(s.app, b, model.State{Bucket: b.Bucket, Key: theKey}, address)))
		s.sees("[resources 5]", want)
		if at := s.app.top().(*statePage).tabs[1].(*resourcesTab); address != "aws_vpc.gone" && at.address(at.list.current()) != address {
			t.Errorf("%s: the cursor is on %s", address, at.address(at.list.current()))
		}
	}
}

func TestAVersionIsOpenedFromTheList(t *testing.T) {
	f := sampleFleet()
	f.bodies["s3://acme-tfstate-data/"+theKey+" 3HL4kqtJvjVBH40N"] = strings.Replace(sampleBody, `"main"`, `"before"`, 1)
	s := open(t, f).warehouse().press("j", "enter").sees("serial 56", "not the current version", "before", "[resources 5]")
	if f.count("StateBody "+theKey+" 3HL4kqtJvjVBH40N") != 1 {
		t.Errorf("calls %q", f.calls)
	}
	s.press("Y")
	if !strings.Contains(s.copied, "--version-id 3HL4kqtJvjVBH40N") {
		t.Errorf("copied %q", s.copied)
	}
	s.press("esc").sees("[versions 9]").press("g", "enter").sees("current version", "main")
	if f.count("StateBody "+theKey+" ") != 2 || f.calls[len(f.calls)-1] != "StateBody "+theKey+" " {
		t.Errorf("the current version was not read as such: %q", f.calls)
	}
	s.press("esc", "G", "k", "k", "enter").sees("a delete marker has no content")
}

func TestStatesThatCannotBeLookedInto(t *testing.T) {
	encrypted, err := os.ReadFile("../model/testdata/states/opentofu-encrypted.tfstate")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		body           string
		resources, raw []string
	}{
		"encrypted": {string(encrypted), []string{"encrypted by OpenTofu", "Only clients that have its key"}, []string{"encrypted_data", "encryption_version"}},
		"cut off":   {sampleBody[:700], []string{"the state ends too early", "--raw --reveal"}, []string{"the state ends too early"}},
		"binary":    {"tfstate\x00", []string{"before Terraform 0.7"}, []string{"before Terraform 0.7"}},
		"empty":     {"", []string{"no resources"}, []string{"the state is empty"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := sampleFleet()
			f.bodies = map[string]string{"s3://acme-tfstate-data/" + theKey: c.body}
			s := open(t, f).warehouse().press("tab").sees(c.resources...)
			s.press("tab").sees(c.resources[0][:2]).press("tab", "tab", "tab").sees(c.raw...).missing(theSecret)
			s.press("enter", "right", "x", "j", "left", "/").text("x").press("enter", "n", "esc").missing(theSecret)
		})
	}
}

func TestAStateThatCannotBeReadSaysWhyAndIsTriedAgain(t *testing.T) {
	f := sampleFleet()
	f.bodyErr = &model.Failure{Kind: model.ErrDenied, Tried: "reading", On: "s3://b/k", Action: "s3:GetObject"}
	s := open(t, f).warehouse().press("tab").sees("AccessDenied s3:GetObject", "ctrl+r tries again", "outputs ?")
	s.press("shift+tab", "shift+tab").sees("AccessDenied s3:GetObject")
	f.bodyErr = nil
	s.press("ctrl+r").sees("terraform_version")
	f.bodyErr = &model.Failure{Kind: model.ErrTimeout, Tried: "reading", On: "s3://b/k"}
	s.press("ctrl+r").sees("no answer in time", "terraform_version")
}

func TestANewerVersionIsToldOf(t *testing.T) {
	f := sampleFleet()
	s := open(t, f).warehouse().press("tab").missing("a newer version")
	url := "s3://acme-tfstate-data/" + theKey
	f.versions[url][0].IsLatest = false
	f.versions[url] = append([]model.Version{{VersionID: "newer", IsLatest: true, Size: 9, LastModified: theTime}}, f.versions[url]...)
	s.wait(s.app.every()).wait(s.app.every()).sees("a newer version exists: ctrl+r")
}

func TestAnotherVersionTeachesWhatIsASecretHere(t *testing.T) {
	f := sampleFleet()
	f.bodies["s3://acme-tfstate-data/"+theKey+" 3HL4kqtJvjVBH40N"] = strings.Replace(sampleBody, `"number_of_nodes": 2`, `"auth_token": "warehouse.example"`, 1)
	s := open(t, f).warehouse().press("tab", "tab").sees("warehouse.example:5439").press("shift+tab", "shift+tab", "j", "enter")
	// The reader hands out what all versions taught, which the fake does not.
	s.app.fleet().learned("s3://acme-tfstate-data/"+theKey, s.app.top().(*statePage).body.doc.Secrets)
	s.press("esc", "tab", "tab").sees("(sensitive):5439").missing("warehouse.example:5439")
	s.press("tab", "tab", "/").text("5439").press("enter").missing("warehouse.example:5439")
}

func TestWhatAnyVersionTaughtStaysASecret(t *testing.T) {
	var all fleet
	const url = "s3://b/k"
	read := func(body string) *model.StateDocument {
		doc, err := model.ReadDocument("", []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		return &doc
	}
	output := func(names, value string) string {
		var members []string
		for _, name := range strings.Fields(names) {
			members = append(members, `"`+name+`":"`+name+`"`)
		}
		return `{"version":4,"serial":1,"lineage":"l","outputs":{"s":{"sensitive":true,"type":"string","value":{` + strings.Join(members, ",") +
			`}},"o":{"type":"string","value":"` + value + `"}},"resources":[]}`
	}
	many, one := read(output("secret-1 secret-2 secret-3", "open")), read(output("secret-4", "secret-1 secret-4"))
	all.learned(url, many.Secrets)
	all.learned(url, one.Secrets) // the reader has forgotten meanwhile what the first one taught
	taught := all.taught(url, one)
	if got := taught.Secrets.Mask("secret-1 secret-3 secret-4"); got != "(sensitive) (sensitive) (sensitive)" {
		t.Errorf("the secrets of three versions read %q", got)
	}
	if again := all.taught(url, taught); again != taught {
		t.Error("a document that knows all is made anew")
	}
	if other := all.taught("s3://b/other", many); other != many {
		t.Error("another state is taught what is no secret of its own")
	}
}
