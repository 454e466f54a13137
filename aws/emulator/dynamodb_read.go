package emulator

import (
	"cmp"
	"hash/fnv"
	"slices"
	"sort"
	"strings"
)

// maxPage is where DynamoDB ends a page of Scan or Query.
const maxPage = 1 << 20

// rowKey is where an item stands: DynamoDB orders partitions by a hash, the
// items of one by the sort key. Callers must not see an order they could rely
// on, so neither is this one theirs.
type rowKey struct {
	hash uint64
	part string
	sort attr
	id   string
}

func (k rowKey) compare(o rowKey) int {
	if c := cmp.Or(cmp.Compare(k.hash, o.hash), strings.Compare(k.part, o.part)); c != 0 {
		return c
	}
	c, _ := k.sort.compare(o.sort) // one table's sort keys have one type
	return c
}

func (t *table) isKey(name string) bool { return name != "" && (name == t.hash || name == t.sort) }

// keyOf cuts the key out of an item to put.
func (t *table) keyOf(i item) (item, error) {
	key := item{}
	for _, name := range []string{t.hash, t.sort} {
		if name == "" {
			continue
		}
		v, ok := i[name]
		if !ok {
			return nil, validation("One or more parameter values were invalid: Missing the key %s in the item", name)
		}
		if v.kind != t.types[name] {
			return nil, validation("One or more parameter values were invalid: Type mismatch for key %s expected: %s actual: %s", name, t.types[name], v.kind)
		}
		key[name] = v
	}
	return key, nil
}

// checkKey refuses a key that is not exactly the table's.
func (t *table) checkKey(key item) error {
	for name, v := range key {
		if !t.isKey(name) || v.kind != t.types[name] {
			return validation("The provided key element does not match the schema")
		}
		if v.text == "" {
			return validation("One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: %s", name)
		}
	}
	if len(key) != len(t.types) {
		return validation("The provided key element does not match the schema")
	}
	return nil
}

// rowID is the canonical form of a key: equal numbers are one key.
func (t *table) rowID(key item) string {
	return canonical(key[t.hash]) + "\x00" + canonical(key[t.sort])
}

func canonical(v attr) string {
	if v.kind == "N" {
		return v.number().RatString()
	}
	return v.text
}

func (t *table) rowKey(i item) rowKey {
	part := canonical(i[t.hash])
	h := fnv.New64a()
	_, _ = h.Write([]byte(part)) // a hash never fails
	sortKey := i[t.sort]
	if t.sort == "" {
		sortKey = attr{}
	}
	return rowKey{hash: h.Sum64(), part: part, sort: sortKey, id: t.rowID(i)}
}

// rows is all items in order.
func (t *table) rows() []rowKey {
	if t.order == nil {
		t.order = make([]rowKey, 0, len(t.items))
		for _, i := range t.items {
			t.order = append(t.order, t.rowKey(i))
		}
		slices.SortFunc(t.order, rowKey.compare)
	}
	return t.order
}

type getInput struct {
	TableName                string
	Key                      item
	ProjectionExpression     *string
	ExpressionAttributeNames map[string]string
}

func (d *dynamoStore) getItem(c *call, in *getInput) (any, error) {
	found, err := d.get(c, in)
	if err != nil {
		return nil, err
	}
	out := map[string]any{}
	if found != nil {
		out["Item"] = found
	}
	return out, nil
}

// get is the projected item, nil when absent.
func (d *dynamoStore) get(c *call, in *getInput) (item, error) {
	t, err := d.table(c, in.TableName)
	if err != nil {
		return nil, err
	}
	p := newPlaceholders(in.ExpressionAttributeNames, nil)
	cut, err := p.projection(in.ProjectionExpression)
	if err != nil {
		return nil, err
	}
	if err := p.unused(); err != nil {
		return nil, err
	}
	if err := t.checkKey(in.Key); err != nil {
		return nil, err
	}
	return cut.of(t.items[t.rowID(in.Key)]), nil
}

type transactGetInput struct {
	TransactItems []struct{ Get getInput }
}

func (d *dynamoStore) transactGet(c *call, in *transactGetInput) (any, error) {
	responses := []map[string]any{}
	for _, entry := range in.TransactItems {
		out, err := d.getItem(c, &entry.Get)
		if err != nil {
			return nil, err
		}
		found, _ := out.(map[string]any) // getItem's own type
		responses = append(responses, found)
	}
	return map[string]any{"Responses": responses}, nil
}

type batchGetInput struct {
	RequestItems map[string]struct {
		Keys                     []item
		ProjectionExpression     *string
		ExpressionAttributeNames map[string]string
	}
}

func (d *dynamoStore) batchGet(c *call, in *batchGetInput) (any, error) {
	responses, count := map[string][]item{}, 0
	for name, request := range in.RequestItems {
		responses[name] = []item{}
		for _, key := range request.Keys {
			count++
			found, err := d.get(c, &getInput{name, key, request.ProjectionExpression, request.ExpressionAttributeNames})
			if err != nil {
				return nil, err
			}
			if found != nil {
				responses[name] = append(responses[name], found)
			}
		}
	}
	if count == 0 || count > 100 {
		return nil, validation("Too many items requested for the BatchGetItem call")
	}
	return map[string]any{"Responses": responses, "UnprocessedKeys": map[string]any{}}, nil
}

