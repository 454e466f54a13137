package main

import (
	"context"
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
