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

// losses counts what states lost lately. Only a state that shrank can have lost
// what matters: its version of now is compared with its largest of the last day.
func (h *healthReader) losses(ctx context.Context) {
	h.lost = map[string]model.Fact[model.Loss]{}
	g := newGroup()
	g.SetLimit(h.c.concurrency())
	read := 0
	for _, s := range h.states {
		now, largest, why := h.shrunk(s.Key)
		switch {
		case why != "":
			h.lose(s.Key, model.Unknown[model.Loss](why))
		case largest == nil:
			h.lose(s.Key, model.Known(model.Loss{}))
		case read == lossesRead:
			h.lose(s.Key, model.Unknown[model.Loss](fmt.Sprintf("more than %d states shrank within a day: not all of them were counted (the history of each counts)", lossesRead)))
		default:
			read++
			g.Go(func() error { h.lose(s.Key, h.countLoss(ctx, s.Key, *now, *largest)); return nil })
		}
	}
	_ = g.Wait() // the facts carry their reasons
}

func (h *healthReader) lose(key string, loss model.Fact[model.Loss]) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lost[key] = loss
}

// shrunk is the version of now of a state, and the largest that it had within the
// last day where that was larger; why says that nobody can tell.
func (h *healthReader) shrunk(key string) (now, largest *versionEntry, why string) {
	switch {
	case h.history.err != nil:
		return nil, nil, unreadFact[model.Loss](h.history.err).Reason()
	case !h.history.whole(key):
		return nil, nil, "too many versions to list"
	}
	history := h.history.entries[key]
	for i := range history {
		e := &history[i]
		if e.DeleteMarker { // what was made anew continues nothing
			return now, largest, ""
		}
		switch {
		case now == nil:
			now = e
		case e.Size > now.Size && (largest == nil || e.Size > largest.Size):
			largest = e
		}
		if h.now().Sub(e.LastModified) > lossWindow { // this one was there when the day began
			return now, largest, ""
		}
	}
	return now, largest, ""
}

// countLoss compares two versions by what is in them.
func (h *healthReader) countLoss(ctx context.Context, key string, now, before versionEntry) model.Fact[model.Loss] {
	is := resourcesOf(h.c.readFront(ctx, h.b, key, now.VersionID, now.Size, true))
	was := resourcesOf(h.c.readFront(ctx, h.b, key, before.VersionID, before.Size, true))
	for _, f := range []model.Fact[int]{is, was} {
		if !f.IsKnown() {
			return model.Unknown[model.Loss](orElse(f.Reason(), "not read"))
		}
	}
	return model.Known(model.Loss{Was: was.Or(0), Is: is.Or(0), Before: before.LastModified, Since: now.LastModified})
}
