package aws

import (
	"context"
	"iter"
	"time"

	"github.com/stateward/stateward/model"
)

// SetGrace shortens how long a listing waits for the lock tables.
func SetGrace(c *Client, d time.Duration) { c.grace = d }

// SearchWithin is Search where all bodies together take at most so many bytes.
func (c *Client) SearchWithin(ctx context.Context, backends []model.Backend, q model.SearchQuery, largest int64) iter.Seq2[model.SearchPage, error] {
	return c.search(ctx, backends, q, largest)
}

// Urgent marks reads that are sent to an endpoint that has fallen silent, too.
var Urgent = urgent
