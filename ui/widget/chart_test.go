package widget

import (
	"fmt"
	"testing"
	"time"
)

// at0 is when the first sample of these tests began to hold; one follows an hour.
var at0 = time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)

// samples are values an hour apart; a negative one is a gap.
func samples(values ...float64) []Sample {
	all := make([]Sample, len(values))
	for i, v := range values {
		all[i] = Sample{At: at0.Add(time.Duration(i) * time.Hour), Value: v}
		if v < 0 {
			all[i].Gap = "·"
		}
	}
	return all
}

func TestSpark(t *testing.T) {
	for name, c := range map[string]struct {
		samples []Sample
		w       int
		want    string
	}{
		"no sample":                              {nil, 10, ""},
		"no room":                                {samples(1, 2), 0, ""},
		"a cell each":                            {samples(1, 2, 3, 4, 5, 6, 7, 8), 10, "▂▂▃▄▅▆▇█"},
		"nothing at all is lower than a little":  {samples(0, 1, 1000), 10, "▁▂█"},
		"all of them nothing":                    {samples(0, 0), 10, "▁▁"},
		"gaps are no values":                     {samples(-1, 4, -9, 8), 10, "·▄·█"},
		"a gap's sign is one cell, and harmless": {[]Sample{{At: at0, Gap: "\x1b[31m?"}, {At: at0, Value: 1}}, 10, `\█`},
		"two to a cell: the newer one":           {samples(8, 1, 8, 2, 8, 4, 8, 8), 4, "▂▂▄█"},
		"a known one rather than a gap":          {samples(8, -1, 4, -1), 2, "█▄"},
		"nothing written: as before":             {append(samples(8, 8), Sample{At: at0.Add(9 * time.Hour), Value: 4}), 2, "█▄"},
		"long ago and now":                       {append(samples(8, 8, 8, 8, 8, 8), Sample{At: at0.Add(1000 * time.Hour), Value: 1}), 5, "████▂"},
		"all in one moment":                      {[]Sample{{At: at0, Value: 1}, {At: at0, Value: 2}, {At: at0, Value: 8}}, 2, "██"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Spark(c.samples, c.w); got != c.want || Width(got) > max(0, c.w) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func BenchmarkSpark(b *testing.B) {
	for _, n := range []int{100, 10_000} {
		values := make([]float64, n)
		for i := range values {
			values[i] = float64(i)
		}
		all := samples(values...)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = Spark(all, 60)
			}
		})
	}
}
