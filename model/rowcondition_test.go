package model

import (
	"fmt"
	"strings"
	"testing"
)

func TestARowIsComparedByAllThatIsStoredInIt(t *testing.T) {
	many := make([]string, 0, 200)
	for i := range 200 {
		many = append(many, fmt.Sprintf(`"a%d":{"N":"1"}`, i))
	}
	for name, c := range map[string]struct {
		row        string
		expression string
		refused    string
	}{
		"a heartbeat of another client":      {`{"LockID":{"S":"b/k"},"rvn":{"S":"7"}}`, "#a0 = :a0 AND #a1 = :a1 AND attribute_not_exists(Info) AND attribute_not_exists(Digest)", ""},
		"nothing but its key":                {`{"LockID":{"S":"b/k"}}`, "#a0 = :a0 AND attribute_not_exists(Info) AND attribute_not_exists(Digest)", ""},
		"an Info that is a number":           {`{"Info":{"N":"1"},"LockID":{"S":"b/k"}}`, "#a0 = :a0 AND #a1 = :a1 AND attribute_not_exists(Digest)", ""},
		"an Info and a Digest":               {`{"Digest":{"S":"d"},"Info":{"S":"i"},"LockID":{"S":"b/k"}}`, "#a0 = :a0 AND #a1 = :a1 AND #a2 = :a2", ""},
		"a name that an expression reserves": {`{"LockID":{"S":"b/k"},"size":{"N":"1"}}`, "#a0 = :a0 AND #a1 = :a1 AND attribute_not_exists(Info) AND attribute_not_exists(Digest)", ""},
		"more than a condition compares":     {"{" + strings.Join(many, ",") + "}", "", "200 attributes"},
		"a type that is not known":           {`{"LockID":{"S":"b/k"},"odd":null}`, "", "odd is of a type that is not known"},
		"no row":                             {"", "", "reading a row"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Lock{Whole: true, Raw: []byte(c.row)}.Condition()
			if got.Expression != c.expression {
				t.Errorf("expression %q", got.Expression)
			}
			if c.refused != "" && (err == nil || !strings.Contains(err.Error(), c.refused)) || c.refused == "" && err != nil {
				t.Errorf("error %v, want %q", err, c.refused)
			}
			for _, p := range strings.Fields(got.Expression) {
				if strings.HasPrefix(p, ":") && got.Values[p] == nil || strings.HasPrefix(p, "#") && got.Names[p] == "" {
					t.Errorf("%s stands for nothing", p)
				}
			}
		})
	}
}

func TestTwoRowsHaveTwoTokensAndARewrittenOneAnother(t *testing.T) {
	seen := map[string]string{}
	for name, raw := range map[string]string{
		"a heartbeat":          `{"LockID":{"S":"b/k"},"rvn":{"S":"1"}}`,
		"the next one":         `{"LockID":{"S":"b/k"},"rvn":{"S":"2"}}`,
		"another state":        `{"LockID":{"S":"b/l"},"rvn":{"S":"1"}}`,
		"another type":         `{"LockID":{"S":"b/k"},"rvn":{"N":"1"}}`,
		"an empty Info":        `{"Info":{"S":""},"LockID":{"S":"b/k"}}`,
		"an empty Info of l":   `{"Info":{"S":""},"LockID":{"S":"b/l"}}`,
		"an Info that is null": `{"Info":{"NULL":true},"LockID":{"S":"b/k"}}`,
	} {
		l := Lock{Whole: true, Raw: []byte(raw)}
		if l.Token() != l.RawSHA256()[:12] {
			t.Errorf("%s: token %s is not the start of %s", name, l.Token(), l.RawSHA256())
		}
		if other, taken := seen[l.Token()]; taken {
			t.Errorf("%s has the token of %s", name, other)
		}
		seen[l.Token()] = name
	}
}

