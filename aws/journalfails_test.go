package aws_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/internal/evidence"
	"github.com/stateward/stateward/model"
)

// brokenJournal cannot be written at one entry, or from it on: a disk that is full.
type brokenJournal struct {
	at      int // the entry, from 1; 0 for none
	forGood bool
	mu      sync.Mutex
	entries int
}

// Record implements aws.Journal.
func (j *brokenJournal) Record(context.Context, model.JournalEntry) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.entries++
	if j.at > 0 && (j.entries == j.at || j.forGood && j.entries > j.at) {
		return errors.New("no space left on device")
	}
	return nil
}

// TestAJournalThatFailsLeavesNoLockUntold has the journal fail at each entry of every
// operation in turn. The locks are released, or the result says which stand and names
// the command that ends it.
func TestAJournalThatFailsLeavesNoLockUntold(t *testing.T) {
	d := newDesk(t, time.Minute)
	defer d.close()
	released, told := 0, 0
	for _, s := range everyScenario() {
		p := s.play(t, d)
		count := &brokenJournal{}
		p.runWith(t, d, count)
		entries := make([]int, count.entries)
		for i := range entries {
			entries[i] = i + 1
		}
		for _, at := range evidence.Share(entries, 4, 12) {
			for _, forGood := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s, entry %d, for good: %t", s.name, at, forGood), func(t *testing.T) {
					l, res := p.runWith(t, d, &brokenJournal{at: at, forGood: forGood})
					if res.Outcome == model.OutcomeInterrupted {
						told++
						finish(l, d, res)
					} else {
						released++
					}
					if p.cut == nil || res.Outcome == model.OutcomeDone || res.Outcome == model.OutcomeInterrupted {
						l.settled(t, res)
					} else if left := strings.Join(l.heldNow(), " "); res.Outcome == model.OutcomeRefused && !strings.Contains(left, "stateward-") {
						t.Errorf("a recovery is refused after it released: %s", res.Message)
					}
				})
			}
		}
	}
	t.Logf("journal: %d failures, %d with the locks as before or released, %d interrupted and ended by the command that was named", released+told, released, told)
}

// runWith runs the operation on a new stage with a journal of its own.
func (p *played) runWith(t *testing.T, d *desk, journal aws.Journal) (*stage, model.Result) {
	t.Helper()
	l := p.stage(t)
	c := d.client(time.Minute, func(o *aws.Options) { o.Journal = journal })
	if !d.shows(l, c) {
		t.Fatal("the way is not found")
	}
	return l, c.Run(t.Context(), p.plan, everyToken(p.plan), nil)
}
