package aws

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	ddbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stateward/stateward/model"
)

// storedRow is a whole item in DynamoDB's own JSON, {"rvn":{"N":"1"}}. Equal items
// give equal text: the members of sets and maps are put in order.
func storedRow(item map[string]ddbtypes.AttributeValue) model.StoredRow {
	tree := make(map[string]any, len(item))
	for name, v := range item {
		tree[name] = attributeTree(v)
	}
	doc, err := json.Marshal(tree)
	if err != nil {
		return "" // not reached: strings, booleans and what is made of them marshal
	}
	return model.StoredRow(doc)
}

func attributeTree(v ddbtypes.AttributeValue) map[string]any {
	switch v := v.(type) {
	case *ddbtypes.AttributeValueMemberS:
		return map[string]any{"S": v.Value}
	case *ddbtypes.AttributeValueMemberN:
		return map[string]any{"N": v.Value}
	case *ddbtypes.AttributeValueMemberB:
		return map[string]any{"B": v.Value}
	case *ddbtypes.AttributeValueMemberBOOL:
		return map[string]any{"BOOL": v.Value}
	case *ddbtypes.AttributeValueMemberNULL:
		return map[string]any{"NULL": v.Value}
	case *ddbtypes.AttributeValueMemberSS:
		return map[string]any{"SS": slices.Sorted(slices.Values(v.Value))}
	case *ddbtypes.AttributeValueMemberNS:
		return map[string]any{"NS": slices.Sorted(slices.Values(v.Value))}
	case *ddbtypes.AttributeValueMemberBS:
		return map[string]any{"BS": slices.SortedFunc(slices.Values(v.Value), slices.Compare[[]byte])}
	}
	return nestedTree(v)
}

func nestedTree(v ddbtypes.AttributeValue) map[string]any {
	switch v := v.(type) {
	case *ddbtypes.AttributeValueMemberL:
		list := make([]any, 0, len(v.Value))
		for _, item := range v.Value {
			list = append(list, attributeTree(item))
		}
		return map[string]any{"L": list}
	case *ddbtypes.AttributeValueMemberM:
		members := make(map[string]any, len(v.Value))
		for name, item := range v.Value {
			members[name] = attributeTree(item)
		}
		return map[string]any{"M": members}
	}
	return nil // of a type that this SDK does not know
}

// conditionOn is the condition of a change of a row, as the SDK takes it.
type conditionOn struct {
	expression *string
	names      map[string]string
	values     map[string]ddbtypes.AttributeValue
}

// condition turns a row's condition into the SDK's; err is why it has none.
func condition(on string, c model.RowCondition, err error) (conditionOn, error) {
	out := conditionOn{expression: &c.Expression, names: c.Names}
	for name, doc := range c.Values {
		v, bad := attributeFrom(doc)
		if err = errors.Join(err, bad); v == nil {
			continue
		}
		if out.values == nil {
			out.values = map[string]ddbtypes.AttributeValue{}
		}
		out.values[name] = v
	}
	if err != nil {
		return out, &model.Failure{Kind: model.ErrRefused, Tried: "changing a row", On: on, Cause: err,
			Next: "It cannot be compared (" + err.Error() + "): look at it, and delete it by hand."}
	}
	return out, nil
}

// attributeFrom is the value that attributeTree was made of.
func attributeFrom(doc []byte) (ddbtypes.AttributeValue, error) {
	var typed map[string]json.RawMessage
	if err := json.Unmarshal(doc, &typed); err != nil {
		return nil, fmt.Errorf("reading an attribute: %w", err)
	}
	if len(typed) == 1 {
		for kind, raw := range typed {
			return attributeOf(kind, raw)
		}
	}
	return nil, errors.New("reading an attribute: it has no type that is known")
}

func attributeOf(kind string, raw json.RawMessage) (ddbtypes.AttributeValue, error) {
	switch kind {
	case "S":
		return into(raw, func(v string) ddbtypes.AttributeValue { return &ddbtypes.AttributeValueMemberS{Value: v} })
	case "N":
		return into(raw, func(v string) ddbtypes.AttributeValue { return &ddbtypes.AttributeValueMemberN{Value: v} })
	case "B":
		return into(raw, func(v []byte) ddbtypes.AttributeValue { return &ddbtypes.AttributeValueMemberB{Value: v} })
	case "BOOL":
		return into(raw, func(v bool) ddbtypes.AttributeValue { return &ddbtypes.AttributeValueMemberBOOL{Value: v} })
	case "NULL":
		return into(raw, func(v bool) ddbtypes.AttributeValue { return &ddbtypes.AttributeValueMemberNULL{Value: v} })
	case "SS":
		return into(raw, func(v []string) ddbtypes.AttributeValue { return &ddbtypes.AttributeValueMemberSS{Value: v} })
	case "NS":
		return into(raw, func(v []string) ddbtypes.AttributeValue { return &ddbtypes.AttributeValueMemberNS{Value: v} })
	case "BS":
		return into(raw, func(v [][]byte) ddbtypes.AttributeValue { return &ddbtypes.AttributeValueMemberBS{Value: v} })
	case "L":
		return listOf(raw)
	case "M":
		return mapOf(raw)
	}
	return nil, errors.New("reading an attribute: type " + kind + " is not known")
}

func into[T any](raw json.RawMessage, wrap func(T) ddbtypes.AttributeValue) (ddbtypes.AttributeValue, error) {
	var v T
	if err := json.Unmarshal(raw, &v); err != nil {
		return nil, fmt.Errorf("reading an attribute: %w", err)
	}
	return wrap(v), nil
}

func listOf(raw json.RawMessage) (ddbtypes.AttributeValue, error) {
	var docs []json.RawMessage
	if err := json.Unmarshal(raw, &docs); err != nil {
		return nil, fmt.Errorf("reading an attribute: %w", err)
	}
	list := &ddbtypes.AttributeValueMemberL{Value: []ddbtypes.AttributeValue{}}
	for _, doc := range docs {
		v, err := attributeFrom(doc)
		if err != nil {
			return nil, err
		}
		list.Value = append(list.Value, v)
	}
	return list, nil
}

func mapOf(raw json.RawMessage) (ddbtypes.AttributeValue, error) {
	var docs map[string]json.RawMessage
	if err := json.Unmarshal(raw, &docs); err != nil {
		return nil, fmt.Errorf("reading an attribute: %w", err)
	}
	members := &ddbtypes.AttributeValueMemberM{Value: map[string]ddbtypes.AttributeValue{}}
	for name, doc := range docs {
		v, err := attributeFrom(doc)
		if err != nil {
			return nil, err
		}
		members.Value[name] = v
	}
	return members, nil
}
