package widget

import (
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
)

const lockID = "71d89b36-316e-9845-07df-19d02b854eb1"

func unlock() []Ask { return []Ask{{Label: "Type the lock ID to go on", Token: lockID}} }

// rested is a confirm that was opened long enough ago, and the time it is.
func rested(asks ...Ask) (*Confirm, time.Time) {
	opened := time.Date(2026, 11, 21, 19, 0, 0, 0, time.UTC)
	c := NewConfirm(opened, "Force-unlock", asks...)
	return &c, opened.Add(QuietTime)
}

func TestConfirm(t *testing.T) {
	two := append(unlock(), Ask{Label: "Type LIVE", Token: "LIVE"})
	bidi := []Ask{{Label: "Type the key", Token: "a\u202eb"}}
	tests := map[string]struct {
		asks []Ask
		keys string
		want Action
	}{
		"enter at once cancels":                       {unlock(), "<enter>", Cancelled},
		"escape cancels":                              {unlock(), "71d8<esc>", Cancelled},
		"the whole token, tab, enter":                 {unlock(), lockID + "<tab><enter>", Confirmed},
		"the whole token and enter cancels":           {unlock(), lockID + "<enter>", Cancelled},
		"eight characters, completed":                 {unlock(), "71d89b36<tab><tab><enter>", Confirmed},
		"completing alone goes nowhere":               {unlock(), "71d89b36<tab>", None},
		"completing and enter cancels":                {unlock(), "71d89b36<tab><enter>", Cancelled},
		"seven characters are not completed":          {unlock(), "71d89b3<tab><tab><tab><enter>", Cancelled},
		"eight wrong characters are not completed":    {unlock(), "71d89b37<tab><tab><enter>", Cancelled},
		"the button can not be reached without":       {unlock(), "<tab><right><stab><enter>", Cancelled},
		"one character too many":                      {unlock(), lockID + "x<tab><enter>", Cancelled},
		"a blank too many":                            {unlock(), lockID + " <tab><enter>", Cancelled},
		"another case is another token":               {unlock(), strings.ToUpper(lockID) + "<tab><enter>", Cancelled},
		"an edit takes the focus back":                {unlock(), lockID + "<tab>x<bs><enter>", Cancelled},
		"back to cancel by tab":                       {unlock(), lockID + "<tab><tab><enter>", Cancelled},
		"back and forth by arrows":                    {unlock(), lockID + "<right><left><right><enter>", Confirmed},
		"corrected":                                   {unlock(), "x<^u>" + lockID + "<tab><enter>", Confirmed},
		"two tokens":                                  {two, lockID + "<tab><enter>LIVE<tab><enter>", Confirmed},
		"the first of two is not enough":              {two, lockID + "<tab><enter>", None},
		"cancel has the focus again for the second":   {two, lockID + "<tab><enter><enter>", Cancelled},
		"the first does not count for the second":     {two, lockID + "<tab><enter>" + lockID + "<tab><enter>", Cancelled},
		"a token with a control is typed as shown":    {bidi, `a\u202eb<tab><enter>`, Confirmed},
		"a token with a control is typed as it is":    {bidi, "a\u202eb<tab><enter>", Confirmed},
		"an empty token can not be confirmed":         {[]Ask{{Label: "?"}}, "<tab><enter>", Cancelled},
		"nothing to type: the button decides":         {nil, "<tab><enter>", Confirmed},
		"nothing to type: cancel still has the focus": {nil, "<enter>", Cancelled},
		"nothing to type: letters do nothing":         {nil, "y", None},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c, now := rested(tt.asks...)
			got := None
			for _, k := range typing(t, tt.keys) {
				if got != None {
					t.Fatalf("it was over before %q", k)
				}
				got = c.Key(now, k)
			}
			if got != tt.want {
				t.Errorf("%v, want %v", got, tt.want)
			}
			if typed := c.Typed(); got == Confirmed && !slices.Equal(typed, tokens(tt.asks)) {
				t.Errorf("typed %q", typed)
			}
		})
	}
}

func tokens(asks []Ask) []string {
	var out []string
	for _, a := range asks {
		out = append(out, a.Token)
	}
	return out
}

func TestConfirmPaste(t *testing.T) {
	c, now := rested(unlock()...)
	c.Paste(now, tea.PasteMsg{Content: lockID + "\n"})
	c.Key(now, press(tea.KeyTab))
	if got := c.Key(now, press(tea.KeyEnter)); got != Confirmed {
		t.Errorf("%v", got)
	}
}

func TestQuiet(t *testing.T) {
	ms := func(n ...int) []time.Duration {
		var out []time.Duration
		for _, n := range n {
			out = append(out, time.Duration(n)*time.Millisecond)
		}
		return out
	}
	tests := map[string]struct {
		at   []time.Duration // since opening
		want []bool          // swallowed
	}{
		"a key in flight is swallowed":                {ms(0), []bool{true}},
		"a key after the pause passes":                {ms(400), []bool{false}},
		"just before the end of the pause":            {ms(399), []bool{true}},
		"each swallowed key starts the pause again":   {ms(300, 600, 900, 1299, 1699), []bool{true, true, true, true, false}},
		"a key held down is swallowed as long":        {ms(30, 60, 90, 120, 150), []bool{true, true, true, true, true}},
		"once it was quiet, fast typing passes":       {ms(500, 501, 502), []bool{false, false, false}},
		"a clock that goes back does not let it pass": {ms(-1000, 100), []bool{true, false}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			opened := time.Unix(1000, 0)
			q := NewQuiet(opened)
			var got []bool
			for _, d := range tt.at {
				got = append(got, q.Swallow(opened.Add(d)))
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("swallowed %v, want %v", got, tt.want)
			}
		})
	}
}

