package model

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestAPolicyIsTakenApart(t *testing.T) {
	doc, err := ParsePolicy(`{"Version":"2012-10-17","Id":"x","Statement":{"Sid":"s","Effect":"Allow",
		"Principal":{"AWS":["222222222222","arn:aws:iam::111111111111:root"],"Service":"logs.amazonaws.com"},
		"Action":"s3:GetObject","NotResource":["arn:aws:s3:::b/x"],
		"Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1","aws:RequestedRegion":["eu-west-1","eu-west-2"]},"Bool":{"aws:SecureTransport":true},"NumericLessThan":{"s3:TlsVersion":1.2}}}}`)
	if err != nil {
		t.Fatal(err)
	}
	want := PolicyDocument{Version: "2012-10-17", ID: "x", Statements: []PolicyStatement{{
		Sid: "s", Effect: PolicyAllow,
		Principals: []PolicyPrincipal{{"AWS", "222222222222"}, {"AWS", "arn:aws:iam::111111111111:root"}, {"Service", "logs.amazonaws.com"}},
		Actions:    []string{"s3:GetObject"}, NotResources: []string{"arn:aws:s3:::b/x"},
		Conditions: []PolicyCondition{{"Bool", "aws:SecureTransport", []string{"true"}}, {"NumericLessThan", "s3:TlsVersion", []string{"1.2"}},
			{"StringEquals", "aws:PrincipalOrgID", []string{"o-1"}}, {"StringEquals", "aws:RequestedRegion", []string{"eu-west-1", "eu-west-2"}}},
	}}}
	if !reflect.DeepEqual(doc, want) {
		t.Errorf("got  %+v\nwant %+v", doc, want)
	}
}

func TestAPolicyThatIsNotUnderstoodIsAnError(t *testing.T) {
	for name, document := range map[string]string{
		"no JSON":                            `{`,
		"nothing":                            ``,
		"something behind it":                `{"Statement":[]} {}`,
		"an unknown element":                 `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*","Unless":"never"}]}`,
		"an unknown element, no list":        `{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*","Unless":"never"}}`,
		"no effect":                          `{"Statement":[{"Principal":"*","Action":"s3:*"}]}`,
		"another effect":                     `{"Statement":[{"Effect":"allow","Principal":"*","Action":"s3:*"}]}`,
		"no action":                          `{"Statement":[{"Effect":"Deny","Principal":"*"}]}`,
		"both actions":                       `{"Statement":[{"Effect":"Deny","Principal":"*","Action":"a","NotAction":"b"}]}`,
		"both resources":                     `{"Statement":[{"Effect":"Deny","Principal":"*","Action":"a","Resource":"*","NotResource":"b"}]}`,
		"both principals":                    `{"Statement":[{"Effect":"Deny","Principal":"*","NotPrincipal":{"AWS":"1"},"Action":"a"}]}`,
		"a principal that is a name":         `{"Statement":[{"Effect":"Deny","Principal":"me","Action":"a"}]}`,
		"no principal but null":              `{"Statement":[{"Effect":"Deny","Principal":null,"Action":"a"}]}`,
		"a condition's value is an object":   `{"Statement":[{"Effect":"Deny","Principal":"*","Action":"a","Condition":{"Bool":{"k":{}}}}]}`,
		"a condition's value is null":        `{"Statement":[{"Effect":"Deny","Principal":"*","Action":"a","Condition":{"Bool":{"k":[null]}}}]}`,
		"the statement is null":              `{"Statement":null}`,
		"an action is a number":              `{"Statement":[{"Effect":"Deny","Principal":"*","Action":1}]}`,
		"a principal's value is no string":   `{"Statement":[{"Effect":"Deny","Principal":{"AWS":1},"Action":"a"}]}`,
		"an unknown element of the document": `{"Statement":[],"Rules":[]}`,
	} {
		t.Run(name, func(t *testing.T) {
			if doc, err := ParsePolicy(document); !errors.Is(err, ErrInvalid) {
				t.Errorf("got %+v, %v", doc, err)
			}
		})
	}
}

