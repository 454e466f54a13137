//go:build unix

package main

import (
	"context"
	"io"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/aws/emulator/sample"
	"github.com/stateward/stateward/ui"
)

// visitor is the UI in the test's own process, on a pseudo-terminal and the
// sample fleet. What runs is known from the stacks of the process, the
// emulator's own included: a request that hangs there is one.
type visitor struct {
	t    *testing.T
	keys *os.File
	hang atomic.Bool // reads are not answered from now on
}

// What is looked for in a stack: a request that the emulator keeps hanging, one
// that it answers, and the work of package aws on anything.
var (
	hangs  = regexp.MustCompile(`emulator\.\(\*exchange\)\.breakOff`)
	serves = regexp.MustCompile(`emulator\.\(\*Server\)\.serve\(`)
	works  = regexp.MustCompile(`stateward/stateward/aws\.`)
)

// goroutines is how many goroutines have a stack like this.
func goroutines(like *regexp.Regexp) (n int) {
	for _, stack := range strings.Split(allStacks(), "\n\n") {
		if like.MatchString(stack) {
			n++
		}
	}
	return n
}

func allStacks() string {
	for buf := make([]byte, 1<<20); ; buf = make([]byte, 2*len(buf)) {
		if n := runtime.Stack(buf, true); n < len(buf) {
			return string(buf[:n])
		}
	}
}

func visit(t *testing.T) *visitor {
	t.Helper()
	ptm, pts, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	if err := pty.Setsize(ptm, window{120, 40}.size()); err != nil {
		t.Fatal(err)
	}
	v := &visitor{t: t, keys: ptm}
	server, err := emulator.Start(emulator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := sample.Seed(server, time.Now()); err != nil {
		t.Fatal(err)
	}
	server.OnRequest(func(r emulator.Request) *emulator.Fault {
		return &emulator.Fault{Hang: v.hang.Load() && !r.Mutates}
	})
	c := connectAWS(aws.Options{EndpointURL: server.URL(), Region: demoRegion, PathStyle: true, Discover: true,
		Static: &aws.StaticCredentials{AccessKeyID: demoKey, SecretAccessKey: demoKey}}, nil)
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan error, 1)
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		_, _ = io.Copy(io.Discard, ptm) // ends with the terminal
	}()
	go func() {
		left <- ui.Run(ctx, ui.Options{Reader: c, Operator: c, Theme: "dark", Refresh: time.Hour, Input: pts, Output: pts})
	}()
	t.Cleanup(func() {
		leave()
		_ = <-left // that it ends is what is waited for
		_ = pts.Close()
		_ = ptm.Close()
		<-drained
		_ = server.Close()
	})
	return v
}

func (v *visitor) press(keys string) {
	v.t.Helper()
	if _, err := io.WriteString(v.keys, keys); err != nil {
		v.t.Fatal(err)
	}
}

// until waits for a condition.
func (v *visitor) until(what string, holds func() bool) {
	v.t.Helper()
	for end := time.Now().Add(30 * time.Second); !holds(); runtime.Gosched() {
		if time.Now().After(end) {
			v.t.Fatalf("waited in vain until %s\n%s", what, allStacks())
		}
		<-time.After(2 * time.Millisecond)
	}
}

// quiet waits until nothing is read any more.
func (v *visitor) quiet() {
	v.t.Helper()
	still := 0
	v.until("all is read", func() bool {
		if still++; goroutines(works) > 0 || goroutines(serves) > 0 {
			still = 0
		}
		return still > 5
	})
}

// opens presses keys, has what the page then reads hang, and leaves it.
func (v *visitor) opens(page, open, leave string) {
	v.t.Helper()
	v.hang.Store(true)
	v.press(open)
	v.until(page+" reads", func() bool { return goroutines(hangs) > 0 })
	v.hang.Store(false)
	v.press(leave)
	v.until(page+" reads no more once it is left", func() bool { return goroutines(hangs) == 0 && goroutines(works) == 0 })
}

func TestWhoLeavesAPageLeavesNothingRunning(t *testing.T) {
	visits := 2
	if os.Getenv("STATEWARD_MATRIX") == "all" { // as in CI
		visits = 50
	}
	v := visit(t)
	v.until("the first page reads", func() bool { return goroutines(works) > 0 })
	v.quiet()
	round := func() {
		v.opens("the locks", "2\x12", "1")
		v.opens("the health", "3\x12", "1")
		v.opens("the keys", "4\x12", "1")
		v.opens("the states", "\r", "\x1b")
		v.quiet()
	}
	round()
	before := kinds()
	for range visits {
		round()
	}
	after := kinds()
	if len(after) > len(before)+8 { // idle connections come and go
		t.Errorf("%d goroutines after the first visit, %d after %d more:\n%s", len(before), len(after), visits,
			strings.Join(slices.Compact(after), "\n"))
	}
}

// kinds are the goroutines there are, each by where it was started.
func kinds() []string {
	var all []string
	for _, stack := range strings.Split(allStacks(), "\n\n") {
		_, by, _ := strings.Cut(stack, "created by ")
		by, _, _ = strings.Cut(by, "\n")
		by, _, _ = strings.Cut(by, " in goroutine")
		all = append(all, by)
	}
	slices.Sort(all)
	return all
}
