package aws_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/model"
)

// raceLog is the log of a race, made by hand.
type raceLog struct {
	events []raceEvent
	end    raceEnd
	told   map[string]model.Result
}

func (w *raceLog) s3(who, operation, key, content string, status int, header ...string) {
	r := emulator.Request{Service: "s3", Operation: operation, Bucket: labBucket, Key: key, Body: []byte(content), Mutates: true, Status: status, Header: http.Header{}}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w.events = append(w.events, raceEvent{Request: r, who: who})
}

func (w *raceLog) row(who, operation string, status int, in raceRowRequest) {
	doc, err := json.Marshal(in)
	if err != nil {
		doc = []byte(err.Error())
	}
	w.events = append(w.events, raceEvent{who: who, Request: emulator.Request{Service: "dynamodb", Operation: operation, Table: labTable, Body: doc, Mutates: true, Status: status}})
}

// looks is a request that changes nothing: whoever sends it is alive.
func (w *raceLog) looks(who string) {
	w.events = append(w.events, raceEvent{who: who, Request: emulator.Request{Service: "s3", Operation: "GetObject", Key: labKey, Status: http.StatusOK}})
}

func raceAttribute(id, name, value string) map[string]struct{ S string } {
	return map[string]struct{ S string }{"LockID": {id}, name: {value}}
}

const (
	rowLockID   = labBucket + "/" + labKey
	rowDigestID = rowLockID + "-md5"
	lockFileKey = labKey + ".tflock"
)

// lock takes both locks, the file first.
func (w *raceLog) lock(who string) {
	w.s3(who, "PutObject", lockFileKey, "lock of "+who, 200, "If-None-Match", "*")
	w.row(who, "PutItem", 200, raceRowRequest{Item: raceAttribute(rowLockID, "Info", "lock of "+who), ConditionExpression: "attribute_not_exists(LockID)"})
	w.end.files = append(w.end.files, "lock of "+who)
}

// unlock is how a client gives both back, and how an operator removes those of
// somebody.
func (w *raceLog) unlock(who, whose string) {
	if !isOperator(who) {
		w.s3(who, "DeleteObject", lockFileKey, "", 204)
		w.row(who, "DeleteItem", 200, raceRowRequest{Key: raceAttribute(rowLockID, "", "")})
	} else {
		w.s3(who, "DeleteObject", lockFileKey, "", 204, "If-Match", `"`+sumOf([]byte("lock of "+whose))+`"`)
		w.row(who, "DeleteItem", 200, raceRowRequest{Key: raceAttribute(rowLockID, "", ""), ConditionExpression: "Info = :raw",
			ExpressionAttributeValues: map[string]struct{ S string }{":raw": {"lock of " + whose}}})
	}
	w.end.markers++
}

func (w *raceLog) current() []byte {
	if len(w.end.versions) == 0 {
		return nil
	}
	return w.end.versions[len(w.end.versions)-1]
}

// write writes a state and its digest as a client does.
func (w *raceLog) write(who string, content []byte) {
	w.s3(who, "PutObject", labKey, string(content), 200)
	w.row(who, "PutItem", 200, raceRowRequest{Item: raceAttribute(rowDigestID, "Digest", sumOf(content))})
	w.end.versions, w.end.digest = append(w.end.versions, content), sumOf(content)
}

// next is the state that a client makes from the current one.
func (w *raceLog) next(who string) []byte {
	return body(readState(w.current()).Serial+1, sumOf(w.current())+" "+who)
}

// restore writes a state and its digest as an operator does.
func (w *raceLog) restore(who string, content []byte) {
	w.s3(who, "PutObject", labKey, string(content), 200, "If-Match", `"`+sumOf(w.current())+`"`)
	w.row(who, "PutItem", 200, raceRowRequest{Item: raceAttribute(rowDigestID, "Digest", sumOf(content)), ConditionExpression: "Digest = :old",
		ExpressionAttributeValues: map[string]struct{ S string }{":old": {w.end.digest}}})
	w.end.versions, w.end.digest = append(w.end.versions, content), sumOf(content)
}

// apply is a whole run of a client.
func (w *raceLog) apply(who string) {
	w.lock(who)
	w.write(who, w.next(who))
	w.unlock(who, who)
}

func (w *raceLog) oldest(serial int) []byte {
	return []byte(strings.Replace(string(w.end.versions[0]), `"serial": 1,`, fmt.Sprintf(`"serial": %d,`, serial), 1))
}

func (w *raceLog) judged() []raceFinding {
	j := newRaceJudge([]model.Mechanism{model.MechanismLockfile, model.MechanismDynamoDB}, w.told)
	j.hear(w.events)
	j.compare(w.end)
	return j.faults
}

