package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui/widget"
)

// labelled is a line of a label and its text. Each line is sanitised by itself:
// a line break in a value that came from the network must not start a line.
func labelled(label, text string) string {
	return widget.Sanitize(fmt.Sprintf("  %-10s %s", label, text))
}

// showPlan prints a plan on stderr: what is true, what would be done under which
// condition, what can go wrong, how to undo it, and the same by hand.
func (c *change) showPlan(p *model.Plan) {
	c.sayLines(planText(p))
}

func planText(p *model.Plan) []string {
	lines := []string{widget.Sanitize(fmt.Sprintf("Plan: %s %s", p.Operation, p.URL()))}
	if where := p.Where.String(); where != "" {
		lines = append(lines, labelled("Where", where))
	}
	for _, f := range p.Facts {
		lines = append(lines, labelled(f.Label, f.Text))
	}
	for i, s := range p.Steps {
		label := ""
		if i == 0 {
			label = "Will do"
		}
		lines = append(lines, labelled(label, fmt.Sprintf("%d %s", i+1, stepText(s))))
	}
	for _, w := range p.Warnings {
		lines = append(lines, labelled("Warning", w))
	}
	if p.Undo != (model.Hint{}) {
		lines = append(lines, labelled("Undo", p.Undo.String()))
	}
	for _, m := range p.Manual.Texts() {
		lines = append(lines, labelled("By hand", m))
	}
	for _, r := range p.Refusals {
		lines = append(lines, labelled("Refused", r))
	}
	for _, i := range p.Instead.Texts() {
		lines = append(lines, labelled("Instead", i))
	}
	return lines
}

// printText prints the result for people. What was changed is data: stdout.
func (c *change) printText(r model.Result) error {
	var lines []string
	add := func(label, text string) {
		if text != "" {
			lines = append(lines, labelled(label, text))
		}
	}
	if r.Outcome.ExitCode() != exitDone {
		c.say("stateward: %s", r.Message) // an error is talk
	} else {
		add("Message", r.Message)
	}
	add("Now", r.Now)
	if r.Holder != nil {
		add("Holder", holderText(*r.Holder))
	}
	if r.Undo != nil {
		add("Undo", r.Undo.Command)
	}
	for _, n := range r.Next.Texts() {
		add("Next", n)
	}
	add("Where", r.Where.String())
	add("Backup", r.Backup)
	add("Journal", r.JournalID)
	head := widget.Sanitize(fmt.Sprintf("%s %s: %s", r.Operation, r.State, r.Outcome))
	_, err := io.WriteString(c.stdout, strings.Join(append([]string{head}, lines...), "\n")+"\n")
	return err
}

func holderText(l model.Lock) string {
	who := strings.TrimSpace(l.Info.Who + " " + l.Info.OperationName())
	return strings.TrimSpace(who + " in " + l.Where() + ", ID " + l.Token())
}
