package model

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// The bytes of the states that a recovery may find.
const (
	bytesBefore = "before"
	bytesMeant  = "meant"
	bytesOther  = "another client's"
)

// recoverFacts are those of an operation that died: bytes of the state ("" for
// none), and what the digest was and is ("" for no row).
func recoverFacts(op Operation, previous, meant, now, digestBefore, digestNow string) RecoverFacts {
	rec := RecoveryRecord{Operation: op, ID: "op", PreviousMD5: sumOf(previous), NewMD5: sumOf(meant), Tables: []string{"t"}, Host: "desk"}
	rec.Digests = map[string]string{"t": RecordedDigest(rowOf(digestBefore))}
	f := RecoverFacts{Backend: Backend{Bucket: "b"}, Key: "k", Record: rec, Host: "desk", Alive: Known(false), Now: time.Unix(1e9, 0),
		Held: []Lock{{Bucket: "b", Key: "k", Mechanism: MechanismDynamoDB, Table: "t", Info: LockInfo{ID: "lock"}}}, Digests: []DigestRow{rowOf(digestNow)}}
	if now != "" {
		f.Current = &CurrentObject{VersionID: "v", Body: []byte(now)}
	}
	if !rec.Explains(f.Current) {
		f.Wrote = Known(false)
	}
	return f
}

func sumOf(body string) string {
	if body == "" {
		return ""
	}
	return DigestOf([]byte(body))
}

// rowOf is the digest row of a body, a row of the very text "garbage", or none.
func rowOf(body string) DigestRow {
	switch body {
	case "":
		return DigestRow{Table: "t"}
	case "garbage":
		return DigestRow{Table: "t", Present: true, HasAttr: true, Value: body}
	}
	return DigestRow{Table: "t", Present: true, HasAttr: true, Value: sumOf(body)}
}

// TestEveryStateOfTheWireHasAnEnd goes through all that a recovery may find: it is
// never refused, and the digest that it leaves is that of the bytes, or the one that
// was there before the operation.
func TestEveryStateOfTheWireHasAnEnd(t *testing.T) {
	digests := []string{"", bytesBefore, bytesMeant, bytesOther, "garbage"}
	count := 0
	for _, o := range []struct {
		op              Operation
		previous, meant string
	}{
		{OpRestore, bytesBefore, bytesMeant},
		{OpRestore, "", bytesMeant},          // of a deleted state
		{OpRepair, bytesBefore, bytesBefore}, // which changes no bytes
		{OpRepair, "", ""},                   // of the digest of a state that is gone
	} {
		for _, now := range []string{bytesBefore, bytesMeant, bytesOther, ""} {
			for _, before := range digests {
				for _, is := range digests {
					count++
					f := recoverFacts(o.op, o.previous, o.meant, now, before, is)
					p := PlanRecover(f, "")
					what := fmt.Sprintf("%s of %q over %q, bytes %q, digest was %q and is %q", o.op, o.meant, o.previous, now, before, is)
					if len(p.Refusals) > 0 {
						t.Errorf("%s: refused: %v", what, p.Refusals)
						continue
					}
					ends(t, what, f, p.Recover)
				}
			}
		}
	}
	if count < 400 {
		t.Errorf("only %d cases", count)
	}
}

// ends holds the digest that a recovery leaves against the bytes.
func ends(t *testing.T, what string, f RecoverFacts, s *RecoverSpec) {
	t.Helper()
	left := append(slices.Clone(s.Keep), rowsAfter(s.Digests)...)
	if len(left) != 1 {
		t.Errorf("%s: rows %+v", what, left)
		return
	}
	right := isWanted(left[0], md5Of(f.Current))
	written := md5Of(f.Current) == f.Record.NewMD5
	kept := len(s.Digests) == 0
	switch {
	case right:
	case written:
		t.Errorf("%s: %s leaves the digest %+v", what, s.Stage, left[0])
	case kept && f.Record.isAsBefore(left[0]): // nothing was written: as it was before
	case kept && s.Stage == StageOvertaken && !isWanted(left[0], f.Record.NewMD5): // another client's business
	default:
		t.Errorf("%s: %s leaves the digest %+v", what, s.Stage, left[0])
	}
}

