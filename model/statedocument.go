package model

// StateDocument is the whole of one version of a state, read and indexed.
type StateDocument struct {
	VersionID string // of the answer; "" where the bucket was never versioned
	Body      []byte // never changed
	Index     *StateIndex

	// Secrets are those of this version and of the versions of this state that
	// were read before it. Later ones may know more.
	Secrets *Secrets
}
