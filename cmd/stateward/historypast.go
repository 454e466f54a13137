package main

import (
	"context"
	"time"

	"github.com/stateward/stateward/model"
)

type changeDoc struct {
	Added   int  `json:"added"`
	Changed *int `json:"changed"`
	Removed int  `json:"removed"`
}

// past adds what is worked out from the versions around one. Rules that could
// not all be applied say so; where none could, there is no list.
func (d *versionDoc) past(v model.Version) {
	if by := fact(&d.Unknown, "written_by", v.WrittenBy); by != nil {
		d.WrittenBy = newWriterDoc(*by)
	}
	if v.HeldBy != (model.Author{}) {
		d.HeldBy = newWriterDoc(v.HeldBy)
	}
	if v.Change.Reason() != model.NoVersionBefore {
		d.Change = changeOf(&d.Unknown, v.Change)
	}
	if v.Anomalies == nil || v.Unchecked != "" {
		d.Unknown.note("anomalies", orElse(v.Unchecked, notRead))
	}
	if v.Anomalies == nil || len(v.Anomalies) == 0 && v.Unchecked != "" && !v.Facts.Header.IsKnown() {
		return
	}
	d.AnomalyDetails, d.Anomalies = v.Anomalies, []model.Rule{}
	for _, a := range v.Anomalies {
		d.Anomalies = append(d.Anomalies, a.Rule)
	}
}

// changeOf is null where there is nothing to compare with.
func changeOf(r *reasons, f model.Fact[model.Change]) *changeDoc {
	c := fact(r, "change", f)
	if c == nil {
		return nil
	}
	d := &changeDoc{Added: c.Added, Removed: c.Removed}
	if c.Net {
		r.note("change.changed", "only the numbers of resources were compared")
	} else {
		d.Changed = &c.Changed
	}
	return d
}

// explain works out what the versions tell of each other and who wrote them.
// complete says that all versions are there. Beyond --versions nothing is looked
// up: the lock of a version is read only where the version itself is.
func (s *session) explain(ctx context.Context, b model.Backend, key string, versions []model.Version, complete bool) error {
	h := model.History{Complete: complete}
	covered := s.covered(versions)
	if covered > 0 {
		s.witnesses(ctx, b, key, &h, versions[covered-1].LastModified)
	}
	if err := s.attribute(ctx, b, key, &h, versions[:covered]); err != nil {
		return err
	}
	for i := range versions {
		if i < covered {
			versions[i].Attribution, _ = h.Author(versions, i)
		} else {
			versions[i].WrittenBy = model.Unknown[model.Author]("beyond --versions " + s.set.versions.String())
		}
	}
	h.All(versions, 0)
	return nil
}

// covered is how many of the versions --versions lets be read.
func (s *session) covered(versions []model.Version) int {
	for i := range versions {
		if !s.set.versions.covers(i) {
			return i
		}
	}
	return len(versions)
}

// witnesses reads what tells who wrote versions, back to since.
func (s *session) witnesses(ctx context.Context, b model.Backend, key string, h *model.History, since time.Time) {
	tasks := []func(){
		func() {
			facts := s.access.HistoryFacts(ctx, b, key, since)
			h.Runs, h.Wants = facts.Runs, facts.Wants
		},
		func() { h.Held = model.Known(s.access.LocksOf(ctx, b, key)) },
		func() {
			entries, err := s.entries(ctx)
			if err != nil {
				s.say("note: the journal could not be read whole: %v", err)
			}
			h.Journal = model.JournalAuthors(entries, b.URL(key))
		},
	}
	_ = s.each(ctx, len(tasks), func(i int) { tasks[i]() }) // an end of the context shows in what follows
}

// attribute reads the locks that tell who wrote the versions.
func (s *session) attribute(ctx context.Context, b model.Backend, key string, h *model.History, versions []model.Version) error {
	asked := map[string]bool{}
	var locks []string
	for i := range versions {
		if _, ask := h.Author(versions, i); ask != "" && !asked[ask] {
			asked[ask], locks = true, append(locks, ask)
		}
	}
	infos := make([]model.Fact[model.LockInfo], len(locks))
	err := s.each(ctx, len(locks), func(i int) { infos[i] = s.access.LockRun(ctx, b, key, locks[i]) })
	runs := h.Runs.Or(model.LockRuns{})
	for i, id := range locks {
		runs.Tell(id, infos[i])
	}
	return err
}
