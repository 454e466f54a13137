package emulator_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/stateward/stateward/aws/emulator"
)

func describe(t *testing.T, r *rows) (*dynamodb.DescribeTableOutput, error) {
	t.Helper()
	return r.tg.ddb.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: &r.name})
}

func TestDeniedActionsAreRefused(t *testing.T) {
	type denied struct {
		action string
		status int
		try    func(context.Context, *target, string, string) error // bucket, version
	}
	key := aws.String(stateKey)
	for name, c := range map[string]denied{
		"HeadBucket needs ListBucket": {"s3:ListBucket", 403, func(ctx context.Context, tg *target, b, _ string) error {
			_, err := tg.s3.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &b})
			return err
		}},
		"ListObjectsV2 needs ListBucket": {"s3:ListBucket", 403, func(ctx context.Context, tg *target, b, _ string) error {
			_, err := tg.s3.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &b})
			return err
		}},
		"ListObjectVersions needs ListBucketVersions": {"s3:ListBucketVersions", 403, func(ctx context.Context, tg *target, b, _ string) error {
			_, err := tg.s3.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: &b})
			return err
		}},
		"ListBuckets needs ListAllMyBuckets": {"s3:ListAllMyBuckets", 403, func(ctx context.Context, tg *target, _, _ string) error {
			_, err := tg.s3.ListBuckets(ctx, nil)
			return err
		}},
		"GetBucketEncryption needs GetEncryptionConfiguration": {"s3:GetEncryptionConfiguration", 403, func(ctx context.Context, tg *target, b, _ string) error {
			_, err := tg.s3.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: &b})
			return err
		}},
		"a GET of a version needs GetObjectVersion": {"s3:GetObjectVersion", 403, func(ctx context.Context, tg *target, b, v string) error {
			_, err := tg.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: &b, Key: key, VersionId: &v})
			return err
		}},
		"a HEAD needs GetObject": {"s3:GetObject", 403, func(ctx context.Context, tg *target, b, _ string) error {
			_, err := tg.s3.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &b, Key: key})
			return err
		}},
		"a delete of a version needs DeleteObjectVersion": {"s3:DeleteObjectVersion", 403, func(ctx context.Context, tg *target, b, v string) error {
			_, err := tg.s3.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b, Key: key, VersionId: &v})
			return err
		}},
		"a delete by ETag needs GetObject": {"s3:GetObject", 403, func(ctx context.Context, tg *target, b, _ string) error {
			_, err := tg.s3.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b, Key: key, IfMatch: aws.String(stale)})
			return err
		}},
		"a missing key is hidden without ListBucket": {"s3:ListBucket", 403, func(ctx context.Context, tg *target, b, _ string) error {
			_, err := tg.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: &b, Key: aws.String("missing")})
			return err
		}},
		"Scan": {"dynamodb:Scan", 400, func(ctx context.Context, tg *target, b, _ string) error {
			_, err := tg.ddb.Scan(ctx, &dynamodb.ScanInput{TableName: &b})
			return err
		}},
		"DescribeKey": {"kms:DescribeKey", 400, func(ctx context.Context, tg *target, _, _ string) error {
			_, err := tg.kms.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: aws.String("alias/aws/s3")})
			return err
		}},
		"a whole service": {"sts:*", 403, func(ctx context.Context, tg *target, _, _ string) error {
			_, err := tg.sts.AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::123456789012:role/x"), RoleSessionName: aws.String("xx")})
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			s, tg := startServer(t, emulator.Options{})
			b := newStore(t, tg, true)
			_, version := b.mustPut(stateKey, "x")
			s.Deny(c.action)
			err := c.try(t.Context(), tg, b.bucket, version)
			wantStatus(t, err, c.status)
			s.Allow(c.action)
			if code, status := errorCode(c.try(t.Context(), tg, b.bucket, version)); status == 403 || strings.Contains(code, "AccessDenied") {
				t.Fatalf("still denied: %d %s", status, code)
			}
		})
	}
}

func TestADenialNamesUserActionAndResource(t *testing.T) {
	s, tg := startServer(t, emulator.Options{})
	b := newStore(t, tg, true)
	s.Deny("s3:GetBucketVersioning", "dynamodb:Scan")
	_, err := tg.s3.GetBucketVersioning(t.Context(), &s3.GetBucketVersioningInput{Bucket: &b.bucket})
	want := `User: arn:aws:iam::123456789012:user/demo is not authorized to perform: s3:GetBucketVersioning on resource: "arn:aws:s3:::` + b.bucket + `"`
	equal(t, "message", strings.Contains(fmt.Sprint(err), want), true)
	_, err = tg.ddb.Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String("locks")})
	want = "is not authorized to perform: dynamodb:Scan on resource: arn:aws:dynamodb:us-east-1:123456789012:table/locks"
	equal(t, "message", strings.Contains(fmt.Sprint(err), want), true)
	wantError(t, err, "AccessDeniedException")
}

func TestReadingUnderAKeyNeedsDecrypt(t *testing.T) {
	s, tg := startServer(t, emulator.Options{})
	b := newStore(t, tg, true)
	b.mustPut(stateKey, "x", underKey("alias/aws/s3"))
	s.Deny("kms:Decrypt")
	_, err := b.get(stateKey, "")
	wantError(t, err, "AccessDenied")
	equal(t, "names kms:Decrypt", strings.Contains(fmt.Sprint(err), "kms:Decrypt"), true)
}

