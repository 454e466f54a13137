package main

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
	"github.com/stateward/stateward/model"
)

// listedReader reads the facts of states that were listed a moment ago.
type listedReader interface {
	ListedFacts(ctx context.Context, b model.Backend, s model.State) model.StateFacts
}

func (a *app) statesCommand(f *flags) *cobra.Command {
	deleted := false
	cmd := &cobra.Command{
		Use:   "states [TARGET]",
		Short: "List states",
		Long: `List states, with their serial, size, lock and digest. What follows the bucket in
a TARGET is a key prefix.`,
		Args:              atMostOne,
		ValidArgsFunction: a.completeTargets(f),
		RunE: a.with(f, func(ctx context.Context, s *session, args []string) error {
			return listStates(ctx, s, args, deleted)
		}),
	}
	cmd.Flags().BoolVar(&deleted, "deleted", false, "list deleted states as well")
	return cmd
}

func listStates(ctx context.Context, s *session, args []string, deleted bool) error {
	var p problems
	backends, found, err := s.fleet(ctx, args, &p)
	if err != nil {
		return err
	}
	states, owners, err := s.statesOf(ctx, backends, model.StateQuery{Deleted: deleted}, &p)
	if err != nil {
		return err
	}
	err = s.counted(ctx, "reading", "state", len(states), func(i int) {
		states[i].Facts = s.access.ListedFacts(ctx, owners[i], states[i])
	})
	if err != nil {
		return err
	}
	docs := make([]stateDoc, 0, len(states))
	title, name := s.stateNames(states)
	t := stateTable(title)
	var why []reasons
	for _, st := range states {
		doc := newStateDoc(st)
		docs, why = append(docs, doc), append(why, doc.Unknown)
		p.whole("s3://"+st.Bucket+"/"+st.Key, unreadState(st))
		t.add(stateRow(name(st), st, s.serviceNow())...)
	}
	if s.set.output == outputTable {
		s.whyUnknown(why)
	}
	return s.printFound(ctx, found, docs, len(docs), t, noneIn(backends, "no states"), &p)
}

// statesOf lists the states of all backends, in the order of the backends, with
// the backend of each. A state that two backends of one bucket cover is listed once.
func (s *session) statesOf(ctx context.Context, backends []model.Backend, q model.StateQuery, p *problems) ([]model.State, []model.Backend, error) {
	found := make([][]model.State, len(backends))
	trouble := make([]problems, len(backends))
	var listed atomic.Int64
	stop := s.progress(func() string { return "listing: " + thousands(int(listed.Load())) + " states so far" })
	err := s.each(ctx, len(backends), func(i int) {
		found[i] = s.statesIn(ctx, backends[i], q, &trouble[i], func(n int) { listed.Add(int64(n)) })
	})
	stop()
	if err != nil {
		return nil, nil, err
	}
	var states []model.State
	var owners []model.Backend
	seen := map[string]bool{}
	for i, list := range found {
		p.add(trouble[i].texts...)
		for _, st := range list {
			if url := backends[i].URL(st.Key); !seen[url] {
				seen[url] = true
				states, owners = append(states, st), append(owners, backends[i])
			}
		}
	}
	return states, owners, nil
}

func (s *session) statesIn(ctx context.Context, b model.Backend, q model.StateQuery, p *problems, came func(n int)) []model.State {
	var all []model.State
	for page, err := range s.access.States(ctx, b, q) {
		if err != nil {
			p.failed(err)
			break
		}
		p.add(page.Problem...)
		all = append(all, page.States...)
		came(len(page.States))
	}
	return all
}

// stateNames is how a table names states: by URL, or on a terminal, where room
// is short, by key when all are in one bucket.
func (s *session) stateNames(states []model.State) (title string, name func(model.State) string) {
	buckets := map[string]bool{}
	for _, st := range states {
		buckets[st.Bucket] = true
	}
	if len(buckets) == 1 && s.columns() > 0 {
		return "key", func(st model.State) string { return st.Key }
	}
	return "state", func(st model.State) string { return "s3://" + st.Bucket + "/" + st.Key }
}

func stateTable(title string) *table {
	return &table{columns: []column{{title: title, cut: 44}, {title: "workspace", drop: 2}, {title: "serial", right: true},
		{title: "resources", right: true, drop: 3}, {title: "size", right: true, drop: 4}, {title: "written"}, {title: "locked"},
		{title: "digest"}, {title: "enc", drop: 1}}}
}

func stateRow(name string, st model.State, now time.Time) []string {
	f := st.Facts
	serial := shown(f.Header, serialOf)
	size := bytesOf(st.Size)
	resources := shown(f.Resources, number)
	encryption := shown(f.Encryption, model.Encryption.Short)
	digest := shown(f.Digest, func(d model.DigestVerdict) string { return string(d) })
	if st.Deleted {
		serial, size, resources, encryption = signNone, "deleted", signNone, signNone
	}
	return []string{name, st.Workspace, serial, resources, size, ago(now, st.LastModified),
		shown(f.Locked, held), digest, encryption}
}

func serialOf(h model.StateHeader) string {
	if h.Serial == nil {
		return string(h.Format) // invalid, empty or binary: that is what there is to say
	}
	return serialText(*h.Serial)
}

func held(yes bool) string {
	if yes {
		return "held"
	}
	return signNone
}
