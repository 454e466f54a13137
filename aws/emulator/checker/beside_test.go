package checker_test

import (
	"strings"
	"testing"

	"github.com/stateward/stateward/aws/emulator/checker"
)

const theirs = `{"ID":"4713","Operation":"OperationTypePlan","Info":"","Who":"grace@runner"}`

func (l *lab) lockRow(raw string) { l.t.Helper(); l.row(table, bucket+"/"+key, "Info", raw) }
func (l *lab) freeRow()           { l.t.Helper(); l.deleteRow(table, bucket+"/"+key) }

func nothing(*lab) {}

// TestWhatBecomesOfAnotherIsJudged plays an operation in two parts, and another
// between them. The operation is a restore that says it is done, unless it is
// judged as something else.
func TestWhatBecomesOfAnotherIsJudged(t *testing.T) {
	refused := func(b *checker.Beside) { b.Done, b.Refused = false, true }
	holding := func(b *checker.Beside) { b.Done, b.Holding = false, true }
	unlock := func(b *checker.Beside) { b.Target, b.Victims = "", []string{table, checker.LockFile} }
	repair := func(b *checker.Beside) { b.Target, b.Repair = "", true }
	for name, c := range map[string]struct {
		before, early, other, late func(*lab)
		judged                     func(*checker.Beside)
		want                       string // "" is accepted
	}{
		"a restore, and a run that came after it":        {early: func(l *lab) { l.restored() }, other: func(l *lab) { l.written(state(4, "run")) }},
		"a restore, and a lock that came after it":       {early: func(l *lab) { l.restored() }, other: func(l *lab) { l.lockRow(theirs) }},
		"a refusal, as a run came first":                 {other: func(l *lab) { l.written(state(3, "run")) }, judged: refused},
		"locks of its own that others removed":           {early: func(l *lab) { l.lockRow(ours) }, other: func(l *lab) { l.freeRow() }, judged: refused},
		"an interrupted restore that holds its lock":     {early: func(l *lab) { l.lockRow(ours) }, other: nothing, judged: holding},
		"versions that a rule expired":                   {other: func(l *lab) { l.destroy(key, l.ids[1]) }, late: (*lab).restored},
		"an unlock beside which the lock was removed":    {before: func(l *lab) { l.lockRow(foreign) }, other: (*lab).freeRow, judged: unlock},
		"a digest that was set, and went with its table": {early: (*lab).restored, other: func(l *lab) { l.deleteRow(table, bucket+"/"+key+"-md5") }},

		"written over what a run wrote":         {other: func(l *lab) { l.written(state(3, "run")) }, late: func(l *lab) { l.written(state(4, "zero")) }, want: "written over what somebody else"},
		"written over a deletion":               {other: func(l *lab) { l.remove(key) }, late: (*lab).restored, want: "written over what somebody else"},
		"a version of a run is lost":            {other: func(l *lab) { l.written(state(3, "run")) }, late: func(l *lab) { l.destroy(key, l.look().Objects[key][0].ID) }, judged: refused, want: "a version was lost"},
		"a lock of a run is removed":            {other: func(l *lab) { l.lockRow(theirs) }, late: (*lab).freeRow, judged: refused, want: "that somebody else took was removed"},
		"a lock file of a run is removed":       {other: func(l *lab) { l.put(key+".tflock", theirs) }, late: func(l *lab) { l.remove(key + ".tflock") }, judged: refused, want: "that somebody else took was removed"},
		"an unlock removes the next holder":     {before: func(l *lab) { l.lockRow(foreign) }, other: func(l *lab) { l.lockRow(theirs) }, late: (*lab).freeRow, judged: unlock, want: "that somebody else took was removed"},
		"an unlock is done and the lock stands": {before: func(l *lab) { l.lockRow(foreign) }, other: nothing, judged: unlock, want: "the lock is there"},
		"a refusal that removed a lock":         {before: func(l *lab) { l.lockRow(foreign) }, early: (*lab).freeRow, other: nothing, judged: func(b *checker.Beside) { unlock(b); refused(b) }, want: "removed the lock"},
		"a lock that was no victim is removed":  {before: func(l *lab) { l.lockRow(foreign) }, other: nothing, late: (*lab).freeRow, judged: refused, want: "the lock of somebody else was removed"},
		"a lock of its own is left behind":      {early: func(l *lab) { l.restored(); l.lockRow(ours) }, other: nothing, want: "a lock was left behind"},
		"done, and nothing is written":          {other: nothing, want: "wrote nothing"},
		"refused, and it is written":            {early: (*lab).restored, other: nothing, judged: refused, want: "and wrote the state"},
		"written twice":                         {early: (*lab).restored, other: nothing, late: func(l *lab) { l.written(state(4, "zero")) }, want: "got 2 versions"},
		"an unlock that writes":                 {early: (*lab).restored, other: nothing, judged: unlock, want: "nobody asked for it"},
		"the digest of bytes that are gone":     {other: func(l *lab) { l.put(key, state(3, "run")) }, late: func(l *lab) { l.digest(table, state(2, "two-")) }, judged: repair, want: "must be"},
		"a digest that was wrong at once":       {early: func(l *lab) { l.put(key, state(3, "zero")); l.digest(table, "else") }, other: nothing, want: "was to be"},
		"a digest without a state":              {before: func(l *lab) { l.digest(table, "wrong") }, other: nothing, late: func(l *lab) { l.digest(table, state(2, "two")) }, judged: holding, want: "wrote no state"},
		"a refusal that set the digest":         {before: func(l *lab) { l.digest(table, "wrong") }, other: nothing, late: func(l *lab) { l.digest(table, state(2, "two")) }, judged: func(b *checker.Beside) { repair(b); refused(b) }, want: "set the digest"},
		"a repair that repaired nothing":        {before: func(l *lab) { l.digest(table, "wrong") }, other: nothing, judged: repair, want: "says that it is done"},
		"a digest where none is kept":           {other: nothing, late: func(l *lab) { l.digest(other, state(2, "two")) }, judged: repair, want: "where none is kept"},
		"a row of another state":                {other: nothing, late: func(l *lab) { l.deleteRow(table, bucket+"/"+neighbor) }, judged: refused, want: "the row"},
		"a version of another state":            {other: nothing, late: func(l *lab) { l.put(neighbor, state(10, "net")) }, judged: refused, want: "no concern"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			b := checker.Beside{Change: l.restore(true)}
			for _, part := range []struct {
				act   func(*lab)
				world *checker.World
			}{{c.before, &b.Before}, {c.early, &b.Between}, {c.other, &b.Acted}, {c.late, &b.After}} {
				if part.act != nil {
					part.act(l)
				}
				*part.world = l.look()
			}
			if c.judged != nil {
				c.judged(&b)
			}
			wrong := strings.Join(b.Judge(), "\n")
			if c.want == "" && wrong != "" || !strings.Contains(wrong, c.want) {
				t.Errorf("want %q, got %q", c.want, wrong)
			}
		})
	}
}
