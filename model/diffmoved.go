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
	removed, err := d.moveKeys(entries, DiffRemoved)
	if err != nil || len(removed) == 0 {
		return entries, err
	}
	added, err := d.moveKeys(entries, DiffAdded)
	if err != nil {
		return entries, err
	}
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
func (d *StateDiff) moveKeys(entries []placedEntry, kind DiffKind) (map[moveKey][]int, error) {
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
		id, err := objectID(object.InstanceEntry, body)
		if err != nil {
			return nil, err
		}
		if id != "" {
			key := moveKey{e.Type, id}
			keys[key] = append(keys[key], i)
		}
	}
	return keys, nil
}

// objectID is what a provider knows an object by: its id, or where it has none
// its identity; "" when neither tells objects apart.
func objectID(o InstanceEntry, body []byte) (string, error) {
	if o.Span.Len() == 0 {
		return "", nil
	}
	id, err := memberOf(rawOf(body, o.Attributes), "id")
	if err != nil {
		return "", err
	}
	if id.Kind() == '"' && !isCommonID(textOf(id)) {
		return textOf(id), nil
	}
	identity, err := memberOf(rawOf(body, o.Span), "identity")
	if err != nil || identity.Kind() != '{' {
		return "", err
	}
	identity = identity.Clone()
	err = identity.Compact()
	return string(identity), err
}

// isCommonID: some providers give all objects of a type one id.
func isCommonID(id string) bool { return id == "" || id == "none" || id == "static" || id == "-" }

// memberOf is a member of an object, of a repeated one the last; nil when absent.
func memberOf(raw jsontext.Value, name string) (jsontext.Value, error) {
	if raw.Kind() != '{' {
		return nil, nil
	}
	var found jsontext.Value
	s := newStateScanner(raw, 0, false)
	err := s.object("an object", func(_, member []byte) error {
		_, at, err := s.value()
		if string(member) == name {
			found = at.In(raw)
		}
		return err
	})
	return found, err
}
