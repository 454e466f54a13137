package aws

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stateward/stateward/model"
)

// tableContents are the rows of a backend in the lock tables, from one Scan each.
type tableContents struct {
	tables []oneTable
	unread []string // sources that could not be read
}

// oneTable is a lock table that is named for a backend or has rows of it.
type oneTable struct {
	name   string
	named  bool
	err    error // the rows could not be read
	single bool  // but those of the known states could, one by one
	rows   map[string]row
}

// lock is the row that locks a state, if there is one.
func (t oneTable) lock(b model.Backend, key string) (row, bool) {
	r, ok := t.rows[model.LockID(b.Bucket, key)]
	return r, ok && r.locks()
}

// digest is the row with the digest of a state, if there is one.
func (t oneTable) digest(b model.Backend, key string) (row, bool) {
	r, ok := t.rows[model.DigestID(b.Bucket, key)]
	return r, ok && r.digests()
}

// read finds the tables and scans them. A table that is named stays also
// without a row; one that was found and cannot be read may have some.
func (t *tableContents) read(ctx context.Context, h *healthReader) {
	tables, all := eachTable(ctx, h.c, h.b, func(table string) oneTable { return h.scan(ctx, table) })
	if tables.gap != nil {
		t.unread = append(t.unread, reasonOn(tables.gap, "the lock tables of "+h.b.URL("")))
	}
	for _, one := range all {
		one.named = tables.isNamed(one.name)
		if one.err != nil {
			t.unread = append(t.unread, reasonOn(one.err, "table "+one.name))
		}
		if one.named || one.err != nil || len(one.rows) > 0 {
			t.tables = append(t.tables, one)
		}
	}
}

// reasonOn is why a source could not be read, and which it is.
func reasonOn(err error, where string) string { return unreadFact[bool](err).Reason() + " on " + where }

func (h *healthReader) scan(ctx context.Context, table string) oneTable {
	one := oneTable{name: table, rows: map[string]row{}}
	rows, err := h.c.tableRows(ctx, h.b, table)
	one.err = err
	for _, r := range rows {
		h.saw(r.scanned)
		if _, ok := r.keyIn(h.b); ok {
			one.rows[r.lockID] = r
		}
	}
	return one
}

// lookUp reads single rows of the tables whose rows may not be listed: the right
// that the clients of a backend have is GetItem, and not Scan. Rows of states
// that nothing else names stay unknown.
func (h *healthReader) lookUp(ctx context.Context) {
	for i := range h.rows.tables {
		if t := &h.rows.tables[i]; errors.Is(t.err, model.ErrDenied) {
			h.singleRows(ctx, t)
		}
	}
}

func (h *healthReader) singleRows(ctx context.Context, t *oneTable) {
	var mu sync.Mutex
	found := map[string]row{}
	g := newGroup()
	g.SetLimit(h.c.concurrency())
	for _, key := range knownKeys(h.b, &h.objects) {
		for _, id := range []string{model.LockID(h.b.Bucket, key), model.DigestID(h.b.Bucket, key)} {
			g.Go(func() error {
				r, there, err := h.c.rowAt(ctx, h.b, t.name, id)
				if there {
					mu.Lock()
					defer mu.Unlock()
					found[id] = r
				}
				return err
			})
		}
	}
	if g.Wait() == nil {
		t.rows, t.single = found, true
	}
}

// pending are the rows in the form that a listing of states looks at them.
func (t *tableContents) pending(b model.Backend) *pendingRows {
	p := &pendingRows{ready: make(chan struct{}), lock: map[string]bool{}, digest: map[string]bool{}}
	for _, one := range t.tables {
		p.add(b, slices.Collect(maps.Values(one.rows)))
	}
	close(p.ready)
	return p
}

// tables reads the settings of the lock tables.
func (h *healthReader) tables(ctx context.Context) {
	h.f.Tables = model.GatheredOf(make([]model.TableHealth, len(h.rows.tables)), h.searchProblems()...)
	g := newGroup()
	g.SetLimit(h.c.concurrency())
	for i, t := range h.rows.tables {
		g.Go(func() error {
			h.f.Tables.Items[i] = h.table(ctx, t)
			return nil
		})
	}
	_ = g.Wait() // the facts carry their reasons
}

// searchProblems are the tables that may exist and were not found. That a
// table's rows cannot be read hides none of its settings.
func (h *healthReader) searchProblems() []string {
	return slices.DeleteFunc(slices.Clone(h.rows.unread), func(text string) bool {
		return slices.ContainsFunc(h.rows.tables, func(t oneTable) bool { return t.err != nil && text == reasonOn(t.err, "table "+t.name) })
	})
}

// table is the settings of a table, which several backends may have in common.
func (h *healthReader) table(ctx context.Context, t oneTable) model.TableHealth {
	health := model.TableHealth{Name: t.name}
	at, err := h.c.tableAt(ctx, h.b, t.name)
	if err == nil {
		health, err = h.c.settings.get(ctx, at, h.c.now(), func(ctx context.Context) (model.TableHealth, error) {
			return h.tableSettings(ctx, t.name), ctx.Err() // what was cut off is not kept
		})
	}
	if err != nil {
		health = model.TableHealth{Name: t.name, Recovery: unreadFact[bool](err), TTL: unreadFact[model.TableTTL](err)}
		describeTable(&health, nil, err)
	}
	health.Named = t.named
	return health
}

