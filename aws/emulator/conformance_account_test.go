package emulator_test

import (
	"context"
	"net/url"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	"github.com/aws/aws-sdk-go-v2/service/s3control/types"
	smithyendpoints "github.com/aws/smithy-go/endpoints"

	"github.com/stateward/stateward/aws/emulator"
)

// plainHost dials a server without the account in front of its host, which no
// name would resolve.
type plainHost string

func (p plainHost) ResolveEndpoint(context.Context, s3control.EndpointParameters) (smithyendpoints.Endpoint, error) {
	u, err := url.Parse(string(p))
	if err != nil {
		return smithyendpoints.Endpoint{}, err
	}
	return smithyendpoints.Endpoint{URI: *u}, nil
}

func accountClient(tg *target) *s3control.Client {
	return s3control.New(s3control.Options{Region: "us-east-1", EndpointResolverV2: plainHost(tg.url), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", "")})
}

const ownAccount = "123456789012"

// accountCases are the settings of the account.
func accountCases() map[string]func(*testing.T, *target) {
	return map[string]func(*testing.T, *target){
		"the account's public access block is kept and deleted": func(t *testing.T, tg *target) {
			api, account := accountClient(tg), aws.String(ownAccount)
			_, err := api.PutPublicAccessBlock(t.Context(), &s3control.PutPublicAccessBlockInput{AccountId: account,
				PublicAccessBlockConfiguration: &types.PublicAccessBlockConfiguration{BlockPublicAcls: aws.Bool(true), RestrictPublicBuckets: aws.Bool(true)}})
			check(t, err)
			out, err := api.GetPublicAccessBlock(t.Context(), &s3control.GetPublicAccessBlockInput{AccountId: account})
			check(t, err)
			got := out.PublicAccessBlockConfiguration
			equal(t, "BlockPublicAcls", aws.ToBool(got.BlockPublicAcls), true)
			equal(t, "IgnorePublicAcls", aws.ToBool(got.IgnorePublicAcls), false)
			equal(t, "BlockPublicPolicy", aws.ToBool(got.BlockPublicPolicy), false)
			equal(t, "RestrictPublicBuckets", aws.ToBool(got.RestrictPublicBuckets), true)
			_, err = api.DeletePublicAccessBlock(t.Context(), &s3control.DeletePublicAccessBlockInput{AccountId: account})
			check(t, err)
			_, err = api.GetPublicAccessBlock(t.Context(), &s3control.GetPublicAccessBlockInput{AccountId: account})
			wantError(t, err, "NoSuchPublicAccessBlockConfiguration")
		},
	}
}

// onlyAccountCases are refusals, which moto has none of.
func onlyAccountCases() map[string]only {
	get := func(t *testing.T, tg *target, account string) error {
		_, err := accountClient(tg).GetPublicAccessBlock(t.Context(), &s3control.GetPublicAccessBlockInput{AccountId: &account})
		return err
	}
	return map[string]only{
		"another account's public access block is denied": {
			reason: "moto answers for the account that is named, whoever asks",
			run: func(t *testing.T, _ *emulator.Server, tg *target) {
				wantError(t, get(t, tg, "210987654321"), "AccessDenied")
			},
		},
		"reading the account's public access block can be denied": {
			reason: "everything about Deny is ours alone",
			run: func(t *testing.T, s *emulator.Server, tg *target) {
				s.Deny("s3:GetAccountPublicAccessBlock")
				wantError(t, get(t, tg, ownAccount), "AccessDenied")
				s.Allow()
				wantError(t, get(t, tg, ownAccount), "NoSuchPublicAccessBlockConfiguration")
			},
		},
		"a bucket may have the name of the control API's version": {
			reason: "moto takes the path for the control API's",
			run: func(t *testing.T, _ *emulator.Server, tg *target) {
				b := &store{t, tg, "v20180820"}
				_, err := tg.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &b.bucket})
				check(t, err)
				b.mustPut("configuration/publicAccessBlock", "x")
			},
		},
	}
}
