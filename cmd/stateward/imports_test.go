package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/stateward/stateward/"

// arrows say which of our packages each may import; see CONTRIBUTING.md. The
// program may use ui/widget for its own tables and talk.
func arrows() map[string][]string {
	return map[string][]string{
		"model": {}, "ui/widget": {}, "aws/emulator": {}, "internal/evidence": {},
		"aws/emulator/sample": {"aws/emulator"}, "aws/emulator/checker": {"aws/emulator"},
		"ui":            {"model", "ui/widget"},
		"aws":           {"model"},
		"cmd/stateward": {"model", "ui", "ui/widget", "aws", "aws/emulator", "aws/emulator/sample"},
	}
}

func TestImportsRunInOneDirection(t *testing.T) {
	root := filepath.Join("..", "..")
	for dir, files := range goFiles(t, root) {
		allowed, known := arrows()[dir]
		if !known {
			t.Errorf("%s: a new package needs its place in arrows and a reason in its doc comment", dir)
		}
		for _, file := range files {
			for _, path := range importsOf(t, file) {
				if own, ok := strings.CutPrefix(path, module); ok && !slices.Contains(allowed, own) {
					t.Errorf("%s imports %s: the arrow runs the other way", file, path)
				}
				if why := foreign(dir, path); why != "" {
					t.Errorf("%s imports %s: %s", file, path, why)
				}
			}
		}
	}
}

// foreign says why a package must not import what is not ours.
func foreign(dir, path string) string {
	root, _, _ := strings.Cut(path, "/")
	std := !strings.Contains(root, ".")
	sdk := strings.HasPrefix(path, "github.com/aws/")
	switch {
	case sdk && dir != "aws":
		return "only aws imports the SDK"
	case strings.HasPrefix(dir, "aws/emulator") && !std && !strings.HasPrefix(path, module):
		return "the emulator is the standard library only"
	case dir == "model" && slices.Contains([]string{"os", "net", "context", "sync", "syscall"}, root):
		return "model does no I/O and knows no time but values"
	}
	return ""
}

// goFiles are the files of the program, without tests, by package directory.
func goFiles(t *testing.T, root string) map[string][]string {
	t.Helper()
	files := map[string][]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch name := d.Name(); {
		case err != nil:
			return err
		case d.IsDir() && path != root && (strings.HasPrefix(name, ".") || name == "testdata"):
			return filepath.SkipDir
		case strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go"):
			dir, err := filepath.Rel(root, filepath.Dir(path))
			files[filepath.ToSlash(dir)] = append(files[filepath.ToSlash(dir)], path)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func importsOf(t *testing.T, file string) []string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, spec := range f.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return paths
}
