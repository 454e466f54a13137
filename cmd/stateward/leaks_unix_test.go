//go:build unix

package main

import (
	"context"
	"errors"
	"io"
	"maps"
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
	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui"
)

// visitor is the UI in the test's own process, on a pseudo-terminal and the
// sample fleet. What runs is known from the stacks of the process, the
// emulator's own included: a request that hangs there is one.
type visitor struct {
	t    *testing.T
	keys *os.File
	hang atomic.Bool  // reads are not answered from now on
	seen atomic.Int64 // bytes that were drawn
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
	if err := sample.Seed(server); err != nil {
		t.Fatal(err)
	}
	server.OnRequest(func(r emulator.Request) *emulator.Fault {
		return &emulator.Fault{Hang: v.hang.Load() && !r.Mutates}
	})
	c := connectAWS(aws.Options{EndpointURL: server.URL(), Region: demoRegion, PathStyle: true,
		Backends: []model.Backend{{Bucket: sample.StaleBucket, Prefix: sample.StaleKey}},
		Static:   &aws.StaticCredentials{AccessKeyID: demoKey, SecretAccessKey: demoKey}}, nil)
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan error, 1)
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		_, _ = io.Copy(v, ptm) // ends with the terminal
	}()
	go func() {
		left <- ui.Run(ctx, ui.Options{Reader: c, Operator: c, Theme: "dark", Refresh: time.Hour, Input: pts, Output: pts})
	}()
	t.Cleanup(func() {
		leave()
		if err := <-left; err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		_ = pts.Close()
		_ = ptm.Close()
		<-drained
		_ = server.Close()
	})
	return v
}

// Write notes that something was drawn.
func (v *visitor) Write(drawn []byte) (int, error) {
	v.seen.Add(int64(len(drawn)))
	return len(drawn), nil
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

// quiet waits until nothing is read any more and what came of it is drawn.
func (v *visitor) quiet() {
	v.t.Helper()
	still, seen := 0, v.seen.Load()
	v.until("all is read", func() bool {
		if still++; goroutines(works) > 0 || goroutines(serves) > 0 || v.seen.Load() != seen {
			still, seen = 0, v.seen.Load()
		}
		return still > 50
	})
}

// visited is a page that is opened while nothing is answered, and left.
type visited struct {
	way    string // the keys to where it is opened from; all is read there first
	open   string // what opens it, or has it read anew
	leave  string
	silent bool // it shows what is known already, and asks for nothing
}

// home is the key of the first page, all of which was read at the start.
const home = "1"

// everyPage is each page, tab and dialog, by its name.
func everyPage() map[string]visited {
	const versions = "\r\r"
	return map[string]visited{
		"the locks":             {open: "2\x12", leave: home},
		"the health":            {open: "3\x12", leave: home},
		"the keys":              {open: "4\x12", leave: home},
		"the states":            {open: "\r", leave: "\x7f"},
		"the versions":          {way: "\r", open: "\r", leave: home},
		"the resources":         {way: versions, open: "]", leave: home},
		"the outputs":           {way: versions, open: "]]", leave: home},
		"the locks of a state":  {way: versions, open: "]]]", leave: home},
		"its encryption":        {way: versions, open: "[[\x12", leave: home},
		"its bytes":             {way: versions, open: "[", leave: home},
		"the diff":              {way: versions, open: "jd", leave: home},
		"a search":              {way: "5", open: "\x12", leave: home},
		"the journal":           {open: "6\x12", leave: home, silent: true},
		"a key":                 {way: "4", open: "\r", leave: home, silent: true},
		"a finding":             {way: "3", open: "\r", leave: home, silent: true},
		"the permissions":       {open: "p", leave: "\x7f", silent: true},
		"the plan of an unlock": {way: "2", open: "U", leave: "\x03"},
		"the plan of a restore": {way: versions, open: "jR", leave: "\x03"},
	}
}

// visits opens a page, has what it reads hang, and leaves it.
func (v *visitor) visits(page string, p visited) {
	v.t.Helper()
	for _, key := range p.way {
		v.press(string(key))
		v.quiet()
	}
	v.hang.Store(true)
	v.press(p.open)
	if !p.silent {
		v.until(page+" reads", func() bool { return goroutines(hangs) > 0 })
	}
	v.hang.Store(len(p.way) > 1 && p.leave == home) // a body that came after all would not be read the next time
	v.press(p.leave)
	v.until(page+" reads no more once it is left", func() bool { return goroutines(hangs) == 0 && goroutines(works) == 0 })
	v.hang.Store(false)
	v.press(home)
	v.quiet()
}

func TestWhoLeavesAPageLeavesNothingRunning(t *testing.T) {
	rounds := 1
	if os.Getenv("STATEWARD_MATRIX") == "all" { // as in CI
		rounds = 10
	}
	v := visit(t)
	v.until("the first page reads", func() bool { return goroutines(works) > 0 })
	v.quiet()
	for _, keys := range []string{"5", "vpc\r", "1"} { // what is searched for is typed once
		v.press(keys)
		v.quiet()
	}
	round := func() {
		pages := everyPage()
		for _, page := range slices.Sorted(maps.Keys(pages)) {
			v.visits(page, pages[page])
		}
	}
	round()
	before := kinds()
	for range rounds {
		round()
	}
	after := kinds()
	if len(after) > len(before)+8 { // idle connections come and go
		t.Errorf("%d goroutines after the first visit, %d after %d more:\n%s", len(before), len(after), rounds,
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
