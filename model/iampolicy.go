package model

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// PolicyDocument is a resource policy (of a bucket or a KMS key) taken apart.
type PolicyDocument struct {
	Version    string // "2012-10-17" or "2008-10-17"; "" when it does not say
	ID         string
	Statements []PolicyStatement
}

// PolicyStatement is one statement. Of each pair (Actions and NotActions, and so
// on) at most one is set.
type PolicyStatement struct {
	Sid                       string
	Effect                    string // PolicyAllow or PolicyDeny
	Principals, NotPrincipals []PolicyPrincipal
	Actions, NotActions       []string
	Resources, NotResources   []string
	Conditions                []PolicyCondition // all of them must hold; by operator and key
}

// The effects of statements.
const (
	PolicyAllow = "Allow"
	PolicyDeny  = "Deny"
)

// PolicyPrincipal is whom a statement is about.
type PolicyPrincipal struct {
	Type  string // AWS, Service, Federated, CanonicalUser; "*" for "Principal": "*"
	Value string // an ARN, an account, a service's name, "*" …
}

// PolicyCondition is one line of a condition: any of Values must match.
type PolicyCondition struct {
	Operator string // "Bool", "StringEqualsIfExists", "ForAnyValue:StringLike" …
	Key      string // "aws:SecureTransport"
	Values   []string
}

// ParsePolicy takes a policy document apart. A list of one may be written as the
// value alone, as everywhere in IAM JSON. What is not understood to its end
// (unknown elements, contradictory pairs, another effect) is an error that
// matches ErrInvalid: a policy must not be judged by a part of it.
func ParsePolicy(document string) (PolicyDocument, error) {
	var raw rawPolicy
	dec := json.NewDecoder(bytes.NewReader([]byte(document)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&raw); err != nil {
		return PolicyDocument{}, policyError("%v", err)
	}
	if dec.More() {
		return PolicyDocument{}, policyError("data after the document")
	}
	doc := PolicyDocument{Version: raw.Version, ID: raw.ID}
	for i, s := range raw.Statement {
		statement, err := s.statement()
		if err != nil {
			return PolicyDocument{}, policyError("statement %d: %v", i+1, err)
		}
		doc.Statements = append(doc.Statements, statement)
	}
	return doc, nil
}

func policyError(format string, args ...any) error {
	return &Failure{Kind: ErrInvalid, Tried: "reading the policy", Cause: fmt.Errorf(format, args...)}
}

// rawPolicy is a policy as IAM writes it.
type rawPolicy struct {
	Version   string
	ID        string `json:"Id"`
	Statement oneOrMore[rawStatement]
}

type rawStatement struct {
	Sid          string
	Effect       string
	Principal    rawPrincipals
	NotPrincipal rawPrincipals
	Action       oneOrMore[string]
	NotAction    oneOrMore[string]
	Resource     oneOrMore[string]
	NotResource  oneOrMore[string]
	Condition    map[string]map[string]oneOrMore[scalar]
}

func (s rawStatement) statement() (PolicyStatement, error) {
	switch {
	case s.Effect != PolicyAllow && s.Effect != PolicyDeny:
		return PolicyStatement{}, fmt.Errorf("the effect is %q", s.Effect)
	case (len(s.Action) > 0) == (len(s.NotAction) > 0):
		return PolicyStatement{}, fmt.Errorf("it needs one of Action and NotAction")
	case len(s.Resource) > 0 && len(s.NotResource) > 0:
		return PolicyStatement{}, fmt.Errorf("it has both Resource and NotResource")
	case len(s.Principal) > 0 && len(s.NotPrincipal) > 0:
		return PolicyStatement{}, fmt.Errorf("it has both Principal and NotPrincipal")
	}
	return PolicyStatement{
		Sid: s.Sid, Effect: s.Effect, Principals: s.Principal, NotPrincipals: s.NotPrincipal,
		Actions: s.Action, NotActions: s.NotAction, Resources: s.Resource, NotResources: s.NotResource,
		Conditions: conditionsOf(s.Condition),
	}, nil
}

func conditionsOf(raw map[string]map[string]oneOrMore[scalar]) []PolicyCondition {
	var all []PolicyCondition
	for operator, keys := range raw {
		for key, values := range keys {
			c := PolicyCondition{Operator: operator, Key: key}
			for _, v := range values {
				c.Values = append(c.Values, string(v))
			}
			all = append(all, c)
		}
	}
	slices.SortFunc(all, func(a, b PolicyCondition) int {
		return slices.Compare([]string{a.Operator, a.Key}, []string{b.Operator, b.Key})
	})
	return all
}

// oneOrMore is a list, or its only element alone.
type oneOrMore[T any] []T

func (l *oneOrMore[T]) UnmarshalJSON(raw []byte) error {
	if raw = bytes.TrimSpace(raw); len(raw) > 0 && raw[0] == '[' {
		return strictly(raw, (*[]T)(l))
	}
	var one T
	if err := strictly(raw, &one); err != nil {
		return err
	}
	*l = []T{one}
	return nil
}

// strictly decodes and refuses what is not known; the setting of an outer
// decoder does not reach into UnmarshalJSON.
func strictly(raw []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	return dec.Decode(into)
}

// scalar is a string, a number or a boolean of JSON, as text.
type scalar string

func (s *scalar) UnmarshalJSON(raw []byte) error {
	if len(raw) > 0 && raw[0] == '"' {
		return json.Unmarshal(raw, (*string)(s))
	}
	if len(raw) > 0 && (raw[0] == '{' || raw[0] == '[' || raw[0] == 'n') {
		return fmt.Errorf("a condition's value is no string, number or boolean")
	}
	*s = scalar(raw)
	return nil
}

// rawPrincipals is "*", or values by type.
type rawPrincipals []PolicyPrincipal

func (p *rawPrincipals) UnmarshalJSON(raw []byte) error {
	var all string
	if json.Unmarshal(raw, &all) == nil {
		if all != "*" {
			return fmt.Errorf("the principal is %q; a string can only be \"*\"", all)
		}
		*p = rawPrincipals{{Type: "*", Value: "*"}}
		return nil
	}
	var byType map[string]oneOrMore[string]
	if err := json.Unmarshal(raw, &byType); err != nil {
		return err
	}
	for kind, values := range byType {
		for _, v := range values {
			*p = append(*p, PolicyPrincipal{Type: kind, Value: v})
		}
	}
	slices.SortFunc(*p, func(a, b PolicyPrincipal) int {
		return slices.Compare([]string{a.Type, a.Value}, []string{b.Type, b.Value})
	})
	return nil
}
