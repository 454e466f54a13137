package model

import (
	"bytes"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// A state may have hundreds of thousands of resources, most of which differ in
// little but their name. A row is 24 bytes, its name lies in a text that many
// rows share, and what resources have in common is kept once. Rows are kept in
// chunks, for growing one slice would copy all of it again and again.

const rowsPerChunk = 1024

// resourceRows are the resources of a state, 24 bytes and a name each.
type resourceRows struct {
	n       int
	chunks  []rowChunk // all but the last one full
	heads   []resourceHead
	modules []string
	marks   map[int]objectMarks // by row; most rows have none
	indexes map[int]int64       // by row: the index in the address of a legacy resource
}

type rowChunk struct {
	rows  []resourceRow
	names []byte // of these rows, one after the other
}

type resourceRow struct {
	start, length uint32 // of the span
	nameEnd       uint32 // in the chunk's names; it starts where the name before ends
	module, head  uint32
	instances     uint32
}

// resourceHead is what resources of one kind share.
type resourceHead struct{ mode, typ, each, provider string }

type objectMarks struct{ tainted, deposed uint32 }

func (t *resourceRows) row(i int) *resourceRow {
	return &t.chunks[i/rowsPerChunk].rows[i%rowsPerChunk]
}

func (t *resourceRows) name(i int) string {
	chunk, start := &t.chunks[i/rowsPerChunk], uint32(0)
	if i %= rowsPerChunk; i > 0 {
		start = chunk.rows[i-1].nameEnd
	}
	return string(chunk.names[start:chunk.rows[i].nameEnd])
}

func (t *resourceRows) entry(i int) ResourceEntry {
	row := t.row(i)
	head, marks := t.heads[row.head], t.marks[i]
	e := ResourceEntry{
		Module: t.modules[row.module], Mode: head.mode, Type: head.typ, Name: t.name(i),
		Each: head.each, Provider: head.provider,
		Instances: int(row.instances), Tainted: int(marks.tainted), Deposed: int(marks.deposed),
		Span: Span{Start: int64(row.start), End: int64(row.start) + int64(row.length)},
	}
	e.Address = ResourceAddress(e.Module, e.Mode, e.Type, e.Name)
	if index, ok := t.indexes[i]; ok {
		e.Address += "[" + strconv.FormatInt(index, 10) + "]"
	}
	return e
}

// rowBuilder adds rows; what it needs to find shared text again is dropped in
// the end.
type rowBuilder struct {
	resourceRows
	managed, data int // instances
	texts         map[string]string
	headIDs       map[resourceHead]uint32
	moduleIDs     map[string]uint32
	modulesByRaw  map[string]uint32
	last          lastRow
}

// lastRow is how the resource before was spelled (it aliases the body, only
// while that is read) and what it led to.
type lastRow struct {
	raw          rawResource
	head, module uint32
	set          bool
}

func newRowBuilder() rowBuilder {
	return rowBuilder{
		resourceRows: resourceRows{marks: map[int]objectMarks{}, indexes: map[int]int64{}},
		texts:        map[string]string{}, headIDs: map[resourceHead]uint32{}, moduleIDs: map[string]uint32{}, modulesByRaw: map[string]uint32{},
	}
}

func (b *rowBuilder) add(r rawResource, where Span, t tally, data bool) {
	if data {
		b.data += t.instances
	} else {
		b.managed += t.instances
	}
	if t.tainted > 0 || t.deposed > 0 {
		b.marks[b.n] = objectMarks{tainted: uint32(t.tainted), deposed: uint32(t.deposed)}
	}
	b.last = lastRow{raw: r, head: b.headOf(r), module: b.moduleOf(r), set: true}
	b.push(unquoted(r.name), resourceRow{
		start: uint32(where.Start), length: uint32(where.Len()), instances: uint32(t.instances),
		module: b.last.module, head: b.last.head,
	})
}

func (b *rowBuilder) push(name []byte, row resourceRow) {
	switch {
	case b.n == 0:
		b.chunks = []rowChunk{{}} // grows: most states are small
	case b.n%rowsPerChunk == 0:
		b.chunks = append(b.chunks, rowChunk{rows: make([]resourceRow, 0, rowsPerChunk)})
	}
	chunk := &b.chunks[len(b.chunks)-1]
	chunk.names = append(chunk.names, name...)
	row.nameEnd = uint32(len(chunk.names))
	chunk.rows = append(chunk.rows, row)
	b.n++
}

// text is what raw means, the same string for the same spelling.
func (b *rowBuilder) text(raw jsontext.Value) string {
	if len(raw) == 0 {
		return ""
	}
	text, ok := b.texts[string(raw)]
	if !ok {
		text = textOf(raw)
		b.texts[string(raw)] = text
	}
	return text
}

// headOf finds the head of a resource. Terraform sorts resources by type, so
// it mostly is the one before.
func (b *rowBuilder) headOf(r rawResource) uint32 {
	if b.last.set && r.sameHead(b.last.raw) {
		return b.last.head
	}
	h := resourceHead{mode: b.text(r.mode), typ: b.text(r.typ), each: b.text(r.each), provider: b.text(r.provider)}
	id, ok := b.headIDs[h]
	if !ok {
		id = uint32(len(b.heads))
		b.headIDs[h], b.heads = id, append(b.heads, h)
	}
	return id
}

func (b *rowBuilder) moduleOf(r rawResource) uint32 {
	if b.last.set && bytes.Equal(r.module, b.last.raw.module) {
		return b.last.module
	}
	id, ok := b.modulesByRaw[string(r.module)]
	if !ok {
		id = b.module(textOf(r.module))
		b.modulesByRaw[string(r.module)] = id
	}
	return id
}

func (b *rowBuilder) module(name string) uint32 {
	id, ok := b.moduleIDs[name]
	if !ok {
		id = uint32(len(b.modules))
		b.moduleIDs[name], b.modules = id, append(b.modules, name)
	}
	return id
}
