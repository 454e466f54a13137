package aws_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/model"
)

// byDefault has the bucket store under a key what comes without a word.
func (l *special) byDefault(arn string) {
	l.t.Helper()
	l.must(l.s3.PutBucketEncryption(l.t.Context(), &s3.PutBucketEncryptionInput{Bucket: sdk.String(labBucket),
		ServerSideEncryptionConfiguration: &s3types.ServerSideEncryptionConfiguration{Rules: []s3types.ServerSideEncryptionRule{{
			ApplyServerSideEncryptionByDefault: &s3types.ServerSideEncryptionByDefault{SSEAlgorithm: s3types.ServerSideEncryptionAwsKms, KMSMasterKeyID: &arn}}}}}))
}

// barring leaves a state whose older version can be read and whose current
// version cannot.
func (l *special) barring(bar func(l *special) (current string)) (older, current string) {
	l.t.Helper()
	older = l.write(6, "six")
	return older, bar(l)
}

func disabledKey(l *special) string {
	id, arn := l.underKey(9, "nine")
	l.disable(arn)
	return id
}

func barredHeaders(l *special) string {
	id := l.write(9, "nine")
	l.refusing(id, "KMS.DisabledException", "arn is disabled.", true)
	return id
}

func TestAStateIsRestoredOverACurrentVersionThatNobodyCanRead(t *testing.T) {
	for name, c := range map[string]struct {
		bar    func(*special) string
		serial int    // of the new version: 6 is known, and one is not
		says   string // in the plan
		stored string // how the new version is stored
		refuse string // why the plan refuses; "" when it does not
	}{
		"its key is disabled": {bar: disabledKey, serial: 8, says: "is Disabled", stored: "AES256"},
		"its key is about to be deleted": {bar: func(l *special) string { id, arn := l.underKey(9, "nine"); l.condemn(arn); return id },
			serial: 8, says: "is PendingDeletion", stored: "AES256"},
		"the bucket's key is another": {bar: func(l *special) string {
			_, other := l.underKey(7, "seven")
			l.byDefault(other)
			return disabledKey(l)
		}, serial: 9, says: "as the bucket stores by default", stored: "aws:kms"},
		"the bucket's key is the same": {bar: func(l *special) string {
			id, arn := l.underKey(9, "nine")
			l.byDefault(arn)
			l.disable(arn)
			return id
		}, serial: 8, says: "as the version that is restored is", stored: "AES256"},
		"nobody may ask for its key":                     {bar: func(l *special) string { l.server.Deny("kms:DescribeKey"); return disabledKey(l) }, serial: 8, says: "its KMS key is Disabled", stored: "AES256"},
		"its key is gone, and its headers are kept back": {bar: barredHeaders, serial: 8, says: "its KMS key is Disabled", stored: "AES256"},
		"it is archived": {bar: func(l *special) string {
			id := l.archived(9, "nine", s3types.StorageClassGlacier)
			l.refusing(id, "InvalidObjectState", "", false)
			return id
		}, serial: 8, says: "it is archived (GLACIER): bring it back with aws s3api restore-object", stored: "AES256"},
		"its key is not for this identity": {bar: func(l *special) string {
			id := l.write(9, "nine")
			l.refusing(id, "AccessDenied", noDecrypt, false)
			return id
		},
			serial: 8, says: "AccessDenied kms:Decrypt", stored: "AES256"},
		"reading it is not for this identity at all": {bar: func(l *special) string {
			id := l.write(9, "nine")
			l.refusing(id, "AccessDenied", bucketDeny, false)
			return id
		},
			refuse: "by an explicit deny in a bucket policy"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newSpecial(t, emulator.Options{}, model.MechanismLockfile, model.MechanismDynamoDB)
			older, current := l.barring(c.bar)
			client := l.client()
			plan := l.planRestore(client, older)
			if c.refuse != "" {
				if !strings.Contains(strings.Join(plan.Refusals, " "), c.refuse) {
					t.Errorf("refusals %q", plan.Refusals)
				}
				return
			}
			if !strings.Contains(strings.Join(plan.Warnings, " "), c.says) || len(plan.Refusals) > 0 {
				t.Fatalf("warnings %q, refusals %q", plan.Warnings, plan.Refusals)
			}
			res := client.Run(t.Context(), plan, []string{labKey}, nil)
			wantOutcome(t, res, model.OutcomeRefused)
			if !strings.Contains(res.Message, "UNREAD") {
				t.Errorf("without the word: %s", res.Message)
			}
			res = client.Run(t.Context(), plan, []string{labKey, model.TokenUnread}, nil)
			wantOutcome(t, res, model.OutcomeDone)
			l.wantState(body(c.serial, "six"))
			l.wantHeld("")
			l.wantBeneath(current)
			if head, err := l.s3.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: sdk.String(labBucket), Key: sdk.String(labKey)}); err != nil || !strings.HasPrefix(string(head.ServerSideEncryption), c.stored) {
				t.Errorf("stored as %+v, %v", head, err)
			}
			if !strings.Contains(strings.Join(res.Next.Texts(), " "), current) || res.Undo != nil {
				t.Errorf("next %q, undo %+v", res.Next.Texts(), res.Undo)
			}
		})
	}
}

