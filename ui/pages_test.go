package ui

import (
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/stateward/stateward/model"
)

func TestOneTargetOpensAtItsStates(t *testing.T) {
	f := sampleFleet()
	s := open(t, f, func(o *Options) { o.Targets = f.backends[1:2] })
	s.sees("Backends › acme-tfstate-payments", "payments/api")
	if f.count("Backends") != 0 {
		t.Error("backends were looked for although a target was named")
	}
	s.press("esc").sees("acme-legacy-state")
}

func TestTheFilterKeepsRowsWithAllWords(t *testing.T) {
	s := open(t, sampleFleet())
	s.press("j", "enter", "/").text("api !staging").sees("1 of 5", "payments/api/").missing("payments/batch")
	s.press("enter").sees("esc clears").press("esc").sees("payments/batch").sees("Backends › acme")
	s.press("/").text("batch").press("esc").sees("payments/ledger")
}

func TestAFilterIsTypedNotObeyed(t *testing.T) {
	s := open(t, sampleFleet())
	s.press("/").text("q2?:")
	if s.quit || len(s.app.dialogs) > 0 || s.app.at != 0 {
		t.Fatal("a key of the filter ran an action")
	}
	s.sees("/ q2?:")
	s.send(tea.PasteMsg{Content: "prod"})
	s.sees("/ q2?:prod")
}

func TestOrderingByAColumn(t *testing.T) {
	s := open(t, sampleFleet())
	s.press("j", "enter", "o").sees("STATE▲", "ordered by STATE")
	s.press("O").sees("STATE▼")
	for range 4 {
		s.press("o")
	}
	s.sees("in the usual order")
}

func TestMarkedRowsAreCopiedTogether(t *testing.T) {
	s := open(t, sampleFleet())
	s.press("j", "enter", "space", "space", "y")
	want := "s3://acme-tfstate-payments/payments/api/terraform.tfstate\ns3://acme-tfstate-payments/payments/batch/terraform.tfstate"
	if s.copied != want {
		t.Errorf("copied %q", s.copied)
	}
}

func TestTheEquivalentCommandLine(t *testing.T) {
	for name, c := range map[string]struct{ keys, want string }{
		"backends": {"Y", "stateward backends --profile=oncall --region=eu-west-1 --endpoint-url=http://localhost:4566"},
		"states":   {"j enter Y", "stateward states s3://acme-tfstate-payments/ --profile=oncall --region=eu-west-1 --endpoint-url=http://localhost:4566"},
		"versions": {"G k enter enter Y", "stateward history s3://acme-tfstate-data/warehouse/terraform.tfstate --profile=oncall --region=eu-west-1 --endpoint-url=http://localhost:4566"},
		"locks":    {"2 Y", "stateward locks --profile=oncall --region=eu-west-1 --endpoint-url=http://localhost:4566"},
		"a state's locks": {"G k enter enter tab tab tab Y",
			"stateward locks s3://acme-tfstate-data/warehouse/terraform.tfstate --profile=oncall --region=eu-west-1 --endpoint-url=http://localhost:4566"},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, sampleFleet(), func(o *Options) {
				o.Program.Flags = append(o.Program.Flags, "--endpoint-url=http://localhost:4566")
			})
			s.press(strings.Fields(c.keys)...)
			if s.copied != c.want {
				t.Errorf("copied %q", s.copied)
			}
		})
	}
}

// What was copied must reach and show the same when it is pasted.
func TestTheEquivalentCommandLineReachesTheSame(t *testing.T) {
	for name, c := range map[string]struct{ keys, want string }{
		"the backends asked for": {"Y", "KEY=demo stateward backends s3://acme-tfstate-payments s3://acme-tfstate-data/a/b --path-style=true '--lock-table=a b'"},
		"their locks":            {"2 Y", "KEY=demo stateward locks s3://acme-tfstate-payments s3://acme-tfstate-data/a/b --path-style=true '--lock-table=a b'"},
		"their health":           {"3 Y", "KEY=demo stateward doctor s3://acme-tfstate-payments s3://acme-tfstate-data/a/b --path-style=true '--lock-table=a b'"},
		"their keys":             {"4 Y", "KEY=demo stateward keys s3://acme-tfstate-payments s3://acme-tfstate-data/a/b --path-style=true '--lock-table=a b'"},
		"one of them":            {"enter Y", "KEY=demo stateward states s3://acme-tfstate-prod/ --path-style=true '--lock-table=a b'"},
		"a pattern like a flag": {"5 - x enter Y",
			"KEY=demo stateward search ' -x' s3://acme-tfstate-payments s3://acme-tfstate-data/a/b --path-style=true '--lock-table=a b'"},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, sampleFleet(), func(o *Options) {
				o.Program = model.Program{Env: []string{"KEY=demo"}, Flags: []string{"--path-style=true", "--lock-table=a b"}}
				o.Targets = []model.Backend{{Bucket: "acme-tfstate-payments"}, {Bucket: "acme-tfstate-data", Prefix: "a/b"}}
			})
			s.press(strings.Fields(c.keys)...)
			if s.copied != c.want {
				t.Errorf("copied %q", s.copied)
			}
		})
	}
}

func TestWordsForAShell(t *testing.T) {
	for name, c := range map[string]struct{ word, want string }{
		"plain":          {"s3://b/k-1.tfstate", "s3://b/k-1.tfstate"},
		"empty":          {"", "''"},
		"a blank":        {"a b", "'a b'"},
		"a quote":        {"it's", `'it'\''s'`},
		"a substitution": {"$(reboot)", "'$(reboot)'"},
		"a line break":   {"a\nreboot '", `"$(printf 'a\012reboot '\''')"`},
		"an escape":      {"\x1b]52;", `"$(printf '\033]52;')"`},
		"not UTF-8":      {"\xff", `"$(printf '\377')"`},
		"bidi":           {"a\u202eb", `"$(printf 'a\342\200\256b')"`},
		"a letter":       {"äöü", "'äöü'"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := model.ShellQuote(c.word); got != c.want {
				t.Errorf("%s", got)
			}
		})
	}
}

func TestTheCursorStaysOnItsRowWhenTheListIsReadAgain(t *testing.T) {
	f := sampleFleet()
	s := open(t, f)
	s.press("j", "enter", "j", "j")
	f.states["acme-tfstate-payments"] = append([]model.State{{Bucket: "acme-tfstate-payments", Key: "a/new/one.tfstate"}}, f.states["acme-tfstate-payments"]...)
	s.wait(31 * time.Second).sees("a/new/one.tfstate")
	if at := s.app.top().(*statesPage).list.current().Key; at != "payments/ledger/terraform.tfstate" {
		t.Errorf("the cursor is on %s", at)
	}
}

func TestAListIsReadAgainByItselfOnlyWhenItIsOld(t *testing.T) {
	f := sampleFleet()
	s := open(t, f)
	s.press("j", "enter").wait(29 * time.Second)
	if f.count("States") != 1 {
		t.Fatal("read again too early")
	}
	s.wait(2 * time.Second)
	if f.count("States") != 2 {
		t.Fatal("not read again")
	}
}

func TestAFailedListingKeepsWhatItHas(t *testing.T) {
	f := sampleFleet()
	s := open(t, f)
	s.press("j", "enter")
	f.listErr = &model.Failure{Kind: model.ErrDenied, Tried: "listing the states", On: "s3://acme-tfstate-payments",
		Action: "s3:ListBucket", Next: "Ask for that right, or name a state."}
	s.press("ctrl+r").sees("payments/batch", "✖ listing the states", "AccessDenied s3:ListBucket", "Ask for that right")
	f.listErr = nil
	s.press("ctrl+r").missing("AccessDenied")
}

func TestDeletedStatesAreListedOnRequest(t *testing.T) {
	s := open(t, sampleFleet())
	s.press("j", "enter").missing("(deleted)").press("a").sees("(deleted) payments/retired").press("a").missing("(deleted)")
}

func TestFactsAreReadForTheRowsNearTheScreenOnly(t *testing.T) {
	f := sampleFleet()
	for i := range 500 {
		f.states["acme-tfstate-prod"] = append(f.states["acme-tfstate-prod"], model.State{Bucket: "acme-tfstate-prod", Key: strings.Repeat("k", 1+i)})
	}
	s := open(t, f)
	s.press("enter")
	if n := f.count("StateFacts"); n < 10 || n > 60 {
		t.Errorf("%d states were read for a screen of 24 lines", n)
	}
	before := f.count("StateFacts")
	s.press("G")
	if f.count("StateFacts") == before {
		t.Error("the states at the end were not read")
	}
}

func TestAtMostEightReadsAreUnderWay(t *testing.T) {
	f := sampleFleet()
	for i := range 50 {
		f.states["acme-tfstate-prod"] = append(f.states["acme-tfstate-prod"], model.State{Bucket: "acme-tfstate-prod", Key: strings.Repeat("k", 1+i)})
	}
	s := open(t, f)
	s.press("enter", "ctrl+r")
	p := s.app.top().(*statesPage)
	p.reads.again()
	s.manual = true
	s.send(clockMsg{})
	if p.reads.busy != atOnce {
		t.Errorf("%d reads are under way", p.reads.busy)
	}
	s.run()
	if p.reads.busy != 0 {
		t.Errorf("%d reads are left", p.reads.busy)
	}
}

func TestEveryTopPageKeepsItsPlace(t *testing.T) {
	s := open(t, sampleFleet())
	s.press("j", "enter", "j", "2").sees("Locks").press("1").sees("Backends › acme-tfstate-payments")
	s.press("2", "esc").sees("Backends › acme-tfstate-payments")
	s.press("1").sees("acme-legacy-state")
}

func TestALockLeadsToItsState(t *testing.T) {
	f := sampleFleet()
	s := open(t, f)
	s.press("2", "enter").sees("Locks › acme-tfstate-payments · payments/api/", "locks 1").press("esc").sees("likely stale")
}

func TestThePaletteRunsWhatItFinds(t *testing.T) {
	s := open(t, sampleFleet())
	s.press(":").text("locks all").press("enter").sees("likely stale")
	s.press(":").text("nothing of the kind").sees("no command has these words").press("enter", "esc")
	s.press(":").text("unlock").press("enter").sees("Force-unlock")
}

func TestHelpShowsTheKeysOfThePageAndWhyOneIsOff(t *testing.T) {
	s := open(t, sampleFleet(), func(o *Options) { o.ReadOnly = true }).resize(120, 50)
	s.press("2", "?").sees("plan to remove the lock", "not now: read-only", "On every page", "not read yet").press("?").missing("On every page")
}

func TestWhoAsksIsShownAsItBecomesKnown(t *testing.T) {
	denied := sampleFleet()
	denied.whoErr = &model.Failure{Kind: model.ErrExpired, Tried: "asking who we are", Next: "Run aws sso login --profile oncall."}
	soon := sampleFleet()
	soon.who.Expires = theTime.Add(7 * time.Minute)
	past := sampleFleet()
	past.who.Expires = theTime.Add(-time.Minute)
	for name, c := range map[string]struct {
		fleet *fake
		want  string
	}{
		"known":         {sampleFleet(), "123456789012 · oncall@eu-west-1"},
		"not readable":  {denied, "? · oncall@eu-west-1 · credentials expired"},
		"ending soon":   {soon, "▲ credentials end in 7 min"},
		"already ended": {past, "✖ credentials expired"},
	} {
		t.Run(name, func(t *testing.T) { open(t, c.fleet).sees(c.want) })
	}
}

func TestAStateWithoutVersionsIsReadAllTheSame(t *testing.T) {
	f := sampleFleet()
	f.read["s3://acme-tfstate-network/net/edge/terraform.tfstate"] = model.StateFacts{Digest: model.Known(model.DigestOrphan)}
	s := open(t, f)
	s.press("2", "j", "enter").sees("no versions", "digest ✖ orphan", "locks 1")
}

func TestLoggingInAgainIsNoticed(t *testing.T) {
	f := sampleFleet()
	f.whoErr = &model.Failure{Kind: model.ErrExpired, Tried: "asking who we are"}
	s := open(t, f).sees("? · oncall")
	f.whoErr = nil
	s.press("ctrl+r").sees("123456789012 · oncall")
}

func TestANewVersionAppearsInSight(t *testing.T) {
	f := sampleFleet()
	s := open(t, f)
	s.warehouse().press("j", "j")
	url := "s3://acme-tfstate-data/warehouse/terraform.tfstate"
	newest := model.Version{VersionID: "newest", IsLatest: true, LastModified: theTime, Facts: model.VersionFacts{Header: header(58), Resources: model.Known(61), Prints: model.Known(prints(61))}}
	f.versions[url] = append([]model.Version{newest}, f.versions[url]...)
	s.press("ctrl+r").sees(" 58 ", "(+58)", "current")
	if at := s.app.top().(*statePage).tabs[0].(*versionsTab).list.current().VersionID; at != "TqZ81xWvNmC2rY7p" {
		t.Errorf("the cursor went to %s", at)
	}
}
