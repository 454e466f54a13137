package main

import (
	"encoding/json"

	"github.com/stateward/stateward/model"
)

type diffDoc struct {
	Bucket    string          `json:"bucket"`
	Key       string          `json:"key"`
	From      diffVersionDoc  `json:"from"`
	To        diffVersionDoc  `json:"to"`
	Differ    bool            `json:"differ"`
	Summary   diffSummaryDoc  `json:"summary"`
	Header    []diffFieldDoc  `json:"header"`
	Outputs   []diffOutputDoc `json:"outputs"`
	Resources []diffEntryDoc  `json:"resources"`
	Notes     []string        `json:"notes"`
}

type diffVersionDoc struct {
	VersionID        *string      `json:"version_id"`
	Format           model.Format `json:"format"`
	Serial           *uint64      `json:"serial"`
	Lineage          *string      `json:"lineage"`
	TerraformVersion *string      `json:"terraform_version"`
	Resources        int          `json:"resources"`
}

type diffSummaryDoc struct {
	Added     int `json:"added"`
	Removed   int `json:"removed"`
	Moved     int `json:"moved"`
	Changed   int `json:"changed"`
	Metadata  int `json:"metadata"`
	Unchanged int `json:"unchanged"`
	Outputs   int `json:"outputs"`
}

type diffFieldDoc struct {
	Name string  `json:"name"`
	Old  *string `json:"old"`
	New  *string `json:"new"`
}

type diffOutputDoc struct {
	Name       string             `json:"name"`
	Kind       model.DiffKind     `json:"kind"`
	Notes      []string           `json:"notes"`
	Attributes []diffAttributeDoc `json:"attributes"`
}

type diffEntryDoc struct {
	Address    string             `json:"address"`
	Kind       model.DiffKind     `json:"kind"`
	MovedFrom  *string            `json:"moved_from"`
	Type       string             `json:"type"`
	Notes      []string           `json:"notes"`
	Attributes []diffAttributeDoc `json:"attributes"`
	Metadata   []diffFieldDoc     `json:"metadata"`
}

type diffAttributeDoc struct {
	Path      string          `json:"path"`
	Kind      model.DiffKind  `json:"kind"`
	Old       json.RawMessage `json:"old"`
	New       json.RawMessage `json:"new"`
	Sensitive bool            `json:"sensitive"`
	Unified   *string         `json:"unified"`
	Note      *string         `json:"note"`
}

func newDiffDoc(b model.Backend, key string, old, new *model.StateDocument, d *model.StateDiff) (diffDoc, error) {
	s := d.Summary
	doc := diffDoc{Bucket: b.Bucket, Key: key, From: newDiffVersionDoc(old), To: newDiffVersionDoc(new), Differ: d.Differ(),
		Summary: diffSummaryDoc{s.Added, s.Removed, s.Moved, s.Changed, s.Metadata, s.Unchanged, s.Outputs},
		Header:  fieldDocs(d.Header), Outputs: []diffOutputDoc{}, Resources: []diffEntryDoc{}, Notes: list(d.Notes)}
	for _, e := range d.Entries {
		attributes, err := attributeDocs(d, e)
		if err != nil {
			return doc, err
		}
		if e.Output {
			doc.Outputs = append(doc.Outputs, diffOutputDoc{e.Name(), e.Kind, list(e.Notes), attributes})
			continue
		}
		doc.Resources = append(doc.Resources, diffEntryDoc{Address: e.Address, Kind: e.Kind, MovedFrom: text(e.From), Type: e.Type,
			Notes: list(e.Notes), Attributes: attributes, Metadata: fieldDocs(e.Metadata)})
	}
	return doc, nil
}

func newDiffVersionDoc(doc *model.StateDocument) diffVersionDoc {
	h := doc.Index.StateHeader
	return diffVersionDoc{VersionID: text(doc.VersionID), Format: h.Format, Serial: h.Serial, Lineage: h.Lineage,
		TerraformVersion: h.TerraformVersion, Resources: doc.Index.ResourceCount()}
}

func fieldDocs(fields []model.DiffField) []diffFieldDoc {
	docs := make([]diffFieldDoc, 0, len(fields))
	for _, f := range fields {
		docs = append(docs, diffFieldDoc{f.Name, text(f.Old), text(f.New)})
	}
	return docs
}

// attributeDocs are the attributes that differ. Of a resource that came or went
// as a whole there are none: show has them.
func attributeDocs(d *model.StateDiff, e *model.DiffEntry) ([]diffAttributeDoc, error) {
	docs := []diffAttributeDoc{}
	if !e.Output && (e.Kind == model.DiffAdded || e.Kind == model.DiffRemoved) {
		return docs, nil
	}
	changes, err := d.Attributes(e)
	for _, c := range changes {
		docs = append(docs, diffAttributeDoc{Path: c.Path, Kind: c.Kind, Old: rawJSON(c.Old), New: rawJSON(c.New),
			Sensitive: c.Sensitive, Unified: text(c.Unified), Note: text(c.Note)})
	}
	return docs, err
}

// rawJSON is a value that is JSON already; null when there is none.
func rawJSON(value string) json.RawMessage {
	if value == "" {
		return json.RawMessage("null")
	}
	return json.RawMessage(value)
}
