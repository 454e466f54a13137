package widget

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

const (
	// maxMarks is how many combining marks one base may carry. Written
	// languages need two or three; more than that is drawn over other rows.
	maxMarks = 4
	tabStop  = 8
)

// Sanitize returns s as one line that is safe to print. What a terminal would
// obey or hide is shown escaped, never dropped: controls and ANSI sequences
// (`\n`, `\x1b`, `\u009b`), bytes that are not UTF-8 (`\xff`), bidi, zero-width,
// format and private-use characters (`\u202e`), spaces other than U+0020,
// combining marks without a base or beyond four on one, and characters on whose
// width terminals disagree (flags, joined emoji), because those shift the rest
// of the line.
//
// Backslashes are left alone, so Sanitize(Sanitize(s)) == Sanitize(s); the
// result is for eyes and is not meant to be decoded. Printable ASCII is
// returned as it is, without allocating.
func Sanitize(s string) string {
	i := asciiPrefix(s)
	if i == len(s) {
		return s
	}
	return escapeWidths(escapeRunes(s))
}

// SanitizeLines is [Sanitize] for text of several lines: "\n" and "\r\n" end a
// line, tabs become spaces up to the next multiple of eight columns, and all
// else is escaped.
func SanitizeLines(s string) string {
	if !strings.ContainsAny(s, "\n\t") {
		return Sanitize(s)
	}
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		if i < len(lines)-1 {
			line = strings.TrimSuffix(line, "\r")
		}
		lines[i] = sanitizeTabs(line)
	}
	return strings.Join(lines, "\n")
}

func sanitizeTabs(line string) string {
	if !strings.Contains(line, "\t") {
		return Sanitize(line)
	}
	var b strings.Builder
	col := 0
	for i, part := range strings.Split(line, "\t") {
		if i > 0 {
			n := tabStop - col%tabStop
			b.WriteString(spaces(n))
			col += n
		}
		part = Sanitize(part)
		b.WriteString(part)
		col += Width(part)
	}
	return b.String()
}

// Clip returns s sanitised and at most n columns wide, ending in "…" when it
// was cut. It looks at the first n characters only, so that a value of any
// size costs the same.
func Clip(s string, n int) string {
	if n <= 0 {
		return ""
	}
	// A rune may be a mark of width 0, so a few more are read than fit.
	head := firstRunes(s, n*(maxMarks+1)+1)
	out := Sanitize(head)
	if len(head) < len(s) {
		out += "…"
	}
	return Truncate(out, n)
}

// SanitizeStyled is [SanitizeLines] for text that a widget or a page has
// already coloured: SGR sequences (`ESC [ digits ; m`) pass, all else that
// Sanitize would escape is escaped. It is the last line of defence where
// finished text is put together, such as the body of a [Box].
func SanitizeStyled(s string) string {
	if !strings.Contains(s, "\x1b") {
		return SanitizeLines(s)
	}
	var b strings.Builder
	for len(s) > 0 {
		i := strings.IndexByte(s, 0x1b)
		if i < 0 {
			b.WriteString(SanitizeLines(s))
			break
		}
		n := sgrLen(s[i:])
		if n == 0 { // An escape that is not ours: shown with what follows it.
			b.WriteString(SanitizeLines(s[:i]))
			b.WriteString(`\x1b`)
			s = s[i+1:]
			continue
		}
		b.WriteString(SanitizeLines(s[:i]))
		b.WriteString(s[i : i+n])
		s = s[i+n:]
	}
	return b.String()
}

// sgrLen is the length of the SGR sequence at the start of s, 0 if none is there.
func sgrLen(s string) int {
	if len(s) < 3 || s[1] != '[' {
		return 0
	}
	for i := 2; i < len(s); i++ {
		c := s[i]
		if c == 'm' {
			return i + 1
		}
		if (c < '0' || c > '9') && c != ';' {
			return 0
		}
	}
	return 0
}

// asciiPrefix is the number of leading bytes of s that are printable ASCII.
func asciiPrefix(s string) int {
	for i := 0; i < len(s); i++ {
		if s[i] < 0x20 || s[i] > 0x7e {
			return i
		}
	}
	return len(s)
}

// escapeRunes escapes, rune by rune, whatever must not be printed. It returns s
// itself when there is nothing to escape.
func escapeRunes(s string) string {
	var c checker
	i := c.skip(s)
	if i == len(s) {
		return s
	}
	var b strings.Builder
	for {
		b.WriteString(s[:i])
		s = s[i:]
		if s == "" {
			return b.String()
		}
		r, size := utf8.DecodeRuneInString(s)
		writeEscape(&b, s[:size], r)
		s = s[size:]
		i = c.skip(s)
	}
}

