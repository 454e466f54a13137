package ui

import (
	"slices"
	"strings"
	"time"

	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui/widget"
)

// versionChart draws how many resources a state had, and its size, over time. It
// looks at all versions, so what it saw is kept: facts change one value each.
type versionChart struct {
	stale     bool // there are other versions
	redraw    bool // a number of resources is known now
	w, h      int
	st        widget.Styles
	resources []widget.Sample // oldest first
	sizes     []widget.Sample
	lines     []string
}

// learned takes the facts of the version in a row, newest first.
func (c *versionChart) learned(rows []model.Version, at int) {
	if i := len(c.resources) - 1 - at; i >= 0 && len(c.resources) == len(rows) {
		c.resources[i], c.redraw = resourcesSample(&rows[at]), true
	}
}

// Room of the parts of a line of the chart.
const (
	chartLabel = 11
	chartSaid  = 26
	chartFrom  = 16 // lines of a page that has room for a chart
	axisFrom   = 26 // and for its dates
)

// overview is the chart, where there is room for it and something to compare.
func (t *versionsTab) overview(st widget.Styles, w int) []string {
	t.fitColumns(w)
	c, rows := &t.chart, t.list.rows
	if t.h < chartFrom || len(rows) < 2 || w < chartLabel+chartSaid+8 {
		return nil
	}
	if c.stale || len(c.resources) != len(rows) {
		c.resources, c.sizes = chartSeries(c.resources, rows, resourcesSample), chartSeries(c.sizes, rows, sizeSample)
	}
	moved := c.stale || c.w != w || c.h != t.h || c.st != st || len(c.lines) == 0
	if moved {
		c.lines = []string{"", c.line(st, "size", widget.Dim, c.sizes, w, func(n float64) string { return size(int64(n)) })}
		if t.h >= axisFrom {
			c.lines = append(c.lines, strings.Repeat(" ", chartLabel)+st.Dim.Render(axisOf(rows, c.cells(w))), "")
		}
	}
	if moved || c.redraw {
		c.lines[0] = c.line(st, "resources", widget.Accent, c.resources, w, func(n float64) string { return count(int(n)) })
	}
	c.stale, c.redraw, c.w, c.h, c.st = false, false, w, t.h, st
	return slices.Clip(c.lines)
}

func (c *versionChart) cells(w int) int { return min(w-chartLabel-chartSaid, len(c.sizes)) }

func (c *versionChart) line(st widget.Styles, label string, tone widget.Tone, samples []widget.Sample, w int, show func(float64) string) string {
	graph := st.Of(tone).Render(widget.Spark(samples, c.cells(w)))
	return " " + st.Dim.Render(widget.PadRight(label, chartLabel-1)) + graph + st.Dim.Render("  "+nowAndMost(samples, show))
}

// chartSeries is one value of each version, oldest first, in the room of an
// earlier one.
func chartSeries(room []widget.Sample, rows []model.Version, of func(*model.Version) widget.Sample) []widget.Sample {
	samples := slices.Grow(room[:0], len(rows))
	for i := range slices.Backward(rows) {
		samples = append(samples, of(&rows[i]))
	}
	return samples
}

func sizeSample(v *model.Version) widget.Sample {
	return widget.Sample{At: v.LastModified, Value: float64(v.Size)} // a deleted state takes no room
}

func resourcesSample(v *model.Version) widget.Sample {
	s := widget.Sample{At: v.LastModified}
	n, ok := v.Facts.Resources.Get()
	switch {
	case v.DeleteMarker:
	case ok:
		s.Value = float64(n)
	case v.Facts.Resources.IsUnknown():
		s.Gap = signUnknown
	default:
		s.Gap = signUnread
	}
	return s
}

// nowAndMost is the newest value and the largest one known.
func nowAndMost(samples []widget.Sample, show func(float64) string) string {
	most, known := 0.0, false
	for _, s := range samples {
		if s.Gap == "" {
			most, known = max(most, s.Value), true
		}
	}
	now := samples[len(samples)-1]
	said := now.Gap
	if said == "" {
		said = show(now.Value)
	}
	if said += " now"; known {
		said += ", most " + show(most)
	}
	return said
}

// axisOf is the times at both ends of the chart.
func axisOf(rows []model.Version, w int) string {
	from, to := chartDate(rows[len(rows)-1].LastModified), chartDate(rows[0].LastModified)
	rule := w - len(from) - len(to) - 2
	if rule < 1 {
		return from + " – " + to
	}
	return from + " " + strings.Repeat("─", rule) + " " + to
}

func chartDate(t time.Time) string { return t.UTC().Format("2 Jan 2006") }
