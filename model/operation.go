package model

import "time"

// UnlockRequest is what the operator asks of an unlock.
type UnlockRequest struct {
	LockID    string    // the ID (or token) of the lock to remove; "" plans for all holders
	Mechanism Mechanism // only this one; "" is both
	Reason    string
}

// UnlockSpec is what an unlock removes: each lock only while it is still
// byte for byte what the operator saw. Lock files come first.
type UnlockSpec struct {
	Victims []Lock
	Unread  []string // places that could not be read: a lock may be held there
}

// RestoreRequest is what the operator asks of a restore.
type RestoreRequest struct {
	VersionID string
	Reason    string
}

// RestoreSpec is what a restore writes, and under which conditions.
type RestoreSpec struct {
	Target     Version
	TargetMD5  string
	Current    *CurrentState // nil when the state is deleted or was never there
	NewBody    []byte
	NewMD5     string
	NewSerial  uint64
	OldSerial  uint64 // the target's own serial
	Lineage    string
	Verbatim   bool // bytes are written unchanged (client-side encrypted states)
	Lockfile   bool
	LockTables []string
	Digests    []DigestRow // rows to set, with the value they must still have
	Write      ObjectWrite
	History    []string // ids of all versions and delete markers when the plan was made
}

// CurrentState is the version that a restore replaces.
type CurrentState struct {
	VersionID string
	ETag      string
	MD5       string // "" where it could not be read
	Serial    Fact[uint64]
	Size      int64
	Unread    string // why its bytes could not be read; "" when they were
}

// ObjectWrite is how the new version is stored: mirrored from the
// configuration, else from the current version.
type ObjectWrite struct {
	ContentType string
	Encryption  Encryption // Algorithm "" writes no header: the bucket's default applies
	ACL         string     // a canned ACL, as the configuration names it
	Grants      Grants     // else the grants of the object that is replaced
	Tags        map[string]string
}

// Grants are the grantees of an object ACL, by permission, in the form that the
// x-amz-grant-* headers take: id="...", uri="...".
type Grants struct {
	FullControl string
	Read        string
	ReadACP     string
	WriteACP    string
}

// JournalEntry is one line of the journal. It never holds a state's content.
type JournalEntry struct {
	ID        string            `json:"id"` // of the operation; lines with one ID belong together
	Time      time.Time         `json:"time"`
	Event     string            `json:"event"` // plan, request, answer, step, end
	Operation Operation         `json:"operation"`
	State     string            `json:"state"`
	Where     Where             `json:"where,omitzero"`
	Operator  string            `json:"operator,omitempty"`
	Host      string            `json:"host,omitempty"`
	PID       int               `json:"pid,omitempty"`
	Reason    string            `json:"reason,omitempty"`
	Plan      []string          `json:"plan,omitempty"`
	Request   *JournalRequest   `json:"request,omitempty"`
	Answer    *JournalAnswer    `json:"answer,omitempty"`
	Step      *StepResult       `json:"step,omitempty"`
	Sums      map[string]string `json:"sums,omitempty"`     // MD5 sums: target, previous, new, digest
	Versions  map[string]string `json:"versions,omitempty"` // version ids: target, previous, new
	Locks     []string          `json:"locks,omitempty"`    // IDs of the locks concerned
	Outcome   Outcome           `json:"outcome,omitempty"`
	Message   string            `json:"message,omitempty"`
	Now       string            `json:"now,omitempty"`
	Undo      string            `json:"undo,omitempty"`
	Backup    string            `json:"backup,omitempty"`
	Recovers  string            `json:"recovers,omitempty"` // of a recovery: the interrupted operation

	// RecoveredBy is the recovery that finished the operation. No line says so: the
	// recovery was written later, and this is noted when a journal is read.
	RecoveredBy string `json:"recovered_by,omitempty"`
}

// NoteRecoveries notes with every operation of a journal which recovery finished
// it: a restore that was interrupted, and a recovery of it that was interrupted too.
func NoteRecoveries(entries []JournalEntry) {
	of := map[string]string{}   // by recovery: the operation that it recovers
	done := map[string]string{} // by operation: the last recovery that ended well
	for i := range entries {
		e := &entries[i]
		e.RecoveredBy = "" // of the reader alone
		if e.Recovers != "" {
			of[e.ID] = e.Recovers
		}
		if recovered := of[e.ID]; recovered != "" && (e.Outcome == OutcomeDone || e.Outcome == OutcomeAlreadyGone) {
			done[recovered] = e.ID
		}
	}
	for i := range entries {
		e := &entries[i]
		recovered := e.ID
		if of[e.ID] != "" {
			recovered = of[e.ID]
		}
		if by := done[recovered]; by != e.ID {
			e.RecoveredBy = by
		}
	}
}

// JournalRequest is a changing request about to be sent.
type JournalRequest struct {
	Service   string `json:"service"`
	Call      string `json:"call"`
	Target    string `json:"target"`
	Condition string `json:"condition,omitempty"`
}

// JournalAnswer is what came back.
type JournalAnswer struct {
	Call      string `json:"call"`
	Status    int    `json:"status,omitempty"`
	Error     string `json:"error,omitempty"`
	RequestID string `json:"request_id,omitempty"`
	VersionID string `json:"version_id,omitempty"`
}
