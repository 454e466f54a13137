package ui

import (
	"context"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/stateward/stateward/model"
)

// Search yields the pages that the test set, or the usual ones.
func (f *fake) Search(ctx context.Context, backends []model.Backend, q model.SearchQuery) iter.Seq2[model.SearchPage, error] {
	var names []string
	for _, b := range backends {
		names = append(names, b.Bucket)
	}
	f.called("Search %s in %s", q.Pattern(), strings.Join(names, " "))
	pages := f.search
	if pages == nil {
		pages = searchedFleet()
	}
	return func(yield func(model.SearchPage, error) bool) {
		for _, page := range pages {
			if ctx.Err() != nil || !yield(page, nil) {
				return
			}
		}
	}
}

// searchedFleet is what a search of the sample fleet for a VPC might tell.
func searchedFleet() []model.SearchPage {
	in := func(bucket, key string, more int, hits ...model.SearchHit) model.SearchPage {
		return model.SearchPage{Found: []model.SearchedState{{Backend: model.Backend{Name: bucket, Bucket: bucket},
			State: model.State{Bucket: bucket, Key: key, Workspace: "default"}, Hits: hits, More: more}}}
	}
	const arn = "arn:aws:ec2:eu-west-1:123456789012:vpc/vpc-0f1"
	pages := []model.SearchPage{
		in("acme-tfstate-payments", "payments/api/terraform.tfstate", 0,
			model.SearchHit{Address: "data.aws_vpc.main", Type: "aws_vpc", Mode: model.ModeData, Field: "id", Value: "vpc-0f1", Exact: true},
			model.SearchHit{Address: "aws_security_group.this[\"api\"]", Type: "aws_security_group", Mode: model.ModeManaged, Field: "vpc_id", Value: "vpc-0f1"}),
		in("acme-tfstate-network", "net/core/terraform.tfstate", 41,
			model.SearchHit{Address: "module.vpc.aws_vpc.this", Type: "aws_vpc", Mode: model.ModeManaged, Field: "id", Value: "vpc-0f1", Exact: true},
			model.SearchHit{Address: "module.vpc.aws_flow_log.all", Type: "aws_flow_log", Mode: model.ModeManaged, Field: "log_format",
				Value: "…delivered for " + arn + "\nto the archive\x1b[31m of postgres://app:(sensitive)@db…"}),
		{Unsearched: []model.UnsearchedState{{Bucket: "acme-tfstate-prod", Key: "security/vault/terraform.tfstate",
			Reason: "the state is encrypted by OpenTofu on the client side"}}},
	}
	for i := range pages {
		pages[i].Progress = model.SearchProgress{Listing: 2 - i, Known: 48, Done: 16 * (i + 1), Bytes: int64(i+1) << 20}
	}
	pages[2].Progress.Failed = 1
	return pages
}

func searchedNothing() []model.SearchPage {
	return []model.SearchPage{{Progress: model.SearchProgress{Known: 48, Done: 48, Failed: 2, Bytes: 3 << 20},
		Unsearched: []model.UnsearchedState{{Bucket: "acme-tfstate-data", Key: "a", Reason: "AccessDenied kms:Decrypt"}, {Bucket: "acme-tfstate-data", Key: "b", Reason: "AccessDenied kms:Decrypt"}}}}
}

// search opens the page and searches.
func (s *session) search(pattern string) *session { return s.press("5").text(pattern).press("enter") }

// runningSearch is the page when the first answers are there.
func runningSearch(s *session) string {
	s.fleet.search = searchedFleet()[:1]
	s.press("5").text("vpc-0f1")
	s.manual = true
	s.press("enter")
	msg := s.kept[len(s.kept)-1]()
	if m, ok := msg.(batch[model.SearchPage]); ok {
		m.end = false // more is to come
		s.send(m)
	}
	return s.content()
}

func TestTypingAPatternTriggersNoKeyOfAPage(t *testing.T) {
	s := open(t, sampleFleet()).press("5").text("1 q?:2jarn:aws")
	s.sees("Search 1 q?:2jarn:aws")
	if s.quit || len(s.app.dialogs) > 0 {
		t.Error("a letter was taken for a key")
	}
	s.press("ctrl+u").send(tea.PasteMsg{Content: " arn:aws:x\n"})
	s.sees("Search arn:aws:x")
	s.press("esc").sees("which state manages an ARN?")
	s.press("esc").sees("Backends").missing("Search")
}

