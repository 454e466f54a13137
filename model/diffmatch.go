package model

import (
	"bytes"
	"cmp"
	"slices"
)

// diffRow is one address of a resource with the rows that hold it: mostly one.
// A state that names a resource twice has the instances of both, as Terraform
// reads it.
type diffRow struct {
	old, new []int
	at       diffPlace
}

// diffPlace orders what differs as the newer state orders its resources; what
// was removed comes behind what it stood behind.
type diffPlace struct {
	row  int // in the newer state
	gone int // 0 for what is there, else its place among what is not
}

func (p diffPlace) compare(q diffPlace) int {
	return cmp.Or(cmp.Compare(p.row, q.row), cmp.Compare(p.gone, q.gone))
}

// instances compares the resources of both versions.
func (d *StateDiff) instances() error {
	var found []placedEntry
	for _, row := range d.pairRows() {
		if d.sameRow(row) {
			d.Summary.Unchanged += d.new.Index.Resource(row.new[0]).Instances
			continue
		}
		entries, err := d.row(row)
		if err != nil {
			return err
		}
		for i := range entries {
			found = append(found, placedEntry{at: row.at, DiffEntry: entries[i]})
		}
	}
	found, err := d.moves(found)
	if err != nil {
		return err
	}
	slices.SortStableFunc(found, func(a, b placedEntry) int { return a.at.compare(b.at) })
	for i := range found {
		d.Entries = append(d.Entries, found[i].DiffEntry)
		d.Summary.count(found[i].Kind)
	}
	return nil
}

type placedEntry struct {
	at diffPlace
	DiffEntry
}

func (s *DiffSummary) count(k DiffKind) {
	switch k {
	case DiffAdded:
		s.Added++
	case DiffRemoved:
		s.Removed++
	case DiffMoved:
		s.Moved++
	case DiffChanged:
		s.Changed++
	case DiffMetadata:
		s.Metadata++
	}
}

// pairRows brings the rows of one resource together. In the formats before v4
// each instance has a row of its own, whose index is no part of the address here.
func (d *StateDiff) pairRows() []diffRow {
	rows := make([]diffRow, 0, d.new.Index.Len())
	at := make(map[string]int, d.new.Index.Len())
	for i, r := range d.new.Index.Resources() {
		base := ResourceAddress(r.Module, r.Mode, r.Type, r.Name)
		if have, ok := at[base]; ok {
			rows[have].new = append(rows[have].new, i)
			continue
		}
		at[base] = len(rows)
		rows = append(rows, diffRow{new: []int{i}, at: diffPlace{row: i}})
	}
	behind := diffPlace{row: -1}
	for i, r := range d.old.Index.Resources() {
		base := ResourceAddress(r.Module, r.Mode, r.Type, r.Name)
		if have, ok := at[base]; ok {
			rows[have].old = append(rows[have].old, i)
			behind = rows[have].at
			continue
		}
		behind.gone++
		at[base] = len(rows)
		rows = append(rows, diffRow{old: []int{i}, at: behind})
	}
	return rows
}

// sameRow reports that a resource is the same byte by byte in both versions.
func (d *StateDiff) sameRow(row diffRow) bool {
	if len(row.old) != 1 || len(row.new) != 1 || d.mixed() {
		return false
	}
	old := d.old.Index.Resource(row.old[0]).Span.In(d.old.Body)
	new := d.new.Index.Resource(row.new[0]).Span.In(d.new.Body)
	return bytes.Equal(old, new)
}

// row compares the instances at one address.
func (d *StateDiff) row(row diffRow) ([]DiffEntry, error) {
	old, err := instancesOf(d.old, row.old)
	if err != nil {
		return nil, err
	}
	new, err := instancesOf(d.new, row.new)
	if err != nil {
		return nil, err
	}
	var entries []DiffEntry
	for _, pair := range pairInstances(old, new) {
		entry, differs, err := d.pair(pair)
		if err != nil {
			return nil, err
		}
		if differs {
			entries = append(entries, entry)
		} else {
			d.Summary.Unchanged++
		}
	}
	return entries, nil
}

// diffInstance is one instance: its current object and those that wait to be destroyed.
type diffInstance struct {
	address string
	typ     string
	mode    string
	current *diffObject
	deposed []diffObject // in the order of the state
}

// diffObject is where an object is in the body of its version.
type diffObject struct {
	InstanceEntry
	provider string
	flat     bool // the attributes are kept flat, as before Terraform 0.12
}

// instancesOf reads the instances of the rows of one address, in their order.
func instancesOf(s *StateDocument, rows []int) ([]*diffInstance, error) {
	var all []*diffInstance
	byAddress := map[string]*diffInstance{}
	for _, i := range rows {
		entry := s.Index.Resource(i)
		objects, err := s.Index.Instances(s.Body, i)
		if err != nil {
			return nil, err
		}
		for _, o := range objects {
			in := byAddress[o.Address]
			if in == nil {
				in = &diffInstance{address: o.Address, typ: entry.Type, mode: entry.Mode}
				byAddress[o.Address] = in
				all = append(all, in)
			}
			in.add(diffObject{InstanceEntry: o, provider: entry.Provider, flat: s.Index.Format.legacy()})
		}
	}
	return all, nil
}

// add takes an object of the instance; a later one of the same key wins, as for
// Terraform.
func (in *diffInstance) add(o diffObject) {
	if o.Deposed == "" {
		in.current = &o
		return
	}
	for i := range in.deposed {
		if in.deposed[i].Deposed == o.Deposed {
			in.deposed[i] = o
			return
		}
	}
	in.deposed = append(in.deposed, o)
}

// instancePair is an instance in both versions; nil where it is not.
type instancePair struct{ old, new *diffInstance }

// pairInstances pairs by address, in the order of the newer version; those that
// are gone come last.
func pairInstances(old, new []*diffInstance) []instancePair {
	byAddress := make(map[string]*diffInstance, len(old))
	for _, in := range old {
		byAddress[in.address] = in
	}
	pairs := make([]instancePair, 0, len(new))
	for _, in := range new {
		pairs = append(pairs, instancePair{byAddress[in.address], in})
		delete(byAddress, in.address)
	}
	for _, in := range old {
		if byAddress[in.address] != nil {
			pairs = append(pairs, instancePair{old: in})
		}
	}
	return pairs
}
