package aws

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stateward/stateward/model"
)

// lockTables are the tables in which the locks and digests of a backend's states
// may be: those that configuration and flags name, then those of the region that
// are keyed as a lock table. A name is a place to look as well, never the only one.
type lockTables struct {
	names []string
	named int // how many of them, from the first, are named

	// What kept tables from being found. It is a gap in what is known, or where a
	// configuration says which tables the clients use only worth a note.
	gap, note error
	// The same where no table is declared among the mechanisms.
	settled error
}

// tablesFor is the tables of a backend, and with an error those that are known
// all the same.
func (c *Client) tablesFor(ctx context.Context, b model.Backend) ([]string, error) {
	t := c.lockTablesOf(ctx, b)
	return t.names, t.gap
}

// lockTablesOf are the tables of a backend. What was found holds for the session.
func (c *Client) lockTablesOf(ctx context.Context, b model.Backend) lockTables {
	named := slices.Concat(b.Tables, c.opts.LockTables)
	found, err := c.foundTables(ctx, b)
	var t lockTables
	for _, name := range named {
		if !slices.ContainsFunc(t.names, func(have string) bool { return sameTable(have, name, found) }) {
			t.names = append(t.names, name)
		}
	}
	t.named = len(t.names)
	for _, f := range found {
		if !slices.ContainsFunc(t.names, func(have string) bool { return sameTable(have, f.name, found) }) {
			t.names = append(t.names, f.name)
		}
	}
	switch {
	case err == nil:
	case c.settledWithoutTables(b) && !isCanceled(err):
		c.log.Info("the search for lock tables failed; none is declared", "bucket", b.Bucket, "error", err)
		t.settled = err
	case c.settledByName(b, err):
		t.note = err
	default:
		t.gap = err
	}
	return t
}

// eachTable reads something of every table of a backend, the named ones beside
// the search for others; the results are in the order of the names.
func eachTable[T any](ctx context.Context, c *Client, b model.Backend, read func(table string) T) (lockTables, []T) {
	var mu sync.Mutex
	results := map[string]T{}
	g := newGroup()
	g.SetLimit(c.concurrency())
	start := func(tables []string) {
		for _, table := range tables {
			g.Go(func() error {
				result := read(table)
				mu.Lock()
				defer mu.Unlock()
				results[table] = result
				return nil
			})
		}
	}
	early := c.plainlyNamed(b)
	start(early)
	t := c.lockTablesOf(ctx, b)
	start(slices.DeleteFunc(slices.Clone(t.names), func(table string) bool { return slices.Contains(early, table) }))
	_ = g.Wait() // no reader returns an error
	ordered := make([]T, len(t.names))
	for i, table := range t.names {
		ordered[i] = results[table]
	}
	return t, ordered
}

// plainlyNamed are the named tables, or none where the search has to tell first
// whether two of the names are one table's.
func (c *Client) plainlyNamed(b model.Backend) []string {
	var names []string
	short := map[string]bool{}
	for _, name := range slices.Concat(b.Tables, c.opts.LockTables) {
		base := name[strings.LastIndexByte(name, '/')+1:]
		if slices.Contains(names, name) {
			continue
		}
		if short[base] {
			return nil
		}
		names, short[base] = append(names, name), true
	}
	return names
}

// isNamed reports whether configuration or a flag names a table.
func (t lockTables) isNamed(table string) bool { return slices.Contains(t.names[:t.named], table) }

// remark is the note in words.
func (t lockTables) remark() []string {
	if t.note == nil {
		return nil
	}
	return []string{"other lock tables than " + strings.Join(t.names, " and ") + " were not looked for: " + model.Reason(t.note)}
}

// sameTable: a table may be named by its ARN as well.
func sameTable(a, b string, found []foundTable) bool {
	return a == b || slices.ContainsFunc(found, func(f foundTable) bool {
		return f.arn != "" && (f.arn == a && f.name == b || f.arn == b && f.name == a)
	})
}

// settledWithoutTables reports whether configuration or flags declare the
// mechanisms of a backend and no lock table is among them. Such a backend may
// be on a store without DynamoDB, or its operators without a right on it: that
// no table can be found there is then no gap in what is known.
func (c *Client) settledWithoutTables(b model.Backend) bool {
	declared := slices.Concat(b.Declared, c.opts.Mechanisms)
	named := len(b.Tables)+len(c.opts.LockTables) > 0
	return !named && len(declared) > 0 && !slices.Contains(declared, model.MechanismDynamoDB)
}

