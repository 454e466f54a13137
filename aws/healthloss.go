package aws

import (
	"context"
	"fmt"
	"time"

	"github.com/stateward/stateward/model"
)

// What is looked at to find states that lost their resources.
const (
	lossWindow = 24 * time.Hour // in which a loss is an emergency
	lossesRead = 50             // states of one backend, of which two versions are read each
)

// losses counts what states lost lately. Of a state that shrank or is gone its
// largest version of the last day is read, as only that can hold what is lost; of
// any other that was written the lineage tells whether it is still the same state.
func (h *healthReader) losses(ctx context.Context) {
	h.lost = map[string]model.Fact[model.Loss]{}
	g := newGroup()
	g.SetLimit(h.c.concurrency())
	read := 0
	for _, key := range h.lossKeys() {
		day, why := h.pastDay(key)
		switch {
		case why != "":
			h.lose(key, model.Unknown[model.Loss](why))
		case day.first == nil:
			h.lose(key, day.unversioned(model.Loss{}))
		case day.largest != nil && read == lossesRead:
			h.lose(key, model.Unknown[model.Loss](fmt.Sprintf("more than %d states shrank within a day: not all of them were counted (the history of each counts)", lossesRead)))
		default:
			if day.largest != nil {
				read++
			}
			g.Go(func() error { h.lose(key, h.countLoss(ctx, key, day)); return nil })
		}
	}
	_ = g.Wait() // the facts carry their reasons
}

// lossKeys are the states that are there and those that are deleted.
func (h *healthReader) lossKeys() []string {
	var keys []string
	for _, s := range h.states {
		keys = append(keys, s.Key)
	}
	for _, s := range h.f.States.Items {
		if s.Deleted {
			keys = append(keys, s.Key)
		}
	}
	return keys
}

func (h *healthReader) lose(key string, loss model.Fact[model.Loss]) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lost[key] = loss
}

// pastDay is what the last day left of a state.
type pastDay struct {
	gone    *versionEntry // the delete marker that is on top
	now     *versionEntry // else the version of now
	largest *versionEntry // the largest before, where it is larger than that of now
	first   *versionEntry // the one that was there when the day began, or came first in it
	over    bool          // the version of now was written today over one that was not kept
}

// pastDay looks through the versions of a state, also beyond a deletion: what was
// made anew after it has not what was there before. why says that nobody can tell.
func (h *healthReader) pastDay(key string) (day pastDay, why string) {
	switch {
	case h.history.err != nil:
		return day, unreadFact[model.Loss](h.history.err).Reason()
	case !h.history.whole(key):
		return day, "too many versions to list"
	}
	history := h.history.entries[key]
	for i := range history {
		e := &history[i]
		past := h.now().Sub(e.LastModified) > lossWindow // this one was there when the day began
		if day.take(e, i == 0); past {
			return day, ""
		}
		day.over = day.over || i == 0 && !keepsVersions(e.VersionID)
	}
	return day, ""
}

func (d *pastDay) take(e *versionEntry, newest bool) {
	switch {
	case e.DeleteMarker && newest:
		d.gone = e
	case e.DeleteMarker:
	case d.gone == nil && d.now == nil:
		d.now = e
	default:
		d.first = e
		if e.Size > d.size() && (d.largest == nil || e.Size > d.largest.Size) {
			d.largest = e
		}
	}
}

// size is how large the state is now.
func (d *pastDay) size() int64 {
	if d.now == nil {
		return 0
	}
	return d.now.Size
}

// unversioned is a loss where the versions of the day tell of all that was there.
func (d *pastDay) unversioned(l model.Loss) model.Fact[model.Loss] {
	if d.over && !l.Severe() {
		return model.Unknown[model.Loss]("it was written over within a day, and the bucket kept no version of what was there")
	}
	return model.Known(l)
}

// countLoss compares what is there with what was by what is in them.
func (h *healthReader) countLoss(ctx context.Context, key string, day pastDay) model.Fact[model.Loss] {
	switch {
	case day.gone != nil:
		return h.deletion(ctx, key, day)
	case day.largest != nil:
		return h.compared(ctx, key, day, *day.largest)
	}
	for _, v := range []*versionEntry{day.now, day.first} {
		if _, err := h.c.versionHeader(ctx, h.b, key, v.VersionID); err != nil {
			return unreadFact[model.Loss](err)
		}
	}
	if h.sameLineage(ctx, key, *day.now, *day.first) {
		return day.unversioned(model.Loss{})
	}
	return h.compared(ctx, key, day, *day.first)
}

// deletion is the loss of a state that was deleted within the day.
func (h *healthReader) deletion(ctx context.Context, key string, day pastDay) model.Fact[model.Loss] {
	before := *day.first
	if day.largest != nil {
		before = *day.largest
	}
	was := h.resources(ctx, key, before)
	if !was.IsKnown() {
		return model.Unknown[model.Loss](orElse(was.Reason(), "not read"))
	}
	return model.Known(model.Loss{Was: was.Or(0), Deleted: true, Before: before.LastModified, Since: day.gone.LastModified})
}

func (h *healthReader) compared(ctx context.Context, key string, day pastDay, before versionEntry) model.Fact[model.Loss] {
	is, was := h.resources(ctx, key, *day.now), h.resources(ctx, key, before)
	for _, f := range []model.Fact[int]{is, was} {
		if !f.IsKnown() {
			return model.Unknown[model.Loss](orElse(f.Reason(), "not read"))
		}
	}
	return day.unversioned(model.Loss{Was: was.Or(0), Is: is.Or(0), Replaced: !h.sameLineage(ctx, key, *day.now, before),
		Before: before.LastModified, Since: day.now.LastModified})
}

// resources is how many a version holds.
func (h *healthReader) resources(ctx context.Context, key string, v versionEntry) model.Fact[int] {
	return resourcesOf(h.c.readFront(ctx, h.b, key, v.VersionID, v.Size, true))
}

// sameLineage reports whether two versions are of one state, as far as they say.
func (h *healthReader) sameLineage(ctx context.Context, key string, now, before versionEntry) bool {
	is, err := h.c.versionHeader(ctx, h.b, key, now.VersionID)
	was, errToo := h.c.versionHeader(ctx, h.b, key, before.VersionID)
	return err != nil || errToo != nil || is.Lineage == nil || was.Lineage == nil || *is.Lineage == *was.Lineage
}
