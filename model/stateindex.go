package model

import (
	"bytes"
	"fmt"
	"iter"
	"math"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// StateIndex tells where things are in the body of a state. It keeps offsets
// and names, never the body or a value, so the body can be freed.
type StateIndex struct {
	StateHeader
	Outputs []OutputEntry // of the root module, in the order of the state

	// Instances by the mode of their resource. Each counts once, whether it has
	// a current object, deposed ones, or both.
	ManagedInstances int
	DataInstances    int

	// InvalidUTF8 is the offset of the first byte that is no UTF-8, nil when
	// there is none. Terraform reads such bytes as U+FFFD, and so does this.
	InvalidUTF8 *int64

	size   int64
	rows   resourceRows
	checks Span // of the value of "check_results"; zero when absent
}

// ResourceEntry is one resource of a state: one element of "resources" in
// format v4, one member of a module's "resources" in v3, v2 and v1, where each
// instance has its own and Address includes its index.
type ResourceEntry struct {
	Address   string // as terraform prints it, without the key of an instance
	Module    string // "" in the root module
	Mode      string // ModeManaged or ModeData
	Type      string
	Name      string
	Each      string // "list" or "map" where an old v4 says so, mostly ""
	Provider  string // as the state has it: provider["registry.terraform.io/hashicorp/aws"]
	Instances int    // instances, each of which has an address of its own
	Tainted   int    // tainted objects
	Deposed   int    // deposed objects
	Span      Span   // of the element, or of the member's value, in the body
}

// OutputEntry is one output of the root module.
type OutputEntry struct {
	Name      string
	Sensitive bool
	Span      Span // of the member's value in the body
	Value     Span // of the output's own value; zero when absent
	Type      Span // of its type; zero when absent
}

// ResourceCount is the number of addresses that "terraform state list" prints:
// instances of managed resources and of data sources. A deposed object is no
// address of its own, but an instance that has nothing else counts.
func (x *StateIndex) ResourceCount() int { return x.ManagedInstances + x.DataInstances }

// Len is the number of resources: at most ResourceCount, but for resources
// without an instance.
func (x *StateIndex) Len() int { return x.rows.n }

// Resource is resource i, 0 <= i < Len, in the order of the state.
func (x *StateIndex) Resource(i int) ResourceEntry { return x.rows.entry(i) }

// Resources are all resources in the order of the state.
func (x *StateIndex) Resources() iter.Seq2[int, ResourceEntry] {
	return func(yield func(int, ResourceEntry) bool) {
		for i := range x.Len() {
			if !yield(i, x.Resource(i)) {
				return
			}
		}
	}
}

// Notes are what an operator should know beside the facts, one sentence each.
func (x *StateIndex) Notes() []string {
	notes := x.StateHeader.Notes()
	if x.InvalidUTF8 != nil {
		notes = append(notes, fmt.Sprintf("the state is not valid UTF-8 (first at offset %d); Terraform reads U+FFFD there", *x.InvalidUTF8))
	}
	return notes
}

// IndexState indexes the whole body of a state in one pass. An empty body has
// no resources. With an error the index holds the header alone: a StateError
// for bytes that Terraform could not read either, ErrEncryptedState, or
// ErrUnsupported for a binary state and for more than 4 GiB.
func IndexState(body []byte) (*StateIndex, error) {
	if uint64(len(body)) > math.MaxUint32 {
		return &StateIndex{}, fmt.Errorf("indexing a state of %d bytes: %w", len(body), ErrUnsupported)
	}
	b := newIndexBuilder()
	scan := scanHeader(body, int64(len(body)), b.member)
	index := &StateIndex{StateHeader: scan.h, size: int64(len(body))}
	if err := indexable(scan); err != nil {
		return index, err
	}
	b.finish(index)
	index.InvalidUTF8 = firstInvalidUTF8(body)
	return index, nil
}

func indexable(scan *headerScan) error {
	switch scan.h.Format {
	case FormatEncrypted:
		return ErrEncryptedState
	case FormatV0:
		return fmt.Errorf("indexing a binary state, written before Terraform 0.7: %w", ErrUnsupported)
	default:
		return scan.err
	}
}

func firstInvalidUTF8(body []byte) *int64 {
	if utf8.Valid(body) {
		return nil
	}
	at := int64(0)
	for len(body) > 0 {
		r, n := utf8.DecodeRune(body)
		if r == utf8.RuneError && n == 1 {
			break
		}
		body, at = body[n:], at+int64(n)
	}
	return &at
}

// indexBuilder gathers resources and outputs while the top level is read. Both
// shapes are kept apart until the end, for "version" may come last.
type indexBuilder struct {
	modern, legacy rowBuilder
	outputs        []OutputEntry // of the top level
	rootOutputs    []OutputEntry // of the module "root"
	objects        []stateObject // scratch: the objects of one resource
	checks         Span          // of "check_results"
}

func newIndexBuilder() *indexBuilder {
	return &indexBuilder{modern: newRowBuilder(), legacy: newRowBuilder()}
}

// member indexes one top-level member; a repeated one replaces the first.
func (b *indexBuilder) member(s *stateScanner, key string) (bool, error) {
	switch key {
	case "resources":
		b.modern = newRowBuilder()
		return true, s.array(`"resources"`, func() error { return b.resource(s) })
	case "outputs":
		b.outputs = nil
		return true, readOutputs(s, &b.outputs)
	case "modules":
		b.legacy, b.rootOutputs = newRowBuilder(), nil
		return true, s.array(`"modules"`, func() error { return b.module(s) })
	case "check_results":
		_, at, err := s.value()
		b.checks = at
		return true, err
	}
	return false, nil
}

// finish hands over the shape that the format of the state calls for.
func (b *indexBuilder) finish(x *StateIndex) {
	rows := &b.modern
	x.Outputs = b.outputs
	if x.Format.legacy() {
		rows, x.Outputs = &b.legacy, b.rootOutputs
	}
	x.rows, x.checks = rows.resourceRows, b.checks
	x.ManagedInstances, x.DataInstances = rows.managed, rows.data
}

// rawResource is an element of "resources" while it is scanned. The raw values
// alias the body.
type rawResource struct {
	module, mode, typ, name, each, provider jsontext.Value
	modeAt                                  int64
}

// sameHead reports whether two resources are spelled the same but for module and name.
func (r rawResource) sameHead(other rawResource) bool {
	return bytes.Equal(r.typ, other.typ) && bytes.Equal(r.provider, other.provider) &&
		bytes.Equal(r.mode, other.mode) && bytes.Equal(r.each, other.each)
}

// resource reads one element of the "resources" of format v4.
func (b *indexBuilder) resource(s *stateScanner) error {
	start := s.nextStart()
	r := rawResource{modeAt: start}
	b.objects = b.objects[:0]
	err := s.object("a resource", func(_, name []byte) (err error) {
		switch string(name) {
		case "module":
			r.module, err = s.text("module")
		case "mode":
			r.mode, r.modeAt, err = readMode(s)
		case "type":
			r.typ, err = s.text("type")
		case "name":
			r.name, err = s.text("name")
		case "each":
			r.each, err = s.text("each")
		case "provider":
			r.provider, err = s.text("provider")
		case "instances":
			err = b.instances(s)
		default:
			err = s.skip()
		}
		return err
	})
	if err != nil {
		return err
	}
	return b.addResource(r, Span{Start: start, End: s.offset()})
}

func readMode(s *stateScanner) (jsontext.Value, int64, error) {
	raw, err := s.text("mode")
	return raw, s.offset() - int64(len(raw)), err
}

func (b *indexBuilder) instances(s *stateScanner) error {
	b.objects = b.objects[:0]
	return s.array("instances", func() error {
		o, err := readObject(s)
		b.objects = append(b.objects, o)
		return err
	})
}

func (b *indexBuilder) addResource(r rawResource, where Span) error {
	mode := string(unquoted(r.mode))
	if mode != ModeManaged && mode != ModeData {
		return stateErrorf(r.modeAt, "the mode of a resource is neither %q nor %q", ModeManaged, ModeData)
	}
	if len(r.provider) == 0 && len(b.objects) > 0 {
		r.provider = b.objects[0].provider // OpenTofu may keep it by instance
	}
	counts, err := tallyObjects(b.objects)
	if err == nil {
		b.modern.add(r, where, counts, mode == ModeData)
	}
	return err
}

// tally counts the objects of one resource.
type tally struct{ instances, tainted, deposed int }

func tallyObjects(objects []stateObject) (tally, error) {
	t := tally{instances: len(objects)}
	for _, o := range objects {
		if o.tainted {
			t.tainted++
		}
		if o.isDeposed() {
			t.deposed++
		}
	}
	if len(objects) < 2 {
		return t, nil
	}
	keys, err := countKeys(objects)
	t.instances = keys
	return t, err
}

// countKeys counts instances, several objects of which may share a key. Two
// current objects may not, nor two deposed ones with one name: Terraform cannot
// read such a state.
func countKeys(objects []stateObject) (int, error) {
	type object struct{ key, deposed string }
	seen, keys := make(map[object]bool, len(objects)), make(map[string]bool, len(objects))
	for _, o := range objects {
		key, err := printedKey(o.key, o.keyAt)
		if err != nil {
			return 0, err
		}
		this := object{key: key, deposed: string(unquoted(o.deposed))}
		if seen[this] {
			return 0, stateErrorf(o.start, "an instance is there twice, expected one object for each key")
		}
		seen[this], keys[key] = true, true
	}
	return len(keys), nil
}
