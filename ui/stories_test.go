package ui

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/stateward/stateward/model"
)

func TestAnEngineerClearsAStaleLock(t *testing.T) {
	s := open(t, sampleFleet())
	s.sees("123456789012", "acme-tfstate-payments", "1 STALE", "2 held")
	s.press("2").sees("ci@runner-17 apply", "likely stale", "longer", "Why likely stale")
	s.press("U").sees("Force-unlock payments/api/terraform.tfstate", "only if it is still exactly this", "[ Cancel ]")

	s.wait(time.Second).text("wrong").sees("✖ differs")
	s.press("tab", "enter").missing("✓ Done")
	if s.fleet.count("Run") != 0 {
		t.Fatal("a wrong token started the operation")
	}
	s.sees("Locks").missing("Force-unlock") // Cancel had the focus

	s.press("U").wait(time.Second).text(theID[:9]).press("tab").sees("✓ matches")
	s.press("tab", "enter").sees("✓ Done", "errored.tfstate", "01JD8Q7W")
	if got := s.fleet.count("Run unlock " + theID); got != 1 {
		t.Fatalf("the operation ran %d times: %v", got, s.fleet.calls)
	}
	s.wait(time.Second).press("esc").missing("ci@runner-17").sees("erin@mbp")
	s.press("1").sees("acme-tfstate-prod").missing("STALE")
}

func TestAnEngineerRestoresAnOverwrittenState(t *testing.T) {
	s := open(t, sampleFleet())
	s.warehouse().sees("digest ● match", "(-58)", "current")
	s.press("R").sees("R restore: this is the current version")
	s.press("j", "R").sees("Restore warehouse/terraform.tfstate", "as serial 58", "Undo")
	if s.fleet.count("PlanRestore warehouse/terraform.tfstate 3HL4kqtJvjVBH40N") != 1 {
		t.Fatal(s.fleet.calls)
	}
	before := s.fleet.count("Versions")
	s.wait(time.Second).text("wareho").send(tea.PasteMsg{Content: "use/terraform.tfstate\n"})
	s.sees("✓ matches").press("tab", "enter").sees("✓ Done")
	if s.fleet.count("Run restore "+theKey) != 1 {
		t.Fatal(s.fleet.calls)
	}
	if s.fleet.count("Versions") == before {
		t.Error("the versions were not read again after the restore")
	}
}

func TestKeysTypedAheadDoNotConfirm(t *testing.T) {
	s := open(t, sampleFleet())
	s.press("2", "U")
	for _, r := range theID {
		s.time = s.time.Add(100 * time.Millisecond)
		s.text(string(r))
	}
	s.press("tab", "enter").sees("> ▏", "keys typed before this opened were ignored")
	if s.fleet.count("Run") != 0 {
		t.Fatal("keys in flight confirmed the plan")
	}
}

func TestAResultIsNotClosedByKeysInFlight(t *testing.T) {
	s := open(t, sampleFleet())
	s.unlock().text(theID).press("tab", "enter", "enter", "enter").sees("✓ Done")
	s.wait(time.Second).press("enter").missing("✓ Done")
}

func TestTwoHoldersAreTwoConfirmations(t *testing.T) {
	f := sampleFleet()
	other := lockOf("acme-tfstate-payments", "payments/api/terraform.tfstate", model.MechanismLockfile, "dave@mbp",
		"OperationTypePlan", "5a0e1b7c-0000-4000-8000-1234567890ab", time.Hour)
	f.locks["acme-tfstate-payments"] = append(f.locks["acme-tfstate-payments"], other)
	s := open(t, f)
	s.press("j", "enter", "U").wait(time.Second).sees("(1 of 2)")
	s.text(theID).press("tab", "enter").sees("(2 of 2)")
	s.text("5a0e1b7c").press("tab", "tab", "enter").sees("✓ Done")
	if f.count("Run unlock "+theID+" 5a0e1b7c-0000-4000-8000-1234567890ab") != 1 {
		t.Fatal(f.calls)
	}
}

func TestALivingHolderNeedsTheWord(t *testing.T) {
	s := open(t, sampleFleet())
	s.press("2", "G", "U").wait(time.Second).sees("likely live", "erin@mbp")
	s.text("0c1f3a52").press("tab", "tab", "enter").sees("LIVE", "the evidence says that the holder is alive")
	s.text("LIVE").press("tab", "enter").sees("✓ Done")
}

