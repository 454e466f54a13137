package aws

import (
	"context"
	"errors"
	"iter"
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
		var pages, firsts trail
		for {
			page, token, err := c.objectsPage(ctx, b, in)
			again := len(page) > 0 && !firsts.fresh(page[0].key)
			if err == nil && (again || token != nil && !pages.fresh(*token)) {
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

// endless is the error of a listing that says that there is more and not where,
// or leads back: what came would pass for the whole, or come again for ever.
func endless(on string) error {
	return &model.Failure{Kind: model.ErrInvalid, Tried: "listing", On: on, Cause: errors.New("a page says that more follows, and not where, or leads back to one before"),
		Next: "The list is not complete: the endpoint's listings cannot be followed from page to page. It is no S3, or too old a store."}
}