func TestASearchShowsWhatThePatternNamesFirst(t *testing.T) {
	s := open(t, sampleFleet()).search("vpc-0f1")
	s.sees("● its id", "○ its id", "this state manages it", "48 states", "41 more matches not listed",
		"not searched: s3://acme-tfstate-prod/security/vault/terraform.tfstate: the state is encrypted")
	screen := s.screen()
	if strings.Index(screen, "module.vpc.aws_vpc.this") > strings.Index(screen, "data.aws_vpc.main") {
		t.Errorf("the resource itself does not come first:\n%s", screen)
	}
	s.press("j").sees("this state only reads it")
	if want := "Search vpc-0f1 in "; s.fleet.count(want) != 1 {
		t.Errorf("calls: %q", s.fleet.calls)
	}
}

func TestASearchIsRunWhenAskedAndNotByItself(t *testing.T) {
	s := open(t, sampleFleet()).search("vpc-0f1")
	for range 10 {
		s.wait(time.Minute)
	}
	s.press("1", "5")
	if n := s.fleet.count("Search"); n != 1 {
		t.Errorf("%d searches, one was asked for", n)
	}
	s.press("ctrl+r").sees("4 matches")
	s.press("s").text("0").press("enter").sees("Search vpc-0f10")
	if n := s.fleet.count("Search"); n != 3 {
		t.Errorf("%d searches, three were asked for", n)
	}
	s.press("s").text("zz").press("esc").sees("Search vpc-0f10").missing("zz")
	s.press("s", "ctrl+u", "enter").sees("nothing to look for")
}

func TestEscStopsASearch(t *testing.T) {
	s := open(t, sampleFleet())
	runningSearch(s)
	s.sees("searched 16 of 48 states found so far", "esc stops")
	s.press("esc").sees("stopped: searched 16 of 48 states; ctrl+r searches again", "2 matches")
	s.run()
	s.sees("stopped").press("ctrl+r").sees("searched 16 of 48 states, 1.0 MB")
}

func TestASearchThatIsLeftSaysThatItWasCutOff(t *testing.T) {
	s := open(t, sampleFleet())
	runningSearch(s)
	s.press("2", "5").sees("cut off when the page was left: searched 16 of 48 states")
}

func TestAnEmptySearchSaysWhatItRestsOn(t *testing.T) {
	s := open(t, sampleFleet())
	s.fleet.search = searchedNothing()
	s.search("vpc-0f2").sees("no resource matches in 46 states; 2 could not be searched",
		"2 states not searched: AccessDenied kms:Decrypt; s3://acme-tfstate-data/a is one of them")
	s.fleet.search = []model.SearchPage{{Progress: model.SearchProgress{Known: 9, Done: 9}}}
	s.press("ctrl+r").sees("no resource matches in 9 states").missing("could not")
}

func TestAMatchIsOpenedAndCopied(t *testing.T) {
	s := open(t, sampleFleet()).search("vpc-0f1")
	s.press("y").sees("copied the address")
	if s.copied != "module.vpc.aws_vpc.this" {
		t.Errorf("copied %q", s.copied)
	}
	s.press("Y")
	if want := "stateward search vpc-0f1"; !strings.HasPrefix(s.copied, want) {
		t.Errorf("copied %q", s.copied)
	}
	s.press("enter").sees("Search › acme-tfstate-network · net/core", "[resources")
	s.press("esc").sees("● its id").press("/").text("data").press("enter").sees("1 of 4 matches", "data.aws_vpc.main")
	s.press("esc").sees("4 matches")
}

func TestASearchFindsTheBackendsThatNoPageHasFound(t *testing.T) {
	s := bare(t, sampleFleet())
	s.press("5").text("x")
	s.app.known = fleet{}
	s.press("enter")
	calls := s.fleet.calls
	if !slices.ContainsFunc(calls, func(c string) bool {
		return strings.HasPrefix(c, "Search x in ") && strings.Contains(c, "acme-tfstate-data")
	}) {
		t.Errorf("calls: %q", calls)
	}
}