func TestOneHolderInBothMechanismsIsOneRow(t *testing.T) {
	s := open(t, sampleFleet())
	s.press("2").sees("ddb+s3", "3 · ")
}

func TestReadOnlyRefusesChangesWithTheReason(t *testing.T) {
	s := open(t, sampleFleet(), func(o *Options) { o.ReadOnly = true })
	s.sees("READ-ONLY")
	s.press("2").sees("(U unlock)")
	s.press("U").sees("U unlock: read-only")
	s.press("1").warehouse().press("j", "R").sees("R restore: read-only")
	if s.fleet.count("Plan") != 0 {
		t.Fatal(s.fleet.calls)
	}
}

func TestWhatCannotBeDoneSaysWhy(t *testing.T) {
	unread := sampleFleet()
	facts := unread.read["s3://acme-tfstate-payments/payments/batch/terraform.tfstate"]
	facts.Locked = model.Unknown[bool]("AccessDenied dynamodb:GetItem")
	unread.read["s3://acme-tfstate-payments/payments/batch/terraform.tfstate"] = facts
	policy := sampleFleet()
	for i := range policy.backends {
		policy.backends[i].Policy.ReadOnly = true
	}
	for name, c := range map[string]struct {
		fleet *fake
		keys  string
		want  string
	}{
		"a state that is not locked":           {sampleFleet(), "j enter j U", "the state is not locked"},
		"a state whose lock is not readable":   {unread, "j enter j U", "AccessDenied dynamodb:GetItem"},
		"a delete marker":                      {sampleFleet(), "G k enter enter G k k R", "a delete marker has no content"},
		"a version whose key is to be deleted": {sampleFleet(), "G k enter enter G k k k R", "its KMS key is pending deletion"},
		"no lock at all":                       {&fake{}, "2 U", "nothing is selected"},
		"a read-only policy, states":           {policy, "j enter U", "policy of this backend is read-only"},
		"a read-only policy, locks":            {policy, "2 U", "policy of this backend is read-only"},
		"a read-only policy, versions":         {policy, "G k enter enter j R", "policy of this backend is read-only"},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, c.fleet)
			s.press(strings.Fields(c.keys)...).sees(c.want)
			if c.fleet.count("Plan") != 0 {
				t.Error("it was planned all the same")
			}
		})
	}
}

func TestARefusedPlanCannotBeConfirmed(t *testing.T) {
	s := open(t, sampleFleet())
	s.send(tea.WindowSizeMsg{Width: 80, Height: 24})
	refusedPlan(s)
	s.sees("✖ Refused", "younger than 8 h").missing("[ Cancel ]")
	s.text(theID).press("tab", "enter").missing("Done")
	if s.fleet.count("Run") != 0 {
		t.Fatal("a refused plan was run")
	}
}

func TestALockThatIsGoneLeavesNothingToDo(t *testing.T) {
	s := open(t, sampleFleet())
	s.press("2")
	s.fleet.locks = map[string][]model.Lock{}
	s.press("U").sees("there is nothing to do: no lock is held on").wait(time.Second).press("esc").sees("Locks")
}

func TestAForeignHolderIsNamed(t *testing.T) {
	s := open(t, sampleFleet())
	foreignHolder(s)
	s.sees("✖ Refused, nothing was changed", "dave@mbp apply", "5a0e1b7c-0000-4000-8000-1234567890ab")
}

func TestALockThatChangesWhileItsIDIsTypedStopsThePlan(t *testing.T) {
	s := open(t, sampleFleet())
	changedMeanwhile(s)
	s.sees("✖ Changed", "dave@mbp").missing("[ Cancel ]")
	s.text(theID).press("tab", "enter")
	if s.fleet.count("Run") != 0 {
		t.Fatal("the plan ran although its lock had changed")
	}
}

func TestALockThatStaysIsSaidToBeUnchanged(t *testing.T) {
	s := open(t, sampleFleet())
	s.unlock().wait(watchEvery).missing("Watching") // two reads 10 s apart say nothing
	s.wait(3*watchEvery).sees("Watching", "lock and state are unchanged between two reads 41 s apart", "may be waiting for approval")
}

