package aws_test

import (
	"slices"
	"strings"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/model"
)

// key makes a KMS key and returns its ARN.
func (l *special) key() string {
	l.t.Helper()
	out, err := l.kms().CreateKey(l.t.Context(), &kms.CreateKeyInput{})
	l.must(out, err)
	return sdk.ToString(out.KeyMetadata.Arn)
}

func (l *special) kms() *kms.Client { return kms.NewFromConfig(rawConfig(l.url)) }

// keyByDefault has the bucket encrypt with a key.
func (l *special) keyByDefault(arn string) {
	l.t.Helper()
	l.must(l.s3.PutBucketEncryption(l.t.Context(), &s3.PutBucketEncryptionInput{Bucket: sdk.String(labBucket),
		ServerSideEncryptionConfiguration: &s3types.ServerSideEncryptionConfiguration{Rules: []s3types.ServerSideEncryptionRule{{
			ApplyServerSideEncryptionByDefault: &s3types.ServerSideEncryptionByDefault{SSEAlgorithm: s3types.ServerSideEncryptionAwsKms, KMSMasterKeyID: &arn}}}}}))
}

// under has a write encrypted by an algorithm and, where there is one, a key.
func under(algorithm s3types.ServerSideEncryption, arn string) func(*s3.PutObjectInput) {
	return func(in *s3.PutObjectInput) {
		in.ServerSideEncryption = algorithm
		if arn != "" {
			in.SSEKMSKeyId = &arn
		}
	}
}

// written are the headers that a plan's run wrote an object with.
func (l *special) written(key, header string) []string {
	l.t.Helper()
	var values []string
	for _, r := range l.server.Requests() {
		if r.Operation == "PutObject" && r.Key == key {
			values = append(values, r.Header.Get(header))
		}
	}
	return values
}

// sent counts the requests of an operation about an object.
func (l *special) sent(operation, key string) (n int) {
	for _, r := range l.server.Requests() {
		if r.Operation == operation && r.Key == key {
			n++
		}
	}
	return n
}

func encrypts(yes bool) *bool { return &yes }

func TestANewVersionIsStoredAsItsClientsStoreIt(t *testing.T) {
	const sse = "X-Amz-Server-Side-Encryption"
	for name, c := range map[string]struct {
		before  s3types.ServerSideEncryption // how both versions are stored, under key "other"
		deleted bool
		write   model.WriteSettings
		want    model.Encryption // KMSKeyID is "other" or "default"
		header  string           // what is sent; "" is none
	}{
		"without configuration, under another key than the bucket's": {before: "aws:kms", want: model.Encryption{Algorithm: "aws:kms", KMSKeyID: "other"}, header: "aws:kms"},
		"without configuration, doubly encrypted":                    {before: "aws:kms:dsse", want: model.Encryption{Algorithm: "aws:kms:dsse", KMSKeyID: "other"}, header: "aws:kms:dsse"},
		"without configuration, with S3's own key":                   {before: "AES256", want: model.Encryption{Algorithm: "AES256"}, header: "AES256"},
		"deleted, under another key than the bucket's":               {before: "aws:kms", deleted: true, want: model.Encryption{Algorithm: "aws:kms", KMSKeyID: "other"}, header: "aws:kms"},
		"encrypt = true without a key, whatever the bucket's is": {before: "aws:kms", write: model.WriteSettings{FromConfiguration: true, Encrypt: encrypts(true)},
			want: model.Encryption{Algorithm: "AES256"}, header: "AES256"},
		"encrypt = true with a key": {before: "AES256", write: model.WriteSettings{FromConfiguration: true, Encrypt: encrypts(true), KMSKeyID: "other"},
			want: model.Encryption{Algorithm: "aws:kms", KMSKeyID: "other"}, header: "aws:kms"},
		"encrypt unset: the bucket's key": {before: "AES256", write: model.WriteSettings{FromConfiguration: true},
			want: model.Encryption{Algorithm: "aws:kms", KMSKeyID: "default"}},
		"encrypt = false: the bucket's key": {before: "AES256", write: model.WriteSettings{FromConfiguration: true, Encrypt: encrypts(false)},
			want: model.Encryption{Algorithm: "aws:kms", KMSKeyID: "default"}},
	} {
		t.Run(name, func(t *testing.T) {
			l := newSpecial(t, emulator.Options{}, model.MechanismLockfile, model.MechanismDynamoDB)
			keys := map[string]string{"other": l.key(), "default": l.key()}
			l.keyByDefault(keys["default"])
			as := under(c.before, "")
			if strings.HasPrefix(string(c.before), "aws:kms") {
				as = under(c.before, keys["other"])
			}
			first := l.writeBytes(body(1, "one"), as)
			l.writeBytes(body(2, "two"), as)
			if c.deleted {
				l.remove(labKey)
			}
			b := l.backend()
			b.Write = c.write
			b.Write.KMSKeyID = keys[c.write.KMSKeyID]
			client := l.client()
			p, err := client.PlanRestore(t.Context(), b, labKey, model.RestoreRequest{VersionID: first})
			l.must(p, err)
			l.server.ResetLog()
			l.runs(client, p, model.OutcomeDone)
			l.wantState(body(3, "one"))
			if got := slices.Concat(l.written(labKey, sse), l.written(labKey+".tflock", sse)); !slices.Equal(got, []string{c.header, c.header}) {
				t.Errorf("state and lock file were sent with %q, want %q", got, c.header)
			}
			c.want.KMSKeyID = keys[c.want.KMSKeyID]
			l.wantStored(c.want)
		})
	}
}

