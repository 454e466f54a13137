package ui

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui/widget"
)

func versionsOf(s *session) *versionsTab {
	s.t.Helper()
	page, ok := s.app.top().(*statePage)
	if !ok {
		s.t.Fatal("no state is shown")
	}
	tab, ok := page.tabs[0].(*versionsTab)
	if !ok {
		s.t.Fatal("the versions are not the first tab")
	}
	return tab
}

func (s *session) at(id string) *session {
	s.t.Helper()
	if got := versionsOf(s).list.current().VersionID; got != id {
		s.t.Fatalf("the cursor is at %s, not at %s:\n%s", got, id, s.screen())
	}
	return s
}

const suggestedID = "3HL4kqtJvjVBH40N"

func TestTheSuggestedVersionIsOneKeyAway(t *testing.T) {
	s := open(t, sampleFleet()).warehouse()
	s.sees("✖ lost most", "★ suggested", "s suggested")
	s.press("s").at(suggestedID).sees("★ suggested: Serial 57, written 2026-11-21 19:05:07 UTC by carol@laptop apply: lost 58 of 61 resources.",
		"Serial 56, written 2026-11-21 17:31:07 UTC by ci@runner-17 apply, is the last good version before that, with 61 resources")
	s.press("/").text("carol").press("enter").missing("★ suggested").press("s").at(suggestedID) // though a filter hid it
	s.press("R").sees("Restore warehouse/terraform.tfstate")
}

func TestNothingIsSuggestedWhereNothingIsWrong(t *testing.T) {
	f := sampleFleet()
	url := "s3://acme-tfstate-data/" + theKey
	f.versions[url] = f.versions[url][1:4]
	s := open(t, f).warehouse()
	s.missing("★").press("s").sees("s suggested: nothing is wrong with the newest versions")
}

func TestJumpingBetweenAnomalies(t *testing.T) {
	f := sampleFleet()
	older := f.versions["s3://acme-tfstate-data/"+theKey]
	older[7].Facts.Header = header(40) // goes back against the one before
	s := open(t, f).warehouse()
	s.press("n").at("Zx9vCn3BmQw1oEr5").sees("✖ serial 40, the version before has 49")
	s.press("n").at("Zx9vCn3BmQw1oEr5").sees("nothing odd below")
	s.press("N").at("9fK2mPq7TzWcR1sX").press("N").sees("nothing odd above")
	s.press("O").press("N").at("Zx9vCn3BmQw1oEr5") // as rows are shown
}

func TestWhoWroteIsReadOnce(t *testing.T) {
	f := sampleFleet()
	s := open(t, f).warehouse().sees("carol@laptop apply", "ci@runner-17 apply", "dave@mbp state-rm")
	runs, facts := f.count("LockRun"), f.count("VersionFacts")
	if runs != 4 {
		t.Errorf("%d locks were read for 4 runs", runs)
	}
	s.press("ctrl+r").wait(time.Minute).wait(time.Minute)
	if f.count("LockRun") != runs || f.count("VersionFacts") != facts+3 { // the one that was denied is tried again
		t.Errorf("read again: %d locks, %d versions", f.count("LockRun")-runs, f.count("VersionFacts")-facts)
	}
	if got := f.count("HistoryFacts"); got != 1 {
		t.Errorf("the past was read %d times though nothing was written since", got)
	}
}

func TestARunThatEndsIsReadAgain(t *testing.T) {
	f := sampleFleet()
	ended := f.past.history[0]
	f.past.history = f.past.history[1:] // the newest run holds its lock
	s := open(t, f).warehouse().sees("? who wrote it: carol@laptop (apply) held the lock then and kept it").sees("? carol@laptop apply")
	f.past.history = append([]model.Version{ended}, f.past.history...)
	s.press("ctrl+r").sees("carol@laptop apply").missing("? carol@laptop apply")
}

func TestWhoWroteAndWhyItIsNotKnown(t *testing.T) {
	f := sampleFleet()
	f.past.unread = "AccessDenied s3:ListBucketVersions"
	s := open(t, f).warehouse().missing("carol@laptop")
	s.sees("? who wrote it: the history of the lock file: AccessDenied s3:ListBucketVersions", "✖ lost 58 of 61")
	f.past.unread = ""
	s.press("ctrl+r").sees("carol@laptop apply")
	s.press("j", "j").sees("? who wrote it: only a plan (ci@runner-12) held the lock then, and a plan writes no state")
}

func TestOurOwnRestoreIsKnownFromTheJournal(t *testing.T) {
	f := sampleFleet()
	url := "s3://acme-tfstate-data/" + theKey
	for _, e := range []model.JournalEntry{
		{Event: "plan", Versions: map[string]string{"target": suggestedID}},
		{Event: "request", Request: &model.JournalRequest{Call: "PutObject", Target: url}},
		{Event: "answer", Answer: &model.JournalAnswer{Call: "PutObject", VersionID: "9fK2mPq7TzWcR1sX"}},
	} {
		e.ID, e.State, e.Operation, e.Operator = "op", url, model.OpRestore, "oncall@desk"
		f.entries = append(f.entries, e)
	}
	s := open(t, f).warehouse()
	s.sees("oncall@desk restore", "✓ written by a stateward restore of oncall@desk, from version "+suggestedID)
}

