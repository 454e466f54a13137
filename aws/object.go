package aws

import (
	"context"
	"crypto/md5" //nolint:gosec // the header that S3 asks for
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	"github.com/stateward/stateward/model"
)

// object is an object that was read, with what its answer said.
type object struct {
	Body         []byte
	VersionID    string // "" where the bucket was never versioned
	ETag         string // verbatim, with its quotes
	ContentType  string
	Encryption   model.Encryption
	LastModified time.Time
	ServerTime   time.Time // the answer's Date
	Size         int64     // of the whole object, also where Body is a part of it
}

// fetch is what is wanted of an object.
type fetch struct {
	key       string
	versionID string // "" is the current version
	match     string // only while the ETag is this; "" is any
	first     int64  // only the first bytes; 0 is all
	limit     int64  // read no more than this of what comes; 0 is all

	progress func(read, total int64) // told of the bytes that came; nil: nobody
}

// getObject reads a whole object. An absent object, or one whose newest version
// is a delete marker, is model.ErrNotFound.
func (c *Client) getObject(ctx context.Context, b model.Backend, key, versionID string) (*object, error) {
	return c.fetch(ctx, b, fetch{key: key, versionID: versionID})
}

// fetch reads an object or its front. A range of an empty object is answered
// 416 by S3; then the object is read without one.
func (c *Client) fetch(ctx context.Context, b model.Backend, f fetch) (*object, error) {
	out, err := c.open(ctx, b, f)
	if f.first > 0 && httpStatus(err) == http.StatusRequestedRangeNotSatisfiable {
		f.first = 0
		out, err = c.open(ctx, b, f)
	}
	if err != nil {
		return nil, objectFailure(err, b, f)
	}
	o, err := readObject(out, f)
	if err != nil {
		return nil, objectFailure(err, b, f)
	}
	if o.ServerTime.IsZero() {
		o.ServerTime = c.serviceNow()
	}
	return o, nil
}

func objectFailure(err error, b model.Backend, f fetch) error {
	on, action := b.URL(f.key), "s3:GetObject"
	if f.versionID != "" {
		on, action = on+"?versionId="+f.versionID, "s3:GetObjectVersion"
	}
	return failure(err, "reading", on, action)
}

// open sends the GET. Whether an object is encrypted with a customer's key is
// known only from the refusal of a request that is wrong about it, so the other
// form is tried then.
func (c *Client) open(ctx context.Context, b model.Backend, f fetch) (*s3.GetObjectOutput, error) {
	api, err := c.s3(ctx, b)
	if err != nil {
		return nil, err
	}
	key, have, err := c.customerKey(b)
	if err != nil {
		return nil, err
	}
	withKey := have && b.Write.SSECustomerKeyEnv != ""
	out, err := api.GetObject(ctx, getInput(b, f, key, withKey))
	if err == nil || !isWrongKeyForm(err) {
		return out, err
	}
	if !have {
		return nil, &model.Failure{Tried: "reading", On: b.URL(f.key), Code: "InvalidRequest",
			Cause: fmt.Errorf("%w: set %s", errCustomerKey, customerKeyVariable(b)),
			Next:  "It is encrypted with a key that only its writers have: put it into " + customerKeyVariable(b) + "."}
	}
	return api.GetObject(ctx, getInput(b, f, key, !withKey))
}

// errCustomerKey says that an object cannot be read without a key that is not here.
const errCustomerKey = model.Sentinel("encrypted with a customer's key")

func getInput(b model.Backend, f fetch, key customerKey, withKey bool) *s3.GetObjectInput {
	in := &s3.GetObjectInput{Bucket: &b.Bucket, Key: &f.key, VersionId: nonEmpty(f.versionID), IfMatch: nonEmpty(f.match)}
	if f.first > 0 {
		in.Range = sdk.String("bytes=0-" + strconv.FormatInt(f.first-1, 10))
	}
	if withKey {
		in.SSECustomerAlgorithm, in.SSECustomerKey, in.SSECustomerKeyMD5 = sdk.String("AES256"), &key.encoded, &key.md5
	}
	return in
}

