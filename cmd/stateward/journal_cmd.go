package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/stateward/stateward/model"
)

func (a *app) journalCommand(f *flags) *cobra.Command {
	since := ""
	cmd := &cobra.Command{
		Use:   "journal [TARGET]",
		Short: "Show the audit log of every operation of this user on this machine",
		Long: `Show the journal. The table has a line for each operation; JSON has every entry:
the plan, each changing request before it was sent and its answer, each step, and
the end.`,
		Example:           examples("stateward journal --since 24h"),
		Args:              atMostOne,
		ValidArgsFunction: a.completeTargets(f),
		RunE: a.with(f, func(_ context.Context, s *session, args []string) error {
			return showJournal(s, args, since)
		}),
	}
	cmd.Flags().StringVar(&since, "since", "", "only operations since `TIME`: 24h, 2026-11-20 or an RFC 3339 time")
	return cmd
}

func showJournal(s *session, args []string, since string) error {
	from, err := parseSince(since, s.now())
	if err != nil {
		return err
	}
	prefix := ""
	if len(args) > 0 {
		t, err := s.known.parse(args[0])
		if err != nil {
			return err
		}
		prefix = "s3://" + t.bucket + "/" + t.rest
	}
	path, err := s.journal.path()
	if err != nil {
		return err
	}
	entries, faults, err := readJournal(path)
	if err != nil {
		return &model.Failure{Kind: model.ErrJournal, Tried: "reading", On: path, Cause: err, Next: "Name the journal with --journal FILE: " + err.Error()}
	}
	for _, fault := range faults {
		s.say("note: %s: %s", path, fault)
	}
	entries = slices.DeleteFunc(entries, func(e model.JournalEntry) bool {
		return e.Time.Before(from) || !strings.HasPrefix(e.State, prefix)
	})
	return s.print(list(entries), len(entries), journalTable(entries, s.now()), "the journal has no operations", &problems{})
}

// parseSince is the time that --since means; the zero time for none.
func parseSince(s string, now time.Time) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if d, err := time.ParseDuration(s); err == nil && d >= 0 {
		return now.Add(-d), nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, usagef("--since: %q is neither a duration such as 24h nor a date such as 2026-11-20", s)
}

// journalTable has a line for each operation.
func journalTable(entries []model.JournalEntry, now time.Time) *table {
	t := &table{columns: []column{{title: "when"}, {title: "operation"}, {title: "state", cut: 30}, {title: "by", cut: 10, end: true, drop: 3},
		{title: "outcome"}, {title: "reason", cut: 10, end: true, drop: 2}, {title: "message", cut: 16, end: true}, {title: "id", drop: 1}}}
	var order []string
	lines := map[string][]model.JournalEntry{}
	for _, e := range entries {
		if lines[e.ID] == nil {
			order = append(order, e.ID)
		}
		lines[e.ID] = append(lines[e.ID], e)
	}
	for _, id := range order {
		t.add(journalRow(lines[id], now)...)
	}
	return t
}

// unfinished stands for the outcome of an operation without an end in this
// journal: it still runs, or its process was killed; who recovered it on another
// machine has that in the journal there.
const unfinished = "no end here"

func journalRow(lines []model.JournalEntry, now time.Time) []string {
	head := lines[0]
	outcome, message, reason := unfinished, "", ""
	for _, e := range lines {
		if e.Outcome != "" {
			outcome = string(e.Outcome)
		}
		message, reason = orElse(e.Message, message), orElse(e.Reason, reason)
	}
	if open := outcome == unfinished || outcome == string(model.OutcomeInterrupted); open && head.RecoveredBy != "" {
		outcome, message = "recovered", "by "+head.RecoveredBy
	}
	return []string{ago(now, head.Time), string(head.Operation), head.State, head.Operator, outcome, reason, message, head.ID}
}
