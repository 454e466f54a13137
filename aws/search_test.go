package aws_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/aws/emulator"
	demo "github.com/stateward/stateward/aws/emulator/sample"
	"github.com/stateward/stateward/model"
)

func queryOf(t testing.TB, pattern string) model.SearchQuery {
	t.Helper()
	q, err := model.ParseSearch(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// searched is all that a search yields.
type searched struct {
	hits       []string // bucket/key address field value, sorted; exact ones with "!"
	unsearched []string // key: reason
	problems   []string
	pages      int
	progress   model.SearchProgress
}

func searchAll(t testing.TB, c *aws.Client, backends []model.Backend, pattern string) searched {
	t.Helper()
	var s searched
	for page, err := range c.Search(t.Context(), backends, queryOf(t, pattern)) {
		if err != nil {
			t.Fatal(err)
		}
		s.add(page)
	}
	slices.Sort(s.hits)
	slices.Sort(s.unsearched)
	return s
}

func (s *searched) add(page model.SearchPage) {
	s.pages++
	for _, f := range page.Found {
		for _, h := range f.Hits {
			exact := ""
			if h.Exact {
				exact = "!"
			}
			s.hits = append(s.hits, fmt.Sprintf("%s/%s %s %s%s %s", f.Backend.Bucket, f.State.Key, h.Address, h.Field, exact, h.Value))
		}
	}
	for _, u := range page.Unsearched {
		s.unsearched = append(s.unsearched, u.Key+": "+u.Reason)
	}
	s.problems, s.progress = append(s.problems, page.Problems...), page.Progress
}

// vpcState is a state that manages one VPC.
func vpcState(id string) []byte {
	return fmt.Appendf(nil, `{"version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": "3f1d9e0a", "outputs": {}, "resources": [
  {"mode": "managed", "type": "aws_vpc", "name": "this", "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]", "instances": [
    {"schema_version": 1, "attributes": {"arn": "arn:aws:ec2:eu-west-1:123456789012:vpc/%s", "id": "%s"}}]}], "check_results": null}`+"\n", id, id)
}

func (l *lab) put(key string, body []byte) {
	l.t.Helper()
	l.must(l.s3.PutObject(l.t.Context(), &s3.PutObjectInput{Bucket: sdk.String(labBucket), Key: &key, Body: bytes.NewReader(body)}))
}

func TestASearchNamesEveryStateThatItCouldNotSearch(t *testing.T) {
	l := newLab(t, model.MechanismDynamoDB)
	l.put("a.tfstate", vpcState("vpc-0a"))
	l.put("b.tfstate", vpcState("vpc-0b"))
	l.put("broken.tfstate", []byte("<html>"))
	l.put("denied.tfstate", vpcState("vpc-0a"))
	l.put("empty.tfstate", nil)
	l.put("gone.tfstate", vpcState("vpc-0a"))
	l.put("vault.tfstate", []byte(`{"serial":3,"lineage":"l","meta":{"key_provider.pbkdf2.k":"eA=="},"encrypted_data":"eA==","encryption_version":"v0"}`))
	l.put("notes.txt", []byte("vpc-0a"))
	l.server.OnRequest(func(r emulator.Request) *emulator.Fault {
		switch {
		case r.Operation == "GetObject" && r.Key == "denied.tfstate":
			return &emulator.Fault{Status: 403, Code: "AccessDenied"}
		case r.Operation == "GetObject" && r.Key == "gone.tfstate":
			return &emulator.Fault{Before: func() {
				l.must(l.s3.DeleteObject(context.Background(), &s3.DeleteObjectInput{Bucket: sdk.String(labBucket), Key: &r.Key}))
			}}
		}
		return nil
	})
	got := searchAll(t, l.client(), []model.Backend{l.backend()}, "vpc-0a")
	want := searched{hits: []string{labBucket + "/a.tfstate aws_vpc.this id! vpc-0a"},
		unsearched: []string{`broken.tfstate: at offset 0: not a JSON object: "<", expected '{'`, "denied.tfstate: AccessDenied s3:GetObject",
			"vault.tfstate: the state is encrypted by OpenTofu on the client side"}}
	if !slices.Equal(got.hits, want.hits) || !slices.Equal(got.unsearched, want.unsearched) || len(got.problems) > 0 {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
	if p := got.progress; p.Known != 7 || p.Done != 7 || p.Failed != 3 || p.Listing != 0 || p.Bytes == 0 {
		t.Errorf("progress in the end: %+v", p)
	}
}

func TestASearchNamesTheSourcesOfStatesThatItCouldNotRead(t *testing.T) {
	l := newLab(t, model.MechanismDynamoDB)
	l.put("a.tfstate", vpcState("vpc-0a"))
	l.server.Deny("dynamodb:Scan")
	missing := model.Backend{Name: "gone", Bucket: "tfstate-gone"}
	got := searchAll(t, l.client(), []model.Backend{l.backend(), missing}, "vpc-0a")
	problems := strings.Join(got.problems, "\n")
	if len(got.hits) != 1 || !strings.Contains(problems, "AccessDenied dynamodb:Scan") || !strings.Contains(problems, "tfstate-gone") {
		t.Errorf("%q with the problems\n%s", got.hits, problems)
	}
}

func TestAStateTooLargeToBeSearchedIsNamed(t *testing.T) {
	const most = 1 << 10
	l := newLab(t)
	l.put("a.tfstate", vpcState("vpc-0a"))
	l.put("grown.tfstate", vpcState("vpc-0a"))
	l.put("large.tfstate", append(vpcState("vpc-0a"), bytes.Repeat([]byte(" "), most)...))
	var grow sync.Once
	l.server.OnRequest(func(r emulator.Request) *emulator.Fault {
		if r.Operation != "GetObject" || r.Key != "grown.tfstate" {
			return nil
		}
		return &emulator.Fault{Before: func() {
			grow.Do(func() { l.put(r.Key, append(vpcState("vpc-0a"), bytes.Repeat([]byte(" "), most)...)) })
		}}
	})
	var got searched
	for page, err := range l.client().SearchWithin(t.Context(), []model.Backend{l.backend()}, queryOf(t, "vpc-0a"), most) {
		if err != nil {
			t.Fatal(err)
		}
		got.add(page)
	}
	slices.Sort(got.unsearched)
	if len(got.hits) != 1 || len(got.unsearched) != 2 || !strings.HasPrefix(got.unsearched[0], "grown.tfstate: too large to be searched: 1.4 KiB, and 1.0 KiB is the most") {
		t.Errorf("%q, not searched: %q", got.hits, got.unsearched)
	}
}

func TestAStateThatTwoBackendsCoverIsSearchedOnce(t *testing.T) {
	l := newLab(t)
	l.put("live/a.tfstate", vpcState("vpc-0a"))
	below := l.backend()
	below.Prefix = "live/"
	got := searchAll(t, l.client(), []model.Backend{l.backend(), below}, "vpc-0a")
	if len(got.hits) != 1 || got.progress.Known != 1 {
		t.Errorf("%q, %+v", got.hits, got.progress)
	}
}

// TestASearchKeepsWithinItsBoundOfRequests holds back answers until as many
// requests are under way as may be, and counts them all: those that list,
// those that read lock tables and those that read states.
func TestASearchKeepsWithinItsBoundOfRequests(t *testing.T) {
	const bound, states = 5, 40
	l := newLab(t, model.MechanismDynamoDB)
	for i := range states {
		l.put(fmt.Sprintf("s%02d.tfstate", i), vpcState("vpc-0a"))
	}
	c := l.client(func(o *aws.Options) { o.Concurrency = bound })
	var mu sync.Mutex
	var now, most, reading int
	full := make(chan struct{})
	l.server.ResetLog()
	l.server.OnRequest(func(r emulator.Request) *emulator.Fault {
		mu.Lock()
		defer mu.Unlock()
		now++
		most = max(most, now)
		f := &emulator.Fault{After: func() {
			mu.Lock()
			defer mu.Unlock()
			now--
		}}
		if r.Operation == "GetObject" {
			if reading++; reading == bound {
				close(full)
			}
			f.Before = func() { <-full }
		}
		return f
	})
	got := searchAll(t, c, []model.Backend{l.backend()}, "vpc-0a")
	if len(got.hits) != states || most != bound {
		t.Errorf("%d hits with %d requests at a time, want %d with %d", len(got.hits), most, states, bound)
	}
	reads := 0
	for _, r := range l.server.Requests() {
		if r.Operation == "GetObject" {
			reads++
		}
	}
	if reads != states {
		t.Errorf("%d reads of %d states", reads, states)
	}
}

func TestLeavingASearchEndsIt(t *testing.T) {
	l := newLab(t)
	for i := range 30 {
		l.put(fmt.Sprintf("s%02d.tfstate", i), vpcState("vpc-0a"))
	}
	c := l.client(func(o *aws.Options) { o.Concurrency = 2 })
	backends := []model.Backend{l.backend()}
	l.server.ResetLog()
	for page, err := range c.Search(t.Context(), backends, queryOf(t, "vpc-0a")) {
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Found) > 0 {
			break
		}
	}
	if n := len(l.server.Requests()); n > 10 { // what was started has ended
		t.Errorf("%d requests up to the first hit", n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var last error
	for page, err := range c.Search(ctx, backends, queryOf(t, "vpc-0a")) {
		if last = err; len(page.Found) > 0 {
			cancel()
		}
	}
	if n := len(l.server.Requests()); n > 20 || !errors.Is(last, context.Canceled) {
		t.Errorf("%d requests of two searches; the one that was cancelled ended with %v", n, last)
	}
}

// demoFleet is a client of the sample fleet, and its backends.
func demoFleet(t *testing.T) (*aws.Client, []model.Backend) {
	t.Helper()
	server, err := emulator.Start(emulator.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	if err := demo.Seed(server); err != nil {
		t.Fatal(err)
	}
	c := aws.New(aws.Options{EndpointURL: server.URL(), Region: "us-east-1", PathStyle: true, Discover: true,
		Static: &aws.StaticCredentials{AccessKeyID: "demo", SecretAccessKey: "demo"}})
	var backends []model.Backend
	for page, err := range c.Backends(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range page {
			if i := slices.IndexFunc(backends, func(have model.Backend) bool { return have.Bucket == b.Bucket }); i >= 0 {
				backends[i] = b
			} else {
				backends = append(backends, b)
			}
		}
	}
	return c, backends
}

// TestWhichStateManagesIt asks the sample fleet the question that a search is for.
func TestWhichStateManagesIt(t *testing.T) {
	c, backends := demoFleet(t)
	for pattern, want := range map[string][]string{
		"arn:aws:sqs:us-east-1:123456789012:app-search-prod-jobs": {
			"acme-tfstate-prod/env:/prod/app/search/terraform.tfstate module.queues.aws_sqs_queue.this[\"jobs\"] arn! arn:aws:sqs:us-east-1:123456789012:app-search-prod-jobs",
			"acme-tfstate-prod/env:/prod/app/search/terraform.tfstate module.queues.aws_sqs_queue.this[\"jobs-dead\"] arn arn:aws:sqs:us-east-1:123456789012:app-search-prod-jobs-dead"},
		"arn:aws:rds:us-east-1:123456789012:db:payments-ledger-main": {
			"acme-tfstate-payments/payments/ledger/terraform.tfstate aws_db_instance.this arn! arn:aws:rds:us-east-1:123456789012:db:payments-ledger-main"},
		"arn:aws:rds:us-east-1:123456789012:db:nobody": nil,
	} {
		t.Run(pattern, func(t *testing.T) {
			got := searchAll(t, c, backends, pattern)
			if !slices.Equal(got.hits, want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got.hits, "\n"), strings.Join(want, "\n"))
			}
			if !slices.Equal(got.unsearched, []string{"security/vault/terraform.tfstate: the state is encrypted by OpenTofu on the client side"}) {
				t.Errorf("not searched: %q", got.unsearched)
			}
			if got.progress.Known != 48 || got.progress.Done != 48 {
				t.Errorf("progress in the end: %+v", got.progress)
			}
		})
	}
}

// TestASearchTellsNoSecret looks for the secrets of the sample fleet, and for
// what every resource has.
func TestASearchTellsNoSecret(t *testing.T) {
	c, backends := demoFleet(t)
	const secret = "demo-not-a-secret"
	for _, pattern := range []string{secret, secret[:9], secret[5:], "sensitive"} {
		if got := searchAll(t, c, backends, pattern); len(got.hits) > 0 {
			t.Errorf("%q is found: %q", pattern, got.hits)
		}
	}
	for _, pattern := range []string{"database", "random_password", "e"} {
		got := searchAll(t, c, backends, pattern)
		if len(got.hits) == 0 || strings.Contains(strings.Join(got.hits, "\n"), secret) {
			t.Errorf("%q finds %d resources, or a secret", pattern, len(got.hits))
		}
	}
}