func TestWhatNobodyCanTypeIsNoID(t *testing.T) {
	for _, id := range []string{"", " ", "\t", "\n", "\u00a0", "\u200b", " a", "a\n", "a\x1b[2J", "\u202eabc", "a\u200bb", strings.Repeat("x", 300)} {
		info := LockInfo{ID: id, Who: "bob@host"}
		raw, err := info.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		read, malformed := ParseLockInfo(raw)
		l := Lock{Raw: raw, Info: read, Malformed: malformed, Mechanism: MechanismLockfile}
		if l.Token() != l.RawSHA256()[:12] || malformed == "" {
			t.Errorf("%q: token %q, malformed %q", id, l.Token(), malformed)
		}
		p := PlanUnlock(UnlockFacts{Locks: []Lock{l}, Now: planNow, Key: "k", Backend: Backend{Bucket: "b"}}, UnlockRequest{})
		for _, typed := range []string{"", " ", id} {
			if _, missing := p.MissingToken([]string{typed}); !missing {
				t.Errorf("%q confirms the lock with ID %q", typed, id)
			}
		}
	}
	for _, id := range []string{"71d89b36-316e-9845-07df-19d02b854eb1", "4711", "my lock", "ключ"} {
		if l := (Lock{Info: LockInfo{ID: id}}); l.Token() != id {
			t.Errorf("%q: token %q", id, l.Token())
		}
	}
	blank := &Plan{Tokens: []Token{{Value: " "}}}
	if _, missing := blank.MissingToken([]string{" ", ""}); !missing {
		t.Error("a blank token is answered by a blank line")
	}
}

func TestARecordKnowsItsDigestAgainWhateverItWas(t *testing.T) {
	rows := map[string]DigestRow{
		"none":                {},
		"a digest":            {Present: true, HasAttr: true, Value: DigestOf([]byte("x"))},
		"a digest and a TTL":  {Present: true, HasAttr: true, Value: DigestOf([]byte("x")), Whole: `{"ttl":{"N":"1"}}`},
		"the word none":       {Present: true, HasAttr: true, Value: "none"},
		"an empty text":       {Present: true, HasAttr: true},
		"a number":            {Present: true, Whole: `{"Digest":{"N":"1"}}`},
		"another number":      {Present: true, Whole: `{"Digest":{"N":"2"}}`},
		"no digest in a row":  {Present: true, Whole: `{"LockID":{"S":"b/k-md5"}}`},
		"400 KB of something": {Present: true, HasAttr: true, Value: strings.Repeat("x", 400<<10)},
	}
	for name, row := range rows {
		before := RecordedDigest(row)
		if len(before) > 40 {
			t.Errorf("%s: the record keeps %d bytes", name, len(before))
		}
		for other, now := range rows {
			same := name == other || row.WellFormed() && now.WellFormed()
			if (RecoveryRecord{Digests: map[string]string{"": before}}).isAsBefore(now) != same {
				t.Errorf("%s recorded, %s found: as before %v", name, other, !same)
			}
		}
	}
	old := func(before string) RecoveryRecord { return RecoveryRecord{Digests: map[string]string{"": before}} }
	if !old("").isAsBefore(rows["a number"]) || !old("x").isAsBefore(DigestRow{Present: true, HasAttr: true, Value: "x"}) {
		t.Error("a record of an older version is not understood")
	}
}

func TestARecoveryOfARepairGoesOnWhereNoDigestIsWanted(t *testing.T) {
	held := []Lock{{Bucket: "b", Key: "k", Mechanism: MechanismDynamoDB, Table: "locks"}}
	orphan := DigestRow{Table: "locks", Present: true, HasAttr: true, Value: DigestOf([]byte("x"))}
	empty := &CurrentObject{VersionID: "v", Body: nil}
	for name, c := range map[string]struct {
		current *CurrentObject
		md5     string
		row     DigestRow
		stage   Stage
		changes int
	}{
		"an empty state, its digest still there": {empty, DigestOf(nil), orphan, StageDigestMissing, 1},
		"an empty state, its digest deleted":     {empty, DigestOf(nil), DigestRow{Table: "locks"}, StageReleaseMissing, 0},
		"no state, its digest still there":       {nil, "", orphan, StageDigestMissing, 1},
		"no state, its digest deleted":           {nil, "", DigestRow{Table: "locks"}, StageReleaseMissing, 0},
	} {
		t.Run(name, func(t *testing.T) {
			rec := RecoveryRecord{Operation: OpRepair, PreviousMD5: c.md5, NewMD5: c.md5, Digests: map[string]string{"locks": RecordedDigest(orphan)}}
			p := PlanRecover(RecoverFacts{Record: rec, Held: held, Current: c.current, Digests: []DigestRow{c.row}, Now: planNow}, "")
			if p.Recover.Stage != c.stage || len(p.Recover.Digests) != c.changes {
				t.Errorf("stage %q, changes %+v", p.Recover.Stage, p.Recover.Digests)
			}
			for _, d := range p.Recover.Digests {
				if d.Want != "" {
					t.Errorf("the digest becomes %q", d.Want)
				}
			}
		})
	}
}
