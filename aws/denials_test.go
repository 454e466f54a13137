package aws_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/model"
)

// allows reports whether a policy allows an action on a resource, by the rules
// of IAM for the parts that ours have.
func allows(statements []model.AllowStatement, action, resource string) bool {
	for _, s := range statements {
		for _, a := range s.Action {
			for _, r := range s.Resource {
				if a == action && s.Condition == nil && iamPattern(r).MatchString(resource) {
					return true
				}
			}
		}
	}
	return false
}

// iamPattern is the resource of a statement: * and ? are wildcards, and stand for
// themselves in ${*} and ${?}.
func iamPattern(resource string) *regexp.Regexp {
	text := regexp.MustCompile(`\$\{[*?$]\}|[*?]|[^*?$]+`).ReplaceAllStringFunc(resource, func(part string) string {
		switch {
		case part == "*":
			return ".*"
		case part == "?":
			return "."
		case strings.HasPrefix(part, "${"):
			return regexp.QuoteMeta(part[2:3])
		}
		return regexp.QuoteMeta(part)
	})
	return regexp.MustCompile("^(?s)" + text + "$")
}

const awkwardKey = "app/a*b?c$d.tfstate"

// denialSite is a versioned bucket under a KMS key, with a state that has a row.
func denialSite(t *testing.T) (s *site, b model.Backend, version, keyARN string) {
	t.Helper()
	s = newSiteOf(t)
	b = s.bucket("acme-tfstate", s3types.BucketVersioningStatusEnabled)
	s.encryptWithKMS(b.Bucket)
	s.table("acme-locks", "LockID")
	version = s.put(b.Bucket, awkwardKey, stateV4)
	s.row("acme-locks", model.DigestID(b.Bucket, awkwardKey), map[string]string{"Digest": model.DigestOf([]byte(stateV4))})
	alias := "alias/aws/s3"
	out, err := kms.NewFromConfig(rawConfig(s.url)).DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: &alias})
	s.must(err)
	return s, b, version, *out.KeyMetadata.Arn
}

func TestADenialIsRememberedUntilItsLeastStatementAllowsIt(t *testing.T) {
	const table = "arn:aws:dynamodb:us-east-1:123456789012:table/acme-locks"
	const bucket, object = "arn:aws:s3:::acme-tfstate", "arn:aws:s3:::acme-tfstate/" + awkwardKey
	for action, want := range map[string]struct{ call, resource string }{
		"s3:GetBucketVersioning":        {"s3 GetBucketVersioning", bucket},
		"s3:GetEncryptionConfiguration": {"s3 GetBucketEncryption", bucket},
		"s3:ListBucketVersions":         {"s3 ListObjectVersions", bucket},
		"s3:GetObject":                  {"s3 GetObject", object},
		"s3:GetObjectVersion":           {"s3 GetObject", object},
		"kms:Decrypt":                   {"s3 GetObject", "the key"},
		"dynamodb:ListTables":           {"dynamodb ListTables", "*"},
		"dynamodb:DescribeTable":        {"dynamodb DescribeTable", table},
		"dynamodb:GetItem":              {"dynamodb GetItem", table},
	} {
		t.Run(action, func(t *testing.T) {
			s, b, version, keyARN := denialSite(t)
			s.emulator.Deny(action)
			got := deniedFacts(t, s, b, version, nil)
			if want.resource == "the key" {
				want.resource = keyARN
			}
			if len(got) == 0 {
				t.Fatal("it is not remembered")
			}
			for _, d := range got {
				if d.Resource != want.resource && d.Resource != object+".tflock" || d.Who != "arn:aws:iam::123456789012:user/demo" ||
					d.Action != action || d.Call != want.call || d.Count < 1 || d.First.After(d.Last) || d.Policy != "identity-based policy" || model.Blanks(action) == "" {
					t.Errorf("%+v", d)
				}
			}
			least := model.LeastStatements(got)
			if len(least) != 1 || !slices.Equal(least[0].Action, []string{action}) || len(least[0].Resource) > 2 {
				t.Errorf("not the least: %s", model.StatementJSON(least))
			}
			s.emulator.Allow()
			s.emulator.AllowOnly(func(a, resource string) bool { return a != action || allows(least, a, resource) })
			left := deniedFacts(t, s, b, version, func(name, reason string) {
				if reason != "" {
					t.Errorf("%s: still unknown: %s", name, reason)
				}
			})
			if len(left) > 0 {
				t.Errorf("still denied: %+v", left)
			}
		})
	}
}

// deniedFacts is what is denied to new clients that read all there is to know of
// the state; they have nothing cached.
func deniedFacts(t *testing.T, s *site, b model.Backend, version string, check func(name, reason string)) []model.Denial {
	t.Helper()
	var clients []*aws.Client
	fresh := func(...func(*aws.Options)) *aws.Client {
		clients = append(clients, s.client())
		return clients[len(clients)-1]
	}
	for name, reason := range facts(t, fresh, b, awkwardKey, version) {
		if check != nil {
			check(name, reason)
		}
	}
	var all []model.Denial
	for _, c := range clients {
		all = append(all, c.Denied()...)
	}
	return all
}

