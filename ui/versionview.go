package ui

import (
	"fmt"

	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui/widget"
)

func (t *versionsTab) cells(v *model.Version, cells []widget.Cell) []widget.Cell {
	when := text(ago(t.host.now(), v.LastModified))
	if v.DeleteMarker {
		return append(cells, none(), when, none(), none(), none(), none(), versionNote(v), dim(v.VersionID))
	}
	f := &v.Facts
	return append(cells,
		factCell(f.Header, serialCell),
		when,
		text(size(v.Size)),
		t.resourcesCell(v),
		factCell(f.Encryption, encryptionCell),
		factCell(f.Header, toolCell),
		versionNote(v),
		dim(v.VersionID),
	)
}

// changeWidth is the room of the change behind the number of resources, so that
// the numbers stand below each other.
const changeWidth = 7

// resourcesCell is the number of resources and the change against the version
// before. Losing more than half of them needs a look.
func (t *versionsTab) resourcesCell(v *model.Version) widget.Cell {
	n, ok := v.Facts.Resources.Get()
	if !ok {
		cell := factCell(v.Facts.Resources, func(int) widget.Cell { return none() })
		cell.Text += widget.PadLeft("", changeWidth)
		return cell
	}
	cell := text(count(n))
	change := ""
	if old := t.older(v); old != nil {
		if m, ok := old.Facts.Resources.Get(); ok && m != n {
			change = fmt.Sprintf("(%+d)", n-m)
			if n < m-n {
				cell.Tone = widget.Warn
			}
		}
	}
	cell.Text += widget.PadLeft(change, changeWidth)
	return cell
}

// versionNote says what is particular about a version.
func versionNote(v *model.Version) widget.Cell {
	switch {
	case v.DeleteMarker:
		return warn("deleted")
	case len(v.Anomalies) > 0:
		return bad("✖ " + v.Anomalies[0])
	case v.IsLatest:
		return good("current")
	case !v.Restorable.Or(true):
		return dim("no restore")
	}
	return text("")
}

func (t *versionsTab) details(st widget.Styles, w, h int) []string {
	v := t.list.current()
	if v == nil {
		return nil
	}
	return flow(st, "", versionParts(v), w, min(h, 4))
}

// versionParts is the detail of a version: what it is exactly, why a value
// could not be read, and what names it.
func versionParts(v *model.Version) []widget.Cell {
	f := &v.Facts
	parts := []widget.Cell{text(absolute(v.LastModified))}
	if v.DeleteMarker {
		parts = append(parts, warn("delete marker: the state was deleted here"))
	}
	parts = why(parts, "serial", f.Header)
	parts = why(parts, "resources", f.Resources)
	parts = why(parts, "encryption", f.Encryption)
	parts = why(parts, "restorable", v.Restorable)
	if v.WhyNot != "" && !v.IsLatest && !v.DeleteMarker {
		parts = append(parts, warn("cannot be restored: "+v.WhyNot))
	}
	if by := v.WrittenBy; by != nil {
		parts = append(parts, text("by "+by.Who+" "+model.LockInfo{Operation: by.Operation}.OperationName()))
	}
	for _, a := range v.Anomalies {
		parts = append(parts, bad("✖ "+a))
	}
	parts = append(parts, text("version "+v.VersionID))
	parts = append(parts, headerWords(f.Header)...)
	if e, ok := f.Encryption.Get(); ok && e.KMSKeyID != "" {
		parts = append(parts, dim("kms "+keyOfARN(e.KMSKeyID)))
	}
	return parts
}
