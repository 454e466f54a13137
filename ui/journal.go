package ui

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui/widget"
)

// journalReader reads the journal, oldest entry first. Entries together with an
// error are those that could be read.
type journalReader = func(ctx context.Context) ([]model.JournalEntry, error)

// journalOp is an operation as the journal tells it: all entries with one ID.
type journalOp struct {
	id      string
	entries []model.JournalEntry // as they were written
	began   time.Time
	latest  time.Time // of the last entry
	ended   bool      // its end was written

	operation model.Operation
	state     string
	by, host  string
	pid       int
	reason    string
	outcome   model.Outcome
	message   string
	undo      string
	backup    string
	recovered string // the recovery that finished it; "" for none in this journal
}

// foldJournal makes one row of each operation, the newest first.
func foldJournal(entries []model.JournalEntry) []journalOp {
	var ops []journalOp
	index := map[string]int{}
	for _, e := range entries {
		at, ok := index[e.ID]
		if !ok {
			at = len(ops)
			index[e.ID] = at
			ops = append(ops, journalOp{id: e.ID, began: e.Time, operation: e.Operation, state: e.State, by: e.Operator, host: e.Host, pid: e.PID})
		}
		ops[at].take(e)
	}
	slices.Reverse(ops) // of two that began at once, the one written later comes first
	slices.SortStableFunc(ops, func(a, b journalOp) int { return b.began.Compare(a.began) })
	return ops
}

// take adds an entry; what it does not say stays as an earlier one said it.
func (o *journalOp) take(e model.JournalEntry) {
	o.entries = append(o.entries, e)
	o.latest = e.Time
	o.ended = o.ended || e.Event == "end"
	o.reason = first(e.Reason, o.reason)
	o.outcome = cmp.Or(e.Outcome, o.outcome)
	o.message = first(e.Message, o.message)
	o.undo = first(e.Undo, o.undo)
	o.backup = first(e.Backup, o.backup)
	o.recovered = first(e.RecoveredBy, o.recovered)
}

// outcomeCell is how an operation ended. One without an end still runs, or its
// process was killed.
func (o *journalOp) outcomeCell() widget.Cell {
	switch open := !o.ended || o.outcome == model.OutcomeInterrupted; {
	case open && o.recovered != "":
		return good("✓ recovered")
	case !o.ended:
		return warn("▲ unfinished")
	}
	switch o.outcome {
	case model.OutcomeDone:
		return good("✓ done")
	case model.OutcomeAlreadyGone:
		return good("✓ already gone")
	case model.OutcomeRefused:
		return text("refused")
	case model.OutcomeInterrupted:
		return bad("✖ interrupted")
	case model.OutcomeFailed:
		return bad("✖ failed")
	case model.OutcomeDryRun:
		return dim("dry run")
	}
	return orNone(string(o.outcome))
}

// journalLine is a labelled line about an operation.
type journalLine struct {
	label, text string
	tone        widget.Tone
}

// account is what an operation did and left, what matters most first. Nothing
// that is absent is mentioned.
func (o *journalOp) account() []journalLine {
	end := o.outcomeCell()
	lines := []journalLine{{"Outcome", joined(": ", end.Text, o.ending()), end.Tone}}
	add := func(label, text string) {
		if text != "" {
			lines = append(lines, journalLine{label: label, text: text})
		}
	}
	add("Reason", o.reason)
	add("Undo", o.undo)
	add("Backup", o.backup)
	add("Steps", strings.Join(o.steps(), " · "))
	add("Requests", strings.Join(o.requests(), " · "))
	add("Sums", strings.Join(o.named(func(e *model.JournalEntry) map[string]string { return e.Sums }), " · "))
	add("Versions", strings.Join(o.named(func(e *model.JournalEntry) map[string]string { return e.Versions }), " · "))
	for _, lock := range o.locks() {
		add("Lock", lock)
	}
	return lines
}

// ending is the message, or what an absent end means.
func (o *journalOp) ending() string {
	switch open := !o.ended || o.outcome == model.OutcomeInterrupted; {
	case open && o.recovered != "":
		return joined("; ", o.message, "recovered by "+o.recovered)
	case o.ended:
		return o.message
	}
	return "its end is not in the journal, so it still runs or its process was killed; if it holds locks, they say so, and a recovery on another machine is in the journal there"
}

// joined joins what is there.
func joined(sep string, parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), sep)
}

// steps is each step with the sign of what became of it, and why one failed.
func (o *journalOp) steps() []string {
	var steps []string
	for i := range o.entries {
		switch s := o.entries[i].Step; {
		case s == nil:
		case s.Status == model.StepFailed:
			steps = append(steps, stepWords(s))
		default:
			steps = append(steps, joined(" ", stepSign(s.Status), s.Name))
		}
	}
	return steps
}

func stepWords(s *model.StepResult) string {
	return joined(": ", joined(" ", stepSign(s.Status), s.Name), s.Detail)
}

func stepSign(s model.StepStatus) string {
	switch s {
	case model.StepDone:
		return "✓"
	case model.StepFailed:
		return "✖"
	case model.StepSkipped:
		return signNone
	case model.StepPending, model.StepRunning:
	}
	return signUnread
}

// requests is each changing request with its condition, and what was answered.
func (o *journalOp) requests() []string {
	var all []string
	open := map[string][]int{} // requests without an answer, by call
	for i := range o.entries {
		switch e := &o.entries[i]; {
		case e.Request != nil:
			open[e.Request.Call] = append(open[e.Request.Call], len(all))
			all = append(all, requestWords(e.Request)+" ← no answer")
		case e.Answer != nil && len(open[e.Answer.Call]) > 0:
			at := open[e.Answer.Call][0]
			open[e.Answer.Call] = open[e.Answer.Call][1:]
			all[at] = strings.TrimSuffix(all[at], "no answer") + answerWords(e.Answer)
		}
	}
	return all
}

func requestWords(r *model.JournalRequest) string {
	return joined(", ", joined(" ", r.Call, r.Target), r.Condition)
}

func answerWords(a *model.JournalAnswer) string {
	status := ""
	if a.Status != 0 {
		status = strconv.Itoa(a.Status)
	}
	version := ""
	if a.VersionID != "" {
		version = "version " + a.VersionID
	}
	return first(joined(", ", status, a.Error, version), "answered")
}

// named is the values that entries give names to, each said once.
func (o *journalOp) named(of func(*model.JournalEntry) map[string]string) []string {
	var all []string
	for i := range o.entries {
		values := of(&o.entries[i])
		for _, name := range slices.Sorted(maps.Keys(values)) {
			if said := name + " " + values[name]; values[name] != "" && !slices.Contains(all, said) {
				all = append(all, said)
			}
		}
	}
	return all
}

func (o *journalOp) locks() []string {
	var all []string
	for i := range o.entries {
		all = append(all, o.entries[i].Locks...)
	}
	return all
}
