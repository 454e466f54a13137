package aws

import (
	"context"
	"errors"
	"slices"
	"sync"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stateward/stateward/model"
)

// tablesFor is which lock tables a backend's states are looked up in: those that
// configuration and flags name; where they name none, every table of the region
// that is keyed as a lock table. What was found holds for the session; with an
// error come the tables that were found all the same.
func (c *Client) tablesFor(ctx context.Context, b model.Backend) ([]string, error) {
	named := namedTables(b, c.opts)
	if len(named) > 0 {
		return named, nil
	}
	region, err := c.tableRegion(ctx, b)
	if err != nil {
		return nil, err
	}
	found, err := c.tables.get(ctx, c.at(b.Access, dynamodb.ServiceID, region), func(ctx context.Context) ([]string, error) {
		return c.findTables(ctx, b)
	})
	if err != nil && !isCanceled(err) && c.settledWithoutTables(b) {
		c.log.Info("the search for lock tables failed; none is declared", "bucket", b.Bucket, "error", err)
		err = nil
	}
	return slices.Clone(found), err
}

// settledWithoutTables reports whether configuration or flags declare the
// mechanisms of a backend and no lock table is among them. Such a backend may
// be on a store without DynamoDB, or its operators without a right on it: that
// no table can be found there is then no gap in what is known.
func (c *Client) settledWithoutTables(b model.Backend) bool {
	declared := slices.Concat(b.Declared, c.opts.Mechanisms)
	return len(declared) > 0 && !slices.Contains(declared, model.MechanismDynamoDB)
}

func namedTables(b model.Backend, o Options) []string {
	var named []string
	for _, t := range slices.Concat(b.Tables, o.LockTables) {
		if !slices.Contains(named, t) {
			named = append(named, t)
		}
	}
	return named
}

// findTables lists the tables of the region and keeps the lock tables, sorted.
// One that cannot be described might be a lock table: that is an error, beside
// the tables that were found.
func (c *Client) findTables(ctx context.Context, b model.Backend) ([]string, error) {
	api, err := c.dynamodb(ctx, b)
	if err != nil {
		return nil, err
	}
	names, err := listTables(ctx, api)
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	var found []string
	g := newGroup()
	g.SetLimit(c.concurrency())
	for _, name := range names {
		g.Go(func() error {
			ok, err := c.isLockTable(ctx, b, name)
			if ok {
				mu.Lock()
				defer mu.Unlock()
				found = append(found, name)
			}
			return err
		})
	}
	err = g.Wait()
	slices.Sort(found)
	return found, err
}

func listTables(ctx context.Context, api *dynamodb.Client) ([]string, error) {
	var names []string
	var pages trail
	in := &dynamodb.ListTablesInput{}
	for {
		out, err := api.ListTables(ctx, in)
		if err != nil {
			return nil, failure(err, "listing the tables", "the account", "dynamodb:ListTables")
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

func (c *Client) isLockTable(ctx context.Context, b model.Backend, name string) (bool, error) {
	t, err := c.description(ctx, b, name)
	if errors.Is(err, model.ErrNotFound) {
		return false, nil // deleted since it was listed
	}
	return isLockSchema(t), err
}

// isLockSchema: both tools need the partition key LockID of type String and no
// sort key.
func isLockSchema(t *ddbtypes.TableDescription) bool {
	if t == nil || len(t.KeySchema) != 1 || sdk.ToString(t.KeySchema[0].AttributeName) != attrLockID {
		return false
	}
	return slices.ContainsFunc(t.AttributeDefinitions, func(a ddbtypes.AttributeDefinition) bool {
		return sdk.ToString(a.AttributeName) == attrLockID && a.AttributeType == ddbtypes.ScalarAttributeTypeS
	})
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
