package model

import (
	"fmt"
	"strings"
)

// absent says what there is to say where nothing that is held here is what the
// request names.
func (f UnlockFacts) absent(p *Plan, r UnlockRequest, others []Lock) {
	if len(others) > 0 {
		noSuchLock(p, f, r, others)
	}
	for _, l := range f.Elsewhere {
		url := "s3://" + l.Bucket + "/" + l.Key
		p.refuseFor(l, fmt.Sprintf("%s is held by %s on %s, not on %s", whichID(l, r.LockID), holderName(l), url, p.URL()))
		p.Instead = append(p.Instead, Hint{Text: "Look at " + url + ". If that lock is meant, remove it with", Command: f.Program.Unlock(url, l)})
	}
	if len(p.Refusals) > 1 {
		p.Refusals = []string{strings.Join(p.Refusals, "; ")}
	}
	switch {
	case len(f.Problems) > 0 && len(others) == 0:
		p.refuse("not every place could be read, so whether a lock is held there is unknown: " + strings.Join(f.Problems, "; "))
	case len(p.Refusals) == 0:
		p.Gone = true
		p.Unlock.Unread = f.unsought()
	}
}

// whichID names the lock ID of a lock elsewhere; where it is not the one that
// was asked for, it says so.
func whichID(l Lock, asked string) string {
	if l.Token() == asked {
		return asked
	}
	return "no lock with the ID " + asked + " was found, and the similar " + l.Token()
}

// unsought is what was not looked at where no lock was found.
func (f UnlockFacts) unsought() []string {
	if f.Unsought == "" {
		return f.Notes
	}
	return append(f.Notes[:len(f.Notes):len(f.Notes)], "whether that lock ID is held on another state could not be looked for: "+f.Unsought)
}

// refuseUnread: a holder may keep a second lock where nobody could look, and the
// state would not be free. Who says which mechanism alone is meant knows that.
func refuseUnread(p *Plan, f UnlockFacts, r UnlockRequest) {
	if len(f.Problems) == 0 {
		return
	}
	if r.Mechanism != "" {
		p.Unlock.Unread = f.Problems
		p.warn("Only what mechanism " + string(r.Mechanism) + " keeps is removed: a lock may be held where nobody could look.")
		return
	}
	for _, m := range []Mechanism{MechanismLockfile, MechanismDynamoDB} {
		for _, l := range p.Unlock.Victims {
			if l.Mechanism == m {
				p.Instead = append(p.Instead, Hint{Text: "To remove only what was found in " + l.Where(),
					Command: f.Program.Command("unlock", p.URL(), "--lock-id", l.Token(), "--mechanism", string(m))})
				break
			}
		}
	}
	p.refuse("not every place could be read, and a lock may be held there: " + strings.TrimSuffix(strings.Join(f.Problems, "; "), ".") + ". Try again when it can be read")
}

// Left is what the removal of locks leaves open: places that could not be read.
func (s *UnlockSpec) Left() string {
	if s == nil || len(s.Unread) == 0 {
		return ""
	}
	return strings.Join(s.Unread, "; ")
}
