package aws_test

import (
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/model"
)

const saysLax = "this store does not check the conditions of changes"

// onLaxStores runs a test on stores that ignore If-Match and If-None-Match: one
// that lists versions as AWS does, and one that lists markers last. Each lab has
// a stale lock to clear.
func onLaxStores(t *testing.T, f func(*testing.T, *special, string), mechs ...model.Mechanism) {
	t.Helper()
	for name, o := range map[string]emulator.Options{
		"in the order of AWS":   {IgnoreConditions: true},
		"with the markers last": {IgnoreConditions: true, MarkersLast: true},
	} {
		t.Run(name, func(t *testing.T) {
			l := newSpecial(t, o, mechs...)
			first := l.write(1, "one")
			l.write(2, "two")
			f(t, l, first)
		})
	}
}

// fileLock writes a lock file, as a client does that is told that there is none.
func (l *special) fileLock(raw string) { l.t.Helper(); l.put(labKey+".tflock", []byte(raw)) }

// saysEverywhere sees that steps, message and what comes next say a thing.
func saysEverywhere(t *testing.T, res model.Result, parts ...string) {
	t.Helper()
	details := ""
	for _, s := range res.Steps {
		details += s.Detail
	}
	for _, part := range parts {
		for where, text := range map[string]string{"a step": details, "the message": res.Message, "what comes next": strings.Join(res.Next.Texts(), " ")} {
			if !strings.Contains(text, part) {
				t.Errorf("%s does not say %q: %s", where, part, text)
			}
		}
	}
}

func TestALaxStoreGivesANewerHolderItsLockBack(t *testing.T) {
	for name, theirs := range map[string]func(*special, string){
		"written over the stale one":           (*special).fileLock,
		"written after the stale one was gone": func(l *special, raw string) { l.remove(labKey + ".tflock"); l.fileLock(raw) },
	} {
		t.Run(name, func(t *testing.T) {
			onLaxStores(t, func(t *testing.T, l *special, _ string) {
				stale, newer := lockRaw(staleID, "ci@runner-17"), lockRaw("newer", "erin@mbp")
				l.lock(stale)
				c := l.client()
				p := l.planUnlock(c, staleID)
				l.once("DeleteObject", "", faultBefore(func() { theirs(l, newer) }))
				res := l.runs(c, p, model.OutcomeRefused)
				if res.Holder == nil || res.Holder.Info.Who != "erin@mbp" || !strings.Contains(res.Message, saysLax) {
					t.Errorf("holder %+v, message %s", res.Holder, res.Message)
				}
				saysEverywhere(t, res, "erin@mbp has its lock back", "not atomic")
				held := l.held()
				if held[model.MechanismLockfile] != newer || held[model.MechanismDynamoDB] != stale {
					t.Errorf("held %q", held)
				}
				if got := l.journal.events(); strings.Count(got, "request DeleteObject, answer DeleteObject") != 2 {
					t.Errorf("journal %s", got)
				}
				if p := l.planUnlock(c, "newer"); len(p.Warnings) == 0 || !strings.Contains(strings.Join(p.Warnings, "\n"), "seen to ignore the conditions") {
					t.Errorf("the next plan does not warn: %q", p.Warnings)
				}
			}, model.MechanismLockfile, model.MechanismDynamoDB)
		})
	}
}

func TestALaxStoreClearsALockThatNobodyTouched(t *testing.T) {
	onLaxStores(t, func(t *testing.T, l *special, _ string) {
		for range 3 { // an older history beneath changes nothing
			l.fileLock(lockRaw("before", "ci@runner-16"))
			l.remove(labKey + ".tflock")
		}
		l.lock(lockRaw(staleID, "ci@runner-17"))
		c := l.client()
		res := l.runs(c, l.planUnlock(c, staleID), model.OutcomeDone)
		if strings.Contains(strings.Join(res.Next.Texts(), " "), "condition") {
			t.Errorf("next %q: the version under the marker is the one that was to go", res.Next)
		}
		l.wantHeld("")
	}, model.MechanismLockfile)
}