// settledByName reports whether a search for tables that this identity may not
// make can be done without: a configuration names the tables that the clients
// use, or flags name one and that there are locks in tables. A flag alone says
// no more than where to look as well. What is no denial may go away, and settles
// nothing.
func (c *Client) settledByName(b model.Backend, err error) bool {
	if !isLasting(err) {
		return false
	}
	declared := slices.Concat(b.Declared, c.opts.Mechanisms)
	return len(b.Tables) > 0 || len(c.opts.LockTables) > 0 && slices.Contains(declared, model.MechanismDynamoDB)
}

// foundTable is a lock table of the region.
type foundTable struct{ name, arn string }

// foundTables are the lock tables of the region; with an error come those that
// were found all the same.
func (c *Client) foundTables(ctx context.Context, b model.Backend) ([]foundTable, error) {
	region, err := c.tableRegion(ctx, b)
	if err != nil {
		return nil, err
	}
	return c.tables.get(ctx, c.at(b.Access, dynamodb.ServiceID, region), func(ctx context.Context) ([]foundTable, error) {
		return c.findTables(ctx, b)
	})
}

// findTables lists the tables of the region and keeps the lock tables, sorted.
// One that cannot be described might be a lock table: that is an error, beside
// the tables that were found.
func (c *Client) findTables(ctx context.Context, b model.Backend) ([]foundTable, error) {
	api, err := c.dynamodb(ctx, b)
	if err != nil {
		return nil, err
	}
	names, listErr := listTables(ctx, api)
	var mu sync.Mutex
	var found []foundTable
	g := newGroup()
	g.SetLimit(c.concurrency())
	for _, name := range names {
		g.Go(func() error {
			t, err := c.asLockTable(ctx, b, name)
			if t.name != "" {
				mu.Lock()
				defer mu.Unlock()
				found = append(found, t)
			}
			return err
		})
	}
	err = g.Wait()
	slices.SortFunc(found, func(x, y foundTable) int { return strings.Compare(x.name, y.name) })
	return found, cmp.Or(listErr, err)
}

// listTables are the names of the region's tables; with an error those of the
// pages before.
func listTables(ctx context.Context, api *dynamodb.Client) ([]string, error) {
	var names []string
	var pages trail
	in := &dynamodb.ListTablesInput{}
	for {
		out, err := api.ListTables(ctx, in)
		if err != nil {
			return names, failure(err, "listing the tables", "the account", "dynamodb:ListTables")
		}
		names = append(names, out.TableNames...)
		if sdk.ToString(out.LastEvaluatedTableName) == "" {
			return names, nil
		}
		if !pages.fresh(*out.LastEvaluatedTableName) {
			return nil, endless("the account")
		}
		in.ExclusiveStartTableName = out.LastEvaluatedTableName
	}
}

// asLockTable is a table of the region if it is a lock table, else the zero one.
func (c *Client) asLockTable(ctx context.Context, b model.Backend, name string) (foundTable, error) {
	t, err := c.description(ctx, b, name)
	if errors.Is(err, model.ErrNotFound) {
		return foundTable{}, nil // deleted since it was listed
	}
	if !isLockSchema(t) {
		return foundTable{}, err
	}
	if at, err := c.tableAt(ctx, b, name); err == nil {
		c.schemas.put(at, struct{}{})
	}
	return foundTable{name: name, arn: sdk.ToString(t.TableArn)}, nil
}

// tableAt is a table as one identity sees it at one endpoint.
type tableAt struct {
	at    regionAt
	table string
}

func (c *Client) tableAt(ctx context.Context, b model.Backend, table string) (tableAt, error) {
	region, err := c.tableRegion(ctx, b)
	return tableAt{at: c.at(b.Access, dynamodb.ServiceID, region), table: table}, err
}

// tableRows is all rows of a table, read by one Scan a moment ago at most.
func (c *Client) tableRows(ctx context.Context, b model.Backend, table string) ([]row, error) {
	at, err := c.tableAt(ctx, b, table)
	if err != nil {
		return nil, err
	}
	return c.rows.get(ctx, at, c.now(), func(ctx context.Context) ([]row, error) { return c.scanTable(ctx, b, table) })
}

// description is what a table says of itself, read a moment ago at most.
func (c *Client) description(ctx context.Context, b model.Backend, table string) (*ddbtypes.TableDescription, error) {
	at, err := c.tableAt(ctx, b, table)
	if err != nil {
		return nil, err
	}
	return c.described.get(ctx, at, c.now(), func(ctx context.Context) (*ddbtypes.TableDescription, error) {
		api, err := c.dynamodb(ctx, b)
		if err != nil {
			return nil, err
		}
		out, err := api.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &table})
		if err != nil {
			return nil, failure(err, "describing the table", "table "+table, "dynamodb:DescribeTable")
		}
		return out.Table, nil
	})
}
