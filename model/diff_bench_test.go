package model

import (
	"bytes"
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

// BenchmarkDiff100MB reads, indexes and compares two states of 100 MB, as
// CompareStates does, and reports the most memory in use, both bodies included.
func BenchmarkDiff100MB(b *testing.B) {
	replaced := func(make func() []byte, old, new string) func() ([]byte, []byte) {
		return func() ([]byte, []byte) {
			body := make()
			return body, bytes.ReplaceAll(body, []byte(old), []byte(new))
		}
	}
	large := func() []byte { return indented(largeResources(benchmarkSize * 8 / 10)) }
	small := func() []byte { return smallResources(200_000, benchmarkSize) }
	for _, pair := range []struct {
		name   string
		bodies func() (old, new []byte)
	}{
		{"no resource differs", replaced(large, `"serial": 41`, `"serial": 42`)},
		{"as Terraform and as OpenTofu write it", func() ([]byte, []byte) { return large(), largeResources(benchmarkSize * 8 / 10) }},
		{"one in a hundred differs", replaced(large, `00"`, `01"`)},
		{"every resource differs", replaced(large, `"description": null`, `"description": "n"`)},
		{"the provider of every resource differs", replaced(large, `hashicorp/aws`, `hashicorp/awx`)},
		{"each of 200k small resources differs", replaced(small, `"ttl":300`, `"ttl":600`)},
		{"each of 200k small resources moved", replaced(small, `"name":"record_`, `"name":"moved_`)},
	} {
		b.Run(pair.name, func(b *testing.B) {
			old, new := pair.bodies()
			benchmarkDiff(b, old, new)
		})
	}
}

func benchmarkDiff(b *testing.B, old, new []byte) {
	b.ReportAllocs()
	b.SetBytes(int64(len(old) + len(new)))
	var d *StateDiff
	var err error
	for b.Loop() {
		if d, err = CompareStates(old, new); err != nil {
			b.Fatal(err)
		}
	}
	s := d.Summary
	d = nil // its memory is not to count twice
	b.ReportMetric(float64(s.Added+s.Removed+s.Changed+s.Moved+s.Metadata), "differences")
	b.StopTimer()
	b.ReportMetric(mostInUse(func() { d, err = CompareStates(old, new) }), "MB-peak")
}

// mostInUse is the most memory that the heap held while do ran, with the
// collector as eager as a limit of 400 MB makes it.
func mostInUse(do func()) float64 {
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(400 << 20))
	runtime.GC()
	done, most := make(chan struct{}), make(chan uint64)
	go func() {
		var m runtime.MemStats
		peak, tick := uint64(0), time.NewTicker(5*time.Millisecond)
		defer tick.Stop()
		for {
			runtime.ReadMemStats(&m)
			peak = max(peak, m.HeapAlloc)
			select {
			case <-done:
				most <- peak
				return
			case <-tick.C:
			}
		}
	}()
	do()
	close(done)
	return float64(<-most) / 1e6
}
