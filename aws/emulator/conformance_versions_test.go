package emulator_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// versionCases are what the history of a state is read from.
func versionCases() map[string]func(*testing.T, *target) {
	return map[string]func(*testing.T, *target){
		"versions come newest first and the first is the latest": func(t *testing.T, tg *target) {
			b := newStore(t, tg, true)
			var want []string
			for n := range 4 {
				_, id := b.mustPut(stateKey, fmt.Sprint(n))
				want = append([]string{id}, want...)
			}
			out := listVersions(t, b, "")
			var got []string
			for n, v := range out.Versions {
				got = append(got, *v.VersionId)
				equal(t, "latest", aws.ToBool(v.IsLatest), n == 0)
			}
			if !slices.Equal(got, want) {
				t.Fatalf("got %v, want %v", got, want)
			}
		},
		"every version is read by its id": func(t *testing.T, tg *target) {
			b := newStore(t, tg, true)
			_, first := b.mustPut(stateKey, "1")
			_, second := b.mustPut(stateKey, "2")
			b.wantBody(stateKey, first, "1")
			b.wantBody(stateKey, second, "2")
			b.wantBody(stateKey, "", "2")
		},
		"a version id of another key is not found": func(t *testing.T, tg *target) {
			b := newStore(t, tg, true)
			b.mustPut(stateKey, "1")
			_, other := b.mustPut("other", "2")
			_, err := b.get(stateKey, other)
			wantError(t, err, "NoSuchVersion")
		},
		"a version id that is none is refused": func(t *testing.T, tg *target) {
			b := newStore(t, tg, true)
			b.mustPut(stateKey, "1")
			_, err := b.get(stateKey, "not-a-version")
			wantError(t, err, "NoSuchVersion", "InvalidArgument")
		},
	}
}

// undoCases are versions and markers that go, come back, or were there first.
func undoCases() map[string]func(*testing.T, *target) {
	return map[string]func(*testing.T, *target){
		"deleting a marker by its id brings the object back": func(t *testing.T, tg *target) {
			b := newStore(t, tg, true)
			b.mustPut(stateKey, "1")
			out, err := b.delete(stateKey, "", "")
			check(t, err)
			_, err = b.get(stateKey, "")
			wantError(t, err, "NoSuchKey")
			_, err = b.delete(stateKey, *out.VersionId, "")
			check(t, err)
			b.wantBody(stateKey, "", "1")
		},
		"deleting the newest version resurrects the one beneath": func(t *testing.T, tg *target) {
			b := newStore(t, tg, true)
			b.mustPut(lockKey, "old holder")
			_, id := b.mustPut(lockKey, "new holder")
			_, err := b.delete(lockKey, id, "")
			check(t, err)
			b.wantBody(lockKey, "", "old holder")
		},
		"deleting a version that is gone succeeds": func(t *testing.T, tg *target) {
			b := newStore(t, tg, true)
			b.mustPut(stateKey, "1")
			_, id := b.mustPut(stateKey, "2")
			for range 2 {
				_, err := b.delete(stateKey, id, "")
				check(t, err)
			}
			b.wantBody(stateKey, "", "1")
		},
		"objects from before versioning have the version null": func(t *testing.T, tg *target) {
			b := newStore(t, tg, false)
			b.mustPut(stateKey, "before")
			b.versioning(types.BucketVersioningStatusEnabled)
			b.mustPut(stateKey, "after")
			out := listVersions(t, b, "")
			equal(t, "versions", len(out.Versions), 2)
			equal(t, "oldest", aws.ToString(out.Versions[1].VersionId), "null")
			b.wantBody(stateKey, "null", "before")
		},
		"a delete marker is listed as latest beside the versions": func(t *testing.T, tg *target) {
			b := newStore(t, tg, true)
			b.mustPut(stateKey, "1")
			_, err := b.delete(stateKey, "", "")
			check(t, err)
			out := listVersions(t, b, "")
			equal(t, "versions", len(out.Versions), 1)
			equal(t, "markers", len(out.DeleteMarkers), 1)
			equal(t, "version latest", aws.ToBool(out.Versions[0].IsLatest), false)
			equal(t, "marker latest", aws.ToBool(out.DeleteMarkers[0].IsLatest), true)
		},
	}
}

