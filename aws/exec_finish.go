package aws

import (
	"context"
	"errors"
	"fmt"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stateward/stateward/model"
	"golang.org/x/sync/errgroup"
)

// carryThrough is everything after the new version is written: from here on
// there is no way back but forward.
func (r *restorer) carryThrough() model.Result {
	for i, d := range r.spec.Digests {
		if err := r.step(func() (string, error) { return r.setDigest(i, d) }); err != nil {
			return r.halfDone(err)
		}
	}
	if err := r.step(r.readBack); err != nil {
		return r.halfDone(err)
	}
	if err := r.step(r.release); err != nil {
		return r.halfDone(err)
	}
	res := r.ended(model.OutcomeDone, nil)
	res.Backup = r.backup
	res.Message = fmt.Sprintf("restored the content of version %s as serial %d", r.spec.Target.VersionID, r.spec.NewSerial)
	if r.spec.Current != nil {
		res.Undo = &model.Undo{VersionID: r.spec.Current.VersionID, Command: model.RestoreCommand(r.plan.URL(), r.spec.Current.VersionID)}
	}
	res.Next = []string{"Run a plan before the next apply: what was changed since that version is not in the state."}
	return res
}

// setDigest verifies our locks before the first digest, then compares and sets.
func (r *restorer) setDigest(i int, d model.DigestRow) (string, error) {
	if i == 0 {
		g := new(errgroup.Group)
		for _, h := range r.held {
			g.Go(func() error { return r.verifyHeld(h) })
		}
		if err := g.Wait(); err != nil {
			return "", err
		}
	}
	err := r.c.settle(r.ctx, change{
		what: "setting the digest in " + d.Table,
		send: func(ctx context.Context) error {
			return r.c.putDigest(ctx, r.plan.Backend, r.plan.Key, d, r.spec.NewMD5)
		},
		look: func(ctx context.Context) (standing, error) {
			now, err := r.c.digestRowOf(ctx, r.plan.Backend, d.Table, r.plan.Key)
			switch {
			case err != nil:
				return 0, err
			case now.Value == r.spec.NewMD5:
				return standsDone, nil
			case now.Present == d.Present && now.Value == d.Value:
				return standsBefore, nil
			}
			return standsOtherwise, nil
		},
	})
	return r.spec.NewMD5, err
}

// putDigest compares and sets one digest row.
func (c *Client) putDigest(ctx context.Context, b model.Backend, key string, old model.DigestRow, md5 string) error {
	api, err := c.dynamodb(ctx, b)
	if err != nil {
		return err
	}
	in := &dynamodb.PutItemInput{
		TableName: &old.Table,
		Item: map[string]ddbtypes.AttributeValue{
			"LockID": &ddbtypes.AttributeValueMemberS{Value: model.DigestID(b.Bucket, key)},
			"Digest": &ddbtypes.AttributeValueMemberS{Value: md5},
		},
	}
	switch {
	case !old.Present:
		in.ConditionExpression = sdk.String("attribute_not_exists(LockID)")
	case !old.HasAttr:
		in.ConditionExpression = sdk.String("attribute_exists(LockID) AND attribute_not_exists(Digest)")
	default:
		in.ConditionExpression = sdk.String("Digest = :old")
		in.ExpressionAttributeValues = map[string]ddbtypes.AttributeValue{":old": &ddbtypes.AttributeValueMemberS{Value: old.Value}}
	}
	if _, err := api.PutItem(ctx, in); err != nil {
		return failure(err, "setting the digest", "table "+old.Table, "dynamodb:PutItem")
	}
	return nil
}

// headState reads which version is current, without its bytes.
func (c *Client) headState(ctx context.Context, b model.Backend, key string) (*object, error) {
	api, err := c.s3(ctx, b)
	if err != nil {
		return nil, err
	}
	in := &s3.HeadObjectInput{Bucket: &b.Bucket, Key: &key}
	if err := c.customerHead(in, b); err != nil {
		return nil, err
	}
	out, err := api.HeadObject(ctx, in)
	if err != nil {
		return nil, failure(err, "reading the current version", b.URL(key), "s3:GetObject")
	}
	return &object{VersionID: sdk.ToString(out.VersionId), ETag: sdk.ToString(out.ETag), Size: sdk.ToInt64(out.ContentLength)}, nil
}

