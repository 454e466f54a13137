package aws

import (
	"testing"
	"time"
)

// Calls side by side are noted in any order.
func TestDenialsThatComeOutOfOrderKeepTheirTimes(t *testing.T) {
	early := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	late := early.Add(time.Second)
	for name, order := range map[string][]time.Time{
		"in order":            {early, late},
		"the later one first": {late, early},
	} {
		t.Run(name, func(t *testing.T) {
			var d denials
			for _, at := range order {
				d.remember(answeredCall{name: "dynamodb GetItem"}, "", "", at)
			}
			if len(d.known) != 1 {
				t.Fatalf("%d are known", len(d.known))
			}
			for _, got := range d.known {
				if !got.First.Equal(early) || !got.Last.Equal(late) || got.Count != 2 {
					t.Errorf("first %s, last %s, %d times", got.First, got.Last, got.Count)
				}
			}
		})
	}
}
