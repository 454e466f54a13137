package emulator_test

import (
	"crypto/md5"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/stateward/stateward/aws/emulator"
)

func underKey(key string) func(*s3.PutObjectInput) {
	return func(in *s3.PutObjectInput) {
		in.ServerSideEncryption, in.SSEKMSKeyId = types.ServerSideEncryptionAwsKms, &key
	}
}

// encryptionCases are objects whose keys matter.
func encryptionCases() map[string]only {
	return map[string]only{
		"the ETag under a KMS key is no MD5": {
			reason: "moto's ETag is always the MD5",
			run: func(t *testing.T, _ *emulator.Server, tg *target) {
				b := newStore(t, tg, true)
				key := *newKey(t, tg).Arn
				one, _ := b.mustPut(stateKey, "hello", underKey(key))
				two, _ := b.mustPut(stateKey, "hello", underKey(key))
				equal(t, "same ETag for the same bytes", one == two, false)
				equal(t, "is the MD5", strings.Contains(one, "5d41402abc4b2a76b9719d911017c592"), false)
			},
		},
		"key ids and aliases come back as the key's ARN": {
			reason: "moto gives back what was put",
			run: func(t *testing.T, _ *emulator.Server, tg *target) {
				b := newStore(t, tg, true)
				key, alias := newKey(t, tg), "alias/state"
				_, err := tg.kms.CreateAlias(t.Context(), &kms.CreateAliasInput{AliasName: &alias, TargetKeyId: key.KeyId})
				check(t, err)
				for _, name := range []string{*key.KeyId, *key.Arn, alias} {
					out, err := b.put(stateKey, "x", underKey(name))
					check(t, err)
					equal(t, "key for "+name, aws.ToString(out.SSEKMSKeyId), *key.Arn)
				}
			},
		},
		"a version under a disabled or doomed key cannot be read": {
			reason: "moto's S3 does not ask its KMS",
			run: func(t *testing.T, _ *emulator.Server, tg *target) {
				b := newStore(t, tg, true)
				key := newKey(t, tg)
				_, version := b.mustPut(stateKey, "hello", underKey(*key.Arn))
				_, err := tg.kms.DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: key.Arn})
				check(t, err)
				_, err = b.get(stateKey, version)
				wantError(t, err, "KMS.DisabledException")
				_, err = b.put(stateKey, "again", underKey(*key.Arn))
				wantError(t, err, "KMS.DisabledException")
				_, err = tg.kms.ScheduleKeyDeletion(t.Context(), &kms.ScheduleKeyDeletionInput{KeyId: key.Arn})
				check(t, err)
				_, err = b.get(stateKey, version)
				wantError(t, err, "KMS.KMSInvalidStateException")
				_, err = tg.s3.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &b.bucket, Key: aws.String(stateKey)})
				check(t, err) // headers need no key
			},
		},
		"a write under an absent key is refused": {
			reason: "moto's S3 does not ask its KMS",
			run: func(t *testing.T, _ *emulator.Server, tg *target) {
				b := newStore(t, tg, true)
				_, err := b.put(stateKey, "x", underKey("alias/nope"))
				wantError(t, err, "KMS.NotFoundException")
			},
		},
		"an object under the customer's key needs that key": {
			reason: "moto does not enforce SSE-C",
			run:    func(t *testing.T, _ *emulator.Server, tg *target) { customerKeyStory(t, newStore(t, tg, true)) },
		},
	}
}

// integrityCases are defaults of encryption, and checksums.
func integrityCases() map[string]only {
	return map[string]only{
		"a bucket encrypts with AES256 until told otherwise": {
			reason: "moto answers that there is no encryption",
			run: func(t *testing.T, _ *emulator.Server, tg *target) {
				b := newStore(t, tg, true)
				out, err := tg.s3.GetBucketEncryption(t.Context(), &s3.GetBucketEncryptionInput{Bucket: &b.bucket})
				check(t, err)
				equal(t, "algorithm", out.ServerSideEncryptionConfiguration.Rules[0].ApplyServerSideEncryptionByDefault.SSEAlgorithm, types.ServerSideEncryptionAes256)
				b.mustPut(stateKey, "x")
				head, err := b.head(stateKey, "")
				check(t, err)
				equal(t, "object", head.ServerSideEncryption, types.ServerSideEncryptionAes256)
			},
		},
		"a body that does not match its checksum is refused": {
			reason: "moto stores it",
			run: func(t *testing.T, _ *emulator.Server, tg *target) {
				b := newStore(t, tg, true)
				_, err := b.put(stateKey, "hello", func(in *s3.PutObjectInput) {
					in.ChecksumSHA256 = aws.String("LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCU=")
				})
				wantError(t, err, "BadDigest")
			},
		},
		"every checksum algorithm is checked and told": {
			reason: "moto lacks CRC64NVME",
			run: func(t *testing.T, _ *emulator.Server, tg *target) {
				b := newStore(t, tg, true)
				for _, a := range []types.ChecksumAlgorithm{types.ChecksumAlgorithmCrc32, types.ChecksumAlgorithmCrc32c, types.ChecksumAlgorithmSha1, types.ChecksumAlgorithmSha256} {
					b.mustPut(stateKey, "hello", func(in *s3.PutObjectInput) { in.ChecksumAlgorithm = a })
					b.wantBody(stateKey, "", "hello") // the SDK verifies what it is told
				}
				b.mustPut(stateKey, "123456789", func(in *s3.PutObjectInput) { in.ChecksumCRC64NVME = aws.String("rosUhgp5mIg=") })
				head, err := b.head(stateKey, "")
				check(t, err)
				equal(t, "CRC64NVME", aws.ToString(head.ChecksumCRC64NVME), "rosUhgp5mIg=")
			},
		},
	}
}

