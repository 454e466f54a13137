package model

import (
	"bytes"
	"cmp"
	"slices"
)

// differ compares two versions. What it needs only meanwhile is dropped in the end.
type differ struct {
	*StateDiff
	rows     []diffRow
	oldOnes  []diffObject // scratch: the objects of one resource
	newOnes  []diffObject
	oldOne   diffInstance // the same, where there is but one
	newOne   diffInstance
	removed  []*DiffEntry // and added: instances that stand in one version only
	added    []*DiffEntry
	leftover map[*DiffEntry][]diffObject // the deposed objects of those, where there are any
}

// diffRow is one resource and the rows that hold it, from 0; -1 is none. A
// state that names a resource twice has the instances of both, as Terraform
// reads it, and the formats before v4 have a row for each instance.
type diffRow struct {
	old, new         int
	moreOld, moreNew []int
}

func (r diffRow) alone() bool { return len(r.moreOld)+len(r.moreNew) == 0 }

// diffPlace orders what differs as the newer state orders its resources; what
// was removed comes behind what it stood behind.
type diffPlace struct {
	row  int32 // in the newer state
	gone int32 // 0 for what is there, else its place among what is not
	nth  int32 // within one resource
}

func (p diffPlace) compare(q diffPlace) int {
	return cmp.Or(cmp.Compare(p.row, q.row), cmp.Compare(p.gone, q.gone), cmp.Compare(p.nth, q.nth))
}

