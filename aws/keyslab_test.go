package aws_test

import (
	"strings"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/model"
)

// vault is a site with keys of KMS.
type vault struct {
	*site
	kms *kms.Client
}

func newVault(s *site) *vault { return &vault{site: s, kms: kms.NewFromConfig(rawConfig(s.url))} }

// key makes a key with an alias, and returns its ARN.
func (v *vault) key(alias string, change ...func(*kms.CreateKeyInput)) string {
	v.t.Helper()
	in := &kms.CreateKeyInput{}
	for _, f := range change {
		f(in)
	}
	out, err := v.kms.CreateKey(v.t.Context(), in)
	v.must(err)
	if alias != "" {
		_, err = v.kms.CreateAlias(v.t.Context(), &kms.CreateAliasInput{AliasName: sdk.String("alias/" + alias), TargetKeyId: out.KeyMetadata.KeyId})
		v.must(err)
	}
	return sdk.ToString(out.KeyMetadata.Arn)
}

// encryptBucket makes a key, by any of its names, the bucket's default.
func (v *vault) encryptBucket(bucket, key string) {
	v.t.Helper()
	_, err := v.s3.PutBucketEncryption(v.t.Context(), &s3.PutBucketEncryptionInput{Bucket: &bucket,
		ServerSideEncryptionConfiguration: &s3types.ServerSideEncryptionConfiguration{Rules: []s3types.ServerSideEncryptionRule{{BucketKeyEnabled: sdk.Bool(true),
			ApplyServerSideEncryptionByDefault: &s3types.ServerSideEncryptionByDefault{SSEAlgorithm: s3types.ServerSideEncryptionAwsKms, KMSMasterKeyID: &key}}}}})
	v.must(err)
}

// putUnder writes an object under a key.
func (v *vault) putUnder(bucket, object, algorithm, key string) {
	v.t.Helper()
	in := &s3.PutObjectInput{Bucket: &bucket, Key: &object, Body: strings.NewReader(stateV4), ServerSideEncryption: s3types.ServerSideEncryption(algorithm)}
	if key != "" {
		in.SSEKMSKeyId = &key
	}
	_, err := v.s3.PutObject(v.t.Context(), in)
	v.must(err)
}

// tableUnder makes a lock table under a key, "" for the one that AWS owns.
func (v *vault) tableUnder(name, key string) {
	v.t.Helper()
	in := &dynamodb.CreateTableInput{TableName: &name, BillingMode: ddbtypes.BillingModePayPerRequest,
		KeySchema:            []ddbtypes.KeySchemaElement{{AttributeName: sdk.String("LockID"), KeyType: ddbtypes.KeyTypeHash}},
		AttributeDefinitions: []ddbtypes.AttributeDefinition{{AttributeName: sdk.String("LockID"), AttributeType: ddbtypes.ScalarAttributeTypeS}}}
	if key != "" {
		in.SSESpecification = &ddbtypes.SSESpecification{Enabled: sdk.Bool(true), SSEType: ddbtypes.SSETypeKms, KMSMasterKeyId: &key}
	}
	_, err := v.ddb.CreateTable(v.t.Context(), in)
	v.must(err)
}

// keysOf is what a client finds behind a backend, by ARN, with its last page.
func keysOf(t *testing.T, c *aws.Client, b model.Backend) (map[string]model.Key, model.KeyPage, error) {
	t.Helper()
	var last model.KeyPage
	var failed error
	for page, err := range c.Keys(t.Context(), b) {
		if err != nil {
			failed = err
			continue
		}
		if p, q := last.Progress, page.Progress; q.States < p.States || q.Read < p.Read || q.Versions < p.Versions {
			t.Errorf("progress went back from %+v to %+v", p, q)
		}
		last = page
	}
	all := map[string]model.Key{}
	for _, k := range last.Keys {
		all[k.Ref()] = k
	}
	return all, last, failed
}
