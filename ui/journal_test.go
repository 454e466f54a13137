package ui

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stateward/stateward/model"
)

// history opens the journal of the sample.
func (s *session) history() *session {
	s.fleet.entries = sampleJournal()
	return s.press("6")
}

func TestAnEngineerReadsTheJournal(t *testing.T) {
	s := open(t, sampleFleet())
	s.history().sees("Journal", "▲ unfinished", "✖ interrupted", "✓ done", "refused", "its end is not in the journal")
	s.press("j").sees("incident 4711", "both locks are kept", "--version-id 9fK2mPq7TzWcR1sX", "✖ digest: no answer in time", "If-None-Match: * ← 200")
	s.press("y")
	if s.copied != brokenID {
		t.Errorf("copied %q", s.copied)
	}
	s.press("Y")
	if want := "stateward restore s3://acme-tfstate-data/warehouse/terraform.tfstate --version-id 9fK2mPq7TzWcR1sX"; s.copied != want {
		t.Errorf("copied %q", s.copied)
	}
	s.press("enter").sees("Journal › restore "+brokenID, "process 4711 on laptop-7", "Sums", "Plan", "more lines")
	s.press("G").sees("→ DynamoDB PutItem table acme-locks", "← no answer in time", "✖ digest: no answer in time", "+7.84 s", "the end: interrupted")
	s.press("g").sees("process 4711").press("Y")
	if !strings.HasPrefix(s.copied, "stateward restore") {
		t.Errorf("copied %q", s.copied)
	}
	s.press("esc").sees("▲ unfinished")
}

func TestTheNewestOperationComesFirst(t *testing.T) {
	s := open(t, sampleFleet())
	s.history()
	var ids []string
	for _, o := range s.app.top().(*journalPage).list.rows {
		ids = append(ids, o.id[:8])
	}
	if want := []string{"77d0c9b8", brokenID[:8], "9b1f6c3e", "0a55e1d2"}; !slices.Equal(ids, want) {
		t.Errorf("order %v", ids)
	}
}

func TestTheJournalIsFilteredAndOrdered(t *testing.T) {
	s := open(t, sampleFleet())
	s.history().press("/").text("interrupted 4711").sees("1 of 4", "warehouse").missing("net/core").press("esc")
	s.press("/").text("unfinished").sees("1 of 4").press("esc")
	s.press("o", "o").sees("ordered by OPERATION").press("O").sees("reversed")
	s.press("space", "space", "y")
	if strings.Count(s.copied, "\n") != 1 {
		t.Errorf("copied %q", s.copied)
	}
}

func TestWhatHasNoUndoSaysSo(t *testing.T) {
	s := open(t, sampleFleet())
	s.history().press("Y").sees("Y copy undo: the journal names no command that takes it back")
	s.press("/").text("nothing of the kind").press("enter", "Y").sees("nothing is selected").press("y").sees("nothing is selected")
	s.press("enter").sees("⏎ entry: nothing is selected")
}

func TestAJournalThatCannotBeRead(t *testing.T) {
	for name, c := range map[string]struct {
		entries []model.JournalEntry
		err     error
		want    string
	}{
		"not at all":   {nil, errors.New("open journal.jsonl: permission denied"), "✖ reading the journal: open journal.jsonl: permission denied"},
		"with a gap":   {sampleJournal(), errors.New("journal.jsonl: line 7 is no entry and was skipped"), "▲ reading the journal: journal.jsonl: line 7 is no entry"},
		"not yet used": {nil, nil, "no operations"},
	} {
		t.Run(name, func(t *testing.T) {
			f := sampleFleet()
			f.entries, f.unread = c.entries, c.err
			s := open(t, f).press("6").sees(c.want)
			if len(c.entries) > 0 {
				s.sees("✖ interrupted")
			}
			f.unread = nil
			s.press("ctrl+r").missing("reading the journal")
		})
	}
	t.Run("none is kept", func(t *testing.T) {
		open(t, sampleFleet(), func(o *Options) { o.Journal = nil }).press("6").sees("✖ reading the journal: this program keeps none")
	})
}

func TestTheJournalIsReadAgainAfterAnOperation(t *testing.T) {
	f := sampleFleet()
	s := open(t, f)
	s.press("6").sees("no operations")
	f.entries = sampleJournal()
	s.unlock().text(theID).press("tab", "enter").wait(time.Second).press("esc", "6").sees("✖ interrupted")
}

