package emulator_test

import (
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// configCases are a bucket's settings: what is answered when they are absent,
// and that they are kept.
func configCases() map[string]func(*testing.T, *target) {
	cases := map[string]func(*testing.T, *target){
		"HeadBucket tells the region": func(t *testing.T, tg *target) {
			b := newStore(t, tg, false)
			out, err := tg.s3.HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: &b.bucket})
			check(t, err)
			equal(t, "region", aws.ToString(out.BucketRegion), "us-east-1")
		},
		"HeadBucket of an absent bucket is 404": func(t *testing.T, tg *target) {
			_, err := tg.s3.HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: aws.String("no-such-bucket")})
			wantStatus(t, err, 404)
		},
		"requests to an absent bucket say so": func(t *testing.T, tg *target) {
			_, err := tg.s3.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String("no-such-bucket")})
			wantError(t, err, "NoSuchBucket")
		},
		"versioning is empty until it is set": func(t *testing.T, tg *target) {
			b := newStore(t, tg, false)
			for _, want := range []types.BucketVersioningStatus{"", types.BucketVersioningStatusEnabled, types.BucketVersioningStatusSuspended} {
				if want != "" {
					b.versioning(want)
				}
				out, err := tg.s3.GetBucketVersioning(t.Context(), &s3.GetBucketVersioningInput{Bucket: &b.bucket})
				check(t, err)
				equal(t, "status", out.Status, want)
			}
		},
		"a bucket policy is kept and deleted": func(t *testing.T, tg *target) {
			b := newStore(t, tg, false)
			policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:DeleteBucket","Resource":"arn:aws:s3:::` + b.bucket + `"}]}`
			_, err := tg.s3.PutBucketPolicy(t.Context(), &s3.PutBucketPolicyInput{Bucket: &b.bucket, Policy: &policy})
			check(t, err)
			out, err := tg.s3.GetBucketPolicy(t.Context(), &s3.GetBucketPolicyInput{Bucket: &b.bucket})
			check(t, err)
			equal(t, "policy", aws.ToString(out.Policy), policy)
			_, err = tg.s3.DeleteBucketPolicy(t.Context(), &s3.DeleteBucketPolicyInput{Bucket: &b.bucket})
			check(t, err)
			_, err = tg.s3.GetBucketPolicy(t.Context(), &s3.GetBucketPolicyInput{Bucket: &b.bucket})
			wantError(t, err, "NoSuchBucketPolicy")
		},
		"a lifecycle rule for noncurrent versions is kept": func(t *testing.T, tg *target) {
			b := newStore(t, tg, true)
			rule := types.LifecycleRule{ID: aws.String("old"), Status: types.ExpirationStatusEnabled, Filter: &types.LifecycleRuleFilter{Prefix: aws.String("")}, NoncurrentVersionExpiration: &types.NoncurrentVersionExpiration{NoncurrentDays: aws.Int32(90)}}
			_, err := tg.s3.PutBucketLifecycleConfiguration(t.Context(), &s3.PutBucketLifecycleConfigurationInput{Bucket: &b.bucket, LifecycleConfiguration: &types.BucketLifecycleConfiguration{Rules: []types.LifecycleRule{rule}}})
			check(t, err)
			out, err := tg.s3.GetBucketLifecycleConfiguration(t.Context(), &s3.GetBucketLifecycleConfigurationInput{Bucket: &b.bucket})
			check(t, err)
			equal(t, "days", aws.ToInt32(out.Rules[0].NoncurrentVersionExpiration.NoncurrentDays), 90)
		},
		"a bucket's default encryption is told": func(t *testing.T, tg *target) {
			b := newStore(t, tg, false)
			key := newKey(t, tg)
			encryptByDefault(t, b, *key.KeyId)
			out, err := tg.s3.GetBucketEncryption(t.Context(), &s3.GetBucketEncryptionInput{Bucket: &b.bucket})
			check(t, err)
			rule := out.ServerSideEncryptionConfiguration.Rules[0].ApplyServerSideEncryptionByDefault
			equal(t, "algorithm", rule.SSEAlgorithm, types.ServerSideEncryptionAwsKms)
			equal(t, "key as it was put", aws.ToString(rule.KMSMasterKeyID), *key.KeyId)
		},
		"the caller's identity is told": func(t *testing.T, tg *target) {
			out, err := tg.sts.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
			check(t, err)
			equal(t, "account", aws.ToString(out.Account), "123456789012")
		},
		"a role is assumed": func(t *testing.T, tg *target) {
			out, err := tg.sts.AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::123456789012:role/operator"), RoleSessionName: aws.String("oncall")})
			check(t, err)
			equal(t, "role", aws.ToString(out.AssumedRoleUser.Arn), "arn:aws:sts::123456789012:assumed-role/operator/oncall")
			equal(t, "credentials", out.Credentials != nil && aws.ToString(out.Credentials.SessionToken) != "", true)
		},
	}
	for name, c := range absentCases() {
		cases["without "+name+" GET says "+c.code] = func(t *testing.T, tg *target) {
			b := newStore(t, tg, false)
			wantError(t, c.get(t.Context(), tg.s3, &b.bucket), c.code)
		}
	}
	return cases
}

