package emulator_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// rows is a lock table of a target.
type rows struct {
	t    *testing.T
	tg   *target
	name string
}

type values = map[string]types.AttributeValue

func str(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func num(n int) types.AttributeValue { return &types.AttributeValueMemberN{Value: fmt.Sprint(n)} }

func textOf(v types.AttributeValue) string {
	s, ok := v.(*types.AttributeValueMemberS)
	if !ok {
		return ""
	}
	return s.Value
}

func newRows(t *testing.T, tg *target) *rows {
	t.Helper()
	r := &rows{t, tg, unique(t)}
	_, err := tg.ddb.CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: &r.name, BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("LockID"), AttributeType: types.ScalarAttributeTypeS}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("LockID"), KeyType: types.KeyTypeHash}},
	})
	check(t, err)
	return r
}

// put stores a row under a condition; "" for none.
func (r *rows) put(row values, condition string, args values) error {
	in := &dynamodb.PutItemInput{TableName: &r.name, Item: row, ExpressionAttributeValues: args}
	if condition != "" {
		in.ConditionExpression = &condition
		in.ReturnValuesOnConditionCheckFailure = types.ReturnValuesOnConditionCheckFailureAllOld
	}
	_, err := r.tg.ddb.PutItem(r.t.Context(), in)
	return err
}

func (r *rows) mustPut(row values) {
	r.t.Helper()
	check(r.t, r.put(row, "", nil))
}

