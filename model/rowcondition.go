package model

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// The attributes of a lock table, as both tools name them.
const (
	AttrLockID = "LockID"
	AttrInfo   = "Info"
	AttrDigest = "Digest"
)

// StoredRow is a whole row of a lock table in DynamoDB's own JSON, its names and
// the members of its sets in order: equal rows are equal strings. Rows that are
// as the tools write them are known by one attribute, and have none.
type StoredRow string

// RowCondition is what a row must still be for a change of it to happen, as a
// condition expression of DynamoDB. The executor sends it, and the command by
// hand has it.
type RowCondition struct {
	Expression string
	Names      map[string]string          // of attributes, by placeholder
	Values     map[string]json.RawMessage // in DynamoDB's JSON, by placeholder
}

// mostCompared is how many attributes one condition compares: DynamoDB allows
// 300 operators, and two are needed for each.
const mostCompared = 140

// Condition is that the lock's row is still the one that was seen.
func (l Lock) Condition() (RowCondition, error) {
	if l.Whole {
		return StoredRow(l.Raw).condition()
	}
	return valueCondition("Info = :raw", ":raw", string(l.Raw))
}

// Condition is that the digest's row is still the one that was seen, or that
// there is still none.
func (d DigestRow) Condition() (RowCondition, error) {
	switch {
	case !d.Present:
		return RowCondition{Expression: "attribute_not_exists(LockID)"}, nil
	case d.Whole != "":
		return d.Whole.condition()
	}
	return valueCondition("Digest = :old", ":old", d.Value)
}

func valueCondition(expression, name, value string) (RowCondition, error) {
	doc := json.RawMessage(jsonText(map[string]string{"S": value}))
	return RowCondition{Expression: expression, Values: map[string]json.RawMessage{name: doc}}, nil
}

// condition compares every attribute, and that those which make a row a lock or
// a digest are still absent where they were.
func (r StoredRow) condition() (RowCondition, error) {
	attributes, err := r.attributes()
	if err != nil {
		return RowCondition{}, err
	}
	if len(attributes) > mostCompared {
		return RowCondition{}, fmt.Errorf("it has %d attributes, and one condition compares at most %d", len(attributes), mostCompared)
	}
	c := RowCondition{Names: map[string]string{}, Values: map[string]json.RawMessage{}}
	var parts []string
	for i, name := range slices.Sorted(maps.Keys(attributes)) {
		at, value := fmt.Sprintf("#a%d", i), fmt.Sprintf(":a%d", i)
		if string(attributes[name]) == "null" {
			return RowCondition{}, fmt.Errorf("its attribute %s is of a type that is not known", name)
		}
		c.Names[at], c.Values[value] = name, attributes[name]
		parts = append(parts, at+" = "+value)
	}
	for _, name := range []string{AttrInfo, AttrDigest} {
		if _, there := attributes[name]; !there {
			parts = append(parts, "attribute_not_exists("+name+")")
		}
	}
	c.Expression = strings.Join(parts, " AND ")
	return c, nil
}

func (r StoredRow) attributes() (map[string]json.RawMessage, error) {
	var attributes map[string]json.RawMessage
	if err := json.Unmarshal([]byte(r), &attributes); err != nil {
		return nil, fmt.Errorf("reading a row: %w", err)
	}
	return attributes, nil
}

// text is an attribute of type String; ok is false where it is something else.
func (r StoredRow) text(name string) (value string, ok bool) {
	attributes, err := r.attributes()
	if err != nil {
		return "", false
	}
	var typed struct{ S *string }
	if json.Unmarshal(attributes[name], &typed) != nil || typed.S == nil {
		return "", false
	}
	return *typed.S, true
}

// words are the condition as options of the aws command line.
func (c RowCondition) words() []string {
	words := []string{"--condition-expression", c.Expression}
	if len(c.Names) > 0 {
		words = append(words, "--expression-attribute-names", jsonText(c.Names))
	}
	if len(c.Values) > 0 {
		words = append(words, "--expression-attribute-values", jsonText(c.Values))
	}
	return words
}

// longestByHand is how long a condition may be for the command by hand to be of
// use to somebody who reads it.
const longestByHand = 4 << 10

func (c RowCondition) tooLong() bool {
	n := len(c.Expression)
	for _, v := range c.Values {
		n += len(v)
	}
	return n > longestByHand
}
