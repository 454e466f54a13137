package model

import (
	"fmt"
	"strings"
	"time"
)

// Witnesses are what can tell who wrote a version. The zero value knows of
// nothing yet.
type Witnesses struct {
	Runs    Fact[LockRuns]
	Held    Fact[LockReport]  // the locks as they stand now; their rows are the only trace of a run in a table
	Journal map[string]Author // by version id: what was written from this machine
}

// Author is who wrote the version at a place among all versions, newest first,
// and in which operation. It joins in time: a state is written under its lock,
// so the one run whose lock was held then wrote it, and gave it back. Where
// there is none or more than one, where that run cannot have written, or where
// its lock stayed behind, the author is unknown; nothing is guessed. Ask names
// the version of the lock file that has to be read first, "" when there is none.
func (w *Witnesses) Author(versions []Version, at int) (a Attribution, ask string) {
	v := &versions[at]
	if a, ok := w.Journal[v.VersionID]; ok {
		return writtenBy(a), ""
	}
	runs, ok := w.Runs.Get()
	switch {
	case v.DeleteMarker:
		return nobody("a state is deleted under no lock, so no lock tells by whom"), ""
	case w.Runs.IsUnknown():
		return nobody("the history of the lock file: " + w.Runs.Reason()), ""
	case !ok || !w.Held.IsKnown() && !w.Held.IsUnknown():
		return Attribution{}, ""
	}
	if !runs.Reaches(v.LastModified) {
		return nobody("the history of the lock file was read back to " + utcText(runs.Since) + " only"), ""
	}
	return w.judge(versions, at, runs.At(v.LastModified))
}

// judge decides between the runs of the lock file and the lock rows.
func (w *Witnesses) judge(versions []Version, at int, runs []LockRun) (a Attribution, ask string) {
	v := &versions[at]
	rows := w.rowsAt(v.LastModified)
	switch {
	case len(runs) > 1:
		return nobody("more than one run held the lock in the second in which it was written"), ""
	case len(runs) == 0 && len(rows) == 1:
		return writer(v, holder{info: rows[0].Info, malformed: rows[0].Malformed, taken: rows[0].Info.Created}), ""
	case len(runs) == 0 && len(rows) > 1:
		return nobody("more than one run held a lock when it was written"), ""
	case len(runs) == 0:
		return nobody(w.unlocked()), ""
	}
	run := runs[0]
	info, ok := run.Info.Get()
	switch {
	case run.Info.IsUnknown():
		return nobody("the lock held then: " + run.Info.Reason()), ""
	case !ok:
		return Attribution{}, run.VersionID
	}
	for _, row := range rows {
		if row.Info.ID != info.ID {
			return nobody("more than one run held a lock when it was written"), ""
		}
	}
	return writer(v, holder{info: info, taken: run.Taken, ended: run.endsWith(versions, at)}), ""
}

// rowsAt are the lock rows that are held since before a time. A row that does
// not say since when proves nothing.
func (w *Witnesses) rowsAt(t time.Time) []Lock {
	var rows []Lock
	for _, l := range w.Held.Or(LockReport{}).Locks {
		since := l.Info.Created
		if l.Mechanism == MechanismDynamoDB && !since.IsZero() && !t.Before(since.Truncate(time.Second)) {
			rows = append(rows, l)
		}
	}
	return rows
}

func (w *Witnesses) unlocked() string {
	why := "no lock file was held then: written with -lock=false, or under a lock in a table, which leaves no history"
	if report, ok := w.Held.Get(); ok && len(report.Problems) > 0 {
		why += "; not read: " + strings.Join(report.Problems, "; ")
	}
	return why
}

// holder is who held the lock when a version was written.
type holder struct {
	info      LockInfo
	malformed string // why info is not what the tools write
	taken     time.Time
	ended     bool // the lock was given back with the last write under it
}

// writer is the holder of the lock, unless it cannot have written the version: a
// plan writes no state, and every tool writes its own version number. A lock
// that stayed on does not tell: its run may have been killed, and whoever finds
// it in the way may write with -lock=false.
func writer(v *Version, h holder) Attribution {
	rec, ours := ParseRecoveryRecord(h.info.Info)
	tool, _ := v.Facts.Header.Or(StateHeader{}).tool()
	switch theirs, ok := parseToolVersion(h.info.Version); {
	case h.malformed != "" || h.info.Who == "":
		return nobody("the lock held then does not say by whom")
	case ours:
		return restoredBy(v, h, rec)
	case h.info.Operation == "OperationTypePlan":
		return nobody("only a plan (" + h.info.Who + ") held the lock then, and a plan writes no state")
	case ok && tool != (toolVersion{}) && theirs.release() != tool.release():
		return nobody(fmt.Sprintf("the run that held the lock then (%s) used %s, the version is of %s", h.info.Who, theirs, tool))
	case !h.ended:
		return h.kept()
	}
	return writtenBy(h.author())
}

