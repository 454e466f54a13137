package model

import (
	"path"
	"strings"
	"time"
)

// Mechanism is a way to keep a lock.
type Mechanism string

// The two mechanisms of the S3 backend.
const (
	MechanismDynamoDB Mechanism = "dynamodb"
	MechanismLockfile Mechanism = "lockfile"
)

// Source is where a backend is known from, in the order of preference.
type Source string

// The sources of backends.
const (
	SourceTarget    Source = "target"
	SourceWorkdir   Source = "working directory"
	SourceConfig    Source = "config"
	SourceLockTable Source = "lock table"
	SourceAccount   Source = "account"
	SourceBuckets   Source = "list of buckets" // asked for by hand: no state was found in it
)

// Backend is a bucket, an optional key prefix, the lock mechanisms in use,
// and how to reach it.
type Backend struct {
	Name   string // its name in the config, else the bucket's
	Bucket string
	Prefix string // keys considered; "" is all
	Source Source

	Region    string // "" until found by HeadBucket
	Access    Access
	Tables    []string    // lock tables that configuration or flags name
	Declared  []Mechanism // mechanisms that configuration or flags name
	Digests   []string    // tables in which a backend configuration keeps digests: subset of Tables
	Keys      []string    // state keys that configuration or lock rows name
	Workspace WorkspaceRule
	Write     WriteSettings
	Policy    Policy
}

// Access is how to reach a backend where it differs from the program's own.
type Access struct {
	Profile    string
	RoleARN    string
	ExternalID string
	MFASerial  string
	Endpoints  map[string]string // by service id: s3, dynamodb, kms, sts
	PathStyle  bool
}

// WorkspaceRule is workspace_key_prefix: "env:" unless set, and "" when set to that.
type WorkspaceRule struct {
	Prefix string
	Set    bool
}

// KeyPrefix is the prefix in force.
func (w WorkspaceRule) KeyPrefix() string {
	if w.Set {
		return w.Prefix
	}
	return "env:"
}

// WriteSettings mirrors what the backend block says about writing a state.
type WriteSettings struct {
	Encrypt              *bool
	KMSKeyID             string
	ACL                  string
	Tags                 map[string]string
	SkipChecksum         bool
	SSECustomerKeyEnv    string // the name of the variable, never the key
	FromConfiguration    bool   // a backend block or the config said so
	ConfigurationPresent bool   // a backend configuration of this state was seen at all
}

// Policy is what the operator's config demands of operations on a backend.
type Policy struct {
	Protected     bool
	ReadOnly      bool
	RequireReason bool
	MinLockAge    time.Duration
}

// Strictest joins two policies that both match.
func (p Policy) Strictest(q Policy) Policy {
	return Policy{
		Protected:     p.Protected || q.Protected,
		ReadOnly:      p.ReadOnly || q.ReadOnly,
		RequireReason: p.RequireReason || q.RequireReason,
		MinLockAge:    max(p.MinLockAge, q.MinLockAge),
	}
}

// PolicyRule is a policy and the glob over bucket names that it holds for.
type PolicyRule struct {
	Glob   string
	Policy Policy
}

// PolicyFor is the strictest of all rules that match the bucket.
func PolicyFor(rules []PolicyRule, bucket string) Policy {
	var p Policy
	for _, r := range rules {
		if ok, err := path.Match(r.Glob, bucket); ok && err == nil {
			p = p.Strictest(r.Policy)
		}
	}
	return p
}

// name is the backend's name; one that was not given any has its bucket's.
func (b Backend) name() string {
	if b.Name == "" {
		return b.Bucket
	}
	return b.Name
}

// URL is s3://bucket/key, the way operators name a state.
func (b Backend) URL(key string) string { return "s3://" + b.Bucket + "/" + key }

// Target is the backend as a TARGET of the command line. A slash at the end of
// its prefix stays: without it the prefix would name more.
func (b Backend) Target() string {
	if b.Prefix == "" {
		return "s3://" + b.Bucket
	}
	return b.URL(b.Prefix)
}

// Identity is who asks.
type Identity struct {
	Account string
	ARN     string
	Profile string
	Region  string
	Expires time.Time // zero when the credentials do not expire or do not say
}

// BackendFacts is what reading a backend told; each fact stands or falls alone.
type BackendFacts struct {
	Region     Fact[string]
	Versioning Fact[Versioning]
	Encryption Fact[Encryption] // the bucket's default
	Tables     Fact[[]string]   // lock tables found for it
	States     Fact[int]
	LastWrite  Fact[time.Time]
	LockFiles  Fact[int] // current *.tflock objects
	More       bool      // States counts only what was looked through: "at least"
}

// Versioning is a bucket's versioning status, in the words of GetBucketVersioning.
type Versioning string

// The states of versioning; an empty answer means never enabled.
const (
	VersioningEnabled   Versioning = "Enabled"
	VersioningSuspended Versioning = "Suspended"
	VersioningNever     Versioning = "never enabled"
)

// Words are the status in a sentence: "versioning was never enabled".
func (v Versioning) Words() string {
	if v == VersioningNever {
		return "was never enabled"
	}
	return "is " + strings.ToLower(string(v))
}

// Encryption is how an object is stored, or a bucket's default.
type Encryption struct {
	Algorithm string // AES256, aws:kms, aws:kms:dsse, SSE-C, or "none"
	KMSKeyID  string // as the service says it: an id, ARN or alias
	BucketKey bool
}

// Short is a word for a column: kms, dsse, s3, c, none.
func (e Encryption) Short() string {
	switch e.Algorithm {
	case "aws:kms":
		return "kms"
	case "aws:kms:dsse":
		return "dsse"
	case "AES256":
		return "s3"
	case "SSE-C":
		return "sse-c"
	}
	return "none"
}

// SplitTarget takes s3://bucket/rest apart; rest is verbatim, never decoded.
func SplitTarget(target string) (bucket, rest string, err error) {
	after, ok := strings.CutPrefix(target, "s3://")
	if !ok {
		return "", "", &Failure{Kind: ErrInvalid, Tried: "reading the target", On: target,
			Next: "A target is s3://bucket[/key] or the name of a backend in the config."}
	}
	bucket, rest, _ = cutBucket(after)
	if bucket == "" {
		return "", "", &Failure{Kind: ErrInvalid, Tried: "reading the target", On: target,
			Next: "The bucket's name is missing: s3://bucket[/key]."}
	}
	return bucket, rest, nil
}
