package aws_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
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
	"github.com/stateward/stateward/model"
)

const (
	labBucket = "tfstate-lab"
	labTable  = "tflocks"
	labKey    = "app/terraform.tfstate"
)

// lab is an emulator with a versioned bucket and a lock table, and a client of
// the state that writes and locks as Terraform does.
type lab struct {
	t       *testing.T
	server  *emulator.Server
	s3      *s3.Client
	ddb     *dynamodb.Client
	journal *memoryJournal
	backups *memoryBackups
	mechs   []model.Mechanism
}

// everyMechanism runs a test for each way that clients lock.
func everyMechanism(t *testing.T, f func(*testing.T, *lab)) {
	for name, mechs := range waysToLock() {
		t.Run(name, func(t *testing.T) { f(t, newLab(t, mechs...)) })
	}
}

func waysToLock() map[string][]model.Mechanism {
	return map[string][]model.Mechanism{
		"dynamodb": {model.MechanismDynamoDB},
		"lockfile": {model.MechanismLockfile},
		"both":     {model.MechanismLockfile, model.MechanismDynamoDB},
	}
}

func newLab(t *testing.T, mechs ...model.Mechanism) *lab {
	t.Helper()
	server, err := emulator.Start(emulator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	cfg := sdk.Config{Region: "us-east-1", BaseEndpoint: sdk.String(server.URL()), Credentials: credentials.NewStaticCredentialsProvider("test", "test", "")}
	l := &lab{t: t, server: server, journal: &memoryJournal{}, backups: &memoryBackups{}, mechs: mechs,
		s3:  s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true }),
		ddb: dynamodb.NewFromConfig(cfg)}
	l.must(l.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: sdk.String(labBucket)}))
	l.must(l.s3.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{Bucket: sdk.String(labBucket),
		VersioningConfiguration: &s3types.VersioningConfiguration{Status: s3types.BucketVersioningStatusEnabled}}))
	l.must(l.ddb.CreateTable(t.Context(), &dynamodb.CreateTableInput{TableName: sdk.String(labTable), BillingMode: ddbtypes.BillingModePayPerRequest,
		KeySchema:            []ddbtypes.KeySchemaElement{{AttributeName: sdk.String("LockID"), KeyType: ddbtypes.KeyTypeHash}},
		AttributeDefinitions: []ddbtypes.AttributeDefinition{{AttributeName: sdk.String("LockID"), AttributeType: ddbtypes.ScalarAttributeTypeS}}}))
	return l
}

func (l *lab) must(_ any, err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

func (l *lab) uses(m model.Mechanism) bool {
	for _, x := range l.mechs {
		if x == m {
			return true
		}
	}
	return false
}

// client is stateward's client; change may adjust its options.
func (l *lab) client(change ...func(*aws.Options)) *aws.Client {
	o := aws.Options{EndpointURL: l.server.URL(), Region: "us-east-1", Static: &aws.StaticCredentials{AccessKeyID: "test", SecretAccessKey: "test"},
		Journal: l.journal, Backups: l.backups, Timeout: 5 * time.Second,
		Actor: aws.Actor{Who: "oncall@desk", Host: "desk", PID: 1, Version: "stateward test"},
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }}
	for _, f := range change {
		f(&o)
	}
	return aws.New(o)
}

// backend is the lab's backend as its clients' configuration describes it.
func (l *lab) backend() model.Backend {
	b := model.Backend{Name: labBucket, Bucket: labBucket, Declared: l.mechs}
	if l.uses(model.MechanismDynamoDB) {
		b.Tables, b.Digests = []string{labTable}, []string{labTable}
	}
	return b
}

// body is a small v4 state.
func body(serial int, value string) []byte {
	return fmt.Appendf(nil, `{
  "version": 4,
  "terraform_version": "1.11.4",
  "serial": %d,
  "lineage": "3f1d9e0a-7c52-4d0b-9a55-52a1f2a9c001",
  "outputs": {
    "v": {
      "value": %q,
      "type": "string"
    }
  },
  "resources": [],
  "check_results": null
}
`, serial, value)
}

// write writes a state as Terraform does: the object, then the digest.
func (l *lab) write(serial int, value string) (versionID string) {
	l.t.Helper()
	b := body(serial, value)
	out, err := l.s3.PutObject(l.t.Context(), &s3.PutObjectInput{Bucket: sdk.String(labBucket), Key: sdk.String(labKey), Body: bytes.NewReader(b)})
	l.must(out, err)
	l.setDigest(model.DigestOf(b))
	return sdk.ToString(out.VersionId)
}

func (l *lab) setDigest(md5 string) {
	l.t.Helper()
	if l.uses(model.MechanismDynamoDB) {
		l.must(l.ddb.PutItem(l.t.Context(), &dynamodb.PutItemInput{TableName: sdk.String(labTable), Item: map[string]ddbtypes.AttributeValue{
			"LockID": &ddbtypes.AttributeValueMemberS{Value: model.DigestID(labBucket, labKey)},
			"Digest": &ddbtypes.AttributeValueMemberS{Value: md5}}}))
	}
}

func (l *lab) deleteRow(id string) {
	l.t.Helper()
	l.must(l.ddb.DeleteItem(l.t.Context(), &dynamodb.DeleteItemInput{TableName: sdk.String(labTable),
		Key: map[string]ddbtypes.AttributeValue{"LockID": &ddbtypes.AttributeValueMemberS{Value: id}}}))
}

