//go:build unix

package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"
	"github.com/stateward/stateward/ui/widget"
	"golang.org/x/term"
)

// patience is how long a story waits for a screen. Only a failure takes that long.
const patience = 20 * time.Second

// atOnce is how long the screen may take to show what follows from a key alone,
// on a busy machine.
const atOnce = 4 * time.Second

// window is the size of a terminal.
type window struct{ cols, rows int }

func (w window) size() *pty.Winsize {
	return &pty.Winsize{Rows: uint16(w.rows), Cols: uint16(w.cols)} //nolint:gosec // a few hundred at most
}

// console is the built program on a real pseudo-terminal: an emulator keeps the
// screen, and a test is at the keys.
type console struct {
	t        *testing.T
	cmd      *exec.Cmd
	ptm, pts *os.File
	home     string   // HOME and TMPDIR of the program
	env      []string // beyond a terminal's own: the program has nothing else of this machine's
	silent   bool     // answer no query
	before   *term.State

	mu    sync.Mutex // round the emulator and what follows
	emu   *vt.Emulator
	win   window
	raw   []byte    // all that the program wrote
	first time.Time // when the first frame was there

	began   time.Time
	replied atomic.Int64  // bytes of answers that reached the program
	drained chan struct{} // all that was written is read
	exited  chan struct{} // exit can be read
	exit    error
}

// openConsole runs the program in a window of that size.
func openConsole(t *testing.T, win window, args ...string) *console {
	t.Helper()
	return newConsole(t, win).start(args...)
}

func newConsole(t *testing.T, win window) *console {
	t.Helper()
	return &console{t: t, home: t.TempDir(), win: win, emu: vt.NewEmulator(win.cols, win.rows), drained: make(chan struct{}), exited: make(chan struct{})}
}

// start runs the program. Its terminal and its home are its own; nothing of the
// environment points at AWS.
func (c *console) start(args ...string) *console {
	c.t.Helper()
	c.plug()
	c.cmd = exec.CommandContext(c.t.Context(), builtBinary(c.t), args...)
	c.cmd.Dir = c.home
	c.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + c.home, "TMPDIR=" + c.home,
		"TERM=xterm-256color", "COLORTERM=truecolor", "LANG=C.UTF-8"}, c.env...)
	c.cmd.Stdin, c.cmd.Stdout, c.cmd.Stderr = c.pts, c.pts, c.pts
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	c.began = time.Now()
	if err := c.cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	go c.watch()
	go c.answer()
	go func() {
		c.exit = c.cmd.Wait()
		close(c.exited)
	}()
	c.t.Cleanup(c.unplug)
	return c
}

func (c *console) plug() {
	c.t.Helper()
	var err error
	if c.ptm, c.pts, err = pty.Open(); err != nil {
		c.t.Fatal(err)
	}
	if err := pty.Setsize(c.ptm, c.win.size()); err != nil {
		c.t.Fatal(err)
	}
	if c.before, err = term.GetState(int(c.pts.Fd())); err != nil { //nolint:gosec // descriptors are small
		c.t.Fatal(err)
	}
}

// unplug ends what a failed story left running.
func (c *console) unplug() {
	_ = c.cmd.Process.Kill() // most have ended long before
	<-c.exited
	_ = c.pts.Close()
	<-c.drained
	_ = c.ptm.Close()
	if answers, ok := c.emu.InputPipe().(io.Closer); ok {
		_ = answers.Close() // ends answer; the emulator's own Close would race with it
	}
}

// watch keeps the screen until the last one who could write has gone.
func (c *console) watch() {
	defer close(c.drained)
	buf := make([]byte, 64<<10)
	for {
		n, err := c.ptm.Read(buf)
		c.wrote(buf[:n])
		if err != nil {
			return
		}
	}
}

func (c *console) wrote(p []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.raw = append(c.raw, p...)
	_, _ = c.emu.Write(p) // what it does not know it leaves out
	if c.first.IsZero() && isFirstFrame(c.emu.String()) {
		c.first = time.Now()
	}
}

// isFirstFrame tells a screen with its head and its foot.
func isFirstFrame(s string) bool {
	return strings.Contains(s, "stateward") && strings.Contains(s, "Backends") && strings.Contains(s, "? help")
}

// answer hands what the terminal answers to the program, as if it was typed. A
// silent terminal swallows it: nobody may block the emulator.
func (c *console) answer() {
	buf := make([]byte, 256)
	for {
		n, err := c.emu.Read(buf)
		if err != nil {
			return
		}
		if c.silent {
			continue
		}
		if _, err := c.ptm.Write(buf[:n]); err == nil { // else the program has gone
			c.replied.Add(int64(n))
		}
	}
}

// screen is what the operator sees now.
func (c *console) screen() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.emu.String()
}

func (c *console) onAltScreen() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.emu.IsAltScreen()
}

// firstFrame waits for the first frame and tells how long it took.
func (c *console) firstFrame() time.Duration {
	c.t.Helper()
	c.until("the first frame", func() string {
		if !isFirstFrame(c.screen()) {
			return "not there"
		}
		return ""
	})
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.first.Sub(c.began)
}

// resize changes the window while the program runs.
func (c *console) resize(win window) {
	c.t.Helper()
	c.mu.Lock()
	c.win = win
	c.emu.Resize(win.cols, win.rows)
	c.mu.Unlock()
	if err := pty.Setsize(c.ptm, win.size()); err != nil {
		c.t.Fatal(err)
	}
}

