package model

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// LockContext is what is known around a lock when it is judged: of its state, of
// the locks on that state, and of this machine. Locks of other states are no part
// of it: one holder may well hold several.
type LockContext struct {
	Host      string          // this machine's name, as it would stand behind the @ of Who
	Alive     Fact[bool]      // whether the process that the lock's record names runs on this machine
	LastWrite Fact[time.Time] // when the state's current version was written
	// Writes is when the versions of the state were written, the newest first, back
	// to when its locks were taken. It is needed where LastWrite is not before that.
	Writes Fact[[]time.Time]
	Runs   Fact[LockRuns] // the past locks in the state's lock file, with the bodies that Asks named
	Held   []Lock         // all locks on the state, this one as well
}

// AssessLock weighs the evidence about a lock. Age alone never makes it stale,
// youth alone never makes it live, and what its holder does elsewhere says nothing.
func AssessLock(l Lock, c LockContext) (Verdict, []Evidence) {
	var all []Evidence
	for _, rule := range lockRules() {
		if e, ok := rule(l, c); ok {
			all = append(all, e)
		}
	}
	return weigh(all), all
}

func weigh(all []Evidence) Verdict {
	stale, live := false, false
	for _, e := range all {
		stale = stale || e.PointsTo == pointsStale
		live = live || e.PointsTo == pointsLive
	}
	switch {
	case live && !stale:
		return LikelyLive
	case stale && !live:
		return LikelyStale
	}
	return Unclear
}

const (
	pointsStale   = "stale"
	pointsLive    = "live"
	pointsNeutral = "neutral"
)

type lockRule func(Lock, LockContext) (Evidence, bool)

func lockRules() []lockRule {
	return []lockRule{ruleRecord, ruleProcess, ruleMalformed, ruleNote, rulePlace, ruleDate, ruleWrites, ruleSilence, rulePast, ruleCI, ruleThisHost, ruleOrphan, ruleDiverged}
}

func ruleRecord(l Lock, _ LockContext) (Evidence, bool) {
	rec, ok := ParseRecoveryRecord(l.Info.Info)
	return Evidence{"stateward-operation", fmt.Sprintf("taken by a stateward %s on %s (pid %d)", rec.Operation, rec.Host, rec.PID), pointsNeutral}, ok
}

// ruleProcess: an operation of stateward says which process it is, and on its own
// machine that process is there or is not. A number that is in use may be another
// process by now.
func ruleProcess(l Lock, c LockContext) (Evidence, bool) {
	rec, ours := ParseRecoveryRecord(l.Info.Info)
	alive, known := c.Alive.Get()
	if !ours || !known || rec.Host == "" || rec.Host != c.Host {
		return Evidence{}, false
	}
	if alive {
		return Evidence{"process-there", fmt.Sprintf("a process %d, which may be that operation, runs on this machine", rec.PID), pointsNeutral}, true
	}
	return Evidence{"process-gone", fmt.Sprintf("process %d does not run on this machine any more", rec.PID), pointsStale}, true
}

func ruleMalformed(l Lock, _ LockContext) (Evidence, bool) {
	return Evidence{"malformed", "not a lock as the tools write it (" + l.Malformed + "); terraform force-unlock cannot clear it", pointsNeutral},
		l.Malformed != ""
}

// longestNote is how much of a lock's Info is told.
const longestNote = 200

// note is what somebody wrote into a lock's Info; no tool does of its own accord.
func (l Lock) note() string {
	if _, ours := ParseRecoveryRecord(l.Info.Info); ours {
		return ""
	}
	text := []rune(strings.TrimSpace(l.Info.Info))
	if len(text) > longestNote {
		return string(text[:longestNote]) + "…"
	}
	return string(text)
}

func ruleNote(l Lock, _ LockContext) (Evidence, bool) {
	note := l.note()
	return Evidence{"note", fmt.Sprintf("somebody wrote into it: %q; it may be held on purpose", note), pointsNeutral}, note != ""
}

// elsewhere is the place that a lock names where that is not the one it is kept
// for; "" where it names this one, or none.
func (l Lock) elsewhere() string {
	if l.Info.Path == "" || l.Info.Path == LockID(l.Bucket, l.Key) {
		return ""
	}
	return l.Info.Path
}

// rulePlace: what a replica or a copy of a bucket holds, other locks than its own
// among it, is of a run elsewhere.
func rulePlace(l Lock, _ LockContext) (Evidence, bool) {
	path := l.elsewhere()
	return Evidence{"other-place", fmt.Sprintf("it was taken for s3://%s and is here as a replica or a copy, or by another name of the bucket: what is seen here says nothing about its holder", path), pointsNeutral}, path != ""
}