type absentCase struct {
	code string
	get  func(context.Context, *s3.Client, *string) error
}

// absentCases are the codes that mean "not configured" rather than "failed".
func absentCases() map[string]absentCase {
	return map[string]absentCase{
		"a policy": {"NoSuchBucketPolicy", func(ctx context.Context, c *s3.Client, b *string) error {
			_, err := c.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: b})
			return err
		}},
		"lifecycle rules": {"NoSuchLifecycleConfiguration", func(ctx context.Context, c *s3.Client, b *string) error {
			_, err := c.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: b})
			return err
		}},
		"Object Lock": {"ObjectLockConfigurationNotFoundError", func(ctx context.Context, c *s3.Client, b *string) error {
			_, err := c.GetObjectLockConfiguration(ctx, &s3.GetObjectLockConfigurationInput{Bucket: b})
			return err
		}},
		"replication": {"ReplicationConfigurationNotFoundError", func(ctx context.Context, c *s3.Client, b *string) error {
			_, err := c.GetBucketReplication(ctx, &s3.GetBucketReplicationInput{Bucket: b})
			return err
		}},
		"tags": {"NoSuchTagSet", func(ctx context.Context, c *s3.Client, b *string) error {
			_, err := c.GetBucketTagging(ctx, &s3.GetBucketTaggingInput{Bucket: b})
			return err
		}},
	}
}

func newKey(t *testing.T, tg *target) *kmstypes.KeyMetadata {
	t.Helper()
	out, err := tg.kms.CreateKey(t.Context(), &kms.CreateKeyInput{Description: aws.String("state")})
	check(t, err)
	return out.KeyMetadata
}

