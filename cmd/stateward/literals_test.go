package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// makers is the one file that makes command lines.
const makers = "../../model/program.go"

// helpFields are what a command's help is made of. It speaks of no run, so it
// has bare commands; TestTheExamplesWork runs its examples.
func helpFields() []string { return []string{"Use", "Short", "Long", "Example"} }

// noCommand are literals that look like a command line and are none.
func noCommand() map[string]string {
	return map[string]string{
		"taken by a stateward %s on %s (pid %d)":          "who took a lock",
		"stateward %s in progress (serial %d) on %s;%s%s": "what Terraform shows of our own lock; its form is a contract",
		"stateward ":                        "before an operation's name: written by a stateward restore",
		"stateward %s%s %s %s/%s\n":         "what the command version prints",
		"stateward %s\n%s\npanic: %v\n\n%s": "the head of a crash report",
	}
}

func TestCommandLinesAreMadeInOnePlace(t *testing.T) {
	line := commandPattern()
	seen := map[string]bool{}
	for dir, files := range goFiles(t, filepath.Join("..", "..")) {
		for _, file := range files {
			if file == makers || strings.HasSuffix(file, "_test.go") {
				continue
			}
			for _, text := range literals(t, file) {
				seen[text] = true
				if _, excepted := noCommand()[text]; line.MatchString(text) && !excepted {
					t.Errorf("%s: %s holds a command line: %q", dir, filepath.Base(file), text)
				}
			}
		}
	}
	for text := range noCommand() {
		if !seen[text] {
			t.Errorf("an exception for nothing: %q", text)
		}
	}
}

// commandPattern matches a command line of aws or of stateward in a text, or the
// head of one that is put together.
func commandPattern() *regexp.Regexp {
	var own []string
	for _, c := range newApp().commands().Commands() {
		own = append(own, regexp.QuoteMeta(c.Name()))
	}
	services := "s3|s3api|s3control|dynamodb|kms|sts|sso|iam|login|configure|cloudtrail"
	return regexp.MustCompile(`(^|[^-./\w])(aws (` + services + `)\b|stateward (` + strings.Join(own, "|") + `)\b|(aws|stateward) (%|-|$))`)
}

func TestWhatLooksLikeACommandLine(t *testing.T) {
	line := commandPattern()
	for text, want := range map[string]bool{
		"aws s3api delete-object":                   true,
		"log in with aws sso login":                 true,
		"finish with: stateward recover":            true,
		"(stateward journal)":                       true,
		"stateward ":                                true,
		"aws %s":                                    true,
		"stateward --help":                          true,
		"With the aws command":                      false,
		"Start stateward without --read-only":       false,
		"stateward itself took this lock":           false,
		"terraform-stateward locks":                 false,
		"stateward runs read-only":                  false,
		"the journal of stateward, a log of it all": false,
	} {
		if got := line.MatchString(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// literals are the texts in a file, but for imports and a command's help.
func literals(t *testing.T, file string) []string {
	t.Helper()
	tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	ast.Inspect(tree, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.KeyValueExpr:
			name, ok := n.Key.(*ast.Ident)
			return !ok || !slices.Contains(helpFields(), name.Name)
		case *ast.BasicLit:
			if text, err := strconv.Unquote(n.Value); n.Kind == token.STRING && err == nil {
				texts = append(texts, text)
			}
		}
		return true
	})
	return texts
}
