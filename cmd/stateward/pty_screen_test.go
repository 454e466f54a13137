//go:build unix

package main

import (
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"
	"golang.org/x/term"
)

// window is the size of a terminal.
type window struct{ cols, rows int }

func (w window) size() *pty.Winsize {
	return &pty.Winsize{Rows: uint16(w.rows), Cols: uint16(w.cols)}
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

	mu  sync.Mutex // round the emulator and what follows
	emu *vt.Emulator
	win window
	raw []byte // all that the program wrote

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
	if c.before, err = term.GetState(int(c.pts.Fd())); err != nil {
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

// firstFrame waits for the first frame.
func (c *console) firstFrame() {
	c.t.Helper()
	c.until("the first frame", func() string {
		if !isFirstFrame(c.screen()) {
			return "not there"
		}
		return ""
	})
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
	named := map[string]string{"enter": "\r", "tab": "\t", "esc": "\x1b", "down": "\x1b[B", "pgdown": "\x1b[6~", "up": "\x1b[A",
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
