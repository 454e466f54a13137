package aws_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/model"
)

// TestEveryEndingIsTrueAndItsCommandEndsIt has somebody take our locks away, or put
// another in their place, after each changing request of every operation. However
// that ends: the command that the result names leaves a state whose digest is right,
// and no lock of ours.
func TestEveryEndingIsTrueAndItsCommandEndsIt(t *testing.T) {
	d := newDesk(t, time.Minute)
	defer d.close()
	theirs := foreignLock("theirs", "erin@mbp")
	for _, s := range everyScenario() {
		p := s.play(t, d)
		for _, at := range p.requests {
			if operation, _, _ := strings.Cut(at.request, " "); !strings.HasPrefix(operation, "Put") && !strings.HasPrefix(operation, "Delete") {
				continue
			}
			for what, act := range map[string]func(*stage){
				"the locks are taken away": (*stage).unlockAll,
				"somebody else locks":      func(l *stage) { l.unlockAll(); l.lock(labKey, theirs) },
			} {
				t.Run(s.name+", "+at.String()+", "+what, func(t *testing.T) {
					l := p.stage(t)
					if !d.shows(l, d.patient) {
						t.Fatal("the way is not found")
					}
					l.server.OnRequest(afterIt(at, func() { act(l) }))
					res := d.run(t, d.patient, p.plan)
					l.server.OnRequest(nil)
					if res.Outcome == model.OutcomeInterrupted {
						l.otherGivesBack()
						finish(l, d, res)
					}
					l.settled(t, res)
				})
			}
		}
	}
}

// afterIt runs something after the effect of a request, before its answer.
func afterIt(at boundary, act func()) func(emulator.Request) *emulator.Fault {
	var mu sync.Mutex
	seen := 0
	return func(r emulator.Request) *emulator.Fault {
		mu.Lock()
		defer mu.Unlock()
		if requestName(r) != at.request {
			return nil
		}
		if seen++; seen != at.nth {
			return nil
		}
		return &emulator.Fault{After: act}
	}
}

// unlockAll is what force-unlock does: it removes whatever lock there is.
func (s *stage) unlockAll() {
	s.t.Helper()
	if s.uses(model.MechanismLockfile) {
		s.remove(labKey + ".tflock")
	}
	if s.uses(model.MechanismDynamoDB) {
		s.dynamo("DeleteItem", `{"TableName":"`+labTable+`","Key":{"LockID":{"S":"`+labLockID+`"}}}`)
	}
}

// otherGivesBack: the other client ends, where it has a lock.
func (s *stage) otherGivesBack() {
	s.t.Helper()
	if held := strings.Join(s.heldNow(), " "); strings.Contains(held, "erin@mbp") && !strings.Contains(held, "stateward-") {
		s.unlockAll()
	}
}

// heldNow are the locks of the state as they are stored.
func (s *stage) heldNow() []string {
	s.t.Helper()
	w := s.look()
	var held []string
	if versions := w.Objects[labKey+".tflock"]; len(versions) > 0 && !versions[0].Marker {
		held = append(held, versions[0].Body)
	}
	if row := w.Rows[labTable][labLockID]; row != "" {
		held = append(held, strings.ReplaceAll(row, `\"`, `"`))
	}
	return held
}

// settled: no lock of ours is left, and after an operation that changed something
// the digest is that of the bytes.
func (s *stage) settled(t *testing.T, res model.Result) {
	t.Helper()
	for _, held := range s.heldNow() {
		if strings.Contains(held, "stateward-") {
			t.Errorf("%s (%s): left behind: %s", res.Outcome, res.Now, held)
		}
	}
	w := s.look()
	versions := w.Objects[labKey]
	if !s.uses(model.MechanismDynamoDB) || len(versions) == 0 || versions[0].Marker || res.Operation == model.OpUnlock {
		return
	}
	digest := w.Rows[labTable][labDigestID]
	if res.Outcome != model.OutcomeRefused && res.Outcome != model.OutcomeFailed && !strings.Contains(digest, model.DigestOf([]byte(versions[0].Body))) {
		t.Errorf("%s (%s), next %q: the digest is %s", res.Outcome, res.Now, res.Next.Texts(), digest)
	}
}
