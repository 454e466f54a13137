package aws_test

import (
	"bytes"
	"strings"
	"sync"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/model"
)

// dieAt makes the endpoint unreachable from the first matching request on, so
// that whatever follows fails as if the network had been cut.
func (l *lab) dieAt(operation, keySuffix string, afterEffect bool) {
	var mu sync.Mutex
	dead := false
	l.server.OnRequest(func(r emulator.Request) *emulator.Fault {
		mu.Lock()
		defer mu.Unlock()
		if dead {
			return &emulator.Fault{Reset: true}
		}
		if r.Operation == operation && strings.HasSuffix(r.Key, keySuffix) {
			dead = true
			return &emulator.Fault{Reset: true, AfterEffect: afterEffect}
		}
		return nil
	})
}

func (l *lab) recover(c *aws.Client, words ...string) model.Result {
	l.t.Helper()
	p, err := c.PlanRecover(l.t.Context(), l.backend(), labKey, "")
	if err != nil {
		l.t.Fatal(err)
	}
	for _, tok := range p.Tokens {
		if tok.Value != model.TokenDead {
			words = append(words, tok.Value)
		}
	}
	return c.Run(l.t.Context(), p, words, nil)
}

// dead says that the process of the record is gone, as on its own machine.
func dead(o *aws.Options) { o.Alive = func(int) model.Fact[bool] { return model.Known(false) } }

func TestARestoreThatWasCutOffIsFinishedOrUndoneFromItsOwnRecord(t *testing.T) {
	points := map[string]struct {
		operation, key string
		afterEffect    bool
		want           []byte
	}{
		"while it took the lock file, before the effect":     {"PutObject", ".tflock", false, body(2, "two")},
		"while it took the lock file, after the effect":      {"PutObject", ".tflock", true, body(2, "two")},
		"while it took the lock row, after the effect":       {"PutItem", "", true, body(2, "two")},
		"while it wrote the state, before the effect":        {"PutObject", "terraform.tfstate", false, body(2, "two")},
		"while it wrote the state, after the effect":         {"PutObject", "terraform.tfstate", true, body(3, "one")},
		"while it released the lock file, before the effect": {"DeleteObject", ".tflock", false, body(3, "one")},
		"while it released the lock file, after the effect":  {"DeleteObject", ".tflock", true, body(3, "one")},
		"while it released the lock row, before the effect":  {"DeleteItem", "", false, body(3, "one")},
		"while it released the lock row, after the effect":   {"DeleteItem", "", true, body(3, "one")},
	}
	for name, p := range points {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, model.MechanismLockfile, model.MechanismDynamoDB)
			first := l.write(1, "one")
			l.write(2, "two")
			c := l.client()
			plan := l.planRestore(c, first)
			l.dieAt(p.operation, p.key, p.afterEffect)
			cut := c.Run(t.Context(), plan, []string{labKey}, nil)
			wantOutcome(t, cut, model.OutcomeInterrupted)
			if len(cut.Next) == 0 || !strings.Contains(cut.Next[0].Command, "stateward recover") {
				t.Errorf("nothing says how to go on: %v", cut.Next)
			}
			l.server.OnRequest(nil)
			res := l.recover(l.client(dead))
			if res.Outcome != model.OutcomeAlreadyGone { // where the cut came before anything was left behind
				wantOutcome(t, res, model.OutcomeDone)
			}
			l.wantHeld("")
			l.wantState(p.want)
			wantOutcome(t, l.recover(l.client(dead)), model.OutcomeAlreadyGone)
		})
	}
}

func TestARecordAloneDoesNotTellACrashFromAColleagueAtWork(t *testing.T) {
	l := newLab(t, model.MechanismDynamoDB)
	first := l.write(1, "one")
	l.write(2, "two")
	c := l.client()
	plan := l.planRestore(c, first)
	l.dieAt("PutObject", "terraform.tfstate", false)
	wantOutcome(t, c.Run(t.Context(), plan, []string{labKey}, nil), model.OutcomeInterrupted)
	l.server.OnRequest(nil)
	before := l.held()[model.MechanismDynamoDB]

	elsewhere := func(o *aws.Options) { o.Actor.Host = "another-desk" }
	wantOutcome(t, l.recover(l.client(elsewhere)), model.OutcomeRefused)
	alive := func(o *aws.Options) { o.Alive = func(int) model.Fact[bool] { return model.Known(true) } }
	wantOutcome(t, l.recover(l.client(alive)), model.OutcomeRefused)
	l.wantHeld(before)

	wantOutcome(t, l.recover(l.client(elsewhere), model.TokenDead), model.OutcomeDone)
	l.wantHeld("")
	l.wantState(body(2, "two"))
}

// dies runs a restore of the first version that is cut off where it writes the
// state; the lock stays.
func (l *lab) dies(afterEffect bool) (held string) {
	l.t.Helper()
	first := l.write(1, "one")
	l.write(2, "two")
	c := l.client()
	plan := l.planRestore(c, first)
	l.dieAt("PutObject", "terraform.tfstate", afterEffect)
	wantOutcome(l.t, c.Run(l.t.Context(), plan, []string{labKey}, nil), model.OutcomeInterrupted)
	l.server.OnRequest(nil)
	return l.held()[model.MechanismDynamoDB]
}

