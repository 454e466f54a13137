package aws_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/model"
)

func (l *lab) planRestore(c *aws.Client, version string) *model.Plan {
	l.t.Helper()
	p, err := c.PlanRestore(l.t.Context(), l.backend(), labKey, model.RestoreRequest{VersionID: version})
	if err != nil {
		l.t.Fatal(err)
	}
	return p
}

func TestAnOlderVersionIsRestoredUnderANewSerial(t *testing.T) {
	everyMechanism(t, func(t *testing.T, l *lab) {
		first := l.write(1, "one")
		l.write(7, "seven") // a higher serial than the current one
		current := l.write(3, "three")
		c := l.client()
		res := c.Run(t.Context(), l.planRestore(c, first), []string{labKey}, nil)
		wantOutcome(t, res, model.OutcomeDone)
		l.wantState(body(8, "one"))
		l.wantHeld("")
		if res.Undo == nil || res.Undo.VersionID != current {
			t.Errorf("undo %+v, want version %s", res.Undo, current)
		}
		if len(l.backups.saved) != 1 || !bytes.Equal(l.backups.saved[0], body(3, "three")) {
			t.Errorf("backups %q", l.backups.saved)
		}
	})
}

func TestARestoreIsUndoneByTheCommandItNames(t *testing.T) {
	everyMechanism(t, func(t *testing.T, l *lab) {
		first := l.write(1, "one")
		l.write(2, "two")
		c := l.client()
		res := c.Run(t.Context(), l.planRestore(c, first), []string{labKey}, nil)
		wantOutcome(t, res, model.OutcomeDone)
		if !strings.Contains(res.Undo.Command, "--version-id "+model.ShellQuote(res.Undo.VersionID)) {
			t.Errorf("command %s", res.Undo.Command)
		}
		wantOutcome(t, c.Run(t.Context(), l.planRestore(c, res.Undo.VersionID), []string{labKey}, nil), model.OutcomeDone)
		l.wantState(body(4, "two"))
	})
}

func TestAStateThatChangedSinceItWasLookedAtIsNotOverwritten(t *testing.T) {
	everyMechanism(t, func(t *testing.T, l *lab) {
		first := l.write(1, "one")
		l.write(2, "two")
		c := l.client()
		plan := l.planRestore(c, first)
		l.write(3, "three")
		res := c.Run(t.Context(), plan, []string{labKey}, nil)
		wantOutcome(t, res, model.OutcomeRefused)
		l.wantState(body(3, "three"))
		l.wantHeld("")
	})
}

func TestAWriteThatIgnoresTheLockIsNotOverwritten(t *testing.T) {
	everyMechanism(t, func(t *testing.T, l *lab) {
		first := l.write(1, "one")
		l.write(2, "two")
		c := l.client()
		plan := l.planRestore(c, first)
		l.once("PutObject", "terraform.tfstate", func() *emulator.Fault {
			return &emulator.Fault{Before: func() { l.write(3, "three") }}
		})
		res := c.Run(t.Context(), plan, []string{labKey}, nil)
		wantOutcome(t, res, model.OutcomeRefused)
		l.wantState(body(3, "three"))
		l.wantHeld("")
	})
}

func TestARestoreStopsAtALockThatSomebodyTookMeanwhile(t *testing.T) {
	everyMechanism(t, func(t *testing.T, l *lab) {
		first := l.write(1, "one")
		l.write(2, "two")
		c := l.client()
		plan := l.planRestore(c, first)
		raw := lockRaw("theirs", "erin@mbp")
		l.lock(raw)
		res := c.Run(t.Context(), plan, []string{labKey}, nil)
		wantOutcome(t, res, model.OutcomeRefused)
		if res.Holder == nil || res.Holder.Info.Who != "erin@mbp" {
			t.Errorf("holder %+v", res.Holder)
		}
		l.wantHeld(raw)
		l.wantState(body(2, "two"))
	})
}

func TestWhoeverMeetsTheLockOfARestoreReadsThatItIsStatewards(t *testing.T) {
	everyMechanism(t, func(t *testing.T, l *lab) {
		first := l.write(1, "one")
		l.write(2, "two")
		c := l.client()
		plan := l.planRestore(c, first)
		var seen map[model.Mechanism]string
		l.once("PutObject", "terraform.tfstate", func() *emulator.Fault {
			return &emulator.Fault{Before: func() { seen = l.held() }}
		})
		wantOutcome(t, c.Run(t.Context(), plan, []string{labKey}, nil), model.OutcomeDone)
		for m, raw := range seen {
			info, malformed := model.ParseLockInfo([]byte(raw))
			rec, ok := model.ParseRecoveryRecord(info.Info)
			if malformed != "" || !ok || rec.From != first || info.Who != "oncall@desk" || !strings.HasPrefix(info.Info, "stateward restore") {
				t.Errorf("%s holds %s", m, raw)
			}
		}
	})
}

