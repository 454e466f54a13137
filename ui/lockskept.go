package ui

import (
	"slices"
	"strings"
	"time"

	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui/widget"
)

// keepUnread adds to the rows of a report the locks that were known before and
// whose place this time could not be read: they may be held as well as before.
func keepUnread(old, rows []lockRow, problems []string) []lockRow {
	if len(problems) == 0 {
		return rows
	}
	for i := range old {
		var kept []model.Lock
		for _, l := range old[i].locks {
			if why := unreadPlace(l, problems); why != "" && !listsPlace(rows, l) {
				kept = append(kept, l)
			}
		}
		if len(kept) > 0 {
			rows = withKept(rows, old[i], kept, problems[0])
		}
	}
	return rows
}

// withKept puts locks of an old row into the row of their holder, else into one
// that is as old as they are.
func withKept(rows []lockRow, old lockRow, kept []model.Lock, why string) []lockRow {
	row := old
	row.locks, row.unread = kept, why
	at := slices.IndexFunc(rows, func(r lockRow) bool { return r.id() == row.id() })
	if at < 0 {
		return append(rows, row)
	}
	rows[at].locks, rows[at].unread = append(rows[at].locks, kept...), why
	rows[at].read = old.read
	return rows
}

// unreadPlace is why the place of a lock could not be read, or "" where it was.
func unreadPlace(l model.Lock, problems []string) string {
	for _, p := range problems {
		inTable := l.Mechanism == model.MechanismDynamoDB && (strings.Contains(p, l.Table) || strings.Contains(p, "lock tables"))
		inFile := l.Mechanism == model.MechanismLockfile && strings.Contains(p, "s3://"+l.Bucket)
		if inTable || inFile {
			return p
		}
	}
	return ""
}

// listsPlace reports whether the rows tell what is in the place of a lock now.
func listsPlace(rows []lockRow, l model.Lock) bool {
	return slices.ContainsFunc(rows, func(r lockRow) bool {
		return slices.ContainsFunc(r.locks, func(m model.Lock) bool { return m.Key == l.Key && m.Where() == l.Where() })
	})
}

// rowsOf are the rows of a backend.
func (p *locksPage) rowsOf(b model.Backend) []lockRow {
	var rows []lockRow
	for _, r := range p.list.rows {
		if backendID(r.backend) == backendID(b) {
			rows = append(rows, r)
		}
	}
	return rows
}

// unreadSince says how old what is shown of a lock is, where the last look failed.
func (r *lockRow) unreadSince(now time.Time) []widget.Cell {
	if r.unread == "" {
		return nil
	}
	return []widget.Cell{warn("read " + span(now.Sub(r.read)) + " ago; the last look failed: " + r.unread)}
}
