package main

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/stateward/stateward/model"
)

func (a *app) locksCommand(f *flags) *cobra.Command {
	return &cobra.Command{
		Use:   "locks [TARGET...]",
		Short: "List held locks, with verdict and evidence",
		Long: `List held locks. JSON has one element for each holder and mechanism; the table
folds locks of one state that name the same ID. The verdict never rests on age
alone: the evidence is in the JSON and in the UI.`,
		ValidArgsFunction: a.completeTargets(f),
		RunE:              a.with(f, listLocks),
	}
}

func listLocks(ctx context.Context, s *session, args []string) error {
	var p problems
	backends, found, err := s.fleet(ctx, args, &p)
	if err != nil {
		return err
	}
	reports := make([]model.LockReport, len(backends))
	err = s.counted(ctx, "reading locks", "backend", len(backends), func(i int) {
		reports[i] = s.locksIn(ctx, backends[i], i < len(found) && found[i].named == nil)
	})
	if err != nil {
		return err
	}
	locks := distinctLocks(reports, &p)
	for _, r := range reports {
		s.note(r.Notes...)
	}
	docs := make([]lockDoc, 0, len(locks))
	for _, l := range locks {
		docs = append(docs, newLockDoc(l))
	}
	return s.printFound(ctx, found, docs, len(docs), lockTable(locks), noneIn(backends, "no locks are held"), &p)
}

// locksIn reads the locks of a backend. Where the target may be one state, that
// one is looked up by its key as well: it is found even where the tables cannot
// be scanned.
func (s *session) locksIn(ctx context.Context, b model.Backend, exact bool) model.LockReport {
	r := s.access.Locks(ctx, b)
	r.Locks = slices.DeleteFunc(r.Locks, func(l model.Lock) bool { return !strings.HasPrefix(l.Key, b.Prefix) })
	if exact && b.Prefix != "" && !strings.HasSuffix(b.Prefix, "/") {
		one := s.access.LocksOf(ctx, b, b.Prefix)
		r.Locks = append(r.Locks, one.Locks...)
		r.Problems = union(r.Problems, one.Problems)
	}
	return r
}

// distinctLocks are the locks of all reports, each once, by state and mechanism.
func distinctLocks(reports []model.LockReport, p *problems) []model.Lock {
	type place struct{ bucket, key, mechanism, table string }
	seen := map[place]bool{}
	var all []model.Lock
	for _, r := range reports {
		p.add(r.Problems...)
		for _, l := range r.Locks {
			at := place{l.Bucket, l.Key, string(l.Mechanism), l.Table}
			if !seen[at] {
				seen[at] = true
				all = append(all, l)
			}
		}
	}
	slices.SortStableFunc(all, func(x, y model.Lock) int {
		return strings.Compare(x.Bucket+"/"+x.Key, y.Bucket+"/"+y.Key)
	})
	return all
}

func lockTable(locks []model.Lock) *table {
	t := &table{columns: []column{{title: "state", cut: 36}, {title: "held by", cut: 14, end: true}, {title: "for"}, {title: "via", drop: 1},
		{title: "verdict"}, {title: "id"}}}
	for _, same := range model.Holders(locks) {
		t.add(lockRow(same)...)
	}
	return t
}

func lockRow(same []model.Lock) []string {
	l := same[0]
	var via []string
	for _, m := range same {
		via = append(via, string(m.Mechanism))
	}
	who := strings.TrimSpace(l.Info.Who + " " + l.Info.OperationName())
	if who == "" {
		who = signUnknown + " (" + l.Malformed + ")"
	}
	age := signUnknown
	if d, ok := l.Age(); ok {
		age = span(d)
	}
	return []string{"s3://" + l.Bucket + "/" + l.Key, who, age, strings.Join(via, "+"),
		strings.ReplaceAll(string(l.Verdict), "-", " "), l.Token()}
}