func TestADeletedStateIsRestored(t *testing.T) {
	everyMechanism(t, func(t *testing.T, l *lab) {
		first := l.write(4, "four")
		l.must(l.s3.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: sdk.String(labBucket), Key: sdk.String(labKey)}))
		c := l.client()
		res := c.Run(t.Context(), l.planRestore(c, first), []string{labKey}, nil)
		wantOutcome(t, res, model.OutcomeDone)
		l.wantState(body(5, "four"))
		l.wantHeld("")
	})
}

func TestADeletedStateThatCameBackIsNotOverwritten(t *testing.T) {
	everyMechanism(t, func(t *testing.T, l *lab) {
		first := l.write(4, "four")
		l.must(l.s3.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: sdk.String(labBucket), Key: sdk.String(labKey)}))
		c := l.client()
		plan := l.planRestore(c, first)
		l.write(1, "again")
		wantOutcome(t, c.Run(t.Context(), plan, []string{labKey}, nil), model.OutcomeRefused)
		l.wantState(body(1, "again"))
	})
}

func TestALostAnswerOfARestoreIsSettledByReading(t *testing.T) {
	faults := map[string]emulator.Fault{
		"reset before the effect": {Reset: true},
		"reset after the effect":  {Reset: true, AfterEffect: true},
		"500 before the effect":   {Status: 500, Code: "InternalError"},
		"500 after the effect":    {Status: 500, Code: "InternalError", AfterEffect: true},
		"503 slow down":           {Status: 503, Code: "SlowDown"},
	}
	requests := map[string][2]string{
		"taking the lock file":    {"PutObject", ".tflock"},
		"taking the lock row":     {"PutItem", ""},
		"writing the state":       {"PutObject", "terraform.tfstate"},
		"releasing the lock file": {"DeleteObject", ".tflock"},
		"releasing the lock row":  {"DeleteItem", ""},
	}
	for what, r := range requests {
		for name, fault := range faults {
			t.Run(what+", "+name, func(t *testing.T) {
				l := newLab(t, model.MechanismLockfile, model.MechanismDynamoDB)
				first := l.write(1, "one")
				l.write(2, "two")
				c := l.client()
				plan := l.planRestore(c, first)
				l.once(r[0], r[1], func() *emulator.Fault { return &fault })
				wantOutcome(t, c.Run(t.Context(), plan, []string{labKey}, nil), model.OutcomeDone)
				l.wantState(body(3, "one"))
				l.wantHeld("")
			})
		}
	}
}

func TestNothingIsOverwrittenWithoutABackup(t *testing.T) {
	l := newLab(t, model.MechanismLockfile)
	first := l.write(1, "one")
	l.write(2, "two")
	l.backups.fail = errors.New("no space left on device")
	c := l.client()
	plan := l.planRestore(c, first)
	l.server.ResetLog()
	wantOutcome(t, c.Run(t.Context(), plan, []string{labKey}, nil), model.OutcomeRefused)
	if got := l.changes(); len(got) > 0 {
		t.Errorf("sent %v", got)
	}
}

func TestStoppingARestoreBeforeItWroteTakesTheLocksBack(t *testing.T) {
	everyMechanism(t, func(t *testing.T, l *lab) {
		first := l.write(1, "one")
		l.write(2, "two")
		c := l.client()
		plan := l.planRestore(c, first)
		ctx, stop := context.WithCancel(t.Context())
		res := c.Run(ctx, plan, []string{labKey}, func(e model.StepEvent) {
			if e.Step.Name == "verify" && e.Step.Status == model.StepRunning {
				stop()
			}
		})
		stop()
		wantOutcome(t, res, model.OutcomeRefused)
		l.wantState(body(2, "two"))
		l.wantHeld("")
	})
}

func TestStoppingARestoreAfterItWroteCarriesItThrough(t *testing.T) {
	everyMechanism(t, func(t *testing.T, l *lab) {
		first := l.write(1, "one")
		l.write(2, "two")
		c := l.client()
		plan := l.planRestore(c, first)
		ctx, stop := context.WithCancel(t.Context())
		res := c.Run(ctx, plan, []string{labKey}, func(e model.StepEvent) {
			if e.Step.Name == "write" && e.Step.Status == model.StepDone {
				stop()
			}
		})
		stop()
		wantOutcome(t, res, model.OutcomeDone)
		l.wantState(body(3, "one"))
		l.wantHeld("")
	})
}