func (h *healthReader) tableSettings(ctx context.Context, table string) model.TableHealth {
	health := model.TableHealth{Name: table}
	api, err := h.c.dynamodb(ctx, h.b)
	if err != nil {
		health.Recovery, health.TTL = unreadFact[bool](err), unreadFact[model.TableTTL](err)
		describeTable(&health, nil, err)
		return health
	}
	health.Region = api.Options().Region
	side( // each into fields of its own
		func() {
			t, err := h.c.description(ctx, h.b, table)
			describeTable(&health, t, err)
		},
		func() { health.Recovery = recoveryOf(ctx, api, table) },
		func() { health.TTL = ttlOf(ctx, api, table) },
	)
	return health
}

// describeTable takes what DescribeTable told, or why it did not. Of a table
// that is not there, that alone is known.
func describeTable(health *model.TableHealth, t *ddbtypes.TableDescription, err error) {
	if err == nil && t != nil {
		health.ARN = sdk.ToString(t.TableArn)
		health.Status, health.Schema = model.Known(string(t.TableStatus)), model.Known(tableKeys(t))
		health.DeletionProtection = model.Known(sdk.ToBool(t.DeletionProtectionEnabled))
		health.Encryption, health.Billing = model.Known(tableEncryptionOf(t)), model.Known(billingOf(t))
		return
	}
	why := unreadFact[bool](err).Reason()
	health.Status = model.Unknown[string](why)
	if errors.Is(err, model.ErrNotFound) {
		why = "there is no such table"
		health.Status = model.Known(model.TableAbsent)
	}
	health.Schema, health.DeletionProtection = model.Unknown[[]model.TableKey](why), model.Unknown[bool](why)
	health.Encryption, health.Billing = model.Unknown[model.TableEncryption](why), model.Unknown[model.TableBilling](why)
}

func tableKeys(t *ddbtypes.TableDescription) []model.TableKey {
	keys := make([]model.TableKey, 0, len(t.KeySchema))
	for _, k := range t.KeySchema {
		key := model.TableKey{Name: sdk.ToString(k.AttributeName), Role: string(k.KeyType)}
		for _, a := range t.AttributeDefinitions {
			if sdk.ToString(a.AttributeName) == key.Name {
				key.Type = string(a.AttributeType)
			}
		}
		keys = append(keys, key)
	}
	return keys
}

func tableEncryptionOf(t *ddbtypes.TableDescription) model.TableEncryption {
	s := t.SSEDescription
	if s == nil {
		return model.TableEncryption{}
	}
	return model.TableEncryption{Type: string(s.SSEType), Status: string(s.Status), Key: sdk.ToString(s.KMSMasterKeyArn)}
}

// billingOf: DynamoDB tells provisioned capacity by silence about the mode.
func billingOf(t *ddbtypes.TableDescription) model.TableBilling {
	if m := t.BillingModeSummary; m != nil && m.BillingMode == ddbtypes.BillingModePayPerRequest {
		return model.TableBilling{OnDemand: true}
	}
	var b model.TableBilling
	if p := t.ProvisionedThroughput; p != nil {
		b.Read, b.Write = sdk.ToInt64(p.ReadCapacityUnits), sdk.ToInt64(p.WriteCapacityUnits)
	}
	return b
}

func recoveryOf(ctx context.Context, api *dynamodb.Client, table string) model.Fact[bool] {
	out, err := api.DescribeContinuousBackups(ctx, &dynamodb.DescribeContinuousBackupsInput{TableName: &table})
	if err != nil {
		return unreadFact[bool](failure(err, "reading the backups", "table "+table, "dynamodb:DescribeContinuousBackups"))
	}
	d := out.ContinuousBackupsDescription
	on := d != nil && d.PointInTimeRecoveryDescription != nil &&
		d.PointInTimeRecoveryDescription.PointInTimeRecoveryStatus == ddbtypes.PointInTimeRecoveryStatusEnabled
	return model.Known(on)
}

func ttlOf(ctx context.Context, api *dynamodb.Client, table string) model.Fact[model.TableTTL] {
	out, err := api.DescribeTimeToLive(ctx, &dynamodb.DescribeTimeToLiveInput{TableName: &table})
	if err != nil {
		return unreadFact[model.TableTTL](failure(err, "reading the expiry", "table "+table, "dynamodb:DescribeTimeToLive"))
	}
	if out.TimeToLiveDescription == nil {
		return model.Known(model.TableTTL{Status: string(ddbtypes.TimeToLiveStatusDisabled)})
	}
	return model.Known(model.TableTTL{Status: string(out.TimeToLiveDescription.TimeToLiveStatus), Attribute: sdk.ToString(out.TimeToLiveDescription.AttributeName)})
}
