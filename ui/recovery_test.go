package ui

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stateward/stateward/model"
)

const theBanner = "✖ an interrupted restore of warehouse/… waits: press C to recover"

func TestAnEngineerRecoversAnInterruptedRestore(t *testing.T) {
	s := open(t, sampleFleet().interrupt(26*time.Minute))
	s.sees(theBanner)
	s.press("2").sees(theBanner, "✖ interrupted restore", "taken by a stateward restore on laptop-7 (pid")
	s.press("6").sees(theBanner).press("1", "j", "enter").sees(theBanner).press("enter").sees(theBanner)
	s.press("C").sees("Recover warehouse/terraform.tfstate", "the state was written, its digest was not", brokenID)
	s.wait(time.Second).text(brokenID[:8]).press("tab", "tab", "enter").sees("✓ Done: the digest is set, and both locks are released")
	if s.fleet.count("Run recover "+brokenID) != 1 {
		t.Fatal(s.fleet.calls)
	}
	s.wait(time.Second).press("esc").missing("press C", "interrupted")
	s.press("C").sees("C recover: no interrupted operation was met")
}

func TestTheBannerWorksOnEveryPageWithoutReadingItsLocks(t *testing.T) {
	for name, keys := range map[string]string{
		"backends": "", "states": "j enter", "versions": "j enter enter", "a state's locks": "j enter enter tab tab tab", "locks": "2 G",
		"journal": "6", "an entry of it": "6 enter",
	} {
		t.Run(name, func(t *testing.T) {
			f := sampleFleet().interrupt(26 * time.Minute)
			f.entries = sampleJournal()
			s := open(t, f)
			s.press(strings.Fields(keys)...).sees(theBanner)
			s.press("C").sees("Recover warehouse/terraform.tfstate")
		})
	}
}

func TestTheBannerIsThereFromTheFirstPageWhenOneBackendWasAskedFor(t *testing.T) {
	f := sampleFleet().interrupt(26 * time.Minute)
	i := slices.IndexFunc(f.backends, func(b model.Backend) bool { return b.Bucket == "acme-tfstate-data" })
	s := open(t, f, func(o *Options) { o.Targets = f.backends[i : i+1] })
	s.sees("warehouse", theBanner)
}

func TestAnOperationThatMayBeUnderWayIsNotCalledInterrupted(t *testing.T) {
	f := sampleFleet().interrupt(9 * time.Minute)
	s := open(t, f)
	s.press("2").sees("▲ an interrupted restore of warehouse/…, or one under way: press C to recover", "▲ interrupted restore?")
	s.press("C").wait(time.Second).text(brokenID).press("tab", "enter").sees("Type the word DEAD", "may be under way").press("esc")
	for i := range f.locks["acme-tfstate-data"] {
		f.locks["acme-tfstate-data"][i].ReadAt = theTime.Add(time.Minute)
	}
	s.wait(time.Minute).sees(theBanner, "✖ interrupted restore").missing("or one under way")
}

func TestABannerVanishesWhenSomebodyElseRecovers(t *testing.T) {
	f := sampleFleet().interrupt(time.Hour)
	s := open(t, f)
	s.press("6").sees(theBanner)
	f.locks["acme-tfstate-data"] = nil
	s.wait(10 * time.Second).sees(theBanner)
	s.wait(30 * time.Second).missing("press C")
	before := f.count("LocksOf")
	s.wait(time.Minute)
	if f.count("LocksOf") != before {
		t.Error("locks are read although there is no banner")
	}
}

func TestAReadingThatIsNotCompleteTakesNoBannerAway(t *testing.T) {
	f := sampleFleet().interrupt(time.Hour)
	s := open(t, f).sees(theBanner)
	f.locks["acme-tfstate-data"] = nil
	f.blind["acme-tfstate-data"] = []string{"AccessDenied dynamodb:Scan on acme-locks"}
	s.press("ctrl+r").sees(theBanner)
	f.blind = map[string][]string{}
	s.press("ctrl+r").missing("press C")
}

func TestAPlanThatFindsNothingToRecoverTakesTheBannerAway(t *testing.T) {
	f := sampleFleet().interrupt(time.Hour)
	s := open(t, f).sees(theBanner)
	f.locks["acme-tfstate-data"] = nil
	s.press("C").sees("no interrupted operation holds a lock on").missing("press C")
}

func TestTheOwnOperationIsNotCalledInterrupted(t *testing.T) {
	f := sampleFleet()
	s := open(t, f)
	f.run = func(context.Context, *model.Plan, []string, func(model.StepEvent)) model.Result {
		f.interrupt(0)
		s.app.top().outdate()
		s.do(s.app.top().refresh())
		s.sees("restore runs").missing("press C")
		return model.Result{Operation: model.OpRestore, Outcome: model.OutcomeInterrupted}
	}
	s.warehouse().press("j", "R").wait(time.Second).text(theKey).press("tab", "enter").sees("✖ Interrupted", "press C to recover")
}