func (r *rows) delete(id, condition string, args values) (*dynamodb.DeleteItemOutput, error) {
	return r.tg.ddb.DeleteItem(r.t.Context(), &dynamodb.DeleteItemInput{
		TableName: &r.name, Key: values{"LockID": str(id)}, ConditionExpression: &condition, ExpressionAttributeValues: args,
		ReturnValues: types.ReturnValueAllOld, ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
}

func (r *rows) get(id string) values {
	r.t.Helper()
	out, err := r.tg.ddb.GetItem(r.t.Context(), &dynamodb.GetItemInput{TableName: &r.name, Key: values{"LockID": str(id)}, ConsistentRead: aws.Bool(true)})
	check(r.t, err)
	return out.Item
}

// refusedWith is the item that came with a failed condition.
func refusedWith(t *testing.T, err error) values {
	t.Helper()
	var failed *types.ConditionalCheckFailedException
	if !errors.As(err, &failed) {
		t.Fatalf("got %v, want ConditionalCheckFailedException", err)
	}
	return failed.Item
}

const lockID = "bucket/env/prod/terraform.tfstate"

// lockTableCases are the conditional writes to a lock table.
func lockTableCases() map[string]func(*testing.T, *target) {
	lock := func(info string) values { return values{"LockID": str(lockID), "Info": str(info)} }
	digest := func(sum string) values { return values{"LockID": str(lockID + "-md5"), "Digest": str(sum)} }
	return map[string]func(*testing.T, *target){
		"attribute_not_exists takes a free lock": func(t *testing.T, tg *target) {
			r := newRows(t, tg)
			check(t, r.put(lock("mine"), "attribute_not_exists(LockID)", nil))
			equal(t, "holder", textOf(r.get(lockID)["Info"]), "mine")
		},
		"attribute_not_exists refuses a held lock and tells its holder": func(t *testing.T, tg *target) {
			r := newRows(t, tg)
			r.mustPut(lock("theirs"))
			old := refusedWith(t, r.put(lock("mine"), "attribute_not_exists(LockID)", nil))
			equal(t, "holder", textOf(old["Info"]), "theirs")
			equal(t, "still held by", textOf(r.get(lockID)["Info"]), "theirs")
		},
		"a delete with the raw Info releases the lock": func(t *testing.T, tg *target) {
			r := newRows(t, tg)
			r.mustPut(lock("mine"))
			out, err := r.delete(lockID, "Info = :raw", values{":raw": str("mine")})
			check(t, err)
			equal(t, "released", textOf(out.Attributes["Info"]), "mine")
			equal(t, "rows left", len(r.get(lockID)), 0)
		},
		"a delete with another Info leaves the lock and tells its holder": func(t *testing.T, tg *target) {
			r := newRows(t, tg)
			r.mustPut(lock("theirs"))
			_, err := r.delete(lockID, "Info = :raw", values{":raw": str("mine")})
			equal(t, "holder", textOf(refusedWith(t, err)["Info"]), "theirs")
			equal(t, "still held by", textOf(r.get(lockID)["Info"]), "theirs")
		},
		"a failed condition on an absent row comes without an item": func(t *testing.T, tg *target) {
			r := newRows(t, tg)
			_, err := r.delete(lockID, "Info = :raw", values{":raw": str("mine")})
			equal(t, "attributes", len(refusedWith(t, err)), 0)
		},
		"a row without Info is deleted under attribute_not_exists(Info)": func(t *testing.T, tg *target) {
			r := newRows(t, tg)
			r.mustPut(values{"LockID": str(lockID)})
			_, err := r.delete(lockID, "attribute_not_exists(Info)", nil)
			check(t, err)
			r.mustPut(lock("theirs"))
			_, err = r.delete(lockID, "attribute_not_exists(Info)", nil)
			refusedWith(t, err)
		},
		"a digest is set by compare and set": func(t *testing.T, tg *target) {
			r := newRows(t, tg)
			check(t, r.put(digest("one"), "attribute_not_exists(LockID)", nil))
			check(t, r.put(digest("two"), "Digest = :old", values{":old": str("one")}))
			old := refusedWith(t, r.put(digest("three"), "Digest = :old", values{":old": str("one")}))
			equal(t, "told", textOf(old["Digest"]), "two")
			equal(t, "kept", textOf(r.get(lockID + "-md5")["Digest"]), "two")
		},
		"conditions combine with AND, OR, NOT and parentheses": func(t *testing.T, tg *target) {
			r := newRows(t, tg)
			r.mustPut(values{"LockID": str(lockID), "Info": str("mine"), "N": num(5)})
			args := values{":i": str("mine"), ":lo": num(1), ":hi": num(9), ":p": str("mi")}
			condition := "(Info = :i OR attribute_exists(Nope)) AND NOT N > :hi AND N BETWEEN :lo AND :hi AND begins_with(Info, :p) AND contains(Info, :p) AND size(Info) < :hi AND N IN (:lo, :hi, N)"
			_, err := r.delete(lockID, condition, args)
			check(t, err)
		},
		"TransactWriteItems does all or nothing and says why": func(t *testing.T, tg *target) {
			r := newRows(t, tg)
			r.mustPut(lock("theirs"))
			_, err := tg.ddb.TransactWriteItems(t.Context(), &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
				{Put: &types.Put{TableName: &r.name, Item: digest("new")}},
				{Put: &types.Put{TableName: &r.name, Item: lock("mine"), ConditionExpression: aws.String("attribute_not_exists(LockID)")}},
			}})
			var failed *types.TransactionCanceledException
			if !errors.As(err, &failed) {
				t.Fatalf("got %v, want TransactionCanceledException", err)
			}
			equal(t, "reasons", len(failed.CancellationReasons), 2)
			equal(t, "reason", aws.ToString(failed.CancellationReasons[1].Code), "ConditionalCheckFailed")
			equal(t, "rows written", len(r.get(lockID+"-md5")), 0)
		},
	}
}