// wantStored checks how the current version of the state is encrypted.
func (l *special) wantStored(want model.Encryption) {
	l.t.Helper()
	head, err := l.s3.HeadObject(l.t.Context(), &s3.HeadObjectInput{Bucket: sdk.String(labBucket), Key: sdk.String(labKey)})
	l.must(head, err)
	if got := (model.Encryption{Algorithm: string(head.ServerSideEncryption), KMSKeyID: sdk.ToString(head.SSEKMSKeyId), BucketKey: sdk.ToBool(head.BucketKeyEnabled)}); got != want {
		l.t.Errorf("stored as %+v, want %+v", got, want)
	}
}

func TestAKeyThatTheBucketDoesNotNameIsKeptOnEachStore(t *testing.T) {
	onEachStore(t, func(t *testing.T, l *special) {
		l.keyByDefault(l.key())
		other := l.key()
		as := func(in *s3.PutObjectInput) {
			under("aws:kms", other)(in)
			in.BucketKeyEnabled = sdk.Bool(true)
		}
		first := l.writeBytes(body(1, "one"), as)
		l.writeBytes(body(2, "two"), as)
		c := l.client()
		l.runs(c, l.planRestore(c, first), model.OutcomeDone)
		l.wantState(body(3, "one"))
		l.wantStored(model.Encryption{Algorithm: "aws:kms", KMSKeyID: other, BucketKey: true})
	}, model.MechanismLockfile, model.MechanismDynamoDB)
}

// outOfService is every way in which a key stops to serve.
func outOfService() map[string]func(*special, string) {
	return map[string]func(*special, string){
		"Disabled": func(l *special, arn string) {
			l.must(l.kms().DisableKey(l.t.Context(), &kms.DisableKeyInput{KeyId: &arn}))
		},
		"PendingDeletion": func(l *special, arn string) {
			l.must(l.kms().ScheduleKeyDeletion(l.t.Context(), &kms.ScheduleKeyDeletionInput{KeyId: &arn, PendingWindowInDays: sdk.Int32(7)}))
		},
	}
}

func TestAVersionWhoseKeyIsOutOfServiceIsRefusedBeforeItIsRead(t *testing.T) {
	for state, take := range outOfService() {
		t.Run(state, func(t *testing.T) {
			l := newSpecial(t, emulator.Options{}, model.MechanismLockfile, model.MechanismDynamoDB)
			arn := l.key()
			first := l.writeBytes(body(1, "one"), under("aws:kms", arn))
			l.write(2, "two")
			take(l, arn)
			c := l.client()
			l.server.ResetLog()
			p := l.planRestore(c, first)
			if got := l.sent("GetObject", labKey); got != 1 { // of the current version
				t.Errorf("the state was read %d times", got)
			}
			l.refuses(c, p, "the version cannot be read: KMS key "+arn+" is "+state)
			l.wantState(body(2, "two"))
		})
	}
}

