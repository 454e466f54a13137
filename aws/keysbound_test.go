package aws_test

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/model"
)

// Past the bound the counts say "at least".
func TestTheBoundOfVersions(t *testing.T) {
	for name, c := range map[string]struct {
		versions   *int
		old, heads int
		atLeast    bool
	}{
		"none but the current": {ptr(0), 0, 1, true}, "three of six": {ptr(3), 2, 3, true},
		"all six": {ptr(6), 5, 6, false}, "all there are": {ptr(-1), 5, 6, false}, "the usual hundred": {nil, 5, 6, false},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVault(newSiteOf(t))
			arn := v.key("tfstate")
			b := v.bucket("acme-tfstate", s3types.BucketVersioningStatusEnabled)
			v.encryptBucket(b.Bucket, arn)
			for range 6 {
				v.put(b.Bucket, "app/terraform.tfstate", stateV4)
			}
			client := v.client(func(o *aws.Options) { o.Versions = c.versions })
			v.emulator.ResetLog()
			keys, page, err := keysOf(t, client, b)
			use := keys[arn].UsedBy
			if err != nil || use.Current() != 1 || use.Noncurrent != c.old || use.AtLeast != c.atLeast || use.States[0].AtLeast != c.atLeast {
				t.Errorf("used by %+v, progress %+v, error %v", use, page.Progress, err)
			}
			if heads := countOf(v.operations(), "HeadObject"); heads != c.heads {
				t.Errorf("%d versions were looked at, want %d", heads, c.heads)
			}
			v.emulator.ResetLog()
			if _, _, err := keysOf(t, client, b); err != nil || countOf(v.operations(), "HeadObject") != 1 {
				t.Errorf("again: %d HEADs, %v; versions do not change, only which one is current", countOf(v.operations(), "HeadObject"), err)
			}
		})
	}
}

func countOf(all []string, one string) int {
	n := 0
	for _, s := range all {
		if s == one {
			n++
		}
	}
	return n
}

// Requests in flight are bounded over all backends together.
func TestHowManyRequestsAreInFlight(t *testing.T) {
	v := newVault(newSiteOf(t))
	arn := v.key("tfstate")
	var backends []model.Backend
	for i := range 3 {
		b := v.bucket(fmt.Sprintf("acme-tfstate-%d", i), s3types.BucketVersioningStatusEnabled)
		v.encryptBucket(b.Bucket, arn)
		for range 8 {
			v.put(b.Bucket, "app/terraform.tfstate", stateV4)
		}
		backends = append(backends, b)
	}
	var now, most atomic.Int32
	v.emulator.OnRequest(func(r emulator.Request) *emulator.Fault {
		if r.Operation == "HeadObject" {
			n := now.Add(1)
			for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
			}
			return &emulator.Fault{Delay: 2 * time.Millisecond, After: func() { now.Add(-1) }}
		}
		return nil
	})
	c := v.client(func(o *aws.Options) { o.Concurrency = 3 })
	var wg sync.WaitGroup
	for _, b := range backends {
		wg.Go(func() {
			for _, err := range c.Keys(t.Context(), b) {
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if n := most.Load(); n > 3 {
		t.Errorf("%d requests in flight, want 3 at most", n)
	}
	if n := countOf(v.operations(), "DescribeKey"); n != 1 {
		t.Errorf("the key that all have was described %d times", n)
	}
}

// A consumer that leaves ends all requests.
func TestLeavingEndsTheGatheringOfKeys(t *testing.T) {
	v := newVault(newSiteOf(t))
	arn := v.key("tfstate")
	b := v.bucket("acme-tfstate", s3types.BucketVersioningStatusEnabled)
	v.encryptBucket(b.Bucket, arn)
	for range 30 {
		v.put(b.Bucket, "app/terraform.tfstate", stateV4)
	}
	v.emulator.ResetLog()
	for _, err := range v.client(func(o *aws.Options) { o.Concurrency = 1 }).Keys(t.Context(), b) {
		if err != nil {
			t.Error(err)
		}
		break
	}
	if err := waitUntil(5*time.Second, func() bool { return !strings.Contains(stacks(), "keyGathering") }); err != nil {
		t.Error(err)
	}
	if n := countOf(v.operations(), "HeadObject"); n >= 30 {
		t.Errorf("all %d versions were looked at", n)
	}
}

func TestABackendWhoseStatesCannotBeListed(t *testing.T) {
	v := newVault(newSiteOf(t))
	arn := v.key("tfstate")
	b := v.bucket("acme-tfstate", "")
	v.encryptBucket(b.Bucket, arn)
	v.emulator.Deny("s3:ListBucket")
	keys, _, err := keysOf(t, v.client(), b)
	if !errors.Is(err, model.ErrDenied) || len(keys[arn].UsedBy.Buckets) != 1 {
		t.Errorf("keys %v, error %v", keys, err)
	}
}

// What the keys behind a backend cost: a listing of versions and a HEAD of each
// one, and five requests to KMS a key.
func TestTheRequestsThatKeysCost(t *testing.T) {
	v := newVault(newSiteOf(t))
	arn := v.key("tfstate")
	b := v.bucket("acme-tfstate", s3types.BucketVersioningStatusEnabled)
	v.encryptBucket(b.Bucket, arn)
	for i := range 12 {
		v.put(b.Bucket, fmt.Sprintf("app-%d/terraform.tfstate", i%3), stateV4)
	}
	client := v.client()
	first := map[string]int{"HeadBucket": 1, "ListObjectsV2": 1, "ListObjectVersions": 4, "HeadObject": 12, "GetBucketEncryption": 1, "ListTables": 1,
		"DescribeKey": 1, "ListAliases": 1, "GetKeyPolicy": 1, "GetKeyRotationStatus": 1, "ListKeyRotations": 1, "GetCallerIdentity": 1}
	again := map[string]int{"ListObjectsV2": 1, "ListObjectVersions": 4, "HeadObject": 3, "GetBucketEncryption": 1}
	for i, want := range []map[string]int{first, again} {
		v.emulator.ResetLog()
		if _, _, err := keysOf(t, client, b); err != nil {
			t.Fatal(err)
		}
		got := map[string]int{}
		for _, op := range v.operations() {
			got[op]++
		}
		if !maps.Equal(got, want) {
			t.Errorf("time %d: %v, want %v", i+1, got, want)
		}
	}
}
