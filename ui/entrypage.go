package ui

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui/widget"
)

// entryPage shows all that the journal has of one operation.
type entryPage struct {
	host    host
	sc      *scope
	op      journalOp
	reading request
	err     error
	scroll  int
	w, h    int
	table   []action

	lines []string // the text as it was laid out last
	style widget.Styles
	width int
}

func newEntryPage(h host, op journalOp) *entryPage {
	p := &entryPage{host: h, sc: &scope{}, op: op}
	p.table = append(journalActions(h, func() []*journalOp { return []*journalOp{&p.op} }), p.movement()...)
	return p
}

func (p *entryPage) scope() *scope { return p.sc }

func (p *entryPage) title() string { return string(p.op.operation) + " " + p.op.id }

func (p *entryPage) status() []widget.Cell {
	if p.err != nil {
		return []widget.Cell{bad("✖ " + p.err.Error())}
	}
	return []widget.Cell{dim(ago(p.host.now(), p.op.began) + "  "), p.op.outcomeCell(), text(" ")}
}

func (p *entryPage) actions() []action { return p.table }

func (p *entryPage) movement() []action {
	return scrolling(&p.scroll, func() int { return p.h })
}

// farDown is below the last line of any entry; the next view comes back to it.
const farDown = 1 << 30

func (p *entryPage) enter() tea.Cmd { return nil }

func (p *entryPage) refresh() tea.Cmd {
	ctx, at := p.reading.begin(p.sc)
	return readOperations(ctx, at, p.host.journal())
}

// outdate does nothing: an operation that starts now is not this one, and what
// was written of this one stays.
func (p *entryPage) outdate() {}

func (p *entryPage) tick() tea.Cmd   { return nil }
func (p *entryPage) wanted() tea.Cmd { return nil }

func (p *entryPage) receive(l letter) tea.Cmd {
	m, ok := l.(answer[[]journalOp])
	if !ok || !p.reading.current(m) {
		return nil
	}
	i := slices.IndexFunc(m.value, func(o journalOp) bool { return o.id == p.op.id })
	if i >= 0 {
		p.op, p.lines = m.value[i], nil
		m.err = nil
	}
	p.err = m.err
	return nil
}

func (p *entryPage) key(tea.KeyPressMsg) (tea.Cmd, bool) { return nil, false }
func (p *entryPage) paste(tea.PasteMsg)                  {}

func (p *entryPage) resize(w, h int) { p.w, p.h = w, h }

func (p *entryPage) view(st widget.Styles) string {
	if p.lines == nil || p.width != p.w || p.style != st {
		p.lines, p.width, p.style = p.op.lines(st, p.w), p.w, st
	}
	var shown []string
	shown, p.scroll = window(p.lines, p.scroll, max(1, p.w-1), p.h, st)
	return widget.FitBlock(strings.Join(shown, "\n"), p.w, p.h)
}

// lines is the whole of an operation, laid out for w columns.
func (o *journalOp) lines(st widget.Styles, w int) []string {
	w = max(1, w-2)
	var lines []string
	add := func(label, body string, tone widget.Tone) {
		if body != "" {
			lines = append(lines, whole(st, label, body, tone, w)...)
		}
	}
	add("ID", o.id, widget.Plain)
	add("State", o.state, widget.Plain)
	add("Began", absolute(o.began), widget.Plain)
	add("By", o.author(), widget.Plain)
	for _, l := range o.account() {
		switch l.label {
		case "Steps", "Requests": // told below, in their order
		default:
			add(l.label, l.text, l.tone)
		}
	}
	lines = append(lines, "")
	for i, l := range o.plan() {
		label := ""
		if i == 0 {
			label = "Plan"
		}
		add(label, l, widget.Plain)
	}
	lines = append(lines, "", " "+st.Strong.Render("What happened"))
	return append(lines, o.log(st, w)...)
}

func (o *journalOp) author() string {
	process := ""
	if o.pid != 0 {
		process = "process " + strconv.Itoa(o.pid)
	}
	on := ""
	if o.host != "" {
		on = "on " + o.host
	}
	return joined(", ", o.by, joined(" ", process, on))
}

func (o *journalOp) plan() []string {
	var lines []string
	for i := range o.entries {
		lines = append(lines, o.entries[i].Plan...)
	}
	return lines
}

// log is what the entries tell, in the order in which they were written, with
// the time since the first one.
func (o *journalOp) log(st widget.Styles, w int) []string {
	var lines []string
	for i := range o.entries {
		e := &o.entries[i]
		cell := eventCell(e)
		lines = append(lines, whole(st, since(e.Time.Sub(o.began)), cell.Text, cell.Tone, w)...)
	}
	return lines
}

// since is a time within an operation, exact enough to tell its steps apart.
func since(d time.Duration) string {
	if d < 0 || d >= time.Minute {
		return "+" + span(d)
	}
	return fmt.Sprintf("+%.2f s", d.Seconds())
}

// eventCell is one entry in words.
func eventCell(e *model.JournalEntry) widget.Cell {
	switch {
	case e.Request != nil:
		return widget.Cell{Text: "→ " + joined(" ", e.Request.Service, requestWords(e.Request))}
	case e.Answer != nil:
		return answerCell(e.Answer)
	case e.Step != nil && e.Step.Status == model.StepFailed:
		return widget.Cell{Text: stepWords(e.Step), Tone: widget.Bad}
	case e.Step != nil:
		return widget.Cell{Text: stepWords(e.Step)}
	case e.Event == "plan":
		return widget.Cell{Text: "the plan was confirmed", Tone: widget.Dim}
	case e.Event == "end":
		return widget.Cell{Text: "the end: " + first(string(e.Outcome), "no outcome"), Tone: widget.Dim}
	}
	return widget.Cell{Text: first(e.Event, "?"), Tone: widget.Dim}
}

func answerCell(a *model.JournalAnswer) widget.Cell {
	request := ""
	if a.RequestID != "" {
		request = "request ID " + a.RequestID
	}
	cell := widget.Cell{Text: "← " + joined(", ", answerWords(a), request), Tone: widget.Dim}
	if a.Error != "" {
		cell.Tone = widget.Warn
	}
	return cell
}

// maxWhole is how many bytes of one text are laid out where all of it is meant
// to be seen: more than any lock or answer has that the tools write.
const maxWhole = 8 << 10

// whole is a label and all of its text.
func whole(st widget.Styles, label, body string, tone widget.Tone, w int) []string {
	lines := labelledBy(st, label, widget.Sanitize(ends(body, maxWhole)), tone, 11, w)
	for i := range lines {
		lines[i] = " " + lines[i]
	}
	return lines
}
