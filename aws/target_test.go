package aws_test

import (
	"bytes"
	"context"
	"crypto/sha1" //nolint:gosec // the name of a file of the SDK
	"encoding/hex"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/internal/evidence"
	"github.com/stateward/stateward/model"
)

// TestMain ends the moto_server that everyTarget started, if it did.
func TestMain(m *testing.M) {
	code := evidence.Main(m)
	moto.Stop()
	os.Exit(code)
}

// everyTarget runs a test against the emulator and, where moto_server is
// installed, against moto: what both agree on is not the emulator's invention.
// STATEWARD_REQUIRE_MOTO=1 makes its absence a failure.
func everyTarget(t *testing.T, f func(*testing.T, *site)) {
	t.Helper()
	t.Run("emulator", func(t *testing.T) { f(t, newSite(t, emulator.Options{})) })
	t.Run("emulator in small pages", func(t *testing.T) { f(t, newSite(t, emulator.Options{PageSize: 2})) })
	t.Run("emulator with markers last", func(t *testing.T) { f(t, newSite(t, emulator.Options{MarkersLast: true})) })
	t.Run("moto", func(t *testing.T) {
		url := moto.Fresh(t)
		f(t, &site{t: t, url: url, s3: rawS3(url), ddb: rawDynamoDB(url)})
	})
}

// site is a server with what a test puts into it, through plain SDK clients.
type site struct {
	t        *testing.T
	url      string
	emulator *emulator.Server // nil for moto
	s3       *s3.Client
	ddb      *dynamodb.Client
}

func newSite(t *testing.T, o emulator.Options) *site {
	t.Helper()
	server, err := emulator.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return &site{t: t, url: server.URL(), emulator: server, s3: rawS3(server.URL()), ddb: rawDynamoDB(server.URL())}
}

func rawConfig(url string) sdk.Config {
	return sdk.Config{Region: "us-east-1", BaseEndpoint: &url, Credentials: credentials.NewStaticCredentialsProvider("test", "test", "")}
}

func rawS3(url string) *s3.Client {
	return s3.NewFromConfig(rawConfig(url), func(o *s3.Options) { o.UsePathStyle = true })
}

func rawDynamoDB(url string) *dynamodb.Client { return dynamodb.NewFromConfig(rawConfig(url)) }

// client is stateward's client for the site.
func (s *site) client(change ...func(*aws.Options)) *aws.Client {
	o := aws.Options{EndpointURL: s.url, Region: "us-east-1", Static: &aws.StaticCredentials{AccessKeyID: "test", SecretAccessKey: "test"},
		Timeout: 10 * time.Second, Actor: aws.Actor{Who: "oncall@desk", Host: "desk", PID: 1, Version: "stateward test"},
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }}
	for _, f := range change {
		f(&o)
	}
	return aws.New(o)
}

func (s *site) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// bucket makes a bucket; versioning is "" for never enabled.
func (s *site) bucket(name string, versioning s3types.BucketVersioningStatus) model.Backend {
	s.t.Helper()
	_, err := s.s3.CreateBucket(s.t.Context(), &s3.CreateBucketInput{Bucket: &name})
	s.must(err)
	if versioning != "" {
		_, err = s.s3.PutBucketVersioning(s.t.Context(), &s3.PutBucketVersioningInput{Bucket: &name,
			VersioningConfiguration: &s3types.VersioningConfiguration{Status: versioning}})
		s.must(err)
	}
	return model.Backend{Name: name, Bucket: name}
}

func (s *site) put(bucket, key, body string) (versionID string) {
	s.t.Helper()
	out, err := s.s3.PutObject(s.t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader([]byte(body))})
	s.must(err)
	return sdk.ToString(out.VersionId)
}

func (s *site) remove(bucket, key string) {
	s.t.Helper()
	_, err := s.s3.DeleteObject(s.t.Context(), &s3.DeleteObjectInput{Bucket: &bucket, Key: &key})
	s.must(err)
}

