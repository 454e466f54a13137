package aws

import (
	"context"
	"net/http"
	"sync"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	"github.com/stateward/stateward/model"
)

// checksAtOnce is how many requests of health checks may be under way, of all
// backends together, for each one that Options.Concurrency allows: they go to
// buckets of their own, hardly carry anything and are mostly waited for. Each may
// take a connection, of which a process has some thousand.
const (
	checksAtOnce = 64
	mostChecks   = 1024
)

// Health gathers the facts that the health checks of a backend look at: each
// once, side by side, so that it takes about as long as the longest chain of
// requests of which one needs the answer of the other: the region, the tables,
// their schema, the rows, the states, and two more for a key that only the states
// name. Reads of single states are bounded by Options.Concurrency, and the requests
// of all backends together by checksAtOnce times as many. Nothing fails: a fact that
// could not be read carries its reason.
//
// With one lock table it makes 20 requests for the bucket and the table, one
// more for every further 1,000 keys or (once) versions, and 4 for every further
// table; a GET for every state and every lock file that lies there; three for
// the account (STS, S3 Control, ListTables); and five for each KMS key.
// Of a state that shrank within a day two versions are read, of the others none but
// the newest; of a lock file, those that a held lock is
// judged by: see model.LockContext.Asks. Where rows may not be listed (dynamodb:Scan), each state
// costs two GetItem in addition.
func (c *Client) Health(ctx context.Context, b model.Backend) model.HealthFacts {
	ctx = withSlots(ctx, c.checks)
	h := &healthReader{c: c, b: b}
	h.f.Backend, h.f.Program = b, c.opts.Program
	api, err := c.s3(ctx, b)
	if err != nil {
		h.unreachable(err)
		return h.f
	}
	h.f.Region = model.FactOf(c.regionOf(ctx, b))
	side(
		func() { h.settings(ctx, api) },
		func() { h.account(ctx, api) },
		func() { h.contents(ctx) },
	)
	h.keys(ctx)
	h.f.ConditionalWrites = h.conditions(ctx)
	h.f.At = h.at
	return h.f
}

// healthReader gathers the facts of one backend. What is read at a time goes
// into fields of its own.
type healthReader struct {
	c *Client
	b model.Backend
	f model.HealthFacts

	objects listed // what lies there now
	listErr error
	found   []listedObject // the same in the order of the listing
	rows    tableContents
	history healthHistory
	states  []stateRead
	files   map[string]lockFileRead // by the state's key
	lost    map[string]model.Fact[model.Loss]

	mu sync.Mutex
	at time.Time
}

// saw notes the time of an answer; the latest one is when the facts hold.
func (h *healthReader) saw(at time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if at.After(h.at) {
		h.at = at
	}
}

// now is the latest time that an answer has told.
func (h *healthReader) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.at.IsZero() {
		return h.c.serviceNow()
	}
	return h.at
}

// contents reads what lies in the bucket and in the tables: first which keys,
// versions and rows there are, then the states and lock files themselves, beside
// the settings of the tables.
func (h *healthReader) contents(ctx context.Context) {
	side(
		func() { h.list(ctx) },
		func() { h.history.read(ctx, h) },
		func() { h.rows.read(ctx, h) },
	)
	h.lookUp(ctx)
	side(
		func() { h.readStates(ctx) },
		func() { h.tables(ctx) },
	)
	h.locks(ctx)
	h.digests(ctx)
	h.losses(ctx)
	h.stateFacts()
	h.mechanisms()
}

// list lists the objects that are there now.
func (h *healthReader) list(ctx context.Context) {
	h.objects = listed{keys: map[string]time.Time{}, complete: true, read: h.c}
	for page, err := range h.c.objects(ctx, h.b, h.b.Prefix) {
		if err != nil {
			h.objects.complete, h.listErr = false, err
			return
		}
		for _, o := range page {
			h.objects.keys[o.key] = o.modified
		}
		h.found = append(h.found, page...)
	}
}

// account finds out who asks, whether the bucket is theirs, and what the account
// blocks. The block of another account cannot be read.
func (h *healthReader) account(ctx context.Context, api *s3.Client) {
	asking, err := h.c.askingAccount(ctx, h.b)
	h.f.Account = factRead(asking, err)
	block := &h.f.Bucket.AccountPublicAccess
	if err != nil {
		h.f.Owner = model.Unknown[string](h.f.Account.Reason())
		*block = model.Unknown[model.PublicAccessBlock](h.f.Account.Reason())
		return
	}
	side(
		func() { h.f.Owner = h.owner(ctx, api, asking) },
		func() { *block = h.accountBlock(ctx, asking) },
	)
	if !h.f.Owner.IsKnown() {
		*block = model.Unknown[model.PublicAccessBlock](h.f.Owner.Reason())
	}
}

