//go:build unix

package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/stateward/stateward/ui/widget"
)

// patience is how long a story waits for a screen. Only a failure takes that long.
const patience = 2 * time.Minute

// atOnce is how long the screen may take to show what follows from a key alone,
// on a busy machine.
const atOnce = 4 * time.Second

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
