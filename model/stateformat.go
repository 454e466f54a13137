package model

import (
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// Format is how a state is written.
type Format string

// The formats. The zero Format means that too little was read to tell.
const (
	FormatUnknown   Format = ""
	FormatV4        Format = "v4"
	FormatV3        Format = "v3"
	FormatV2        Format = "v2"
	FormatV1        Format = "v1"
	FormatV0        Format = "v0"        // binary, written before Terraform 0.7
	FormatEncrypted Format = "encrypted" // by OpenTofu, on the client's side
	FormatEmpty     Format = "empty"     // no bytes at all: both tools take it for "no state"
	FormatInvalid   Format = "invalid"   // neither tool can read it
)

// v0Magic is what a binary state starts with.
const v0Magic = "tfstate"

// ErrEncryptedState is the failure of everything that needs the plain text of
// a state that OpenTofu encrypted before it was stored.
const ErrEncryptedState = Sentinel("the state is encrypted by OpenTofu on the client side")

// formatOfVersion is the format that the top-level "version" names;
// FormatInvalid for one that was never defined.
func formatOfVersion(version int) Format {
	if version < 1 || version > 4 {
		return FormatInvalid
	}
	return Format("v" + strconv.Itoa(version))
}

// legacy reports the formats that keep resources by module (v1, v2, v3).
func (f Format) legacy() bool {
	return f == FormatV1 || f == FormatV2 || f == FormatV3
}

// StateError says why bytes are not a readable state, and where. It matches
// ErrInvalid with errors.Is.
type StateError struct {
	Offset  int64  // in bytes from the start of the state
	Problem string // what is there and what was expected; holds no values of the state
}

func (e *StateError) Error() string {
	return fmt.Sprintf("at offset %d: %s", e.Offset, e.Problem)
}

// Is reports whether target is ErrInvalid.
func (e *StateError) Is(target error) bool { return target == error(ErrInvalid) }

// stateErrorf builds a StateError for the byte at offset.
func stateErrorf(offset int64, format string, args ...any) *StateError {
	return &StateError{Offset: offset, Problem: fmt.Sprintf(format, args...)}
}

// syntaxError turns an error of a decoder that started at base into a
// StateError. The decoder's own text ends in a JSON pointer, which quotes names
// from the state: left out.
func syntaxError(err error, base, offset int64) *StateError {
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) {
		offset, err = syntax.ByteOffset, syntax.Err
	}
	if endsEarly(err) {
		return stateErrorf(base+offset, endsTooEarly)
	}
	return stateErrorf(base+offset, "not JSON: %v", err)
}

// endsTooEarly is the problem of a state whose last bytes are missing.
const endsTooEarly = "the state ends too early: cut off, or not written to its end"

// endsEarly reports whether the decoder ran out of bytes.
func endsEarly(err error) bool {
	return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF)
}
