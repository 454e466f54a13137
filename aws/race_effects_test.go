package aws_test

import (
	"fmt"
	"strings"
	"sync"

	"github.com/stateward/stateward/aws/emulator"
)

// effects puts the requests of a server in the order in which they took effect,
// which is not the order in which they came: each has the server for itself
// while it does. It is the race's clock too, and cuts off those who are to die.
type effects struct {
	alone sync.Mutex // held by the request that takes effect
	order []int      // log numbers, in that order; guarded by alone

	mu     sync.Mutex
	served int
	hurry  bool       // nobody waits any more
	passed *sync.Cond // served went on
	doomed map[string]*doom
}

// doom is when an actor loses its connection, for good.
type doom struct {
	after  int  // so many requests
	answer bool // only the answer of the next one is lost: it has its effect
}

func newEffects() *effects {
	e := &effects{doomed: map[string]*doom{}}
	e.passed = sync.NewCond(&e.mu)
	return e
}

// actorOf is who sent a request: each actor signs with a key id of its own.
func actorOf(r emulator.Request) string {
	_, rest, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	who, _, _ := strings.Cut(rest, "/")
	return who
}

func (e *effects) hook(r emulator.Request) *emulator.Fault {
	cut, answer := e.arrives(actorOf(r))
	if cut && !answer {
		return &emulator.Fault{Reset: true}
	}
	return &emulator.Fault{Reset: cut, AfterEffect: cut, Before: e.alone.Lock, After: func() {
		e.order = append(e.order, r.Seq)
		e.alone.Unlock()
	}}
}

// arrives lets time pass and tells whether the actor is cut off.
func (e *effects) arrives(who string) (cut, onlyAnswer bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.served++
	e.passed.Broadcast()
	d, ok := e.doomed[who]
	if !ok {
		return false, false
	}
	d.after--
	return d.after < 0, d.after == -1 && d.answer
}

// doom cuts an actor off after so many further requests.
func (e *effects) doom(who string, d doom) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.doomed[who] = &d
}

// died reports whether the actor's connection was cut by now.
func (e *effects) died(who string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	d, ok := e.doomed[who]
	return ok && d.after < 0
}

// think waits until others have sent so many requests.
func (e *effects) think(requests int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for until := e.served + requests; e.served < until && !e.hurry; {
		e.passed.Wait()
	}
}

// rush ends all thinking.
func (e *effects) rush() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.hurry = true
	e.passed.Broadcast()
}

// raceEvent is a request that took effect, with who sent it. Status 0 is one
// whose answer was lost.
type raceEvent struct {
	emulator.Request
	who string
}

// events are the requests of the log in the order of their effects. Those that
// were cut off before they had any are left out.
func (e *effects) events(log []emulator.Request) ([]raceEvent, error) {
	e.alone.Lock()
	defer e.alone.Unlock()
	for i, r := range log {
		if r.Seq != i+1 {
			return nil, fmt.Errorf("the log is not whole: entry %d has number %d", i+1, r.Seq)
		}
	}
	out := make([]raceEvent, 0, len(e.order))
	for _, seq := range e.order {
		out = append(out, raceEvent{Request: log[seq-1], who: actorOf(log[seq-1])})
	}
	return out, nil
}
