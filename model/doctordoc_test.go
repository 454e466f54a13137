package model

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/doctor.md")

// TestTheDoctorPageOfTheDocs pins docs/doctor.md to the checks; -update writes it.
func TestTheDoctorPageOfTheDocs(t *testing.T) {
	const file = "../docs/doctor.md"
	got := doctorDoc()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; go test ./model -run Doctor -update writes it", err)
	}
	if string(want) != got {
		t.Errorf("%s differs from the checks; look at them, then go test ./model -run Doctor -update", file)
	}
}

const doctorIntro = `# Doctor: the health of backends

<!-- Written by ` + "`go test ./model -run Doctor -update`" + ` from the checks; changes made here are lost. -->

` + "`stateward doctor [TARGET...]`" + ` runs %d checks on every backend. It only reads, and the health page of the UI shows the same.

- A check **fails**, **passes**, does **not apply**, or is **unknown**: a fact that it needs could not be read. Unknown is never a pass; the
  evidence names the action that is missing.
- ` + "`--fail-on SEVERITY`" + ` makes the exit code 4 when a check of that severity or a worse one failed. What is unknown at that severity does not
  count as failed, and is named on stderr.
- ` + "`-o table`" + ` has a line for everything that failed or is unknown. ` + "`-o markdown`" + ` and ` + "`-o json`" + ` add why it matters, and the remedy as commands with the
  real names and as HCL. ` + "`-o sarif`" + ` (SARIF 2.1.0) has what failed, and what is unknown with the kind ` + "`open`" + `; what passed is left out.
- Policies are judged by their effect, not by the names of their statements: an explicit deny wins, wildcards, NotAction, NotResource,
  NotPrincipal and conditions count. What cannot be evaluated is unknown. Policies of organisations (SCP, RCP) and of identities are not seen.
- A command of a remedy is to be read before it is run. Those that replace a whole policy or lifecycle say so.

| check | severity | passes when |
|---|---|---|
`

func doctorDoc() string {
	var doc strings.Builder
	fmt.Fprintf(&doc, doctorIntro, len(Checks()))
	for _, c := range Checks() {
		fmt.Fprintf(&doc, "| [`%s`](#%s) | %s | %s |\n", c.ID, c.ID, c.Severity, c.Title)
	}
	doc.WriteString("\nThe ids are a contract: they do not change. The remedies below have placeholders for names.\n")
	for _, c := range Checks() {
		writeCheck(&doc, c)
	}
	return doc.String()
}

func writeCheck(doc *strings.Builder, c Check) {
	r := c.Example()
	fmt.Fprintf(doc, "\n## %s\n\n**%s.** %s\n\n%s\n", c.ID, c.Title, c.Why, r.Summary)
	for _, block := range []struct{ language, code string }{{"sh", r.CLI}, {"hcl", r.HCL}} {
		if block.code != "" {
			fmt.Fprintf(doc, "\n```%s\n%s\n```\n", block.language, block.code)
		}
	}
	notes := []string{"Severity: " + string(c.Severity)}
	if len(c.Actions) > 0 {
		notes = append(notes, "Reads with: "+strings.Join(c.Actions, ", "))
	}
	if len(c.References) > 0 {
		notes = append(notes, "See: "+strings.Join(c.References, ", "))
	}
	fmt.Fprintf(doc, "\n%s.\n", strings.Join(notes, ". "))
}
