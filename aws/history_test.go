package aws_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/model"
)

// at sends a request of a client of the state as if it was that time.
func (l *lab) at(when time.Time, method, key, body string) {
	l.t.Helper()
	status, answer := l.server.Do(when, method, "/"+labBucket+"/"+key, emulator.Scope("us-east-1", "s3"), []byte(body))
	if status/100 != 2 {
		l.t.Fatalf("%s %s: %d %s", method, key, status, answer)
	}
}

// ran leaves what a run leaves: a lock, a version of the state, a release.
func (l *lab) ran(when time.Time, serial int, who string) {
	l.t.Helper()
	l.at(when, http.MethodPut, labKey+".tflock", lockRaw(fmt.Sprintf("run-%d", serial), who))
	l.at(when.Add(time.Minute), http.MethodPut, labKey, string(body(serial, who)))
	l.at(when.Add(time.Minute+time.Second), http.MethodDelete, labKey+".tflock", "")
}

// explained are the versions of the lab's state with all that a client, without
// a journal, can tell of them.
func (l *lab) explained(c *aws.Client) []model.Version {
	l.t.Helper()
	var all []model.Version
	for page, err := range c.Versions(l.t.Context(), l.backend(), labKey) {
		l.must(nil, err)
		all = append(all, page...)
	}
	facts := c.HistoryFacts(l.t.Context(), l.backend(), labKey, time.Time{})
	h := model.History{Complete: true, Wants: facts.Wants}
	h.Runs, h.Held = facts.Runs, model.Known(c.LocksOf(l.t.Context(), l.backend(), labKey))
	for i := range all {
		all[i].Facts = c.VersionFacts(l.t.Context(), l.backend(), labKey, all[i])
		if _, ask := h.Author(all, i); ask != "" {
			h.Runs.Or(model.LockRuns{}).Tell(ask, c.LockRun(l.t.Context(), l.backend(), labKey, ask))
		}
		all[i].Attribution, _ = h.Author(all, i)
	}
	h.All(all, 0)
	return all
}

func who(v model.Version) string {
	if a, ok := v.WrittenBy.Get(); ok {
		return a.Who + " " + a.OperationName()
	}
	return "? " + v.WrittenBy.Reason()
}

func TestTheLockFileTellsWhoWrote(t *testing.T) {
	l := newLab(t, model.MechanismLockfile)
	began := time.Now().Add(-time.Hour)
	l.ran(began, 1, "dave@mbp")
	l.ran(began.Add(10*time.Minute), 2, "ci@runner")
	l.at(began.Add(20*time.Minute), http.MethodPut, labKey, string(body(3, "copied over")))
	var got []string
	for _, v := range l.explained(l.client()) {
		got = append(got, who(v))
	}
	want := "? no lock file was held then: written with -lock=false, or under a lock in a table, which leaves no history, ci@runner apply, dave@mbp apply"
	if strings.Join(got, ", ") != want {
		t.Errorf("got %q", got)
	}
}

// A restore leaves its record in the lock that it took, so any machine can tell.
func TestARestoreIsKnownWithoutItsJournal(t *testing.T) {
	l := newLab(t, model.MechanismLockfile, model.MechanismDynamoDB)
	first := l.write(1, "one")
	l.write(2, "two")
	c := l.client()
	wantOutcome(t, c.Run(t.Context(), l.planRestore(c, first), []string{labKey}, nil), model.OutcomeDone)
	newest := l.explained(l.client())[0]
	if by := newest.WrittenBy.Or(model.Author{}); by.Who != "oncall@desk" || by.From != first {
		t.Errorf("written by %+v: %s", by, newest.WrittenBy.Reason())
	}
	restored := false
	for _, a := range newest.Anomalies {
		restored = restored || a.Rule == model.RuleRestored && strings.Contains(a.Text, first)
	}
	if !restored {
		t.Errorf("anomalies %v", newest.Anomalies)
	}
	authors := model.JournalAuthors(l.journal.entries, "s3://"+labBucket+"/"+labKey)
	if by := authors[newest.VersionID]; by.Who != "oncall@desk" || by.From != first {
		t.Errorf("by the journal: %+v of %v", by, authors)
	}
}

