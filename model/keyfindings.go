package model

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// keyUrgency orders severities, the worst first; no finding comes last.
func keyUrgency(severity string) int {
	order := []string{"critical", "high", "medium", "low", "info"}
	if i := slices.Index(order, severity); i >= 0 {
		return i
	}
	return len(order)
}

// OutOfService reports whether a key in this state cannot decrypt (AWS KMS
// Developer Guide, "Key states of AWS KMS keys").
func (s KeyState) OutOfService() bool {
	switch s {
	case KeyDisabled, KeyPendingDeletion, KeyPendingImport, KeyUnavailable, KeyAbsent, "PendingReplicaDeletion", "Creating":
		return true
	}
	return false
}

// FindKey is what about a key needs a look, worst first. What could not be read
// is no finding: the fact itself says why.
func FindKey(k Key, now time.Time) []KeyFinding {
	var all []KeyFinding
	for _, found := range [][]KeyFinding{findKeyState(k, now), findRotation(k), findKeyPolicy(k)} {
		all = append(all, found...)
	}
	slices.SortStableFunc(all, func(a, b KeyFinding) int {
		return cmp.Compare(keyUrgency(a.Severity), keyUrgency(b.Severity))
	})
	return all
}

func findKeyState(k Key, now time.Time) []KeyFinding {
	state, ok := k.State.Get()
	if !ok || !state.OutOfService() {
		return nil
	}
	severity := "critical"
	if !k.UsedBy.Vital() {
		severity = "high"
	}
	return []KeyFinding{{Rule: "key-state", Severity: severity, Text: k.StateWords(now) + "; " + stateRemedy(state)}}
}

// Vital reports whether anything that is in use today needs the key; else it is
// history alone.
func (u KeyUse) Vital() bool { return u.Current() > 0 || len(u.Buckets) > 0 || len(u.Tables) > 0 }

// StateWords is the key's state in words, with the date of a deletion:
// "PendingDeletion: 12 d left (2026-12-04)". It is "" while the state is not known.
func (k Key) StateWords(now time.Time) string {
	state := k.State.Or("")
	date, ok := k.DeletionDate.Get()
	if state != KeyPendingDeletion || !ok || date.IsZero() {
		return string(state)
	}
	left := "due"
	switch d := date.Sub(now); {
	case d >= 48*time.Hour:
		left = fmt.Sprintf("%d d left", d/(24*time.Hour))
	case d > 0:
		left = fmt.Sprintf("%d h left", d/time.Hour)
	}
	return fmt.Sprintf("%s: %s (%s)", state, left, date.UTC().Format(time.DateOnly))
}

// stateRemedy is what brings a key back, where anything does.
func stateRemedy(state KeyState) string {
	switch state {
	case KeyDisabled:
		return "kms enable-key brings it back"
	case KeyPendingDeletion:
		return "kms cancel-key-deletion, then enable-key: a cancelled deletion leaves it disabled"
	case KeyPendingImport:
		return "its material is missing or expired: import it again"
	case KeyUnavailable:
		return "its custom key store is not connected, or cannot be reached"
	case KeyAbsent:
		return "KMS knows no such key; what it encrypted cannot be read any more"
	}
	return "it cannot decrypt in this state"
}

// findRotation looks at keys that could rotate by themselves. A key that waits
// for its deletion reports no rotation whatever its schedule is.
func findRotation(k Key) []KeyFinding {
	enabled, ok := k.Rotation.Enabled.Get()
	if !ok || enabled || k.Rotation.NotApplicable != "" || k.State.Or("") == KeyPendingDeletion {
		return nil
	}
	return []KeyFinding{{Rule: "key-rotation", Severity: "medium", Text: "does not rotate; kms enable-key-rotation switches it on, and old versions stay readable"}}
}

// RotationApplies is why a key cannot rotate by itself, or "" when it can
// (AWS KMS API, EnableKeyRotation: symmetric encryption keys with material that
// KMS made, outside of custom key stores).
func RotationApplies(spec, origin string) (whyNot string) {
	switch {
	case strings.HasPrefix(spec, "HMAC_"):
		return "HMAC key"
	case spec != "" && spec != "SYMMETRIC_DEFAULT":
		return "asymmetric key"
	case origin == "EXTERNAL":
		return "imported material"
	case origin == "AWS_CLOUDHSM" || origin == "EXTERNAL_KEY_STORE":
		return "custom key store"
	}
	return ""
}

// BlastRadius is what is lost while a key is disabled, and for good once it is
// deleted: one sentence each, the worst first.
func (k Key) BlastRadius() []string {
	u := k.UsedBy
	be, cannot := "become", "cannot then be"
	if state := k.State.Or(""); state.OutOfService() && state != KeyPendingImport {
		be, cannot = "are", "cannot be"
	}
	var lines []string
	if n := u.Current(); n > 0 {
		lines = append(lines, atLeastWords(n, len(u.Unread) > 0, "current state")+" "+be+" unreadable: no plan, no apply")
	}
	if n := u.Noncurrent; n > 0 {
		lines = append(lines, atLeastWords(n, u.AtLeast || len(u.Unread) > 0, "old version")+" "+be+" unreadable: restores of them fail")
	}
	for _, b := range u.Buckets {
		lines = append(lines, "bucket "+b+" encrypts with it by default: new states and lock files "+cannot+" written")
	}
	for _, t := range u.Tables {
		lines = append(lines, "lock table "+t.Table+" "+cannot+" read: nobody can lock or unlock")
	}
	return lines
}

// atLeastWords is "3 old versions", or "at least 3 old versions".
func atLeastWords(n int, atLeast bool, noun string) string {
	if n != 1 {
		noun += "s"
	}
	words := fmt.Sprintf("%d %s", n, noun)
	if atLeast {
		return "at least " + words
	}
	return words
}

// findKeyPolicy judges the key policy, where it could be read.
func findKeyPolicy(k Key) []KeyFinding { return nil }