func (c *Client) customerHead(in *s3.HeadObjectInput, b model.Backend) error {
	key, ok, err := c.customerKey(b)
	if err != nil || !ok {
		return err
	}
	in.SSECustomerAlgorithm, in.SSECustomerKey, in.SSECustomerKeyMD5 = sdk.String("AES256"), sdk.String(key.encoded), sdk.String(key.md5)
	return nil
}

// readBack compares what is on the wire now with what was meant.
func (r *restorer) readBack() (string, error) {
	g := new(errgroup.Group)
	g.Go(func() error {
		where, err := r.lookWritten(r.ctx)
		if err == nil && where != standsDone {
			return &foreignError{what: "the state that was written is not the current version any more"}
		}
		return err
	})
	for _, d := range r.spec.Digests {
		g.Go(func() error {
			return r.verifyDigest(model.DigestRow{Table: d.Table, Present: true, HasAttr: true, Value: r.spec.NewMD5})
		})
	}
	for _, h := range r.held {
		g.Go(func() error { return r.verifyHeld(h) })
	}
	return "bytes, digest and locks are as written", g.Wait()
}

// release removes the locks that are ours, all at once. A lock that is not ours
// any more is left alone and told.
func (r *restorer) release() (string, error) {
	g := new(errgroup.Group)
	for _, h := range r.held {
		g.Go(func() error { return r.releaseOne(h) })
	}
	return "released", g.Wait()
}

func (r *restorer) releaseOne(h heldLock) error {
	lock := h.asLock(r.plan.Backend, r.plan.Key)
	if h.mechanism == model.MechanismLockfile && h.etag == "" {
		now, err := r.c.lockfileOf(r.ctx, r.plan.Backend, r.plan.Key)
		if err != nil || now == nil || string(now.Raw) != string(h.raw) {
			return err
		}
		lock.ETag = now.ETag
	}
	err := r.c.dropLock(r.ctx, r.plan.Backend, lock)
	var f *foreignError
	if errors.As(err, &f) {
		return nil // somebody removed ours and took their own: theirs stays
	}
	return err
}

// undone takes back the locks after a stop at which nothing was written.
func (r *restorer) undone(cause error) model.Result {
	if _, err := r.release(); err != nil {
		return r.stuck(fmt.Errorf("%w; and the locks could not be released: %w", cause, err))
	}
	res := r.ended(refusedOrFailed(cause), cause)
	if errors.Is(cause, errStopped) {
		res.Outcome = model.OutcomeRefused
	}
	res.Backup = r.backup
	return res
}

// notWritten: the write did not happen, or nobody can tell.
func (r *restorer) notWritten(cause error) model.Result {
	var unsettled *unsettledError
	if errors.As(cause, &unsettled) {
		return r.stuck(cause)
	}
	return r.undone(cause)
}

// stuck: locks of ours are on the wire and could not be taken back.
func (r *restorer) stuck(cause error) model.Result {
	res := r.ended(model.OutcomeInterrupted, cause)
	res.Backup = r.backup
	res.Next = r.finishByHand(false)
	return res
}

// halfDone: the new version is written and the rest is not. The locks stay, so
// that nobody reads a state whose digest does not match.
func (r *restorer) halfDone(cause error) model.Result {
	res := r.ended(model.OutcomeInterrupted, cause)
	res.Backup = r.backup
	res.Next = r.finishByHand(true)
	return res
}

// finishByHand is what finishes an interrupted restore.
func (r *restorer) finishByHand(written bool) []string {
	url := model.ShellQuote(r.plan.URL())
	next := []string{"See which version is current: stateward history " + url}
	for _, d := range r.spec.Digests {
		if written {
			next = append(next, fmt.Sprintf("Where the current bytes have MD5 %s and the digest is another: %s", r.spec.NewMD5, digestByHand(r.plan, d, r.spec.NewMD5)))
		}
	}
	return append(next, fmt.Sprintf("Then release the locks: stateward unlock %s --lock-id %s", url, r.lockID))
}

func digestByHand(p *model.Plan, d model.DigestRow, md5 string) string {
	item := fmt.Sprintf(`{"LockID":{"S":%q},"Digest":{"S":%q}}`, model.DigestID(p.Backend.Bucket, p.Key), md5)
	return "aws dynamodb put-item --table-name " + model.ShellQuote(d.Table) + " --item " + model.ShellQuote(item)
}
