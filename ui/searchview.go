package ui

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/stateward/stateward/ui/widget"
)

func (p *searchPage) actions() []action {
	if p.asking {
		return p.askTable
	}
	return p.table
}

// typingHints are the keys beside the pattern.
func (p *searchPage) typingHints() []widget.Hint {
	switch {
	case !p.asking:
		return p.listPage.typingHints()
	case p.asked != "":
		return []widget.Hint{{Key: "⏎", Label: "search"}, {Key: "esc", Label: "matches"}}
	case p.pattern.Value() != "":
		return []widget.Hint{{Key: "⏎", Label: "search"}, {Key: "esc", Label: "clear"}}
	}
	return []widget.Hint{{Key: "⏎", Label: "search"}, {Key: "esc", Label: "back"}}
}

// askActions are the keys while the pattern is being typed: those that are text
// never get here.
func (p *searchPage) askActions() []action {
	return append([]action{
		{keys: []string{"enter"}, name: "search", help: "search all states for what was typed", footer: true, run: p.submit},
	}, p.movement()...)
}

func (p *searchPage) actionTable() []action {
	own := []action{
		{keys: []string{"enter"}, name: "open", help: "the resource in its state", footer: true,
			blocked: p.noRow, run: func() tea.Cmd { return p.open(p.list.current()) }},
		{keys: []string{"s"}, name: "search", help: "change the pattern, and search again", footer: true, run: p.edit},
		{keys: []string{"y"}, name: "copy", help: "copy the address of the resource, or of those marked", footer: true,
			blocked: p.noRow, run: p.copyAddresses},
		{keys: []string{"Y"}, name: "copy CLI", help: "copy the command line that lists the same", blocked: p.noSearch,
			run: func() tea.Cmd {
				return p.host.copied("the command line", p.host.commandOnAll("search", searchWord(p.asked)))
			}},
	}
	return append(append(own, p.listActions()...), p.movement()...)
}

func (p *searchPage) noSearch() string {
	if p.asked == "" {
		return "nothing was searched for yet"
	}
	return ""
}

// open shows the resource in its state.
func (p *searchPage) open(r *searchRow) tea.Cmd {
	return p.host.push(newStatePageAt(p.host, r.backend, r.state, r.Address))
}

func (p *searchPage) stateHere() (bucket, key string) {
	if r := p.list.current(); r != nil {
		return r.backend.Bucket, r.state.Key
	}
	return "", ""
}

func (p *searchPage) copyAddresses() tea.Cmd {
	var addresses []string
	for _, r := range p.chosen() {
		addresses = append(addresses, r.Address)
	}
	if len(addresses) == 1 {
		return p.host.copied("the address", addresses...)
	}
	return p.host.copied(count(len(addresses))+" addresses", addresses...)
}

func (p *searchPage) edit() tea.Cmd {
	p.asking = true
	p.pattern.Set(p.asked)
	return nil
}

// key lets the pattern that is being typed have its keys. The rows can be moved
// through meanwhile.
func (p *searchPage) key(msg tea.KeyPressMsg) (tea.Cmd, bool) {
	if !p.asking {
		return p.listPage.key(msg)
	}
	if msg.Keystroke() == "esc" {
		return nil, p.leavePattern()
	}
	return nil, p.pattern.Key(msg)
}

// leavePattern goes from the pattern to the matches there are. It is false when
// there is nothing to go to and nothing to clear.
func (p *searchPage) leavePattern() bool {
	if p.asked == "" {
		typed := p.pattern.Value() != ""
		p.pattern.Set("")
		return typed
	}
	p.asking = false
	return true
}

func (p *searchPage) paste(msg tea.PasteMsg) {
	if p.asking {
		p.pattern.Paste(msg)
		return
	}
	p.listPage.paste(msg)
}

// unfilter stops the search that runs, or takes the filter off.
func (p *searchPage) unfilter() bool {
	if p.listPage.unfilter() {
		return true
	}
	if p.busy {
		p.halt("stopped")
		return true
	}
	return false
}

// head is the pattern, and how far the search for it is.
func (p *searchPage) head(st widget.Styles, w int) []string {
	about := st.Dim.Render("   " + p.account())
	if p.asking {
		p.pattern.Prompt = " Search "
		return []string{p.pattern.View(w, st), about}
	}
	return []string{" " + st.Accent.Render("Search ") + safe(p.asked), about}
}

// account says in a line what was searched.
func (p *searchPage) account() string {
	s := &p.seen
	searched := count(s.progress.Done-s.progress.Failed) + " of " + plural(s.progress.Known, "state")
	switch {
	case p.asking && p.asked != "":
		return "⏎ searches, ctrl+u empties the line, esc goes back to the matches"
	case p.asked == "":
		return "words of an address, type, id, ARN or attribute; secrets are not searched"
	case p.busy && s.progress.Known == 0:
		return "looking for states…   esc stops"
	case p.busy:
		if s.progress.Listing > 0 {
			searched += " found so far"
		}
		return "searched " + searched + ", " + size(s.progress.Bytes) + "   esc stops"
	case p.stopped != "":
		return p.stopped + ": searched " + searched + "; ctrl+r searches again"
	}
	done := "searched " + searched + ", " + size(s.progress.Bytes)
	switch {
	case s.more > 0:
		done += "; " + count(s.more) + " more matches not listed"
	case len(p.list.rows) == 0:
		done += "; secrets are not searched"
	}
	return done
}

// nothing says why no match is shown.
func (p *searchPage) nothing() string {
	s := &p.seen
	switch {
	case p.asked == "":
		return "which state manages an ARN? type or paste it, then ⏎"
	case len(p.list.rows) > 0:
		return "no match passes the filter; esc clears it"
	case p.busy:
		return "nothing found so far"
	case p.stopped != "":
		return "nothing was found before it ended"
	case s.progress.Failed > 0:
		return "no resource matches in " + plural(s.progress.Done-s.progress.Failed, "state") + "; " +
			count(s.progress.Failed) + " could not be searched"
	case len(s.problems) > 0:
		return "no resource matches in " + plural(s.progress.Done, "state") + ", but not every place could be read"
	}
	return "no resource matches in " + plural(s.progress.Done, "state")
}

func (p *searchPage) details(st widget.Styles, w, h int) []string {
	r := p.list.current()
	if r == nil {
		return nil
	}
	lines := flow(st, "", []widget.Cell{text(r.address()), text(r.backend.URL(r.state.Key)), r.tells()}, w, max(1, h-2))
	if r.Field == "address" || r.Field == "type" {
		return lines
	}
	value := labelled(st, r.Field, oneLine(r.Value), widget.Plain, min(16, w/4), max(1, w-1))
	for i := range value {
		value[i] = " " + strings.TrimRight(value[i], " ")
	}
	return clipLines(append(lines, value...), w, h)
}

// oneLine puts the lines of a text on one.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// searchWord is a pattern as an argument: with a blank before it where it would
// be taken for a flag.
func searchWord(asked string) string {
	if strings.HasPrefix(asked, "-") {
		return " " + asked
	}
	return asked
}
