package emulator_test

import (
	"io"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// store is a bucket of a target, with the requests in short.
type store struct {
	t      *testing.T
	tg     *target
	bucket string
}

func newStore(t *testing.T, tg *target, versioned bool) *store {
	t.Helper()
	b := &store{t, tg, unique(t)}
	_, err := tg.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &b.bucket})
	check(t, err)
	if versioned {
		b.versioning(types.BucketVersioningStatusEnabled)
	}
	return b
}

func (b *store) versioning(status types.BucketVersioningStatus) {
	b.t.Helper()
	_, err := b.tg.s3.PutBucketVersioning(b.t.Context(), &s3.PutBucketVersioningInput{
		Bucket: &b.bucket, VersioningConfiguration: &types.VersioningConfiguration{Status: status},
	})
	check(b.t, err)
}

// put stores a body; edit may change the request.
func (b *store) put(key, body string, edit ...func(*s3.PutObjectInput)) (*s3.PutObjectOutput, error) {
	in := &s3.PutObjectInput{Bucket: &b.bucket, Key: &key, Body: strings.NewReader(body)}
	for _, f := range edit {
		f(in)
	}
	return b.tg.s3.PutObject(b.t.Context(), in)
}

// mustPut returns the ETag and the version id.
func (b *store) mustPut(key, body string, edit ...func(*s3.PutObjectInput)) (etag, version string) {
	b.t.Helper()
	out, err := b.put(key, body, edit...)
	check(b.t, err)
	return aws.ToString(out.ETag), aws.ToString(out.VersionId)
}

func (b *store) get(key, version string) (string, error) {
	in := &s3.GetObjectInput{Bucket: &b.bucket, Key: &key, ChecksumMode: types.ChecksumModeEnabled}
	if version != "" {
		in.VersionId = &version
	}
	out, err := b.tg.s3.GetObject(b.t.Context(), in)
	if err != nil {
		return "", err
	}
	body, err := io.ReadAll(out.Body)
	if err != nil {
		return "", err
	}
	return string(body), out.Body.Close()
}

func (b *store) wantBody(key, version, want string) {
	b.t.Helper()
	got, err := b.get(key, version)
	check(b.t, err)
	equal(b.t, "body of "+key, got, want)
}

func (b *store) head(key, version string) (*s3.HeadObjectOutput, error) {
	in := &s3.HeadObjectInput{Bucket: &b.bucket, Key: &key, ChecksumMode: types.ChecksumModeEnabled}
	if version != "" {
		in.VersionId = &version
	}
	return b.tg.s3.HeadObject(b.t.Context(), in)
}

func (b *store) delete(key, version, match string) (*s3.DeleteObjectOutput, error) {
	in := &s3.DeleteObjectInput{Bucket: &b.bucket, Key: &key}
	if version != "" {
		in.VersionId = &version
	}
	if match != "" {
		in.IfMatch = &match
	}
	return b.tg.s3.DeleteObject(b.t.Context(), in)
}

func ifNoneMatch(in *s3.PutObjectInput) { in.IfNoneMatch = aws.String("*") }

func ifMatch(etag string) func(*s3.PutObjectInput) {
	return func(in *s3.PutObjectInput) { in.IfMatch = &etag }
}

const (
	stateKey = "env/prod/terraform.tfstate"
	lockKey  = stateKey + ".tflock"
	stale    = `"00000000000000000000000000000000"`
)

