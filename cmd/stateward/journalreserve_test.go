package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/aws/emulator/checker"
)

func TestRoomForTheJournalIsTakenAndGivenBack(t *testing.T) {
	dir := t.TempDir()
	j := journalAt(envOf(nil), filepath.Join(dir, "j"))
	record(t, j, entry("a", "plan"))
	if j.room == nil || j.room.left != reserveAll {
		t.Fatalf("room %+v", j.room)
	}
	for pieces := 0; j.room.shrink(); pieces++ {
		info, err := j.room.file.Stat()
		if err != nil || info.Size() != j.room.left || pieces > reserveAll/reservePiece {
			t.Fatal(err, info.Size(), j.room.left)
		}
	}
	record(t, j, entry("a", "end"))
	if err := j.Close(); err != nil || j.room != nil {
		t.Error(err, j.room)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 {
		t.Errorf("%v, left behind: %v", err, left)
	}
}

// TestADiskThatFillsUpDuringAnOperationLeavesNoLocks fills the disk of the journal
// at every request of an operation, as soon as the operation has begun: on a small
// disk of its own, which the program sees in a namespace of its own.
func TestADiskThatFillsUpDuringAnOperationLeavesNoLocks(t *testing.T) {
	if runtime.GOOS != "linux" || exec.Command("unshare", "-rm", "sh", "-c", "mount -t tmpfs tmpfs /mnt").Run() != nil { //nolint:gosec,noctx // a fixed command
		fmt.Println("SKIPPED: a disk of its own for a process needs linux and unshare")
		t.Skip("no namespaces here")
	}
	for _, o := range crashOperations() {
		if o.earlier != nil || len(o.mechs) < 2 {
			continue
		}
		t.Run(o.name, func(t *testing.T) {
			t.Parallel()
			s := newCrashSite(t, o.mechs)
			o.prepare(s)
			before := s.look()
			filled := s.onASmallDisk(o.args(s)...)
			change := o.change(s)
			change.Done = true
			for _, wrong := range checker.Judge(before, s.look(), change) {
				t.Error(wrong)
			}
			if filled < 2 {
				t.Errorf("the disk was filled %d times", filled)
			}
		})
	}
}

// onASmallDisk runs the program to a good end, and counts how often the disk was
// filled up.
func (s *crashSite) onASmallDisk(args ...string) int {
	s.t.Helper()
	disk := s.t.TempDir()
	cmd := s.command(args...)
	cmd.Args = append([]string{"unshare", "-rm", "sh", "-c", `mount -t tmpfs -o size=1m tmpfs ` + disk + ` && exec "$0" "$@"`}, cmd.Args...)
	path, err := exec.LookPath("unshare")
	if err != nil {
		s.t.Fatal(err)
	}
	cmd.Path, cmd.Env = path, append(cmd.Env, "XDG_STATE_HOME="+disk)
	var out bytes.Buffer
	var filled atomic.Int64
	cmd.Stdout, cmd.Stderr = &out, &out
	born := make(chan struct{})
	s.server.OnRequest(func(r emulator.Request) *emulator.Fault {
		if r.Mutates {
			<-born
			if fill(fmt.Sprintf("/proc/%d/root%s/others", cmd.Process.Pid, disk)) {
				filled.Add(1)
			}
		}
		return nil
	})
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	close(born)
	if err := cmd.Wait(); err != nil {
		s.t.Errorf("stateward %s: %v\n%s", strings.Join(args, " "), err, &out)
	}
	s.server.OnRequest(nil)
	return int(filled.Load())
}

// fill writes to a file until nothing fits any more.
func fill(path string) bool {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, privateFile) //nolint:gosec // the test's own
	if err != nil {
		return false
	}
	defer f.Close()
	for piece := make([]byte, 4096); err == nil; {
		_, err = f.Write(piece)
	}
	return errors.Is(err, syscall.ENOSPC)
}
