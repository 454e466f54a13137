package ui

import (
	tea "charm.land/bubbletea/v2"

	"github.com/stateward/stateward/ui/widget"
)

// noSuggestion is why there is no version to suggest.
func (t *versionsTab) noSuggestion() string {
	switch {
	case t.past.wrong:
		return ""
	case t.list.current() == nil:
		return "nothing is selected"
	case t.asOf.IsZero():
		return "the versions are not all listed yet"
	}
	return "nothing is wrong with the newest versions"
}

// toSuggested moves to the suggested version, where the detail says why it is
// the one. A filter that hides it is taken off.
func (t *versionsTab) toSuggested() tea.Cmd {
	if !t.list.grid.SetCursorByKey(t.past.suggest.VersionID) {
		t.unfilter()
		t.list.grid.SetCursorByKey(t.past.suggest.VersionID)
	}
	return nil
}

// toAnomaly moves to the next odd row in a direction, as rows are shown.
func (t *versionsTab) toAnomaly(step int) tea.Cmd {
	unread := false
	for i := t.list.grid.Cursor() + step; i >= 0 && i < t.list.len(); i += step {
		v := t.list.shown(i)
		if len(v.Anomalies) > 0 {
			t.list.grid.SetCursor(i)
			return nil
		}
		unread = unread || !v.DeleteMarker && !t.reads.known[v.VersionID]
	}
	where, more := "below", ""
	if step < 0 {
		where = "above"
	}
	if unread {
		more = " among the versions read so far; moving on reads more"
	}
	t.host.tell(widget.Plain, "nothing odd "+where+more)
	return nil
}