// historyPageCases are pages over histories, and operations on many versions.
func historyPageCases() map[string]func(*testing.T, *target) {
	return map[string]func(*testing.T, *target){
		"a prefix finds the lock file beside the state": func(t *testing.T, tg *target) {
			b := newStore(t, tg, true)
			b.mustPut(stateKey, "1")
			b.mustPut(lockKey, "2")
			equal(t, "versions", len(listVersions(t, b, stateKey).Versions), 2)
		},
		"pages of 2 versions hold every entry once": func(t *testing.T, tg *target) { pagedVersions(t, tg, 2) },
		"pages of 3 versions hold every entry once": func(t *testing.T, tg *target) { pagedVersions(t, tg, 3) },
		"a copy of an old version becomes the newest": func(t *testing.T, tg *target) {
			b := newStore(t, tg, true)
			_, old := b.mustPut(stateKey, "1")
			b.mustPut(stateKey, "2")
			key := stateKey
			out, err := tg.s3.CopyObject(t.Context(), &s3.CopyObjectInput{Bucket: &b.bucket, Key: &key, CopySource: aws.String(b.bucket + "/" + key + "?versionId=" + old)})
			check(t, err)
			equal(t, "source", aws.ToString(out.CopySourceVersionId), old)
			b.wantBody(stateKey, "", "1")
			equal(t, "versions", len(listVersions(t, b, "").Versions), 3)
		},
		"DeleteObjects removes versions and markers": func(t *testing.T, tg *target) {
			b := newStore(t, tg, true)
			b.mustPut(stateKey, "1")
			_, err := b.delete(stateKey, "", "")
			check(t, err)
			out := listVersions(t, b, "")
			ids := []types.ObjectIdentifier{
				{Key: out.Versions[0].Key, VersionId: out.Versions[0].VersionId},
				{Key: out.DeleteMarkers[0].Key, VersionId: out.DeleteMarkers[0].VersionId},
			}
			_, err = tg.s3.DeleteObjects(t.Context(), &s3.DeleteObjectsInput{Bucket: &b.bucket, Delete: &types.Delete{Objects: ids}})
			check(t, err)
			out = listVersions(t, b, "")
			equal(t, "left", len(out.Versions)+len(out.DeleteMarkers), 0)
		},
	}
}

func listVersions(t *testing.T, b *store, prefix string) *s3.ListObjectVersionsOutput {
	t.Helper()
	out, err := b.tg.s3.ListObjectVersions(t.Context(), &s3.ListObjectVersionsInput{Bucket: &b.bucket, Prefix: &prefix})
	check(t, err)
	return out
}

// pagedVersions lists 5 versions and 2 markers of two keys.
func pagedVersions(t *testing.T, tg *target, size int32) {
	b := newStore(t, tg, true)
	for n := range 4 {
		b.mustPut("a", fmt.Sprint(n))
	}
	_, err := b.delete("a", "", "")
	check(t, err)
	b.mustPut("b", "b")
	_, err = b.delete("b", "", "")
	check(t, err)
	seen := map[string]int{}
	p := s3.NewListObjectVersionsPaginator(tg.s3, &s3.ListObjectVersionsInput{Bucket: &b.bucket, MaxKeys: &size})
	pages := 0
	for p.HasMorePages() && pages < 20 {
		out, err := p.NextPage(t.Context())
		check(t, err)
		pages++
		for _, v := range out.Versions {
			seen[*v.Key+*v.VersionId]++
		}
		for _, v := range out.DeleteMarkers {
			seen[*v.Key+*v.VersionId]++
		}
	}
	equal(t, "entries", len(seen), 7)
	equal(t, "pages", pages, (7+int(size)-1)/int(size))
	for id, n := range seen {
		equal(t, id, n, 1)
	}
}

