package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// examples are command lines for the help. They work on the demo's fleet; a
// VERSION is one that history lists.
func examples(lines ...string) string { return "  " + strings.Join(lines, "\n  ") }

// complete offers the words that a flag takes to shells. The command has the
// flag, and offers them once, so there is no error.
func complete(cmd *cobra.Command, flag string, words ...string) {
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
}

// strictHelp has help and completion refuse words that they do not know. cobra
// answers them with the help of something else, and exit code 0.
func strictHelp(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		switch cmd.Name() {
		case "help":
			show := cmd.Run
			cmd.Run, cmd.RunE = nil, func(cmd *cobra.Command, args []string) error {
				if named, _, err := root.Find(args); len(args) > 0 && (err != nil || named == root) {
					return usagef("there is no command %q", args[0])
				}
				show(cmd, args)
				return nil
			}
		case "completion":
			cmd.Args, cmd.RunE = cobra.ArbitraryArgs, func(cmd *cobra.Command, args []string) error {
				if len(args) > 0 {
					return usagef("%q is none of %s", args[0], strings.Join(namesOf(cmd.Commands()), ", "))
				}
				return cmd.Help()
			}
		}
	}
}

func namesOf(commands []*cobra.Command) []string {
	var names []string
	for _, c := range commands {
		names = append(names, c.Name())
	}
	slices.Sort(names)
	return names
}
