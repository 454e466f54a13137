package model

import (
	"strings"
	"testing"
	"time"
)

// capturedLock is a row that terraform 1.11.4 wrote, killed in an apply.
const capturedLock = `{"ID":"71d89b36-316e-9845-07df-19d02b854eb1","Operation":"OperationTypeApply","Info":"","Who":"root@vm","Version":"1.11.4","Created":"2026-11-21T22:21:54.464101795Z","Path":"tfstate-lab/lab/ddb/terraform.tfstate"}`

func TestALockThatTerraformWroteIsMarshalledBackByteForByte(t *testing.T) {
	rows := map[string]string{
		"a captured row":                     capturedLock,
		"trailing zeros of the time are cut": strings.Replace(capturedLock, ".464101795Z", ".4641Z", 1),
		"HTML in Info is escaped":            strings.Replace(capturedLock, `"Info":""`, `"Info":"a \u003cb\u003e \u0026 c"`, 1),
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			info, malformed := ParseLockInfo([]byte(row))
			if malformed != "" {
				t.Fatalf("malformed: %s", malformed)
			}
			got, err := info.Marshal()
			if err != nil || string(got) != row {
				t.Errorf("got %s (%v)\nwant %s", got, err, row)
			}
		})
	}
}

func TestMalformedLocksAreKindsOfLocks(t *testing.T) {
	cases := map[string]struct{ raw, id, malformed string }{
		"empty":                        {"", "", "empty"},
		"only white space":             {" \n", "", "empty"},
		"not JSON":                     {"locked by bob", "", "not JSON"},
		"JSON, but no object":          {`["x"]`, "", "not JSON"},
		"an object without an ID":      {`{"Who":"bob@host"}`, "", "no ID"},
		"a field of another type":      {`{"ID":"1","Who":5}`, "1", "Who has the wrong type"},
		"a time that is none":          {`{"ID":"1","Created":"yesterday"}`, "1", "Created has the wrong type"},
		"more after the document":      {`{"ID":"1"}{"ID":"2"}`, "1", "data after the JSON document"},
		"a lock as the tools write it": {capturedLock, "71d89b36-316e-9845-07df-19d02b854eb1", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			info, malformed := ParseLockInfo([]byte(c.raw))
			if info.ID != c.id || malformed != c.malformed {
				t.Errorf("ID %q malformed %q, want %q %q", info.ID, malformed, c.id, c.malformed)
			}
		})
	}
}

func TestALockWithoutAnIDIsNamedByItsBytes(t *testing.T) {
	l := Lock{Raw: []byte("locked by bob")}
	if got := l.Token(); len(got) != 12 || got != l.RawSHA256()[:12] {
		t.Errorf("token %q", got)
	}
}

func TestTheVerdictNeverRestsOnAgeAlone(t *testing.T) {
	now := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	lock := func(who string, age time.Duration) Lock {
		return Lock{Info: LockInfo{ID: "1", Who: who, Created: now.Add(-age)}, ReadAt: now}
	}
	nothing := LockContext{LastWrite: Known(now.Add(-10000 * time.Hour))}
	cases := map[string]struct {
		lock    Lock
		context LockContext
		want    Verdict
		rule    string
	}{
		"a person's lock of a year is unclear":                   {lock("carol@laptop", 365*24*time.Hour), nothing, Unclear, "nothing-written"},
		"a lock of a second is unclear":                          {lock("carol@laptop", time.Second), nothing, Unclear, "nothing-written"},
		"a version written since shows life":                     {lock("carol@laptop", time.Hour), LockContext{LastWrite: Known(now.Add(-time.Minute))}, LikelyLive, "written-since"},
		"a CI job past every job limit is likely stale":          {lock("ci@runner-17", 9*time.Hour), nothing, LikelyStale, "ci-job-over"},
		"a CI job of an hour is unclear":                         {lock("ci@runner-17", time.Hour), nothing, Unclear, "ci-job"},
		"evidence for both is unclear":                           {lock("ci@runner-17", 9*time.Hour), LockContext{LastWrite: Known(now.Add(-time.Minute))}, Unclear, "written-since"},
		"an unreadable last write is said":                       {lock("carol@laptop", time.Hour), LockContext{LastWrite: Unknown[time.Time]("AccessDenied s3:GetObject")}, Unclear, "writes-unknown"},
		"this machine's own lock points to the processes here":   {lock("carol@laptop", time.Hour), LockContext{Host: "laptop", LastWrite: Known(now.Add(-10000 * time.Hour))}, Unclear, "this-host"},
		"an age beyond every lock of this state is likely stale": {lock("carol@laptop", 3*time.Hour), LockContext{LastWrite: nothing.LastWrite, Times: Known(LockTimes{Count: 9, Usual: time.Minute, Longest: 19 * time.Minute})}, LikelyStale, "longer-than-ever"},
		"the same age is no sign where the holder writes":        {lock("carol@laptop", 3*time.Hour), LockContext{LastWrite: Known(now), Times: Known(LockTimes{Count: 9, Longest: 19 * time.Minute})}, LikelyLive, "usual-time"},
		"a write of hours ago shows no life":                     {lock("carol@laptop", 9*time.Hour), LockContext{LastWrite: Known(now.Add(-8 * time.Hour))}, Unclear, "quiet-since"},
		"killed after a write, and held longer than ever":        {lock("carol@laptop", 9*time.Hour), LockContext{LastWrite: Known(now.Add(-8 * time.Hour)), Times: Known(LockTimes{Count: 9, Longest: 19 * time.Minute})}, LikelyStale, "longer-than-ever"},
		"a CI job past every limit that wrote hours ago":         {lock("ci@runner-17", 9*time.Hour), LockContext{LastWrite: Known(now.Add(-8 * time.Hour))}, LikelyStale, "ci-job-over"},
		"one slow resource keeps a run silent for an hour":       {lock("carol@laptop", 2*time.Hour), LockContext{LastWrite: Known(now.Add(-time.Hour)), Times: Known(LockTimes{Count: 9, Longest: 19 * time.Minute})}, LikelyLive, "written-since"},
		"a state whose runs take long may be silent for long":    {lock("carol@laptop", 9*time.Hour), LockContext{LastWrite: Known(now.Add(-8 * time.Hour)), Times: Known(LockTimes{Count: 9, Longest: 10 * time.Hour})}, LikelyLive, "written-since"},
		"a lock that does not say since when":                    {Lock{ReadAt: now, LastModified: now.Add(-144 * time.Hour), Malformed: "empty"}, LockContext{LastWrite: nothing.LastWrite, Times: Known(LockTimes{Count: 9, Longest: 19 * time.Minute})}, Unclear, "malformed"},
		"an age as usual says nothing":                           {lock("carol@laptop", 3*time.Minute), LockContext{LastWrite: nothing.LastWrite, Times: Known(LockTimes{Count: 9, Usual: time.Minute, Longest: 19 * time.Minute})}, Unclear, "usual-time"},
		"a state without a history of locks says nothing":        {lock("carol@laptop", 3*time.Hour), LockContext{LastWrite: nothing.LastWrite, Times: Known(LockTimes{})}, Unclear, "nothing-written"},
		"a runner that has moved on is likely gone": {lock("ci@runner-17", time.Hour), LockContext{LastWrite: nothing.LastWrite,
			Others: []Lock{{Key: "another", Info: LockInfo{Who: "ci@runner-17", Created: now}}}}, LikelyStale, "newer-lock-elsewhere"},
		"a person with a newer lock elsewhere may hold both": {lock("carol@laptop", time.Hour), LockContext{LastWrite: nothing.LastWrite,
			Others: []Lock{{Key: "another", Info: LockInfo{Who: "carol@laptop", Created: now}}}}, Unclear, "newer-lock-elsewhere"},
		"a user whose name contains ci is not a CI job": {lock("lucia@precision", 9*time.Hour), nothing, Unclear, "nothing-written"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			verdict, evidence := AssessLock(c.lock, c.context)
			if verdict != c.want {
				t.Errorf("verdict %s, want %s (%v)", verdict, c.want, evidence)
			}
			for _, e := range evidence {
				if e.Rule == c.rule {
					return
				}
			}
			t.Errorf("rule %s did not apply: %v", c.rule, evidence)
		})
	}
}

