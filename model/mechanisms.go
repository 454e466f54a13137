package model

import (
	"fmt"
	"slices"
	"strings"
)

// TableEvidence is what one lock table says of a state.
type TableEvidence struct {
	Table      string
	Named      bool // configuration or a flag names it for this backend
	Configured bool // configuration does
	LockRow    bool
	Digest     DigestRow
	Problem    string // why it could not be read; "" when it was
	Denied     bool   // and another try will not read it either

	// A key that ends in -md5 has its lock where another state has its digest.
	LockTaken   string // what is in the place of the state's lock and is none; "" for nothing
	DigestTaken string // what is in the place of its digest and is a lock
}

// MechanismFacts is the evidence of which mechanisms guard a state.
type MechanismFacts struct {
	Declared        []Mechanism // configuration and flags
	LockfileHistory Fact[bool]  // a .tflock exists, or existed by its versions
	Tables          []TableEvidence
	Problems        []string // places of evidence that could not be read, those below as well
	Unfound         string   // why tables could not be looked for; "" when they were
	UnfoundDenied   bool     // and another try will not find them either
	Unsearched      string   // the same, where configuration names tables
	BucketGone      bool     // there is no place for a lock file
}

// Mechanisms is which locks a writer of this state has to take.
type Mechanisms struct {
	Lockfile bool
	Tables   []string
	Why      []string // the evidence, for the plan
	Refusal  string   // why a writer must not go on; "" when it may
}

// DecideMechanisms is the union of configuration, flags and evidence. Taking
// fewer locks than the clients do would let them write beside us, so nothing
// known, or evidence that cannot be read and is not settled by --mechanism,
// is a refusal.
func DecideMechanisms(f MechanismFacts) Mechanisms {
	var m Mechanisms
	declaredFile := slices.Contains(f.Declared, MechanismLockfile)
	declaredTable := slices.Contains(f.Declared, MechanismDynamoDB)
	if !f.BucketGone && (f.LockfileHistory.Or(false) || declaredFile) {
		m.Lockfile = true
		m.Why = append(m.Why, "lock file: "+because(declaredFile, "configured", "one was here before"))
	}
	for _, t := range f.Tables {
		if t.Named || t.LockRow || t.Digest.Present {
			m.Tables = append(m.Tables, t.Table)
			m.Why = append(m.Why, "table "+t.Table+": "+because(t.Named, "configured", "it has a row of this state"))
		}
	}
	m.Refusal = refuseMechanisms(f, m, declaredTable)
	return m
}

func because(configured bool, yes, no string) string {
	if configured {
		return yes
	}
	return no
}

func refuseMechanisms(f MechanismFacts, m Mechanisms, declaredTable bool) string {
	unread := unreadTable(f)
	switch {
	case declaredTable && len(m.Tables) == 0:
		return "dynamodb locking is declared but no lock table is known: name it with --lock-table"
	case unread != "":
		return unread
	case len(f.Declared) == 0 && len(f.Problems) > 0:
		return fmt.Sprintf("which locks the clients take cannot be told (%s): say it with --mechanism", strings.Join(f.Problems, "; "))
	case !m.Lockfile && len(m.Tables) == 0:
		return "no lock mechanism is known for this state (no configuration, no lock rows, no lock file now or before): say which the clients use with --mechanism"
	case len(f.Declared) == 0 && f.Unsearched != "" && !slices.ContainsFunc(f.Tables, TableEvidence.confirms):
		return fmt.Sprintf("which locks the clients take cannot be told (no table that configuration names has a row of this state, and others could not be looked for: %s): say it with --mechanism", f.Unsearched)
	}
	return ""
}

// unsearched is the warning of a plan that rests on the tables that configuration names.
func unsearched(f MechanismFacts) []string {
	if f.Unsearched == "" {
		return nil
	}
	return []string{"Only the lock tables that configuration names are known; others could not be looked for: " + f.Unsearched}
}

// confirms reports whether a table that configuration names is in use for the state.
func (t TableEvidence) confirms() bool { return t.Configured && (t.LockRow || t.Digest.Present) }

// unreadTable is why a writer must not go on whatever is declared: a table that
// it would write to, or that may be read in a moment, could not be read. A lock
// may be held there, and a digest would be left stale.
func unreadTable(f MechanismFacts) string {
	for _, t := range f.Tables {
		if t.Problem != "" && (t.Named || !t.Denied) {
			return t.Problem + ": a lock may be held there, and a digest kept: try again when it can be read"
		}
	}
	if f.Unfound != "" && !f.UnfoundDenied {
		return f.Unfound + ": one that was not found may hold a lock, or a digest: try again"
	}
	return ""
}

// refuseBlocked refuses what could not be done: a lock that something else is in
// the place of, a digest that would be written over a lock, a row that no
// condition can compare. Nothing must be written before that is known.
func refuseBlocked(p *Plan, f MechanismFacts, lockTables []string, digests []DigestChange) {
	for _, t := range f.Tables {
		if t.LockTaken != "" && slices.Contains(lockTables, t.Table) {
			p.refuse("the lock of the state cannot be taken in table " + t.Table + ": in its place is " + t.LockTaken)
		}
	}
	for _, d := range digests {
		i := slices.IndexFunc(f.Tables, func(t TableEvidence) bool { return t.Table == d.Old.Table })
		_, err := d.Old.Condition()
		switch {
		case i >= 0 && f.Tables[i].DigestTaken != "":
			p.refuse("the digest of the state cannot be set in table " + d.Old.Table + ": in its place is " + f.Tables[i].DigestTaken)
		case err != nil:
			p.refuse("the digest row in table " + d.Old.Table + " cannot be compared (" + err.Error() + "): look at it, and delete it by hand")
		}
	}
}

// digestChanges are rows that are all set to one digest.
func digestChanges(rows []DigestRow, md5 string) []DigestChange {
	changes := make([]DigestChange, 0, len(rows))
	for _, row := range rows {
		changes = append(changes, DigestChange{Old: row, Want: md5})
	}
	return changes
}

// DigestTables are the rows that a writer of this state has to set: where a
// digest row exists, or where a backend configuration keeps digests. A digest
// planted elsewhere would never be updated again and block every reader.
func DigestTables(tables []TableEvidence, configured []string) []DigestRow {
	var rows []DigestRow
	for _, t := range tables {
		if t.Digest.Present || slices.Contains(configured, t.Table) {
			row := t.Digest
			row.Table = t.Table
			rows = append(rows, row)
		}
	}
	return rows
}

// KeepsDigest reports whether any table has a digest of the state.
func (f MechanismFacts) KeepsDigest() bool {
	return slices.ContainsFunc(f.Tables, func(t TableEvidence) bool { return t.Digest.Present })
}