// raceOfTwo is a history in which all is well.
func raceOfTwo() *raceLog {
	w := &raceLog{told: map[string]model.Result{}}
	w.apply("tf-1")
	w.apply("tf-2")
	return w
}

func TestTheJudgeOfARaceAcceptsWhatIsRight(t *testing.T) {
	for name, then := range map[string]func(*raceLog){
		"runs of clients": func(*raceLog) {},
		"a restore": func(w *raceLog) {
			w.lock("op-1")
			w.restore("op-1", w.oldest(3))
			w.unlock("op-1", "op-1")
			w.told["op-1"] = model.Result{Operation: model.OpRestore, Outcome: model.OutcomeDone}
		},
		"an unlock of one who died": func(w *raceLog) {
			w.lock("tf-3")
			w.unlock("op-1", "tf-3")
			w.apply("tf-4")
		},
		"a recovery of what a dead process wrote": func(w *raceLog) {
			w.lock("op-1")
			w.s3("op-1", "PutObject", labKey, string(w.oldest(3)), 0, "If-Match", `"`+sumOf(w.current())+`"`)
			w.row("op-2", "PutItem", 200, raceRowRequest{Item: raceAttribute(rowDigestID, "Digest", sumOf(w.oldest(3))), ConditionExpression: "Digest = :old",
				ExpressionAttributeValues: map[string]struct{ S string }{":old": {w.end.digest}}})
			w.end.versions, w.end.digest = append(w.end.versions, w.oldest(3)), sumOf(w.oldest(3))
			w.unlock("op-2", "op-1")
			w.told["op-1"] = model.Result{Operation: model.OpRestore, Outcome: model.OutcomeInterrupted}
		},
		"a client that is refused": func(w *raceLog) {
			w.lock("tf-3")
			w.s3("tf-4", "PutObject", lockFileKey, "lock of tf-4", 412, "If-None-Match", "*")
			w.unlock("tf-3", "tf-3")
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := raceOfTwo()
			then(w)
			for _, f := range w.judged() {
				t.Error(f)
			}
		})
	}
}

// faultyRace is something that goes wrong after two runs in which all was well.
type faultyRace struct {
	want raceFault
	then func(*raceLog)
}

// racesOfLocks: two holders, locks taken from others, and a store that errs.
func racesOfLocks() map[string]faultyRace {
	return map[string]faultyRace{
		"a second holder where a lock was overwritten": {faultTwoHolders, func(w *raceLog) {
			w.lock("tf-3")
			w.s3("tf-4", "PutObject", lockFileKey, "lock of tf-4", 200)
			w.looks("tf-3")
		}},
		"a second holder where the store lets two in": {faultStore, func(w *raceLog) {
			w.lock("tf-3")
			w.s3("tf-4", "PutObject", lockFileKey, "lock of tf-4", 200, "If-None-Match", "*")
		}},
		"a refusal with nothing in the way": {faultStore, func(w *raceLog) {
			w.s3("tf-3", "PutObject", lockFileKey, "lock of tf-3", 412, "If-None-Match", "*")
		}},
		"the lock of one who is at work removed": {faultForeignLock, func(w *raceLog) {
			w.lock("tf-3")
			w.unlock("op-1", "tf-3")
			w.looks("tf-3")
		}},
		"the lock of another removed by a client": {faultForeignLock, func(w *raceLog) {
			w.lock("tf-3")
			w.unlock("tf-4", "tf-3")
		}},
	}
}

// racesOfWrites: writes that lose another, or were made without the lock.
func racesOfWrites() map[string]faultyRace {
	return map[string]faultyRace{
		"a write made from an older version": {faultLostUpdate, func(w *raceLog) {
			content := w.next("tf-3")
			w.apply("tf-4")
			w.lock("tf-3")
			w.write("tf-3", content)
		}},
		"a write made from another version of the same serial": {faultLostUpdate, func(w *raceLog) {
			w.lock("tf-3")
			w.write("tf-3", body(3, sumOf([]byte("another"))+" tf-3"))
		}},
		"a serial that does not follow": {faultLostUpdate, func(w *raceLog) {
			w.lock("tf-3")
			w.write("tf-3", body(9, sumOf(w.current())+" tf-3"))
		}},
		"a restore over whatever there is": {faultLostUpdate, func(w *raceLog) {
			w.lock("op-1")
			w.s3("op-1", "PutObject", labKey, string(w.oldest(3)), 200)
		}},
		"a write without the lock": {faultNoLock, func(w *raceLog) { w.write("tf-3", w.next("tf-3")) }},
		"a write with one lock of two": {faultNoLock, func(w *raceLog) {
			w.row("tf-3", "PutItem", 200, raceRowRequest{Item: raceAttribute(rowLockID, "Info", "lock of tf-3"), ConditionExpression: "attribute_not_exists(LockID)"})
			w.write("tf-3", w.next("tf-3"))
		}},
		"a restore without the lock": {faultNoLock, func(w *raceLog) { w.restore("op-1", w.oldest(3)) }},
		"a digest set under the lock of one who is at work": {faultNoLock, func(w *raceLog) {
			w.lock("op-1")
			w.row("op-2", "PutItem", 200, raceRowRequest{Item: raceAttribute(rowDigestID, "Digest", sumOf(w.current())), ConditionExpression: "Digest = :old",
				ExpressionAttributeValues: map[string]struct{ S string }{":old": {w.end.digest}}})
			w.looks("op-1")
		}},
	}
}

