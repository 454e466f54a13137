package aws_test

import (
	"net/http"
	"strings"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/model"
)

// underKey writes a version under a KMS key of its own.
func (l *special) underKey(serial int, value string) (version, arn string) {
	l.t.Helper()
	key, err := l.kms().CreateKey(l.t.Context(), &kms.CreateKeyInput{})
	l.must(key, err)
	b := string(body(serial, value))
	out, err := l.s3.PutObject(l.t.Context(), &s3.PutObjectInput{Bucket: sdk.String(labBucket), Key: sdk.String(labKey), Body: strings.NewReader(b),
		ServerSideEncryption: s3types.ServerSideEncryptionAwsKms, SSEKMSKeyId: key.KeyMetadata.Arn})
	l.must(out, err)
	l.setDigest(model.DigestOf([]byte(b)))
	return sdk.ToString(out.VersionId), sdk.ToString(key.KeyMetadata.Arn)
}

func (l *special) disable(arn string) {
	l.t.Helper()
	l.must(l.kms().DisableKey(l.t.Context(), &kms.DisableKeyInput{KeyId: &arn}))
}

func (l *special) condemn(arn string) {
	l.t.Helper()
	l.must(l.kms().ScheduleKeyDeletion(l.t.Context(), &kms.ScheduleKeyDeletionInput{KeyId: &arn}))
}

// refusing answers reads of a version with an error, as S3 does where it cannot
// decrypt it or has put it away.
func (l *special) refusing(version, code, message string, headers bool) {
	l.server.OnRequest(func(r emulator.Request) *emulator.Fault {
		is := r.Key == labKey && (r.Query.Get("versionId") == version || r.Query.Get("versionId") == "" && l.isCurrent(version))
		if is && (r.Operation == "GetObject" || headers && r.Operation == "HeadObject") {
			return &emulator.Fault{Status: http.StatusForbidden, Code: code, Message: message}
		}
		return nil
	})
}

func (l *special) isCurrent(version string) bool {
	out, err := l.s3.ListObjectVersions(l.t.Context(), &s3.ListObjectVersionsInput{Bucket: sdk.String(labBucket), Prefix: sdk.String(labKey)})
	l.must(out, err)
	for _, v := range out.Versions {
		if sdk.ToString(v.Key) == labKey && sdk.ToBool(v.IsLatest) {
			return sdk.ToString(v.VersionId) == version
		}
	}
	return false
}

// archived writes a version into an archive class.
func (l *special) archived(serial int, value string, class s3types.StorageClass) string {
	l.t.Helper()
	out, err := l.s3.PutObject(l.t.Context(), &s3.PutObjectInput{Bucket: sdk.String(labBucket), Key: sdk.String(labKey), Body: strings.NewReader(string(body(serial, value))), StorageClass: class})
	l.must(out, err)
	l.setDigest(model.DigestOf(body(serial, value)))
	return sdk.ToString(out.VersionId)
}

const (
	noDecrypt  = `User: arn:aws:iam::1:user/x is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:us-east-1:1:key/k because no identity-based policy allows the kms:Decrypt action`
	bucketDeny = `User: arn:aws:iam::1:user/x is not authorized to perform: s3:GetObjectVersion on resource: "arn:aws:s3:::tfstate-lab/app/terraform.tfstate" with an explicit deny in a resource-based policy`
)

