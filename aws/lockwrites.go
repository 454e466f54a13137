package aws

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stateward/stateward/model"
)

// heldLock is a lock that this operation took.
type heldLock struct {
	mechanism model.Mechanism
	table     string
	raw       []byte
	whole     bool // raw is a whole row: somebody added to ours
	etag      string
	versionID string // of a lock file; "" where the bucket keeps no versions or the answer was lost
	open      int    // requests to take it that may still take effect: nobody heard how they ended
}

// takeLockfile creates the lock file unless there is one.
func (c *Client) takeLockfile(ctx context.Context, b model.Backend, key string, raw []byte, w model.ObjectWrite) (heldLock, error) {
	held := heldLock{mechanism: model.MechanismLockfile, raw: raw}
	var other *model.Lock
	put := func(cond writeCondition) func(context.Context) error {
		return func(ctx context.Context) error {
			put, err := c.putObject(ctx, b, model.LockKey(key), raw, w, cond)
			held.etag, held.versionID = put.etag, put.versionID
			return err
		}
	}
	err := c.settle(ctx, change{
		what: "taking the lock file", store: c.storeOf(ctx, b),
		send: put(writeCondition{absent: true}), bare: put(writeCondition{none: true}), open: &held.open,
		look: func(ctx context.Context) (standing, error) {
			now, err := c.lockfileOf(ctx, b, key)
			if err != nil {
				return 0, err
			}
			other = now
			if now != nil && bytes.Equal(now.Raw, raw) {
				held.etag, held.versionID = now.ETag, now.VersionID
			}
			return standingOfTake(now, raw), nil
		},
	})
	return held, withHolder(err, other)
}

// takeLockRow creates the lock row unless there is one.
func (c *Client) takeLockRow(ctx context.Context, b model.Backend, table, key string, raw []byte) (heldLock, error) {
	held := heldLock{mechanism: model.MechanismDynamoDB, table: table, raw: raw}
	var other *model.Lock
	err := c.settle(ctx, change{
		what: "taking the lock in " + table, open: &held.open,
		send: func(ctx context.Context) error { return c.putLockRow(ctx, b, table, key, raw) },
		look: func(ctx context.Context) (standing, error) {
			now, err := c.lockRowOf(ctx, b, table, key)
			if err != nil {
				return 0, err
			}
			other = now
			return standingOfTake(now, raw), nil
		},
	})
	return held, withHolder(err, other)
}

// standingOfTake: our bytes mean that we hold it, no bytes that nobody does.
func standingOfTake(now *model.Lock, ours []byte) standing {
	switch {
	case now == nil:
		return standsBefore
	case bytes.Equal(now.Raw, ours):
		return standsDone
	}
	return standsOtherwise
}

// dropLock removes a lock, foreign or ours, only while it is byte for byte the
// given one. Whether the store held to that, checkDrop tells from the answer.
func (c *Client) dropLock(ctx context.Context, b model.Backend, l model.Lock) (dropped, error) {
	var other *model.Lock
	var answer dropped
	ch := change{
		what: "removing the lock in " + l.Where(),
		send: func(ctx context.Context) error { return answer.sent(c.deleteLockRow(ctx, b, l)) },
		look: func(ctx context.Context) (standing, error) {
			now, err := c.lockNow(ctx, b, l)
			if err != nil {
				return 0, err
			}
			other = now
			return standingOfDrop(now, l), nil
		},
	}
	if l.Mechanism == model.MechanismLockfile {
		ch.store = c.storeOf(ctx, b)
		ch.send = func(ctx context.Context) error { return c.deleteLockfile(ctx, b, l, &l.ETag, &answer) }
		ch.bare = func(ctx context.Context) error { return c.deleteLockfile(ctx, b, l, nil, &answer) }
	}
	err := c.settle(ctx, ch)
	return answer, withHolder(err, other)
}

func standingOfDrop(now *model.Lock, victim model.Lock) standing {
	switch {
	case now == nil:
		return standsDone
	case sameLock(*now, victim):
		return standsBefore
	}
	return standsOtherwise
}

// sameLock: the same stored bytes. A lock file is also the same only while its
// ETag and its version are: an equal body written again is another object.
func sameLock(a, b model.Lock) bool {
	rewritten := a.VersionID != "" && b.VersionID != "" && a.VersionID != b.VersionID
	return a.Whole == b.Whole && bytes.Equal(a.Raw, b.Raw) && a.ETag == b.ETag && !rewritten
}

// lockNow reads the place that a lock is kept in again.
func (c *Client) lockNow(ctx context.Context, b model.Backend, l model.Lock) (*model.Lock, error) {
	if l.Mechanism == model.MechanismLockfile {
		return c.lockfileOf(ctx, b, l.Key)
	}
	return c.lockRowOf(ctx, b, l.Table, l.Key)
}

// asLock is a held lock as the model knows it.
func (h heldLock) asLock(b model.Backend, key string) model.Lock {
	info, malformed := model.ParseLockInfo(h.raw)
	return model.Lock{Bucket: b.Bucket, Key: key, Mechanism: h.mechanism, Table: h.table,
		Raw: h.raw, Whole: h.whole, Info: info, Malformed: malformed, ETag: h.etag, VersionID: h.versionID}
}

func withHolder(err error, other *model.Lock) error {
	if f, ok := err.(*foreignError); ok && other != nil { //nolint:errorlint // settle returns it unwrapped
		f.holder = other
	}
	return err
}

// writeCondition is the precondition of an object write.
type writeCondition struct {
	absent bool   // If-None-Match: *
	etag   string // If-Match
	none   bool   // it was compared right before: the store refuses conditions
}

// stored is what the answer to a write told.
type stored struct{ etag, versionID string }

