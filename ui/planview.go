package ui

import (
	"strconv"
	"strings"
	"time"

	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui/widget"
)

// maxDialog is the widest that a dialog is drawn: longer lines are hard to read.
const maxDialog = 104

// view draws the guard. What is asked and the buttons are always on screen;
// what stands above them scrolls where the window is too low.
func (d *planDialog) view(st widget.Styles, w, h int) string {
	w = min(w, maxDialog)
	inner := w - widget.BoxFrameWidth
	body, foot := d.body(st, inner), d.foot(st, inner)
	room := max(0, h-widget.BoxFrameHeight-len(foot))
	body, d.scroll = window(body, d.scroll, inner, room, st)
	lines := append(body, foot...)
	return widget.Box(d.way.title+" "+bound(d.state), strings.Join(lines, "\n"), w, min(h, len(lines)+widget.BoxFrameHeight), st)
}

// window is the part of the lines that fits, with a line that says what is
// above and below it.
func window(lines []string, scroll, w, h int, st widget.Styles) ([]string, int) {
	if len(lines) <= h {
		return lines, 0
	}
	if h < 2 {
		return lines[:h], 0
	}
	show := h - 1
	scroll = max(0, min(scroll, len(lines)-show))
	above, below := scroll, len(lines)-show-scroll
	mark := widget.Justify("", st.Accent.Render("↑ "+strconv.Itoa(above)+"  ↓ "+plural(below, "more line")), w)
	return append(append([]string{}, lines[scroll:scroll+show]...), mark), scroll
}

func (d *planDialog) body(st widget.Styles, w int) []string {
	switch {
	case d.task != nil && d.task.result != nil:
		return d.resultLines(st, w)
	case d.task != nil:
		return d.progressLines(st, w)
	case d.asking:
		return []string{widget.Fit("The policy of this backend demands a reason. It goes into the journal.", w), ""}
	case d.err != nil:
		said, next := saidAndNext(d.err)
		lines := labelled(st, "✖ Failed", said, widget.Bad, 10, w)
		if next != "" {
			lines = append(lines, labelled(st, "Next", next, widget.Plain, 10, w)...)
		}
		return lines
	case d.plan == nil:
		return []string{st.Dim.Render("reading what the plan rests on…")}
	}
	return append(d.watch.lines(d, st, w), planLines(d.plan, st, w)...)
}

// foot is what is always on screen: the question and the buttons, or how to
// close.
func (d *planDialog) foot(st widget.Styles, w int) []string {
	switch {
	case d.task != nil && d.task.result == nil:
		took := widget.Elapsed(d.host.now().Sub(d.task.began))
		return []string{"", widget.Justify(st.Dim.Render(first(d.said, "q asks whether to leave")), st.Dim.Render(took), w)}
	case d.asking:
		return []string{d.reason.View(w, st), "", hintLine(d.said, "⏎ goes on   esc closes", st, w)}
	case d.task == nil && d.mayRun():
		lines := append(d.offerLines(st, w), d.asideLines(st)...)
		return append(append(lines, ""), strings.Split(d.confirm.View(w, st), "\n")...)
	}
	return append(append([]string{""}, d.offerLines(st, w)...), hintLine(d.said, d.closing(), st, w))
}

// asideLines is what the last key had to say, else what else can be done.
func (d *planDialog) asideLines(st widget.Styles) []string {
	switch {
	case d.said != "":
		return []string{st.Dim.Render(d.said)}
	case len(d.plan.Manual.Commands()) > 0:
		return []string{st.Dim.Render("The same by hand: ctrl+y copies the commands.")}
	}
	return nil
}

func (d *planDialog) closing() string {
	if d.task != nil {
		switch cmds := followUps(d.task.result); {
		case takesBack(d.task.result):
			return "ctrl+y copies the undo   esc closes"
		case len(cmds) > 0:
			return "ctrl+y copies " + plural(len(cmds), "command") + "   esc closes"
		}
	}
	if d.task == nil && d.plan != nil {
		switch {
		case len(d.plan.Instead.Commands()) > 0:
			return "ctrl+y copies what to do instead   esc closes"
		case len(d.plan.Manual.Commands()) > 0:
			return "ctrl+y copies the commands by hand   esc closes"
		}
	}
	return "esc closes"
}

func hintLine(said, hint string, st widget.Styles, w int) string {
	return widget.Justify(st.Warn.Render(said), st.Dim.Render(hint), w)
}

