package emulator

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// maxItem is the most an item may count.
const maxItem = 400 << 10

// writeInput is PutItem, DeleteItem, UpdateItem, and one action of a
// transaction.
type writeInput struct {
	TableName                           string
	Item, Key                           item
	ConditionExpression                 *string
	UpdateExpression                    *string
	ExpressionAttributeNames            map[string]string
	ExpressionAttributeValues           map[string]attr
	ReturnValues                        string
	ReturnValuesOnConditionCheckFailure string
	Expected                            json.RawMessage // the API of 2011, not implemented
	AttributeUpdates                    json.RawMessage
}

// change is a write that was checked and can be committed.
type change struct {
	table    *table
	id       string
	old, new item // nil: absent
	updated  []path
}

// prepare works a write out against the table's present state; kind is "Put",
// "Delete", "Update" or "ConditionCheck".
func (d *dynamoStore) prepare(c *call, kind string, in *writeInput) (*change, error) {
	if in.Expected != nil || in.AttributeUpdates != nil {
		return nil, fail(http.StatusNotImplemented, "NotImplemented", "the emulator implements expressions only, not Expected or AttributeUpdates")
	}
	t, err := d.table(c, in.TableName)
	if err != nil {
		return nil, err
	}
	p := newPlaceholders(in.ExpressionAttributeNames, in.ExpressionAttributeValues)
	condition, err := p.condition("ConditionExpression", in.ConditionExpression)
	if err != nil {
		return nil, err
	}
	u, err := p.update(in.UpdateExpression)
	if err != nil {
		return nil, err
	}
	if err := p.unused(); err != nil {
		return nil, err
	}
	ch, err := t.start(kind, in)
	if err != nil {
		return nil, err
	}
	if !condition.holds(ch.old) {
		return ch, conditionFailed(in, ch.old)
	}
	return ch, ch.finish(kind, in, u)
}

func conditionFailed(in *writeInput, old item) *apiError {
	e := fail(http.StatusBadRequest, "ConditionalCheckFailedException", "The conditional request failed")
	if in.ReturnValuesOnConditionCheckFailure == "ALL_OLD" && old != nil {
		e.extra = map[string]any{"Item": old}
	}
	return e
}

// start finds the item that the write is about.
func (t *table) start(kind string, in *writeInput) (*change, error) {
	key := in.Key
	if kind == "Put" {
		var err error
		if key, err = t.keyOf(in.Item); err != nil {
			return nil, err
		}
	}
	if err := t.checkKey(key); err != nil {
		return nil, err
	}
	id := t.rowID(key)
	return &change{table: t, id: id, old: t.items[id]}, nil
}

// finish works out what the item becomes.
func (ch *change) finish(kind string, in *writeInput, u *update) error {
	switch kind {
	case "Put":
		ch.new = in.Item
	case "ConditionCheck":
		ch.new = ch.old
	case "Update":
		for _, a := range u.actions {
			if ch.table.isKey(a.target[0].name) {
				return validation("One or more parameter values were invalid: Cannot update attribute %s. This attribute is part of the key", a.target[0].name)
			}
			ch.updated = append(ch.updated, a.target)
		}
		base := ch.old
		if base == nil {
			base = in.Key
		}
		var err error
		if ch.new, err = u.apply(base); err != nil {
			return err
		}
	}
	if ch.new.size() > maxItem {
		return validation("Item size has exceeded the maximum allowed size")
	}
	return nil
}

func (ch *change) commit() {
	if _, exists := ch.table.items[ch.id]; exists != (ch.new != nil) {
		ch.table.order = nil
	}
	if ch.new == nil {
		delete(ch.table.items, ch.id)
		return
	}
	ch.table.items[ch.id] = ch.new
}

// write is PutItem, DeleteItem and UpdateItem.
func (d *dynamoStore) write(c *call, in *writeInput) (any, error) {
	kind := strings.TrimSuffix(c.Operation, "Item")
	allowed := []string{"", "NONE", "ALL_OLD"}
	if kind == "Update" {
		allowed = append(allowed, "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW")
	}
	if !slices.Contains(allowed, in.ReturnValues) {
		return nil, validation("Return values set to invalid value")
	}
	ch, err := d.prepare(c, kind, in)
	if err != nil {
		return nil, err
	}
	ch.commit()
	out := map[string]any{}
	if returned := ch.returned(in.ReturnValues); len(returned) > 0 {
		out["Attributes"] = returned
	}
	return out, nil
}

func (ch *change) returned(which string) item {
	switch which {
	case "ALL_OLD":
		return ch.old
	case "ALL_NEW":
		return ch.new
	case "UPDATED_OLD":
		return projection(append([]path{}, ch.updated...)).of(ch.old)
	case "UPDATED_NEW":
		return projection(append([]path{}, ch.updated...)).of(ch.new)
	}
	return nil
}

