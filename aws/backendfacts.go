package aws

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	"github.com/stateward/stateward/model"
)

// countedPages bounds how far a backend is counted: three thousand keys.
const countedPages = 3

// BackendFacts reads what there is to know about a backend, all at a time; each
// fact stands or falls alone.
func (c *Client) BackendFacts(ctx context.Context, b model.Backend) model.BackendFacts {
	var f model.BackendFacts
	var census census
	g := newGroup()
	g.Go(func() error { f.Region = model.FactOf(c.regionOf(ctx, b)); return nil })
	g.Go(func() error { f.Versioning = c.versioningOf(ctx, b); return nil })
	g.Go(func() error { f.Encryption = c.bucketEncryption(ctx, b); return nil })
	g.Go(func() error { f.Tables = c.tablesOf(ctx, b); return nil })
	g.Go(func() error { census = c.census(ctx, b); return nil })
	_ = g.Wait() // the facts carry their reasons
	f.States = model.FactOf(census.states, census.err)
	f.LockFiles = model.FactOf(census.lockFiles, census.err)
	f.LastWrite = census.lastWrite()
	f.More = census.more
	return f
}

// versioningOf is a bucket's versioning.
func (c *Client) versioningOf(ctx context.Context, b model.Backend) model.Fact[model.Versioning] {
	return model.FactOf(c.versioning(ctx, b))
}

func (c *Client) versioning(ctx context.Context, b model.Backend) (model.Versioning, error) {
	api, err := c.s3(ctx, b)
	if err != nil {
		return "", err
	}
	out, err := api.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &b.Bucket})
	if err != nil {
		return "", failure(err, "reading the versioning", "s3://"+b.Bucket, "s3:GetBucketVersioning")
	}
	if out.Status == "" {
		return model.VersioningNever, nil
	}
	return model.Versioning(out.Status), nil
}

// bucketEncryption is a bucket's default encryption.
func (c *Client) bucketEncryption(ctx context.Context, b model.Backend) model.Fact[model.Encryption] {
	api, err := c.s3(ctx, b)
	if err != nil {
		return model.Unknown[model.Encryption](model.Reason(err))
	}
	out, err := api.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: &b.Bucket})
	var code smithy.APIError
	if errors.As(err, &code) && code.ErrorCode() == "ServerSideEncryptionConfigurationNotFoundError" {
		return model.Known(model.Encryption{Algorithm: "none"})
	}
	if err != nil {
		return model.Unknown[model.Encryption](model.Reason(failure(err, "reading the default encryption", "s3://"+b.Bucket, "s3:GetEncryptionConfiguration")))
	}
	return model.Known(defaultEncryption(out))
}

func defaultEncryption(out *s3.GetBucketEncryptionOutput) model.Encryption {
	if out.ServerSideEncryptionConfiguration == nil {
		return model.Encryption{Algorithm: "none"}
	}
	for _, rule := range out.ServerSideEncryptionConfiguration.Rules {
		if by := rule.ApplyServerSideEncryptionByDefault; by != nil {
			e := model.Encryption{Algorithm: string(by.SSEAlgorithm)}
			if by.KMSMasterKeyID != nil {
				e.KMSKeyID = *by.KMSMasterKeyID
			}
			e.BucketKey = rule.BucketKeyEnabled != nil && *rule.BucketKeyEnabled
			return e
		}
	}
	return model.Encryption{Algorithm: "none"}
}

// tablesOf are the lock tables of a backend: those that are named for it and
// those found that have a row of it. One whose rows cannot be read may have.
func (c *Client) tablesOf(ctx context.Context, b model.Backend) model.Fact[[]string] {
	t := c.lockTablesOf(ctx, b)
	if t.gap != nil {
		return model.Unknown[[]string](model.Reason(t.gap))
	}
	named := map[string]bool{} // DeleteFunc moves the names
	for _, table := range t.names[:t.named] {
		named[table] = true
	}
	return model.Known(slices.DeleteFunc(t.names, func(table string) bool {
		if named[table] {
			return false
		}
		rows, err := c.tableRows(ctx, b, table)
		return err == nil && !slices.ContainsFunc(rows, func(r row) bool { _, ok := r.keyIn(b); return ok })
	}))
}

// census is what the first pages of a listing tell of a backend.
type census struct {
	states, lockFiles int
	newest            time.Time
	more              bool // there are further pages
	err               error
}

func (c *Client) census(ctx context.Context, b model.Backend) census {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends the reading of rows
	l := newStateListing(ctx, c, b, model.StateQuery{})
	var s census
	for page, err := range c.objects(ctx, b, b.Prefix) {
		if err != nil {
			s.err = err
			return s
		}
		if l.pages == countedPages {
			s.more = true
			break
		}
		l.await(ctx)
		s.add(l.page(page))
		s.lockFiles += countLockFiles(page)
	}
	s.add(l.rest())
	s.add(l.resolve(ctx))
	s.more = s.more || l.unread
	return s
}

func (s *census) add(p model.StatePage) {
	s.states += len(p.States)
	for _, st := range p.States {
		if st.LastModified.After(s.newest) {
			s.newest = st.LastModified
		}
	}
}

func countLockFiles(page []listedObject) int {
	n := 0
	for _, o := range page {
		if model.IsLockFile(o.key) {
			n++
		}
	}
	return n
}

// lastWrite is unknown where not every state was looked at: an older one could
// pass for the newest. It is known and zero where no state is there.
func (s *census) lastWrite() model.Fact[time.Time] {
	switch {
	case s.err != nil:
		return model.Unknown[time.Time](model.Reason(s.err))
	case s.more:
		return model.Unknown[time.Time]("too many keys to look through")
	}
	return model.Known(s.newest)
}
