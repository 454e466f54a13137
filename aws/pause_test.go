package aws_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/model"
)

// sleeper is a machine whose lid is closed between two steps: its clock jumps,
// and what happens meanwhile happens.
type sleeper struct {
	mu    sync.Mutex
	slept time.Duration
}

func (s *sleeper) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().Add(s.slept)
}

// after sleeps when a step has ended.
func (s *sleeper) after(step string, d time.Duration, meanwhile func()) func(model.StepEvent) {
	return func(e model.StepEvent) {
		if e.Step.Name != step || e.Step.Status != model.StepDone {
			return
		}
		s.mu.Lock()
		s.slept += d
		s.mu.Unlock()
		meanwhile()
	}
}

func TestAfterALongPauseEverythingIsReadAgain(t *testing.T) {
	nothing := func(*lab) {}
	rewrite := func(l *lab) { l.write(9, "meanwhile") }
	takeLock := func(l *lab) { l.deleteRow(model.LockID(labBucket, labKey)) }
	for name, c := range map[string]struct {
		step      string
		pause     time.Duration
		meanwhile func(*lab)
		want      model.Outcome
		again     bool // HeadObject or GetObject of the state is sent between the pause and the next change
	}{
		"after verifying, nothing happened":            {"verify", 31 * time.Second, nothing, model.OutcomeDone, true},
		"after verifying, a short pause":               {"verify", 29 * time.Second, nothing, model.OutcomeDone, false},
		"after verifying, the state was written":       {"verify", 31 * time.Second, rewrite, model.OutcomeRefused, true},
		"after verifying, our lock was taken away":     {"verify", 31 * time.Second, takeLock, model.OutcomeRefused, true},
		"after writing, nothing happened":              {"write", 31 * time.Second, nothing, model.OutcomeDone, true},
		"after writing, a short pause":                 {"write", 29 * time.Second, nothing, model.OutcomeDone, false},
		"after writing, the state was written over":    {"write", 31 * time.Second, rewrite, model.OutcomeInterrupted, true},
		"after writing, our lock was taken away":       {"write", 31 * time.Second, takeLock, model.OutcomeInterrupted, true},
		"after reading back, our lock was taken away":  {"read back", time.Hour, takeLock, model.OutcomeInterrupted, true},
		"after reading back, everything is as it was":  {"read back", time.Hour, nothing, model.OutcomeDone, true},
		"after reading back, a short pause is nothing": {"read back", time.Second, nothing, model.OutcomeDone, false},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, model.MechanismDynamoDB)
			first := l.write(1, "one")
			l.write(2, "two")
			s := &sleeper{}
			client := l.client(func(o *aws.Options) { o.Now = s.now })
			plan := l.planRestore(client, first)
			if !slices.ContainsFunc(plan.Steps, func(p model.PlanStep) bool { return p.Name == c.step }) {
				t.Fatalf("no step %q in %+v", c.step, plan.Steps)
			}
			mark := 0
			res := client.Run(t.Context(), plan, []string{labKey}, s.after(c.step, c.pause, func() {
				c.meanwhile(l)
				mark = len(l.server.Requests())
			}))
			wantOutcome(t, res, c.want)
			if got := l.looksFirst(mark); got != c.again {
				t.Errorf("looked again before going on: %v, want %v", got, c.again)
			}
		})
	}
}

// looksFirst reports whether the state and the lock were read after a moment
// before anything was changed or ended.
func (l *lab) looksFirst(mark int) bool {
	state, lock := false, false
	for _, r := range l.server.Requests()[mark:] {
		switch {
		case r.Mutates:
			return state && lock
		case r.Operation == "GetItem":
			lock = true
		case r.Key == labKey:
			state = true
		}
	}
	return state && lock
}

func TestAfterALongPauseAnUnlockLooksAgain(t *testing.T) {
	l := newLab(t, model.MechanismDynamoDB)
	l.write(1, "one")
	l.lock(lockRaw(staleID, "ci@runner-17"))
	s := &sleeper{}
	c := l.client(func(o *aws.Options) { o.Now = s.now })
	newer := lockRaw("newer", "erin@mbp")
	p := l.planUnlock(c, staleID)
	res := c.Run(t.Context(), p, []string{staleID}, s.after("re-read", time.Minute, func() { l.lock(newer) }))
	wantOutcome(t, res, model.OutcomeRefused)
	l.wantHeld(newer)
	if strings.Contains(l.journal.events(), "DeleteItem") {
		t.Errorf("a delete was sent although the lock was another's by then")
	}
}

func TestAfterALongPauseARecoveryLooksAgain(t *testing.T) {
	l := newLab(t, model.MechanismDynamoDB)
	l.dies(true)
	s := &sleeper{}
	c := l.client(dead, func(o *aws.Options) { o.Now = s.now })
	p, err := c.PlanRecover(t.Context(), l.backend(), labKey, "")
	l.must(p, err)
	res := c.Run(context.WithoutCancel(t.Context()), p, everyToken(p), s.after("verify", time.Minute, func() { l.write(9, "meanwhile") }))
	wantOutcome(t, res, model.OutcomeRefused)
	if got := l.read(labKey, ""); string(got) != string(body(9, "meanwhile")) {
		t.Errorf("state %s", got)
	}
}
