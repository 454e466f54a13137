package aws

import (
	"context"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stateward/stateward/model"
)

// row is one item of a lock table.
type row struct {
	lockID  string
	info    stringAttr
	digest  stringAttr
	whole   model.StoredRow // "" where it is as the tools write it
	scanned time.Time       // the Date of the answer that it came in
}

// stringAttr is an attribute that should be a String.
type stringAttr struct {
	value   string
	present bool
	isText  bool
}

// rowOf reads an item; ok is false when its LockID is no String, as in a table
// that is no lock table.
func rowOf(item map[string]ddbtypes.AttributeValue, at time.Time) (r row, ok bool) {
	id := attrOf(item, model.AttrLockID)
	r = row{lockID: id.value, info: attrOf(item, model.AttrInfo), digest: attrOf(item, model.AttrDigest), scanned: at}
	if !r.plain(item) {
		r.whole = storedRow(item)
	}
	return r, id.isText
}

// plain reports whether a row is as the tools write it: a LockID and one text. A
// blank text is none: it would tell no row from another.
func (r row) plain(item map[string]ddbtypes.AttributeValue) bool {
	one := r.info
	if !r.locks() {
		one = r.digest
	}
	return len(item) == 2 && one.isText && strings.TrimSpace(one.value) != ""
}

func attrOf(item map[string]ddbtypes.AttributeValue, name string) stringAttr {
	v, present := item[name]
	text, isText := v.(*ddbtypes.AttributeValueMemberS)
	if !present {
		return stringAttr{}
	}
	if !isText {
		return stringAttr{present: true}
	}
	return stringAttr{value: text.Value, present: true, isText: true}
}

// locks reports whether the row is a lock. Rows are told apart by what they
// hold, never by their LockID: the digest of key "a" has the LockID of the lock
// of key "a-md5". A row without Info blocks the lock whose LockID it has,
// whatever else it holds, so it is a lock, a malformed one; only under a LockID
// that ends in -md5 it is far likelier a digest row, or the ruin of one, which
// blocks nobody, because clients write digests without a condition.
func (r row) locks() bool { return r.info.present || !r.looksLikeDigest() }

// digests reports whether the row is a digest, possibly a malformed one.
func (r row) digests() bool {
	return r.looksLikeDigest() && (r.digest.present || !r.info.present)
}

const digestIDSuffix = "-md5"

func (r row) looksLikeDigest() bool { return strings.HasSuffix(r.lockID, digestIDSuffix) }

// place is the bucket and the state's key that the LockID names, verbatim.
func (r row) place() (bucket, key string, ok bool) { return model.RowPlace(r.lockID) }

// lock is the row as a lock of the state with this key.
func (r row) lock(b model.Backend, table, key string) *model.Lock {
	l := newLock(b, key, model.MechanismDynamoDB, []byte(r.info.value), r.scanned)
	l.Table = table
	switch {
	case !r.info.present:
		l.Info, l.Malformed = model.LockInfo{}, "no Info"
	case !r.info.isText:
		l.Info, l.Malformed = model.LockInfo{}, "Info is not a string"
	}
	if r.whole != "" {
		l.Raw, l.Whole = []byte(r.whole), true
	}
	return l
}

// newLock is a lock as it is stored, parsed leniently.
func newLock(b model.Backend, key string, m model.Mechanism, raw []byte, at time.Time) *model.Lock {
	l := &model.Lock{Bucket: b.Bucket, Key: key, Mechanism: m, Raw: raw, ReadAt: at}
	l.Info, l.Malformed = model.ParseLockInfo(raw)
	l.Workspace, _ = workspaceOf(b, key)
	return l
}

// workspaceOf is the workspace of a key and the key without it. The prefix tells
// first: among the backend's keys are those of lock rows, which are whole.
func workspaceOf(b model.Backend, key string) (workspace, baseKey string) {
	if workspace, baseKey, ok := model.Workspace(key, b.Workspace.KeyPrefix()); ok {
		return workspace, baseKey
	}
	workspace, baseKey, _ = model.WorkspaceOf(key, b.Workspace.KeyPrefix(), b.Keys...)
	return workspace, baseKey
}