// customerKeyStory writes under one customer's key and reads without it, with
// it, and with another.
func customerKeyStory(t *testing.T, b *store) {
	encode := func(key string) (value, sum *string) {
		digest := md5.Sum([]byte(key))
		return aws.String(base64.StdEncoding.EncodeToString([]byte(key))), aws.String(base64.StdEncoding.EncodeToString(digest[:]))
	}
	right, rightSum := encode(strings.Repeat("k", 32))
	wrong, wrongSum := encode(strings.Repeat("w", 32))
	algorithm := aws.String("AES256")
	b.mustPut(stateKey, "hello", func(in *s3.PutObjectInput) {
		in.SSECustomerAlgorithm, in.SSECustomerKey, in.SSECustomerKeyMD5 = algorithm, right, rightSum
	})
	_, err := b.get(stateKey, "")
	wantStatus(t, err, 400)
	_, err = b.head(stateKey, "")
	wantStatus(t, err, 400)
	in := &s3.GetObjectInput{Bucket: &b.bucket, Key: aws.String(stateKey), SSECustomerAlgorithm: algorithm, SSECustomerKey: wrong, SSECustomerKeyMD5: wrongSum}
	_, err = b.tg.s3.GetObject(t.Context(), in)
	wantStatus(t, err, 403)
	in.SSECustomerKey, in.SSECustomerKeyMD5 = right, rightSum
	out, err := b.tg.s3.GetObject(t.Context(), in)
	check(t, err)
	equal(t, "key told", aws.ToString(out.SSECustomerKeyMD5), *rightSum)
	check(t, out.Body.Close())
}

