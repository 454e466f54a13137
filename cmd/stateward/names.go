package main

import (
	"context"
	"errors"

	"github.com/stateward/stateward/model"
)

// namesReader tells what a name may have meant that fits nothing.
type namesReader interface {
	NoSuchState(ctx context.Context, b model.Backend, key, tried string) error
	// Nothing is an error where nothing has a key below the backend's prefix: no
	// object, no version of one, no row. What cannot be read is no such error.
	Nothing(ctx context.Context, b model.Backend) error
}

// nothingFits is an error where one of the targets is a key or prefix below which
// there is nothing at all: it is mistyped. It is asked where a list is empty.
func (s *session) nothingFits(ctx context.Context, found []target) error {
	var errs []error
	for _, t := range found {
		if t.named == nil && t.rest != "" {
			errs = append(errs, s.access.Nothing(ctx, s.known.listing(t)))
		}
	}
	return errors.Join(errs...)
}

// printFound prints a list of what was found at targets. An empty one of a target
// that fits nothing is no list.
func (s *session) printFound(ctx context.Context, found []target, docs any, rows int, t *table, none string, p *problems) error {
	if rows == 0 && len(p.texts) == 0 {
		if err := s.nothingFits(ctx, found); err != nil {
			return err
		}
	}
	return s.print(docs, rows, t, none, p)
}

// emptyFits is nothingFits for the targets in which no state was counted.
func (s *session) emptyFits(ctx context.Context, found []target, facts []model.BackendFacts) error {
	var empty []target
	for i, t := range found {
		if n, known := facts[i].States.Get(); known && n == 0 {
			empty = append(empty, t)
		}
	}
	return s.nothingFits(ctx, empty)
}
