package ui

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stateward/stateward/model"
)

// TestTheKeysPageOfTheDocs pins docs/keys.md to the tables of actions; -update
// writes it.
func TestTheKeysPageOfTheDocs(t *testing.T) {
	golden(t, filepath.Join("..", "docs", "keys.md"), keysDoc(New(Options{Reader: &fake{}, Operator: &fake{}})))
}

// section is a page or a dialog of the docs.
type section struct {
	title, about string
	table        []action
}

func keysDoc(a *App) string {
	b := model.Backend{}
	state := newStatePage(a, b, model.State{})
	var doc strings.Builder
	doc.WriteString("# Keys\n\n")
	doc.WriteString("<!-- Written by `go test ./ui -update` from the tables of actions; changes made here are lost. -->\n\n")
	doc.WriteString("`?` shows the keys of the page you are on, and `:` finds an action by its name. An action that changes\n")
	doc.WriteString("something (marked ✎) always opens the guard first, and is refused with `--read-only`.\n")
	for _, s := range []section{
		{"On every page", "", a.global()},
		{"In every list", "", listKeys(state.actions())},
		{"Backends", "Page `1`.", ownKeys(newBackendsPage(a).actions())},
		{"States of a backend", "", ownKeys(newStatesPage(a, b).actions())},
		{"Versions of a state", "The first tab of a state.", ownKeys(state.tables[0])},
		{"Resources of a state", "The second tab of a state.", ownKeys(state.tables[1])},
		{"Outputs of a state", "The third tab of a state.", ownKeys(state.tables[2])},
		{"Locks of a state", "The fourth tab of a state.", ownKeys(state.tables[3])},
		{"Encryption of a state", "The fifth tab of a state.", ownKeys(state.tables[4])},
		{"Text of a state", "The last tab of a state. The attributes of an instance have the same keys.", ownKeys(state.tables[5])},
		{"Difference of two versions", "Opened with `d` from the versions of a state.", ownKeys(newDiffPage(a, b, "", model.Version{}, model.Version{}).actions())},
		{"Locks of all backends", "Page `2`.", ownKeys(newLocksPage(a).actions())},
		{"Health of all backends", "Page `3`; `h` on the page of backends shows one of them.", ownKeys(newHealthPage(a, nil).actions())},
		{"A finding", "The arrows and the keys of a list scroll it.", ownKeys(newFindingPage(a, model.Finding{}).actions())},
		{"KMS keys of all backends", "Page `4`.", ownKeys(newKMSKeysPage(a).actions())},
		{"A KMS key", "The arrows and the keys of a list scroll it.", ownKeys(newKMSKeyPage(a, newKMSKeysPage(a), model.Key{}).actions())},
		{"Search, while the pattern is typed", "Page `5`. Letters and digits are text until ⏎ or `esc`.", ownKeys(newSearchPage(a).askTable)},
		{"Search", "The matches of a search. `esc` stops one that runs.", ownKeys(newSearchPage(a).table)},
		{"Journal", "Page `6`.", ownKeys(newJournalPage(a).actions())},
		{"An operation of the journal", "The arrows and the keys of a list scroll it.", ownKeys(newEntryPage(a, journalOp{}).actions())},
		{"Permissions", "Page `p`, from anywhere.", ownKeys(newPermissionsPage(a).actions())},
		{"The guard", "What is typed goes to the token; keys that were in flight when it opened are ignored until the keyboard has rested for 400 ms.", (&planDialog{}).actions()},
		{"Leaving while an operation runs", "", (&leaving{}).actions()},
		{"Help", "", (&helpDialog{}).actions()},
		{"Commands", "", (&palette{}).actions()},
	} {
		s.write(&doc)
	}
	return doc.String()
}

func (s section) write(doc *strings.Builder) {
	fmt.Fprintf(doc, "\n## %s\n\n", s.title)
	if s.about != "" {
		fmt.Fprintf(doc, "%s\n\n", s.about)
	}
	doc.WriteString("| key | action | |\n|---|---|---|\n")
	for _, a := range s.table {
		var keys []string
		for _, k := range a.keys {
			keys = append(keys, "`"+keyName(k)+"`")
		}
		name := a.name
		if a.mutates {
			name += " ✎"
		}
		fmt.Fprintf(doc, "| %s | %s | %s |\n", strings.Join(keys, " "), name, a.help)
	}
}

// inEveryList are the keys that all lists share.
func inEveryList(a action) bool {
	return a.moves || strings.ContainsAny(a.keys[0], "/oO") && len(a.keys[0]) == 1 && a.name != "search" || a.keys[0] == "space"
}

func listKeys(table []action) []action {
	var shared []action
	for _, a := range table {
		if inEveryList(a) {
			shared = append(shared, a)
		}
	}
	return shared
}

func ownKeys(table []action) []action {
	var own []action
	for _, a := range table {
		if !inEveryList(a) {
			own = append(own, a)
		}
	}
	return own
}

func TestNoKeyIsBoundTwiceOnAPage(t *testing.T) {
	a := New(Options{Reader: &fake{}, Operator: &fake{}})
	state := newStatePage(a, model.Backend{}, model.State{})
	for name, table := range map[string][]action{
		"backends":          newBackendsPage(a).actions(),
		"states":            newStatesPage(a, model.Backend{}).actions(),
		"versions":          state.tables[0],
		"state's resources": state.tables[1],
		"state's outputs":   state.tables[2],
		"state's locks":     state.tables[3],
		"state's storage":   state.tables[4],
		"state's text":      state.tables[5],
		"locks":             newLocksPage(a).actions(),
		"keys":              newKMSKeysPage(a).actions(),
		"a key":             newKMSKeyPage(a, newKMSKeysPage(a), model.Key{}).actions(),
		"search":            newSearchPage(a).table,
		"a pattern":         newSearchPage(a).askTable,
		"journal":           newJournalPage(a).actions(),
		"an entry":          newEntryPage(a, journalOp{}).actions(),
		"health":            newHealthPage(a, nil).actions(),
		"a finding":         newFindingPage(a, model.Finding{}).actions(),
		"permissions":       newPermissionsPage(a).actions(),
	} {
		t.Run(name, func(t *testing.T) {
			seen := map[string]string{}
			for _, act := range append(table, a.global()...) {
				for _, k := range act.keys {
					if seen[k] != "" {
						t.Errorf("%s is bound to %s and to %s", k, seen[k], act.name)
					}
					seen[k] = act.name
				}
				if act.help == "" || act.name == "" {
					t.Errorf("%v has no name or no help", act.keys)
				}
			}
		})
	}
}

func TestWhatChangesSomethingIsMarkedSo(t *testing.T) {
	doc, err := os.ReadFile(filepath.Join("..", "docs", "keys.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| `U` | unlock ✎ |", "| `R` | restore ✎ |", "| `D` | repair digest ✎ |", "| `C` | recover ✎ |"} {
		if !strings.Contains(string(doc), want) {
			t.Errorf("docs/keys.md lacks %q", want)
		}
	}
}
