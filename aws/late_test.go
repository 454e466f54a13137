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
	held    sync.WaitGroup
}

func (l *late) hook(r emulator.Request) *emulator.Fault {
	if requestName(r) != l.name {
		return nil
	}
	l.held.Add(1)
	return &emulator.Fault{Before: func() { <-l.release }, After: l.held.Done}
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
			own := newDesk(t, 200*time.Millisecond)
			defer own.close()
			l := p.stage(t)
			own.shows(l, own.hasty)
			slow := &late{name: "PutObject " + labKey, release: make(chan struct{})}
			l.server.OnRequest(slow.hook)
			res := own.run(t, own.hasty, p.plan)
			close(slow.release)
			slow.held.Wait()
			l.server.OnRequest(nil)
			wantOutcome(t, res, model.OutcomeInterrupted)
			finish(l, own, res)
			l.accepts(p.original, p.change(l))
		})
	}
}
