package aws

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// oddRows are rows that may be locks and name no state: those of other clients in
// the same tables. They are told, for what is not understood is no "none".
type oddRows struct{ byTable map[string][]string }

func (o *oddRows) add(table string, rows []row) {
	for _, r := range rows {
		if _, _, ok := r.place(); ok || !r.locks() {
			continue
		}
		if o.byTable == nil {
			o.byTable = map[string][]string{}
		}
		o.byTable[table] = append(o.byTable[table], fmt.Sprintf("%.80q", r.lockID))
	}
}

// mostNamed is how many rows are named; the others are counted.
const mostNamed = 5

// err says which rows are not understood, by table; nil where all are.
func (o *oddRows) err() error {
	var all []error
	for _, table := range slices.Sorted(maps.Keys(o.byTable)) {
		ids := slices.Sorted(slices.Values(o.byTable[table]))
		named := strings.Join(ids[:min(len(ids), mostNamed)], ", ")
		if len(ids) > mostNamed {
			named += ", ..."
		}
		said := fmt.Sprintf("1 row of table %s is", table)
		if len(ids) > 1 {
			said = fmt.Sprintf("%d rows of table %s are", len(ids), table)
		}
		all = append(all, fmt.Errorf("%s not understood: LockID %s. It names no state, and may be a lock of another client", said, named))
	}
	return errors.Join(all...)
}
