package evidence

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWhatIsMissing(t *testing.T) {
	for name, c := range map[string]struct {
		tool, variable, value string
		skipped               bool
	}{
		"a tool that is there":                       {tool: "go"},
		"a tool that is not there":                   {tool: "no-such-tool", skipped: true},
		"a tool that is there and must not be used":  {tool: "go", variable: "STATEWARD_WITHOUT_REAL", value: "its date is another one", skipped: true},
		"a tool that is required and there":          {tool: "go", variable: "STATEWARD_REQUIRE_REAL", value: "1"},
		"moto required does not ask for other tools": {tool: "no-such-tool", variable: "STATEWARD_REQUIRE_MOTO", value: "1", skipped: true},
	} {
		t.Run(name, func(t *testing.T) {
			for _, variable := range []string{"STATEWARD_WITHOUT_REAL", "STATEWARD_REQUIRE_REAL", "STATEWARD_REQUIRE_MOTO"} {
				t.Setenv(variable, "")
			}
			if c.variable != "" {
				t.Setenv(c.variable, c.value)
			}
			s := &skipped{}
			got := unusable(c.tool)
			s.note(c.tool, got)
			if (got != "") != c.skipped || (s.String() != "") != c.skipped {
				t.Errorf("it cannot be used because %q; told: %q", got, s)
			}
		})
	}
}

func TestSkippedTestsAreCounted(t *testing.T) {
	s := &skipped{}
	for range 3 {
		s.note("moto_server", "it is not installed")
	}
	s.note("terraform", "it is not installed")
	want := "SKIPPED, NOT PASSED: tests of evidence: 1 without terraform (it is not installed), 3 without moto_server (it is not installed)"
	if got := s.String(); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestAMotoThatDoesNotStartIsNoSkip: what is installed and broken is told with
// what it said, at once, and fails.
func TestAMotoThatDoesNotStartIsNoSkip(t *testing.T) {
	dir := t.TempDir()
	script := "#!/bin/sh\necho 'No module named moto' >&2\nexit 1\n"
	if err := os.WriteFile(filepath.Join(dir, motoServer), []byte(script), 0o700); err != nil { //nolint:gosec // a program is executable
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
	t.Setenv("STATEWARD_WITHOUT_REAL", "")
	if why := unusable(motoServer); why != "" {
		t.Skip("no shell scripts here: ", why)
	}
	if _, err := start(); err == nil || !strings.Contains(err.Error(), "does not start") || !strings.Contains(err.Error(), "No module named moto") {
		t.Errorf("error %v", err)
	}
}
