package model

import "time"

// HealthFacts is everything that the checks of one backend look at. Every fact
// stands or falls alone: one that was denied is Unknown with the missing action
// ("AccessDenied s3:GetBucketPolicy"), one that nobody read is the zero Fact.
// Neither ever counts as a pass. Each field names the API call that tells it and
// the IAM action that this call needs.
type HealthFacts struct {
	Backend Backend
	At      time.Time // the clock of the answers (their Date header); zero: no answer came
	Program Program   // for the commands of the remedies

	Region  Fact[string] // HeadBucket (s3:ListBucket)
	Account Fact[string] // that asks: sts GetCallerIdentity (needs no permission)
	// Owner is the account that owns the bucket: HeadBucket with
	// ExpectedBucketOwner = Account answers 200. Unknown when it does not.
	Owner Fact[string]

	Bucket    BucketHealth
	Leftovers Fact[LockFileLeftovers]
	// ConditionalWrites is whether the endpoint holds to If-Match and
	// If-None-Match. Known for AWS's own endpoints, where the history of a lock
	// file shows that it does not, and where this session saw it; reading alone
	// cannot find out more.
	ConditionalWrites Fact[Conditions]

	Tables Gathered[TableHealth] // lock tables named for the backend or with rows of it
	States Gathered[StateHealth] // with the deleted ones
	// DeletedUnread is why States may lack deleted ones though all that are there
	// were listed; "" where none can be missing.
	DeletedUnread string
	Digests       Gathered[DigestHealth] // one for each digest row of this backend, or expected one
	Locks         Gathered[Lock]         // as Locks lists them: Orphan, Diverged, Malformed and Verdict filled in
	Mechanisms    Gathered[MechanismUse] // in use, by configuration or evidence

	// Keys are the KMS keys by every name under which the facts above mention
	// one, verbatim (ARN, id or alias): two names of one key stand for equal Keys.
	// kms DescribeKey, GetKeyRotationStatus, ListKeyRotations, GetKeyPolicy.
	Keys map[string]Key
}

// Gathered is a list that was put together from several sources. The zero
// Gathered was not read.
type Gathered[T any] struct {
	Items  []T
	Read   bool     // reading was tried
	Unread []string // sources that could not be read: "AccessDenied dynamodb:Scan on table acme-locks"
	More   bool     // Items holds only what was looked through: "at least"
}

// GatheredOf is a list that was read, with the sources that could not be.
func GatheredOf[T any](items []T, unread ...string) Gathered[T] {
	return Gathered[T]{Items: items, Read: true, Unread: unread}
}

// BucketHealth is what is read of the bucket itself. "Not configured" answers
// (NoSuchBucketPolicy and the like) are known facts, not errors.
type BucketHealth struct {
	Versioning Fact[Versioning] // GetBucketVersioning (s3:GetBucketVersioning)
	MFADelete  Fact[bool]       // the same answer
	// PublicAccess: GetPublicAccessBlock (s3:GetBucketPublicAccessBlock); none
	// configured is Known with all four false.
	PublicAccess Fact[PublicAccessBlock]
	// AccountPublicAccess: s3control GetPublicAccessBlock of the owner
	// (s3:GetAccountPublicAccessBlock); none configured as above.
	AccountPublicAccess Fact[PublicAccessBlock]
	PolicyPublic        Fact[bool]            // GetBucketPolicyStatus (s3:GetBucketPolicyStatus); without a policy false
	Policy              Fact[string]          // GetBucketPolicy (s3:GetBucketPolicy); "" is none
	ACL                 Fact[BucketACL]       // GetBucketAcl (s3:GetBucketAcl)
	Ownership           Fact[string]          // GetBucketOwnershipControls (s3:GetBucketOwnershipControls): BucketOwnerEnforced …; "" is none set
	Encryption          Fact[Encryption]      // the default: GetBucketEncryption (s3:GetEncryptionConfiguration); "none" where there is none
	Logging             Fact[BucketLogging]   // GetBucketLogging (s3:GetBucketLogging)
	Lifecycle           Fact[[]LifecycleRule] // GetBucketLifecycleConfiguration (s3:GetLifecycleConfiguration)
	Uploads             Fact[OpenUploads]     // ListMultipartUploads, one page (s3:ListBucketMultipartUploads)
	ObjectLock          Fact[ObjectLock]      // GetObjectLockConfiguration (s3:GetBucketObjectLockConfiguration)
	Replication         Fact[[]Replication]   // GetBucketReplication (s3:GetReplicationConfiguration)
}

