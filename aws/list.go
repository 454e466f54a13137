package aws

import (
	"context"
	"errors"
	"iter"
	"net/url"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stateward/stateward/model"
)

// listedObject is one current object of a listing.
type listedObject struct {
	key      string // verbatim
	etag     string
	size     int64
	modified time.Time
}

// objects lists the current objects below a prefix, page by page, in the order
// of their keys. An error comes last and at most once.
func (c *Client) objects(ctx context.Context, b model.Backend, prefix string) iter.Seq2[[]listedObject, error] {
	return func(yield func([]listedObject, error) bool) {
		in := &s3.ListObjectsV2Input{Bucket: &b.Bucket, Prefix: nonEmpty(prefix), EncodingType: s3types.EncodingTypeUrl}
		for {
			page, token, err := c.objectsPage(ctx, b, in)
			if err == nil && token != nil && *token == sdk.ToString(in.ContinuationToken) {
				err = endless(b.URL(prefix))
			}
			if !yield(page, err) || err != nil || token == nil {
				return
			}
			in.ContinuationToken = token
		}
	}
}

func (c *Client) objectsPage(ctx context.Context, b model.Backend, in *s3.ListObjectsV2Input) ([]listedObject, *string, error) {
	api, err := c.s3(ctx, b)
	if err != nil {
		return nil, nil, err
	}
	out, err := api.ListObjectsV2(ctx, in)
	if err != nil {
		return nil, nil, failure(err, "listing", b.URL(sdk.ToString(in.Prefix)), "s3:ListBucket")
	}
	page := make([]listedObject, 0, len(out.Contents))
	for _, o := range out.Contents {
		page = append(page, listedObject{key: decodeKey(sdk.ToString(o.Key), out.EncodingType), etag: sdk.ToString(o.ETag),
			size: sdk.ToInt64(o.Size), modified: sdk.ToTime(o.LastModified)})
	}
	if !sdk.ToBool(out.IsTruncated) {
		return page, nil, nil
	}
	return page, sdk.String(sdk.ToString(out.NextContinuationToken)), nil
}

// endless is the error of a listing that says that there is more and not where:
// what came would pass for the whole, or come again for ever.
func endless(on string) error {
	return &model.Failure{Kind: model.ErrInvalid, Tried: "listing", On: on, Cause: errors.New("a page says that more follows, and not where"),
		Next: "The endpoint's listings cannot be followed from page to page: it is no S3, or too old a store."}
}

// decodeKey undoes the encoding that a listing was asked for. It is asked for
// because XML 1.0 cannot hold every byte that a key can: one key with a control
// character in it would make its whole page unreadable. A store that does not
// know the parameter answers the keys as they are and does not claim otherwise.
func decodeKey(key string, encoding s3types.EncodingType) string {
	if encoding != s3types.EncodingTypeUrl {
		return key
	}
	if plain, err := url.QueryUnescape(key); err == nil {
		return plain
	}
	return key
}
