//go:build unix

package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stateward/stateward/aws/emulator/sample"
)

// These stories run the built program on a real pseudo-terminal, by keys alone.
// What they check is what the operator sees.

// desk is the size of most stories.
func desk() window { return window{80, 24} }

func TestTheWholeStoryByKeys(t *testing.T) {
	t.Parallel()
	for name, win := range map[string]window{"80x24": desk(), "120x40": {120, 40}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := openConsole(t, win, "demo")
			c.looksAtTheBackends()
			c.findsTheStaleLock()
			c.opensTheGuard()
			c.forcesTheUnlock()
			c.goesBackToTheBackends()
			c.opensTheOverwrittenState()
			c.plansTheRestore()
			c.restores()
			c.press("q")
			c.ends(0)
		})
	}
}

func (c *console) looksAtTheBackends() {
	c.t.Helper()
	c.sees(`^ Backends .* 5 · (now|\d+ s ago)`,
		`acme-tfstate-payments 12 1 STALE `,
		`acme-tfstate-network 9 2 held `,
		`acme-tfstate-prod 18 1 held `,
		`acme-tfstate-data 6 - `,
		`acme-legacy-state 3 - `,
		`2 locks .*\? help`)
}

func (c *console) opensTheLocks() {
	c.t.Helper()
	c.press("2")
	c.sees(`^ Locks .* 4 · (now|\d+ s ago)`, `^ ▌ .*ci@runner-17 apply`)
}

func (c *console) findsTheStaleLock() {
	c.t.Helper()
	c.opensTheLocks()
	c.sees(`ci@runner-17 apply .* likely stale`, `erin@mbp apply .* likely live`, `\? \(unreadable\) .* unclear`)
	c.press("/")
	c.sees(`^ / `)
	c.press("runner-17", "enter")
	c.sees(`^ Locks .* 1 of 4 `, `^ ▌ payments/api/.* ci@runner-17 apply .* likely stale`,
		`^ s3://acme-tfstate-payments/payments/api/terraform\.tfstate`, sample.StaleLockID, `Why likely stale`)
}

func (c *console) opensTheGuard() {
	c.t.Helper()
	c.press("U")
	c.sees(`╭ Force-unlock payments/api/terraform\.tfstate `, `Held by ci@runner-17`, `likely stale`, `Will do`, `acme-locks`,
		`Type the lock ID .*`+sample.StaleLockID, `> ▏`, `\[ Cancel \] .*Force-unlock`)
}

func (c *console) forcesTheUnlock() {
	c.t.Helper()
	c.rest()
	c.press(sample.StaleLockID[:8])
	c.sees(`> ` + sample.StaleLockID[:8] + `▏`)
	c.press("tab")
	c.sees(`> `+sample.StaleLockID+`▏ ✓`, `\[ Cancel \]`)
	c.press("tab")
	c.sees(` Cancel \[ Force-unlock \]`)
	c.press("enter")
	c.sees(`✓ Done: .*ci@runner-17`, `errored\.tfstate`, `Journal`, `esc closes`)
	c.leavesTheDialog()
	c.misses(`^ Locks .* 0 of 3 `, `payments/api`)
	c.press("esc")
	c.misses(`^ Locks .* 3 · `, `runner-17`, `payments/api`)
}

func (c *console) goesBackToTheBackends() {
	c.t.Helper()
	c.press("1")
	c.sees(`^ Backends .* 5 · `)
	c.shows("the lock is gone", `acme-tfstate-payments 12 - `)
	c.press("/")
	c.sees(`^ / `)
	c.press("tfstate-data", "enter")
	c.sees(`^ ▌ acme-tfstate-data `, `^ Backends .* 1 of 5 `)
}

func (c *console) opensTheOverwrittenState() {
	c.t.Helper()
	c.press("enter")
	c.sees(`^ Backends › acme-tfstate-data .* 6 · `, `lake/terraform\.tfstate `)
	c.press("/")
	c.sees(`^ / `)
	c.press("warehouse", "enter")
	c.sees(`^ Backends › acme-tfstate-data .* 2 of 6 `, `^ ▌ env:/staging/warehouse/`)
	c.press("down")
	c.sees(`^ ▌ warehouse/terraform\.tfstate .*57 3 `)
	c.press("enter")
	c.sees(`^ Backends › acme-tfstate-data › warehouse/.* digest ● match`, `\[versions 31\]`,
		`^ ▌ 57 .* carol@laptop apply 3 \(-58\) .* ✖ lost `, `^ 56 .* 61 \(\+1\) .* ★ suggested`)
	c.press("down")
	c.sees(`^ ▌ 56 .* 61 `, `[^(]R restore`)
}

