package ui

import (
	"strings"
	"testing"
	"time"

	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui/widget"
)

// staging goes to the states of the backend, to the one whose digest is wrong.
func (s *session) staging() *session { return s.press("j", "enter", "G") }

func TestAnEngineerRepairsAMismatch(t *testing.T) {
	s := open(t, sampleFleet())
	s.staging().sees("✖ mismatch", "no client reads it: D repairs", "D repair digest")
	s.press("D").sees("Repair digest "+stagingKey, "Belongs to", "version Qe7VnB2mLs9XkT4w", "only if it is still", "[ Cancel ]")
	s.wait(time.Second).text("env:/sta").press("tab", "tab", "enter").sees("✓ Done: the digest is that of the bytes")
	if s.fleet.count("PlanRepair "+stagingKey+" bytes") != 1 || s.fleet.count("Run repair "+stagingKey) != 1 {
		t.Fatal(s.fleet.calls)
	}
	s.wait(time.Second).press("esc").missing("✖ mismatch", "D repair digest")
	s.press("D").sees("D repair digest: the digest matches the state")
}

func TestAMismatchIsRepairedFromTheStateToo(t *testing.T) {
	for name, keys := range map[string]string{"from its versions": "enter", "from its locks": "enter tab tab tab"} {
		t.Run(name, func(t *testing.T) {
			s := open(t, sampleFleet())
			s.staging().press(strings.Fields(keys)...).sees("digest ✖ mismatch", "D repair digest")
			s.press("D").wait(time.Second).text("env:/sta").press("tab", "tab", "enter").sees("✓ Done")
			s.wait(time.Second).press("esc").sees("digest ● match").missing("D repair digest")
		})
	}
}

func TestARepairTurnsToTheVersionThatTheDigestNames(t *testing.T) {
	s := open(t, sampleFleet())
	s.staging().press("D").wait(time.Second).sees("ctrl+o plans to restore that one instead")
	s.text("env:/sta").press("tab").sees("✓ matches")
	s.press("ctrl+o").sees("Restore "+stagingKey, "as serial 58", "ctrl+o goes back").missing("✓ matches", "Belongs to")
	s.press("ctrl+o").wait(time.Second).sees("Repair digest", "Belongs to")
	s.press("ctrl+o").wait(time.Second).text("env:/sta").press("tab", "tab", "enter").sees("✓ Done", "remove both locks")
	if s.fleet.count("PlanRepair "+stagingKey+" version") != 2 || s.fleet.count("Run repair") != 1 {
		t.Fatal(s.fleet.calls)
	}
	s.press("ctrl+o").sees("there is no other way to plan this")
}

func TestARepairOffersNoVersionThatIsNotKnown(t *testing.T) {
	f := sampleFleet()
	f.named = nil
	s := open(t, f)
	s.staging().press("D").wait(time.Second).sees("Repair digest").missing("ctrl+o")
	s.press("ctrl+o").sees("there is no other way to plan this")
	if f.count("PlanRepair "+stagingKey+" version") != 0 {
		t.Fatal(f.calls)
	}
}

func TestThePlanOfTheOtherWayMayFail(t *testing.T) {
	s := open(t, sampleFleet())
	s.staging().press("D").wait(time.Second)
	s.fleet.planErr = &model.Failure{Kind: model.ErrNotFound, Tried: "looking for the version"}
	s.press("ctrl+o").sees("✖ Failed", "looking for the version", "ctrl+o goes back")
	s.fleet.planErr = nil
	s.press("ctrl+o").sees("Belongs to", "[ Cancel ]")
}

func TestALockedStateIsNotRepairedButItsVersionIsOffered(t *testing.T) {
	f := sampleFleet()
	f.locks["acme-tfstate-payments"] = append(f.locks["acme-tfstate-payments"], lockOf("acme-tfstate-payments", stagingKey,
		model.MechanismDynamoDB, "dave@mbp", "OperationTypeApply", "5a0e1b7c-0000-4000-8000-1234567890ab", time.Minute))
	s := open(t, f)
	s.staging().press("D").sees("✖ Refused", "the state is locked by dave@mbp", "ctrl+o plans").missing("[ Cancel ]")
}

