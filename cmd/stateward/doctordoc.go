package main

import "github.com/stateward/stateward/model"

// findingDoc is one check of one backend in -o json.
type findingDoc struct {
	Backend    string              `json:"backend"`
	Bucket     string              `json:"bucket"`
	Prefix     string              `json:"prefix"`
	ID         string              `json:"id"`
	Severity   model.Severity      `json:"severity"`
	Status     model.FindingStatus `json:"status"`
	Title      string              `json:"title"`
	Why        string              `json:"why"`
	Evidence   string              `json:"evidence"`
	Remedy     *remedyDoc          `json:"remedy"`
	References []string            `json:"references"`
	Actions    []string            `json:"actions"`
}

type remedyDoc struct {
	Summary string  `json:"summary"`
	CLI     *string `json:"cli"`
	HCL     *string `json:"hcl"`
}

func findingDocs(all []diagnosis) []findingDoc {
	docs := []findingDoc{}
	for _, d := range all {
		for _, f := range d.findings {
			docs = append(docs, newFindingDoc(f))
		}
	}
	return docs
}

func newFindingDoc(f model.Finding) findingDoc {
	d := findingDoc{Backend: f.Backend, Bucket: f.Bucket, Prefix: f.Prefix, ID: f.ID, Severity: f.Severity, Status: f.Status,
		Title: f.Title, Why: f.Why, Evidence: f.EvidenceText(0), References: list(f.References), Actions: list(f.Actions)}
	if f.Remedy != (model.Remedy{}) {
		d.Remedy = &remedyDoc{Summary: f.Remedy.Summary, CLI: text(f.Remedy.CLI), HCL: text(f.Remedy.HCL)}
	}
	return d
}
