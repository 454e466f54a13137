package sample

import "time"

// revision is one version of a state and how it came about.
type revision struct {
	age       time.Duration
	serial    uint64
	count     int // instances
	touched   int // instances whose values changed
	who       string
	operation string
	took      time.Duration // from the lock to the write
}

// history makes one up where the state has none of its own: it grows from a
// third to all of its instances, in uneven steps.
func (s state) history(b backend, total int) []revision {
	if s.revisions != nil {
		return s.revisions
	}
	r := randomFor(b.name, s.key, "history")
	ages := spread(r, s.versions, s.first, s.last)
	serial := 1 + uint64(r.IntN(30))
	if s.key == LiveKey {
		total -= liveAhead // Live goes on from there
	}
	revisions := make([]revision, s.versions)
	for i, age := range ages {
		revisions[i] = revision{age: age, serial: serial + uint64(i), count: grown(i, s.versions, max(2, total/3), total), touched: 1 + r.IntN(3),
			who: author(r), operation: opApply, took: time.Duration(20+r.IntN(220)) * time.Second}
	}
	if h := s.held; h != nil && h.who != "" && s.last < h.age {
		revisions[s.versions-1].who = h.who // written since the lock was taken
	}
	return revisions
}

// spread is n ages from first down to last, in steps that differ by no more
// than a factor of about four.
func spread(r *random, n int, first, last time.Duration) []time.Duration {
	steps, sum := make([]float64, n), 0.0
	for i := 1; i < n; i++ {
		steps[i] = 0.35 + r.Float64()
		sum += steps[i]
	}
	ages, walked := make([]time.Duration, n), 0.0
	for i := range ages {
		walked += steps[i]
		ages[i] = (first - time.Duration(walked/max(sum, 1)*float64(first-last))).Truncate(time.Second)
	}
	ages[n-1] = last // whatever rounding did
	return ages
}

// grown is how many instances the i-th of n versions has.
func grown(i, n, from, to int) int {
	if n == 1 {
		return to
	}
	return from + (to-from)*i/(n-1)
}

func author(r *random) string {
	return r.pick("ci@runner-03", "ci@runner-08", "ci@runner-12", "ci@runner-17", "ci@runner-21", "ci@runner-21", "dave@mbp", "erin@mbp", "grace@workstation")
}

// warehouseHistory is 31 versions: 27 of growth, a resource taken out of the
// state, values changed, the resource imported again, and then nearly nothing.
func warehouseHistory() []revision {
	const grew, firstSerial = 27, 27
	r := randomFor(OverwrittenBucket, OverwrittenKey, "history")
	var all []revision
	for i, age := range spread(r, grew, 60*day, 2*day) {
		all = append(all, revision{age: age, serial: uint64(firstSerial + i), count: grown(i, grew, 9, warehouseTotal), touched: r.IntN(3), who: author(r),
			operation: opApply, took: time.Duration(60+r.IntN(900)) * time.Second})
	}
	const full, next = warehouseTotal, firstSerial + grew
	return append(all,
		revision{age: 25 * hour, serial: next, count: full - 1, who: "dave@mbp", operation: opStateRm, took: 2 * time.Second},
		revision{age: 5*hour + 6*time.Minute, serial: next + 1, count: full - 1, touched: 4, who: "ci@runner-12", operation: opApply, took: 7 * time.Minute},
		revision{age: 2*hour + 3*time.Minute, serial: next + 2, count: full, who: "ci@runner-17", operation: opApply, took: 4 * time.Minute},
		revision{age: 26*time.Minute + 10*time.Second, serial: next + 3, count: warehouseLeft, who: "carol@laptop", operation: opApply, took: 95 * time.Second},
	)
}
