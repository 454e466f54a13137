package model

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"
)

// SpliceSerial returns a copy of body in which only the digits of the top-level
// "serial" are replaced; every other byte stays, for the rest of a state is
// restored as it was. It refuses what it cannot edit without doubt: a state
// that OpenTofu encrypted (ErrEncryptedState; its serial is authenticated),
// binary, empty and unreadable ones, a state without a serial, and one in which
// "version", "serial" or "lineage" is doubled or oddly spelled, where readers
// could disagree on what counts (all ErrInvalid). The result is read again
// before it is returned.
func SpliceSerial(body []byte, serial uint64) ([]byte, error) {
	scan, err := spliceable(body)
	if err != nil {
		return nil, fmt.Errorf("replacing the serial: %w", err)
	}
	if scan.h.Format.legacy() && serial > math.MaxInt64 {
		return nil, fmt.Errorf("replacing the serial: %w", stateErrorf(scan.serial.Start, "%d is more than format %s can hold", serial, scan.h.Format))
	}
	digits := strconv.AppendUint(nil, serial, 10)
	out := bytes.Join([][]byte{body[:scan.serial.Start], digits, body[scan.serial.End:]}, nil)
	if err := checkSplice(scan, out, serial); err != nil {
		return nil, fmt.Errorf("replacing the serial: %w", err)
	}
	return out, nil
}

// spliceable reads the whole state and says why its serial cannot be replaced.
func spliceable(body []byte) (*headerScan, error) {
	scan := scanHeader(body, int64(len(body)), nil)
	switch {
	case scan.err != nil:
		return nil, scan.err
	case scan.h.Format == FormatEncrypted:
		return nil, ErrEncryptedState
	case scan.h.Format == FormatEmpty:
		return nil, stateErrorf(0, "the state is empty, expected a JSON state with a serial")
	case scan.h.Format == FormatV0:
		return nil, stateErrorf(0, "a binary state, written before Terraform 0.7, expected a JSON state with a serial")
	case scan.h.Serial == nil:
		return nil, stateErrorf(0, "the state has no \"serial\"")
	}
	for _, key := range []string{"version", "serial", "lineage"} {
		if scan.h.ambiguous(key) {
			return nil, stateErrorf(0, "the top-level key %q is doubled or oddly spelled, expected it once", key)
		}
	}
	return scan, nil
}

// checkSplice reads the result as a client would and compares.
func checkSplice(before *headerScan, out []byte, serial uint64) error {
	after, err := spliceable(out)
	if err != nil {
		return fmt.Errorf("the result cannot be read back: %w", err)
	}
	same := *after.h.Serial == serial && after.serial.Start == before.serial.Start &&
		after.h.Format == before.h.Format && sameText(after.h.Lineage, before.h.Lineage)
	if !same {
		return stateErrorf(before.serial.Start, "the result reads back as another state")
	}
	return nil
}

func sameText(a, b *string) bool {
	return a == b || a != nil && b != nil && *a == *b
}

// ErrSerialOverflow is a serial that does not fit the 64 bits of the format.
const ErrSerialOverflow = Sentinel("the next serial is beyond 64 bits")

// NextSerial is the serial of a new version, given the serials of all versions
// that could be read and how many could not: one more than the largest, and
// one more for each that is unknown. Current + 1 is not enough: a saved plan
// checks nothing but lineage and serial, so a serial that was ever used before
// would let a stale plan through.
func NextSerial(serials []uint64, unreadable int) (uint64, error) {
	if unreadable < 0 {
		return 0, errors.New("counting the versions whose serial is unknown: fewer than none")
	}
	highest := uint64(0)
	for _, n := range serials {
		highest = max(highest, n)
	}
	room := uint64(unreadable) + 1
	if highest > math.MaxUint64-room {
		return 0, fmt.Errorf("after serial %d: %w", highest, ErrSerialOverflow)
	}
	return highest + room, nil
}
