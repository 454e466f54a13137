package model

import (
	"iter"

	"github.com/go-json-experiment/json/jsontext"
)

// InstanceEntry is one object of a resource: the current one of an instance, or
// a deposed one that waits to be destroyed.
type InstanceEntry struct {
	Address    string // of the instance, as "terraform state list" prints it; deposed objects share it
	Key        string // as in the address: "", [0], ["a"]
	Tainted    bool
	Deposed    string // the key of a deposed object; "" for the current one
	Span       Span   // of the whole object in the body
	Attributes Span   // of its attributes, or attributes_flat; zero when absent
	Sensitive  Span   // of sensitive_attributes; zero when absent
}

// stateObject is an element of "instances" while it is scanned. The raw values
// alias the body.
type stateObject struct {
	key, deposed, provider jsontext.Value
	keyAt, start, end      int64
	tainted                bool
	attributes, secret     Span
}

// readObject reads one element of the "instances" of format v4.
func readObject(s *stateScanner) (stateObject, error) {
	o := stateObject{start: s.nextStart()}
	err := s.object("an instance", func(_, name []byte) (err error) {
		switch string(name) {
		case "index_key":
			o.key, o.keyAt, err = readKey(s)
		case "status":
			o.tainted, err = readStatus(s)
		case "deposed":
			o.deposed, err = s.text("deposed")
		case "provider":
			o.provider, err = s.text("provider")
		case "attributes", "attributes_flat":
			err = readPresent(s, &o.attributes)
		case "sensitive_attributes":
			err = readPresent(s, &o.secret)
		default:
			err = s.skip()
		}
		return err
	})
	o.end = s.offset()
	return o, err
}

// isDeposed: an empty key is that of the current object, as for Terraform.
func (o stateObject) isDeposed() bool { return len(o.deposed) > len(`""`) }

func readKey(s *stateScanner) (jsontext.Value, int64, error) {
	v, where, err := s.value()
	if err != nil {
		return nil, 0, err
	}
	if v.Kind() == '"' {
		return v, where.Start, nil
	}
	_, err = printedKey(v, where.Start)
	return v, where.Start, err
}

func readStatus(s *stateScanner) (tainted bool, err error) {
	raw, err := s.text("status")
	return string(unquoted(raw)) == "tainted", err
}

// readPresent notes where a value is, unless it is null.
func readPresent(s *stateScanner, where *Span) error {
	v, at, err := s.value()
	if err == nil && v.Kind() != 'n' {
		*where = at
	}
	return err
}

// entry is the object as callers see it; address is that of its resource.
func (o stateObject) entry(address string) (InstanceEntry, error) {
	key, err := printedKey(o.key, o.keyAt)
	return InstanceEntry{
		Address: address + key, Key: key, Tainted: o.tainted, Deposed: string(unquoted(o.deposed)),
		Span: Span{Start: o.start, End: o.end}, Attributes: o.attributes, Sensitive: o.secret,
	}, err
}

// Instances reads the objects of resource i, in the order of the state. body
// is the body that was indexed.
func (x *StateIndex) Instances(body []byte, i int) ([]InstanceEntry, error) {
	entry := x.Resource(i)
	part := entry.Span.In(body)
	if part == nil || int64(len(body)) != x.size {
		return nil, stateErrorf(entry.Span.Start, "these are not the bytes that were indexed")
	}
	s := newStateScanner(part, entry.Span.Start, false)
	if x.Format.legacy() {
		return legacyInstances(s, entry.Address)
	}
	var all []InstanceEntry
	err := s.object("the resource", func(_, name []byte) error {
		if string(name) != "instances" {
			return s.skip()
		}
		all = nil // a repeated member replaces the first one, as in the index
		return s.array("instances", func() error {
			entry, err := readInstance(s, entry.Address)
			all = append(all, entry)
			return err
		})
	})
	return all, err
}

func readInstance(s *stateScanner, address string) (InstanceEntry, error) {
	o, err := readObject(s)
	if err != nil {
		return InstanceEntry{}, err
	}
	return o.entry(address)
}

// Addresses are the addresses that "terraform state list" prints, in the order
// of the state (terraform sorts them). body is the body that was indexed; the
// sequence ends with the first error.
func (x *StateIndex) Addresses(body []byte) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for i := range x.Len() {
			all, err := x.Instances(body, i)
			if err != nil {
				yield("", err)
				return
			}
			for _, address := range distinctAddresses(all) {
				if !yield(address, nil) {
					return
				}
			}
		}
	}
}

// distinctAddresses leaves out what deposed objects add to their instance's own.
func distinctAddresses(all []InstanceEntry) []string {
	addresses := make([]string, 0, len(all))
	seen := map[string]bool{}
	for _, o := range all {
		if !seen[o.Address] {
			seen[o.Address] = true
			addresses = append(addresses, o.Address)
		}
	}
	return addresses
}
