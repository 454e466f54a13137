package widget

import (
	"strings"
	"testing"
	"unicode"

	"github.com/charmbracelet/x/ansi"
)

func TestCutting(t *testing.T) {
	tests := map[string]struct {
		cut  func(string, int) string
		in   string
		w    int
		want string
	}{
		"what fits is not cut":                       {Truncate, "abc", 3, "abc"},
		"an end is cut":                              {Truncate, "abcdef", 4, "abc…"},
		"a wide character is not halved":             {Truncate, "東京都", 4, "東…"},
		"one column says that there is more":         {Truncate, "abc", 1, "…"},
		"no column, no text":                         {Truncate, "abc", 0, ""},
		"the middle goes, the end survives":          {Middle, "payments/api/eu-west-1/terraform.tfstate", 24, "payment…erraform.tfstate"},
		"the middle of what fits stays":              {Middle, "abc", 3, "abc"},
		"one column of a middle":                     {Middle, "abcdef", 1, "…"},
		"two columns keep the end":                   {Middle, "abcdef", 2, "…f"},
		"the middle of wide characters":              {Middle, "東京都大阪府", 8, "東…阪府"},
		"an accent stays with its letter":            {Truncate, "e\u0301e\u0301e\u0301", 2, "e\u0301…"},
		"an accent stays with its letter at the end": {Middle, "abcde\u0301", 3, "…de\u0301"},
		"filled on the right":                        {PadRight, "ab", 4, "ab  "},
		"filled on the right by width":               {PadRight, "東", 4, "東  "},
		"cut instead of filled":                      {PadRight, "abcdef", 4, "abc…"},
		"cut before a wide character, then filled":   {PadRight, "東京都", 5, "東京…"},
		"filled on the left":                         {PadLeft, "12", 4, "  12"},
		"fitted with its colour":                     {Fit, "\x1b[31mabcdef\x1b[m", 4, "\x1b[31mabc…\x1b[m"},
		"fitted and filled":                          {Fit, "\x1b[31mab\x1b[m", 4, "\x1b[31mab\x1b[m  "},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := tt.cut(tt.in, tt.w); got != tt.want {
				t.Errorf("of %q in %d columns: %q, want %q", tt.in, tt.w, got, tt.want)
			}
		})
	}
}

func TestWrap(t *testing.T) {
	tests := map[string]struct {
		in   string
		w    int
		want string
	}{
		"at spaces":                       {"two writers can overwrite each other", 14, "two writers|can overwrite|each other"},
		"a line that fits exactly":        {"two writers", 11, "two writers"},
		"a space at the very edge":        {"two writers can", 11, "two writers|can"},
		"a word longer than a line":       {"see arn:aws:kms:eu-west-1:key", 10, "see|arn:aws:km|s:eu-west-|1:key"},
		"blank text is one line":          {"", 5, ""},
		"lines stay lines":                {"a\n\nb c", 5, "a||b c"},
		"wide characters":                 {"東京都 大阪府", 6, "東京都|大阪府"},
		"spaces only":                     {"      ", 3, ""},
		"a character wider than the line": {"東京", 1, "…"},
		"no room at all":                  {"abc", 0, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := strings.Join(Wrap(tt.in, tt.w), "|"); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

func TestJustify(t *testing.T) {
	tests := map[string]struct{ left, right, want string }{
		"both ends":                    {"abc", "xyz", "abc    xyz"},
		"the left one is cut":          {"abcdefghij", "xyz", "abcde… xyz"},
		"the right one fills the line": {"abc", "0123456789", "0123456789"},
		"no right one":                 {"abc", "", "abc       "},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := Justify(tt.left, tt.right, 10); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

func TestFitBlock(t *testing.T) {
	if got, want := FitBlock("abcdef\ngh\nij", 4, 2), "abc…\ngh  "; got != want {
		t.Errorf("too much: %q, want %q", got, want)
	}
	if got, want := FitBlock("a", 2, 3), "a \n  \n  "; got != want {
		t.Errorf("too little: %q, want %q", got, want)
	}
}

// The shortcut for simple text must agree with the real measurement.
func TestSimpleWidthIsTheRealWidth(t *testing.T) {
	for r := rune(0); r < 0x30000; r++ {
		w, ok := simpleWidth(string(r))
		if !ok || !unicode.IsPrint(r) {
			continue
		}
		if real := ansi.StringWidth(string(r)); real != w {
			t.Errorf("%U is %d columns wide, not %d", r, real, w)
		}
	}
	for _, joins := range []string{"e\u0301", "\u1100\u1161", "\x1b[m", "\u200d", "\U0001f1e9"} {
		if _, ok := simpleWidth(joins); ok {
			t.Errorf("%q is not simple", joins)
		}
	}
}
