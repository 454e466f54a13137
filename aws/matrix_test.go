package aws_test

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/aws/emulator/checker"
	"github.com/stateward/stateward/model"
)

// scenario is an operation on a world, and what it may do to that.
type scenario struct {
	name    string
	seed    uint64
	mechs   []model.Mechanism
	arrange func(*stage) // what is there, beside the state and its neighbour
	plan    func(*stage, *aws.Client) (*model.Plan, error)
	change  func(*stage) checker.Change
	cut     *cut // an operation that was cut off, for a recovery
}

// cut is where an operation loses its network.
type cut struct {
	of          scenario
	request     string
	afterEffect bool
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
			s.name, s.seed = what+", "+name, uint64(len(all)+1)
			all = append(all, s)
		}
	}
	return all
}

// operations are those that a mechanism knows: without a table there is no
// digest to repair.
func operations(mechs []model.Mechanism) map[string]scenario {
	group := map[string]scenario{
		"unlock":                     {mechs: mechs, arrange: (*stage).staleLock, plan: planUnlock, change: (*stage).unlocked},
		"restore":                    {mechs: mechs, plan: planRestore, change: (*stage).restored},
		"restore of a deleted state": {mechs: mechs, arrange: (*stage).deleteState, plan: planRestore, change: (*stage).restored},
	}
	if slices.Contains(mechs, model.MechanismDynamoDB) {
		group["repair"] = scenario{mechs: mechs, arrange: (*stage).wrongDigest, plan: planRepair, change: (*stage).repaired}
	}
	return group
}

// recoveries are recoveries from each point at which a restore or a repair can
// stop: before and after it wrote, and while it released.
func recoveries(group map[string]scenario) map[string]scenario {
	out := map[string]scenario{}
	for name, at := range map[string]struct {
		of, request string
		afterEffect bool
	}{
		"recover a restore that wrote nothing":                      {"restore", "PutObject " + labKey, false},
		"recover a restore that wrote the state":                    {"restore", "PutObject " + labKey, true},
		"recover a restore that set the digest":                     {"restore", "PutItem " + labDigestID, true},
		"recover a restore that released one lock":                  {"restore", "DeleteObject " + labKey + ".tflock", true},
		"recover a restore of a deleted state that wrote nothing":   {"restore of a deleted state", "PutObject " + labKey, false},
		"recover a restore of a deleted state that wrote the state": {"restore of a deleted state", "PutObject " + labKey, true},
		"recover a repair that wrote nothing":                       {"repair", "PutItem " + labDigestID, false},
		"recover a repair that set the digest":                      {"repair", "PutItem " + labDigestID, true},
	} {
		s, ok := group[at.of]
		rows := ok && slices.Contains(s.mechs, model.MechanismDynamoDB)
		if !ok || strings.Contains(at.request, "Item") && !rows || strings.Contains(at.request, "Delete") && len(s.mechs) < 2 {
			continue // no such request, or nothing is left to recover
		}
		s.cut, s.plan = &cut{s, at.request, at.afterEffect}, planRecover
		out[name] = s
	}
	return out
}

func planUnlock(s *stage, c *aws.Client) (*model.Plan, error) {
	return c.PlanUnlock(s.t.Context(), s.backend(), labKey, model.UnlockRequest{LockID: staleID})
}

func planRestore(s *stage, c *aws.Client) (*model.Plan, error) {
	return c.PlanRestore(s.t.Context(), s.backend(), labKey, model.RestoreRequest{VersionID: s.first})
}

func planRepair(s *stage, c *aws.Client) (*model.Plan, error) {
	return c.PlanRepair(s.t.Context(), s.backend(), labKey, model.RepairRequest{To: model.RepairToBytes})
}

func planRecover(s *stage, c *aws.Client) (*model.Plan, error) {
	return c.PlanRecover(s.t.Context(), s.backend(), labKey, "")
}

// played is a scenario up to the confirmation of its operation.
type played struct {
	scenario
	first    string
	original checker.World // before anything
	before   checker.World // before the operation: for a recovery, what was left by another
	plan     *model.Plan
	requests []boundary
}

// play works a scenario out once: the plan, and the requests of a run that
// nothing disturbs. Both hold for every stage that is built with its seed.
func (s scenario) play(t *testing.T, d *desk) *played {
	t.Helper()
	p := &played{scenario: s}
	l := s.arranged(t, "")
	p.original = l.look()
	oldest := p.original.Objects[labKey][len(p.original.Objects[labKey])-1]
	p.first, l.first = oldest.ID, oldest.ID
	p.before = p.original
	if s.cut != nil {
		p.before = s.cut.left(l, d)
	}
	l = p.stage(t)
	p.before = l.look() // as every stage has it, with the ids of its own
	p.plan = mustPlan(l, d, s.plan)
	l.server.ResetLog()
	res := d.run(t, d.patient, p.plan)
	p.requests = boundariesOf(l.server.Requests())
	wantOutcome(t, res, model.OutcomeDone)
	l.accepts(p.original, p.done(l))
	if len(p.requests) < 3 {
		t.Errorf("%s: only %d requests", s.name, len(p.requests))
	}
	return p
}

func mustPlan(s *stage, d *desk, plan func(*stage, *aws.Client) (*model.Plan, error)) *model.Plan {
	s.t.Helper()
	if !d.shows(s, d.patient) {
		s.t.Fatal("the way is not found")
	}
	p, err := plan(s, d.patient)
	if err != nil || len(p.Refusals) > 0 || p.Gone {
		s.t.Fatalf("no plan: %v %+v", err, p)
	}
	return p
}

func (s scenario) arranged(t *testing.T, first string) *stage {
	t.Helper()
	l := newStage(t, s.seed, s.mechs)
	l.first = first
	if s.arrange != nil {
		s.arrange(l)
	}
	return l
}

// stage is a new stage as it is when the operation is confirmed.
func (p *played) stage(t *testing.T) *stage {
	t.Helper()
	l := p.arranged(t, p.first)
	l.follow(p.original, p.before)
	return l
}

// done is what has changed when the operation says that it is done.
func (p *played) done(l *stage) checker.Change {
	c := p.change(l)
	c.Done = p.cut == nil // a recovery may also take back
	return c
}

// left is what the operation that was cut off left behind.
func (c *cut) left(l *stage, d *desk) checker.World {
	l.t.Helper()
	plan := mustPlan(l, d, c.of.plan)
	l.server.OnRequest((&cable{cut: c}).hook)
	wantOutcome(l.t, d.run(l.t, d.patient, plan), model.OutcomeInterrupted)
	l.server.OnRequest(nil)
	return l.look()
}

// cable is a network that goes with a request. Requests that are sent beside
// that one have no effect either, whichever comes first.
type cable struct {
	*cut
	mu   sync.Mutex
	gone bool
}

func (c *cable) hook(r emulator.Request) *emulator.Fault {
	c.mu.Lock()
	defer c.mu.Unlock()
	name := requestName(r)
	operation, _, _ := strings.Cut(name, " ")
	switch {
	case c.gone:
		return &emulator.Fault{Reset: true}
	case name == c.request:
		c.gone = true
		return &emulator.Fault{Reset: true, AfterEffect: c.afterEffect}
	case strings.HasPrefix(operation, "Delete"):
		return &emulator.Fault{Reset: true}
	}
	return nil
}
