package main

import (
	"context"

	"github.com/spf13/cobra"
	"github.com/stateward/stateward/model"
)

func (a *app) unlockCommand(f *flags) *cobra.Command {
	var c changeFlags
	lockID := ""
	cmd := &cobra.Command{
		Use:   "unlock s3://bucket/key --lock-id ID",
		Short: "Remove a stale lock, only while it is still the one that you saw",
		Long: `Remove the lock that --lock-id names, in every mechanism that keeps it, or only in
the one that --mechanism names. Each is removed only while it is byte for byte
what the plan showed: a newer holder keeps its lock. A lock without an ID is named
by the first 12 digits of its raw_sha256. The lock of an interrupted restore or
repair holds the record that recover works from: to remove that, the word RECORD is
typed as well (--confirm RECORD).`,
		Example: examples(
			"stateward unlock s3://acme-tfstate-payments/payments/api/terraform.tfstate --lock-id 71d89b36-316e-9845-07df-19d02b854eb1 --dry-run",
			"stateward unlock s3://acme-tfstate-payments/payments/api/terraform.tfstate --lock-id 71d89b36-316e-9845-07df-19d02b854eb1 --yes --reason INC-42 -o json"),
		Args:              oneState,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: a.with(f, func(ctx context.Context, s *session, args []string) error {
			return unlock(ctx, s, args[0], lockID, c)
		}),
	}
	cmd.Flags().StringVar(&lockID, "lock-id", "", "the `ID` of the lock to remove, as locks shows it")
	c.register(cmd.Flags())
	return cmd
}

func unlock(ctx context.Context, s *session, arg, lockID string, f changeFlags) error {
	b, key, err := s.stateOf(arg)
	if err != nil {
		return err
	}
	if lockID == "" && !f.dryRun && !s.canAsk(f) {
		return usagef("unlock needs --lock-id ID: see the held locks with: %s", s.program.Command("locks", arg))
	}
	r := model.UnlockRequest{LockID: lockID, Reason: f.reason}
	if only := s.known.flags.mechanisms; len(only) == 1 {
		r.Mechanism = only[0]
	}
	c := &change{session: s, flags: f, what: model.OpUnlock, backend: b, key: key,
		plan: func(ctx context.Context) (*model.Plan, error) { return s.access.PlanUnlock(ctx, b, key, r) }}
	return c.run(ctx)
}

// canAsk reports whether somebody will read the plan and type each holder's ID:
// only then may it be left open which lock is meant.
func (s *session) canAsk(f changeFlags) bool {
	if f.yes {
		return false
	}
	tty, err := s.openTTY()
	if err != nil {
		return false
	}
	_ = tty.Close() // opened again to ask
	return true
}