func TestTheReasonHoldsForBothWays(t *testing.T) {
	f := sampleFleet()
	f.backends[1].Policy.RequireReason = true
	s := open(t, f)
	s.staging().press("D").wait(time.Second).press("ctrl+o").text("incident 4711").press("enter").wait(time.Second).press("ctrl+o")
	if f.count("PlanRepair "+stagingKey+" bytes incident 4711") != 1 || f.count("PlanRepair "+stagingKey+" version incident 4711") != 1 {
		t.Fatal(f.calls)
	}
}

func TestADigestThatNeedsNoRepairSaysSo(t *testing.T) {
	for name, c := range map[string]struct {
		digest  model.Fact[model.DigestVerdict]
		options func(*Options)
		policy  model.Policy
		want    string
	}{
		"it matches":             {digest: model.Known(model.DigestMatch), want: "the digest matches the state"},
		"none is kept":           {digest: model.Known(model.DigestNotUsed), want: "no digest is kept of this state"},
		"it could not be read":   {digest: model.Unknown[model.DigestVerdict]("AccessDenied dynamodb:GetItem"), want: "AccessDenied dynamodb:GetItem"},
		"it is not read yet":     {want: "the digest is not read yet"},
		"read-only":              {digest: model.Known(model.DigestMismatch), options: func(o *Options) { o.ReadOnly = true }, want: "read-only: changes are switched off"},
		"read-only by a policy":  {digest: model.Known(model.DigestMismatch), policy: model.Policy{ReadOnly: true}, want: "policy of this backend is read-only"},
		"read-only, and missing": {digest: model.Known(model.DigestMissing), options: func(o *Options) { o.ReadOnly = true }, want: "read-only: changes are switched off"},
	} {
		for _, page := range []string{"", "enter", "enter tab tab tab"} {
			t.Run(name+" "+page, func(t *testing.T) {
				f := sampleFleet()
				f.backends[1].Policy = c.policy
				url := "s3://acme-tfstate-payments/" + stagingKey
				facts := f.read[url]
				facts.Digest = c.digest
				f.read[url] = facts
				if c.options == nil {
					c.options = func(*Options) {}
				}
				s := open(t, f, c.options).resize(120, 40)
				s.staging().press(strings.Fields(page)...).press("D").sees("D repair digest: ", c.want)
				if f.count("Plan") != 0 {
					t.Error("it was planned all the same")
				}
			})
		}
	}
}

func TestNoStateNoRepair(t *testing.T) {
	f := sampleFleet()
	f.states = nil
	s := open(t, f)
	s.press("j", "enter", "D").sees("D repair digest: nothing is selected")
}

func TestAWrongDigestStandsOut(t *testing.T) {
	for verdict, want := range map[model.DigestVerdict]widget.Cell{
		model.DigestMatch:     {Text: "match", Tone: widget.Good},
		model.DigestNotUsed:   {Text: "-", Tone: widget.Dim},
		model.DigestMismatch:  {Text: "✖ mismatch", Tone: widget.Bad},
		model.DigestMissing:   {Text: "✖ missing", Tone: widget.Bad},
		model.DigestMalformed: {Text: "✖ malformed", Tone: widget.Bad},
		model.DigestOrphan:    {Text: "✖ orphan", Tone: widget.Bad},
	} {
		t.Run(string(verdict), func(t *testing.T) {
			if got := digestCell(verdict); got != want {
				t.Errorf("got %v", got)
			}
			wrong := want.Tone == widget.Bad
			if wrongDigest(model.Known(verdict)) != wrong || (len(digestParts(model.Known(verdict))) > 0) != wrong {
				t.Error("it is taken for something else where it is repaired")
			}
		})
	}
}
