package main

import (
	"context"

	"github.com/spf13/cobra"
	"github.com/stateward/stateward/model"
)

func (a *app) repairCommand(f *flags) *cobra.Command {
	var c changeFlags
	to := string(model.RepairToBytes)
	cmd := &cobra.Command{
		Use:   "repair s3://bucket/key [--to bytes|version]",
		Short: "Make a state and its digest agree again",
		Long: `Make a state and its digest agree again, under the locks that its clients take.
The plan shows both sums, and which version of the history the digest belongs to.
--to bytes sets the digest to that of the bytes; --to version restores the version
that the digest names.`,
		Example:           examples("stateward repair s3://acme-tfstate-data/lake/terraform.tfstate --dry-run"),
		Args:              oneState,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: a.with(f, func(ctx context.Context, s *session, args []string) error {
			return repair(ctx, s, args[0], model.RepairTo(to), c)
		}),
	}
	cmd.Flags().StringVar(&to, "to", to, "the `SIDE` that is right: bytes or version")
	complete(cmd, "to", string(model.RepairToBytes), string(model.RepairToVersion))
	c.register(cmd.Flags())
	return cmd
}

func repair(ctx context.Context, s *session, arg string, to model.RepairTo, f changeFlags) error {
	b, key, err := s.stateOf(arg)
	if err != nil {
		return err
	}
	if to != model.RepairToBytes && to != model.RepairToVersion {
		return usagef("--to: %q is neither bytes nor version", to)
	}
	r := model.RepairRequest{To: to, Reason: f.reason}
	c := &change{session: s, flags: f, what: model.OpRepair, backend: b, key: key,
		plan: func(ctx context.Context) (*model.Plan, error) {
			p, err := s.access.PlanRepair(ctx, b, key, r)
			if err == nil && p.Repair != nil && len(p.Repair.Named) > 0 {
				p.Warnings = append(p.Warnings, "The version that the digest belongs to is restored with --to version.")
			}
			return p, err
		}}
	return c.run(ctx)
}
