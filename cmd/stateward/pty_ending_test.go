//go:build unix

package main

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/aws/emulator/sample"
	"golang.org/x/term"
)

func TestQuittingRestoresTheTerminal(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		leave func(c *console)
		code  int
		said  string // on the screen that was there before, a pattern
	}{
		"q":                            {func(c *console) { c.press("q") }, 0, ""},
		"ctrl+c, as no operation runs": {func(c *console) { c.press("ctrl+c") }, 0, ""},
		"the signal TERM":              {func(c *console) { c.signal(syscall.SIGTERM) }, exitCancelled, `^stateward: .*(signal|cancelled)`},
		"the signal HUP":               {func(c *console) { c.signal(syscall.SIGHUP) }, exitCancelled, `^stateward: .*(signal|cancelled)`},
		"the signal TERM in a dialog": {func(c *console) {
			c.opensTheLocks()
			c.opensTheGuard()
			c.signal(syscall.SIGTERM)
		}, exitCancelled, `^stateward: .*(signal|cancelled)`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := openConsole(t, desk(), "demo")
			c.looksAtTheBackends()
			if !c.onAltScreen() {
				t.Error("it does not run on the alternate screen")
			}
			tt.leave(c)
			c.ends(tt.code)
			if s := c.screen(); !matches(s, tt.said) || strings.Contains(s, "acme-tfstate") {
				t.Errorf("afterwards, want %s:\n%s", tt.said, s)
			}
		})
	}
}

func (c *console) signal(s syscall.Signal) {
	c.t.Helper()
	if err := c.cmd.Process.Signal(s); err != nil {
		c.t.Fatal(err)
	}
}

func TestLeftBehindTellsWhatWasNotPutBack(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		raw  string
		want []string
	}{
		"nothing":                         {"", nil},
		"all in pairs":                    {"\x1b[?1049h\x1b[?25l\x1b[?2004h\x1b[>1u\x1b[>4;2m…\x1b[>4m\x1b[<1u\x1b[?1049l\x1b[?25h\x1b[?2004l", nil},
		"a query is no change":            {"\x1b[?2026$p\x1b]11;?\x07\x1b[?u", nil},
		"the cursor stays hidden":         {"\x1b[?25l", []string{"private mode 25 is l, usually h"}},
		"the mouse, one of two modes":     {"\x1b[?1002;1006h\x1b[?1006l", []string{"private mode 1002 is h, usually l"}},
		"the keyboard protocol":           {"\x1b[>1u", []string{"the keyboard protocol"}},
		"switched on again after its end": {"\x1b[>1u\x1b[<1u\x1b[>1u", []string{"the keyboard protocol"}},
		"the background's colour":         {"\x1b]11;#000000\x07", []string{"the colour of the background"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { equal(t, "left", leftBehind(tt.raw), tt.want) })
	}
}

// slowFleet is the sample fleet whose lock table takes its time to delete a row.
type slowFleet struct {
	*fleet
	asked   chan struct{} // closed when the row is about to be deleted
	release func()        // lets it be deleted
}

func newSlowFleet(t *testing.T) *slowFleet {
	t.Helper()
	server, err := emulator.Start(emulator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	if err := sample.Seed(server); err != nil {
		t.Fatal(err)
	}
	asked, open := make(chan struct{}), make(chan struct{})
	s := &slowFleet{fleet: &fleet{world: &world{t: t}, server: server}, asked: asked, release: sync.OnceFunc(func() { close(open) })}
	t.Cleanup(s.release)
	ask := sync.OnceFunc(func() { close(asked) })
	server.OnRequest(func(r emulator.Request) *emulator.Fault {
		if r.Operation != "DeleteItem" {
			return nil
		}
		return &emulator.Fault{Before: func() { ask(); <-open }}
	})
	return s
}

// startsAnUnlockThatHangs confirms an unlock whose deletion is held up.
func (s *slowFleet) startsAnUnlockThatHangs() *console {
	s.t.Helper()
	c := newConsole(s.t, desk())
	c.env = []string{"AWS_ENDPOINT_URL=" + s.server.URL(), "AWS_EC2_METADATA_DISABLED=true",
		"AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_REGION=us-east-1"}
	c.start()
	c.looksAtTheBackends()
	c.opensTheLocks()
	c.opensTheGuard()
	c.rest()
	c.press(sample.StaleLockID)
	c.sees(`> ` + sample.StaleLockID + `▏ ✓`)
	c.press("tab")
	c.sees(` Cancel \[ Force-unlock \]`)
	c.press("enter")
	<-s.asked
	c.sees(`✓ 1 read every lock again`, `2 delete the row in acme-locks`)
	return c
}

func TestLeavingAsksWhileAnOperationRuns(t *testing.T) {
	t.Parallel()
	for name, key := range map[string]string{"q": "q", "ctrl+c": "ctrl+c"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSlowFleet(t)
			c := s.startsAnUnlockThatHangs()
			c.press(key)
			c.sees(`Leave while an operation runs\?`, `unlock of`, `2 of 3`, `stay, and watch`)
			c.press("esc")
			c.misses(`2 delete the row in acme-locks`, `Leave while`)
			c.press(key)
			c.sees(`Leave while an operation runs\?`)
			c.press("w")
			c.misses(`unlock runs`, `Leave while`)
			s.release()
			c.ends(0)
		})
	}
}

