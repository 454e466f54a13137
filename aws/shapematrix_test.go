package aws_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/aws/emulator/checker"
	"github.com/stateward/stateward/internal/evidence"
	"github.com/stateward/stateward/model"
)

// shape is what is stored of a state when an operation is asked for.
type shape struct {
	bucket, key string // of the state; labBucket and labKey where empty
	store       func(*stage)
}

func (sh shape) place(s *stage) (b model.Backend, key string) {
	b, key = s.backend(), sh.key
	if key == "" {
		key = labKey
	}
	if sh.bucket != "" {
		b.Bucket, b.Name = sh.bucket, sh.bucket
	}
	return b, key
}

// asked is an operation of the matrix: its plan, and what it may change.
type asked struct {
	plan   func(*testing.T, *aws.Client, model.Backend, string, checker.World) (*model.Plan, error)
	change func(c *checker.Change, before checker.World)
	cut    bool // an interrupted restore is left first
}

func oldestOf(w checker.World, key string) string {
	for _, v := range slices.Backward(w.Objects[key]) {
		if !v.Marker {
			return v.ID
		}
	}
	return "none"
}

func planOldest(t *testing.T, c *aws.Client, b model.Backend, key string, w checker.World) (*model.Plan, error) {
	return c.PlanRestore(t.Context(), b, key, model.RestoreRequest{VersionID: oldestOf(w, key)})
}

func everyAsked() map[string]asked {
	repair := func(to model.RepairTo) func(*testing.T, *aws.Client, model.Backend, string, checker.World) (*model.Plan, error) {
		return func(t *testing.T, c *aws.Client, b model.Backend, key string, _ checker.World) (*model.Plan, error) {
			return c.PlanRepair(t.Context(), b, key, model.RepairRequest{To: to})
		}
	}
	restores := func(c *checker.Change, before checker.World) { c.Target = oldestOf(before, c.Key) }
	return map[string]asked{
		"unlock": {plan: func(t *testing.T, c *aws.Client, b model.Backend, key string, _ checker.World) (*model.Plan, error) {
			return c.PlanUnlock(t.Context(), b, key, model.UnlockRequest{})
		}, change: func(c *checker.Change, _ checker.World) { c.Victims = []string{checker.LockFile, labTable} }},
		"restore":           {plan: planOldest, change: restores},
		"repair":            {plan: repair(model.RepairToBytes), change: func(c *checker.Change, _ checker.World) { c.Repair = true }},
		"repair to version": {plan: repair(model.RepairToVersion), change: func(c *checker.Change, _ checker.World) { c.Repair = true }},
		"recover a restore that wrote the state": {cut: true, change: restores,
			plan: func(t *testing.T, c *aws.Client, b model.Backend, key string, _ checker.World) (*model.Plan, error) {
				return c.PlanRecover(t.Context(), b, key, "")
			}},
	}
}

// shapeCase is one operation on one shape, where clients use these mechanisms.
type shapeCase struct {
	name  string
	seed  uint64 // of its own: what is known of one version must not pass for another
	mechs []model.Mechanism
	shape shape
	op    asked
}

// everyShapeCase are all of them, in one order.
func everyShapeCase() []shapeCase {
	shapes, ops := everyShape(), everyAsked()
	var all []shapeCase
	for _, name := range slices.Sorted(maps.Keys(shapes)) {
		for _, what := range slices.Sorted(maps.Keys(ops)) {
			for _, mechs := range [][]model.Mechanism{{model.MechanismDynamoDB}, {model.MechanismLockfile}, {model.MechanismLockfile, model.MechanismDynamoDB}} {
				all = append(all, shapeCase{name: fmt.Sprintf("%s, %s, %v", name, what, mechs), seed: uint64(10_000 + len(all)), mechs: mechs, shape: shapes[name], op: ops[what]})
			}
		}
	}
	return all
}

// TestShapeMatrix asks for each operation on each shape of what may be stored.
// What a plan accepts is done when nothing disturbs it: its conditions can hold.
// All else is refused before anything is written. The checker agrees.
func TestShapeMatrix(t *testing.T) {
	d := newDesk(t, time.Minute)
	defer d.close()
	all := everyShapeCase()
	var tried, done int
	for _, c := range evidence.Share(all, 7, 14) {
		t.Run(c.name, func(t *testing.T) {
			tried++
			if stored(t, d, newStage(t, c.seed, c.mechs), c.shape, c.op) {
				done++
			}
		})
	}
	evidence.Tells(t, fmt.Sprintf("stored-shape matrix: %d cases of %d (%d done, %d refused or nothing to do, before anything was written)", tried, len(all), done, tried-done))
}

// stored tries one case, and reports whether the operation was done.
func stored(t *testing.T, d *desk, s *stage, sh shape, op asked) bool {
	t.Helper()
	sh.store(s)
	b, key := sh.place(s)
	if !d.shows(s, d.patient) {
		t.Fatal("the way is not found")
	}
	original := s.look()
	if op.cut && !s.cutOff(d, b, key, original) {
		s.accepts(original, checker.Change{Bucket: b.Bucket, Key: key})
		return false
	}
	before := s.look()
	p, err := op.plan(t, d.patient, b, key, before)
	if err != nil || p.Gone || len(p.Refusals) > 0 {
		s.accepts(before, checker.Change{Bucket: b.Bucket, Key: key})
		if err == nil && !p.Gone && strings.TrimSpace(p.Refusals[0]) == "" {
			t.Error("refused without a reason")
		}
		return false
	}
	res := d.run(t, d.patient, p)
	if res.Outcome != model.OutcomeDone {
		t.Errorf("the plan accepts it and the run ends as %s: %s", res.Outcome, res.Message)
	}
	c := checker.Change{Bucket: b.Bucket, Key: key, Done: !op.cut}
	if slices.Contains(b.Digests, labTable) || digestAt(original, b.Bucket, key) {
		c.Digests = []string{labTable}
	}
	if op.change(&c, original); p.Restore != nil {
		c.Target = p.Restore.Target.VersionID
	}
	s.accepts(original, c)
	return true
}

func digestAt(w checker.World, bucket, key string) bool {
	row := w.Rows[labTable][bucket+"/"+key+"-md5"]
	return row != "" && !strings.Contains(row, `"Info"`)
}

// cutOff leaves a restore that wrote the state and no more; false where no
// restore may run.
func (s *stage) cutOff(d *desk, b model.Backend, key string, w checker.World) bool {
	s.t.Helper()
	p, err := planOldest(s.t, d.patient, b, key, w)
	if err != nil || p.Gone || len(p.Refusals) > 0 {
		return false
	}
	s.server.OnRequest((&cable{cut: &cut{request: "PutObject " + key, afterEffect: true}}).hook)
	defer s.server.OnRequest(nil)
	if res := d.run(s.t, d.patient, p); res.Outcome != model.OutcomeInterrupted {
		s.t.Errorf("the restore that is cut off ends as %s: %s", res.Outcome, res.Message)
	}
	return true
}
