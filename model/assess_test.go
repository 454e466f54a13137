package model

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// dusk is when the locks of these tests are read; minutes are counted back from it.
func dusk() time.Time { return time.Date(2026, 11, 22, 18, 0, 0, 0, time.UTC) }

func before(minutes float64) time.Time {
	return dusk().Add(-time.Duration(minutes * float64(time.Minute)))
}

// scene is a lock and what is around it.
type scene struct {
	lock    Lock
	writes  []time.Time // of the state, newest first; none: it does not exist
	past    []LockRun   // newest first, without what holds the lock file now
	held    []Lock      // other locks on the state
	other   LockContext // what else there is to say: Host, Alive, LastWrite, Runs
	verdict Verdict
	rule    string // that applies, with where it points: "longer-than-ever stale"
	not     string // that does not apply
}

func file(op, who string, taken float64) Lock {
	return Lock{Bucket: "b", Key: "k", Mechanism: MechanismLockfile, VersionID: "now", LastModified: before(taken).Truncate(time.Second), ReadAt: dusk(),
		Info: LockInfo{ID: "mine", Operation: op, Who: who, Created: before(taken), Path: "b/k"}}
}

func tableRow(op, who string, taken float64) Lock {
	l := file(op, who, taken)
	l.Mechanism, l.Table, l.VersionID, l.LastModified = MechanismDynamoDB, "locks", "", time.Time{}
	return l
}

func (l Lock) as(change func(*Lock)) Lock { change(&l); return l }

// ran are n past locks of an operation, each held for some minutes, the newest
// given back some minutes ago and the others an hour apart.
func ran(n int, op string, minutes, ago float64) []LockRun {
	var all []LockRun
	for i := range n {
		end := ago + float64(i)*60
		all = append(all, LockRun{VersionID: fmt.Sprintf("%s-%g-%g-%d", op, minutes, ago, i), Taken: before(end + minutes), Released: before(end),
			Info: Known(LockInfo{ID: fmt.Sprint(op, i), Operation: op, Who: "past@host"})})
	}
	return all
}

func (s scene) context() LockContext {
	c := s.other
	runs := slices.Clone(s.past)
	if s.lock.Mechanism == MechanismLockfile {
		runs = append([]LockRun{{VersionID: s.lock.VersionID, Taken: s.lock.LastModified, Info: Known(s.lock.Info)}}, runs...)
	}
	if !c.Runs.IsUnknown() {
		c.Runs = Known(LockRuns{Runs: runs})
	}
	if !c.LastWrite.IsUnknown() && len(s.writes) > 0 {
		c.LastWrite = Known(s.writes[0])
	}
	if !c.Writes.IsUnknown() {
		c.Writes = Known(s.writes)
	}
	c.Held = append([]Lock{s.lock}, s.held...)
	return c
}

const (
	anApply = "OperationTypeApply"
	aPlan   = "OperationTypePlan"
)