func TestALaxStoreThatLetsARestoreOverwriteAnotherClientsVersionIsFoundOut(t *testing.T) {
	onLaxStores(t, func(t *testing.T, l *special, first string) {
		c := l.client()
		p := l.planRestore(c, first)
		var theirs string
		l.once("PutObject", "terraform.tfstate", faultBefore(func() { theirs = l.put(labKey, body(3, "theirs")) }))
		res := l.runs(c, p, model.OutcomeInterrupted)
		next := strings.Join(res.Next.Texts(), "\n")
		for _, part := range []string{saysLax, theirs} {
			if !strings.Contains(res.Message, part) {
				t.Errorf("the message does not say %q: %s", part, res.Message)
			}
		}
		if !strings.Contains(next, "--version-id "+theirs) || !strings.Contains(next, "stateward recover") {
			t.Errorf("next %s", next)
		}
		if len(l.held()) == 0 {
			t.Error("the locks were released although a person must choose")
		}
		wantOutcome(t, l.recover(l.client(dead)), model.OutcomeDone)
		l.wantState(body(3, "one"))
	}, model.MechanismDynamoDB)
}

func TestALaxStoreThatReplacedTheRightVersionIsTakenAtItsWord(t *testing.T) {
	onLaxStores(t, func(t *testing.T, l *special, first string) {
		c := l.client()
		l.runs(c, l.planRestore(c, first), model.OutcomeDone)
		l.wantState(body(3, "one"))
	}, model.MechanismDynamoDB)
}

func TestALaxStoreSaysThatTheLockWasGoneAlready(t *testing.T) {
	l := newSpecial(t, emulator.Options{IgnoreConditions: true}, model.MechanismLockfile)
	l.lock(lockRaw(staleID, "ci@runner-17"))
	c := l.client()
	p := l.planUnlock(c, staleID)
	l.once("DeleteObject", "", faultBefore(func() { l.remove(labKey + ".tflock") }))
	res := l.runs(c, p, model.OutcomeDone)
	if !strings.Contains(strings.Join(res.Next.Texts(), " "), "it was gone already; "+saysLax) {
		t.Errorf("next %q", res.Next)
	}
	l.wantHeld("")
}

func TestALockThatCannotBeGivenBackIsToldWithTheCommandThatDoes(t *testing.T) {
	l := newSpecial(t, emulator.Options{IgnoreConditions: true}, model.MechanismLockfile)
	newer := lockRaw("newer", "erin@mbp")
	l.lock(lockRaw(staleID, "ci@runner-17"))
	c := l.client()
	p := l.planUnlock(c, staleID)
	l.server.Deny("s3:DeleteObjectVersion")
	l.once("DeleteObject", "", faultBefore(func() { l.fileLock(newer) }))
	res := l.runs(c, p, model.OutcomeInterrupted)
	if !strings.Contains(res.Message, "the lock of erin@mbp is hidden") || !strings.Contains(res.Message, "AccessDenied") && !strings.Contains(res.Message, "s3:DeleteObjectVersion") {
		t.Errorf("message %s", res.Message)
	}
	_, marker, ok := strings.Cut(strings.Join(res.Next.Commands(), "\n"), "--version-id ")
	if !ok {
		t.Fatalf("no command: %q", res.Next.Texts())
	}
	marker, _, _ = strings.Cut(marker, " ")
	l.server.Allow()
	l.server.OnRequest(nil)
	marker = strings.Trim(marker, "'")
	l.must(l.s3.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: sdk.String(labBucket), Key: sdk.String(labKey + ".tflock"), VersionId: &marker}))
	l.wantHeld(newer)
}

func TestALockThatAThirdClientTookMeanwhileIsTold(t *testing.T) {
	onLaxStores(t, func(t *testing.T, l *special, _ string) {
		third := lockRaw("third", "zoe@mbp")
		l.lock(lockRaw(staleID, "ci@runner-17"))
		c := l.client()
		p := l.planUnlock(c, staleID)
		l.once("DeleteObject", "", func() *emulator.Fault {
			return &emulator.Fault{Before: func() {
				l.server.SetClock(func() time.Time { return time.Now().Add(time.Second) }) // in the next second, as happens
				l.fileLock(lockRaw("newer", "erin@mbp"))
			}, After: func() { l.fileLock(third) }}
		})
		res := l.runs(c, p, model.OutcomeInterrupted)
		for _, who := range []string{"the lock of erin@mbp is hidden", "zoe@mbp holds it since"} {
			if !strings.Contains(res.Message, who) {
				t.Errorf("%q is not said: %s", who, res.Message)
			}
		}
		l.wantHeld(third)
	}, model.MechanismLockfile)
}

