package ui

import (
	"strconv"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui/widget"
)

// kmsKeyPage shows all that is known of one key and of who depends on it. It
// reads nothing itself: the page of all keys does, and goes on doing so.
type kmsKeyPage struct {
	host   host
	sc     *scope
	keys   *kmsKeysPage
	last   model.Key // as it was seen last
	scroll int
	w, h   int
	table  []action
}

func newKMSKeyPage(h host, keys *kmsKeysPage, k model.Key) *kmsKeyPage {
	p := &kmsKeyPage{host: h, sc: &scope{}, keys: keys, last: k}
	own := []action{
		{keys: []string{"y"}, name: "copy ARN", help: "copy the ARN of the key", footer: true,
			run: func() tea.Cmd { return h.copied("the ARN", first(p.last.ARN, p.last.ID)) }},
		{keys: []string{"Y"}, name: "copy CLI", help: "copy the command line that lists the same",
			run: func() tea.Cmd { return h.copied("the command line", h.commandOnAll("keys")) }},
	}
	own = append(own, action{keys: []string{"ctrl+y"}, name: "copy remedy", help: "copy the commands that mend what was found", footer: true,
		blocked: p.noRemedy, run: func() tea.Cmd { return h.copiedCommands("the commands", p.remedies()...) }})
	p.table = append(own, scrolling(&p.scroll, func() int { return p.h })...)
	return p
}

// remedies are the commands that mend what was found, the most urgent first.
func (p *kmsKeyPage) remedies() []string {
	var all []string
	for _, f := range p.last.Findings {
		if f.Remedy != "" {
			all = append(all, strings.Split(f.Remedy, "\n")...)
		}
	}
	return all
}

func (p *kmsKeyPage) noRemedy() string {
	if len(p.remedies()) == 0 {
		return "no command mends this key"
	}
	return ""
}

// scrolling are the keys that move through a text.
func scrolling(at *int, page func() int) []action {
	by := func(n func() int) func() tea.Cmd {
		return func() tea.Cmd {
			*at = max(0, *at+n())
			return nil
		}
	}
	return []action{
		{keys: []string{"up", "k"}, name: "up", help: "one line up", moves: true, run: by(func() int { return -1 })},
		{keys: []string{"down", "j"}, name: "down", help: "one line down", moves: true, footer: true, run: by(func() int { return 1 })},
		{keys: []string{"pgup", "ctrl+b"}, name: "page up", help: "one screen up", moves: true, run: by(func() int { return -page() })},
		{keys: []string{"pgdown", "ctrl+f"}, name: "page down", help: "one screen down", moves: true, run: by(page)},
		{keys: []string{"g", "home"}, name: "top", help: "to the first line", moves: true, run: by(func() int { return -farDown })},
		{keys: []string{"G", "end"}, name: "bottom", help: "to the last line", moves: true, run: by(func() int { return farDown })},
	}
}

func (p *kmsKeyPage) scope() *scope { return p.sc }

func (p *kmsKeyPage) title() string { return p.last.Name() }

// status is how old the page of all keys is, without the number of its rows.
func (p *kmsKeyPage) status() []widget.Cell { return p.keys.aged(nil) }

func (p *kmsKeyPage) actions() []action { return p.table }

func (p *kmsKeyPage) enter() tea.Cmd                      { return nil }
func (p *kmsKeyPage) refresh() tea.Cmd                    { return p.keys.refresh() }
func (p *kmsKeyPage) outdate()                            { p.keys.outdate() }
func (p *kmsKeyPage) tick() tea.Cmd                       { return nil }
func (p *kmsKeyPage) wanted() tea.Cmd                     { return nil }
func (p *kmsKeyPage) receive(letter) tea.Cmd              { return nil }
func (p *kmsKeyPage) key(tea.KeyPressMsg) (tea.Cmd, bool) { return nil, false }
func (p *kmsKeyPage) paste(tea.PasteMsg)                  {}
func (p *kmsKeyPage) resize(w, h int)                     { p.w, p.h = w, h }

func (p *kmsKeyPage) view(st widget.Styles) string {
	if k, ok := p.keys.find(p.last.Ref()); ok {
		p.last = k
	}
	var shown []string
	shown, p.scroll = window(p.lines(st), p.scroll, max(1, p.w-1), p.h, st)
	return widget.FitBlock(strings.Join(shown, "\n"), p.w, p.h)
}

