package ui

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui/widget"
)

// findingPage shows all of one finding: what was seen, why it matters, and how
// to mend it. It reads nothing.
type findingPage struct {
	host   host
	sc     *scope
	found  model.Finding
	scroll int
	w, h   int
	table  []action
}

func newFindingPage(h host, f model.Finding) *findingPage {
	p := &findingPage{host: h, sc: &scope{}, found: f}
	own := []action{
		{keys: []string{"y"}, name: "copy remedy", help: "copy the aws command that mends it", footer: true,
			blocked: func() string { return noRemedy(&p.found) }, run: func() tea.Cmd { return copyRemedy(h, &p.found) }},
		{keys: []string{"ctrl+y"}, name: "copy HCL", help: "copy the configuration that mends it for good", footer: true,
			blocked: p.noHCL, run: func() tea.Cmd {
				return h.copied("the configuration", strings.Split(strings.TrimRight(p.found.Remedy.HCL, "\n"), "\n")...)
			}},
	}
	p.table = append(own, scrolling(&p.scroll, func() int { return p.h })...)
	return p
}

func (p *findingPage) noHCL() string {
	if p.found.Remedy.HCL == "" {
		return "no configuration mends this"
	}
	return ""
}

func (p *findingPage) scope() *scope                       { return p.sc }
func (p *findingPage) title() string                       { return p.found.ID }
func (p *findingPage) actions() []action                   { return p.table }
func (p *findingPage) enter() tea.Cmd                      { return nil }
func (p *findingPage) refresh() tea.Cmd                    { return nil }
func (p *findingPage) outdate()                            {}
func (p *findingPage) tick() tea.Cmd                       { return nil }
func (p *findingPage) wanted() tea.Cmd                     { return nil }
func (p *findingPage) receive(letter) tea.Cmd              { return nil }
func (p *findingPage) key(tea.KeyPressMsg) (tea.Cmd, bool) { return nil, false }
func (p *findingPage) paste(tea.PasteMsg)                  {}
func (p *findingPage) resize(w, h int)                     { p.w, p.h = w, h }

func (p *findingPage) status() []widget.Cell {
	f := &p.found
	return []widget.Cell{{Text: string(f.Severity) + "  ", Tone: severityTone(f)}, statusCell(f), text(" ")}
}

func (p *findingPage) view(st widget.Styles) string {
	var shown []string
	shown, p.scroll = window(p.lines(st), p.scroll, max(1, p.w-1), p.h, st)
	return widget.FitBlock(strings.Join(shown, "\n"), p.w, p.h)
}

// lines is the whole of the finding, laid out for the width of the page.
func (p *findingPage) lines(st widget.Styles) []string {
	f, w := &p.found, max(1, p.w-2)
	var lines []string
	add := func(label, body string, tone widget.Tone) {
		if body != "" {
			lines = append(lines, whole(st, label, body, tone, w)...)
		}
	}
	list := func(label string, items []string, tone widget.Tone) {
		for _, item := range items {
			add(label, item, tone)
			label = ""
		}
	}
	add("Check", f.ID+": "+f.Title, widget.Plain)
	add("Backend", joined(" · ", f.Backend, "s3://"+f.Bucket+"/"+f.Prefix), widget.Plain)
	list("Evidence", f.Evidence, severityTone(f))
	add("Why", f.Why, widget.Plain)
	add("Remedy", f.Remedy.Summary, widget.Plain)
	list("References", f.References, widget.Dim)
	list("Needs", f.Actions, widget.Dim)
	lines = append(lines, code(st, "With the aws command", f.Remedy.CLI, w)...)
	return append(lines, code(st, "In the configuration of the backend", f.Remedy.HCL, w)...)
}

// code is text whose lines and blanks matter, under a heading.
func code(st widget.Styles, title, body string, w int) []string {
	if body == "" {
		return nil
	}
	lines := []string{"", " " + st.Strong.Render(title)}
	for _, l := range strings.Split(strings.TrimRight(ends(body, maxWhole), "\n"), "\n") {
		indent := l[:len(l)-len(strings.TrimLeft(l, " "))]
		for i, part := range widget.Wrap(widget.Sanitize(strings.TrimLeft(l, " ")), max(8, w-len(indent)-6)) {
			if i > 0 {
				part = "  " + part
			}
			lines = append(lines, "   "+indent+part)
		}
	}
	return lines
}

// findingAccount is a finding in lines for the detail below a list.
func findingAccount(f *model.Finding, evidence int) []journalLine {
	lines := []journalLine{{"Seen", first(f.EvidenceText(evidence), "nothing"), severityTone(f)}}
	for _, l := range []journalLine{{"Why", f.Why, widget.Plain}, {"Remedy", f.Remedy.Summary, widget.Plain}, {"By hand", f.Remedy.CLI, widget.Plain}} {
		if l.text != "" {
			lines = append(lines, l)
		}
	}
	return lines
}
