package emulator_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/stateward/stateward/aws/emulator"
)

// t0 is when the tests with a clock of their own begin.
func t0() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

const days = 24 * time.Hour

// keyStateCases are keys that cannot be used now.
func keyStateCases() map[string]only {
	return map[string]only{
		"a disabled key refuses cryptography and rotation, and takes its ARN": {
			reason: "moto encrypts all the same, and fails on ARNs here",
			run: func(t *testing.T, _ *emulator.Server, tg *target) {
				key := newKey(t, tg)
				_, err := tg.kms.DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: key.Arn})
				check(t, err)
				_, err = tg.kms.Encrypt(t.Context(), &kms.EncryptInput{KeyId: key.Arn, Plaintext: []byte("x")})
				wantError(t, err, "DisabledException")
				_, err = tg.kms.EnableKeyRotation(t.Context(), &kms.EnableKeyRotationInput{KeyId: key.Arn})
				wantError(t, err, "DisabledException")
			},
		},
		"a key is gone when its waiting period is over": {
			reason: "moto's keys wait for ever",
			run: func(t *testing.T, s *emulator.Server, tg *target) {
				now := t0()
				s.SetClock(func() time.Time { return now })
				key := newKey(t, tg)
				out, err := tg.kms.ScheduleKeyDeletion(t.Context(), &kms.ScheduleKeyDeletionInput{KeyId: key.KeyId, PendingWindowInDays: aws.Int32(7)})
				check(t, err)
				equal(t, "date", *out.DeletionDate, now.Add(7*days))
				now = now.Add(7 * days)
				_, err = tg.kms.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: key.KeyId})
				wantError(t, err, "NotFoundException")
			},
		},
		"alias/aws/s3 names a key that AWS manages": {
			reason: "moto calls its manager CUSTOMER",
			run: func(t *testing.T, _ *emulator.Server, tg *target) {
				out, err := tg.kms.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: aws.String("alias/aws/s3")})
				check(t, err)
				equal(t, "manager", out.KeyMetadata.KeyManager, kmstypes.KeyManagerTypeAws)
				equal(t, "rotation", rotates(t, tg, out.KeyMetadata.KeyId), true)
				_, err = tg.kms.DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: out.KeyMetadata.KeyId})
				wantError(t, err, "AccessDeniedException")
			},
		},
		"a key for imported material, of several Regions too, waits for it and rotates on demand only": {
			reason: "moto rotates it",
			run: func(t *testing.T, _ *emulator.Server, tg *target) {
				out, err := tg.kms.CreateKey(t.Context(), &kms.CreateKeyInput{Origin: kmstypes.OriginTypeExternal, MultiRegion: aws.Bool(true)})
				check(t, err)
				id := out.KeyMetadata.KeyId
				equal(t, "state", out.KeyMetadata.KeyState, kmstypes.KeyStatePendingImport)
				_, err = tg.kms.ImportKeyMaterial(t.Context(), &kms.ImportKeyMaterialInput{KeyId: id, ImportToken: []byte("t"), EncryptedKeyMaterial: []byte("m"), ExpirationModel: kmstypes.ExpirationModelTypeKeyMaterialDoesNotExpire})
				check(t, err)
				equal(t, "state", keyState(t, tg, id), kmstypes.KeyStateEnabled)
				_, err = tg.kms.EnableKeyRotation(t.Context(), &kms.EnableKeyRotationInput{KeyId: id})
				wantError(t, err, "UnsupportedOperationException")
				_, err = tg.kms.RotateKeyOnDemand(t.Context(), &kms.RotateKeyOnDemandInput{KeyId: id})
				check(t, err)
			},
		},
	}
}

