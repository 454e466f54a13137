package model

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Severity is how much a failed check matters to whoever relies on the states.
type Severity string

// The severities, the worst first.
const (
	SeverityCritical Severity = "critical"
	SeverityHigh     Severity = "high"
	SeverityMedium   Severity = "medium"
	SeverityLow      Severity = "low"
	SeverityInfo     Severity = "info"
)

// Severities are all severities, the worst first.
func Severities() []Severity {
	return []Severity{SeverityCritical, SeverityHigh, SeverityMedium, SeverityLow, SeverityInfo}
}

// rank is the place of a severity, 0 for the worst.
func (s Severity) rank() int { return slices.Index(Severities(), s) }

// AtLeast reports whether s is as bad as other, or worse.
func (s Severity) AtLeast(other Severity) bool { return s.rank() <= other.rank() }

// FindingStatus is how a check came out.
type FindingStatus string

// The ways a check comes out. Unknown is neither a pass nor a fail: a fact that
// it needs could not be read.
const (
	FindingFail          FindingStatus = "fail"
	FindingUnknown       FindingStatus = "unknown"
	FindingPass          FindingStatus = "pass"
	FindingNotApplicable FindingStatus = "not-applicable"
)

// FindingStatuses are all ways, in the order of a report.
func FindingStatuses() []FindingStatus {
	return []FindingStatus{FindingFail, FindingUnknown, FindingPass, FindingNotApplicable}
}

// Check is one question about a backend. Its ID is a contract: scripts and
// suppressions name it.
type Check struct {
	ID         string
	Severity   Severity
	Title      string   // what is so when it passes: "Versioning is enabled"
	Why        string   // why it matters for state, one or two sentences
	References []string // "Security Hub S3.14", "Checkov CKV_AWS_21", "Trivy AVD-AWS-0090", "AWS Config s3-bucket-versioning-enabled"
	Actions    []string // the IAM actions that its facts need

	judge  func(HealthFacts) judgement
	remedy func(site) Remedy
}

// Remedy is how to make a check pass. CLI and HCL are "" where there is none.
type Remedy struct {
	Summary string // a full imperative sentence
	CLI     string // commands, one a line, quoted for a POSIX shell
	HCL     string // for the configuration that the backend is made by
}

// Finding is how a check came out for one backend.
type Finding struct {
	Check
	Backend  string // its name
	Bucket   string
	Prefix   string
	Status   FindingStatus
	Evidence []string // what was seen, a phrase each; the worst first
	Remedy   Remedy   // zero where nothing is to be done

	parts []phrase
}

// Example is the remedy of the check with placeholders for names.
func (c Check) Example() Remedy {
	return c.remedy(site{bucket: "BUCKET", region: "REGION", account: "ACCOUNT", subjects: []subject{{
		name: "NAME", key: "KEY", table: "TABLE", id: "ID", region: "REGION",
	}}})
}

// Checks are all checks, in the order of docs/doctor.md.
func Checks() []Check {
	return slices.Concat(accessChecks(), storageChecks(), lifecycleChecks(), keyChecks(), tableChecks(), stateChecks(), digestChecks(), lockChecks())
}

// Diagnose runs all checks over the facts of one backend, worst first: what
// failed by severity, then what is unknown, what passed and what does not apply.
func Diagnose(h HealthFacts) []Finding {
	checks := Checks()
	findings := make([]Finding, 0, len(checks))
	for _, c := range checks {
		findings = append(findings, c.find(h))
	}
	slices.SortStableFunc(findings, CompareFindings)
	return findings
}

// CompareFindings puts the worse finding first.
func CompareFindings(a, b Finding) int {
	place := func(f Finding) int { return slices.Index(FindingStatuses(), f.Status) }
	return cmp.Or(cmp.Compare(place(a), place(b)), cmp.Compare(a.Severity.rank(), b.Severity.rank()))
}

func (c Check) find(h HealthFacts) Finding {
	j := c.judge(h)
	f := Finding{Check: c, Backend: h.Backend.name(), Bucket: h.Backend.Bucket, Prefix: h.Backend.Prefix, Status: j.status, Evidence: j.evidence, parts: j.parts}
	switch j.status {
	case FindingFail:
		f.Remedy = c.remedy(siteOf(h, j.subjects))
	case FindingUnknown:
		f.Remedy = Remedy{Summary: howToKnow(j.evidence)}
	default: // nothing is to be done
	}
	return f
}

// howToKnow is what lets a check find out: the actions that were denied.
func howToKnow(evidence []string) string {
	var actions []string
	for _, e := range evidence {
		if _, after, ok := strings.Cut(e, "AccessDenied "); ok {
			action, _, _ := strings.Cut(after, " ")
			actions = append(actions, strings.Trim(action, ".,;:)"))
		}
	}
	slices.Sort(actions)
	if actions = slices.Compact(actions); len(actions) > 0 {
		return "Allow " + strings.Join(actions, ", ") + " to the identity that asks, and look again."
	}
	return "Find out what the evidence names, and look again."
}

// EvidenceText is the evidence as one text, in at most n phrases; 0 is all of it.
// In short, what is said of subjects is said once, before the first n of them:
// a column that is cut keeps what matters.
func (f Finding) EvidenceText(n int) string {
	switch {
	case n <= 0:
		return strings.Join(f.Evidence, "; ")
	case len(f.parts) == 0:
		return atMost(f.Evidence, n)
	}
	var texts []string
	of := map[string][]string{}
	for _, p := range f.parts {
		if of[p.text] == nil {
			texts = append(texts, p.text)
		}
		of[p.text] = append(of[p.text], p.subject)
	}
	for i, text := range texts {
		if of[text][0] != "" {
			texts[i] = text + ": " + inShort(of[text], n)
		}
	}
	return atMost(texts, n)
}

// atMost is the first n phrases, and how many more there are.
func atMost(phrases []string, n int) string {
	if len(phrases) <= n {
		return strings.Join(phrases, "; ")
	}
	return fmt.Sprintf("%s; and %d more", strings.Join(phrases[:n], "; "), len(phrases)-n)
}
