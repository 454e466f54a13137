package aws_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/model"
)

const staleID = "71d89b36-316e-9845-07df-19d02b854eb1"

func (l *lab) planUnlock(c *aws.Client, id string) *model.Plan {
	l.t.Helper()
	p, err := c.PlanUnlock(l.t.Context(), l.backend(), labKey, model.UnlockRequest{LockID: id})
	if err != nil {
		l.t.Fatal(err)
	}
	return p
}

func wantOutcome(t *testing.T, res model.Result, want model.Outcome) {
	t.Helper()
	if res.Outcome != want {
		t.Errorf("outcome %s, want %s: %s (steps %+v)", res.Outcome, want, res.Message, res.Steps)
	}
}

func TestAStaleLockIsCleared(t *testing.T) {
	everyMechanism(t, func(t *testing.T, l *lab) {
		l.write(1, "one")
		l.lock(lockRaw(staleID, "ci@runner-17"))
		c := l.client()
		res := c.Run(t.Context(), l.planUnlock(c, staleID), []string{staleID}, nil)
		wantOutcome(t, res, model.OutcomeDone)
		l.wantHeld("")
		l.wantState(body(1, "one"))
	})
}

func TestAWrongLockIDChangesNothingAndNamesTheHolder(t *testing.T) {
	everyMechanism(t, func(t *testing.T, l *lab) {
		raw := lockRaw(staleID, "ci@runner-17")
		l.lock(raw)
		l.server.ResetLog()
		c := l.client()
		res := c.Run(t.Context(), l.planUnlock(c, "another-id"), []string{"another-id"}, nil)
		wantOutcome(t, res, model.OutcomeRefused)
		if !strings.Contains(res.Message, "ci@runner-17") || !strings.Contains(res.Message, staleID) {
			t.Errorf("the holder is not named: %s", res.Message)
		}
		if res.Holder == nil || res.Holder.Info.Who != "ci@runner-17" {
			t.Errorf("holder %+v", res.Holder)
		}
		if got := l.changes(); len(got) > 0 {
			t.Errorf("sent %v", got)
		}
		l.wantHeld(raw)
	})
}

func TestANewerHolderKeepsTheLock(t *testing.T) {
	everyMechanism(t, func(t *testing.T, l *lab) {
		l.lock(lockRaw(staleID, "ci@runner-17"))
		c := l.client()
		plan := l.planUnlock(c, staleID)
		newer := lockRaw("newer", "erin@mbp")
		l.lock(newer) // between looking and confirming
		res := c.Run(t.Context(), plan, []string{staleID}, nil)
		wantOutcome(t, res, model.OutcomeRefused)
		if res.Holder == nil || res.Holder.Info.Who != "erin@mbp" || !strings.Contains(res.Message, "erin@mbp") {
			t.Errorf("the operator is not told who holds it now: %+v, %s", res.Holder, res.Message)
		}
		l.wantHeld(newer)
	})
}

func TestANewerHolderKeepsTheLockEvenBetweenTheLastLookAndTheDelete(t *testing.T) {
	for m, operation := range map[model.Mechanism]string{model.MechanismLockfile: "DeleteObject", model.MechanismDynamoDB: "DeleteItem"} {
		t.Run(string(m), func(t *testing.T) {
			l := newLab(t, m)
			l.lock(lockRaw(staleID, "ci@runner-17"))
			c := l.client()
			plan := l.planUnlock(c, staleID)
			newer := lockRaw("newer", "erin@mbp")
			l.once(operation, "", func() *emulator.Fault { return &emulator.Fault{Before: func() { l.lock(newer) }} })
			res := c.Run(t.Context(), plan, []string{staleID}, nil)
			wantOutcome(t, res, model.OutcomeRefused)
			if res.Holder == nil || res.Holder.Info.Who != "erin@mbp" {
				t.Errorf("holder %+v", res.Holder)
			}
			l.wantHeld(newer)
		})
	}
}

func TestALockThatIsGoneByNowIsNoFailure(t *testing.T) {
	everyMechanism(t, func(t *testing.T, l *lab) {
		l.write(1, "one")
		c := l.client()
		res := c.Run(t.Context(), l.planUnlock(c, staleID), []string{staleID}, nil)
		wantOutcome(t, res, model.OutcomeAlreadyGone)
	})
}

func TestTwoHoldersAreClearedOneByOne(t *testing.T) {
	l := newLab(t, model.MechanismLockfile, model.MechanismDynamoDB)
	l.mechs = []model.Mechanism{model.MechanismLockfile}
	l.lock(lockRaw("one", "ci@runner-17"))
	l.mechs = []model.Mechanism{model.MechanismDynamoDB}
	second := lockRaw("two", "erin@mbp")
	l.lock(second)
	l.mechs = []model.Mechanism{model.MechanismLockfile, model.MechanismDynamoDB}
	c := l.client()
	res := c.Run(t.Context(), l.planUnlock(c, "one"), []string{"one"}, nil)
	wantOutcome(t, res, model.OutcomeDone)
	held := l.held()
	if held[model.MechanismLockfile] != "" || held[model.MechanismDynamoDB] != second {
		t.Errorf("held %v", held)
	}
}

