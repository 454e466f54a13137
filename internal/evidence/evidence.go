// Package evidence is what the tests of all packages share: the real tools that
// they check against, and what they counted. It is a package of its own because
// no package of the program may know of it, and a tool that is missing must be
// told in the same way wherever it is missing.
package evidence

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Main runs the tests of a package and says loudly how many of them were skipped
// for want of a real tool.
func Main(m *testing.M) int {
	code := m.Run()
	line := missing.String()
	if line == "" {
		return code
	}
	fmt.Fprintln(os.Stderr, line)
	_ = toTerminal(line) // without a terminal there is nobody to tell
	if err := toCounts(line); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// skipped are the tests that were skipped, by what was missing and why.
type skipped struct {
	mu sync.Mutex
	by map[string]int
}

var missing skipped //nolint:gochecknoglobals // told at the end of a test binary, by Main

func (s *skipped) note(tool, why string) {
	if why == "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.by == nil {
		s.by = map[string]int{}
	}
	s.by[fmt.Sprintf("without %s (%s)", tool, why)]++
}

func (s *skipped) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var parts []string
	for what, n := range s.by {
		parts = append(parts, fmt.Sprintf("%d %s", n, what))
	}
	if len(parts) == 0 {
		return ""
	}
	slices.Sort(parts)
	return fmt.Sprintf("SKIPPED, NOT PASSED: tests of %s: %s", packageName(), strings.Join(parts, ", "))
}

// packageName is that of the test binary, which is named after it.
func packageName() string {
	name := os.Args[0][strings.LastIndexAny(os.Args[0], `/\`)+1:]
	return strings.TrimSuffix(strings.TrimSuffix(name, ".exe"), ".test")
}

// toTerminal writes where it is seen: go test keeps to itself what a package that
// passes prints, unless it is asked not to.
func toTerminal(line string) error {
	tty, err := os.OpenFile(terminal(), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = io.WriteString(tty, line+"\n")
	return errors.Join(err, tty.Close())
}

// Tells prints what a test counted, and adds it to the file STATEWARD_COUNTS, for
// the same reason.
func Tells(t testing.TB, line string) {
	t.Helper()
	fmt.Println(line)
	if err := toCounts(line); err != nil {
		t.Error(err)
	}
}

func toCounts(line string) error {
	name := os.Getenv("STATEWARD_COUNTS")
	if name == "" {
		return nil
	}
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(f, line)
	return errors.Join(err, f.Close())
}

// Share is what a run of the tests takes of a matrix: all of it with
// STATEWARD_MATRIX=all, as in CI; else one of so many, to stay quick. Under the race
// detector, which takes ten times as long, it is one of another number.
func Share[T any](all []T, plain, raced int) []T {
	step := plain
	switch {
	case raceDetected():
		step = raced
	case os.Getenv("STATEWARD_MATRIX") == "all":
		step = 1
	}
	var some []T
	for i := 0; i < len(all); i += step {
		some = append(some, all[i])
	}
	return some
}

func raceDetected() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// Tools skips the test, loudly and counted, where one of the real tools is not
// installed. STATEWARD_REQUIRE_REAL=1 makes that a failure; STATEWARD_WITHOUT_REAL
// leaves them out and says why.
func Tools(t testing.TB, names ...string) {
	t.Helper()
	for _, tool := range names {
		why := unusable(tool)
		if why == "" {
			continue
		}
		if required(tool) {
			t.Fatalf("%s is required and cannot be used: %s", tool, why)
		}
		missing.note(tool, why)
		t.Skipf("SKIPPED, NOT PASSED: nothing was checked against %s: %s", tool, why)
	}
}

// unusable says why a tool is not to be used, "" where it is.
func unusable(tool string) string {
	if why := os.Getenv("STATEWARD_WITHOUT_REAL"); why != "" {
		return why
	}
	if _, err := exec.LookPath(tool); err != nil {
		return "it is not installed"
	}
	return ""
}

func required(tool string) bool {
	return os.Getenv("STATEWARD_REQUIRE_REAL") != "" || tool == motoServer && os.Getenv("STATEWARD_REQUIRE_MOTO") != ""
}
