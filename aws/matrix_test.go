package aws_test

import (
	"slices"
	"testing"

	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/aws/emulator/checker"
	"github.com/stateward/stateward/model"
)

// scenario is an operation on a world, and what it may do to that.
type scenario struct {
	name    string
	mechs   []model.Mechanism
	arrange func(*stage) // what is there, beside the state and its neighbour
	begun   func(*stage) // an operation that was cut off: its locks are there
	plan    func(*stage, *aws.Client) (*model.Plan, error)
	change  func(*stage) checker.Change
}

func everyScenario() []scenario {
	var all []scenario
	for name, mechs := range map[string][]model.Mechanism{
		"dynamodb": {model.MechanismDynamoDB},
		"lockfile": {model.MechanismLockfile},
		"both":     {model.MechanismLockfile, model.MechanismDynamoDB},
	} {
		group := operations(mechs)
		for what, s := range recoveries(group) {
			group[what] = s
		}
		for what, s := range group {
			s.name = what + ", " + name
			all = append(all, s)
		}
	}
	return all
}

// operations are those that a mechanism knows: without a table there is no
// digest to repair.
func operations(mechs []model.Mechanism) map[string]scenario {
	group := map[string]scenario{
		"unlock":                     {mechs: mechs, arrange: (*stage).staleLock, plan: (*stage).planUnlock, change: (*stage).unlocked},
		"restore":                    {mechs: mechs, plan: (*stage).planRestore, change: (*stage).restored},
		"restore of a deleted state": {mechs: mechs, arrange: (*stage).deleteState, plan: (*stage).planRestore, change: (*stage).restored},
	}
	if slices.Contains(mechs, model.MechanismDynamoDB) {
		group["repair"] = scenario{mechs: mechs, arrange: (*stage).wrongDigest, plan: (*stage).planRepair, change: (*stage).repaired}
	}
	return group
}

// recoveries are recoveries from each point at which a restore or a repair can
// stop: before and after it wrote, and while it released.
func recoveries(group map[string]scenario) map[string]scenario {
	out := map[string]scenario{}
	for name, cut := range map[string]struct {
		of, request string
		afterEffect bool
	}{
		"recover a restore that wrote nothing":                      {"restore", "PutObject " + labKey, false},
		"recover a restore that wrote the state":                    {"restore", "PutObject " + labKey, true},
		"recover a restore that wrote everything":                   {"restore", anyRelease, false},
		"recover a restore that began to release":                   {"restore", anyRelease, true},
		"recover a restore of a deleted state that wrote nothing":   {"restore of a deleted state", "PutObject " + labKey, false},
		"recover a restore of a deleted state that wrote the state": {"restore of a deleted state", "PutObject " + labKey, true},
		"recover a repair that wrote nothing":                       {"repair", "PutItem " + labDigestID, false},
		"recover a repair that wrote the digest":                    {"repair", "PutItem " + labDigestID, true},
	} {
		s, ok := group[cut.of]
		if !ok || len(s.mechs) == 1 && cut.request == anyRelease && cut.afterEffect {
			continue // the only lock is released: nothing is left to recover
		}
		interrupted := s
		s.begun = func(l *stage) { l.cutOff(interrupted, cut.request, cut.afterEffect) }
		s.plan = (*stage).planRecover
		out[name] = s
	}
	return out
}

// boundaries are the requests that a run sends which nothing disturbs.
func (s scenario) boundaries(t *testing.T) []boundary {
	t.Helper()
	l := s.stage(t)
	before := l.look()
	c, p := s.planned(l, 0)
	l.server.ResetLog()
	res := c.Run(t.Context(), p, everyToken(p), nil)
	found := boundariesOf(l.server.Requests())
	wantOutcome(t, res, model.OutcomeDone)
	l.accepts(before, s.done(l))
	if len(found) < 3 {
		t.Errorf("%s: only %d requests", s.name, len(found))
	}
	return found
}

// done is what the scenario has changed when it is done.
func (s scenario) done(l *stage) checker.Change {
	c := s.change(l)
	c.Done = s.begun == nil // a recovery may also take back
	return c
}