func TestASignalWhileAnOperationRunsTellsWhatBecameOfIt(t *testing.T) {
	t.Parallel()
	for name, sig := range map[string]syscall.Signal{"TERM": syscall.SIGTERM, "HUP": syscall.SIGHUP} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSlowFleet(t)
			c := s.startsAnUnlockThatHangs()
			c.signal(sig)
			s.release()
			c.ends(0)
			equal(t, "the row of the lock", s.staleRow(), "")
			if said := c.screen(); !matches(said, `^stateward: .*removed the lock of ci@runner-17`) {
				t.Errorf("the lock is removed, but it says\n%s", said)
			}
		})
	}
}

// ends waits for the program to end with that exit code, and demands that it
// left the terminal as it was.
func (c *console) ends(code int) {
	c.t.Helper()
	c.waited(code)
	after, err := term.GetState(int(c.pts.Fd()))
	if err != nil {
		c.t.Fatal(err)
	}
	equal(c.t, "the settings of the terminal afterwards", after, c.before)
	_ = c.pts.Close() // the last who could write: what was written can be read to its end
	<-c.drained
	if c.onAltScreen() {
		c.t.Error("the alternate screen was not left")
	}
	for _, left := range leftBehind(string(c.raw)) {
		c.t.Errorf("not put back: %s", left)
	}
	if dirs, _ := filepath.Glob(filepath.Join(c.home, "stateward-demo-*")); len(dirs) > 0 {
		c.t.Errorf("the demo left %v", dirs)
	}
}

// waited waits for the exit.
func (c *console) waited(want int) {
	c.t.Helper()
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case <-c.exited:
	case <-late.C:
		c.t.Fatalf("still running after %v\n%s", patience, c.screen())
	}
	if got := exitCode(c.exit); got != want {
		c.t.Errorf("exit %d, want %d\n%s", got, want, c.screen())
	}
}

// leftBehind lists what a program switched on in the terminal and did not switch
// off again, from all that it wrote: private modes, the keyboard protocol, the
// keys of xterm, colours and the cursor's shape.
func leftBehind(raw string) []string {
	var left []string
	last := map[string]string{}
	for _, m := range regexp.MustCompile(`\x1b\[\?([0-9;]+)([hl])`).FindAllStringSubmatch(raw, -1) {
		for _, mode := range strings.Split(m[1], ";") {
			last[mode] = m[2]
		}
	}
	for mode, state := range last {
		if usual := usualState(mode); state != usual {
			left = append(left, "private mode "+mode+" is "+state+", usually "+usual)
		}
	}
	pairs := []struct{ what, on, off string }{
		{"the keyboard protocol", `\x1b\[>[0-9;]+u`, `\x1b\[<[0-9]*u`},
		{"modifyOtherKeys", `\x1b\[>4;[1-9]m`, `\x1b\[>4(;0)?m`},
		{"the colour of the text", `\x1b\]10;[^?]`, `\x1b\]110`},
		{"the colour of the background", `\x1b\]11;[^?]`, `\x1b\]111`},
		{"the colour of the cursor", `\x1b\]12;[^?]`, `\x1b\]112`},
		{"the cursor's shape", `\x1b\[[1-6] q`, `\x1b\[0? q`},
	}
	for _, p := range pairs {
		if lastMatch(raw, p.on) > lastMatch(raw, p.off) {
			left = append(left, p.what)
		}
	}
	slices.Sort(left)
	return left
}

// usualState is how a terminal is before a program: the cursor shown and lines
// wrapped, all else off.
func usualState(mode string) string {
	if mode == "25" || mode == "7" {
		return "h"
	}
	return "l"
}

func lastMatch(s, pattern string) int {
	all := regexp.MustCompile(pattern).FindAllStringIndex(s, -1)
	if len(all) == 0 {
		return -1
	}
	return all[len(all)-1][0]
}
