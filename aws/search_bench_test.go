package aws_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/model"
)

// benchState is a state of about 32 kB with 40 instances. Each has an id and an
// ARN of its own, every fourth one a secret.
func benchState(n int) []byte {
	var b strings.Builder
	b.WriteString(`{"version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": "3f1d9e0a", "outputs": {}, "resources": [`)
	for r := range 40 {
		if r > 0 {
			b.WriteString(",")
		}
		secret := ""
		if r%4 == 0 {
			secret = `, "password": "demo-not-a-secret"`
		}
		fmt.Fprintf(&b, `
  {"mode": "managed", "type": "aws_instance", "name": "r%d", "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]", "instances": [
    {"schema_version": 1, "attributes": {"arn": "arn:aws:ec2:eu-west-1:123456789012:instance/i-%04x%04x", "id": "i-%04x%04x"%s, "tags": {"Name": "worker-%d"},
     "user_data": "%s"}, "sensitive_attributes": []}]}`, r, n, r, n, r, secret, r, strings.Repeat("echo nothing in particular; ", 16))
	}
	b.WriteString("\n], \"check_results\": null}\n")
	return []byte(b.String())
}

// benchFleet is an emulator with so many states in five buckets.
func benchFleet(b *testing.B, states int) (*emulator.Server, []model.Backend) {
	b.Helper()
	server, err := emulator.Start(emulator.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = server.Close() })
	put := func(target string, body []byte) {
		if status, answer := server.Do(server.Now(), http.MethodPut, target, nil, body); status/100 != 2 {
			b.Fatalf("%s: %d %s", target, status, answer)
		}
	}
	var backends []model.Backend
	for i := range 5 {
		name := fmt.Sprintf("bench-%d", i)
		put("/"+name, nil)
		backends = append(backends, model.Backend{Name: name, Bucket: name})
	}
	for i := range states {
		put(fmt.Sprintf("/bench-%d/team-%04d/terraform.tfstate", i%5, i), benchState(i))
	}
	return server, backends
}

func benchClient(url string, concurrency int) *aws.Client {
	return aws.New(aws.Options{EndpointURL: url, Region: "us-east-1", PathStyle: true, Concurrency: concurrency,
		Static: &aws.StaticCredentials{AccessKeyID: "demo", SecretAccessKey: "demo"}})
}

func benchSearch(b *testing.B, c *aws.Client, backends []model.Backend, pattern string, want int) {
	b.Helper()
	found := 0
	var last model.SearchProgress
	for page, err := range c.Search(b.Context(), backends, queryOf(b, pattern)) {
		if err != nil {
			b.Fatal(err)
		}
		for _, f := range page.Found {
			found += len(f.Hits) + f.More
		}
		last = page.Progress
	}
	if found != want || last.Failed > 0 {
		b.Fatalf("%d hits, %+v; want %d", found, last, want)
	}
}

// BenchmarkSearch1000States searches 1,000 states. Its figures include the
// emulator that serves them, which is in the same process.
func BenchmarkSearch1000States(b *testing.B) {
	server, backends := benchFleet(b, 1000)
	for name, c := range map[string]struct {
		pattern string
		hits    int
	}{
		"an ARN in one of them":      {"arn:aws:ec2:eu-west-1:123456789012:instance/i-02a40013", 1},
		"a tag in each of them":      {"worker-17", 1000},
		"a word in all resources":    {"aws_instance", 40000},
		"a word in none of them":     {"arn:aws:ec2:eu-west-1:123456789012:instance/i-nowhere", 0},
		"the secret of all of them":  {"demo-not-a-secret", 0},
		"a word that runs in pieces": {"aws_instance.r17", 1000},
	} {
		b.Run(name, func(b *testing.B) {
			client := benchClient(server.URL(), 8)
			benchSearch(b, client, backends, c.pattern, c.hits) // regions, connections
			b.ReportAllocs()
			for b.Loop() {
				benchSearch(b, client, backends, c.pattern, c.hits)
			}
		})
	}
}

// BenchmarkSearchWithLatency compares how long a search takes with one request
// at a time and with several, where each takes 20 ms longer.
func BenchmarkSearchWithLatency(b *testing.B) {
	server, backends := benchFleet(b, 160)
	server.OnRequest(func(emulator.Request) *emulator.Fault { return &emulator.Fault{Delay: 20 * time.Millisecond} })
	took := func(concurrency int) time.Duration {
		client := benchClient(server.URL(), concurrency)
		start := time.Now()
		benchSearch(b, client, backends, "worker-17", 160)
		return time.Since(start)
	}
	for b.Loop() {
		one := took(1)
		for _, n := range []int{8, 32} {
			b.ReportMetric(one.Seconds()/took(n).Seconds(), fmt.Sprintf("times-faster-with-%d", n))
		}
		b.ReportMetric(one.Seconds()*1000, "ms-with-1")
	}
}
