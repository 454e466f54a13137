package aws_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/model"
)

// loseLock is somebody who removes our lock under us.
func (l *lab) loseLock() {
	if l.uses(model.MechanismLockfile) {
		l.must(l.s3.DeleteObject(l.t.Context(), &s3.DeleteObjectInput{Bucket: sdk.String(labBucket), Key: sdk.String(model.LockKey(labKey))}))
		return
	}
	l.deleteRow(model.LockID(labBucket, labKey))
}

func TestWithoutOurLockNoDigestIsSet(t *testing.T) {
	for name, mechs := range map[string][]model.Mechanism{
		"the row is gone":       {model.MechanismDynamoDB},
		"the lock file is gone": {model.MechanismLockfile, model.MechanismDynamoDB},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, mechs...)
			first := l.write(1, "one")
			l.write(2, "two")
			before := l.attribute(model.DigestID(labBucket, labKey), "Digest")
			c := l.client()
			plan := l.planRestore(c, first)
			l.once("PutObject", "terraform.tfstate", func() *emulator.Fault { return &emulator.Fault{After: l.loseLock} })
			res := c.Run(t.Context(), plan, []string{labKey}, nil)
			wantOutcome(t, res, model.OutcomeInterrupted)
			if got := l.attribute(model.DigestID(labBucket, labKey), "Digest"); got != before {
				t.Errorf("digest %q was set without the lock; before it was %q", got, before)
			}
		})
	}
}

func TestALockFileThatStaysIsNotCalledDeleted(t *testing.T) {
	l := newLab(t, model.MechanismLockfile)
	raw := lockRaw(staleID, "ci@runner-17")
	l.lock(raw)
	c := l.client()
	plan := l.planUnlock(c, staleID)
	l.once("DeleteObject", ".tflock", func() *emulator.Fault { return &emulator.Fault{Status: 204} })
	res := c.Run(t.Context(), plan, []string{staleID}, nil)
	wantOutcome(t, res, model.OutcomeInterrupted)
	if !strings.Contains(res.Message, "still there") || len(res.Next) == 0 || !strings.Contains(res.Next[0].Command, "stateward unlock") {
		t.Errorf("message %q, next %q", res.Message, res.Next)
	}
	l.wantHeld(raw)
}

func TestARowWithoutInfoThatIsLockedAtTheLastMomentStays(t *testing.T) {
	l := newLab(t, model.MechanismDynamoDB)
	bare := func(attributes map[string]ddbtypes.AttributeValue) {
		attributes["LockID"] = &ddbtypes.AttributeValueMemberS{Value: model.LockID(labBucket, labKey)}
		l.must(l.ddb.PutItem(l.t.Context(), &dynamodb.PutItemInput{TableName: sdk.String(labTable), Item: attributes}))
	}
	bare(map[string]ddbtypes.AttributeValue{})
	c := l.client()
	plan := l.planUnlock(c, "")
	newer := lockRaw("newer", "erin@mbp")
	l.once("DeleteItem", "", func() *emulator.Fault {
		return &emulator.Fault{Before: func() {
			bare(map[string]ddbtypes.AttributeValue{"Info": &ddbtypes.AttributeValueMemberS{Value: newer}})
		}}
	})
	res := c.Run(t.Context(), plan, []string{plan.Tokens[0].Value}, nil)
	wantOutcome(t, res, model.OutcomeRefused)
	l.wantHeld(newer)
}

// conditions are the changes that arrived at the server, each with what it was
// conditional on.
func conditions(t *testing.T, server *emulator.Server) []string {
	t.Helper()
	var out []string
	for _, r := range server.Requests() {
		var row struct{ ConditionExpression string }
		if r.Mutates && r.Service == "dynamodb" {
			if err := json.Unmarshal(r.Body, &row); err != nil {
				t.Fatal(err)
			}
		}
		condition := row.ConditionExpression
		for _, name := range []string{"If-Match", "If-None-Match"} {
			if tag := r.Header.Get(name); tag != "" {
				condition += name + " " + strings.Trim(tag, `"0123456789abcdef-`)
			}
		}
		if r.Query.Has("versionId") {
			condition += " of a version"
		}
		if r.Mutates {
			out = append(out, r.Operation+" "+strings.TrimSpace(condition))
		}
	}
	slices.Sort(out) // releases are sent side by side
	return out
}