func TestDoSeedsThePast(t *testing.T) {
	s, tg := startServer(t, emulator.Options{Clock: t0})
	s.Deny("s3:*")
	s.OnRequest(func(r emulator.Request) *emulator.Fault {
		return &emulator.Fault{Status: 500}
	})
	then := t0().Add(-30 * days)
	do := func(at time.Time, method, target, body string) {
		t.Helper()
		if status, answer := s.Do(at, method, target, nil, []byte(body)); status != 200 {
			t.Fatalf("%s %s: %d %s", method, target, status, answer)
		}
	}
	do(then, http.MethodPut, "/seeded", "")
	do(then, http.MethodPut, "/seeded?versioning", "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>")
	for n := range 3 {
		do(then.Add(time.Duration(n)*days), http.MethodPut, "/seeded/env:/a%20b/state", fmt.Sprint(n))
	}
	equal(t, "requests logged", len(s.Requests()), 0)
	s.Allow()
	s.OnRequest(nil)
	b := &store{t, tg, "seeded"}
	out := listVersions(t, b, "")
	equal(t, "key", *out.Versions[0].Key, "env:/a b/state")
	equal(t, "newest", *out.Versions[0].LastModified, then.Add(2*days))
	equal(t, "oldest", *out.Versions[2].LastModified, then)
}

func TestDoReachesEveryServiceAndRegion(t *testing.T) {
	s := emulator.New(emulator.Options{})
	h := emulator.Scope("eu-west-1", "dynamodb")
	h.Set("X-Amz-Target", "DynamoDB_20120810.CreateTable")
	table := `{"TableName":"locks","BillingMode":"PAY_PER_REQUEST","KeySchema":[{"AttributeName":"LockID","KeyType":"HASH"}],"AttributeDefinitions":[{"AttributeName":"LockID","AttributeType":"S"}]}`
	status, body := s.Do(t0(), http.MethodPost, "/", h, []byte(table))
	equal(t, "status", status, 200)
	equal(t, "region", bytes.Contains(body, []byte("arn:aws:dynamodb:eu-west-1:123456789012:table/locks")), true)
}

func TestASeedRepeatsIds(t *testing.T) {
	put := func() string {
		s := emulator.New(emulator.Options{Seed: 7})
		s.Do(t0(), http.MethodPut, "/seeded", nil, nil)
		s.Do(t0(), http.MethodPut, "/seeded?versioning", nil, []byte("<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"))
		s.Do(t0(), http.MethodPut, "/seeded/key", nil, []byte("x"))
		_, body := s.Do(t0(), http.MethodGet, "/seeded?versions", nil, nil)
		return string(body)
	}
	equal(t, "listing", put(), put())
}

func TestUnknownOperationsAreNotImplemented(t *testing.T) {
	s := emulator.New(emulator.Options{})
	for name, c := range map[string]struct{ method, target, header, value, body, want string }{
		"S3":       {method: "POST", target: "/bucket/key?select&select-type=2", want: "<Code>NotImplemented</Code>"},
		"DynamoDB": {method: "POST", target: "/", header: "X-Amz-Target", value: "DynamoDB_20120810.ExecuteStatement", body: "{}", want: `#NotImplemented"`},
		"KMS":      {method: "POST", target: "/", header: "X-Amz-Target", value: "TrentService.Sign", body: "{}", want: `"__type":"NotImplemented"`},
		"STS":      {method: "POST", target: "/", header: "Content-Type", value: "application/x-www-form-urlencoded", body: "Action=ListAccountAliases", want: "<Code>NotImplemented</Code>"},
	} {
		t.Run(name, func(t *testing.T) {
			h := http.Header{}
			if c.header != "" {
				h.Set(c.header, c.value)
			}
			status, body := s.Do(t0(), c.method, c.target, h, []byte(c.body))
			equal(t, "status", status, 501)
			equal(t, string(body), strings.Contains(string(body), c.want), true)
		})
	}
}

func TestTheHandlerWorksWithoutAListener(t *testing.T) {
	s := emulator.New(emulator.Options{})
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPut, "/some-bucket", nil))
	equal(t, "status", w.Code, 200)
	equal(t, "URL", s.URL(), "")
	check(t, s.Close())
}

func TestManyClientsAtOnce(t *testing.T) {
	s, tg := startServer(t, emulator.Options{})
	b := newStore(t, tg, true)
	r := newRows(t, tg)
	s.OnRequest(func(emulator.Request) *emulator.Fault { return nil })
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			key := fmt.Sprintf("state-%d", n)
			for range 20 {
				if _, err := b.put(key, "x"); err != nil {
					t.Error(err)
				}
				if err := r.put(values{"LockID": str(key)}, "", nil); err != nil {
					t.Error(err)
				}
				s.SetClock(time.Now)
				_ = s.Requests()
			}
		})
	}
	wg.Wait()
	equal(t, "versions", len(listVersions(t, b, "").Versions), 160)
}

// BenchmarkSeed is what a demo fleet of 1,000 versions costs to write.
func BenchmarkSeed(b *testing.B) {
	body := bytes.Repeat([]byte("x"), 4<<10)
	for b.Loop() {
		s := emulator.New(emulator.Options{})
		s.Do(t0(), http.MethodPut, "/seeded", nil, nil)
		s.Do(t0(), http.MethodPut, "/seeded?versioning", nil, []byte("<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"))
		for n := range 1000 {
			s.Do(t0(), http.MethodPut, fmt.Sprintf("/seeded/state-%d", n%40), nil, body)
		}
	}
}
