package ui

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/dustin/go-humanize"

	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui/widget"
)

// The signs of a value that is not there.
const (
	signUnread  = "·" // not read yet
	signUnknown = "?" // could not be read; the detail line says why
	signNone    = "-" // there is none
)

func unread() widget.Cell  { return widget.Cell{Text: signUnread, Tone: widget.Dim} }
func unknown() widget.Cell { return widget.Cell{Text: signUnknown, Tone: widget.Warn} }
func none() widget.Cell    { return widget.Cell{Text: signNone, Tone: widget.Dim} }

func text(s string) widget.Cell { return widget.Cell{Text: bound(s)} }
func dim(s string) widget.Cell  { return widget.Cell{Text: bound(s), Tone: widget.Dim} }
func good(s string) widget.Cell { return widget.Cell{Text: bound(s), Tone: widget.Good} }
func warn(s string) widget.Cell { return widget.Cell{Text: bound(s), Tone: widget.Warn} }
func bad(s string) widget.Cell  { return widget.Cell{Text: bound(s), Tone: widget.Bad} }

// maxText is how many bytes of one text are looked at: an S3 key has no more,
// and what somebody put into a lock must not make frames slow.
const maxText = 1024

// bound keeps the two ends of a text that is too long for any screen.
func bound(s string) string { return ends(s, maxText) }

// ends keeps the two ends of a text of more than n bytes.
func ends(s string, n int) string {
	if len(s) <= n {
		return s
	}
	head, tail := n/2, len(s)-n/2
	for head > 0 && !utf8.RuneStart(s[head]) {
		head--
	}
	for tail < len(s) && !utf8.RuneStart(s[tail]) {
		tail++
	}
	return s[:head] + "…" + s[tail:]
}

// safe is a text of any kind made fit for a line of our own.
func safe(s string) string { return widget.Sanitize(bound(s)) }

// orNone is a text, or the sign that there is none.
func orNone(s string) widget.Cell {
	if s == "" {
		return none()
	}
	return text(s)
}

// factCell shows a fact, or whether it was not read yet or not readable.
func factCell[T any](f model.Fact[T], show func(T) widget.Cell) widget.Cell {
	if v, ok := f.Get(); ok {
		return show(v)
	}
	if f.IsUnknown() {
		return unknown()
	}
	return unread()
}

// why adds the reason of a fact that could not be read to the parts of a
// detail line.
func why[T any](parts []widget.Cell, label string, f model.Fact[T]) []widget.Cell {
	if !f.IsUnknown() {
		return parts
	}
	return append(parts, warn("? "+label+": "+f.Reason()))
}

// span is a duration in its largest unit: "12 s", "4 min", "3 h", "41 d", "2 y".
func span(d time.Duration) string {
	switch {
	case d < time.Minute:
		return strconv.Itoa(int(max(0, d)/time.Second)) + " s"
	case d < time.Hour:
		return strconv.Itoa(int(d/time.Minute)) + " min"
	case d < 48*time.Hour:
		return strconv.Itoa(int(d/time.Hour)) + " h"
	case d < 2*365*24*time.Hour:
		return strconv.Itoa(int(d/(24*time.Hour))) + " d"
	}
	return strconv.Itoa(int(d/(365*24*time.Hour))) + " y"
}

// longSpan is a duration in its two largest units: "3 h 7 min", "6 d 2 h".
func longSpan(d time.Duration) string {
	switch {
	case d < time.Hour:
		return span(d)
	case d < 48*time.Hour:
		return two(d, time.Hour, "h", time.Minute, "min")
	}
	return two(d, 24*time.Hour, "d", time.Hour, "h")
}

func two(d, big time.Duration, bigName string, small time.Duration, smallName string) string {
	if rest := d % big / small; rest > 0 {
		return fmt.Sprintf("%d %s %d %s", d/big, bigName, rest, smallName)
	}
	return fmt.Sprintf("%d %s", d/big, bigName)
}

// recent is how old something may be to be called "now": clocks and listings
// are no more exact than that.
const recent = 10 * time.Second

// ago is how long ago t was. A time ahead of now by more than clocks differ is
// shown as such.
func ago(now, t time.Time) string {
	d := now.Sub(t)
	switch {
	case t.IsZero():
		return signNone
	case d < -time.Minute:
		return "in " + span(-d)
	case d < recent:
		return "now"
	}
	return span(d)
}