// writeCases are the conditional writes that locks and restores rest on.
func writeCases() map[string]func(*testing.T, *target) {
	return map[string]func(*testing.T, *target){
		"If-None-Match * takes a free key and refuses a taken one": func(t *testing.T, tg *target) {
			b := newStore(t, tg, true)
			b.mustPut(lockKey, "first", ifNoneMatch)
			_, err := b.put(lockKey, "second", ifNoneMatch)
			wantStatus(t, err, 412)
			wantError(t, err, "PreconditionFailed")
			b.wantBody(lockKey, "", "first")
		},
		"If-None-Match * takes a key whose newest version is a delete marker": func(t *testing.T, tg *target) {
			b := newStore(t, tg, true)
			b.mustPut(lockKey, "first", ifNoneMatch)
			_, err := b.delete(lockKey, "", "")
			check(t, err)
			b.mustPut(lockKey, "second", ifNoneMatch)
			b.wantBody(lockKey, "", "second")
		},
		"If-Match with the current ETag replaces": func(t *testing.T, tg *target) {
			b := newStore(t, tg, true)
			etag, _ := b.mustPut(stateKey, "1")
			b.mustPut(stateKey, "2", ifMatch(etag))
			b.wantBody(stateKey, "", "2")
		},
		"If-Match with an older ETag changes nothing": func(t *testing.T, tg *target) {
			b := newStore(t, tg, true)
			old, _ := b.mustPut(stateKey, "1")
			b.mustPut(stateKey, "2")
			_, err := b.put(stateKey, "3", ifMatch(old))
			wantStatus(t, err, 412)
			b.wantBody(stateKey, "", "2")
		},
		"If-Match on an absent key stores nothing": func(t *testing.T, tg *target) {
			b := newStore(t, tg, true)
			_, err := b.put(stateKey, "1", ifMatch(stale))
			wantError(t, err, "NoSuchKey", "PreconditionFailed")
			_, err = b.get(stateKey, "")
			wantError(t, err, "NoSuchKey")
		},
		"If-Match on a deleted key stores nothing": func(t *testing.T, tg *target) {
			b := newStore(t, tg, true)
			etag, _ := b.mustPut(stateKey, "1")
			_, err := b.delete(stateKey, "", "")
			check(t, err)
			_, err = b.put(stateKey, "2", ifMatch(etag))
			wantError(t, err, "NoSuchKey", "PreconditionFailed")
			_, err = b.get(stateKey, "")
			wantError(t, err, "NoSuchKey")
		},
	}
}

// deleteCases are the deletes that release a lock.
func deleteCases() map[string]func(*testing.T, *target) {
	return map[string]func(*testing.T, *target){
		"a delete with another ETag leaves the lock to its holder": func(t *testing.T, tg *target) {
			b := newStore(t, tg, true)
			b.mustPut(lockKey, "holder")
			_, err := b.delete(lockKey, "", stale)
			wantStatus(t, err, 412)
			b.wantBody(lockKey, "", "holder")
		},
		"a delete with the right ETag covers the lock with a marker": func(t *testing.T, tg *target) {
			b := newStore(t, tg, true)
			etag, version := b.mustPut(lockKey, "holder")
			out, err := b.delete(lockKey, "", etag)
			check(t, err)
			equal(t, "delete marker", aws.ToBool(out.DeleteMarker), true)
			_, err = b.head(lockKey, "")
			wantStatus(t, err, 404)
			b.wantBody(lockKey, version, "holder")
		},
		"a delete with the right ETag removes the lock of an unversioned bucket": func(t *testing.T, tg *target) {
			b := newStore(t, tg, false)
			etag, _ := b.mustPut(lockKey, "holder")
			_, err := b.delete(lockKey, "", etag)
			check(t, err)
			_, err = b.get(lockKey, "")
			wantError(t, err, "NoSuchKey")
		},
		"a delete with an ETag of an absent key is refused": func(t *testing.T, tg *target) {
			b := newStore(t, tg, true)
			_, err := b.delete(lockKey, "", stale)
			wantError(t, err, "NoSuchKey", "PreconditionFailed")
		},
		"an unconditional delete of an absent key succeeds": func(t *testing.T, tg *target) {
			b := newStore(t, tg, false)
			_, err := b.delete(lockKey, "", "")
			check(t, err)
		},
	}
}

