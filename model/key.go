package model

import (
	"slices"
	"strings"
	"time"
)

// Key is a KMS key that states, lock tables or a bucket's default need. Every
// name it goes by (id, alias, alias ARN) stands for one Key. A fact that
// DescribeKey did not tell carries its reason; nothing is a pass by default.
type Key struct {
	ID      string // the key's own id; the name that was met where KMS did not resolve it
	ARN     string // "" where KMS did not resolve the name
	Region  string
	Account string // that owns it; "" where only an id or alias is known

	Aliases      Fact[[]string]   // with their "alias/", sorted; of the key's own account only
	Manager      Fact[KeyManager] // CUSTOMER or AWS
	Origin       Fact[string]     // AWS_KMS, EXTERNAL, AWS_CLOUDHSM, EXTERNAL_KEY_STORE
	Spec         Fact[string]     // SYMMETRIC_DEFAULT, RSA_2048, HMAC_256 …
	Usage        Fact[string]     // ENCRYPT_DECRYPT, SIGN_VERIFY, GENERATE_VERIFY_MAC, KEY_AGREEMENT
	MultiRegion  Fact[bool]
	Primary      string // of a replica: the ARN of its primary key, which alone can be told to rotate; "" for any other
	State        Fact[KeyState]
	DeletionDate Fact[time.Time] // known and zero: no deletion is scheduled
	ValidTo      Fact[time.Time] // when imported material expires, and the key with it; known and zero: never
	Rotation     KeyRotation
	Policy       Fact[string] // the policy document "default", as KMS keeps it

	UsedBy   KeyUse
	Reach    Reach        // of the backend behind which it was met: whoever mends it goes the same way
	Findings []KeyFinding // worst first; FindKey works them out
}

// KeyManager is who manages a key, in the words of KeyMetadata.KeyManager.
type KeyManager string

// The managers of keys. AWS rotates those it manages every year, always.
const (
	ManagerCustomer KeyManager = "CUSTOMER"
	ManagerAWS      KeyManager = "AWS"
)

// The states of a key beside KeyEnabled that matter to who depends on it; see
// KeyState. KeyAbsent is ours: KMS knows no such key.
const (
	KeyDisabled        KeyState = "Disabled"
	KeyPendingDeletion KeyState = "PendingDeletion"
	KeyPendingImport   KeyState = "PendingImport"
	KeyUnavailable     KeyState = "Unavailable"
	KeyAbsent          KeyState = "absent"
)

// KeyRotation is how a key's material is renewed. Where NotApplicable is set
// the key cannot rotate by itself, and Enabled, PeriodDays and Next say nothing.
type KeyRotation struct {
	NotApplicable string // why automatic rotation cannot be: "imported key material"; "" where it can or nobody knows
	Enabled       Fact[bool]
	PeriodDays    Fact[int]       // known and 0: the service does not say
	Last          Fact[time.Time] // known and zero: it never rotated, as far as the service says
	Next          Fact[time.Time] // known and zero: none is scheduled
	History       Fact[[]Rotation]
}

// Rotation is one renewal of a key's material.
type Rotation struct {
	Date time.Time
	Type string // RotationAutomatic or RotationOnDemand
}

// The types of rotations.
const (
	RotationAutomatic = "automatic"
	RotationOnDemand  = "on-demand"
)

// KeyUse is who becomes unreadable without a key.
type KeyUse struct {
	Buckets    []string   // whose default encryption it is, sorted
	States     []StateUse // by bucket and key
	Noncurrent int        // old versions of States together
	Tables     []TableUse // lock tables
	AtLeast    bool       // there may be more: versions past the bound, or sources that could not be read
	Unread     []string   // sources that could not be read: "AccessDenied s3:ListBucketVersions on s3://b/k"
}

// StateUse is what of one state a key encrypts.
type StateUse struct {
	Bucket, Key string
	Current     bool // its current version
	Noncurrent  int  // how many of its old versions
	AtLeast     bool // of that state older versions were not looked at
}

// URL is s3://bucket/key.
func (s StateUse) URL() string { return "s3://" + s.Bucket + "/" + s.Key }

// TableUse is a lock table that a key encrypts.
type TableUse struct {
	Region, Table string
}

// KeyFinding is something about a key that needs a look.
type KeyFinding struct {
	Rule     string // "key-state", "key-rotation", "key-policy-wildcard" …
	Severity string // critical, high, medium, low or info
	Text     string
	Remedy   string // the commands that mend it, one a line; "" where none does
}

// Current is how many states need the key for their current version.
func (u KeyUse) Current() int {
	n := 0
	for _, s := range u.States {
		if s.Current {
			n++
		}
	}
	return n
}

// Alias is the first alias without its "alias/"; "" when there is none or it is
// not known.
func (k Key) Alias() string {
	aliases := k.Aliases.Or(nil)
	if len(aliases) == 0 {
		return ""
	}
	return strings.TrimPrefix(slices.Min(aliases), "alias/")
}

// Name is what people call the key: its alias, else its id.
func (k Key) Name() string {
	if alias := k.Alias(); alias != "" {
		return alias
	}
	return k.ID
}
