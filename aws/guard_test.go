package aws

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/model"
)

// notes is a journal in memory. seen is how many requests the server had when
// each entry was written.
type notes struct {
	server  *emulator.Server
	entries []model.JournalEntry
	seen    []int
	failAt  int // the entry that cannot be written, from 1; 0 is none
}

func (n *notes) Record(_ context.Context, e model.JournalEntry) error {
	if len(n.entries)+1 == n.failAt {
		return errors.New("disk full")
	}
	n.entries = append(n.entries, e)
	n.seen = append(n.seen, changes(n.server))
	return nil
}

func changes(s *emulator.Server) (n int) {
	for _, r := range s.Requests() {
		if r.Mutates {
			n++
		}
	}
	return n
}

// guarded is an emulator with a bucket and a client of it.
func guarded(t *testing.T, change func(*Options)) (*emulator.Server, *Client, *notes) {
	t.Helper()
	server, err := emulator.Start(emulator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() }) // nothing depends on how it ends
	if status, answer := server.Do(server.Now(), "PUT", "/acme-tfstate", nil, nil); status != 200 {
		t.Fatalf("%d %s", status, answer)
	}
	journal := &notes{server: server}
	o := Options{EndpointURL: server.URL(), Static: &StaticCredentials{AccessKeyID: "test", SecretAccessKey: "test"}, Journal: journal,
		Actor: Actor{Who: "oncall@desk", Host: "desk", PID: 7}, Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }}
	if change != nil {
		change(&o)
	}
	return server, New(o), journal
}

func putSomething(ctx context.Context, c *Client, b model.Backend) error {
	api, err := c.s3(ctx, b)
	if err != nil {
		return err
	}
	_, err = api.PutObject(ctx, &s3.PutObjectInput{Bucket: &b.Bucket, Key: sdk.String("k"), Body: bytes.NewReader([]byte("x")), IfNoneMatch: sdk.String("*")})
	return failure(err, "writing", "s3://"+b.Bucket+"/k", "s3:PutObject")
}

func inOperation(ctx context.Context) context.Context {
	return withOperation(ctx, operation{ID: "op-1", Operation: model.OpUnlock, State: "s3://acme-tfstate/k"})
}

func TestTheGuardRefusesByDefault(t *testing.T) {
	for name, c := range map[string]struct {
		change  func(*Options)
		backend model.Backend
		outside bool // of an operation
		want    model.Sentinel
	}{
		"in read-only mode":                       {change: func(o *Options) { o.ReadOnly = true }, want: model.ErrReadOnly},
		"where the backend's policy is read-only": {backend: model.Backend{Policy: model.Policy{ReadOnly: true}}, want: model.ErrReadOnly},
		"where a policy of the bucket is": {change: func(o *Options) {
			o.Policies = []model.PolicyRule{{Glob: "acme-*", Policy: model.Policy{ReadOnly: true}}}
		}, want: model.ErrReadOnly},
		"outside of an operation":                  {outside: true, want: model.ErrRefused},
		"without a journal":                        {change: func(o *Options) { o.Journal = nil }, want: model.ErrJournal},
		"with a journal that cannot be written to": {change: func(o *Options) { o.Journal = &notes{failAt: 1} }, want: model.ErrJournal},
		"not where everything is in order":         {},
	} {
		t.Run(name, func(t *testing.T) {
			server, client, _ := guarded(t, c.change)
			ctx := t.Context()
			if !c.outside {
				ctx = inOperation(ctx)
			}
			c.backend.Bucket = "acme-tfstate"
			err := putSomething(ctx, client, c.backend)
			sent := changes(server)
			switch {
			case c.want == "" && (err != nil || sent != 1):
				t.Errorf("error %v, %d changes sent", err, sent)
			case c.want != "" && (!errors.Is(err, c.want) || sent != 0):
				t.Errorf("error %v, want %s; %d changes sent", err, c.want, sent)
			}
		})
	}
}

func TestAPolicyHoldsForRowsByTheStateOfTheOperation(t *testing.T) {
	_, client, _ := guarded(t, func(o *Options) {
		o.Policies = []model.PolicyRule{{Glob: "acme-*", Policy: model.Policy{ReadOnly: true}}}
	})
	ctx := inOperation(t.Context())
	api, err := client.dynamodb(ctx, model.Backend{Bucket: "acme-tfstate"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = api.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: sdk.String("acme-locks"),
		Key: map[string]ddbtypes.AttributeValue{"LockID": &ddbtypes.AttributeValueMemberS{Value: "x"}}})
	if !errors.Is(err, model.ErrReadOnly) {
		t.Errorf("error %v", err)
	}
}

