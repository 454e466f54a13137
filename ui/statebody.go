package ui

import (
	"context"

	"github.com/stateward/stateward/model"
)

// bodyReader reads whole states and notes that something of them was revealed.
type bodyReader interface {
	// StateBody reads one version of a state, or the current one for "". Bytes
	// that cannot be indexed come with the reason as an error. progress is told
	// how many bytes have come of how many, from another goroutine.
	StateBody(ctx context.Context, b model.Backend, key, versionID string, progress func(read, total int64)) (*model.StateDocument, error)
	// RecordReveal notes in the journal that sensitive values are about to be
	// shown. Where it fails they are not shown.
	RecordReveal(ctx context.Context, b model.Backend, key, versionID, what string) error
}
