package aws_test

import (
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/model"
)

const saysRefused = "although looking shows that it holds"

func errorOf(status int, code, message string) http.HandlerFunc {
	return says(status, `<?xml version="1.0" encoding="UTF-8"?><Error><Code>`+code+`</Code><Message>`+message+`</Message><RequestId>R</RequestId></Error>`, contentTyp, isXML)
}

// refusals are the ways in which stores refuse a conditional change of an object
// although its condition holds.
func refusals() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"as if the condition did not hold":   errorOf(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold"),
		"as a conflict":                      errorOf(409, "ConditionalRequestConflict", "The conditional request cannot succeed due to a conflicting operation"),
		"as not implemented":                 errorOf(501, "NotImplemented", "A header you provided implies functionality that is not implemented"),
		"as not implemented, without a word": says(501, "", "X-Amz-Request-Id", "R"),
		"as an argument that is not valid":   errorOf(400, "InvalidArgument", "If-None-Match and If-Match are not supported"),
		"as a request that is not valid":     errorOf(400, "InvalidRequest", "conditional requests are not supported"),
		"as not modified":                    says(304, "", "X-Amz-Request-Id", "R"),
		"as if nothing were there":           errorOf(404, "NoSuchKey", "The specified key does not exist."),
	}
}

// refusing is a lab whose store refuses the conditional changes for which it is
// asked, all of them for nil.
func refusing(t *testing.T, answer http.HandlerFunc, which func(*http.Request) bool, mechs ...model.Mechanism) *special {
	t.Helper()
	l := newSpecial(t, emulator.Options{}, mechs...)
	l.url = between(t, l.server.URL(), func(r *http.Request) http.HandlerFunc {
		conditional := r.Header.Get("If-Match") != "" || r.Header.Get("If-None-Match") != ""
		if conditional && (r.Method == http.MethodPut || r.Method == http.MethodDelete) && (which == nil || which(r)) {
			return answer
		}
		return nil
	})
	return l
}

func unguarded(o *aws.Options) { o.Unguarded = true }

// tellsNoTales sees that a refusal blames nobody, and says what it is and how to go on.
func tellsNoTales(t *testing.T, res model.Result, command string) {
	t.Helper()
	next := strings.Join(res.Next.Texts(), "\n")
	for _, wrong := range []string{"omebody else", "hanged by", "look again"} {
		if strings.Contains(res.Message+next, wrong) {
			t.Errorf("says %q: %s\n%s", wrong, res.Message, next)
		}
	}
	if first := res.Next[0].Command; !strings.HasPrefix(first, command) || !strings.Contains(first, "--confirm UNGUARDED") {
		t.Errorf("the command that is named first is refused again: %q", first)
	}
	if !strings.Contains(res.Message, saysRefused) || !strings.Contains(next, command) || !strings.Contains(next, "--confirm UNGUARDED") {
		t.Errorf("message %s\nnext %s", res.Message, next)
	}
}

func TestAStoreThatRefusesAConditionThatHoldsIsNobodysChange(t *testing.T) {
	for name, answer := range refusals() {
		t.Run(name, func(t *testing.T) {
			l := refusing(t, answer, nil, model.MechanismLockfile, model.MechanismDynamoDB)
			first := l.write(1, "one")
			l.write(2, "two")
			c := l.client()
			res := l.runs(c, l.planRestore(c, first), model.OutcomeRefused)
			tellsNoTales(t, res, "stateward restore s3://"+labBucket+"/"+labKey+" --version-id "+first)
			l.wantState(body(2, "two"))
			l.wantHeld("")
			if next := l.planRestore(c, first); next.Unguarded == "" || !slices.Contains(everyToken(next), model.TokenUnguarded) {
				t.Errorf("the next plan does not ask for the word: %+v", next.Tokens)
			}
			c = l.client(unguarded)
			p := l.planRestore(c, first)
			wantOutcome(t, c.Run(t.Context(), p, []string{labKey}, nil), model.OutcomeRefused)
			l.runs(c, p, model.OutcomeDone)
			l.wantState(body(3, "one"))
			l.wantHeld("")
		})
	}
}

