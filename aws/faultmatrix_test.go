package aws_test

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/internal/evidence"
	"github.com/stateward/stateward/model"
)

// TestFaultMatrix makes each request that an operation sends after its
// confirmation fail in every way. Each time the outcome must be true: done, or
// refused or failed with everything as before, or interrupted and then finished
// by what the operator is told to do next.
func TestFaultMatrix(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // thousands of short-lived servers
	d := newDesk(t, time.Minute)
	defer d.close()
	var busy, waiting []trial
	for _, s := range everyScenario() {
		p := s.play(t, d)
		for _, i := range injections(p.requests) {
			if i.kind.hangs {
				waiting = append(waiting, trial{p, i})
			} else {
				busy = append(busy, trial{p, i})
			}
		}
	}
	var count tally
	var workers sync.WaitGroup
	workers.Go(func() { count.try(t, evidence.Share(busy, 12, 12), 2*runtime.GOMAXPROCS(0), trial.run) })
	workers.Go(func() { count.try(t, evidence.Share(waiting, 12, 12), 32, trial.wait) }) // for timeouts, most of the time
	workers.Wait()
	evidence.Tells(t, fmt.Sprintf("fault matrix: %s of %d", count.String(), len(busy)+len(waiting)))
}

// tally counts the trials and what became of them.
type tally struct{ all, accepted, done, asBefore, recovered atomic.Int64 }

func (c *tally) String() string {
	return fmt.Sprintf("%d faults, %d accepted (%d done, %d refused or failed with everything as before, %d interrupted and recovered)",
		c.all.Load(), c.accepted.Load(), c.done.Load(), c.asBefore.Load(), c.recovered.Load())
}

// try has several workers make trials, each at a desk of its own.
func (c *tally) try(t *testing.T, trials []trial, workers int, run func(trial, *testing.T, *desk) model.Outcome) {
	next := make(chan trial)
	var working sync.WaitGroup
	for range workers {
		working.Go(func() {
			d := newDesk(t, time.Minute)
			defer d.close()
			for tr := range next {
				t.Run(tr.String(), func(t *testing.T) {
					c.all.Add(1)
					c.note(run(tr, t, d), !t.Failed())
				})
			}
		})
	}
	for _, tr := range trials {
		next <- tr
	}
	close(next)
	working.Wait()
}

func (c *tally) note(o model.Outcome, accepted bool) {
	if !accepted {
		return
	}
	c.accepted.Add(1)
	switch o {
	case model.OutcomeDone, model.OutcomeAlreadyGone:
		c.done.Add(1)
	case model.OutcomeInterrupted:
		c.recovered.Add(1)
	default:
		c.asBefore.Add(1)
	}
}

// trial is one fault in one scenario.
type trial struct {
	*played
	fault *injection
}

func (tr trial) String() string { return tr.name + ", " + tr.fault.String() }

func (tr trial) run(t *testing.T, d *desk) model.Outcome {
	o := tr.once(t, d, d.patient)
	if !tr.fault.reached() {
		t.Errorf("%s was never sent", tr.fault.at)
	}
	return o
}

// wait is run for what hangs. When the hurry itself kept the request from being
// sent, the outcome was judged all the same, and the trial is made again with
// more patience. What was given up may arrive late, hence the own desk.
func (tr trial) wait(t *testing.T, _ *desk) model.Outcome {
	for hurry := 120 * time.Millisecond; hurry < 10*time.Second; hurry *= 2 {
		d := newDesk(t, hurry)
		o := tr.once(t, d, d.hasty)
		d.close()
		if tr.fault.reached() || t.Failed() {
			return o
		}
	}
	t.Errorf("%s was never sent", tr.fault.at)
	return ""
}

func (tr trial) once(t *testing.T, d *desk, c *aws.Client) model.Outcome {
	t.Helper()
	l := tr.stage(t)
	if !d.shows(l, c) {
		return ""
	}
	l.server.OnRequest(tr.fault.hook)
	res := d.run(t, c, tr.plan)
	l.server.OnRequest(nil)
	events := d.journal.events()
	tr.verdict(l, d, res)
	if t.Failed() {
		t.Logf("outcome %s: %s\nsteps %+v\njournal %s", res.Outcome, res.Message, res.Steps, events)
	}
	return res.Outcome
}

// verdict holds the world against the outcome, which the exit code tells.
func (tr trial) verdict(l *stage, d *desk, res model.Result) {
	l.t.Helper()
	codes := map[model.Outcome]int{model.OutcomeDone: 0, model.OutcomeAlreadyGone: 0, model.OutcomeRefused: 3, model.OutcomeFailed: 1, model.OutcomeInterrupted: 5}
	if got, want := res.Outcome.ExitCode(), codes[res.Outcome]; got != want {
		l.t.Errorf("exit code %d for %s, want %d", got, res.Outcome, want)
	}
	switch res.Outcome {
	case model.OutcomeDone, model.OutcomeAlreadyGone:
		l.accepts(tr.original, tr.done(l))
	case model.OutcomeRefused, model.OutcomeFailed:
		l.accepts(tr.before, l.nothing())
	case model.OutcomeInterrupted:
		finish(l, d, res)
		l.accepts(tr.original, tr.change(l))
	default:
		l.t.Errorf("outcome %q", res.Outcome)
	}
}

// finish does what the operator of an interrupted operation is told to do: it runs
// the one command that the result names, if any is needed.
func finish(l *stage, d *desk, res model.Result) {
	l.t.Helper()
	if res.Now == "" || len(res.Next) == 0 {
		l.t.Errorf("now %q, next %q", res.Now, res.Next.Texts())
		return
	}
	words := strings.Fields(res.Next[0].Command + " nothing nothing")
	plan, known := map[string]func(*stage, *aws.Client) (*model.Plan, error){
		"recover": planRecover, "repair": planRepair, "unlock": planUnlock}[words[1]]
	if !known {
		if res.Next[0].Text != model.NothingLeft {
			l.t.Errorf("nothing says how to go on: %q", res.Next.Texts())
		}
		return
	}
	p, err := plan(l, d.patient)
	if err != nil {
		l.t.Fatal(err)
	}
	if p.NoRecord && len(p.Instead) > 0 { // no lock is left, but the digest is wrong, or as wrong as it was: the repair is named
		if current := l.look().Objects[labKey][0]; current.Marker {
			return // that of a deleted state is not what a restore changes
		}
		p = mustPlan(l, d, planRepair)
	}
	if !p.Gone {
		wantOutcome(l.t, d.run(l.t, d.patient, p), model.OutcomeDone)
	}
}
