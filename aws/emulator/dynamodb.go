package emulator

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"time"
)

// dynamoStore is the tables of all regions, under one lock.
type dynamoStore struct {
	mu     sync.Mutex
	opts   Options
	ids    *idSource
	tables map[string]map[string]*table // by region and name
	tokens map[string]string            // of committed transactions: client token and body, for ten minutes on AWS, for ever here
}

// table is one table.
type table struct {
	name, arn, id string
	created       time.Time
	hash, sort    string            // key attributes; sort may be ""
	types         map[string]string // of the key attributes: "S", "N" or "B"
	settings      map[string]any    // what DescribeTable tells beyond keys and counts
	protected     bool
	items         map[string]item
	order         []rowKey // nil when it must be made again
	recovery      bool     // point-in-time recovery
	recoverySince time.Time
	recoveryDays  int
	ttlAttribute  string
	ttlOn         bool
	tags          []dynamoTag
}

type dynamoTag struct{ Key, Value string }

func newDynamoStore(o Options, ids *idSource) *dynamoStore {
	return &dynamoStore{opts: o, ids: ids, tables: map[string]map[string]*table{}, tokens: map[string]string{}}
}

func newDynamoService(d *dynamoStore) *service {
	ops := map[string]operation{}
	for _, add := range []func(map[string]operation){d.tableOperations, d.itemOperations, d.batchOperations, d.settingOperations} {
		add(ops)
	}
	return &service{operations: ops, refuse: refuseDynamo, resource: d.resource}
}

func dynamoOperation[In any](d *dynamoStore, run func(*call, *In) (any, error)) operation {
	return jsonOperation(&d.mu, jsonDynamoDB, run)
}

// refuseDynamo sets the namespace that DynamoDB puts before its own codes and
// leaves the shared ones theirs.
func refuseDynamo(c *call, e *apiError) *response {
	namespace := "com.amazonaws.dynamodb.v20120810#"
	if e.code == "ValidationException" || e.code == "AccessDeniedException" || e.code == "SerializationException" {
		namespace = "com.amazon.coral.validate#"
	}
	message := "message"
	if e.code == "TransactionCanceledException" {
		message = "Message" // as in its own model
	}
	return refuseJSON(jsonDynamoDB, namespace, message)(c, e)
}

// resource is the ARN that a denial names.
func (d *dynamoStore) resource(c *call) string {
	return d.arn(c.region, choose(c.Table == "", "*", c.Table))
}

func (d *dynamoStore) arn(region, table string) string {
	return "arn:aws:dynamodb:" + region + ":" + d.opts.Account + ":table/" + table
}

// tableName takes a name or an ARN, as the API does.
func tableName(name string) string {
	if i := strings.Index(name, ":table/"); i >= 0 {
		return name[i+len(":table/"):]
	}
	return name
}

// table finds a table for an item operation; the lock is held.
func (d *dynamoStore) table(c *call, name string) (*table, error) {
	if name == "" {
		return nil, validation("1 validation error detected: Value null at 'tableName' failed to satisfy constraint: Member must not be null")
	}
	if t := d.tables[c.region][tableName(name)]; t != nil {
		return t, nil
	}
	return nil, fail(http.StatusBadRequest, "ResourceNotFoundException", "Requested resource not found")
}

// described finds a table for a table operation, which says more when it is
// absent.
func (d *dynamoStore) described(c *call, name string) (*table, error) {
	t, err := d.table(c, name)
	if err != nil && name != "" {
		return nil, fail(http.StatusBadRequest, "ResourceNotFoundException", "Requested resource not found: Table: %s not found", tableName(name))
	}
	return t, err
}

func (d *dynamoStore) itemOperations(ops map[string]operation) {
	ops["PutItem"] = dynamoOperation(d, d.write)
	ops["DeleteItem"] = dynamoOperation(d, d.write)
	ops["UpdateItem"] = dynamoOperation(d, d.write)
	ops["GetItem"] = dynamoOperation(d, d.getItem)
	ops["Query"] = dynamoOperation(d, d.query)
	ops["Scan"] = dynamoOperation(d, d.scan)
}

func (d *dynamoStore) batchOperations(ops map[string]operation) {
	ops["BatchGetItem"] = dynamoOperation(d, d.batchGet)
	ops["BatchWriteItem"] = dynamoOperation(d, d.batchWrite)
	ops["TransactGetItems"] = dynamoOperation(d, d.transactGet)
	op := dynamoOperation(d, d.transactWrite)
	op.actions = d.transactPermissions
	ops["TransactWriteItems"] = op
}

// transactPermissions are those of the single actions: IAM knows no
// TransactWriteItems.
func (d *dynamoStore) transactPermissions(c *call) []permission {
	var in struct {
		TransactItems []map[string]struct{ TableName string }
	}
	if json.Unmarshal(c.body, &in) != nil {
		return nil // the operation refuses the body itself
	}
	var out []permission
	for _, entry := range in.TransactItems {
		for kind, w := range entry {
			action := choose(kind == "ConditionCheck", "ConditionCheckItem", kind+"Item")
			out = append(out, permission{"dynamodb:" + action, d.arn(c.region, tableName(w.TableName))})
		}
	}
	return out
}
