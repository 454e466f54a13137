package model

import (
	"errors"
	"strings"
	"testing"
	"time"
)

var planNow = time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)

func heldBy(id string, m Mechanism) Lock {
	l := Lock{Bucket: "b", Key: "k.tfstate", Mechanism: m, Raw: []byte(`{"ID":"` + id + `"}`), ReadAt: planNow,
		Info: LockInfo{ID: id, Who: "carol@laptop", Operation: "OperationTypeApply", Created: planNow.Add(-time.Hour)}, Verdict: Unclear}
	if m == MechanismDynamoDB {
		l.Table = "locks"
	} else {
		l.ETag = `"e1"`
	}
	return l
}

func TestPlanUnlock(t *testing.T) {
	both := []Lock{heldBy("one", MechanismLockfile), heldBy("one", MechanismDynamoDB)}
	two := []Lock{heldBy("one", MechanismLockfile), heldBy("two", MechanismDynamoDB)}
	live := heldBy("one", MechanismDynamoDB)
	live.Verdict = LikelyLive
	left := heldBy("one", MechanismDynamoDB)
	left.Info.Info = recordText(t, OpRestore)
	policy := func(p Policy) Backend { return Backend{Name: "payments", Bucket: "b", Policy: p} }
	cases := map[string]struct {
		facts   UnlockFacts
		request UnlockRequest
		victims int
		tokens  string
		refusal string
		gone    bool
	}{
		"one holder in both mechanisms is one confirmation":    {UnlockFacts{Locks: both}, UnlockRequest{LockID: "one"}, 2, "one", "", false},
		"two holders are two confirmations":                    {UnlockFacts{Locks: two}, UnlockRequest{}, 2, "one two", "", false},
		"only the named holder is removed":                     {UnlockFacts{Locks: two}, UnlockRequest{LockID: "two"}, 1, "two", "", false},
		"only the named mechanism is touched":                  {UnlockFacts{Locks: both}, UnlockRequest{LockID: "one", Mechanism: MechanismDynamoDB}, 1, "one", "", false},
		"a wrong ID names the holder and changes nothing":      {UnlockFacts{Locks: both}, UnlockRequest{LockID: "nine"}, 0, "", "held by carol@laptop with ID one", false},
		"no lock at all is already gone":                       {UnlockFacts{}, UnlockRequest{LockID: "one"}, 0, "", "", true},
		"no lock found but a place unread is not gone":         {UnlockFacts{Problems: []string{"AccessDenied dynamodb:GetItem on locks"}}, UnlockRequest{LockID: "one"}, 0, "", "dynamodb:GetItem", false},
		"a likely live holder asks for LIVE":                   {UnlockFacts{Locks: []Lock{live}}, UnlockRequest{LockID: "one"}, 1, "one LIVE", "", false},
		"the lock of an interrupted operation asks for RECORD": {UnlockFacts{Locks: []Lock{both[0], left}}, UnlockRequest{LockID: "one"}, 2, "one RECORD", "", false},
		"but not where that lock stays":                        {UnlockFacts{Locks: []Lock{both[0], left}}, UnlockRequest{LockID: "one", Mechanism: MechanismLockfile}, 1, "one", "", false},
		"a protected backend asks for its name":                {UnlockFacts{Locks: both, Backend: policy(Policy{Protected: true})}, UnlockRequest{LockID: "one"}, 2, "one payments", "", false},
		"a read-only policy refuses":                           {UnlockFacts{Locks: both, Backend: policy(Policy{ReadOnly: true})}, UnlockRequest{LockID: "one"}, 2, "one", "read-only", false},
		"read-only refuses":                                    {UnlockFacts{Locks: both, ReadOnly: true}, UnlockRequest{LockID: "one"}, 2, "one", "read-only", false},
		"a policy that demands a reason refuses without":       {UnlockFacts{Locks: both, Backend: policy(Policy{RequireReason: true})}, UnlockRequest{LockID: "one"}, 2, "one", "--reason", false},
		"a policy that demands a reason accepts one":           {UnlockFacts{Locks: both, Backend: policy(Policy{RequireReason: true})}, UnlockRequest{LockID: "one", Reason: "INC-1"}, 2, "one", "", false},
		"a lock younger than the policy allows is refused":     {UnlockFacts{Locks: both, Backend: policy(Policy{MinLockAge: 2 * time.Hour})}, UnlockRequest{LockID: "one"}, 2, "one", "younger than 2 h", false},
		"credentials about to expire refuse":                   {UnlockFacts{Locks: both, Expires: planNow.Add(4 * time.Minute)}, UnlockRequest{LockID: "one"}, 2, "one", "expire in 4 min", false},
		"credentials that last long enough do not":             {UnlockFacts{Locks: both, Expires: planNow.Add(6 * time.Minute)}, UnlockRequest{LockID: "one"}, 2, "one", "", false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			c.facts.Now, c.facts.Key = planNow, "k.tfstate"
			p := PlanUnlock(c.facts, c.request)
			var tokens []string
			for _, tok := range p.Tokens {
				tokens = append(tokens, tok.Value)
			}
			if got := len(p.Unlock.Victims); got != c.victims {
				t.Errorf("%d victims, want %d", got, c.victims)
			}
			if got := strings.Join(tokens, " "); got != c.tokens {
				t.Errorf("tokens %q, want %q", got, c.tokens)
			}
			if p.Gone != c.gone {
				t.Errorf("gone %v", p.Gone)
			}
			checkRefusal(t, p, c.refusal)
		})
	}
}

