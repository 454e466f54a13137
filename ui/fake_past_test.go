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
