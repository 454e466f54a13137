package ui

import (
	"context"

	tea "charm.land/bubbletea/v2"

	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui/widget"
)

// checksAtOnce bounds the backends whose health is read for the column: it costs
// some 25 requests each, and nobody has asked for it yet.
const checksAtOnce = 2

func (p *backendsPage) healthAction() action {
	return action{keys: []string{"h"}, name: "health", footer: true, blocked: p.noRow,
		help: "the health of the backend; ctrl+r there renews the column",
		run: func() tea.Cmd {
			b := p.list.current().Backend
			return p.host.push(newHealthPage(p.host, &b))
		}}
}

// healthCell is the worst of the last report that any page has read.
func (p *backendsPage) healthCell(r *backendRow) widget.Cell {
	f := p.host.fleet()
	if report, ok := f.health[backendID(r.Backend)]; ok {
		cell := report.summary()
		if report.round != f.round {
			cell.Tone = widget.Dim // it is from before the last change, and read again
		}
		return cell
	}
	if r.Source == model.SourceBuckets {
		return dim("not checked")
	}
	return unread()
}

// readHealth reads the health of rows on the screen when nothing else is left to
// read, and once only: an automatic refresh does not repeat it.
func (p *backendsPage) readHealth() []tea.Cmd {
	if p.busy || p.reads.busy > 0 || p.held.busy > 0 {
		return nil
	}
	var cmds []tea.Cmd
	read, now, round := p.host.reader(), p.host.now(), p.host.fleet().round
	from, to := p.list.grid.Window()
	for i := from; i < to; i++ {
		b := p.list.shown(i).Backend
		id := backendID(b)
		if _, ok := p.host.fleet().fresh(id); ok || b.Source == model.SourceBuckets { // it is no backend unless somebody says so
			continue
		}
		p.check.forget(id) // what was dropped since is read again
		if p.check.wants(p.sc, id) {
			cmds = append(cmds, p.check.ask(p.sc, id, func(ctx context.Context) healthReport { return readHealth(ctx, read, b, now, round) }))
		}
	}
	return cmds
}

// gotHealth keeps a report, unless its reading was cut off.
func (p *backendsPage) gotHealth(m fact[healthReport]) {
	if row := p.list.row(m.row); p.check.took(m) && row != nil {
		p.host.fleet().keep(m.value)
	}
}