func TestARecoveryLeavesAloneWhatItCannotExplain(t *testing.T) {
	for name, c := range map[string]struct {
		arrange func(*lab)
		why     string
	}{
		"our version, then one written beside the lock": {func(l *lab) { l.write(9, "beside the lock") }, "overwritten beside the lock"},
		"versions that cannot be listed": {func(l *lab) {
			l.write(9, "beside the lock")
			l.server.Deny("s3:ListBucketVersions")
		}, "cannot be told (AccessDenied s3:ListBucketVersions)"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, model.MechanismDynamoDB)
			held := l.dies(true)
			c.arrange(l)
			res := l.recover(l.client(dead))
			wantOutcome(t, res, model.OutcomeRefused)
			if !strings.Contains(res.Err.Error(), c.why) {
				t.Errorf("not %q: %v", c.why, res.Err)
			}
			l.wantHeld(held)
			l.wantState(body(9, "beside the lock"))
		})
	}
}

func TestARecoveryOfARestoreThatWroteNothingLeavesANewerVersionAsItIs(t *testing.T) {
	for name, c := range map[string]struct {
		arrange func(*lab)
		want    []byte
	}{
		"another client wrote":         {func(l *lab) { l.write(9, "newer") }, body(9, "newer")},
		"another client wrote several": {func(l *lab) { l.write(9, "newer"); l.write(10, "newest") }, body(10, "newest")},
		"another client deleted the state": {func(l *lab) {
			l.must(l.s3.DeleteObject(l.t.Context(), &s3.DeleteObjectInput{Bucket: sdk.String(labBucket), Key: sdk.String(labKey)}))
		}, nil},
		"another client wrote, its digest was lost": {func(l *lab) {
			l.write(9, "newer")
			l.setDigest(model.DigestOf(body(2, "two")))
		}, body(9, "newer")},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, model.MechanismDynamoDB)
			l.dies(false)
			c.arrange(l)
			digest := l.attribute(model.DigestID(labBucket, labKey), "Digest")
			wantOutcome(t, l.recover(l.client(dead)), model.OutcomeDone)
			l.wantHeld("")
			if got := l.attribute(model.DigestID(labBucket, labKey), "Digest"); got != digest {
				t.Errorf("the digest was changed from %q to %q", digest, got)
			}
			if got := l.read(labKey, ""); !bytes.Equal(got, c.want) {
				t.Errorf("state is\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

func (l *lab) repair(to model.RepairTo) model.Result {
	l.t.Helper()
	c := l.client()
	p, err := c.PlanRepair(l.t.Context(), l.backend(), labKey, model.RepairRequest{To: to})
	if err != nil {
		l.t.Fatal(err)
	}
	return c.Run(l.t.Context(), p, []string{labKey}, nil)
}

func TestADigestThatDoesNotMatchIsRepaired(t *testing.T) {
	right := model.DigestOf(body(2, "two"))
	for name, c := range map[string]struct {
		digest string // "" leaves no row
		to     model.RepairTo
		want   []byte
	}{
		"a mismatch, to the bytes":                   {strings.Repeat("f", 32), model.RepairToBytes, body(2, "two")},
		"a missing row, to the bytes":                {"", model.RepairToBytes, body(2, "two")},
		"a malformed digest, to the bytes":           {"not an MD5", model.RepairToBytes, body(2, "two")},
		"a digest of an older version, to the bytes": {model.DigestOf(body(1, "one")), model.RepairToBytes, body(2, "two")},
		"a digest of an older version, to that one":  {model.DigestOf(body(1, "one")), model.RepairToVersion, body(3, "one")},
		"a digest that is right is left alone":       {right, model.RepairToBytes, body(2, "two")},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, model.MechanismLockfile, model.MechanismDynamoDB)
			l.write(1, "one")
			l.write(2, "two")
			l.breakDigest(c.digest)
			want := model.OutcomeDone
			if c.digest == right {
				want = model.OutcomeAlreadyGone
			}
			wantOutcome(t, l.repair(c.to), want)
			l.wantState(c.want)
			l.wantHeld("")
		})
	}
}

func (l *lab) breakDigest(digest string) {
	l.t.Helper()
	if digest != "" {
		l.setDigest(digest)
		return
	}
	l.deleteRow(model.DigestID(labBucket, labKey))
}

func TestTheDigestOfADeletedStateIsRemovedOrItsVersionRestored(t *testing.T) {
	for name, c := range map[string]struct {
		to   model.RepairTo
		want []byte
	}{
		"to the bytes: there are none, so the row goes": {model.RepairToBytes, nil},
		"to the version: it comes back":                 {model.RepairToVersion, body(3, "two")},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, model.MechanismDynamoDB)
			l.write(1, "one")
			l.write(2, "two")
			l.must(l.s3.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: sdk.String(labBucket), Key: sdk.String(labKey)}))
			wantOutcome(t, l.repair(c.to), model.OutcomeDone)
			l.wantState(c.want)
			l.wantHeld("")
			if got := l.attribute(model.DigestID(labBucket, labKey), "Digest"); c.want == nil && got != "" {
				t.Errorf("digest %q stayed", got)
			}
		})
	}
}

func TestARepairNamesTheVersionThatTheDigestBelongsTo(t *testing.T) {
	l := newLab(t, model.MechanismDynamoDB)
	first := l.write(1, "one")
	l.write(2, "two")
	l.setDigest(model.DigestOf(body(1, "one")))
	p, err := l.client().PlanRepair(t.Context(), l.backend(), labKey, model.RepairRequest{})
	l.must(p, err)
	for _, f := range p.Facts {
		if f.Label == "Belongs to" && strings.Contains(f.Text, first) {
			return
		}
	}
	t.Errorf("facts %+v", p.Facts)
}