// objectCases are reads, ranges, checksums and encryption of single objects.
func objectCases() map[string]func(*testing.T, *target) {
	return map[string]func(*testing.T, *target){
		"Range returns the front of a longer object": func(t *testing.T, tg *target) {
			b := newStore(t, tg, true)
			b.mustPut(stateKey, "0123456789")
			equal(t, "bytes 2-4", rangeOf(t, b, "bytes=2-4"), "234")
		},
		"Range beyond the end returns what there is": func(t *testing.T, tg *target) {
			b := newStore(t, tg, true)
			b.mustPut(stateKey, "0123456789")
			equal(t, "bytes 0-511", rangeOf(t, b, "bytes=0-511"), "0123456789")
			equal(t, "last 3 bytes", rangeOf(t, b, "bytes=-3"), "789")
		},
		"Range on an empty object is not satisfiable": func(t *testing.T, tg *target) {
			b := newStore(t, tg, true)
			b.mustPut(stateKey, "")
			key := stateKey
			_, err := tg.s3.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &b.bucket, Key: &key, Range: aws.String("bytes=0-511")})
			wantStatus(t, err, 416)
		},
		"a SHA-256 checksum is kept and told": func(t *testing.T, tg *target) {
			b := newStore(t, tg, true)
			b.mustPut(stateKey, "hello", func(in *s3.PutObjectInput) { in.ChecksumAlgorithm = types.ChecksumAlgorithmSha256 })
			out, err := b.head(stateKey, "")
			check(t, err)
			equal(t, "checksum", aws.ToString(out.ChecksumSHA256), "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=")
		},
		"HEAD tells size, type, metadata and time": func(t *testing.T, tg *target) {
			b := newStore(t, tg, true)
			etag, version := b.mustPut(stateKey, "hello", func(in *s3.PutObjectInput) {
				in.ContentType, in.Metadata = aws.String("application/json"), map[string]string{"by": "terraform"}
			})
			out, err := b.head(stateKey, version)
			check(t, err)
			equal(t, "size", aws.ToInt64(out.ContentLength), 5)
			equal(t, "type", aws.ToString(out.ContentType), "application/json")
			equal(t, "metadata", out.Metadata["by"], "terraform")
			equal(t, "ETag", aws.ToString(out.ETag), etag)
			equal(t, "time known", out.LastModified.IsZero(), false)
		},
		"the ETag of a plain object is its MD5": func(t *testing.T, tg *target) {
			b := newStore(t, tg, true)
			etag, _ := b.mustPut(stateKey, "hello")
			equal(t, "ETag", etag, `"5d41402abc4b2a76b9719d911017c592"`)
		},
	}
}

// headerCases are the encryption of objects.
func headerCases() map[string]func(*testing.T, *target) {
	return map[string]func(*testing.T, *target){
		"SSE-KMS headers are kept and told": func(t *testing.T, tg *target) {
			b := newStore(t, tg, true)
			key := newKey(t, tg)
			b.mustPut(stateKey, "hello", func(in *s3.PutObjectInput) {
				in.ServerSideEncryption, in.SSEKMSKeyId, in.BucketKeyEnabled = types.ServerSideEncryptionAwsKms, key.Arn, aws.Bool(true)
			})
			out, err := b.head(stateKey, "")
			check(t, err)
			equal(t, "algorithm", out.ServerSideEncryption, types.ServerSideEncryptionAwsKms)
			equal(t, "key", aws.ToString(out.SSEKMSKeyId), *key.Arn)
			equal(t, "bucket key", aws.ToBool(out.BucketKeyEnabled), true)
			b.wantBody(stateKey, "", "hello")
		},
		"AES256 headers are kept and told": func(t *testing.T, tg *target) {
			b := newStore(t, tg, true)
			b.mustPut(stateKey, "hello", func(in *s3.PutObjectInput) { in.ServerSideEncryption = types.ServerSideEncryptionAes256 })
			out, err := b.head(stateKey, "")
			check(t, err)
			equal(t, "algorithm", out.ServerSideEncryption, types.ServerSideEncryptionAes256)
		},
		"the bucket's default encryption applies where no header speaks": func(t *testing.T, tg *target) {
			b := newStore(t, tg, true)
			key := newKey(t, tg)
			encryptByDefault(t, b, *key.Arn)
			b.mustPut(stateKey, "hello")
			out, err := b.head(stateKey, "")
			check(t, err)
			equal(t, "algorithm", out.ServerSideEncryption, types.ServerSideEncryptionAwsKms)
			equal(t, "key", aws.ToString(out.SSEKMSKeyId), *key.Arn)
		},
		"an AES256 header overrides a bucket default of KMS": func(t *testing.T, tg *target) {
			b := newStore(t, tg, true)
			encryptByDefault(t, b, *newKey(t, tg).Arn)
			b.mustPut(stateKey, "x", func(in *s3.PutObjectInput) { in.ServerSideEncryption = types.ServerSideEncryptionAes256 })
			out, err := b.head(stateKey, "")
			check(t, err)
			equal(t, "algorithm", out.ServerSideEncryption, types.ServerSideEncryptionAes256)
		},
	}
}

