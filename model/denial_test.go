package model

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestADenialMessageIsReadAsAWSWritesIt(t *testing.T) {
	const who = "arn:aws:sts::123456789012:assumed-role/oncall/alice"
	for name, c := range map[string]struct {
		message string
		want    DenialMessage
	}{
		"S3 puts the resource in quotes": {`User: ` + who + ` is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::acme/a b.tfstate" because no identity-based policy allows the s3:GetObject action`,
			DenialMessage{who, "s3:GetObject", "arn:aws:s3:::acme/a b.tfstate", "identity-based policy", false}},
		"DynamoDB does not": {`User: ` + who + ` is not authorized to perform: dynamodb:Scan on resource: arn:aws:dynamodb:eu-west-1:123456789012:table/acme-locks because no identity-based policy allows the dynamodb:Scan action`,
			DenialMessage{who, "dynamodb:Scan", "arn:aws:dynamodb:eu-west-1:123456789012:table/acme-locks", "identity-based policy", false}},
		"an explicit deny of the organisation": {`User: ` + who + ` is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:eu-west-1:123456789012:key/1 with an explicit deny in a service control policy`,
			DenialMessage{who, "kms:Decrypt", "arn:aws:kms:eu-west-1:123456789012:key/1", "service control policy", true}},
		"an explicit deny of one's own": {`User: ` + who + ` is not authorized to perform: s3:PutObject on resource: "arn:aws:s3:::a/b" with an explicit deny in an identity-based policy`,
			DenialMessage{who, "s3:PutObject", "arn:aws:s3:::a/b", "identity-based policy", true}},
		"a boundary": {`User: ` + who + ` is not authorized to perform: s3:ListBucket because no permissions boundary allows the s3:ListBucket action`,
			DenialMessage{who, "s3:ListBucket", "", "permissions boundary", false}},
		"no user is named": {"You are not authorized to perform: dynamodb:ListTables", DenialMessage{Action: "dynamodb:ListTables"}},
		"no reason":        {"Access Denied", DenialMessage{}},
		"no words":         {"", DenialMessage{}},
		"a policy that AWS does not have": {`User: x is not authorized to perform: s3:GetObject because no goodwill policy allows it`,
			DenialMessage{Principal: "x", Action: "s3:GetObject"}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := ParseDenial(c.message); got != c.want {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestTheRemedySaysWhetherAndWhereAStatementHelps(t *testing.T) {
	for name, c := range map[string]struct {
		denial Denial
		want   string
	}{
		"no allow":                     {Denial{Said: "x", Policy: "identity-based policy"}, "Attach the statement to this identity."},
		"an explicit deny":             {Denial{Said: "x", Policy: "service control policy", Explicit: true}, "no allow overrides a deny"},
		"the resource's policy":        {Denial{Said: "x", Policy: "resource-based policy"}, "policy of the resource itself"},
		"a boundary":                   {Denial{Said: "x", Policy: "permissions boundary"}, "The permissions boundary does not allow it"},
		"AWS says only that it is so":  {Denial{Said: "Access Denied"}, "does not say which policy"},
		"an answer to HEAD has no say": {Denial{}, "AWS gave no reason"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.denial.Remedy(); !strings.Contains(got, c.want) {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestAPlaceIsWrittenForPeople(t *testing.T) {
	for arn, want := range map[string]string{
		"arn:aws:s3:::acme":                                        "acme",
		"arn:aws-cn:s3:::acme/net/core: a.tfstate":                 "acme/net/core: a.tfstate",
		"arn:aws:dynamodb:eu-west-1:123456789012:table/acme-locks": "table acme-locks",
		"arn:aws:kms:eu-west-1:*:alias/acme/tfstate":               "alias acme/tfstate",
		"arn:aws:iam::123456789012:role/tfstate":                   "role tfstate",
		"*":                                                        "the account",
	} {
		if got := (Denial{Resource: arn}).Place(); got != want {
			t.Errorf("%s: %q, want %q", arn, got, want)
		}
	}
}

// denied are denials of an action on resources.
func denied(action string, resources ...string) []Denial {
	all := make([]Denial, len(resources))
	for i, r := range resources {
		all[i] = Denial{Action: action, Resource: r}
	}
	return all
}

func manyObjects(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("arn:aws:s3:::acme/net/é%d.tfstate", i)
	}
	return all
}

func TestTheLeastStatementsAllowWhatWasDeniedAndNothingElse(t *testing.T) {
	const bucket, table = "arn:aws:s3:::acme", "arn:aws:dynamodb:eu-west-1:1:table/l"
	one := func(actions, resources []string) AllowStatement {
		return AllowStatement{Effect: "Allow", Action: actions, Resource: resources}
	}
	aliased := one([]string{"kms:DescribeKey"}, []string{"arn:aws:kms:eu-west-1:*:key/*"})
	aliased.Condition = map[string]map[string]string{"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/tfstate"}}
	for name, c := range map[string]struct {
		denials []Denial
		want    []AllowStatement
	}{
		"nothing denied":                       {nil, nil},
		"one":                                  {denied("s3:ListBucket", bucket), []AllowStatement{one([]string{"s3:ListBucket"}, []string{bucket})}},
		"the same twice":                       {denied("s3:ListBucket", bucket, bucket), []AllowStatement{one([]string{"s3:ListBucket"}, []string{bucket})}},
		"two actions on one resource":          {slices.Concat(denied("s3:ListBucket", bucket), denied("s3:GetBucketVersioning", bucket)), []AllowStatement{one([]string{"s3:GetBucketVersioning", "s3:ListBucket"}, []string{bucket})}},
		"one action on two resources":          {denied("s3:GetObject", bucket+"/b", bucket+"/a"), []AllowStatement{one([]string{"s3:GetObject"}, []string{bucket + "/a", bucket + "/b"})}},
		"different actions are not multiplied": {slices.Concat(denied("s3:ListBucket", bucket), denied("dynamodb:Scan", table)), []AllowStatement{one([]string{"dynamodb:Scan"}, []string{table}), one([]string{"s3:ListBucket"}, []string{bucket})}},
		"an explicit deny is not in it":        {[]Denial{{Action: "s3:ListBucket", Resource: bucket, Explicit: true}}, nil},
		"characters that mean something":       {denied("s3:GetObject", bucket+"/a*?$"), []AllowStatement{one([]string{"s3:GetObject"}, []string{bucket + "/a${*}${?}${$}"})}},
		"many objects by their folder":         {denied("s3:GetObject", manyObjects(MaxNamed+1)...), []AllowStatement{one([]string{"s3:GetObject"}, []string{bucket + "/net/*"})}},
		"a key by its alias":                   {denied("kms:DescribeKey", "arn:aws:kms:eu-west-1:*:alias/tfstate"), []AllowStatement{aliased}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := LeastStatements(c.denials); StatementJSON(got) != StatementJSON(c.want) {
				t.Errorf("got %s\nwant %s", StatementJSON(got), StatementJSON(c.want))
			}
		})
	}
}

func TestAsManyObjectsAsCanBeNamedAreNamed(t *testing.T) {
	got := LeastStatements(denied("s3:GetObject", manyObjects(MaxNamed)...))
	if len(got) != 1 || len(got[0].Resource) != MaxNamed {
		t.Errorf("%s", StatementJSON(got))
	}
}

func TestAPolicyNamesOnlyWhatItIsWrittenFor(t *testing.T) {
	s := PolicyScope{Bucket: "acme", Prefix: "net/"}
	for name, c := range map[string]struct {
		doc  AllowPolicy
		sids []string
	}{
		"a bucket alone":  {ReadOnlyPolicy(s), []string{"Bucket", "States"}},
		"all there is":    {OperatorPolicy(PolicyScope{Bucket: "acme", Table: "t", Key: "k", Account: true}), []string{"Bucket", "States", "LockTable", "Key", "FindTables", "Account"}},
		"without a table": {OperatorPolicy(PolicyScope{Bucket: "acme", Key: "k"}), []string{"Bucket", "States", "Key"}},
	} {
		t.Run(name, func(t *testing.T) {
			var sids []string
			for _, st := range c.doc.Statement {
				sids = append(sids, st.Sid)
				for _, a := range st.Action {
					if strings.ContainsAny(a, "*?") || a == "s3:DeleteObjectVersion" || a == "sts:AssumeRole" {
						t.Errorf("%s allows %s", st.Sid, a)
					}
				}
			}
			if !slices.Equal(sids, c.sids) {
				t.Errorf("statements %q", sids)
			}
		})
	}
	for _, st := range ReadOnlyPolicy(s).Statement {
		for _, a := range st.Action {
			if !slices.ContainsFunc(Permissions(), func(p Permission) bool { return p.Action == a && p.Use == ToRead }) {
				t.Errorf("the read-only policy allows %s", a)
			}
		}
	}
}