// planLines is a plan as people read it.
func planLines(p *model.Plan, st widget.Styles, w int) []string {
	width := labelWidth(p.Facts, w)
	var lines []string
	for _, r := range p.Refusals {
		lines = append(lines, labelled(st, "✖ Refused", r, widget.Bad, width, w)...)
	}
	for _, i := range p.Instead.Texts() {
		lines = append(lines, labelled(st, "Instead", i, widget.Plain, width, w)...)
	}
	if p.Gone {
		lines = append(lines, labelled(st, "✓ Gone", "there is nothing to do: "+p.WhyGone(), widget.Good, width, w)...)
	}
	if where := p.Where.String(); where != "" {
		lines = append(lines, labelled(st, "Where", where, widget.Plain, width, w)...)
	}
	for _, f := range p.Facts {
		lines = append(lines, labelled(st, f.Label, f.Text, factTone(f), width, w)...)
	}
	// Before the steps: in a low window what comes after them is out of sight.
	for _, warning := range p.Warnings {
		lines = append(lines, labelled(st, "▲", warning, widget.Warn, 2, w)...)
	}
	lines = append(lines, stepLines(p, st, width, w)...)
	if p.Undo != (model.Hint{}) && len(p.Refusals) == 0 {
		lines = append(lines, labelled(st, "Undo", p.Undo.String(), widget.Plain, width, w)...)
	}
	return lines
}

// factTone marks the one fact that decides.
func factTone(f model.PlanLine) widget.Tone {
	if f.Label == "Verdict" && !strings.HasPrefix(f.Text, "likely stale") {
		return widget.Warn
	}
	return widget.Plain
}

// labelWidth is the room of the labels: that of the longest, within a quarter
// of the line.
func labelWidth(facts []model.PlanLine, w int) int {
	width := 10
	for _, f := range facts {
		width = max(width, min(max(16, w/4), widget.Width(safe(f.Label))+2))
	}
	return width
}

// labelled is a label and its text, wrapped below itself.
func labelled(st widget.Styles, label, body string, tone widget.Tone, width, w int) []string {
	return labelledBy(st, label, safe(body), tone, width, w)
}

// labelledBy does the same with a text that is sanitised already.
func labelledBy(st widget.Styles, label, body string, tone widget.Tone, width, w int) []string {
	var lines []string
	style := st.Of(tone)
	for i, l := range widget.Wrap(body, max(8, w-width)) {
		head := strings.Repeat(" ", width)
		if i == 0 {
			head = labelText(label, tone, width, st)
		}
		lines = append(lines, widget.Fit(head+style.Render(l), w))
	}
	return lines
}

func labelText(label string, tone widget.Tone, width int, st widget.Styles) string {
	label = widget.PadRight(widget.Middle(safe(label), width-1), width)
	if tone == widget.Plain {
		return st.Dim.Render(label)
	}
	return st.Of(tone).Render(label)
}

// stepLines is what will be done, numbered, each with its condition.
func stepLines(p *model.Plan, st widget.Styles, width, w int) []string {
	var lines []string
	for i, s := range p.Steps {
		label := ""
		if i == 0 {
			label = "Will do"
		}
		does := strconv.Itoa(i+1) + " " + s.Does
		if s.Condition != "" {
			does += ", " + s.Condition
		}
		lines = append(lines, labelled(st, label, does, widget.Plain, width, w)...)
	}
	return lines
}

// progressLines is the steps of a running operation.
func (d *planDialog) progressLines(st widget.Styles, w int) []string {
	return append(firstFact(d.plan, st, w), strings.Split(widget.Steps(d.steps(), w, 0, st), "\n")...)
}

func firstFact(p *model.Plan, st widget.Styles, w int) []string {
	if len(p.Facts) == 0 {
		return nil
	}
	return append(labelled(st, p.Facts[0].Label, p.Facts[0].Text, widget.Plain, 10, w), "")
}

// steps joins the plan with what was heard of its steps.
func (d *planDialog) steps() []widget.Step {
	var steps []widget.Step
	for i, s := range d.plan.Steps {
		step := widget.Step{Name: s.Does}
		if news := d.task.step(i); news != nil {
			step.Status, step.Detail, step.Elapsed = stepStatus(news.Status), news.Detail, news.Elapsed
			if news.Status == model.StepRunning && d.task.result == nil {
				step.Elapsed = d.host.now().Sub(news.at)
			}
		}
		if r := d.task.result; r != nil && i < len(r.Steps) {
			step.Status, step.Detail, step.Elapsed = stepStatus(r.Steps[i].Status), r.Steps[i].Detail, r.Steps[i].Elapsed
		}
		steps = append(steps, step)
	}
	if r := d.task.result; r != nil {
		steps = append(steps, extraSteps(r, len(steps))...)
	}
	return steps
}