func TestAStateThatIsWrittenWhileTheLockIsWatchedStopsThePlan(t *testing.T) {
	s := open(t, sampleFleet())
	s.unlock()
	locks := slices.Clone(s.fleet.locks["acme-tfstate-payments"])
	locks[0].LastWrite = model.Known(theTime.Add(5 * time.Second))
	s.fleet.locks["acme-tfstate-payments"] = locks
	s.wait(watchEvery).sees("✖ Changed", "written while it was watched").missing("[ Cancel ]")
	s.text(theID).press("tab", "enter")
	if s.fleet.count("Run") != 0 {
		t.Fatal("the plan ran although its holder writes")
	}
}

func TestAPolicyThatDemandsAReasonGetsOne(t *testing.T) {
	f := sampleFleet()
	for i := range f.backends {
		f.backends[i].Policy.RequireReason = true
	}
	s := open(t, f)
	s.warehouse().press("j", "R").sees("demands a reason")
	s.wait(time.Second).press("enter").sees("the policy of this backend demands a reason")
	s.text("incident 4711").press("enter").sees("as serial 58")
	if f.count("PlanRestore warehouse/terraform.tfstate 3HL4kqtJvjVBH40N incident 4711") != 1 {
		t.Fatal(f.calls)
	}
}

func TestAPlanThatFailsSaysWhatToDo(t *testing.T) {
	s := open(t, sampleFleet())
	failedPlan(s)
	s.sees("✖ Failed", "aws sso login --profile oncall").press("esc").missing("✖ Failed")
}

func TestLeavingAsksWhileAnOperationRuns(t *testing.T) {
	for name, c := range map[string]struct {
		key     string
		quits   bool
		stopped bool
	}{
		"stay": {"esc", false, false},
		"wait": {"w", true, false},
		"stop": {"s", true, true},
	} {
		t.Run(name, func(t *testing.T) {
			f := sampleFleet()
			s := open(t, f)
			stopped := false
			f.run = func(ctx context.Context, p *model.Plan, _ []string, _ func(model.StepEvent)) model.Result {
				s.press("q").sees("Leave while an operation runs?")
				s.press(c.key)
				stopped = ctx.Err() != nil
				if s.quit {
					t.Error("it left while the operation ran")
				}
				return model.Result{Outcome: model.OutcomeDone}
			}
			s.unlock().text(theID).press("tab", "enter")
			if s.quit != c.quits || stopped != c.stopped {
				t.Errorf("quit %v, stopped %v", s.quit, stopped)
			}
		})
	}
}

func TestEscapeDoesNotLeaveARunningOperation(t *testing.T) {
	f := sampleFleet()
	s := open(t, f)
	f.run = func(context.Context, *model.Plan, []string, func(model.StepEvent)) model.Result {
		s.press("esc", "enter").sees("it is running", "unlock runs")
		return model.Result{Outcome: model.OutcomeDone}
	}
	s.unlock().text(theID).press("tab", "enter").sees("✓ Done")
}

func TestAnOperationThatFailsSaysSo(t *testing.T) {
	f := sampleFleet()
	f.run = func(context.Context, *model.Plan, []string, func(model.StepEvent)) model.Result {
		return model.Result{Outcome: model.OutcomeFailed, Err: errors.New("writing the journal: no space left on device")}
	}
	s := open(t, f)
	s.unlock().text(theID).press("tab", "enter").sees("✖ Failed", "no space left on device")
}

func TestTheCommandsByHandAreCopied(t *testing.T) {
	s := open(t, sampleFleet())
	s.unlock().press("ctrl+y").sees("copied 1 command")
	if !strings.HasPrefix(s.copied, "aws dynamodb delete-item --table-name acme-locks") {
		t.Errorf("copied %q", s.copied)
	}
	brokenRestore(s.wait(time.Second).press("esc", "1"))
	s.press("ctrl+y")
	if s.copied != "stateward recover s3://acme-tfstate-data" {
		t.Errorf("copied %q", s.copied)
	}
}

func TestWhatToDoInsteadOfARefusedPlanIsCopied(t *testing.T) {
	const command = "stateward unlock s3://acme-tfstate-data/other --lock-id one"
	f := sampleFleet()
	f.change = func(p *model.Plan) {
		p.Refusals = []string{"that lock is held elsewhere"}
		p.Instead = model.Hints{{Text: "Remove it there with", Command: command}}
	}
	s := open(t, f)
	s.unlock().sees("✖ Refused", "that lock is held elsewhere", "Instead", "Remove it there with", "ctrl+y copies what to do instead").press("ctrl+y")
	if s.copied != command {
		t.Errorf("copied %q", s.copied)
	}
}
