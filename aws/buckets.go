package aws

import (
	"context"
	"iter"

	"github.com/stateward/stateward/model"
)

// Buckets yields the buckets of the account as backends, whatever they hold: one
// in which no state was found, or that could not be looked into, is chosen from
// here. An error comes last. It takes s3:ListAllMyBuckets.
func (c *Client) Buckets(ctx context.Context) iter.Seq2[[]model.Backend, error] {
	return func(yield func([]model.Backend, error) bool) {
		buckets, err := c.listBuckets(ctx)
		d := discovery{c: c}
		all := make([]model.Backend, len(buckets))
		for i, bucket := range buckets {
			all[i] = d.found(bucket.name, model.SourceBuckets, "")
			if bucket.region != "" {
				c.regions.put(c.bucketAt(all[i]), bucket.region)
			}
		}
		if len(all) > 0 && !yield(all, nil) || err == nil {
			return
		}
		yield(nil, err)
	}
}
