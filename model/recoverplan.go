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
	Gone     []string    // such tables that are not there any more
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
	StageDigestStrayed  Stage = "the state is as before, its digest is not"
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

// Finished is what a recovery has done.
func (s *RecoverSpec) Finished() string {
	done := string(s.Stage) + "; it is finished and its locks are released"
	switch s.Stage {
	case StageNothingWritten, StageOvertaken:
		done = "it had written nothing: its locks are released"
		if len(s.Digests) > 0 {
			done = "another client wrote since, and the digest is that of its bytes now; the locks are released"
		}
	case StageDigestStrayed:
		done = "the state is as before, and its digest is that of its bytes again; its locks are released"
	case StageDigestMissing, StageReleaseMissing, StageUnknown:
	}
	return fmt.Sprintf("%s %s: %s", s.Record.Operation, s.Record.ID, done)
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
	return &CurrentState{VersionID: o.VersionID, ETag: o.ETag, MD5: md5Of(o), Size: int64(len(o.Body)), Unread: o.Unread}
}

// Explains reports whether the current bytes are those before or after the
// operation. Otherwise the history must tell whether it wrote anything.
func (r RecoveryRecord) Explains(current *CurrentObject) bool {
	return r.isNew(current) || r.isPrevious(current)
}

// isNew reports whether these are the bytes that the operation was to leave.
func (r RecoveryRecord) isNew(o *CurrentObject) bool {
	return (o == nil || o.Unread == "") && md5Of(o) == r.NewMD5
}

// isPrevious reports whether the state is as it was before the operation. Where
// the bytes cannot be read, or could not be then, the version tells.
func (r RecoveryRecord) isPrevious(o *CurrentObject) bool {
	switch {
	case o == nil:
		return r.PreviousMD5 == "" && r.Previous == ""
	case o.Unread != "" || r.PreviousMD5 == "":
		return r.Previous != "" && o.VersionID == r.Previous
	}
	return md5Of(o) == r.PreviousMD5
}

// md5Of is the MD5 of a state's bytes; "" for no state, and for one that cannot be
// read.
func md5Of(o *CurrentObject) string {
	if o == nil || o.Unread != "" {
		return ""
	}
	return DigestOf(o.Body)
}

// stageOf compares the state's bytes with the record. The bytes decide: a digest is
// right when it is that of the bytes, whoever changed it, and no client that locks
// writes either while the record's locks stand.
func stageOf(f RecoverFacts) (Stage, []DigestChange, []DigestRow) {
	now := md5Of(f.Current)
	switch {
	case f.Record.isNew(f.Current): // also a repair, which changes no bytes: it goes forward
		changes, keep := agree(f.Digests, now, func(DigestRow) bool { return false })
		if len(changes) > 0 {
			return StageDigestMissing, changes, keep
		}
		return StageReleaseMissing, nil, keep
	case f.Record.isPrevious(f.Current):
		if f.Current != nil && f.Current.Unread != "" { // which digest is right nobody can tell
			return StageNothingWritten, nil, f.Digests
		}
		changes, keep := agree(f.Digests, now, f.Record.isAsBefore)
		if len(changes) > 0 {
			return StageDigestStrayed, changes, keep
		}
		return StageNothingWritten, nil, keep
	}
	return overtaken(f, now)
}

// overtaken: a client wrote, or deleted, after the plan was made. The state's write
// is conditional on the version it replaces, so where no newer version has our
// content none is to come either. The digests, which come after it, are the other
// client's business and stay as they are, but for one that a repair of ours set.
func overtaken(f RecoverFacts, now string) (Stage, []DigestChange, []DigestRow) {
	unread := f.Current != nil && f.Current.Unread != ""
	if wrote, known := f.Wrote.Get(); !known || wrote || unread {
		return StageUnknown, nil, nil
	}
	changes, keep := agree(f.Digests, now, func(row DigestRow) bool {
		return f.Record.isAsBefore(row) || !isWanted(row, f.Record.NewMD5)
	})
	return StageOvertaken, changes, keep
}

// agree makes rows those of the bytes, but for those that may stay as they are.
func agree(rows []DigestRow, md5 string, mayStay func(DigestRow) bool) (changes []DigestChange, keep []DigestRow) {
	for _, row := range rows {
		if isWanted(row, md5) || mayStay(row) {
			keep = append(keep, row)
		} else {
			changes = append(changes, DigestChange{Old: row, Want: DigestWanted(md5)})
		}
	}
	return changes, keep
}

// isWanted: the row is that of the bytes; of a state that is gone or empty there
// is none.
func isWanted(row DigestRow, md5 string) bool {
	want := DigestWanted(md5)
	if want == "" {
		return !row.Present
	}
	return row.Present && row.HasAttr && row.Value == want
}

// isAsBefore reports whether a row is as it was when the operation began.
func (r RecoveryRecord) isAsBefore(row DigestRow) bool {
	before := r.Digests[row.Table]
	if before == NoDigest {
		return !row.Present
	}
	verbatim := row.HasAttr && row.Value == before || !row.HasAttr && before == "" // as older records have it
	return row.Present && (RecordedDigest(row) == before || verbatim)
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
	for _, table := range f.Gone {
		p.warn("There is no lock table " + table + " here. If it was deleted, the locks and digests in it went with it; if it is in another region, they are left as they are.")
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
		does := "set the digest in " + d.Old.Table + " to that of the state's bytes"
		if d.Want == "" {
			does = "delete the digest in " + d.Old.Table + ": there is no state, or an empty one"
		}
		p.step("digest", does, digestCondition(d.Old))
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
	for _, table := range f.Gone {
		p.Tokens = append(p.Tokens, Token{Label: "the table's name", Value: table,
			Why: "the lock table " + table + " is not found: it was deleted, or it is in another region (--region), where its lock would stay"})
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
	switch {
	case f.Current == nil:
		now = "none: there is no state"
	case f.Current.Unread != "":
		now = "unknown: " + f.Current.Unread
	}
	p.fact("MD5 now", now)
	p.fact("MD5 before", orNone(f.Record.PreviousMD5))
	p.fact("MD5 meant", f.Record.NewMD5)
	for _, d := range f.Digests {
		p.fact("Digest", d.Table+": "+d.Shown())
	}
	p.Manual = append(p.Manual, Hint{Command: f.Program.Command("history", p.URL())}, Hint{Command: f.Program.Command("repair", p.URL(), "--dry-run")})
	for _, l := range distinctHolders(f.Held) {
		p.Manual = append(p.Manual, Hint{Command: f.Program.Unlock(p.URL(), l, TokenRecord)})
	}
	p.refuse(manualWhy(f) + ": look at the versions, decide which one is right, then release the lock with " + p.Manual[len(p.Manual)-1].Command)
}

// manualWhy says what is seen, and why it tells nobody what to do.
func manualWhy(f RecoverFacts) string {
	if f.Current != nil && f.Current.Unread != "" {
		return "the current version, which is not the one before, cannot be read (" + f.Current.Unread + ")"
	}
	why := "its version was written and then overwritten beside the lock"
	if f.Wrote.IsUnknown() {
		why = "whether it wrote a version that was overwritten since cannot be told (" + f.Wrote.Reason() + ")"
	}
	short := func(md5 string) string { return orNone(md5[:min(8, len(md5))]) }
	return fmt.Sprintf("%s: the bytes (MD5 %s) are neither those before (%s) nor those meant (%s)",
		why, short(md5Of(f.Current)), short(f.Record.PreviousMD5), short(f.Record.NewMD5))
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
