package model

import (
	"strings"
	"testing"
	"time"
)

// lockLog is the history of a lock file, newest first, as pairs of a kind ("+"
// taken, "-" released) and minutes after past.
func lockLog(entries ...any) []Version {
	var all []Version
	for i := 0; i < len(entries); i += 2 {
		kind, _ := entries[i].(string)
		minute, _ := entries[i+1].(int)
		v := Version{VersionID: kind[1:], DeleteMarker: kind[0] == '-', LastModified: past.Add(time.Duration(minute) * time.Minute)}
		all = append([]Version{v}, all...)
	}
	return all
}

func info(who, operation, id, version string) Fact[LockInfo] {
	return Known(LockInfo{Who: who, Operation: operation, ID: id, Version: version})
}

func TestWhoWroteAVersion(t *testing.T) {
	apply := info("ci@runner", "OperationTypeApply", "L1", "1.11.4")
	recorded := func(r RecoveryRecord) Fact[LockInfo] {
		r.ID, r.Host = "op", "desk"
		text, err := r.Info()
		if err != nil {
			t.Fatal(err)
		}
		return Known(LockInfo{Who: "oncall@desk", Operation: "stateward-" + string(r.Operation), ID: "L", Info: text})
	}
	restore := recorded(RecoveryRecord{Operation: OpRestore, From: "v3", Serial: 7, NewMD5: "5um"})
	restore8 := recorded(RecoveryRecord{Operation: OpRestore, From: "v3", Serial: 8, NewMD5: "5um"})
	repair := recorded(RecoveryRecord{Operation: OpRepair, NewMD5: "5um"})
	toVersion := recorded(RecoveryRecord{Operation: OpRepair, From: "v3", Serial: 7, NewMD5: "5um"})
	row := func(id string, minute int) Lock {
		return Lock{Mechanism: MechanismDynamoDB, Table: "t", Info: LockInfo{ID: id, Who: "dave@mbp", Operation: "OperationTypeApply", Version: "1.11.4", Created: past.Add(time.Duration(minute)*time.Minute + 300*time.Millisecond)}}
	}
	for name, c := range map[string]struct {
		log     []Version
		since   int // minutes; 0: the log is whole
		infos   map[string]Fact[LockInfo]
		rows    []Lock
		blind   string
		at      int  // minutes after past
		last    int  // when a later version was written; 0 for none
		gone    bool // it is a delete marker
		deleted int  // when the state was deleted, later; 0 for not
		tool    string
		unlog   string // why the log cannot be read
		mine    map[string]Author
		md5     string // of the version; "" for not read
		etag    string
		unread  string // why nothing of it could be read
		who     string // and its operation; "" for unknown
		ask     string
		unsure  string // part of the reason
	}{
		"within the only run":                                  {log: lockLog("+a", 0, "-a", 10), infos: map[string]Fact[LockInfo]{"a": apply}, at: 5, who: "ci@runner apply", last: 10},
		"in the second it was taken":                           {log: lockLog("+a", 0, "-a", 10), infos: map[string]Fact[LockInfo]{"a": apply}, at: 0, who: "ci@runner apply", last: 10},
		"in the second it was released":                        {log: lockLog("+a", 0, "-a", 10), infos: map[string]Fact[LockInfo]{"a": apply}, at: 10, who: "ci@runner apply"},
		"in a run that goes on":                                {log: lockLog("+a", 0), infos: map[string]Fact[LockInfo]{"a": apply}, at: 500, unsure: "ci@runner (apply) held the lock then and kept it: if it was killed"},
		"in the second run of three":                           {log: lockLog("+a", 0, "-a", 10, "+b", 20, "-b", 30, "+c", 40, "-c", 50), infos: map[string]Fact[LockInfo]{"b": apply}, at: 25, who: "ci@runner apply", last: 30},
		"the state was deleted as the lock was given back":     {log: lockLog("+a", 0, "-a", 10), infos: map[string]Fact[LockInfo]{"a": apply}, at: 5, deleted: 10, unsure: "held the lock then and kept it"},
		"its lock is not read yet":                             {log: lockLog("+a", 0, "-a", 10), at: 5, ask: "a"},
		"its lock cannot be read":                              {log: lockLog("+a", 0, "-a", 10), infos: map[string]Fact[LockInfo]{"a": Unknown[LockInfo]("AccessDenied s3:GetObjectVersion")}, at: 5, unsure: "the lock held then: AccessDenied"},
		"its lock names nobody":                                {log: lockLog("+a", 0, "-a", 10), infos: map[string]Fact[LockInfo]{"a": info("", "", "x", "")}, at: 5, unsure: "does not say by whom"},
		"between two runs":                                     {log: lockLog("+a", 0, "-a", 10, "+b", 20, "-b", 30), at: 15, unsure: "no lock file was held"},
		"one run ended as the next began":                      {log: lockLog("+a", 0, "-a", 10, "+b", 10, "-b", 20), at: 10, unsure: "more than one run"},
		"taken over without a release":                         {log: lockLog("+a", 0, "+b", 10, "-b", 20), infos: map[string]Fact[LockInfo]{"a": apply}, at: 5, who: "ci@runner apply", last: 10},
		"only a plan held it":                                  {log: lockLog("+a", 0, "-a", 10), infos: map[string]Fact[LockInfo]{"a": info("ci@runner", "OperationTypePlan", "L", "1.11.4")}, at: 5, unsure: "a plan writes no state"},
		"the run used another tool":                            {log: lockLog("+a", 0, "-a", 10), infos: map[string]Fact[LockInfo]{"a": apply}, at: 5, tool: "1.9.8", unsure: "used 1.11.4, the version is of 1.9.8"},
		"a restore writes another tool's bytes":                {log: lockLog("+a", 0, "-a", 10), infos: map[string]Fact[LockInfo]{"a": restore}, at: 5, tool: "1.9.8", who: "oncall@desk stateward-restore from v3", last: 10},
		"the log cannot be read":                               {unlog: "AccessDenied s3:ListBucketVersions", at: 5, unsure: "the history of the lock file: AccessDenied"},
		"older than the log reaches":                           {log: lockLog("-a", 10), since: 10, at: 5, unsure: "read back to 2026-11-21 12:10:00 UTC only"},
		"within what the log reaches":                          {log: lockLog("-a", 10, "+b", 20, "-b", 30), since: 10, infos: map[string]Fact[LockInfo]{"b": apply}, at: 25, who: "ci@runner apply", last: 30},
		"a row held since before":                              {rows: []Lock{row("R", 0)}, at: 5, unsure: "dave@mbp (apply) held the lock then and kept it"},
		"a row taken in the same second":                       {rows: []Lock{row("R", 5)}, at: 5, unsure: "dave@mbp (apply) held the lock then and kept it"},
		"a row taken since":                                    {rows: []Lock{row("R", 6)}, at: 5, unsure: "with -lock=false, or under a lock in a table"},
		"two rows":                                             {rows: []Lock{row("R", 0), row("S", 1)}, at: 5, unsure: "more than one run"},
		"a run and its own row":                                {log: lockLog("+a", 0, "-a", 5), infos: map[string]Fact[LockInfo]{"a": apply}, rows: []Lock{row("L1", 0)}, at: 5, who: "ci@runner apply"},
		"a killed run, written with -lock=false, and unlocked": {log: lockLog("+a", 0, "-a", 60), infos: map[string]Fact[LockInfo]{"a": apply}, at: 30, unsure: "ci@runner (apply) held the lock then and kept it: if it was killed, another may have written this with -lock=false"},
		"a killed run, taken over without a release":           {log: lockLog("+a", 0, "+b", 60), infos: map[string]Fact[LockInfo]{"a": apply}, at: 30, unsure: "held the lock then and kept it"},
		"a killed restore":                                     {log: lockLog("+a", 0), infos: map[string]Fact[LockInfo]{"a": restore}, at: 0, who: "oncall@desk stateward-restore from v3"},
		"under the lock of a killed restore":                   {log: lockLog("+a", 0), infos: map[string]Fact[LockInfo]{"a": restore}, at: 5, unsure: "oncall@desk (stateward-restore) held the lock then and kept it"},
		"beside the lock of a restore":                         {log: lockLog("+a", 0, "-a", 10), infos: map[string]Fact[LockInfo]{"a": restore8}, at: 5, last: 10, unsure: "was to write serial 8: this was written beside its lock"},
		"beside it, at once, with another serial":              {log: lockLog("+a", 0, "-a", 0), infos: map[string]Fact[LockInfo]{"a": restore8}, at: 0, unsure: "written beside its lock"},
		"beside it, with its serial and another sum":           {log: lockLog("+a", 0, "-a", 0), infos: map[string]Fact[LockInfo]{"a": restore}, at: 0, md5: "other", unsure: "written beside its lock"},
		"with the very bytes of a restore that was killed":     {log: lockLog("+a", 0), infos: map[string]Fact[LockInfo]{"a": restore}, at: 5, md5: "5um", who: "oncall@desk stateward-restore from v3"},
		"with its bytes by the ETag, unread":                   {log: lockLog("+a", 0, "-a", 0), infos: map[string]Fact[LockInfo]{"a": restore}, at: 0, etag: `"5um"`, unread: "AccessDenied s3:GetObjectVersion", who: "oncall@desk stateward-restore from v3"},
		"under a restore, of several parts, unread":            {log: lockLog("+a", 0, "-a", 0), infos: map[string]Fact[LockInfo]{"a": restore}, at: 0, etag: `"5um-2"`, unread: "AccessDenied s3:GetObjectVersion", unsure: "cannot be told: AccessDenied"},
		"under a repair of the digest":                         {log: lockLog("+a", 0, "-a", 0), infos: map[string]Fact[LockInfo]{"a": repair}, at: 0, unsure: "writes no state"},
		"by a repair that restored":                            {log: lockLog("+a", 0, "-a", 0), infos: map[string]Fact[LockInfo]{"a": toVersion}, at: 0, who: "oncall@desk stateward-repair from v3"},
		"deleted in the second of a release":                   {log: lockLog("+a", 0, "-a", 10), infos: map[string]Fact[LockInfo]{"a": apply}, at: 10, gone: true, unsure: "a state is deleted under no lock"},
		"a run and another's row":                              {log: lockLog("+a", 0), infos: map[string]Fact[LockInfo]{"a": apply}, rows: []Lock{row("R", 0)}, at: 5, unsure: "more than one run"},
		"rows that cannot be read":                             {blind: "AccessDenied dynamodb:GetItem on t", at: 5, unsure: "not read: AccessDenied dynamodb:GetItem on t"},
		"the journal knows better":                             {log: lockLog("+a", 0, "-a", 10), infos: map[string]Fact[LockInfo]{"a": apply}, at: 5, mine: map[string]Author{"v": {Who: "me@here", Operation: "stateward-restore", From: "v1"}}, who: "me@here stateward-restore from v1"},
	} {
		t.Run(name, func(t *testing.T) {
			since := time.Time{}
			if c.since > 0 {
				since = past.Add(time.Duration(c.since) * time.Minute)
			}
			runs := LockRunsOf(c.log, since)
			for id, i := range c.infos {
				if !runs.Tell(id, i) {
					t.Fatalf("no run %s", id)
				}
			}
			w := Witnesses{Runs: Known(runs), Held: Known(LockReport{Locks: c.rows}), Journal: c.mine}
			if c.blind != "" {
				w.Held = Known(LockReport{Problems: []string{c.blind}})
			}
			if c.unlog != "" {
				w.Runs = Unknown[LockRuns](c.unlog)
			}
			v := stated(7, 3, 1)
			if c.tool != "" {
				tool(c.tool)(&v)
			}
			v.VersionID, v.LastModified = "v", past.Add(time.Duration(c.at)*time.Minute)
			v.DeleteMarker = c.gone
			v.Facts.MD5, v.ETag = c.md5, c.etag
			if c.unread != "" {
				v.Facts = UnknownVersion(c.unread)
			}
			versions := []Version{v}
			if c.last > 0 || c.deleted > 0 {
				versions = []Version{stated(8, 3, 1), v}
				versions[0].LastModified = past.Add(time.Duration(max(c.last, c.deleted)) * time.Minute)
				versions[0].DeleteMarker = c.deleted > 0
			}
			told, ask := w.Author(versions, len(versions)-1)
			got := told.WrittenBy
			a := got.Or(Author{})
			who := strings.TrimSpace(a.Who + " " + a.OperationName())
			if a.From != "" {
				who += " from " + a.From
			}
			if who != c.who || ask != c.ask || !strings.Contains(got.Reason(), c.unsure) || got.IsUnknown() != (c.unsure != "") {
				t.Errorf("got %q, ask %q, reason %q", who, ask, got.Reason())
			}
			if may := told.HeldBy; (may.Who != "") != strings.Contains(got.Reason(), "kept it") || !strings.Contains(got.Reason(), may.Who) {
				t.Errorf("may have written it: %+v, reason %q", may, got.Reason())
			}
		})
	}
}

