package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// build is what the program knows of how it was built.
type build struct {
	Version  string  `json:"version"`
	Commit   *string `json:"commit"`
	Date     *string `json:"date"` // of the commit
	Modified bool    `json:"modified"`
	Go       string  `json:"go"`
	OS       string  `json:"os"`
	Arch     string  `json:"arch"`
}

func buildInfo() build {
	b := build{Version: version, Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if ok {
		b.read(info)
	}
	if b.Version == "" || b.Version == "(devel)" {
		b.Version = "dev"
	}
	return b
}

func (b *build) read(info *debug.BuildInfo) {
	if b.Version == "" {
		b.Version = info.Main.Version // set by go install module@version
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = text(s.Value)
		case "vcs.time":
			b.Date = text(s.Value)
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
}

// versionCommand reads neither the config nor the working directory: it works
// where everything else is broken.
func (a *app) versionCommand(f *flags) *cobra.Command {
	return &cobra.Command{
		Use:               "version",
		Short:             "Print the version",
		Args:              noArguments,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			given, err := f.options(cmd.Flags())
			if err != nil {
				return err
			}
			b := buildInfo()
			if first(outputTable, given.output) == outputJSON {
				return writeJSON(a.stdout, b)
			}
			commit := ""
			if b.Commit != nil {
				commit = " (commit " + *b.Commit + ")"
			}
			_, err = fmt.Fprintf(a.stdout, "stateward %s%s %s %s/%s\n", b.Version, commit, b.Go, b.OS, b.Arch)
			return err
		},
	}
}
