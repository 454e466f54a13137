package aws

import (
	"context"
	"errors"
	"iter"
	"strings"
	"sync"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stateward/stateward/model"
)

// Keys yields the KMS keys behind a backend as they become known: that of the
// bucket's default encryption, those of the lock tables, and those of the
// current and the old versions of every state, of which the newest versions are
// looked at (Options.Versions). Every page holds all that is known by
// then. Sources that could not be read are problems of the page; only where the
// states cannot be listed is there an error, last.
func (c *Client) Keys(ctx context.Context, b model.Backend) iter.Seq2[model.KeyPage, error] {
	return func(yield func(model.KeyPage, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel() // ends all reading when the consumer leaves
		k := &keyGathering{c: c, b: b, versions: c.versionBound(), group: newGroup(), news: make(chan struct{}, 1), met: map[string]*model.Key{}, asked: map[keyName]bool{}}
		done := make(chan error, 1)
		go func() { done <- Guarded(func() error { return k.run(ctx) }) }()
		tell(k.news, done, k.page, yield)
	}
}

// keyGathering is one gathering under way.
type keyGathering struct {
	c        *Client
	b        model.Backend
	versions int
	news     chan struct{} // something is known that no page has
	group    *group

	mu       sync.Mutex
	uses     model.KeyUses
	progress model.KeyProgress
	met      map[string]*model.Key // by reference
	asked    map[keyName]bool
}

// run reads everything: first what is in use today, then the history.
func (k *keyGathering) run(ctx context.Context) error {
	region, err := k.c.regionOf(ctx, k.b)
	if err != nil {
		return err
	}
	k.group.Go(func() error { k.bucket(ctx, region); return nil })
	k.group.Go(func() error { k.tables(ctx); return nil })
	states, err := k.states(ctx, region)
	g := k.limited()
	for _, s := range states {
		g.Go(func() error { k.history(ctx, region, s); return nil })
	}
	_ = g.Wait()       // what could not be read is noted
	_ = k.group.Wait() // as above
	if err == nil {
		err = ctx.Err()
	}
	return err
}

// limited is a group of as many tasks as requests may be in flight.
func (k *keyGathering) limited() *group {
	g := newGroup()
	g.SetLimit(k.c.concurrency())
	return g
}

// change takes something new in and lets it be told.
func (k *keyGathering) change(f func()) {
	k.mu.Lock()
	f()
	k.mu.Unlock()
	select {
	case k.news <- struct{}{}:
	default: // nobody has fetched the last news yet
	}
}

// unread notes a source that could not be read. One that was cut off is none.
func (k *keyGathering) unread(err error, on string) {
	if !isCanceled(err) {
		k.change(func() { k.uses.Unread(model.ReasonAt(err, on)) })
	}
}

// page is all that is known.
func (k *keyGathering) page() model.KeyPage {
	k.mu.Lock()
	defer k.mu.Unlock()
	p := model.KeyPage{Progress: k.progress, Problems: k.uses.Problems()}
	for _, ref := range k.uses.Keys() {
		key := *k.met[ref]
		key.UsedBy = k.uses.UsedBy(ref)
		key.Reach = model.Reach{Program: k.c.opts.Program, Access: k.b.Access}
		p.Keys = append(p.Keys, key)
	}
	return p
}

// use notes a use of a key. A key that is met by its ARN is known at once, and
// what KMS says of it comes later; any other name KMS has to resolve first.
func (k *keyGathering) use(ctx context.Context, n keyName, note func(u *model.KeyUses, ref string)) {
	if !isKeyARN(n.name) {
		key := k.c.key(ctx, k.b, n)
		k.change(func() { k.meet(key); note(&k.uses, key.Ref()) })
		return
	}
	first := false
	k.change(func() {
		first = !k.asked[n]
		k.asked[n] = true
		if k.met[n.name] == nil {
			k.met[n.name] = &model.Key{ID: keyIDOf(n.name), ARN: n.name, Region: n.region, Account: accountOfARN(n.name)}
		}
		note(&k.uses, n.name)
	})
	if first {
		k.group.Go(func() error {
			key := k.c.key(ctx, k.b, n)
			k.change(func() { k.meet(key) })
			return nil
		})
	}
}

func (k *keyGathering) meet(key model.Key) { k.met[key.Ref()] = &key }

// bucket looks at the bucket's default.
func (k *keyGathering) bucket(ctx context.Context, region string) {
	fact := k.c.bucketEncryption(ctx, k.b)
	e, ok := fact.Get()
	if !ok {
		k.unread(errText(fact.Reason()), k.b.URL(""))
		return
	}
	if name := keyBehind(e); name != "" {
		k.use(ctx, newKeyName(region, name), func(u *model.KeyUses, ref string) { u.Default(ref, k.b.Bucket) })
	}
}

// errText is the reason of a fact as an error.
type errText string

func (e errText) Error() string { return string(e) }

// awsS3Key is the key that S3 uses where aws:kms is asked for without one.
const awsS3Key = "alias/aws/s3"

// keyBehind is the name of the KMS key behind an encryption, "" where KMS has no
// part in it.
func keyBehind(e model.Encryption) string {
	if e.Algorithm == "aws:kms" || e.Algorithm == "aws:kms:dsse" {
		return orElse(e.KMSKeyID, awsS3Key)
	}
	return ""
}

// tables looks at the lock tables of the backend.
func (k *keyGathering) tables(ctx context.Context) {
	fact := k.c.tablesOf(ctx, k.b)
	if fact.IsUnknown() {
		k.unread(errText(fact.Reason()), "the lock tables of "+k.b.URL(""))
	}
	region, err := k.c.tableRegion(ctx, k.b)
	if err != nil {
		return // no table was found without it
	}
	g := k.limited()
	for _, table := range fact.Or(nil) {
		g.Go(func() error {
			e, err := k.c.tableEncryption(ctx, k.b, table)
			if err != nil {
				k.unread(err, table)
			} else if e.KMSKeyID != "" {
				k.use(ctx, newKeyName(region, e.KMSKeyID), func(u *model.KeyUses, ref string) {
					u.Table(ref, model.TableUse{Region: region, Table: table})
				})
			}
			return nil
		})
	}
	_ = g.Wait() // what could not be read is noted
}

// tableEncryption is how a table is encrypted at rest: under a key of KMS, else
// under one that AWS owns, of which nobody sees anything.
func (c *Client) tableEncryption(ctx context.Context, b model.Backend, table string) (model.Encryption, error) {
	api, err := c.dynamodb(ctx, b)
	if err != nil {
		return model.Encryption{}, err
	}
	var out *dynamodb.DescribeTableOutput
	err = c.inTurn(ctx, func() (err error) {
		out, err = api.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &table})
		return err
	})
	if err != nil {
		return model.Encryption{}, failure(err, "describing the table", "table "+table, "dynamodb:DescribeTable")
	}
	e := model.Encryption{Algorithm: model.AWSOwnedKey}
	if t := out.Table; t != nil && t.SSEDescription != nil && sdk.ToString(t.SSEDescription.KMSMasterKeyArn) != "" {
		e = model.Encryption{Algorithm: "aws:kms", KMSKeyID: sdk.ToString(t.SSEDescription.KMSMasterKeyArn)}
	}
	return e, nil
}

