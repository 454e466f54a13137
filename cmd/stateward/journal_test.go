package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stateward/stateward/model"
)

func entry(id, event string) model.JournalEntry {
	return model.JournalEntry{ID: id, Time: time.Date(2026, 11, 21, 18, 0, 0, 0, time.UTC), Event: event,
		Operation: model.OpUnlock, State: "s3://b/" + id, Operator: "me@here"}
}

func record(t *testing.T, j *journalFile, e model.JournalEntry) {
	t.Helper()
	if err := j.Record(t.Context(), e); err != nil {
		t.Fatal(err)
	}
}

func TestJournalIsPrivateAndAppendedTo(t *testing.T) {
	home := t.TempDir()
	j := journalAt(envOf(map[string]string{"HOME": home}), "")
	path, err := j.path()
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "place", path, filepath.Join(home, ".local", "state", "stateward", "journal.jsonl"))
	if _, err := os.Stat(filepath.Dir(path)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the directory is there before the first entry: %v", err)
	}
	record(t, j, entry("a", "plan"))
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	record(t, j, entry("a", "end")) // a journal opens again
	if err := errors.Join(j.Close(), j.Close()); err != nil {
		t.Fatal(err)
	}
	entries, problems, err := readJournal(path)
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	equal(t, "entries", entries, []model.JournalEntry{entry("a", "plan"), entry("a", "end")})
	if runtime.GOOS != "windows" {
		equal(t, "mode of the file", mode(t, path), "-rw-------")
		equal(t, "mode of the directory", mode(t, filepath.Dir(path)), "drwx------")
	}
}

func mode(t *testing.T, path string) string {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().String()
}

func TestJournalFollowsItsFlagAndXDG(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct {
		env  map[string]string
		file string
		want string
	}{
		"the flag":       {map[string]string{"HOME": "/h"}, filepath.Join(dir, "j"), filepath.Join(dir, "j")},
		"XDG_STATE_HOME": {map[string]string{"HOME": "/h", "XDG_STATE_HOME": dir}, "", filepath.Join(dir, "stateward", "journal.jsonl")},
		"no home at all": {nil, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := journalAt(envOf(c.env), c.file).path()
			equal(t, "there is a place", err == nil, c.want != "")
			if c.want != "" {
				equal(t, "place", got, c.want)
			}
		})
	}
}

func TestJournalThatCannotBeWrittenSaysWhatToDo(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	writeFile(t, file, "")
	j := journalAt(envOf(nil), filepath.Join(file, "journal.jsonl")) // below a file nothing can be made
	err := j.Record(t.Context(), entry("a", "plan"))
	if !errors.Is(err, model.ErrJournal) || !strings.Contains(err.Error(), "--journal FILE") {
		t.Errorf("got %v", err)
	}
}

func TestJournalOutlivesATornLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	good, err := json.Marshal(entry("a", "end"))
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, path, string(good)+"\n\nnot an entry\n"+`{"id":"b","time":"2026-`)
	entries, problems, err := readJournal(path)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "entries", entries, []model.JournalEntry{entry("a", "end")})
	equal(t, "problems", problems, []string{"line 3 is no entry and was skipped", "line 4, the last, is cut off: the process that wrote it was killed"})

	j := journalAt(envOf(nil), path)
	record(t, j, entry("c", "plan")) // not lost in the torn line
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	entries, problems, err = readJournal(path)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "entries", entries, []model.JournalEntry{entry("a", "end"), entry("c", "plan")})
	equal(t, "problems", len(problems), 2)
}

func TestJournalSkipsALineThatIsTooLong(t *testing.T) {
	long := `{"id":"` + strings.Repeat("x", maxJournalLine+1<<16) + `"}` + "\n"
	good := `{"id":"a"}` + "\n"
	entries, problems, err := parseJournal(strings.NewReader(long + good))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "entries", len(entries), 1)
	equal(t, "problems", problems, []string{"line 1 is no entry and was skipped"})
}

