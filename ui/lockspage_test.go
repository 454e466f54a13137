package ui

import (
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/stateward/stateward/model"
)

// answers runs commands, and delivers the messages that are wanted; what follows
// from them is never answered.
func (s *session) answers(cmds []tea.Cmd, wanted func(tea.Msg) bool) {
	s.t.Helper()
	for _, cmd := range cmds {
		if cmd == nil {
			continue
		}
		switch msg := cmd().(type) {
		case tea.BatchMsg:
			s.answers(msg, wanted)
		default:
			if msg != nil && wanted(msg) {
				s.app.Update(msg)
			}
		}
	}
}

func TestARemovedLockLeavesThePageBeforeAnyBackendAnswers(t *testing.T) {
	s := open(t, sampleFleet()).press("2").sees("ci@runner-17")
	s.press("U").wait(time.Second).text(theID).press("tab")
	s.manual = true
	s.press("enter")
	s.answers(s.kept, func(msg tea.Msg) bool { _, ended := msg.(taskMsg); return ended })
	s.sees("✓ Done").wait(time.Second).press("esc").missing("ci@runner-17").sees("erin@mbp")
}

func TestWhatIsLeftOfAHalfRemovedLockStaysOnThePage(t *testing.T) {
	s := open(t, sampleFleet()).press("2").sees("ddb+s3")
	core := s.fleet.locks["acme-tfstate-network"][:2]
	s.app.top().(*locksPage).unlocked(core[:1])
	s.wait(0).missing("ddb+s3").sees("erin@mbp")
	s.app.top().(*locksPage).unlocked(core)
	s.wait(0).missing("erin@mbp")
}

func TestABackendsLocksAreShownWhenItHasAnswered(t *testing.T) {
	s := open(t, sampleFleet()).press("2").sees("ci@runner-17", "erin@mbp")
	s.fleet.locks["acme-tfstate-payments"] = nil
	s.fleet.locks["acme-tfstate-network"] = nil
	s.manual = true
	s.press("ctrl+r")
	s.answers(s.kept, func(msg tea.Msg) bool {
		m, ok := msg.(lockAnswer)
		return ok && m.backend.Bucket == "acme-tfstate-payments"
	})
	s.missing("ci@runner-17").sees("erin@mbp") // the other one has not answered
}

func TestAFailedUnlockRemovesNothingFromThePage(t *testing.T) {
	for _, outcome := range []model.Outcome{model.OutcomeFailed, model.OutcomeRefused, model.OutcomeInterrupted} {
		task := &task{plan: &model.Plan{Unlock: &model.UnlockSpec{Victims: []model.Lock{{Key: "k"}}}}, result: &model.Result{Outcome: outcome}}
		if gone := removedBy(task); len(gone) > 0 {
			t.Errorf("%s: %v", outcome, gone)
		}
	}
}

// TestALockThatCannotBeReadAgainStays: unknown is never none. The rows of the
// table cannot be read any more; the lock files can.
func TestALockThatCannotBeReadAgainStays(t *testing.T) {
	s := open(t, sampleFleet()).press("2").sees("ci@runner-17")
	before := s.fleet.locks["acme-tfstate-payments"]
	s.fleet.locks["acme-tfstate-payments"] = nil
	s.fleet.blind["acme-tfstate-payments"] = []string{"throttled on acme-locks"}
	s.press("ctrl+r").sees("ci@runner-17", "throttled on acme-locks", "the last look failed").missing("no locks")
	s.press("ctrl+r").sees("ci@runner-17", "the last look failed")
	s.fleet.blind["acme-tfstate-payments"] = []string{"throttled on other-locks"}
	s.press("ctrl+r").missing("ci@runner-17")
	s.fleet.locks["acme-tfstate-payments"], s.fleet.blind["acme-tfstate-payments"] = before, nil
	s.press("ctrl+r").sees("ci@runner-17").missing("the last look failed")
}
