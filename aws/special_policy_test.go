package aws_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/model"
)

// everyOperation are plans that may run, each in a world of its own.
func everyOperation() map[string]func(*testing.T) (*special, *model.Plan) {
	both := []model.Mechanism{model.MechanismLockfile, model.MechanismDynamoDB}
	return map[string]func(*testing.T) (*special, *model.Plan){
		"unlock": func(t *testing.T) (*special, *model.Plan) {
			l := newSpecial(t, emulator.Options{}, both...)
			l.write(1, "one")
			l.lock(lockRaw(staleID, "ci@runner-17"))
			return l, l.planUnlock(l.client(), staleID)
		},
		"restore": func(t *testing.T) (*special, *model.Plan) {
			l := newSpecial(t, emulator.Options{}, both...)
			first := l.write(1, "one")
			l.write(2, "two")
			return l, l.planRestore(l.client(), first)
		},
		"repair": func(t *testing.T) (*special, *model.Plan) {
			l := newSpecial(t, emulator.Options{}, both...)
			l.write(1, "one")
			l.setDigest(strings.Repeat("f", 32))
			p, err := l.client().PlanRepair(t.Context(), l.backend(), labKey, model.RepairRequest{To: model.RepairToBytes})
			l.must(p, err)
			return l, p
		},
		"recover": func(t *testing.T) (*special, *model.Plan) {
			l := newSpecial(t, emulator.Options{}, both...)
			first := l.write(1, "one")
			l.write(2, "two")
			l.dieAt("PutObject", "terraform.tfstate", true)
			l.runs(l.client(), l.planRestore(l.client(), first), model.OutcomeInterrupted)
			l.server.OnRequest(nil)
			p, err := l.client(dead).PlanRecover(t.Context(), l.backend(), labKey, "")
			l.must(p, err)
			return l, p
		},
	}
}

// forged is a plan from which everything is taken that speaks against it.
func forged(p *model.Plan) *model.Plan {
	q := *p
	q.Refusals, q.Tokens, q.Backend.Policy, q.Reason = nil, nil, model.Policy{}, ""
	return &q
}

// policies are those that concern every operation: as a rule over buckets, and
// as that of a backend that the client knows.
func policies(p model.Policy) map[string]func(*aws.Options) {
	return map[string]func(*aws.Options){
		"by a rule": func(o *aws.Options) { o.Policies = []model.PolicyRule{{Glob: "tfstate-*", Policy: p}} },
		"by the backend that the config names": func(o *aws.Options) {
			o.Backends = []model.Backend{{Name: "payments", Bucket: labBucket, Policy: p}}
		},
	}
}

func TestNoForgedPlanPassesAPolicy(t *testing.T) {
	for what, c := range map[string]struct {
		policy model.Policy
		says   string
	}{
		"read_only":      {model.Policy{ReadOnly: true}, "read-only"},
		"require_reason": {model.Policy{RequireReason: true}, "demands a reason"},
		"protected":      {model.Policy{Protected: true}, "type " + labBucket},
	} {
		for operation, planned := range everyOperation() {
			for from, under := range policies(c.policy) {
				t.Run(strings.Join([]string{what, from, operation}, " "), func(t *testing.T) {
					l, p := planned(t)
					client := l.client(dead, under)
					for name, q := range map[string]*model.Plan{"forged": forged(p), "made before the policy": p} {
						before := l.held()
						l.server.ResetLog()
						res := client.Run(t.Context(), q, without(p, labBucket), nil)
						wantOutcome(t, res, model.OutcomeRefused)
						if !strings.Contains(res.Message, c.says) {
							t.Errorf("%s: message %q, want %q", name, res.Message, c.says)
						}
						if got := l.server.Requests(); len(got) > 0 {
							t.Errorf("%s: %d requests were sent, the first a %s", name, len(got), got[0].Operation)
						}
						if got := l.held(); got[model.MechanismLockfile] != before[model.MechanismLockfile] {
							t.Errorf("%s: held %q", name, got)
						}
					}
				})
			}
		}
	}
}

func TestAPolicyThatIsMetLetsAPlanPass(t *testing.T) {
	policy := model.Policy{Protected: true, RequireReason: true}
	for operation, planned := range everyOperation() {
		for from, under := range policies(policy) {
			t.Run(operation+" "+from, func(t *testing.T) {
				l, p := planned(t)
				p.Reason = "INC-4711"
				res := l.client(dead, under).Run(t.Context(), p, slices.Concat(everyToken(p), []string{labBucket}), nil)
				wantOutcome(t, res, model.OutcomeDone)
				if p.Backend.Policy != (model.Policy{}) || slices.Contains(everyToken(p), labBucket) {
					t.Error("the plan itself was changed")
				}
			})
		}
	}
}

