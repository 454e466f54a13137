package ui

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/charmbracelet/x/ansi"
)

// updating reports whether golden files are to be written: go test -update. The
// flag is defined by a package that teatest imports.
func updating() bool {
	f := flag.Lookup("update")
	return f != nil && f.Value.String() == "true"
}

// golden compares a screen with the one kept in testdata.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if updating() {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; go test ./ui -update writes it", err)
	}
	if string(want) != got {
		t.Errorf("%s differs; look at it, then go test ./ui -update. Now:\n%s", file, ansi.Strip(got))
	}
}

func TestScreens(t *testing.T) {
	for name, sc := range scenes() {
		for _, size := range [][2]int{{80, 24}, {120, 40}} {
			for _, theme := range []string{"plain", "dark", "light"} {
				if !sc.page && (theme != "plain" || size[0] != 80) {
					continue
				}
				label := fmt.Sprintf("%s-%dx%d-%s", name, size[0], size[1], theme)
				t.Run(label, func(t *testing.T) {
					got := sc.play(sized(open(t, sampleFleet()), size[0], size[1], theme))
					clean(t, got, size[0], size[1])
					golden(t, filepath.Join("testdata", "golden", label+".txt"), trimmed(got)+"\n")
				})
			}
		}
	}
}

// trimmed leaves out the blanks that fill lines, which clean has counted.
func trimmed(screen string) string {
	lines := strings.Split(screen, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}

// ownSGR are the only escape sequences that a screen may have.
var ownSGR = regexp.MustCompile(`\x1b\[[0-9;]*m`)

// clean fails unless the screen has exactly the size of the window, and nothing
// in it but printable text and colours.
func clean(t *testing.T, screen string, w, h int) {
	t.Helper()
	lines := strings.Split(screen, "\n")
	if len(lines) != h {
		t.Fatalf("%d lines in a window of %d:\n%s", len(lines), h, ansi.Strip(screen))
	}
	for i, line := range lines {
		bare := ownSGR.ReplaceAllString(line, "")
		for _, r := range bare {
			if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
				t.Fatalf("line %d has %U: %q", i, r, bare)
			}
		}
		if got := ansi.StringWidth(bare); got != w {
			t.Fatalf("line %d is %d columns wide, not %d: %q", i, got, w, bare)
		}
	}
}

func TestEveryWindowSizeIsFilledExactly(t *testing.T) {
	for name, sc := range scenes() {
		t.Run(name, func(t *testing.T) {
			for _, size := range [][2]int{{30, 6}, {31, 7}, {40, 10}, {47, 12}, {60, 15}, {79, 23}, {81, 25}, {100, 30}, {240, 70}} {
				got := sc.play(sized(open(t, sampleFleet()), size[0], size[1], "plain"))
				clean(t, got, size[0], size[1])
			}
		})
	}
}

func TestResizingWhileSomethingIsOpenIsSafe(t *testing.T) {
	for name, sc := range scenes() {
		t.Run(name, func(t *testing.T) {
			s := open(t, sampleFleet())
			sc.play(s)
			for _, size := range [][2]int{{120, 40}, {40, 10}, {1, 1}, {0, 0}, {30, 6}, {29, 5}, {80, 24}} {
				s.resize(size[0], size[1])
				if size[0] > 0 {
					clean(t, s.content(), size[0], size[1])
				}
			}
		})
	}
}

func TestAWindowTooSmallSaysSo(t *testing.T) {
	s := open(t, sampleFleet()).resize(29, 5)
	s.sees("terminal too small")
}