func scenes() map[string]scene {
	old := []time.Time{before(60000)}
	long := ran(5, anApply, 4, 600)
	another := func(l Lock) Lock {
		return l.as(func(l *Lock) { l.Info.ID, l.Info.Who = "theirs", "dave@mbp" })
	}
	carol, ci := "carol@laptop", "ci@runner-17"
	return map[string]scene{
		// age, names and other locks say nothing
		"a year of age alone":                                {lock: tableRow(anApply, carol, 525600), writes: []time.Time{before(600000)}, verdict: Unclear, rule: "nothing-written neutral"},
		"a second of age":                                    {lock: file(anApply, carol, 1.0/60), writes: old, past: ran(9, anApply, 0.01, 5), verdict: Unclear, not: "longer-than-ever"},
		"two seconds, where plans took one":                  {lock: file(aPlan, ci, 2.0/60), writes: old, past: ran(9, aPlan, 1.0/60, 5), verdict: Unclear, not: "longer-than-ever"},
		"a self-hosted runner at work for seven hours":       {lock: tableRow(anApply, ci, 420), writes: old, verdict: Unclear, rule: "ci-job neutral", not: "ci-job-over"},
		"a self-hosted runner at work for nine days":         {lock: file(anApply, "jenkins@agent-3", 12960), writes: []time.Time{before(20000)}, verdict: Unclear, rule: "ci-job neutral"},
		"a user whose name contains ci":                      {lock: tableRow(anApply, "lucia@precision", 540), writes: old, verdict: Unclear, not: "ci-job"},
		"a newer lock of the same runner, of another state":  {lock: file(anApply, ci, 60), writes: old, held: []Lock{file(anApply, ci, 1).as(func(l *Lock) { l.Key, l.Info.ID = "another", "2" })}, verdict: Unclear, not: "newer-lock-elsewhere"},
		"a lock from the future, by the clock of its holder": {lock: tableRow(anApply, carol, -30), writes: old, past: long, verdict: Unclear, rule: "odd-date neutral", not: "nothing-written"},
		"a lock from the future, written under since":        {lock: tableRow(anApply, carol, -30), writes: []time.Time{before(1)}, past: long, verdict: Unclear, rule: "odd-date neutral", not: "nothing-written"},
		"a holder without a battery for its clock":           {lock: tableRow(anApply, carol, 0).as(func(l *Lock) { l.Info.Created = time.Unix(90, 0) }), writes: []time.Time{before(9000)}, past: long, verdict: Unclear, rule: "odd-date neutral", not: "written-since"},
		"a lock file with such a date, dated by its object":  {lock: file(anApply, carol, 60).as(func(l *Lock) { l.Info.Created = time.Unix(90, 0) }), writes: []time.Time{before(1)}, verdict: LikelyLive, rule: "odd-date neutral"},
		"a lock file from the future, silent for 3 h":        {lock: file(anApply, carol, 180).as(func(l *Lock) { l.Info.Created = before(-500) }), writes: old, past: long, verdict: LikelyStale, rule: "longer-than-ever stale"},
		"a clock that is a few seconds ahead":                {lock: tableRow(anApply, carol, -3.0/60), writes: old, past: long, verdict: Unclear, rule: "nothing-written neutral", not: "odd-date"},
		"a lock that does not say since when":                {lock: Lock{Bucket: "b", Key: "k", Mechanism: MechanismDynamoDB, ReadAt: dusk(), Malformed: "no Info"}, writes: old, past: long, verdict: Unclear, rule: "malformed neutral"},
		"a lock file of six days that says nothing":          {lock: file("", "", 8640).as(func(l *Lock) { l.Info, l.Malformed = LockInfo{}, "empty" }), writes: old, past: long, verdict: Unclear, rule: "malformed neutral", not: "longer-than-ever"},
		"held from this machine":                             {lock: tableRow(anApply, carol, 60), writes: old, other: LockContext{Host: "laptop"}, verdict: Unclear, rule: "this-host neutral"},
		"a state that does not exist":                        {lock: tableRow(anApply, carol, 600).as(func(l *Lock) { l.Orphan = Known(true) }), past: long, verdict: Unclear, rule: "no-state neutral"},
		// silence, against like operations
		"silent for 3 h, where five applies took 4 min":       {lock: file(anApply, carol, 180), writes: old, past: long, verdict: LikelyStale, rule: "longer-than-ever stale"},
		"the same in a table":                                 {lock: tableRow(anApply, carol, 180), writes: old, past: long, verdict: LikelyStale, rule: "longer-than-ever stale"},
		"silent for 14 min":                                   {lock: file(anApply, carol, 14), writes: old, past: ran(5, anApply, 1, 60), verdict: Unclear, rule: "usual-time neutral"},
		"silent for 16 min":                                   {lock: file(anApply, carol, 16), writes: old, past: ran(5, anApply, 1, 60), verdict: LikelyStale, rule: "longer-than-ever stale"},
		"silent for less than three times the longest":        {lock: file(anApply, carol, 55), writes: old, past: ran(5, anApply, 19, 600), verdict: Unclear, rule: "usual-time neutral"},
		"silent for three times the longest":                  {lock: file(anApply, carol, 58), writes: old, past: ran(5, anApply, 19, 600), verdict: LikelyStale, rule: "longer-than-ever stale"},
		"only two like operations":                            {lock: file(anApply, carol, 600), writes: old, past: ran(2, anApply, 4, 700), verdict: Unclear, rule: "usual-time neutral"},
		"a slow apply after short plans":                      {lock: file(anApply, carol, 120), writes: old, past: ran(9, aPlan, 1, 130), verdict: Unclear, rule: "usual-time neutral"},
		"one long apply among many short ones":                {lock: file(anApply, carol, 240), writes: old, past: append(ran(19, anApply, 2, 300), ran(1, anApply, 100, 3000)...), verdict: Unclear, rule: "usual-time neutral"},
		"a past lock of which nobody knows what it was for":   {lock: file(anApply, carol, 240), writes: old, past: append(ran(9, anApply, 2, 300), LockRun{VersionID: "?", Taken: before(3100), Released: before(3000), Info: Unknown[LockInfo]("AccessDenied")}), verdict: Unclear, rule: "usual-time neutral"},
		"such a one is said":                                  {lock: file(anApply, carol, 240), writes: old, past: []LockRun{{VersionID: "?", Taken: before(3100), Released: before(3000), Info: Unknown[LockInfo]("AccessDenied")}}, verdict: Unclear, rule: "past-unread neutral"},
		"no history at all":                                   {lock: file(anApply, carol, 6000), writes: old, verdict: Unclear, not: "usual-time"},
		"a history that may not be listed":                    {lock: file(anApply, carol, 6000), writes: old, other: LockContext{Runs: Unknown[LockRuns]("AccessDenied s3:ListBucketVersions")}, verdict: Unclear, rule: "past-unread neutral", not: "longer-than-ever"},
		"past locks that were written over, never given back": {lock: file(anApply, carol, 600), writes: old, past: each(long, func(r *LockRun) { r.Replaced = true }), verdict: Unclear, not: "longer-than-ever"},
		"its own lock file, given back by hand":               {lock: tableRow(anApply, carol, 600), writes: old, past: each(long, func(r *LockRun) { r.Info = Known(LockInfo{ID: "mine", Operation: anApply}) }), verdict: Unclear, not: "longer-than-ever"},
		"a console, open as long as somebody sits before it":  {lock: file("OperationTypeInvalid", carol, 600), writes: old, past: ran(9, "OperationTypeInvalid", 1, 700), verdict: Unclear, not: "longer-than-ever"},
		"held on purpose":                                     {lock: file(anApply, carol, 6000).as(func(l *Lock) { l.Info.Info = "frozen until Monday" }), writes: old, past: long, verdict: Unclear, rule: "note neutral", not: "longer-than-ever"},
		"the last write could not be read":                    {lock: file(anApply, carol, 6000), past: long, other: LockContext{LastWrite: Unknown[time.Time]("AccessDenied s3:GetObject")}, verdict: Unclear, rule: "writes-unknown neutral"},
		"killed after a write":                                {lock: file(anApply, carol, 540), writes: []time.Time{before(480)}, past: long, verdict: LikelyStale, rule: "longer-than-ever stale"},
		"written 50 min ago, and silent since":                {lock: file(anApply, carol, 60), writes: []time.Time{before(50)}, past: long, verdict: LikelyLive, rule: "written-since live"},
		"a state whose runs take long may be silent for long": {lock: file(anApply, carol, 540), writes: []time.Time{before(480)}, past: ran(5, anApply, 600, 600), verdict: LikelyLive, rule: "written-since live"},
		// whose a write is
		"a version written since":                      {lock: file(anApply, carol, 60), writes: []time.Time{before(1)}, verdict: LikelyLive, rule: "written-since live"},
		"a version written since, a lock in a table":   {lock: tableRow(anApply, carol, 60), writes: []time.Time{before(1)}, verdict: LikelyLive, rule: "written-since live"},
		"written hours ago":                            {lock: file(anApply, carol, 540), writes: []time.Time{before(480)}, verdict: Unclear, rule: "quiet-since neutral"},
		"written in the second in which it was taken":  {lock: file(anApply, carol, 1).as(func(l *Lock) { l.LastModified = l.LastModified.Truncate(time.Second) }), writes: []time.Time{before(1).Truncate(time.Second)}, verdict: Unclear, rule: "written-then neutral", not: "nothing-written"},
		"a row taken in the second of a write":         {lock: tableRow(anApply, carol, 1).as(func(l *Lock) { l.Info.Created = l.Info.Created.Add(900 * time.Millisecond) }), writes: []time.Time{before(1)}, verdict: Unclear, rule: "written-then neutral", not: "nothing-written"},
		"a row whose holder's clock is seconds off":    {lock: tableRow(anApply, carol, 10), writes: []time.Time{before(10).Add(4 * time.Second)}, verdict: Unclear, rule: "written-then neutral"},
		"a dead row, since the others use lock files":  {lock: tableRow(anApply, ci, 540), writes: []time.Time{before(10), before(70)}, past: ran(2, anApply, 4, 9.9), verdict: Unclear, rule: "written-by-others neutral", not: "written-since"},
		"the same, after many runs":                    {lock: tableRow(anApply, ci, 540), writes: []time.Time{before(10), before(70)}, past: ran(8, anApply, 4, 9.9), verdict: LikelyStale, rule: "longer-than-ever stale"},
		"a row at work beside others with lock files":  {lock: tableRow(anApply, ci, 540), writes: []time.Time{before(10), before(30), before(70)}, past: ran(8, anApply, 4, 9.9), verdict: LikelyLive, rule: "written-since live"},
		"a row, and others of whom it is not known":    {lock: tableRow(anApply, ci, 540), writes: []time.Time{before(10)}, past: each(ran(8, anApply, 4, 9.9), func(r *LockRun) { r.Info = Unknown[LockInfo]("AccessDenied s3:GetObjectVersion") }), verdict: Unclear, rule: "written-by-whom neutral"},
		"a row where lock files keep no history":       {lock: tableRow(anApply, ci, 60), writes: []time.Time{before(10)}, other: LockContext{Runs: Unknown[LockRuns]("the bucket keeps no versions")}, verdict: Unclear, rule: "written-by-whom neutral"},
		"a row where older versions may not be listed": {lock: tableRow(anApply, ci, 540), writes: []time.Time{before(10)}, past: ran(8, anApply, 4, 9.9), other: LockContext{Writes: Unknown[[]time.Time]("AccessDenied s3:ListBucketVersions")}, verdict: Unclear, rule: "written-by-whom neutral"},
		"a row, while only plans use lock files":       {lock: tableRow(anApply, ci, 60), writes: []time.Time{before(10)}, past: ran(8, aPlan, 4, 9.9), verdict: LikelyLive, rule: "written-since live"},
		"another holder in the lock file":              {lock: tableRow(anApply, ci, 60), writes: []time.Time{before(2)}, held: []Lock{another(file(anApply, "", 5))}, verdict: Unclear, rule: "written-by-others neutral"},
		"another holder in the table":                  {lock: file(anApply, ci, 60), writes: []time.Time{before(2)}, held: []Lock{another(tableRow(anApply, "", 5))}, verdict: Unclear, rule: "written-by-others neutral"},
		"another holder, who came later":               {lock: file(anApply, ci, 60), writes: []time.Time{before(20)}, held: []Lock{another(tableRow(anApply, "", 5))}, verdict: LikelyLive, rule: "written-since live"},
		"another holder, who plans":                    {lock: file(anApply, ci, 60), writes: []time.Time{before(2)}, held: []Lock{another(tableRow(aPlan, "", 5))}, verdict: LikelyLive, rule: "written-since live"},
		"another lock that does not say since when":    {lock: file(anApply, ci, 60), writes: []time.Time{before(2)}, held: []Lock{{Bucket: "b", Key: "k", Mechanism: MechanismDynamoDB, Raw: []byte("x"), Malformed: "not JSON"}}, verdict: Unclear, rule: "written-by-whom neutral"},
		"its own copy in the table explains nothing":   {lock: file(anApply, ci, 60), writes: []time.Time{before(2)}, held: []Lock{tableRow(anApply, ci, 60)}, verdict: LikelyLive, rule: "written-since live"},
		"a plan, and somebody who wrote past it":       {lock: file(aPlan, ci, 60), writes: []time.Time{before(2)}, verdict: Unclear, rule: "written-past neutral", not: "written-since"},
		// other places
		"a lock file in a replica":          {lock: file(anApply, carol, 6000).as(func(l *Lock) { l.Info.Path = "elsewhere/k" }), writes: []time.Time{before(1)}, past: long, verdict: Unclear, rule: "other-place neutral", not: "written-since"},
		"a lock file beside a copied state": {lock: file(anApply, carol, 6000).as(func(l *Lock) { l.Info.Path = "b/former" }), writes: old, past: long, verdict: Unclear, rule: "other-place neutral", not: "longer-than-ever"},
		"a row copied into another table":   {lock: tableRow(anApply, carol, 6000).as(func(l *Lock) { l.Info.Path = "old-bucket/k" }), writes: old, past: long, verdict: Unclear, rule: "other-place neutral"},
		"a lock that names no place":        {lock: file(anApply, carol, 180).as(func(l *Lock) { l.Info.Path = "" }), writes: old, past: long, verdict: LikelyStale, not: "other-place"},
	}
}

