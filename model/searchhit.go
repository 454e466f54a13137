package model

import "cmp"

// SearchHit is one object of a resource that a search found.
type SearchHit struct {
	Address string // of the instance, as "terraform state list" prints it
	Type    string
	Mode    string // ModeManaged or ModeData
	Deposed string // the key of a deposed object; "" for the current one

	// Field is where the words were found: "address", "type", or the path of an
	// attribute, "id", "arn", "tags.Name". Of several fields it is the one that
	// most words are in.
	Field string
	// Value is what the field says, cut down to what stands round the match, with
	// every secret in it hidden.
	Value string
	// Exact says that the pattern is the object's own id or arn, and no more: a
	// managed resource is then what it names, and not something that mentions it.
	Exact bool
}

// Manages reports whether the resource is, by its own id or arn, what was
// looked for.
func (h SearchHit) Manages() bool { return h.Exact && h.Mode == ModeManaged }

// Compare puts what the words name first, then what reads it, then what
// mentions it.
func (h SearchHit) Compare(other SearchHit) int {
	return cmp.Or(compareFlags(other.Manages(), h.Manages()), compareFlags(other.Exact, h.Exact))
}

// SearchedState is a state in which a search found something.
type SearchedState struct {
	Backend Backend
	State   State
	Hits    []SearchHit // at most the query's limit
	More    int         // hits beyond it
}

// UnsearchedState is a state of which it is not known whether it holds what is
// looked for.
type UnsearchedState struct {
	Bucket, Key string
	Reason      string // "AccessDenied s3:GetObject", "the state is encrypted …"
}

// SearchPage is what a search yields: what it found since the page before, and
// how far it is.
type SearchPage struct {
	Found      []SearchedState
	Unsearched []UnsearchedState
	Problems   []string // sources of states that could not be listed, as in a StatePage
	Progress   SearchProgress
}

// SearchProgress is how far a search is. The states known are all of them once
// Listing is 0.
type SearchProgress struct {
	Listing int   // backends whose states are still being listed
	Known   int   // states found so far, each key of a bucket once
	Done    int   // of these, those that were searched or could not be
	Failed  int   // of those, those that could not be searched
	Bytes   int64 // read of states
}
