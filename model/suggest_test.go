package model

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// aged is how long before the newest version one was written.
func aged(d time.Duration) func(*Version) {
	return func(v *Version) { v.LastModified = past.Add(-d) }
}

const aDay = 24 * time.Hour

// losing is what one run stores while it destroys: counts of resources, newest
// first, 20 s apart, the newest one ago; serials go down from one.
func losing(serial uint64, ago time.Duration, counts ...int) []Version {
	var all []Version
	for i, n := range counts {
		all = append(all, stated(serial-uint64(i), n, 2, aged(ago+time.Duration(i)*20*time.Second)))
	}
	return all
}

// A state that shrank more than once: what the engineer on call expects back is
// the state before this incident, not before a change that was meant.
func TestSuggestWhereAStateShrankMoreThanOnce(t *testing.T) {
	upon := func(n int, serial uint64, resources int, newest time.Duration) []Version { // a version a day
		var all []Version
		for i := range n {
			all = append(all, stated(serial-uint64(i), resources, 2, aged(newest+time.Duration(i)*aDay)))
		}
		return all
	}
	join := func(parts ...[]Version) (all []Version) {
		for _, p := range parts {
			all = append(all, p...)
		}
		return all
	}
	one := func(v Version) []Version { return []Version{v} }
	today := one(stated(90, 3, 2, aged(0)))
	for name, c := range map[string]struct {
		versions []Version
		want     string
		says     string
		silent   string // what it does not say
	}{
		"61 to 30 three weeks ago, ten versions upon it, 30 to 3 today": {
			versions: join(today, upon(10, 60, 30, aDay), one(stated(50, 30, 2, aged(21*aDay))), upon(3, 49, 61, 22*aDay)), want: "serial 60", silent: "lost 31 of 61"},
		"61 to 30 three weeks ago, four versions upon it, 30 to 3 today": {
			versions: join(today, upon(4, 54, 30, 2*aDay), one(stated(50, 30, 2, aged(21*aDay))), upon(3, 49, 61, 22*aDay)), want: "serial 54",
			says: "Taken as meant, for it stood 21 d: Serial 50, written 2026-10-31 12:00:00 UTC: lost 31 of 61 resources"},
		"61 to 30 three weeks ago and left alone, 30 to 3 today": {
			versions: join(today, one(stated(50, 30, 2, aged(21*aDay))), upon(3, 49, 61, 22*aDay)), want: "serial 50", says: "Taken as meant, for it stood 21 d"},
		"61 to 30 to 3 within minutes": {
			versions: join(today, one(stated(50, 30, 2, aged(4*time.Minute))), upon(3, 49, 61, aDay)), want: "serial 49", says: "lost 31 of 61", silent: "meant"},
		"61 to 30 to 3 within minutes, and three applies upon that": {
			versions: join(upon(3, 93, 4, 0), one(stated(90, 3, 2, aged(3*aDay))), one(stated(50, 30, 2, aged(3*aDay+time.Hour))), upon(3, 49, 61, 4*aDay)), want: "serial 49", silent: "meant"},
		"61 to 30 this morning with an apply upon it, 30 to 3 in the evening": {
			versions: join(today, one(stated(51, 31, 2, aged(4*time.Hour))), one(stated(50, 30, 2, aged(9*time.Hour))), upon(3, 49, 61, aDay)), want: "serial 49"},
		"61 to 30 last week, and nothing since": {
			versions: join(one(stated(50, 30, 2, aged(7*aDay))), upon(3, 49, 61, 8*aDay)), want: "serial 49", silent: "meant"},
		"a state was pushed over it last month, and cut off today": {
			versions: join(one(broken("x")), upon(4, 54, 30, aDay), one(stated(50, 30, 2, lineage(lineA), aged(30*aDay))), one(stated(80, 31, 2, lineage(lineB), aged(31*aDay)))),
			want:     "serial 54", says: "Taken as meant, for it stood 30 d: Serial 50, written 2026-10-22 12:00:00 UTC: another lineage"},
		"destroyed last month, deleted today": {
			versions: join(one(marker()), one(stated(50, 0, 0, aged(30*aDay))), upon(3, 49, 61, 31*aDay)), want: "serial 50", says: "Taken as meant"},
		"destroyed and deleted": {
			versions: join(one(marker()), one(stated(50, 0, 0, aged(time.Minute))), upon(3, 49, 61, aDay)), want: "serial 49", silent: "meant"},
		"the one that was lived with cannot be restored": {
			versions: join(today, one(stated(50, 30, 2, aged(21*aDay), func(v *Version) { v.Restorable, v.WhyNot = Known(false), "its key is gone" })), upon(3, 49, 61, 22*aDay)),
			want:     "serial 49", says: "Serial 50 cannot be restored: its key is gone.", silent: "meant"},
		"a run destroyed in steps": {
			versions: join(losing(60, 0, 3, 9, 20, 30, 38, 46, 54), upon(3, 49, 61, aDay)), want: "serial 49", says: "Serial 60, written 2026-11-21 12:00:00 UTC: lost 58 of 61 resources, in steps", silent: "Serial 59"},
		"a run destroyed in steps, and stored more of them than are looked at for damage": {
			versions: join(losing(80, 0, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31, 35, 45, 55), upon(3, 49, 61, aDay)), want: "serial 49"},
		"a run replaced everything in steps": {
			versions: join(losing(60, 0, 61, 40, 20, 10, 20, 40), upon(3, 49, 61, aDay))},
		"a run destroyed in steps, and it was restored": {
			versions: join(one(stated(70, 61, 2, aged(0))), losing(60, time.Hour, 3, 9, 20, 30, 38, 46, 54), upon(3, 49, 61, aDay))},
		"a run destroyed in steps, and what was built upon it is less than half": {
			versions: join(one(stated(70, 25, 2, aged(0))), losing(60, time.Hour, 22, 30, 38, 46, 54), upon(3, 49, 61, aDay)), want: "serial 49"},
		"half lost at once, a minute after a good version": {
			versions: join(one(stated(60, 3, 2, aged(0))), one(stated(59, 61, 2, aged(time.Minute))), upon(3, 49, 60, aDay)), want: "serial 59"},
	} {
		t.Run(name, func(t *testing.T) {
			h, versions := judging(), dated(c.versions)
			h.All(versions, 0)
			got, ok := Suggest(versions)
			serial := ""
			for _, v := range versions {
				if ok && v.VersionID == got.VersionID {
					serial = fmt.Sprint("serial ", *v.Facts.Header.Or(StateHeader{}).Serial)
				}
			}
			said := strings.Join(got.Reasons, " ")
			if serial != c.want || !strings.Contains(said, c.says) || c.silent != "" && strings.Contains(said, c.silent) {
				t.Errorf("got %q, want %q: %s", serial, c.want, said)
			}
		})
	}
}