// PublicAccessBlock is the four settings of a public access block.
type PublicAccessBlock struct {
	BlockPublicACLs, IgnorePublicACLs, BlockPublicPolicy, RestrictPublicBuckets bool
}

// Missing are the settings that are off, in the words of the API.
func (p PublicAccessBlock) Missing() []string {
	var off []string
	for _, s := range []struct {
		name string
		on   bool
	}{
		{"BlockPublicAcls", p.BlockPublicACLs}, {"IgnorePublicAcls", p.IgnorePublicACLs},
		{"BlockPublicPolicy", p.BlockPublicPolicy}, {"RestrictPublicBuckets", p.RestrictPublicBuckets},
	} {
		if !s.on {
			off = append(off, s.name)
		}
	}
	return off
}

// BucketACL is a bucket's access control list.
type BucketACL struct {
	Owner  string // the owner's canonical id
	Grants []ACLGrant
}

// ACLGrant is one grant of an ACL.
type ACLGrant struct {
	Grantee    string // the canonical id, or the URI of a group such as …/global/AllUsers
	Group      bool   // Grantee is a group's URI
	Permission string // FULL_CONTROL, READ, WRITE, READ_ACP, WRITE_ACP
}

// BucketLogging is where access logs go; the zero value is that none are kept.
type BucketLogging struct {
	Bucket, Prefix string
}

// LifecycleRule is one rule of a bucket's lifecycle. Days are 0 where the rule
// does not say.
type LifecycleRule struct {
	ID      string
	Enabled bool
	// Prefix limits the rule to keys ("" is all); Filtered says that tags or sizes
	// limit it further, so that it may or may not hold for a state.
	Prefix   string
	Filtered bool

	ExpireDays    int       // current versions expire this long after they were written
	ExpireDate    time.Time // or on a date; zero is none
	DeleteMarkers bool      // ExpiredObjectDeleteMarker: markers without versions go

	NoncurrentDays  int // old versions are deleted this long after they were replaced
	NewerNoncurrent int // but as many of the newest old ones are kept
	AbortDays       int // incomplete multipart uploads are aborted after

	Transitions    []Transition // of current versions
	OldTransitions []Transition // of old ones, the days since they were replaced
}

// Transition moves versions to another storage class.
type Transition struct {
	Class string // GLACIER, DEEP_ARCHIVE, GLACIER_IR, STANDARD_IA …
	Days  int
	Date  time.Time // in place of Days, of current versions alone; zero is none
	Newer int       // of old versions: as many of the newest stay where they are
}

// OpenUploads are multipart uploads that were begun and not completed.
type OpenUploads struct {
	Count   int
	AtLeast bool      // there are further pages
	Oldest  time.Time // zero when there are none
}

// ObjectLock is a bucket's Object Lock configuration.
type ObjectLock struct {
	Enabled bool
	Mode    string // of the default retention: GOVERNANCE or COMPLIANCE; "" is none
	Days    int    // of the default retention; one of Days and Years is 0
	Years   int
}

// Replication is one rule of a bucket's replication.
type Replication struct {
	Enabled  bool
	Prefix   string
	Filtered bool   // tags limit it further
	KMS      bool   // SseKmsEncryptedObjects: what a KMS key encrypts goes along; S3 leaves it out otherwise
	Bucket   string // the destination's ARN
}

// LockFileLeftovers are the old versions and delete markers of lock files: one of
// each for every run in a versioned bucket. ListObjectVersions
// (s3:ListBucketVersions).
type LockFileLeftovers struct {
	Versions, Markers int
	AtLeast           bool // the listing was bounded, there may be more
}