// rowAt reads one row, consistently.
func (c *Client) rowAt(ctx context.Context, b model.Backend, table, lockID string) (r row, found bool, err error) {
	if err := c.serves(ctx, b, table); err != nil {
		return r, false, err
	}
	api, err := c.dynamodb(ctx, b)
	if err != nil {
		return r, false, err
	}
	out, err := api.GetItem(ctx, &dynamodb.GetItemInput{TableName: &table, ConsistentRead: sdk.Bool(true),
		Key: map[string]ddbtypes.AttributeValue{model.AttrLockID: &ddbtypes.AttributeValueMemberS{Value: lockID}}})
	if err != nil {
		return r, false, failure(err, "reading a row", "table "+table, "dynamodb:GetItem")
	}
	if len(out.Item) == 0 {
		return r, false, nil
	}
	at := serverTime(out.ResultMetadata)
	if at.IsZero() {
		at = c.serviceNow()
	}
	r, _ = rowOf(out.Item, at)
	return r, true, nil
}

// lockRowOf reads the lock row of a state; nil, nil when there is none. A digest
// row that has the same LockID is no lock.
func (c *Client) lockRowOf(ctx context.Context, b model.Backend, table, key string) (*model.Lock, error) {
	r, found, err := c.rowAt(ctx, b, table, model.LockID(b.Bucket, key))
	if err != nil || !found || !r.locks() {
		return nil, err
	}
	return r.lock(b, table, key), nil
}

// digestRowOf reads the digest row of a state. A lock row that has the same
// LockID is no digest.
func (c *Client) digestRowOf(ctx context.Context, b model.Backend, table, key string) (model.DigestRow, error) {
	r, found, err := c.rowAt(ctx, b, table, model.DigestID(b.Bucket, key))
	if err != nil || !found || !r.digests() {
		return model.DigestRow{Table: table}, err
	}
	return r.digestRow(table), nil
}

// digestRow is the row as a digest.
func (r row) digestRow(table string) model.DigestRow {
	return model.DigestRow{Table: table, Present: true, Value: r.digest.value, HasAttr: r.digest.isText, Whole: r.whole}
}

// scanTable reads all rows of a lock table, page by page; Scan is consistent,
// so a lock that was taken before it began is in it. With an error come the rows
// of the pages before.
func (c *Client) scanTable(ctx context.Context, b model.Backend, table string) ([]row, error) {
	if err := c.serves(ctx, b, table); err != nil {
		return nil, err
	}
	api, err := c.dynamodb(ctx, b)
	if err != nil {
		return nil, err
	}
	var rows []row
	seen, ends := map[string]bool{}, map[string]bool{} // LockIDs, and where pages ended: one that comes again would go on for ever
	in := &dynamodb.ScanInput{TableName: &table, ConsistentRead: sdk.Bool(true)}
	for {
		out, err := api.Scan(ctx, in)
		if err != nil {
			return rows, failure(err, "reading the rows", "table "+table, "dynamodb:Scan")
		}
		at := serverTime(out.ResultMetadata)
		if at.IsZero() {
			at = c.serviceNow()
		}
		for _, item := range out.Items {
			if r, ok := rowOf(item, at); ok && !seen[r.lockID] {
				rows, seen[r.lockID] = append(rows, r), true
			}
		}
		if len(out.LastEvaluatedKey) == 0 {
			return rows, nil
		}
		last := attrOf(out.LastEvaluatedKey, model.AttrLockID).value
		if ends[last] {
			return rows, &model.Failure{Kind: model.ErrInvalid, Tried: "reading the rows", On: "table " + table,
				Code: "the same page comes again and again, so not all rows were read", Next: "Ask who runs the service."}
		}
		ends[last], in.ExclusiveStartKey = true, out.LastEvaluatedKey
	}
}
