package aws

import (
	"context"

	"github.com/stateward/stateward/model"
)

// ListedFacts is StateFacts of a state that States yielded, for those who read
// the facts of all of them: where nothing is wrong a state costs one request.
// Whether a lock file is there is what the listing told, and rows are those of
// one Scan of their table, at most some seconds old. Where that does not answer,
// or what it answers looks wrong, the state is read by itself as StateFacts does.
func (c *Client) ListedFacts(ctx context.Context, b model.Backend, s model.State) model.StateFacts {
	if s.Deleted || s.Facts.Locked.IsUnknown() {
		return c.StateFacts(ctx, b, s)
	}
	rows, ok := c.scannedRows(ctx, b, s.Key)
	if !ok {
		return c.StateFacts(ctx, b, s)
	}
	fr, err := c.readFront(ctx, b, s.Key, "", s.Size, true)
	f := c.stateFacts(ctx, b, s.Key, stateBytes{front: fr, err: err}, rows, nil)
	if !s.Facts.Locked.Or(false) {
		f.Locked = lockedFact(nil, nil, rows, nil)
	} else {
		f.Locked = s.Facts.Locked
	}
	if badness(f.Digest.Or(model.DigestNotUsed)) > badness(model.DigestMatch) {
		// A client writes the state and then its digest, both after the Scan perhaps.
		return c.StateFacts(ctx, b, s)
	}
	return f
}

// scannedRows is rowsOf without a request for each row. It is false when a table
// could not be scanned: its rows may be readable one by one.
func (c *Client) scannedRows(ctx context.Context, b model.Backend, key string) ([]tableRowsOf, bool) {
	tables, err := c.tablesFor(ctx, b)
	if err != nil {
		return nil, false
	}
	rows := make([]tableRowsOf, len(tables))
	for i, table := range tables {
		at, err := c.rowsByID(ctx, b, table)
		if err != nil {
			return nil, false
		}
		rows[i] = rowsAmong(at, b, table, key)
	}
	return rows, true
}

// rowsByID is tableRows by LockID, put in order once for all states of a Scan.
func (c *Client) rowsByID(ctx context.Context, b model.Backend, table string) (map[string]row, error) {
	at, err := c.tableAt(ctx, b, table)
	if err != nil {
		return nil, err
	}
	return c.byID.get(ctx, at, c.now(), func(ctx context.Context) (map[string]row, error) {
		rows, err := c.tableRows(ctx, b, table)
		byID := make(map[string]row, len(rows))
		for _, r := range rows {
			byID[r.lockID] = r
		}
		return byID, err
	})
}

// rowsAmong picks both rows of a state out of all rows of a table.
func rowsAmong(byID map[string]row, b model.Backend, table, key string) tableRowsOf {
	r := tableRowsOf{table: table, digest: model.DigestRow{Table: table}}
	if lock, ok := byID[model.LockID(b.Bucket, key)]; ok && lock.locks() {
		r.lock = lock.lock(b, table, key)
	}
	if digest, ok := byID[model.DigestID(b.Bucket, key)]; ok && digest.digests() {
		r.digest = digest.digestRow(table)
	}
	return r
}
