package model

import (
	"crypto/md5" //nolint:gosec // the protocol's digest is MD5
	"encoding/hex"
)

// DigestVerdict compares the digest row with the bytes of the state.
type DigestVerdict string

// The verdicts. Missing only where configuration or a lock row says that a
// digest is expected; otherwise the state does not use one.
const (
	DigestMatch     DigestVerdict = "match"
	DigestMismatch  DigestVerdict = "mismatch"
	DigestMissing   DigestVerdict = "missing"
	DigestMalformed DigestVerdict = "malformed"
	DigestNotUsed   DigestVerdict = "not-used"
	DigestOrphan    DigestVerdict = "orphan"
)

// DigestRow is the MD5 row of a state in one lock table.
type DigestRow struct {
	Table   string
	Present bool      // the row exists
	Value   string    // the Digest attribute verbatim
	HasAttr bool      // the row has a Digest attribute of type String
	Whole   StoredRow // where the row holds more than a Digest, or something else
}

// Shown is the digest for people, also where it is no string.
func (d DigestRow) Shown() string {
	if d.HasAttr {
		return orNone(clip(d.Value))
	}
	attributes, _ := d.Whole.attributes()
	if odd, there := attributes[AttrDigest]; there {
		return "no string but " + clip(string(odd))
	}
	return "none"
}

// clip keeps a line readable whatever is stored.
func clip(s string) string {
	if r := []rune(s); len(r) > 80 {
		return string(r[:80]) + "..."
	}
	return s
}

// DigestOf is the digest of a state's exact bytes, as the clients write it.
func DigestOf(body []byte) string {
	sum := md5.Sum(body) //nolint:gosec // the protocol's digest is MD5
	return hex.EncodeToString(sum[:])
}

// WellFormed reports whether the row holds what a client could have written.
func (d DigestRow) WellFormed() bool {
	return d.HasAttr && isDigest(d.Value)
}

func isDigest(s string) bool {
	if len(s) != 32 {
		return false
	}
	for _, c := range s {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// DigestFor is the digest that clients want of a state with these bytes; "" for
// none. A state of no bytes is none to them: with a digest beside it they stop.
func DigestFor(body []byte) string {
	if len(body) == 0 {
		return ""
	}
	return DigestOf(body)
}

// DigestWanted is DigestFor where only the MD5 of the bytes is known.
func DigestWanted(md5 string) string {
	if md5 == DigestOf(nil) {
		return ""
	}
	return md5
}

// AssessDigest compares a row with the MD5 of the current bytes; md5 is "" when
// the state does not exist or is empty. expected says that some evidence demands a digest.
func AssessDigest(row DigestRow, md5 string, expected bool) DigestVerdict {
	switch {
	case !row.Present && expected && md5 != "":
		return DigestMissing
	case !row.Present:
		return DigestNotUsed
	case md5 == "":
		return DigestOrphan
	case !row.WellFormed():
		return DigestMalformed
	case row.Value == md5:
		return DigestMatch
	}
	return DigestMismatch
}