// wantBeneath sees that the bucket keeps a version right under the current one.
func (l *special) wantBeneath(id string) {
	l.t.Helper()
	out, err := l.s3.ListObjectVersions(l.t.Context(), &s3.ListObjectVersionsInput{Bucket: sdk.String(labBucket), Prefix: sdk.String(labKey)})
	l.must(out, err)
	var own []string
	for _, v := range out.Versions {
		if sdk.ToString(v.Key) == labKey {
			own = append(own, sdk.ToString(v.VersionId))
		}
	}
	if len(own) < 2 || own[1] != id {
		l.t.Errorf("versions %q, want %s right beneath the newest", own, id)
	}
}

// What goes wrong on the way of such a restore ends as it does with any other.
func TestWhatGoesWrongOverAnUnreadableVersion(t *testing.T) {
	for name, c := range map[string]struct {
		fault   func(l *special) *emulator.Fault // of the write
		headers bool                             // those of the current version are barred as well
		outcome model.Outcome
		new     bool // the new version is there
	}{
		"the answer to the write is lost":      {fault: func(*special) *emulator.Fault { return &emulator.Fault{Reset: true, AfterEffect: true} }, outcome: model.OutcomeDone, new: true},
		"the write is lost once":               {fault: func(*special) *emulator.Fault { return &emulator.Fault{Reset: true} }, outcome: model.OutcomeDone, new: true},
		"the write is refused":                 {fault: func(*special) *emulator.Fault { return &emulator.Fault{Status: 403, Code: "AccessDenied"} }, outcome: model.OutcomeFailed},
		"it is refused, with barred headers":   {fault: func(*special) *emulator.Fault { return &emulator.Fault{Status: 403, Code: "AccessDenied"} }, headers: true, outcome: model.OutcomeFailed},
		"somebody else writes in the meantime": {fault: func(l *special) *emulator.Fault { return &emulator.Fault{Before: func() { l.write(20, "twenty") }} }, outcome: model.OutcomeRefused},
	} {
		t.Run(name, func(t *testing.T) {
			l := newSpecial(t, emulator.Options{}, model.MechanismLockfile, model.MechanismDynamoDB)
			older, current := l.barring(func(l *special) string { return l.write(9, "nine") })
			var done atomic.Bool
			l.server.OnRequest(func(r emulator.Request) *emulator.Fault {
				reads := r.Operation == "GetObject" || c.headers && r.Operation == "HeadObject"
				id := r.Query.Get("versionId")
				switch {
				case r.Key == labKey && reads && (id == current || id == "" && l.isCurrent(current)):
					return &emulator.Fault{Status: http.StatusForbidden, Code: "KMS.DisabledException", Message: "arn is disabled."}
				case r.Key == labKey && r.Operation == "PutObject" && actorOf(r) == "test" && r.Header.Get("If-Match") != "" && done.CompareAndSwap(false, true):
					return c.fault(l)
				}
				return nil
			})
			client := l.client()
			plan := l.planRestore(client, older)
			res := client.Run(t.Context(), plan, []string{labKey, model.TokenUnread}, nil)
			wantOutcome(t, res, c.outcome)
			l.wantHeld("")
			if c.new {
				l.wantState(plan.Restore.NewBody)
			}
		})
	}
}

// The record of a restore that stops tells what to do also where the version
// before cannot be read.
func TestRecoverAfterARestoreOverAnUnreadableVersion(t *testing.T) {
	for name, c := range map[string]struct {
		dies func(r emulator.Request) bool // the request at which the program dies
		back bool                          // the key serves again by then
		new  bool
	}{
		"before the write":                      {dies: func(r emulator.Request) bool { return r.Operation == "PutObject" && r.Key == labKey }},
		"before the write, and the key is back": {dies: func(r emulator.Request) bool { return r.Operation == "PutObject" && r.Key == labKey }, back: true},
		"before the digest": {dies: func(r emulator.Request) bool {
			return r.Operation == "PutItem" && strings.Contains(string(r.Body), "-md5")
		}, new: true},
		"before the release": {dies: func(r emulator.Request) bool { return strings.HasPrefix(r.Operation, "Delete") }, new: true},
	} {
		t.Run(name, func(t *testing.T) {
			l := newSpecial(t, emulator.Options{}, model.MechanismLockfile, model.MechanismDynamoDB)
			older := l.write(6, "six")
			current, arn := l.underKey(9, "nine")
			l.disable(arn)
			var dead atomic.Bool
			l.server.OnRequest(func(r emulator.Request) *emulator.Fault {
				if c.dies(r) {
					dead.Store(true)
				}
				if dead.Load() && (r.Mutates || !c.new && r.Key == labKey && r.Operation == "GetObject") {
					return &emulator.Fault{Reset: true}
				}
				return nil
			})
			client := l.client()
			plan := l.planRestore(client, older)
			res := client.Run(t.Context(), plan, []string{labKey, model.TokenUnread}, nil)
			wantOutcome(t, res, model.OutcomeInterrupted)
			l.server.OnRequest(nil)
			if c.back {
				l.enable(arn)
			}
			good := l.client(func(o *aws.Options) { o.Alive = func(int) model.Fact[bool] { return model.Known(false) } })
			p, err := good.PlanRecover(t.Context(), l.backend(), labKey, "")
			if err != nil {
				t.Fatal(err)
			}
			wantOutcome(t, good.Run(t.Context(), p, []string{p.Recover.Record.ID}, nil), model.OutcomeDone)
			l.wantHeld("")
			if c.new {
				l.wantState(plan.Restore.NewBody)
			} else if !l.isCurrent(current) {
				t.Error("the unreadable version is not the current one any more")
			}
		})
	}
}
