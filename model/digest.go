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
	Present bool   // the row exists
	Value   string // the Digest attribute verbatim
	HasAttr bool   // the row has a Digest attribute of type String
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

// AssessDigest compares a row with the MD5 of the current bytes; md5 is "" when
// the state does not exist. expected says that some evidence demands a digest.
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
