package ui

import (
	tea "charm.land/bubbletea/v2"
)

// topPage is a page that a number opens, with the pages opened from it. It
// keeps its place while another one is shown.
type topPage struct {
	key   string
	name  string
	help  string
	pages []page
}

// topPages are the pages with a number, in its order.
func topPages(a *App) []*topPage {
	return []*topPage{
		{key: "1", name: "backends", help: "the page of all backends", pages: []page{newBackendsPage(a)}},
		{key: "2", name: "locks", help: "the page of all locks", pages: []page{newLocksPage(a)}},
		{key: "3", name: "health", help: "the health of all backends; ctrl+r there reads it anew", pages: []page{newHealthPage(a, nil)}},
		{key: "4", name: "keys", help: "the page of all KMS keys", pages: []page{newKMSKeysPage(a)}},
		{key: "5", name: "search", help: "find resources in the states of all backends", pages: []page{newSearchPage(a)}},
		{key: "6", name: "journal", help: "the page of all operations run from this machine", pages: []page{newJournalPage(a)}},
	}
}

// adopt gives a page or dialog its scope below that of the page it came from.
func (a *App) adopt(p interface{ scope() *scope }, parent *scope) {
	a.ids++
	s := p.scope()
	s.id, s.parent = a.ids, parent
}

// top is the page shown.
func (a *App) top() page {
	pages := a.tops[a.at].pages
	return pages[len(pages)-1]
}

// push shows a page over the one that opened it.
func (a *App) push(p page) tea.Cmd {
	t := a.tops[a.at]
	a.adopt(p, a.top().scope())
	t.pages = append(t.pages, p)
	a.note = note{}
	a.layout()
	return p.enter()
}

// back leaves the page shown and ends its requests. At a top page it goes to
// the top page shown before.
func (a *App) back() tea.Cmd {
	t := a.tops[a.at]
	if len(t.pages) == 1 {
		return a.jump(a.before)
	}
	a.top().scope().leave()
	t.pages = t.pages[:len(t.pages)-1]
	a.note = note{}
	a.layout()
	return a.top().enter()
}

// jump shows another top page as it was left; the one shown goes back to its
// first page.
func (a *App) jump(i int) tea.Cmd {
	if i == a.at {
		return a.rewind()
	}
	for _, p := range a.tops[a.at].pages {
		p.scope().leave()
	}
	a.before, a.at = a.at, i
	a.note = note{}
	a.layout()
	return a.top().enter()
}

// rewind goes back to the first page of the stack shown.
func (a *App) rewind() tea.Cmd {
	t := a.tops[a.at]
	if len(t.pages) == 1 {
		return nil
	}
	t.pages[1].scope().leave()
	t.pages = t.pages[:1]
	a.layout()
	return a.top().enter()
}

// show opens a dialog over all else.
func (a *App) show(d dialog) tea.Cmd {
	parent := a.top().scope()
	if n := len(a.dialogs); n > 0 {
		parent = a.dialogs[n-1].scope()
	}
	a.adopt(d, parent)
	a.dialogs = append(a.dialogs, d)
	return d.open()
}