func TestMalformedLocksCanBeCleared(t *testing.T) {
	for name, raw := range map[string]string{"empty": "", "not JSON": "locked by bob", "without an ID": `{"Who":"bob@host"}`} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, model.MechanismLockfile)
			if raw != "" {
				l.mechs = append(l.mechs, model.MechanismDynamoDB)
			}
			l.lock(raw)
			c := l.client()
			plan := l.planUnlock(c, "")
			var typed []string
			for _, tok := range plan.Tokens {
				typed = append(typed, tok.Value)
			}
			wantOutcome(t, c.Run(t.Context(), plan, typed, nil), model.OutcomeDone)
			if l.read(labKey+".tflock", "") != nil {
				t.Error("the lock file is still there")
			}
		})
	}
}

func TestALostAnswerOfADeleteIsSettledByReading(t *testing.T) {
	for m, operation := range map[model.Mechanism]string{model.MechanismLockfile: "DeleteObject", model.MechanismDynamoDB: "DeleteItem"} {
		for name, fault := range map[string]emulator.Fault{
			"reset before the effect":    {Reset: true},
			"reset after the effect":     {Reset: true, AfterEffect: true},
			"500 before the effect":      {Status: 500, Code: "InternalError"},
			"500 after the effect":       {Status: 500, Code: "InternalError", AfterEffect: true},
			"503 before the effect":      {Status: 503, Code: "SlowDown"},
			"409 conditional conflict":   {Status: 409, Code: "ConditionalRequestConflict"},
			"412 though nothing differs": {Status: 412, Code: "PreconditionFailed"},
		} {
			t.Run(string(m)+" "+name, func(t *testing.T) {
				l := newLab(t, m)
				l.lock(lockRaw(staleID, "ci@runner-17"))
				c := l.client()
				plan := l.planUnlock(c, staleID)
				l.once(operation, "", func() *emulator.Fault { return &fault })
				wantOutcome(t, c.Run(t.Context(), plan, []string{staleID}, nil), model.OutcomeDone)
				l.wantHeld("")
			})
		}
	}
}

func TestNothingIsSentWithoutAJournal(t *testing.T) {
	everyMechanism(t, func(t *testing.T, l *lab) {
		raw := lockRaw(staleID, "ci@runner-17")
		l.lock(raw)
		c := l.client()
		plan := l.planUnlock(c, staleID)
		l.server.ResetLog()
		l.journal.fail = errors.New("no space left on device")
		res := c.Run(t.Context(), plan, []string{staleID}, nil)
		wantOutcome(t, res, model.OutcomeRefused)
		if !errors.Is(res.Err, model.ErrJournal) || !strings.Contains(res.Message, "no space left on device") {
			t.Errorf("error %v", res.Err)
		}
		if got := l.changes(); len(got) > 0 {
			t.Errorf("sent %v", got)
		}
	})
}

func TestEveryChangingRequestIsInTheJournalBeforeAndAfter(t *testing.T) {
	l := newLab(t, model.MechanismLockfile, model.MechanismDynamoDB)
	l.write(1, "one")
	l.lock(lockRaw(staleID, "ci@runner-17"))
	c := l.client()
	wantOutcome(t, c.Run(t.Context(), l.planUnlock(c, staleID), []string{staleID}, nil), model.OutcomeDone)
	want := "plan, step, request DeleteObject, answer DeleteObject, step, request DeleteItem, answer DeleteItem, step, step, end"
	if got := l.journal.events(); got != want {
		t.Errorf("journal\n%s\nwant\n%s", got, want)
	}
}

func TestAMissingTokenIsRefusedBelowTheUI(t *testing.T) {
	l := newLab(t, model.MechanismDynamoDB)
	raw := lockRaw(staleID, "ci@runner-17")
	l.lock(raw)
	c := l.client()
	res := c.Run(t.Context(), l.planUnlock(c, staleID), nil, nil)
	wantOutcome(t, res, model.OutcomeRefused)
	l.wantHeld(raw)
}

func TestReadOnlySendsNoChange(t *testing.T) {
	everyMechanism(t, func(t *testing.T, l *lab) {
		raw := lockRaw(staleID, "ci@runner-17")
		l.write(1, "one")
		l.lock(raw)
		plan := l.planUnlock(l.client(), staleID) // worked out where changes were allowed
		l.server.ResetLog()
		readOnly := l.client(func(o *aws.Options) { o.ReadOnly = true })
		wantOutcome(t, readOnly.Run(t.Context(), plan, []string{staleID}, nil), model.OutcomeRefused)
		if got := l.changes(); len(got) > 0 {
			t.Errorf("sent %v", got)
		}
	})
}