// checker knows what the next combining mark would land on.
type checker struct {
	based bool // there is a character for it
	marks int  // that already has this many
}

// skip is the number of leading bytes of s that may be printed.
func (c *checker) skip(s string) int {
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if !c.passes(r, size) {
			c.based = false
			return i
		}
		i += size
	}
	return len(s)
}

func (c *checker) passes(r rune, size int) bool {
	if !printable(r, size) {
		return false
	}
	if r >= 0x300 && unicode.Is(unicode.M, r) {
		c.marks++
		return c.based && c.marks <= maxMarks
	}
	// A mark on a space would land on whatever is drawn before it.
	c.based, c.marks = r != ' ', 0
	return true
}

// printable reports whether a rune, decoded from size bytes, may be printed as
// it is. [unicode.IsPrint] already excludes controls, format and private-use
// characters, unassigned ones and every space but U+0020. The letters of flags
// are excluded because terminals give a pair of them 1, 2 or 4 columns.
func printable(r rune, size int) bool {
	if r == utf8.RuneError && size <= 1 {
		return false
	}
	if r < utf8.RuneSelf {
		return r >= 0x20 && r < 0x7f
	}
	return unicode.IsPrint(r) && !invisible(r) && !unicode.Is(unicode.Regional_Indicator, r) && !joinsNext(r) && !joinsBefore(r)
}

// joinsBefore reports a letter that makes one cluster with whatever stands
// before it (Unicode Grapheme_Cluster_Break=SpacingMark, though no mark): Thai
// and Lao AM. At the start of a cell that is a border or a space of ours.
func joinsBefore(r rune) bool { return r == '\u0e33' || r == '\u0eb3' }

// joinsNext reports a letter that makes one cluster with whatever comes behind
// it (Unicode Grapheme_Cluster_Break=Prepend), be it a border of ours. They are
// rare signs of Indic scripts.
func joinsNext(r rune) bool {
	if r < 0x0d00 || (r >= 0x2000 && r < 0x11000) || r >= 0x12000 {
		return false
	}
	return ansi.StringWidth(string(r)+"x") == ansi.StringWidth(string(r))
}

// invisible reports letters, marks and symbols that draw nothing: Hangul
// fillers, the grapheme joiner, variation selectors (Unicode
// Default_Ignorable_Code_Point) and the blank Braille pattern.
func invisible(r rune) bool {
	return r == '\u2800' ||
		unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) ||
		unicode.Is(unicode.Variation_Selector, r)
}

// writeEscape writes the visible form of r, which was decoded from raw.
func writeEscape(b *strings.Builder, raw string, r rune) {
	switch {
	case r == '\n':
		b.WriteString(`\n`)
	case r == '\r':
		b.WriteString(`\r`)
	case r == '\t':
		b.WriteString(`\t`)
	case len(raw) == 1:
		fmt.Fprintf(b, `\x%02x`, raw[0])
	case r > 0xffff:
		fmt.Fprintf(b, `\U%08x`, r)
	default:
		fmt.Fprintf(b, `\u%04x`, r)
	}
}

// escapeWidths escapes what two terminals would draw at different widths. One
// that measures grapheme clusters and one that adds up code points agree on
// everything that is left, so a line is as wide as we think it is on both.
func escapeWidths(s string) string {
	if _, ok := simpleWidth(s); ok {
		return s
	}
	good := agreedPrefix(s)
	if good == len(s) {
		return s
	}
	var b strings.Builder
	for good < len(s) {
		b.WriteString(s[:good])
		s = s[good:]
		cluster, _ := ansi.FirstGraphemeCluster(s, ansi.GraphemeWidth)
		escapeTail(&b, cluster)
		s = s[len(cluster):]
		good = agreedPrefix(s)
	}
	b.WriteString(s)
	return b.String()
}

// agreedPrefix is the number of leading bytes on whose width all terminals agree.
func agreedPrefix(s string) int {
	i := 0
	for i < len(s) {
		if n := asciiPrefix(s[i:]); n > 1 {
			i += n - 1 // the last one may carry marks
		}
		cluster, width := ansi.FirstGraphemeCluster(s[i:], ansi.GraphemeWidth)
		if width != ansi.StringWidthWc(cluster) {
			return i
		}
		i += len(cluster)
	}
	return i
}

// escapeTail keeps the first rune of a cluster, if it alone has one width, and
// escapes the rest.
func escapeTail(b *strings.Builder, cluster string) {
	for i, r := range cluster {
		c := string(r)
		if i == 0 && ansi.StringWidth(c) == ansi.StringWidthWc(c) {
			b.WriteString(c)
			continue
		}
		writeEscape(b, c, r)
	}
}

// firstRunes returns the first n runes of s.
func firstRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}
