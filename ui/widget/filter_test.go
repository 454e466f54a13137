package widget

import (
	"fmt"
	"slices"
	"testing"
)

func TestFilterMatch(t *testing.T) {
	const text = "payments/API/terraform.tfstate ci@runner-17 Zürich"
	tests := map[string]struct {
		query string
		want  bool
	}{
		"no words keep all":                    {"", true},
		"blanks are no words":                  {"   ", true},
		"one word anywhere":                    {"form.tf", true},
		"a word that is not there":             {"network", false},
		"all words in any order":               {"runner pay", true},
		"one of the words is missing":          {"pay network", false},
		"lower case finds any case":            {"api", true},
		"a capital is meant":                   {"API", true},
		"a capital that is not there":          {"Payments", false},
		"without a word that is there":         {"!runner", false},
		"without a word that is not there":     {"!network", true},
		"without any case of it":               {"!api", false},
		"without exactly this case":            {"!Api", true},
		"with one and without another":         {"pay !network", true},
		"a lone exclamation mark is no word":   {"pay !", true},
		"letters beyond ASCII":                 {"zürich", true},
		"letters beyond ASCII in capitals":     {"ZÜRICH", false},
		"a word longer than the text":          {text + "x", false},
		"the end of the text":                  {"rich", true},
		"the same start again before the word": {"runner-17", true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var f Filter
			f.Set(tt.query)
			if got := f.Match(text); got != tt.want {
				t.Errorf("%q: %v", tt.query, got)
			}
		})
	}
}

func TestFilterNarrows(t *testing.T) {
	tests := map[string]struct {
		old, now string
		want     bool
	}{
		"the first letter":                      {"", "p", true},
		"another letter":                        {"p", "pa", true},
		"another word":                          {"pa", "pa ne", true},
		"a letter less":                         {"pa", "p", false},
		"another letter in front":               {"ay", "pay", true},
		"words in another order":                {"pa ne", "ne pa", true},
		"a capital makes a word stricter":       {"pa", "pa A", true},
		"a word gets its capital":               {"ap", "apI", true},
		"a capital is taken back":               {"aP", "ap", false},
		"a word is excluded":                    {"pa", "pa !x", true},
		"a longer excluded word excludes less":  {"!x", "!xy", false},
		"a shorter excluded word excludes more": {"!xy", "!x", false}, // true, but not worth the thought
		"an excluded word becomes a wanted one": {"!x", "x", false},
		"a wanted word becomes an excluded one": {"x", "!x", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var f Filter
			f.Set(tt.old)
			f.Set(tt.now)
			if f.narrows != tt.want {
				t.Errorf("from %q to %q: %v", tt.old, tt.now, f.narrows)
			}
		})
	}
}

// Whatever is typed, narrowing finds what looking at every row finds.
func TestFilterApplyIsTheSameFromScratch(t *testing.T) {
	rows := []string{"", "a", "ab", "aB", "abc", "b c", "A B", "!a", "é", "É"}
	text := func(i int) string { return rows[i] }
	words := []string{"", "a", "ab", "aB", "A", "b", "!a", "!ab", "!A", "!", "é", "a b", "b !c"}
	for _, old := range words {
		for _, now := range words {
			var typed, fresh Filter
			typed.Set(old)
			prev := typed.Apply(len(rows), text, nil)
			typed.Set(now)
			fresh.Set(now)
			got, want := typed.Apply(len(rows), text, prev), fresh.Apply(len(rows), text, nil)
			if !slices.Equal(got, want) {
				t.Errorf("%q after %q: %v, want %v", now, old, got, want)
			}
		}
	}
}

func TestFilterApplyLooksOnlyAtWhatIsLeft(t *testing.T) {
	var f Filter
	f.Set("1")
	text := func(i int) string { return fmt.Sprint(i) }
	prev := f.Apply(1000, text, nil)
	before := slices.Clone(prev)
	f.Set("17")
	asked := 0
	f.Apply(1000, func(i int) string { asked++; return text(i) }, prev)
	if asked != len(prev) || !slices.Equal(prev, before) {
		t.Errorf("asked for %d of %d rows", asked, len(prev))
	}
	if f.Query() != "17" || !f.Active() {
		t.Errorf("the query is %q, active %v", f.Query(), f.Active())
	}
}

func BenchmarkFilter100k(b *testing.B) {
	const n = 100_000
	rows := make([]string, n)
	for i := range rows {
		rows[i] = fmt.Sprintf("team-%d/service-%d/eu-west-1/terraform.tfstate ci@runner-%d Apply", i%97, i, i%31)
	}
	text := func(i int) string { return rows[i] }
	for name, query := range map[string]string{"one word": "service-77", "three words": "team-7 runner-3 !apply", "rare": "zzz"} {
		b.Run(name, func(b *testing.B) {
			var f Filter
			f.Set(query)
			b.ReportAllocs()
			for b.Loop() {
				f.Apply(n, text, nil)
			}
		})
	}
}
