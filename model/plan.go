package model

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Operation is a kind of change.
type Operation string

// The operations.
const (
	OpUnlock  Operation = "unlock"
	OpRestore Operation = "restore"
	OpRepair  Operation = "repair"
	OpRecover Operation = "recover"
)

// Plan is an operation worked out and not yet run. It is the dry run: what it
// says is what the executor does, under the same conditions.
type Plan struct {
	Operation Operation
	Backend   Backend
	Key       string
	Made      time.Time // by the service's clock
	Reason    string    // the operator's
	Where     Where     // on whose behalf, and in which place

	Facts    []PlanLine // what is true now: holder, age, versions
	Steps    []PlanStep
	Warnings []string // what can go wrong, what could not be read
	Undo     Hint     // how to take it back
	Manual   Hints    // the same by hand, as aws commands
	Tokens   []Token
	Refusals []string // reasons why it must not run; empty when it may
	Instead  Hints    // what to do where it must not run
	Holder   *Lock    // the foreign lock because of which it must not run; nil where there is none
	Gone     bool     // there is nothing to do any more: already gone
	NoRecord bool     // of a recovery: every place was read, and no interrupted operation holds a lock

	Unguarded string // why changes of objects are compared and not conditional; "" where they are

	// Exactly one of these, by operation.
	Unlock  *UnlockSpec
	Restore *RestoreSpec
	Repair  *RepairSpec
	Recover *RecoverSpec
}

// PlanLine is a labelled fact of a plan.
type PlanLine struct{ Label, Text string }

// PlanStep is one step: what it does and the condition it holds the service to.
type PlanStep struct {
	Name      string
	Does      string
	Condition string
}

// Token is a word to type, and why it is asked for.
type Token struct {
	Label string
	Value string
	Why   string
}

// The words that confirm a particular risk.
const (
	TokenLive     = "LIVE"
	TokenLineage  = "LINEAGE"
	TokenVerbatim = "VERBATIM"
	TokenDead     = "DEAD"
	TokenRecord   = "RECORD"

	TokenUnguarded = "UNGUARDED"
	TokenUnread    = "UNREAD"
)

// URL is the state that the plan is about.
func (p *Plan) URL() string { return p.Backend.URL(p.Key) }

// WhyGone is why there is nothing to do, as a clause.
func (p *Plan) WhyGone() string {
	switch {
	case p.Operation == OpRecover:
		return "no interrupted operation holds a lock on " + p.URL()
	case p.Operation != OpRepair && p.Unlock.Left() != "":
		return "no lock is held on " + p.URL() + " (" + p.Unlock.Left() + ")"
	case p.Operation != OpRepair:
		return "no lock is held on " + p.URL()
	case p.Repair != nil && p.Repair.Matches:
		return "the digest of " + p.URL() + " is right"
	case p.Repair != nil && p.Repair.Current == nil:
		return "there is no state " + p.URL() + ", and no digest of it"
	}
	return "no lock table keeps a digest of " + p.URL()
}

// Refused is the error that says why the plan must not run, or nil.
func (p *Plan) Refused() error {
	if len(p.Refusals) == 0 {
		return nil
	}
	return &Failure{Kind: ErrRefused, Tried: string(p.Operation), On: p.URL(), Cause: fmt.Errorf("%s", p.Refusals[0]), Next: p.Refusals[0]}
}

// MissingToken is the first token that the typed words do not answer. A blank
// one is answered by nothing: an empty line confirms nothing.
func (p *Plan) MissingToken(typed []string) (Token, bool) {
	for _, t := range p.Tokens {
		if strings.TrimSpace(t.Value) == "" || !slices.Contains(typed, t.Value) {
			return t, true
		}
	}
	return Token{}, false
}

// StepStatus is how far a step is.
type StepStatus string

// The statuses of a step.
const (
	StepPending StepStatus = "pending"
	StepRunning StepStatus = "running"
	StepDone    StepStatus = "done"
	StepSkipped StepStatus = "skipped"
	StepFailed  StepStatus = "failed"
)

// StepResult is what became of a step.
type StepResult struct {
	Name    string        `json:"name"`
	Status  StepStatus    `json:"status"`
	Detail  string        `json:"detail"`
	Elapsed time.Duration `json:"-"`
}

// StepEvent is news of a running operation: step number Index is now so.
type StepEvent struct {
	Index int
	Step  StepResult
}

// Outcome is how an operation ended.
type Outcome string

// The outcomes. Refused means that nothing was changed; Interrupted that
// something was, and Result.Next names the command that finishes it.
const (
	OutcomeDone        Outcome = "done"
	OutcomeAlreadyGone Outcome = "already-gone"
	OutcomeRefused     Outcome = "refused"
	OutcomeDryRun      Outcome = "dry-run"
	OutcomeInterrupted Outcome = "interrupted"
	OutcomeFailed      Outcome = "failed"
)

// ExitCode is the program's exit code for an outcome.
func (o Outcome) ExitCode() int {
	switch o {
	case OutcomeDone, OutcomeAlreadyGone, OutcomeDryRun:
		return 0
	case OutcomeRefused:
		return 3
	case OutcomeInterrupted:
		return 5
	case OutcomeFailed:
		return 1
	}
	return 1
}

// Result is what an operation did.
type Result struct {
	Operation Operation
	State     string // s3://bucket/key
	Outcome   Outcome
	Message   string // one sentence for people: what happened
	Now       string // what is on the wire now, where the operation did not end as meant; else ""
	Steps     []StepResult
	Holder    *Lock // the foreign lock that stopped it
	Undo      *Undo
	Next      Hints
	Backup    string // path of the local backup
	JournalID string
	Where     Where
	Err       error // what stopped it
}

// Undo is how to take a finished operation back.
type Undo struct {
	VersionID string `json:"version_id"`
	Command   string `json:"command"`
}
