package ui

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stateward/stateward/model"
)

// sweptPages are ways to every page, its tabs and its dialogs, with something
// on them that could be changed. A page that a key leads to and that is not
// among them fails the sweep.
func sweptPages() map[string]string {
	return map[string]string{
		"backends":                "",
		"states":                  "j enter a",
		"states, a wrong digest":  "j enter G",
		"versions":                "G k enter enter",
		"versions, an older one":  "G k enter enter j",
		"a state's locks":         "j enter enter tab tab tab",
		"an interrupted restore":  "G k enter enter tab tab tab",
		"resources":               "G k enter enter tab",
		"an instance":             "G k enter enter tab enter",
		"outputs":                 "G k enter enter tab tab",
		"raw":                     "G k enter enter shift+tab",
		"a version":               "G k enter enter j enter",
		"a diff":                  "G k enter enter j d",
		"locks":                   "2",
		"health":                  "3",
		"a finding":               "3 j enter",
		"a pattern":               "5",
		"search":                  "5 v p c enter",
		"journal":                 "6",
		"an entry of the journal": "6 enter",
		"keys":                    "4",
		"a KMS key":               "4 enter",
		"a state's encryption":    "G k enter enter tab tab tab tab",
		"permissions":             "p",
		"a denied action":         "p enter",
		"help":                    "2 ?",
		"commands":                "2 :",
	}
}

// everyKey is every key that a table binds, and all others that a hand finds.
func everyKey(a *App) []string {
	keys := []string{"enter", "tab", "esc", "backspace", "space", "up", "down", "left", "right", "pgup", "pgdown", "home", "end",
		"shift+tab", "ctrl+c", "ctrl+d", "ctrl+r", "ctrl+u", "ctrl+x"}
	for r := rune('!'); r <= '~'; r++ {
		keys = append(keys, string(r))
	}
	for _, act := range a.table() {
		for _, k := range act.keys {
			if !slices.Contains(keys, k) {
				keys = append(keys, k)
			}
		}
	}
	return keys
}

// place names what has the keys: the dialog on top, else the page.
func (s *session) place() string {
	if n := len(s.app.dialogs); n > 0 {
		return fmt.Sprintf("%T", s.app.dialogs[n-1])
	}
	return fmt.Sprintf("%T", s.app.top())
}

// isGuard reports whether a plan waits for its confirmation.
func (s *session) isGuard() bool { return s.place() == fmt.Sprintf("%T", &planDialog{}) }

// readOnlyWays are the ways to say read-only, and one that does not.
func readOnlyWays() map[string]struct {
	option, policy bool
} {
	return map[string]struct{ option, policy bool }{
		"the option":            {option: true},
		"the policy":            {policy: true},
		"neither, for contrast": {},
	}
}

// sweep is one way, and what came of it.
type sweep struct {
	t              *testing.T
	option, policy bool
	known          map[string]bool // places
	pressed        int
	planned        map[string]bool // kinds of plans that were asked for
	ran            map[model.Operation]bool
}

// visit opens the sample fleet, in which an operation was interrupted, and
// goes to a page.
func (w *sweep) visit(keys string) *session {
	f := sampleFleet().interrupt(time.Hour)
	f.entries, f.denied = sampleJournal(), sampleDenials()
	for i := range f.backends {
		f.backends[i].Policy.ReadOnly = w.policy
	}
	f.run = func(_ context.Context, p *model.Plan, _ []string, _ func(model.StepEvent)) model.Result {
		w.ran[p.Operation] = true
		if w.option || w.policy {
			w.t.Errorf("%s of %s is run", p.Operation, p.URL())
		}
		return model.Result{Operation: p.Operation, State: p.URL(), Outcome: model.OutcomeRefused, Message: "a test"}
	}
	s := bare(w.t, f, func(o *Options) { o.ReadOnly = w.option })
	if !strings.HasPrefix(keys, "3") { // known already: checks take most of the time otherwise
		for _, b := range f.backends {
			s.app.known.keep(healthReport{backend: b})
		}
	}
	s.do(s.app.Init())
	return s.press(strings.Fields(keys)...)
}

// keys presses every key on a page, and whatever may confirm what it opens. A
// key that shows nothing leaves the page for the next one.
func (w *sweep) keys(page string) {
	s := w.visit(page)
	shown := s.content()
	for _, key := range everyKey(s.app) {
		if s.content() != shown {
			s = w.visit(page)
		}
		s.press(key)
		w.pressed++
		if place := s.place(); !w.known[place] && !s.isGuard() {
			w.t.Errorf("%q on %q leads to %s, which is not swept", key, page, place)
		}
		w.confirm(s)
		w.note(s, fmt.Sprintf("%q on %q", key, page))
	}
}

// confirm answers a guard with every word that its plan asks for.
func (w *sweep) confirm(s *session) {
	if !s.isGuard() {
		return
	}
	guard, ok := s.app.dialogs[len(s.app.dialogs)-1].(*planDialog)
	if !ok || guard.plan == nil {
		return
	}
	s.wait(time.Second)
	for _, token := range guard.plan.Tokens {
		s.text(token.Value).press("tab", "enter")
	}
}

// note is what a session asked of its operator: with the option not even a plan.
func (w *sweep) note(s *session, what string) {
	for _, call := range s.fleet.calls {
		if kind, _, _ := strings.Cut(call, " "); strings.HasPrefix(kind, "Plan") {
			w.planned[kind] = true
			if w.option || w.policy {
				w.t.Errorf("%s: %s", what, call)
			}
		}
	}
}

// byName runs every action of a page from the list of commands.
func (w *sweep) byName(page string) {
	s := w.visit(page)
	if len(s.app.dialogs) > 0 {
		return // the list is opened on pages
	}
	for _, act := range s.app.table() {
		s := w.visit(page)
		s.press(":").text(act.name).press("enter")
		w.pressed++
		w.confirm(s)
		w.note(s, fmt.Sprintf("%q by name on %q", act.name, page))
	}
}

// sweptRows is how many rows of a page have the cursor in turn. The race detector,
// which takes ten times as long, has nothing to find in the others.
func sweptRows() int {
	info, ok := debug.ReadBuildInfo()
	if ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		return 2
	}
	return 4
}

// TestReadOnlyNoKeyChangesAnything presses every key on every page, and runs
// every command by its name.
func TestReadOnlyNoKeyChangesAnything(t *testing.T) {
	for name, way := range readOnlyWays() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &sweep{t: t, option: way.option, policy: way.policy, known: map[string]bool{}, planned: map[string]bool{}, ran: map[model.Operation]bool{}}
			for _, page := range sweptPages() {
				w.known[w.visit(page).place()] = true
			}
			for _, page := range sweptPages() {
				w.byName(page)
				for range sweptRows() {
					w.keys(page)
					page += " j"
				}
			}
			if readOnly := way.option || way.policy; !readOnly {
				w.reachesEveryChange()
			}
			t.Logf("%d keys and commands", w.pressed)
		})
	}
}

// reachesEveryChange: where changes are allowed, the same keys and words plan
// each of them, and run it.
func (w *sweep) reachesEveryChange() {
	for kind, op := range map[string]model.Operation{"PlanUnlock": model.OpUnlock, "PlanRestore": model.OpRestore,
		"PlanRepair": model.OpRepair, "PlanRecover": model.OpRecover} {
		if !w.planned[kind] || !w.ran[op] {
			w.t.Errorf("%s is planned: %t, run: %t; the sweep misses it", op, w.planned[kind], w.ran[op])
		}
	}
}
