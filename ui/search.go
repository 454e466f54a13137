package ui

import (
	"context"
	"iter"

	"github.com/stateward/stateward/model"
)

// searchReader looks for resources in the states of backends, and yields what
// it finds as it finds it. The error, last, is that of the context.
type searchReader interface {
	Search(ctx context.Context, backends []model.Backend, q model.SearchQuery) iter.Seq2[model.SearchPage, error]
}
