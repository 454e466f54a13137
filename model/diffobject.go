package model

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// objectRef is where an object is in the body of its version.
type objectRef struct {
	span, attributes, sensitive Span
	flat                        bool // the attributes are kept flat, as before Terraform 0.12
}

func (o *objectRef) present() bool { return o.span.Len() > 0 }

// entry is the object as the decoder of attributes wants it.
func (o *objectRef) entry(address string) InstanceEntry {
	return InstanceEntry{Address: address, Span: o.span, Attributes: o.attributes, Sensitive: o.sensitive}
}

// diffObject is an object while it is compared.
type diffObject struct {
	objectRef
	key      string // of its instance, as in the address
	deposed  string
	tainted  bool
	provider string // of its resource
	metadata [metadataKinds]Span
}

// metadataKinds is the number of members of an object that tools and providers
// keep for themselves, in all formats.
const metadataKinds = 10

func metadataNames() [metadataKinds]string {
	return [metadataKinds]string{"provider", "schema_version", "dependencies", "depends_on", "sensitive_attributes",
		"create_before_destroy", "identity", "identity_schema_version", "private", "meta"}
}

// readObjects appends the objects of the rows of one resource, in their order.
// The index has read them before, so they are only walked.
func readObjects(all []diffObject, doc *StateDocument, first int, more []int) ([]diffObject, error) {
	if first < 0 {
		return all, nil
	}
	all, err := readRow(all, doc, first)
	for _, i := range more {
		if err == nil {
			all, err = readRow(all, doc, i)
		}
	}
	return all, err
}

func readRow(all []diffObject, doc *StateDocument, i int) ([]diffObject, error) {
	if doc.Index.Format.legacy() {
		return readLegacyRow(all, doc, i, doc.Index.Resource(i))
	}
	var err error
	provider, span := doc.Index.placeOf(i)
	names := metadataNames()
	body, first := doc.Body, len(all)
	walkObject(body, int(span.Start), func(name []byte, at int) int {
		if string(unquoted(name)) != "instances" {
			return endOfValue(body, at)
		}
		all = all[:first] // a repeated member replaces the first one, as in the index
		return walkArray(body, at, func(at int) (end int) {
			o := diffObject{provider: provider}
			if end, err = o.read(body, at, &names); err == nil {
				all = append(all, o)
				return end
			}
			return len(body)
		})
	})
	return all, err
}

// walkObject visits the members of the object at i, each of which member walks
// itself and says where it ends, so that bytes are looked at once. It returns
// the offset behind the object. A value that is none is passed over.
func walkObject(b []byte, i int, member func(name []byte, at int) (end int)) int {
	if i >= len(b) || b[i] != '{' {
		return endOfValue(b, i)
	}
	for i = skipBetween(b, i+1); i < len(b) && b[i] == '"'; i = skipBetween(b, i) {
		end := endOfString(b, i)
		name := b[i:end]
		i = member(name, skipBetween(b, end))
	}
	return i + 1
}

// walkArray is walkObject for the elements of an array.
func walkArray(b []byte, i int, element func(at int) (end int)) int {
	if i >= len(b) || b[i] != '[' {
		return endOfValue(b, i)
	}
	for i = skipBetween(b, i+1); i < len(b) && b[i] != ']'; i = skipBetween(b, i) {
		i = max(i+1, element(i))
	}
	return i + 1
}

// placeOf is the provider of row i and where it stands.
func (x *StateIndex) placeOf(i int) (provider string, at Span) {
	row := x.rows.row(i)
	return x.rows.heads[row.head].provider, Span{Start: int64(row.start), End: int64(row.start) + int64(row.length)}
}

// read reads the object at an offset and returns the offset behind it.
func (o *diffObject) read(body []byte, at int, names *[metadataKinds]string) (end int, err error) {
	end = walkObject(body, at, func(raw []byte, start int) int {
		end := endOfValue(body, start)
		value := Span{Start: int64(start), End: int64(end)}
		if fault := o.member(unquoted(raw), body[start:end], value, names); fault != nil {
			err = fault
		}
		return end
	})
	o.span = Span{Start: int64(at), End: int64(end)}
	return end, err
}

func (o *diffObject) member(name []byte, v jsontext.Value, at Span, names *[metadataKinds]string) (err error) {
	switch string(name) {
	case "index_key":
		o.key, err = printedKey(v, at.Start)
	case "deposed":
		o.deposed = textOf(v)
	case "status":
		o.tainted = string(unquoted(v)) == "tainted"
	case "attributes":
		o.setAttributes(v, at, false)
	case "attributes_flat":
		o.setAttributes(v, at, true)
	case "sensitive_attributes":
		o.sensitive = at
		o.setMetadata(name, at, names)
	default:
		o.setMetadata(name, at, names)
	}
	return err
}

func (o *diffObject) setAttributes(v jsontext.Value, at Span, flat bool) {
	if !isAbsent(v) {
		o.attributes, o.flat = at, flat
	}
}

func (o *diffObject) setMetadata(name []byte, at Span, names *[metadataKinds]string) {
	for i := range names {
		if names[i] == string(name) {
			o.metadata[i] = at
		}
	}
}

// readLegacyRow reads the objects of a row of the formats before v4, whose
// address includes the index.
func readLegacyRow(all []diffObject, doc *StateDocument, i int, r ResourceEntry) ([]diffObject, error) {
	objects, err := doc.Index.Instances(doc.Body, i)
	base, names := baseAddress(doc.Index, r), metadataNames()
	for _, in := range objects {
		o := diffObject{provider: r.Provider}
		if err == nil {
			_, err = o.read(doc.Body, int(in.Span.Start), &names)
		}
		o.key, o.deposed, o.tainted, o.flat = strings.TrimPrefix(in.Address, base), in.Deposed, in.Tainted, true
		all = append(all, o)
	}
	return all, err
}