func lockRaw(id, who string) string {
	raw, err := model.LockInfo{ID: id, Operation: "OperationTypeApply", Who: who, Version: "1.11.4",
		Created: time.Now().UTC(), Path: labBucket + "/" + labKey}.Marshal()
	if err != nil {
		return err.Error()
	}
	return string(raw)
}

// lock puts a lock in every mechanism of the lab, whatever is there.
func (l *lab) lock(raw string) {
	l.t.Helper()
	if l.uses(model.MechanismLockfile) {
		l.must(l.s3.PutObject(l.t.Context(), &s3.PutObjectInput{Bucket: sdk.String(labBucket), Key: sdk.String(labKey + ".tflock"), Body: strings.NewReader(raw)}))
	}
	if l.uses(model.MechanismDynamoDB) {
		l.must(l.ddb.PutItem(l.t.Context(), &dynamodb.PutItemInput{TableName: sdk.String(labTable), Item: map[string]ddbtypes.AttributeValue{
			"LockID": &ddbtypes.AttributeValueMemberS{Value: model.LockID(labBucket, labKey)},
			"Info":   &ddbtypes.AttributeValueMemberS{Value: raw}}}))
	}
}

// held is what each mechanism of the lab holds; "" is nothing.
func (l *lab) held() map[model.Mechanism]string {
	l.t.Helper()
	out := map[model.Mechanism]string{}
	if l.uses(model.MechanismLockfile) {
		out[model.MechanismLockfile] = string(l.read(labKey+".tflock", ""))
	}
	if l.uses(model.MechanismDynamoDB) {
		out[model.MechanismDynamoDB] = l.attribute(model.LockID(labBucket, labKey), "Info")
	}
	return out
}

func (l *lab) wantHeld(want string) {
	l.t.Helper()
	for m, got := range l.held() {
		if got != want {
			l.t.Errorf("%s holds %q, want %q", m, got, want)
		}
	}
}

func (l *lab) attribute(id, name string) string {
	l.t.Helper()
	out, err := l.ddb.GetItem(context.Background(), &dynamodb.GetItemInput{TableName: sdk.String(labTable), ConsistentRead: sdk.Bool(true),
		Key: map[string]ddbtypes.AttributeValue{"LockID": &ddbtypes.AttributeValueMemberS{Value: id}}})
	if err != nil {
		l.t.Fatal(err)
	}
	if s, ok := out.Item[name].(*ddbtypes.AttributeValueMemberS); ok {
		return s.Value
	}
	return ""
}

// read is the body of an object, nil when there is none.
func (l *lab) read(key, version string) []byte {
	l.t.Helper()
	in := &s3.GetObjectInput{Bucket: sdk.String(labBucket), Key: sdk.String(key)}
	if version != "" {
		in.VersionId = &version
	}
	out, err := l.s3.GetObject(context.Background(), in)
	var missing *s3types.NoSuchKey
	if errors.As(err, &missing) {
		return nil
	}
	if err != nil {
		l.t.Fatal(err)
	}
	defer func() { _ = out.Body.Close() }()
	b, err := io.ReadAll(out.Body)
	if err != nil {
		l.t.Fatal(err)
	}
	return b
}

// wantState checks the current bytes and, where digests are kept, their digest.
func (l *lab) wantState(want []byte) {
	l.t.Helper()
	if got := l.read(labKey, ""); !bytes.Equal(got, want) {
		l.t.Errorf("state is\n%s\nwant\n%s", got, want)
	}
	if l.uses(model.MechanismDynamoDB) && want != nil {
		if got := l.attribute(model.DigestID(labBucket, labKey), "Digest"); got != model.DigestOf(want) {
			l.t.Errorf("digest %q, want %q", got, model.DigestOf(want))
		}
	}
}

// changes are the changing requests that the server saw since the last reset.
func (l *lab) changes() []string {
	var out []string
	for _, r := range l.server.Requests() {
		if r.Mutates {
			out = append(out, r.Operation)
		}
	}
	return out
}

// once runs f before the first request of that operation (and key, when given).
func (l *lab) once(operation, keySuffix string, fault func() *emulator.Fault) {
	var mu sync.Mutex
	done := false
	l.server.OnRequest(func(r emulator.Request) *emulator.Fault {
		mu.Lock()
		defer mu.Unlock()
		if done || r.Operation != operation || !strings.HasSuffix(r.Key, keySuffix) {
			return nil
		}
		done = true
		return fault()
	})
}

// memoryJournal keeps the entries; fail makes it unwritable.
type memoryJournal struct {
	mu      sync.Mutex
	entries []model.JournalEntry
	fail    error
}

func (j *memoryJournal) Record(_ context.Context, e model.JournalEntry) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.fail != nil {
		return j.fail
	}
	j.entries = append(j.entries, e)
	return nil
}

func (j *memoryJournal) events() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	var out []string
	for _, e := range j.entries {
		switch {
		case e.Request != nil:
			out = append(out, e.Event+" "+e.Request.Call)
		case e.Answer != nil:
			out = append(out, e.Event+" "+e.Answer.Call)
		default:
			out = append(out, e.Event)
		}
	}
	return strings.Join(out, ", ")
}

type memoryBackups struct {
	mu    sync.Mutex
	saved [][]byte
	fail  error
}

func (b *memoryBackups) Save(_ context.Context, name string, body []byte) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fail != nil {
		return "", b.fail
	}
	b.saved = append(b.saved, bytes.Clone(body))
	return "memory:" + name, nil
}
