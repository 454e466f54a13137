package ui

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui/widget"
)

func (t *versionsTab) cells(v *model.Version, cells []widget.Cell) []widget.Cell {
	when, by := text(ago(t.host.serviceNow(), v.LastModified)), authorCell(v)
	if v.DeleteMarker {
		return append(cells, none(), when, by, none(), none(), none(), none(), none(), none(), t.versionNote(v), dim(v.VersionID))
	}
	f := &v.Facts
	return append(cells,
		factCell(f.Header, serialCell),
		when,
		by,
		t.resourcesCell(v),
		changeCell(v),
		text(size(v.Size)),
		factCell(f.Encryption, encryptionCell),
		factCell(f.Header, t.lineageCell),
		factCell(f.Header, toolCell),
		t.versionNote(v),
		dim(v.VersionID),
	)
}

// authorCell is who wrote a version, or who may have.
func authorCell(v *model.Version) widget.Cell {
	if v.HeldBy.Who != "" {
		return dim(signUnknown + " " + authorWords(v.HeldBy))
	}
	return factCell(v.WrittenBy, func(a model.Author) widget.Cell { return text(authorWords(a)) })
}

func authorWords(a model.Author) string {
	return strings.TrimSpace(a.Who + " " + strings.TrimPrefix(a.OperationName(), "stateward-"))
}

// resourcesCell is the number of resources. Losing half of them needs a look.
func (t *versionsTab) resourcesCell(v *model.Version) widget.Cell {
	cell := factCell(v.Facts.Resources, func(n int) widget.Cell { return text(count(n)) })
	if hasRule(v, model.RuleResourcesHalved) {
		cell.Tone = widget.Warn
	}
	return cell
}

func hasRule(v *model.Version, rule model.Rule) bool {
	return slices.ContainsFunc(v.Anomalies, func(a model.Anomaly) bool { return a.Rule == rule })
}

// changeCell is what the version changed; blank where it changed nothing.
func changeCell(v *model.Version) widget.Cell {
	c, ok := v.Change.Get()
	switch {
	case v.Change.Reason() == model.NoVersionBefore:
		return none()
	case !ok:
		return factCell(v.Change, func(model.Change) widget.Cell { return none() })
	}
	if words := c.String(); words != "" {
		return text("(" + words + ")")
	}
	return text("")
}

// lineageCell is the start and the end of a lineage. Each has a tone of its own,
// in the order in which they were met: where it changes, it is seen to.
func (t *versionsTab) lineageCell(h model.StateHeader) widget.Cell {
	if h.Lineage == nil || *h.Lineage == "" {
		return none()
	}
	return widget.Cell{Text: bound(model.ShortLineage(*h.Lineage)), Tone: t.lineageTone(*h.Lineage)}
}

func (t *versionsTab) lineageTone(lineage string) widget.Tone {
	tones := []widget.Tone{widget.Dim, widget.Accent, widget.Plain}
	if t.lines == nil {
		t.lines = map[string]widget.Tone{}
	}
	tone, met := t.lines[lineage]
	if !met {
		tone = tones[len(t.lines)%len(tones)]
		t.lines[lineage] = tone
	}
	return tone
}

// The room for a note in a word, and for one in full on a wide screen.
const (
	noteRoom = 11
	wideNote = 26
)

// versionNote says what is particular about a version: what is wrong with it
// first, as far as there is room.
func (t *versionsTab) versionNote(v *model.Version) widget.Cell {
	switch {
	case v.DeleteMarker:
		return warn("deleted")
	case t.past.wrong && v.VersionID == t.past.suggest.VersionID:
		return good("★ suggested")
	case v.IsLatest && !isOdd(v):
		if v.Awaits() || v.Unchecked != "" {
			return text("current") // that nothing is odd about it is not known
		}
		return good("current")
	case len(v.Anomalies) > 0:
		return t.anomalyCell(v.Anomalies)
	case !v.Restorable.Or(true):
		return dim("no restore")
	case v.Awaits():
		return unread()
	case v.Unchecked != "":
		return unknown()
	}
	return text("")
}

// isOdd reports whether more is to be said of a version than that stateward
// restored it.
func isOdd(v *model.Version) bool {
	return slices.ContainsFunc(v.Anomalies, func(a model.Anomaly) bool { return a.Rule != model.RuleRestored })
}

func (t *versionsTab) anomalyCell(all []model.Anomaly) widget.Cell {
	worst := all[0]
	cell := anomalyPart(worst)
	cell.Text = strings.TrimSuffix(cell.Text, " resources") // there is a column that says it
	if more := len(all) - 1; more > 0 {
		cell.Text += fmt.Sprintf(" +%d", more)
	}
	if widget.Width(cell.Text) > t.list.room {
		cell.Text = anomalySign(worst.Rule) + " " + anomalyWord(worst.Rule)
	}
	return cell
}

func anomalySign(r model.Rule) string {
	switch {
	case r.Damage():
		return "✖"
	case r == model.RuleRestored:
		return "✓"
	}
	return "▲"
}

