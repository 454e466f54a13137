package aws

import (
	"context"
	"net/http"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stateward/stateward/model"
)

// head reads what there is to know of a version without its bytes. An answer to
// HEAD has no body, so a request that is wrong about a customer's key is told
// by its bare 400; then the other form is tried.
func (c *Client) head(ctx context.Context, b model.Backend, key, versionID string) (*s3.HeadObjectOutput, error) {
	api, err := c.s3(ctx, b)
	if err != nil {
		return nil, err
	}
	customer, have, err := c.customerKey(b)
	if err != nil {
		return nil, err
	}
	withKey := have && b.Write.SSECustomerKeyEnv != ""
	out, err := api.HeadObject(ctx, headInput(b, key, versionID, customer, withKey))
	if err != nil && have && httpStatus(err) == http.StatusBadRequest {
		out, err = api.HeadObject(ctx, headInput(b, key, versionID, customer, !withKey))
	}
	if err != nil {
		action := "s3:GetObject"
		if versionID != "" {
			action = "s3:GetObjectVersion"
		}
		return nil, failure(err, "reading the headers", b.URL(key), action)
	}
	return out, nil
}

func headInput(b model.Backend, key, versionID string, customer customerKey, withKey bool) *s3.HeadObjectInput {
	in := &s3.HeadObjectInput{Bucket: &b.Bucket, Key: &key, VersionId: nonEmpty(versionID)}
	if withKey {
		in.SSECustomerAlgorithm, in.SSECustomerKey, in.SSECustomerKeyMD5 = sdk.String("AES256"), &customer.encoded, &customer.md5
	}
	return in
}

// headState reads which version is current, without its bytes.
func (c *Client) headState(ctx context.Context, b model.Backend, key string) (*object, error) {
	return c.headVersion(ctx, b, key, "")
}

// headVersion reads what the headers of a version say.
func (c *Client) headVersion(ctx context.Context, b model.Backend, key, versionID string) (*object, error) {
	out, err := c.head(ctx, b, key, versionID)
	if err != nil {
		return nil, err
	}
	return &object{VersionID: sdk.ToString(out.VersionId), ETag: sdk.ToString(out.ETag), Size: sdk.ToInt64(out.ContentLength)}, nil
}

// versionEncryption reads how a version is stored without reading the version:
// its key may be out of service, and a HEAD says which one it is.
func (c *Client) versionEncryption(ctx context.Context, b model.Backend, key, versionID string) (model.Encryption, error) {
	out, err := c.head(ctx, b, key, versionID)
	if err != nil {
		return model.Encryption{}, err
	}
	return storedEncryption(out.ServerSideEncryption, out.SSECustomerAlgorithm, out.SSEKMSKeyId, out.BucketKeyEnabled), nil
}
