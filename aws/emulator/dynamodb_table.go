package emulator

import (
	"maps"
	"net/http"
	"slices"
	"time"
)

func (d *dynamoStore) tableOperations(ops map[string]operation) {
	ops["CreateTable"] = dynamoOperation(d, d.createTable)
	ops["DescribeTable"] = dynamoOperation(d, d.describeTable)
	ops["ListTables"] = dynamoOperation(d, d.listTables)
	ops["UpdateTable"] = dynamoOperation(d, d.updateTable)
	ops["DeleteTable"] = dynamoOperation(d, d.deleteTable)
}

// tableInput is CreateTable, UpdateTable and everything that takes a table's
// name only.
type tableInput struct {
	TableName            string
	AttributeDefinitions []struct{ AttributeName, AttributeType string }
	KeySchema            []struct{ AttributeName, KeyType string }
	BillingMode          string
	TableClass           string

	ProvisionedThroughput *struct {
		ReadCapacityUnits, WriteCapacityUnits int
	}
	SSESpecification *struct {
		Enabled                 bool
		SSEType, KMSMasterKeyId string
	}
	StreamSpecification       map[string]any
	DeletionProtectionEnabled *bool
	Tags                      []dynamoTag
	GlobalSecondaryIndexes    []any
	LocalSecondaryIndexes     []any
}

// createTable makes a table that is active at once; AWS takes seconds.
func (d *dynamoStore) createTable(c *call, in *tableInput) (any, error) {
	if d.tables[c.region][in.TableName] != nil {
		return nil, fail(http.StatusBadRequest, "ResourceInUseException", "Table already exists: %s", in.TableName)
	}
	if len(in.GlobalSecondaryIndexes)+len(in.LocalSecondaryIndexes) > 0 {
		return nil, fail(http.StatusNotImplemented, "NotImplemented", "the emulator has no secondary indexes")
	}
	t := &table{name: in.TableName, arn: d.arn(c.region, in.TableName), id: d.ids.uuid(), created: c.Time, items: map[string]item{}, tags: in.Tags}
	if err := t.readKeys(in); err != nil {
		return nil, err
	}
	if in.BillingMode != "PAY_PER_REQUEST" && in.ProvisionedThroughput == nil {
		return nil, validation("One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED")
	}
	t.settings = map[string]any{"ProvisionedThroughput": throughput(0, 0)}
	d.configure(c, t, in)
	if d.tables[c.region] == nil {
		d.tables[c.region] = map[string]*table{}
	}
	d.tables[c.region][t.name] = t
	return map[string]any{"TableDescription": t.describe()}, nil
}

// readKeys takes the key schema; every defined attribute must be in it, since
// there are no indexes.
func (t *table) readKeys(in *tableInput) error {
	if len(t.name) < 3 || len(t.name) > 255 {
		return validation("TableName must be at least 3 characters long and at most 255 characters long")
	}
	t.types = map[string]string{}
	for _, k := range in.KeySchema {
		if k.KeyType == "HASH" {
			t.hash = k.AttributeName
		} else {
			t.sort = k.AttributeName
		}
	}
	for _, a := range in.AttributeDefinitions {
		t.types[a.AttributeName] = a.AttributeType
	}
	keys := choose(t.sort == "", 1, 2)
	if t.hash == "" || len(in.KeySchema) != keys || len(t.types) != keys || t.types[t.hash] == "" || t.sort != "" && t.types[t.sort] == "" {
		return validation("One or more parameter values were invalid: Some index key attributes are not defined in AttributeDefinitions, or attributes are defined that no key uses")
	}
	return nil
}

func throughput(read, write int) map[string]any {
	return map[string]any{"NumberOfDecreasesToday": 0, "ReadCapacityUnits": read, "WriteCapacityUnits": write}
}

// configure applies the settings that CreateTable and UpdateTable share.
func (d *dynamoStore) configure(c *call, t *table, in *tableInput) {
	if in.BillingMode == "PAY_PER_REQUEST" {
		t.settings["BillingModeSummary"] = map[string]any{"BillingMode": in.BillingMode, "LastUpdateToPayPerRequestDateTime": epoch(c.Time)}
		t.settings["ProvisionedThroughput"] = throughput(0, 0)
	}
	if p := in.ProvisionedThroughput; p != nil && in.BillingMode != "PAY_PER_REQUEST" {
		delete(t.settings, "BillingModeSummary") // DynamoDB tells PROVISIONED by silence
		t.settings["ProvisionedThroughput"] = throughput(p.ReadCapacityUnits, p.WriteCapacityUnits)
	}
	if in.TableClass != "" {
		t.settings["TableClassSummary"] = map[string]any{"TableClass": in.TableClass}
	}
	if in.StreamSpecification != nil {
		t.settings["StreamSpecification"] = in.StreamSpecification
	}
	if in.DeletionProtectionEnabled != nil {
		t.protected = *in.DeletionProtectionEnabled
	}
	if sse := in.SSESpecification; sse != nil {
		delete(t.settings, "SSEDescription") // DynamoDB's own key shows as nothing
		if sse.Enabled {
			t.settings["SSEDescription"] = map[string]any{"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": d.sseKey(c, sse.KMSMasterKeyId)}
		}
	}
}

