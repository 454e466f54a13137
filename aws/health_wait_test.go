package aws_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/model"
	"golang.org/x/sync/errgroup"
)

// farServer is an emulator without a network that answers after a while. In a
// bubble of synctest that while is exact and computing takes no time, so what
// passes is what was waited for.
type farServer struct {
	emulator *emulator.Server
	latency  time.Duration

	mu            sync.Mutex
	underWay, max int
}

// Do implements the SDK's HTTPClient.
func (f *farServer) Do(r *http.Request) (*http.Response, error) {
	f.count(1)
	defer f.count(-1)
	timer := time.NewTimer(f.latency)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	answer := httptest.NewRecorder()
	f.emulator.Handler().ServeHTTP(answer, r)
	return answer.Result(), nil
}

func (f *farServer) count(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.underWay += n
	f.max = max(f.max, f.underWay)
}

// farSite is the site of a farServer, as yet without latency.
func farSite() (*farServer, *site) {
	far := &farServer{emulator: emulator.New(emulator.Options{})}
	const url = "http://emulator.localhost"
	cfg := rawConfig(url)
	cfg.HTTPClient = far
	return far, &site{url: url, emulator: far.emulator, ddb: dynamodb.NewFromConfig(cfg),
		s3: s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })}
}

// client is stateward's client of a farServer that is far from now on.
func (f *farServer) client(s *site, change ...func(*aws.Options)) *aws.Client {
	time.Sleep(time.Minute) // of the bubble's clock: nothing was written just now
	f.emulator.ResetLog()
	f.latency, f.max = 20*time.Millisecond, 0
	c := s.client(append(change, func(o *aws.Options) { o.Sleep = nil })...)
	aws.SendThrough(c, f)
	return c
}

// TestDoctorWaitsForTheLongestChain: the waiting is exact, in latencies. The
// longest chain of requests of which one needs the answer of the other is the
// region, the tables, their schema, the rows and the states, and two more for a
// key that only the states name. The 1,912 requests of a hundred backends, of which
// 512 may be under way, would take 4 latencies if none needed another.
func TestDoctorWaitsForTheLongestChain(t *testing.T) {
	for name, c := range map[string]struct {
		backends, concurrency int
		change                func(t *testing.T, s *site, all []model.Backend)
		least, most           int // latencies; they differ where the requests under way are bounded
		underWay              int
	}{
		"one backend":                            {backends: 1, least: 5, most: 5, underWay: 20},
		"one whose table is configured":          {backends: 1, change: nameTable, least: 4, most: 4, underWay: 20},
		"one whose states are under another key": {backends: 1, change: otherKey, least: 7, most: 7, underWay: 20},
		"a hundred backends":                     {backends: 100, least: 5, most: 7, underWay: 512},
		"forty with fewer requests under way":    {backends: 40, concurrency: 2, least: 7, most: 10, underWay: 128},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				far, s := farSite()
				backends := benchBackends(t, s, c.backends)
				if c.change != nil {
					c.change(t, s, backends)
				}
				client := far.client(s, func(o *aws.Options) { o.Concurrency = c.concurrency })
				began := time.Now()
				diagnoseAll(t, client, backends)
				took := int(time.Since(began) / far.latency)
				if took < c.least || took > c.most {
					t.Errorf("%d latencies, want %d to %d", took, c.least, c.most)
				}
				if far.max > c.underWay {
					t.Errorf("%d requests under way, want %d at most", far.max, c.underWay)
				}
				if n := len(operationsOf(far.emulator, "kms")); n != 5 {
					t.Errorf("%d requests to KMS, want 5: the key is one, whatever it is called", n)
				}
				t.Logf("%d requests, %d latencies, at most %d requests under way", len(far.emulator.Requests()), took, far.max)
			})
		})
	}
}

func operationsOf(s *emulator.Server, service string) []string {
	var all []string
	for _, r := range s.Requests() {
		if r.Service == service {
			all = append(all, r.Operation)
		}
	}
	return all
}

func nameTable(_ *testing.T, _ *site, all []model.Backend) { all[0].Tables = []string{benchTable} }

// otherKey puts the bucket's default under S3's own keys; its states stay as
// they were written.
func otherKey(t *testing.T, s *site, all []model.Backend) {
	_, err := s.s3.PutBucketEncryption(t.Context(), &s3.PutBucketEncryptionInput{Bucket: &all[0].Bucket,
		ServerSideEncryptionConfiguration: &s3types.ServerSideEncryptionConfiguration{Rules: []s3types.ServerSideEncryptionRule{{
			ApplyServerSideEncryptionByDefault: &s3types.ServerSideEncryptionByDefault{SSEAlgorithm: s3types.ServerSideEncryptionAes256}}}}})
	if err != nil {
		t.Fatal(err)
	}
}

// TestAThrottledBurstIsRead: where S3 refuses each request of a large burst once,
// every fact is read all the same.
func TestAThrottledBurstIsRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		far, s := farSite()
		backends := benchBackends(t, s, 20)
		client := far.client(s)
		var mu sync.Mutex
		refused := map[string]bool{}
		far.emulator.OnRequest(func(r emulator.Request) *emulator.Fault {
			mu.Lock()
			defer mu.Unlock()
			id := r.Header.Get("Amz-Sdk-Invocation-Id")
			if r.Service != "s3" || refused[id] {
				return nil
			}
			refused[id] = true
			return &emulator.Fault{Status: http.StatusServiceUnavailable, Code: "SlowDown", Message: "Please reduce your request rate."}
		})
		g := new(errgroup.Group)
		for _, b := range backends {
			g.Go(func() error {
				if text := fmt.Sprintf("%+v", client.Health(t.Context(), b)); strings.Contains(text, "SlowDown") {
					return fmt.Errorf("%s: %s", b.Name, text)
				}
				return nil
			})
		}
		if err := g.Wait(); err != nil {
			t.Error(err)
		}
		if len(refused) < 300 {
			t.Errorf("%d requests were refused, want some 380", len(refused))
		}
	})
}
