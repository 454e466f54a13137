package widget

import "strings"

// Hint is a key and what it does. A key that does nothing at the moment is
// shown in brackets.
type Hint struct {
	Key, Label string
	Disabled   bool
}

const (
	helpKey = "?"
	hintGap = 3
)

// KeyBar draws the footer of a page, exactly w columns wide. Hints come with the
// most important first; those that do not fit are dropped from the end, which a
// "…" tells, and `? help` is always there, last.
func KeyBar(hints []Hint, w int, st Styles) string {
	help := Hint{Key: helpKey, Label: "help"}
	var shown []Hint
	for _, h := range hints {
		if h.Key == helpKey {
			help = h
			continue
		}
		shown = append(shown, h)
	}
	cut := ""
	for n := len(shown); n > 0; n-- {
		line := " " + joinHints(shown[:n], st) + spaces(hintGap) + cut + help.view(st)
		if Width(line) <= w {
			return Fit(line, w)
		}
		cut = "…" + spaces(hintGap)
	}
	return Fit(" "+help.view(st), w)
}

// TextBar is the footer while letters are text: the hints that fit and no `?`,
// which is text as well.
func TextBar(hints []Hint, w int, st Styles) string {
	for n := len(hints); n > 0; n-- {
		if line := " " + joinHints(hints[:n], st); Width(line) <= w {
			return Fit(line, w)
		}
	}
	return spaces(w)
}

func joinHints(hints []Hint, st Styles) string {
	parts := make([]string, len(hints))
	for i, h := range hints {
		parts[i] = h.view(st)
	}
	return strings.Join(parts, spaces(hintGap))
}

func (h Hint) view(st Styles) string {
	key, label := Sanitize(h.Key), Sanitize(h.Label)
	if h.Disabled {
		return st.Dim.Render("(" + key + " " + label + ")")
	}
	return st.Key.Render(key) + " " + label
}