// sseKey is shown as an ARN; the emulator does not ask KMS whether it exists.
func (d *dynamoStore) sseKey(c *call, key string) string {
	if key == "" {
		key = "alias/aws/dynamodb"
	}
	if len(key) > 4 && key[:4] == "arn:" {
		return key
	}
	resource := choose(len(key) > 6 && key[:6] == "alias/", key, "key/"+key)
	return "arn:aws:kms:" + c.region + ":" + d.opts.Account + ":" + resource
}

// describe is TableDescription. Counts are exact; on AWS they lag by hours.
func (t *table) describe() map[string]any {
	schema := []map[string]string{{"AttributeName": t.hash, "KeyType": "HASH"}}
	if t.sort != "" {
		schema = append(schema, map[string]string{"AttributeName": t.sort, "KeyType": "RANGE"})
	}
	definitions := []map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(t.types)) {
		definitions = append(definitions, map[string]string{"AttributeName": name, "AttributeType": t.types[name]})
	}
	size := 0
	for _, i := range t.items {
		size += i.size()
	}
	out := map[string]any{
		"TableName": t.name, "TableArn": t.arn, "TableId": t.id, "TableStatus": "ACTIVE", "CreationDateTime": epoch(t.created),
		"KeySchema": schema, "AttributeDefinitions": definitions, "ItemCount": len(t.items), "TableSizeBytes": size,
		"DeletionProtectionEnabled": t.protected,
	}
	maps.Copy(out, t.settings)
	return out
}

func (d *dynamoStore) describeTable(c *call, in *tableInput) (any, error) {
	t, err := d.described(c, in.TableName)
	if err != nil {
		return nil, err
	}
	return map[string]any{"Table": t.describe()}, nil
}

func (d *dynamoStore) updateTable(c *call, in *tableInput) (any, error) {
	t, err := d.described(c, in.TableName)
	if err != nil {
		return nil, err
	}
	d.configure(c, t, in)
	return map[string]any{"TableDescription": t.describe()}, nil
}

func (d *dynamoStore) deleteTable(c *call, in *tableInput) (any, error) {
	t, err := d.described(c, in.TableName)
	if err != nil {
		return nil, err
	}
	if t.protected {
		return nil, validation("Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.")
	}
	delete(d.tables[c.region], t.name)
	out := t.describe()
	out["TableStatus"] = "DELETING"
	return map[string]any{"TableDescription": out}, nil
}

type listTablesInput struct {
	ExclusiveStartTableName string
	Limit                   int
}

func (d *dynamoStore) listTables(c *call, in *listTablesInput) (any, error) {
	limit := min(choose(in.Limit > 0, in.Limit, 100), 100)
	if d.opts.PageSize > 0 {
		limit = min(limit, d.opts.PageSize)
	}
	names := slices.Sorted(maps.Keys(d.tables[c.region]))
	names = slices.DeleteFunc(names, func(n string) bool { return n <= in.ExclusiveStartTableName })
	out := map[string]any{"TableNames": append([]string{}, names[:min(limit, len(names))]...)}
	if len(names) > limit {
		out["LastEvaluatedTableName"] = names[limit-1]
	}
	return out, nil
}

func (d *dynamoStore) settingOperations(ops map[string]operation) {
	ops["DescribeContinuousBackups"] = dynamoOperation(d, d.describeBackups)
	ops["UpdateContinuousBackups"] = dynamoOperation(d, d.updateBackups)
	ops["DescribeTimeToLive"] = dynamoOperation(d, d.describeTTL)
	ops["UpdateTimeToLive"] = dynamoOperation(d, d.updateTTL)
	ops["ListTagsOfResource"] = dynamoOperation(d, d.listTags)
	ops["TagResource"] = dynamoOperation(d, d.tag)
	ops["UntagResource"] = dynamoOperation(d, d.untag)
	ops["GetResourcePolicy"] = dynamoOperation(d, d.resourcePolicy)
	ops["DescribeLimits"] = dynamoOperation(d, func(*call, *struct{}) (any, error) {
		return map[string]int{"AccountMaxReadCapacityUnits": 80000, "AccountMaxWriteCapacityUnits": 80000, "TableMaxReadCapacityUnits": 40000, "TableMaxWriteCapacityUnits": 40000}, nil
	})
}

// backups is ContinuousBackupsDescription.
func (t *table) backups(now time.Time) map[string]any {
	recovery := map[string]any{"PointInTimeRecoveryStatus": choose(t.recovery, "ENABLED", "DISABLED")}
	if t.recovery {
		earliest := now.AddDate(0, 0, -t.recoveryDays)
		if t.recoverySince.After(earliest) {
			earliest = t.recoverySince
		}
		recovery["EarliestRestorableDateTime"] = epoch(earliest)
		recovery["LatestRestorableDateTime"] = epoch(now.Add(-5 * time.Minute)) // what DynamoDB promises
		recovery["RecoveryPeriodInDays"] = t.recoveryDays
	}
	return map[string]any{"ContinuousBackupsDescription": map[string]any{"ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": recovery}}
}