// table makes a table with the given partition key and no sort key.
func (s *site) table(name, key string) {
	s.t.Helper()
	_, err := s.ddb.CreateTable(s.t.Context(), &dynamodb.CreateTableInput{TableName: &name, BillingMode: ddbtypes.BillingModePayPerRequest,
		KeySchema:            []ddbtypes.KeySchemaElement{{AttributeName: &key, KeyType: ddbtypes.KeyTypeHash}},
		AttributeDefinitions: []ddbtypes.AttributeDefinition{{AttributeName: &key, AttributeType: ddbtypes.ScalarAttributeTypeS}}})
	s.must(err)
}

// row puts a row; attributes are strings.
func (s *site) row(table, lockID string, attributes map[string]string) {
	s.t.Helper()
	item := map[string]ddbtypes.AttributeValue{"LockID": &ddbtypes.AttributeValueMemberS{Value: lockID}}
	for name, value := range attributes {
		item[name] = &ddbtypes.AttributeValueMemberS{Value: value}
	}
	s.item(table, item)
}

func (s *site) item(table string, item map[string]ddbtypes.AttributeValue) {
	s.t.Helper()
	_, err := s.ddb.PutItem(s.t.Context(), &dynamodb.PutItemInput{TableName: &table, Item: item})
	s.must(err)
}

// lockInfo is a lock as Terraform stores it.
func (s *site) lockInfo(id, path string) string {
	s.t.Helper()
	raw, err := model.LockInfo{ID: id, Operation: "OperationTypeApply", Who: "ci@runner-17", Version: "1.11.4",
		Created: time.Now().UTC(), Path: path}.Marshal()
	s.must(err)
	return string(raw)
}

// operations are what the emulator was asked for, in the order of arrival.
func (s *site) operations() []string {
	var all []string
	for _, r := range s.emulator.Requests() {
		all = append(all, r.Operation)
	}
	return all
}

var moto evidence.Moto //nolint:gochecknoglobals // one process for the whole test binary, ended by TestMain

// waitUntil polls a condition.
func waitUntil(limit time.Duration, ok func() bool) error {
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline.C:
			return fmt.Errorf("still waiting after %s", limit)
		}
	}
	return nil
}

// newSiteOf is an emulator as it comes, for what no other server can show.
func newSiteOf(t *testing.T) *site {
	t.Helper()
	return newSite(t, emulator.Options{})
}

func emulatorPages(n int) emulator.Options { return emulator.Options{PageSize: n} }

// encryptWithKMS makes aws:kms the bucket's default.
func (s *site) encryptWithKMS(bucket string) {
	s.t.Helper()
	_, err := s.s3.PutBucketEncryption(s.t.Context(), &s3.PutBucketEncryptionInput{Bucket: &bucket,
		ServerSideEncryptionConfiguration: &s3types.ServerSideEncryptionConfiguration{Rules: []s3types.ServerSideEncryptionRule{{
			ApplyServerSideEncryptionByDefault: &s3types.ServerSideEncryptionByDefault{SSEAlgorithm: s3types.ServerSideEncryptionAwsKms}}}}})
	s.must(err)
}

// putChecked puts an object with a checksum that answers carry.
func (s *site) putChecked(bucket, key, body string) {
	s.t.Helper()
	_, err := s.s3.PutObject(s.t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader([]byte(body)),
		ChecksumAlgorithm: s3types.ChecksumAlgorithmSha256})
	s.must(err)
}

// stacks are the goroutines of the process but the caller's.
func stacks() string {
	buf := make([]byte, 1<<20)
	all := string(buf[:runtime.Stack(buf, true)])
	_, others, _ := strings.Cut(all, "\n\n")
	return others
}

// sha1Hex names the file in which the SDK keeps a sign-in.
func sha1Hex(text string) string {
	sum := sha1.Sum([]byte(text)) //nolint:gosec // the SDK's choice
	return hex.EncodeToString(sum[:])
}