func denialsOf(c *aws.Client, action string) []model.Denial {
	var of []model.Denial
	for _, d := range c.Denied() {
		if d.Action == action {
			of = append(of, d)
		}
	}
	return of
}

func TestALaterSuccessClearsExactlyWhatItProves(t *testing.T) {
	s, b, version, _ := denialSite(t)
	s.put(b.Bucket, "other.tfstate", stateV4)
	c := s.client()
	read := func(key, version string) {
		c.VersionFacts(t.Context(), b, key, model.Version{VersionID: version})
	}
	s.emulator.Deny("s3:GetObjectVersion")
	read(awkwardKey, version)
	read("other.tfstate", version)
	if got := denialsOf(c, "s3:GetObjectVersion"); len(got) != 2 {
		t.Fatalf("%d denials, want one for each object: %+v", len(got), got)
	}
	s.emulator.Allow()
	read(awkwardKey, version)
	if got := denialsOf(c, "s3:GetObjectVersion"); len(got) != 1 || !strings.HasSuffix(got[0].Resource, "/other.tfstate") {
		t.Errorf("left: %+v", got)
	}
	s.emulator.Deny("kms:Decrypt")
	read("other.tfstate", version) // not found: the right is there
	if got := c.Denied(); len(got) != 0 {
		t.Errorf("an answer that nothing is there proves the right, and left: %+v", got)
	}
}

func TestTheDenialOfAKeyEndsWhenAnyObjectUnderItIsRead(t *testing.T) {
	s, b, version, keyARN := denialSite(t)
	other := s.put(b.Bucket, "other.tfstate", stateV4)
	c := s.client()
	s.emulator.Deny("kms:Decrypt")
	c.VersionFacts(t.Context(), b, awkwardKey, model.Version{VersionID: version})
	c.VersionFacts(t.Context(), b, "other.tfstate", model.Version{VersionID: other})
	got := c.Denied()
	if len(got) != 1 || got[0].Resource != keyARN || got[0].Count != 2 {
		t.Fatalf("%+v", got)
	}
	s.emulator.Allow()
	c.VersionFacts(t.Context(), b, "other.tfstate", model.Version{VersionID: other})
	if left := c.Denied(); len(left) != 0 {
		t.Errorf("left: %+v", left)
	}
}

