package aws_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/aws/emulator"
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

// Past the bound the counts say "at least".
func TestTheBoundOfVersions(t *testing.T) {
	for name, c := range map[string]struct {
		versions   *int
		old, heads int
		atLeast    bool
	}{
		"none but the current": {ptr(0), 0, 1, true}, "three of six": {ptr(3), 2, 3, true},
		"all six": {ptr(6), 5, 6, false}, "all there are": {ptr(-1), 5, 6, false}, "the usual hundred": {nil, 5, 6, false},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVault(newSiteOf(t))
			arn := v.key("tfstate")
			b := v.bucket("acme-tfstate", s3types.BucketVersioningStatusEnabled)
			v.encryptBucket(b.Bucket, arn)
			for range 6 {
				v.put(b.Bucket, "app/terraform.tfstate", stateV4)
			}
			client := v.client(func(o *aws.Options) { o.Versions = c.versions })
			v.emulator.ResetLog()
			keys, page, err := keysOf(t, client, b)
			use := keys[arn].UsedBy
			if err != nil || use.Current() != 1 || use.Noncurrent != c.old || use.AtLeast != c.atLeast || use.States[0].AtLeast != c.atLeast {
				t.Errorf("used by %+v, progress %+v, error %v", use, page.Progress, err)
			}
			if heads := countOf(v.operations(), "HeadObject"); heads != c.heads {
				t.Errorf("%d versions were looked at, want %d", heads, c.heads)
			}
			v.emulator.ResetLog()
			if _, _, err := keysOf(t, client, b); err != nil || countOf(v.operations(), "HeadObject") != 1 {
				t.Errorf("again: %d HEADs, %v; versions do not change, only which one is current", countOf(v.operations(), "HeadObject"), err)
			}
		})
	}
}

func countOf(all []string, one string) int {
	n := 0
	for _, s := range all {
		if s == one {
			n++
		}
	}
	return n
}

// Requests in flight are bounded over all backends together.
func TestHowManyRequestsAreInFlight(t *testing.T) {
	v := newVault(newSiteOf(t))
	arn := v.key("tfstate")
	var backends []model.Backend
	for i := range 3 {
		b := v.bucket(fmt.Sprintf("acme-tfstate-%d", i), s3types.BucketVersioningStatusEnabled)
		v.encryptBucket(b.Bucket, arn)
		for range 8 {
			v.put(b.Bucket, "app/terraform.tfstate", stateV4)
		}
		backends = append(backends, b)
	}
	var now, most atomic.Int32
	v.emulator.OnRequest(func(r emulator.Request) *emulator.Fault {
		if r.Operation == "HeadObject" {
			n := now.Add(1)
			for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
			}
			return &emulator.Fault{Delay: 2 * time.Millisecond, After: func() { now.Add(-1) }}
		}
		return nil
	})
	c := v.client(func(o *aws.Options) { o.Concurrency = 3 })
	var wg sync.WaitGroup
	for _, b := range backends {
		wg.Go(func() {
			for _, err := range c.Keys(t.Context(), b) {
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if n := most.Load(); n > 3 {
		t.Errorf("%d requests in flight, want 3 at most", n)
	}
	if n := countOf(v.operations(), "DescribeKey"); n != 1 {
		t.Errorf("the key that all have was described %d times", n)
	}
}

// A consumer that leaves ends all requests.
func TestLeavingEndsTheGatheringOfKeys(t *testing.T) {
	v := newVault(newSiteOf(t))
	arn := v.key("tfstate")
	b := v.bucket("acme-tfstate", s3types.BucketVersioningStatusEnabled)
	v.encryptBucket(b.Bucket, arn)
	for range 30 {
		v.put(b.Bucket, "app/terraform.tfstate", stateV4)
	}
	v.emulator.ResetLog()
	for range v.client(func(o *aws.Options) { o.Concurrency = 1 }).Keys(t.Context(), b) {
		break
	}
	if err := waitUntil(5*time.Second, func() bool { return !strings.Contains(stacks(), "keyGathering") }); err != nil {
		t.Error(err)
	}
	if n := countOf(v.operations(), "HeadObject"); n >= 30 {
		t.Errorf("all %d versions were looked at", n)
	}
}

func TestABackendWhoseStatesCannotBeListed(t *testing.T) {
	v := newVault(newSiteOf(t))
	arn := v.key("tfstate")
	b := v.bucket("acme-tfstate", "")
	v.encryptBucket(b.Bucket, arn)
	v.emulator.Deny("s3:ListBucket")
	keys, _, err := keysOf(t, v.client(), b)
	if !errors.Is(err, model.ErrDenied) || len(keys[arn].UsedBy.Buckets) != 1 {
		t.Errorf("keys %v, error %v", keys, err)
	}
}