// rotationCases are the dates of rotations.
func rotationCases() map[string]only {
	const reason = "moto knows neither periods nor dates"
	enable := func(t *testing.T, tg *target, key *kmstypes.KeyMetadata, period int32) {
		t.Helper()
		_, err := tg.kms.EnableKeyRotation(t.Context(), &kms.EnableKeyRotationInput{KeyId: key.KeyId, RotationPeriodInDays: &period})
		check(t, err)
	}
	next := func(t *testing.T, tg *target, key *kmstypes.KeyMetadata) time.Time {
		t.Helper()
		out, err := tg.kms.GetKeyRotationStatus(t.Context(), &kms.GetKeyRotationStatusInput{KeyId: key.KeyId})
		check(t, err)
		return aws.ToTime(out.NextRotationDate)
	}
	return map[string]only{
		"the next rotation is a period away, and moves on when it is past": {
			reason: reason,
			run: func(t *testing.T, s *emulator.Server, tg *target) {
				now := t0()
				s.SetClock(func() time.Time { return now })
				key := newKey(t, tg)
				enable(t, tg, key, 180)
				equal(t, "next", next(t, tg, key), t0().Add(180*days))
				now = now.Add(400 * days)
				equal(t, "next", next(t, tg, key), t0().Add(540*days))
				_, err := tg.kms.RotateKeyOnDemand(t.Context(), &kms.RotateKeyOnDemandInput{KeyId: key.KeyId})
				check(t, err)
				equal(t, "history", history(t, tg, key), "AUTOMATIC+180d AUTOMATIC+360d ON_DEMAND+400d")
			},
		},
		"a doomed key reports no rotation, a saved one its old schedule": {
			reason: reason,
			run: func(t *testing.T, s *emulator.Server, tg *target) {
				now := t0()
				s.SetClock(func() time.Time { return now })
				key := newKey(t, tg)
				enable(t, tg, key, 90)
				_, err := tg.kms.ScheduleKeyDeletion(t.Context(), &kms.ScheduleKeyDeletionInput{KeyId: key.KeyId})
				check(t, err)
				equal(t, "pending", rotates(t, tg, key.KeyId), false)
				_, err = tg.kms.CancelKeyDeletion(t.Context(), &kms.CancelKeyDeletionInput{KeyId: key.KeyId})
				check(t, err)
				equal(t, "disabled", rotates(t, tg, key.KeyId), true)
				equal(t, "next", next(t, tg, key), t0().Add(90*days))
			},
		},
		"a disabled key makes up for a missed rotation when it is enabled": {
			reason: reason,
			run: func(t *testing.T, s *emulator.Server, tg *target) {
				now := t0()
				s.SetClock(func() time.Time { return now })
				key := newKey(t, tg)
				enable(t, tg, key, 90)
				_, err := tg.kms.DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: key.KeyId})
				check(t, err)
				now = now.Add(200 * days)
				equal(t, "history", history(t, tg, key), "")
				_, err = tg.kms.EnableKey(t.Context(), &kms.EnableKeyInput{KeyId: key.KeyId})
				check(t, err)
				equal(t, "history", history(t, tg, key), "AUTOMATIC+200d")
			},
		},
	}
}

// history is a key's rotations, in days since t0.
func history(t *testing.T, tg *target, key *kmstypes.KeyMetadata) string {
	t.Helper()
	out, err := tg.kms.ListKeyRotations(t.Context(), &kms.ListKeyRotationsInput{KeyId: key.KeyId})
	check(t, err)
	var all []string
	for _, r := range out.Rotations {
		all = append(all, fmt.Sprintf("%s+%dd", r.RotationType, int(r.RotationDate.Sub(t0())/days)))
	}
	return strings.Join(all, " ")
}

// expressionCases are DynamoDB's errors and rarer reads.
func expressionCases() map[string]only {
	cases := map[string]only{
		"a repeated transaction token commits once": {
			reason: "moto commits again",
			run: func(t *testing.T, _ *emulator.Server, tg *target) {
				r := newRows(t, tg)
				in := &dynamodb.TransactWriteItemsInput{ClientRequestToken: aws.String("one"), TransactItems: []types.TransactWriteItem{
					{Put: &types.Put{TableName: &r.name, Item: values{"LockID": str("a")}, ConditionExpression: aws.String("attribute_not_exists(LockID)")}},
				}}
				for range 2 {
					_, err := tg.ddb.TransactWriteItems(t.Context(), in)
					check(t, err)
				}
				in.TransactItems[0].Put.Item = values{"LockID": str("b")}
				_, err := tg.ddb.TransactWriteItems(t.Context(), in)
				wantError(t, err, "IdempotentParameterMismatchException")
			},
		},
	}
	for what, condition := range map[string]string{
		"an unbalanced parenthesis":   "attribute_not_exists(LockID",
		"a half comparison":           "LockID =",
		"an undefined value":          "LockID = :nope AND Info = :v",
		"an undefined name":           "#nope = :v",
		"a value that nothing uses":   "attribute_exists(LockID)",
		"a function without its path": "attribute_exists(:v)",
		"a stray character":           "LockID = :v ;",
		"nothing at all":              " ",
	} {
		cases["a condition with "+what+" is a ValidationException"] = only{
			reason: "moto answers some of them with a 500",
			run: func(t *testing.T, _ *emulator.Server, tg *target) {
				r := newRows(t, tg)
				wantError(t, r.put(values{"LockID": str("a")}, condition, values{":v": str("x")}), "ValidationException")
				equal(t, "rows written", len(r.get("a")), 0)
			},
		}
	}
	return cases
}

// regionCases are resources of more than one region.
func regionCases() map[string]only {
	return map[string]only{
		"a bucket answers with its region, and only there if asked to": {
			reason: "moto serves every bucket to every region", options: emulator.Options{EnforceRegion: true},
			run: func(t *testing.T, s *emulator.Server, tg *target) {
				west := regionalTarget("emulator", s.URL(), "eu-west-1")
				b := &store{t, west, "west-bucket"}
				_, err := west.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &b.bucket, CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: "eu-west-1"}})
				check(t, err)
				b.mustPut(stateKey, "x")
				head, err := west.s3.HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: &b.bucket})
				check(t, err)
				equal(t, "region", aws.ToString(head.BucketRegion), "eu-west-1")
				_, err = tg.s3.HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: &b.bucket})
				wantStatus(t, err, 301)
				equal(t, "region", answerHeader(t, err).Get("X-Amz-Bucket-Region"), "eu-west-1")
			},
		},
	}
}
