package widget

import (
	"fmt"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
)

// hostile is text as somebody may have put it into a lock or a key.
func hostile() map[string]string {
	return map[string]string{
		"clear screen":   "\x1b[2J\x1b[H",
		"clipboard":      "\x1b]52;c;aGk=\a",
		"title":          "\x1b]0;x\x1b\\",
		"eight-bit CSI":  "\u009b31m\x9b31m",
		"lines":          "a\nb\r\nc\td\v\f",
		"bidi":           "abc\u202etxt.exe\u2066\u200f",
		"zero width":     "a\u200bb\ufeffc\u200d",
		"zalgo":          "z" + strings.Repeat("\u0301\u0316", 20),
		"leading mark":   "\u0301\u20e3x",
		"flags":          "\U0001f1e9\U0001f1ea\U0001f1eb",
		"family":         "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f44d\U0001f3fd \u2764\ufe0f 1\ufe0f\u20e3",
		"wide":           strings.Repeat("東京", 30),
		"korean jamo":    "\u1112\u1161\u11ab\u1100\u1173",
		"indic":          "क्षि नमस्ते กำ ৳",
		"private":        "\ue000\U000f0000\U000e0041",
		"not UTF-8":      "\xff\xc0\x80\xe2\x82",
		"ten kilobytes":  strings.Repeat("x/", 5000),
		"ten kB of ESC":  strings.Repeat("\x1b[31m", 2000),
		"ten kB of wide": strings.Repeat("東\u0301", 2000),
		"reset inside":   "a\x1b[mb\x1b[0mc",
		"empty":          "",
	}
}

// drawn is every widget fed with one text, at one width.
func drawn(s string, w int, st Styles) map[string]string {
	return map[string]string{
		"grid":          drawGrid(s, w, st),
		"crumbs":        Crumbs([]string{"Backends", s, s}, w, st),
		"key bar":       KeyBar([]Hint{{Key: s, Label: s}, {Key: "q", Label: s, Disabled: true}}, w, st),
		"tabs":          Tabs([]string{"versions 3", s, s}, 2, w, st),
		"box":           Box(s, s+"\n"+st.Bad.Render("bad")+"\n"+s, w, 0, st),
		"box too low":   Box(s, strings.Repeat(s+"\n", 4), w, 3, st),
		"steps":         Steps([]Step{{Name: s, Detail: s, Status: StepFailed, Elapsed: time.Second}, {Name: s}}, w, 4, st),
		"input":         drawInput(s, w, st),
		"confirm":       drawConfirm(s, w, st, Ask{Label: s, Token: s}),
		"second token":  drawConfirm(s, w, st, Ask{Label: "state", Token: s}, Ask{Label: s, Token: "LIVE"}),
		"line of cells": Fit(st.Line(Cell{s, Good}, Cell{s, Dim}), w),
		"justified":     Justify(st.Line(Cell{s, Good}), st.Line(Cell{s, Bad}), w),
	}
}

func drawGrid(s string, w int, st Styles) string {
	var g Grid
	g.SetColumns(Column{Title: s, Min: 8, Weight: 1, Cut: CutMiddle},
		Column{Title: "N", Min: 4, Right: true, Drop: 2}, Column{Title: s, Min: 5, Max: 20, Weight: 2, Drop: 1})
	g.SetSize(w, 5)
	g.SetRows(3, func(i int) []Cell { return []Cell{{s, Plain}, {s, Warn}, {s, Tone(200)}} },
		func(i int) string { return fmt.Sprint(s, i) })
	g.Move(1)
	g.ToggleMark()
	g.SetSort(0, true)
	return g.View(st)
}

func drawInput(s string, w int, st Styles) string {
	in := Input{Prompt: "/ "}
	in.Paste(tea.PasteMsg{Content: s})
	in.Key(press(tea.KeyLeft))
	in.Key(press(tea.KeyLeft))
	return in.View(w, st)
}

func drawConfirm(s string, w int, st Styles, asks ...Ask) string {
	now := time.Unix(0, 0)
	c := NewConfirm(now, s, asks...)
	now = now.Add(time.Second)
	c.Paste(now, tea.PasteMsg{Content: s})
	if len(asks) > 1 {
		c.Key(now, press(tea.KeyTab))
		c.Key(now, press(tea.KeyEnter))
	}
	return c.View(w, st)
}

func press(code rune) tea.KeyPressMsg { return tea.KeyPressMsg{Code: code} }

// checkView fails unless every line is w columns wide on any terminal and
// nothing but SGR sequences and printable runes is in it.
func checkView(t *testing.T, view string, w int) {
	t.Helper()
	for line := range strings.SplitSeq(view, "\n") {
		text := ansi.Strip(line)
		checkSafe(t, text)
		if got := ansi.StringWidth(text); got != w {
			t.Errorf("%d columns instead of %d: %q", got, w, line)
		}
		if SanitizeStyled(line) != line {
			t.Errorf("more than text and colour: %q", line)
		}
	}
}

func TestNothingHostileGetsThroughAnyWidget(t *testing.T) {
	looks := map[string]Styles{"dark": NewStyles(true, false), "no colour": NewStyles(false, true)}
	for name, s := range hostile() {
		for look, st := range looks {
			for _, w := range []int{20, 47, 80, 133} {
				for widget, view := range drawn(s, w, st) {
					t.Run(fmt.Sprintf("%s in a %s, %s, %d", name, widget, look, w), func(t *testing.T) {
						checkView(t, view, w)
					})
				}
			}
		}
	}
}

func TestEveryWidgetKeepsToAnyWidth(t *testing.T) {
	st := NewStyles(true, false)
	for w := 1; w < 30; w++ {
		for widget, view := range drawn("payments/東京/terraform.tfstate", w, st) {
			t.Run(fmt.Sprintf("%s, %d", widget, w), func(t *testing.T) { checkView(t, view, w) })
		}
	}
}
