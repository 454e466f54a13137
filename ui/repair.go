package ui

import (
	"context"

	tea "charm.land/bubbletea/v2"

	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui/widget"
)

// wrongDigest reports whether a digest is known to be other than it should.
func wrongDigest(f model.Fact[model.DigestVerdict]) bool {
	v, known := f.Get()
	return known && v != model.DigestMatch && v != model.DigestNotUsed
}

// noRepair is why a digest cannot be repaired, as far as is known.
func noRepair(b model.Backend, digest model.Fact[model.DigestVerdict]) string {
	v, known := digest.Get()
	switch {
	case b.Policy.ReadOnly:
		return "the policy of this backend is read-only"
	case digest.IsUnknown():
		return "the digest could not be read: " + digest.Reason()
	case !known:
		return "the digest is not read yet"
	case v == model.DigestMatch:
		return "the digest matches the state"
	case v == model.DigestNotUsed:
		return "no digest is kept of this state"
	}
	return ""
}

// digestParts says what a digest that is wrong means, and what repairs it.
func digestParts(f model.Fact[model.DigestVerdict]) []widget.Cell {
	v, known := f.Get()
	if !known {
		return nil
	}
	switch v {
	case model.DigestMismatch:
		return []widget.Cell{bad("✖ its digest is not that of its bytes, so no client reads it: D repairs")}
	case model.DigestMalformed:
		return []widget.Cell{bad("✖ its digest is not one that a client wrote, so no client reads it: D repairs")}
	case model.DigestMissing:
		return []widget.Cell{bad("✖ its digest is missing: D repairs")}
	case model.DigestOrphan:
		return []widget.Cell{bad("✖ there is a digest but no state: D repairs")}
	case model.DigestMatch, model.DigestNotUsed:
	}
	return nil
}

// way is one of the plans that serve a purpose.
type way struct {
	title string // what it does, on its button: "Force-unlock", "Restore"
	offer string // what turning to it does
	make  func(ctx context.Context, reason string) (*model.Plan, error)
	fits  func(shown *model.Plan) bool // whether it is offered beside that plan; nil: always
}

// planRepair opens the guard on the repair of a digest: it is set to that of
// the bytes, or, where it belongs to an older version, that one is restored.
func planRepair(h host, b model.Backend, key string) *planDialog {
	op := h.operator()
	plan := func(to model.RepairTo) func(context.Context, string) (*model.Plan, error) {
		return func(ctx context.Context, reason string) (*model.Plan, error) {
			return op.PlanRepair(ctx, b, key, model.RepairRequest{To: to, Reason: reason})
		}
	}
	d := newPlanDialog(h, b, key, way{title: "Repair digest", make: plan(model.RepairToBytes),
		offer: "ctrl+o goes back: set the digest to that of the bytes instead."})
	d.other = &way{title: "Restore", make: plan(model.RepairToVersion), fits: namesVersion,
		offer: "It belongs to an older version: ctrl+o plans to restore that one instead."}
	return d
}

// namesVersion reports whether a repair found the version that the digest
// belongs to.
func namesVersion(p *model.Plan) bool {
	return p != nil && p.Repair != nil && len(p.Repair.Named) > 0
}

// offered reports whether the operator may turn to the other plan.
func (d *planDialog) offered() bool {
	shown := d.plan != nil || d.err != nil
	return d.other != nil && d.task == nil && shown && (d.other.fits == nil || d.other.fits(d.plan))
}

// turn works out the other plan. What was typed for this one is not taken over.
func (d *planDialog) turn() tea.Cmd {
	if !d.offered() {
		d.said = "there is no other way to plan this"
		return nil
	}
	d.way, *d.other = *d.other, d.way
	d.plan, d.err, d.scroll = nil, nil, 0
	return d.workOut()
}

func (d *planDialog) offerLines(st widget.Styles, w int) []string {
	if !d.offered() {
		return nil
	}
	var lines []string
	for _, l := range widget.Wrap(d.other.offer, w) {
		lines = append(lines, st.Accent.Render(l))
	}
	return lines
}
