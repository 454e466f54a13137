//go:build unix

package main

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/aws/emulator/checker"
	"github.com/stateward/stateward/internal/evidence"
)

// TestCrashMatrix kills the program at each request that it sends after its
// confirmation: before the request has an effect, and between the effect and
// the answer. Then somebody finishes the operation from another machine, and
// the world must be one that the checker accepts.
func TestCrashMatrix(t *testing.T) {
	operations := crashOperations()
	points := make([][]crashPoint, len(operations))
	inParallel(len(operations), func(i int) {
		t.Run(operations[i].name, func(t *testing.T) { points[i] = operations[i].points(t) })
	})
	var all []crash
	for i, o := range operations {
		for _, p := range points[i] {
			all = append(all, crash{o, p})
		}
	}
	whole := len(all)
	all = evidence.Share(all, 6, 12)
	var accepted atomic.Int64
	inParallel(len(all), func(i int) {
		t.Run(all[i].name+", "+all[i].at.String(), func(t *testing.T) {
			all[i].try(t)
			if !t.Failed() {
				accepted.Add(1)
			}
		})
	})
	evidence.Tells(t, fmt.Sprintf("crash matrix: %d crashes, %d accepted of %d", len(all), accepted.Load(), whole))
}

// inParallel calls f for 0 to n-1, a few at a time: they are processes.
func inParallel(n int, f func(i int)) {
	var next atomic.Int64
	var workers sync.WaitGroup
	for range 2 * runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for i := next.Add(1) - 1; int(i) < n; i = next.Add(1) - 1 {
				f(int(i))
			}
		})
	}
	workers.Wait()
}

// crashPoint is a request, for the how manieth time, and on which side of its
// effect the program dies.
type crashPoint struct {
	request string
	nth     int
	after   bool
}

func (p crashPoint) String() string {
	side := "before"
	if p.after {
		side = "after"
	}
	return fmt.Sprintf("%s %s #%d", side, p.request, p.nth)
}

// crashRequest names a request by what it is about. Requests that are sent side
// by side have no order.
func crashRequest(r emulator.Request) string {
	if r.Service != "dynamodb" {
		return strings.TrimSpace(r.Operation + " " + r.Key)
	}
	var in struct {
		Key, Item map[string]struct{ S string }
	}
	if err := json.Unmarshal(r.Body, &in); err != nil {
		return r.Operation + " " + err.Error()
	}
	return strings.TrimSpace(r.Operation + " " + in.Key["LockID"].S + in.Item["LockID"].S)
}

// crash is a death of an operation.
type crash struct {
	crashOperation
	at crashPoint
}

func (c crash) try(t *testing.T) {
	s := newCrashSite(t, c.mechs)
	c.prepare(s)
	original := s.look()
	if c.earlier != nil {
		s.kill(c.earlier.args(s), c.earlier.dies)
	}
	s.kill(c.args(s), c.at)
	if c.victims != nil {
		s.mustRun(c.args(s)...)
	} else {
		s.recovers()
	}
	change := c.change(s)
	change.Done = c.victims != nil
	for _, wrong := range checker.Judge(original, s.look(), change) {
		t.Error(wrong)
	}
}

// kill runs the program until it dies at a point.
func (s *crashSite) kill(args []string, at crashPoint) {
	s.t.Helper()
	d := &death{crashPoint: at, cmd: s.command(args...), born: make(chan struct{}), dead: make(chan struct{})}
	var talk strings.Builder
	d.cmd.Stdout, d.cmd.Stderr = &talk, &talk
	s.server.OnRequest(d.hook)
	if err := d.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	close(d.born)
	_ = d.cmd.Wait() // killed, as meant
	close(d.dead)
	if !d.struck.Load() {
		s.t.Errorf("stateward %s ended before %s\n%s", strings.Join(args, " "), at, &talk)
	}
	s.server.OnRequest(nil)
}

// death waits for a program at a point.
type death struct {
	crashPoint
	cmd        *exec.Cmd
	born, dead chan struct{}
	struck     atomic.Bool
	mu         sync.Mutex
	seen       int
}

// hook kills at the point. What the program sent beside that request may arrive
// later; nothing of it has an effect any more.
func (d *death) hook(r emulator.Request) *emulator.Fault {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.struck.Load() {
		return &emulator.Fault{Reset: true}
	}
	if crashRequest(r) != d.request {
		return nil
	}
	if d.seen++; d.seen != d.nth {
		return nil
	}
	d.struck.Store(true)
	if d.after {
		return &emulator.Fault{After: d.strike, AfterEffect: true, Reset: true}
	}
	return &emulator.Fault{Before: d.strike, Reset: true}
}

// strike is kill -9. It returns when the process is no more.
func (d *death) strike() {
	<-d.born
	_ = d.cmd.Process.Kill() // it cannot have ended: it waits for an answer
	select {
	case <-d.dead:
	case <-time.After(time.Minute):
	}
}
