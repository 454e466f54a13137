package aws_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/model"
	"golang.org/x/sync/errgroup"
)

// doctorAtOnce is how many backends the command looks at at a time by default.
const doctorAtOnce = 32

// BenchmarkDoctor100Backends checks backends of three states each over a server
// that answers after a while, as many at a time as the command does. "latencies"
// is the time in units of that wait: with one request at a time it would be their
// number, and no fewer than the longest chain of requests of which one needs the
// answer of the other, 6 (the region, the tables, their schema, the rows, the
// states, and a key that the bucket's default does not name), for each 32 backends.
// After 20 ms the work on both ends is most of it; after 200 ms the waiting is.
func BenchmarkDoctor100Backends(b *testing.B) {
	s, err := emulator.Start(emulator.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() }) // nothing of it is needed any more
	backends := benchBackends(b, s, 100)
	for _, c := range []struct {
		backends int
		latency  time.Duration
	}{{1, 20 * time.Millisecond}, {100, 20 * time.Millisecond}, {100, 200 * time.Millisecond}} {
		s.OnRequest(func(emulator.Request) *emulator.Fault { return &emulator.Fault{Delay: c.latency} })
		b.Run(fmt.Sprintf("%d after %s", c.backends, c.latency), func(b *testing.B) {
			b.ReportAllocs()
			var took time.Duration
			requests := 0
			for b.Loop() {
				b.StopTimer()
				s.ResetLog()
				client := aws.New(aws.Options{EndpointURL: s.URL(), Region: "us-east-1", Static: &aws.StaticCredentials{AccessKeyID: "test", SecretAccessKey: "test"}, Timeout: time.Minute})
				b.StartTimer()
				began := time.Now()
				diagnoseAll(b, client, backends[:c.backends])
				took += time.Since(began)
				requests += len(s.Requests())
			}
			b.ReportMetric(float64(took)/float64(b.N)/float64(c.latency), "latencies")
			b.ReportMetric(float64(requests)/float64(b.N), "requests")
		})
	}
}

func diagnoseAll(b *testing.B, client *aws.Client, backends []model.Backend) {
	b.Helper()
	g := new(errgroup.Group)
	g.SetLimit(doctorAtOnce)
	for _, backend := range backends {
		g.Go(func() error {
			facts := client.Health(context.Background(), backend)
			if n := len(facts.States.Items); n != 3 {
				return fmt.Errorf("%s: %d states, want 3 (%v)", backend.Name, n, facts.States.Unread)
			}
			model.Diagnose(facts)
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		b.Fatal(err)
	}
}

// benchBackends makes buckets under one KMS key, with their digests in one table.
func benchBackends(b *testing.B, server *emulator.Server, n int) []model.Backend {
	b.Helper()
	must := func(_ any, err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	s, ctx := at(server), context.Background()
	table, id := "acme-locks", "LockID"
	must(s.ddb.CreateTable(ctx, &dynamodb.CreateTableInput{TableName: &table, BillingMode: ddbtypes.BillingModePayPerRequest,
		KeySchema:            []ddbtypes.KeySchemaElement{{AttributeName: &id, KeyType: ddbtypes.KeyTypeHash}},
		AttributeDefinitions: []ddbtypes.AttributeDefinition{{AttributeName: &id, AttributeType: ddbtypes.ScalarAttributeTypeS}}}))
	var all []model.Backend
	for i := range n {
		name := fmt.Sprintf("acme-tfstate-%03d", i)
		must(s.s3.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &name}))
		must(s.s3.PutBucketEncryption(ctx, &s3.PutBucketEncryptionInput{Bucket: &name,
			ServerSideEncryptionConfiguration: &s3types.ServerSideEncryptionConfiguration{Rules: []s3types.ServerSideEncryptionRule{{
				ApplyServerSideEncryptionByDefault: &s3types.ServerSideEncryptionByDefault{SSEAlgorithm: s3types.ServerSideEncryptionAwsKms}}}}}))
		for _, key := range []string{"app/terraform.tfstate", "net/terraform.tfstate", "dns/terraform.tfstate"} {
			must(s.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: &name, Key: &key, Body: bytes.NewReader([]byte(longState))}))
			must(s.ddb.PutItem(ctx, &dynamodb.PutItemInput{TableName: &table, Item: map[string]ddbtypes.AttributeValue{
				"LockID": &ddbtypes.AttributeValueMemberS{Value: model.DigestID(name, key)},
				"Digest": &ddbtypes.AttributeValueMemberS{Value: model.DigestOf([]byte(longState))}}}))
		}
		all = append(all, model.Backend{Name: name, Bucket: name})
	}
	return all
}
