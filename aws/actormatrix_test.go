package aws_test

import (
	"fmt"
	"maps"
	"net/http"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/aws/emulator/checker"
	"github.com/stateward/stateward/internal/evidence"
	"github.com/stateward/stateward/model"
)

// TestActorMatrix has somebody else act at every request of every operation, before
// it takes effect and between its effect and its answer. What the other did must
// stand, what the operation says of itself must be true, and where it was
// interrupted the command that it names must end it.
func TestActorMatrix(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // thousands of short-lived servers
	d := newDesk(t, time.Minute)
	defer d.close()
	var all []encounter
	for _, s := range everyScenario() {
		all = append(all, s.play(t, d).encounters()...)
	}
	var count meetings
	count.try(t, evidence.Share(all, 80, 80), 2*runtime.GOMAXPROCS(0))
	evidence.Tells(t, fmt.Sprintf("third-actor matrix: %s of %d", count.String(), len(all)))
}

// encounter is one who acts at one request of an operation, on one side of its effect.
type encounter struct {
	*played
	who   string
	at    boundary
	after bool
}

func (e encounter) String() string {
	side := "before"
	if e.after {
		side = "after"
	}
	return fmt.Sprintf("%s, %s %s %s", e.name, e.who, side, e.at)
}

func (p *played) encounters() []encounter {
	var all []encounter
	for _, who := range slices.Sorted(maps.Keys(actors())) {
		if strings.Contains(who, "table") && !slices.Contains(p.mechs, model.MechanismDynamoDB) {
			continue // no table is in use
		}
		for _, at := range p.requests {
			all = append(all, encounter{p, who, at, false}, encounter{p, who, at, true})
		}
	}
	return all
}

// meeting is an encounter that takes place: it notes the world before and after the
// other acted, meanwhile nothing else happens.
type meeting struct {
	encounter
	stage          *stage
	other          *aws.Client
	mu             sync.Mutex
	seen           int
	met            bool
	person         bool // it was ended by hand
	between, acted checker.World
}

func (m *meeting) hook(r emulator.Request) *emulator.Fault {
	if !strings.Contains(r.Header.Get("Authorization"), "Credential="+deskKey+"/") {
		return nil // of the other, or of the checker
	}
	m.mu.Lock() // what is sent beside the request waits until the other is done
	defer m.mu.Unlock()
	if m.met || requestName(r) != m.at.request {
		return nil
	}
	if m.seen++; m.seen != m.at.nth {
		return nil
	}
	m.met = true
	if m.after {
		return &emulator.Fault{After: func() {
			m.mu.Lock()
			defer m.mu.Unlock()
			m.act()
		}}
	}
	m.act()
	return nil
}

func (m *meeting) act() {
	m.between = m.stage.look()
	actors()[m.who](m.stage, m.other)
	m.acted = m.stage.look()
}

// runEnds has the run that the other began give its lock back, as somebody who was
// told to wait for that finds it.
func (m *meeting) runEnds() {
	m.stage.forceUnlock() // its own
	m.acted.Objects, m.acted.Rows = maps.Clone(m.acted.Objects), maps.Clone(m.acted.Rows)
	m.acted.Objects[labKey+".tflock"] = m.stage.look().Objects[labKey+".tflock"]
	for table, rows := range m.acted.Rows {
		m.acted.Rows[table] = maps.Clone(rows)
		delete(m.acted.Rows[table], labLockID)
	}
}

// meetings counts encounters, and what became of them.
type meetings struct{ all, accepted, done, asBefore, ended, person atomic.Int64 }

func (c *meetings) String() string {
	return fmt.Sprintf("%d encounters, %d accepted (%d done, %d refused or failed with nothing of it changed, %d interrupted and ended by the command that was named, %d left to a person)",
		c.all.Load(), c.accepted.Load(), c.done.Load(), c.asBefore.Load(), c.ended.Load(), c.person.Load())
}

func (c *meetings) try(t *testing.T, all []encounter, workers int) {
	var next atomic.Int64
	var working sync.WaitGroup
	for range workers {
		working.Go(func() {
			d, other := newDesk(t, time.Minute), newDesk(t, time.Minute)
			defer d.close()
			defer other.close()
			mine := d.inProcess(deskKey, "oncall@desk")
			theirs := other.inProcess("other", "erin@elsewhere")
			for i := next.Add(1) - 1; int(i) < len(all); i = next.Add(1) - 1 {
				t.Run(all[i].String(), func(t *testing.T) {
					c.all.Add(1)
					c.meet(t, all[i], d, mine, other, theirs)
					if !t.Failed() {
						c.accepted.Add(1)
					}
				})
			}
		})
	}
	working.Wait()
}

func (c *meetings) meet(t *testing.T, e encounter, d *desk, mine *aws.Client, other *desk, theirs *aws.Client) {
	t.Helper()
	l := e.stage(t)
	if !d.shows(l, mine) || !other.shows(l, theirs) {
		t.Fatal("the way is not found")
	}
	m := &meeting{encounter: e, stage: l, other: theirs}
	l.server.OnRequest(m.hook)
	res := d.run(t, mine, e.plan)
	l.server.OnRequest(nil)
	if !m.met {
		t.Fatalf("%s was never sent", e.at)
	}
	c.verdict(t, m, res, func(plan planOf) model.Result {
		return follow(t, l, d, mine, plan)
	})
	if t.Failed() {
		t.Logf("outcome %s: %s\nsteps %+v\nnext %q", res.Outcome, res.Message, res.Steps, res.Next.Texts())
	}
}

