package widget

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
)

const blank = "                                                                                                                                "

// spaces returns n spaces, without allocating for any width of a screen.
func spaces(n int) string {
	switch {
	case n <= 0:
		return ""
	case n <= len(blank):
		return blank[:n]
	}
	return strings.Repeat(" ", n)
}

// Width is the number of columns that sanitised text occupies. SGR sequences
// count nothing.
func Width(s string) int {
	if w, ok := simpleWidth(s); ok {
		return w
	}
	return ansi.StringWidth(s)
}

// simpleWidth adds up the columns of text in which every rune is a character of
// its own, without allocating; ok is false when there may be others.
func simpleWidth(s string) (w int, ok bool) {
	for _, r := range s {
		switch {
		case r >= 0x20 && r < 0x7f, r > 0xa0 && r < 0x300 && r != 0xad: // Latin
			w++
		case r >= 0x2010 && r < 0x2028, r >= 0x2500 && r < 0x25fd, r == '✓', r == '✖': // punctuation, boxes
			w++
		case r >= 0x4e00 && r < 0xa000: // CJK ideographs
			w += 2
		default:
			return 0, false
		}
	}
	return w, true
}

// Truncate cuts sanitised, uncoloured text to w columns, ending it in "…".
func Truncate(s string, w int) string {
	if w <= 0 {
		return ""
	}
	if Width(s) <= w {
		return s
	}
	return headCols(s, w-1) + "…"
}

// Middle cuts sanitised, uncoloured text to w columns by taking out its middle.
// The end gets two thirds of the room: of two long keys it is the end that tells
// which is which.
func Middle(s string, w int) string {
	if w <= 0 {
		return ""
	}
	if Width(s) <= w {
		return s
	}
	tail := tailCols(s, (2*w)/3)
	return headCols(s, w-1-Width(tail)) + "…" + tail
}

// headCols is the longest prefix of s that fits w columns.
func headCols(s string, w int) string {
	if w <= 0 {
		return ""
	}
	if n := asciiPrefix(s); n == len(s) || n > w {
		return s[:min(n, w)]
	}
	end := 0
	for rest := s; len(rest) > 0; {
		cluster, width := ansi.FirstGraphemeCluster(rest, ansi.GraphemeWidth)
		if width > w {
			break
		}
		w -= width
		end += len(cluster)
		rest = rest[len(cluster):]
	}
	return s[:end]
}

// tailCols is the longest suffix of s that fits w columns.
func tailCols(s string, w int) string {
	if asciiPrefix(s) == len(s) {
		return s[max(0, len(s)-w):]
	}
	over := ansi.StringWidth(s) - w
	for over > 0 && len(s) > 0 {
		cluster, width := ansi.FirstGraphemeCluster(s, ansi.GraphemeWidth)
		over -= width
		s = s[len(cluster):]
	}
	return s
}

// PadRight fills sanitised text with spaces on the right up to w columns, or
// cuts its end.
func PadRight(s string, w int) string {
	s = Truncate(s, w)
	return s + spaces(w-Width(s))
}

// PadLeft fills sanitised text with spaces on the left up to w columns, or cuts
// its end.
func PadLeft(s string, w int) string {
	s = Truncate(s, w)
	return spaces(w-Width(s)) + s
}

// Wrap breaks sanitised, uncoloured text into lines of at most w columns, at
// spaces where there are any and inside a word where it is longer than a line.
// It returns at least one line.
func Wrap(s string, w int) []string {
	if w <= 0 {
		return []string{""}
	}
	var lines []string
	for _, par := range strings.Split(s, "\n") {
		lines = append(lines, wrapLine(par, w)...)
	}
	return lines
}

func wrapLine(s string, w int) []string {
	var lines []string
	for {
		head := headCols(s, w) // looks at one line only, however long the text is
		if head == s {
			return append(lines, s)
		}
		if head == "" { // one character wider than the line
			return append(lines, Truncate(s, w))
		}
		rest := s[len(head):]
		if rest[0] != ' ' {
			if i := strings.LastIndexByte(head, ' '); i > 0 && strings.TrimSpace(head[:i]) != "" {
				head, rest = head[:i], s[i:]
			}
		}
		lines = append(lines, strings.TrimRight(head, " "))
		s = strings.TrimLeft(rest, " ")
		if s == "" {
			return lines
		}
	}
}

// Fit makes one line of coloured text exactly w columns wide. Whatever it cuts
// off ends in "…", and colour never runs on beyond the line.
func Fit(s string, w int) string {
	if w <= 0 {
		return ""
	}
	n := Width(s)
	if n > w {
		s = ansi.Truncate(s, w, "…")
		n = ansi.StringWidth(s)
	}
	return s + spaces(w-n)
}

// FitBlock makes coloured text exactly w columns wide and h lines high.
func FitBlock(s string, w, h int) string {
	lines := strings.Split(s, "\n")
	var b strings.Builder
	for i := range h {
		if i > 0 {
			b.WriteByte('\n')
		}
		line := ""
		if i < len(lines) {
			line = lines[i]
		}
		b.WriteString(Fit(line, w))
	}
	return b.String()
}

// Justify puts two pieces of coloured text at the ends of a line of w columns.
// Where both do not fit the left one is cut.
func Justify(left, right string, w int) string {
	rw := Width(right)
	if rw >= w {
		return Fit(right, w)
	}
	if rw == 0 {
		return Fit(left, w)
	}
	room := w - rw
	if lw := Width(left); lw+1 > room {
		return Fit(left, room-1) + " " + right
	}
	return Fit(left, room) + right
}

// Rule is a horizontal line of w columns.
func Rule(w int) string {
	return strings.Repeat("─", max(0, w))
}
