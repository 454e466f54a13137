package model

import (
	"fmt"
	"slices"
	"strings"
)

// Standing is what is on the wire after an operation that did not end as it was
// meant to: what an engineer has to know, and what the command that ends it is
// chosen from.
type Standing struct {
	State    Fact[StandingState]
	Digests  []StandingDigest
	Locks    []Lock
	Unlooked []string // places of locks that could not be read, and why
}

// StandingState is the state as it stands; the zero value is none.
type StandingState struct {
	VersionID string
	MD5       string
	Whose     Whose
	Serial    uint64 // of a version that the operation wrote
}

// Whose is by whom the current version is, as seen from an operation.
type Whose string

// The current version is the one that the operation found, its own, or another's.
const (
	AsBefore Whose = "as before"
	Written  Whose = "written"
	Anothers Whose = "another's"
)

// StandingDigest is a digest row as it stands.
type StandingDigest struct {
	Row      DigestRow
	Expected bool
	Unread   string // why it could not be read; "" when it was
}

// verdict is "" where nobody can tell.
func (s Standing) verdict(d StandingDigest) DigestVerdict {
	state, known := s.State.Get()
	if !known || d.Unread != "" {
		return ""
	}
	return AssessDigest(d.Row, state.MD5, d.Expected)
}

// Now is what is true, in one sentence.
func (s Standing) Now() string {
	return strings.Join(slices.Concat([]string{s.stateClause()}, s.digestClauses(), []string{s.lockClause()}), "; ") + "."
}

func (s Standing) stateClause() string {
	state, known := s.State.Get()
	switch {
	case !known:
		return "the state could not be read (" + s.State.Reason() + ")"
	case state.VersionID == "" && state.MD5 == "":
		return "there is no state"
	case state.Whose == Written:
		return fmt.Sprintf("the state was written (version %s, serial %d)", orUnversioned(state.VersionID), state.Serial)
	case state.Whose == "":
		return "the state is version " + orUnversioned(state.VersionID)
	case state.Whose == AsBefore:
		return "the state is as before (version " + orUnversioned(state.VersionID) + ")"
	}
	return "the state is what another client wrote (version " + orUnversioned(state.VersionID) + ")"
}

func orUnversioned(id string) string {
	if id == "" {
		return "null"
	}
	return id
}

func (s Standing) digestClauses() []string {
	var out []string
	for _, d := range s.Digests {
		what := "its digest in " + d.Row.Table
		switch verdict := s.verdict(d); verdict {
		case "":
			out = append(out, what+" could not be compared ("+orElse(d.Unread, "the state was not read")+")")
		case DigestMatch:
			out = append(out, what+" is right")
		case DigestNotUsed:
		case DigestMissing:
			out = append(out, what+" is missing")
		case DigestMismatch, DigestMalformed, DigestOrphan:
			out = append(out, what+" is wrong")
		}
	}
	return out
}

func (s Standing) lockClause() string {
	var held []string
	for _, l := range s.Locks {
		held = append(held, fmt.Sprintf("%s by %s (ID %s)", l.Where(), holderName(l), l.Token()))
	}
	clause := "no lock is held"
	if len(held) > 0 {
		clause = "held are " + strings.Join(held, " and ")
	}
	if len(s.Unlooked) == 0 {
		return clause
	}
	unread := "whether a lock is held could not be read everywhere (" + strings.Join(s.Unlooked, ", ") + ")"
	if len(held) == 0 {
		return unread
	}
	return clause + "; " + unread
}

// Finish is the one command that ends an operation that changes a state or its
// digest, and when to run it; the zero Hint where nothing is left to do.
func (s Standing) Finish(url string, run Program) Hint {
	_, recorded := recordIn(s.Locks)
	switch {
	case recorded, len(s.Unlooked) > 0:
		return Hint{Text: "Finish or undo it, here or from any machine that reaches it, with", Command: run.Command("recover", url)}
	case !s.needsRepair():
		return Hint{}
	}
	return repairWhenFree(url, s.Locks, run)
}

// needsRepair reports whether a digest is not right, or nobody could tell.
func (s Standing) needsRepair() bool {
	return slices.ContainsFunc(s.Digests, func(d StandingDigest) bool {
		switch s.verdict(d) {
		case DigestMatch, DigestNotUsed:
			return false
		case "", DigestMismatch, DigestMissing, DigestMalformed, DigestOrphan:
		}
		return true
	})
}

// NothingLeft is what a result says where no command is needed any more.
const NothingLeft = "Nothing is left to do."

// FinishUnlock is the one command that ends an unlock: the same again while one of
// its locks is held, or where nobody could tell; then what a state needs.
func (s Standing) FinishUnlock(p *Plan, run Program) Hint {
	left := slices.ContainsFunc(p.Unlock.Victims, func(v Lock) bool {
		return slices.ContainsFunc(s.Locks, func(l Lock) bool { return l.Where() == v.Where() && l.SameHolder(v) })
	})
	if !left && len(s.Unlooked) == 0 {
		return s.Finish(p.URL(), run)
	}
	var confirm []string
	for _, t := range p.Tokens[min(1, len(p.Tokens)):] {
		confirm = append(confirm, t.Value)
	}
	return Hint{Text: "Finish with", Command: run.Unlock(p.URL(), p.Unlock.Victims[0], confirm...)}
}