func each(runs []LockRun, change func(*LockRun)) []LockRun {
	all := slices.Clone(runs)
	for i := range all {
		change(&all[i])
	}
	return all
}

func TestAVerdictIsAboutThisLockAlone(t *testing.T) {
	for name, s := range scenes() {
		t.Run(name, func(t *testing.T) { s.check(t) })
	}
}

func (s scene) check(t *testing.T) {
	verdict, evidence := AssessLock(s.lock, s.context())
	if verdict != s.verdict {
		t.Errorf("verdict %s, want %s (%v)", verdict, s.verdict, evidence)
	}
	var rules []string
	for _, e := range evidence {
		rules = append(rules, e.Rule+" "+e.PointsTo)
		if e.Rule == s.not {
			t.Errorf("%s applies: %s", e.Rule, e.Text)
		}
		if e.Rule == "nothing-written" && len(s.writes) > 0 {
			if taken, _ := s.lock.taken(); !s.writes[0].Before(taken) {
				t.Errorf("written at %s, taken at %s: %s", s.writes[0], taken, e.Text)
			}
		}
	}
	if s.rule != "" && !slices.Contains(rules, s.rule) {
		t.Errorf("rule %s did not apply: %v", s.rule, evidence)
	}
}

func TestTheProcessOfAnOperationOfOursIsThereOrIsGone(t *testing.T) {
	info, err := RecoveryRecord{Operation: OpRestore, ID: "op", Host: "desk", PID: 7}.Info()
	if err != nil {
		t.Fatal(err)
	}
	ours := file("stateward-restore", "oncall@desk", 1).as(func(l *Lock) { l.Info.Info = info })
	for name, s := range map[string]scene{
		"gone":             {other: LockContext{Host: "desk", Alive: Known(false)}, verdict: LikelyStale, rule: "process-gone stale"},
		"there":            {other: LockContext{Host: "desk", Alive: Known(true)}, verdict: Unclear, rule: "process-there neutral"},
		"on another host":  {other: LockContext{Host: "laptop", Alive: Known(false)}, verdict: Unclear, not: "process-gone"},
		"nobody can tell":  {other: LockContext{Host: "desk"}, verdict: Unclear, not: "process-gone"},
		"a host unknown":   {other: LockContext{Alive: Known(false)}, verdict: Unclear, not: "process-gone"},
		"it wrote, by now": {other: LockContext{Host: "desk", Alive: Known(false)}, writes: []time.Time{before(0.5)}, verdict: Unclear, rule: "process-gone stale"},
	} {
		t.Run(name, func(t *testing.T) {
			if s.lock = ours; len(s.writes) == 0 {
				s.writes = []time.Time{before(9000)}
			}
			s.check(t)
		})
	}
}

