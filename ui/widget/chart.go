package widget

import (
	"math"
	"strings"
	"time"
)

// Sample is one value of a chart, and when it began to hold.
type Sample struct {
	At    time.Time
	Value float64
	Gap   string // the sign that stands for a value that is not known; "" where it is
}

// levels are the heights of a cell.
const levels = "▁▂▃▄▅▆▇█"

// Spark is samples, oldest first, as one line of at most w cells. Where they are
// too many for a cell each, a cell is a stretch of time: it shows the newest of
// its values, and where nothing was written in it the value from before.
func Spark(samples []Sample, w int) string {
	if w <= 0 || len(samples) == 0 {
		return ""
	}
	most := 0.0
	for _, s := range samples {
		if s.Gap == "" {
			most = max(most, s.Value)
		}
	}
	var b strings.Builder
	for _, s := range squeezed(samples, w) {
		b.WriteString(spark(s, most))
	}
	return b.String()
}

// spark is the cell of one sample. Only nothing at all has the lowest level for
// itself, so that what is left of much is seen.
func spark(s Sample, most float64) string {
	if s.Gap != "" {
		return headCols(Sanitize(s.Gap), 1)
	}
	all := []rune(levels)
	level := 0
	if s.Value > 0 && most > 0 {
		level = min(len(all)-1, max(1, int(math.Ceil(s.Value/most*float64(len(all))))-1))
	}
	return string(all[level])
}

// squeezed is at most w samples in place of many. A sample that is older than the
// one before it, as clocks may have it, stays in its cell.
func squeezed(samples []Sample, w int) []Sample {
	if len(samples) <= w {
		return samples
	}
	from, span := samples[0].At, samples[len(samples)-1].At.Sub(samples[0].At)
	end := func(cell int) time.Time { return from.Add(time.Duration(float64(span) * float64(cell+1) / float64(w))) }
	cells, filled := make([]Sample, w), make([]bool, w)
	i, next := 0, end(0)
	for k := range samples {
		s := &samples[k]
		for ; span > 0 && i < w-1 && !s.At.Before(next); next = end(i) {
			i++
		}
		if s.Gap == "" || !filled[i] || cells[i].Gap != "" {
			cells[i], filled[i] = *s, true
		}
	}
	for i := 1; i < w; i++ {
		if !filled[i] {
			cells[i] = cells[i-1]
		}
	}
	return cells
}