// keyCases are the KMS reads behind a state's encryption.
func keyCases() map[string]func(*testing.T, *target) {
	return map[string]func(*testing.T, *target){
		"a key is described by id, ARN and alias": func(t *testing.T, tg *target) {
			key := newKey(t, tg)
			alias := "alias/" + unique(t)
			_, err := tg.kms.CreateAlias(t.Context(), &kms.CreateAliasInput{AliasName: &alias, TargetKeyId: key.KeyId})
			check(t, err)
			for _, name := range []string{*key.KeyId, *key.Arn, alias} {
				out, err := tg.kms.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: &name})
				check(t, err)
				equal(t, "ARN by "+name, *out.KeyMetadata.Arn, *key.Arn)
				equal(t, "state", out.KeyMetadata.KeyState, kmstypes.KeyStateEnabled)
				equal(t, "manager", out.KeyMetadata.KeyManager, kmstypes.KeyManagerTypeCustomer)
			}
		},
		"an absent key is not found": func(t *testing.T, tg *target) {
			_, err := tg.kms.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: aws.String("00000000-0000-0000-0000-000000000000")})
			wantError(t, err, "NotFoundException")
		},
		"the aliases of one key are listed": func(t *testing.T, tg *target) {
			key, other := newKey(t, tg), newKey(t, tg)
			for n, id := range []*string{key.KeyId, other.KeyId} {
				alias := "alias/" + unique(t) + string(rune('a'+n))
				_, err := tg.kms.CreateAlias(t.Context(), &kms.CreateAliasInput{AliasName: &alias, TargetKeyId: id})
				check(t, err)
			}
			out, err := tg.kms.ListAliases(t.Context(), &kms.ListAliasesInput{KeyId: key.KeyId})
			check(t, err)
			equal(t, "aliases", len(out.Aliases), 1)
			equal(t, "alias", aws.ToString(out.Aliases[0].AliasName), "alias/"+unique(t)+"a")
		},
		"rotation is off until it is enabled": func(t *testing.T, tg *target) {
			key := newKey(t, tg)
			equal(t, "before", rotates(t, tg, key.KeyId), false)
			_, err := tg.kms.EnableKeyRotation(t.Context(), &kms.EnableKeyRotationInput{KeyId: key.KeyId})
			check(t, err)
			equal(t, "after", rotates(t, tg, key.KeyId), true)
		},
		"a key is scheduled for deletion and saved from it": func(t *testing.T, tg *target) {
			key := newKey(t, tg)
			_, err := tg.kms.ScheduleKeyDeletion(t.Context(), &kms.ScheduleKeyDeletionInput{KeyId: key.KeyId, PendingWindowInDays: aws.Int32(7)})
			check(t, err)
			equal(t, "state", keyState(t, tg, key.KeyId), kmstypes.KeyStatePendingDeletion)
			_, err = tg.kms.CancelKeyDeletion(t.Context(), &kms.CancelKeyDeletionInput{KeyId: key.KeyId})
			check(t, err)
			equal(t, "state", keyState(t, tg, key.KeyId), kmstypes.KeyStateDisabled)
		},
		"a ciphertext is decrypted under its context only": func(t *testing.T, tg *target) {
			key := newKey(t, tg)
			context := map[string]string{"bucket": "b"}
			sealed, err := tg.kms.Encrypt(t.Context(), &kms.EncryptInput{KeyId: key.KeyId, Plaintext: []byte("x"), EncryptionContext: context})
			check(t, err)
			out, err := tg.kms.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: sealed.CiphertextBlob, EncryptionContext: context})
			check(t, err)
			equal(t, "plaintext", string(out.Plaintext), "x")
			_, err = tg.kms.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: sealed.CiphertextBlob})
			wantError(t, err, "InvalidCiphertextException")
		},
		"keys belong to one region": func(t *testing.T, tg *target) {
			west := regionalTarget(tg.name, tg.url, "eu-west-1")
			key := newKey(t, west)
			equal(t, "ARN", strings.HasPrefix(*key.Arn, "arn:aws:kms:eu-west-1:"), true)
			_, err := tg.kms.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: key.KeyId})
			wantError(t, err, "NotFoundException")
		},
		"a key has a policy": func(t *testing.T, tg *target) {
			key := newKey(t, tg)
			out, err := tg.kms.GetKeyPolicy(t.Context(), &kms.GetKeyPolicyInput{KeyId: key.KeyId, PolicyName: aws.String("default")})
			check(t, err)
			equal(t, "policy", aws.ToString(out.Policy) != "", true)
		},
	}
}

func rotates(t *testing.T, tg *target, id *string) bool {
	t.Helper()
	out, err := tg.kms.GetKeyRotationStatus(t.Context(), &kms.GetKeyRotationStatusInput{KeyId: id})
	check(t, err)
	return out.KeyRotationEnabled
}

func keyState(t *testing.T, tg *target, id *string) kmstypes.KeyState {
	t.Helper()
	out, err := tg.kms.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: id})
	check(t, err)
	return out.KeyMetadata.KeyState
}
