package aws_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/model"
)

// faultyJournal has a fault of its own at one of its entries. It is asked on the
// goroutine of the operation and on those of its requests.
type faultyJournal struct {
	journal *memoryJournal
	at      int64
	n       atomic.Int64
}

func (j *faultyJournal) Record(ctx context.Context, e model.JournalEntry) error {
	if j.n.Add(1) == j.at {
		panic("the fault of this test")
	}
	return j.journal.Record(ctx, e)
}

// A fault of the program ends an operation with a result that names what finishes
// it, wherever it happens and on whichever goroutine: nothing is left on the wire
// that recover does not end.
func TestAFaultOfTheProgramEndsInAResult(t *testing.T) {
	hit := 0
	for at := int64(1); ; at++ {
		l := newLab(t, model.MechanismLockfile, model.MechanismDynamoDB)
		first := l.write(1, "one")
		l.write(2, "two")
		j := &faultyJournal{journal: l.journal, at: at}
		c := l.client(func(o *aws.Options) { o.Journal = j })
		p := l.planRestore(c, first)
		var res model.Result
		err := aws.Guarded(func() error { res = c.Run(t.Context(), p, []string{labKey}, nil); return nil })
		if j.n.Load() < at {
			break
		}
		hit++
		t.Run(fmt.Sprintf("entry %d", at), func(t *testing.T) {
			if err != nil {
				return // before or after the operation itself: the program says so
			}
			var crash *aws.Crash
			if res.Outcome != model.OutcomeInterrupted || !errors.As(res.Err, &crash) {
				t.Fatalf("%s: %s, next %q", res.Outcome, res.Message, res.Next)
			}
			next := strings.Join(res.Next.Texts(), " ")
			if held := strings.Join(slices.Collect(maps.Values(l.held())), "") != ""; held != strings.Contains(next, "recover") || held == strings.Contains(next, model.NothingLeft) {
				t.Fatalf("locks held: %t, next %q", held, next)
			}
			good := l.client(func(o *aws.Options) { o.Alive = func(int) model.Fact[bool] { return model.Known(false) } })
			plan, err := good.PlanRecover(t.Context(), l.backend(), labKey, "")
			if err != nil {
				t.Fatal(err)
			}
			if !plan.Gone {
				wantOutcome(t, good.Run(t.Context(), plan, []string{plan.Recover.Record.ID}, nil), model.OutcomeDone)
			}
			l.wantHeld("")
		})
	}
	if hit < 10 {
		t.Errorf("%d faults", hit)
	}
}
