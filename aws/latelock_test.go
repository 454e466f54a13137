package aws_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/model"
)

// lateLock holds back the first writes of a lock, and lets them arrive when told.
type lateLock struct {
	write   string // as a request
	hold    int    // how many of them are held back
	blind   string // a request that is refused once the locks are released; "" for none
	freed   bool
	at      func(emulator.Request) bool
	release chan struct{}
	once    sync.Once
	mu      sync.Mutex
	held    []chan struct{} // each is closed when its write has had its effect
}

func (l *lateLock) hook(r emulator.Request) *emulator.Fault {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case requestName(r) == l.write && len(l.held) < l.hold:
		done := make(chan struct{})
		l.held = append(l.held, done)
		return &emulator.Fault{Before: func() { <-l.release }, After: func() { close(done) }}
	case l.at != nil && len(l.held) > 0 && l.at(r):
		return &emulator.Fault{Before: l.arrive}
	case strings.HasPrefix(requestName(r), "Delete"):
		l.freed = true
	case l.freed && requestName(r) == l.blind:
		return &emulator.Fault{Status: 403, Code: "AccessDenied"}
	}
	return nil
}

// arrive lets them have their effect, and waits for it.
func (l *lateLock) arrive() {
	l.once.Do(func() { close(l.release) })
	l.mu.Lock()
	held := slices.Clone(l.held)
	l.mu.Unlock()
	for _, done := range held {
		<-done
	}
}

// arrival is a moment at which writes of a lock that were given up take effect.
type arrival struct {
	hold      int // how many of the writes
	at        func(emulator.Request) bool
	awaited   bool // while the executor waits for it
	unread    bool // the place cannot be read when the locks are released
	wantTold  bool
	wantEnded model.Outcome
}

// TestALockThatArrivesLateIsRemovedOrToldOf: the write of a lock is given up and
// takes effect at another moment. Whenever that is, no lock is left of which the
// engineer was not told, and the command that he was told removes it.
func TestALockThatArrivesLateIsRemovedOrToldOf(t *testing.T) {
	named := func(name string) func(emulator.Request) bool {
		return func(r emulator.Request) bool { return requestName(r) == name }
	}
	d := newDesk(t, time.Minute)
	defer d.close()
	s := scenario{mechs: []model.Mechanism{model.MechanismLockfile, model.MechanismDynamoDB}, plan: planRestore, change: (*stage).restored, seed: 1}
	p := s.play(t, d)
	for place, at := range map[string][2]string{
		"the lock file": {"PutObject " + labKey + ".tflock", "GetObject " + labKey + ".tflock"},
		"the row":       {"PutItem " + labLockID, "GetItem " + labLockID},
	} {
		for when, c := range map[string]arrival{
			"before the look":                        {1, named(at[1]), false, false, false, model.OutcomeDone},
			"before the release":                     {1, named("PutObject " + labKey), false, false, true, model.OutcomeDone},
			"while it is waited for":                 {1, nil, true, false, false, model.OutcomeDone},
			"after everything":                       {1, nil, false, false, true, model.OutcomeDone},
			"after everything, and nobody can look":  {1, nil, false, true, true, model.OutcomeInterrupted},
			"each, while they are waited for":        {3, nil, true, false, true, model.OutcomeFailed},
			"each, after the operation was given up": {3, nil, false, false, true, model.OutcomeFailed},
		} {
			t.Run(place+", "+when, func(t *testing.T) {
				hurry := 250 * time.Millisecond
				for !c.plays(t, p, at, hurry) {
					if hurry *= 2; hurry > 10*time.Second {
						t.Fatal("it never ended as meant")
					}
				}
			})
		}
	}
}

// plays is false when the hurry was so great that other requests were given up as
// well: the machine is busy.
func (c arrival) plays(t *testing.T, p *played, place [2]string, hurry time.Duration) bool {
	t.Helper()
	late := &lateLock{write: place[0], hold: c.hold, at: c.at, release: make(chan struct{})}
	if c.unread {
		late.blind = place[1]
	}
	d := newDesk(t, hurry)
	defer d.close()
	hasty := d.client(hurry, func(o *aws.Options) {
		o.Sleep = func(ctx context.Context, pause time.Duration) error {
			if c.awaited && pause == aws.LatePause {
				late.arrive()
			}
			return ctx.Err()
		}
	})
	l := p.stage(t)
	if !d.shows(l, hasty) {
		return false
	}
	l.server.OnRequest(late.hook)
	res := d.run(t, hasty, p.plan)
	late.arrive()
	l.server.OnRequest(nil)
	if res.Outcome != c.wantEnded || len(late.held) < c.hold {
		t.Logf("within %s it ended as %s: %s", hurry, res.Outcome, res.Message)
		return false
	}
	told := strings.Contains(res.Now, "may still appear") && strings.Contains(res.Next[0].Command, "stateward recover s3://")
	if told != c.wantTold {
		t.Errorf("told %t, want %t: now %q, next %q", told, c.wantTold, res.Now, res.Next.Texts())
	}
	if told {
		finish(l, d, res)
	}
	l.settled(t, res)
	return true
}