// readInput is Scan and Query.
type readInput struct {
	TableName                 string
	IndexName                 string
	KeyConditionExpression    *string
	FilterExpression          *string
	ProjectionExpression      *string
	ExpressionAttributeNames  map[string]string
	ExpressionAttributeValues map[string]attr
	ExclusiveStartKey         item
	Limit                     *int
	ScanIndexForward          *bool
	Select                    string
	Segment, TotalSegments    int
}

// reading is a Scan or Query under way.
type reading struct {
	table  *table
	key    *node
	filter *node
	cut    projection
	rows   []rowKey // all that are candidates, in order
	limit  int
	count  bool
}

func (d *dynamoStore) reading(c *call, in *readInput) (*reading, error) {
	t, err := d.table(c, in.TableName)
	if err != nil {
		return nil, err
	}
	if in.IndexName != "" {
		return nil, validation("The table does not have the specified index: %s", in.IndexName)
	}
	r := &reading{table: t, count: in.Select == "COUNT", rows: t.rows()}
	p := newPlaceholders(in.ExpressionAttributeNames, in.ExpressionAttributeValues)
	if r.key, err = p.condition("KeyConditionExpression", in.KeyConditionExpression); err != nil {
		return nil, err
	}
	if r.filter, err = p.condition("FilterExpression", in.FilterExpression); err != nil {
		return nil, err
	}
	if r.cut, err = p.projection(in.ProjectionExpression); err != nil {
		return nil, err
	}
	if err := p.unused(); err != nil {
		return nil, err
	}
	r.limit, err = d.readLimit(in)
	return r, err
}

// readLimit is how many items a page may look at.
func (d *dynamoStore) readLimit(in *readInput) (int, error) {
	limit := int(^uint(0) >> 1)
	if in.Limit != nil {
		limit = *in.Limit
	}
	if limit < 1 {
		return 0, validation("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1", limit)
	}
	if d.opts.PageSize > 0 {
		limit = min(limit, d.opts.PageSize)
	}
	return limit, nil
}

func (d *dynamoStore) scan(c *call, in *readInput) (any, error) {
	r, err := d.reading(c, in)
	if err != nil {
		return nil, err
	}
	if n := uint64(max(in.TotalSegments, 1)); n > 1 {
		r.rows = slices.DeleteFunc(slices.Clone(r.rows), func(k rowKey) bool { return k.hash%n != uint64(in.Segment) })
	}
	return r.page(in.ExclusiveStartKey, rowKey.compare)
}

func (d *dynamoStore) query(c *call, in *readInput) (any, error) {
	r, err := d.reading(c, in)
	if err != nil {
		return nil, err
	}
	part, err := r.partition()
	if err != nil {
		return nil, err
	}
	at := r.table.rowKey(item{r.table.hash: part})
	r.rows = slices.DeleteFunc(slices.Clone(r.rows), func(k rowKey) bool { return k.part != at.part || !r.key.holds(r.table.items[k.id]) })
	order := rowKey.compare
	if in.ScanIndexForward != nil && !*in.ScanIndexForward {
		slices.Reverse(r.rows)
		order = func(a, b rowKey) int { return b.compare(a) }
	}
	return r.page(in.ExclusiveStartKey, order)
}

// partition finds the value that the key condition demands of the partition key.
func (r *reading) partition() (attr, error) {
	if r.key == nil {
		return attr{}, validation("Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.")
	}
	tests := []*node{r.key}
	if r.key.op == "AND" {
		tests = r.key.kids
	}
	for _, n := range tests {
		if n.op == "=" && len(n.args[0].path) == 1 && n.args[0].path[0].name == r.table.hash && n.args[1].value != nil {
			return *n.args[1].value, nil
		}
	}
	return attr{}, validation("Query condition missed key schema element: %s", r.table.hash)
}

// page reads from behind the start key until the limit, a megabyte, or the end.
func (r *reading) page(start item, order func(a, b rowKey) int) (any, error) {
	rows := r.rows
	if start != nil {
		if err := r.table.checkKey(start); err != nil {
			return nil, validation("The provided starting key is invalid: %s", asAPIError(err).message)
		}
		from := r.table.rowKey(start)
		rows = rows[sort.Search(len(rows), func(n int) bool { return order(rows[n], from) > 0 }):]
	}
	items, scanned, size := []item{}, 0, 0
	for _, k := range rows {
		if scanned == r.limit || size > maxPage {
			break
		}
		i := r.table.items[k.id]
		scanned, size = scanned+1, size+i.size()
		if r.filter.holds(i) {
			items = append(items, r.cut.of(i))
		}
	}
	out := map[string]any{"Count": len(items), "ScannedCount": scanned}
	if !r.count {
		out["Items"] = items
	}
	if scanned < len(rows) || scanned == r.limit && scanned > 0 {
		last, err := r.table.keyOf(r.table.items[rows[scanned-1].id])
		if err != nil {
			return nil, err
		}
		out["LastEvaluatedKey"] = last
	}
	return out, nil
}
