package emulator_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/stateward/stateward/aws/emulator"
)

// markerCases are delete markers and the order of histories.
func markerCases() map[string]only {
	return map[string]only{
		"versions and delete markers are interleaved, newest first": {
			reason: "moto lists all versions, then all markers",
			run: func(t *testing.T, s *emulator.Server, tg *target) {
				b := locked(t, tg, 3)
				equal(t, "order", kindsOf(t, s, b.bucket), "DeleteMarker Version DeleteMarker Version DeleteMarker Version")
			},
		},
		"MarkersLast lists versions before markers": {
			reason: "it is what moto does, asked for", options: emulator.Options{MarkersLast: true},
			run: func(t *testing.T, s *emulator.Server, tg *target) {
				b := locked(t, tg, 2)
				equal(t, "order", kindsOf(t, s, b.bucket), "Version Version DeleteMarker DeleteMarker")
			},
		},
		"a read under a delete marker is 404 and names the marker": {
			reason: "moto answers without the headers",
			run: func(t *testing.T, _ *emulator.Server, tg *target) {
				b := newStore(t, tg, true)
				b.mustPut(stateKey, "1")
				out, err := b.delete(stateKey, "", "")
				check(t, err)
				_, err = b.get(stateKey, "")
				wantError(t, err, "NoSuchKey")
				equal(t, "marker", answerHeader(t, err).Get("X-Amz-Delete-Marker"), "true")
				equal(t, "id", answerHeader(t, err).Get("X-Amz-Version-Id"), *out.VersionId)
			},
		},
		"a read of a delete marker is 405 and says what it is": {
			reason: "moto answers without the headers",
			run: func(t *testing.T, _ *emulator.Server, tg *target) {
				b := newStore(t, tg, true)
				b.mustPut(stateKey, "1")
				out, err := b.delete(stateKey, "", "")
				check(t, err)
				_, err = b.get(stateKey, *out.VersionId)
				wantError(t, err, "MethodNotAllowed")
				wantStatus(t, err, 405)
				_, err = b.head(stateKey, *out.VersionId)
				wantStatus(t, err, 405)
				equal(t, "marker", answerHeader(t, err).Get("X-Amz-Delete-Marker"), "true")
				equal(t, "time known", answerHeader(t, err).Get("Last-Modified") != "", true)
			},
		},
	}
}

// historyCases are conditions and pages over a moving history.
func historyCases() map[string]only {
	return map[string]only{
		"a delete with If-Match * needs an object": {
			reason: "moto refuses * always",
			run: func(t *testing.T, _ *emulator.Server, tg *target) {
				b := newStore(t, tg, true)
				_, err := b.delete(lockKey, "", "*")
				wantError(t, err, "NoSuchKey")
				b.mustPut(lockKey, "holder")
				_, err = b.delete(lockKey, "", "*")
				check(t, err)
				_, err = b.delete(lockKey, "", "*")
				wantStatus(t, err, 412)
			},
		},
		"a listing goes on where a version was deleted since": {
			reason: "moto forgets deleted versions",
			run: func(t *testing.T, _ *emulator.Server, tg *target) {
				b := newStore(t, tg, true)
				for n := range 6 {
					b.mustPut(stateKey, fmt.Sprint(n))
				}
				purged := purge(t, b, 2)
				equal(t, "purged", purged, 6)
			},
		},
		"one of many concurrent If-None-Match writes wins": {
			reason: "moto checks and writes in two steps: its answer would be luck",
			run: func(t *testing.T, _ *emulator.Server, tg *target) {
				b := newStore(t, tg, true)
				var wg sync.WaitGroup
				errs := make([]error, 16)
				for n := range errs {
					wg.Go(func() { _, errs[n] = b.put(lockKey, fmt.Sprint(n), ifNoneMatch) })
				}
				wg.Wait()
				won := 0
				for _, err := range errs {
					if err == nil {
						won++
						continue
					}
					wantStatus(t, err, 412)
				}
				equal(t, "winners", won, 1)
			},
		},
	}
}

// locked takes and releases a lock file n times.
func locked(t *testing.T, tg *target, n int) *store {
	t.Helper()
	b := newStore(t, tg, true)
	for range n {
		b.mustPut(lockKey, "holder", ifNoneMatch)
		_, err := b.delete(lockKey, "", "")
		check(t, err)
	}
	return b
}

// kindsOf reads the order in the XML, which the SDK does not keep.
func kindsOf(t *testing.T, s *emulator.Server, bucket string) string {
	t.Helper()
	status, body := s.Do(t0(), http.MethodGet, "/"+bucket+"?versions", nil, nil)
	equal(t, "status", status, 200)
	kinds := regexp.MustCompile("<(Version|DeleteMarker)>").FindAllStringSubmatch(string(body), -1)
	var out []string
	for _, k := range kinds {
		out = append(out, k[1])
	}
	return strings.Join(out, " ")
}