// isWrongKeyForm reports whether S3 wants a customer's key, or wants none. It
// says so with a code that it uses for much else, so the text decides.
func isWrongKeyForm(err error) bool {
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != "InvalidRequest" {
		return false
	}
	message := strings.ToLower(api.ErrorMessage())
	return strings.Contains(message, "server side encryption") || strings.Contains(message, "encryption parameters")
}

func readObject(out *s3.GetObjectOutput, f fetch) (*object, error) {
	defer out.Body.Close() //nolint:errcheck // what matters was read, or the read failed
	o := &object{
		VersionID: sdk.ToString(out.VersionId), ETag: sdk.ToString(out.ETag), ContentType: sdk.ToString(out.ContentType),
		Encryption: encryptionOf(out), LastModified: sdk.ToTime(out.LastModified), ServerTime: serverTime(out.ResultMetadata),
	}
	var body io.Reader = out.Body
	if f.limit > 0 {
		body = io.LimitReader(body, f.limit)
	}
	if f.progress != nil {
		body = &countedReader{Reader: body, total: sdk.ToInt64(out.ContentLength), progress: f.progress}
	}
	var err error
	if o.Body, err = readAll(body, expected(sdk.ToInt64(out.ContentLength), f.limit)); err != nil {
		return nil, err
	}
	o.Size = max(totalSize(out), int64(len(o.Body)))
	return o, nil
}

// expected is how much will come of a body of this size.
func expected(size, limit int64) int64 {
	if limit > 0 {
		return min(size, limit)
	}
	return size
}

// totalSize is the size of the whole object: of "bytes 0-511/1234" the part
// behind the slash.
func totalSize(out *s3.GetObjectOutput) int64 {
	if _, after, ok := strings.Cut(sdk.ToString(out.ContentRange), "/"); ok {
		if n, err := strconv.ParseInt(after, 10, 64); err == nil {
			return n
		}
	}
	return sdk.ToInt64(out.ContentLength)
}

func encryptionOf(out *s3.GetObjectOutput) model.Encryption {
	return storedEncryption(out.ServerSideEncryption, out.SSECustomerAlgorithm, out.SSEKMSKeyId, out.BucketKeyEnabled)
}

// storedEncryption is what the headers of an answer say of an object.
func storedEncryption(by s3types.ServerSideEncryption, customer, key *string, bucketKey *bool) model.Encryption {
	e := model.Encryption{Algorithm: string(by), KMSKeyID: sdk.ToString(key), BucketKey: sdk.ToBool(bucketKey)}
	switch {
	case customer != nil:
		e.Algorithm = "SSE-C"
	case e.Algorithm == "":
		e.Algorithm = "none"
	}
	return e
}

// serverTime is the answer's Date; zero when it has none.
func serverTime(m middleware.Metadata) time.Time {
	t, _ := awsmiddleware.GetServerTime(m)
	return t
}

// customerKey is a key of SSE-C as the headers want it.
type customerKey struct {
	encoded string // base64
	md5     string // base64 of the MD5 of the key itself
}

// customerKeyVariable names the variable that holds the key: the one that the
// config names, else the one that the clients read.
func customerKeyVariable(b model.Backend) string {
	return orElse(b.Write.SSECustomerKeyEnv, "AWS_SSE_CUSTOMER_KEY")
}

// customerKey reads the key of SSE-C from its variable; ok is false where none
// is set. The key itself appears in no error.
func (c *Client) customerKey(b model.Backend) (key customerKey, ok bool, err error) {
	if c.opts.Static != nil {
		return key, false, nil
	}
	encoded := os.Getenv(customerKeyVariable(b))
	if encoded == "" {
		return key, false, nil
	}
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || len(raw) != 32 {
		return key, false, &model.Failure{Kind: model.ErrInvalid, Tried: "reading the variable", On: customerKeyVariable(b),
			Cause: fmt.Errorf("it must be 32 bytes in base64"), Next: "The key must be 32 bytes in base64."}
	}
	sum := md5.Sum(raw) //nolint:gosec // the header that S3 asks for
	return customerKey{encoded: encoded, md5: base64.StdEncoding.EncodeToString(sum[:])}, true, nil
}
