package model

import "slices"

// PolicyScope is what a policy is written for. Every part may be a placeholder
// for people to replace, as in docs/iam.md.
type PolicyScope struct {
	Bucket  string // its name
	Prefix  string // of the states, "" for the whole bucket
	Table   string // ARN; "" when no table holds locks
	Key     string // ARN of the KMS key; "" when there is none
	Account bool   // look for what nothing names in the account
}

// ReadOnlyPolicy allows every reading call of ours on the scope.
func ReadOnlyPolicy(s PolicyScope) AllowPolicy {
	return s.policy(func(p Permission) bool { return p.Use == ToRead })
}

// OperatorPolicy allows what [ReadOnlyPolicy] does, and unlock, restore, repair
// and recover.
func OperatorPolicy(s PolicyScope) AllowPolicy {
	return s.policy(func(p Permission) bool { return p.Use == ToRead || p.Use == ToChange })
}

func (s PolicyScope) policy(wanted func(Permission) bool) AllowPolicy {
	var doc []AllowStatement
	for _, part := range []struct {
		sid      string
		on       GrantedOn
		resource string
	}{
		{"Bucket", OnBucket, ObjectARN("", s.Bucket, "")},
		{"States", OnObject, ObjectARN("", s.Bucket, s.Prefix+"*")},
		{"LockTable", OnTable, s.Table},
		{"Key", OnKey, s.Key},
		{"FindTables", OnTables, s.ifAccount("arn:aws:dynamodb:*:*:table/*")},
		{"Account", OnAccount, s.ifAccount("*")},
	} {
		if actions := actionsOn(part.on, wanted); len(actions) > 0 && part.resource != "" {
			doc = append(doc, AllowStatement{Sid: part.sid, Effect: "Allow", Action: actions, Resource: []string{part.resource}})
		}
	}
	return PolicyOf(doc...)
}

func (s PolicyScope) ifAccount(resource string) string {
	if s.Account {
		return resource
	}
	return ""
}

// actionsOn are the actions on a kind of resource, sorted. To assume a role is
// for the role's own trust policy and for the identity that assumes it: neither
// is the one that these policies are for.
func actionsOn(on GrantedOn, wanted func(Permission) bool) []string {
	var all []string
	for _, p := range Permissions() {
		if p.On == on && wanted(p) && p.Action != "" && p.Call != "sts AssumeRole" {
			all = addNew(all, p.Action)
		}
	}
	slices.Sort(all)
	return all
}