// A store that ignores conditions is found out and healed afterwards, which
// would hide that one was not sent: so they are looked at themselves.
func TestEveryChangeIsConditional(t *testing.T) {
	const take, drop = "PutItem attribute_not_exists(LockID)", "DeleteItem Info = :raw"
	file, row := []string{"DeleteObject If-Match", "PutObject If-None-Match *"}, []string{drop, take}
	operations := everyOperation()
	operations["repair where the state is deleted"] = func(t *testing.T) (*special, *model.Plan) {
		l := newSpecial(t, emulator.Options{}, model.MechanismLockfile, model.MechanismDynamoDB)
		l.write(1, "one")
		l.must(l.s3.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: sdk.String(labBucket), Key: sdk.String(labKey)}))
		p, err := l.client().PlanRepair(t.Context(), l.backend(), labKey, model.RepairRequest{To: model.RepairToBytes})
		l.must(p, err)
		return l, p
	}
	operations["restore of a deleted state"] = func(t *testing.T) (*special, *model.Plan) {
		l := newSpecial(t, emulator.Options{}, model.MechanismLockfile, model.MechanismDynamoDB)
		first := l.write(1, "one")
		l.deleteRow(model.DigestID(labBucket, labKey))
		l.must(l.s3.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: sdk.String(labBucket), Key: sdk.String(labKey)}))
		return l, l.planRestore(l.client(), first)
	}
	for name, want := range map[string][]string{
		"unlock":                            {"DeleteObject If-Match", drop},
		"restore":                           append([]string{"PutObject If-Match", "PutItem Digest = :old"}, append(file, row...)...),
		"restore of a deleted state":        append([]string{"PutObject If-None-Match *", take}, append(file, row...)...),
		"repair":                            append([]string{"PutItem Digest = :old"}, append(file, row...)...),
		"repair where the state is deleted": append([]string{"DeleteItem Digest = :old"}, append(file, row...)...),
		"recover":                           {"PutItem Digest = :old", "DeleteObject If-Match", drop},
	} {
		t.Run(name, func(t *testing.T) {
			l, p := operations[name](t)
			l.server.ResetLog()
			wantOutcome(t, l.client(dead).Run(t.Context(), p, everyToken(p), nil), model.OutcomeDone)
			want := slices.Clone(want)
			slices.Sort(want)
			if got := conditions(t, l.server); !slices.Equal(got, want) {
				t.Errorf("sent\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}

func TestALockThatIsTakenStopsARestoreAtOnce(t *testing.T) {
	everyMechanism(t, func(t *testing.T, l *lab) {
		first := l.write(1, "one")
		l.write(2, "two")
		c := l.client()
		plan := l.planRestore(c, first)
		l.lock(lockRaw("theirs", "erin@mbp"))
		res := c.Run(t.Context(), plan, []string{labKey}, nil)
		wantOutcome(t, res, model.OutcomeRefused)
		i := slices.IndexFunc(res.Steps, func(s model.StepResult) bool { return s.Status == model.StepFailed })
		if i < 0 || !strings.HasPrefix(res.Steps[i].Name, "lock") {
			t.Errorf("steps %+v", res.Steps)
		}
	})
}

func TestABackupIsOfTheVersionThatWasShown(t *testing.T) {
	l := newLab(t, model.MechanismDynamoDB)
	first := l.write(1, "one")
	l.write(2, "two")
	c := l.client()
	plan := l.planRestore(c, first)
	plan.Restore.Current.MD5 = model.DigestOf([]byte("something else"))
	l.server.ResetLog()
	wantOutcome(t, c.Run(t.Context(), plan, []string{labKey}, nil), model.OutcomeRefused)
	l.wantState(body(2, "two"))
	if len(l.backups.saved) > 0 || len(l.changes()) > 0 {
		t.Errorf("%d backups, sent %v", len(l.backups.saved), l.changes())
	}
}

func TestReadOnlyEndsAnOperationBeforeItReads(t *testing.T) {
	l := newLab(t, model.MechanismDynamoDB)
	l.lock(lockRaw(staleID, "ci@runner-17"))
	plan := l.planUnlock(l.client(), staleID)
	l.server.ResetLog()
	res := l.client(func(o *aws.Options) { o.ReadOnly = true }).Run(t.Context(), plan, []string{staleID}, nil)
	wantOutcome(t, res, model.OutcomeRefused)
	if n := len(l.server.Requests()); n > 0 || len(l.journal.entries) > 0 || !errors.Is(res.Err, model.ErrReadOnly) {
		t.Errorf("%d requests, %d entries, error %v", n, len(l.journal.entries), res.Err)
	}
}

func TestAPlanThatIsNotInTheJournalIsNotRun(t *testing.T) {
	l := newLab(t, model.MechanismDynamoDB)
	raw := lockRaw(staleID, "ci@runner-17")
	l.lock(raw)
	once := &failsOnce{memoryJournal: l.journal}
	c := l.client(func(o *aws.Options) { o.Journal = once })
	plan := l.planUnlock(c, staleID)
	l.server.ResetLog()
	res := c.Run(t.Context(), plan, []string{staleID}, nil)
	wantOutcome(t, res, model.OutcomeRefused)
	l.wantHeld(raw)
	if !errors.Is(res.Err, model.ErrJournal) || len(l.changes()) > 0 {
		t.Errorf("error %v, sent %v", res.Err, l.changes())
	}
}

// What a repair and a recovery rest on is compared once more under the locks: no
// later condition would notice that only the state's bytes are others.
func TestWhatChangedSinceThePlanIsNotRepaired(t *testing.T) {
	for _, operation := range []string{"repair", "recover"} {
		t.Run(operation, func(t *testing.T) {
			l, p := everyOperation()[operation](t)
			digest := l.attribute(model.DigestID(labBucket, labKey), "Digest")
			l.must(l.s3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: sdk.String(labBucket), Key: sdk.String(labKey), Body: bytes.NewReader(body(9, "meanwhile"))}))
			wantOutcome(t, l.client(dead).Run(t.Context(), p, everyToken(p), nil), model.OutcomeRefused)
			if got := l.attribute(model.DigestID(labBucket, labKey), "Digest"); got != digest {
				t.Errorf("digest %q, before it was %q", got, digest)
			}
		})
	}
}

func TestADigestThatChangedSinceThePlanStopsARestoreBeforeItWrites(t *testing.T) {
	l := newLab(t, model.MechanismDynamoDB)
	first := l.write(1, "one")
	l.write(2, "two")
	c := l.client()
	plan := l.planRestore(c, first)
	other := strings.Repeat("f", 32)
	l.setDigest(other)
	wantOutcome(t, c.Run(t.Context(), plan, []string{labKey}, nil), model.OutcomeRefused)
	if got := string(l.read(labKey, "")); got != string(body(2, "two")) {
		t.Errorf("state %s", got)
	}
	if got := l.attribute(model.DigestID(labBucket, labKey), "Digest"); got != other {
		t.Errorf("digest %q", got)
	}
}

// A table may answer with a row of a moment ago: a lock that was just taken, or
// just let go of, is seen only by asking for a consistent read.
func TestRowsAreReadConsistently(t *testing.T) {
	l := newLab(t, model.MechanismDynamoDB)
	first := l.write(1, "one")
	l.write(2, "two")
	l.server.ResetLog()
	c := l.client()
	wantOutcome(t, c.Run(t.Context(), l.planRestore(c, first), []string{labKey}, nil), model.OutcomeDone)
	c.Locks(t.Context(), l.backend())
	asked := map[string]int{}
	for _, r := range l.server.Requests() {
		if r.Operation != "GetItem" && r.Operation != "Scan" {
			continue
		}
		asked[r.Operation]++
		if !bytes.Contains(r.Body, []byte(`"ConsistentRead":true`)) {
			t.Errorf("%s asked for %s", r.Operation, r.Body)
		}
	}
	if asked["GetItem"] == 0 || asked["Scan"] == 0 {
		t.Errorf("asked for %v", asked)
	}
}

// failsOnce is a journal that cannot take its first entry.
type failsOnce struct {
	*memoryJournal
	failed bool
}

func (j *failsOnce) Record(ctx context.Context, e model.JournalEntry) error {
	if !j.failed {
		j.failed = true
		return errors.New("no space left on device")
	}
	return j.memoryJournal.Record(ctx, e)
}

// TestWritesCarryTheirChecksum: S3 itself refuses bytes that were damaged on the way.
func TestWritesCarryTheirChecksum(t *testing.T) {
	for name, skip := range map[string]bool{"as a rule": false, "not with skip_s3_checksum": true} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, model.MechanismLockfile)
			first := l.write(1, "one")
			l.write(2, "two")
			b := l.backend()
			b.Write.SkipChecksum = skip
			c := l.client()
			p, err := c.PlanRestore(t.Context(), b, labKey, model.RestoreRequest{VersionID: first})
			l.must(p, err)
			wantOutcome(t, c.Run(t.Context(), p, []string{labKey}, nil), model.OutcomeDone)
			out, err := l.s3.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: sdk.String(labBucket), Key: sdk.String(labKey), ChecksumMode: s3types.ChecksumModeEnabled})
			l.must(out, err)
			sum := sha256.Sum256(body(3, "one"))
			want := base64.StdEncoding.EncodeToString(sum[:])
			if skip {
				want = ""
			}
			if got := sdk.ToString(out.ChecksumSHA256); got != want {
				t.Errorf("checksum %q, want %q", got, want)
			}
		})
	}
}