// longHistory gives the warehouse many versions, one an hour, each written in a
// run of its own; the lock file's history reaches back as far as it is asked for.
func longHistory(f *fake, n int) {
	url := "s3://acme-tfstate-data/" + theKey
	f.versions[url], f.past.history = nil, nil
	for i := range n {
		at := theTime.Add(-time.Duration(i) * time.Hour)
		f.versions[url] = append(f.versions[url], model.Version{VersionID: fmt.Sprintf("v%05d", i), IsLatest: i == 0, LastModified: at, Size: int64(1000 * (n - i)), ETag: "e",
			Facts: model.VersionFacts{Header: header(uint64(n - i)), Resources: model.Known(n - i), Prints: model.Known(prints(3)),
				Encryption: model.Known(model.Encryption{Algorithm: "aws:kms"})}})
		run := fmt.Sprintf("run%05d", i)
		f.past.history = append(f.past.history, model.Version{VersionID: run + "-end", DeleteMarker: true, LastModified: at.Add(time.Second)},
			model.Version{VersionID: run, LastModified: at.Add(-time.Minute)})
		f.past.infos[run] = model.Known(model.LockInfo{ID: run, Who: fmt.Sprintf("who%05d", i), Operation: "OperationTypeApply"})
	}
}

func TestOnlyRowsInSightAndAPageAheadAreRead(t *testing.T) {
	for name, size := range map[string][2]int{"80x24": {80, 24}, "120x40": {120, 40}} {
		t.Run(name, func(t *testing.T) {
			f := sampleFleet()
			longHistory(f, 1000)
			s := sized(open(t, f), size[0], size[1], "plain").warehouse()
			from, to := versionsOf(s).list.grid.Window()
			rows := to - from
			if got := f.count("Versions"); got != 1 {
				t.Errorf("%d listings", got)
			}
			for _, call := range []string{"VersionFacts", "LockRun"} {
				if got := f.count(call); got < rows || got > 2*rows {
					t.Errorf("%d times %s for %d rows on screen", got, call, rows)
				}
			}
			s.press("G").sees("who00999 apply")
			if got := f.count("VersionFacts"); got > 4*rows {
				t.Errorf("going to the end read %d versions, with %d rows on screen", got, rows)
			}
		})
	}
}

func TestTheLockFilesHistoryIsReadAsDeepAsTheRowsAre(t *testing.T) {
	f := sampleFleet()
	longHistory(f, 400)
	all := f.past.history
	f.past.history, f.past.since = all[:100], all[99].LastModified
	s := open(t, f).warehouse().sees("who00000 apply")
	if got := f.count("HistoryFacts"); got != 1 {
		t.Fatalf("asked %d times", got)
	}
	s.press("G").sees("read back to 2026-11-19 18:30:07 UTC only") // it is asked for, and there is no more
	if got := f.count("HistoryFacts"); got != 2 {
		t.Errorf("asked %d times", got)
	}
	s.press("g", "G").wait(time.Second)
	if got := f.count("HistoryFacts"); got != 2 {
		t.Errorf("asked again and again: %d times", got)
	}
}

func TestTheChartShowsWhatIsNotKnown(t *testing.T) {
	f := sampleFleet()
	longHistory(f, 1000)
	s := sized(open(t, f), 120, 40, "plain").warehouse()
	var line string
	for _, l := range strings.Split(s.screen(), "\n") {
		if strings.HasPrefix(l, " resources ") {
			line = l
		}
	}
	if !strings.Contains(line, strings.Repeat(signUnread, 75)) || !strings.Contains(line, "█  1,000 now, most 1,000") {
		t.Errorf("got %q", line)
	}
	s.sees("size ▂▂", "11 Oct 2026 ─", "─ 21 Nov 2026")
	s.resize(80, 14).missing("size ▂▂")
}

// Green is for what was verified: the current version is not before it was judged.
func TestTheCurrentVersionIsGreenOnceItWasJudged(t *testing.T) {
	tests := map[string]struct {
		version model.Version
		want    widget.Tone
	}{
		"judged, and nothing is odd":   {model.Version{Facts: model.VersionFacts{Header: header(57), Resources: model.Known(3)}, Anomalies: []model.Anomaly{}}, widget.Good},
		"not read yet":                 {model.Version{}, widget.Plain},
		"part of it could not be read": {model.Version{Facts: model.VersionFacts{Header: header(57), Resources: model.Known(3)}, Anomalies: []model.Anomaly{}, Unchecked: "AccessDenied"}, widget.Plain},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			test.version.IsLatest, test.version.VersionID = true, "v"
			tab := versionsOf(open(t, sampleFleet()).warehouse())
			if got := tab.versionNote(&test.version); got != (widget.Cell{Text: "current", Tone: test.want}) {
				t.Errorf("%+v", got)
			}
		})
	}
}
