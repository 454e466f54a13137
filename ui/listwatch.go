package ui

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/stateward/stateward/ui/widget"
)

// watchPause is the time between two reads of a list that is watched.
const watchPause = 5 * time.Second

// watchAction is of the lists that others change: a lock that is let go of, a
// version that is written.
func (p *listPage[T]) watchAction() action {
	return action{keys: []string{"w"}, name: "watch", help: "read the list again every 5 s, or only as usual", run: p.toggleWatch}
}

func (p *listPage[T]) toggleWatch() tea.Cmd {
	p.watching = !p.watching
	if !p.watching {
		p.host.tell(widget.Plain, "not watching any more")
		return nil
	}
	p.host.tell(widget.Plain, "watching: the list is read again every 5 s; w ends it")
	return p.tick()
}

// pause is the time between two listings, which a slow one makes longer.
func (p *listPage[T]) pause() time.Duration {
	if p.watching {
		return max(min(watchPause, p.host.every()), 2*p.took)
	}
	return max(p.host.every(), 10*p.took)
}
