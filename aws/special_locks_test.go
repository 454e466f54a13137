package aws_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	ddbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stateward/stateward/model"
)

// oddBodies are locks that no client writes, by what is wrong with them.
func oddBodies() map[string]string {
	return map[string]string{
		"empty":                            "",
		"only blanks":                      " \n",
		"not JSON":                         "locked by bob",
		"JSON of another kind":             `["bob"]`,
		"a number":                         "1",
		"null":                             "null",
		"an ID that is no text":            `{"ID":7,"Who":"bob@host"}`,
		"no ID":                            `{"Who":"bob@host"}`,
		"a creation time that is none":     `{"ID":"odd","Who":"bob@host","Created":"yesterday"}`,
		"data behind the document":         `{"ID":"odd","Who":"bob@host"} {"ID":"other"}`,
		"control characters and no closer": "{\"Who\":\"\x1b[2J\u202e",
	}
}

func TestAnOddLockIsClearedAndOnlyThatOne(t *testing.T) {
	both := []model.Mechanism{model.MechanismLockfile, model.MechanismDynamoDB}
	for name, raw := range oddBodies() {
		t.Run(name, func(t *testing.T) { clearsOnly(t, newSpecial(t, emulatorPages(0), both...), raw) })
	}
	t.Run("empty, on moto", func(t *testing.T) {
		onMoto(t, func(t *testing.T, l *special) { clearsOnly(t, l, "") }, both...)
	})
}

// clearsOnly clears an odd lock, but not the one that differs by a blank.
func clearsOnly(t *testing.T, l *special, raw string) {
	t.Helper()
	l.write(1, "one")
	l.lock(raw)
	c := l.client()
	p := l.planUnlock(c, "")
	for _, victim := range p.Unlock.Victims {
		if victim.Malformed == "" || !victim.Whole && string(victim.Raw) != raw {
			t.Errorf("malformed %q, raw %q", victim.Malformed, victim.Raw)
		}
	}
	l.lock(raw + " ") // one blank more, written since
	l.runs(c, p, model.OutcomeRefused)
	l.wantHeld(raw + " ")
	l.runs(c, l.planUnlock(c, ""), model.OutcomeDone)
	l.wantGone()
}

// wantGone checks that nothing locks, be it an empty lock.
func (l *special) wantGone() {
	l.t.Helper()
	if l.read(labKey+".tflock", "") != nil {
		l.t.Error("the lock file is still there")
	}
	if l.rowExists() {
		l.t.Error("the lock row is still there")
	}
}

func TestTheSameOddLockWrittenAgainIsAnotherLock(t *testing.T) {
	onEachStore(t, func(t *testing.T, l *special) {
		l.lock("locked by bob")
		c := l.client()
		p := l.planUnlock(c, "")
		l.lock("locked by bob") // the same bytes and ETag, but another version
		l.server.ResetLog()
		l.runs(c, p, model.OutcomeRefused)
		if got := l.changes(); len(got) > 0 {
			t.Errorf("sent %v", got)
		}
		l.wantHeld("locked by bob")
	}, model.MechanismLockfile)
}

func TestTheSameOddLockWrittenAgainAtTheLastMomentStays(t *testing.T) {
	l := newSpecial(t, emulatorPages(0), model.MechanismLockfile)
	l.lock("locked by bob")
	c := l.client()
	p := l.planUnlock(c, "")
	l.once("DeleteObject", "", faultBefore(func() { l.lock("locked by bob") }))
	res := l.runs(c, p, model.OutcomeRefused) // its ETag is the same: If-Match lets the delete pass
	if !strings.Contains(res.Message, "it was written again since it was looked at") {
		t.Errorf("message %s", res.Message)
	}
	l.wantHeld("locked by bob")
}

