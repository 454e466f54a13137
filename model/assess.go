package model

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// LockContext is what is known around a lock when it is judged.
type LockContext struct {
	Host      string          // this machine's name, as it would stand behind the @ of Who
	LastWrite Fact[time.Time] // when the state's current version was written
	Times     Fact[LockTimes] // how long locks of this state were held before
	Others    []Lock          // further locks that were read with this one
}

// ciJobLimit is the longest that a job may run on the hosted runners of the
// common CI services (GitHub Actions: 6 h; the others allow less by default).
const ciJobLimit = 6 * time.Hour

// AssessLock weighs the evidence about a lock. Age alone never makes it stale,
// youth alone never makes it live.
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
	return []lockRule{ruleRecord, ruleMalformed, ruleWrites, ruleTimes, ruleCI, ruleMovedOn, ruleThisHost, ruleOrphan, ruleDiverged}
}

func ruleRecord(l Lock, _ LockContext) (Evidence, bool) {
	rec, ok := ParseRecoveryRecord(l.Info.Info)
	return Evidence{"stateward-operation", fmt.Sprintf("taken by a stateward %s on %s (pid %d)", rec.Operation, rec.Host, rec.PID), pointsNeutral}, ok
}

func ruleMalformed(l Lock, _ LockContext) (Evidence, bool) {
	return Evidence{"malformed", "not a lock as the tools write it (" + l.Malformed + "); terraform force-unlock cannot clear it", pointsNeutral},
		l.Malformed != ""
}

// lively is how recent the last write must be to show that the holder works on.
// A run writes as its resources become ready, so it falls silent for as long as
// its slowest one takes; one that was killed is silent for good.
func (c LockContext) lively() time.Duration {
	return max(time.Hour, c.Times.Or(LockTimes{}).Longest)
}

// wrote is whether the state was written under a lock, and how long ago that was
// when the lock was read.
func (c LockContext) wrote(l Lock) (ago time.Duration, ok bool) {
	written, known := c.LastWrite.Get()
	return l.ReadAt.Sub(written), known && written.After(l.Info.Created)
}

// silence says since when nothing was written, where that is worth something.
func (c LockContext) silence(l Lock) (since string, ok bool) {
	switch ago, wrote := c.wrote(l); {
	case l.Info.Created.IsZero():
		return "", false
	case wrote:
		return "for " + span(ago), ago > c.lively()
	case c.LastWrite.IsKnown():
		return "since it was taken", true
	}
	return "", false
}

// ruleWrites: clients write a state under its lock, so a recent version shows
// that the holder lives. An old one does not: many a run was killed after a write,
// and somebody may have written past the lock with -lock=false.
func ruleWrites(l Lock, c LockContext) (Evidence, bool) {
	written, known := c.LastWrite.Get()
	switch {
	case l.Info.Created.IsZero():
		return Evidence{}, false
	case c.LastWrite.IsUnknown():
		return Evidence{"writes-unknown", "the state's last write could not be read: " + c.LastWrite.Reason(), pointsNeutral}, true
	case !known:
		return Evidence{}, false
	}
	after := span(written.Sub(l.Info.Created))
	switch ago, ok := c.wrote(l); {
	case ok && ago <= c.lively():
		return Evidence{"written-since", fmt.Sprintf("a version was written %s after it was taken", after), pointsLive}, true
	case ok:
		return Evidence{"quiet-since", fmt.Sprintf("a version was written %s after it was taken, and none for %s since", after, span(ago)), pointsNeutral}, true
	}
	return Evidence{"nothing-written", "no version written since it was taken (may be waiting for approval, or on one slow resource)", pointsNeutral}, true
}

// watchSpan is how far apart two reads of a lock must be to be worth a line.
const watchSpan = 15 * time.Second

// AssessWatch weighs two reads of a lock whose bytes are the same: when its state
// was written as the first and as the last read found it, and how far apart they
// were. A lock that stays as it is says nothing: its holder may be waiting.
func AssessWatch(first, last Fact[time.Time], apart time.Duration) (Evidence, bool) {
	before, known := first.Get()
	now, knownNow := last.Get()
	if known && knownNow && now.After(before) {
		return Evidence{"written-while-watched", fmt.Sprintf("its state was written while it was watched here (%s)", span(apart)), pointsLive}, true
	}
	same := "the lock is unchanged"
	if known && knownNow {
		same = "lock and state are unchanged"
	}
	return Evidence{"watched", fmt.Sprintf("%s between two reads %s apart (may be waiting for approval)", same, span(apart)), pointsNeutral}, apart >= watchSpan
}

func ruleCI(l Lock, _ LockContext) (Evidence, bool) {
	if !looksLikeCI(l.Info.Who) {
		return Evidence{}, false
	}
	age, ok := l.Age()
	if ok && age > ciJobLimit {
		return Evidence{"ci-job-over", fmt.Sprintf("a CI job by its name, held %s: longer than hosted CI jobs may run (6 h)", span(age)), pointsStale}, true
	}
	return Evidence{"ci-job", "a CI job by its name: look whether the job still runs", pointsNeutral}, true
}

// ruleTimes: age says something only against how long locks of this very state
// are held, and only while nothing shows that the holder writes.
func ruleTimes(l Lock, c LockContext) (Evidence, bool) {
	times, known := c.Times.Get()
	age, aged := l.Age()
	if !known || !aged || times.Count == 0 {
		return Evidence{}, false
	}
	if since, silent := c.silence(l); age > times.Longest && silent {
		return Evidence{"longer-than-ever", fmt.Sprintf("held %s; the longest of %d locks of this state was %s, and nothing was written %s",
			span(age), times.Count, span(times.Longest), since), pointsStale}, true
	}
	return Evidence{"usual-time", fmt.Sprintf("held %s; locks of this state last %s as a rule, %s at most", span(age), span(times.Usual), span(times.Longest)), pointsNeutral}, true
}

// ruleMovedOn: a CI runner does one job at a time, so a newer lock of the same
// runner elsewhere means that this job is over. A person may well hold two.
func ruleMovedOn(l Lock, c LockContext) (Evidence, bool) {
	i := slices.IndexFunc(c.Others, func(m Lock) bool {
		return m.Info.Who != "" && m.Info.Who == l.Info.Who && m.Key != l.Key && m.Info.Created.After(l.Info.Created)
	})
	if i < 0 {
		return Evidence{}, false
	}
	points := pointsNeutral
	if looksLikeCI(l.Info.Who) {
		points = pointsStale
	}
	return Evidence{"newer-lock-elsewhere", fmt.Sprintf("%s has taken a newer lock since, on %s", l.Info.Who, c.Others[i].Key), points}, true
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
	return Evidence{"diverged", "the two mechanisms hold different locks: two holders", pointsNeutral}, l.Diverged
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
