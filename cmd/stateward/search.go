package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/spf13/cobra"
	"github.com/stateward/stateward/model"
)

// hitsPerState is how many hits of a state are listed unless --limit says otherwise.
const hitsPerState = 100

func (a *app) searchCommand(f *flags) *cobra.Command {
	limit := strconv.Itoa(hitsPerState)
	cmd := &cobra.Command{
		Use:   "search PATTERN [TARGET...]",
		Short: "Find resources in all states: which state manages this ARN?",
		Long: `Find resources by address, type, id, ARN or the value of any attribute, in the
current version of every state. PATTERN is one argument; all of its words must be
found in a resource, in any case and order. Double quotes within it hold a phrase
together: '"net edge" aws_subnet'.

What a state marks sensitive is not searched, and is never printed. A match that
is the resource's own id or arn is marked exact, and comes first.`,
		Example: examples(
			"stateward search arn:aws:sqs:us-east-1:123456789012:payments-worker-prod-jobs",
			"stateward search aws_kms_key s3://acme-tfstate-data --limit all -o json"),
		Args:              onePattern,
		ValidArgsFunction: a.completeSearch(f),
		RunE: a.with(f, func(ctx context.Context, s *session, args []string) error {
			return search(ctx, s, args, limit)
		}),
	}
	cmd.Flags().StringVar(&limit, "limit", limit, "list at most `N` hits of a state, or all")
	return cmd
}

func onePattern(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return usagef("name what to look for: %s", cmd.UseLine())
	}
	return nil
}

// completeSearch offers targets behind the pattern.
func (a *app) completeSearch(f *flags) cobra.CompletionFunc {
	targets := a.completeTargets(f)
	return func(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) == 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return targets(cmd, args, typed)
	}
}

// parseSearch reads a pattern and the bound on hits.
func parseSearch(pattern, limit string) (model.SearchQuery, error) {
	q, err := model.ParseSearch(pattern)
	if err != nil {
		return q, usagef("%v", err)
	}
	if limit == "all" {
		return q, nil
	}
	if q.Limit, err = strconv.Atoi(limit); err != nil || q.Limit < 1 {
		return q, usagef("--limit: %q is neither a whole number from 1 nor all", limit)
	}
	return q, nil
}

func search(ctx context.Context, s *session, args []string, limit string) error {
	q, err := parseSearch(args[0], limit)
	if err != nil {
		return err
	}
	var p problems
	backends, found, err := s.fleet(ctx, args[1:], &p)
	if err != nil {
		return aboutPattern(err, args)
	}
	r, err := s.search(ctx, backends, q)
	if err != nil {
		return err
	}
	p.add(r.problems...)
	s.say("%s", r.summary())
	for _, line := range r.cut {
		s.say("%s", line)
	}
	r.sort()
	return s.printFound(ctx, found, r.documents(), len(r.hits), r.table(), "no resource matches", &p)
}

func (s *session) search(ctx context.Context, backends []model.Backend, q model.SearchQuery) (*searchReport, error) {
	var far atomic.Pointer[model.SearchProgress]
	far.Store(&model.SearchProgress{})
	defer s.progress(func() string { return howFar("searching", far.Load().Done, far.Load().Known, "state") })()
	var r searchReport
	for page, err := range s.access.Search(ctx, backends, q) {
		if err != nil {
			return nil, err
		}
		r.add(page)
		far.Store(&page.Progress)
	}
	return &r, nil
}

// aboutPattern tells those who gave a pattern of several words without quotes
// what went wrong.
func aboutPattern(err error, args []string) error {
	var usage *usageError
	if errors.As(err, &usage) && !strings.HasPrefix(args[1], "s3:") {
		return usagef("%s. A PATTERN of several words is one argument: '%s'", usage.text, strings.Join(args, " "))
	}
	return err
}

// searchReport gathers what a search yields.
type searchReport struct {
	hits     []foundResource
	cut      []string // states of which not all hits are listed
	problems []string
	progress model.SearchProgress
}

// foundResource is a hit and its state.
type foundResource struct {
	state model.State
	model.SearchHit
}

func (r *searchReport) add(page model.SearchPage) {
	for _, f := range page.Found {
		for _, h := range f.Hits {
			r.hits = append(r.hits, foundResource{f.State, h})
		}
		if f.More > 0 {
			r.cut = append(r.cut, fmt.Sprintf("%d more in %s; --limit all lists them", f.More, f.Backend.URL(f.State.Key)))
		}
	}
	for _, u := range page.Unsearched {
		r.problems = append(r.problems, "s3://"+u.Bucket+"/"+u.Key+": "+u.Reason)
	}
	r.problems = append(r.problems, page.Problems...)
	r.progress = page.Progress
}

// summary says what the answer rests on.
func (r *searchReport) summary() string {
	p := r.progress
	return fmt.Sprintf("searched %d of %d states (%s)", p.Done-p.Failed, p.Known, bytesOf(p.Bytes))
}

// sort puts what the pattern names first, then what reads it, then the rest, by
// state and address.
func (r *searchReport) sort() {
	slices.Sort(r.cut)
	slices.Sort(r.problems)
	slices.SortStableFunc(r.hits, func(x, y foundResource) int {
		return cmp.Or(x.Compare(y.SearchHit), strings.Compare(x.state.Bucket, y.state.Bucket), strings.Compare(x.state.Key, y.state.Key),
			strings.Compare(x.Address, y.Address))
	})
}

func (r *searchReport) documents() []searchDoc {
	docs := make([]searchDoc, 0, len(r.hits))
	for _, h := range r.hits {
		docs = append(docs, newSearchDoc(h.state, h.SearchHit))
	}
	return docs
}

func (r *searchReport) table() *table {
	t := &table{columns: []column{{title: "state", cut: 36}, {title: "resource", cut: 30}, {title: "found in", cut: 16},
		{title: "value", cut: 16, end: true, drop: 1}}}
	for _, h := range r.hits {
		field := h.Field
		if h.Exact {
			field += " (exact)"
		}
		address := h.Address
		if h.Deposed != "" {
			address += " (deposed " + h.Deposed + ")"
		}
		t.add("s3://"+h.state.Bucket+"/"+h.state.Key, address, field, h.Value)
	}
	return t
}

type searchDoc struct {
	Bucket    string  `json:"bucket"`
	Key       string  `json:"key"`
	Workspace string  `json:"workspace"`
	Address   string  `json:"address"`
	Type      string  `json:"type"`
	Field     string  `json:"field"`
	Value     string  `json:"value"`
	Exact     bool    `json:"exact"`
	Deposed   *string `json:"deposed"`
}

func newSearchDoc(s model.State, h model.SearchHit) searchDoc {
	return searchDoc{Bucket: s.Bucket, Key: s.Key, Workspace: s.Workspace, Address: h.Address, Type: h.Type,
		Field: h.Field, Value: h.Value, Exact: h.Exact, Deposed: text(h.Deposed)}
}
