package model

import (
	"errors"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// moveKey is what tells that two objects are the same thing.
type moveKey struct{ typ, id string }

// moves turns a removed and an added instance into one that moved, where they
// are of one type and have the same id, or the same identity. Several that could
// be meant are left as they are: a guess would hide a loss.
func (d *differ) moves() error {
	if len(d.removed) == 0 || len(d.added) == 0 {
		return nil
	}
	removed := moveKeys(d.removed, d.old.Body, func(e *DiffEntry) *objectRef { return &e.old })
	added := moveKeys(d.added, d.new.Body, func(e *DiffEntry) *objectRef { return &e.new })
	gone := map[*DiffEntry]bool{}
	for key, from := range removed {
		to := added[key]
		if from == nil || to == nil {
			continue
		}
		if err := d.move(to, from); err != nil {
			return err
		}
		gone[from] = true
	}
	d.Entries = slices.DeleteFunc(d.Entries, func(e *DiffEntry) bool { return gone[e] })
	return nil
}

// move makes an added entry one that moved here from another address.
func (d *differ) move(e, from *DiffEntry) error {
	e.Kind, e.From = DiffMoved, from.Address
	notes, err := d.deposedNotes(d.leftover[from], d.leftover[e])
	if err != nil {
		return err
	}
	e.Notes = notes
	old, new := &diffObject{}, &diffObject{}
	names := metadataNames()
	_, errOld := old.read(d.old.Body, int(from.old.span.Start), &names)
	_, errNew := new.read(d.new.Body, int(e.new.span.Start), &names)
	if err := errors.Join(errOld, errNew); err != nil {
		return err
	}
	old.flat, new.flat = from.old.flat, e.new.flat
	old.provider, new.provider = from.provider, e.provider
	changed, err := d.objects(e, old, new)
	e.Changed = changed || len(notes) > 0
	return err
}

// moveKeys are instances by what they are; nil stands for several.
func moveKeys(entries []*DiffEntry, body []byte, object func(*DiffEntry) *objectRef) map[moveKey]*DiffEntry {
	keys := make(map[moveKey]*DiffEntry, len(entries))
	for _, e := range entries {
		id := objectID(object(e), body)
		if id == "" {
			continue
		}
		key := moveKey{e.Type, id}
		if _, several := keys[key]; several {
			e = nil
		}
		keys[key] = e
	}
	return keys
}

// objectID is what a provider knows an object by: its id, or where it has none
// its identity; "" when neither tells objects apart.
func objectID(o *objectRef, body []byte) string {
	if !o.present() {
		return ""
	}
	id := memberOf(rawOf(body, o.attributes), "id")
	if id.Kind() == '"' && !isCommonID(textOf(id)) {
		return textOf(id)
	}
	identity := memberOf(rawOf(body, o.span), "identity").Clone()
	if identity.Kind() != '{' || identity.Compact() != nil {
		return ""
	}
	return string(identity)
}

// isCommonID: some providers give all objects of a type one id.
func isCommonID(id string) bool { return id == "" || id == "none" || id == "static" || id == "-" }

// memberOf is a member of an object, of a repeated one the last; nil when absent.
func memberOf(raw jsontext.Value, name string) (found jsontext.Value) {
	eachMember(raw, Span{End: int64(len(raw))}, func(member []byte, value Span) bool {
		if string(unquoted(member)) == name {
			found = value.In(raw)
		}
		return true
	})
	return found
}
