package sample

import "time"

// Operations as they stand in locks.
const (
	opApply   = "OperationTypeApply"
	opPlan    = "OperationTypePlan"
	opStateRm = "state-rm"
)

// lockInfo is a lock as both tools store it, in their field order.
type lockInfo struct {
	ID        string
	Operation string
	Info      string
	Who       string
	Version   string
	Created   time.Time
	Path      string
}

// lockText is the stored lock. The tools read the clock a moment before the
// service does.
func lockText(id, operation, who, version string, at time.Time, path string) []byte {
	const moment = 118204795 * time.Nanosecond
	return marshal(lockInfo{ID: id, Operation: operation, Who: who, Version: version, Created: at.Add(-moment).UTC(), Path: path})
}

// held is a lock that nobody released.
type held struct {
	age  time.Duration
	id   string
	who  string
	text string // stored in place of a lock, when it is none
}

const lockSuffix = ".tflock"

// hold takes the lock by every mechanism of the backend, file first as
// Terraform does, with the same bytes in both.
func (w *writer) hold(b backend, s state) {
	h := s.held
	if h == nil {
		return
	}
	at := w.ago(h.age)
	text := lockText(h.id, opApply, h.who, s.tool.version(h.age), at, b.lockID(s.key))
	if h.text != "" {
		w.add(putEvent(at, b, s.key+lockSuffix, "application/json", []byte(h.text)))
		return
	}
	if b.lockfile {
		w.add(putEvent(at, b, s.key+lockSuffix, "application/json", text))
	}
	if b.table != "" {
		w.add(rowEvent(at, b, b.lockID(s.key), "Info", string(text)))
	}
}

// lockedRun leaves what the lock file of a finished run leaves: a version and a
// delete marker. Lock rows leave nothing.
func (w *writer) lockedRun(b backend, key string, text []byte, from, to time.Time) {
	w.add(putEvent(from, b, key+lockSuffix, "application/json", text), deleteEvent(to, b, key+lockSuffix))
}