// tableCases are reads over a whole table, and its settings.
func tableCases() map[string]func(*testing.T, *target) {
	return map[string]func(*testing.T, *target){
		"pages of 2 rows hold every row once": func(t *testing.T, tg *target) { pagedScan(t, tg, 2) },
		"pages of 3 rows hold every row once": func(t *testing.T, tg *target) { pagedScan(t, tg, 3) },
		"a filter counts what it looked at": func(t *testing.T, tg *target) {
			r := filled(t, tg, 7)
			out, err := tg.ddb.Scan(t.Context(), &dynamodb.ScanInput{TableName: &r.name, FilterExpression: aws.String("begins_with(LockID, :p)"), ExpressionAttributeValues: values{":p": str("row-3")}})
			check(t, err)
			equal(t, "found", out.Count, 1)
			equal(t, "scanned", out.ScannedCount, 7)
		},
		"a projection returns the named attributes": func(t *testing.T, tg *target) {
			r := newRows(t, tg)
			r.mustPut(values{"LockID": str("a"), "Info": str("i"), "Other": str("o")})
			out, err := tg.ddb.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: &r.name, Key: values{"LockID": str("a")}, ProjectionExpression: aws.String("LockID, #i"), ExpressionAttributeNames: map[string]string{"#i": "Info"}})
			check(t, err)
			equal(t, "attributes", len(out.Item), 2)
			equal(t, "Info", textOf(out.Item["Info"]), "i")
		},
		"Query finds one row by its key": func(t *testing.T, tg *target) {
			r := filled(t, tg, 5)
			out, err := tg.ddb.Query(t.Context(), &dynamodb.QueryInput{TableName: &r.name, KeyConditionExpression: aws.String("LockID = :k"), ExpressionAttributeValues: values{":k": str("row-2")}})
			check(t, err)
			equal(t, "rows", out.Count, 1)
		},
		"UpdateItem sets, adds and removes": func(t *testing.T, tg *target) {
			r := newRows(t, tg)
			r.mustPut(values{"LockID": str("a"), "N": num(1), "Gone": str("x")})
			out, err := tg.ddb.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
				TableName: &r.name, Key: values{"LockID": str("a")}, UpdateExpression: aws.String("SET Digest = :d, M = if_not_exists(M, :d) ADD N :one REMOVE Gone"),
				ExpressionAttributeValues: values{":d": str("abc"), ":one": num(1)}, ReturnValues: types.ReturnValueAllNew,
			})
			check(t, err)
			equal(t, "Digest", textOf(out.Attributes["Digest"]), "abc")
			equal(t, "M", textOf(out.Attributes["M"]), "abc")
			n, _ := out.Attributes["N"].(*types.AttributeValueMemberN)
			equal(t, "N", n.Value, "2")
			equal(t, "attributes", len(out.Attributes), 4)
		},
		"BatchGetItem returns the rows that are there": func(t *testing.T, tg *target) {
			r := filled(t, tg, 3)
			keys := []map[string]types.AttributeValue{{"LockID": str("row-0")}, {"LockID": str("row-2")}, {"LockID": str("none")}}
			out, err := tg.ddb.BatchGetItem(t.Context(), &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{r.name: {Keys: keys}}})
			check(t, err)
			equal(t, "rows", len(out.Responses[r.name]), 2)
		},
		"every type of attribute comes back as it was put": func(t *testing.T, tg *target) {
			r := newRows(t, tg)
			row := values{
				"LockID": str("a"), "S": str(""), "N": &types.AttributeValueMemberN{Value: "12"}, "B": &types.AttributeValueMemberB{Value: []byte{0, 1}},
				"BOOL": &types.AttributeValueMemberBOOL{Value: true}, "NULL": &types.AttributeValueMemberNULL{Value: true},
				"SS": &types.AttributeValueMemberSS{Value: []string{"x"}}, "L": &types.AttributeValueMemberL{Value: []types.AttributeValue{num(1)}},
				"M": &types.AttributeValueMemberM{Value: values{"k": str("v")}},
			}
			r.mustPut(row)
			got := r.get("a")
			equal(t, "attributes", len(got), len(row))
			for name, v := range row {
				equal(t, name, fmt.Sprintf("%T", got[name]), fmt.Sprintf("%T", v))
			}
		},
	}
}

