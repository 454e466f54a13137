package model

import (
	"strings"
	"testing"
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
