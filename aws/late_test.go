package aws_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/model"
)

// late holds every request of a name until it is let go: the client has given
// up by then, and the request has its effect all the same.
type late struct {
	name    string
	release chan struct{}
	mu      sync.Mutex
	arrived []chan struct{} // each is closed when its request has had its effect
}

func (l *late) hook(r emulator.Request) *emulator.Fault {
	if requestName(r) != l.name {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	done := make(chan struct{})
	l.arrived = append(l.arrived, done)
	return &emulator.Fault{Before: func() { <-l.release }, After: func() { close(done) }}
}

// letGo lets all of them arrive, and counts them.
func (l *late) letGo() int {
	close(l.release)
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, done := range l.arrived {
		<-done
	}
	return len(l.arrived)
}

func TestAWriteThatArrivesAfterItWasGivenUpFindsTheLocksStillHeld(t *testing.T) {
	for _, s := range everyScenario() {
		if !strings.HasPrefix(s.name, "restore, ") {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			d := newDesk(t, time.Minute)
			defer d.close()
			p := s.play(t, d)
			for hurry := 200 * time.Millisecond; !arrivesLate(t, p, hurry); hurry *= 2 {
				if hurry > 10*time.Second {
					t.Fatal("the state was never written")
				}
			}
		})
	}
}

// arrivesLate is false when the hurry was so great that the operation did not
// come as far as its write: the machine is busy.
func arrivesLate(t *testing.T, p *played, hurry time.Duration) bool {
	t.Helper()
	d := newDesk(t, hurry)
	defer d.close()
	l := p.stage(t)
	if !d.shows(l, d.hasty) {
		return false
	}
	slow := &late{name: "PutObject " + labKey, release: make(chan struct{})}
	l.server.OnRequest(slow.hook)
	res := d.run(t, d.hasty, p.plan)
	arrived := slow.letGo()
	l.server.OnRequest(nil)
	if arrived > 0 {
		wantOutcome(t, res, model.OutcomeInterrupted)
		finish(l, d, res)
		l.accepts(p.original, p.change(l))
	}
	return arrived > 0
}