func TestARowWithoutInfoIsClearedWhileItHasNone(t *testing.T) {
	onEachStore(t, func(t *testing.T, l *special) {
		l.write(1, "one")
		l.row(nil)
		c := l.client()
		p := l.planUnlock(c, "")
		if v := p.Unlock.Victims[0]; !v.Whole || v.Malformed != "no Info" || !strings.Contains(p.Manual[0].Command, "attribute_not_exists(Info)") {
			t.Errorf("victim %+v, by hand %s", v, p.Manual[0].Command)
		}
		theirs := lockRaw("theirs", "erin@mbp")
		l.lock(theirs)
		if res := l.runs(c, p, model.OutcomeRefused); res.Holder == nil || res.Holder.Info.Who != "erin@mbp" {
			t.Errorf("holder %+v", res.Holder)
		}
		l.wantHeld(theirs)
		l.row(nil)
		l.runs(c, l.planUnlock(c, ""), model.OutcomeDone)
		l.wantGone()
	}, model.MechanismDynamoDB)
}

// oddInfos are Info attributes that are no Strings: each with another value of
// its type, and as the plan shows it.
func oddInfos() map[string]struct {
	info, other ddbtypes.AttributeValue
	shown       string
} {
	text := func(s string) ddbtypes.AttributeValue { return &ddbtypes.AttributeValueMemberS{Value: s} }
	return map[string]struct {
		info, other ddbtypes.AttributeValue
		shown       string
	}{
		"a Number":                              {&ddbtypes.AttributeValueMemberN{Value: "1"}, &ddbtypes.AttributeValueMemberN{Value: "2"}, `{"N":"1"}`},
		"a long Number":                         {&ddbtypes.AttributeValueMemberN{Value: "12345678901234567890.5"}, &ddbtypes.AttributeValueMemberN{Value: "12345678901234567890.25"}, `{"N":"12345678901234567890.5"}`},
		"a Binary":                              {&ddbtypes.AttributeValueMemberB{Value: []byte("bob")}, &ddbtypes.AttributeValueMemberB{Value: []byte("eve")}, `{"B":"Ym9i"}`},
		"a Boolean":                             {&ddbtypes.AttributeValueMemberBOOL{Value: true}, &ddbtypes.AttributeValueMemberBOOL{}, `{"BOOL":true}`},
		"a Null":                                {&ddbtypes.AttributeValueMemberNULL{Value: true}, text("null"), `{"NULL":true}`},
		"a String Set":                          {&ddbtypes.AttributeValueMemberSS{Value: []string{"b", "a"}}, &ddbtypes.AttributeValueMemberSS{Value: []string{"a"}}, `{"SS":["a","b"]}`},
		"a Number Set":                          {&ddbtypes.AttributeValueMemberNS{Value: []string{"2", "1"}}, &ddbtypes.AttributeValueMemberNS{Value: []string{"2"}}, `{"NS":["1","2"]}`},
		"a Binary Set":                          {&ddbtypes.AttributeValueMemberBS{Value: [][]byte{[]byte("b"), []byte("a")}}, &ddbtypes.AttributeValueMemberBS{Value: [][]byte{[]byte("a")}}, `{"BS":["YQ==","Yg=="]}`},
		"a List":                                {&ddbtypes.AttributeValueMemberL{Value: []ddbtypes.AttributeValue{text("bob"), &ddbtypes.AttributeValueMemberN{Value: "7"}}}, &ddbtypes.AttributeValueMemberL{Value: []ddbtypes.AttributeValue{text("bob")}}, `{"L":[{"S":"bob"},{"N":"7"}]}`},
		"a Map":                                 {&ddbtypes.AttributeValueMemberM{Value: map[string]ddbtypes.AttributeValue{"Who": text("bob"), "At": text("1")}}, &ddbtypes.AttributeValueMemberM{Value: map[string]ddbtypes.AttributeValue{"Who": text("eve")}}, `{"M":{"At":{"S":"1"},"Who":{"S":"bob"}}}`},
		"a Number, and text that looks like it": {&ddbtypes.AttributeValueMemberN{Value: "1"}, text(`{"N":"1"}`), `{"N":"1"}`},
	}
}

