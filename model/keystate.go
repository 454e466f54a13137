package model

import "strings"

// KeyState is what KMS says of a key: Enabled, Disabled, PendingDeletion,
// PendingImport, PendingReplicaDeletion, Unavailable, Creating or Updating
// (AWS KMS API, KeyMetadata.KeyState).
type KeyState string

// KeyEnabled is the one state in which a key encrypts and decrypts.
const KeyEnabled KeyState = "Enabled"

// KeyRegion is the region that a key's ARN names, or "" when it is an id or an
// alias, which mean a key of the bucket's own region.
func KeyRegion(key string) string {
	parts := strings.SplitN(key, ":", 6)
	if len(parts) == 6 && parts[0] == "arn" && parts[2] == "kms" {
		return parts[3]
	}
	return ""
}

// keyInService is why the key of an encryption does not serve; "" when it does,
// when no key is involved, or when nobody could tell.
func keyInService(e Encryption, states map[string]Fact[KeyState]) (refusal, warning string) {
	fact, asked := states[e.KMSKeyID]
	if !asked || e.KMSKeyID == "" {
		return "", ""
	}
	state, known := fact.Get()
	switch {
	case !known:
		return "", "the state of KMS key " + e.KMSKeyID + ": " + fact.Reason()
	case state != KeyEnabled:
		return OutOfService(e.KMSKeyID, state), ""
	}
	return "", ""
}
