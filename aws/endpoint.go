package aws

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/stateward/stateward/model"
)

// endpoint is the endpoint that the program's options or the backend name for a
// service; "" leaves the choice to the SDK and its variables.
func (c *Client) endpoint(a model.Access, service string) string {
	if c.opts.EndpointURL != "" {
		return c.opts.EndpointURL
	}
	switch service {
	case s3.ServiceID, s3control.ServiceID:
		return a.Endpoints["s3"]
	case dynamodb.ServiceID:
		return a.Endpoints["dynamodb"]
	case kms.ServiceID:
		return a.Endpoints["kms"]
	case sts.ServiceID:
		return a.Endpoints["sts"]
	}
	return ""
}

// setEndpoint overrides what the SDK found, if there is something to override it.
func setEndpoint(base **string, endpoint string) {
	if endpoint != "" {
		*base = &endpoint
	}
}

// isLocal reports whether an endpoint's host is an IP address or localhost: no
// DNS name answers for bucket.127.0.0.1, so the bucket must go into the path.
func isLocal(endpoint string) bool {
	u, err := url.Parse(endpoint)
	if err != nil || endpoint == "" {
		return false
	}
	host := u.Hostname()
	return net.ParseIP(host) != nil || host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// bucketAt is a bucket as one identity sees it at one endpoint.
type bucketAt struct {
	at     regionAt
	bucket string
}

// regionAt is a region, or with region "" a whole endpoint, as one identity sees it.
type regionAt struct {
	who      identity
	endpoint string
	region   string
}

func (c *Client) at(a model.Access, service, region string) regionAt {
	return regionAt{who: c.identityOf(a), endpoint: c.endpoint(a, service), region: region}
}

func (c *Client) bucketAt(b model.Backend) bucketAt {
	return bucketAt{at: c.at(b.Access, s3.ServiceID, ""), bucket: b.Bucket}
}

// startRegion is where the search for a bucket's region starts.
func (c *Client) startRegion(ctx context.Context, b model.Backend) (string, error) {
	if b.Region != "" {
		return b.Region, nil
	}
	s, err := c.session(ctx, b.Access)
	if err != nil {
		return "", err
	}
	return s.cfg.Region, nil
}

// regionOf is the region that a bucket lies in. S3 says it in any answer to
// HeadBucket, also in a refusal or a redirection; a store that does not say is
// asked in the region that is configured.
func (c *Client) regionOf(ctx context.Context, b model.Backend) (string, error) {
	return c.regions.get(ctx, c.bucketAt(b), func(ctx context.Context) (string, error) {
		start, err := c.startRegion(ctx, b)
		switch {
		case err != nil:
			return "", err
		case model.IsAccessPoint(b.Bucket):
			return c.pointRegion(ctx, b, start)
		case strings.HasPrefix(b.Bucket, "s3://"):
			return "", noBucket(b)
		}
		return c.headBucket(ctx, b, start)
	})
}

// pointRegion is the region of an access point; only AWS itself has any.
func (c *Client) pointRegion(ctx context.Context, b model.Backend, start string) (string, error) {
	api, err := c.s3In(ctx, b, start)
	if err != nil {
		return "", err
	}
	if sdk.ToString(api.Options().BaseEndpoint) != "" {
		return "", noBucket(b)
	}
	return orElse(model.AccessPointRegion(b.Bucket), start), nil
}

// noBucket is the failure for a name that no bucket of this endpoint can have.
func noBucket(b model.Backend) error {
	return &model.Failure{Kind: model.ErrNotFound, Tried: "finding the region", On: "s3://" + b.Bucket, Code: codeNoBucket, Next: notFoundAdvice(codeNoBucket)}
}

func (c *Client) headBucket(ctx context.Context, b model.Backend, start string) (string, error) {
	api, err := c.s3In(ctx, b, start)
	if err != nil {
		return "", err
	}
	out, err := api.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &b.Bucket})
	if err == nil {
		return orElse(sdk.ToString(out.BucketRegion), start), nil
	}
	f := failure(err, "finding the region", "s3://"+b.Bucket, "s3:ListBucket")
	if region := regionHeader(err); region != "" && !errors.Is(f, model.ErrNotFound) {
		return region, nil
	}
	// A right on keys alone is enough to work with, and an answer to HEAD has
	// no body: what is wrong is told better by the request that comes next.
	if errors.Is(f, model.ErrDenied) || errors.Is(f, model.ErrInvalid) || errors.Is(f, model.ErrUnsupported) || errors.Is(f, model.ErrStranger) {
		return start, nil
	}
	var missing *model.Failure
	if errors.As(f, &missing) && missing.Kind == model.ErrNotFound {
		missing.Code, missing.Next = codeNoBucket, notFoundAdvice(codeNoBucket)
	}
	return "", f
}

// codeNoBucket is how S3 says that there is no such bucket, where an answer has
// a body to say it in.
const codeNoBucket = "NoSuchBucket"

// regionHeader is the bucket's region as an error answer of S3 names it.
func regionHeader(err error) string { return headerOf(httpResponse(err), "X-Amz-Bucket-Region") }

func headerOf(r *http.Response, name string) string {
	if r == nil {
		return ""
	}
	return r.Header.Get(name)
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