func rowsAfter(changes []DigestChange) (rows []DigestRow) {
	for _, d := range changes {
		rows = append(rows, DigestRow{Table: d.Old.Table, Present: d.Want != "", HasAttr: d.Want != "", Value: d.Want})
	}
	return rows
}

func TestWhatARecoveryTellsOfWhatItFinds(t *testing.T) {
	for name, c := range map[string]struct {
		facts RecoverFacts
		stage Stage
		want  string // of the digest; "-" leaves it as it is
	}{
		"bytes before, digest meant: the write was undone":       {recoverFacts(OpRestore, bytesBefore, bytesMeant, bytesBefore, bytesBefore, bytesMeant), StageDigestStrayed, sumOf(bytesBefore)},
		"bytes before, the table was made anew":                  {recoverFacts(OpRestore, bytesBefore, bytesMeant, bytesBefore, bytesBefore, ""), StageDigestStrayed, sumOf(bytesBefore)},
		"bytes meant, the table was made anew":                   {recoverFacts(OpRestore, bytesBefore, bytesMeant, bytesMeant, bytesBefore, ""), StageDigestMissing, sumOf(bytesMeant)},
		"bytes meant, a digest of nobody's":                      {recoverFacts(OpRestore, bytesBefore, bytesMeant, bytesMeant, bytesBefore, "garbage"), StageDigestMissing, sumOf(bytesMeant)},
		"the state is deleted as before, the digest is there":    {recoverFacts(OpRestore, "", bytesMeant, "", "", bytesMeant), StageDigestStrayed, ""},
		"a repair that removed the digest, before its release":   {recoverFacts(OpRepair, "", "", "", bytesOther, ""), StageReleaseMissing, "-"},
		"bytes before, digest as wrong as before":                {recoverFacts(OpRestore, bytesBefore, bytesMeant, bytesBefore, "garbage", "garbage"), StageNothingWritten, "-"},
		"another client wrote after a repair had set the digest": {recoverFacts(OpRepair, bytesBefore, bytesBefore, bytesOther, "garbage", bytesBefore), StageOvertaken, sumOf(bytesOther)},
		"another client wrote, and its digest":                   {recoverFacts(OpRestore, bytesBefore, bytesMeant, bytesOther, bytesBefore, bytesOther), StageOvertaken, "-"},
	} {
		t.Run(name, func(t *testing.T) {
			s := PlanRecover(c.facts, "").Recover
			got := "-"
			if len(s.Digests) > 0 {
				got = s.Digests[0].Want
			}
			if s.Stage != c.stage || got != c.want {
				t.Errorf("stage %q, digest %q; want %q, %q", s.Stage, got, c.stage, c.want)
			}
		})
	}
}

func TestARecoveryThatNobodyCanPlanSaysWhatItSees(t *testing.T) {
	for name, c := range map[string]struct {
		wrote Fact[bool]
		want  string
	}{
		"its version was overwritten": {Known(true), "its version was written and then overwritten beside the lock"},
		"the history cannot be read":  {Unknown[bool]("AccessDenied s3:ListBucketVersions"), "cannot be told (AccessDenied s3:ListBucketVersions)"},
	} {
		t.Run(name, func(t *testing.T) {
			f := recoverFacts(OpRestore, bytesBefore, bytesMeant, bytesOther, bytesBefore, bytesOther)
			f.Wrote = c.wrote
			why := strings.Join(PlanRecover(f, "").Refusals, "; ")
			for _, want := range []string{c.want, sumOf(bytesBefore)[:8], sumOf(bytesMeant)[:8], sumOf(bytesOther)[:8], "stateward unlock s3://b/k --lock-id lock --confirm RECORD"} {
				if !strings.Contains(why, want) {
					t.Errorf("%q is not in %q", want, why)
				}
			}
		})
	}
}

func TestATableThatIsNotFoundIsConfirmedByItsName(t *testing.T) {
	f := recoverFacts(OpRestore, bytesBefore, bytesMeant, bytesMeant, bytesBefore, "")
	f.Digests, f.Gone = nil, []string{"t"}
	p := PlanRecover(f, "")
	token, missing := p.MissingToken([]string{"op", TokenDead})
	if len(p.Refusals) > 0 || !missing || token.Value != "t" || !strings.Contains(token.Why, "--region") {
		t.Errorf("refusals %q, token %+v", p.Refusals, token)
	}
}
