package aws

import (
	"context"
	"iter"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stateward/stateward/model"
)

// SetGrace shortens how long a listing waits for the lock tables.
func SetGrace(c *Client, d time.Duration) { c.grace = d }

// SearchWithin is Search where all bodies together take at most so many bytes.
func (c *Client) SearchWithin(ctx context.Context, backends []model.Backend, q model.SearchQuery, largest int64) iter.Seq2[model.SearchPage, error] {
	return c.search(ctx, backends, q, largest)
}

// SendThrough lets a client with fixed keys send its requests another way than
// over the network.
func SendThrough(c *Client, way sdk.HTTPClient) {
	s := c.staticSession()
	s.cfg.HTTPClient = way
	c.sessions.put(identity{}, s)
}

// Urgent marks reads that are sent to an endpoint that has fallen silent, too.
var Urgent = urgent

// LatePause is the first pause of those that wait for a lock that may arrive late.
const LatePause = latePause
