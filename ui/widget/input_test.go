package widget

import (
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
)

// typing turns text into key presses; a word in <> is a named key.
func typing(t *testing.T, script string) []tea.KeyPressMsg {
	t.Helper()
	named := map[string]tea.KeyPressMsg{
		"left": press(tea.KeyLeft), "right": press(tea.KeyRight), "home": press(tea.KeyHome), "end": press(tea.KeyEnd),
		"bs": press(tea.KeyBackspace), "del": press(tea.KeyDelete), "tab": press(tea.KeyTab),
		"stab": {Code: tea.KeyTab, Mod: tea.ModShift}, "enter": press(tea.KeyEnter), "esc": press(tea.KeyEscape),
		"^u": {Code: 'u', Mod: tea.ModCtrl}, "^w": {Code: 'w', Mod: tea.ModCtrl}, "^k": {Code: 'k', Mod: tea.ModCtrl},
		"^a": {Code: 'a', Mod: tea.ModCtrl}, "^e": {Code: 'e', Mod: tea.ModCtrl}, "f1": press(tea.KeyF1),
	}
	var keys []tea.KeyPressMsg
	for script != "" {
		if rest, ok := strings.CutPrefix(script, "<"); ok {
			name, after, _ := strings.Cut(rest, ">")
			key, known := named[name]
			if !known {
				t.Fatalf("no key <%s>", name)
			}
			keys, script = append(keys, key), after
			continue
		}
		first, rest := cutFirst(script)
		keys, script = append(keys, tea.KeyPressMsg{Code: []rune(first)[0], Text: first}), rest
	}
	return keys
}

func TestInputKeys(t *testing.T) {
	tests := map[string]struct{ keys, left, right string }{
		"typing":                               {"ab c", "ab c", ""},
		"typing in the middle":                 {"ac<left>b", "ab", "c"},
		"left stops at the start":              {"a<left><left>b", "b", "a"},
		"right stops at the end":               {"ab<left><right><right>c", "abc", ""},
		"home and end":                         {"b<home>a<end>c", "abc", ""},
		"the shell's home and end":             {"b<^a>a<^e>c", "abc", ""},
		"backspace":                            {"abc<left><bs>", "a", "c"},
		"backspace at the start":               {"a<home><bs>", "", "a"},
		"delete":                               {"abc<home><del>", "", "bc"},
		"delete at the end":                    {"a<del>", "a", ""},
		"backspace takes a letter's accent":    {"xe\u0301<bs>", "x", ""},
		"left goes over a wide character":      {"東京<left>", "東", "京"},
		"kill to the start":                    {"abc<left><^u>", "", "c"},
		"kill to the end":                      {"abc<left><^k>", "ab", ""},
		"kill a word":                          {"one two <^w>", "one ", ""},
		"kill a part of a path":                {"net/core/main<^w><^w>", "net/", ""},
		"kill the only word":                   {"abc<^w>", "", ""},
		"kill nothing":                         {"<^w><^u><^k>", "", ""},
		"keys of the page are left to it":      {"a<tab><enter><esc><f1>b", "ab", ""},
		"a control character typed is escaped": {"a\u202eb", `a\u202eb`, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var in Input
			for _, k := range typing(t, tt.keys) {
				in.Key(k)
			}
			if in.left != tt.left || in.right != tt.right {
				t.Errorf("%q|%q, want %q|%q", in.left, in.right, tt.left, tt.right)
			}
		})
	}
}

func TestInputKeySaysWhetherItWasForIt(t *testing.T) {
	tests := map[string]struct {
		key  tea.KeyPressMsg
		want bool
	}{
		"a letter":                 {tea.KeyPressMsg{Code: 'a', Text: "a"}, true},
		"a capital":                {tea.KeyPressMsg{Code: 'a', Text: "A", Mod: tea.ModShift}, true},
		"a capital with caps lock": {tea.KeyPressMsg{Code: 'a', Text: "A", Mod: tea.ModCapsLock}, true},
		"text called like a key":   {tea.KeyPressMsg{Code: tea.KeyExtended, Text: "left"}, true},
		"an editing key":           {press(tea.KeyBackspace), true},
		"enter":                    {press(tea.KeyEnter), false},
		"alt and a letter":         {tea.KeyPressMsg{Code: 'x', Text: "x", Mod: tea.ModAlt}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var in Input
			if got := in.Key(tt.key); got != tt.want {
				t.Errorf("%v", got)
			}
		})
	}
}

func TestInputPaste(t *testing.T) {
	tests := map[string]struct{ paste, want string }{
		"line ends round it go":        {"\r\n net/core \n", "net/core"},
		"a line end inside is seen":    {"a\nb", `a\nb`},
		"escape sequences are seen":    {"\x1b[2J", `\x1b[2J`},
		"two flag letters do not join": {"\U0001f1e9\U0001f1ea", `\U0001f1e9\U0001f1ea`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var in Input
			in.Paste(tea.PasteMsg{Content: tt.paste})
			if in.Value() != tt.want {
				t.Errorf("%q, want %q", in.Value(), tt.want)
			}
		})
	}
}

func TestInputIsBounded(t *testing.T) {
	var in Input
	for range 3 {
		in.Paste(tea.PasteMsg{Content: strings.Repeat("東", 1<<20)})
	}
	if n := len(in.Value()); n > maxInput || n < maxInput-4 {
		t.Errorf("%d bytes", n)
	}
}

func TestInputView(t *testing.T) {
	tests := map[string]struct {
		keys string
		w    int
		want string
	}{
		"empty":                               {"", 8, "> ▏     "},
		"with text":                           {"abc", 8, "> abc▏  "},
		"the cursor on a letter":              {"abc<left>", 8, "> abc   "},
		"longer than the room: the end shows": {"abcdefgh", 8, "> defgh▏"},
		"scrolled back to the start":          {"abcdefgh<home>", 8, "> abcdef"},
		"no room for text":                    {"abc", 3, ">  "},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in := Input{Prompt: "> "}
			for _, k := range typing(t, tt.keys) {
				in.Key(k)
			}
			if got := ansi.Strip(in.View(tt.w, NewStyles(true, false))); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}
