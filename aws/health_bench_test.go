package aws_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
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
const doctorAtOnce = 128

// BenchmarkDoctor100Backends checks backends of three states each over a server
// that answers after a while, as many at a time as the command does. The server is
// a process of its own, so the allocations are those of the checks. "latencies" is
// the time in units of that while: TestDoctorWaitsForTheLongestChain tells how many
// of them are waited for, the rest is the work on both ends, as it is without any.
func BenchmarkDoctor100Backends(b *testing.B) {
	for _, latency := range []time.Duration{0, 20 * time.Millisecond, 200 * time.Millisecond} {
		server := startFarProcess(b, latency)
		for _, n := range []int{1, 100} {
			b.Run(fmt.Sprintf("%d after %s", n, latency), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					b.StopTimer()
					client := aws.New(aws.Options{EndpointURL: server, Region: "us-east-1", Static: &aws.StaticCredentials{AccessKeyID: "test", SecretAccessKey: "test"}, Timeout: time.Minute})
					b.StartTimer()
					diagnoseAll(b, client, benchNames(n))
				}
				if latency > 0 {
					b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(latency), "latencies")
				}
			})
		}
	}
}

// latencyVariable makes a process of this test binary the server of the benchmark.
const latencyVariable = "STATEWARD_TEST_LATENCY"

// startFarProcess starts a server that answers after a while, and returns its URL.
func startFarProcess(b *testing.B, latency time.Duration) string {
	b.Helper()
	cmd := exec.CommandContext(b.Context(), os.Args[0], "-test.run=^TestFarProcess$")
	cmd.Env = append(os.Environ(), latencyVariable+"="+latency.String())
	hold, err := cmd.StdinPipe() // it ends when this one does
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = hold.Close()
		_ = cmd.Wait() // what it measured is told already
	})
	url, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return strings.TrimSpace(url)
}

// TestFarProcess is the server, where a benchmark starts it.
func TestFarProcess(t *testing.T) {
	value := os.Getenv(latencyVariable)
	if value == "" {
		t.Skip("serves a benchmark")
	}
	latency, err := time.ParseDuration(value)
	if err != nil {
		t.Fatal(err)
	}
	s, err := emulator.Start(emulator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	benchBackends(t, at(s), 100)
	s.OnRequest(func(emulator.Request) *emulator.Fault { return &emulator.Fault{Delay: latency} })
	fmt.Println(s.URL())
	_, _ = io.Copy(io.Discard, os.Stdin) // until whoever started it is gone
}

func diagnoseAll(b testing.TB, client *aws.Client, backends []model.Backend) {
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

const benchTable = "acme-locks"

// benchBackends makes buckets under one KMS key, with their digests in one table.
func benchBackends(b testing.TB, s *site, n int) []model.Backend {
	b.Helper()
	must := func(_ any, err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	ctx := context.Background()
	table, id := benchTable, "LockID"
	must(s.ddb.CreateTable(ctx, &dynamodb.CreateTableInput{TableName: &table, BillingMode: ddbtypes.BillingModePayPerRequest,
		KeySchema:            []ddbtypes.KeySchemaElement{{AttributeName: &id, KeyType: ddbtypes.KeyTypeHash}},
		AttributeDefinitions: []ddbtypes.AttributeDefinition{{AttributeName: &id, AttributeType: ddbtypes.ScalarAttributeTypeS}}}))
	all := benchNames(n)
	for _, backend := range all {
		name := backend.Name
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
	}
	return all
}

func benchNames(n int) []model.Backend {
	all := make([]model.Backend, n)
	for i := range all {
		name := fmt.Sprintf("acme-tfstate-%03d", i)
		all[i] = model.Backend{Name: name, Bucket: name}
	}
	return all
}
