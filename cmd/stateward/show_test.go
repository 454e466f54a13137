package main

import (
	"context"

	"github.com/stateward/stateward/model"
)

func (f *fakeBackends) StateBody(_ context.Context, b model.Backend, key, versionID string, _ func(read, total int64)) (*model.StateDocument, error) {
	f.note("StateBody " + b.URL(key) + " " + versionID)
	if f.bodyErr != nil {
		return nil, f.bodyErr
	}
	doc, err := model.ReadDocument("v1", []byte(f.body))
	return &doc, err
}

func (f *fakeBackends) RecordReveal(_ context.Context, b model.Backend, key, versionID, what string) error {
	f.note("RecordReveal " + b.URL(key) + " " + versionID + ": " + what)
	return f.revealErr
}
