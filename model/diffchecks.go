package model

import (
	"slices"
	"strings"
)

// checkResult is what one check block, condition or validation came to.
type checkResult struct {
	status  string
	objects string // of the objects that it was asked of, in no order; never shown
}

// checks compares what the checks of the configuration came to: an apply that
// changes no resource writes a new version of the state for that alone. Of the
// messages nothing is told. Terraform writes checks in any order.
func (d *StateDiff) checks() []DiffField {
	was, is := rawOf(d.old.Body, d.old.Index.checks), rawOf(d.new.Body, d.new.Index.checks)
	if compareRaw(was, is) == alike {
		return nil
	}
	old, okOld := checkResults(d.old)
	new, okNew := checkResults(d.new)
	if !okOld || !okNew {
		return []DiffField{{Name: "check_results", New: "(changed)"}}
	}
	var names []string
	for _, all := range []map[string]checkResult{old, new} {
		for name := range all {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var fields []DiffField
	for _, name := range slices.Compact(names) {
		f := DiffField{Name: checkName(name), Old: d.secrets.Mask(old[name].status), New: d.secrets.Mask(new[name].status)}
		switch {
		case old[name] == new[name]:
			continue
		case old[name].status == new[name].status:
			f.Old, f.New = "", "(still "+f.New+", of other objects or with another message)"
		}
		fields = append(fields, f)
	}
	return fields
}

// checkName names what was checked: a check block by itself, else the resource,
// output or variable that has conditions.
func checkName(address string) string {
	if strings.HasPrefix(address, "check.") {
		return address
	}
	return "checks of " + address
}

// checkResults are the results by what they are of; ok is false for a form that
// is not known.
func checkResults(doc *StateDocument) (all map[string]checkResult, ok bool) {
	all = map[string]checkResult{}
	if isAbsent(rawOf(doc.Body, doc.Index.checks)) {
		return all, true
	}
	v, err := DecodeValue(doc.Body, doc.Index.checks)
	if err != nil || v.Kind != ListValue {
		return nil, false
	}
	for _, item := range v.Items {
		name := item.Member("config_addr").text()
		if name == "" {
			return nil, false
		}
		var objects []string
		if o := item.Member("objects"); o != nil {
			objects = canonicals(o.Items)
		}
		slices.Sort(objects)
		all[name] = checkResult{status: orAbsent(item.Member("status").text()), objects: strings.Join(objects, "\n")}
	}
	return all, true
}
