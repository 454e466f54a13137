package sample

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// document writes the versions of one state, format v4.
type document struct {
	tool    tool
	layout  layout
	lineage string
	names   map[string]string // variables that hold for the whole state
	blocks  []blockText       // in the order of a state
	outputs []outputText      // by name
	total   int               // instances in the end
	size    int               // of the body written last, in bytes
}

// blockText is a resource, its instances in the order of a state.
type blockText struct {
	head      []byte
	body      pattern // an instance from its second member on
	instances []instance
}

// instance is one address; it exists when more than order instances do.
type instance struct {
	order   int
	key     string // as JSON; "" without one
	name    string // what $key$ says
	id      string // what $id$ says
	changed int    // the revision that changed it last
	managed bool
}

type outputText struct {
	name  string
	after int // it exists when more instances than this do
	body  pattern
}

// newDocument lays out a state that grows in the order of its blocks.
func newDocument(c *catalog, b backend, s state) *document {
	d := &document{tool: s.tool, layout: s.tool.layout(), lineage: uuid(randomFor(b.name, s.key, "lineage")), names: s.names(b)}
	for _, block := range s.stack.blocks {
		d.add(c, block)
	}
	slices.SortStableFunc(d.blocks, func(x, y blockText) int { return strings.Compare(string(x.head), string(y.head)) })
	for _, o := range s.stack.outputs {
		d.outputs = append(d.outputs, outputText{o.name, o.after, d.layout.pattern(o.text(), 2)})
	}
	slices.SortFunc(d.outputs, func(x, y outputText) int { return strings.Compare(x.name, y.name) })
	return d
}

// add lays out one block and its instances.
func (d *document) add(c *catalog, b block) {
	kind := c.kinds[b.typ]
	t := blockText{head: d.head(b), body: d.layout.pattern(b.instance(kind), 4)}
	t.body[0].text = strings.TrimPrefix(t.body[0].text, "{") // "index_key" may come first
	for i, key := range b.indexes() {
		in := instance{order: d.total + i, managed: b.mode == managedMode, name: b.name}
		if key != nil {
			in.key, in.name = string(marshal(key)), strings.Trim(string(marshal(key)), `"`)
		}
		in.id = hash(d.lineage, b.module, b.typ, b.name, in.key)
		t.instances = append(t.instances, in)
	}
	d.total += len(t.instances)
	slices.SortFunc(t.instances, func(x, y instance) int { return compareKeys(x.key, y.key) })
	d.blocks = append(d.blocks, t)
}

// compareKeys orders instances as both tools do: numbers by value, texts by bytes.
func compareKeys(x, y string) int {
	if strings.HasPrefix(x, `"`) {
		return strings.Compare(x, y)
	}
	return cmp.Or(cmp.Compare(len(x), len(y)), strings.Compare(x, y))
}

// head is a resource up to its instances. Sorting heads by their bytes sorts
// resources as both tools do but for the root module, which has no member
// "module" and comes first in a state: "mode" and "module" differ at the fourth
// letter, so it does here.
func (d *document) head(b block) []byte {
	l := d.layout
	out := []byte{'{'}
	if b.module != "" {
		out = l.text(out, 3, "module", b.module)
	}
	out = l.text(out, 3, "mode", b.mode)
	out = l.text(out, 3, "type", b.typ)
	out = l.text(out, 3, "name", b.name)
	return l.text(out, 3, "provider", b.provider(d.tool.registry()))
}

// body is the state with that many instances, as the tool writes it.
func (d *document) body(version string, serial uint64, count int) []byte {
	l := d.layout
	out := make([]byte, 0, d.size+d.size/4+4096) // versions resemble each other
	out = append(l.name(append(out, '{'), 1, "version"), '4')
	out = l.text(out, 1, "terraform_version", version)
	out = strconv.AppendUint(l.name(out, 1, "serial"), serial, 10)
	out = l.text(out, 1, "lineage", d.lineage)
	out = d.appendOutputs(l.name(out, 1, "outputs"), count)
	out = d.appendResources(l.name(out, 1, "resources"), count)
	out = append(l.name(out, 1, "check_results"), "null"...)
	out = append(l.line(out, 0), "}\n"...)
	d.size = len(out)
	return out
}

func (d *document) appendOutputs(out []byte, count int) []byte {
	out = append(out, '{')
	first := len(out)
	for _, o := range d.outputs {
		if count > o.after {
			out = o.body.fill(d.layout.name(out, 2, o.name), d.value(instance{}))
		}
	}
	if len(out) > first {
		out = d.layout.line(out, 1)
	}
	return append(out, '}')
}

func (d *document) appendResources(out []byte, count int) []byte {
	out = append(out, '[')
	for i := range d.blocks {
		out = d.appendBlock(out, &d.blocks[i], count)
	}
	return append(d.layout.line(out, 1), ']')
}

func (d *document) appendBlock(out []byte, b *blockText, count int) []byte {
	l, opened := d.layout, false
	for _, in := range b.instances {
		if in.order >= count {
			continue
		}
		if !opened {
			out = append(d.separate(out, 2), b.head...)
			out = append(l.name(out, 3, "instances"), '[')
			opened = true
		}
		out = d.appendInstance(d.separate(out, 4), b.body, in)
	}
	if opened {
		out = append(l.line(append(l.line(out, 3), ']'), 2), '}')
	}
	return out
}

// separate starts an element of an array.
func (d *document) separate(out []byte, depth int) []byte {
	if out[len(out)-1] != '[' {
		out = append(out, ',')
	}
	return d.layout.line(out, depth)
}

func (d *document) appendInstance(out []byte, body pattern, in instance) []byte {
	out = append(out, '{')
	if in.key != "" {
		out = append(d.layout.name(out, 5, "index_key"), in.key...)
		out = append(out, ',')
	}
	return body.fill(out, d.value(in))
}

// value tells what the variables of an instance stand for.
func (d *document) value(in instance) func(string) string {
	return func(variable string) string {
		switch variable {
		case "key":
			return in.name
		case "id":
			return in.id
		case "release":
			return "r" + strconv.Itoa(in.changed+1)
		}
		return d.names[variable]
	}
}

// touch changes values of n instances, of those present, in this revision.
func (d *document) touch(r *random, revision, count, n int) {
	var present []*instance
	for i := range d.blocks {
		for j := range d.blocks[i].instances {
			if in := &d.blocks[i].instances[j]; in.order < count && in.managed {
				present = append(present, in)
			}
		}
	}
	for range min(n, len(present)) {
		k := r.IntN(len(present))
		present[k].changed = revision
		present = slices.Delete(present, k, k+1)
	}
}
