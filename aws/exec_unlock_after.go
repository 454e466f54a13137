package aws

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stateward/stateward/model"
)

// lookAgain looks once more at every place that can keep a lock of the state:
// only then is it free. The function that it returns waits for the answers and
// adds to the result what stands, and what could not be read.
func (u *unlocker) lookAgain() func(*model.Result) {
	places := &lockReader{c: u.c, b: u.plan.Backend}
	g := newGroup()
	g.Go(func() error { places.file(u.ctx, u.plan.Key); return nil })
	g.Go(func() error { places.rowsOf(u.ctx, u.plan.Key); return nil })
	return func(res *model.Result) {
		_ = g.Wait() // the readers note their errors as problems
		res.Message += u.left(places)
	}
}

// left says what an unlock leaves: other locks, and places that nobody could read.
func (u *unlocker) left(places *lockReader) string {
	said := ""
	for _, l := range places.locks {
		said += fmt.Sprintf("; the state is still locked by %s (%s, ID %s)", whoOf(l), l.Where(), l.Token())
	}
	var unread []string
	for _, text := range append(places.problems, u.spec.Unread...) {
		if !slices.Contains(unread, text) {
			unread = append(unread, text)
		}
	}
	if len(unread) > 0 {
		said += "; not read, and a lock may still be held there: " + strings.Join(unread, "; ")
	}
	return said
}