func TestADigestThatSomebodyElseSetIsLeftAloneAndTheLocksStay(t *testing.T) {
	l := newLab(t, model.MechanismDynamoDB)
	first := l.write(1, "one")
	l.write(2, "two")
	c := l.client()
	plan := l.planRestore(c, first)
	foreign := strings.Repeat("f", 32)
	l.once("PutObject", "terraform.tfstate", func() *emulator.Fault {
		return &emulator.Fault{After: func() { l.setDigest(foreign) }}
	})
	res := c.Run(t.Context(), plan, []string{labKey}, nil)
	wantOutcome(t, res, model.OutcomeInterrupted)
	if got := l.attribute(model.DigestID(labBucket, labKey), "Digest"); got != foreign {
		t.Errorf("digest %s", got)
	}
	if l.held()[model.MechanismDynamoDB] == "" {
		t.Error("our lock, the evidence, is gone")
	}
	if len(res.Next) == 0 {
		t.Error("nothing says how to go on")
	}
}

func TestTheEncryptionTagsAndGrantsOfTheStateAreKept(t *testing.T) {
	l := newLab(t, model.MechanismLockfile)
	first := l.write(1, "one")
	put := &s3.PutObjectInput{Bucket: sdk.String(labBucket), Key: sdk.String(labKey), Body: bytes.NewReader(body(2, "two")),
		ServerSideEncryption: "AES256", Tagging: sdk.String("team=data&cost%20centre=12")}
	l.must(l.s3.PutObject(t.Context(), put))
	c := l.client()
	wantOutcome(t, c.Run(t.Context(), l.planRestore(c, first), []string{labKey}, nil), model.OutcomeDone)
	head, err := l.s3.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: sdk.String(labBucket), Key: sdk.String(labKey)})
	l.must(head, err)
	if head.ServerSideEncryption != "AES256" || sdk.ToString(head.ContentType) != "application/json" {
		t.Errorf("encryption %s, type %s", head.ServerSideEncryption, sdk.ToString(head.ContentType))
	}
	tags, err := l.s3.GetObjectTagging(t.Context(), &s3.GetObjectTaggingInput{Bucket: sdk.String(labBucket), Key: sdk.String(labKey)})
	l.must(tags, err)
	if len(tags.TagSet) != 2 {
		t.Errorf("tags %v", tags.TagSet)
	}
}

// TestFewRoundTripsAfterTheConfirmation counts how many times an operation waits for a
// server that is far away: requests that are under way at the same time are one.
func TestFewRoundTripsAfterTheConfirmation(t *testing.T) {
	for name, mechs := range waysToLock() {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				far, s := farSite()
				l := &special{lab: &lab{t: t, server: far.emulator, journal: &memoryJournal{}, backups: &memoryBackups{}, mechs: mechs, s3: s.s3, ddb: s.ddb}}
				l.furnish()
				l.fewRoundTrips(t, far)
			})
		})
	}
}

func (l *special) fewRoundTrips(t *testing.T, far *farServer) {
	first := l.write(1, "one")
	l.write(2, "two")
	l.lock(lockRaw(staleID, "ci@runner-17"))
	c := l.lab.client(func(o *aws.Options) { o.EndpointURL = "http://emulator.localhost" })
	aws.SendThrough(c, far)
	far.latency = 20 * time.Millisecond
	unlock := l.planUnlock(c, staleID)
	got := far.roundTrips(func() {
		wantOutcome(t, c.Run(t.Context(), unlock, []string{staleID}, nil), model.OutcomeDone)
	})
	if most := 4 * len(l.mechs); got > most {
		t.Errorf("an unlock took %d round trips, at most %d", got, most)
	}
	restore := l.planRestore(c, first)
	got = far.roundTrips(func() {
		wantOutcome(t, c.Run(t.Context(), restore, []string{labKey}, nil), model.OutcomeDone)
	})
	if got > 10 {
		t.Errorf("a restore took %d round trips, at most 10", got)
	}
	t.Logf("restore: %d round trips", got)
}

// roundTrips is how many latencies pass by the bubble's clock, which stands while
// anything is computed.
func (f *farServer) roundTrips(run func()) int {
	began := time.Now()
	run()
	return int(time.Since(began) / f.latency)
}