// extraSteps are those that a result names beyond the plan's, such as giving
// locks back after a refusal.
func extraSteps(r *model.Result, planned int) []widget.Step {
	var steps []widget.Step
	for i := planned; i < len(r.Steps); i++ {
		s := r.Steps[i]
		steps = append(steps, widget.Step{Name: s.Name, Detail: s.Detail, Status: stepStatus(s.Status), Elapsed: s.Elapsed})
	}
	return steps
}

func stepStatus(s model.StepStatus) widget.StepStatus {
	switch s {
	case model.StepRunning:
		return widget.StepRunning
	case model.StepDone:
		return widget.StepDone
	case model.StepSkipped:
		return widget.StepSkipped
	case model.StepFailed:
		return widget.StepFailed
	case model.StepPending:
	}
	return widget.StepPending
}

// resultLines is what became of the operation: the steps, the outcome, who
// stands in the way, how to take it back and what to do next.
func (d *planDialog) resultLines(st widget.Styles, w int) []string {
	r := d.task.result
	var lines []string
	headline, tone := outcomeWords(r)
	for _, l := range widget.Wrap(safe(headline+first(r.Message, errorText(r.Err))), w) {
		lines = append(lines, st.Of(tone).Render(l))
	}
	if r.Holder != nil {
		lines = append(lines, labelled(st, "Held by", holderText(r.Holder, d.host.now()), widget.Warn, 10, w)...)
	}
	if r.Err != nil && r.Message != "" && !strings.Contains(r.Message, r.Err.Error()) {
		lines = append(lines, labelled(st, "Because", r.Err.Error(), widget.Plain, 10, w)...)
	}
	for _, l := range resultFacts(r) {
		lines = append(lines, labelled(st, l.Label, l.Text, widget.Plain, 10, w)...)
	}
	// What became of it and what to do next come first: in a low window the
	// steps may be out of sight, and last is what the plan had on top.
	lines = append(append(lines, ""), strings.Split(widget.Steps(d.steps(), w, 0, st), "\n")...)
	if where := r.Where.String(); where != "" {
		lines = append(lines, labelled(st, "Where", where, widget.Plain, 10, w)...)
	}
	return lines
}

// resultFacts is what to keep of a result.
func resultFacts(r *model.Result) []model.PlanLine {
	var facts []model.PlanLine
	add := func(label, text string) {
		if text != "" {
			facts = append(facts, model.PlanLine{Label: label, Text: text})
		}
	}
	add("Now", r.Now)
	for i, n := range r.Next.Texts() {
		if i == 0 {
			add("Next", n)
			continue
		}
		facts = append(facts, model.PlanLine{Text: n})
	}
	if r.Undo != nil {
		add("Undo", first(r.Undo.Command, r.Undo.VersionID))
	}
	add("Backup", r.Backup)
	add("Journal", r.JournalID)
	return facts
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func outcomeWords(r *model.Result) (string, widget.Tone) {
	switch r.Outcome {
	case model.OutcomeDone:
		return "✓ Done: ", widget.Good
	case model.OutcomeAlreadyGone:
		return "✓ Already gone: ", widget.Good
	case model.OutcomeRefused:
		return "✖ Refused, nothing was changed: ", widget.Bad
	case model.OutcomeInterrupted:
		return "✖ Interrupted half-way: ", widget.Bad
	case model.OutcomeFailed:
		return "✖ Failed: ", widget.Bad
	case model.OutcomeDryRun:
		return "Dry run: ", widget.Plain
	}
	return "? " + string(r.Outcome) + ": ", widget.Warn
}

func holderText(l *model.Lock, now time.Time) string {
	row := lockRow{locks: []model.Lock{*l}, read: now}
	parts := []string{row.heldBy().Text}
	if age, ok := row.age(now); ok {
		parts = append(parts, "for "+longSpan(age))
	}
	return strings.Join(append(parts, "in "+l.Where(), "ID "+l.Token()), " · ")
}