// press presses keys, all at once. Those without a letter go by their names.
func (c *console) press(keys ...string) {
	c.t.Helper()
	named := map[string]string{"enter": "\r", "tab": "\t", "esc": "\x1b", "down": "\x1b[B", "up": "\x1b[A",
		"ctrl+c": "\x03", "ctrl+r": "\x12"}
	var b strings.Builder
	for _, k := range keys {
		if code, ok := named[k]; ok {
			k = code
		}
		b.WriteString(k)
	}
	if _, err := io.WriteString(c.ptm, b.String()); err != nil {
		c.t.Fatal(err)
	}
}

// rest leaves the keyboard alone for as long as a dialog that has just opened
// takes keys for those meant for the page.
func (c *console) rest() {
	c.t.Helper()
	seen := time.Now()
	c.until("the keyboard has rested", func() string {
		if time.Since(seen) < widget.QuietTime+50*time.Millisecond {
			return "not yet"
		}
		return ""
	})
}

// leavesTheDialog closes the dialog with escape. One that still swallows keys
// typed ahead ignores the first.
func (c *console) leavesTheDialog() {
	c.t.Helper()
	for range 3 {
		c.rest()
		c.press("esc")
		if c.poll(atOnce, func() string { return c.lacks([]string{`\A[^╭]*\z`}) }) == "" {
			return
		}
	}
	c.t.Fatalf("the dialog does not close\n%s", c.screen())
}

// sees waits until the screen is whole and matches every pattern. A blank in a
// pattern stands for one or more, ^ and $ for those of a line.
func (c *console) sees(patterns ...string) {
	c.t.Helper()
	c.until("sees "+strings.Join(patterns, " and "), func() string { return c.lacks(patterns) })
}

// shows is sees for what must be on the screen at once, without a key and
// without waiting for a refresh. The story goes on when it is not there.
func (c *console) shows(why string, patterns ...string) {
	c.t.Helper()
	if lack := c.poll(atOnce, func() string { return c.lacks(patterns) }); lack != "" {
		c.t.Errorf("%s: %s\n%s", why, lack, c.screen())
	}
}

// misses waits until the screen is whole, matches the first pattern and none of
// the others.
func (c *console) misses(has string, patterns ...string) {
	c.t.Helper()
	c.until("sees "+has+" without "+strings.Join(patterns, " or "), func() string {
		for _, p := range patterns {
			if matches(c.screen(), p) {
				return "still " + p
			}
		}
		return c.lacks([]string{has})
	})
}

func (c *console) lacks(patterns []string) string {
	s := c.screen()
	for _, p := range patterns {
		if !matches(s, p) {
			return "no " + p
		}
	}
	return c.flaw(s)
}

func matches(s, pattern string) bool {
	return regexp.MustCompile("(?m)" + strings.ReplaceAll(pattern, " ", " +")).MatchString(s)
}

// until polls a condition that says what it lacks.
func (c *console) until(what string, lacks func() string) {
	c.t.Helper()
	if lack := c.poll(patience, lacks); lack != "" {
		c.t.Fatalf("%s: %s\n%s", what, lack, c.screen())
	}
}

// poll returns "" as soon as nothing is lacking, else what lacks in the end.
func (c *console) poll(patience time.Duration, lacks func() string) string {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		lack := lacks()
		if lack == "" {
			return ""
		}
		select {
		case <-tick.C:
		case <-c.exited:
			return "the program has ended: " + lack
		case <-late.C:
			return fmt.Sprintf("waited %v in vain: %s", patience, lack)
		}
	}
}

// flaw is what is wrong with a screen whatever it shows. A line that is drawn
// too wide is wrapped by the terminal, so it shows in what must run from edge to
// edge: the rules and the frames.
func (c *console) flaw(s string) string {
	lines := strings.Split(s, "\n")
	if len(lines) > c.win.rows {
		return fmt.Sprintf("%d lines in %d rows", len(lines), c.win.rows)
	}
	for i, l := range lines {
		n := ansi.StringWidth(l)
		switch {
		case n > c.win.cols:
			return fmt.Sprintf("line %d is %d columns wide in a window of %d: %q", i+1, n, c.win.cols, l)
		case strings.HasPrefix(l, "─") && l != strings.Repeat("─", c.win.cols):
			return fmt.Sprintf("line %d is a rule that does not run from edge to edge: %q", i+1, l)
		case strings.ContainsRune(l, '\uFFFD'):
			return fmt.Sprintf("line %d has a broken character: %q", i+1, l)
		}
	}
	return boxFlaw(lines)
}

// boxFlaw is what is wrong with the frame of a dialog: its sides stand below
// each other from corner to corner.
func boxFlaw(lines []string) string {
	top := slices.IndexFunc(lines, func(l string) bool { return strings.Contains(l, "╭") })
	if top < 0 {
		return ""
	}
	left, right := firstColumn(lines[top], "╭"), lastColumn(lines[top], "╮")
	for i, l := range lines[top+1:] {
		if firstColumn(l, "╰") == left && lastColumn(l, "╯") == right {
			return ""
		}
		if firstColumn(l, "│") != left || lastColumn(l, "│") != right {
			return fmt.Sprintf("line %d leaves the frame: %q", top+i+2, l)
		}
	}
	return "the frame has no lower edge"
}

// firstColumn is where a sign stands first, -1 when it does not.
func firstColumn(line, sign string) int {
	before, _, found := strings.Cut(line, sign)
	if !found {
		return -1
	}
	return ansi.StringWidth(before)
}

func lastColumn(line, sign string) int {
	i := strings.LastIndex(line, sign)
	if i < 0 {
		return -1
	}
	return ansi.StringWidth(line[:i])
}

// ends waits for the program to end with that exit code, and demands that it
// left the terminal as it was.
func (c *console) ends(code int) {
	c.t.Helper()
	c.waited(code)
	after, err := term.GetState(int(c.pts.Fd())) //nolint:gosec // descriptors are small
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