// states lists the states, deleted ones too, and looks at the current version of
// each as it is found.
func (k *keyGathering) states(ctx context.Context, region string) ([]model.State, error) {
	var all []model.State
	var failed error
	g := k.limited()
	for page, err := range k.c.States(ctx, k.b, model.StateQuery{Deleted: true}) {
		if err != nil {
			failed = err
			break
		}
		all = append(all, page.States...)
		k.change(func() {
			k.progress.States += len(page.States)
			for _, text := range page.Problem {
				k.uses.Unread(text)
			}
		})
		for _, s := range page.States {
			if !s.Deleted {
				g.Go(func() error { k.version(ctx, region, s, model.Version{IsLatest: true}); return nil })
			}
		}
	}
	_ = g.Wait() // what could not be read is noted
	return all, failed
}

// version looks at one version of a state.
func (k *keyGathering) version(ctx context.Context, region string, s model.State, v model.Version) {
	e, err := k.c.storedAs(ctx, k.b, s.Key, v)
	switch {
	case errors.Is(err, model.ErrNotFound): // deleted since it was listed
		return
	case errors.Is(err, model.ErrDenied): // one right is missing, on all of them
		k.unread(err, k.b.URL(""))
		return
	case err != nil:
		k.unread(err, k.b.URL(s.Key))
		return
	}
	name := keyBehind(e)
	if name == "" {
		k.change(func() { k.progress.Versions++ })
		return
	}
	k.use(ctx, newKeyName(region, name), func(u *model.KeyUses, ref string) {
		k.progress.Versions++
		u.Version(ref, s.Bucket, s.Key, v.IsLatest)
	})
}

// history looks at the old versions of a state, within the bound.
func (k *keyGathering) history(ctx context.Context, region string, s model.State) {
	defer k.change(func() { k.progress.Read++ })
	old, bounded, err := k.c.oldVersions(ctx, k.b, s, k.versions)
	if err != nil {
		k.unread(err, k.b.URL(""))
	}
	if bounded || err != nil {
		k.change(func() { k.uses.Bounded(s.Bucket, s.Key) })
	}
	if bounded {
		k.change(func() { k.progress.Bounded++ })
	}
	g := k.limited()
	for _, v := range old {
		g.Go(func() error { k.version(ctx, region, s, v); return nil })
	}
	_ = g.Wait() // what could not be read is noted
}

// oldVersions are the versions of a state behind the current one, of the newest
// max versions or of all for a number below 0. bounded: there are older ones.
func (c *Client) oldVersions(ctx context.Context, b model.Backend, s model.State, max int) (old []model.Version, bounded bool, err error) {
	seen := 0
	for page, err := range c.Versions(ctx, b, s.Key) {
		if err != nil {
			return old, false, err
		}
		for _, v := range page {
			if v.DeleteMarker {
				continue
			}
			if max >= 0 && seen == max {
				return old, true, nil
			}
			seen++
			if !v.IsLatest {
				old = append(old, v)
			}
		}
	}
	return old, false, nil
}

// keyIDOf is the id behind the last slash of a key's ARN.
func keyIDOf(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }
