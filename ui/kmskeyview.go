package ui

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui/widget"
)

func kmsKeyColumns() []column[model.Key] {
	return []column[model.Key]{
		{widget.Column{Title: "KEY", Min: 15, Max: 44, Weight: 1, Cut: widget.CutMiddle},
			func(a, b *model.Key) int { return strings.Compare(a.Name(), b.Name()) }},
		{widget.Column{Title: "STATE", Min: 14, Max: 24, Weight: 1},
			func(a, b *model.Key) int { return strings.Compare(string(a.State.Or("")), string(b.State.Or(""))) }},
		{widget.Column{Title: "ROTATION", Min: 19, Max: 26, Weight: 1},
			func(a, b *model.Key) int { return compareFacts(a.Rotation.Next, b.Rotation.Next, time.Time.Compare) }},
		{widget.Column{Title: "STATES", Min: 6, Right: true, Drop: 1},
			func(a, b *model.Key) int { return cmp.Compare(b.UsedBy.Current(), a.UsedBy.Current()) }},
		{widget.Column{Title: "OLD", Min: 5, Right: true, Drop: 2},
			func(a, b *model.Key) int { return cmp.Compare(b.UsedBy.Noncurrent, a.UsedBy.Noncurrent) }},
		{widget.Column{Title: "FINDINGS", Min: 8}, nil},
		{widget.Column{Title: "TABLES", Min: 6, Right: true, Drop: 3},
			func(a, b *model.Key) int { return cmp.Compare(len(b.UsedBy.Tables), len(a.UsedBy.Tables)) }},
	}
}

func kmsKeyCells(cells []widget.Cell, k *model.Key, now time.Time) []widget.Cell {
	u := &k.UsedBy
	partial := len(u.Unread) > 0
	return append(cells, text(k.Name()), kmsStateCell(k, now), rotationCell(k, now),
		countCell(u.Current(), partial), countCell(u.Noncurrent, partial || u.AtLeast), findingsCell(k.Findings), countCell(len(u.Tables), false))
}

func countCell(n int, more bool) widget.Cell {
	if n == 0 && !more {
		return none()
	}
	return text(atLeast(n, more))
}

// kmsStateCell is the state of a key; of a deletion how long there is to stop
// it. The detail names its date.
func kmsStateCell(k *model.Key, now time.Time) widget.Cell {
	return factCell(k.State, func(s model.KeyState) widget.Cell {
		switch {
		case s == model.KeyEnabled:
			return good(string(s))
		case !s.OutOfService():
			return text(string(s))
		}
		if words := k.StateWords(now); strings.Contains(words, ": ") {
			_, left, _ := strings.Cut(words, ": ")
			left, _, _ = strings.Cut(left, " (")
			return bad("✖ " + left)
		}
		return bad("✖ " + string(s))
	})
}

func rotationCell(k *model.Key, now time.Time) widget.Cell {
	r, words := k.Rotation, k.RotationWords(now)
	switch on, ok := r.Enabled.Get(); {
	case r.NotApplicable != "":
		return dim(words)
	case r.Enabled.IsUnknown():
		return unknown()
	case !ok:
		return unread()
	case k.State.Or("") == model.KeyPendingDeletion:
		return dim(words)
	case !on:
		return warn("▲ " + words)
	}
	return text(words)
}

// findingsCell counts findings by how much they matter: "✖ 1 ▲ 2", or "3 low".
func findingsCell(findings []model.KeyFinding) widget.Cell {
	bads, looks := 0, 0
	for _, f := range findings {
		if tone := findingTone(f); tone == widget.Bad {
			bads++
		} else if tone == widget.Warn {
			looks++
		}
	}
	words, tone := "", widget.Plain
	if bads > 0 {
		words, tone = fmt.Sprintf("✖ %d ", bads), widget.Bad
	}
	if looks > 0 {
		words, tone = words+fmt.Sprintf("▲ %d", looks), max(tone, widget.Warn)
	}
	if words == "" && len(findings) > 0 {
		return dim(fmt.Sprintf("%d low", len(findings)))
	}
	return widget.Cell{Text: first(strings.TrimSpace(words), signNone), Tone: tone}
}

func findingTone(f model.KeyFinding) widget.Tone {
	switch f.Severity {
	case "critical", "high":
		return widget.Bad
	case "medium":
		return widget.Warn
	}
	return widget.Plain
}

func findingLine(f model.KeyFinding) journalLine {
	sign := map[widget.Tone]string{widget.Bad: "✖ ", widget.Warn: "▲ "}[findingTone(f)]
	return journalLine{label: sign + f.Severity, text: f.Text, tone: findingTone(f)}
}

// progress says how far the reading has come, and what was left out.
func (p *kmsKeysPage) progress(st widget.Styles, w int) []string {
	at := p.ring.Progress()
	switch {
	case p.busy && at.States > 0:
		return wrapped(st, widget.Dim, "", fmt.Sprintf("reading: %s of %s, %s looked at", count(at.Read), plural(at.States, "state"), plural(at.Versions, "version")), w, 1)
	case !p.busy && at.Bounded > 0:
		return wrapped(st, widget.Dim, "", "older versions of "+plural(at.Bounded, "state")+" were not looked at; --versions all does", w, 1)
	}
	return nil
}

func (p *kmsKeysPage) details(st widget.Styles, w, h int) []string {
	k := p.list.current()
	if k == nil {
		return nil
	}
	lines := flow(st, k.Name(), kmsKeyParts(k, p.host.serviceNow()), w, 4)
	about := blastLines(k)
	for _, f := range k.Findings {
		about = append(about, findingLine(f))
	}
	return clipLines(append(lines, aboutLines(st, about, w, 2)...), w, h)
}

// kmsKeyParts is the detail of a key: what it is, and why a value could not be read.
func kmsKeyParts(k *model.Key, now time.Time) []widget.Cell {
	var parts []widget.Cell
	if words := k.StateWords(now); k.State.Or("").OutOfService() {
		parts = append(parts, bad("✖ "+words))
	}
	parts = append(parts, factWords(k.Manager, managerWords)...)
	parts = append(parts, kindParts(k)...)
	if k.Region != "" {
		parts = append(parts, text(k.Region))
	}
	parts = why(parts, "state", k.State)
	parts = why(parts, "aliases", k.Aliases)
	parts = why(parts, "rotation", k.Rotation.Enabled)
	parts = why(parts, "rotations", k.Rotation.History)
	parts = why(parts, "policy", k.Policy)
	return append(parts, dim(first(k.ARN, k.ID)))
}

func managerWords(m model.KeyManager) string {
	if m == model.ManagerAWS {
		return "managed by AWS"
	}
	return "customer managed"
}

// kindParts is what kind of key it is, as far as that is out of the ordinary.
func kindParts(k *model.Key) []widget.Cell {
	var parts []widget.Cell
	if spec := k.Spec.Or("SYMMETRIC_DEFAULT"); spec != "SYMMETRIC_DEFAULT" {
		parts = append(parts, text(spec))
	}
	if origin := k.Origin.Or("AWS_KMS"); origin != "AWS_KMS" {
		parts = append(parts, text("origin "+origin))
	}
	if k.MultiRegion.Or(false) {
		parts = append(parts, text("multi-region"))
	}
	return parts
}

// blastLines is what depends on the key, under one label.
func blastLines(k *model.Key) []journalLine {
	label, tone := "If gone", widget.Plain
	if k.State.Or("").OutOfService() {
		label, tone = "Lost now", widget.Bad
	}
	var lines []journalLine
	for i, sentence := range k.BlastRadius() {
		if i > 0 {
			label = ""
		}
		lines = append(lines, journalLine{label: label, text: sentence, tone: tone})
	}
	return lines
}
