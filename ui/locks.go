package ui

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui/widget"
)

// lockRow is one holder of a state's lock, through one mechanism or both.
type lockRow struct {
	backend model.Backend
	locks   []model.Lock          // of one holder, one a mechanism
	read    time.Time             // on our clock, when the report came
	since   time.Time             // on our clock, since when the same bytes are seen
	wrote   model.Fact[time.Time] // when the state was written, as the first of those reads found it
	unread  string                // why the last look at some of it failed; "" when it did not
	record  *model.RecoveryRecord // of the stateward operation that took it; nil: another tool did
}

// foldLocks makes one row of the locks that one holder took in both mechanisms.
func foldLocks(b model.Backend, locks []model.Lock) []lockRow {
	var rows []lockRow
	for _, same := range model.Holders(locks) {
		row := lockRow{backend: b, locks: same}
		for _, l := range same {
			if row.record == nil {
				row.record = recordOf(l)
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// id names a row by what is locked and by whom.
func (r *lockRow) id() string {
	l := &r.locks[0]
	return backendID(r.backend) + "\x00" + l.Key + "\x00" + l.Token()
}

func (r *lockRow) key() string { return r.locks[0].Key }

// same reports whether two rows hold the same bytes in the same places.
func (r *lockRow) same(o *lockRow) bool {
	return slices.EqualFunc(r.locks, o.locks, func(a, b model.Lock) bool {
		return a.Mechanism == b.Mechanism && a.Table == b.Table && string(a.Raw) == string(b.Raw)
	})
}

// watched is what the first and the last read of the row tell together.
func (r *lockRow) watched() (model.Evidence, bool) {
	return model.AssessWatch(r.wrote, r.locks[0], r.read.Sub(r.since))
}

// via names the mechanisms.
func (r *lockRow) via() string {
	var ways []string
	for i := range r.locks {
		way := "ddb"
		if r.locks[i].Mechanism == model.MechanismLockfile {
			way = "s3"
		}
		if !slices.Contains(ways, way) {
			ways = append(ways, way)
		}
	}
	slices.Sort(ways)
	return strings.Join(ways, "+")
}

// verdict is that of the holder: all places that it is kept in say the same.
func (r *lockRow) verdict() model.Verdict { return r.locks[0].Verdict }

// mostUrgent puts interrupted operations first, then locks that look stale and,
// of those alike, the oldest: the reports of the backends arrive in any order.
func mostUrgent(a, b *lockRow) int {
	return cmp.Or(
		byUrgency(a, b),
		a.locks[0].Created().Compare(b.locks[0].Created()),
		strings.Compare(a.id(), b.id()),
	)
}

func byUrgency(a, b *lockRow) int { return cmp.Compare(a.urgency(), b.urgency()) }

func (r *lockRow) urgency() int {
	if r.record != nil {
		return -1
	}
	return caution(r.verdict())
}

func caution(v model.Verdict) int {
	switch v {
	case model.LikelyStale:
		return 0
	case model.Unclear:
		return 1
	case model.LikelyLive:
		return 2
	}
	return 1
}

// age is how long the lock is held: its age by the service's clock when it was
// read, and the time since then by ours.
func (r *lockRow) age(now time.Time) (time.Duration, bool) {
	age, ok := r.locks[0].Age()
	return age + max(0, now.Sub(r.read)), ok
}

// evidence is that of all locks folded here, each said once.
func (r *lockRow) evidence() []model.Evidence {
	var all []model.Evidence
	for i := range r.locks {
		for _, e := range r.locks[i].Evidence {
			if !slices.Contains(all, e) {
				all = append(all, e)
			}
		}
	}
	return all
}

func (r *lockRow) heldBy() widget.Cell {
	l := &r.locks[0]
	switch {
	case l.Info.Who != "":
		return text(l.Info.Who + " " + l.Info.OperationName())
	case l.Malformed != "":
		return warn("? (unreadable)")
	}
	return unknown()
}

func verdictCell(v model.Verdict) widget.Cell {
	words := strings.ReplaceAll(string(v), "-", " ")
	if v == model.LikelyStale {
		return warn(words)
	}
	return orNone(words)
}

// The least widths of two columns of locks: as a rule, and while one of the
// locks is that of an interrupted operation.
const (
	lockStateWidth    = 15 // the verdict still fits into 60 columns
	lockStateRecorded = 24
	verdictWidth      = 12
	verdictRecorded   = 22 // "▲ interrupted restore?"
)

// The room for who holds a lock: as a rule, and for the longest name.
const (
	holderWidth = 18
	holderMost  = 48
)

// fitVerdicts makes room for what the verdicts say, and for who holds the locks:
// what the longest of these leaves is the states'.
func fitVerdicts(l *list[lockRow]) {
	state, verdict := lockStateWidth, verdictWidth
	if slices.ContainsFunc(l.rows, func(r lockRow) bool { return r.record != nil }) {
		state, verdict = lockStateRecorded, verdictRecorded
	}
	l.setMin("STATE", state)
	l.setMin("VERDICT", verdict)
	holder := holderWidth
	for i := range l.rows {
		holder = max(holder, widget.Width(safe(l.rows[i].heldBy().Text)))
	}
	l.setMax("HELD BY", min(holder, holderMost))
}

func lockColumns(withBackend bool) []column[lockRow] {
	columns := []column[lockRow]{
		{widget.Column{Title: "STATE", Min: lockStateWidth, Max: 100, Weight: 1, Cut: widget.CutMiddle},
			func(a, b *lockRow) int { return strings.Compare(a.key(), b.key()) }},
		{widget.Column{Title: "HELD BY", Min: holderWidth, Max: holderWidth, Weight: 1},
			func(a, b *lockRow) int { return strings.Compare(a.locks[0].Info.Who, b.locks[0].Info.Who) }},
		{widget.Column{Title: "FOR", Min: 6, Right: true},
			func(a, b *lockRow) int { return a.locks[0].Created().Compare(b.locks[0].Created()) }},
		{widget.Column{Title: "VIA", Min: 6, Drop: 2},
			func(a, b *lockRow) int { return strings.Compare(a.via(), b.via()) }},
		{widget.Column{Title: "VERDICT", Min: verdictWidth, Drop: 1}, byUrgency},
	}
	if withBackend {
		columns = append(columns, column[lockRow]{widget.Column{Title: "BACKEND", Min: 22, Drop: 3, Cut: widget.CutMiddle},
			func(a, b *lockRow) int { return strings.Compare(backendName(a.backend), backendName(b.backend)) }})
	}
	return columns
}

// lockCells appends the cells of a row, with the backend in the last one.
func lockCells(cells []widget.Cell, r *lockRow, now time.Time, room int) []widget.Cell {
	held := unknown()
	if age, ok := r.age(now); ok {
		held = text(span(age))
	}
	return append(cells, text(shortKey(r.key(), room)), r.heldBy(), held, text(r.via()),
		r.judgement(now), text(backendName(r.backend)))
}

// lockDetails says what the lock is and why the verdict is what it is.
func lockDetails(r *lockRow, now time.Time, st widget.Styles, w, h int) []string {
	lines := flow(st, "", lockParts(r, now), w, min(max(3, h/2), h))
	if h < 5 {
		return lines
	}
	why := safe("Why " + strings.ReplaceAll(first(string(r.verdict()), "no verdict"), "-", " "))
	if r.record != nil {
		why = r.interruption()
	}
	return append(lines, evidenceLines(r, st, why, w, h-len(lines))...)
}

func lockParts(r *lockRow, now time.Time) []widget.Cell {
	l := &r.locks[0]
	parts := []widget.Cell{text(r.backend.URL(l.Key))}
	parts = append(parts, r.unreadSince(now)...)
	if r.record != nil {
		parts = append(parts, r.recoverHint(now))
	}
	if l.Info.Who != "" {
		parts = append(parts, r.heldBy())
	}
	if created := l.Created(); !created.IsZero() {
		parts = append(parts, text("since "+absolute(created)))
	}
	for i := range r.locks {
		parts = append(parts, text("in "+r.locks[i].Where()))
	}
	if l.Malformed != "" {
		parts = append(parts, warn("not a lock as the tools write it: "+l.Malformed))
	}
	if l.Info.Named() {
		parts = append(parts, dim("ID "+l.Info.ID))
	} else {
		parts = append(parts, dim("in place of an ID "+l.Token()))
	}
	if l.Info.Version != "" {
		parts = append(parts, dim("version "+l.Info.Version))
	}
	return parts
}

// evidenceLines is the evidence, with where each piece points at the right.
func evidenceLines(r *lockRow, st widget.Styles, lead string, w, h int) []string {
	all := r.evidence()
	if e, ok := r.watched(); ok {
		all = append(all, e)
	}
	slices.SortStableFunc(all, func(a, b model.Evidence) int { return cmp.Compare(weight(a), weight(b)) })
	var lines []string
	lead = widget.Truncate(lead, max(1, w/3))
	indent := widget.Width(lead) + 3
	for i, e := range all {
		head := strings.Repeat(" ", indent)
		if i == 0 {
			head = " " + st.Strong.Render(lead) + "  "
		}
		lines = append(lines, evidenceLine(e, head, indent, st, w)...)
	}
	return clipLines(lines, w, h)
}

func evidenceLine(e model.Evidence, head string, indent int, st widget.Styles, w int) []string {
	points := pointer(e.PointsTo)
	tail := st.Cell(points)
	var lines []string
	for i, l := range widget.Wrap(safe(e.Text), max(8, w-indent-13)) {
		if i > 0 {
			lines = append(lines, strings.Repeat(" ", indent)+l)
			continue
		}
		lines = append(lines, widget.Justify(head+l, tail+" ", w))
	}
	return lines
}

// weight puts the evidence that decides first.
func weight(e model.Evidence) int {
	if e.Rule == ruleRecord {
		return -1
	}
	if e.PointsTo == "stale" || e.PointsTo == "live" {
		return 0
	}
	return 1
}

func pointer(to string) widget.Cell {
	switch to {
	case "stale":
		return warn("→ stale  ")
	case "live":
		return text("→ live   ")
	}
	return dim("· neutral")
}