// ruleDate: the clock of a holder that is wrong dates nothing.
func ruleDate(l Lock, _ LockContext) (Evidence, bool) {
	return Evidence{"odd-date", "it says that it was taken on " + utcText(l.Info.Created) + ", when it cannot have been: the clock of its holder is wrong", pointsNeutral}, l.oddlyDated()
}

// rulePastUnread is the rule of a lock that might be called stale if more could be
// read.
const rulePastUnread = "past-unread"

// rulePast: what cannot be read of the past is said, as silence then says nothing.
func rulePast(l Lock, c LockContext) (Evidence, bool) {
	if l.elsewhere() != "" {
		return Evidence{}, false
	}
	if c.Runs.IsUnknown() {
		return Evidence{rulePastUnread, "for how long locks are held here as a rule is not known: " + c.Runs.Reason(), pointsNeutral}, true
	}
	for _, run := range c.Runs.Or(LockRuns{}).Runs {
		if run.Info.IsUnknown() {
			return Evidence{rulePastUnread, "what past locks were for is not known: " + run.Info.Reason(), pointsNeutral}, true
		}
	}
	return Evidence{}, false
}

// watchSpan is how far apart two reads of a lock must be to be worth a line.
const watchSpan = 15 * time.Second

// ruleWatched is the rule of a state that was written between two reads of a lock.
const ruleWatched = "written-while-watched"

// WrittenMeanwhile reports whether evidence says that the state was written
// between two reads of its lock.
func (e Evidence) WrittenMeanwhile() bool { return e.Rule == ruleWatched }

// AssessWatch weighs two reads of a lock whose bytes are the same: when its state
// was written as the first read found it, the lock as the last one did, and how
// far apart they were. A lock that stays as it is says nothing: its holder may be
// waiting. A write shows that the holder works where no other lock explains it.
func AssessWatch(first Fact[time.Time], last Lock, apart time.Duration) (Evidence, bool) {
	before, known := first.Get()
	now, knownNow := last.LastWrite.Get()
	if known && knownNow && now.After(before) {
		points := pointsNeutral
		if slices.ContainsFunc(last.Evidence, func(e Evidence) bool { return e.PointsTo == pointsLive }) {
			points = pointsLive
		}
		return Evidence{ruleWatched, fmt.Sprintf("its state was written while it was watched here (%s)", span(apart)), points}, true
	}
	same := "the lock is unchanged"
	if known && knownNow {
		same = "lock and state are unchanged"
	}
	return Evidence{"watched", fmt.Sprintf("%s between two reads %s apart (may be waiting for approval)", same, span(apart)), pointsNeutral}, apart >= watchSpan
}

// ruleCI: a runner of one's own may run for days, and several jobs at a time, so
// neither age nor another lock says that the job is over.
func ruleCI(l Lock, _ LockContext) (Evidence, bool) {
	return Evidence{"ci-job", "a CI job by its name: look whether the job still runs", pointsNeutral}, looksLikeCI(l.Info.Who)
}

func ruleThisHost(l Lock, c LockContext) (Evidence, bool) {
	_, host, ok := strings.Cut(l.Info.Who, "@")
	return Evidence{"this-host", "held from this machine: look for a running terraform or tofu here", pointsNeutral},
		ok && c.Host != "" && host == c.Host
}

func ruleOrphan(l Lock, _ LockContext) (Evidence, bool) {
	orphan, known := l.Orphan.Get()
	return Evidence{"no-state", "its state object does not exist; terraform itself cannot clear such a lock", pointsNeutral}, known && orphan
}

func ruleDiverged(l Lock, _ LockContext) (Evidence, bool) {
	return Evidence{"diverged", "different locks are held on this state, in two mechanisms or tables: two holders", pointsNeutral}, l.Diverged
}

// looksLikeCI recognises the users and hosts that CI systems run jobs as, by
// whole words of user@host.
func looksLikeCI(who string) bool {
	words := strings.FieldsFunc(strings.ToLower(who), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	})
	return slices.ContainsFunc(words, ciWord)
}

func ciWord(word string) bool {
	switch strings.TrimRight(word, "0123456789") {
	case "ci", "runner", "jenkins", "gitlab", "github", "buildkite", "circleci", "teamcity",
		"drone", "atlantis", "spacelift", "tfc", "build", "builder", "agent", "codebuild", "gha":
		return true
	}
	return false
}

// span is a duration as people say it: 41 s, 3 h 7 min, 6 d.
func span(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 24*time.Hour:
		h, m := int(d.Hours()), int(d.Minutes())%60
		if m == 0 {
			return fmt.Sprintf("%d h", h)
		}
		return fmt.Sprintf("%d h %d min", h, m)
	}
	return fmt.Sprintf("%d d", int(d.Hours()/24))
}