func TestAnEntryFollowsTheJournal(t *testing.T) {
	f := sampleFleet()
	s := open(t, f)
	s.history().press("enter").sees("▲ unfinished").missing("removed after all")
	end := ended(model.OutcomeDone, "removed after all")
	end.ID, end.Time = "77d0c9b8-1a2b-4c3d-9e8f-7a6b5c4d3e2f", theTime
	f.entries = append(f.entries, end)
	s.press("ctrl+r").sees("✓ done: removed after all", "+12.00 s")
	f.entries, f.unread = nil, errors.New("open journal.jsonl: permission denied")
	s.press("ctrl+r").sees("✖ reading the journal", "removed after all")
}

func TestLinesOfOneOperationAreOneRow(t *testing.T) {
	at := func(sec int, e model.JournalEntry, id string) model.JournalEntry {
		e.ID, e.Time = id, theTime.Add(time.Duration(sec)*time.Second)
		return e
	}
	for name, c := range map[string]struct {
		entries []model.JournalEntry
		want    []string // id, outcome, number of entries
	}{
		"nothing":                     {nil, nil},
		"two that ran at once":        {[]model.JournalEntry{at(0, planned("x"), "a"), at(1, planned("x"), "b"), at(2, ended(model.OutcomeDone, ""), "a")}, []string{"b ▲ unfinished 1", "a ✓ done 2"}},
		"of one second, later first":  {[]model.JournalEntry{at(0, planned("x"), "a"), at(0, planned("x"), "b")}, []string{"b ▲ unfinished 1", "a ▲ unfinished 1"}},
		"an end of which no start is": {[]model.JournalEntry{at(0, ended(model.OutcomeAlreadyGone, ""), "a")}, []string{"a ✓ already gone 1"}},
		"an end without an outcome":   {[]model.JournalEntry{at(0, ended("", ""), "a")}, []string{"a - 1"}},
		"a failure":                   {[]model.JournalEntry{at(0, ended(model.OutcomeFailed, ""), "a")}, []string{"a ✖ failed 1"}},
		"a dry run":                   {[]model.JournalEntry{at(0, ended(model.OutcomeDryRun, ""), "a")}, []string{"a dry run 1"}},
		"an outcome from the future":  {[]model.JournalEntry{at(0, ended("postponed", ""), "a")}, []string{"a postponed 1"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, o := range foldJournal(c.entries) {
				got = append(got, fmt.Sprintf("%s %s %d", o.id, o.outcomeCell().Text, len(o.entries)))
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestEachRequestHasItsAnswer(t *testing.T) {
	o := journalOp{entries: []model.JournalEntry{
		asked("S3", "PutObject", "a", "If-None-Match: *"), asked("DynamoDB", "PutItem", "b", ""), answered("PutItem", 200, ""),
		answered("PutObject", 412, ""), asked("S3", "PutObject", "c", "If-Match: e"), answered("Unasked", 200, ""),
		{Event: "answer", Answer: &model.JournalAnswer{Call: "PutObject"}}, asked("S3", "DeleteObject", "d", ""),
	}}
	want := []string{"PutObject a, If-None-Match: * ← 412", "PutItem b ← 200", "PutObject c, If-Match: e ← answered", "DeleteObject d ← no answer"}
	if got := o.requests(); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestAnEntryScrollsByItsKeys(t *testing.T) {
	s := open(t, sampleFleet())
	s.history().press("j", "enter")
	p := s.app.top().(*entryPage)
	s.content()
	last := len(p.lines) - p.h + 1 // one line says what is above
	for _, c := range []struct {
		key  string
		want int
	}{{"up", 0}, {"j", 1}, {"pgdown", 1 + p.h}, {"pgup", 1}, {"G", last}, {"down", last}, {"up", last - 1}, {"home", 0}} {
		if s.press(c.key).content(); p.scroll != c.want {
			t.Errorf("%s: line %d, not %d", c.key, p.scroll, c.want)
		}
	}
}

func TestTheJournalIsReadOffTheUpdateLoop(t *testing.T) {
	read := false
	s := open(t, sampleFleet(), func(o *Options) {
		o.Journal = func(context.Context) ([]model.JournalEntry, error) {
			read = true
			return nil, nil
		}
	})
	s.manual = true
	if s.press("6").sees("reading…"); read {
		t.Fatal("the first frame waited for the journal")
	}
	if s.run(); !read {
		t.Fatal("it was not read")
	}
}
