package ui

import (
	"strconv"

	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui/widget"
)

// serialCell is the serial of a state; a format without one, or bytes that are
// no state, have none.
func serialCell(h model.StateHeader) widget.Cell {
	switch {
	case h.Serial != nil:
		return text(strconv.FormatUint(*h.Serial, 10))
	case h.Format == model.FormatInvalid:
		return bad("✖")
	}
	return none()
}

// toolCell is the version of Terraform or OpenTofu that wrote a state.
func toolCell(h model.StateHeader) widget.Cell {
	if h.TerraformVersion != nil {
		return orNone(*h.TerraformVersion)
	}
	if h.Format == model.FormatEncrypted {
		return text("tofu")
	}
	return none()
}

// headerWords is what the front of a state says beside its serial.
func headerWords(f model.Fact[model.StateHeader]) []widget.Cell {
	h, ok := f.Get()
	if !ok {
		return nil
	}
	var parts []widget.Cell
	switch h.Format {
	case model.FormatInvalid:
		parts = append(parts, bad("✖ not a state: "+h.Problem))
	case model.FormatEmpty:
		parts = append(parts, warn("empty: no bytes at all"))
	case model.FormatEncrypted:
		parts = append(parts, text("encrypted by OpenTofu"))
	case model.FormatV4, model.FormatUnknown:
	case model.FormatV0, model.FormatV1, model.FormatV2, model.FormatV3:
		parts = append(parts, warn("old format "+string(h.Format)))
	}
	if h.TerraformVersion != nil && *h.TerraformVersion != "" {
		parts = append(parts, text("terraform "+*h.TerraformVersion))
	}
	if h.Lineage != nil && *h.Lineage != "" {
		parts = append(parts, dim("lineage "+*h.Lineage))
	}
	for _, n := range h.Notes() {
		parts = append(parts, warn("▲ "+n))
	}
	return parts
}
