package aws_test

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/model"
)

// TestFaultMatrix makes each request that an operation sends after its
// confirmation fail in every way. Each time the outcome must be true: done, or
// refused or failed with everything as before, or interrupted and then finished
// by what the operator is told to do next.
func TestFaultMatrix(t *testing.T) {
	var count tally
	trials := make(chan trial)
	var workers sync.WaitGroup
	for range 16 * runtime.GOMAXPROCS(0) { // most of them wait for a timeout
		workers.Go(func() {
			for tr := range trials {
				t.Run(tr.String(), func(t *testing.T) { tr.run(t, &count) })
			}
		})
	}
	for _, s := range everyScenario() {
		for _, at := range s.boundaries(t) {
			for name, kind := range everyFault() {
				for _, span := range []span{spanOnce, spanSameFrom, spanAllFrom} {
					trials <- trial{s, &injection{at: at, name: name, kind: kind, span: span}}
				}
			}
		}
	}
	close(trials)
	workers.Wait()
	fmt.Println("fault matrix:", count.String())
}

// tally counts the trials and what became of them.
type tally struct{ all, accepted, done, asBefore, recovered atomic.Int64 }

func (c *tally) String() string {
	return fmt.Sprintf("%d faults, %d accepted (%d done, %d refused or failed with everything as before, %d interrupted and recovered)",
		c.all.Load(), c.accepted.Load(), c.done.Load(), c.asBefore.Load(), c.recovered.Load())
}

// planned plans where nothing fails. begun may have left something to recover.
func (s scenario) planned(l *stage, timeout time.Duration) (*aws.Client, *model.Plan) {
	l.t.Helper()
	if s.begun != nil {
		s.begun(l)
	}
	for {
		c := l.client(dead, func(o *aws.Options) {
			if timeout > 0 {
				o.Timeout = timeout
			}
		})
		p, err := s.plan(l, c)
		switch {
		case err == nil && len(p.Refusals) == 0 && !p.Gone:
			return c, p
		case timeout == 0:
			l.t.Fatalf("no plan: %v %+v", err, p)
		}
		timeout *= 2 // the machine is busy: planning is not what is tried
	}
}

func everyToken(p *model.Plan) []string {
	var typed []string
	for _, t := range p.Tokens {
		typed = append(typed, t.Value)
	}
	return typed
}

// trial is one fault in one scenario.
type trial struct {
	scenario
	fault *injection
}

func (tr trial) String() string { return tr.name + ", " + tr.fault.String() }

func (tr trial) run(t *testing.T, count *tally) {
	l := tr.stage(t)
	original := l.look()
	c, p := tr.planned(l, tr.fault.kind.timeout)
	before := l.look()
	l.server.OnRequest(tr.fault.hook)
	res := c.Run(t.Context(), p, everyToken(p), nil)
	l.server.OnRequest(nil)
	count.all.Add(1)
	if !tr.fault.hit {
		t.Errorf("%s was never sent", tr.fault.at)
	}
	switch res.Outcome {
	case model.OutcomeDone, model.OutcomeAlreadyGone:
		l.accepts(original, tr.done(l))
		count.done.Add(1)
	case model.OutcomeRefused, model.OutcomeFailed:
		l.accepts(before, l.nothing())
		count.asBefore.Add(1)
	case model.OutcomeInterrupted:
		tr.finish(l, res)
		l.accepts(original, tr.change(l))
		count.recovered.Add(1)
	default:
		t.Errorf("outcome %q", res.Outcome)
	}
	if !t.Failed() {
		count.accepted.Add(1)
		return
	}
	t.Logf("outcome %s: %s\nsteps %+v\njournal %s", res.Outcome, res.Message, res.Steps, l.journal.events())
}

// finish does what the operator of an interrupted operation is told to do.
func (tr trial) finish(l *stage, res model.Result) {
	l.t.Helper()
	plan := (*stage).planRecover
	next := "stateward recover "
	if res.Operation == model.OpUnlock {
		plan, next = (*stage).planUnlock, "stateward unlock "
	}
	if !slices.ContainsFunc(res.Next, func(s string) bool { return strings.Contains(s, next) }) {
		l.t.Errorf("nothing says how to go on: %q", res.Next)
	}
	for range 3 {
		c := l.client(dead)
		p, err := plan(l, c)
		if err != nil {
			l.t.Fatal(err)
		}
		again := c.Run(l.t.Context(), p, everyToken(p), nil)
		if again.Outcome == model.OutcomeAlreadyGone {
			return
		}
		wantOutcome(l.t, again, model.OutcomeDone)
	}
	l.t.Error("it is never finished")
}
