package widget

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
)

var colourSGR = regexp.MustCompile(`\x1b\[[0-9;]*\b(3[0-8]|4[0-8]|9[0-7]|10[0-7])\b`)

func TestNoColourSetsNoColour(t *testing.T) {
	for _, dark := range []bool{true, false} {
		for widget, view := range drawn("payments/terraform.tfstate", 80, NewStyles(dark, true)) {
			if colourSGR.MatchString(view) {
				t.Errorf("%s has colour: %q", widget, view)
			}
		}
	}
	if !colourSGR.MatchString(NewStyles(true, false).Bad.Render("x")) {
		t.Error("the pattern does not find a colour")
	}
}

func TestStyleRender(t *testing.T) {
	st := NewStyles(true, false)
	tests := map[string]struct{ got, want string }{
		"text is wrapped":                      {st.Title.Render("a"), "\x1b[1ma\x1b[m"},
		"nothing stays nothing":                {st.Title.Render(""), ""},
		"a plain tone adds nothing":            {st.Of(Plain).Render("a"), "a"},
		"an unknown tone is plain":             {st.Of(Tone(99)).Render("a"), "a"},
		"a style goes on behind an inner one":  {st.Title.Render("a\x1b[m b"), "\x1b[1ma\x1b[m\x1b[1m b\x1b[m"},
		"a cell is sanitised":                  {st.Cell(Cell{"\x1b[m", Plain}), `\x1b[m`},
		"the zero styles leave text as it was": {Styles{}.Bad.Render("a"), "a"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if tt.got != tt.want {
				t.Errorf("%q, want %q", tt.got, tt.want)
			}
		})
	}
}

// WCAG 2 asks for 4.5:1 between text and what is behind it.
func TestTonesAreReadable(t *testing.T) {
	for name, tt := range map[string]struct {
		dark   bool
		ground int // of the 256 colours, a usual one
	}{
		"on black":      {true, 16},
		"on dark grey":  {true, 234},
		"on white":      {false, 231},
		"on light grey": {false, 255},
	} {
		st := NewStyles(tt.dark, false)
		row := index(t, st.Cursor.on, "48;5;")
		for tone := Dim; tone < tones; tone++ {
			fg := index(t, st.Of(tone).on, "38;5;")
			for _, ground := range []int{tt.ground, row} {
				if c := contrast(fg, ground); c < 4.5 {
					t.Errorf("%s: tone %d has a contrast of %.1f on colour %d", name, tone, c, ground)
				}
			}
		}
	}
}

func index(t *testing.T, sgr, prefix string) int {
	t.Helper()
	_, rest, _ := strings.Cut(sgr, prefix)
	digits, _, _ := strings.Cut(strings.TrimSuffix(rest, "m"), ";")
	n, err := strconv.Atoi(digits)
	if err != nil {
		t.Fatalf("no %s in %q: %v", prefix, sgr, err)
	}
	return n
}

func contrast(a, b int) float64 {
	la, lb := luminance(a), luminance(b)
	return (math.Max(la, lb) + 0.05) / (math.Min(la, lb) + 0.05)
}

func luminance(index int) float64 {
	r, g, b, _ := ansi.IndexedColor(index).RGBA()
	lin := func(v uint32) float64 {
		c := float64(v) / 0xffff
		if c <= 0.03928 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*lin(r) + 0.7152*lin(g) + 0.0722*lin(b)
}
