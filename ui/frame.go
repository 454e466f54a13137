package ui

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui/widget"
)

// The smallest window that can show anything of use, and the lines that frame
// a page: identity, breadcrumb and rule above, rule and keys below.
const (
	minWidth    = 30
	minHeight   = 6
	frameHeight = 5
)

// View draws the whole window: every line is exactly as wide as it.
func (a *App) View() tea.View {
	v := tea.NewView(a.screen())
	v.AltScreen = true
	return v
}

func (a *App) screen() string {
	switch {
	case a.w <= 0 || a.h <= 0:
		return ""
	case a.w < minWidth || a.h < minHeight:
		return widget.FitBlock("terminal too small", a.w, a.h)
	}
	lines := []string{a.identityLine()}
	if a.banner {
		lines = append(lines, a.bannerLine())
	}
	lines = append(lines,
		a.crumbLine(),
		a.st.Border.Render(widget.Rule(a.w)),
		a.top().view(a.st),
		a.noteLine(),
		a.footer(),
	)
	screen := strings.Join(lines, "\n")
	for _, d := range a.dialogs {
		screen = widget.Overlay(screen, d.view(a.st, a.w, a.h))
	}
	return screen
}

// layout tells the page shown how much room it has.
func (a *App) layout() {
	a.banner = a.wantsBanner()
	taken := frameHeight
	if a.banner {
		taken++
	}
	a.top().resize(a.w, max(1, a.h-taken))
}

// identityLine says who asks, and from where.
func (a *App) identityLine() string {
	left := " " + a.st.Title.Render("stateward") + "   " + a.st.Line(a.who()...)
	var right []widget.Cell
	if a.task != nil {
		right = append(right, widget.Cell{Text: "↻ " + string(a.task.plan.Operation) + " runs ", Tone: widget.Accent})
	}
	if a.o.ReadOnly {
		right = append(right, warn("READ-ONLY "))
	}
	return widget.Justify(left, a.st.Line(right...), a.w)
}

// who is the account, the profile, the region and the endpoint.
func (a *App) who() []widget.Cell {
	account := factCell(a.identity, func(i model.Identity) widget.Cell { return orNone(i.Account) })
	id := a.identity.Or(model.Identity{Profile: a.o.Profile, Region: a.o.Region})
	cells := []widget.Cell{account}
	from := first(id.Profile, a.o.Profile)
	if region := first(id.Region, a.o.Region); region != "" && from != "" {
		from += "@" + region
	} else {
		from += region
	}
	if from != "" {
		cells = append(cells, dim(" · "), text(from))
	}
	if a.o.Endpoint != "" {
		cells = append(cells, dim(" · "), text(a.o.Endpoint))
	}
	if a.identity.IsUnknown() {
		cells = append(cells, dim(" · "), warn(a.identity.Reason()))
	}
	return append(cells, a.expiry(id)...)
}

// expiry warns of credentials that end soon: an operation needs five minutes.
func (a *App) expiry(id model.Identity) []widget.Cell {
	if id.Expires.IsZero() {
		return nil
	}
	switch left := id.Expires.Sub(a.now()); {
	case left <= 0:
		return []widget.Cell{dim(" · "), bad("✖ credentials expired")}
	case left < expiresSoon:
		return []widget.Cell{dim(" · "), warn("▲ credentials end in " + span(left))}
	}
	return nil
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// crumbLine is the way to the page and, at the right, what it says of itself.
func (a *App) crumbLine() string {
	var crumbs []string
	for _, p := range a.tops[a.at].pages {
		crumbs = append(crumbs, bound(p.title()))
	}
	status := a.st.Line(a.top().status()...)
	room := max(1, a.w-widget.Width(status)-1)
	return widget.Justify(widget.Crumbs(crumbs, room, a.st), status, a.w)
}

// noteLine is the rule above the keys, or what there is to say.
func (a *App) noteLine() string {
	if a.note.cell.Text == "" {
		return a.st.Border.Render(widget.Rule(a.w))
	}
	return widget.Fit(" "+a.st.Cell(a.note.cell), a.w)
}

// footer is empty under a dialog: the page's keys do nothing there, and a dialog
// says itself which keys it takes.
func (a *App) footer() string {
	if len(a.dialogs) > 0 {
		return strings.Repeat(" ", a.w)
	}
	if p, ok := a.top().(typist); ok {
		if hints := p.typingHints(); len(hints) > 0 {
			return widget.TextBar(hints, a.w, a.st)
		}
	}
	return widget.KeyBar(a.hints(), a.w, a.st)
}

// hints are the actions that the footer shows.
func (a *App) hints() []widget.Hint {
	var needed, usual []widget.Hint
	for _, act := range a.table() {
		switch {
		case act.needed != nil && act.needed():
			needed = append(needed, act.hint(a.o.ReadOnly))
		case act.footer:
			usual = append(usual, act.hint(a.o.ReadOnly))
		}
	}
	return append(needed, usual...)
}
