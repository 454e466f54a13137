package aws

import (
	"context"
	"fmt"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/stateward/stateward/model"
)

// How much of a backend's history is looked at.
const (
	healthVersionPages = 2                   // pages of ListObjectVersions, of up to 1,000 entries each
	recentHistory      = 30 * 24 * time.Hour // in which anomalies are sought
)

// healthHistory is what one listing of versions tells of a backend: the lock
// files that runs left behind, how long locks were held, which states are
// deleted, and what happened to states lately.
type healthHistory struct {
	entries map[string][]versionEntry // by key, newest first
	all     []versionEntry            // in the order of the listing
	next    string                    // the key that the listing reached; "" where it was not cut off
	err     error
}

// read lists the versions below the prefix, up to the bound.
func (v *healthHistory) read(ctx context.Context, h *healthReader) {
	v.entries = map[string][]versionEntry{}
	custom, pages := false, 0
	for page, err := range h.c.versionPages(ctx, h.b, h.b.Prefix) {
		if err != nil {
			v.err = err
			break
		}
		for _, e := range page.entries {
			v.entries[e.key] = append(v.entries[e.key], e)
		}
		v.all = append(v.all, page.entries...)
		custom = custom || page.custom
		if pages++; pages == healthVersionPages && page.more {
			v.next = page.reached
			break
		}
	}
	if !custom {
		return
	}
	for key, own := range v.entries {
		v.entries[key] = newestFirst(own, nil)
	}
}

// whole reports whether all versions of a key were seen.
func (v *healthHistory) whole(key string) bool { return v.err == nil && (v.next == "" || key < v.next) }

// leftovers counts what lock files left behind.
func (v *healthHistory) leftovers() model.Fact[model.LockFileLeftovers] {
	if v.err != nil {
		return unreadFact[model.LockFileLeftovers](v.err)
	}
	left := model.LockFileLeftovers{AtLeast: v.next != ""}
	for _, e := range v.all {
		switch {
		case !model.IsLockFile(e.key):
		case e.DeleteMarker:
			left.Markers++
		case !e.IsLatest:
			left.Versions++
		}
	}
	return model.Known(left)
}

// lockFiles are the histories of lock files, by the key of the state.
func (v *healthHistory) lockFiles() map[string][]model.Version {
	all := map[string][]model.Version{}
	for key, entries := range v.entries {
		state, ok := model.LockedKey(key)
		for _, e := range entries {
			if ok {
				all[state] = append(all[state], e.Version)
			}
		}
	}
	return all
}

// lockFileVersions is how many versions of lock files were seen, whatever lies
// there now.
func (v *healthHistory) lockFileVersions() int {
	n := 0
	for _, e := range v.all {
		if model.IsLockFile(e.key) && !e.DeleteMarker {
			n++
		}
	}
	return n
}

// deleted are the states whose newest version is a delete marker.
func (h *healthReader) deleted(l *stateListing) []model.State {
	d := deletedListing{stateListing: l, markers: map[string]model.Version{}, files: map[string]bool{}, held: map[string]bool{}}
	for _, e := range h.history.all {
		d.take(e)
	}
	return d.page(h.history.next).States
}

// anomalies are the breaks among the versions of a state that were written
// lately, as far as they show without reading an old version: its size and ETag
// stand in the listing, its serial and lineage are known where this session read
// them. partial says that some were not known.
func (h *healthReader) anomalies(key string, current front) (found model.Fact[[]string], partial bool) {
	if h.history.err != nil {
		return unreadFact[[]string](h.history.err), true
	}
	recent := lately(h.history.entries[key], h.now())
	texts := []string{}
	for i := 0; i+1 < len(recent); i++ {
		now, before := recent[i], recent[i+1]
		if now.DeleteMarker || before.DeleteMarker { // what was made anew continues nothing
			continue
		}
		texts = append(texts, breaksOf(now, before, recent[i+1:])...)
		newer, read := h.headerOf(key, now, current)
		older, readToo := h.headerOf(key, before, current)
		if !read || !readToo {
			partial = true
			continue
		}
		texts = append(texts, serialBreaks(now.LastModified, newer, older)...)
	}
	return model.Known(texts), partial || !h.history.whole(key)
}

// lately is the versions of the last days, newest first, and the one before them
// that the oldest is compared with.
func lately(history []versionEntry, now time.Time) []versionEntry {
	var recent []versionEntry
	for _, e := range history {
		recent = append(recent, e)
		if now.Sub(e.LastModified) > recentHistory {
			break
		}
	}
	return recent
}

// worthShrinking is the size below which a state that shrinks says nothing.
const worthShrinking = 4 << 10

// breaksOf is what the listing alone shows of a version and those before it.
func breaksOf(now, before versionEntry, older []versionEntry) []string {
	var texts []string
	if before.Size >= worthShrinking && now.Size <= before.Size/2 {
		texts = append(texts, fmt.Sprintf("shrank from %s to %s on %s", humanize.Bytes(uint64(before.Size)), humanize.Bytes(uint64(max(now.Size, 0))), stamp(now.LastModified)))
	}
	for _, o := range older[1:] {
		if o.DeleteMarker {
			break
		}
		if now.ETag != "" && o.ETag == now.ETag && before.ETag != now.ETag {
			texts = append(texts, fmt.Sprintf("the bytes of %s came back on %s", stamp(o.LastModified), stamp(now.LastModified)))
			break
		}
	}
	return texts
}

// headerOf is the front of a version: of the current one as it was read now, of
// an older one if this session has read it before.
func (h *healthReader) headerOf(key string, e versionEntry, current front) (model.StateHeader, bool) {
	if e.IsLatest {
		return current.header, current.etag == e.ETag
	}
	fr, ok := h.c.facts.get(h.c.versionAt(h.b, key, e.VersionID))
	return fr.header, ok
}

func serialBreaks(at time.Time, newer, older model.StateHeader) []string {
	var texts []string
	if newer.Lineage != nil && older.Lineage != nil && *newer.Lineage != *older.Lineage {
		texts = append(texts, fmt.Sprintf("the lineage changed on %s, from %s to %s", stamp(at), *older.Lineage, *newer.Lineage))
	}
	if newer.Serial != nil && older.Serial != nil && *newer.Serial <= *older.Serial {
		word := "went back"
		if *newer.Serial == *older.Serial {
			word = "was repeated"
		}
		texts = append(texts, fmt.Sprintf("the serial %s on %s, from %d to %d", word, stamp(at), *older.Serial, *newer.Serial))
	}
	return texts
}

// stamp is a time as findings tell it.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }
