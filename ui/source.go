package ui

import (
	"context"
	"iter"

	"github.com/stateward/stateward/model"
)

// Reader is what the pages read. Every call ends when its context does; a
// listing yields each page as soon as it is there, and an error at most once,
// last. Facts carry their own reasons for being unknown, so those calls return
// no error.
type Reader interface {
	searchReader
	Identity(ctx context.Context) (model.Identity, error)
	// Backends yields backends in the order they become known; a later element
	// with the same bucket and prefix replaces the earlier one.
	Backends(ctx context.Context) iter.Seq2[[]model.Backend, error]
	BackendFacts(ctx context.Context, b model.Backend) model.BackendFacts
	denialReader
	States(ctx context.Context, b model.Backend, q model.StateQuery) iter.Seq2[model.StatePage, error]
	StateFacts(ctx context.Context, b model.Backend, s model.State) model.StateFacts
	// Versions yields the versions and delete markers of exactly this key, newest first.
	Versions(ctx context.Context, b model.Backend, key string) iter.Seq2[[]model.Version, error]
	VersionFacts(ctx context.Context, b model.Backend, key string, v model.Version) model.VersionFacts
	Locks(ctx context.Context, b model.Backend) model.LockReport
	LocksOf(ctx context.Context, b model.Backend, key string) model.LockReport
	bodyReader
	keysReader
	bucketsReader
	clockReader
	healthReader
	historyReader
}

// Operator works out plans and runs them. Planning reads only. Run outlives the
// page that started it; it reports each step through progress, from another
// goroutine, and always returns a result.
type Operator interface {
	PlanUnlock(ctx context.Context, b model.Backend, key string, r model.UnlockRequest) (*model.Plan, error)
	PlanRestore(ctx context.Context, b model.Backend, key string, r model.RestoreRequest) (*model.Plan, error)
	// PlanRepair makes a state and its digest agree again, in the way that r.To says.
	PlanRepair(ctx context.Context, b model.Backend, key string, r model.RepairRequest) (*model.Plan, error)
	// PlanRecover finishes or undoes the first operation that left its record in
	// a lock of the state. The plan is Gone when there is none.
	PlanRecover(ctx context.Context, b model.Backend, key, reason string) (*model.Plan, error)
	Run(ctx context.Context, p *model.Plan, typed []string, progress func(model.StepEvent)) model.Result
}
