package model

import (
	"fmt"
	"time"
)

// RepairRequest is what the operator asks of a repair.
type RepairRequest struct {
	To     RepairTo
	Reason string
}

// RepairTo is which side of a mismatch is taken for right.
type RepairTo string

// The two honest ways: the digest is set to that of the bytes, or the version
// that the digest names is restored.
const (
	RepairToBytes   RepairTo = "bytes"
	RepairToVersion RepairTo = "version"
)

// RepairFacts is all that a plan to repair rests on.
type RepairFacts struct {
	Backend    Backend
	Key        string
	Current    *CurrentObject // nil: the state does not exist
	BucketGone error          // that there is no bucket either
	CurrentErr string         // why the current version cannot be read; "" when it can
	Locks      []Lock
	Mechanisms MechanismFacts
	Named      []Version // versions of the history whose bytes the digest is of
	Unread     int       // versions whose bytes could not be read
	Write      ObjectWrite
	Now        time.Time
	Expires    time.Time
	ReadOnly   bool
	Program    Program // for the command that names the versions
}

// RepairSpec is what a repair changes: digest rows, under the state's locks,
// while the state's bytes stay what they are.
type RepairSpec struct {
	Current    *CurrentState
	Lockfile   bool
	LockTables []string
	Digests    []DigestChange
	Named      []Version   // versions of the history that a wrong digest belongs to
	Write      ObjectWrite // how the lock file is stored
	Matches    bool        // some digest is that of the bytes
}

// PlanRepair works out how to make the digest that of the bytes. To restore the
// version that the digest names is a restore: see RepairVersion.
func PlanRepair(f RepairFacts, r RepairRequest) *Plan {
	p := &Plan{Operation: OpRepair, Backend: f.Backend, Key: f.Key, Made: f.Now, Reason: r.Reason}
	p.guard(f.ReadOnly, f.Expires, f.Now)
	m := DecideMechanisms(f.Mechanisms)
	spec := &RepairSpec{Current: currentState(f.Current), Lockfile: m.Lockfile, LockTables: m.Tables, Named: f.Named, Write: f.Write}
	p.Repair = spec
	if f.CurrentErr != "" {
		p.refuse("the current version cannot be read, so nobody can tell which digest is right (" + f.CurrentErr + "): restore a version that can be read, which sets the digest as well; they are listed by " + f.Program.Command("history", p.URL()))
		return p
	}
	if f.BucketGone != nil {
		p.fact("Bucket", "there is none: "+Reason(f.BucketGone))
		p.warn("If the bucket is to be found elsewhere, with other endpoints or credentials, its state is there and the digest is right.")
	}
	spec.Digests = wrongDigests(p, f)
	refuseUnfound(p, f.Mechanisms)
	if len(spec.Digests) == 0 && len(p.Refusals) == 0 {
		p.Gone = true
		return p
	}
	if m.Refusal != "" {
		p.refuse(m.Refusal)
	}
	p.Warnings = append(p.Warnings, unsearched(f.Mechanisms)...)
	refuseBlocked(p, f.Mechanisms, spec.LockTables, spec.Digests)
	for _, l := range f.Locks {
		p.refuseFor(l, fmt.Sprintf("the state is locked by %s (%s, ID %s): a digest under a lock may be about to be written", holderName(l), l.Where(), l.Token()))
	}
	describeNamed(p, f)
	repairSteps(p, spec)
	p.Tokens = append(p.Tokens, Token{Label: "the state's key", Value: f.Key, Why: "it names the state whose digest is set"})
	p.protect()
	p.Undo.Text = "the digests before are in the journal; setting them back would block every client again"
	return p
}

// wrongDigests are the rows that do not say what the bytes are.
func wrongDigests(p *Plan, f RepairFacts) []DigestChange {
	var out []DigestChange
	md5 := ""
	if f.Current != nil {
		md5 = DigestFor(f.Current.Body)
	}
	for _, t := range f.Mechanisms.Tables {
		if t.Problem != "" {
			if t.Named || !t.Denied || len(f.Mechanisms.Declared) == 0 {
				p.refuse("not read: " + t.Problem)
			}
			continue
		}
		verdict := AssessDigest(t.Digest, md5, expectsDigest(t, f.Backend))
		p.fact("Table "+t.Table, digestLine(verdict, t.Digest, f.Current))
		switch verdict {
		case DigestMismatch, DigestMissing, DigestMalformed, DigestOrphan:
			row := t.Digest
			row.Table = t.Table
			out = append(out, DigestChange{Old: row, Want: md5})
		case DigestMatch:
			p.Repair.Matches = true
		case DigestNotUsed:
		}
	}
	return out
}

// refuseUnfound: that no other table keeps a digest is known only where all were
// looked for, or where it is declared which locks the clients take.
func refuseUnfound(p *Plan, f MechanismFacts) {
	if f.Unfound != "" && (!f.UnfoundDenied || len(f.Declared) == 0) {
		p.refuse("not read: " + f.Unfound)
	}
}

func expectsDigest(t TableEvidence, b Backend) bool {
	for _, table := range b.Digests {
		if table == t.Table {
			return true
		}
	}
	return t.LockRow
}

func digestLine(v DigestVerdict, row DigestRow, current *CurrentObject) string {
	md5 := md5Of(current)
	switch v {
	case DigestMatch:
		return "match: " + md5
	case DigestOrphan:
		absent := "does not exist"
		if current != nil {
			absent = "is empty"
		}
		return "orphan: the state " + absent + ", the digest is " + row.Shown()
	case DigestMissing:
		return "missing: the bytes have " + md5
	case DigestNotUsed:
		return "not used"
	case DigestMismatch, DigestMalformed:
	}
	return fmt.Sprintf("%s: the bytes have %s, the digest is %s", v, md5, row.Shown())
}

// describeNamed tells which version the digest belongs to: often the honest way
// is to restore that one.
func describeNamed(p *Plan, f RepairFacts) {
	for _, v := range f.Named {
		p.fact("Belongs to", fmt.Sprintf("version %s, written %s (%s ago)", v.VersionID, v.LastModified.UTC().Format("2006-01-02 15:04:05 UTC"), span(max(0, f.Now.Sub(v.LastModified)))))
	}
	if len(f.Named) > 0 {
		p.warn("The digest is that of an older version: if that one is right, restore it instead.")
		return
	}
	if f.Unread > 0 {
		p.warn(fmt.Sprintf("Which version the digest belongs to is not certain: %d versions could not be read.", f.Unread))
	}
}

func repairSteps(p *Plan, spec *RepairSpec) {
	lockSteps(p, spec.Lockfile, spec.LockTables)
	for _, d := range spec.Digests {
		does := "set the digest in " + d.Old.Table + " to " + d.Want
		if d.Want == "" {
			does = "delete the digest in " + d.Old.Table
		}
		p.step("digest", does, digestCondition(d.Old))
	}
	p.step("read back", "read the bytes, the digest and the locks and compare", "")
	p.step("release", "release the locks taken above", "only if they are still ours")
}

// lockSteps are the steps that every locked change begins with.
func lockSteps(p *Plan, lockfile bool, tables []string) {
	if lockfile {
		p.step("lock file", "take the lock file", "only if there is none")
	}
	for _, t := range tables {
		p.step("lock row", "take the lock in "+t, "only if there is none")
	}
	p.step("verify", "read the state, the digest and the locks again", "stop if anything differs from what is shown here")
}
