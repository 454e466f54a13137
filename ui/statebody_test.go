package ui

import (
	"context"

	"github.com/stateward/stateward/model"
)

func (f *fake) StateBody(ctx context.Context, b model.Backend, key, versionID string, progress func(read, total int64)) (*model.StateDocument, error) {
	f.called("StateBody %s %s", key, versionID)
	if f.bodyRead != nil {
		f.bodyRead(ctx, progress)
	}
	if f.bodyErr != nil || f.doc != nil {
		return f.doc, f.bodyErr
	}
	body, ok := f.bodies[b.URL(key)+" "+versionID]
	if !ok {
		body = f.bodies[b.URL(key)]
	}
	if progress != nil {
		progress(int64(len(body)), int64(len(body)))
	}
	if versionID == "" {
		versionID = "9fK2mPq7TzWcR1sX"
	}
	doc, err := model.ReadDocument(versionID, []byte(body))
	return &doc, err
}

func (f *fake) RecordReveal(_ context.Context, b model.Backend, key, versionID, what string) error {
	f.called("RecordReveal %s %s", key, what)
	return f.revealErr
}
