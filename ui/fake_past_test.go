package ui

import (
	"context"
	"time"

	"github.com/stateward/stateward/model"
)

// fakePast is what versions are judged by: the runs of the one state that has
// any, and what their locks said.
type fakePast struct {
	history []model.Version // of the lock file, newest first
	since   time.Time       // how far it goes back
	wants   model.Fact[model.Encryption]
	unread  string // why the runs cannot be read
	infos   map[string]model.Fact[model.LockInfo]
}

func (f *fake) HistoryFacts(_ context.Context, b model.Backend, key string, since time.Time) model.HistoryFacts {
	f.called("HistoryFacts %s %s", key, since.Format(time.RFC3339))
	facts := model.HistoryFacts{Runs: model.Known(model.LockRunsOf(f.past.history, f.past.since)), Wants: f.past.wants}
	if f.past.unread != "" {
		facts.Runs = model.Unknown[model.LockRuns](f.past.unread)
	}
	return facts
}

func (f *fake) LockRun(_ context.Context, _ model.Backend, _, versionID string) model.Fact[model.LockInfo] {
	f.called("LockRun %s", versionID)
	return f.past.infos[versionID]
}

// samplePast is who wrote the versions of the warehouse: its newest four.
func (f *fake) samplePast() {
	f.past.wants = model.Known(model.Encryption{Algorithm: "aws:kms", KMSKeyID: "alias/tfstate"})
	f.past.infos = map[string]model.Fact[model.LockInfo]{}
	for _, run := range []struct {
		id, who, operation string
		ended, took        time.Duration // ago
	}{
		{"run-4", "carol@laptop", "OperationTypeApply", 26 * time.Minute, 2 * time.Minute},
		{"run-3", "ci@runner-17", "OperationTypeApply", 2 * time.Hour, 4 * time.Minute},
		{"run-2", "ci@runner-12", "OperationTypePlan", 5 * time.Hour, time.Minute},
		{"run-1", "dave@mbp", "state-rm", 24 * time.Hour, time.Second},
	} {
		ended := theTime.Add(-run.ended)
		f.past.history = append(f.past.history, model.Version{VersionID: run.id + "-end", DeleteMarker: true, LastModified: ended},
			model.Version{VersionID: run.id, LastModified: ended.Add(-run.took)})
		f.past.infos[run.id] = model.Known(model.LockInfo{ID: run.id, Who: run.who, Operation: run.operation, Version: "1.11.4"})
	}
}

// prints are those of n resources, the same in every version.
func prints(n int) model.Prints {
	all := make(model.Prints, n)
	for i := range all {
		all[i] = model.Print{Address: uint64(i)}
	}
	return all
}
