package main

import (
	"context"

	"github.com/spf13/cobra"
	"github.com/stateward/stateward/model"
)

func (a *app) restoreCommand(f *flags) *cobra.Command {
	var c changeFlags
	versionID := ""
	cmd := &cobra.Command{
		Use:   "restore s3://bucket/key --version-id V",
		Short: "Write an old version's content as the new version of a state",
		Long: `Write the content of an old version as the new version of a state: under the
locks that its clients take, with a serial above every other, only if the state is
still the one that the plan showed, and with its digest. The current bytes are kept
in a local backup first.`,
		Example: examples(
			"stateward restore s3://acme-tfstate-data/warehouse/terraform.tfstate --version-id VERSION --dry-run",
			"stateward restore s3://acme-tfstate-data/warehouse/terraform.tfstate --version-id VERSION --yes --reason INC-42 -o json"),
		Args:              oneState,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: a.with(f, func(ctx context.Context, s *session, args []string) error {
			return restore(ctx, s, args[0], versionID, c)
		}),
	}
	cmd.Flags().StringVar(&versionID, "version-id", "", "the version `V` to restore, as history shows it")
	c.register(cmd.Flags())
	return cmd
}

func restore(ctx context.Context, s *session, arg, versionID string, f changeFlags) error {
	b, key, err := s.stateOf(arg)
	if err != nil {
		return err
	}
	if versionID == "" {
		return usagef("restore needs --version-id V: see the versions with: %s", s.program.Command("history", arg))
	}
	r := model.RestoreRequest{VersionID: versionID, Reason: f.reason}
	c := &change{session: s, flags: f, what: model.OpRestore, backend: b, key: key,
		plan: func(ctx context.Context) (*model.Plan, error) { return s.access.PlanRestore(ctx, b, key, r) }}
	return c.run(ctx)
}
