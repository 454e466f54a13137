package aws

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stateward/stateward/model"
)

// Backends yields the configured backends at once and then, where discovery is
// on, those that rows of lock tables name and buckets of the account in which a
// first page of keys shows a state. A configured backend of which rows name
// further states is yielded again. Sources that could not be read, and buckets
// that could not be looked into, are joined into one error, which comes last.
func (c *Client) Backends(ctx context.Context) iter.Seq2[[]model.Backend, error] {
	return func(yield func([]model.Backend, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		d := &discovery{c: c}
		if known := d.configured(); len(known) > 0 && !yield(known, nil) {
			return
		}
		if !c.opts.Discover {
			return
		}
		if !d.fromTables(ctx, yield) || !d.fromAccount(ctx, yield) {
			return
		}
		if err := errors.Join(d.errs...); err != nil {
			yield(nil, err)
		}
	}
}

// discovery is one search for backends.
type discovery struct {
	c     *Client
	known []model.Backend
	errs  []error
}

func (d *discovery) configured() []model.Backend {
	for _, b := range d.c.opts.Backends {
		b.Policy = b.Policy.Strictest(model.PolicyFor(d.c.opts.Policies, b.Bucket))
		if d.find(b.Bucket, b.Prefix) == nil {
			d.known = append(d.known, b)
		}
	}
	return slices.Clone(d.known)
}

func (d *discovery) find(bucket, prefix string) *model.Backend {
	for i := range d.known {
		if d.known[i].Bucket == bucket && d.known[i].Prefix == prefix {
			return &d.known[i]
		}
	}
	return nil
}

// covering is the known backend that a key lies in, or nil.
func (d *discovery) covering(bucket, key string) *model.Backend {
	for i := range d.known {
		if d.known[i].Bucket == bucket && strings.HasPrefix(key, d.known[i].Prefix) {
			return &d.known[i]
		}
	}
	return nil
}

// found is a backend that discovery came upon, with the policy for its bucket.
func (d *discovery) found(bucket string, source model.Source, region string) model.Backend {
	return model.Backend{Name: bucket, Bucket: bucket, Source: source, Region: region, Workspace: d.c.opts.Workspace,
		Policy: model.PolicyFor(d.c.opts.Policies, bucket)}
}

// fromTables yields what the rows of the lock tables name. The tables are those
// of the program's own region; the backends keep it, so that their tables are
// sought where they were found and not in the region of the bucket.
func (d *discovery) fromTables(ctx context.Context, yield func([]model.Backend, error) bool) bool {
	var own model.Backend
	tables, err := d.c.tablesFor(ctx, own)
	d.note(err)
	region, err := d.c.tableRegion(ctx, own)
	d.note(err)
	var foreign oddRows
	for _, table := range tables {
		rows, err := d.c.tableRows(ctx, own, table)
		d.note(err)
		foreign.add(table, rows)
		if changed := d.take(rows, region); len(changed) > 0 && !yield(changed, nil) {
			return false
		}
	}
	if len(d.known) == 0 { // else every listing of locks tells of them
		d.note(foreign.err())
	}
	return ctx.Err() == nil || yieldEnd(ctx, yield)
}

// yieldEnd ends an iteration with the error of its context.
func yieldEnd(ctx context.Context, yield func([]model.Backend, error) bool) bool {
	yield(nil, ctx.Err())
	return false
}

func (d *discovery) note(err error) {
	if err != nil && !isCanceled(err) {
		d.errs = append(d.errs, err)
	}
}

// take adds the states that rows name to their backends and returns the
// backends that changed.
func (d *discovery) take(rows []row, region string) []model.Backend {
	changed := map[string]bool{}
	for _, r := range rows {
		bucket, key, ok := r.place()
		if r.digests() {
			key = strings.TrimSuffix(key, digestIDSuffix)
		}
		if !ok || key == "" {
			continue // a foreign row
		}
		b := d.covering(bucket, key)
		if b == nil {
			d.known = append(d.known, d.found(bucket, model.SourceLockTable, region))
			b = &d.known[len(d.known)-1]
		}
		if !slices.Contains(b.Keys, key) {
			b.Keys = append(slices.Clone(b.Keys), key) // the slice may be the caller's
			changed[b.Bucket+"/"+b.Prefix] = true
		}
	}
	var out []model.Backend
	for _, b := range d.known {
		if changed[b.Bucket+"/"+b.Prefix] {
			out = append(out, b)
		}
	}
	return out
}

// fromAccount yields the buckets of the account that show a state, each as soon
// as it is looked through.
func (d *discovery) fromAccount(ctx context.Context, yield func([]model.Backend, error) bool) bool {
	buckets, err := d.c.listBuckets(ctx)
	d.note(err)
	results := make(chan looked)
	go d.c.lookThrough(ctx, buckets, results) // ends with ctx, which ends with the iteration
	for r := range results {
		d.note(r.err)
		if r.err != nil || !d.isNews(r) {
			continue
		}
		b := d.found(r.bucket.name, model.SourceAccount, "")
		d.known = append(d.known, b)
		if !yield([]model.Backend{b}, nil) {
			return false
		}
	}
	return ctx.Err() == nil || yieldEnd(ctx, yield)
}

// isNews reports whether a bucket shows a state that no known backend covers.
func (d *discovery) isNews(r looked) bool {
	return slices.ContainsFunc(r.states, func(key string) bool { return d.covering(r.bucket.name, key) == nil })
}

// accountBucket is a bucket as ListBuckets tells it.
type accountBucket struct{ name, region string }

func (c *Client) listBuckets(ctx context.Context) ([]accountBucket, error) {
	var own model.Backend
	region, err := c.startRegion(ctx, own)
	if err != nil {
		return nil, err
	}
	api, err := c.s3In(ctx, own, region)
	if err != nil {
		return nil, err
	}
	var all []accountBucket
	var pages trail
	in := &s3.ListBucketsInput{MaxBuckets: sdk.Int32(1000)}
	for {
		out, err := api.ListBuckets(ctx, in)
		if err != nil {
			return all, failure(err, "listing the buckets", "the account", "s3:ListAllMyBuckets")
		}
		for _, b := range out.Buckets {
			all = append(all, accountBucket{name: sdk.ToString(b.Name), region: sdk.ToString(b.BucketRegion)})
		}
		if sdk.ToString(out.ContinuationToken) == "" {
			return all, nil
		}
		if !pages.fresh(*out.ContinuationToken) {
			return all, endless("the account")
		}
		in.ContinuationToken = out.ContinuationToken
	}
}

// looked is what the first page of a bucket showed.
type looked struct {
	bucket accountBucket
	states []string // keys that are states by name, or have a lock file
	err    error
}

// lookThrough reads the first page of each bucket, some at a time, and closes
// results when it is done.
func (c *Client) lookThrough(ctx context.Context, buckets []accountBucket, results chan<- looked) {
	defer close(results)
	g := newGroup()
	g.SetLimit(c.concurrency())
	for _, bucket := range buckets {
		if ctx.Err() != nil {
			break
		}
		g.Go(func() error {
			r := c.look(ctx, bucket)
			select {
			case results <- r:
			case <-ctx.Done():
			}
			return nil
		})
	}
	_ = g.Wait() // the results carry the errors
}

func (c *Client) look(ctx context.Context, bucket accountBucket) looked {
	r := looked{bucket: bucket}
	b := model.Backend{Bucket: bucket.name}
	if bucket.region != "" {
		c.regions.put(c.bucketAt(b), bucket.region)
	}
	for page, err := range c.objects(ctx, b, "") {
		if err != nil {
			r.err = fmt.Errorf("bucket %s was not looked through: %w", bucket.name, err)
			break
		}
		for _, o := range page {
			if state, ok := model.LockedKey(o.key); ok {
				r.states = append(r.states, state)
			} else if model.LooksLikeStateName(o.key) {
				r.states = append(r.states, o.key)
			}
		}
		break // one page a bucket
	}
	return r
}