// protectionCases are settings that guard a bucket.
func protectionCases() map[string]only {
	return map[string]only{
		"a new bucket blocks all public access and refuses ACLs": {
			reason: "moto's defaults are those from before April 2023",
			run: func(t *testing.T, _ *emulator.Server, tg *target) {
				b := newStore(t, tg, true)
				out, err := tg.s3.GetPublicAccessBlock(t.Context(), &s3.GetPublicAccessBlockInput{Bucket: &b.bucket})
				check(t, err)
				equal(t, "policies blocked", aws.ToBool(out.PublicAccessBlockConfiguration.BlockPublicPolicy), true)
				_, err = b.put(stateKey, "x", func(in *s3.PutObjectInput) { in.ACL = types.ObjectCannedACLPublicRead })
				wantError(t, err, "AccessControlListNotSupported")
				b.mustPut(stateKey, "x", func(in *s3.PutObjectInput) { in.ACL = types.ObjectCannedACLBucketOwnerFullControl })
			},
		},
		"a policy that allows everyone is public once it is not blocked": {
			reason: "moto answers an empty PolicyStatus",
			run: func(t *testing.T, _ *emulator.Server, tg *target) {
				b := newStore(t, tg, true)
				in := &s3.PutBucketPolicyInput{Bucket: &b.bucket, Policy: aws.String(`{"Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"s3:GetObject","Resource":"*"}]}`)}
				_, err := tg.s3.PutBucketPolicy(t.Context(), in)
				wantError(t, err, "AccessDenied")
				_, err = tg.s3.DeletePublicAccessBlock(t.Context(), &s3.DeletePublicAccessBlockInput{Bucket: &b.bucket})
				check(t, err)
				_, err = tg.s3.PutBucketPolicy(t.Context(), in)
				check(t, err)
				out, err := tg.s3.GetBucketPolicyStatus(t.Context(), &s3.GetBucketPolicyStatusInput{Bucket: &b.bucket})
				check(t, err)
				equal(t, "public", aws.ToBool(out.PolicyStatus.IsPublic), true)
			},
		},
		"a condition keeps a policy from being public only by fixed values that tell who asks": {
			reason: "moto answers an empty PolicyStatus",
			run: func(t *testing.T, _ *emulator.Server, tg *target) {
				b := newStore(t, tg, true)
				_, err := tg.s3.DeletePublicAccessBlock(t.Context(), &s3.DeletePublicAccessBlockInput{Bucket: &b.bucket})
				check(t, err)
				for condition, public := range map[string]bool{
					`"StringEquals":{"aws:SourceVpce":"vpce-1"}`:                          false,
					`"StringEquals":{"aws:PrincipalOrgID":["o-1","o-2"]}`:                 false,
					`"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}`:                         false,
					`"IpAddress":{"aws:SourceIp":["192.0.2.0/24","0.0.0.0/1"]}`:           true,
					`"StringLike":{"aws:SourceVpce":"vpce-*"}`:                            true,
					`"StringLike":{"aws:Referer":"https://example.com/"}`:                 true,
					`"Bool":{"aws:SecureTransport":"true"}`:                               true,
					`"StringNotEquals":{"aws:SourceVpc":"vpc-1"}`:                         true,
					`"StringEqualsIfExists":{"aws:SourceVpc":"vpc-1"}`:                    true,
					`"Bool":{"aws:SecureTransport":true},"StringEquals":{"aws:UserId":7}`: true,
				} {
					_, err := tg.s3.PutBucketPolicy(t.Context(), &s3.PutBucketPolicyInput{Bucket: &b.bucket,
						Policy: aws.String(`{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"*","Condition":{` + condition + `}}}`)})
					check(t, err)
					out, err := tg.s3.GetBucketPolicyStatus(t.Context(), &s3.GetBucketPolicyStatusInput{Bucket: &b.bucket})
					check(t, err)
					equal(t, condition, aws.ToBool(out.PolicyStatus.IsPublic), public)
				}
			},
		},
		"MFA delete is kept and guards versions": {
			reason: "moto does not store it",
			run: func(t *testing.T, _ *emulator.Server, tg *target) {
				b := newStore(t, tg, true)
				_, id := b.mustPut(stateKey, "x")
				_, err := tg.s3.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{Bucket: &b.bucket, MFA: aws.String("device 123456"),
					VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled, MFADelete: types.MFADeleteEnabled}})
				check(t, err)
				out, err := tg.s3.GetBucketVersioning(t.Context(), &s3.GetBucketVersioningInput{Bucket: &b.bucket})
				check(t, err)
				equal(t, "status", out.MFADelete, types.MFADeleteStatusEnabled)
				_, err = b.delete(stateKey, id, "")
				wantError(t, err, "AccessDenied")
				_, err = b.delete(stateKey, "", "")
				check(t, err) // markers need no second factor
			},
		},
		"a retained version stays, a new one and a marker go over it": {
			reason: "moto fails on GetObjectRetention",
			run:    retentionStory,
		},
		"a lifecycle rule keeps NewerNoncurrentVersions": {
			reason: "moto loses it",
			run: func(t *testing.T, _ *emulator.Server, tg *target) {
				b := newStore(t, tg, true)
				rule := types.LifecycleRule{ID: aws.String("old"), Status: types.ExpirationStatusEnabled, Filter: &types.LifecycleRuleFilter{Prefix: aws.String("")}, NoncurrentVersionExpiration: &types.NoncurrentVersionExpiration{NoncurrentDays: aws.Int32(90), NewerNoncurrentVersions: aws.Int32(10)}}
				_, err := tg.s3.PutBucketLifecycleConfiguration(t.Context(), &s3.PutBucketLifecycleConfigurationInput{Bucket: &b.bucket, LifecycleConfiguration: &types.BucketLifecycleConfiguration{Rules: []types.LifecycleRule{rule}}})
				check(t, err)
				out, err := tg.s3.GetBucketLifecycleConfiguration(t.Context(), &s3.GetBucketLifecycleConfigurationInput{Bucket: &b.bucket})
				check(t, err)
				equal(t, "newer kept", aws.ToInt32(out.Rules[0].NoncurrentVersionExpiration.NewerNoncurrentVersions), 10)
			},
		},
	}
}

func retentionStory(t *testing.T, s *emulator.Server, tg *target) {
	now := t0()
	s.SetClock(func() time.Time { return now })
	b := &store{t, tg, "locked-bucket"}
	_, err := tg.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &b.bucket, ObjectLockEnabledForBucket: aws.Bool(true)})
	check(t, err)
	_, id := b.mustPut(stateKey, "x", func(in *s3.PutObjectInput) {
		in.ObjectLockMode, in.ObjectLockRetainUntilDate = types.ObjectLockModeCompliance, aws.Time(now.Add(time.Hour))
	})
	key := stateKey
	out, err := tg.s3.GetObjectRetention(t.Context(), &s3.GetObjectRetentionInput{Bucket: &b.bucket, Key: &key})
	check(t, err)
	equal(t, "mode", out.Retention.Mode, types.ObjectLockRetentionModeCompliance)
	_, err = b.delete(stateKey, id, "")
	wantError(t, err, "AccessDenied")
	b.mustPut(stateKey, "y")
	_, err = b.delete(stateKey, "", "")
	check(t, err)
	now = now.Add(2 * time.Hour)
	_, err = b.delete(stateKey, id, "")
	check(t, err)
}