func TestARowWhoseInfoIsNoStringIsClearedWhileItIsTheSame(t *testing.T) {
	for name, c := range oddInfos() {
		t.Run(name, func(t *testing.T) {
			onEachStore(t, func(t *testing.T, l *special) {
				l.write(1, "one")
				l.row(c.info)
				client := l.client()
				p := l.planUnlock(client, "")
				v := p.Unlock.Victims[0]
				if v.Malformed != "Info is not a string" || !strings.Contains(string(v.Raw), `"Info":`+c.shown) || !strings.Contains(p.Manual[0].Command, fmt.Sprintf(`":a0":%s`, c.shown)) {
					t.Errorf("malformed %q, raw %s, by hand %s", v.Malformed, v.Raw, p.Manual[0].Command)
				}
				l.row(c.other)
				if res := l.runs(client, p, model.OutcomeRefused); res.Holder == nil || !l.rowExists() {
					t.Errorf("holder %v, and the row of another lock is there: %v", res.Holder, l.rowExists())
				}
				l.row(c.info)
				l.runs(client, p, model.OutcomeDone)
				l.wantGone()
			}, model.MechanismDynamoDB)
		})
	}
}

func TestARowWhoseInfoChangesItsTypeAtTheLastMomentStays(t *testing.T) {
	l := newLab(t, model.MechanismDynamoDB)
	s := &special{lab: l, url: l.server.URL()}
	s.row(&ddbtypes.AttributeValueMemberN{Value: "1"})
	c := l.client()
	p := l.planUnlock(c, "")
	theirs := lockRaw("theirs", "erin@mbp")
	l.once("DeleteItem", "", faultBefore(func() { l.lock(theirs) }))
	if res := s.runs(c, p, model.OutcomeRefused); res.Holder == nil || res.Holder.Info.Who != "erin@mbp" {
		t.Errorf("holder %+v", res.Holder)
	}
	l.wantHeld(theirs)
}

func TestAHugeLockFileIsClearedByItsETag(t *testing.T) {
	for name, size := range map[string]int{"longer than any lock": 100 << 10, "longer than what is kept of it": 3 << 20} {
		t.Run(name, func(t *testing.T) {
			onEachStore(t, func(t *testing.T, l *special) {
				l.write(1, "one")
				huge := strings.Repeat("x", size)
				l.lock(huge)
				c := l.client()
				p := l.planUnlock(c, "")
				if v := p.Unlock.Victims[0]; v.Malformed != "longer than any lock" || len(v.Raw) > 1<<20 {
					t.Errorf("malformed %q, %d bytes kept", v.Malformed, len(v.Raw))
				}
				l.lock(huge[:size-1] + "y") // differs beyond what is kept
				l.runs(c, p, model.OutcomeRefused)
				if got := l.read(labKey+".tflock", ""); len(got) != size {
					t.Errorf("%d bytes are left of another lock of %d", len(got), size)
				}
				l.runs(c, l.planUnlock(c, ""), model.OutcomeDone)
				l.wantGone()
			}, model.MechanismLockfile)
		})
	}
}

func TestAnOddLockStopsARestoreAndIsNamed(t *testing.T) {
	for name, raw := range oddBodies() {
		t.Run(name, func(t *testing.T) {
			l := newSpecial(t, emulatorPages(0), model.MechanismLockfile)
			first := l.write(1, "one")
			l.write(2, "two")
			l.lock(raw)
			l.refuses(l.client(), l.planRestore(l.client(), first), "the state is locked by")
			l.wantState(body(2, "two"))
		})
	}
}

// A listing in XML cannot hold every character that a key can.
func TestALockFileOfThePastIsFoundWhateverTheKey(t *testing.T) {
	for name, key := range map[string]string{
		"a control character": "esc\x1b[31m.tfstate", "a blank and a plus": "a b+c.tfstate", "an ampersand": "a&b<c>.tfstate", "percent": "%41.tfstate", "unicode": "ключ.tfstate",
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			put := func(key string, body []byte) string {
				out, err := l.s3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: sdk.String(labBucket), Key: &key, Body: bytes.NewReader(body)})
				l.must(out, err)
				return sdk.ToString(out.VersionId)
			}
			first := put(key, body(1, "one"))
			put(key, body(2, "two"))
			put(model.LockKey(key), []byte("{}"))
			l.must(l.s3.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: sdk.String(labBucket), Key: sdk.String(model.LockKey(key))}))
			p, err := l.client().PlanRestore(t.Context(), l.backend(), key, model.RestoreRequest{VersionID: first})
			if err != nil || len(p.Refusals) > 0 || !p.Restore.Lockfile {
				t.Errorf("%v %+v", err, p)
			}
		})
	}
}
