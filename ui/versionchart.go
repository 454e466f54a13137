package ui

import (
	"strings"
	"time"

	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui/widget"
)

// versionChart draws how many resources a state had, and its size, over time. It
// is drawn anew only when the versions or the width change: it looks at them all.
type versionChart struct {
	stale bool
	w, h  int
	lines []string
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
	c := &t.chart
	if c.stale || c.w != w || c.h != t.h {
		c.stale, c.w, c.h, c.lines = false, w, t.h, nil
		if t.h >= chartFrom && len(t.list.rows) > 1 && w > chartLabel+chartSaid+8 {
			c.lines = chartLines(st, t.list.rows, w, t.h >= axisFrom)
		}
	}
	return c.lines
}

// chartLines takes the versions newest first.
func chartLines(st widget.Styles, rows []model.Version, w int, axis bool) []string {
	resources := chartSeries(rows, resourcesSample)
	sizes := chartSeries(rows, sizeSample)
	room := w - chartLabel - chartSaid
	cells := min(room, len(rows))
	line := func(label string, samples []widget.Sample, show func(float64) string) string {
		graph := widget.PadRight(widget.Spark(samples, cells), cells)
		return " " + st.Dim.Render(widget.PadRight(label, chartLabel-1)) + st.Accent.Render(graph) + st.Dim.Render("  "+nowAndMost(samples, show))
	}
	lines := []string{
		line("resources", resources, func(n float64) string { return count(int(n)) }),
		line("size", sizes, func(n float64) string { return size(int64(n)) }),
	}
	if axis {
		lines = append(lines, strings.Repeat(" ", chartLabel)+st.Dim.Render(axisOf(rows, cells)), "")
	}
	return lines
}

// chartSeries is one value of each version, oldest first.
func chartSeries(rows []model.Version, of func(*model.Version) widget.Sample) []widget.Sample {
	samples := make([]widget.Sample, len(rows))
	for i := range rows {
		samples[len(rows)-1-i] = of(&rows[i])
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
	most := 0.0
	for _, s := range samples {
		if s.Gap == "" {
			most = max(most, s.Value)
		}
	}
	now := samples[len(samples)-1]
	if now.Gap != "" {
		return now.Gap + " now, most " + show(most)
	}
	return show(now.Value) + " now, most " + show(most)
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