type transactWriteInput struct {
	ClientRequestToken string
	TransactItems      []map[string]*writeInput
}

// transactWrite commits all actions or none. A repeated client token is
// answered as the first time, which is what makes SDK retries safe.
func (d *dynamoStore) transactWrite(c *call, in *transactWriteInput) (any, error) {
	if n := len(in.TransactItems); n == 0 || n > 100 {
		return nil, validation("1 validation error detected: Value at 'transactItems' failed to satisfy constraint: Member must have length less than or equal to 100")
	}
	if body, done := d.tokens[in.ClientRequestToken]; done && in.ClientRequestToken != "" {
		if body != string(c.body) {
			return nil, fail(http.StatusBadRequest, "IdempotentParameterMismatchException", "The request uses the same client token as a previous, but non-identical request.")
		}
		return map[string]any{}, nil
	}
	changes, err := d.prepareAll(c, in.TransactItems)
	if err != nil {
		return nil, err
	}
	for _, ch := range changes {
		ch.commit()
	}
	if in.ClientRequestToken != "" {
		d.tokens[in.ClientRequestToken] = string(c.body)
	}
	return map[string]any{}, nil
}

// prepareAll checks every action; failed conditions are collected as the
// reasons of the cancellation.
func (d *dynamoStore) prepareAll(c *call, actions []map[string]*writeInput) ([]*change, error) {
	var changes []*change
	reasons := make([]map[string]any, len(actions))
	failed := false
	seen := map[string]bool{}
	for n, entry := range actions {
		ch, err := d.prepareOne(c, entry)
		if reasons[n], err = reasonFor(err); err != nil {
			return nil, err
		}
		id := ch.table.arn + "\x00" + ch.id
		if seen[id] {
			return nil, validation("Transaction request cannot include multiple operations on one item")
		}
		seen[id] = true
		failed = failed || reasons[n]["Code"] != "None"
		changes = append(changes, ch)
	}
	if failed {
		return nil, cancelled(reasons)
	}
	return changes, nil
}

// reasonFor is what a transaction tells about one action; errors other than a
// failed condition end it at once.
func reasonFor(err error) (map[string]any, error) {
	if err == nil {
		return map[string]any{"Code": "None"}, nil
	}
	e := asAPIError(err)
	if e.code != "ConditionalCheckFailedException" {
		return nil, err
	}
	reason := map[string]any{"Code": "ConditionalCheckFailed", "Message": e.message}
	if old, ok := e.extra["Item"]; ok {
		reason["Item"] = old
	}
	return reason, nil
}

func (d *dynamoStore) prepareOne(c *call, entry map[string]*writeInput) (*change, error) {
	if len(entry) != 1 {
		return nil, validation("TransactItems can only contain one of Check, Put, Update or Delete")
	}
	for kind, in := range entry {
		if slices.Contains([]string{"Put", "Delete", "Update", "ConditionCheck"}, kind) && in != nil {
			return d.prepare(c, kind, in)
		}
	}
	return nil, validation("TransactItems can only contain one of Check, Put, Update or Delete")
}

func cancelled(reasons []map[string]any) *apiError {
	codes := make([]string, len(reasons))
	for n, r := range reasons {
		codes[n], _ = r["Code"].(string) // always a string, set above
	}
	e := fail(http.StatusBadRequest, "TransactionCanceledException", "Transaction cancelled, please refer cancellation reasons for specific reasons [%s]", strings.Join(codes, ", "))
	e.extra = map[string]any{"CancellationReasons": reasons}
	return e
}

type batchWriteInput struct {
	RequestItems map[string][]struct {
		PutRequest    *struct{ Item item }
		DeleteRequest *struct{ Key item }
	}
}

// batchWrite checks all keys before it writes; nothing is ever left
// unprocessed.
func (d *dynamoStore) batchWrite(c *call, in *batchWriteInput) (any, error) {
	var changes []*change
	seen := map[string]bool{}
	for name, requests := range in.RequestItems {
		for _, r := range requests {
			w, kind := &writeInput{TableName: name}, "Put"
			switch {
			case r.PutRequest != nil:
				w.Item = r.PutRequest.Item
			case r.DeleteRequest != nil:
				w.Key, kind = r.DeleteRequest.Key, "Delete"
			}
			ch, err := d.prepare(c, kind, w)
			if err != nil {
				return nil, err
			}
			if seen[ch.table.name+"\x00"+ch.id] {
				return nil, validation("Provided list of item keys contains duplicates")
			}
			seen[ch.table.name+"\x00"+ch.id] = true
			changes = append(changes, ch)
		}
	}
	if len(changes) == 0 || len(changes) > 25 {
		return nil, validation("Too many items requested for the BatchWriteItem call")
	}
	for _, ch := range changes {
		ch.commit()
	}
	return map[string]any{"UnprocessedItems": map[string]any{}}, nil
}
