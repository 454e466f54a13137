package model

import (
	"testing"
)

func TestEveryStandingHasItsSentenceAndItsCommand(t *testing.T) {
	const was, meant = "was", "meant"
	ours := Lock{Bucket: "b", Key: "k", Mechanism: MechanismLockfile, Info: LockInfo{ID: "ours", Who: "oncall@desk", Info: recordText(t, OpRestore)}}
	theirs := Lock{Bucket: "b", Key: "k", Mechanism: MechanismDynamoDB, Table: "t", Info: LockInfo{ID: "theirs", Who: "ci@runner"}}
	state := func(body string, whose Whose) Fact[StandingState] {
		return Known(StandingState{VersionID: "v", MD5: sumOf(body), Whose: whose, Serial: 8})
	}
	digest := func(of string) []StandingDigest { return []StandingDigest{{Row: rowOf(of), Expected: true}} }
	for name, c := range map[string]struct {
		standing Standing
		now      string
		command  string // of Finish; "" is none
	}{
		"our locks stand over a written state": {Standing{State: state(meant, Written), Digests: digest(was), Locks: []Lock{ours}},
			"the state was written (version v, serial 8); its digest in t is wrong; held are s3://b/k.tflock by oncall@desk (ID ours).", "stateward recover s3://b/k"},
		"our locks are gone, the digest is wrong": {Standing{State: state(meant, Written), Digests: digest(was)},
			"the state was written (version v, serial 8); its digest in t is wrong; no lock is held.", "stateward repair s3://b/k"},
		"our locks are gone, the digest is missing": {Standing{State: state(meant, Written), Digests: digest("")},
			"the state was written (version v, serial 8); its digest in t is missing; no lock is held.", "stateward repair s3://b/k"},
		"somebody has locked since": {Standing{State: state(meant, Written), Digests: digest(was), Locks: []Lock{theirs}},
			"the state was written (version v, serial 8); its digest in t is wrong; held are table t by ci@runner (ID theirs).", "stateward repair s3://b/k"},
		"everything is right": {Standing{State: state(meant, Written), Digests: digest(meant)},
			"the state was written (version v, serial 8); its digest in t is right; no lock is held.", ""},
		"everything is right, and somebody has locked since": {Standing{State: state(was, AsBefore), Digests: digest(was), Locks: []Lock{theirs}},
			"the state is as before (version v); its digest in t is right; held are table t by ci@runner (ID theirs).", ""},
		"there is no state, and a digest of it": {Standing{State: Known(StandingState{}), Digests: digest(was)},
			"there is no state; its digest in t is wrong; no lock is held.", "stateward repair s3://b/k"},
		"another client wrote": {Standing{State: state("other", Anothers), Digests: digest("other")},
			"the state is what another client wrote (version v); its digest in t is right; no lock is held.", ""},
		"nothing can be read": {Standing{State: Unknown[StandingState]("timed out"), Digests: []StandingDigest{{Row: rowOf(""), Expected: true, Unread: "timed out"}}, Unlooked: []string{"timed out on t"}},
			"the state could not be read (timed out); its digest in t could not be compared (timed out); whether a lock is held could not be read everywhere (timed out on t).", "stateward recover s3://b/k"},
		"the digest cannot be read": {Standing{State: state(meant, Written), Digests: []StandingDigest{{Row: rowOf(""), Expected: true, Unread: "AccessDenied"}}},
			"the state was written (version v, serial 8); its digest in t could not be compared (AccessDenied); no lock is held.", "stateward repair s3://b/k"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.standing.Now(); got != c.now {
				t.Errorf("now  %s\nwant %s", got, c.now)
			}
			if got := c.standing.Finish("s3://b/k", Program{}).Command; got != c.command {
				t.Errorf("command %q, want %q", got, c.command)
			}
		})
	}
}

func TestAnUnlockThatStoppedIsEndedByWhatIsLeft(t *testing.T) {
	victim := heldBy("one", MechanismDynamoDB)
	p := &Plan{Backend: Backend{Bucket: "b"}, Key: "k.tfstate", Unlock: &UnlockSpec{Victims: []Lock{heldBy("one", MechanismLockfile), victim}},
		Tokens: []Token{{Value: "one"}, {Value: TokenLive}}}
	again := "stateward unlock s3://b/k.tfstate --lock-id one --confirm LIVE"
	for name, c := range map[string]struct {
		standing Standing
		want     string
	}{
		"one lock is left":                   {Standing{Locks: []Lock{victim}}, again},
		"a place cannot be read":             {Standing{Unlooked: []string{"timed out"}}, again},
		"both are gone":                      {Standing{State: Known(StandingState{MD5: sumOf("x")})}, ""},
		"both are gone, the digest is wrong": {Standing{State: Known(StandingState{MD5: sumOf("x")}), Digests: []StandingDigest{{Row: rowOf("y")}}}, "stateward repair s3://b/k.tfstate"},
		"another client has locked since":    {Standing{Locks: []Lock{heldBy("two", MechanismDynamoDB)}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.standing.FinishUnlock(p, Program{}).Command; got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}
