package main

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/stateward/stateward/model"
)

func (a *app) backendsCommand(f *flags) *cobra.Command {
	return &cobra.Command{
		Use:   "backends [TARGET...]",
		Short: "List backends",
		Long: `List backends: those of the working directory, of the config, and those found in
the account by their lock tables and by the states in their buckets.`,
		ValidArgsFunction: a.completeTargets(f),
		RunE:              a.with(f, listBackends),
	}
}

func listBackends(ctx context.Context, s *session, args []string) error {
	var p problems
	backends, found, err := s.fleet(ctx, args, &p)
	if err != nil {
		return err
	}
	facts := make([]model.BackendFacts, len(backends))
	if err := s.counted(ctx, "reading", "backend", len(backends), func(i int) { facts[i] = s.access.BackendFacts(ctx, backends[i]) }); err != nil {
		return err
	}
	docs := make([]backendDoc, 0, len(backends))
	t := backendTable()
	var why []reasons
	for i, b := range backends {
		doc := newBackendDoc(b, facts[i])
		docs, why = append(docs, doc), append(why, doc.Unknown)
		t.add(backendRow(b, facts[i], s.serviceNow())...)
		p.sources(b, facts[i])
	}
	if s.set.output == outputTable {
		s.whyUnknown(why)
	}
	if err := s.emptyFits(ctx, found, facts); err != nil {
		return err
	}
	return s.print(docs, len(docs), t, "no backends: name one as s3://bucket, or in the config", &p)
}

func backendTable() *table {
	return &table{columns: []column{{title: "backend", cut: 28}, {title: "region"}, {title: "states", right: true},
		{title: "lock files", right: true, drop: 3}, {title: "last write"}, {title: "encryption"}, {title: "versioning", drop: 4},
		{title: "lock tables", cut: 16, drop: 2}, {title: "from", drop: 1}}}
}

func backendRow(b model.Backend, f model.BackendFacts, now time.Time) []string {
	return []string{
		backendName(b), shown(f.Region, verbatim), shown(f.States, func(n int) string { return atLeast(n, f.More) }),
		shown(f.LockFiles, number), shown(f.LastWrite, func(t time.Time) string { return ago(now, t) }),
		shown(f.Encryption, model.Encryption.Short), shown(f.Versioning, func(v model.Versioning) string { return strings.ToLower(string(v)) }),
		shown(f.Tables, func(names []string) string { return strings.Join(names, ", ") }), string(b.Source),
	}
}

// backendName is the name of a backend with what it stands for, where that is
// not the same.
func backendName(b model.Backend) string {
	name := b.Name
	if name == "" || name == b.Bucket {
		return strings.TrimSuffix(b.URL(b.Prefix), "/")
	}
	return name + " (" + b.Bucket + ")"
}

func atLeast(n int, more bool) string {
	if more {
		return number(n) + "+"
	}
	return number(n)
}
