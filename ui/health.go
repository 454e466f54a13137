package ui

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui/widget"
)

// healthReader gathers the facts that the checks of a backend look at.
type healthReader interface {
	Health(ctx context.Context, b model.Backend) model.HealthFacts
}

// healthReport is how the checks of a backend came out, and when. Both the page
// of backends and that of health read them; whoever has one tells the other.
type healthReport struct {
	backend  model.Backend
	findings []model.Finding // worst first
	at       time.Time       // on our clock, when it was asked for
	round    int             // of the fleet, when it was asked for
	failed   map[model.Severity]int
	others   map[model.FindingStatus]int
	keys     map[string]model.Key // by the names that the backend's facts have for them
}

func readHealth(ctx context.Context, read healthReader, b model.Backend, now time.Time, round int) healthReport {
	facts := read.Health(ctx, b)
	r := healthReport{backend: b, at: now, round: round, keys: facts.Keys}
	r.add(model.Diagnose(facts))
	return r
}

func (r *healthReport) add(findings []model.Finding) {
	if r.failed == nil {
		r.failed, r.others = map[model.Severity]int{}, map[model.FindingStatus]int{}
	}
	r.findings = append(r.findings, findings...)
	for i := range findings {
		if f := &findings[i]; f.Status == model.FindingFail {
			r.failed[f.Severity]++
		} else {
			r.others[f.Status]++
		}
	}
}

// keep tells the other pages of a report.
func (f *fleet) keep(r healthReport) {
	if f.health == nil {
		f.health = map[string]healthReport{}
	}
	f.health[backendID(r.backend)] = r
}

// fresh is a report that nothing was changed since. An old one is kept until a
// newer one is there: it is better than none.
func (f *fleet) fresh(id string) (healthReport, bool) {
	r, ok := f.health[id]
	return r, ok && r.round == f.round
}

// aged makes one report old.
func (f *fleet) aged(id string) {
	if r, ok := f.health[id]; ok {
		r.round = -1
		f.health[id] = r
	}
}

// summary is the worst of a report in two words: what failed, by the worst
// severity. What is only worth knowing (info) does not make a backend bad, and
// what is not known keeps it from being good.
func (r *healthReport) summary() widget.Cell {
	for _, s := range model.Severities() {
		n := r.failed[s]
		switch {
		case n == 0:
		case s == model.SeverityCritical:
			return bad("✖ " + count(n) + " critical")
		case s == model.SeverityHigh, s == model.SeverityMedium:
			return warn("▲ " + count(n) + " " + string(s))
		case s == model.SeverityLow:
			return text(count(n) + " low")
		}
	}
	switch n := r.others[model.FindingUnknown]; {
	case slices.ContainsFunc(r.findings, criticalUnknown):
		return text("? " + count(n) + " unknown")
	case n > 0:
		return text("● good, " + count(n) + " ?")
	}
	return good("● good")
}

// criticalUnknown reports whether nobody knows what matters most: nothing is good
// then.
func criticalUnknown(f model.Finding) bool {
	return f.Status == model.FindingUnknown && f.Severity == model.SeverityCritical
}

// account is all of a report in one line.
func (r *healthReport) account() string {
	var parts []string
	for _, s := range model.Severities() {
		if n := r.failed[s]; n > 0 {
			parts = append(parts, count(n)+" "+string(s))
		}
	}
	if len(parts) == 0 {
		parts = append(parts, "nothing failed")
	}
	if n := r.others[model.FindingUnknown]; n > 0 {
		parts = append(parts, count(n)+" unknown")
	}
	return strings.Join(parts, ", ")
}

// sign is how bad a report is at a glance.
func (r *healthReport) sign() widget.Cell {
	cell := r.summary()
	if sign, _, _ := strings.Cut(cell.Text, " "); sign == "✖" || sign == "▲" || sign == "●" {
		return widget.Cell{Text: sign, Tone: cell.Tone}
	}
	return widget.Cell{Text: "", Tone: cell.Tone}
}

// compareReports puts the worse backend first.
func compareReports(a, b *healthReport) int {
	for _, s := range model.Severities() {
		if c := cmp.Compare(b.failed[s], a.failed[s]); c != 0 {
			return c
		}
	}
	return cmp.Or(cmp.Compare(b.others[model.FindingUnknown], a.others[model.FindingUnknown]),
		strings.Compare(backendName(a.backend), backendName(b.backend)))
}

