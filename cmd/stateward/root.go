package main

import (
	"context"
	"errors"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
	"github.com/stateward/stateward/model"
)

// commands builds the command tree.
func (a *app) commands() *cobra.Command {
	f := &flags{}
	root := &cobra.Command{
		Use:   "stateward [TARGET...]",
		Short: "See and repair the S3 backends that hold Terraform and OpenTofu state",
		Long: `stateward shows what is true of the S3 backends that hold Terraform and OpenTofu
state: states, versions, locks and digests. It clears stale locks and restores
versions under guards: every change is conditional on what you saw.

Without a command it opens the terminal UI. A TARGET is s3://bucket[/prefix] or
the name of a backend in the config; without one, backends come from the working
directory, the config and the account.

Exit codes: 0 done, already gone or dry run; 1 failed; 2 usage; 3 refused by a
guard, nothing was changed; 4 doctor found something at or above --fail-on;
5 interrupted half-way, the message names the command that finishes it; 6 diff
--exit-code, and they differ; 130 cancelled by a signal, nothing was changed.`,
		Args:              cobra.ArbitraryArgs,
		SilenceErrors:     true,
		SilenceUsage:      true,
		ValidArgsFunction: a.completeTargets(f),
		RunE:              a.with(f, a.interactive),
	}
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetFlagErrorFunc(flagProblem)
	root.CompletionOptions.HiddenDefaultCmd = true
	f.register(root.PersistentFlags())
	complete(root, "output", outputTable, outputJSON)
	complete(root, "mechanism", string(model.MechanismDynamoDB), string(model.MechanismLockfile))
	root.AddCommand(
		a.demoCommand(f), a.backendsCommand(f), a.statesCommand(f), a.historyCommand(f), a.showCommand(f), a.diffCommand(f),
		a.searchCommand(f), a.locksCommand(f), a.unlockCommand(f), a.restoreCommand(f), a.repairCommand(f), a.recoverCommand(f),
		a.doctorCommand(f), a.keysCommand(f), a.journalCommand(f), a.versionCommand(f), manCommand(root),
	)
	strictHelp(root)
	return root
}

// interactive opens the UI. A word that is no target may be a command mistyped.
func (a *app) interactive(ctx context.Context, s *session, args []string) error {
	backends, found, err := s.targets(args)
	if err != nil {
		return mistyped(a.commands(), args, err)
	}
	if s.columns() == 0 {
		return usagef("the UI needs a terminal; for scripts there are commands, such as: %s", s.program.Command("states", "-o", "json"))
	}
	return s.openUI(ctx, s.options(backends, len(args) == 0), len(found) > 0)
}

// mistyped adds the commands that a wrong target is close to.
func mistyped(root *cobra.Command, args []string, err error) error {
	var usage *usageError
	if !errors.As(err, &usage) || len(args) == 0 {
		return err
	}
	root.SuggestionsMinimumDistance = 2
	if near := root.SuggestionsFor(args[0]); len(near) > 0 {
		return usagef("%s. Is it the command %s?", usage.text, strings.Join(near, " or "))
	}
	return err
}

// completeTargets offers the names of the config's backends to shells.
func (a *app) completeTargets(f *flags) cobra.CompletionFunc {
	return func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		c, err := loadConfig(a.env, f.configFile)
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		var names []cobra.Completion
		for _, b := range c.backends {
			names = append(names, b.Name)
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
}

func noArguments(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("no argument is taken here: %q", args[0])
	}
	return nil
}

func atMostOne(_ *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usagef("one TARGET at most is taken here, not also %q", args[1])
	}
	return nil
}

func oneState(_ *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usagef("name one state: s3://bucket/key")
	}
	return nil
}

// manCommand writes the man pages, for packagers.
func manCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:    "man DIRECTORY",
		Short:  "Write the man pages to a directory",
		Hidden: true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("name the directory to write to")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil { //nolint:gosec // man pages are for everybody
				return err
			}
			root.DisableAutoGenTag = true
			return doc.GenManTree(root, &doc.GenManHeader{Section: "1", Source: "stateward", Manual: "stateward"}, args[0])
		},
	}
}
