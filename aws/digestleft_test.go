package aws_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stateward/stateward/model"
)

// TestAWrongDigestIsToldOfWhereverItIsMet: a state that no client can read because of
// its digest is not "nothing to recover", and an unlock or a recovery that leaves it so
// says so. The command that is named makes the digest right.
func TestAWrongDigestIsToldOfWhereverItIsMet(t *testing.T) {
	rows := []model.Mechanism{model.MechanismDynamoDB}
	orphan := func(s *stage) { s.deleteState() }
	shapeless := func(s *stage) { s.row(labDigestID, "Digest", "lost in a copy") }
	restores := scenario{mechs: rows, plan: planRestore}
	for what, c := range map[string]struct {
		scenario
		outcome model.Outcome
	}{
		"recover where no operation left a lock":                {scenario{plan: planRecover, arrange: (*stage).wrongDigest}, model.OutcomeRefused},
		"recover where the digest is of a state that is gone":   {scenario{plan: planRecover, arrange: orphan}, model.OutcomeRefused},
		"recover where the digest is none":                      {scenario{plan: planRecover, arrange: shapeless}, model.OutcomeRefused},
		"unlock of a state with another digest":                 {scenario{plan: planUnlock, arrange: both((*stage).staleLock, (*stage).wrongDigest)}, model.OutcomeDone},
		"unlock of a state that is gone, and its digest is not": {scenario{plan: planUnlock, arrange: both((*stage).staleLock, orphan)}, model.OutcomeDone},
		"recover a restore that wrote nothing":                  {scenario{plan: planRecover, arrange: (*stage).wrongDigest, cut: &cut{restores, "PutObject " + labKey, false}}, model.OutcomeDone},
	} {
		t.Run(what, func(t *testing.T) {
			d := newDesk(t, time.Minute)
			defer d.close()
			c.mechs, c.seed = rows, 1
			l := c.arranged(t, "")
			versions := l.look().Objects[labKey]
			l.first = versions[len(versions)-1].ID
			if c.cut != nil {
				c.cut.left(l, d)
			}
			d.shows(l, d.patient)
			p, err := c.plan(l, d.patient)
			if err != nil {
				t.Fatal(err)
			}
			res := d.run(t, d.patient, p)
			wantOutcome(t, res, c.outcome)
			next := res.Next
			if !strings.Contains(res.Message, "wrong") || len(next) == 0 || !strings.HasPrefix(next[0].Command, "stateward repair ") {
				t.Fatalf("%s: %s, now %q, next %q", res.Outcome, res.Message, res.Now, next.Texts())
			}
			wantOutcome(t, d.run(t, d.patient, mustPlan(l, d, planRepair)), model.OutcomeDone)
			p, err = planRecover(l, d.patient)
			if err != nil || !p.Gone {
				t.Errorf("afterwards a recovery is not told that all is well: %v %v", err, p.Refusals)
			}
		})
	}
}

func both(first, then func(*stage)) func(*stage) {
	return func(s *stage) { first(s); then(s) }
}