func TestConfirmIgnoresKeysInFlight(t *testing.T) {
	opened := time.Unix(1000, 0)
	c := NewConfirm(opened, "Force-unlock", unlock()...)
	for i, k := range typing(t, "U<enter><esc>7") {
		if got := c.Key(opened.Add(time.Duration(i)*100*time.Millisecond), k); got != None {
			t.Fatalf("key %d did %v", i, got)
		}
	}
	c.Paste(opened.Add(500*time.Millisecond), tea.PasteMsg{Content: lockID})
	if c.input.Value() != "" {
		t.Errorf("%q got into the text", c.input.Value())
	}
	if view := ansi.Strip(c.View(76, Styles{})); !strings.Contains(view, "were ignored") {
		t.Errorf("it does not say so:\n%s", view)
	}
	if got := c.Key(opened.Add(2*time.Second), press(tea.KeyEscape)); got != Cancelled {
		t.Errorf("after the pause: %v", got)
	}
}

func TestConfirmScreens(t *testing.T) {
	tests := map[string]struct {
		asks []Ask
		keys string
		want string
	}{
		"at first": {unlock(), "", `
Type the lock ID to go on   71d89b36-316e-9845-07df-19d02b854eb1
> ▏
                                        [ Cancel ]   ( Force-unlock )`},
		"right so far": {unlock(), "71d89b36-31", `
Type the lock ID to go on   71d89b36-316e-9845-07df-19d02b854eb1
> 71d89b36-31▏
tab types the rest                      [ Cancel ]   ( Force-unlock )`},
		"right, but too little of it": {unlock(), "71d89b3", `
Type the lock ID to go on   71d89b36-316e-9845-07df-19d02b854eb1
> 71d89b3▏
                                        [ Cancel ]   ( Force-unlock )`},
		"wrong": {unlock(), "71d9", `
Type the lock ID to go on   71d89b36-316e-9845-07df-19d02b854eb1
> 71d9▏                                                     ✖ differs
                                        [ Cancel ]   ( Force-unlock )`},
		"refused": {unlock(), "71d8<tab>", `
Type the lock ID to go on   71d89b36-316e-9845-07df-19d02b854eb1
> 71d8▏
type the whole of it first              [ Cancel ]   ( Force-unlock )`},
		"complete": {unlock(), "71d89b36<tab>", `
Type the lock ID to go on   71d89b36-316e-9845-07df-19d02b854eb1
> 71d89b36-316e-9845-07df-19d02b854eb1▏                     ✓ matches
tab, then enter to go on                [ Cancel ]     Force-unlock`},
		"about to": {unlock(), "71d89b36<tab><tab>", `
Type the lock ID to go on   71d89b36-316e-9845-07df-19d02b854eb1
> 71d89b36-316e-9845-07df-19d02b854eb1▏                     ✓ matches
enter goes on, esc cancels                Cancel     [ Force-unlock ]`},
		"a token too long for the line, one of two": {
			[]Ask{{"Type the state's key to go on", "payments/api/eu-west-1/production/blue/terraform.tfstate"}, {"Type LIVE", "LIVE"}}, "", `
Type the state's key to go on (1 of 2)
payments/api/eu-west-1/production/blue/terraform.tfstate
> ▏
                                                [ Cancel ]   ( Next )`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c, now := rested(tt.asks...)
			for _, k := range typing(t, tt.keys) {
				c.Key(now, k)
			}
			view := c.View(69, NewStyles(true, true))
			checkView(t, view, 69)
			if got := trimLines(view); got != strings.TrimPrefix(tt.want, "\n") {
				t.Errorf("got\n%s\nwant%s", got, tt.want)
			}
			if h := c.Height(69); h != strings.Count(view, "\n")+1 {
				t.Errorf("height %d", h)
			}
		})
	}
}

// trimLines is a view without colour and without the blanks at line ends.
func trimLines(view string) string {
	lines := strings.Split(ansi.Strip(view), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, " ")
	}
	return strings.Join(lines, "\n")
}

func TestALongReasonIsShownInFull(t *testing.T) {
	label := "Type the word DEAD to go on: the operation began less than 10 min ago on laptop-7 and may be under way"
	c, _ := rested(Ask{Label: label, Token: "DEAD"})
	lines := strings.Split(c.View(60, NewStyles(true, true)), "\n")
	if got := strings.Join(strings.Fields(strings.Join(lines[:2], " ")), " "); got != label {
		t.Errorf("got %q", got)
	}
	c, _ = rested(Ask{Label: strings.Repeat(label, 100), Token: "DEAD"})
	lines = strings.Split(c.View(60, NewStyles(true, true)), "\n")
	if len(lines) != maxLabelLines+3 || !strings.HasSuffix(strings.TrimSpace(lines[maxLabelLines-1]), "…") {
		t.Errorf("%d lines:\n%s", len(lines), strings.Join(lines, "\n"))
	}
	for _, l := range lines {
		if ansi.StringWidth(l) != 60 {
			t.Errorf("%d columns: %q", ansi.StringWidth(l), l)
		}
	}
}