func TestALockFileThatTheStoreWillNotDeleteUnderAConditionGoesWithTheWord(t *testing.T) {
	for name, answer := range refusals() {
		t.Run(name, func(t *testing.T) {
			l := refusing(t, answer, nil, model.MechanismLockfile)
			l.write(1, "one")
			raw := lockRaw(staleID, "ci@runner-17")
			l.fileLock(raw)
			c := l.client()
			res := l.runs(c, l.planUnlock(c, staleID), model.OutcomeRefused)
			tellsNoTales(t, res, "stateward unlock s3://"+labBucket+"/"+labKey+" --lock-id "+staleID)
			l.wantHeld(raw)
			c = l.client(unguarded)
			p := l.planUnlock(c, staleID)
			if i := slices.IndexFunc(p.Steps, func(s model.PlanStep) bool { return s.Name == "delete lock file" }); !strings.Contains(p.Steps[i].Condition, "not held to by the store") {
				t.Errorf("the plan promises %q", p.Steps[i].Condition)
			}
			l.runs(c, p, model.OutcomeDone)
			l.wantHeld("")
			if versions, markers := l.history(labKey + ".tflock"); versions != 1 || markers != 1 {
				t.Errorf("%d versions, %d markers", versions, markers)
			}
		})
	}
}

func TestARepairAndItsRecoveryGoWithTheWord(t *testing.T) {
	isDelete := func(r *http.Request) bool { return r.Method == http.MethodDelete }
	l := refusing(t, refusals()["as not implemented"], isDelete, model.MechanismLockfile, model.MechanismDynamoDB)
	l.write(1, "one")
	l.setDigest(strings.Repeat("f", 32))
	c := l.client()
	p, err := c.PlanRepair(t.Context(), l.backend(), labKey, model.RepairRequest{To: model.RepairToBytes})
	l.must(p, err)
	res := l.runs(c, p, model.OutcomeInterrupted) // its lock file cannot be released
	tellsNoTales(t, res, "stateward recover s3://"+labBucket+"/"+labKey)
	c = l.client(unguarded, dead)
	p, err = c.PlanRecover(t.Context(), l.backend(), labKey, "")
	l.must(p, err)
	if !slices.Contains(everyToken(p), model.TokenUnguarded) {
		t.Errorf("tokens %+v", p.Tokens)
	}
	l.runs(c, p, model.OutcomeDone)
	l.wantHeld("")
	l.wantState(body(1, "one"))
}

// What is not atomic is looked at afterwards: whoever came in between keeps what
// is theirs, or is named.
func TestWhoComesBetweenComparingAndChangingIsFoundOut(t *testing.T) {
	bare := func(r emulator.Request, operation, key string) bool {
		return r.Operation == operation && strings.HasSuffix(r.Key, key) && r.Header.Get("If-Match")+r.Header.Get("If-None-Match") == ""
	}
	theirs := lockRaw("theirs", "erin@mbp")
	for name, c := range map[string]struct {
		operation, key string
		does           func(*special)
		unlocks        bool
		want           model.Outcome
		says           string
	}{
		"a lock while ours is taken":          {"PutObject", ".tflock", func(l *special) { l.fileLock(theirs) }, false, model.OutcomeRefused, "erin@mbp has its lock back"},
		"a lock while a stale one is deleted": {"DeleteObject", ".tflock", func(l *special) { l.fileLock(theirs) }, true, model.OutcomeRefused, "erin@mbp has its lock back"},
		"a write while ours is written":       {"PutObject", "terraform.tfstate", func(l *special) { l.put(labKey, body(9, "theirs")) }, false, model.OutcomeInterrupted, "was overwritten"},
	} {
		t.Run(name, func(t *testing.T) {
			l := refusing(t, refusals()["as not implemented"], nil, model.MechanismLockfile)
			first := l.write(1, "one")
			l.write(2, "two")
			if c.unlocks {
				l.fileLock(lockRaw(staleID, "ci@runner-17"))
			}
			client := l.client(unguarded)
			p := l.planRestore(client, first)
			if c.unlocks {
				p = l.planUnlock(client, staleID)
			}
			var done atomic.Bool
			l.server.OnRequest(func(r emulator.Request) *emulator.Fault {
				if !bare(r, c.operation, c.key) || !done.CompareAndSwap(false, true) {
					return nil
				}
				return &emulator.Fault{Before: func() { l.server.OnRequest(nil); c.does(l) }}
			})
			res := l.runs(client, p, c.want)
			if said := res.Message + strings.Join(res.Next.Texts(), " "); !strings.Contains(said, c.says) {
				t.Errorf("not told: %s", said)
			}
			if c.key == ".tflock" {
				l.wantHeld(theirs)
			}
		})
	}
}

