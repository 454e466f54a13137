package main

import (
	"context"
	"iter"

	"github.com/stateward/stateward/model"
)

// keysFake is the keys of a fake fleet, the same behind each backend.
type keysFake struct {
	keys    model.KeyPage
	keysErr error
}

func (f *fakeBackends) Keys(_ context.Context, b model.Backend) iter.Seq2[model.KeyPage, error] {
	f.note("Keys " + b.Bucket)
	return func(yield func(model.KeyPage, error) bool) {
		if yield(f.keys.keys, nil) && f.keys.keysErr != nil {
			yield(model.KeyPage{}, f.keys.keysErr)
		}
	}
}

func (f *fakeBackends) StateEncryption(context.Context, model.Backend, string) iter.Seq2[model.StateEncryption, error] {
	return func(func(model.StateEncryption, error) bool) {}
}