// healthRow is a line of the page: a backend, one of its findings, or its passes
// folded into one.
type healthRow struct {
	report  *healthReport
	finding *model.Finding // nil for the backend itself and for its passes
	passes  bool
	place   int // within the backend
}

func (r *healthRow) id() string {
	switch {
	case r.finding != nil:
		return backendID(r.report.backend) + "\x00" + r.finding.ID
	case r.passes:
		return backendID(r.report.backend) + "\x00"
	}
	return backendID(r.report.backend)
}

// healthRows are the lines of one backend, those of its passes one by one only
// when they are unfolded.
func healthRows(r *healthReport, unfolded bool) []healthRow {
	rows := []healthRow{{report: r}}
	for i := range r.findings {
		f := &r.findings[i]
		if settled := f.Status == model.FindingPass || f.Status == model.FindingNotApplicable; unfolded || !settled {
			rows = append(rows, healthRow{report: r, finding: f, place: len(rows)})
		}
	}
	return append(rows, healthRow{report: r, passes: true, place: len(rows)})
}

// compareHealthRows keeps the lines of a backend together, the worst backend
// first.
func compareHealthRows(a, b *healthRow) int {
	if a.report != b.report {
		if c := compareReports(a.report, b.report); c != 0 {
			return c
		}
		return strings.Compare(backendID(a.report.backend), backendID(b.report.backend))
	}
	return cmp.Compare(a.place, b.place)
}

// words is what the filter looks at. A backend stays with any of its findings.
func (r *healthRow) words() string {
	name := backendName(r.report.backend)
	switch {
	case r.finding != nil:
		return name + " " + findingText(r.finding)
	case r.passes:
		return name + " pass"
	}
	words := []string{name}
	for i := range r.report.findings {
		words = append(words, findingText(&r.report.findings[i]))
	}
	return strings.Join(words, " ")
}

func findingText(f *model.Finding) string {
	return strings.Join([]string{f.ID, string(f.Severity), string(f.Status), f.Title, f.EvidenceText(0)}, " ")
}

func healthColumns() []column[healthRow] {
	return []column[healthRow]{
		{widget.Column{Title: "SEVERITY", Min: 8}, nil},
		{widget.Column{Title: "CHECK", Min: 27, Max: 32, Weight: 1, Cut: widget.CutMiddle}, nil},
		{widget.Column{Title: "STATUS", Min: 9}, nil},
		{widget.Column{Title: "EVIDENCE", Min: 16, Max: 200, Weight: 3}, nil},
	}
}

func healthCells(cells []widget.Cell, r *healthRow) []widget.Cell {
	switch {
	case r.finding != nil:
		f := r.finding
		return append(cells, widget.Cell{Text: string(f.Severity), Tone: severityTone(f)}, text(" "+f.ID), statusCell(f), text(f.EvidenceText(3)))
	case r.passes:
		passed, left := r.report.others[model.FindingPass], r.report.others[model.FindingNotApplicable]
		rest := none()
		if left > 0 {
			rest = dim(count(left) + " do not apply")
		}
		return append(cells, none(), dim(" "+plural(passed, "check")+" passed"), good("● pass"), rest)
	}
	name := backendName(r.report.backend)
	return append(cells, r.report.sign(), widget.Cell{Text: name, Tone: widget.Accent}, text(""), widget.Cell{Text: r.report.account(), Tone: r.report.sign().Tone})
}

func severityTone(f *model.Finding) widget.Tone {
	switch {
	case f.Status != model.FindingFail:
		return widget.Dim
	case f.Severity == model.SeverityCritical:
		return widget.Bad
	case f.Severity.AtLeast(model.SeverityMedium):
		return widget.Warn
	}
	return widget.Plain
}

// severitySign says what to do about a failed check: act, look, or know.
func severitySign(s model.Severity) string {
	switch s {
	case model.SeverityCritical:
		return "✖"
	case model.SeverityHigh, model.SeverityMedium:
		return "▲"
	case model.SeverityLow, model.SeverityInfo:
	}
	return " "
}

func statusCell(f *model.Finding) widget.Cell {
	switch f.Status {
	case model.FindingFail:
		return widget.Cell{Text: severitySign(f.Severity) + " fail", Tone: severityTone(f)}
	case model.FindingUnknown:
		return warn("? unknown")
	case model.FindingPass:
		return good("● pass")
	case model.FindingNotApplicable:
		return dim("- n/a")
	}
	return unknown()
}