func (c *console) plansTheRestore() {
	c.t.Helper()
	c.press("R")
	c.sees(`╭ Restore warehouse/terraform\.tfstate `, `Restore serial 56 `, `as serial 58|serial 58 │`, `Against serial 57`, `Will do`,
		`Type the state's key .* warehouse/terraform\.tfstate`, `> ▏`, `\[ Cancel \] .*Restore`)
	c.rest()
	c.press("warehous")
	c.sees(`> warehous▏`)
	c.press("tab")
	c.sees(`> warehouse/terraform\.tfstate▏ ✓`, `\[ Cancel \]`)
	c.press("tab")
	c.sees(` Cancel \[ Restore \]`)
}

func (c *console) restores() {
	c.t.Helper()
	c.press("enter")
	c.sees(`✓ Done: restored .*`, `serial 58`, `Undo .*stateward restore`, `esc closes`)
	c.press("pgdown") // at 24 lines the last steps are below
	c.sees(`✓ 8 release the locks`, `esc closes`)
	c.leavesTheDialog()
	c.sees(`^ Backends › acme-tfstate-data › warehouse/.* digest ● match`, `\[versions 32\]`, `locks - `, `57 .* 3 \(-58\) `)
	c.shows("the new version is the current one", `58 .* 61 \(\+58\) .* current`)
}

// TestASilentTerminalDelaysNothing: before the program has taken the screen it sends
// no query that somebody waits for, such as libraries send when they are loaded, and
// it works the same where no answer ever comes. That the frame waits for none either
// is shown where time can be held: TestTheFirstFrameWaitsForNoAnswer of package ui.
func TestASilentTerminalDelaysNothing(t *testing.T) {
	t.Parallel()
	for name, silent := range map[string]bool{"a terminal that answers nothing": true, "one that answers": false} {
		t.Run(name, func(t *testing.T) {
			c := newConsole(t, desk())
			c.silent = silent
			c.start("demo")
			c.firstFrame()
			if before := c.beforeTheScreen(); waitsForAnAnswer(before) {
				t.Errorf("before the screen is taken %q is sent", before)
			}
			if c.looksAtTheBackends(); silent && c.replied.Load() != 0 {
				t.Error("the silent terminal answered")
			}
			if !silent {
				c.hasReplied()
			}
			c.press("q")
			c.ends(0)
		})
	}
}

// beforeTheScreen is what was sent before the alternate screen was entered.
func (c *console) beforeTheScreen() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	before, _, _ := strings.Cut(string(c.raw), "\x1b[?1049h")
	return before
}

// waitsForAnAnswer tells the query for the cursor and that for the kind of terminal,
// which every terminal answers: they are sent behind others to know when to stop
// waiting for those.
func waitsForAnAnswer(sent string) bool {
	return strings.Contains(sent, "\x1b[6n") || strings.Contains(sent, "\x1b[c") || strings.Contains(sent, "\x1b[0c")
}

// hasReplied makes sure that the two kinds of terminal differ at all.
func (c *console) hasReplied() {
	c.t.Helper()
	c.until("the terminal answers a query", func() string {
		if c.replied.Load() == 0 {
			return "no answer"
		}
		return ""
	})
}

func TestReadOnlyRefusesUnlockAndRestore(t *testing.T) {
	t.Parallel()
	c := openConsole(t, desk(), "demo", "--read-only")
	c.looksAtTheBackends()
	c.sees(`^ stateward .* READ-ONLY`)
	c.opensTheLocks()
	c.sees(`READ-ONLY`, `\(U unlock\)`)
	c.press("U")
	c.misses(`U unlock: .*read-only`, `╭`)
	c.goesToTheOverwrittenStateReadOnly()
	c.press("R")
	c.misses(`R restore: .*read-only`, `╭`)
	c.sees(`\[versions 31\]`, `READ-ONLY`)
	c.press("2")
	c.sees(`^ Locks .* 4 · `, `ci@runner-17 apply`)
	c.press("q")
	c.ends(0)
}

