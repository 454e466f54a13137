package model

import (
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Formats v1, v2 and v3 keep a flat map of instances by module:
// modules[].resources{"aws_instance.web.0": {primary, deposed[], provider}}.
// They are read as terraform upgrades them when it lists them.

// module reads one element of "modules".
func (b *indexBuilder) module(s *stateScanner) error {
	start, first := s.nextStart(), b.legacy.n
	path, outputs := []string(nil), []OutputEntry(nil)
	err := s.object("a module", func(_, name []byte) (err error) {
		switch string(name) {
		case "path":
			path = nil
			err = s.array("path", func() error { return readPathStep(s, &path) })
		case "outputs":
			outputs = nil
			err = readOutputs(s, &outputs)
		case "resources":
			err = s.object("resources", func(_, name []byte) error { return b.legacyResource(s, string(name)) })
		default:
			err = s.skip()
		}
		return err
	})
	if err != nil {
		return err
	}
	return b.placeModule(start, path, outputs, first)
}

func readPathStep(s *stateScanner, path *[]string) error {
	raw, err := s.text("a step of path")
	*path = append(*path, textOf(raw))
	return err
}

// placeModule gives the module's resources their module, whose path may have
// come after them, and keeps the outputs of the root.
func (b *indexBuilder) placeModule(start int64, path []string, outputs []OutputEntry, first int) error {
	if len(path) == 0 {
		path = []string{"root"} // seen in v1
	}
	if path[0] != "root" {
		return stateErrorf(start, "the path of a module does not start with \"root\"")
	}
	if len(path) == 1 {
		b.rootOutputs = append(b.rootOutputs, outputs...)
		return nil
	}
	id := b.legacy.module("module." + strings.Join(path[1:], ".module."))
	for i := first; i < b.legacy.n; i++ {
		b.legacy.row(i).module = id
	}
	return nil
}

// legacyKey is what the key of a resource says: "data.aws_ami.x.0".
type legacyKey struct {
	data      bool
	typ, name string
	index     *int64
}

func parseLegacyKey(key string) (legacyKey, bool) {
	parts := strings.Split(key, ".")
	var k legacyKey
	if len(parts) > 2 && parts[0] == "data" {
		k.data, parts = true, parts[1:]
	}
	if len(parts) < 2 || len(parts) > 3 {
		return k, false
	}
	k.typ, k.name = parts[0], parts[1]
	if len(parts) == 2 {
		return k, true
	}
	n, err := strconv.ParseInt(parts[2], 0, 64)
	k.index = &n
	return k, err == nil
}

// legacyResource reads one member of a module's "resources".
func (b *indexBuilder) legacyResource(s *stateScanner, key string) error {
	start := s.nextStart()
	k, ok := parseLegacyKey(key)
	if !ok {
		return stateErrorf(start, "the key of this resource is not type.name or type.name.index")
	}
	raw := rawResource{mode: rawText(ModeManaged), typ: rawText(k.typ), name: rawText(k.name)}
	if k.data {
		raw.mode = rawText(ModeData)
	}
	var t tally
	all, provider, err := readLegacyObjects(s)
	if err != nil {
		return err
	}
	raw.provider = provider
	for _, o := range all {
		t.instances = 1
		if o.tainted {
			t.tainted++
		}
		if o.deposed != nil {
			t.deposed++
		}
	}
	if k.index != nil {
		b.legacy.indexes[b.legacy.n] = *k.index
	}
	b.legacy.add(raw, Span{Start: start, End: s.offset()}, t, k.data)
	return nil
}

// rawText writes text as the decoder would have read it.
func rawText(text string) jsontext.Value {
	// Only broken UTF-8 is an error, and it is replaced all the same.
	raw, _ := jsontext.AppendQuote(nil, text)
	return raw
}

// readLegacyObjects reads the objects of one legacy resource. Deposed ones get
// the keys that terraform gives them when it upgrades the state.
func readLegacyObjects(s *stateScanner) (all []stateObject, provider jsontext.Value, err error) {
	deposed := 0
	err = s.object("a resource", func(_, name []byte) (err error) {
		switch string(name) {
		case "primary":
			err = readLegacyObject(s, nil, &all)
		case "deposed":
			err = s.array("deposed", func() error {
				deposed++
				return readLegacyObject(s, rawText(deposedKey(deposed)), &all)
			})
		case "provider":
			provider, err = s.text("provider")
		default:
			err = s.skip()
		}
		return err
	})
	return all, provider, err
}

func deposedKey(n int) string {
	text := strconv.FormatInt(int64(n), 16)
	return strings.Repeat("0", max(0, 8-len(text))) + text
}

// readLegacyObject reads a primary or deposed object; null is none.
func readLegacyObject(s *stateScanner, deposed jsontext.Value, all *[]stateObject) error {
	start := s.nextStart()
	if s.dec.PeekKind() == 'n' {
		return s.skip()
	}
	o := stateObject{deposed: deposed, start: start}
	err := s.object("an instance", func(_, name []byte) (err error) {
		switch string(name) {
		case "tainted":
			o.tainted, err = s.flag("tainted")
		case "attributes":
			err = readPresent(s, &o.attributes)
		default:
			err = s.skip()
		}
		return err
	})
	o.end = s.offset()
	*all = append(*all, o)
	return err
}

// legacyInstances are the objects of one legacy resource, whose address already
// includes the index.
func legacyInstances(s *stateScanner, address string) ([]InstanceEntry, error) {
	objects, _, err := readLegacyObjects(s)
	all := make([]InstanceEntry, 0, len(objects))
	for _, o := range objects {
		entry, err := o.entry(address)
		if err != nil {
			return nil, err
		}
		all = append(all, entry)
	}
	return all, err
}