// putObject writes one object under its condition.
func (c *Client) putObject(ctx context.Context, b model.Backend, key string, body []byte, w model.ObjectWrite, cond writeCondition) (stored, error) {
	api, err := c.s3(ctx, b)
	if err != nil {
		return stored{}, err
	}
	in := &s3.PutObjectInput{Bucket: &b.Bucket, Key: &key, Body: bytes.NewReader(body), ContentLength: sdk.Int64(int64(len(body)))}
	in.ContentType = sdk.String("application/json")
	switch {
	case cond.absent:
		in.IfNoneMatch = sdk.String("*")
	case !cond.none:
		in.IfMatch = &cond.etag
	}
	if !b.Write.SkipChecksum {
		sum := sha256.Sum256(body)
		in.ChecksumAlgorithm = s3types.ChecksumAlgorithmSha256 // named, as an upload under Object Lock demands
		in.ChecksumSHA256 = sdk.String(base64.StdEncoding.EncodeToString(sum[:]))
	}
	if err := c.storeAs(in, b, w); err != nil {
		return stored{}, err
	}
	out, err := api.PutObject(ctx, in)
	if err != nil {
		return stored{}, failure(err, "writing", b.URL(key), "s3:PutObject")
	}
	return stored{etag: sdk.ToString(out.ETag), versionID: sdk.ToString(out.VersionId)}, nil
}

// deleteLockfile deletes a lock file while it has the ETag, nil for any, and
// notes what the answer tells.
func (c *Client) deleteLockfile(ctx context.Context, b model.Backend, l model.Lock, etag *string, answer *dropped) error {
	api, err := c.s3(ctx, b)
	if err != nil {
		return err
	}
	out, err := api.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b.Bucket, Key: sdk.String(model.LockKey(l.Key)), IfMatch: etag})
	if err != nil {
		return answer.sent(failure(err, "deleting", l.Where(), "s3:DeleteObject"))
	}
	answer.answered, answer.marker = true, sdk.ToString(out.VersionId)
	return answer.sent(nil)
}

func (c *Client) putLockRow(ctx context.Context, b model.Backend, table, key string, raw []byte) error {
	api, err := c.dynamodb(ctx, b)
	if err != nil {
		return err
	}
	_, err = api.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &table,
		Item: map[string]ddbtypes.AttributeValue{
			"LockID": &ddbtypes.AttributeValueMemberS{Value: model.LockID(b.Bucket, key)},
			"Info":   &ddbtypes.AttributeValueMemberS{Value: string(raw)},
		},
		ConditionExpression: sdk.String("attribute_not_exists(LockID)"),
	})
	if err != nil {
		return failure(err, "taking the lock", "table "+table, "dynamodb:PutItem")
	}
	return nil
}

func (c *Client) deleteLockRow(ctx context.Context, b model.Backend, l model.Lock) error {
	api, err := c.dynamodb(ctx, b)
	if err != nil {
		return err
	}
	seen, err := l.Condition()
	cond, err := condition(l.Where(), seen, err)
	if err != nil {
		return err
	}
	_, err = api.DeleteItem(ctx, &dynamodb.DeleteItemInput{
		TableName:                           &l.Table,
		Key:                                 rowKey(model.LockID(b.Bucket, l.Key)),
		ConditionExpression:                 cond.expression,
		ExpressionAttributeNames:            cond.names,
		ExpressionAttributeValues:           cond.values,
		ReturnValuesOnConditionCheckFailure: ddbtypes.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if err != nil {
		return failure(err, "deleting the lock row", "table "+l.Table, "dynamodb:DeleteItem")
	}
	return nil
}

// rowKey is the key of a row in a lock table.
func rowKey(lockID string) map[string]ddbtypes.AttributeValue {
	return map[string]ddbtypes.AttributeValue{model.AttrLockID: &ddbtypes.AttributeValueMemberS{Value: lockID}}
}

// digestCondition is the condition under which a digest row is changed.
func digestCondition(old model.DigestRow) (conditionOn, error) {
	seen, err := old.Condition()
	return condition("table "+old.Table, seen, err)
}

// putDigest compares and sets one digest row.
func (c *Client) putDigest(ctx context.Context, b model.Backend, key string, old model.DigestRow, md5 string) error {
	api, err := c.dynamodb(ctx, b)
	if err != nil {
		return err
	}
	cond, err := digestCondition(old)
	if err != nil {
		return err
	}
	_, err = api.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &old.Table,
		Item: map[string]ddbtypes.AttributeValue{
			"LockID": &ddbtypes.AttributeValueMemberS{Value: model.DigestID(b.Bucket, key)},
			"Digest": &ddbtypes.AttributeValueMemberS{Value: md5},
		},
		ConditionExpression: cond.expression, ExpressionAttributeNames: cond.names, ExpressionAttributeValues: cond.values,
	})
	if err != nil {
		return failure(err, "setting the digest", "table "+old.Table, "dynamodb:PutItem")
	}
	return nil
}

// deleteDigest removes a digest row whose state does not exist.
func (c *Client) deleteDigest(ctx context.Context, b model.Backend, key string, old model.DigestRow) error {
	api, err := c.dynamodb(ctx, b)
	if err != nil {
		return err
	}
	cond, err := digestCondition(old)
	if err != nil {
		return err
	}
	_, err = api.DeleteItem(ctx, &dynamodb.DeleteItemInput{
		TableName:           &old.Table,
		Key:                 rowKey(model.DigestID(b.Bucket, key)),
		ConditionExpression: cond.expression, ExpressionAttributeNames: cond.names, ExpressionAttributeValues: cond.values,
	})
	if err != nil {
		return failure(err, "deleting the digest", "table "+old.Table, "dynamodb:DeleteItem")
	}
	return nil
}
