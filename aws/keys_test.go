package aws_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stateward/stateward/model"
)

// Every name of a key stands for one key: the bucket names it by its alias, a
// version by its ARN, the table by its id.
func TestEveryNameOfAKeyIsOneKey(t *testing.T) {
	everyTarget(t, func(t *testing.T, s *site) {
		v := newVault(s)
		arn, old := v.key("tfstate"), v.key("former")
		b := v.bucket("acme-tfstate", s3types.BucketVersioningStatusEnabled)
		v.tableUnder("acme-locks", arn)
		b.Tables = []string{"acme-locks"}
		v.putUnder(b.Bucket, "app/terraform.tfstate", "aws:kms", old)
		v.putUnder(b.Bucket, "app/terraform.tfstate", "aws:kms", old)
		v.putUnder(b.Bucket, "app/terraform.tfstate", "aws:kms", arn)
		v.putUnder(b.Bucket, "plain/terraform.tfstate", "AES256", "")
		v.encryptBucket(b.Bucket, "alias/tfstate")

		keys, page, err := keysOf(t, s.client(), b)
		if err != nil || len(keys) != 2 || len(page.Problems) > 0 {
			t.Fatalf("keys %v, problems %v, error %v", keys, page.Problems, err)
		}
		now, before := keys[arn], keys[old]
		if now.Name() != "tfstate" || now.UsedBy.Current() != 1 || now.UsedBy.Noncurrent != 0 || !slices.Equal(now.UsedBy.Buckets, []string{b.Bucket}) ||
			len(now.UsedBy.Tables) != 1 || now.UsedBy.Tables[0].Table != "acme-locks" {
			t.Errorf("the key in use: %+v", now)
		}
		if before.Name() != "former" || before.UsedBy.Current() != 0 || before.UsedBy.Noncurrent != 2 || before.UsedBy.Vital() {
			t.Errorf("the key before: %+v", before)
		}
		if now.State.Or("") != model.KeyEnabled || !now.Policy.IsKnown() || now.Spec.Or("") != "SYMMETRIC_DEFAULT" {
			t.Errorf("what KMS says: %+v", now)
		}
		if p := page.Progress; p != (model.KeyProgress{States: 2, Read: 2, Versions: 4}) {
			t.Errorf("progress %+v", p)
		}
	})
}

// What KMS tells of keys of every kind. moto has neither key states nor dates.
func TestWhatKMSTellsOfAKey(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	const day = 24 * time.Hour
	external := func(in *kms.CreateKeyInput) { in.Origin = kmstypes.OriginTypeExternal }
	for name, c := range map[string]struct {
		create func(*kms.CreateKeyInput)
		do     func(v *vault, key string, clock *time.Time)
		want   string // state, not applicable, rotation, period, next in days, rotations
	}{
		"one that rotates": {do: func(v *vault, key string, clock *time.Time) {
			v.rotate(key, 180)
			*clock = now.Add(200 * day)
			_, err := v.kms.RotateKeyOnDemand(v.t.Context(), &kms.RotateKeyOnDemandInput{KeyId: &key})
			v.must(err)
		}, want: "Enabled || true 180 +360 automatic+180 on-demand+200"},
		"one that does not": {want: "Enabled || false 0 -"},
		"one that is disabled keeps its schedule": {do: func(v *vault, key string, _ *time.Time) {
			v.rotate(key, 90)
			_, err := v.kms.DisableKey(v.t.Context(), &kms.DisableKeyInput{KeyId: &key})
			v.must(err)
		}, want: "Disabled || true 90 +90"},
		"one whose deletion is scheduled reports no rotation": {do: func(v *vault, key string, _ *time.Time) {
			v.rotate(key, 90)
			_, err := v.kms.ScheduleKeyDeletion(v.t.Context(), &kms.ScheduleKeyDeletionInput{KeyId: &key, PendingWindowInDays: sdk.Int32(12)})
			v.must(err)
		}, want: "PendingDeletion+12 || false 0 -"},
		"one that waits for its material": {create: external, want: "PendingImport |imported material| false 0 -"},
		"one whose material expires": {create: external, do: func(v *vault, key string, _ *time.Time) {
			_, err := v.kms.ImportKeyMaterial(v.t.Context(), &kms.ImportKeyMaterialInput{KeyId: &key, ImportToken: []byte("t"), EncryptedKeyMaterial: []byte("m"),
				ExpirationModel: kmstypes.ExpirationModelTypeKeyMaterialExpires, ValidTo: sdk.Time(now.Add(20 * day))})
			v.must(err)
		}, want: "Enabled until+20 |imported material| false 0 -"},
		"an asymmetric one": {create: func(in *kms.CreateKeyInput) {
			in.KeySpec, in.KeyUsage = kmstypes.KeySpecRsa2048, kmstypes.KeyUsageTypeEncryptDecrypt
		}, want: "Enabled |asymmetric key| false 0 -"},
		"one for HMAC": {create: func(in *kms.CreateKeyInput) {
			in.KeySpec, in.KeyUsage = kmstypes.KeySpecHmac256, kmstypes.KeyUsageTypeGenerateVerifyMac
		}, want: "Enabled |HMAC key| false 0 -"},
		"one of a custom key store": {create: func(in *kms.CreateKeyInput) { in.Origin = kmstypes.OriginTypeAwsCloudhsm }, want: "Enabled |custom key store| false 0 -"},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVault(newSiteOf(t))
			clock := now
			v.emulator.SetClock(func() time.Time { return clock })
			b := v.bucket("acme-tfstate", "")
			var change []func(*kms.CreateKeyInput)
			if c.create != nil {
				change = append(change, c.create)
			}
			arn := v.key("k", change...)
			v.encryptBucket(b.Bucket, arn)
			if c.do != nil {
				c.do(v, arn, &clock)
			}
			keys, _, err := keysOf(t, v.client(), b)
			if got := toldOf(keys[arn], now); err != nil || got != c.want {
				t.Errorf("got  %s\nwant %s (%v)", got, c.want, err)
			}
		})
	}
}