// policyOf is a policy of statements, which are written without their braces.
func policyOf(t *testing.T, statements ...string) PolicyDocument {
	t.Helper()
	doc, err := ParsePolicy(policyText(statements...))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func policyText(statements ...string) string {
	return `{"Version":"2012-10-17","Statement":[{` + strings.Join(statements, "},{") + `}]}`
}

const (
	onEverything = `"Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"]`
	denyAll      = `"Effect":"Deny","Principal":"*","Action":"s3:*",` + onEverything
	withoutTLS   = `"Condition":{"Bool":{"aws:SecureTransport":"false"}}`
)

func TestPlainHTTPIsDenied(t *testing.T) {
	object := policyRequest{action: "s3:GetObject", resource: "arn:aws:s3:::b/team/", below: true}
	bucket := policyRequest{action: "s3:ListBucket", resource: "arn:aws:s3:::b"}
	for name, c := range map[string]struct {
		statements []string
		object     truth
		bucket     truth
	}{
		"by the usual statement":              {[]string{denyAll + "," + withoutTLS}, yes, yes},
		"by an AWS star":                      {[]string{`"Effect":"Deny","Principal":{"AWS":"*"},"Action":"*","Resource":"*",` + withoutTLS}, yes, yes},
		"by a boolean":                        {[]string{denyAll + `,"Condition":{"Bool":{"aws:SecureTransport":false}}`}, yes, yes},
		"by another spelling of the key":      {[]string{denyAll + `,"Condition":{"BoolIfExists":{"AWS:secureTransport":"False"}}`}, yes, yes},
		"by StringEquals":                     {[]string{denyAll + `,"Condition":{"StringEquals":{"aws:SecureTransport":"false"}}`}, yes, yes},
		"by StringNotEquals":                  {[]string{denyAll + `,"Condition":{"StringNotEquals":{"aws:SecureTransport":"true"}}`}, yes, yes},
		"by whatever is denied to everybody":  {[]string{denyAll}, yes, yes},
		"by the version of TLS, if it exists": {[]string{denyAll + `,"Condition":{"NumericLessThanIfExists":{"s3:TlsVersion":"1.2"}}`}, yes, yes},
		"by all actions but another":          {[]string{`"Effect":"Deny","Principal":"*","NotAction":"s3:GetBucketLocation",` + onEverything + "," + withoutTLS}, yes, yes},
		"by all resources but another":        {[]string{`"Effect":"Deny","Principal":"*","Action":"s3:*","NotResource":"arn:aws:s3:::b/public/*",` + withoutTLS}, yes, yes},
		"by one for each kind": {[]string{`"Effect":"Deny","Principal":"*","Action":"s3:List*","Resource":"arn:aws:s3:::b",` + withoutTLS,
			`"Effect":"Deny","Principal":"*","Action":"S3:getobject","Resource":"arn:aws:s3:::b/*",` + withoutTLS}, yes, yes},

		"not by nothing":                                {nil, no, no},
		"not by an allow":                               {[]string{`"Effect":"Allow","Principal":"*","Action":"s3:*",` + onEverything + `,"Condition":{"Bool":{"aws:SecureTransport":"true"}}`}, no, no},
		"not by denying TLS":                            {[]string{denyAll + `,"Condition":{"Bool":{"aws:SecureTransport":"true"}}`}, no, no},
		"not by old versions of TLS":                    {[]string{denyAll + `,"Condition":{"NumericLessThan":{"s3:TlsVersion":"1.2"}}`}, no, no},
		"not by both conditions at a time":              {[]string{denyAll + `,"Condition":{"Bool":{"aws:SecureTransport":"false"},"NumericLessThan":{"s3:TlsVersion":1.2}}`}, no, no},
		"not for objects when it is about the bucket":   {[]string{`"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b",` + withoutTLS}, no, yes},
		"not for the bucket when it is about objects":   {[]string{`"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b/*",` + withoutTLS}, yes, no},
		"not for other actions":                         {[]string{`"Effect":"Deny","Principal":"*","Action":"s3:PutObject",` + onEverything + "," + withoutTLS}, no, no},
		"not for other buckets":                         {[]string{`"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::c","arn:aws:s3:::c/*"],` + withoutTLS}, no, no},
		"not for some keys":                             {[]string{`"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::b/team/app/*","arn:aws:s3:::b"],` + withoutTLS}, no, yes},
		"not for the one key of the prefix's name":      {[]string{`"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::b/team/","arn:aws:s3:::b"],` + withoutTLS}, no, yes},
		"not for keys by their ending":                  {[]string{`"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::b/*.tfstate","arn:aws:s3:::b"],` + withoutTLS}, no, yes},
		"not for named principals":                      {[]string{`"Effect":"Deny","Principal":{"AWS":"111111111111"},"Action":"s3:*",` + onEverything + "," + withoutTLS}, no, no},
		"not for all but one":                           {[]string{`"Effect":"Deny","NotPrincipal":{"AWS":"arn:aws:iam::111111111111:root"},"Action":"s3:*",` + onEverything + "," + withoutTLS}, no, no},
		"not for an organisation's own":                 {[]string{denyAll + `,"Condition":{"Bool":{"aws:SecureTransport":"false"},"StringNotEquals":{"aws:PrincipalOrgID":"o-1"}}`}, no, no},
		"not where keys are left out":                   {[]string{`"Effect":"Deny","Principal":"*","Action":"s3:*","NotResource":"arn:aws:s3:::b/team/public/*",` + withoutTLS}, no, yes},
		"unclear when two halves might be the whole":    {[]string{denyAll + `,"Condition":{"Bool":{"aws:SecureTransport":"false"},"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}`, denyAll + `,"Condition":{"Bool":{"aws:SecureTransport":"false"},"NotIpAddress":{"aws:SourceIp":"10.0.0.0/8"}}`}, perhaps, perhaps},
		"unclear under a condition that may say all":    {[]string{denyAll + `,"Condition":{"Bool":{"aws:SecureTransport":"false"},"StringLike":{"aws:userid":"*"}}`}, perhaps, perhaps},
		"unclear under an operator that is not known":   {[]string{denyAll + `,"Condition":{"DateGreaterThan":{"aws:CurrentTime":"2020-01-01T00:00:00Z"},"Bool":{"aws:SecureTransport":"false"}}`}, perhaps, perhaps},
		"unclear with a variable in the resource":       {[]string{`"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b/${aws:username}/*",` + withoutTLS}, perhaps, perhaps},
		"unclear with a variable in the condition":      {[]string{denyAll + `,"Condition":{"Bool":{"aws:SecureTransport":"${x}"}}`}, perhaps, perhaps},
		"unclear with the quantifier of a single value": {[]string{denyAll + `,"Condition":{"ForAllValues:Bool":{"aws:SecureTransport":"false"}}`}, perhaps, perhaps},
	} {
		t.Run(name, func(t *testing.T) {
			doc := PolicyDocument{}
			if c.statements != nil {
				doc = policyOf(t, c.statements...)
			}
			if got, why := doc.deniesPlainHTTP(object); got != c.object {
				t.Errorf("objects: got %d (%s), want %d", got, why, c.object)
			}
			if got, why := doc.deniesPlainHTTP(bucket); got != c.bucket {
				t.Errorf("bucket: got %d (%s), want %d", got, why, c.bucket)
			}
		})
	}
}

func TestWhomAPolicyLetsIn(t *testing.T) {
	const allow = `"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"`
	condition := func(c string) string { return allow + `,"Condition":{` + c + `}` }
	for name, c := range map[string]struct {
		statements     []string
		open, doubtful int
		outside        string // the principals outside account 1, joined
	}{
		"everybody":                      {[]string{allow}, 1, 0, "everybody (s3:GetObject) by an unnamed allow statement"},
		"everybody with TLS":             {[]string{condition(withoutTLS[13 : len(withoutTLS)-1])}, 1, 0, "everybody (s3:GetObject) by an unnamed allow statement under Bool aws:SecureTransport = false"},
		"everybody, from everywhere":     {[]string{condition(`"IpAddress":{"aws:SourceIp":"0.0.0.0/0"}`)}, 1, 0, "everybody (s3:GetObject) by an unnamed allow statement under IpAddress aws:SourceIp = 0.0.0.0/0"},
		"everybody but one":              {[]string{`"Sid":"x","Effect":"Allow","NotPrincipal":{"AWS":"1"},"NotAction":"s3:Put*","Resource":"*"`}, 1, 0, "everybody but some (all but s3:Put*) by statement x"},
		"an organisation":                {[]string{condition(`"StringEquals":{"aws:PrincipalOrgID":"o-1"}`)}, 0, 0, "everybody (s3:GetObject) by an unnamed allow statement under StringEquals aws:PrincipalOrgID = o-1"},
		"units of an organisation":       {[]string{condition(`"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-1/r-1/*"}`)}, 0, 0, "everybody (s3:GetObject) by an unnamed allow statement under ForAnyValue:StringLike aws:PrincipalOrgPaths = o-1/r-1/*"},
		"the own account":                {[]string{condition(`"StringEquals":{"aws:PrincipalAccount":"1"}`)}, 0, 0, ""},
		"roles of the own account":       {[]string{condition(`"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::1:role/*"}`)}, 0, 0, ""},
		"roles of any account":           {[]string{condition(`"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/x"}`)}, 0, 1, "everybody (s3:GetObject) by an unnamed allow statement under ArnLike aws:PrincipalArn = arn:aws:iam::*:role/x"},
		"the own account, if it says so": {[]string{condition(`"StringEqualsIfExists":{"aws:PrincipalAccount":"1"}`)}, 0, 1, "everybody (s3:GetObject) by an unnamed allow statement under StringEqualsIfExists aws:PrincipalAccount = 1"},
		"accounts by a pattern":          {[]string{condition(`"StringLike":{"aws:PrincipalAccount":"1*"}`)}, 0, 1, "everybody (s3:GetObject) by an unnamed allow statement under StringLike aws:PrincipalAccount = 1*"},
		"a role by its unique id":        {[]string{condition(`"StringLike":{"aws:userid":"AROA1:*"}`)}, 0, 0, "everybody (s3:GetObject) by an unnamed allow statement under StringLike aws:userid = AROA1:*"},
		"a bucket's events":              {[]string{condition(`"ArnLike":{"aws:SourceArn":"arn:aws:s3:::mine"}`)}, 0, 0, "everybody (s3:GetObject) by an unnamed allow statement under ArnLike aws:SourceArn = arn:aws:s3:::mine"},
		"any bucket's events":            {[]string{condition(`"ArnLike":{"aws:SourceArn":"arn:aws:s3:::*"}`)}, 0, 1, "everybody (s3:GetObject) by an unnamed allow statement under ArnLike aws:SourceArn = arn:aws:s3:::*"},
		"half of all addresses":          {[]string{condition(`"IpAddress":{"aws:SourceIp":"128.0.0.0/1"}`)}, 1, 0, "everybody (s3:GetObject) by an unnamed allow statement under IpAddress aws:SourceIp = 128.0.0.0/1"},
		"the addresses of an office":     {[]string{condition(`"IpAddress":{"aws:SourceIp":"198.51.100.0/24"}`)}, 0, 0, "everybody (s3:GetObject) by an unnamed allow statement under IpAddress aws:SourceIp = 198.51.100.0/24"},
		"everybody, one of them denied":  {[]string{allow, `"Effect":"Deny","Principal":{"AWS":"2"},"Action":"*","Resource":"*"`}, 1, 0, "everybody (s3:GetObject) by an unnamed allow statement"},
		"everybody, all but one denied":  {[]string{allow, `"Effect":"Deny","NotPrincipal":{"AWS":"2"},"Action":"*","Resource":"*"`}, 0, 1, "everybody (s3:GetObject) by an unnamed allow statement"},
		"all but an organisation":        {[]string{condition(`"StringNotEquals":{"aws:PrincipalOrgID":"o-1"}`)}, 0, 1, "everybody (s3:GetObject) by an unnamed allow statement under StringNotEquals aws:PrincipalOrgID = o-1"},
		"a condition that is not known":  {[]string{condition(`"StringEquals":{"acme:Team":"x"}`)}, 0, 1, "everybody (s3:GetObject) by an unnamed allow statement under StringEquals acme:Team = x"},
		"everybody, but all is denied":   {[]string{allow, `"Effect":"Deny","Principal":"*","Action":"s3:Get*","Resource":"arn:aws:s3:::b/*"`}, 0, 0, ""},
		"everybody, some of it denied":   {[]string{allow, `"Effect":"Deny","Principal":"*","Action":"s3:Get*","Resource":"arn:aws:s3:::b/x"`}, 1, 0, "everybody (s3:GetObject) by an unnamed allow statement"},
		"everybody, denied to strangers": {[]string{allow, denyAll + `,"Condition":{"StringNotEquals":{"aws:PrincipalOrgID":"o-1"}}`}, 0, 1, "everybody (s3:GetObject) by an unnamed allow statement"},
		"everybody, denied without TLS":  {[]string{allow, denyAll + "," + withoutTLS}, 1, 0, "everybody (s3:GetObject) by an unnamed allow statement"},
		"everybody, writing is denied":   {[]string{allow, `"Effect":"Deny","NotPrincipal":{"AWS":"1"},"Action":"s3:Put*","Resource":"*"`}, 1, 0, "everybody (s3:GetObject) by an unnamed allow statement"},
		"ones that are gone":             {[]string{`"Effect":"Allow","Principal":{"AWS":["AROAEXAMPLEID","AIDAEXAMPLEID"]},"Action":"s3:GetObject","Resource":"*"`}, 0, 0, ""},
		"named ones": {[]string{`"Sid":"x","Effect":"Allow","Principal":{"AWS":["1","arn:aws:iam::1:role/a","arn:aws:iam::2:root","3"],"Service":"logs.amazonaws.com","CanonicalUser":"c","Federated":["arn:aws:iam::1:saml-provider/x","accounts.google.com"]},"Action":["s3:A","s3:B","s3:C","s3:D","s3:E"],"Resource":"*"`}, 0, 0,
			"3 (s3:A, s3:B, s3:C and 2 more) by statement x; arn:aws:iam::2:root (s3:A, s3:B, s3:C and 2 more) by statement x; canonical user c (s3:A, s3:B, s3:C and 2 more) by statement x; accounts.google.com (s3:A, s3:B, s3:C and 2 more) by statement x"},
	} {
		t.Run(name, func(t *testing.T) {
			doc := policyOf(t, c.statements...)
			open, doubtful := doc.OpenGrants()
			if len(open) != c.open || len(doubtful) != c.doubtful {
				t.Errorf("%d open, %d doubtful; want %d and %d", len(open), len(doubtful), c.open, c.doubtful)
			}
			if got := strings.Join(doc.OutsideGrants("1"), "; "); got != c.outside {
				t.Errorf("outside\n got %s\nwant %s", got, c.outside)
			}
		})
	}
}

func TestGlobsOfPolicies(t *testing.T) {
	for name, c := range map[string]struct {
		pattern, text string
		want          bool
	}{
		"equal":                 {"abc", "abc", true},
		"longer text":           {"abc", "abcd", false},
		"shorter text":          {"abc", "ab", false},
		"a star for nothing":    {"ab*", "ab", true},
		"a star within":         {"a*c", "abbbc", true},
		"two stars":             {"*b*", "aabaa", true},
		"a star that must back": {"a*bc", "abbcbc", true},
		"one character":         {"a?c", "abc", true},
		"one that is missing":   {"abc?", "abc", false},
		"only stars":            {"**", "", true},
		"nothing":               {"", "", true},
		"nothing for something": {"", "a", false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := policyMatches(c.pattern, c.text); got != c.want {
				t.Errorf("got %v", got)
			}
		})
	}
}
