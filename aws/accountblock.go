package aws

import (
	"context"
	"net/url"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	smithyendpoints "github.com/aws/smithy-go/endpoints"
	"github.com/stateward/stateward/model"
)

// askingAccount is the account whose credentials a backend is read with, asked
// for once.
func (c *Client) askingAccount(ctx context.Context, b model.Backend) (string, error) {
	return c.keys.accounts.get(ctx, c.identityOf(b.Access), func(ctx context.Context) (string, error) { return c.accountOf(ctx, b) })
}

// s3control is the client for the settings of a whole account. It goes where S3
// goes: a bucket in a store that is not AWS has no account at AWS that counts,
// and its keys are nobody else's business.
func (c *Client) s3control(ctx context.Context, b model.Backend) (*s3control.Client, error) {
	api, err := c.s3(ctx, b)
	if err != nil {
		return nil, err
	}
	at := api.Options()
	endpoint := sdk.ToString(at.BaseEndpoint)
	return clientFor(ctx, c, &c.controls, s3control.ServiceID, b, at.Region, func(s *session, k clientKey) *s3control.Client {
		return s3control.NewFromConfig(s.cfg, func(o *s3control.Options) {
			o.Region, o.Retryer = k.region, c.retryer()
			setEndpoint(&o.BaseEndpoint, orElse(k.endpoint, endpoint))
			o.EndpointResolverV2 = hostResolver{o.EndpointResolverV2}
			o.APIOptions = append(o.APIOptions, c.stack(s, k, sdk.ToString(o.BaseEndpoint), false)...)
		})
	})
}

// hostResolver leaves the account out of the host name of an endpoint that is
// not AWS's, where no name would resolve. The account stands in a header as well.
type hostResolver struct{ next s3control.EndpointResolverV2 }

// ResolveEndpoint implements s3control.EndpointResolverV2.
func (r hostResolver) ResolveEndpoint(ctx context.Context, p s3control.EndpointParameters) (smithyendpoints.Endpoint, error) {
	if p.Endpoint != nil && !isAWSHost(*p.Endpoint) {
		p.AccountId, p.RequiresAccountId = nil, nil
	}
	return r.next.ResolveEndpoint(ctx, p)
}

// isAWSHost reports whether an endpoint is one of AWS's own, such as a VPC's.
func isAWSHost(endpoint string) bool {
	u, err := url.Parse(endpoint)
	if err != nil {
		return false
	}
	for _, domain := range []string{".amazonaws.com", ".amazonaws.com.cn", ".api.aws"} {
		if strings.HasSuffix(u.Hostname(), domain) {
			return true
		}
	}
	return false
}