// attributeCases are parts, tags and permissions of objects.
func attributeCases() map[string]func(*testing.T, *target) {
	return map[string]func(*testing.T, *target){
		"an upload in parts has an ETag that is no MD5 of the object": func(t *testing.T, tg *target) {
			b := newStore(t, tg, true)
			etag := uploadParts(t, b, stateKey, strings.Repeat("x", 5<<20), "tail")
			if !strings.HasSuffix(etag, `-2"`) {
				t.Fatalf("ETag %s does not end in -2", etag)
			}
			out, err := b.head(stateKey, "")
			check(t, err)
			equal(t, "size", aws.ToInt64(out.ContentLength), 5<<20+4)
			equal(t, "tail", rangeOf(t, b, "bytes=-6"), "xxtail")
		},
		"tags are kept": func(t *testing.T, tg *target) {
			b := newStore(t, tg, true)
			key := stateKey
			b.mustPut(key, "hello", func(in *s3.PutObjectInput) { in.Tagging = aws.String("team=core&note=a%20b") })
			out, err := tg.s3.GetObjectTagging(t.Context(), &s3.GetObjectTaggingInput{Bucket: &b.bucket, Key: &key})
			check(t, err)
			got := map[string]string{}
			for _, one := range out.TagSet {
				got[*one.Key] = *one.Value
			}
			equal(t, "team", got["team"], "core")
			equal(t, "note", got["note"], "a b")
		},
		"GetObjectAcl of a private object grants the owner alone": func(t *testing.T, tg *target) {
			b := newStore(t, tg, true)
			key := stateKey
			b.mustPut(key, "hello")
			out, err := tg.s3.GetObjectAcl(t.Context(), &s3.GetObjectAclInput{Bucket: &b.bucket, Key: &key})
			check(t, err)
			equal(t, "grants", len(out.Grants), 1)
			equal(t, "permission", out.Grants[0].Permission, types.PermissionFullControl)
		},
		"GET with If-None-Match of the current ETag sends no body": func(t *testing.T, tg *target) {
			b := newStore(t, tg, true)
			etag, _ := b.mustPut(stateKey, "hello")
			key := stateKey
			_, err := tg.s3.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &b.bucket, Key: &key, IfNoneMatch: &etag})
			wantStatus(t, err, 304)
		},
	}
}

func rangeOf(t *testing.T, b *store, header string) string {
	t.Helper()
	key := stateKey
	out, err := b.tg.s3.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &b.bucket, Key: &key, Range: &header})
	check(t, err)
	body, err := io.ReadAll(out.Body)
	check(t, err)
	check(t, out.Body.Close())
	return string(body)
}

// uploadParts stores an object in parts and returns its ETag.
func uploadParts(t *testing.T, b *store, key string, parts ...string) string {
	t.Helper()
	start, err := b.tg.s3.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: &b.bucket, Key: &key})
	check(t, err)
	var done []types.CompletedPart
	for n, body := range parts {
		number := aws.Int32(int32(n) + 1)
		out, err := b.tg.s3.UploadPart(t.Context(), &s3.UploadPartInput{Bucket: &b.bucket, Key: &key, UploadId: start.UploadId, PartNumber: number, Body: strings.NewReader(body)})
		check(t, err)
		done = append(done, types.CompletedPart{PartNumber: number, ETag: out.ETag})
	}
	end, err := b.tg.s3.CompleteMultipartUpload(t.Context(), &s3.CompleteMultipartUploadInput{
		Bucket: &b.bucket, Key: &key, UploadId: start.UploadId, MultipartUpload: &types.CompletedMultipartUpload{Parts: done},
	})
	check(t, err)
	return aws.ToString(end.ETag)
}

func encryptByDefault(t *testing.T, b *store, key string) {
	t.Helper()
	rule := types.ServerSideEncryptionRule{ApplyServerSideEncryptionByDefault: &types.ServerSideEncryptionByDefault{
		SSEAlgorithm: types.ServerSideEncryptionAwsKms, KMSMasterKeyID: &key,
	}}
	_, err := b.tg.s3.PutBucketEncryption(t.Context(), &s3.PutBucketEncryptionInput{
		Bucket: &b.bucket, ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{Rules: []types.ServerSideEncryptionRule{rule}},
	})
	check(t, err)
}