func (v *vault) rotate(key string, days int32) {
	v.t.Helper()
	_, err := v.kms.EnableKeyRotation(v.t.Context(), &kms.EnableKeyRotationInput{KeyId: &key, RotationPeriodInDays: &days})
	v.must(err)
}

// toldOf is a key in one line, with times in days from start.
func toldOf(k model.Key, start time.Time) string {
	days := func(at time.Time) string {
		if at.IsZero() {
			return "-"
		}
		return fmt.Sprintf("%+d", int(at.Sub(start).Hours()/24))
	}
	state := string(k.State.Or("?"))
	if date := k.DeletionDate.Or(time.Time{}); !date.IsZero() {
		state += days(date)
	}
	if until := k.ValidTo.Or(time.Time{}); !until.IsZero() {
		state += " until" + days(until)
	}
	r := k.Rotation
	line := fmt.Sprintf("%s |%s| %v %d %s", state, r.NotApplicable, r.Enabled.Or(false), r.PeriodDays.Or(-1), days(r.Next.Or(start)))
	for _, done := range r.History.Or(nil) {
		line += " " + done.Type + days(done.Date)
	}
	return line
}

func TestKeysThatAWSManagesAlwaysRotate(t *testing.T) {
	s := newSiteOf(t)
	b := s.bucket("acme-tfstate", "")
	s.encryptWithKMS(b.Bucket)
	keys, _, err := keysOf(t, s.client(), b)
	for _, k := range keys {
		if k.Manager.Or("") != model.ManagerAWS || k.Alias() != "aws/s3" || !k.Rotation.Enabled.Or(false) || k.Rotation.PeriodDays.Or(0) != 365 {
			t.Errorf("%+v", k)
		}
		if found := model.FindKey(k, time.Now()); len(found) > 0 {
			t.Errorf("findings %v", found)
		}
	}
	if len(keys) != 1 || err != nil {
		t.Errorf("keys %v, error %v", keys, err)
	}
}