// instances compares the resources of both versions.
func (d *differ) instances() error {
	places := d.pairRows()
	for i, row := range d.rows {
		if d.sameRow(row) {
			d.Summary.Unchanged += d.new.Index.instancesIn(row.new)
			continue
		}
		if err := d.row(row, places[i]); err != nil {
			return err
		}
	}
	if err := d.moves(); err != nil {
		return err
	}
	slices.SortFunc(d.Entries, func(a, b *DiffEntry) int { return a.at.compare(b.at) })
	for _, e := range d.Entries {
		d.Summary.count(e.Kind)
	}
	return nil
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

// instancesIn is the number of instances in row i.
func (x *StateIndex) instancesIn(i int) int { return int(x.rows.row(i).instances) }

// pairRows brings the rows of one resource together, and says where each stands.
func (d *differ) pairRows() []diffPlace {
	d.rows = make([]diffRow, 0, d.new.Index.Len())
	places := make([]diffPlace, 0, d.new.Index.Len())
	at := make(map[string]int32, d.new.Index.Len())
	for i, r := range d.new.Index.Resources() {
		base := baseAddress(d.new.Index, r)
		if have, ok := at[base]; ok {
			d.rows[have].moreNew = append(d.rows[have].moreNew, i)
			continue
		}
		at[base] = int32(len(d.rows))
		d.rows, places = append(d.rows, diffRow{old: -1, new: i}), append(places, diffPlace{row: int32(i)})
	}
	behind := diffPlace{row: -1}
	for i, r := range d.old.Index.Resources() {
		base := baseAddress(d.old.Index, r)
		have, ok := at[base]
		switch {
		case !ok:
			behind.gone++
			at[base] = int32(len(d.rows))
			d.rows, places = append(d.rows, diffRow{old: i, new: -1}), append(places, behind)
		case d.rows[have].old >= 0:
			d.rows[have].moreOld = append(d.rows[have].moreOld, i)
		default:
			d.rows[have].old, behind = i, places[have]
		}
	}
	return places
}

// baseAddress is the address of a resource without the index that old formats
// have in it.
func baseAddress(x *StateIndex, r ResourceEntry) string {
	if x.Format.legacy() {
		return ResourceAddress(r.Module, r.Mode, r.Type, r.Name)
	}
	return r.Address
}

// sameRow reports that a resource is the same byte by byte in both versions.
func (d *differ) sameRow(row diffRow) bool {
	if row.old < 0 || row.new < 0 || !row.alone() || d.mixed() {
		return false
	}
	old, new := d.old.Index.rows.row(row.old), d.new.Index.rows.row(row.new)
	return old.length == new.length && bytes.Equal(
		d.old.Body[old.start:][:old.length], d.new.Body[new.start:][:new.length])
}

// row compares the instances of one resource.
func (d *differ) row(row diffRow, at diffPlace) (err error) {
	if d.oldOnes, err = readObjects(d.oldOnes[:0], d.old, row.old, row.moreOld); err != nil {
		return err
	}
	if d.newOnes, err = readObjects(d.newOnes[:0], d.new, row.new, row.moreNew); err != nil {
		return err
	}
	of, index := row.new, d.new.Index
	if of < 0 {
		of, index = row.old, d.old.Index
	}
	r := index.Resource(of)
	where := entryPlace{resource: r, base: baseAddress(index, r), at: at}
	if only, ok := d.onlyPair(); ok {
		return d.pair(only, where)
	}
	for _, pair := range pairInstances(d.oldOnes, d.newOnes) {
		if err := d.pair(pair, where); err != nil {
			return err
		}
		where.at.nth++
	}
	return nil
}

// onlyPair is the only instance of a resource without count and for_each, or of
// one that is in one version only: nearly all resources are like that.
func (d *differ) onlyPair() (p instancePair, ok bool) {
	old, new := d.oldOnes, d.newOnes
	if len(old) > 1 || len(new) > 1 {
		return p, false
	}
	if len(old) == 1 {
		d.oldOne = diffInstance{key: old[0].key, current: &old[0]}
		p.old = &d.oldOne
	}
	if len(new) == 1 {
		d.newOne = diffInstance{key: new[0].key, current: &new[0]}
		p.new = &d.newOne
	}
	one := p.old == nil || p.new == nil || p.old.key == p.new.key
	deposed := len(old) == 1 && old[0].deposed != "" || len(new) == 1 && new[0].deposed != ""
	return p, one && !deposed && len(old)+len(new) > 0
}

// entryPlace is the resource that entries are made for.
type entryPlace struct {
	resource ResourceEntry
	base     string // its address
	at       diffPlace
}

// diffInstance is one instance: its current object and those that wait to be destroyed.
type diffInstance struct {
	key     string
	current *diffObject
	deposed []diffObject // in the order of the state
}

// instancePair is an instance in both versions; nil where it is not.
type instancePair struct{ old, new *diffInstance }

// pairInstances pairs by key, in the order of the newer version; those that are
// gone come last.
func pairInstances(old, new []diffObject) []instancePair {
	was, is := instancesOf(old), instancesOf(new)
	byKey := make(map[string]*diffInstance, len(was))
	for _, in := range was {
		byKey[in.key] = in
	}
	pairs := make([]instancePair, 0, len(is))
	for _, in := range is {
		pairs = append(pairs, instancePair{byKey[in.key], in})
		delete(byKey, in.key)
	}
	for _, in := range was {
		if byKey[in.key] != nil {
			pairs = append(pairs, instancePair{old: in})
		}
	}
	return pairs
}

// instancesOf puts the objects of one instance together.
func instancesOf(objects []diffObject) []*diffInstance {
	var all []*diffInstance
	byKey := make(map[string]*diffInstance, len(objects))
	for i := range objects {
		in := byKey[objects[i].key]
		if in == nil {
			in = &diffInstance{key: objects[i].key}
			byKey[in.key], all = in, append(all, in)
		}
		in.add(&objects[i])
	}
	return all
}

// add takes an object of the instance; a later one of the same key wins, as for
// Terraform.
func (in *diffInstance) add(o *diffObject) {
	if o.deposed == "" {
		in.current = o
		return
	}
	same := func(have diffObject) bool { return have.deposed == o.deposed }
	if i := slices.IndexFunc(in.deposed, same); i >= 0 {
		in.deposed[i] = *o
		return
	}
	in.deposed = append(in.deposed, *o)
}
