package model

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
)

// Print is the fingerprint of one resource instance: 16 bytes in place of its
// address and its values, for counting what changed between two versions.
type Print struct {
	Address uint64
	Content uint64 // of its attributes and of whether it is tainted or deposed
}

// Prints are the fingerprints of a version, in the order of Address.
type Prints []Print

// maxPrints bounds the instances of a version that is fingerprinted: 320 KB.
// A larger one is told by the number of its resources alone.
const maxPrints = 20_000

// PrintsOf are the fingerprints of a state's instances. body is the body that
// was indexed. White space does not count: both tools write the same values in
// their own layouts.
func (x *StateIndex) PrintsOf(body []byte) (Prints, error) {
	if n := x.ResourceCount(); n > maxPrints {
		return nil, fmt.Errorf("comparing %d resource instances: %w", n, ErrUnsupported)
	}
	contents := make(map[uint64]uint64, x.ResourceCount())
	var compact []byte
	for i := range x.Len() {
		objects, err := x.Instances(body, i)
		if err != nil {
			return nil, err
		}
		for _, o := range objects {
			compact = appendCompact(fmt.Appendf(compact[:0], "%t %q ", o.Tainted, o.Deposed), o.Attributes.In(body))
			contents[printOf([]byte(o.Address))] += printOf(compact) // the objects of an instance, in any order
		}
	}
	return sortedPrints(contents), nil
}

func sortedPrints(contents map[uint64]uint64) Prints {
	prints := make(Prints, 0, len(contents))
	for address, content := range contents {
		prints = append(prints, Print{address, content})
	}
	slices.SortFunc(prints, func(a, b Print) int { return cmp.Compare(a.Address, b.Address) })
	return prints
}

// printOf is 64 bits of a SHA-256: of 20,000 addresses, two share them once in
// 10^11 versions.
func printOf(b []byte) uint64 {
	sum := sha256.Sum256(b)
	return binary.BigEndian.Uint64(sum[:8])
}

// appendCompact appends JSON without the white space between its tokens.
func appendCompact(to, json []byte) []byte {
	inString, escaped := false, false
	for _, c := range json {
		if !inString && (c == ' ' || c == '\n' || c == '\t' || c == '\r') {
			continue
		}
		to = append(to, c)
		switch {
		case escaped:
			escaped = false
		case inString && c == '\\':
			escaped = true
		case c == '"':
			inString = !inString
		}
	}
	return to
}

// changeOf counts what differs between two versions, in one walk over both.
func changeOf(before, after Prints) Change {
	var c Change
	i, j := 0, 0
	for i < len(before) && j < len(after) {
		switch old, now := before[i], after[j]; {
		case old.Address < now.Address:
			c.Removed++
			i++
		case old.Address > now.Address:
			c.Added++
			j++
		default:
			if old.Content != now.Content {
				c.Changed++
			}
			i, j = i+1, j+1
		}
	}
	c.Removed += len(before) - i
	c.Added += len(after) - j
	return c
}

// ChangeBetween is what changed from one version to the next: by address where
// both were fingerprinted, else the difference of their numbers. It is not
// known where either of them was not counted.
func ChangeBetween(before, after VersionFacts) Fact[Change] {
	old, okOld := before.Prints.Get()
	now, okNow := after.Prints.Get()
	if okOld && okNow {
		return Known(changeOf(old, now))
	}
	m, okOld := before.Resources.Get()
	n, okNow := after.Resources.Get()
	switch {
	case okOld && okNow:
		return Known(Change{Added: max(0, n-m), Removed: max(0, m-n), Net: true})
	case after.Resources.IsUnknown():
		return Unknown[Change](after.Resources.Reason())
	case before.Resources.IsUnknown():
		return Unknown[Change]("the version before: " + before.Resources.Reason())
	}
	return Fact[Change]{}
}
