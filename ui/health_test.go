package ui

import (
	"strings"
	"testing"
	"time"

	"github.com/stateward/stateward/model"
)

func TestTheHealthColumnIsReadOnceAndSharedWithItsPage(t *testing.T) {
	s := open(t, sampleFleet())
	if n := s.fleet.count("Health"); n != 5 {
		t.Fatalf("health read %d times for 5 rows", n)
	}
	s.sees("● good").sees("✖ 2 critical")
	s.wait(2 * time.Minute)
	s.press("3", "1", "j", "h", "esc")
	if n := s.fleet.count("Health"); n != 5 {
		t.Errorf("health read %d times: refreshes and pages read it again", n)
	}
	s.press("3", "ctrl+r")
	if n := s.fleet.count("Health"); n != 10 {
		t.Errorf("after ctrl+r, health was read %d times, want 10", n)
	}
}

func TestTheHealthOfRowsWaitsForEverythingElse(t *testing.T) {
	s := bare(t, sampleFleet())
	s.manual = true
	s.do(s.app.Init())
	for range 3 { // the listing, then facts and locks
		kept := s.kept
		s.kept = nil
		for _, cmd := range kept {
			if msg := cmd(); msg != nil {
				_, next := s.app.Update(msg)
				_ = next // kept by nobody: what is asked is in flight for ever
			}
		}
	}
	if n := s.fleet.count("Health"); n != 0 {
		t.Errorf("health read %d times while other facts are under way", n)
	}
}

func TestFindingsStandByBackendWorstFirst(t *testing.T) {
	s := open(t, sampleFleet()).resize(120, 60).press("3")
	lines := strings.Split(s.content(), "\n")
	var order []string
	for _, l := range lines {
		for _, b := range s.fleet.backends {
			if strings.Contains(l, b.Name) && !strings.Contains(strings.Join(order, " "), b.Name) {
				order = append(order, b.Name)
			}
		}
	}
	want := "acme-legacy-state acme-tfstate-network acme-tfstate-payments acme-tfstate-data acme-tfstate-prod"
	if got := strings.Join(order, " "); !strings.HasPrefix(got, "acme-legacy-state acme-tfstate-network") || !strings.HasSuffix(got, "acme-tfstate-prod") {
		t.Errorf("order %s, want such as %s", got, want)
	}
}

func TestTheRemedyIsCopied(t *testing.T) {
	s := open(t, sampleFleet()).press("3", "j", "y")
	if !strings.Contains(s.copied, "aws s3api put-bucket-versioning") {
		t.Errorf("copied %q", s.copied)
	}
	s.press("enter")
	s.sees("With the aws command").sees("Why").sees("References")
	s.press("ctrl+y")
	if !strings.Contains(s.copied, "aws_s3_bucket_versioning") {
		t.Errorf("copied %q", s.copied)
	}
}

func TestAFindingThatNoCommandMendsSaysSo(t *testing.T) {
	open(t, sampleFleet()).press("3", "y").sees("no finding is selected")
}

func TestAnUnknownFindingIsNoPass(t *testing.T) {
	f := sampleFleet()
	f.backends = f.backends[:1]
	h := goodHealth(f.backends[0])
	h.Bucket.Policy = model.Unknown[string]("AccessDenied s3:GetBucketPolicy")
	f.health = map[string]model.HealthFacts{f.backends[0].Bucket: h}
	s := open(t, f)
	s.sees("● good, 2 ?")
	s.press("3", "j").sees("? unknown").sees("AccessDenied s3:GetBucketPolicy")
}

func TestPassesAreFoldedAndUnfolded(t *testing.T) {
	s := open(t, sampleFleet()).resize(120, 60).press("3", "G")
	s.sees("checks passed")
	before := strings.Count(s.content(), "● pass")
	s.press("enter")
	if after := strings.Count(s.content(), "● pass"); after < before+10 {
		t.Errorf("%d passes shown, %d before", after, before)
	}
	s.press("enter")
	if again := strings.Count(s.content(), "● pass"); again != before {
		t.Errorf("folded again: %d, want %d", again, before)
	}
}

func TestAnOperationMakesTheHealthOutOfDate(t *testing.T) {
	s := open(t, sampleFleet()).press("3")
	s.unlock().text(theID).press("tab", "enter").wait(time.Second).press("esc", "3")
	if n := s.fleet.count("Health"); n < 10 {
		t.Errorf("health read %d times: not again after the unlock", n)
	}
}

// The first page is left while the health of two backends is on its way, which
// nobody answers any more; a lock is removed meanwhile.
func TestTheHealthColumnSurvivesAnEarlyUnlock(t *testing.T) {
	s := open(t, sampleFleet())
	s.sees("● good", "✖ 2 critical")
	first := s.app.top().(*backendsPage)
	first.check.busy = first.check.limit // as if they were being read
	for id := range first.check.known {
		first.check.known[id] = false
	}
	s.unlock().text(theID).press("tab", "enter").wait(time.Second).press("esc")
	s.manual = true
	s.press("1")
	s.sees("● good", "✖ 2 critical") // what was known, until it is read again
	s.manual = false
	for _, cmd := range s.kept {
		s.do(cmd)
	}
	s.kept = nil
	s.wait(time.Second).sees("● good", "✖ 2 critical")
	if n := s.fleet.count("Health"); n != 10 {
		t.Errorf("health was read %d times, want 10: once for each of 5 backends, and again after the unlock", n)
	}
}

// A report that was asked for before a change, and came after it, is old.
func TestAReportFromBeforeAChangeIsReadAgain(t *testing.T) {
	s := open(t, sampleFleet())
	f, b := &s.app.known, s.fleet.backends[0]
	f.round++
	if _, ok := f.fresh(backendID(b)); ok {
		t.Error("it counts as new")
	}
	s.wait(time.Second)
	if _, ok := f.fresh(backendID(b)); !ok {
		t.Error("it was not read again")
	}
}

func TestWhatABackendsHealthComesTo(t *testing.T) {
	finding := func(s model.Severity, status model.FindingStatus) model.Finding {
		return model.Finding{Check: model.Check{Severity: s}, Status: status}
	}
	pass := finding(model.SeverityCritical, model.FindingPass)
	for name, c := range map[string]struct {
		findings []model.Finding
		want     string
	}{
		"all pass":                             {[]model.Finding{pass}, "● good"},
		"only worth knowing":                   {[]model.Finding{pass, finding(model.SeverityInfo, model.FindingFail)}, "● good"},
		"something lesser is not known":        {[]model.Finding{pass, finding(model.SeverityHigh, model.FindingUnknown)}, "● good, 1 ?"},
		"something critical is not known":      {[]model.Finding{pass, finding(model.SeverityCritical, model.FindingUnknown), finding(model.SeverityLow, model.FindingUnknown)}, "? 2 unknown"},
		"what failed comes before what is not": {[]model.Finding{finding(model.SeverityMedium, model.FindingFail), finding(model.SeverityCritical, model.FindingUnknown)}, "▲ 1 medium"},
		"the worst that failed":                {[]model.Finding{finding(model.SeverityCritical, model.FindingFail), finding(model.SeverityHigh, model.FindingFail)}, "✖ 1 critical"},
	} {
		t.Run(name, func(t *testing.T) {
			var r healthReport
			r.add(c.findings)
			if got := r.summary().Text; got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
