package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/aws/emulator/sample"
	"github.com/stateward/stateward/model"
)

// running is the built program under way.
type running struct {
	cmd            *exec.Cmd
	stdout, stderr lockedBuffer
}

// lockedBuffer is written by the program and looked at by the test.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// start runs the built program in the fleet's environment.
func (f *fleet) start(args ...string) *running {
	f.t.Helper()
	r := f.prepare(args...)
	if err := r.cmd.Start(); err != nil {
		f.t.Fatal(err)
	}
	return r
}

// prepare is the built program in the fleet's environment, not yet started.
func (f *fleet) prepare(args ...string) *running {
	f.t.Helper()
	if runtime.GOOS == "windows" {
		f.t.Skip("signals are sent to processes on unix only")
	}
	r := &running{cmd: exec.CommandContext(f.t.Context(), builtBinary(f.t), args...)}
	r.cmd.Env = append(cleanEnv(), "HOME="+f.home, "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_REGION=us-east-1",
		"AWS_EC2_METADATA_DISABLED=true", "AWS_ENDPOINT_URL="+f.server.URL())
	r.cmd.Dir, r.cmd.Stdout, r.cmd.Stderr = f.dir, &r.stdout, &r.stderr
	return r
}

func (r *running) signal(t *testing.T, sig os.Signal) {
	t.Helper()
	if err := r.cmd.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
}

// holdAt stops the first request of an operation until it is released.
func (f *fleet) holdAt(operation string) (reached <-chan struct{}, release func()) {
	at, open := make(chan struct{}), make(chan struct{})
	var once sync.Once
	f.server.OnRequest(func(r emulator.Request) *emulator.Fault {
		if r.Operation != operation {
			return nil
		}
		return &emulator.Fault{Before: func() {
			once.Do(func() { close(at) })
			<-open
		}}
	})
	return at, sync.OnceFunc(func() { close(open) })
}

func TestASignalLetsTheStepUnderWayFinish(t *testing.T) {
	for name, sig := range map[string]os.Signal{"INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "HUP": syscall.SIGHUP} {
		t.Run(name, func(t *testing.T) {
			f := newFleet(t)
			reached, release := f.holdAt("DeleteItem")
			defer release()
			r := f.start("unlock", staleURL, "--lock-id", sample.StaleLockID, "--yes")
			<-reached
			r.signal(t, sig)
			waitFor(t, "the signal is noticed", func() bool { return strings.Contains(r.stderr.String(), "stopping: finishing or undoing") })
			r.signal(t, sig) // impatience changes nothing
			release()
			equal(t, "exit code", exitCode(r.cmd.Wait()), exitDone)
			equal(t, "row", f.staleRow(), "")
		})
	}
}

func TestAReaderThatGoesAwayDoesNotCutAnOperationOff(t *testing.T) {
	f := newFleet(t)
	reached, release := f.holdAt("DeleteItem")
	defer release()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r := f.prepare("unlock", staleURL, "--lock-id", sample.StaleLockID, "--yes")
	r.cmd.Stdout, r.cmd.Stderr = write, write
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-reached
	for _, end := range []*os.File{read, write} { // what is printed from now on meets a closed pipe
		if err := end.Close(); err != nil {
			t.Fatal(err)
		}
	}
	release()
	equal(t, "exit code", exitCode(r.cmd.Wait()), exitDone) // it is done, though nobody hears of it
	equal(t, "row", f.staleRow(), "")
	entries, faults, err := readJournal(f.journalPath())
	if err != nil || len(faults) > 0 || entries[len(entries)-1].Outcome != model.OutcomeDone {
		t.Errorf("the journal ends with %+v, %v, %v", entries[len(entries)-1], faults, err)
	}
}

func TestASignalBeforeTheWriteUndoesTheLocks(t *testing.T) {
	f := newFleet(t)
	versions := decode[[]versionDoc](t, f.run("history", overwrittenURL, "-o", "json"))
	before := f.object(sample.OverwrittenBucket, sample.OverwrittenKey)
	reached, release := f.holdAt("PutItem") // the lock row is being taken
	defer release()
	r := f.start("restore", overwrittenURL, "--version-id", versions[1].VersionID, "--yes")
	<-reached
	r.signal(t, syscall.SIGTERM)
	waitFor(t, "the signal is noticed", func() bool { return strings.Contains(r.stderr.String(), "stopping: finishing or undoing") })
	release()
	equal(t, "exit code", exitCode(r.cmd.Wait()), exitCancelled)
	equal(t, "state", f.object(sample.OverwrittenBucket, sample.OverwrittenKey), before)
	equal(t, "lock row", f.row(sample.OverwrittenBucket+"/"+sample.OverwrittenKey, "Info"), "")
}

func TestASignalEndsAReadingCommand(t *testing.T) {
	f := newFleet(t)
	reached, release := f.holdAt("ListObjectsV2")
	defer release()
	r := f.start("states", "s3://"+sample.StaleBucket)
	<-reached
	r.signal(t, syscall.SIGINT)
	equal(t, "exit code", exitCode(r.cmd.Wait()), exitCancelled)
	equal(t, "stdout", r.stdout.String(), "")
	equal(t, "stderr", r.stderr.String(), "stateward: cancelled; nothing was changed\n")
}

func TestTheDemoIsServedUntilASignal(t *testing.T) {
	f := newFleet(t)
	r := f.start("demo", "--serve", "127.0.0.1:0")
	waitFor(t, "the environment is printed", func() bool { return strings.Contains(r.stdout.String(), "unset AWS_PROFILE") })
	if !strings.HasPrefix(r.stdout.String(), "export AWS_ENDPOINT_URL=http://127.0.0.1:") {
		t.Errorf("stdout: %s", r.stdout.String())
	}
	r.signal(t, syscall.SIGTERM)
	equal(t, "exit code", exitCode(r.cmd.Wait()), exitDone)
}

func TestASecondSignalEndsWhatHangs(t *testing.T) {
	ended := make(chan int, 1)
	s := newSignals(func(code int) { ended <- code })
	arrived, stop := make(chan os.Signal), make(chan struct{})
	defer close(stop)
	ctx, cancel := context.WithCancelCause(t.Context())
	go s.handle(ctx, arrived, stop, cancel)
	done := s.during()
	arrived <- syscall.SIGINT
	<-ctx.Done()
	arrived <- syscall.SIGINT // an operation runs: not now
	arrived <- syscall.SIGINT // the one before was handled
	equal(t, "ends while an operation runs", len(ended), 0)
	done()
	arrived <- syscall.SIGINT
	equal(t, "exit code", <-ended, exitCancelled)
	equal(t, "signalled", signalled(ctx), true)
	equal(t, "another context", signalled(t.Context()), false)
}

func TestAFaultOfTheProgramIsToldAndKept(t *testing.T) {
	w := newWorld(t)
	var stderr bytes.Buffer
	a := w.app(io.Discard, &stderr)
	equal(t, "exit code", a.crashed("index out of range\x1b[2J", []byte("goroutine 1")), exitFailed)
	path := filepath.Join(w.home, ".local", "state", "stateward", "crash-20261121T193107Z.log")
	if !strings.Contains(stderr.String(), path) || strings.Contains(stderr.String(), "goroutine") || strings.Contains(stderr.String(), "\x1b") {
		t.Errorf("stderr: %s", stderr.String())
	}
	body, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(body), "goroutine 1") {
		t.Errorf("%s, %v", body, err)
	}
	w.env = nil // no home
	equal(t, "exit code without a home", a.crashed("x", nil), exitFailed)
}
