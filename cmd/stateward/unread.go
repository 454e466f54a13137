package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stateward/stateward/model"
)

// whole notes a row of which not one fact could be read: then the list does not
// say what it was asked for. why is "" for a row that has some.
func (p *problems) whole(row, why string) {
	if why != "" {
		p.add(fmt.Sprintf("%s: nothing of it could be read (%s)", row, why))
	}
}

// unread is the first of the reasons, or "" where a fact has none.
func unread(reasons ...string) string {
	if slices.Contains(reasons, "") {
		return ""
	}
	return reasons[0]
}

// unreadState is why not one fact of a state's content could be read.
func unreadState(st model.State) string {
	if st.Deleted {
		return ""
	}
	return unread(st.Facts.Header.Reason(), st.Facts.Resources.Reason(), st.Facts.Encryption.Reason())
}

// unreadVersion is the same of a version; past --versions none is read.
func unreadVersion(v model.Version) string {
	if v.DeleteMarker {
		return ""
	}
	return unread(v.Facts.Header.Reason(), v.Facts.Resources.Reason(), v.Facts.Encryption.Reason())
}

// sources notes what of a backend could not be looked through: its keys, the
// lock tables. A single setting that may not be read is a fact like any other.
func (p *problems) sources(b model.Backend, f model.BackendFacts) {
	where := b.URL(b.Prefix)
	why := f.States.Reason()
	gone := b.Source == model.SourceLockTable && strings.HasPrefix(why, string(model.ErrNotFound)) // rows outlive a bucket
	if why != "" && !gone {
		p.add("the states of " + where + ": " + why)
	}
	if why := f.Tables.Reason(); why != "" {
		p.add("the lock tables of " + where + ": " + why)
	}
}