// racesOfOperators: what stateward alone could do wrong.
func racesOfOperators() map[string]faultyRace {
	return map[string]faultyRace{
		"a lock removed by an operator without a condition": {faultUnguarded, func(w *raceLog) {
			w.lock("tf-3")
			w.s3("op-1", "DeleteObject", lockFileKey, "", 204)
		}},
		"a digest set by an operator without a condition": {faultUnguarded, func(w *raceLog) {
			w.lock("op-1")
			w.row("op-1", "PutItem", 200, raceRowRequest{Item: raceAttribute(rowDigestID, "Digest", sumOf(w.current()))})
		}},
		"a serial that there was": {faultSerial, func(w *raceLog) {
			w.lock("op-1")
			w.restore("op-1", w.oldest(2))
		}},
		"content of no version": {faultContent, func(w *raceLog) {
			w.lock("op-1")
			w.restore("op-1", body(3, "invented"))
		}},
		"a restore that says done and wrote nothing": {faultUntrue, func(w *raceLog) {
			w.looks("op-1")
			w.told["op-1"] = model.Result{Operation: model.OpRestore, Outcome: model.OutcomeDone}
		}},
		"a restore that says refused and wrote": {faultUntrue, func(w *raceLog) {
			w.lock("op-1")
			w.restore("op-1", w.oldest(3))
			w.unlock("op-1", "op-1")
			w.told["op-1"] = model.Result{Operation: model.OpRestore, Outcome: model.OutcomeRefused}
		}},
		"a restore that says refused and keeps its lock": {faultUntrue, func(w *raceLog) {
			w.lock("op-1")
			w.told["op-1"] = model.Result{Operation: model.OpRestore, Outcome: model.OutcomeRefused}
		}},
	}
}

// racesAtTheEnd: what is wrong in what is there, and changes that nobody makes.
func racesAtTheEnd() map[string]faultyRace {
	return map[string]faultyRace{
		"a digest of other bytes": {faultDigest, func(w *raceLog) {
			w.lock("tf-3")
			w.row("tf-3", "PutItem", 200, raceRowRequest{Item: raceAttribute(rowDigestID, "Digest", sumOf([]byte("other")))})
		}},
		"a digest that is wrong in the end": {faultDigest, func(w *raceLog) { w.end.digest = sumOf([]byte("other")) }},
		"a lock that is left":               {faultLeft, func(w *raceLog) { w.end.held = []string{"lock of op-1"} }},
		"a version that is gone":            {faultVersions, func(w *raceLog) { w.end.versions = w.end.versions[1:] }},
		"a version that nobody wrote":       {faultVersions, func(w *raceLog) { w.end.versions = append(w.end.versions, body(3, "unseen")) }},
		"a version of a lock that is gone":  {faultVersions, func(w *raceLog) { w.end.files = w.end.files[1:] }},
		"the state deleted":                 {faultUnknown, func(w *raceLog) { w.s3("op-1", "DeleteObject", labKey, "", 204) }},
		"another object written":            {faultUnknown, func(w *raceLog) { w.s3("op-1", "PutObject", "other", "", 200) }},
		"a row deleted in bulk":             {faultUnknown, func(w *raceLog) { w.row("op-1", "BatchWriteItem", 200, raceRowRequest{}) }},
	}
}

func TestTheJudgeOfARaceFindsEveryFault(t *testing.T) {
	for _, group := range []map[string]faultyRace{racesOfLocks(), racesOfWrites(), racesOfOperators(), racesAtTheEnd()} {
		for name, c := range group {
			t.Run(name, func(t *testing.T) {
				w := raceOfTwo()
				c.then(w)
				found := w.judged()
				if !slices.ContainsFunc(found, func(f raceFinding) bool { return f.kind == c.want }) {
					t.Errorf("found %v, want %q", found, c.want)
				}
			})
		}
	}
}