func TestNothingIsWrittenUnderAKeyThatIsOutOfService(t *testing.T) {
	for state, take := range outOfService() {
		t.Run(state, func(t *testing.T) {
			l := newSpecial(t, emulator.Options{}, model.MechanismDynamoDB)
			arn := l.key()
			first := l.write(1, "one")
			l.write(2, "two")
			take(l, arn)
			b := l.backend()
			b.Write = model.WriteSettings{FromConfiguration: true, Encrypt: encrypts(true), KMSKeyID: arn}
			c := l.client()
			p, err := c.PlanRestore(t.Context(), b, labKey, model.RestoreRequest{VersionID: first})
			l.must(p, err)
			l.refuses(c, p, "the new version cannot be written: KMS key "+arn+" is "+state)
		})
	}
}

func TestACurrentVersionThatCannotBeReadIsReplacedOnlyWithTheWord(t *testing.T) {
	for state, take := range outOfService() {
		t.Run(state, func(t *testing.T) {
			l := newSpecial(t, emulator.Options{}, model.MechanismDynamoDB)
			arn := l.key()
			first := l.write(1, "one")
			l.writeBytes(body(2, "two"), under("aws:kms", arn))
			take(l, arn)
			c := l.client()
			p := l.planRestore(c, first)
			l.server.ResetLog()
			wantOutcome(t, c.Run(t.Context(), p, []string{labKey}, nil), model.OutcomeRefused)
			if got := l.changes(); len(got) > 0 {
				t.Errorf("without the word it sent %v", got)
			}
			wantOutcome(t, c.Run(t.Context(), p, []string{labKey, model.TokenUnread}, nil), model.OutcomeDone)
		})
	}
}

func TestAKeyThatNobodyMayDescribeIsTriedAndSaid(t *testing.T) {
	l := newSpecial(t, emulator.Options{}, model.MechanismDynamoDB)
	arn := l.key()
	first := l.writeBytes(body(1, "one"), under("aws:kms", arn))
	l.writeBytes(body(2, "two"), under("aws:kms", arn))
	l.server.Deny("kms:DescribeKey")
	c := l.client()
	p := l.planRestore(c, first)
	if !strings.Contains(strings.Join(p.Warnings, "\n"), "the state of KMS key "+arn+": AccessDenied kms:DescribeKey") {
		t.Errorf("warnings %q", p.Warnings)
	}
	l.runs(c, p, model.OutcomeDone)
	l.wantStored(model.Encryption{Algorithm: "aws:kms", KMSKeyID: arn})
}

func TestAKeyThatGoesOutOfServiceAfterThePlanLeavesEverythingAsItWas(t *testing.T) {
	for state, take := range outOfService() {
		t.Run(state, func(t *testing.T) {
			l := newSpecial(t, emulator.Options{}, model.MechanismLockfile, model.MechanismDynamoDB)
			arn := l.key()
			first := l.writeBytes(body(1, "one"))
			current := l.writeBytes(body(2, "two"))
			b := l.backend()
			b.Write = model.WriteSettings{FromConfiguration: true, Encrypt: encrypts(true), KMSKeyID: arn}
			c := l.client()
			p, err := c.PlanRestore(t.Context(), b, labKey, model.RestoreRequest{VersionID: first})
			l.must(p, err)
			take(l, arn)
			res := l.runs(c, p, model.OutcomeFailed)
			if !strings.Contains(res.Message, "KMS key") {
				t.Errorf("message %q", res.Message)
			}
			l.wantState(body(2, "two"))
			l.wantHeld("")
			if head, err := l.s3.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: sdk.String(labBucket), Key: sdk.String(labKey)}); err != nil || sdk.ToString(head.VersionId) != current {
				t.Errorf("current version %v, %v", head, err)
			}
		})
	}
}
