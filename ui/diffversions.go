package ui

import (
	tea "charm.land/bubbletea/v2"

	"github.com/stateward/stateward/model"
)

// diffPair is the two versions that d compares, the older one first, or why
// there are none: two that are marked, a marked one and the one under the
// cursor, else the one under the cursor and the current one. The current one
// itself is compared with the one before it.
func (t *versionsTab) diffPair() (old, new *model.Version, why string) {
	at := t.list.current()
	if at == nil {
		return nil, nil, "nothing is selected"
	}
	var marked []*model.Version
	for _, id := range t.list.grid.Marks() {
		if v := t.list.row(id); v != nil {
			marked = append(marked, v)
		}
	}
	other := &t.list.rows[0] // newest first
	switch {
	case len(marked) > 2:
		return nil, nil, "mark two versions, or none"
	case len(marked) == 2:
		at, other = marked[0], marked[1]
	case len(marked) == 1 && marked[0] != at:
		other = marked[0]
	case at == other:
		if other = t.older(at); other == nil {
			return nil, nil, "there is no older version to compare it with"
		}
	case other.DeleteMarker:
		return nil, nil, "the state is deleted: mark two versions to compare them"
	}
	if at.DeleteMarker || other.DeleteMarker {
		return nil, nil, "a delete marker has no content"
	}
	if t.list.index[at.VersionID] < t.list.index[other.VersionID] {
		at, other = other, at
	}
	return at, other, ""
}

func (t *versionsTab) noDiff() string {
	_, _, why := t.diffPair()
	return why
}

func (t *versionsTab) diff() tea.Cmd {
	old, new, _ := t.diffPair()
	return t.host.push(newDiffPage(t.host, t.backend, t.state, *old, *new))
}

// older is the version that v replaced, as far as it is listed.
func (t *versionsTab) older(v *model.Version) *model.Version {
	for i := t.list.index[v.VersionID] + 1; i > 0 && i < len(t.list.rows); i++ {
		if !t.list.rows[i].DeleteMarker {
			return &t.list.rows[i]
		}
	}
	return nil
}