func TestTheWordChangesNothingWhereConditionsHold(t *testing.T) {
	l := newSpecial(t, emulator.Options{}, model.MechanismLockfile)
	first := l.write(1, "one")
	l.write(2, "two")
	c := l.client(unguarded)
	l.server.ResetLog()
	l.runs(c, l.planRestore(c, first), model.OutcomeDone)
	for _, sent := range conditions(t, l.server) {
		if !strings.Contains(sent, "If-") {
			t.Errorf("sent without a condition: %s", sent)
		}
	}
}

func TestATableThatRefusesAConditionThatHoldsIsNamedAndGetsNoWord(t *testing.T) {
	l := newSpecial(t, emulator.Options{}, model.MechanismDynamoDB)
	first := l.write(1, "one")
	l.write(2, "two")
	l.url = between(t, l.server.URL(), func(r *http.Request) http.HandlerFunc {
		if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".PutItem") {
			return says(400, `{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException","message":"The conditional request failed"}`, contentTyp, "application/x-amz-json-1.0")
		}
		return nil
	})
	c := l.client()
	res := l.runs(c, l.planRestore(c, first), model.OutcomeRefused)
	if said := res.Message + strings.Join(res.Next.Texts(), " "); !strings.Contains(said, saysRefused) || strings.Contains(said, "omebody") || strings.Contains(said, model.TokenUnguarded) {
		t.Errorf("says %s", said)
	}
	l.wantState(body(2, "two"))
}

func TestALockThatSomebodyElseRemovedIsNotRemovedByUs(t *testing.T) {
	for name, mechs := range map[string][]model.Mechanism{"lock file": {model.MechanismLockfile}, "lock row": {model.MechanismDynamoDB},
		"both": {model.MechanismLockfile, model.MechanismDynamoDB}} {
		t.Run(name, func(t *testing.T) {
			l := newSpecial(t, emulator.Options{}, mechs...)
			l.write(1, "one")
			l.lock(lockRaw(staleID, "ci@runner-17"))
			c := l.client()
			p := l.planUnlock(c, staleID)
			l.server.OnRequest(func(r emulator.Request) *emulator.Fault {
				if r.Operation != "DeleteObject" && r.Operation != "DeleteItem" {
					return nil
				}
				return &emulator.Fault{Before: func() {
					l.server.OnRequest(nil)
					l.remove(labKey + ".tflock")
					l.deleteRow(model.LockID(labBucket, labKey))
				}}
			})
			res := l.runs(c, p, model.OutcomeAlreadyGone)
			if strings.Contains(res.Message, "removed the lock") {
				t.Errorf("claims it: %s", res.Message)
			}
			l.wantHeld("")
		})
	}
}

// What lies in the history of a lock file proves that the store did not refuse a
// second lock: plans promise no more, and doctor says so.
func TestTheHistoryOfALockFileProvesThatConditionsAreIgnored(t *testing.T) {
	for name, c := range map[string]struct {
		locks  func(*special)
		proves bool
	}{
		"two holders upon each other": {func(l *special) { l.fileLock(lockRaw("a", "ci@a")); l.fileLock(lockRaw("b", "ci@b")) }, true},
		"two runs after each other": {func(l *special) {
			l.fileLock(lockRaw("a", "ci@a"))
			l.remove(labKey + ".tflock")
			l.fileLock(lockRaw("b", "ci@b"))
		}, false},
		"one holder that wrote twice": {func(l *special) { raw := lockRaw("a", "ci@a"); l.fileLock(raw); l.fileLock(raw) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			l := newSpecial(t, emulator.Options{}, model.MechanismLockfile)
			first := l.write(1, "one")
			l.write(2, "two")
			c.locks(l)
			l.remove(labKey + ".tflock")
			facts := l.client().Health(t.Context(), l.backend())
			known, ok := facts.ConditionalWrites.Get()
			if ok != c.proves || known.Honoured || c.proves && !strings.Contains(strings.Join(known.Evidence, ""), "ci@b took the lock file (ID b)") {
				t.Errorf("doctor: %v %+v, %s", ok, known, facts.ConditionalWrites.Reason())
			}
			client := l.client()
			p := l.planRestore(client, first)
			if got := slices.Contains(everyToken(p), model.TokenUnguarded); got != c.proves {
				t.Errorf("tokens %+v, warnings %q", p.Tokens, p.Warnings)
			}
			want := model.OutcomeDone
			if c.proves {
				want = model.OutcomeRefused
			}
			wantOutcome(t, client.Run(t.Context(), p, []string{labKey}, nil), want)
		})
	}
}
