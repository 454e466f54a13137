package model

import (
	"fmt"
	"strings"
	"time"
)

// UnlockFacts is all that a plan to unlock rests on.
type UnlockFacts struct {
	Backend  Backend
	Key      string
	Locks    []Lock   // all that are held on this state, lock file first
	Problems []string // mechanisms that could not be read
	Notes    []string // what was not looked for, where configuration says that it need not be
	// Where what is held here is not the lock that the request names: the locks
	// of that ID on other states, and why they could not all be looked for.
	Elsewhere []Lock
	Unsought  string
	At        string // the bucket's region; "" when it is not known
	Region    string // of the lock tables; "" when it is not known
	Digest    Fact[DigestVerdict]
	Now       time.Time // by the service's clock
	Expires   time.Time // of the credentials; zero: they do not
	ReadOnly  bool
	Refuses   bool    // the store refuses conditions of changes, or may
	Program   Program // for the commands by hand
}

// expiryMargin is how long credentials must last for an operation to start.
const expiryMargin = 5 * time.Minute

// PlanUnlock works out a forced unlock. Each lock is removed only while it is
// byte for byte the one in the plan.
func PlanUnlock(f UnlockFacts, r UnlockRequest) *Plan {
	p := &Plan{Operation: OpUnlock, Backend: f.Backend, Key: f.Key, Made: f.Now, Reason: r.Reason, Unlock: &UnlockSpec{}}
	p.Warnings = append(p.Warnings, unread(f.Problems)...)
	victims, others := selectLocks(f.Locks, r)
	if len(victims) == 0 {
		f.absent(p, r, others)
		return p
	}
	p.Unlock.Victims = victims
	describeHolders(p, victims, others)
	unlockSteps(p, victims, f)
	unlockTokens(p, victims, f.Program)
	p.Warnings = append(p.Warnings, "If the holder is alive after all, two writers can overwrite each other.")
	p.Undo.Text = "none: a removed lock cannot be put back; its content is in the journal"
	p.guard(f.ReadOnly, f.Expires, f.Now)
	refuseYoung(p, victims)
	refuseUncomparable(p, victims)
	refuseUnread(p, f, r)
	return p
}

// selectLocks splits what is held into what the request names and the rest.
func selectLocks(held []Lock, r UnlockRequest) (victims, others []Lock) {
	for _, l := range held {
		named := r.LockID == "" || l.Token() == r.LockID
		if named && (r.Mechanism == "" || r.Mechanism == l.Mechanism) {
			victims = append(victims, l)
		} else {
			others = append(others, l)
		}
	}
	return victims, others
}

// noSuchLock refuses: what is held is not what the request names.
func noSuchLock(p *Plan, f UnlockFacts, r UnlockRequest, others []Lock) {
	l := others[0]
	if l.Token() == r.LockID {
		p.refuseFor(l, fmt.Sprintf("that lock is kept in %s, not by mechanism %s", l.Where(), r.Mechanism))
		return
	}
	p.refuseFor(l, fmt.Sprintf("the lock ID does not match: %s is held by %s with ID %s", f.Backend.URL(f.Key), holderName(l), l.Token()))
}

// holderName is who holds a lock, for sentences.
func holderName(l Lock) string {
	if l.Info.Who == "" {
		return "an unreadable lock"
	}
	return l.Info.Who
}

func describeHolders(p *Plan, victims, others []Lock) {
	for _, l := range distinctHolders(victims) {
		p.fact("Held by", strings.TrimSpace(holderName(l)+"   "+l.Info.OperationName()+"   "+toolName(l.Info.Version)))
		if created := l.Created(); !created.IsZero() {
			since := created.UTC().Format("2006-01-02 15:04:05 UTC")
			if age, known := l.Age(); known {
				since += " (" + span(age) + ")"
			}
			p.fact("Since", since)
		}
		p.fact("Lock ID", l.Token())
		if l.Malformed != "" {
			p.fact("Malformed", l.Malformed)
		}
		if l.Whole {
			p.fact("Row", clip(string(l.Raw)))
		}
		p.fact("Verdict", verdictLine(l))
	}
	for _, l := range others {
		p.fact("Stays", fmt.Sprintf("%s in %s, ID %s", holderName(l), l.Where(), l.Token()))
	}
}

func toolName(version string) string {
	if version == "" {
		return ""
	}
	return "with version " + version
}

func verdictLine(l Lock) string {
	var because []string
	for _, e := range l.Evidence {
		if e.PointsTo != pointsNeutral || len(l.Evidence) == 1 {
			because = append(because, e.Text)
		}
	}
	line := strings.ReplaceAll(string(l.Verdict), "-", " ")
	if len(because) > 0 {
		line += ": " + strings.Join(because, "; ")
	}
	return line
}

// distinctHolders keeps one lock for each holder.
func distinctHolders(locks []Lock) []Lock {
	var out []Lock
	for _, same := range Holders(locks) {
		out = append(out, same[0])
	}
	return out
}

