package aws_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/model"
)

// writeBytes writes a state as Terraform does: the object, then the digest.
func (l *special) writeBytes(state []byte, change ...func(*s3.PutObjectInput)) (versionID string) {
	l.t.Helper()
	id := l.put(labKey, state, change...)
	l.setDigest(model.DigestOf(state))
	return id
}

// without are a plan's tokens but one.
func without(p *model.Plan, token string) []string {
	var typed []string
	for _, t := range everyToken(p) {
		if t != token {
			typed = append(typed, t)
		}
	}
	return typed
}

// needs runs a plan without one of its tokens, sees that it is missed, and then
// with all of them.
func (l *special) needs(c *aws.Client, p *model.Plan, token string) {
	l.t.Helper()
	before := l.read(labKey, "")
	res := c.Run(l.t.Context(), p, without(p, token), nil)
	wantOutcome(l.t, res, model.OutcomeRefused)
	if !strings.Contains(res.Message, token) {
		l.t.Errorf("%s is not asked for: %s", token, res.Message)
	}
	l.wantState(before)
	l.wantHeld("")
	l.runs(c, p, model.OutcomeDone)
	l.wantHeld("")
}

func TestAnotherLineageIsRestoredOnlyWithItsWord(t *testing.T) {
	eachMechanism(t, func(t *testing.T, l *special) {
		const other = "00000000-aaaa-bbbb-cccc-000000000001"
		moved := func(state []byte) []byte { return bytes.Replace(state, []byte(lineageOf(t, state)), []byte(other), 1) }
		first := l.writeBytes(moved(body(7, "other")))
		l.write(2, "two")
		c := l.client()
		p := l.planRestore(c, first)
		if !strings.Contains(strings.Join(p.Warnings, "\n"), other) {
			t.Errorf("the lineages are not shown: %q", p.Warnings)
		}
		l.needs(c, p, model.TokenLineage)
		l.wantState(moved(body(8, "other")))
	})
}

func TestALineageThatStaysNeedsNoWord(t *testing.T) {
	l := newSpecial(t, emulator.Options{}, model.MechanismDynamoDB)
	first := l.write(1, "one")
	l.write(2, "two")
	for _, token := range everyToken(l.planRestore(l.client(), first)) {
		if token == model.TokenLineage {
			t.Error("LINEAGE is asked for")
		}
	}
}

func tofuState(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestAStateThatOpenTofuEncryptedIsRestoredVerbatimOrNotAtAll(t *testing.T) {
	eachMechanism(t, func(t *testing.T, l *special) {
		old, current := tofuState(t, "opentofu-encrypted-1.tfstate"), tofuState(t, "opentofu-encrypted-2.tfstate")
		first := l.writeBytes(old)
		l.writeBytes(current)
		c := l.client()
		p := l.planRestore(c, first)
		warning := strings.Join(p.Warnings, "\n")
		for _, said := range []string{"encrypted by OpenTofu", "serial cannot be raised", "plan that was saved", "stale"} {
			if !strings.Contains(warning, said) {
				t.Errorf("%q is not said: %s", said, warning)
			}
		}
		l.needs(c, p, model.TokenVerbatim)
		l.wantState(old) // byte for byte, and the digest is that of these bytes
		if !p.Restore.Verbatim || p.Restore.NewSerial != 1 {
			t.Errorf("verbatim %v, serial %d", p.Restore.Verbatim, p.Restore.NewSerial)
		}
	})
}

func TestFromAnEncryptedStateBackToAPlainOne(t *testing.T) {
	l := newSpecial(t, emulator.Options{}, model.MechanismDynamoDB)
	encrypted := tofuState(t, "opentofu-encrypted-2.tfstate")
	same := func(state []byte) []byte {
		return bytes.Replace(state, []byte(lineageOf(t, state)), []byte(lineageOf(t, encrypted)), 1)
	}
	first := l.writeBytes(same(body(1, "plain")))
	l.writeBytes(encrypted)
	c := l.client()
	l.runs(c, l.planRestore(c, first), model.OutcomeDone)
	l.wantState(same(body(3, "plain"))) // above the serial that the encrypted one has outside
}

func TestNothingIsRestoredWhereAWriteWouldDestroy(t *testing.T) {
	for name, c := range map[string]struct {
		status s3types.BucketVersioningStatus
		denied string
		reason string
	}{
		"suspended":           {status: s3types.BucketVersioningStatusSuspended, reason: "versioning of the bucket is suspended: writing would destroy the current version"},
		"not to be read":      {denied: "s3:GetBucketVersioning", reason: "could not be read (AccessDenied s3:GetBucketVersioning)"},
		"suspended, and both": {status: s3types.BucketVersioningStatusSuspended, denied: "s3:GetBucketVersioning", reason: "could not be read"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newSpecial(t, emulator.Options{}, model.MechanismLockfile, model.MechanismDynamoDB)
			first := l.write(1, "one")
			l.write(2, "two")
			if c.status != "" {
				l.version(c.status)
				l.write(3, "three") // the null version
			}
			l.server.Deny(c.denied)
			current := l.read(labKey, "")
			l.refuses(l.client(), l.planRestore(l.client(), first), c.reason)
			l.wantState(current)
		})
	}
}

