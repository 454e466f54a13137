package aws

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/stateward/stateward/model"
)

// Identity tells who asks. What does not need STS (profile, region, expiry) is
// filled in also beside an error, so that a page can show it where STS is out
// of reach.
func (c *Client) Identity(ctx context.Context) (model.Identity, error) {
	var own model.Backend
	id := model.Identity{Profile: c.opts.Profile, Region: c.regionOr("")}
	s, err := c.session(ctx, own.Access)
	if err != nil {
		return id, failure(err, "loading the AWS configuration", "profile "+orElse(c.opts.Profile, "default"), "")
	}
	id.Region = s.cfg.Region
	id.Profile = orElse(id.Profile, profileOf(s.cfg))
	id.Expires, _ = c.expires(ctx, own)
	api, err := c.sts(ctx, own)
	if err != nil {
		return id, failure(err, "reaching STS", "the account", "")
	}
	out, err := api.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return id, failure(err, "asking who asks", "the account", "sts:GetCallerIdentity")
	}
	id.Account, id.ARN = sdk.ToString(out.Account), sdk.ToString(out.Arn)
	return id, nil
}
