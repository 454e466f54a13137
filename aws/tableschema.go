package aws

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	ddbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stateward/stateward/model"
)

// isLockSchema: both tools need the partition key LockID of type String and no
// sort key.
func isLockSchema(t *ddbtypes.TableDescription) bool {
	if t == nil || len(t.KeySchema) != 1 || sdk.ToString(t.KeySchema[0].AttributeName) != model.AttrLockID {
		return false
	}
	return keyType(t, model.AttrLockID) == ddbtypes.ScalarAttributeTypeS
}

func keyType(t *ddbtypes.TableDescription, name string) ddbtypes.ScalarAttributeType {
	i := slices.IndexFunc(t.AttributeDefinitions, func(a ddbtypes.AttributeDefinition) bool { return sdk.ToString(a.AttributeName) == name })
	if i < 0 {
		return ""
	}
	return t.AttributeDefinitions[i].AttributeType
}

// serves is nil where a table can keep locks, also where its schema may not be
// read: then the first request tells. It is asked once in a session, before any
// row of the table is read; a table that was found is known to serve.
func (c *Client) serves(ctx context.Context, b model.Backend, table string) error {
	at, err := c.tableAt(ctx, b, table)
	if err != nil {
		return err
	}
	_, err = c.schemas.get(ctx, at, func(ctx context.Context) (struct{}, error) {
		t, err := c.description(ctx, b, table)
		switch {
		case isCanceled(err):
			return struct{}{}, err
		case err != nil || isLockSchema(t):
			return struct{}{}, nil
		}
		return struct{}{}, noLockTable(table, t)
	})
	return err
}

// noLockTable says by which key the rows of a table are known instead.
func noLockTable(table string, t *ddbtypes.TableDescription) error {
	var keys []string
	for _, k := range t.KeySchema {
		name := sdk.ToString(k.AttributeName)
		keys = append(keys, fmt.Sprintf("%s (%s, %s)", name, k.KeyType, keyType(t, name)))
	}
	why := "its key is " + strings.Join(keys, " and ") + ", that of a lock table is LockID (HASH, S) alone"
	return &model.Failure{Kind: model.ErrInvalid, Tried: "using the lock table", On: "table " + table, Code: why, Cause: errors.New(why),
		Next: "Name the table that the backend block has as dynamodb_table."}
}
