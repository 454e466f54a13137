package ui

import (
	"testing"
	"time"
)

// What an operator decides by stays on the screen at 60 columns.
func TestWhatStaysAt60Columns(t *testing.T) {
	tests := map[string]struct {
		open func(*session) *session
		want []string
	}{
		"the verdict of a lock":            {func(s *session) *session { return s.press("2") }, []string{"VERDICT", "likely stale"}},
		"when a key is gone":               {func(s *session) *session { return s.press("4") }, []string{"STATE", "ROTATION", "FINDINGS"}},
		"why an action cannot run":         {func(s *session) *session { return s.press("?", "pgdown", "pgdown") }, []string{"(not now: no interrupted operation was met", "in the locks read so far)"}},
		"what tab does in a guard":         {func(s *session) *session { return s.warehouse().press("s", "R").wait(time.Second).text(theKey[:9]) }, []string{"tab types the rest"}},
		"what the buttons of a guard want": {func(s *session) *session { return s.warehouse().press("s", "R").wait(time.Second).text(theKey) }, []string{"tab, then enter to go on"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			test.open(open(t, sampleFleet()).resize(60, 15)).sees(test.want...)
		})
	}
}