func TestALostAnswerWhileALockIsGivenBackIsSettledByReading(t *testing.T) {
	for name, fault := range map[string]emulator.Fault{
		"reset before the effect": {Reset: true},
		"reset after the effect":  {Reset: true, AfterEffect: true},
		"500 before the effect":   {Status: 500, Code: "InternalError"},
		"503 after the effect":    {Status: 503, Code: "SlowDown", AfterEffect: true},
	} {
		t.Run(name, func(t *testing.T) {
			l := newSpecial(t, emulator.Options{IgnoreConditions: true}, model.MechanismLockfile)
			newer := lockRaw("newer", "erin@mbp")
			l.lock(lockRaw(staleID, "ci@runner-17"))
			c := l.client()
			p := l.planUnlock(c, staleID)
			var deletes atomic.Int32 // a reset connection and the next are served side by side
			l.server.OnRequest(func(r emulator.Request) *emulator.Fault {
				if r.Operation != "DeleteObject" {
					return nil
				}
				switch deletes.Add(1) {
				case 1:
					return &emulator.Fault{Before: func() { l.fileLock(newer) }}
				case 2:
					return &fault
				}
				return nil
			})
			l.runs(c, p, model.OutcomeRefused)
			l.wantHeld(newer)
		})
	}
}

func TestALaxStoreWhoseVersionsCannotBeListedIsNotTrustedInSilence(t *testing.T) {
	for name, c := range map[string]struct {
		deny   string
		fault  emulator.Fault
		reason string
	}{
		"denied":              {deny: "s3:ListBucketVersions", reason: "could not be checked: AccessDenied s3:ListBucketVersions"},
		"the answer was lost": {fault: emulator.Fault{Reset: true, AfterEffect: true}, reason: "the answer to the delete was lost"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newSpecial(t, emulator.Options{IgnoreConditions: true}, model.MechanismLockfile)
			l.lock(lockRaw(staleID, "ci@runner-17"))
			client := l.client()
			p := l.planUnlock(client, staleID)
			if c.deny != "" {
				l.server.Deny(c.deny)
			}
			l.once("DeleteObject", "", func() *emulator.Fault {
				f := c.fault
				f.Before = func() { l.fileLock(lockRaw("newer", "erin@mbp")) }
				return &f
			})
			res := client.Run(t.Context(), p, everyToken(p), nil)
			if !strings.Contains(strings.Join(res.Next.Texts(), " "), c.reason) {
				t.Errorf("outcome %s, next %q", res.Outcome, res.Next)
			}
		})
	}
}

func TestWithoutVersionsNobodyCanTellAndItIsSaid(t *testing.T) {
	for name, seen := range map[string]bool{"of a store of which nothing is known": false, "of a store that was seen to be lax": true} {
		t.Run(name, func(t *testing.T) {
			l := newSpecial(t, emulator.Options{IgnoreConditions: true}, model.MechanismLockfile)
			c := l.client()
			want := "nobody can tell whether the store held to the condition"
			if seen {
				l.beSeenLax(c)
				want = "which is not atomic: " + saysLax
			}
			l.version("Suspended")
			l.fileLock(lockRaw(staleID, "ci@runner-17"))
			p := l.planUnlock(c, staleID)
			if len(p.Warnings) < 2 {
				t.Errorf("the plan does not warn: %q", p.Warnings)
			}
			res := l.runs(c, p, model.OutcomeDone)
			i := slices.IndexFunc(res.Steps, func(s model.StepResult) bool { return s.Name == "delete lock file" })
			if !strings.Contains(res.Steps[i].Detail, want) || !strings.Contains(strings.Join(res.Next.Texts(), " "), want) {
				t.Errorf("step %q, next %q", res.Steps[i].Detail, res.Next)
			}
			l.wantHeld("")
		})
	}
}

// beSeenLax has a client find out that the store ignores conditions.
func (l *special) beSeenLax(c *aws.Client) {
	l.t.Helper()
	l.fileLock(lockRaw(staleID, "ci@runner-17"))
	p := l.planUnlock(c, staleID)
	l.once("DeleteObject", "", faultBefore(func() { l.fileLock(lockRaw("newer", "erin@mbp")) }))
	l.runs(c, p, model.OutcomeRefused)
	l.server.OnRequest(nil)
}

