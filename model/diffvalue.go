package model

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/aymanbagabas/go-udiff/lcs"
)

// AttributeChange is one attribute, or one part of one, that differs. Nothing
// sensitive is in it.
type AttributeChange struct {
	// Path is a.b[0].c, or tags["kubernetes.io/name"] where a key is no name. The
	// index of what was removed from a list is the one in the older version.
	Path string
	Kind DiffKind // DiffAdded, DiffRemoved or DiffChanged
	Old  string   // as JSON, secrets inside masked; "" when absent or sensitive as a whole
	New  string

	// Sensitive says that no value may be shown, or that the two differ only in
	// what is masked.
	Sensitive bool
	Unified   string // the hunks of a unified diff of two long strings; "" for others
	Note      string // what else is to be said, a sentence without its stop
}

// valueDiff gathers what differs between two decoded values.
type valueDiff struct {
	secrets *Secrets
	flat    bool // names are paths already: "tags.%"
	changes []AttributeChange
}

// values compares two values at a path. To Terraform null is as good as absent.
func (d *valueDiff) values(path string, old, new *Value) {
	switch {
	case old.IsNull() && new.IsNull():
	case old.IsNull():
		d.whole(path, new, DiffAdded)
	case new.IsNull():
		d.whole(path, old, DiffRemoved)
	case old.Sensitive || new.Sensitive:
		if canonical(old) != canonical(new) {
			d.add(AttributeChange{Path: path, Kind: DiffChanged, Sensitive: true})
		}
	case old.Kind == ObjectValue && new.Kind == ObjectValue:
		d.members(path, old, new)
	case old.Kind == ListValue && new.Kind == ListValue:
		d.items(path, old.Items, new.Items)
	default:
		d.scalars(path, old, new)
	}
}

func (d *valueDiff) add(c AttributeChange) { d.changes = append(d.changes, c) }

// members compares two objects, in the order of the newer one; names that are
// gone come where they stood.
func (d *valueDiff) members(path string, old, new *Value) {
	for _, name := range mergedNames(old, new) {
		d.values(d.memberPath(path, name), old.Member(name), new.Member(name))
	}
}

