package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"sync"
	"testing"

	"github.com/stateward/stateward/internal/evidence"
)

func TestMain(m *testing.M) {
	code := evidence.Main(m)
	_ = os.RemoveAll(binaryDir()) // the tests have told what there was to tell
	os.Exit(code)
}

func binaryDir() string {
	return filepath.Join(os.TempDir(), fmt.Sprintf("stateward-test-%d", os.Getpid()))
}

// buildOnce builds the program for those tests that run it as others would.
var buildOnce = sync.OnceValues(func() (string, error) {
	path := filepath.Join(binaryDir(), "stateward")
	if runtime.GOOS == "windows" {
		path += ".exe"
	}
	args := []string{"build", "-o", path}
	if raceDetected() {
		args = append(args, "-race")
	}
	out, err := exec.Command("go", append(args, ".")...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("building the program: %w\n%s", err, out)
	}
	return path, nil
})

// raceDetected reports whether the tests were built with the race detector: the
// program then is, too.
func raceDetected() bool {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return false
	}
	for _, s := range info.Settings {
		if s.Key == "-race" && s.Value == "true" {
			return true
		}
	}
	return false
}

// builtBinary is the path of the program, built once for all tests.
func builtBinary(t testing.TB) string {
	t.Helper()
	path, err := buildOnce()
	if err != nil {
		t.Fatal(err)
	}
	return path
}