// settingCases are what a table tells about itself, and what it refuses.
func settingCases() map[string]func(*testing.T, *target) {
	return map[string]func(*testing.T, *target){
		"DescribeTable tells the key schema": func(t *testing.T, tg *target) {
			r := newRows(t, tg)
			out, err := tg.ddb.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: &r.name})
			check(t, err)
			equal(t, "status", out.Table.TableStatus, types.TableStatusActive)
			equal(t, "keys", len(out.Table.KeySchema), 1)
			equal(t, "key", aws.ToString(out.Table.KeySchema[0].AttributeName), "LockID")
			equal(t, "type", out.Table.AttributeDefinitions[0].AttributeType, types.ScalarAttributeTypeS)
		},
		"an absent table is not found": func(t *testing.T, tg *target) {
			r := &rows{t, tg, "no-such-table"}
			wantError(t, r.put(values{"LockID": str("a")}, "", nil), "ResourceNotFoundException")
			_, err := tg.ddb.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: &r.name})
			wantError(t, err, "ResourceNotFoundException")
		},
		"a row without its key is refused": func(t *testing.T, tg *target) {
			r := newRows(t, tg)
			wantError(t, r.put(values{"Info": str("x")}, "", nil), "ValidationException")
		},
		"a page ends at about a megabyte": func(t *testing.T, tg *target) {
			r := newRows(t, tg)
			for n := range 4 {
				r.mustPut(values{"LockID": str(fmt.Sprint(n)), "Info": str(strings.Repeat("x", 390<<10))})
			}
			out, err := tg.ddb.Scan(t.Context(), &dynamodb.ScanInput{TableName: &r.name})
			check(t, err)
			equal(t, "all in one page", out.Count == 4, false)
			next, err := tg.ddb.Scan(t.Context(), &dynamodb.ScanInput{TableName: &r.name, ExclusiveStartKey: out.LastEvaluatedKey})
			check(t, err)
			equal(t, "rows", out.Count+next.Count, 4)
		},
		"a table protected from deletion stays": func(t *testing.T, tg *target) {
			r := newRows(t, tg)
			_, err := tg.ddb.UpdateTable(t.Context(), &dynamodb.UpdateTableInput{TableName: &r.name, DeletionProtectionEnabled: aws.Bool(true)})
			check(t, err)
			_, err = tg.ddb.DeleteTable(t.Context(), &dynamodb.DeleteTableInput{TableName: &r.name})
			wantError(t, err, "ValidationException")
		},
		"tables belong to one region": func(t *testing.T, tg *target) {
			r := newRows(t, tg)
			west := regionalTarget(tg.name, tg.url, "eu-west-1")
			_, err := west.ddb.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: &r.name})
			wantError(t, err, "ResourceNotFoundException")
		},
		"an unknown function is refused": func(t *testing.T, tg *target) {
			r := newRows(t, tg)
			wantError(t, r.put(values{"LockID": str("a")}, "exists(LockID)", nil), "ValidationException")
		},
		"point-in-time recovery is off until it is enabled": func(t *testing.T, tg *target) {
			r := newRows(t, tg)
			equal(t, "before", recovery(t, r), types.PointInTimeRecoveryStatusDisabled)
			_, err := tg.ddb.UpdateContinuousBackups(t.Context(), &dynamodb.UpdateContinuousBackupsInput{TableName: &r.name, PointInTimeRecoverySpecification: &types.PointInTimeRecoverySpecification{PointInTimeRecoveryEnabled: aws.Bool(true)}})
			check(t, err)
			equal(t, "after", recovery(t, r), types.PointInTimeRecoveryStatusEnabled)
		},
	}
}

func recovery(t *testing.T, r *rows) types.PointInTimeRecoveryStatus {
	t.Helper()
	out, err := r.tg.ddb.DescribeContinuousBackups(t.Context(), &dynamodb.DescribeContinuousBackupsInput{TableName: &r.name})
	check(t, err)
	return out.ContinuousBackupsDescription.PointInTimeRecoveryDescription.PointInTimeRecoveryStatus
}

func filled(t *testing.T, tg *target, n int) *rows {
	t.Helper()
	r := newRows(t, tg)
	for i := range n {
		r.mustPut(values{"LockID": str(fmt.Sprintf("row-%d", i)), "Info": str("i")})
	}
	return r
}

func pagedScan(t *testing.T, tg *target, size int32) {
	r := filled(t, tg, 7)
	p := dynamodb.NewScanPaginator(tg.ddb, &dynamodb.ScanInput{TableName: &r.name, Limit: &size})
	seen := map[string]int{}
	pages := 0
	for p.HasMorePages() && pages < 20 {
		out, err := p.NextPage(t.Context())
		check(t, err)
		pages++
		if len(out.Items) > int(size) {
			t.Fatalf("a page of %d", len(out.Items))
		}
		for _, row := range out.Items {
			seen[textOf(row["LockID"])]++
		}
	}
	equal(t, "rows", len(seen), 7)
	for id, n := range seen {
		equal(t, id, n, 1)
	}
}
