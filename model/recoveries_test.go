package model

import (
	"strings"
	"testing"
)

// The entries of these journals are "ID:word": a begins, "a>b" is the plan of a
// recovery of b, and an outcome ends one.
func TestAnOperationIsFinishedByItsRecovery(t *testing.T) {
	for name, c := range map[string]struct {
		entries string
		want    string // by whom each was recovered, in order of appearance
	}{
		"killed, and recovered":                       {"a: b>a b:done", "a by b"},
		"ended as interrupted, and recovered":         {"a: a:interrupted b>a b:done", "a by b"},
		"its recovery was killed as well":             {"a: b>a", ""},
		"its recovery was refused":                    {"a: b>a b:refused", ""},
		"its recovery failed":                         {"a: b>a b:failed", ""},
		"its recovery was interrupted, the next not":  {"a: b>a b:interrupted c>a c:done", "a by c, b by c"},
		"its recovery was killed, the next not":       {"a: b>a c>a c:done", "a by c, b by c"},
		"another operation was recovered":             {"a: x: b>x b:done", "x by b"},
		"recovered on another machine":                {"a:", ""},
		"two recoveries at once":                      {"a: b>a c>a c:done b:done", "a by b, c by b"},
		"a journal that somebody wrote into":          {"a:claimed b:", ""},
		"the recovery of an operation of elsewhere":   {"b>elsewhere b:done", ""},
		"the recovery found that all was done before": {"a: b>a b:already-gone", "a by b"},
	} {
		t.Run(name, func(t *testing.T) {
			var entries []JournalEntry
			for _, word := range strings.Fields(c.entries) {
				id, outcome, _ := strings.Cut(word, ":")
				id, of, _ := strings.Cut(id, ">")
				e := JournalEntry{ID: id, Recovers: of, Outcome: Outcome(outcome)}
				if outcome == "claimed" {
					e.Outcome, e.RecoveredBy = "", "nobody"
				}
				entries = append(entries, e)
			}
			NoteRecoveries(entries)
			var got []string
			seen := map[string]bool{}
			for _, e := range entries {
				if e.RecoveredBy != "" && !seen[e.ID] {
					seen[e.ID] = true
					got = append(got, e.ID+" by "+e.RecoveredBy)
				}
			}
			if text := strings.Join(got, ", "); text != c.want {
				t.Errorf("got %q, want %q", text, c.want)
			}
		})
	}
}
