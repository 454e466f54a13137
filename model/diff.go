package model

import (
	"fmt"
	"slices"
)

// DiffKind is what became of one address between two versions of a state.
type DiffKind string

// The kinds of a DiffEntry.
const (
	DiffAdded    DiffKind = "added"
	DiffRemoved  DiffKind = "removed"
	DiffMoved    DiffKind = "moved"    // the same object stands at another address
	DiffChanged  DiffKind = "changed"  // attributes, taint or deposed objects differ
	DiffMetadata DiffKind = "metadata" // only what the tools keep for themselves differs
)

// Sign is the kind in one column.
func (k DiffKind) Sign() string {
	switch k {
	case DiffAdded:
		return "+"
	case DiffRemoved:
		return "-"
	case DiffMoved:
		return "→"
	case DiffChanged:
		return "~"
	case DiffMetadata:
	}
	return "·"
}

// StateDiff is how two versions of a state differ: by address at once, by
// attribute when asked. It reads from the two bodies, which it keeps, and never
// changes, so it may be asked from several goroutines.
type StateDiff struct {
	Summary DiffSummary
	Header  []DiffField  // what differs of format, serial, lineage, terraform_version and the results of checks
	Entries []*DiffEntry // outputs, then resource instances in the order of the state
	Notes   []string     // what could not be compared, and other remarks, a sentence each

	old, new *StateDocument
	secrets  *Secrets
}

// DiffSummary counts addresses as "terraform state list" prints them. A moved
// instance counts as moved alone, so that the numbers of resources of the two
// versions differ by Added - Removed.
type DiffSummary struct {
	Added, Removed, Moved, Changed, Metadata, Unchanged int
	Outputs                                             int // outputs that were added, removed or changed
}

// DiffField is a named fact that differs. "" is absent.
type DiffField struct {
	Name     string
	Old, New string
}

// DiffEntry is one address, or one output, that differs.
type DiffEntry struct {
	Kind    DiffKind
	Output  bool   // an output of the root module; Address is "output.NAME"
	Address string // in the newer version; of what was removed, in the older one
	From    string // of what moved: its address in the older version
	Type    string // of the resource; "" of an output
	Changed bool   // of what moved: it differs as well
	Notes   []string
	// Metadata is what differs beside the attributes: the provider, the
	// dependencies, the version of the schema and what a provider keeps for itself.
	Metadata []DiffField

	old, new       objectRef
	at             diffPlace
	provider       string
	oldOut, newOut *OutputEntry
}

// Differ reports whether anything but the serial differs, of which every version
// has its own.
func (d *StateDiff) Differ() bool {
	return len(d.Entries) > 0 || slices.ContainsFunc(d.Header, func(f DiffField) bool { return f.Name != "serial" })
}

// CompareStates reads two versions of a state and compares them. The error says
// which of them cannot be read: it matches ErrEncryptedState, ErrUnsupported or
// ErrInvalid.
func CompareStates(older, newer []byte) (*StateDiff, error) {
	old, err := ReadDocument("", older)
	if err != nil {
		return nil, fmt.Errorf("reading the older version: %w", err)
	}
	new, err := ReadDocument("", newer)
	if err != nil {
		return nil, fmt.Errorf("reading the newer version: %w", err)
	}
	return DiffStates(&old, &new)
}

// DiffStates compares two versions of a state. What is equal byte by byte is
// never decoded. What either version knows to be secret is shown of neither.
func DiffStates(old, new *StateDocument) (*StateDiff, error) {
	secrets := old.Secrets.Clone()
	secrets.Add(new.Secrets)
	d := &differ{StateDiff: &StateDiff{old: old, new: new, secrets: secrets}, leftover: map[*DiffEntry][]diffObject{}}
	d.Header = append(diffHeaders(old.Index.StateHeader, new.Index.StateHeader), d.checks()...)
	d.Notes = d.remarks()
	if err := d.instances(); err != nil {
		return nil, err
	}
	return d.StateDiff, d.outputs()
}

func diffHeaders(old, new StateHeader) []DiffField {
	var all []DiffField
	add := func(name, old, new string) {
		if old != new {
			all = append(all, DiffField{Name: name, Old: old, New: new})
		}
	}
	add("format", string(old.Format), string(new.Format))
	add("serial", serialWord(old.Serial), serialWord(new.Serial))
	add("lineage", orEmpty(old.Lineage), orEmpty(new.Lineage))
	add("terraform_version", orEmpty(old.TerraformVersion), orEmpty(new.TerraformVersion))
	return all
}

func serialWord(n *uint64) string {
	if n == nil {
		return ""
	}
	return fmt.Sprint(*n)
}

func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// remarks say what is particular about the two versions.
func (d *StateDiff) remarks() []string {
	var all []string
	for _, side := range []struct {
		name  string
		index *StateIndex
	}{{"older", d.old.Index}, {"newer", d.new.Index}} {
		if side.index.Format == FormatEmpty {
			all = append(all, "the "+side.name+" version has no bytes at all; both tools take that for no state")
		}
		for _, note := range side.index.Notes() {
			all = append(all, "the "+side.name+" version: "+note)
		}
	}
	if d.mixed() {
		all = append(all, "the versions are of format "+string(d.old.Index.Format)+" and "+string(d.new.Index.Format)+
			": addresses are compared, and attributes without parts; lists, maps and blocks are not")
	}
	return all
}

// mixed reports that one version keeps attributes flat and the other does not.
func (d *StateDiff) mixed() bool {
	old, new := d.old.Index.Format, d.new.Index.Format
	return old != FormatEmpty && new != FormatEmpty && old.legacy() != new.legacy()
}
