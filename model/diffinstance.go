package model

import (
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// pair compares one instance; differs is false when it is the same in both.
func (d *StateDiff) pair(p instancePair) (e DiffEntry, differs bool, err error) {
	if p.old == nil || p.new == nil {
		return d.single(p), true, nil
	}
	e = DiffEntry{Kind: DiffMetadata, Address: p.new.address, Type: p.new.typ}
	e.Notes, err = d.deposedNotes(p.old.deposed, p.new.deposed)
	if err != nil {
		return e, false, err
	}
	changed := len(e.Notes) > 0
	switch old, new := p.old.current, p.new.current; {
	case old == nil && new == nil:
	case old == nil:
		e.new, changed = *new, true
		e.Notes = append(e.Notes, "has a current object again; before, only deposed ones were left")
	case new == nil:
		e.old, changed = *old, true
		e.Notes = append(e.Notes, "has no current object any more, only deposed ones")
	default:
		var more bool
		more, err = d.objects(&e, *old, *new)
		changed = changed || more
	}
	if changed {
		e.Kind = DiffChanged
	}
	return e, changed || len(e.Metadata) > 0, err
}

// single is an instance that is in one version only.
func (d *StateDiff) single(p instancePair) DiffEntry {
	in, e := p.new, DiffEntry{Kind: DiffAdded}
	if in == nil {
		in, e.Kind = p.old, DiffRemoved
	}
	e.Address, e.Type, e.data, e.deposed = in.address, in.typ, in.mode == ModeData, in.deposed
	if in.current != nil {
		if e.Kind == DiffAdded {
			e.new = *in.current
		} else {
			e.old = *in.current
		}
		if in.current.Tainted {
			e.Notes = append(e.Notes, "tainted")
		}
	}
	for _, o := range in.deposed {
		e.Notes = append(e.Notes, "deposed object "+o.Deposed)
	}
	return e
}

func (d *StateDiff) deposedNotes(old, new []diffObject) ([]string, error) {
	var notes []string
	for _, o := range new {
		i := slices.IndexFunc(old, func(was diffObject) bool { return was.Deposed == o.Deposed })
		if i < 0 {
			notes = append(notes, "deposed object "+o.Deposed+" is new")
			continue
		}
		var e DiffEntry
		changed, err := d.objects(&e, old[i], o)
		if err != nil {
			return nil, err
		}
		if changed {
			notes = append(notes, "deposed object "+o.Deposed+" changed")
		}
	}
	for _, o := range old {
		if !slices.ContainsFunc(new, func(is diffObject) bool { return is.Deposed == o.Deposed }) {
			notes = append(notes, "deposed object "+o.Deposed+" is gone")
		}
	}
	return notes, nil
}

// objects compares two objects, the one to the other, and reports whether more
// than metadata differs.
func (d *StateDiff) objects(e *DiffEntry, old, new diffObject) (changed bool, err error) {
	e.old, e.new = old, new
	switch {
	case new.Tainted && !old.Tainted:
		e.Notes, changed = append(e.Notes, "tainted now"), true
	case old.Tainted && !new.Tainted:
		e.Notes, changed = append(e.Notes, "no longer tainted"), true
	}
	same := compareJSON(old.Span.In(d.old.Body), new.Span.In(d.new.Body)) == alike
	if same && old.provider == new.provider && !d.mixed() {
		return changed, nil
	}
	was, is := readMembers(&e.old, d.old.Body), readMembers(&e.new, d.new.Body)
	e.Metadata = append(e.Metadata, metadataFields(was, is)...)
	values, err := d.valuesDiffer(e)
	return changed || values, err
}

// readMembers reads the members of an object, and from them what the index does
// not tell of it.
func readMembers(o *diffObject, body []byte) map[string]jsontext.Value {
	members := rawMembers(o.Span.In(body))
	o.flat = o.flat || !isAbsent(members["attributes_flat"])
	if members["provider"] == nil && o.provider != "" {
		members["provider"] = rawText(o.provider) // OpenTofu may keep it by instance
	}
	return members
}

// valuesDiffer reports whether a value differs. Attributes that differ only in
// what Terraform takes for the same are metadata.
func (d *StateDiff) valuesDiffer(e *DiffEntry) (bool, error) {
	if e.old.flat == e.new.flat {
		was, is := rawOf(d.old.Body, e.old.Attributes), rawOf(d.new.Body, e.new.Attributes)
		switch compareRaw(was, is) {
		case alike:
			return false, nil
		case unalike:
			return true, nil
		case unsure:
		}
	}
	changes, err := d.Attributes(e)
	if err == nil && len(changes) == 0 {
		e.Metadata = append(e.Metadata, DiffField{Name: "attributes", New: "(the same values, written in another way)"})
	}
	return len(changes) > 0, err
}

// metadataFields compares the members of two objects beside the attributes.
func metadataFields(was, is map[string]jsontext.Value) []DiffField {
	var fields []DiffField
	for _, name := range metadataMembers() {
		x, y := was[name], is[name]
		if compareRaw(x, y) != alike && !bothEmpty(x, y) {
			fields = append(fields, metadataField(name, x, y))
		}
	}
	return fields
}

// metadataMembers are the members of an instance that tools and providers keep
// for themselves, in all formats; the others are compared as what they are.
func metadataMembers() []string {
	return []string{"provider", "schema_version", "dependencies", "depends_on", "sensitive_attributes", "create_before_destroy", "identity", "identity_schema_version", "private", "meta"}
}

// bothEmpty: Terraform leaves an empty list, a false and an empty string out.
func bothEmpty(x, y jsontext.Value) bool { return isEmptyValue(x) && isEmptyValue(y) }

func isEmptyValue(raw jsontext.Value) bool {
	switch strings.TrimSpace(string(raw[:min(len(raw), 8)])) {
	case "", "null", "[]", "{}", "false", `""`:
		return true
	}
	return false
}

// metadataField is one of them, as far as it may be shown: what a provider
// keeps in private may hold secrets and is no text.
func metadataField(name string, old, new jsontext.Value) DiffField {
	f := DiffField{Name: name}
	switch name {
	case "dependencies", "depends_on":
		f.Old, f.New = listDifference(namesIn(old), namesIn(new))
	case "provider":
		f.Old, f.New = textOf(old), textOf(new)
	case "sensitive_attributes":
		f.Old, f.New = listDifference(pathsIn(old), pathsIn(new))
	case "schema_version", "identity_schema_version", "create_before_destroy":
		f.Old, f.New = string(old), string(new)
	default:
		f.New = "(changed)"
	}
	return f
}

// listDifference is what only one of two lists of names has.
func listDifference(was, is []string) (gone, come string) {
	without := func(list, others []string) string {
		rest := slices.DeleteFunc(slices.Clone(list), func(s string) bool { return slices.Contains(others, s) })
		return strings.Join(rest, ", ")
	}
	gone, come = without(was, is), without(is, was)
	if gone == "" && come == "" {
		come = "(another order)"
	}
	return gone, come
}

func namesIn(raw jsontext.Value) []string {
	var names []string
	eachElement(raw, Span{End: int64(len(raw))}, func(_ int, at Span) bool {
		names = append(names, textOf(at.In(raw)))
		return true
	})
	return names
}

// pathsIn are the paths of sensitive_attributes as people read them: a.b[0].
func pathsIn(raw jsontext.Value) []string {
	var paths []string
	eachElement(raw, Span{End: int64(len(raw))}, func(_ int, path Span) bool {
		text := ""
		eachElement(raw, path, func(_ int, at Span) bool {
			switch step := stepOf(raw, at); {
			case step.named:
				text = memberPath(text, string(step.name))
			case step.known:
				text = itemPath(text, step.index)
			default: // an element of a set is named by its value, which is not shown
				text += "[*]"
			}
			return true
		})
		paths = append(paths, text)
		return true
	})
	return paths
}

// rawMembers are the members of an object; of a repeated one the last.
func rawMembers(raw jsontext.Value) map[string]jsontext.Value {
	members := map[string]jsontext.Value{}
	eachMember(raw, Span{End: int64(len(raw))}, func(name []byte, value Span) bool {
		members[textOf(name)] = value.In(raw)
		return true
	})
	return members
}
