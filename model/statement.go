package model

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// AllowPolicy is an IAM policy that allows something.
type AllowPolicy struct {
	Version   string
	Statement []AllowStatement
}

// AllowStatement is one statement of it, its parts in the order in which AWS writes it.
type AllowStatement struct {
	Sid       string `json:",omitempty"`
	Effect    string
	Action    policyNames
	Resource  policyNames
	Condition map[string]map[string]string `json:",omitempty"`
}

// policyNames is written as a text when it is one, as AWS's own tools do.
type policyNames []string

// MarshalJSON implements json.Marshaler. It does not escape for HTML; the
// encoder, told so, leaves it alone.
func (l policyNames) MarshalJSON() ([]byte, error) {
	if len(l) == 1 {
		return plainJSON(l[0], "")
	}
	return plainJSON([]string(l), "")
}

// PolicyOf is a policy of these statements. Its version is the one that knows
// variables such as ${*}.
func PolicyOf(statements ...AllowStatement) AllowPolicy {
	return AllowPolicy{Version: "2012-10-17", Statement: statements}
}

// LeastStatements allow exactly the actions that were denied, on the resources
// they were denied on. Denials that no allow overrides are left out. Objects of
// one bucket are named one by one up to [MaxNamed], beyond that by the folder
// that they have in common.
func LeastStatements(denials []Denial) []AllowStatement {
	resources := map[string][]string{} // by action
	for _, d := range denials {
		if !d.Explicit && d.Action != "" {
			resources[d.Action] = addNew(resources[d.Action], d.Resource)
		}
	}
	actions := map[string][]string{} // by resource
	for action, on := range resources {
		for _, r := range bundled(on) {
			actions[r] = append(actions[r], action)
		}
	}
	return statementsOf(actions)
}

// MaxNamed is how many objects of a bucket a statement names one by one.
const MaxNamed = 20

// bundled replaces the objects of a bucket by a pattern when they are many. An
// object's own special characters are written as IAM wants them.
func bundled(resources []string) []string {
	keys := map[string][]string{} // by bucket
	var out []string
	for _, r := range resources {
		if bucket, key, ok := splitObject(r); ok {
			keys[bucket] = append(keys[bucket], key)
		} else {
			out = append(out, r)
		}
	}
	for bucket, all := range keys {
		if len(all) > MaxNamed {
			out = append(out, bucket+"/"+literalKey(commonFolder(all))+"*")
			continue
		}
		for _, key := range all {
			out = append(out, bucket+"/"+literalKey(key))
		}
	}
	return out
}

// literalKey writes a key so that IAM matches it verbatim: in a resource, * and ?
// are wildcards and $ begins a variable.
func literalKey(key string) string {
	return strings.NewReplacer("*", "${*}", "?", "${?}", "$", "${$}").Replace(key)
}

// commonFolder is the longest folder that all keys lie in, "" for the bucket.
func commonFolder(keys []string) string {
	common := keys[0]
	for _, k := range keys[1:] {
		for !strings.HasPrefix(k, common) {
			common = common[:len(common)-1]
		}
	}
	return common[:strings.LastIndexByte(common, '/')+1]
}

// statementsOf puts resources that need the same actions into one statement.
func statementsOf(actions map[string][]string) []AllowStatement {
	var out []AllowStatement
	for _, r := range slices.Sorted(maps.Keys(actions)) {
		slices.Sort(actions[r])
		i := slices.IndexFunc(out, func(s AllowStatement) bool { return slices.Equal(s.Action, actions[r]) && s.Condition == nil })
		if i >= 0 && !isAliasARN(r) {
			out[i].Resource = append(out[i].Resource, r)
			continue
		}
		out = append(out, allowOn(actions[r], r))
	}
	return out
}

// allowOn is a statement for one resource. A key that is only known by an alias is
// named by a condition: IAM has no permissions on aliases for the use of a key.
func allowOn(actions []string, resource string) AllowStatement {
	s := AllowStatement{Effect: "Allow", Action: actions, Resource: []string{resource}}
	if isAliasARN(resource) {
		at := strings.Index(resource, ":alias/")
		s.Resource = []string{resource[:at] + ":key/*"}
		s.Condition = map[string]map[string]string{"ForAnyValue:StringEquals": {"kms:ResourceAliases": resource[at+1:]}}
	}
	return s
}

func isAliasARN(arn string) bool {
	return strings.Contains(arn, ":kms:") && strings.Contains(arn, ":alias/")
}

// StatementJSON is what goes into the "Statement" of a policy: the statement, or
// the list of them when there are several; "" for none.
func StatementJSON(statements []AllowStatement) string {
	switch len(statements) {
	case 0:
		return ""
	case 1:
		return policyJSON(statements[0])
	}
	return policyJSON(statements)
}

// JSON is the whole policy.
func (p AllowPolicy) JSON() string { return policyJSON(p) }

// policyJSON cannot fail: there are only strings in policies.
func policyJSON(v any) string {
	doc, err := plainJSON(v, "  ")
	if err != nil {
		return ""
	}
	return string(doc)
}

func plainJSON(v any, indent string) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", indent)
	err := enc.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}
