package model

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// RecoverFacts is all that a plan to recover rests on: what is on the wire now.
type RecoverFacts struct {
	Backend  Backend
	Key      string
	Record   RecoveryRecord
	Held     []Lock // the locks that carry the record
	Others   []Lock // locks of the state that do not
	Problems []string
	Current  *CurrentObject // nil: there is no state
	// Wrote is whether a version newer than the one that the record replaces has
	// the recorded content. It is read only where the current one is neither.
	Wrote    Fact[bool]
	Digests  []DigestRow // of the tables that the record names
	Host     string      // this machine
	Alive    Fact[bool]  // whether the record's process runs on this machine
	Now      time.Time
	Expires  time.Time
	ReadOnly bool
	Program  Program // for the commands that look on by hand
}

// Stage is how far an interrupted operation came.
type Stage string

// The stages that the wire tells apart.
const (
	StageNothingWritten Stage = "nothing was written"
	StageOvertaken      Stage = "nothing was written; another client wrote a newer version"
	StageDigestMissing  Stage = "the state was written, its digest was not"
	StageReleaseMissing Stage = "everything was written, the locks were not released"
	StageUnknown        Stage = "what is on the wire is neither before nor after the operation"
)

// RecoverSpec is what finishes an interrupted operation.
type RecoverSpec struct {
	Stage   Stage
	Record  RecoveryRecord
	Held    []Lock
	Current *CurrentState // as it must still be
	Digests []DigestChange
	Keep    []DigestRow // rows that must still be so
}

// DigestChange is a digest row as it must still be, and what it becomes: an
// MD5, or "" for no row at all.
type DigestChange struct {
	Old  DigestRow
	Want string
}

// recordSettles is how old a record must be before its operation counts as dead
// where nobody can look at the process.
const recordSettles = 10 * time.Minute

// PlanRecover finishes or undoes an operation of stateward that was interrupted,
// from the wire and the record in its own locks alone.
func PlanRecover(f RecoverFacts, reason string) *Plan {
	p := &Plan{Operation: OpRecover, Backend: f.Backend, Key: f.Key, Made: f.Now, Reason: reason}
	p.guard(f.ReadOnly, f.Expires, f.Now)
	p.Warnings = append(p.Warnings, unread(f.Problems)...)
	stage, changes, keep := stageOf(f)
	p.Recover = &RecoverSpec{Stage: stage, Record: f.Record, Held: f.Held, Current: currentState(f.Current), Digests: changes, Keep: keep}
	describeRecovery(p, f, stage)
	if len(f.Problems) > 0 {
		p.refuse("not every place could be read, so how far the operation came cannot be told: " + strings.Join(f.Problems, "; "))
	}
	if stage == StageUnknown {
		manualRecovery(p, f)
		return p
	}
	recoverSteps(p, f, changes)
	recoverTokens(p, f)
	p.Undo.Text = "none is needed: recovering again does nothing"
	return p
}

func currentState(o *CurrentObject) *CurrentState {
	if o == nil {
		return nil
	}
	return &CurrentState{VersionID: o.VersionID, ETag: o.ETag, MD5: DigestOf(o.Body), Size: int64(len(o.Body))}
}

// Explains reports whether the current bytes are those before or after the
// operation. Otherwise the history must tell whether it wrote anything.
func (r RecoveryRecord) Explains(current *CurrentObject) bool {
	md5 := md5Of(current)
	return md5 == r.NewMD5 || md5 == r.PreviousMD5
}

func md5Of(o *CurrentObject) string {
	if o == nil {
		return ""
	}
	return DigestOf(o.Body)
}

// stageOf compares the state's bytes and its digests with the record.
func stageOf(f RecoverFacts) (Stage, []DigestChange, []DigestRow) {
	switch md5Of(f.Current) {
	case f.Record.NewMD5: // also a repair, which changes no bytes: it goes forward
		return forward(f)
	case f.Record.PreviousMD5:
		return backward(f)
	}
	return overtaken(f)
}

// overtaken: a client wrote after the plan was made. The state's write is
// conditional on the version it replaces, so where no newer version has our
// content none is to come either, and the digests, which come after it, are the
// other client's business: they stay as they are.
func overtaken(f RecoverFacts) (Stage, []DigestChange, []DigestRow) {
	wrote, known := f.Wrote.Get()
	if !known || wrote {
		return StageUnknown, nil, nil
	}
	for _, row := range f.Digests {
		if isWanted(row, f.Record.NewMD5) && !isAsBefore(row, f.Record.Digests[row.Table]) {
			return StageUnknown, nil, nil // a repair set it: a digest without its bytes
		}
	}
	return StageOvertaken, nil, f.Digests
}

// forward: the new bytes are there; every digest that is still the old one is
// set, one that is new already is kept.
func forward(f RecoverFacts) (Stage, []DigestChange, []DigestRow) {
	var changes []DigestChange
	var keep []DigestRow
	for _, row := range f.Digests {
		switch {
		case isWanted(row, f.Record.NewMD5):
			keep = append(keep, row)
		case isAsBefore(row, f.Record.Digests[row.Table]):
			changes = append(changes, DigestChange{Old: row, Want: f.Record.NewMD5})
		default:
			return StageUnknown, nil, nil
		}
	}
	if len(changes) > 0 {
		return StageDigestMissing, changes, keep
	}
	return StageReleaseMissing, nil, keep
}

