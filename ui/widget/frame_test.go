package widget

import (
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
)

func TestBox(t *testing.T) {
	tests := map[string]struct {
		title, body string
		w, h        int
		want        string
	}{
		"as high as its body": {"Force-unlock api", "Held by   ci\nSince     3 h", 30, 0, `
╭ Force-unlock api ──────────╮
│ Held by   ci               │
│ Since     3 h              │
╰────────────────────────────╯`},
		"higher than its body": {"Title", "a", 12, 4, `
╭ Title ───╮
│ a        │
│          │
╰──────────╯`},
		"too low: it says what is missing": {"Title", "a\nb\nc\nd", 24, 4, `
╭ Title ───────────────╮
│ a                    │
│ b                    │
╰────── … 2 more lines ╯`},
		"a long title loses its middle": {"payments/api/terraform.tfstate", "a", 24, 0, `
╭ paymen…aform.tfstate ╮
│ a                    │
╰──────────────────────╯`},
		"no title": {"", "a", 8, 0, `
╭──────╮
│ a    │
╰──────╯`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := Box(tt.title, tt.body, tt.w, tt.h, NewStyles(true, false))
			checkView(t, got, tt.w)
			if got, want := ansi.Strip(got), strings.TrimPrefix(tt.want, "\n"); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestOverlay(t *testing.T) {
	red := "\x1b[31m..........\x1b[m"
	tests := map[string]struct{ base, box, want string }{
		"in the middle":                      {strings.Repeat("..........\n", 3) + "..........", "abcd\nefgh", "..........\n...abcd...\n...efgh...\n.........."},
		"colours go on behind the box":       {red, "ab", "....ab...."},
		"half a wide character is blank":     {"東京東京東京", "abcd", "東京abcd東京"},
		"half on each side":                  {".東京東京東.", "abcd", ".東 abcd 東."},
		"a larger box loses right and below": {"....\n....", "abcdef\nabcdef\nabcdef", "abc…\nabc…"},
		"the screen itself":                  {"....\n....", "abcd\nefgh", "abcd\nefgh"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := Overlay(tt.base, tt.box)
			first, _, _ := strings.Cut(tt.base, "\n")
			checkView(t, got, ansi.StringWidth(first))
			if ansi.Strip(got) != tt.want {
				t.Errorf("got\n%s\nwant\n%s", ansi.Strip(got), tt.want)
			}
		})
	}
}

func TestOverlayKeepsTheColourOfWhatItCovers(t *testing.T) {
	got := Overlay("\x1b[31m..........\x1b[m", "ab")
	if want := "\x1b[31m....\x1b[m"; !strings.HasPrefix(got, want) {
		t.Errorf("left of the box: %q", got)
	}
	if _, right, _ := strings.Cut(got, "ab"); !strings.HasPrefix(right, "\x1b[m") || !strings.Contains(right, "\x1b[31m....") {
		t.Errorf("right of the box: %q", right)
	}
}

func TestKeyBar(t *testing.T) {
	hints := []Hint{{"⏎", "states", false}, {"U", "unlock", true}, {"?", "help", false}, {"/", "filter", false}, {"q", "quit", false}}
	tests := map[string]struct {
		w     int
		hints []Hint
		want  string
	}{
		"all fit, help is last":             {60, hints, " ⏎ states   (U unlock)   / filter   q quit   ? help         "},
		"the last goes first":               {46, hints, " ⏎ states   (U unlock)   / filter   …   ? help"},
		"only the most important is left":   {24, hints, " ⏎ states   …   ? help  "},
		"only help is left":                 {12, hints, " ? help     "},
		"help is there without being asked": {10, nil, " ? help   "},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := ansi.Strip(KeyBar(tt.hints, tt.w, NewStyles(true, false))); got != tt.want {
				t.Errorf("\n%q, want\n%q", got, tt.want)
			}
		})
	}
}

func TestTextBar(t *testing.T) {
	hints := []Hint{{"⏎", "search", false}, {"esc", "back", false}}
	for name, tt := range map[string]struct {
		w    int
		want string
	}{
		"all fit, and no help":            {24, " ⏎ search   esc back    "},
		"only the most important is left": {14, " ⏎ search     "},
		"nothing fits":                    {4, "    "},
	} {
		t.Run(name, func(t *testing.T) {
			if got := ansi.Strip(TextBar(hints, tt.w, NewStyles(true, false))); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

func TestCrumbs(t *testing.T) {
	way := []string{"Backends", "acme-tfstate-data", "warehouse/terraform.tfstate"}
	tests := map[string]struct {
		w      int
		crumbs []string
		want   string
	}{
		"all fit":                      {62, way, " Backends › acme-tfstate-data › warehouse/terraform.tfstate   "},
		"the longest loses its middle": {50, way, " Backends › acme-tfstate-data › wareh…form.tfstate"},
		"all lose something":           {40, way, " Backends › acme…ate-data › war….tfstate"},
		"the first go":                 {26, way, " … › wareho…raform.tfstate"},
		"only the page is left":        {12, way, " war…tfstate"},
		"one crumb":                    {12, []string{"Backends"}, " Backends   "},
		"none":                         {5, nil, "     "},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := ansi.Strip(Crumbs(tt.crumbs, tt.w, NewStyles(true, false))); got != tt.want {
				t.Errorf("\n%q, want\n%q", got, tt.want)
			}
		})
	}
}

func TestTabs(t *testing.T) {
	tabs := []string{"versions 31", "resources 3", "outputs 1", "locks -"}
	tests := map[string]struct {
		active, w int
		want      string
	}{
		"the first":                       {0, 52, " [versions 31] resources 3  outputs 1  locks -      "},
		"another":                         {2, 52, "  versions 31  resources 3 [outputs 1] locks -      "},
		"narrow: the active one is shown": {3, 24, " …  outputs 1 [locks -] "},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := ansi.Strip(Tabs(tabs, tt.active, tt.w, NewStyles(true, false))); got != tt.want {
				t.Errorf("\n%q, want\n%q", got, tt.want)
			}
		})
	}
}

func TestSteps(t *testing.T) {
	steps := []Step{
		{Name: "delete the row in acme-locks", Detail: "was as seen", Status: StepDone, Elapsed: 240 * time.Millisecond},
		{Name: "delete the lock file", Status: StepSkipped},
		{Name: "check the digest", Detail: "the row holds another digest than the state has", Status: StepFailed, Elapsed: 1250 * time.Millisecond},
		{Name: "release", Status: StepRunning},
		{Name: "write the journal", Status: StepPending},
	}
	tests := map[string]struct {
		h    int
		want string
	}{
		"all of them": {0, `
✓ 1 delete the row in acme-locks  was as seen  240 ms
- 2 delete the lock file
✖ 3 check the digest                            1.2 s
    the row holds another digest than the state has
… 4 release
· 5 write the journal`},
		"low: round the one that runs": {3, `
    the row holds another digest than the state has
… 4 release
· 5 write the journal`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			view := Steps(steps, 53, tt.h, NewStyles(true, false))
			checkView(t, view, 53)
			if got, want := trimLines(view), strings.TrimPrefix(tt.want, "\n"); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestElapsed(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"":            0,
		"1 ms":        time.Microsecond,
		"999 ms":      999 * time.Millisecond,
		"1.2 s":       1290 * time.Millisecond,
		"59 s":        59900 * time.Millisecond,
		"2 min 3 s":   123 * time.Second,
		"3 h 7 min":   187 * time.Minute,
		"100 h 0 min": 100 * time.Hour,
	} {
		if got := Elapsed(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
}