// factRead is FactOf, with the words for what a store lacks.
func factRead[T any](v T, err error) model.Fact[T] {
	if err != nil {
		return unreadFact[T](err)
	}
	return model.Known(v)
}

// owner asks S3 whether the bucket belongs to the account. A refusal of that
// alone means another one: without the condition the bucket answers.
func (h *healthReader) owner(ctx context.Context, api *s3.Client, asking string) model.Fact[string] {
	_, err := api.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &h.b.Bucket, ExpectedBucketOwner: &asking})
	switch {
	case err == nil:
		return model.Known(asking)
	case httpStatus(err) == http.StatusForbidden && h.f.Region.IsKnown() && h.listable(ctx, api):
		return model.Unknown[string]("the bucket belongs to another account")
	}
	return unreadFact[string](failure(err, "asking whose the bucket is", "s3://"+h.b.Bucket, "s3:ListBucket"))
}

// listable tells a bucket of somebody else from one that may not be listed.
func (h *healthReader) listable(ctx context.Context, api *s3.Client) bool {
	_, err := api.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &h.b.Bucket})
	return err == nil
}

// accountBlock is the account's public access block, which all its backends have
// in common.
func (h *healthReader) accountBlock(ctx context.Context, account string) model.Fact[model.PublicAccessBlock] {
	at := h.c.at(h.b.Access, s3control.ServiceID, account)
	block, err := h.c.blocks.get(ctx, at, h.c.now(), func(ctx context.Context) (model.Fact[model.PublicAccessBlock], error) {
		return h.readAccountBlock(ctx, account), ctx.Err() // what was cut off is not kept
	})
	if err != nil {
		return unreadFact[model.PublicAccessBlock](err)
	}
	return block
}

func (h *healthReader) readAccountBlock(ctx context.Context, account string) model.Fact[model.PublicAccessBlock] {
	api, err := h.c.s3control(ctx, h.b)
	if err != nil {
		return unreadFact[model.PublicAccessBlock](err)
	}
	out, err := api.GetPublicAccessBlock(ctx, &s3control.GetPublicAccessBlockInput{AccountId: &account})
	if err == nil {
		return model.Known(accountAccessOf(out))
	}
	if errorCode(err) == codeNoAccessBlock {
		return model.Known(model.PublicAccessBlock{})
	}
	return unreadFact[model.PublicAccessBlock](failure(err, "reading the public access block", "the account", "s3:GetAccountPublicAccessBlock"))
}

func accountAccessOf(out *s3control.GetPublicAccessBlockOutput) model.PublicAccessBlock {
	p := out.PublicAccessBlockConfiguration
	if p == nil {
		return model.PublicAccessBlock{}
	}
	return model.PublicAccessBlock{BlockPublicACLs: sdk.ToBool(p.BlockPublicAcls), IgnorePublicACLs: sdk.ToBool(p.IgnorePublicAcls),
		BlockPublicPolicy: sdk.ToBool(p.BlockPublicPolicy), RestrictPublicBuckets: sdk.ToBool(p.RestrictPublicBuckets)}
}

// unreachable fills every fact with the reason for which there is none: the
// bucket cannot be found or reached.
func (h *healthReader) unreachable(err error) {
	why := model.Reason(err)
	f := &h.f
	f.Region, f.Account, f.Owner = model.Unknown[string](why), model.Unknown[string](why), model.Unknown[string](why)
	f.ConditionalWrites = model.Unknown[model.Conditions](why)
	f.Leftovers = model.Unknown[model.LockFileLeftovers](why)
	unread := model.ReasonAt(err, "s3://"+h.b.Bucket)
	f.Tables, f.States = model.GatheredOf[model.TableHealth](nil, unread), model.GatheredOf[model.StateHealth](nil, unread)
	f.Digests, f.Locks = model.GatheredOf[model.DigestHealth](nil, unread), model.GatheredOf[model.Lock](nil, unread)
	f.Mechanisms = model.GatheredOf[model.MechanismUse](nil, unread)
	f.Bucket = model.BucketHealth{
		Versioning: model.Unknown[model.Versioning](why), MFADelete: model.Unknown[bool](why),
		PublicAccess: model.Unknown[model.PublicAccessBlock](why), AccountPublicAccess: model.Unknown[model.PublicAccessBlock](why),
		PolicyPublic: model.Unknown[bool](why), Policy: model.Unknown[string](why), ACL: model.Unknown[model.BucketACL](why),
		Ownership: model.Unknown[string](why), Encryption: model.Unknown[model.Encryption](why), Logging: model.Unknown[model.BucketLogging](why),
		Lifecycle: model.Unknown[[]model.LifecycleRule](why), Uploads: model.Unknown[model.OpenUploads](why),
		ObjectLock: model.Unknown[model.ObjectLock](why), Replication: model.Unknown[[]model.Replication](why),
	}
}
