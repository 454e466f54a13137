package main

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stateward/stateward/model"
)

// interruptedLock is the lock that an interrupted operation left on a state.
func interruptedLock(t *testing.T, key string) model.Lock {
	t.Helper()
	info, err := model.RecoveryRecord{Operation: model.OpRestore, ID: "op"}.Info()
	if err != nil {
		t.Fatal(err)
	}
	return model.Lock{Bucket: "acme", Key: key, Mechanism: model.MechanismLockfile, Info: model.LockInfo{ID: "lock", Info: info}}
}

func TestWhatIsRecoveredStaysSoWhenTheLookForTheNextFails(t *testing.T) {
	for name, c := range map[string]struct {
		keys []string
		err  error // of the next look; nil: not every place could be read
		want int
	}{
		"one state, the endpoint is gone":                {[]string{"a"}, errors.New("connection refused"), exitDone},
		"one state, a table cannot be read":              {[]string{"a"}, nil, exitDone},
		"of several states, one was not looked at again": {[]string{"a", "b"}, errors.New("connection refused"), exitFailed},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			found := &model.Plan{Operation: model.OpRecover, Recover: &model.RecoverSpec{}}
			for _, key := range c.keys {
				w.backends.locks.Locks = append(w.backends.locks.Locks, interruptedLock(t, key))
			}
			w.backends.plan = found
			w.backends.run = func(_ context.Context, p *model.Plan, _ func(model.StepEvent)) model.Result {
				if p.Gone {
					w.backends.plan, w.backends.planErr = found, nil // for the next state
					return model.Result{Operation: model.OpRecover, Outcome: model.OutcomeAlreadyGone}
				}
				w.backends.planErr = c.err
				w.backends.plan = &model.Plan{Operation: model.OpRecover, Refusals: []string{"AccessDenied dynamodb:GetItem"}}
				return model.Result{Operation: model.OpRecover, State: p.URL(), Outcome: model.OutcomeDone}
			}
			got := w.run("recover", "s3://acme", "--yes", "-o", "json")
			equal(t, "exit code", got.code, c.want)
			results := decode[[]resultDoc](t, got)
			equal(t, "results", len(results), len(c.keys))
			for _, r := range results {
				equal(t, "outcome", r.Outcome, model.OutcomeDone)
			}
			if !strings.Contains(got.stderr, "is recovered; whether another interrupted operation waits there was not read: ") {
				t.Errorf("said %s", got.stderr)
			}
		})
	}
}