func unlockSteps(p *Plan, victims []Lock, f UnlockFacts) {
	p.step("re-read", "read every lock again", "stop if any byte differs from what is shown here")
	for _, l := range victims {
		if l.Mechanism == MechanismLockfile {
			p.step("delete lock file", "delete "+l.Where(), "only if it is still exactly this one")
			p.Manual = append(p.Manual, manualFileDelete(l, f)...)
		} else {
			p.step("delete lock row", "delete the row in "+l.Table, "only if it is still exactly this one")
			warnOfDigest(p, l)
			if line := manualRowDelete(l, f); line != "" {
				p.Manual = append(p.Manual, Hint{Command: line})
			}
		}
	}
	p.step("check digest", "compare the digest with the state's bytes", "")
}

// manualFileDelete is conditional like ours; where the store refuses that, it is
// a look and a deletion. A store that tells no ETag holds nobody to a condition.
func manualFileDelete(l Lock, f UnlockFacts) Hints {
	s3api := func(call string, more ...string) string {
		words := append([]string{"s3api", call, "--bucket", l.Bucket, "--key", LockKey(l.Key)}, more...)
		return f.Program.AWS(f.Backend.Access, "s3", f.At, words...)
	}
	switch {
	case l.ETag == "":
		return Hints{{Text: "no command deletes " + l.Where() + " only while it is this one: the store tells no ETag of it"}}
	case f.Refuses:
		return Hints{{Text: "The store refuses conditions, so look first: the ETag must be " + l.ETag, Command: s3api("head-object")},
			{Text: "Only then", Command: s3api("delete-object")}}
	}
	return Hints{{Command: s3api("delete-object", "--if-match", l.ETag)}}
}

func manualRowDelete(l Lock, f UnlockFacts) string {
	condition, err := l.Condition()
	if err != nil || condition.tooLong() {
		return ""
	}
	words := []string{"dynamodb", "delete-item", "--table-name", l.Table, "--key", jsonObject(AttrLockID, LockID(l.Bucket, l.Key))}
	return f.Program.AWS(f.Backend.Access, "dynamodb", f.Region, append(words, condition.words()...)...)
}

// warnOfDigest: a row may be the lock of one state and the digest of another.
func warnOfDigest(p *Plan, l Lock) {
	if digest, ok := StoredRow(l.Raw).text(AttrDigest); l.Whole && ok {
		p.warn("The row also holds the digest " + clip(digest) + ", which goes with it; the whole row is in the journal.")
	}
}

// refuseUncomparable refuses what cannot be deleted under a condition that holds
// exactly as long as the row is the one that was seen.
func refuseUncomparable(p *Plan, victims []Lock) {
	for _, l := range victims {
		if l.Mechanism != MechanismDynamoDB {
			continue
		}
		if _, err := l.Condition(); err != nil {
			p.refuse(fmt.Sprintf("the row in %s cannot be compared (%s): look at it, and delete it by hand", l.Where(), err))
		}
	}
}

// unlockTokens asks for each holder's ID; two holders are two confirmations. A
// recovery record is all that tells how far an operation came, so a lock that
// carries one asks for more.
func unlockTokens(p *Plan, victims []Lock, run Program) {
	live := false
	for _, l := range distinctHolders(victims) {
		why := "it names the one lock that is removed"
		if !l.Info.Named() {
			why = "the lock has no ID that can be typed: this is the start of the SHA-256 of its bytes"
		}
		p.Tokens = append(p.Tokens, Token{Label: "the lock ID", Value: l.Token(), Why: why})
		live = live || l.Verdict == LikelyLive
	}
	if live {
		p.Tokens = append(p.Tokens, Token{Label: "the word LIVE", Value: TokenLive, Why: "the evidence says that the holder is alive"})
	}
	if rec, ours := recordIn(victims); ours {
		finish := run.Command("recover", p.URL())
		p.Tokens = append(p.Tokens, Token{Label: "the word RECORD", Value: TokenRecord,
			Why: "it is the lock of a " + string(rec.Operation) + " of stateward, and goes with the record that finishes or undoes it: " + finish + " does that, and then the lock is gone as well"})
		p.warn("This lock holds the record of an unfinished " + string(rec.Operation) + ". An unlock leaves that half done: the state may be written and its digest not. Recover it instead: C in the UI, else " + finish)
	}
	p.protect()
}

// recordIn is the first recovery record that one of the locks carries.
func recordIn(locks []Lock) (RecoveryRecord, bool) {
	for _, l := range locks {
		if rec, ours := ParseRecoveryRecord(l.Info.Info); ours {
			return rec, true
		}
	}
	return RecoveryRecord{}, false
}

func refuseYoung(p *Plan, victims []Lock) {
	least := p.Backend.Policy.MinLockAge
	for _, l := range victims {
		switch age, known := l.Age(); {
		case least <= 0 || known && age >= least:
		case known:
			p.refuse(fmt.Sprintf("the policy of %s refuses to remove a lock younger than %s", p.Backend.Bucket, span(least)))
			return
		default:
			p.refuse(fmt.Sprintf("the policy of %s refuses to remove a lock younger than %s, and nothing tells the age of the one in %s", p.Backend.Bucket, span(least), l.Where()))
			return
		}
	}
}