// TestOnlyWhatDecidesIsRead counts the past locks that are read to judge one.
func TestOnlyWhatDecidesIsRead(t *testing.T) {
	unread := func(runs []LockRun) []LockRun { return each(runs, func(r *LockRun) { r.Info = Fact[LockInfo]{} }) }
	old := []time.Time{before(60000)}
	for name, c := range map[string]struct {
		scene
		want int
	}{
		"a young lock":                          {scene{lock: file(anApply, "c", 5), writes: old, past: unread(ran(9, anApply, 4, 60))}, 0},
		"a lock of an hour":                     {scene{lock: file(anApply, "c", 60), writes: old, past: unread(ran(9, anApply, 4, 90))}, 9},
		"a lock of an hour that wrote just now": {scene{lock: file(anApply, "c", 60), writes: []time.Time{before(1)}, past: unread(ran(9, anApply, 4, 90))}, 0},
		"a thousand past locks, all short":      {scene{lock: file(anApply, "c", 60), writes: old, past: unread(ran(1000, anApply, 4, 90))}, 20},
		"a thousand past locks, some long":      {scene{lock: file(anApply, "c", 60), writes: old, past: unread(append(ran(990, anApply, 4, 90), ran(10, anApply, 30, 70000)...))}, 30},
		"a thousand past locks, all long":       {scene{lock: file(anApply, "c", 60), writes: old, past: unread(ran(1000, anApply, 30, 90))}, 40},
		"a row, and a write in a past lock":     {scene{lock: tableRow(anApply, "c", 5), writes: []time.Time{before(1)}, past: unread(ran(1, anApply, 2, 0.9))}, 1},
		"a lock of another place":               {scene{lock: file(anApply, "c", 60).as(func(l *Lock) { l.Info.Path = "x/y" }), writes: old, past: unread(ran(9, anApply, 4, 90))}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			around := c.context()
			runs := around.Runs.Or(LockRuns{})
			read := 0
			for ids := around.Asks(c.lock); len(ids) > 0; ids = around.Asks(c.lock) {
				for _, id := range ids {
					if read++; !runs.Tell(id, Known(LockInfo{ID: "past" + id, Operation: anApply})) || read > 100 {
						t.Fatalf("asks for %s, the %d.", id, read)
					}
				}
			}
			if read != c.want {
				t.Errorf("read %d past locks, want %d", read, c.want)
			}
		})
	}
}

