package model

import "time"

// State is one key in a backend.
type State struct {
	Bucket       string
	Key          string
	Workspace    string // "default" unless the key says otherwise
	BaseKey      string // the key without its workspace
	Deleted      bool   // its newest version is a delete marker
	VersionID    string
	LastModified time.Time
	Size         int64
	ETag         string
	Named        string // why this key is a state: "its name", "a lock row", "a digest row", "a lock file", "its content"
	Facts        StateFacts
}

// StateFacts is what reading one state told; each stands or falls alone.
type StateFacts struct {
	VersionID  Fact[string]
	Header     Fact[StateHeader]
	Resources  Fact[int]
	Encryption Fact[Encryption]
	Locked     Fact[bool]
	Digest     Fact[DigestVerdict]
}

// StatePage is one page of a streamed listing of states.
type StatePage struct {
	States  []State
	Others  int      // keys that were listed and are no states
	Problem []string // sources that could not be read: "AccessDenied dynamodb:Scan on acme-locks"
}

// StateQuery says which states a listing wants.
type StateQuery struct {
	Prefix  string // key prefix below the backend's own
	Deleted bool   // list states whose newest version is a delete marker as well
}

// VersionFacts is what reading one version told.
type VersionFacts struct {
	Header     Fact[StateHeader]
	Encryption Fact[Encryption]
	Resources  Fact[int]
	Outputs    Fact[int]    // of the root module
	Prints     Fact[Prints] // to tell what changed between two versions
	MD5        string       // of all its bytes; "" where they were not read
	Barred     string       // why nobody can have its content: its key is out of service, it is archived; "" where nothing speaks against it
	Compact    bool         // written without white space, as OpenTofu does; false where Header is not known
}

// UnknownVersion is what is known of a version that could not be read.
func UnknownVersion(why string) VersionFacts {
	return VersionFacts{Header: Unknown[StateHeader](why), Encryption: Unknown[Encryption](why), Resources: Unknown[int](why),
		Outputs: Unknown[int](why), Prints: Unknown[Prints](why)}
}

// Version is one S3 object version or delete marker of a state.
type Version struct {
	VersionID    string
	IsLatest     bool
	DeleteMarker bool
	LastModified time.Time
	Size         int64
	ETag         string
	Facts        VersionFacts
	Restorable   Fact[bool]
	WhyNot       string
	// What follows is worked out from a version and those around it; see [History].
	Attribution
	Anomalies []Anomaly    // nil until they are worked out, then at least empty
	Unchecked string       // why a rule could not be applied yet, or at all; "" when all were
	Change    Fact[Change] // against the version before
	steps     int          // how many versions right before it are of its run
}
