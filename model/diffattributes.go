package model

import (
	"slices"
	"strconv"
	"strings"
)

// Attributes compares the attributes of an entry of d.Entries, decoding no other
// one. Of what was added or removed it is all attributes with a value; of what
// differs in metadata alone, nothing.
func (d *StateDiff) Attributes(e *DiffEntry) ([]AttributeChange, error) {
	old, new, err := d.decoded(e)
	if err != nil {
		return nil, err
	}
	compare := valueDiff{secrets: d.secrets}
	switch {
	case e.Output:
		shareMarks(old, new)
		compare.values("value", old, new)
	case e.old.present() && e.new.present() && e.old.flat != e.new.flat:
		compare.flatAndNested(old, new)
	default:
		shareMarks(old, new)
		compare.flat = e.old.flat || e.new.flat
		compare.values("", old, new)
	}
	return compare.changes, nil
}

// decoded are the values that an entry compares; nil where there is none.
func (d *StateDiff) decoded(e *DiffEntry) (old, new *Value, err error) {
	if e.Output {
		if e.oldOut != nil {
			old, err = OutputValue(d.old.Body, *e.oldOut, d.secrets)
		}
		if e.newOut != nil && err == nil {
			new, err = OutputValue(d.new.Body, *e.newOut, d.secrets)
		}
		return old, new, err
	}
	if e.old.present() {
		from := e.Address
		if e.From != "" {
			from = e.From
		}
		old, err = Attributes(d.old.Body, e.old.entry(from), d.secrets)
	}
	if e.new.present() && err == nil {
		new, err = Attributes(d.new.Body, e.new.entry(e.Address), d.secrets)
	}
	return old, new, err
}

// shareMarks marks in each of two values what the other one has marked at the
// same place. Elements of a list may have moved, so all of them share a place.
func shareMarks(old, new *Value) {
	if old == nil || new == nil {
		return
	}
	places := map[string]bool{}
	for _, v := range []*Value{old, new} {
		eachPlace(v, "", func(place string, part *Value) bool {
			if part.Sensitive {
				places[place] = true
			}
			return !part.Sensitive
		})
	}
	if len(places) == 0 {
		return
	}
	for _, v := range []*Value{old, new} {
		eachPlace(v, "", func(place string, part *Value) bool {
			if places[place] {
				part.hide()
			}
			return !places[place]
		})
	}
}

func eachPlace(v *Value, place string, visit func(place string, part *Value) bool) {
	if v == nil || !visit(place, v) {
		return
	}
	for _, item := range v.Items {
		eachPlace(item, place+"[]", visit)
	}
	for _, m := range v.Members {
		eachPlace(m.Value, memberPath(place, m.Name), visit)
	}
}

// flatAndNested compares what can be compared of attributes that one version
// keeps flat, as strings: those without parts.
func (d *valueDiff) flatAndNested(old, new *Value) {
	shareMarks(old, new)
	for _, name := range mergedNames(old, new) {
		was, is := asFlat(old.Member(name)), asFlat(new.Member(name))
		if strings.Contains(name, ".") || was == nil && is == nil {
			continue
		}
		if was.IsNull() && is.text() == "" || is.IsNull() && was.text() == "" {
			continue // flat attributes have no null
		}
		d.values(d.memberPath("", name), was, is)
	}
}

// asFlat is a value without parts as the string that old formats keep; nil for
// one with parts.
func asFlat(v *Value) *Value {
	if v == nil || v.Scalar() && (v.Kind == StringValue || v.Kind == NullValue) {
		return v
	}
	if !v.Scalar() {
		return nil
	}
	flat := &Value{Kind: StringValue, Text: v.Text, Sensitive: v.Sensitive}
	if v.Kind == BoolValue {
		flat.Text = strconv.FormatBool(v.Bool)
	}
	return flat
}

func (v *Value) text() string {
	if v == nil {
		return ""
	}
	return v.Text
}

// outputs compares the outputs of the root module, by name.
func (d *StateDiff) outputs() error {
	was, is := outputsByName(d.old.Index), outputsByName(d.new.Index)
	var differing []*DiffEntry
	for _, name := range outputNames(d.old.Index, d.new.Index) {
		e := &DiffEntry{Output: true, Address: "output." + name, oldOut: was[name], newOut: is[name]}
		differs, err := d.output(e)
		if err != nil {
			return err
		}
		if differs {
			differing = append(differing, e)
		}
	}
	d.Summary.Outputs = len(differing)
	d.Entries = append(differing, d.Entries...)
	return nil
}

func (d *StateDiff) output(e *DiffEntry) (differs bool, err error) {
	old, new := e.oldOut, e.newOut
	switch {
	case old == nil:
		e.Kind = DiffAdded
		return true, nil
	case new == nil:
		e.Kind = DiffRemoved
		return true, nil
	}
	e.Kind = DiffChanged
	switch {
	case new.Sensitive && !old.Sensitive:
		e.Notes = append(e.Notes, "sensitive now")
	case old.Sensitive && !new.Sensitive:
		e.Notes = append(e.Notes, "no longer sensitive")
	}
	values := compareRaw(rawOf(d.old.Body, old.Value), rawOf(d.new.Body, new.Value))
	if values == unsure {
		changes, err := d.Attributes(e)
		if err != nil {
			return false, err
		}
		values = likenessOf(len(changes) == 0)
	}
	if values == alike && compareRaw(rawOf(d.old.Body, old.Type), rawOf(d.new.Body, new.Type)) != alike {
		e.Notes = append(e.Notes, "its type changed, its value did not")
	}
	return values != alike || len(e.Notes) > 0, nil
}

func outputsByName(x *StateIndex) map[string]*OutputEntry {
	all := make(map[string]*OutputEntry, len(x.Outputs))
	for i := range x.Outputs {
		all[x.Outputs[i].Name] = &x.Outputs[i]
	}
	return all
}

func outputNames(old, new *StateIndex) []string {
	var names []string
	for _, x := range []*StateIndex{old, new} {
		for i := range x.Outputs {
			names = append(names, x.Outputs[i].Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
