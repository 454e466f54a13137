package ui

import (
	"strings"
	"testing"
)

// While text is typed every letter is text: the footer names no other key.
func TestTheFooterWhileTextIsTyped(t *testing.T) {
	tests := map[string]struct {
		open func(*session) *session
		want string
	}{
		"a filter":                        {func(s *session) *session { return s.press("/").text("prod") }, "⏎ keep the filter   esc clear it   ↑↓ move"},
		"the filter of a tab":             {func(s *session) *session { return s.warehouse().press("tab", "/").text("lake") }, "⏎ keep the filter   esc clear it   ↑↓ move"},
		"the search of the raw text":      {func(s *session) *session { return s.warehouse().press("shift+tab", "/").text("serial") }, "⏎ search   esc end the search"},
		"no pattern yet":                  {func(s *session) *session { return s.press("5") }, "⏎ search   esc back"},
		"a pattern":                       {func(s *session) *session { return s.press("5").text("arn:") }, "⏎ search   esc clear"},
		"a pattern in place of another":   {func(s *session) *session { return s.press("5").text("queue").press("enter", "s") }, "⏎ search   esc matches"},
		"the filter of what was found":    {func(s *session) *session { return s.press("5").text("queue").press("enter", "/") }, "⏎ keep the filter   esc clear it   ↑↓ move"},
		"the permissions, being filtered": {func(s *session) *session { return s.press("p", "/") }, "⏎ keep the filter   esc clear it   ↑↓ move"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := test.open(open(t, sampleFleet()))
			lines := strings.Split(strings.TrimRight(s.screen(), "\n"), "\n")
			if footer := strings.TrimSpace(lines[len(lines)-1]); footer != test.want {
				t.Errorf("footer %q, want %q\n%s", footer, test.want, s.screen())
			}
		})
	}
}

func TestTheFooterIsBackOnceTheTextIsTyped(t *testing.T) {
	s := open(t, sampleFleet()).press("/").text("prod").missing("? help").press("enter").sees("⏎ states", "? help")
	s.press("/").missing("? help").press("esc").sees("⏎ states", "? help")
}

func TestNextAnomalyHasItsPlaceInTheFooterOf80Columns(t *testing.T) {
	open(t, sampleFleet()).warehouse().sees("s suggested", "n next anomaly", "⏎ open", "? help")
}
