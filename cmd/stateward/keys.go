package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"github.com/stateward/stateward/model"
)

func (a *app) keysCommand(f *flags) *cobra.Command {
	return &cobra.Command{
		Use:   "keys [TARGET...]",
		Short: "List the KMS keys behind the states, their rotation and who depends on them",
		Long: `List the KMS keys behind buckets, lock tables and the versions of states: their
state, their rotation, and what becomes unreadable without them. The newest
--versions of each state are looked at; past them the counts are "at least".`,
		ValidArgsFunction: a.completeTargets(f),
		RunE:              a.with(f, listKeys),
	}
}

func listKeys(ctx context.Context, s *session, args []string) error {
	var p problems
	backends, found, err := s.fleet(ctx, args, &p)
	if err != nil {
		return err
	}
	ring, err := s.keysOf(ctx, backends, &p)
	if err != nil {
		return err
	}
	now := s.serviceNow()
	keys := ring.Keys(now)
	docs := make([]keyDoc, 0, len(keys))
	var why []reasons
	for _, k := range keys {
		doc := newKeyDoc(k)
		docs, why = append(docs, doc), append(why, doc.Unknown, doc.Rotation.Unknown)
		p.whole("KMS key "+k.Name(), unread(k.State.Reason(), k.Rotation.Enabled.Reason()))
	}
	p.add(ring.Problems()...)
	if s.set.output == outputTable {
		s.whyUnknown(why)
		s.sayKeys(keys)
	}
	if ring.Progress().States == 0 && len(p.texts) == 0 { // a bucket's own key is listed whatever the prefix
		if err := s.nothingFits(ctx, found); err != nil {
			return err
		}
	}
	if n := ring.Progress().Bounded; n > 0 {
		s.say("older versions of %d states were not looked at: --versions all does", n)
	}
	return s.printFound(ctx, found, docs, len(docs), keyTable(keys, now), "no KMS keys: nothing here is encrypted under one", &p)
}

// keysOf gathers the keys of all backends, several at once; how many requests
// are in flight is bounded over all of them.
func (s *session) keysOf(ctx context.Context, backends []model.Backend, p *problems) (*model.KeyRing, error) {
	var mu sync.Mutex
	ring := &model.KeyRing{}
	for i := range backends { // the order of the backends, not of their answers
		ring.Put(keyBackend(i), model.KeyPage{})
	}
	defer s.progress(func() string {
		mu.Lock()
		defer mu.Unlock()
		far := ring.Progress()
		return howFar("reading versions", far.Read, far.States, "state")
	})()
	err := s.each(ctx, len(backends), func(i int) {
		for page, err := range s.access.Keys(ctx, backends[i]) {
			mu.Lock()
			if err != nil {
				p.failed(err)
			} else {
				ring.Put(keyBackend(i), page)
			}
			mu.Unlock()
		}
	})
	return ring, err
}

func keyBackend(i int) string { return fmt.Sprint(i) }

// sayKeys tells what there is to act on: findings of some weight, and for keys
// that are out of service what that takes with it.
func (s *session) sayKeys(keys []model.Key) {
	for _, k := range keys {
		for _, f := range k.Findings {
			if f.Severity == "low" || f.Severity == "info" {
				continue
			}
			s.say("%s: %s: %s", f.Severity, k.Name(), f.Text)
		}
		if k.State.Or("").OutOfService() {
			for _, line := range k.BlastRadius() {
				s.say("  %s", line)
			}
		}
	}
}

func keyTable(keys []model.Key, now time.Time) *table {
	t := &table{columns: []column{{title: "key", cut: 16}, {title: "state", cut: 27, end: true}, {title: "rotation", cut: 12, end: true},
		{title: "states", right: true}, {title: "old versions", right: true}, {title: "tables", drop: 2, cut: 8}, {title: "buckets", drop: 1, cut: 10}}}
	for _, k := range keys {
		u := k.UsedBy
		partial := len(u.Unread) > 0
		var tables []string
		for _, at := range u.Tables {
			tables = append(tables, at.Table)
		}
		t.add(k.Name(), shown(k.State, func(model.KeyState) string { return k.StateWords(now) }), k.RotationWords(now),
			atLeast(u.Current(), partial), atLeast(u.Noncurrent, partial || u.AtLeast), strings.Join(tables, " "), strings.Join(u.Buckets, " "))
	}
	return t
}