// backward: nothing was written; the digests must be as they were before.
func backward(f RecoverFacts) (Stage, []DigestChange, []DigestRow) {
	for _, row := range f.Digests {
		if !isAsBefore(row, f.Record.Digests[row.Table]) {
			return StageUnknown, nil, nil
		}
	}
	return StageNothingWritten, nil, f.Digests
}

func isWanted(row DigestRow, md5 string) bool {
	return row.Present && row.HasAttr && row.Value == md5
}

func isAsBefore(row DigestRow, before string) bool {
	if before == NoDigest {
		return !row.Present
	}
	return row.Present && row.Value == before
}

func describeRecovery(p *Plan, f RecoverFacts, stage Stage) {
	r := f.Record
	p.fact("Interrupted", fmt.Sprintf("%s %s by %s on %s (pid %d)", r.Operation, r.ID, recordWho(f.Held), r.Host, r.PID))
	p.fact("Stage", string(stage))
	if stage == StageOvertaken {
		describeOvertaken(p, f)
	}
	for _, l := range f.Held {
		p.fact("Still locked", l.Where()+", ID "+l.Token())
	}
	for _, l := range f.Others {
		p.fact("Stays", fmt.Sprintf("%s in %s, ID %s", holderName(l), l.Where(), l.Token()))
	}
}

// describeOvertaken names what the other client left, which stays as it is.
func describeOvertaken(p *Plan, f RecoverFacts) {
	now := "the state was deleted since; it stays so"
	if o := f.Current; o != nil {
		now = fmt.Sprintf("version %s of %s, written by another client; it stays", o.VersionID, o.LastModified.UTC().Format(time.RFC3339))
	}
	p.fact("Now", now)
	for _, row := range f.Digests {
		if verdict := AssessDigest(row, md5Of(f.Current), row.Present); verdict != DigestMatch && verdict != DigestNotUsed {
			p.Warnings = append(p.Warnings, fmt.Sprintf("the digest in %s stays as it is (%s): afterwards look at it with %s",
				row.Table, verdict, f.Program.Command("repair", p.URL(), "--dry-run")))
		}
	}
}

func recordWho(held []Lock) string {
	if len(held) == 0 {
		return "somebody"
	}
	return holderName(held[0])
}

func recoverSteps(p *Plan, f RecoverFacts, changes []DigestChange) {
	p.step("verify", "read the state, the digest and the locks again", "stop if anything differs from what is shown here")
	for _, d := range changes {
		p.step("digest", "set the digest in "+d.Old.Table+" to that of the state's bytes", digestCondition(d.Old))
	}
	for _, l := range f.Held {
		p.step("release", "release "+l.Where(), "only if it is still the lock of that operation")
	}
}

// recoverTokens asks for the operation's ID, and for DEAD where nothing shows
// that its process is: a colleague may be at work.
func recoverTokens(p *Plan, f RecoverFacts) {
	p.Tokens = append(p.Tokens, Token{Label: "the operation's ID", Value: f.Record.ID, Why: "it names the operation that is finished"})
	if why := mayBeAlive(f); why != "" {
		p.Tokens = append(p.Tokens, Token{Label: "the word DEAD", Value: TokenDead, Why: why})
	}
	p.protect()
}

// mayBeAlive is what speaks for a process that is still at work; "" for nothing.
func mayBeAlive(f RecoverFacts) string {
	alive, known := f.Alive.Get()
	here := f.Host != "" && f.Host == f.Record.Host && known
	switch {
	case here && alive:
		return fmt.Sprintf("a process %d, which may be that operation, runs on this machine", f.Record.PID)
	case here, olderThan(f.Held, f.Now, recordSettles):
		return ""
	}
	return "the operation began less than 10 min ago on " + f.Record.Host + " and may be under way"
}

func olderThan(held []Lock, now time.Time, age time.Duration) bool {
	return !slices.ContainsFunc(held, func(l Lock) bool {
		return l.Info.Created.IsZero() || now.Sub(l.Info.Created) < age
	})
}

// manualRecovery: neither before nor after. Only a person can tell what is right.
func manualRecovery(p *Plan, f RecoverFacts) {
	now := md5Of(f.Current)
	if f.Current == nil {
		now = "none: there is no state"
	}
	p.fact("MD5 now", now)
	p.fact("MD5 before", orNone(f.Record.PreviousMD5))
	p.fact("MD5 meant", f.Record.NewMD5)
	for _, d := range f.Digests {
		p.fact("Digest", d.Table+": "+orNone(d.Value))
	}
	p.Manual = append(p.Manual, Hint{Command: f.Program.Command("history", p.URL())}, Hint{Command: f.Program.Command("repair", p.URL(), "--dry-run")})
	for _, l := range distinctHolders(f.Held) {
		p.Manual = append(p.Manual, Hint{Command: f.Program.Unlock(p.URL(), l)})
	}
	p.refuse(manualWhy(f) + ": look at the versions, decide which one is right, then release the lock by hand")
}

func manualWhy(f RecoverFacts) string {
	switch wrote, known := f.Wrote.Get(); {
	case f.Wrote.IsUnknown():
		return "whether it wrote a version that was overwritten since cannot be told (" + f.Wrote.Reason() + ")"
	case known && wrote:
		return "its version was written and then overwritten beside the lock"
	}
	return "somebody wrote beside the lock"
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
