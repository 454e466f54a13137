package model

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
)

// RecoveryRecord is what a restore leaves in the Info field of the locks that
// it takes, so that any machine can finish or undo it from the wire alone.
type RecoveryRecord struct {
	Schema      int               `json:"v"`
	Operation   Operation         `json:"op"`
	ID          string            `json:"id"`   // of the operation, as in the journal
	From        string            `json:"from"` // version whose content is restored
	Previous    string            `json:"prev"` // version that is replaced; "" when the state was deleted
	PreviousMD5 string            `json:"prev_md5"`
	NewMD5      string            `json:"new_md5"`
	Serial      uint64            `json:"serial"`
	Digests     map[string]string `json:"digests,omitempty"` // table to the digest before, NoDigest for none
	Lockfile    bool              `json:"lockfile"`
	Tables      []string          `json:"tables,omitempty"`
	Encryption  string            `json:"enc,omitempty"`
	Host        string            `json:"host"`
	PID         int               `json:"pid"`
}

// NoDigest stands for "there was no digest row" in a recovery record.
const NoDigest = "none"

// RecordedDigest is how a record keeps a digest row as it was. One that no client
// wrote may be anything, and of any length: of that it keeps a sum.
func RecordedDigest(row DigestRow) string {
	switch {
	case !row.Present:
		return NoDigest
	case row.WellFormed():
		return row.Value
	}
	sum := sha256.Sum256([]byte(row.Value + string(row.Whole)))
	return "row:" + hex.EncodeToString(sum[:])[:12]
}

const (
	recordSchema = 1
	recordMark   = " stateward-record="
)

// Info is the text that terraform and tofu print to whoever hits the lock: a
// sentence for people, then the record.
func (r RecoveryRecord) Info() (string, error) {
	r.Schema = recordSchema
	doc, err := json.Marshal(r)
	if err != nil {
		return "", fmt.Errorf("writing the recovery record: %w", err)
	}
	return fmt.Sprintf("stateward %s in progress (serial %d) on %s;%s%s", r.Operation, r.Serial, r.Host, recordMark, doc), nil
}

// ParseRecoveryRecord finds the record in a lock's Info text.
func ParseRecoveryRecord(info string) (RecoveryRecord, bool) {
	_, doc, ok := strings.Cut(info, recordMark)
	if !ok {
		return RecoveryRecord{}, false
	}
	var r RecoveryRecord
	if err := json.Unmarshal([]byte(doc), &r); err != nil || r.Schema != recordSchema {
		return RecoveryRecord{}, false
	}
	return r, true
}
