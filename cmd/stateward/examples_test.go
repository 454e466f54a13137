package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestTheExamplesWork runs every command line of the README's "Use it", and of
// the help, on the demo's fleet.
func TestTheExamplesWork(t *testing.T) {
	f := newFleet(t)
	lines := slices.Concat(linesOfTheReadme(t), linesOfTheHelp(f.app(nil, nil).commands()))
	if len(lines) < 25 {
		t.Errorf("only %d examples were found", len(lines))
	}
	version := f.suggested("s3://acme-tfstate-data/warehouse/terraform.tfstate")
	for _, line := range lines {
		args := strings.Fields(strings.ReplaceAll(line, "VERSION", version))[1:]
		if len(args) == 0 || args[0] == "demo" || strings.HasPrefix(args[0], "s3://") {
			continue // the UI: the stories of the pty open it
		}
		got := f.run(args...)
		if want := endOf(line); got.code != want {
			t.Errorf("%s\nended with %d, want %d: %s", line, got.code, want, got.stderr)
		}
	}
}

// endOf is the exit code of an example on the demo's fleet.
func endOf(line string) int {
	has := func(word string) bool { return strings.Contains(line, word) }
	switch {
	case has(" --fail-on "):
		return exitUnhealthy
	case has(" --exit-code"):
		return exitDiffers
	case has(" search arn:"): // a state of the fleet is encrypted by OpenTofu, and named as not searched
		return exitFailed
	case (has(" unlock ") || has(" restore ")) && !has(" --dry-run") && !has(" --yes"):
		return exitRefused // nobody is there to type the confirmation
	}
	return exitDone
}

func (f *fleet) suggested(state string) string {
	f.t.Helper()
	for _, v := range decode[[]versionDoc](f.t, f.run("history", state, "-o", "json")) {
		if v.Suggested {
			return v.VersionID
		}
	}
	f.t.Fatal("no version is suggested")
	return ""
}

func linesOfTheReadme(t *testing.T) []string {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(body), "## Use it")
	_, text, _ = strings.Cut(text, "```\n")
	block, _, _ := strings.Cut(text, "```")
	var lines []string
	state := ""
	for line := range strings.Lines(block) {
		line, _, _ = strings.Cut(strings.TrimSpace(line), " #")
		if after, ok := strings.CutPrefix(line, "STATE="); ok {
			state = after
		}
		if strings.HasPrefix(line, "stateward") {
			lines = append(lines, strings.ReplaceAll(line, "$STATE", state))
		}
	}
	return lines
}

func linesOfTheHelp(cmd *cobra.Command) []string {
	var lines []string
	for line := range strings.Lines(cmd.Example) {
		lines = append(lines, strings.TrimSpace(line))
	}
	for _, sub := range cmd.Commands() {
		lines = append(lines, linesOfTheHelp(sub)...)
	}
	return lines
}
