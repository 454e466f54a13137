package widget

import (
	"slices"
	"strings"
)

const (
	crumbSep = " › "
	crumbMin = 12 // columns below which a crumb says too little to be kept
)

// Crumbs draws the way to a page, exactly w columns wide, the page itself last.
// On a narrow screen the longest crumbs lose their middle first, then crumbs go
// from the left, which a "…" tells; the last is always there.
func Crumbs(crumbs []string, w int, st Styles) string {
	clean := make([]string, len(crumbs))
	for i, c := range crumbs {
		clean[i] = Sanitize(c)
	}
	clean = fitCrumbs(clean, w-1)
	var b strings.Builder
	b.WriteByte(' ')
	for i, c := range clean {
		if i > 0 {
			b.WriteString(st.Dim.Render(crumbSep))
		}
		if i == len(clean)-1 {
			b.WriteString(st.Title.Render(c))
			continue
		}
		b.WriteString(st.Dim.Render(c))
	}
	return Fit(b.String(), w)
}

// fitCrumbs tries all crumbs first, then all but the first, and so on.
func fitCrumbs(crumbs []string, room int) []string {
	for from := range crumbs {
		try := slices.Clone(crumbs[from:])
		if from > 0 {
			try = append([]string{"…"}, try...)
		}
		if shrinkCrumbs(try, room) {
			return try
		}
	}
	if len(crumbs) == 0 {
		return nil
	}
	return []string{Middle(crumbs[len(crumbs)-1], room)}
}

// shrinkCrumbs takes from the longest crumb until all fit, and reports whether
// they do.
func shrinkCrumbs(crumbs []string, room int) bool {
	for over := crumbsWidth(crumbs) - room; over > 0; over = crumbsWidth(crumbs) - room {
		i := longest(crumbs)
		n := Width(crumbs[i])
		if n <= crumbMin {
			return false
		}
		crumbs[i] = Middle(crumbs[i], max(crumbMin, n-over))
	}
	return true
}

func crumbsWidth(crumbs []string) int {
	sum := (len(crumbs) - 1) * Width(crumbSep)
	for _, c := range crumbs {
		sum += Width(c)
	}
	return sum
}

func longest(crumbs []string) int {
	at := 0
	for i, c := range crumbs {
		if Width(c) > Width(crumbs[at]) {
			at = i
		}
	}
	return at
}
