package model

import (
	"cmp"
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
	case KeyEnabled:
	}
	return false // enabled, being updated, or something that is not known yet
}

// FindKey is what about a key needs a look, worst first. What could not be read
// is no finding: the fact itself says why.
func FindKey(k Key, now time.Time) []KeyFinding {
	var all []KeyFinding
	for _, found := range [][]KeyFinding{findKeyState(k, now), findExpiry(k, now), findRotation(k), findKeyPolicy(k)} {
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
	return []KeyFinding{{Rule: "key-state", Severity: severity, Text: k.StateWords(now) + "; " + stateAdvice(state), Remedy: k.stateRemedy(state)}}
}

// Vital reports whether anything that is in use today needs the key; else it is
// history alone.
func (u KeyUse) Vital() bool { return u.Current() > 0 || len(u.Buckets) > 0 || len(u.Tables) > 0 }

// stateAdvice is what to do about a key that is out of service.
func stateAdvice(state KeyState) string {
	switch state {
	case KeyDisabled:
		return "enabling it brings all back"
	case KeyPendingDeletion:
		return "the deletion can be cancelled until then; the key is then disabled, and has to be enabled as well"
	case KeyPendingImport:
		return "its material is missing or expired, and has to be imported again"
	case KeyUnavailable:
		return "its custom key store is not connected, or cannot be reached"
	case KeyAbsent:
		return "KMS knows no such key; what it encrypted cannot be read any more"
	case KeyEnabled:
	}
	return "it cannot decrypt in this state"
}

// stateRemedy is the command that brings a key back, where there is one.
func (k Key) stateRemedy(state KeyState) string {
	switch state {
	case KeyDisabled:
		return k.command("enable-key")
	case KeyPendingDeletion:
		return k.command("cancel-key-deletion") + "\n" + k.command("enable-key")
	case KeyEnabled, KeyPendingImport, KeyUnavailable, KeyAbsent: // no command of KMS alone helps
	}
	return ""
}

// command is an aws command on the key.
func (k Key) command(name string) string {
	return k.Reach.AWS("kms", k.Region, "kms", name, "--key-id", cmp.Or(k.ARN, k.ID))
}

// soon is how long before material expires somebody has to act: it comes from
// outside of AWS, and takes people to fetch.
const soon = 30 * 24 * time.Hour

// findExpiry looks at imported material that is to expire. Importing the same
// material again brings a key back.
func findExpiry(k Key, now time.Time) []KeyFinding {
	at, ok := k.ValidTo.Get()
	if !ok || at.IsZero() || k.State.Or("").OutOfService() {
		return nil
	}
	severity := "medium"
	if at.Sub(now) < soon {
		severity = "high"
	}
	return []KeyFinding{{Rule: "key-material-expires", Severity: severity,
		Text: "its imported material expires on " + at.UTC().Format(time.DateOnly) + " (" + nextWords(at.Sub(now)) + "); what it encrypts cannot be read from then until the same material is imported again"}}
}

// findRotation looks at keys that could rotate by themselves. A key that waits
// for its deletion reports no rotation whatever its schedule is.
func findRotation(k Key) []KeyFinding {
	enabled, ok := k.Rotation.Enabled.Get()
	if !ok || enabled || k.Rotation.NotApplicable != "" || k.State.Or("") == KeyPendingDeletion {
		return nil
	}
	return []KeyFinding{{Rule: "key-rotation", Severity: "medium", Text: "does not rotate; what is encrypted already stays readable when it does", Remedy: k.primary().command("enable-key-rotation")}}
}

// primary is the key that has the schedule: that of a replica is its primary's
// (AWS KMS API, EnableKeyRotation).
func (k Key) primary() Key {
	if k.Primary == "" {
		return k
	}
	return Key{ARN: k.Primary, Region: KeyRegion(k.Primary), Reach: k.Reach}
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
