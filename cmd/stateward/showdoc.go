package main

import (
	"encoding/json"

	"github.com/stateward/stateward/model"
)

// showDoc is the document of show: one version of a state.
type showDoc struct {
	Bucket           string        `json:"bucket"`
	Key              string        `json:"key"`
	Workspace        string        `json:"workspace"`
	VersionID        *string       `json:"version_id"`
	Size             int64         `json:"size"`
	Format           model.Format  `json:"format"`
	Serial           *uint64       `json:"serial"`
	Lineage          *string       `json:"lineage"`
	TerraformVersion *string       `json:"terraform_version"`
	Instances        int           `json:"instances"`
	Resources        []resourceDoc `json:"resources"`
	Outputs          []outputDoc   `json:"outputs"`
	Notes            []string      `json:"notes"`
}

type resourceDoc struct {
	Address   string  `json:"address"`
	Module    *string `json:"module"`
	Mode      string  `json:"mode"`
	Type      string  `json:"type"`
	Name      string  `json:"name"`
	Provider  *string `json:"provider"`
	Instances int     `json:"instances"`
	Tainted   int     `json:"tainted"`
	Deposed   int     `json:"deposed"`
}

// outputDoc is an output. Where it is masked, value says so and sensitive names
// what was taken out, as JSON Pointers.
type outputDoc struct {
	Name      string          `json:"name"`
	Type      json.RawMessage `json:"type"`
	Value     json.RawMessage `json:"value"`
	Sensitive []string        `json:"sensitive"`

	text string // of the value in a table
}

// objectDoc is one object of a resource: the current one of an instance, or a
// deposed one.
type objectDoc struct {
	Address    string          `json:"address"`
	Tainted    bool            `json:"tainted"`
	Deposed    *string         `json:"deposed"`
	Attributes json.RawMessage `json:"attributes"`
	Sensitive  []string        `json:"sensitive"`

	value *model.Value
}

func newShowDoc(s *shownState) (showDoc, error) {
	x := s.doc.Index
	workspace, _, ok := model.Workspace(s.key, s.backend.Workspace.KeyPrefix())
	if !ok {
		workspace = model.DefaultWorkspace
	}
	d := showDoc{Bucket: s.backend.Bucket, Key: s.key, Workspace: workspace, VersionID: text(s.doc.VersionID), Size: int64(len(s.doc.Body)),
		Format: x.Format, Serial: x.Serial, Lineage: x.Lineage, TerraformVersion: x.TerraformVersion, Instances: x.ResourceCount(),
		Resources: make([]resourceDoc, 0, x.Len()), Outputs: make([]outputDoc, 0, len(x.Outputs)), Notes: list(x.Notes())}
	for _, r := range x.Resources() {
		d.Resources = append(d.Resources, resourceDoc{Address: r.Address, Module: text(r.Module), Mode: r.Mode, Type: r.Type, Name: r.Name,
			Provider: text(r.Provider), Instances: r.Instances, Tainted: r.Tainted, Deposed: r.Deposed})
	}
	for _, o := range x.Outputs {
		out, err := s.outputDoc(o)
		if err != nil {
			return d, err
		}
		d.Outputs = append(d.Outputs, out)
	}
	return d, nil
}

func (s *shownState) outputDoc(o model.OutputEntry) (outputDoc, error) {
	v, err := model.OutputValue(s.doc.Body, o, s.doc.Secrets)
	if err != nil {
		return outputDoc{}, err
	}
	d := outputDoc{Name: o.Name, Type: json.RawMessage("null"), text: s.printed(v)}
	if typ := o.Type.In(s.doc.Body); o.Type.Len() > 0 && typ != nil {
		d.Type = s.outputType(typ, o.Sensitive)
	}
	d.Value, d.Sensitive = s.json(v)
	return d, nil
}

// outputType is a type as the state has it. It names the parts of objects: where
// these may not be shown it is what the type is called.
func (s *shownState) outputType(typ json.RawMessage, sensitive bool) json.RawMessage {
	if s.reveal || typ[0] != '[' || !sensitive && !s.doc.Secrets.Hides(string(typ)) {
		return typ
	}
	name, err := json.Marshal(model.TypeName(typ))
	if err != nil { // never for a string
		return json.RawMessage("null")
	}
	return name
}

func (s *shownState) objectDoc(o model.InstanceEntry) (objectDoc, error) {
	v, err := model.Attributes(s.doc.Body, o, s.doc.Secrets)
	if err != nil {
		return objectDoc{}, err
	}
	d := objectDoc{Address: o.Address, Tainted: o.Tainted, Deposed: text(o.Deposed), value: v}
	d.Attributes, d.Sensitive = s.json(v)
	return d, nil
}

// json is a value as JSON. What is hidden of it is the string "(sensitive)", or
// that text inside a string; pointers names the places, as JSON Pointers.
func (s *shownState) json(v *model.Value) (doc json.RawMessage, pointers []string) {
	if s.reveal {
		return json.RawMessage(v.Clear()), []string{}
	}
	doc, pointers = s.doc.Secrets.MaskedJSON(v)
	return doc, list(pointers)
}