func checkRefusal(t *testing.T, p *Plan, want string) {
	t.Helper()
	err := p.Refused()
	switch {
	case want == "" && err != nil:
		t.Errorf("refused: %v", err)
	case want != "" && err == nil:
		t.Errorf("not refused, want %q", want)
	case want != "" && (!errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), want)):
		t.Errorf("refused with %q, want %q", err, want)
	}
}

func TestTheCommandsByHandHoldTheSameConditions(t *testing.T) {
	row := heldBy("one", MechanismDynamoDB)
	bare := heldBy("", MechanismDynamoDB)
	bare.Whole, bare.Raw, bare.Info, bare.Malformed = true, []byte(`{"LockID":{"S":"b/k"},"rvn":{"N":"7"}}`), LockInfo{}, "no Info"
	for name, c := range map[string]struct {
		lock Lock
		want string
	}{
		"a lock file by its ETag":             {heldBy("one", MechanismLockfile), `--if-match '"e1"'`},
		"a row by its bytes":                  {row, `'{":raw":{"S":"{\"ID\":\"one\"}"}}'`},
		"a row without Info by all of it":     {bare, `'#a0 = :a0 AND #a1 = :a1 AND attribute_not_exists(Info) AND attribute_not_exists(Digest)'`},
		"and by the values of its attributes": {bare, `'{":a0":{"S":"b/k"},":a1":{"N":"7"}}'`},
	} {
		p := PlanUnlock(UnlockFacts{Locks: []Lock{c.lock}, Now: planNow, Key: "k.tfstate", Backend: Backend{Bucket: "b"}}, UnlockRequest{})
		if got := strings.Join(p.Manual.Commands(), "\n"); !strings.Contains(got, c.want) {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// TestByHandOnAStoreThatRefusesConditions: what is to be pasted is not refused.
func TestByHandOnAStoreThatRefusesConditions(t *testing.T) {
	p := PlanUnlock(UnlockFacts{Locks: []Lock{heldBy("one", MechanismLockfile)}, Refuses: true, Now: planNow, Key: "k.tfstate", Backend: Backend{Bucket: "b"}}, UnlockRequest{})
	said, commands := strings.Join(p.Manual.Texts(), "\n"), p.Manual.Commands()
	if len(commands) != 2 || !strings.Contains(commands[0], "head-object") || !strings.Contains(commands[1], "delete-object") || strings.Contains(said, "--if-match") || !strings.Contains(said, `must be "e1"`) {
		t.Errorf("%s", said)
	}
}

func TestALockThatMayBeMeant(t *testing.T) {
	const id = "71d89b36-316e-9845-07df-19d02b854eb1"
	named, bare := heldBy(id, MechanismLockfile), heldBy("", MechanismLockfile)
	bare.Info = LockInfo{}
	for words, c := range map[string]struct {
		lock Lock
		want bool
	}{
		id:                                     {named, true},
		id[:8]:                                 {named, true},
		id[:4]:                                 {named, true},
		id[:3]:                                 {named, false},
		strings.ToUpper(id):                    {named, true},
		" " + id + "\n":                        {named, true},
		"ID: " + id:                            {named, true},
		id[:35]:                                {named, true},
		id[1:]:                                 {named, true},
		strings.Replace(id, "d", "", 1):        {named, true},
		"71d89b36-0000-0000-0000-19d02b854eb1": {named, false},
		"":                                     {named, false},
		"  ":                                   {named, false},
		named.RawSHA256():                      {named, true},
		bare.RawSHA256():                       {bare, true},
		bare.RawSHA256()[:8]:                   {bare, true},
	} {
		if got := c.lock.MayBeMeant(words); got != c.want {
			t.Errorf("%q: %v", words, got)
		}
	}
}

func recordText(t *testing.T, op Operation) string {
	t.Helper()
	info, err := RecoveryRecord{Operation: op, ID: "op", Host: "desk"}.Info()
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func TestTheUnlockOfAnInterruptedOperationNamesItsRecovery(t *testing.T) {
	l := heldBy("one", MechanismDynamoDB)
	l.Info.Info = recordText(t, OpRepair)
	p := PlanUnlock(UnlockFacts{Backend: Backend{Bucket: "b"}, Key: "k", Locks: []Lock{l}, Now: planNow, Program: Program{Flags: []string{"--region=eu-west-1"}}}, UnlockRequest{LockID: "one"})
	const want = "stateward recover s3://b/k --region=eu-west-1"
	token, missing := p.MissingToken([]string{"one", TokenLive})
	if !missing || token.Value != TokenRecord || !strings.Contains(token.Why, want) || !strings.Contains(strings.Join(p.Warnings, "\n"), want) {
		t.Errorf("token %+v, warnings %q", token, p.Warnings)
	}
}