func TestARecoveryRecordSurvivesTheLockItIsCarriedIn(t *testing.T) {
	rec := RecoveryRecord{Operation: OpRestore, ID: "op", From: "v1", Previous: "v9", PreviousMD5: "p", NewMD5: "n", Serial: 12,
		Digests: map[string]string{"locks": NoDigest}, Lockfile: true, Tables: []string{"locks"}, Host: "h<&>", PID: 7}
	text, err := rec.Info()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := LockInfo{ID: "1", Info: text}.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	info, _ := ParseLockInfo(raw)
	got, ok := ParseRecoveryRecord(info.Info)
	if !ok || got.ID != "op" || got.Serial != 12 || got.Digests["locks"] != NoDigest || got.Host != "h<&>" {
		t.Errorf("got %+v, %v", got, ok)
	}
	if !strings.HasPrefix(info.Info, "stateward restore in progress") {
		t.Errorf("people read %q first", info.Info)
	}
}

func TestOnlyOurRecordsAreRecords(t *testing.T) {
	for name, info := range map[string]string{
		"an empty Info":          "",
		"somebody's text":        "do not touch, bob",
		"a record cut short":     "x" + recordMark + `{"v":1,"op"`,
		"a record of the future": "x" + recordMark + `{"v":99}`,
	} {
		if _, ok := ParseRecoveryRecord(info); ok {
			t.Errorf("%s: taken for a record", name)
		}
	}
}

func FuzzParseLockInfo(f *testing.F) {
	for _, seed := range []string{capturedLock, "", "{", `{"ID":1}`, `{"Created":"x"}`, "\xff", `{"ID":"a","id":"b"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		info, malformed := ParseLockInfo(raw)
		if malformed == "" && info.ID == "" {
			t.Error("a lock without an ID passed as well-formed")
		}
		if l := (Lock{Raw: raw, Info: info}); l.Token() == "" {
			t.Error("no token to type")
		}
	})
}

func TestHowLongLocksWereHeldIsReadFromTheHistoryOfTheLockFile(t *testing.T) {
	at := func(minute int) time.Time { return time.Date(2026, 11, 22, 3, minute, 0, 0, time.UTC) }
	history := []Version{ // newest first
		{LastModified: at(50)}, // held now
		{LastModified: at(49), DeleteMarker: true}, {LastModified: at(30)},
		{LastModified: at(21), DeleteMarker: true}, {LastModified: at(20)},
		{LastModified: at(12), DeleteMarker: true}, {LastModified: at(10)},
	}
	want := LockTimes{Count: 3, Usual: 2 * time.Minute, Longest: 19 * time.Minute}
	if got := LockTimesOf(history); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := LockTimesOf(history[:1]); got != (LockTimes{}) {
		t.Errorf("a lock that was never released counts: %+v", got)
	}
}
