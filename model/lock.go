package model

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"strings"
	"time"
	"unicode"
)

// LockInfo is what both tools store as a lock, in their field order. Its
// json.Marshal must stay byte-identical to theirs: OpenTofu deletes a lock row
// only if the row equals its own re-marshalling of what it parsed.
type LockInfo struct {
	ID        string
	Operation string
	Info      string
	Who       string
	Version   string
	Created   time.Time
	Path      string
}

// Marshal is the body of a .tflock and the Info attribute of a lock row.
func (l LockInfo) Marshal() ([]byte, error) { return json.Marshal(l) }

// ParseLockInfo reads a stored lock leniently. malformed says in what way it is
// no LockInfo; what could be read is in the result all the same.
func ParseLockInfo(raw []byte) (info LockInfo, malformed string) {
	if len(bytes.TrimSpace(raw)) == 0 {
		return info, "empty"
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	var loose looseLockInfo
	if err := dec.Decode(&loose); err != nil {
		return info, "not JSON"
	}
	info, malformed = loose.lockInfo()
	if _, err := dec.Token(); err != io.EOF && malformed == "" {
		malformed = "data after the JSON document"
	}
	return info, malformed
}

// looseLockInfo lets one field of a wrong type not hide the others.
type looseLockInfo map[string]json.RawMessage

func (l looseLockInfo) lockInfo() (LockInfo, string) {
	var info LockInfo
	malformed := ""
	take := func(name string, into any) {
		if raw, ok := l[name]; ok {
			if err := json.Unmarshal(raw, into); err != nil && malformed == "" {
				malformed = name + " has the wrong type"
			}
		}
	}
	take("ID", &info.ID)
	take("Operation", &info.Operation)
	take("Info", &info.Info)
	take("Who", &info.Who)
	take("Version", &info.Version)
	take("Created", &info.Created)
	take("Path", &info.Path)
	switch {
	case malformed != "":
	case info.ID == "":
		malformed = "no ID"
	case !info.Named():
		malformed = "an ID that cannot be typed"
	}
	return info, malformed
}

// longestID is how long an ID may be for somebody to tell it from another.
const longestID = 256

// Named reports whether the ID is one: a lock whose ID is white space, or holds
// what no keyboard has, would be confirmed by a key press or by nothing at all.
func (l LockInfo) Named() bool {
	odd := strings.ContainsFunc(l.ID, func(r rune) bool { return !unicode.IsPrint(r) })
	return l.ID != "" && len(l.ID) <= longestID && !odd && strings.TrimSpace(l.ID) == l.ID
}

// Lock is a holder kept by one mechanism.
type Lock struct {
	Bucket    string
	Key       string // the state's key
	Workspace string
	Mechanism Mechanism
	Table     string // the lock table; "" for a lock file
	Raw       []byte // the stored bytes, verbatim: of a lock file, or of a row's Info
	Whole     bool   // the row holds more than an Info, or something else: Raw is all of it, a [StoredRow]
	Info      LockInfo
	Malformed string // "" for a lock as the tools write it, else what is wrong with it

	ETag         string // lock file only
	VersionID    string // lock file only
	LastModified time.Time

	ReadAt    time.Time       // the answer's Date, the clock that ages are told by
	LastWrite Fact[time.Time] // when its state's current version was written, as this read found it
	Orphan    Fact[bool]      // its state object does not exist
	Diverged  bool            // the mechanisms hold different locks for this state
	Verdict   Verdict
	Evidence  []Evidence
}

// OperationName is the operation in a word: "apply" for OperationTypeApply.
func (l LockInfo) OperationName() string {
	return strings.ToLower(strings.TrimPrefix(l.Operation, "OperationType"))
}

// Token is what an operator types to remove this lock: its ID, or for a lock
// without one the first 12 hex digits of the SHA-256 of its raw bytes.
func (l Lock) Token() string {
	if l.Info.Named() {
		return l.Info.ID
	}
	return l.RawSHA256()[:12]
}

// RawSHA256 is the lowercase hex SHA-256 of the stored bytes: of a row that is
// not as the tools write it, of the whole row.
func (l Lock) RawSHA256() string {
	sum := sha256.Sum256(l.Raw)
	return hex.EncodeToString(sum[:])
}

// Created is when the lock says that it was taken; a lock file that does not
// say is dated by its object. Zero when neither is known.
func (l Lock) Created() time.Time {
	if !l.Info.Created.IsZero() {
		return l.Info.Created
	}
	return l.LastModified
}

// oddlyDated reports a lock whose holder's clock was wrong: it says that it was
// taken when it cannot have been.
func (l Lock) oddlyDated() bool {
	firstTool := time.Date(2014, time.July, 1, 0, 0, 0, 0, time.UTC) // Terraform's first release
	created := l.Info.Created
	return !created.IsZero() && (created.Before(firstTool) || !l.ReadAt.IsZero() && created.After(l.ReadAt.Add(clockSlack)))
}

// Age is how long the lock is held by the service's clock; never negative.
func (l Lock) Age() (time.Duration, bool) {
	created := l.Created()
	if l.oddlyDated() {
		created = l.LastModified
	}
	if created.IsZero() || l.ReadAt.IsZero() {
		return 0, false
	}
	return max(0, l.ReadAt.Sub(created)), true
}

// SameHolder reports whether two locks were taken by one holder: the stored
// bytes are equal, or both name the same ID.
func (l Lock) SameHolder(m Lock) bool {
	if l.Info.Named() || m.Info.Named() {
		return l.Info.ID == m.Info.ID
	}
	return bytes.Equal(l.Raw, m.Raw)
}

// stored is the LockInfo that the lock's bytes hold.
func (l Lock) stored() LockInfo {
	raw := l.Raw
	if l.Whole {
		text, _ := StoredRow(l.Raw).text(AttrInfo)
		raw = []byte(text)
	}
	info, _ := ParseLockInfo(raw)
	return info
}

// Where names the place the lock is kept in, for people.
func (l Lock) Where() string {
	if l.Mechanism == MechanismLockfile {
		return "s3://" + l.Bucket + "/" + LockKey(l.Key)
	}
	return "table " + l.Table
}

// LockReport is all locks of a backend that could be read.
type LockReport struct {
	Locks    []Lock
	Problems []string // sources that could not be read, each with the missing action
	Notes    []string // what was not looked for, where configuration says that it need not be
}

// Verdict is what the evidence says of a lock.
type Verdict string

// The verdicts; none rests on age alone.
const (
	LikelyStale Verdict = "likely-stale"
	Unclear     Verdict = "unclear"
	LikelyLive  Verdict = "likely-live"
)

// Evidence is one rule that applied to a lock.
type Evidence struct {
	Rule     string `json:"rule"`
	Text     string `json:"text"`
	PointsTo string `json:"points_to"` // stale, live or neutral
}