func anomalyPart(a model.Anomaly) widget.Cell {
	cell := text(anomalySign(a.Rule) + " " + a.Text)
	switch {
	case a.Rule.Damage():
		cell.Tone = widget.Bad
	case a.Rule != model.RuleRestored:
		cell.Tone = widget.Warn
	}
	return cell
}

// anomalyWord is a rule in at most nine letters.
func anomalyWord(r model.Rule) string {
	switch r {
	case model.RuleSerialRepeated:
		return "serial"
	case model.RuleSerialBack:
		return "went back"
	case model.RuleLineageChanged:
		return "lineage"
	case model.RuleResourcesHalved:
		return "lost most"
	case model.RuleOutputsSurvive:
		return "outputs"
	case model.RuleRapidWrites:
		return "rapid"
	case model.RuleEncryption:
		return "encrypted"
	case model.RuleOlderTool:
		return "old tool"
	case model.RuleRestored:
		return "restored"
	case model.RuleEmpty, model.RuleTruncated, model.RuleInvalid:
	}
	return string(r)
}

func (t *versionsTab) details(st widget.Styles, w, h int) []string {
	v := t.list.current()
	if v == nil {
		return nil
	}
	return flow(st, "", t.versionParts(v), w, min(h, 6))
}

// versionParts is the detail of a version: when, what is odd about it or why it
// is suggested, who wrote it, why a value is not known, and what names it.
func (t *versionsTab) versionParts(v *model.Version) []widget.Cell {
	parts := []widget.Cell{text(absolute(v.LastModified))}
	if v.IsLatest {
		parts = append(parts, text("current"))
	}
	if v.DeleteMarker {
		parts = append(parts, warn("delete marker: the state was deleted here"))
	}
	for _, a := range v.Anomalies {
		parts = append(parts, anomalyPart(a))
	}
	if t.past.wrong && v.VersionID == t.past.suggest.VersionID {
		parts = append(parts, good("★ suggested: "+strings.Join(t.past.suggest.Reasons, " ")))
	}
	parts = append(parts, writtenParts(v)...)
	parts = append(parts, unreadParts(v)...)
	parts = append(parts, text("version "+v.VersionID))
	parts = append(parts, headerWords(v.Facts.Header)...)
	if e, ok := v.Facts.Encryption.Get(); ok && e.KMSKeyID != "" {
		parts = append(parts, dim(t.host.fleet().keyWords(t.backend)(e.KMSKeyID)))
	}
	return parts
}

// writtenParts is by whom it was written, and what that changed.
func writtenParts(v *model.Version) []widget.Cell {
	var parts []widget.Cell
	if by, ok := v.WrittenBy.Get(); ok {
		parts = append(parts, text("by "+authorWords(by)))
	} else {
		parts = why(parts, "who wrote it", v.WrittenBy)
	}
	if c, ok := v.Change.Get(); ok && c != (model.Change{}) {
		parts = append(parts, text("resources "+c.String()))
	}
	return parts
}

// unreadParts is why a value is not known, each reason once.
func unreadParts(v *model.Version) []widget.Cell {
	f := &v.Facts
	parts := why(nil, "serial", f.Header)
	if f.Resources.Reason() != f.Header.Reason() {
		parts = why(parts, "resources", f.Resources)
	}
	if f.Encryption.Reason() != f.Header.Reason() {
		parts = why(parts, "encryption", f.Encryption)
	}
	if !v.Awaits() && v.Unchecked != "" && v.Unchecked != f.Header.Reason() {
		parts = append(parts, warn("? anomalies: "+v.Unchecked))
	}
	if r := v.Restorable.Reason(); r != f.Header.Reason() && r != f.Resources.Reason() {
		parts = why(parts, "restorable", v.Restorable)
	}
	if v.WhyNot != "" && !v.IsLatest && !v.DeleteMarker {
		parts = append(parts, warn("cannot be restored: "+v.WhyNot))
	}
	return parts
}

// fitColumns gives the columns the room that the rows near the screen need. What
// is left is the note's; it gets a word at least.
func (t *versionsTab) fitColumns(w int) {
	by, res, change, enc := 12, 3, 6, 4
	t.list.near(func(v *model.Version) bool {
		by = max(by, widget.Width(safe(authorCell(v).Text)))
		if n, ok := v.Facts.Resources.Get(); ok {
			res = max(res, len(count(n)))
		}
		if c, ok := v.Change.Get(); ok {
			change = max(change, len(c.String())+2)
		}
		if e, ok := v.Facts.Encryption.Get(); ok {
			enc = max(enc, len(e.Short()))
		}
		return true
	})
	note := noteRoom
	if w >= 110 {
		note = wideNote
	}
	others := rowMargin + 6 + 6 + 7 + enc + note + 7*columnGap
	t.list.setMin(colNote, note)
	change = min(change, 14, max(9, w-others-res-18))
	by = min(by, 30, max(12, w-others-res-change))
	t.list.setMin(colRes, res)
	t.list.setMin(colEnc, enc)
	t.list.setMin(colChange, change)
	t.list.setMin(colBy, by)
}
