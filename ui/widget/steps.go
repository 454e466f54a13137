package widget

import (
	"fmt"
	"strings"
	"time"
)

// StepStatus is how far a step is.
type StepStatus uint8

// The statuses, with their signs: · … ✓ - ✖.
const (
	StepPending StepStatus = iota
	StepRunning
	StepDone
	StepSkipped
	StepFailed
)

func (s StepStatus) sign() Cell {
	switch s {
	case StepRunning:
		return Cell{"…", Accent}
	case StepDone:
		return Cell{"✓", Good}
	case StepSkipped:
		return Cell{"-", Dim}
	case StepFailed:
		return Cell{"✖", Bad}
	case StepPending:
	}
	return Cell{"·", Dim}
}

// Step is one step of an operation: what it does, what was answered, and how
// long it took (0: not known).
type Step struct {
	Name, Detail string
	Status       StepStatus
	Elapsed      time.Duration
}

// Steps draws the steps, one below the other and numbered, each line exactly w
// columns wide. A detail that does not fit behind the name goes below it. With
// h > 0 at most h lines are drawn, round the step that runs or failed.
func Steps(steps []Step, w, h int, st Styles) string {
	var lines []string
	focus := 0
	for i, s := range steps {
		if s.Status != StepPending {
			focus = len(lines)
		}
		lines = append(lines, s.view(i+1, w, st)...)
	}
	if h > 0 && len(lines) > h {
		from := max(0, min(focus-h/2, len(lines)-h))
		lines = lines[from : from+h]
	}
	return strings.Join(lines, "\n")
}

func (s Step) view(number, w int, st Styles) []string {
	lead := fmt.Sprintf(" %d ", number)
	took := Elapsed(s.Elapsed)
	room := w - 1 - Width(lead) - Width(took) - 1
	name, detail := Sanitize(s.Name), Sanitize(s.Detail)
	head := s.nameStyle(st).Render(Truncate(name, room))
	beside := detail != "" && Width(name)+2+Width(detail) <= room
	if beside {
		head += "  " + s.detailStyle(st).Render(detail)
	}
	lines := []string{Justify(st.Cell(s.Status.sign())+lead+head, st.Dim.Render(took), w)}
	if detail == "" || beside {
		return lines
	}
	indent := 1 + Width(lead)
	for _, l := range Wrap(detail, w-indent) {
		lines = append(lines, Fit(spaces(indent)+s.detailStyle(st).Render(l), w))
	}
	return lines
}

func (s Step) nameStyle(st Styles) Style {
	switch s.Status {
	case StepPending, StepSkipped:
		return st.Dim
	case StepRunning, StepFailed:
		return st.Strong
	case StepDone:
	}
	return st.Of(Plain)
}

func (s Step) detailStyle(st Styles) Style {
	if s.Status == StepFailed {
		return st.Bad
	}
	return st.Dim
}

// Elapsed writes a duration with two figures that matter: "240 ms", "1.2 s",
// "2 min 3 s", "3 h 7 min". Nothing for 0.
func Elapsed(d time.Duration) string {
	switch {
	case d <= 0:
		return ""
	case d < time.Second:
		return fmt.Sprintf("%d ms", max(1, d.Milliseconds()))
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Truncate(100*time.Millisecond).Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
}
