package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/stateward/stateward/model"
)

func (a *app) diffCommand(f *flags) *cobra.Command {
	exitCode := false
	cmd := &cobra.Command{
		Use:   "diff s3://bucket/key [FROM [TO]]",
		Short: "Compare two versions of a state, by resource and attribute",
		Long: `Compare two versions of a state: what was added, removed, moved (the same id at
another address) and changed, then the attributes that differ. FROM and TO are
version ids, as history lists them; without them the current version is compared
with the one before it. What differs in provider, dependencies or other metadata
alone stands apart. Sensitive values are masked, in both versions.

With --exit-code the exit code is 6 when anything but the serial differs.`,
		Example: examples(
			"stateward diff s3://acme-tfstate-data/warehouse/terraform.tfstate",
			"stateward diff s3://acme-tfstate-data/warehouse/terraform.tfstate VERSION --exit-code"),
		Args:              stateAndVersions,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: a.with(f, func(ctx context.Context, s *session, args []string) error {
			return s.diff(ctx, args, exitCode)
		}),
	}
	cmd.Flags().BoolVar(&exitCode, "exit-code", false, "exit with 6 when the versions differ")
	return cmd
}

func stateAndVersions(_ *cobra.Command, args []string) error {
	if len(args) < 1 || len(args) > 3 {
		return usagef("name one state and at most two versions: s3://bucket/key FROM TO")
	}
	return nil
}

func (s *session) diff(ctx context.Context, args []string, exitCode bool) error {
	b, key, err := s.stateOf(args[0])
	if err != nil {
		return err
	}
	s.reach(s.options([]model.Backend{b}, false))
	from, to, err := s.diffVersions(ctx, b, key, args[1:])
	if err != nil {
		return err
	}
	old, new, err := s.bothBodies(ctx, b, key, from, to)
	if err != nil {
		return err
	}
	d, err := model.DiffStates(old, new)
	if err != nil {
		return fmt.Errorf("comparing %s: %w", b.URL(key), err)
	}
	if err := s.printDiff(b, key, old, new, d); err != nil {
		return err
	}
	if exitCode && d.Differ() {
		return &exitError{exitDiffers}
	}
	return nil
}

// diffVersions are the versions that the arguments mean. "" is the current one:
// where both are named nothing needs to be listed.
func (s *session) diffVersions(ctx context.Context, b model.Backend, key string, named []string) (from, to string, err error) {
	switch len(named) {
	case 2:
		return named[0], named[1], nil
	case 1:
		return named[0], "", nil
	}
	var newest []model.Version // the two newest that have content
	deleted := false
	for page, err := range s.access.Versions(ctx, b, key) {
		if err != nil {
			return "", "", err
		}
		for _, v := range page {
			deleted = deleted || v.DeleteMarker && v.IsLatest
			if !v.DeleteMarker && len(newest) < 2 {
				newest = append(newest, v)
			}
		}
		if len(newest) == 2 {
			break
		}
	}
	return s.previousAndCurrent(ctx, b, key, newest, deleted)
}

// previousAndCurrent are the two newest versions, or why there are not two.
func (s *session) previousAndCurrent(ctx context.Context, b model.Backend, key string, newest []model.Version, deleted bool) (from, to string, err error) {
	problem := &model.Failure{Kind: model.ErrNotFound, Tried: "looking for the previous and the current version", On: b.URL(key)}
	switch {
	case len(newest) == 0 && !deleted:
		return "", "", s.access.NoSuchState(ctx, b, key, "comparing the versions")
	case len(newest) < 2:
		problem.Next = "It has one version with content; there is nothing to compare it with."
		if len(newest) == 0 {
			problem.Next = "It has delete markers only."
		}
		return "", "", problem
	case deleted:
		problem.Next = "The state is deleted. To compare its last two versions name them"
		problem.Command = s.program.Command(model.DiffWords(b.URL(key), newest[1].VersionID, newest[0].VersionID)...)
		return "", "", problem
	}
	return newest[1].VersionID, newest[0].VersionID, nil
}

// bothBodies reads two versions at once.
func (s *session) bothBodies(ctx context.Context, b model.Backend, key, from, to string) (old, new *model.StateDocument, err error) {
	ids := [2]string{from, to}
	var docs [2]*model.StateDocument
	var faults [2]error
	if err := s.each(ctx, 2, func(i int) { docs[i], faults[i] = s.access.StateBody(ctx, b, key, ids[i], nil) }); err != nil {
		return nil, nil, err
	}
	for i, fault := range faults {
		if fault != nil {
			return nil, nil, fmt.Errorf("comparing %s, %s: %w", b.URL(key), versionWord(ids[i]), s.nothingToShow(ctx, b, key, ids[i], fault))
		}
	}
	return docs[0], docs[1], nil
}

func versionWord(id string) string {
	if id == "" {
		return "the current version"
	}
	return "version " + id
}

func (s *session) printDiff(b model.Backend, key string, old, new *model.StateDocument, d *model.StateDiff) error {
	if s.set.output == outputJSON {
		doc, err := newDiffDoc(b, key, old, new, d)
		if err != nil {
			return err
		}
		return writeJSON(s.stdout, doc)
	}
	s.say("%s: %s → %s", b.URL(key), documentWord(old), documentWord(new))
	for _, n := range d.Notes {
		s.say("note: %s", n)
	}
	p := diffPrinter{diff: d, style: s.diffStyle(), out: bufio.NewWriter(s.stdout)}
	return errors.Join(p.print(), p.out.Flush())
}

// documentWord names a version by serial and id.
func documentWord(doc *model.StateDocument) string {
	var parts []string
	if n := doc.Index.Serial; n != nil {
		parts = append(parts, "serial "+serialText(*n))
	}
	if doc.VersionID != "" {
		parts = append(parts, "version "+doc.VersionID)
	}
	return orElse(strings.Join(parts, ", "), string(doc.Index.Format))
}
