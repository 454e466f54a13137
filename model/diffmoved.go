package model

import (
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// moveKey is what tells that two objects are the same thing.
type moveKey struct{ typ, id string }

// moves turns a removed and an added entry into one that moved, where they are
// of one type and have the same id, or the same identity. Several that could be
// meant are left as they are: a guess would hide a loss.
func (d *StateDiff) moves(entries []placedEntry) ([]placedEntry, error) {
	removed, added := d.moveKeys(entries, DiffRemoved), d.moveKeys(entries, DiffAdded)
	gone := map[int]bool{}
	for key, from := range removed {
		to := added[key]
		if len(from) != 1 || len(to) != 1 {
			continue
		}
		if err := d.move(&entries[to[0]].DiffEntry, entries[from[0]].DiffEntry); err != nil {
			return entries, err
		}
		gone[from[0]] = true
	}
	i := -1
	return slices.DeleteFunc(entries, func(placedEntry) bool { i++; return gone[i] }), nil
}

// move makes an added entry one that moved here from another address.
func (d *StateDiff) move(e *DiffEntry, from DiffEntry) error {
	e.Kind, e.From, e.Notes = DiffMoved, from.Address, nil
	notes, err := d.deposedNotes(from.deposed, e.deposed)
	if err != nil {
		return err
	}
	e.Notes = notes
	changed, err := d.objects(e, from.old, e.new)
	e.Changed = changed || len(notes) > 0
	return err
}

// moveKeys are the entries of a kind by what they are. Data sources are read
// anew and do not move.
func (d *StateDiff) moveKeys(entries []placedEntry, kind DiffKind) map[moveKey][]int {
	keys := map[moveKey][]int{}
	for i := range entries {
		e := &entries[i]
		if e.Kind != kind || e.data {
			continue
		}
		object, body := e.new, d.new.Body
		if kind == DiffRemoved {
			object, body = e.old, d.old.Body
		}
		if id := objectID(object.InstanceEntry, body); id != "" {
			key := moveKey{e.Type, id}
			keys[key] = append(keys[key], i)
		}
	}
	return keys
}

// objectID is what a provider knows an object by: its id, or where it has none
// its identity; "" when neither tells objects apart.
func objectID(o InstanceEntry, body []byte) string {
	if o.Span.Len() == 0 {
		return ""
	}
	id := memberOf(rawOf(body, o.Attributes), "id")
	if id.Kind() == '"' && !isCommonID(textOf(id)) {
		return textOf(id)
	}
	identity := memberOf(rawOf(body, o.Span), "identity").Clone()
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