// TableHealth is what is read of one lock table.
type TableHealth struct {
	Name   string
	ARN    string // "" when DescribeTable was not answered
	Region string
	Named  bool // configuration or a flag names it for this backend

	// The next ones: DescribeTable (dynamodb:DescribeTable). A table that is not
	// there has the known status TableAbsent, and the others unknown.
	Status             Fact[string] // ACTIVE, CREATING, UPDATING, DELETING, ARCHIVED, INACCESSIBLE_ENCRYPTION_CREDENTIALS …
	Schema             Fact[[]TableKey]
	DeletionProtection Fact[bool]
	Encryption         Fact[TableEncryption]
	Billing            Fact[TableBilling]

	Recovery Fact[bool]     // point-in-time recovery: DescribeContinuousBackups (dynamodb:DescribeContinuousBackups)
	TTL      Fact[TableTTL] // DescribeTimeToLive (dynamodb:DescribeTimeToLive)
}

// TableAbsent is the status of a table that is not there.
const TableAbsent = "absent"

// TableKey is one part of a table's primary key.
type TableKey struct {
	Name string
	Role string // HASH or RANGE
	Type string // S, N or B
}

// TableEncryption is how a table is stored. The zero value is a key that AWS owns
// and shows to nobody, the default of DynamoDB.
type TableEncryption struct {
	Type   string // "" (AWS owned), AES256 or KMS
	Status string // ENABLED, UPDATING …
	Key    string // the key's ARN
}

// TableBilling is how a table is paid for.
type TableBilling struct {
	OnDemand    bool  // PAY_PER_REQUEST
	Read, Write int64 // provisioned units
}

// TableTTL is whether DynamoDB deletes rows by age.
type TableTTL struct {
	Status    string // ENABLED, ENABLING, DISABLING, DISABLED
	Attribute string // whose time expires a row
}

// StateHealth is what is read of one state as it stands now: one GET of its
// first 512 bytes (s3:GetObject), or of all where a digest asks for it.
type StateHealth struct {
	Key       string
	Workspace string
	Deleted   bool // its newest version is a delete marker; then no fact but its loss is read

	Header     Fact[StateHeader]
	Encryption Fact[Encryption]
	// LockFile is the lock file beside the state: GetObject on the .tflock
	// (s3:GetObject). Known and not Present: none lies there.
	LockFile Fact[LockFileHealth]
	// Parse is what is wrong with the bytes that were read; known and "": nothing.
	Parse Fact[string]
	Whole bool // Parse speaks of the whole state, not only of its front

	// Anomalies are the breaks of lineage and serial among the versions of the
	// last 30 days, a sentence each. ListObjectVersions (s3:ListBucketVersions) and
	// a GET a version (s3:GetObjectVersion), bounded by the limit that was asked
	// for: AnomaliesPartial says that versions of these 30 days were not read.
	Anomalies        Fact[[]string]
	AnomaliesPartial bool
	// Loss is what the state lost within the last day: the newest version and the
	// largest of that day, read whole (s3:GetObjectVersion). Where it did not shrink,
	// only the lineage is compared. Also of a deleted state.
	Loss Fact[Loss]
}

// Loss is how many resources a state has, and how many it had before.
type Loss struct {
	Was, Is       int
	Deleted       bool      // it is gone
	Replaced      bool      // what is there now is another state, by its lineage
	Before, Since time.Time // when the two versions were written
}

// LockFileHealth is a lock file as it is stored.
type LockFileHealth struct {
	Present    bool
	Encryption Encryption
}

// DigestHealth is one digest row compared with the bytes of its state: Scan
// (dynamodb:Scan) or GetItem (dynamodb:GetItem), and GetObject (s3:GetObject).
type DigestHealth struct {
	Table   string
	Key     string // of the state
	Stored  string // the row's Digest, verbatim
	Verdict Fact[DigestVerdict]
}

// MechanismUse is a lock mechanism that clients of the backend use, and how that
// is known.
type MechanismUse struct {
	Mechanism Mechanism
	Table     string   // of dynamodb
	Why       []string // "configured", "2 lock rows", "lock files among the versions"
}

// Conditions is how an endpoint deals with conditional writes.
type Conditions struct {
	Honoured bool
	Evidence []string // what shows that it does not
}