// kept is the author of what was written under a lock that stayed on.
func (h holder) kept() Attribution {
	a := nobody(fmt.Sprintf("%s (%s) held the lock then and kept it: if it was killed, another may have written this with -lock=false",
		h.info.Who, h.info.OperationName()))
	a.HeldBy = h.author()
	return a
}

// restoredBy is stateward, if the version is what its record says that it writes:
// whoever writes beside the lock writes something else. The sum settles it. A
// serial alone may be another's who goes on from the same version, so the time
// must fit as well: a restore writes once, at once, and releases.
func restoredBy(v *Version, h holder, rec RecoveryRecord) Attribution {
	switch wrote := rec.wrote(v); {
	case rec.From == "":
		return nobody("only a " + h.info.OperationName() + " (" + h.info.Who + ") held the lock then, and that writes no state")
	case wrote == wroteSum, wrote == wroteSerial && (h.ended || v.LastModified.Sub(h.taken) <= handover):
		return writtenBy(Author{Who: h.info.Who, Operation: h.info.Operation, LockID: h.info.ID, From: rec.From})
	case wrote == wroteSerial:
		return h.kept()
	case wrote == wroteOther:
		return nobody(fmt.Sprintf("a %s (%s) held the lock then and was to write serial %d: this was written beside its lock", h.info.OperationName(), h.info.Who, rec.Serial))
	case v.Facts.Header.IsUnknown():
		return nobody("a " + h.info.OperationName() + " (" + h.info.Who + ") held the lock then; whether this is what it wrote cannot be told: " + v.Facts.Header.Reason())
	}
	return Attribution{}
}

// writtenMatch is how far a version is known to be what a record speaks of.
type writtenMatch int

const (
	wroteUnread writtenMatch = iota // nothing of it was read yet, or could be
	wroteOther                      // it is something else
	wroteSerial                     // it has the serial
	wroteSum                        // it has the very bytes
)

// wrote compares a version with what the operation was to write. An ETag can
// prove that the bytes are the same, never that they are not.
func (r RecoveryRecord) wrote(v *Version) writtenMatch {
	serial := v.Facts.Header.Or(StateHeader{}).Serial
	switch {
	case r.NewMD5 != "" && (v.Facts.MD5 == r.NewMD5 || strings.Trim(v.ETag, `"`) == r.NewMD5):
		return wroteSum
	case r.NewMD5 != "" && v.Facts.MD5 != "":
		return wroteOther
	case !v.Facts.Header.IsKnown():
		return wroteUnread
	case serial != nil && *serial == r.Serial:
		return wroteSerial
	}
	return wroteOther
}

func (h holder) author() Author {
	return Author{Who: h.info.Who, Operation: h.info.Operation, LockID: h.info.ID}
}

func writtenBy(a Author) Attribution { return Attribution{WrittenBy: Known(a)} }

func nobody(why string) Attribution { return Attribution{WrittenBy: Unknown[Author](why)} }

func utcText(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// JournalAuthors are the authors of the versions of a state that operations of
// this machine wrote, by version id: the answers to their writes tell the ids.
func JournalAuthors(entries []JournalEntry, state string) map[string]Author {
	authors := map[string]Author{}
	targets := map[string]string{} // by operation: the version whose content is written
	writes := map[string]bool{}    // by operation: its last write was sent for the state itself
	for _, e := range entries {
		if e.State != state {
			continue
		}
		if id := e.Versions["target"]; id != "" {
			targets[e.ID] = id
		}
		if e.Request != nil && e.Request.Call == putObject {
			writes[e.ID] = e.Request.Target == state
		}
		written := e.Versions["new"]
		if e.Answer != nil && e.Answer.Call == putObject && writes[e.ID] && e.Answer.Error == "" {
			written = e.Answer.VersionID
		}
		if written != "" && written != nullVersionID {
			authors[written] = Author{Who: e.Operator, Operation: "stateward-" + string(e.Operation), From: targets[e.ID]}
		}
	}
	return authors
}

const (
	putObject = "PutObject"
	// nullVersionID is what S3 calls every version of an object whose bucket
	// keeps none: it names nothing.
	nullVersionID = "null"
)