// What history says of an old version that cannot be had, and that the plan to
// restore it says the same.
func TestHistoryAndPlanSayWhyAVersionCannotBeHad(t *testing.T) {
	for name, c := range map[string]struct {
		write      func(*special) (version, key string)
		then       func(l *special, version, key string)
		restorable string   // true, false, unknown
		says       []string // in why_not, or in the reason
	}{
		"nothing is wrong": {restorable: "true"},
		"its key is disabled": {write: func(l *special) (string, string) { return l.underKey(1, "one") }, then: func(l *special, _, key string) { l.disable(key) },
			restorable: "false", says: []string{"KMS key arn:aws:kms:", "is Disabled"}},
		"its key is about to be deleted": {write: func(l *special) (string, string) { return l.underKey(1, "one") }, then: func(l *special, _, key string) { l.condemn(key) },
			restorable: "false", says: []string{"KMS key arn:aws:kms:", "is PendingDeletion"}},
		"nobody may ask for its disabled key": {write: func(l *special) (string, string) { return l.underKey(1, "one") },
			then: func(l *special, _, key string) { l.disable(key); l.server.Deny("kms:DescribeKey") }, restorable: "false", says: []string{"its KMS key is Disabled"}},
		"its key is gone": {write: func(l *special) (string, string) { return l.underKey(1, "one") },
			then:       func(l *special, v, _ string) { l.refusing(v, "KMS.NotFoundException", "Key does not exist", true) },
			restorable: "false", says: []string{"its KMS key is gone"}},
		"its key is not for this identity": {then: func(l *special, v, _ string) { l.refusing(v, "AccessDenied", noDecrypt, false) },
			restorable: "unknown", says: []string{"AccessDenied kms:Decrypt"}},
		"the bucket's policy denies it": {then: func(l *special, v, _ string) { l.refusing(v, "AccessDenied", bucketDeny, false) },
			restorable: "unknown", says: []string{"AccessDenied s3:GetObjectVersion by an explicit deny in a bucket policy"}},
		"it is archived": {write: func(l *special) (string, string) { return l.archived(1, "one", s3types.StorageClassGlacier), "" },
			then: func(l *special, v, _ string) {
				l.refusing(v, "InvalidObjectState", "The operation is not valid for the object's storage class", false)
			},
			restorable: "false", says: []string{"it is archived (GLACIER): bring it back with aws ", "--endpoint-url http://", " s3api restore-object --bucket tfstate-lab --key app/terraform.tfstate --version-id ", "--restore-request Days=7"}},
		"it is archived deeper": {write: func(l *special) (string, string) { return l.archived(1, "one", s3types.StorageClassDeepArchive), "" },
			then:       func(l *special, v, _ string) { l.refusing(v, "InvalidObjectState", "", false) },
			restorable: "false", says: []string{"it is archived (DEEP_ARCHIVE)"}},
		"it is archived, and not even its headers are given": {then: func(l *special, v, _ string) { l.refusing(v, "InvalidObjectState", "", true) },
			restorable: "false", says: []string{"it is archived: bring it back with aws ", "--version-id "}},
	} {
		t.Run(name, func(t *testing.T) {
			l := newSpecial(t, emulator.Options{}, model.MechanismLockfile)
			var version, key string
			if c.write != nil {
				version, key = c.write(l)
			} else {
				version = l.write(1, "one")
			}
			l.write(2, "two")
			if c.then != nil {
				c.then(l, version, key)
			}
			v := model.Version{VersionID: version, Size: 1}
			client := l.client(func(o *aws.Options) { o.Program.EndpointURL = l.url })
			v.Facts = client.VersionFacts(t.Context(), l.backend(), labKey, v)
			v.Settle()
			is, known := v.Restorable.Get()
			got, why := "unknown", v.Restorable.Reason()
			if known {
				got, why = map[bool]string{true: "true", false: "false"}[is], v.WhyNot
			}
			plan := l.planRestore(client, version)
			for _, part := range c.says {
				if !strings.Contains(why, part) || !strings.Contains(strings.Join(plan.Refusals, " "), part) {
					t.Errorf("restorable %s: %q, the plan: %q, want %q", got, why, plan.Refusals, part)
				}
			}
			if got != c.restorable || (len(plan.Refusals) == 0) != (got == "true") {
				t.Errorf("restorable %s (%s), want %s; the plan: %q", got, why, c.restorable, plan.Refusals)
			}
		})
	}
}

func (l *special) enable(arn string) {
	l.t.Helper()
	l.must(l.kms().EnableKey(l.t.Context(), &kms.EnableKeyInput{KeyId: &arn}))
}
