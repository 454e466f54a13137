//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stateward/stateward/aws/emulator/sample"
	"github.com/stateward/stateward/model"
)

// lockedBySomebody keeps a file locked as another process does: through a
// description of its own.
func lockedBySomebody(t *testing.T, path string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), privateDir); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, privateFile) //nolint:gosec // the test's own
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil { //nolint:gosec // descriptors are small
		t.Fatal(err)
	}
}

func TestAJournalThatAnotherProcessHasLockedHoldsNobodyUp(t *testing.T) {
	ctrlC, cancel := context.WithCancelCause(t.Context())
	cancel(signalError{os.Interrupt})
	for name, c := range map[string]struct {
		ctx      context.Context
		begun    bool
		patience time.Duration
		want     string // what the error says; "" is none
	}{
		"an operation that begins is refused":       {t.Context(), false, 30 * time.Millisecond, "which did not let go of it within 30ms"},
		"ctrl-c ends the waiting":                   {ctrlC, false, time.Hour, "signal: interrupt"},
		"an operation that has begun is carried on": {t.Context(), true, 30 * time.Millisecond, ""},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "j")
			j := journalAt(envOf(nil), path)
			t.Cleanup(func() { _ = j.Close() })
			j.patience = c.patience
			if c.begun {
				record(t, j, entry("a", "plan"))
			}
			lockedBySomebody(t, path)
			err := j.Record(c.ctx, entry("a", "step"))
			if c.want == "" {
				record(t, j, entry("a", "end"))
				entries, problems, readErr := readJournal(path)
				if err = errors.Join(err, readErr); err != nil || len(problems) > 0 || len(entries) != 3 {
					t.Errorf("%v %v, entries %v", err, problems, entries)
				}
				return
			}
			if !errors.Is(err, model.ErrJournal) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "--journal FILE") {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestAForeignLockOnTheJournalIsTold runs the built program.
func TestAForeignLockOnTheJournalIsTold(t *testing.T) {
	for name, c := range map[string]struct {
		signal os.Signal // as soon as it says what it waits for; nil sends none
		want   int
	}{
		"it gives up after a while": {nil, exitRefused},
		"it hears ctrl-c":           {syscall.SIGINT, exitCancelled},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFleet(t)
			lockedBySomebody(t, filepath.Join(f.home, ".local", "state", "stateward", "journal.jsonl"))
			r := f.start("unlock", staleURL, "--lock-id", sample.StaleLockID, "--yes")
			waitFor(t, "it says what it waits for", func() bool { return strings.Contains(r.stderr.String(), "waiting for the journal ") })
			if c.signal != nil {
				r.signal(t, c.signal)
			}
			equal(t, "exit code", exitCode(r.cmd.Wait()), c.want)
			if f.staleRow() == "" {
				t.Error("the lock was removed")
			}
			if said := r.stderr.String(); !strings.Contains(said, "journal.jsonl") {
				t.Errorf("said %s", said)
			}
		})
	}
}

func TestAJournalThatMayNotGrowStopsAnOperationBeforeItBegins(t *testing.T) {
	s := newCrashSite(t, []model.Mechanism{model.MechanismLockfile, model.MechanismDynamoDB})
	before := s.look()
	cmd := s.command(restoreArgs(s)...)
	cmd.Args = append([]string{"sh", "-c", `ulimit -f 100 && exec "$0" "$@"`}, cmd.Args...)
	cmd.Path = "/bin/sh"
	out, err := cmd.CombinedOutput()
	equal(t, "exit code", exitCode(err), exitRefused)
	if !strings.Contains(string(out), "ulimit -f") || !strings.Contains(string(out), "--journal FILE") {
		t.Errorf("said %s", out)
	}
	equal(t, "what is stored", s.look(), before)
}