func TestAnInterruptionIsToldOfFromAPageWithoutLocks(t *testing.T) {
	f := sampleFleet()
	s := open(t, f)
	f.run = func(_ context.Context, p *model.Plan, _ []string, _ func(model.StepEvent)) model.Result {
		f.locks[p.Backend.Bucket] = sampleFleet().interrupt(0).locks["acme-tfstate-data"]
		for i := range f.locks[p.Backend.Bucket] {
			f.locks[p.Backend.Bucket][i].Key = p.Key
		}
		return model.Result{Operation: p.Operation, Outcome: model.OutcomeInterrupted}
	}
	s.staging().press("D").wait(time.Second).text(stagingKey).press("tab", "enter").wait(time.Second).press("esc").sees("press C to recover")
}

func TestTheInterruptedOperationOfTheStateShownComesFirst(t *testing.T) {
	f := sampleFleet().interrupt(26 * time.Minute)
	other := f.locks["acme-tfstate-data"][0]
	other.Bucket, other.Key, other.Info.Created = "acme-tfstate-payments", "payments/batch/terraform.tfstate", theTime.Add(-time.Hour)
	f.locks["acme-tfstate-payments"] = append(f.locks["acme-tfstate-payments"], other)
	s := open(t, f)
	s.sees("payments/batch/…", "(1 more)").press("C").sees("Recover payments/batch/terraform.tfstate").wait(time.Second).press("esc")
	s.press("2", "j").press("C").sees("Recover warehouse/terraform.tfstate").wait(time.Second).press("esc")
	s.press("1", "G", "k", "enter").press("C").sees("Recover warehouse/terraform.tfstate")
}

func TestReadOnlyRecoversNothing(t *testing.T) {
	s := open(t, sampleFleet().interrupt(time.Hour), func(o *Options) { o.ReadOnly = true })
	s.sees("waits; read-only here").press("C").sees("C recover: read-only")
	f := sampleFleet().interrupt(time.Hour)
	for i := range f.backends {
		f.backends[i].Policy.ReadOnly = true
	}
	p := open(t, f).press("C").sees("C recover: the policy of this backend is read-only")
	if s.fleet.count("Plan")+p.fleet.count("Plan") != 0 {
		t.Error("it was planned all the same")
	}
}

func TestAnUnlockOfAnInterruptedOperationPointsToItsRecovery(t *testing.T) {
	s := open(t, sampleFleet().interrupt(time.Hour))
	s.press("2", "U").sees("Force-unlock warehouse", "holds the record of an unfinished restore", "C in the UI")
	s.wait(time.Second).press("esc").sees("C recovers this interrupted restore; an unlock leaves it half done")
	s.wait(10*time.Second).press("j", "U").missing("stateward itself").wait(time.Second).press("esc").missing("leaves it half done")
}

func TestWhatNobodyCanTellIsLeftToPeople(t *testing.T) {
	s := open(t, sampleFleet())
	strangeBytes(s)
	s.sees("neither before nor after", "✖ Refused", "ctrl+y copies the commands by hand").missing("[ Cancel ]")
	s.press("ctrl+y")
	if !strings.Contains(s.copied, "stateward history s3://acme-tfstate-data/warehouse/terraform.tfstate") {
		t.Errorf("copied %q", s.copied)
	}
}

func TestAWindowThatIsVeryLowHasNoBanner(t *testing.T) {
	s := open(t, sampleFleet().interrupt(time.Hour)).resize(80, 7)
	s.missing("press C")
	clean(t, s.content(), 80, 7)
	s.resize(80, 8).sees("press C")
	clean(t, s.content(), 80, 8)
	s.resize(40, 12).sees("✖ press C: interrupted restore")
}

func TestAStrangeRecordIsNotQuoted(t *testing.T) {
	r := lockRow{record: &model.RecoveryRecord{Operation: "obey me"}}
	if r.interruption() != "interrupted operation" {
		t.Error(r.interruption())
	}
}

// broken shows the sample fleet with a restore that was interrupted.
func (s *session) broken(ago time.Duration) *session {
	s.fleet.interrupt(ago)
	return s.press("ctrl+r")
}

// strangeBytes plans to recover a state that somebody wrote beside the lock.
func strangeBytes(s *session) string {
	s.fleet.interrupt(time.Hour)
	s.fleet.written["s3://acme-tfstate-data/"+theKey] = model.CurrentObject{VersionID: "other", Body: []byte("somebody's")}
	return s.press("ctrl+r", "C").wait(time.Second).content()
}