func TestTheHistoryOfALockFileIsReadAsFarAsAsked(t *testing.T) {
	l := newLab(t, model.MechanismLockfile)
	began := time.Now().Add(-1000 * time.Hour).Truncate(time.Second)
	for i := range 700 { // 1,400 entries: two pages
		l.at(began.Add(time.Duration(i)*time.Hour), http.MethodPut, labKey+".tflock", lockRaw(fmt.Sprint(i), "ci@runner"))
		l.at(began.Add(time.Duration(i)*time.Hour+time.Minute), http.MethodDelete, labKey+".tflock", "")
	}
	for name, c := range map[string]struct {
		since time.Time
		pages int
		whole bool
	}{
		"the newest run":        {began.Add(699 * time.Hour), 1, false},
		"runs of the next page": {began.Add(100 * time.Hour), 2, true},
		"all of it":             {time.Time{}, 2, true},
	} {
		t.Run(name, func(t *testing.T) {
			l.server.ResetLog()
			runs, ok := l.client().HistoryFacts(t.Context(), l.backend(), labKey, c.since).Runs.Get()
			pages := 0
			for _, r := range l.server.Requests() {
				if r.Operation == "ListObjectVersions" {
					pages++
				}
			}
			if !ok || pages != c.pages || runs.Reaches(began.Add(time.Hour)) != c.whole || !runs.Reaches(began.Add(699*time.Hour)) {
				t.Errorf("%d pages, %d runs since %v", pages, len(runs.Runs), runs.Since)
			}
		})
	}
}

func TestALockOfThePastIsReadOnce(t *testing.T) {
	l := newLab(t, model.MechanismLockfile)
	l.ran(time.Now().Add(-time.Hour), 1, "dave@mbp")
	c := l.client()
	run := c.HistoryFacts(t.Context(), l.backend(), labKey, time.Time{}).Runs.Or(model.LockRuns{}).Runs[0]
	l.server.ResetLog()
	for range 3 {
		if info, ok := c.LockRun(t.Context(), l.backend(), labKey, run.VersionID).Get(); !ok || info.Who != "dave@mbp" {
			t.Errorf("got %+v, %v", info, ok)
		}
	}
	if n := len(l.server.Requests()); n != 1 {
		t.Errorf("%d requests", n)
	}
}

// What was kept of a past lock is no reason to call its lock file unencrypted.
func TestAPastLockThatWasReadIsEncryptedAsBefore(t *testing.T) {
	l := newLab(t, model.MechanismLockfile)
	l.ran(time.Now().Add(-time.Hour), 1, "dave@mbp")
	c := l.client()
	run := c.HistoryFacts(t.Context(), l.backend(), labKey, time.Time{}).Runs.Or(model.LockRuns{}).Runs[0]
	if !c.LockRun(t.Context(), l.backend(), labKey, run.VersionID).IsKnown() {
		t.Fatal("the lock was not read")
	}
	got, err := encryptionOf(t, c, l.backend(), labKey)
	if file := shortOf(got, got.LockFile.Encryption); err != nil || file != "AES256" {
		t.Errorf("the last lock file is under %s, %v", file, err)
	}
}

func TestWhatThePastCannotTell(t *testing.T) {
	for name, c := range map[string]struct {
		deny string
		lock string
		want string
	}{
		"listing denied":      {deny: "s3:ListBucketVersions", want: "AccessDenied s3:ListBucketVersions"},
		"the lock denied":     {deny: "s3:GetObjectVersion", want: "AccessDenied s3:GetObjectVersion"},
		"the lock is no lock": {lock: "{}", want: "it is malformed: no ID"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, model.MechanismLockfile)
			now := time.Now().Add(-time.Hour)
			lock := c.lock
			if lock == "" {
				lock = lockRaw("x", "dave@mbp")
			}
			l.at(now, http.MethodPut, labKey+".tflock", lock)
			id := l.client().HistoryFacts(t.Context(), l.backend(), labKey, time.Time{}).Runs.Or(model.LockRuns{}).Runs[0].VersionID
			if c.deny != "" {
				l.server.Deny(c.deny)
			}
			runs := l.client().HistoryFacts(t.Context(), l.backend(), labKey, time.Time{}).Runs
			got := runs.Reason()
			if runs.IsKnown() {
				got = l.client().LockRun(t.Context(), l.backend(), labKey, id).Reason()
			}
			if got != c.want {
				t.Errorf("got %q", got)
			}
		})
	}
}