func TestWhatAHolderKeepsInTwoPlacesHasOneVerdict(t *testing.T) {
	mine, copied := file(anApply, "c", 60), tableRow(anApply, "c", 60)
	broken := copied.as(func(l *Lock) { l.Table, l.Malformed = "other", "Who has the wrong type" })
	theirs := tableRow(anApply, "d", 9000).as(func(l *Lock) { l.Info.ID, l.Table = "theirs", "third" })
	locks := []Lock{mine, copied, broken, theirs}
	JudgeLocks(locks, func(l Lock) LockContext {
		return scene{lock: l, writes: []time.Time{before(1)}, held: []Lock{mine}}.context()
	})
	if locks[0].Verdict != LikelyLive || locks[1].Verdict != LikelyLive || locks[2].Verdict != LikelyLive || locks[3].Verdict != Unclear {
		t.Errorf("verdicts %s, %s, %s, %s", locks[0].Verdict, locks[1].Verdict, locks[2].Verdict, locks[3].Verdict)
	}
	if !slices.Equal(locks[0].Evidence, locks[1].Evidence) || len(locks[2].Evidence) != len(locks[0].Evidence)+1 {
		t.Errorf("evidence %v, %v, %v", locks[0].Evidence, locks[1].Evidence, locks[2].Evidence)
	}
	var holders []string
	for _, same := range Holders(locks) {
		holders = append(holders, fmt.Sprintf("%s %d", same[0].Info.ID, len(same)))
	}
	if got := strings.Join(holders, ", "); got != "mine 3, theirs 1" {
		t.Errorf("holders %s", got)
	}
}

func TestHowLongLocksWereHeldIsReadFromTheHistoryOfTheLockFile(t *testing.T) {
	at := func(minute int) time.Time { return time.Date(2026, 11, 22, 3, minute, 0, 0, time.UTC) }
	history := []Version{ // newest first
		{LastModified: at(50)}, // held now
		{LastModified: at(49), DeleteMarker: true}, {LastModified: at(30)},
		{LastModified: at(21), DeleteMarker: true}, {LastModified: at(20)},
		{LastModified: at(19)}, // never given back: written over
		{LastModified: at(12), DeleteMarker: true}, {LastModified: at(10)},
	}
	want := LockTimes{Count: 3, Usual: 2 * time.Minute, Longest: 19 * time.Minute}
	if got := LockRunsOf(history, time.Time{}).Times(); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := LockRunsOf(history[:1], time.Time{}).Times(); got != (LockTimes{}) {
		t.Errorf("a lock that was never released counts: %+v", got)
	}
}
