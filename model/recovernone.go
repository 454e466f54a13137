package model

import "slices"

// PlanWithoutRecord is the plan to recover a state on which no interrupted operation
// holds a lock. An operation whose locks were taken away may have left a digest that
// is wrong all the same: then something is to be done, and a repair does it.
func PlanWithoutRecord(f RecoverFacts, digest Fact[DigestVerdict], reason string) *Plan {
	p := &Plan{Operation: OpRecover, Backend: f.Backend, Key: f.Key, Made: f.Now, Reason: reason, Refusals: f.Problems}
	if len(f.Problems) > 0 {
		return p
	}
	p.NoRecord = true
	verdict, known := digest.Get()
	switch {
	case !known:
		p.refuse(p.WhyGone() + ", but whether its digest is right could not be read: " + digest.Reason())
	case verdict.Blocks():
		p.Instead = Hints{repairWhenFree(p.URL(), f.Others, f.Program)}
		p.refuse(p.WhyGone() + ", but its digest is wrong (" + string(verdict) + "). " + p.Instead[0].String())
	default:
		p.Gone = true
	}
	return p
}

// Blocks reports a digest with which no client reads the state.
func (v DigestVerdict) Blocks() bool {
	return v == DigestMismatch || v == DigestMalformed || v == DigestOrphan
}

// repairWhenFree is how a digest is made right, and when.
func repairWhenFree(url string, held []Lock, run Program) Hint {
	h := Hint{Text: "Make the digest right with", Command: run.Command("repair", url)}
	if len(held) > 0 {
		h.Text = "When " + holderName(held[0]) + " has given the lock back, make the digest right with"
	}
	return h
}

// LeavesWrong reports whether a digest that a recovery leaves as it is is not that of
// the state's bytes. Of bytes that nobody can read nobody knows.
func (s *RecoverSpec) LeavesWrong() bool {
	md5 := ""
	if s.Current != nil {
		md5 = s.Current.MD5
	}
	unread := s.Current != nil && s.Current.Unread != ""
	return !unread && slices.ContainsFunc(s.Keep, func(row DigestRow) bool { return AssessDigest(row, DigestWanted(md5), false).Blocks() })
}

// Repair is the command that makes the digest right, and when.
func (s Standing) Repair(url string, run Program) Hint { return repairWhenFree(url, s.Locks, run) }