func TestALaxStoreGivesALockBackThatARestoreWroteOver(t *testing.T) {
	onLaxStores(t, func(t *testing.T, l *special, first string) {
		theirs := lockRaw("theirs", "erin@mbp")
		c := l.client()
		p := l.planRestore(c, first)
		l.once("PutObject", ".tflock", faultBefore(func() { l.fileLock(theirs) }))
		res := l.runs(c, p, model.OutcomeRefused)
		if res.Holder == nil || res.Holder.Info.Who != "erin@mbp" || !strings.Contains(res.Message, saysLax) {
			t.Errorf("holder %+v, message %s", res.Holder, res.Message)
		}
		saysEverywhere(t, res, "erin@mbp has its lock back", "not atomic")
		held := l.held()
		if held[model.MechanismLockfile] != theirs || held[model.MechanismDynamoDB] != "" {
			t.Errorf("held %q", held)
		}
		l.wantState(body(2, "two"))
	}, model.MechanismLockfile, model.MechanismDynamoDB)
}

func TestALockThatARestoreWroteOverAndCannotGiveBackIsTold(t *testing.T) {
	l := newSpecial(t, emulator.Options{IgnoreConditions: true}, model.MechanismLockfile, model.MechanismDynamoDB)
	first := l.write(1, "one")
	l.write(2, "two")
	c := l.client()
	p := l.planRestore(c, first)
	l.server.Deny("s3:DeleteObjectVersion")
	l.once("PutObject", ".tflock", faultBefore(func() { l.fileLock(lockRaw("theirs", "erin@mbp")) }))
	res := l.runs(c, p, model.OutcomeInterrupted)
	gives := func(line string) bool {
		return strings.HasPrefix(line, "aws s3api delete-object") && strings.Contains(line, "--version-id")
	}
	if !strings.Contains(res.Message, "the lock of erin@mbp is hidden") || !slices.ContainsFunc(res.Next.Commands(), gives) {
		t.Errorf("message %s, next %q", res.Message, res.Next)
	}
	if versions, markers := l.history(labKey + ".tflock"); versions != 2 || markers != 0 {
		t.Errorf("%d versions and %d markers: a marker hides both", versions, markers)
	}
	l.wantState(body(2, "two"))
}

func TestALaxStoreGivesALockBackThatARestoreReleased(t *testing.T) {
	onLaxStores(t, func(t *testing.T, l *special, first string) {
		theirs := lockRaw("theirs", "erin@mbp")
		c := l.client()
		p := l.planRestore(c, first)
		l.once("DeleteObject", ".tflock", faultBefore(func() { l.fileLock(theirs) }))
		res := l.runs(c, p, model.OutcomeDone)
		if !strings.Contains(strings.Join(res.Next.Texts(), " "), "erin@mbp has its lock back, but this was not atomic") {
			t.Errorf("next %q", res.Next)
		}
		l.wantHeld(theirs)
		l.wantState(body(3, "one"))
	}, model.MechanismLockfile)
}

func TestALockThatIsNotOursAnyMoreIsNotReleasedWhereNothingIsVersioned(t *testing.T) {
	l := newSpecial(t, emulator.Options{IgnoreConditions: true}, model.MechanismLockfile, model.MechanismDynamoDB)
	l.write(1, "one")
	l.version("Suspended")
	wrong := strings.Repeat("f", 32)
	l.setDigest(wrong)
	theirs := lockRaw("theirs", "erin@mbp")
	c := l.client()
	p, err := c.PlanRepair(t.Context(), l.backend(), labKey, model.RepairRequest{To: model.RepairToBytes})
	l.must(p, err)
	l.once("HeadObject", "terraform.tfstate", faultBefore(func() { l.fileLock(theirs) })) // while it verifies
	res := l.runs(c, p, model.OutcomeRefused)
	held := l.held()
	if res.Holder == nil || held[model.MechanismLockfile] != theirs || held[model.MechanismDynamoDB] != "" {
		t.Errorf("holder %v, held %q", res.Holder, held)
	}
	if got := l.attribute(model.DigestID(labBucket, labKey), "Digest"); got != wrong {
		t.Errorf("digest %s", got)
	}
}

func TestALockThatIsNotOursAnyMoreIsNotReleased(t *testing.T) {
	onLaxStores(t, func(t *testing.T, l *special, first string) {
		theirs := lockRaw("theirs", "erin@mbp")
		c := l.client()
		p := l.planRestore(c, first)
		l.once("HeadObject", "terraform.tfstate", faultBefore(func() { l.fileLock(theirs) })) // while it verifies
		res := c.Run(t.Context(), p, everyToken(p), nil)
		if res.Outcome == model.OutcomeDone && len(res.Next) == 0 {
			t.Errorf("done without a word: %+v", res)
		}
		l.wantHeld(theirs)
	}, model.MechanismLockfile)
}
