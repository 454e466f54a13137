package model

import (
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// pair compares one instance and notes it where it differs.
func (d *differ) pair(p instancePair, where entryPlace) error {
	if p.old == nil || p.new == nil {
		d.single(p, where)
		return nil
	}
	e := where.entry(DiffMetadata, p.new.key)
	var err error
	if e.Notes, err = d.deposedNotes(p.old.deposed, p.new.deposed); err != nil {
		return err
	}
	changed := len(e.Notes) > 0
	switch old, new := p.old.current, p.new.current; {
	case old == nil && new == nil:
	case old == nil:
		e.new, changed = new.objectRef, true
		e.Notes = append(e.Notes, "has a current object again; before, only deposed ones were left")
	case new == nil:
		e.old, changed = old.objectRef, true
		e.Notes = append(e.Notes, "has no current object any more, only deposed ones")
	default:
		more, err := d.objects(e, old, new)
		if err != nil {
			return err
		}
		changed = changed || more
	}
	d.note(e, changed)
	return nil
}

// note keeps an entry that differs.
func (d *differ) note(e *DiffEntry, changed bool) {
	switch {
	case changed:
		e.Kind = DiffChanged
	case len(e.Metadata) == 0:
		d.Summary.Unchanged++
		return
	}
	d.Entries = append(d.Entries, e)
}

func (w entryPlace) entry(kind DiffKind, key string) *DiffEntry {
	return &DiffEntry{Kind: kind, Address: w.base + key, Type: w.resource.Type, provider: w.resource.Provider, at: w.at}
}

// single notes an instance that is in one version only.
func (d *differ) single(p instancePair, where entryPlace) {
	in, kind := p.new, DiffAdded
	if in == nil {
		in, kind = p.old, DiffRemoved
	}
	e := where.entry(kind, in.key)
	if in.current != nil {
		if kind == DiffAdded {
			e.new = in.current.objectRef
		} else {
			e.old = in.current.objectRef
		}
		if in.current.tainted {
			e.Notes = append(e.Notes, "tainted")
		}
	}
	for _, o := range in.deposed {
		e.Notes = append(e.Notes, "deposed object "+o.deposed)
	}
	if len(in.deposed) > 0 {
		d.leftover[e] = in.deposed
	}
	d.Entries = append(d.Entries, e)
	if where.resource.Mode == ModeData { // those are read anew: nothing moves
		return
	}
	if kind == DiffAdded {
		d.added = append(d.added, e)
	} else {
		d.removed = append(d.removed, e)
	}
}

func (d *differ) deposedNotes(old, new []diffObject) ([]string, error) {
	var notes []string
	for i := range new {
		o := &new[i]
		at := slices.IndexFunc(old, func(was diffObject) bool { return was.deposed == o.deposed })
		if at < 0 {
			notes = append(notes, "deposed object "+o.deposed+" is new")
			continue
		}
		changed, err := d.objects(&DiffEntry{}, &old[at], o)
		if err != nil {
			return nil, err
		}
		if changed {
			notes = append(notes, "deposed object "+o.deposed+" changed")
		}
	}
	for _, o := range old {
		if !slices.ContainsFunc(new, func(is diffObject) bool { return is.deposed == o.deposed }) {
			notes = append(notes, "deposed object "+o.deposed+" is gone")
		}
	}
	return notes, nil
}

// objects compares two objects, the one to the other, and reports whether more
// than metadata differs.
func (d *differ) objects(e *DiffEntry, old, new *diffObject) (changed bool, err error) {
	e.old, e.new = old.objectRef, new.objectRef
	switch {
	case new.tainted && !old.tainted:
		e.Notes, changed = append(e.Notes, "tainted now"), true
	case old.tainted && !new.tainted:
		e.Notes, changed = append(e.Notes, "no longer tainted"), true
	}
	e.Metadata = append(e.Metadata, d.metadata(old, new)...)
	values, err := d.valuesDiffer(e)
	return changed || values, err
}

// valuesDiffer reports whether a value differs. Attributes that differ only in
// what Terraform takes for the same are metadata.
func (d *differ) valuesDiffer(e *DiffEntry) (bool, error) {
	if e.old.flat == e.new.flat {
		was, is := rawOf(d.old.Body, e.old.attributes), rawOf(d.new.Body, e.new.attributes)
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

// metadata compares the members of two objects beside the attributes. OpenTofu
// may keep the provider by instance.
func (d *differ) metadata(old, new *diffObject) []DiffField {
	var fields []DiffField
	for i, name := range metadataNames() {
		x, y := rawOf(d.old.Body, old.metadata[i]), rawOf(d.new.Body, new.metadata[i])
		if name == "provider" {
			x, y = orProvider(x, old.provider), orProvider(y, new.provider)
		}
		if compareRaw(x, y) != alike && !bothEmpty(x, y) {
			f := metadataField(name, x, y)
			f.Old, f.New = d.secrets.Mask(f.Old), d.secrets.Mask(f.New)
			fields = append(fields, f)
		}
	}
	return fields
}

func orProvider(raw jsontext.Value, provider string) jsontext.Value {
	if isAbsent(raw) && provider != "" {
		return rawText(provider)
	}
	return raw
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
