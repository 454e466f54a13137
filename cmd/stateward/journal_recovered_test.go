//go:build unix

package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stateward/stateward/model"
)

// A restore is killed, its recovery too, and the next recovery ends both.
func TestTheJournalSaysByWhichRecoveryAKilledRestoreIsFinished(t *testing.T) {
	s := newCrashSite(t, []model.Mechanism{model.MechanismLockfile, model.MechanismDynamoDB})
	journal := filepath.Join(t.TempDir(), "journal.jsonl")
	here := func(args ...string) []string { return append(args, "--journal", journal) }
	finish := here("recover", crashURL, "--yes", "--confirm", model.TokenDead)
	outcomes := func() []string {
		var all []string
		for _, line := range strings.Split(strings.TrimSpace(s.told(here("journal")...)), "\n")[1:] {
			for _, word := range []string{unfinished, "recovered", "done"} {
				if strings.Contains(line, "  "+word+"  ") {
					all = append(all, word)
				}
			}
		}
		return all
	}
	s.kill(here(restoreArgs(s)...), crashPoint{"PutObject " + crashKey, 1, true})
	equal(t, "outcomes while it is half done", outcomes(), []string{unfinished})
	s.kill(finish, crashPoint{"PutItem " + crashRow + "-md5", 1, true})
	equal(t, "outcomes while its recovery is half done", outcomes(), []string{unfinished, unfinished})
	s.told(finish...)
	equal(t, "outcomes at last", outcomes(), []string{"recovered", "recovered", "done"})

	var entries []model.JournalEntry
	if err := json.Unmarshal([]byte(s.told(here("journal", "-o", "json")...)), &entries); err != nil {
		t.Fatal(err)
	}
	first, last := entries[0], entries[len(entries)-1]
	if first.Operation != model.OpRestore || first.RecoveredBy != last.ID || last.Operation != model.OpRecover || last.RecoveredBy != "" {
		t.Errorf("first entry %+v\nlast entry %+v", first, last)
	}
}

// told is what the program prints.
func (s *crashSite) told(args ...string) string {
	s.t.Helper()
	cmd := s.command(args...)
	cmd.Stderr = nil
	out, err := cmd.Output()
	if err != nil {
		s.t.Fatalf("stateward %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}