// purge deletes all versions, each page before it asks for the next.
func purge(t *testing.T, b *store, size int32) int {
	t.Helper()
	purged := 0
	p := s3.NewListObjectVersionsPaginator(b.tg.s3, &s3.ListObjectVersionsInput{Bucket: &b.bucket, MaxKeys: &size})
	for p.HasMorePages() {
		out, err := p.NextPage(t.Context())
		check(t, err)
		for _, v := range out.Versions {
			_, err := b.delete(*v.Key, *v.VersionId, "")
			check(t, err)
			purged++
		}
	}
	return purged
}

// nullVersionCases are buckets whose versioning was switched on and off.
func nullVersionCases() map[string]only {
	const reason = "moto drops all history under suspended versioning"
	return map[string]only{
		"a write under suspended versioning replaces the null version only": {
			reason: reason,
			run: func(t *testing.T, _ *emulator.Server, tg *target) {
				b := newStore(t, tg, true)
				_, kept := b.mustPut(stateKey, "kept")
				b.versioning(types.BucketVersioningStatusSuspended)
				_, id := b.mustPut(stateKey, "lost")
				equal(t, "id", id, "null")
				b.mustPut(stateKey, "now")
				equal(t, "versions", len(listVersions(t, b, "").Versions), 2)
				b.wantBody(stateKey, kept, "kept")
				b.wantBody(stateKey, "null", "now")
			},
		},
		"the null version keeps its place in the history until it is replaced": {
			reason: reason,
			run: func(t *testing.T, _ *emulator.Server, tg *target) {
				b := newStore(t, tg, false)
				b.mustPut(stateKey, "before")
				b.versioning(types.BucketVersioningStatusEnabled)
				b.mustPut(stateKey, "between")
				equal(t, "oldest", *listVersions(t, b, "").Versions[1].VersionId, "null")
				b.versioning(types.BucketVersioningStatusSuspended)
				b.mustPut(stateKey, "after")
				out := listVersions(t, b, "")
				equal(t, "newest", *out.Versions[0].VersionId, "null")
				equal(t, "versions", len(out.Versions), 2)
			},
		},
		"a delete under suspended versioning leaves a null marker": {
			reason: reason,
			run: func(t *testing.T, _ *emulator.Server, tg *target) {
				b := newStore(t, tg, true)
				_, kept := b.mustPut(stateKey, "kept")
				b.versioning(types.BucketVersioningStatusSuspended)
				b.mustPut(stateKey, "lost")
				out, err := b.delete(stateKey, "", "")
				check(t, err)
				equal(t, "marker", aws.ToString(out.VersionId), "null")
				_, err = b.get(stateKey, "null")
				wantStatus(t, err, 405)
				b.wantBody(stateKey, kept, "kept")
			},
		},
	}
}

// storeOptionCases are servers that act otherwise on request, and pages.
func storeOptionCases() map[string]only {
	return map[string]only{
		"IgnoreConditions overwrites and deletes regardless": {
			reason: "moto keeps conditions", options: emulator.Options{IgnoreConditions: true},
			run: func(t *testing.T, _ *emulator.Server, tg *target) {
				b := newStore(t, tg, true)
				b.mustPut(lockKey, "first", ifNoneMatch)
				b.mustPut(lockKey, "second", ifNoneMatch)
				b.wantBody(lockKey, "", "second")
				_, err := b.delete(lockKey, "", stale)
				check(t, err)
			},
		},
		"PageSize bounds every listing": {
			reason: "moto has no such option", options: emulator.Options{PageSize: 2},
			run: func(t *testing.T, _ *emulator.Server, tg *target) {
				pagedKeys(t, tg, &s3.ListObjectsV2Input{}, 7, 4)
			},
		},
		"buckets are listed page by page, with their regions": {
			reason: "moto ignores max-buckets",
			run: func(t *testing.T, _ *emulator.Server, tg *target) {
				for n := range 3 {
					_, err := tg.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String(fmt.Sprintf("fleet-%d", n))})
					check(t, err)
				}
				p := s3.NewListBucketsPaginator(tg.s3, &s3.ListBucketsInput{MaxBuckets: aws.Int32(2), Prefix: aws.String("fleet-")})
				pages, found := 0, 0
				for p.HasMorePages() {
					out, err := p.NextPage(t.Context())
					check(t, err)
					pages, found = pages+1, found+len(out.Buckets)
					equal(t, "region", aws.ToString(out.Buckets[0].BucketRegion), "us-east-1")
				}
				equal(t, "pages", pages, 2)
				equal(t, "buckets", found, 3)
			},
		},
	}
}
