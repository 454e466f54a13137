package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/stateward/stateward/model"
)

// The formats that only doctor prints.
const (
	outputMarkdown = "markdown"
	outputSARIF    = "sarif"
)

// doctorReader gathers what the checks look at; it never fails, each fact that
// could not be read says why.
type doctorReader interface {
	Health(ctx context.Context, b model.Backend) model.HealthFacts
}

func (a *app) doctorCommand(f *flags) *cobra.Command {
	failOn := ""
	cmd := &cobra.Command{
		Use:   "doctor [TARGET...]",
		Short: "Check the health of backends",
		Long: `Check what backends rest on: versioning, access, encryption and keys, lifecycle,
lock tables, digests, locks and the states themselves. docs/doctor.md lists the
checks. What could not be read is unknown, with the missing action; it is neither
a pass nor a fail. Of all backends together at most 64 requests are under way
for each one that --concurrency allows, and never more than 1,024.

With --fail-on the exit code is 4 when a check of that severity or a worse one
failed. What is unknown at that severity is named on stderr.`,
		Example: examples(
			"stateward doctor s3://acme-tfstate-prod",
			"stateward doctor --fail-on high -o sarif"),
		ValidArgsFunction: a.completeTargets(f),
	}
	cmd.RunE = a.with(f, func(ctx context.Context, s *session, args []string) error {
		least, err := parseSeverity(failOn)
		if err != nil {
			return err
		}
		return s.doctor(ctx, args, least)
	})
	cmd.Flags().StringVar(&failOn, "fail-on", "", "exit with 4 when a check of `SEVERITY` or worse failed: critical, high, medium, low or info")
	complete(cmd, "fail-on", severityNames()...)
	acceptOutputs(cmd, f, outputTable, outputJSON, outputMarkdown, outputSARIF)
	return cmd
}

// parseSeverity is "" for none.
func parseSeverity(s string) (model.Severity, error) {
	severity := model.Severity(s)
	if s != "" && !slices.Contains(model.Severities(), severity) {
		return "", usagef("--fail-on: %q is none of %s", s, strings.Join(severityNames(), ", "))
	}
	return severity, nil
}

func severityNames() []string {
	var names []string
	for _, severity := range model.Severities() {
		names = append(names, string(severity))
	}
	return names
}

// diagnosis is how all checks of one backend came out, worst first.
type diagnosis struct {
	backend  model.Backend
	findings []model.Finding
}

// backendsAtOnce is how many backends are looked at for each request that
// --concurrency allows: enough that there is always a request to be sent. What
// bounds the requests of all of them is the reader.
const backendsAtOnce = 16

func (s *session) doctor(ctx context.Context, args []string, least model.Severity) error {
	var p problems
	if s.set.output == outputMarkdown || s.set.output == outputSARIF {
		s.program = model.Program{} // these are reports for others, on whose machines nothing of this one is
	}
	backends, found, err := s.fleet(ctx, args, &p)
	if err != nil {
		return err
	}
	if err := s.nothingFits(ctx, found); err != nil {
		return err
	}
	all := make([]diagnosis, len(backends))
	err = s.metered("checking", "backend", len(backends), func(done func()) error {
		return inParts(ctx, backendsAtOnce*s.set.concurrency, len(backends), func(i int) {
			all[i] = diagnosis{backends[i], model.Diagnose(s.access.Health(ctx, backends[i]))}
			done()
		})
	})
	if err != nil {
		return err
	}
	for _, d := range all {
		p.add(d.nothingRead()...)
	}
	slices.SortStableFunc(all, func(a, b diagnosis) int { return model.CompareFindings(a.findings[0], b.findings[0]) })
	if err := s.printDiagnoses(all, &p); err != nil {
		return err
	}
	return s.judge(all, least, &p)
}

// nothingRead is the problem of a backend of which no fact could be read: it is
// not there, or not for us.
func (d diagnosis) nothingRead() []string {
	if slices.ContainsFunc(d.findings, func(f model.Finding) bool { return f.Status != model.FindingUnknown }) {
		return nil
	}
	return []string{fmt.Sprintf("s3://%s: nothing of it could be read (%s)", d.backend.Bucket, d.findings[0].EvidenceText(1))}
}

// where is the backend as people name it: its name, and its place where that
// says more.
func (d diagnosis) where() string {
	place := "s3://" + d.backend.Bucket
	if d.backend.Prefix != "" {
		place += "/" + d.backend.Prefix
	}
	if name := d.findings[0].Backend; name != d.backend.Bucket {
		return name + "  " + place
	}
	return place
}

// printDiagnoses writes the report. Like every list it is not printed where it
// would be empty for what could not be read.
func (s *session) printDiagnoses(all []diagnosis, p *problems) error {
	for _, text := range p.texts {
		s.say("stateward: not read: %s", text)
	}
	switch {
	case len(all) == 0 && len(p.texts) > 0:
		return nil
	case s.set.output == outputJSON:
		return writeJSON(s.stdout, findingDocs(all))
	case s.set.output == outputSARIF:
		return writeJSON(s.stdout, newSARIF(all))
	case len(all) == 0:
		s.say("no backends")
		return nil
	case s.set.output == outputMarkdown:
		return writeText(s.stdout, doctorMarkdown(all))
	}
	if err := s.writeDoctorTable(all); err != nil {
		return err
	}
	s.say("the remedies: the same command with -o markdown")
	return nil
}

// judge is the exit code of what was found. What is unknown does not count as
// failed, but is told where somebody relies on the code.
func (s *session) judge(all []diagnosis, least model.Severity, p *problems) error {
	failed, unknown := atLeastSeverity(all, least)
	if len(unknown) > 0 {
		s.say("stateward: unknown, and so not counted as failed: %s", strings.Join(unknown, ", "))
	}
	switch {
	case failed > 0:
		return &exitError{exitUnhealthy}
	case len(p.texts) > 0:
		return &exitError{exitFailed}
	}
	return nil
}

// atLeastSeverity are the findings that matter to --fail-on: how many failed, and
// which checks are unknown.
func atLeastSeverity(all []diagnosis, least model.Severity) (failed int, unknown []string) {
	if least == "" {
		return 0, nil
	}
	for _, d := range all {
		for _, f := range d.findings {
			switch {
			case !f.Severity.AtLeast(least):
			case f.Status == model.FindingFail:
				failed++
			case f.Status == model.FindingUnknown:
				unknown = append(unknown, f.ID+" of "+f.Backend)
			}
		}
	}
	return failed, unknown
}