func TestNothingIsRestoredWhereVersioningWasNeverEnabled(t *testing.T) {
	onEachStore(t, func(t *testing.T, l *special) {
		const bucket = "tfstate-plain"
		l.must(l.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: sdk.String(bucket)}))
		l.must(l.s3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: sdk.String(bucket), Key: sdk.String(labKey), Body: bytes.NewReader(body(1, "one"))}))
		c := l.client()
		b := model.Backend{Name: bucket, Bucket: bucket, Declared: l.mechs}
		p, err := c.PlanRestore(t.Context(), b, labKey, model.RestoreRequest{VersionID: "null"})
		l.must(p, err)
		l.refuses(c, p, "versioning of the bucket was never enabled: writing would destroy the current version")
	}, model.MechanismLockfile)
}

// bulky is a state of a little more than 5 MiB, which Terraform uploads in parts.
func bulky(serial int, fill string) []byte {
	return body(serial, strings.Repeat(fill, (5<<20+64<<10)/len(fill)))
}

// upload writes a state in parts as Terraform does.
func (l *special) upload(state []byte) (versionID string) {
	l.t.Helper()
	ctx, bucket, key := l.t.Context(), sdk.String(labBucket), sdk.String(labKey)
	begun, err := l.s3.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: bucket, Key: key, ContentType: sdk.String("application/json")})
	l.must(begun, err)
	var parts []s3types.CompletedPart
	for i, part := range [][]byte{state[:5<<20], state[5<<20:]} {
		number := int32(i) + 1
		out, err := l.s3.UploadPart(ctx, &s3.UploadPartInput{Bucket: bucket, Key: key, UploadId: begun.UploadId, PartNumber: &number, Body: bytes.NewReader(part)})
		l.must(out, err)
		parts = append(parts, s3types.CompletedPart{ETag: out.ETag, PartNumber: &number})
	}
	done, err := l.s3.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: bucket, Key: key, UploadId: begun.UploadId,
		MultipartUpload: &s3types.CompletedMultipartUpload{Parts: parts}})
	l.must(done, err)
	if !strings.HasSuffix(sdk.ToString(done.ETag), `-2"`) {
		l.t.Fatalf("ETag %s", sdk.ToString(done.ETag))
	}
	l.setDigest(model.DigestOf(state))
	return sdk.ToString(done.VersionId)
}

func TestAStateThatWasUploadedInPartsIsRestoredWithItsTrueDigest(t *testing.T) {
	onEachStore(t, func(t *testing.T, l *special) {
		first := l.upload(bulky(1, "one "))
		l.upload(bulky(2, "two "))
		c := l.client()
		if f := c.StateFacts(t.Context(), l.backend(), model.State{Bucket: labBucket, Key: labKey}); f.Digest.Or("") != model.DigestMatch {
			t.Errorf("digest %q, unknown because %q", f.Digest.Or(""), f.Digest.Reason())
		}
		l.runs(c, l.planRestore(c, first), model.OutcomeDone)
		if got, want := model.DigestOf(l.read(labKey, "")), model.DigestOf(bulky(3, "one ")); got != want {
			t.Errorf("MD5 of the state %s, want %s", got, want)
		}
		if got, want := l.attribute(model.DigestID(labBucket, labKey), "Digest"), model.DigestOf(bulky(3, "one ")); got != want {
			t.Errorf("digest %s, want %s", got, want)
		}
	}, model.MechanismDynamoDB)
}

func TestADigestIsKnownToBeOfAVersionThatWasUploadedInParts(t *testing.T) {
	l := newSpecial(t, emulator.Options{}, model.MechanismDynamoDB)
	first := l.upload(bulky(1, "one "))
	l.write(2, "two")
	l.setDigest(model.DigestOf(bulky(1, "one ")))
	c := l.client()
	p, err := c.PlanRepair(t.Context(), l.backend(), labKey, model.RepairRequest{To: model.RepairToVersion})
	l.must(p, err)
	if p.Restore == nil || p.Restore.Target.VersionID != first {
		t.Fatalf("plan %+v", p.Facts)
	}
	l.runs(c, p, model.OutcomeDone)
	l.wantState(bulky(3, "one "))
}