func TestNothingIsKnownBeforeTheLocksAreRead(t *testing.T) {
	v := stated(7, 3, 1)
	for name, w := range map[string]Witnesses{
		"nothing is read":       {},
		"the rows are not read": {Runs: Known(LockRunsOf(lockLog("+a", 0), time.Time{}))},
		"the runs are not read": {Held: Known(LockReport{})},
	} {
		if a, ask := w.Author([]Version{v}, 0); a != (Attribution{}) || ask != "" {
			t.Errorf("%s: got %v, ask %q", name, a, ask)
		}
	}
}

func TestJournalAuthors(t *testing.T) {
	const url = "s3://b/k"
	entry := func(id, state string, e JournalEntry) JournalEntry {
		e.ID, e.State, e.Operation, e.Operator = id, state, OpRestore, "me@here"
		return e
	}
	put := func(id, state, target, version, failed string) []JournalEntry {
		return []JournalEntry{
			entry(id, state, JournalEntry{Event: "request", Request: &JournalRequest{Call: "PutObject", Target: target}}),
			entry(id, state, JournalEntry{Event: "answer", Answer: &JournalAnswer{Call: "PutObject", VersionID: version, Error: failed}}),
		}
	}
	var entries []JournalEntry
	entries = append(entries, entry("1", url, JournalEntry{Event: "plan", Versions: map[string]string{"target": "old"}}))
	entries = append(entries, put("1", url, url+".tflock", "lock", "")...)
	entries = append(entries, put("1", url, url, "new", "")...)
	entries = append(entries, put("2", "s3://b/other", "s3://b/other", "others", "")...)
	entries = append(entries, put("3", url, url, "failed", "PreconditionFailed")...)
	entries = append(entries, put("4", url, url, "null", "")...)
	entries = append(entries, entry("5", url, JournalEntry{Event: "end", Versions: map[string]string{"new": "told"}}))
	got := JournalAuthors(entries, url)
	want := Author{Who: "me@here", Operation: "stateward-restore", From: "old"}
	if len(got) != 2 || got["new"] != want || got["told"].Who != "me@here" {
		t.Errorf("got %v", got)
	}
}