func mergedNames(old, new *Value) []string {
	names := make([]string, 0, len(new.Members))
	for _, v := range []*Value{old, new} {
		for _, m := range v.Members {
			names = append(names, m.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// items compares two lists: what both have in the same order stays, and between
// that elements are taken for changed one by one. So an element that is put in
// front is one change, not as many as there are elements.
func (d *valueDiff) items(path string, old, new []*Value) {
	for _, gap := range lcs.DiffLines(canonicals(old), canonicals(new)) {
		i, j := gap.Start, gap.ReplStart
		for ; i < gap.End && j < gap.ReplEnd; i, j = i+1, j+1 {
			d.item(path, j, old[i], new[j])
		}
		for ; i < gap.End; i++ {
			d.whole(itemPath(path, i), old[i], DiffRemoved)
		}
		for ; j < gap.ReplEnd; j++ {
			d.whole(itemPath(path, j), new[j], DiffAdded)
		}
	}
}

// item compares two elements. In a list a null has a place of its own.
func (d *valueDiff) item(path string, at int, old, new *Value) {
	if old.IsNull() != new.IsNull() {
		d.scalars(itemPath(path, at), old, new)
		return
	}
	d.values(itemPath(path, at), old, new)
}

func canonicals(items []*Value) []string {
	all := make([]string, len(items))
	for i, v := range items {
		all[i] = canonical(v)
	}
	return all
}

// whole adds a value that one version does not have, by its parts.
func (d *valueDiff) whole(path string, v *Value, kind DiffKind) {
	before := len(d.changes)
	d.parts(path, v, kind)
	if len(d.changes) == before { // it has no part with a value, but is there
		d.one(path, v, kind)
	}
}

func (d *valueDiff) parts(path string, v *Value, kind DiffKind) {
	switch {
	case v.Sensitive || v.Scalar():
		if !v.IsNull() {
			d.one(path, v, kind)
		}
	case v.Kind == ListValue:
		for i, item := range v.Items {
			d.parts(itemPath(path, i), item, kind)
		}
	default:
		for _, m := range v.Members {
			d.parts(d.memberPath(path, m.Name), m.Value, kind)
		}
	}
}

// one adds one value that one version does not have.
func (d *valueDiff) one(path string, v *Value, kind DiffKind) {
	c := AttributeChange{Path: path, Kind: kind, Sensitive: v.Sensitive}
	switch {
	case v.Sensitive:
	case kind == DiffAdded:
		c.New = d.shown(v)
	default:
		c.Old = d.shown(v)
	}
	d.add(c)
}

// scalars compares two values that are no two objects and no two lists.
func (d *valueDiff) scalars(path string, old, new *Value) {
	if canonical(old) == canonical(new) && old.Kind == new.Kind {
		return
	}
	c := AttributeChange{Path: path, Kind: DiffChanged}
	switch {
	case old.Sensitive || new.Sensitive:
		c.Sensitive = true
	default:
		c.Old, c.New = d.shown(old), d.shown(new)
		c.Sensitive = c.Old == c.New
	}
	if c.Sensitive {
		c.Old, c.New = "", ""
	} else if old.Kind == StringValue && new.Kind == StringValue {
		text := compareTexts(d.mask(old.Text), d.mask(new.Text))
		c.Unified, c.Note = text.unified, text.note
	}
	d.add(c)
}

func (d *valueDiff) mask(text string) string { return maskText(text, d.maskMember) }

// maskMember masks a string inside embedded JSON, the whole of it where the name
// of its member tells that it is a secret.
func (d *valueDiff) maskMember(name, value string) string {
	if value != "" && IsSecretName(name) {
		return Hidden
	}
	return d.secrets.Mask(value)
}

// shown is a value as JSON, with nothing sensitive in it.
func (d *valueDiff) shown(v *Value) string {
	var b strings.Builder
	writeValue(&b, v, d.mask)
	return b.String()
}

// memberPath names a part; a key may hold a secret too.
func (d *valueDiff) memberPath(path, name string) string {
	name = d.secrets.Mask(name)
	if d.flat {
		return name
	}
	return memberPath(path, name)
}

func memberPath(path, name string) string {
	switch {
	case !isName(name):
		return path + "[" + QuoteKey(name) + "]"
	case path == "":
		return name
	}
	return path + "." + name
}

func itemPath(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

// isName reports whether a key needs no quotes in a path.
func isName(s string) bool {
	for i, r := range s {
		letter := r == '_' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		if !letter && (i == 0 || r != '-' && (r < '0' || r > '9')) {
			return false
		}
	}
	return s != ""
}

// canonical is a text that two values share when they are equal to Terraform.
// It holds secrets: it is only compared, never shown.
func canonical(v *Value) string {
	if v != nil && v.Kind == StringValue {
		return `"` + v.Text
	}
	var b strings.Builder
	writeCanonical(&b, v)
	return b.String()
}

func writeCanonical(b *strings.Builder, v *Value) {
	switch {
	case v.IsNull():
		b.WriteString("null")
	case v.Kind == NumberValue:
		b.WriteString(canonicalNumber(v.Text))
	case v.Kind == ListValue:
		b.WriteByte('[')
		for _, item := range v.Items {
			writeCanonical(b, item)
			b.WriteByte(',')
		}
		b.WriteByte(']')
	case v.Kind == ObjectValue:
		writeCanonicalMembers(b, v)
	default:
		writeValue(b, v, unchanged)
	}
}

// writeCanonicalMembers writes members by name, without those that are null.
func writeCanonicalMembers(b *strings.Builder, v *Value) {
	members := slices.Clone(v.Members)
	slices.SortStableFunc(members, func(x, y Member) int { return cmp.Compare(x.Name, y.Name) })
	b.WriteByte('{')
	for i, m := range members {
		if m.Value.IsNull() || i+1 < len(members) && members[i+1].Name == m.Name {
			continue
		}
		b.WriteString(quoted(m.Name) + ":")
		writeCanonical(b, m.Value)
		b.WriteByte(',')
	}
	b.WriteByte('}')
}

func unchanged(s string) string { return s }

// writeValue writes a value as JSON, on one line. Strings and names go through
// mask; what is sensitive as a whole is not written.
func writeValue(b *strings.Builder, v *Value, mask func(string) string) {
	switch {
	case v.IsNull():
		b.WriteString("null")
	case v.Kind == BoolValue:
		b.WriteString(strconv.FormatBool(v.Bool))
	case v.Kind == NumberValue:
		b.WriteString(v.Text)
	case v.Kind == StringValue:
		b.WriteString(quoted(mask(v.Text)))
	case v.Kind == ListValue:
		b.WriteByte('[')
		for i, item := range v.Items {
			separate(b, i)
			writePart(b, item, mask)
		}
		b.WriteByte(']')
	default:
		b.WriteByte('{')
		for i, m := range v.Members {
			separate(b, i)
			b.WriteString(quoted(mask(m.Name)) + ": ")
			writePart(b, m.Value, mask)
		}
		b.WriteByte('}')
	}
}

func writePart(b *strings.Builder, v *Value, mask func(string) string) {
	if v != nil && v.Sensitive {
		b.WriteString(quoted(Hidden))
		return
	}
	writeValue(b, v, mask)
}

func separate(b *strings.Builder, i int) {
	if i > 0 {
		b.WriteString(", ")
	}
}