// listCases are the listings that find states.
func listCases() map[string]func(*testing.T, *target) {
	return map[string]func(*testing.T, *target){
		"pages of 2 keys hold every key once, in order": func(t *testing.T, tg *target) {
			pagedKeys(t, tg, &s3.ListObjectsV2Input{MaxKeys: aws.Int32(2)}, 7, 4)
		},
		"pages of 3 keys hold every key once, in order": func(t *testing.T, tg *target) {
			pagedKeys(t, tg, &s3.ListObjectsV2Input{MaxKeys: aws.Int32(3)}, 7, 3)
		},
		"a delimiter folds workspaces, page by page": func(t *testing.T, tg *target) {
			pagedKeys(t, tg, &s3.ListObjectsV2Input{MaxKeys: aws.Int32(2), Prefix: aws.String("env:/"), Delimiter: aws.String("/")}, 5, 3)
		},
		"start-after leaves out what comes before": func(t *testing.T, tg *target) {
			pagedKeys(t, tg, &s3.ListObjectsV2Input{StartAfter: aws.String("env:/ws2/app")}, 4, 1)
		},
		"a deleted key is not listed": func(t *testing.T, tg *target) {
			b := newStore(t, tg, true)
			b.mustPut(stateKey, "1")
			b.mustPut("other", "1")
			_, err := b.delete(stateKey, "", "")
			check(t, err)
			equal(t, "keys", fmt.Sprint(keysOf(t, b, &s3.ListObjectsV2Input{})), "[other]")
		},
		"encoding-type url escapes keys": func(t *testing.T, tg *target) {
			b := newStore(t, tg, false)
			b.mustPut("a b/ü", "1")
			out, err := tg.s3.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &b.bucket, EncodingType: types.EncodingTypeUrl})
			check(t, err)
			got := aws.ToString(out.Contents[0].Key)
			if got != "a+b/%C3%BC" && got != "a%20b/%C3%BC" {
				t.Fatalf("got %q", got)
			}
		},
		"a key with control characters needs encoding-type url": func(t *testing.T, tg *target) {
			b := newStore(t, tg, true)
			b.mustPut("evil\x1b[2J.tfstate", "1")
			_, err := tg.s3.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &b.bucket})
			equal(t, "plain listing fails", err != nil, true)
			equal(t, "key", fmt.Sprint(keysOf(t, b, &s3.ListObjectsV2Input{EncodingType: types.EncodingTypeUrl})), "[evil%1B%5B2J.tfstate]")
		},
	}
}

// pagedKeys lists seven objects, five of them in workspaces.
func pagedKeys(t *testing.T, tg *target, in *s3.ListObjectsV2Input, keys, pages int) {
	t.Helper()
	b := newStore(t, tg, true)
	for n := range 5 {
		b.mustPut(fmt.Sprintf("env:/ws%d/app.tfstate", n), "x")
	}
	b.mustPut("app.tfstate", "x")
	b.mustPut("z.tfstate", "x")
	in.Bucket = &b.bucket
	p := s3.NewListObjectsV2Paginator(tg.s3, in)
	var got []string
	n := 0
	for p.HasMorePages() && n < 20 {
		out, err := p.NextPage(t.Context())
		check(t, err)
		n++
		got = append(got, namesOf(out)...)
	}
	equal(t, "pages", n, pages)
	equal(t, "keys", len(got), keys)
	equal(t, "in order, each once", slices.IsSorted(got) && len(slices.Compact(got)) == keys, true)
}

func namesOf(out *s3.ListObjectsV2Output) []string {
	var names []string
	for _, o := range out.Contents {
		names = append(names, *o.Key)
	}
	for _, p := range out.CommonPrefixes {
		names = append(names, *p.Prefix)
	}
	return names
}

func keysOf(t *testing.T, b *store, in *s3.ListObjectsV2Input) []string {
	t.Helper()
	in.Bucket = &b.bucket
	out, err := b.tg.s3.ListObjectsV2(t.Context(), in)
	check(t, err)
	return namesOf(out)
}
