package main

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stateward/stateward/model"
)

func (f *fakeBackends) HistoryFacts(_ context.Context, b model.Backend, key string, since time.Time) model.HistoryFacts {
	f.note("HistoryFacts " + b.URL(key) + " " + since.UTC().Format(time.RFC3339))
	return f.past
}

func (f *fakeBackends) LockRun(_ context.Context, _ model.Backend, _, versionID string) model.Fact[model.LockInfo] {
	f.note("LockRun " + versionID)
	return f.lockRuns[versionID]
}

func TestHistoryOfTheOverwrittenState(t *testing.T) {
	f := newFleet(t)
	e := f.run("history", overwrittenURL, "-o", "json")
	equal(t, "exit code", e.code, exitDone)
	docs := decode[[]versionDoc](t, e)
	equal(t, "who overwrote it", docs[0].WrittenBy.Who+" "+docs[0].WrittenBy.Operation, "carol@laptop OperationTypeApply")
	equal(t, "what is odd", docs[0].Anomalies, []model.Rule{model.RuleResourcesHalved})
	equal(t, "in words", docs[0].AnomalyDetails[0].Text, "lost 58 of 61 resources")
	equal(t, "change", *docs[0].Change, changeDoc{Changed: ptr(0), Removed: 58})
	equal(t, "suggested", []bool{docs[0].Suggested, docs[1].Suggested, docs[2].Suggested}, []bool{false, true, false})
	equal(t, "state-rm", docs[3].WrittenBy.Operation, "state-rm")
	oldest := docs[len(docs)-1] // from before there were lock files
	equal(t, "nobody is guessed", oldest.WrittenBy, (*writerDoc)(nil))
	equal(t, "why", oldest.Unknown["written_by"], "no lock file was held then: written with -lock=false, or under a lock in a table, which leaves no history")
	equal(t, "no change before the first", []any{oldest.Change, oldest.Unknown["change"]}, []any{(*changeDoc)(nil), ""})
	equal(t, "nothing odd", oldest.Anomalies, []model.Rule{})

	tab := f.run("history", overwrittenURL)
	for _, want := range []string{"carol@laptop apply               3  -58 ", "current; lost 58 of 61 resources", "★ suggested"} {
		if !strings.Contains(tab.stdout, want) {
			t.Errorf("no %q in\n%s", want, tab.stdout)
		}
	}
	if !strings.Contains(tab.stderr, "★ Serial 56, written") || !strings.Contains(tab.stderr, "is the last good version before that, with 61 resources") {
		t.Errorf("stderr does not say why: %s", tab.stderr)
	}
}

func TestHistoryAfterARestoreSuggestsNothing(t *testing.T) {
	f := newFleet(t)
	good := decode[[]versionDoc](t, f.run("history", overwrittenURL, "-o", "json"))[1].VersionID
	equal(t, "exit code", f.run("restore", overwrittenURL, "--version-id", good, "--yes").code, exitDone)
	for name, journal := range map[string][]string{"by the journal": nil, "by the lock alone": {"--journal", filepath.Join(t.TempDir(), "none.jsonl")}} {
		docs := decode[[]versionDoc](t, f.run(append([]string{"history", overwrittenURL, "-o", "json"}, journal...)...))
		equal(t, name+": suggestions", slices.ContainsFunc(docs, func(d versionDoc) bool { return d.Suggested }), false)
		equal(t, name, docs[0].Anomalies, []model.Rule{model.RuleRestored})
		equal(t, name+": operation", docs[0].WrittenBy.Operation, "stateward-restore")
		if !strings.HasSuffix(docs[0].AnomalyDetails[0].Text, "from version "+good) {
			t.Errorf("%s: %s", name, docs[0].AnomalyDetails[0].Text)
		}
	}
}

func TestHistoryBeyondTheVersionsAskedForIsUnknown(t *testing.T) {
	for flag, want := range map[string]int{"3": 3, "0": 0} {
		f := newFleet(t)
		docs := decode[[]versionDoc](t, f.run("history", overwrittenURL, "--versions", flag, "-o", "json"))
		for i, d := range docs {
			told := d.WrittenBy != nil && d.Anomalies != nil
			if told != (i < want) {
				t.Errorf("--versions %s: version %d: by %v, anomalies %v", flag, i, d.WrittenBy, d.Anomalies)
			}
			if why := "beyond --versions " + flag; i >= want && (d.Unknown["written_by"] != why || d.Unknown["anomalies"] != why || i+1 < len(docs) && d.Unknown["change"] != why) {
				t.Errorf("--versions %s: version %d: %v", flag, i, d.Unknown)
			}
		}
		if want > 0 {
			equal(t, "the last one read", docs[want-1].Unknown["anomalies"], "the version before: beyond --versions "+flag)
		}
		requests := 0
		for _, r := range f.server.Requests() {
			if r.Operation == "GetObject" && r.Query.Has("versionId") && strings.HasSuffix(r.Key, ".tflock") {
				requests++
			}
		}
		equal(t, "locks read", requests, want)
	}
}
