package aws

import (
	"context"
	"log/slog"
	"time"

	"github.com/stateward/stateward/model"
)

// Options say how to reach AWS and on whose behalf. The zero value uses the
// SDK's default chain.
type Options struct {
	Profile     string
	Region      string
	EndpointURL string // all services; the SDK's per-service variables are honoured when it is empty
	PathStyle   bool
	// Static, when set, replaces the whole credential chain, the shared files and
	// the environment: the demo's configuration is built by hand, so that it can
	// never reach real AWS.
	Static      *StaticCredentials
	Timeout     time.Duration // per request; 0 means 30 s
	Concurrency int           // requests in flight for bulk reads; 0 means 8. Health checks may have 64 times as many, 1,024 at most
	ReadOnly    bool          // nothing that changes anything is sent
	Unguarded   bool          // plans may do without the conditions that a store refuses; each asks for the word all the same
	Versions    *int          // newest versions of a state that are looked at for their keys; nil means 100, below 0 all

	Backends   []model.Backend   // from targets, the working directory and the config, in that order
	Discover   bool              // look for further backends: lock tables, then the account's buckets
	LockTables []string          // look and lock there
	Mechanisms []model.Mechanism // clients use these, whatever the evidence says
	Workspace  model.WorkspaceRule
	Policies   []model.PolicyRule // for backends that are discovered

	Journal Journal
	Backups Backups
	Actor   Actor
	Program model.Program                  // how the commands in plans, results and hints reach the same
	Alive   func(pid int) model.Fact[bool] // whether a process runs on this machine; nil: nobody can tell
	Log     *slog.Logger                   // nil discards

	// Now and Sleep are the machine's clock and the pause between tries.
	// Tests inject them; nil means time.Now and a timer.
	Now   func() time.Time
	Sleep func(ctx context.Context, d time.Duration) error
}

// StaticCredentials are fixed keys for an endpoint that is not AWS.
type StaticCredentials struct{ AccessKeyID, SecretAccessKey string }

// Actor is who appears in the locks that stateward takes and in the journal.
type Actor struct {
	Who     string // user@host
	Host    string
	PID     int
	Version string // of stateward
}

// Journal records every operation; a request is not sent when Record fails.
// Record returns only after the entry is on disk.
type Journal interface {
	Record(ctx context.Context, e model.JournalEntry) error
}

// Backups keeps the bytes that an operation is about to replace, readable by
// this user alone, and returns where.
type Backups interface {
	Save(ctx context.Context, name string, body []byte) (path string, err error)
}