// A tool stores every 20 s what it has reached. A run whose lock file tells is
// known as one, whatever its versions lost each: what it stored on its way is
// no version to go back to.
func TestSuggestGoesBehindTheRunThatLostThem(t *testing.T) {
	minutes := func(n int) func(*Version) { return aged(time.Duration(n) * time.Minute) }
	versions := dated([]Version{
		stated(53, 3, 2, minutes(0)), stated(52, 20, 2, minutes(10)), stated(51, 55, 2, minutes(20)), // one run, slow to destroy
		stated(50, 61, 2, minutes(120)),
	})
	for name, c := range map[string]struct {
		log  []Version
		want string
	}{
		"within one run":                 {lockLog("+b", -125, "-b", -120, "+a", -30, "-a", 0), "v1"},
		"in two runs":                    {lockLog("+c", -125, "-c", -120, "+b", -30, "-b", -20, "+a", -12, "-a", 0), "v2"},
		"under locks that leave no file": {nil, "v2"},
	} {
		h := judging()
		h.Runs = Known(LockRunsOf(c.log, time.Time{}))
		h.All(versions, 0)
		if got, _ := Suggest(versions); got.VersionID != c.want {
			t.Errorf("%s: got %s, want %s: %q", name, got.VersionID, c.want, got.Reasons)
		}
	}
}

func TestWritesOfOneRunAreNotRapid(t *testing.T) {
	versions := dated([]Version{stated(8, 4, 1, after(20*time.Second)), stated(7, 4, 1)})
	for name, c := range map[string]struct {
		log   []Version
		rules string
	}{
		"within one run that goes on": {lockLog("+a", -70), ""},
		"under no lock file":          {nil, "rapid-writes"},
		"the lock file came later":    {lockLog("+a", -10), "rapid-writes"},
	} {
		h := judging()
		h.Runs = Known(LockRunsOf(c.log, time.Time{}))
		h.All(versions, 0)
		if got := rules(versions[0]); got != c.rules {
			t.Errorf("%s: got %q", name, got)
		}
	}
}
