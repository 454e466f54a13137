package ui

import (
	"context"
	"iter"

	"github.com/stateward/stateward/model"
)

// keysFake is the keys and the encryption of a fake fleet.
type keysFake struct {
	keys      map[string]model.KeyPage         // by bucket
	encrypted map[string]model.StateEncryption // by s3:// address
	keysErr   map[string]error                 // by bucket
}

func (f *fake) Keys(_ context.Context, b model.Backend) iter.Seq2[model.KeyPage, error] {
	f.called("Keys %s", b.Bucket)
	return func(yield func(model.KeyPage, error) bool) {
		if page, ok := f.keys[b.Bucket]; ok && !yield(page, nil) {
			return
		}
		if err := f.keysErr[b.Bucket]; err != nil {
			yield(model.KeyPage{}, err)
		}
	}
}

func (f *fake) StateEncryption(_ context.Context, b model.Backend, key string) iter.Seq2[model.StateEncryption, error] {
	f.called("StateEncryption %s", key)
	return func(yield func(model.StateEncryption, error) bool) { yield(f.encrypted[b.URL(key)], nil) }
}
