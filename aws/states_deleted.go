package aws

import (
	"context"
	"maps"
	"slices"

	"github.com/stateward/stateward/model"
)

// deletedListing collects what a listing of versions tells of deleted states.
type deletedListing struct {
	*stateListing
	markers map[string]model.Version // by key, not decided yet
	files   map[string]bool          // states of which a lock file is, or was, there
	held    map[string]bool          // states whose lock file is there now
}

// deleted yields the states whose newest version is a delete marker. A key
// whose name does not say that it is a state is taken for one when a lock file
// of it is, or was, there.
func (l *stateListing) deleted(ctx context.Context, yield func(model.StatePage, error) bool) {
	d := deletedListing{stateListing: l, markers: map[string]model.Version{}, files: map[string]bool{}, held: map[string]bool{}}
	for page, err := range l.c.versionPages(ctx, l.b, l.prefix) {
		if isCanceled(err) {
			yield(model.StatePage{}, err)
			return
		}
		if err != nil { // what is there was listed: this source alone is missing
			yield(model.StatePage{Problem: []string{model.ReasonAt(err, l.b.URL(l.prefix))}}, nil)
			return
		}
		for _, e := range page.entries {
			d.take(e)
		}
		if p := d.page(page.reached); len(p.States) > 0 && !yield(p, nil) {
			return
		}
	}
}

func (d deletedListing) take(e versionEntry) {
	state, isFile := model.LockedKey(e.key)
	switch {
	case isFile:
		d.files[state] = true
		if e.IsLatest && !e.DeleteMarker {
			d.held[state] = true
		}
	case e.DeleteMarker && e.IsLatest && !d.seen[e.key]:
		d.markers[e.key] = e.Version
	}
}

// page takes from the markers those that can be decided: all whose lock file
// cannot stand on a page to come. next is the key that the listing reached; ""
// after the last page.
func (d deletedListing) page(next string) model.StatePage {
	var p model.StatePage
	for _, key := range slices.Sorted(maps.Keys(d.markers)) {
		if next != "" && model.LockKey(key) >= next {
			continue
		}
		marker := d.markers[key]
		delete(d.markers, key)
		if named := d.named(key, d.files[key]); named != "" {
			s := d.state(listedObject{key: key, modified: marker.LastModified}, named, d.held[key])
			s.Deleted, s.VersionID = true, marker.VersionID
			p.States = append(p.States, s)
		}
	}
	return p
}