// What is denied stays unknown, and names the missing action.
func TestWhatIsDeniedOfKeysStaysUnknown(t *testing.T) {
	for action, check := range map[string]func(k model.Key, p model.KeyPage) string{
		"kms:DescribeKey":               func(k model.Key, _ model.KeyPage) string { return k.State.Reason() },
		"kms:ListAliases":               func(k model.Key, _ model.KeyPage) string { return k.Aliases.Reason() },
		"kms:GetKeyPolicy":              func(k model.Key, _ model.KeyPage) string { return k.Policy.Reason() },
		"kms:GetKeyRotationStatus":      func(k model.Key, _ model.KeyPage) string { return k.Rotation.Enabled.Reason() },
		"kms:ListKeyRotations":          func(k model.Key, _ model.KeyPage) string { return k.Rotation.Last.Reason() },
		"s3:GetObjectVersion":           inProblems,
		"s3:GetObject":                  inProblems,
		"s3:ListBucketVersions":         inProblems,
		"s3:GetEncryptionConfiguration": inProblems,
		"dynamodb:DescribeTable":        inProblems,
		"dynamodb:Scan":                 inProblems,
	} {
		t.Run(action, func(t *testing.T) {
			v := newVault(newSiteOf(t))
			arn := v.key("tfstate")
			b := v.bucket("acme-tfstate", s3types.BucketVersioningStatusEnabled)
			v.encryptBucket(b.Bucket, arn)
			v.tableUnder("acme-locks", "")
			b.Tables = []string{"acme-locks"}
			v.put(b.Bucket, "app/terraform.tfstate", stateV4)
			v.put(b.Bucket, "app/terraform.tfstate", stateV4)
			denied := action
			v.emulator.Deny(denied)
			keys, page, err := keysOf(t, v.client(), b)
			k, ok := keys[arn]
			if !ok || err != nil {
				t.Fatalf("keys %v, problems %v, error %v", keys, page.Problems, err)
			}
			if got := check(k, page); !strings.Contains(got, "AccessDenied "+denied) {
				t.Errorf("the reason is %q", got)
			}
			if strings.HasPrefix(denied, "kms:") == (len(k.UsedBy.Unread) > 0) {
				t.Errorf("unread %v", k.UsedBy.Unread)
			}
		})
	}
}

func inProblems(k model.Key, p model.KeyPage) string {
	if !slices.Equal(k.UsedBy.Unread, p.Problems) {
		return "the key knows of " + strings.Join(k.UsedBy.Unread, ", ")
	}
	return strings.Join(p.Problems, ", ")
}

func TestAKeyOfAnotherAccount(t *testing.T) {
	const foreign = "arn:aws:kms:us-east-1:999988887777:key/0d4f3c1e-7a55-4f0e-9f63-1f4e6a1b2c3d"
	v := newVault(newSiteOf(t))
	b := v.bucket("acme-tfstate", "")
	v.encryptBucket(b.Bucket, foreign)
	v.emulator.ResetLog()
	keys, _, err := keysOf(t, v.client(), b)
	k := keys[foreign]
	if err != nil || k.Account != "999988887777" || k.ID != "0d4f3c1e-7a55-4f0e-9f63-1f4e6a1b2c3d" {
		t.Fatalf("keys %v, error %v", keys, err)
	}
	for what, reason := range map[string]string{"aliases": k.Aliases.Reason(), "policy": k.Policy.Reason(), "rotations": k.Rotation.History.Reason()} {
		if reason != "cross-account" {
			t.Errorf("%s: %q", what, reason)
		}
	}
	if got := k.State.Reason(); !strings.Contains(got, "AccessDenied kms:DescribeKey") {
		t.Errorf("state: %q", got)
	}
	for _, op := range v.operations() {
		if op == "ListAliases" || op == "GetKeyPolicy" || op == "ListKeyRotations" {
			t.Errorf("%s was sent: KMS answers it in the key's own account alone", op)
		}
	}
}

func TestAKeyThatIsGone(t *testing.T) {
	v := newVault(newSiteOf(t))
	const gone = "arn:aws:kms:us-east-1:123456789012:key/0d4f3c1e-7a55-4f0e-9f63-1f4e6a1b2c3d"
	b := v.bucket("acme-tfstate", "")
	v.encryptBucket(b.Bucket, gone)
	keys, _, err := keysOf(t, v.client(), b)
	if k := keys[gone]; err != nil || k.State.Or("") != model.KeyAbsent || model.FindKey(k, time.Now())[0].Severity != "critical" {
		t.Errorf("keys %v, error %v", keys, err)
	}
}
