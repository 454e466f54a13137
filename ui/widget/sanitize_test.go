package widget

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"

	"github.com/charmbracelet/x/ansi"
)

func TestSanitize(t *testing.T) {
	tests := map[string]struct{ in, want string }{
		"printable ASCII stays":                        {"prod/app \\n ~", "prod/app \\n ~"},
		"letters of other scripts stay":                {"état/Zürich/東京/Київ", "état/Zürich/東京/Київ"},
		"our own signs stay":                           {"▌ ● ▲ ✖ ✓ … · › ⟳ ⏎ ★", "▌ ● ▲ ✖ ✓ … · › ⟳ ⏎ ★"},
		"a newline is seen":                            {"a\nb\r\tc", `a\nb\r\tc`},
		"a colour is seen, not shown":                  {"\x1b[31mred\x1b[m", `\x1b[31mred\x1b[m`},
		"a window title is not set":                    {"\x1b]0;pwned\a", `\x1b]0;pwned\x07`},
		"a clipboard write ended by ST is not run":     {"\x1b]52;c;aGk=\x1b\\", `\x1b]52;c;aGk=\x1b\`},
		"NUL and DEL are seen":                         {"\x00\x7f", `\x00\x7f`},
		"an eight-bit control is seen":                 {"\u009b31m", `\u009b31m`},
		"a byte that is not UTF-8 is seen":             {"a\x9bb\xff", `a\x9bb\xff`},
		"half of a character is seen":                  {"a\xe2\x82", `a\xe2\x82`},
		"an overlong encoding is seen":                 {"\xc0\x9b", `\xc0\x9b`},
		"a real replacement character stays":           {"a\ufffd", "a\ufffd"},
		"bidi overrides are seen":                      {"a\u202eb\u2066c\u2069", `a\u202eb\u2066c\u2069`},
		"bidi marks are seen":                          {"\u061c\u200e\u200f", `\u061c\u200e\u200f`},
		"zero-width characters are seen":               {"a\u200b\u200c\u200d\u2060\ufeffb", `a\u200b\u200c\u200d\u2060\ufeffb`},
		"a soft hyphen is seen":                        {"a\u00adb", `a\u00adb`},
		"line and paragraph separators are seen":       {"\u2028\u2029", `\u2028\u2029`},
		"spaces that only look like one are seen":      {"a\u00a0b\u3000c", `a\u00a0b\u3000c`},
		"fillers that draw nothing are seen":           {"\u3164\u115f\u2800", `\u3164\u115f\u2800`},
		"private-use characters are seen":              {"\ue000\U000f0000", `\ue000\U000f0000`},
		"variation selectors are seen":                 {"a\ufe0f\U000e0100", `a\ufe0f\U000e0100`},
		"tag characters are seen":                      {"a\U000e0041", `a\U000e0041`},
		"unassigned characters are seen":               {"\u0378", `\u0378`},
		"an accent on its letter stays":                {"e\u0301", "e\u0301"},
		"an accent without a letter is seen":           {"\u0301a", `\u0301a`},
		"an accent on a space is seen":                 {"a \u0301", `a \u0301`},
		"an accent behind an escape is seen":           {"\n\u0301", `\n\u0301`},
		"a fifth accent and all behind it are seen":    {"e" + strings.Repeat("\u0301", 6), "e" + strings.Repeat("\u0301", 4) + `\u0301\u0301`},
		"a flag is seen by its letters":                {"\U0001f1e9\U0001f1ea", `\U0001f1e9\U0001f1ea`},
		"a skin tone, which terminals differ about":    {"\U0001f44d\U0001f3fd", "\U0001f44d" + `\U0001f3fd`},
		"a joined family falls apart into its members": {"\U0001f468\u200d\U0001f469", "\U0001f468" + `\u200d` + "\U0001f469"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := Sanitize(tt.in); got != tt.want {
				t.Errorf("Sanitize(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestSanitizeLines(t *testing.T) {
	tests := map[string]struct{ in, want string }{
		"line ends stay, of both kinds": {"a\nb\r\nc", "a\nb\nc"},
		"a lone return is seen":         {"a\rb\nc\r", `a\rb` + "\n" + `c\r`},
		"tabs go to the next stop":      {"a\tb\n12345678\tc", "a       b\n12345678        c"},
		"a tab counts wide characters":  {"東\tb", "東      b"},
		"other controls are seen":       {"a\x1b[2J\nb", `a\x1b[2J` + "\nb"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := SanitizeLines(tt.in); got != tt.want {
				t.Errorf("SanitizeLines(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestSanitizeStyled(t *testing.T) {
	tests := map[string]struct{ in, want string }{
		"colours and lines stay":            {"\x1b[1;31ma\x1b[m\nb", "\x1b[1;31ma\x1b[m\nb"},
		"a cursor movement is seen":         {"\x1b[2Ja", `\x1b[2Ja`},
		"an escape at the end is seen":      {"a\x1b", `a\x1b`},
		"an unfinished colour is seen":      {"a\x1b[31", `a\x1b[31`},
		"a title between colours is seen":   {"\x1b[m\x1b]0;x\a\x1b[m", "\x1b[m" + `\x1b]0;x\x07` + "\x1b[m"},
		"a keyboard mode is not set":        {"\x1b[>4;1m", `\x1b[>4;1m`},
		"bidi between colours is seen":      {"\x1b[1m\u202ea\x1b[m", "\x1b[1m" + `\u202ea` + "\x1b[m"},
		"text without colour is plain text": {"a\tb", "a       b"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := SanitizeStyled(tt.in); got != tt.want {
				t.Errorf("SanitizeStyled(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestClip(t *testing.T) {
	tests := map[string]struct {
		in   string
		n    int
		want string
	}{
		"what fits stays":               {"abc", 3, "abc"},
		"what does not fit is cut":      {"abcdef", 4, "abc…"},
		"escapes count as they look":    {"\x1b\x1b", 6, `\x1b\…`},
		"nothing fits nowhere":          {"abc", 0, ""},
		"ten megabytes cost as a line":  {strings.Repeat("x", 10<<20), 5, "xxxx…"},
		"wide characters are not split": {"東京東京", 4, "東…"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := Clip(tt.in, tt.n); got != tt.want {
				t.Errorf("Clip(%.20q, %d) = %q, want %q", tt.in, tt.n, got, tt.want)
			}
		})
	}
}

func TestSanitizeAllocatesNothingForWhatIsClean(t *testing.T) {
	for name, s := range map[string]string{
		"ASCII":        "payments/api/terraform.tfstate",
		"with a sign":  "● good",
		"with accents": "état de Zürich",
	} {
		t.Run(name, func(t *testing.T) {
			if n := testing.AllocsPerRun(100, func() { _ = Sanitize(s) }); n != 0 {
				t.Errorf("%v allocations", n)
			}
		})
	}
}

// checkSafe fails when a line has anything but printable runes, or when
// terminals could draw it at different widths.
func checkSafe(t *testing.T, line string) {
	t.Helper()
	for i, r := range line {
		if !unicode.IsPrint(r) {
			t.Errorf("rune %U at %d in %q", r, i, line)
		}
	}
	if g, wc := ansi.StringWidth(line), ansi.StringWidthWc(line); g != wc {
		t.Errorf("%q is %d columns wide by clusters, %d by runes", line, g, wc)
	}
}

func FuzzSanitize(f *testing.F) {
	for _, s := range hostile() {
		f.Add(firstRunes(s, 60)) // long ones only slow the search down
	}
	f.Fuzz(func(t *testing.T, s string) {
		out := Sanitize(s)
		checkSafe(t, out)
		if again := Sanitize(out); again != out {
			t.Errorf("not stable: %q became %q", out, again)
		}
		if len(out) < len(s) {
			t.Errorf("%q lost something: %q", s, out)
		}
		for line := range strings.SplitSeq(SanitizeLines(s), "\n") {
			checkSafe(t, line)
		}
		for line := range strings.SplitSeq(ansi.Strip(SanitizeStyled(s)), "\n") {
			checkSafe(t, line)
		}
		for w := range 12 {
			for _, cut := range []string{Truncate(out, w), Middle(out, w), Clip(s, w)} {
				if ansi.StringWidth(cut) > w {
					t.Errorf("%q is wider than %d", cut, w)
				}
			}
		}
	})
}

func BenchmarkSanitize(b *testing.B) {
	for name, s := range map[string]string{
		"ascii":   "payments/api/terraform.tfstate",
		"sign":    "● good",
		"hostile": strings.Repeat("\x1b[31m\u202e", 20),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = Sanitize(s)
			}
		})
	}
}

// Scripts whose characters join their neighbours, and characters that hide.
func TestSanitizeKeepsWidthsInAnyMixture(t *testing.T) {
	ranges := [][2]rune{
		{0x00, 0xff}, {0x0300, 0x0360}, {0x0590, 0x06ff}, {0x0900, 0x0dff}, {0x0e00, 0x0fff}, {0x1000, 0x11ff},
		{0x1780, 0x18af}, {0x2000, 0x20ff}, {0x2600, 0x27bf}, {0x3000, 0x30ff}, {0xa960, 0xa97f}, {0xac00, 0xd7ff},
		{0xfe00, 0xfe2f}, {0x11000, 0x114ff}, {0x1d100, 0x1d1ff}, {0x1f1e0, 0x1f64f}, {0x1f900, 0x1f9ff}, {0xe0000, 0xe01ff},
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 40_000 {
		var b strings.Builder
		for range 2 + random.IntN(8) {
			r := ranges[random.IntN(len(ranges))]
			b.WriteRune(r[0] + random.Int32N(r[1]-r[0]+1))
		}
		out := Sanitize(b.String())
		checkSafe(t, out)
		if again := Sanitize(out); again != out {
			t.Errorf("not stable: %q became %q", out, again)
		}
		if t.Failed() {
			t.Fatalf("from %q", b.String())
		}
	}
}
