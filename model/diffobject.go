package model

import (
	"slices"
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
	r := doc.Index.Resource(i)
	if doc.Index.Format.legacy() {
		return readLegacyRow(all, doc, i, r)
	}
	var err error
	names := metadataNames()
	eachMember(doc.Body, r.Span, func(name []byte, instances Span) bool {
		if string(unquoted(name)) != "instances" {
			return true
		}
		eachElement(doc.Body, instances, func(_ int, at Span) bool {
			o := diffObject{provider: r.Provider}
			err = o.read(doc.Body, at, &names)
			all = append(all, o)
			return err == nil
		})
		return err == nil
	})
	return all, err
}

// read reads one object.
func (o *diffObject) read(body []byte, at Span, names *[metadataKinds]string) (err error) {
	o.span = at
	eachMember(body, at, func(raw []byte, value Span) bool {
		name, v := unquoted(raw), jsontext.Value(value.In(body))
		switch string(name) {
		case "index_key":
			o.key, err = printedKey(v, value.Start)
		case "deposed":
			o.deposed = textOf(v)
		case "status":
			o.tainted = string(unquoted(v)) == "tainted"
		case "attributes":
			o.setAttributes(v, value, false)
		case "attributes_flat":
			o.setAttributes(v, value, true)
		default:
			o.setMetadata(string(name), value, names)
			if string(name) == "sensitive_attributes" {
				o.sensitive = value
			}
		}
		return err == nil
	})
	return err
}

func (o *diffObject) setAttributes(v jsontext.Value, at Span, flat bool) {
	if !isAbsent(v) {
		o.attributes, o.flat = at, flat
	}
}

func (o *diffObject) setMetadata(name string, at Span, names *[metadataKinds]string) {
	if i := slices.Index(names[:], name); i >= 0 {
		o.metadata[i] = at
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
			err = o.read(doc.Body, in.Span, &names)
		}
		o.key, o.deposed, o.tainted, o.flat = strings.TrimPrefix(in.Address, base), in.Deposed, in.Tainted, true
		all = append(all, o)
	}
	return all, err
}
