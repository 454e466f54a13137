package ui

import (
	"context"
	"errors"
	"iter"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/stateward/stateward/model"
)

// watched is a fake that keeps the contexts it was called with.
type watched struct {
	*fake
	ctxs []context.Context
}

func (w *watched) States(ctx context.Context, b model.Backend, q model.StateQuery) iter.Seq2[model.StatePage, error] {
	w.ctxs = append(w.ctxs, ctx)
	return w.fake.States(ctx, b, q)
}

func (w *watched) StateFacts(ctx context.Context, b model.Backend, s model.State) model.StateFacts {
	w.ctxs = append(w.ctxs, ctx)
	return w.fake.StateFacts(ctx, b, s)
}

func watchedSession(t *testing.T) (*session, *watched) {
	w := &watched{fake: sampleFleet()}
	return open(t, w.fake, func(o *Options) { o.Reader = w }), w
}

func TestLeavingAPageEndsItsRequests(t *testing.T) {
	for name, keys := range map[string][]string{
		"going back":                    {"esc"},
		"going to another top page":     {"2"},
		"going back to the first page":  {"1"},
		"leaving a page above it, too":  {"enter", "esc", "esc"},
		"another top page, from a deep": {"enter", "2"},
	} {
		t.Run(name, func(t *testing.T) {
			s, w := watchedSession(t)
			s.press("j", "enter")
			if len(w.ctxs) == 0 {
				t.Fatal("nothing was read")
			}
			s.press(keys...)
			for _, ctx := range w.ctxs[1:] { // the first one is that of the listing, which has ended
				if ctx.Err() == nil {
					t.Fatal("a request goes on")
				}
			}
		})
	}
}

func TestAPageAboveLeavesTheRequestsBelowAlone(t *testing.T) {
	s, w := watchedSession(t)
	s.press("j", "enter", "enter")
	if err := w.ctxs[len(w.ctxs)-1].Err(); err != nil {
		t.Fatal(err)
	}
}

// late plays what is asked, keeping the commands, and then the keys before the
// answers come.
func late(t *testing.T, first []string, then ...string) *session {
	s := open(t, sampleFleet())
	s.press(first[:len(first)-1]...)
	s.manual = true
	s.press(first[len(first)-1])
	kept := s.kept
	s.manual, s.kept = false, nil
	s.press(then...)
	s.kept = kept
	return s
}

func TestAnswersThatComeTooLateAreDropped(t *testing.T) {
	for name, c := range map[string]struct {
		first []string
		then  []string
		want  string
	}{
		"of a page that was left":   {[]string{"j", "enter"}, []string{"esc"}, "acme-legacy-state"},
		"of a plan that was closed": {[]string{"2", "U"}, []string{"esc"}, "likely stale"},
		"of a top page left":        {[]string{"2"}, []string{"1"}, "acme-legacy-state"},
	} {
		t.Run(name, func(t *testing.T) {
			s := late(t, c.first, c.then...)
			s.wait(time.Second)
			before := s.screen()
			s.run()
			if got := s.screen(); got != before {
				t.Errorf("a late answer changed the screen from\n%s\nto\n%s", before, got)
			}
			s.sees(c.want).missing("canceled")
		})
	}
}

func TestOnlyTheNewestListingCounts(t *testing.T) {
	f := sampleFleet()
	s := open(t, f)
	s.press("j", "enter")
	s.manual = true
	s.press("ctrl+r")
	old := s.kept
	s.manual, s.kept = false, nil
	s.press("ctrl+r")
	f.states["acme-tfstate-payments"] = nil
	for _, cmd := range old {
		s.do(cmd)
	}
	s.sees("payments/batch")
}

func TestAnInterruptedListingIsTakenUpAgain(t *testing.T) {
	s := open(t, sampleFleet())
	s.manual = true
	s.press("j", "enter") // the listing starts, and is cut off
	s.manual, s.kept = false, nil
	s.press("2", "1").sees("payments/batch", "held").missing("canceled")
}

func TestAListingIsHandedOverAsItComes(t *testing.T) {
	gate := make(chan struct{})
	list := func(ctx context.Context) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) {
			_ = yield(1, nil) // what it returns does not matter: the next one tells
			<-gate
			if yield(2, nil) {
				yield(0, errors.New("no more"))
			}
		}
	}
	first := listen(context.Background(), address{1, 1}, list)().(batch[int])
	if len(first.values) != 1 || first.end {
		t.Fatalf("%+v", first)
	}
	close(gate)
	seen, b := first.values, first
	for !b.end {
		b = b.next()().(batch[int])
		seen = append(seen, b.values...)
	}
	if len(seen) != 2 || b.err == nil || b.next() != nil {
		t.Fatalf("%v %+v", seen, b)
	}
}

func TestACancelledListingEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	list := func(ctx context.Context) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) {
			defer close(ended)
			for i := 0; yield(i, nil); i++ {
			}
		}
	}
	b := listen(ctx, address{1, 1}, list)().(batch[int])
	cancel()
	<-ended
	for !b.end {
		b = b.next()().(batch[int])
	}
}

func TestUnknownMessagesAreIgnored(t *testing.T) {
	s := open(t, sampleFleet())
	before := s.screen()
	s.send(tea.FocusMsg{})
	s.send(answer[int]{address: address{99, 1}})
	s.send(taskMsg{&task{}})
	s.send(progressMsg{&task{}})
	if s.screen() != before {
		t.Error("the screen changed")
	}
}