// lines is the whole of the key, laid out for the width of the page.
func (p *kmsKeyPage) lines(st widget.Styles) []string {
	k, w := &p.last, max(1, p.w-2)
	var lines []string
	add := func(all ...journalLine) {
		for _, l := range all {
			lines = append(lines, whole(st, l.label, l.text, l.tone, w)...)
		}
	}
	gap := func(title string) { lines = append(lines, "", " "+st.Strong.Render(title)) }
	add(p.facts(k)...)
	gap("What depends on it")
	if blast := blastLines(k); len(blast) > 0 {
		add(blast...)
	}
	for _, unread := range k.UsedBy.Unread {
		add(journalLine{label: "? not read", text: unread, tone: widget.Warn})
	}
	if len(k.Findings) > 0 {
		gap("Findings")
	}
	for _, f := range k.Findings {
		add(findingLine(f))
		if f.Remedy != "" {
			for i, command := range strings.Split(f.Remedy, "\n") {
				add(journalLine{label: []string{"by hand", ""}[min(i, 1)], text: command})
			}
		}
	}
	gap("Rotations")
	add(p.rotations(k)...)
	gap("States")
	return append(lines, stateUseLines(st, k.UsedBy, w)...)
}

func (p *kmsKeyPage) facts(k *model.Key) []journalLine {
	state := kmsStateCell(k, p.host.serviceNow())
	if words := k.StateWords(p.host.serviceNow()); words != "" {
		state.Text = words
	}
	if k.State.Or("").OutOfService() {
		state.Text = "✖ " + state.Text
	}
	var kind []string
	kind = append(kind, factText(k.Manager, managerWords), factText(k.Spec, same), "origin "+factText(k.Origin, same))
	if k.MultiRegion.Or(false) {
		kind = append(kind, "multi-region")
	}
	if k.Primary != "" {
		kind = append(kind, "replica of "+k.Primary)
	}
	if at := k.ValidTo.Or(time.Time{}); !at.IsZero() {
		kind = append(kind, "material expires "+absolute(at))
	}
	return []journalLine{
		{"State", joined(": ", state.Text, k.State.Reason()), state.Tone},
		{"ARN", first(k.ARN, k.ID), widget.Plain},
		{"Aliases", factText(k.Aliases, func(a []string) string { return first(strings.Join(a, ", "), signNone) }), widget.Plain},
		{"Kind", strings.Join(kind, ", "), widget.Plain},
		{"Used for", factText(k.Usage, same), widget.Plain},
		{"Region", k.Region, widget.Plain},
		{"Account", first(k.Account, signUnknown), widget.Plain},
		{"Policy", factText(k.Policy, func(string) string { return "read; see the findings" }), widget.Plain},
	}
}

func same(s string) string { return s }

// factText is a fact as a piece of a sentence, with the reason of one that could
// not be read.
func factText[T any](f model.Fact[T], show func(T) string) string {
	switch v, ok := f.Get(); {
	case ok:
		return show(v)
	case f.IsUnknown():
		return signUnknown + " " + f.Reason()
	}
	return signUnread
}

// rotations is the schedule and every rotation that was, the newest first.
func (p *kmsKeyPage) rotations(k *model.Key) []journalLine {
	r := k.Rotation
	cell := rotationCell(k, p.host.serviceNow())
	lines := []journalLine{{"Schedule", joined(" ", cell.Text, r.Enabled.Reason()), cell.Tone}}
	if next, ok := r.Next.Get(); ok && !next.IsZero() {
		lines = append(lines, journalLine{"Next", absolute(next), widget.Plain})
	}
	done, ok := r.History.Get()
	switch {
	case !ok:
		lines = append(lines, journalLine{"Before", factText(r.History, func([]model.Rotation) string { return "" }), widget.Plain})
	case len(done) == 0:
		lines = append(lines, journalLine{"Before", "never rotated", widget.Plain})
	}
	for i := len(done) - 1; i >= 0; i-- {
		label := ""
		if i == len(done)-1 {
			label = "Before"
		}
		lines = append(lines, journalLine{label, absolute(done[i].Date) + "  " + done[i].Type, widget.Plain})
	}
	return lines
}

// stateUseLines is one line for each state: whether it is read with the key
// today, and how many of its old versions need it.
func stateUseLines(st widget.Styles, u model.KeyUse, w int) []string {
	if len(u.States) == 0 {
		return []string{" " + st.Dim.Render("no state that was looked at needs it")}
	}
	var lines []string
	for _, s := range u.States {
		head := "   history "
		if s.Current {
			head = " ● current "
		}
		old := ""
		if s.Noncurrent > 0 || s.AtLeast {
			old = atLeast(s.Noncurrent, s.AtLeast) + " old"
		}
		room := max(10, w-widget.Width(head)-widget.Width(old)-2)
		lines = append(lines, widget.Justify(head+widget.Middle(safe(s.Bucket+"/"+s.Key), room), st.Dim.Render(old), w))
	}
	return append(lines, " "+st.Dim.Render(strconv.Itoa(u.Current())+" current, "+plural(len(u.States), "state")+" in all"))
}