func oldEnough(d time.Duration) func(*aws.Options) {
	return func(o *aws.Options) {
		o.Policies = []model.PolicyRule{{Glob: "*", Policy: model.Policy{MinLockAge: d}}}
	}
}

// aged is a lock that was taken some time ago.
func aged(t *testing.T, ago time.Duration) string {
	t.Helper()
	raw, err := model.LockInfo{ID: staleID, Operation: "OperationTypeApply", Who: "ci@runner-17", Version: "1.11.4",
		Created: time.Now().UTC().Add(-ago), Path: labBucket + "/" + labKey}.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestAYoungLockIsNotRemovedWhateverThePlanSaysOfItsAge(t *testing.T) {
	for name, forge := range map[string]func(*model.Plan){
		"with its true age": func(*model.Plan) {},
		"with another time of creation": func(p *model.Plan) {
			for i := range p.Unlock.Victims {
				p.Unlock.Victims[i].Info.Created = time.Now().Add(-time.Hour)
			}
		},
		"with another time of reading": func(p *model.Plan) {
			for i := range p.Unlock.Victims {
				p.Unlock.Victims[i].ReadAt = time.Now().Add(time.Hour)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, m := range []model.Mechanism{model.MechanismLockfile, model.MechanismDynamoDB} {
				l := newSpecial(t, emulator.Options{}, m)
				raw := aged(t, 14*time.Minute)
				l.lock(raw)
				p := forged(l.planUnlock(l.client(), staleID))
				forge(p)
				c := l.client(oldEnough(15 * time.Minute))
				l.server.ResetLog()
				res := c.Run(t.Context(), p, []string{staleID}, nil)
				wantOutcome(t, res, model.OutcomeRefused)
				if !strings.Contains(res.Message, "refuses to remove a lock younger than") || len(l.changes()) > 0 {
					t.Errorf("message %q, sent %v", res.Message, l.changes())
				}
				l.wantHeld(raw)
			}
		})
	}
}

func TestALockThatIsOldEnoughIsRemoved(t *testing.T) {
	l := newSpecial(t, emulator.Options{}, model.MechanismLockfile, model.MechanismDynamoDB)
	l.write(1, "one")
	l.lock(aged(t, 16*time.Minute))
	c := l.client(oldEnough(15 * time.Minute))
	l.runs(c, l.planUnlock(c, staleID), model.OutcomeDone)
	l.wantHeld("")
}

func TestALockOfUnknownAgeIsNotTakenForAnOldOne(t *testing.T) {
	l := newSpecial(t, emulator.Options{}, model.MechanismDynamoDB)
	l.row(nil)
	c := l.client(oldEnough(time.Minute))
	p, err := c.PlanUnlock(t.Context(), l.backend(), labKey, model.UnlockRequest{})
	l.must(p, err)
	l.server.ResetLog()
	res := c.Run(t.Context(), p, everyToken(p), nil)
	wantOutcome(t, res, model.OutcomeRefused)
	if !strings.Contains(res.Message, "nothing tells the age of the one in table "+labTable) || len(l.changes()) > 0 {
		t.Errorf("message %q, sent %v", res.Message, l.changes())
	}
}

func TestARecoveryIsNoWayRoundThePolicyForLocks(t *testing.T) {
	for name, m := range map[string]model.Mechanism{"lockfile": model.MechanismLockfile, "dynamodb": model.MechanismDynamoDB} {
		t.Run(name, func(t *testing.T) {
			l := newSpecial(t, emulator.Options{}, m)
			l.write(1, "one")
			raw := lockRaw("theirs", "erin@mbp")
			l.lock(raw)
			c := l.client(oldEnough(time.Hour))
			held := c.LocksOf(t.Context(), l.backend(), labKey).Locks
			p := &model.Plan{Operation: model.OpRecover, Backend: l.backend(), Key: labKey,
				Recover: &model.RecoverSpec{Stage: model.StageNothingWritten, Held: held},
				Steps:   []model.PlanStep{{Name: "verify"}, {Name: "release"}}}
			l.server.ResetLog()
			res := c.Run(t.Context(), p, nil, nil)
			wantOutcome(t, res, model.OutcomeRefused)
			if got := l.server.Requests(); len(got) > 0 || !strings.Contains(res.Message, "not one of the operation") {
				t.Errorf("message %q, %d requests", res.Message, len(got))
			}
			l.wantHeld(raw)
		})
	}
}
