package ui

import (
	"strconv"
	"strings"

	"github.com/stateward/stateward/model"
)

// moduleTree is the resources of a state by module. It holds numbers of
// resources, not the resources: a state may have hundreds of thousands.
type moduleTree struct {
	index   *model.StateIndex
	modules []moduleNode // the first is the root
	at      map[string]int
	objects map[int][]model.InstanceEntry // by resource; of a large state none
}

// smallBytes is how large a state is at most whose instances are all looked up
// at once, so that a filter finds them by their keys.
const smallBytes = 8 << 20

type moduleNode struct {
	address   string // "" is the root
	label     string // the last step of the address
	above     int
	modules   []int
	resources []int
	sums      sums // of all that is in it, however deep
}

// sums are what a module or a resource holds.
type sums struct{ instances, tainted, deposed int }

func newModuleTree(doc *model.StateDocument) *moduleTree {
	x := doc.Index
	t := &moduleTree{index: x, modules: []moduleNode{{above: -1}}, at: map[string]int{"": 0}, objects: map[int][]model.InstanceEntry{}}
	last, at := "", 0
	for i, e := range x.Resources() {
		if e.Module != last {
			last, at = e.Module, t.module(e.Module)
		}
		t.modules[at].resources = append(t.modules[at].resources, i)
		for m := at; m >= 0; m = t.modules[m].above {
			s := &t.modules[m].sums
			s.instances, s.tainted, s.deposed = s.instances+e.Instances, s.tainted+e.Tainted, s.deposed+e.Deposed
		}
		if len(doc.Body) <= smallBytes {
			if objects, err := x.Instances(doc.Body, i); err == nil { // else asked again when it is opened
				t.objects[i] = objects
			}
		}
	}
	return t
}

// module finds a module, or adds it below the one that holds it.
func (t *moduleTree) module(address string) int {
	if at, ok := t.at[address]; ok {
		return at
	}
	outer, label := lastModule(address)
	above := t.module(outer)
	at := len(t.modules)
	t.modules = append(t.modules, moduleNode{address: address, label: label, above: above})
	t.modules[above].modules = append(t.modules[above].modules, at)
	t.at[address] = at
	return at
}

// lastModule splits the last step off the address of a module. A key may have
// anything in it, ".module." too.
func lastModule(address string) (outer, last string) {
	quoted, at := false, 0
	for i := 0; i < len(address); i++ {
		switch {
		case quoted && address[i] == '\\':
			i++
		case address[i] == '"':
			quoted = !quoted
		case !quoted && i > 0 && strings.HasPrefix(address[i:], ".module."):
			at = i + 1
		}
	}
	if at == 0 {
		return "", address
	}
	return address[:at-1], address[at:]
}

// treeRow is one line of the tree.
type treeRow struct {
	id       string
	kind     rowKind
	depth    int
	label    string
	sums     sums
	module   int
	resource int
	object   model.InstanceEntry
}

type rowKind byte

const (
	moduleRow rowKind = iota
	resourceRow
	objectRow
)

func moduleID(address string) string { return "m" + address }
func resourceID(i int) string        { return "r" + strconv.Itoa(i) }
func objectID(i, n int) string       { return "o" + strconv.Itoa(i) + "." + strconv.Itoa(n) }

// unfolded is the tree with only what is open unfolded.
func (t *moduleTree) unfolded(open func(id string) bool, objects map[int][]model.InstanceEntry) []treeRow {
	var rows []treeRow
	t.below(0, 0, open, objects, &rows)
	return rows
}

func (t *moduleTree) below(at, depth int, open func(id string) bool, objects map[int][]model.InstanceEntry, rows *[]treeRow) {
	for _, i := range t.modules[at].resources {
		row := t.resource(i, depth)
		*rows = append(*rows, row)
		if open(row.id) {
			for n, o := range objects[i] {
				*rows = append(*rows, objectTreeRow(row, n, o))
			}
		}
	}
	for _, m := range t.modules[at].modules {
		node := &t.modules[m]
		row := treeRow{id: moduleID(node.address), kind: moduleRow, depth: depth, label: node.label, sums: node.sums, module: m}
		*rows = append(*rows, row)
		if open(row.id) {
			t.below(m, depth+1, open, objects, rows)
		}
	}
}

func (t *moduleTree) resource(i, depth int) treeRow {
	e := t.index.Resource(i)
	label := e.Address
	if e.Module != "" {
		label = strings.TrimPrefix(label, e.Module+".")
	}
	return treeRow{id: resourceID(i), kind: resourceRow, depth: depth, label: label, resource: i,
		sums: sums{e.Instances, e.Tainted, e.Deposed}}
}

func objectTreeRow(r treeRow, n int, o model.InstanceEntry) treeRow {
	row := treeRow{id: objectID(r.resource, n), kind: objectRow, depth: r.depth + 1, label: o.Key, resource: r.resource, object: o}
	if row.label == "" {
		row.label = "(no key)"
	}
	if o.Deposed != "" {
		row.sums.deposed = 1
	} else {
		row.sums.instances = 1
	}
	if o.Tainted {
		row.sums.tainted = 1
	}
	return row
}

// flat is every instance under its full address, for a filter; of a resource
// whose objects are not read it is the resource.
func (t *moduleTree) flat(objects map[int][]model.InstanceEntry) []treeRow {
	rows := make([]treeRow, 0, t.index.Len())
	for i, e := range t.index.Resources() {
		row := treeRow{id: resourceID(i), kind: resourceRow, label: e.Address, resource: i, sums: sums{e.Instances, e.Tainted, e.Deposed}}
		if len(objects[i]) == 0 {
			rows = append(rows, row)
		}
		for n, o := range objects[i] {
			one := objectTreeRow(row, n, o)
			one.depth, one.label = 0, o.Address
			rows = append(rows, one)
		}
	}
	return rows
}
