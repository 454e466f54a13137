package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui/widget"
)

func writeText(w io.Writer, text string) error {
	_, err := io.WriteString(w, text)
	return err
}

// writeDoctorTable writes a paragraph for each backend: what failed or is unknown
// has a line each, the rest is counted.
func (s *session) writeDoctorTable(all []diagnosis) error {
	for i, d := range all {
		head := widget.Sanitize(d.where()) + "\n" + d.counts() + "\n"
		if i > 0 {
			head = "\n" + head
		}
		if err := writeText(s.stdout, head); err != nil {
			return err
		}
		if err := d.table().write(s.stdout, s.columns()); err != nil {
			return err
		}
	}
	return nil
}

// counts says how many checks came out in which way: "3 failed, 1 unknown, 30 passed".
func (d diagnosis) counts() string {
	words := map[model.FindingStatus]string{model.FindingFail: "failed", model.FindingUnknown: "unknown",
		model.FindingPass: "passed", model.FindingNotApplicable: "not applicable"}
	var parts []string
	for _, status := range model.FindingStatuses() {
		if n := len(d.of(status)); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, words[status]))
		}
	}
	return strings.Join(parts, ", ")
}

func (d diagnosis) of(status model.FindingStatus) []model.Finding {
	var some []model.Finding
	for _, f := range d.findings {
		if f.Status == status {
			some = append(some, f)
		}
	}
	return some
}

func (d diagnosis) table() *table {
	t := &table{columns: []column{{title: "status"}, {title: "severity"}, {title: "check"}, {title: "evidence", cut: 24, end: true}}}
	for _, f := range append(d.of(model.FindingFail), d.of(model.FindingUnknown)...) {
		if d.nothingRead() != nil {
			break // said once on stderr
		}
		t.add(string(f.Status), string(f.Severity), f.ID, f.EvidenceText(2))
	}
	return t
}

// doctorMarkdown is the report for an issue or a wiki, with all remedies.
func doctorMarkdown(all []diagnosis) string {
	var b strings.Builder
	b.WriteString("# Health of " + plural(len(all), "backend") + "\n")
	for _, d := range all {
		d.markdown(&b)
	}
	return b.String()
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func (d diagnosis) markdown(b *strings.Builder) {
	fmt.Fprintf(b, "\n## %s\n\n%s\n", markdownText(d.where()), d.counts())
	open := append(d.of(model.FindingFail), d.of(model.FindingUnknown)...)
	if len(open) > 0 {
		b.WriteString("\n| status | severity | check | evidence |\n|---|---|---|---|\n")
	}
	for _, f := range open {
		fmt.Fprintf(b, "| %s | %s | `%s` | %s |\n", f.Status, f.Severity, f.ID, markdownText(f.EvidenceText(3)))
	}
	for _, f := range open {
		markdownFinding(b, f)
	}
	for _, status := range []model.FindingStatus{model.FindingPass, model.FindingNotApplicable} {
		var ids []string
		for _, f := range d.of(status) {
			ids = append(ids, "`"+f.ID+"`")
		}
		if len(ids) > 0 {
			fmt.Fprintf(b, "\n%s: %s\n", map[model.FindingStatus]string{model.FindingPass: "Passed", model.FindingNotApplicable: "Not applicable"}[status], strings.Join(ids, ", "))
		}
	}
}

func markdownFinding(b *strings.Builder, f model.Finding) {
	fmt.Fprintf(b, "\n### %s: %s\n\n%s\n\n", f.ID, f.Title, f.Why)
	for _, e := range f.Evidence {
		fmt.Fprintf(b, "- %s\n", markdownText(e))
	}
	fmt.Fprintf(b, "\n%s\n", f.Remedy.Summary)
	markdownCode(b, "sh", f.Remedy.CLI)
	markdownCode(b, "hcl", f.Remedy.HCL)
	if len(f.References) > 0 {
		fmt.Fprintf(b, "\nSee %s.\n", strings.Join(f.References, ", "))
	}
}

// markdownCode is a fenced block; what was read cannot end it.
func markdownCode(b *strings.Builder, language, code string) {
	if code == "" {
		return
	}
	fence := "```"
	for strings.Contains(code, fence) {
		fence += "`"
	}
	fmt.Fprintf(b, "\n%s%s\n%s\n%s\n", fence, language, sanitizeLines(code), fence)
}

// sanitizeLines sanitises a text of ours and leaves its line breaks.
func sanitizeLines(text string) string {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		lines[i] = widget.Sanitize(l)
	}
	return strings.Join(lines, "\n")
}

// markdownText is a text that was read, in which nothing is markup.
func markdownText(s string) string {
	var b strings.Builder
	for _, r := range widget.Sanitize(s) {
		if strings.ContainsRune("\\`*_[]<>|#&~", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