// TestJournalOfSeveralProcesses runs this test binary several times at once on
// one journal.
func TestJournalOfSeveralProcesses(t *testing.T) {
	const each = 30
	if path := os.Getenv("STATEWARD_TEST_JOURNAL"); path != "" {
		j := journalAt(envOf(nil), path)
		for i := range each {
			record(t, j, entry(fmt.Sprintf("%d-%d", os.Getpid(), i), strings.Repeat("x", 5000)))
		}
		return
	}
	path := filepath.Join(t.TempDir(), "j")
	var running []*exec.Cmd
	for range 3 {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestJournalOfSeveralProcesses$")
		cmd.Env = append(os.Environ(), "STATEWARD_TEST_JOURNAL="+path)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		running = append(running, cmd)
	}
	for _, cmd := range running {
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	}
	entries, problems, err := readJournal(path)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "problems", problems, nil)
	equal(t, "entries", len(entries), 3*each)
}

func TestBackups(t *testing.T) {
	dir := t.TempDir()
	now := time.Date(2026, 11, 21, 19, 31, 7, 0, time.FixedZone("", 3600))
	d := &backupDir{journal: journalAt(envOf(nil), filepath.Join(dir, "state", "j")), now: func() time.Time { return now }}
	save := func(name, body string) string {
		path, err := d.Save(context.Background(), name, []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		if err != nil || string(got) != body {
			t.Fatalf("%q, %v", got, err)
		}
		return path
	}
	one := save("acme-team/../a b/terraform.tfstate", "body")
	equal(t, "path", one, filepath.Join(dir, "state", "backups", "20261121T183107Z-acme-team-..-a-b-terraform-230d8358dc8e.tfstate"))
	two := save("acme-team/../a b/terraform.tfstate", "body")
	equal(t, "a second one of the same second", filepath.Base(two), "20261121T183107Z-acme-team-..-a-b-terraform-230d8358dc8e-1.tfstate")
	long := save("acme-"+strings.Repeat("very/", 300)+"end/terraform.tfstate", "")
	if name := filepath.Base(long); len(name) > 200 || !strings.Contains(name, "end-terraform") {
		t.Errorf("name %s", name)
	}
	if runtime.GOOS != "windows" {
		equal(t, "mode of a backup", mode(t, one), "-rw-------")
		equal(t, "mode of the directory", mode(t, filepath.Dir(one)), "drwx------")
	}
}

func TestBackupsMakeTheirDirectoryPrivate(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "backups"), 0o755); err != nil {
		t.Fatal(err)
	}
	d := &backupDir{journal: journalAt(envOf(nil), filepath.Join(dir, "j")), now: time.Now}
	path, err := d.Save(context.Background(), "b-k", []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" {
		equal(t, "mode", mode(t, filepath.Dir(path)), "drwx------")
	}
}

func TestJournalCommand(t *testing.T) {
	w := newWorld(t)
	j := journalAt(envOf(w.env), "")
	record(t, j, entry("a", "plan"))
	end := entry("a", "end")
	end.Outcome, end.Message, end.Reason = model.OutcomeDone, "removed it", "because\nof"
	record(t, j, end)
	late := entry("late", "plan")
	late.Time = w.now()
	record(t, j, late)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args []string
		rows int
		json int
	}{
		"everything":        {nil, 2, 3},
		"since a duration":  {[]string{"--since", "1h"}, 1, 1},
		"since a date":      {[]string{"--since", "2026-11-21"}, 2, 3},
		"since a time":      {[]string{"--since", "2026-11-21T18:00:01Z"}, 1, 1},
		"of a state":        {[]string{"s3://b/a"}, 1, 2},
		"of another bucket": {[]string{"s3://c"}, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			e := w.run(append([]string{"journal"}, c.args...)...)
			equal(t, "exit code", e.code, 0)
			equal(t, "rows", max(0, strings.Count(e.stdout, "\n")-1), c.rows)
			e = w.run(append([]string{"journal", "-o", "json"}, c.args...)...)
			var entries []model.JournalEntry
			if err := json.Unmarshal([]byte(e.stdout), &entries); err != nil || entries == nil {
				t.Fatalf("%v in %q", err, e.stdout)
			}
			equal(t, "entries", len(entries), c.json)
		})
	}
}
