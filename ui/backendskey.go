package ui

import (
	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui/widget"
)

// keyBehind is the key of a backend's default encryption, nil until a report of
// its health tells of it.
func (p *backendsPage) keyBehind(r *backendRow) *model.Key {
	name := r.facts.Encryption.Or(model.Encryption{}).KMSKeyID
	if k, ok := p.host.fleet().health[backendID(r.Backend)].keys[name]; ok && name != "" {
		return &k
	}
	return nil
}

// keyWords names the keys of a backend: as a report of its health calls them, or
// by what their ARN says until there is one.
func (f *fleet) keyWords(b model.Backend) func(arn string) string {
	known := f.health[backendID(b)].keys
	return func(arn string) string {
		if k, ok := known[arn]; ok {
			return "key " + k.Name()
		}
		return "kms " + keyOfARN(arn)
	}
}

// storedCell is how a backend stores objects, with a sign for its key: ↻ rotates,
// ? nobody could say whether, ✖ cannot be used.
func (p *backendsPage) storedCell(r *backendRow) widget.Cell {
	cell, k := factCell(r.facts.Encryption, encryptionCell), p.keyBehind(r)
	switch {
	case k == nil || k.Rotation.NotApplicable != "":
	case k.State.Or("").OutOfService():
		return bad(cell.Text + " ✖")
	case k.Rotation.Enabled.IsUnknown():
		cell.Text += " " + signUnknown
	case k.Rotation.Enabled.Or(false):
		cell.Text += " ↻"
	}
	return cell
}

// storedParts says more of it: which key, and when it rotates.
func (p *backendsPage) storedParts(r *backendRow) []widget.Cell {
	k := p.keyBehind(r)
	if k == nil {
		return factWords(r.facts.Encryption, encryptionWords)
	}
	name, on := "key "+k.Name(), k.Rotation.Enabled
	switch {
	case k.State.Or("").OutOfService():
		return []widget.Cell{bad("✖ " + name + ": " + k.StateWords(p.host.serviceNow()))}
	case k.Rotation.NotApplicable != "" || on.IsUnknown():
		return why(why([]widget.Cell{text(name)}, "its state", k.State), "its rotation", on)
	case on.IsKnown() && !on.Or(false):
		return []widget.Cell{text(name + " does not rotate")}
	}
	return []widget.Cell{text(name + " " + k.RotationWords(p.host.serviceNow()))}
}
