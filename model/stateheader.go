package model

import (
	"fmt"
	"slices"
)

// StateHeader is what the front of a state says. A fact that the bytes read do
// not reach, or that the state does not hold, is absent (nil, "").
type StateHeader struct {
	Format           Format
	Version          int // the top-level "version"; 0 when absent
	TerraformVersion *string
	Serial           *uint64
	Lineage          *string
	Encryption       *ClientEncryption // set when, and only when, Format is FormatEncrypted
	Truncated        bool              // more bytes exist than were read
	Problem          string            // for FormatInvalid: what is wrong and at which offset

	// Ambiguous names the top-level keys that occur more than once, or that are
	// written in another way than the tools write them ("Serial", "s\u0065rial").
	// encoding/json matches names without regard to case and lets the last
	// one win, and so does this header: but an edit of such a state is refused.
	Ambiguous []string
}

// ClientEncryption is what OpenTofu leaves readable of a state it encrypted.
type ClientEncryption struct {
	Version      string   // "encryption_version", "v0"; "" when not reached
	KeyProviders []string // "pbkdf2.k", from the keys of "meta", in their order; nil when not read to the end
}

// Complete reports whether reading more of the state cannot add a serial or a
// lineage. When it is false, read more bytes and call ReadHeader again.
func (h StateHeader) Complete() bool {
	if !h.Truncated {
		return true
	}
	switch h.Format {
	case FormatUnknown:
		return false
	case FormatEmpty, FormatInvalid, FormatV0:
		return true
	case FormatV1: // has no lineage
		return h.Serial != nil
	default:
		return h.Serial != nil && h.Lineage != nil
	}
}

// Notes are what an operator should know beside the facts, one sentence each.
func (h StateHeader) Notes() []string {
	var notes []string
	for _, key := range h.Ambiguous {
		notes = append(notes, fmt.Sprintf("the top-level key %q is there more than once or in an unusual spelling; Terraform reads the last one", key))
	}
	return notes
}

// ambiguous reports whether what the state says under key depends on the reader.
func (h StateHeader) ambiguous(key string) bool { return slices.Contains(h.Ambiguous, key) }

// ReadHeader reads the header of a state of total bytes from its first bytes;
// prefix may be all of it. A cut is no fault: a prefix is invalid only when
// every state that starts with it is. It never fails and never panics.
func ReadHeader(prefix []byte, total int64) StateHeader {
	return scanHeader(prefix, total, nil).h
}