// justNow is how old a listing is.
func justNow(d time.Duration) string {
	if d < time.Second {
		return "now"
	}
	return span(d) + " ago"
}

// absolute is a time in full, in UTC.
func absolute(t time.Time) string {
	if t.IsZero() {
		return signNone
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

// size is a number of bytes: "148 kB".
func size(n int64) string { return humanize.Bytes(uint64(max(0, n))) }

// count is a number with thousands separated.
func count(n int) string { return humanize.Comma(int64(n)) }

// parted is the errors that errors.Join put together, each with its own advice.
// Another error that wraps several is one sentence, and stays whole.
func parted(err error) []error {
	var all interface{ Unwrap() []error }
	if !errors.As(err, &all) {
		return []error{err}
	}
	parts := all.Unwrap()
	if errors.Join(parts...).Error() != err.Error() {
		return []error{err}
	}
	return parts
}

// saidAndNext takes an error apart into what happened and what to do next.
func saidAndNext(err error) (said, next string) {
	said = err.Error()
	var f *model.Failure
	if errors.As(err, &f) && f.Next != "" {
		next := f.Hint().String()
		if before, ok := strings.CutSuffix(said, next); ok {
			return strings.TrimRight(before, " ."), next
		}
	}
	return said, ""
}

// plural is "1 state", "2 states".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return count(n) + " " + noun + "s"
}

// fileName is what most states are called.
const fileName = "terraform.tfstate"

// shortKey gives up the file name of a key that does not fit, when it is the
// usual one: the folders tell which state it is.
func shortKey(key string, room int) string {
	if len(key) <= room || widget.Width(safe(key)) <= room {
		return key
	}
	if folder, ok := strings.CutSuffix(key, fileName); ok && strings.HasSuffix(folder, "/") {
		return folder + "…"
	}
	return key
}

// flow lays parts out behind a lead, separated by dots, on at most rows lines of
// w columns. Lines after the first begin below the first part, or a little
// indented where the lead is long. A part is broken only when it does not fit a
// line of its own.
func flow(st widget.Styles, lead string, parts []widget.Cell, w, rows int) []string {
	f := flowing{st: st, w: w, line: " "}
	if lead = widget.Middle(safe(lead), max(1, w/2)); lead != "" {
		f.line += st.Strong.Render(lead) + "  "
	}
	if f.indent = widget.Width(f.line); f.indent > min(28, w*2/5) {
		f.indent = min(3, w)
	}
	f.bare = true
	for _, p := range parts {
		f.part(widget.Cell{Text: safe(p.Text), Tone: p.Tone})
	}
	f.end()
	return clipLines(f.lines, w, rows)
}

// flowing is text being laid out by flow.
type flowing struct {
	st     widget.Styles
	w      int
	indent int
	line   string
	bare   bool // nothing on the line yet but its lead
	lines  []string
}

func (f *flowing) part(p widget.Cell) {
	sep := " · "
	if f.bare {
		sep = ""
	}
	if widget.Width(f.line)+widget.Width(sep)+widget.Width(p.Text) <= f.w {
		f.line += f.st.Dim.Render(sep) + f.st.Cell(p)
		f.bare = false
		return
	}
	if !f.bare || widget.Width(f.line) > f.indent {
		f.end()
	}
	for i, l := range widget.Wrap(p.Text, max(1, f.w-f.indent)) {
		if i > 0 {
			f.end()
		}
		f.line += f.st.Of(p.Tone).Render(l)
	}
	f.bare = false
}

func (f *flowing) end() {
	if strings.TrimSpace(f.line) != "" {
		f.lines = append(f.lines, f.line)
	}
	f.line = strings.Repeat(" ", f.indent)
	f.bare = true
}

// clipLines keeps at most rows lines and says when there were more.
func clipLines(lines []string, w, rows int) []string {
	if len(lines) <= rows {
		return lines
	}
	lines = lines[:max(0, rows)]
	if n := len(lines); n > 0 && !strings.HasSuffix(lines[n-1], "…") {
		if widget.Width(lines[n-1]) > w-2 { // cut, it ends with a "…" of its own
			lines[n-1] = widget.Truncate(lines[n-1], max(0, w-2))
		} else {
			lines[n-1] = widget.Fit(lines[n-1], w-2) + " …"
		}
	}
	return lines
}