func (c *meetings) verdict(t *testing.T, m *meeting, res model.Result, run func(planOf) model.Result) {
	t.Helper()
	b := checker.Beside{Change: m.done(m.stage), Before: m.original, Between: m.between, Acted: m.acted, After: m.stage.look()}
	b.Done = false
	switch res.Outcome {
	case model.OutcomeDone, model.OutcomeAlreadyGone:
		c.done.Add(1)
		b.Done = m.cut == nil
	case model.OutcomeRefused, model.OutcomeFailed:
		c.asBefore.Add(1)
		b.Before, b.Refused = m.before, true
	case model.OutcomeInterrupted:
		b.Holding = true
		c.ends(t, m, res, run)
		b.Acted, b.After, b.Holding, b.Decided = m.acted, m.stage.look(), false, m.person
	default:
		t.Errorf("outcome %q", res.Outcome)
	}
	for _, wrong := range b.Judge() {
		t.Error(wrong)
	}
}

// ends runs the command that an interrupted operation names. Where that is refused,
// because nobody but a person can tell what is right, it does what the refusal says.
func (c *meetings) ends(t *testing.T, m *meeting, res model.Result, run func(planOf) model.Result) {
	t.Helper()
	if res.Next[0].Text == model.NothingLeft {
		c.ended.Add(1)
		return
	}
	plan, command := commandOf(res.Next)
	if plan == nil {
		if !slices.Contains(res.Next.Texts(), model.NothingLeft) {
			t.Errorf("nothing that ends it is named: %q", res.Next.Texts())
		}
		c.ended.Add(1) // by itself: what is on the wire is judged
		return
	}
	if strings.Contains(strings.Join(res.Next.Texts(), " "), "has given the lock back") {
		m.runEnds()
	}
	got := run(plan)
	if got.Outcome == model.OutcomeDone || got.Outcome == model.OutcomeAlreadyGone {
		c.ended.Add(1)
		return
	}
	c.person.Add(1)
	if why := m.byHand(got, run, plan); why != "" {
		t.Errorf("%s ended as %s: %s: %s", command, got.Outcome, got.Message, why)
	}
}

// planOf makes the plan of a command.
type planOf = func(*stage, *aws.Client) (*model.Plan, error)

// commandOf is the first command that is named and changes something.
func commandOf(next model.Hints) (planOf, string) {
	plans := map[string]planOf{"recover": planRecover, "repair": planRepair, "restore": planRestore, "unlock": planUnlock}
	for _, command := range next.Commands() {
		words := strings.Fields(command)
		if plan := plans[words[1]]; plan != nil && !slices.Contains(words, "--dry-run") {
			return plan, command
		}
	}
	return nil, ""
}

// byHand is what a person does who was told why a command refuses: the table is
// made again, or the record is taken away and the digest is looked after. It says
// what does not work.
func (m *meeting) byHand(refused model.Result, run func(planOf) model.Result, plan planOf) string {
	m.person = true
	switch {
	case refused.Outcome != model.OutcomeRefused:
		return "that is no refusal"
	case strings.Contains(refused.Message, "ResourceNotFoundException"):
		m.stage.makeTable()
		if again := run(plan); again.Outcome != model.OutcomeDone && again.Outcome != model.OutcomeAlreadyGone {
			return fmt.Sprintf("with the table made anew it is %s: %s", again.Outcome, again.Message)
		}
		return ""
	case !strings.Contains(refused.Message, "stateward unlock "):
		return "no command is named"
	}
	held := m.stage.held()
	if len(held) == 0 {
		return "no lock is there to remove"
	}
	got := run(func(s *stage, c *aws.Client) (*model.Plan, error) {
		return c.PlanUnlock(s.t.Context(), s.backend(), labKey, model.UnlockRequest{LockID: lockIDOf(held[0])})
	})
	if got.Outcome != model.OutcomeDone {
		return fmt.Sprintf("the unlock is %s: %s", got.Outcome, got.Message)
	}
	return ""
}

// follow plans an operation and runs it.
func follow(t *testing.T, l *stage, d *desk, c *aws.Client, plan planOf) model.Result {
	t.Helper()
	p, err := plan(l, c)
	switch {
	case err != nil:
		return model.Result{Outcome: model.OutcomeFailed, Message: err.Error()}
	case p.Gone:
		return model.Result{Outcome: model.OutcomeAlreadyGone}
	case len(p.Refusals) > 0:
		return model.Result{Outcome: model.OutcomeRefused, Message: strings.Join(p.Refusals, "; ")}
	}
	return d.run(t, c, p)
}

// deskKey is the key by which the requests of the operation are told from others.
const deskKey = "desk"

// inProcess is a client at the desk whose requests take no network.
func (d *desk) inProcess(key, who string) *aws.Client {
	c := d.client(time.Minute, func(o *aws.Options) {
		o.Static = &aws.StaticCredentials{AccessKeyID: key, SecretAccessKey: "test"}
		o.Actor.Who = who
	})
	aws.SendThrough(c, onStage{d})
	return c
}

// onStage hands requests to the stage before the desk.
type onStage struct{ *desk }

func (s onStage) Do(r *http.Request) (*http.Response, error) {
	return checker.Direct(s.stage.Load().server.Handler()).RoundTrip(r)
}