func (c *console) goesToTheOverwrittenStateReadOnly() {
	c.t.Helper()
	c.press("1")
	c.sees(`acme-tfstate-payments .* 1 STALE`)
	c.press("/")
	c.sees(`^ / `)
	c.press("tfstate-data", "enter")
	c.sees(`^ ▌ acme-tfstate-data `)
	c.press("enter")
	c.sees(`^ Backends › acme-tfstate-data .* 6 · `)
	c.press("/")
	c.sees(`^ / `)
	c.press("warehouse !staging", "enter")
	c.sees(`^ ▌ warehouse/terraform\.tfstate .*57 `)
	c.press("enter")
	c.sees(`^ 56 .* 61 `)
	c.press("down")
	c.sees(`^ ▌ 56 .* 61 `, `\(R restore\)`, `READ-ONLY`)
}

func TestShrinkingTheWindowLosesNothing(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		arrive func(c *console)
		narrow string // what is still seen at 40x10
	}{
		"on the backends": {func(c *console) { c.misses(`acme-tfstate-prod .* good`, `acme-.* ·\s*$`) }, `^ ▌ acme-`}, // every HEALTH is read
		"on the locks": {func(c *console) {
			c.opensTheLocks()
		}, `^ ▌ paym`},
		"in the guard": {func(c *console) {
			c.opensTheLocks()
			c.opensTheGuard()
		}, `\[ Cancel \]`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := openConsole(t, desk(), "demo")
			c.looksAtTheBackends()
			tt.arrive(c)
			whole := timeless(c.screen())
			c.resize(window{40, 10})
			c.sees(tt.narrow)
			c.resize(window{20, 5})
			c.sees(`^terminal too small$`)
			c.resize(window{120, 40})
			c.misses(`stateward .* 123456789012`, `too small`)
			c.resize(desk())
			c.sameAgain(whole)
			c.press("ctrl+c")
			if name == "in the guard" {
				c.misses(`^ Locks .* 4 · `, `╭`)
				c.press("q")
			}
			c.ends(0)
		})
	}
}

// sameAgain waits for a screen that was there before, but for its times.
func (c *console) sameAgain(want string) {
	c.t.Helper()
	c.until("the same screen again", func() string {
		s := c.screen()
		if got := timeless(s); got != want {
			return "it differs from\n" + want
		}
		return c.flaw(s)
	})
}

// timeless leaves out of a screen what changes from second to second.
func timeless(s string) string {
	s = regexp.MustCompile(`│ Watching [^│]*│`).ReplaceAllString(s, "")
	return regexp.MustCompile(`\b(now|\d+ (s|min|h|d)( \d+ (s|min|h))?)\b( ago)?`).ReplaceAllString(strings.Join(strings.Fields(s), " "), "#")
}

// typedAhead are keys that arrive while the guard is still being worked out.
func TestKeysTypedAheadConfirmNothing(t *testing.T) {
	t.Parallel()
	tests := map[string][]string{
		"enter and yes":              {"U", "enter", "enter", "y", "y"},
		"tab and enter":              {"U", "tab", "enter", "enter"},
		"the whole answer by heart":  {"U", sample.StaleLockID, "tab", "enter"},
		"enter, held down":           append([]string{"U"}, slices.Repeat([]string{"enter"}, 40)...),
		"the answer, pasted at once": {"U", "\x1b[200~" + sample.StaleLockID + "\x1b[201~", "tab", "enter"},
	}
	for name, keys := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := openConsole(t, desk(), "demo")
			c.looksAtTheBackends()
			c.opensTheLocks()
			c.press(keys...)
			c.sees(`╭ Force-unlock payments/api`, `> ▏`, `\[ Cancel \] .*\( Force-unlock \)`)
			c.leavesTheDialog()
			c.press("ctrl+r")
			c.sees(`^ Locks .* 4 · now`, `ci@runner-17 apply .* likely stale`)
			c.press("q")
			c.ends(0)
		})
	}
}