func TestWhatAnAnswerNamesIsNotBelievedBlindly(t *testing.T) {
	const sentence = "User: arn:aws:iam::123456789012:user/demo is not authorized to perform: %s on resource: %s because no identity-based policy allows the action"
	for name, c := range map[string]struct{ action, resource, wantAction, wantResource string }{
		"an action that no call of ours needs":    {"iam:PutRolePolicy", "*", "dynamodb:GetItem", "arn:aws:dynamodb:us-east-1:*:table/acme-locks"},
		"all actions of the service":              {"dynamodb:*", "*", "dynamodb:GetItem", "arn:aws:dynamodb:us-east-1:*:table/acme-locks"},
		"another table":                           {"dynamodb:GetItem", "arn:aws:dynamodb:us-east-1:123456789012:table/payroll", "dynamodb:GetItem", "arn:aws:dynamodb:us-east-1:*:table/acme-locks"},
		"a pattern for a table":                   {"dynamodb:GetItem", "arn:aws:dynamodb:us-east-1:123456789012:table/*", "dynamodb:GetItem", "arn:aws:dynamodb:us-east-1:*:table/acme-locks"},
		"the table by its whole name":             {"dynamodb:GetItem", "arn:aws:dynamodb:us-east-1:123456789012:table/acme-locks", "dynamodb:GetItem", "arn:aws:dynamodb:us-east-1:123456789012:table/acme-locks"},
		"all keys in place of the one it used":    {"kms:Decrypt", "arn:aws:kms:us-east-1:123456789012:key/*", "kms:Decrypt", "arn:aws:kms:us-east-1:*:key/*"},
		"the key of an encrypted table, exactly":  {"kms:Decrypt", "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab", "kms:Decrypt", "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab"},
		"an action and a resource without an end": {strings.Repeat("x", 5000), strings.Repeat("y", 5000), "dynamodb:GetItem", "arn:aws:dynamodb:us-east-1:*:table/acme-locks"},
	} {
		t.Run(name, func(t *testing.T) {
			s, b, _, _ := denialSite(t)
			client := s.client()
			s.emulator.OnRequest(func(r emulator.Request) *emulator.Fault {
				if r.Operation != "GetItem" {
					return nil
				}
				return &emulator.Fault{Status: http.StatusBadRequest, Code: "AccessDeniedException", Message: fmt.Sprintf(sentence, c.action, c.resource)}
			})
			client.LocksOf(t.Context(), b, awkwardKey)
			got := client.Denied()
			if len(got) != 1 || got[0].Action != c.wantAction || got[0].Resource != c.wantResource || len(got[0].Said) > model.MaxSaid {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestARoleThatCannotBeAssumedIsADenial(t *testing.T) {
	s, b, _, _ := denialSite(t)
	b.Access.RoleARN = "arn:aws:iam::123456789012:role/tfstate"
	t.Setenv("AWS_ENDPOINT_URL", s.url)
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	c := s.client(func(o *aws.Options) { o.Static = nil })
	s.emulator.Deny("sts:AssumeRole")
	c.BackendFacts(t.Context(), b)
	got := c.Denied()
	if len(got) != 1 || got[0].Action != "sts:AssumeRole" || got[0].Resource != b.Access.RoleARN {
		t.Fatalf("%+v", got)
	}
	s.emulator.Allow()
	c.BackendFacts(t.Context(), b)
	if left := c.Denied(); len(left) != 0 {
		t.Errorf("left: %+v", left)
	}
}

func TestADenialWithoutAWordNamesWhatTheCallNeeds(t *testing.T) {
	s, b, _, _ := denialSite(t)
	c := s.client()
	s.emulator.Deny("s3:ListBucket") // an answer to HEAD has no body
	c.BackendFacts(t.Context(), b)
	for _, d := range denialsOf(c, "s3:ListBucket") {
		if d.Resource != "arn:aws:s3:::acme-tfstate" {
			t.Errorf("%+v", d)
		}
	}
	if len(denialsOf(c, "s3:ListBucket")) != 1 {
		t.Errorf("%+v", c.Denied())
	}
}

func TestOtherFailuresAreNoDenials(t *testing.T) {
	for name, f := range map[string]*emulator.Fault{
		"a key that is not known":      {Status: http.StatusForbidden, Code: "InvalidAccessKeyId"},
		"a session that has ended":     {Status: http.StatusBadRequest, Code: "ExpiredToken"},
		"a clock that is wrong":        {Status: http.StatusForbidden, Code: "RequestTimeTooSkewed"},
		"a KMS key out of service":     {Status: http.StatusBadRequest, Code: "KMS.DisabledException"},
		"a service that has a bad day": {Status: http.StatusInternalServerError, Code: "InternalError"},
		"an answer that never comes":   {Reset: true},
	} {
		t.Run(name, func(t *testing.T) {
			s, b, version, _ := denialSite(t)
			s.emulator.OnRequest(func(r emulator.Request) *emulator.Fault {
				if r.Operation == "HeadBucket" {
					return nil // an answer to HEAD is its status alone
				}
				return f
			})
			c := s.client()
			c.BackendFacts(t.Context(), b)
			c.VersionFacts(t.Context(), b, awkwardKey, model.Version{VersionID: version})
			if got := c.Denied(); len(got) != 0 {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestTheMemoryOfDenialsIsBoundedAndSafe(t *testing.T) {
	s, b, _, _ := denialSite(t)
	var mu sync.Mutex
	now := time.Date(2026, 11, 21, 19, 0, 0, 0, time.UTC)
	c := s.client(func(o *aws.Options) {
		o.Now = func() time.Time {
			mu.Lock()
			defer mu.Unlock()
			now = now.Add(time.Second)
			return now
		}
	})
	s.emulator.Deny("s3:GetObjectVersion")
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := worker; i < model.MaxDenials+20; i += 8 {
				c.VersionFacts(context.Background(), b, fmt.Sprintf("%04d.tfstate", i), model.Version{VersionID: "v"})
				if i%100 == 0 {
					c.Denied()
				}
			}
		}()
	}
	wg.Wait()
	got := c.Denied()
	if len(got) != model.MaxDenials {
		t.Errorf("%d denials are kept", len(got))
	}
	for i := 1; i < len(got); i++ {
		if got[i].Last.After(got[i-1].Last) {
			t.Fatalf("%d is newer than the one before it", i)
		}
	}
}

func TestAStatementIsAPolicyAsAWSReadsIt(t *testing.T) {
	p := model.PolicyOf(model.LeastStatements([]model.Denial{{Action: "s3:GetObject", Resource: "arn:aws:s3:::b/" + awkwardKey}})...)
	var doc struct {
		Version   string
		Statement []struct {
			Effect, Action, Resource string
		}
	}
	if err := json.Unmarshal([]byte(p.JSON()), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.Version != "2012-10-17" || len(doc.Statement) != 1 || doc.Statement[0].Effect != "Allow" || doc.Statement[0].Resource != "arn:aws:s3:::b/app/a${*}b${?}c${$}d.tfstate" {
		t.Errorf("%s", p.JSON())
	}
}