func TestAChangeIsJournalledBeforeItIsSentAndAfterItsAnswer(t *testing.T) {
	_, client, journal := guarded(t, nil)
	if err := putSomething(inOperation(t.Context()), client, model.Backend{Bucket: "acme-tfstate"}); err != nil {
		t.Fatal(err)
	}
	err := putSomething(inOperation(t.Context()), client, model.Backend{Bucket: "acme-tfstate"})
	if !errors.Is(err, model.ErrChanged) {
		t.Errorf("the second one: %v", err)
	}
	var got []string
	for i, e := range journal.entries {
		line := fmt.Sprintf("%d %s %s %s %s %s", journal.seen[i], e.Event, e.ID, e.Operation, e.State, e.Operator)
		if e.Request != nil {
			line += fmt.Sprintf(" | %s %s %s %s", e.Request.Service, e.Request.Call, e.Request.Target, e.Request.Condition)
		}
		if e.Answer != nil {
			line += fmt.Sprintf(" | %s %d %s", e.Answer.Call, e.Answer.Status, e.Answer.Error)
			if e.Answer.RequestID == "" {
				t.Error("no request id")
			}
		}
		got = append(got, line)
	}
	want := []string{
		"0 request op-1 unlock s3://acme-tfstate/k oncall@desk | s3 PutObject s3://acme-tfstate/k If-None-Match: *",
		"1 answer op-1 unlock s3://acme-tfstate/k oncall@desk | PutObject 200 ",
		"1 request op-1 unlock s3://acme-tfstate/k oncall@desk | s3 PutObject s3://acme-tfstate/k If-None-Match: *",
		"2 answer op-1 unlock s3://acme-tfstate/k oncall@desk | PutObject 412 PreconditionFailed",
	}
	if !slices.Equal(got, want) {
		t.Errorf("journal\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestAnAnswerThatCannotBeJournalledIsStillTheAnswer(t *testing.T) {
	server, client, journal := guarded(t, nil)
	journal.failAt = 2
	if err := putSomething(inOperation(t.Context()), client, model.Backend{Bucket: "acme-tfstate"}); err != nil || changes(server) != 1 {
		t.Errorf("error %v, %d changes", err, changes(server))
	}
}

func TestAChangeIsSentOnceAndAReadThreeTimes(t *testing.T) {
	for name, fault := range map[string]emulator.Fault{
		"a 500":                      {Status: 500, Code: "InternalError"},
		"a 503":                      {Status: 503, Code: "SlowDown"},
		"a connection that is cut":   {Reset: true},
		"an answer that is lost":     {Reset: true, AfterEffect: true},
		"a 500 after the change was": {Status: 500, Code: "InternalError", AfterEffect: true},
	} {
		t.Run(name, func(t *testing.T) {
			server, client, _ := guarded(t, nil)
			b := model.Backend{Bucket: "acme-tfstate"}
			if _, err := client.s3(t.Context(), b); err != nil {
				t.Fatal(err)
			}
			server.OnRequest(func(emulator.Request) *emulator.Fault { f := fault; return &f })
			server.ResetLog()
			if err := putSomething(inOperation(t.Context()), client, b); err == nil {
				t.Error("no error")
			}
			if got := len(server.Requests()); got != 1 {
				t.Errorf("%d requests for a change", got)
			}
			server.ResetLog()
			if _, err := client.getObject(t.Context(), b, "k", ""); err == nil {
				t.Error("no error")
			}
			if got := len(server.Requests()); got != readAttempts {
				t.Errorf("%d requests for a read", got)
			}
		})
	}
}

func TestTheEnvironmentCannotMakeAChangeRepeat(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "demo")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "demo")
	t.Setenv("AWS_CONFIG_FILE", t.TempDir()+"/none")
	t.Setenv("AWS_MAX_ATTEMPTS", "5")
	t.Setenv("AWS_RETRY_MODE", "adaptive")
	server, client, _ := guarded(t, func(o *Options) { o.Static = nil })
	b := model.Backend{Bucket: "acme-tfstate"}
	if _, err := client.s3(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	server.OnRequest(func(emulator.Request) *emulator.Fault { return &emulator.Fault{Status: 500, Code: "InternalError"} })
	server.ResetLog()
	if err := putSomething(inOperation(t.Context()), client, b); err == nil {
		t.Error("no error")
	}
	if got := len(server.Requests()); got != 1 {
		t.Errorf("%d requests for a change", got)
	}
}

func TestWhatIsNoReadIsAChange(t *testing.T) {
	for name, want := range map[string]bool{
		"GetObject": true, "ListObjectsV2": true, "HeadBucket": true, "DescribeTable": true, "Scan": true, "Query": true,
		"BatchGetItem": true, "AssumeRole": true, "AssumeRoleWithWebIdentity": true,
		"PutObject": false, "DeleteObject": false, "CopyObject": false, "CreateSession": false, "UpdateItem": false, "TransactWriteItems": false,
		"BatchWriteItem": false, "ScheduleKeyDeletion": false, "Scanner": false, "": false, "ExecuteStatement": false, "Decrypt": false,
	} {
		if got := isRead(name); got != want {
			t.Errorf("isRead(%q) = %v", name, got)
		}
	}
}

func TestEveryServiceIsGuarded(t *testing.T) {
	server, client, _ := guarded(t, func(o *Options) { o.ReadOnly = true })
	b := model.Backend{Bucket: "acme-tfstate"}
	keys, err := client.kms(t.Context(), b, "us-east-1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := keys.DisableKey(inOperation(t.Context()), &kms.DisableKeyInput{KeyId: sdk.String("x")}); !errors.Is(err, model.ErrReadOnly) {
		t.Errorf("kms: %v", err)
	}
	tables, err := client.dynamodb(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tables.DeleteTable(inOperation(t.Context()), &dynamodb.DeleteTableInput{TableName: sdk.String("x")}); !errors.Is(err, model.ErrReadOnly) {
		t.Errorf("dynamodb: %v", err)
	}
	if n := changes(server); n != 0 {
		t.Errorf("%d changes sent", n)
	}
}
