package model

import "slices"

// Unguard makes a plan one whose changes of objects are compared right before
// and looked at right after, because the store does not hold to conditions, or
// may refuse them: it says so, promises no more than that, and asks for a word
// of its own. A plan that changes rows alone stays as it is.
func (p *Plan) Unguard(why string) {
	if p.Unguarded != "" || !p.changesObjects() {
		return
	}
	p.Unguarded = why
	p.warn(why + ". Nothing here is atomic then: whoever locks or writes in the same moment is found out afterwards at best, and clients that lock by lock files alone may not keep each other out.")
	for i, s := range p.Steps {
		if changesObject(s.Name) {
			p.Steps[i].Condition = "compared right before and looked at right after, not held to by the store: " + s.Condition
		}
	}
	p.askUnguarded()
}

// askUnguarded asks for the word where the plan is not guarded.
func (p *Plan) askUnguarded() {
	asked := slices.ContainsFunc(p.Tokens, func(t Token) bool { return t.Value == TokenUnguarded })
	if p.Unguarded != "" && !asked {
		p.Tokens = append(p.Tokens, Token{Label: "the word " + TokenUnguarded, Value: TokenUnguarded, Why: "the store does not keep two clients apart: make sure that nobody else is at work"})
	}
}

// changesObjects reports whether a plan writes or deletes an object.
func (p *Plan) changesObjects() bool {
	isFile := func(l Lock) bool { return l.Mechanism == MechanismLockfile }
	switch {
	case p.Gone:
		return false
	case p.Unlock != nil:
		return slices.ContainsFunc(p.Unlock.Victims, isFile)
	case p.Repair != nil:
		return p.Repair.Lockfile
	case p.Recover != nil:
		return slices.ContainsFunc(p.Recover.Held, isFile)
	}
	return p.Restore != nil
}

func changesObject(step string) bool {
	return slices.Contains([]string{"lock file", "delete lock file", "write", "release"}, step)
}

// LocksByFile reports whether a plan takes or removes a lock file.
func (p *Plan) LocksByFile() bool {
	return slices.ContainsFunc(p.Steps, func(s PlanStep) bool { return s.Name != "write" && changesObject(s.Name) })
}
