package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stateward/stateward/model"
)

// shells are those that a printed line is pasted into, as far as they are here.
// One of them is always.
func shells(t *testing.T) []string {
	t.Helper()
	var found []string
	for _, name := range []string{"sh", "dash", "bash", "zsh", "ksh"} {
		if path, err := exec.LookPath(name); err == nil {
			found = append(found, path)
		}
	}
	if len(found) == 0 {
		t.Fatal("there is no shell to paste into")
	}
	return found
}

// stubs are programs of these names that print their words, each behind a line,
// and the AWS_ variables that they were given. An aws that is asked for a session
// answers with one.
func stubs(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	script := "#!/bin/sh\n" +
		`[ "$1" = sts ] && { [ -z "$NO_SESSION" ] && printf 'AKIA\tse/c+ret=\ttoken\n'; exit "${NO_SESSION:-0}"; }` + "\n" +
		`printf '%s\0' "${0##*/}" "$@"; printf '%s\0' "env:$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY:$AWS_SESSION_TOKEN"` + "\n"
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// pasteInto runs a line in a shell in which only the stubs and the system's own
// programs are found.
func pasteInto(t *testing.T, shell, dir, line string, env ...string) (words []string, err error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), shell, "-c", line)
	cmd.Env = append([]string{"PATH=" + dir + ":/usr/bin:/bin"}, env...)
	out, err := cmd.Output()
	return strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00"), err
}

func TestEveryShellReadsTheWordsOfAPrintedLine(t *testing.T) {
	dir := stubs(t, "stateward", "aws")
	for name, word := range map[string]string{
		"quotes":                     `it's "so"`,
		"what a shell would run":     "$(touch x) `touch y` ${HOME} ; & | > < ! # * ? [a] {b,c} ~",
		"a backslash":                `a\b\\n\`,
		"a percent sign":             "100%s%%d",
		"a line break":               "a\nb",
		"many, and a quote":          "\n\na'b\r\n\tc!d%",
		"an escape sequence":         "\x1b]52;c;AAAA\x07",
		"bytes that are no text":     "\xff\xfe/k",
		"a leading dash":             "-rf",
		"a leading dash and a break": "-n\n-e",
		"like an option":             "--key=x",
		"a leading equals sign":      "=ls",
		"a tilde":                    "~root/x",
		"letters of many scripts":    "größe/Ωmega/мир/東京/שלום",
		"marks and joined signs":     "e\u0301 \U0001F468\u200d\U0001F469 กำ \u202eabc\u2028",
		"blanks at both ends":        "  a  ",
		"a key that looks like JSON": `{"S":"x"}`,
		"a variable of ours":         "$1 $@ ${1:?x}",
		"the end of a substitution":  "a)b\n",
		"an end of a quoted printf":  "')\"\x01",
		"octal beside digits":        "\x0112",
		"an exclamation and a break": "wow!!\n!x",
	} {
		t.Run(name, func(t *testing.T) {
			for _, shell := range shells(t) {
				if strings.HasSuffix(word, "\n") && !strings.HasSuffix(shell, "bash") {
					continue // the one kind of word that takes a shell of today
				}
				for _, line := range []struct {
					text string
					want []string
				}{
					{model.Program{}.Command("show", "s3://b/"+word, "--version-id", word), []string{"stateward", "show", "s3://b/" + word, "--version-id", word, "env:::"}},
					{model.Program{}.AWS(model.Access{}, "s3", "", "s3api", "head-object", "--key", word), append(append([]string{"aws", "s3api", "head-object"}, option("--key", word)...), "env:::")},
					{model.Program{}.AWS(model.Access{RoleARN: word, Profile: "p"}, "s3", "", "s3api", "head-object", "--key", "k"), []string{"aws", "s3api", "head-object", "--key", "k", "env:AKIA:se/c+ret=:token"}},
				} {
					if got, err := pasteInto(t, shell, dir, line.text); err != nil || !slices.Equal(got, line.want) {
						t.Errorf("%s: %s\ngave %q (%v)\nwant %q", shell, line.text, got, err, line.want)
					}
					if strings.ContainsFunc(line.text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
						t.Errorf("a control character in %q", line.text)
					}
				}
			}
		})
	}
}

// option is an option of aws and its value, as Program writes them.
func option(name, value string) []string {
	if strings.HasPrefix(value, "-") {
		return []string{name + "=" + value}
	}
	return []string{name, value}
}

func TestWithoutASessionOfTheRoleNothingIsRun(t *testing.T) {
	dir := stubs(t, "aws")
	role := model.Access{RoleARN: "arn:aws:iam::1:role/r"}
	mfa := role
	mfa.MFASerial = "arn:aws:iam::1:mfa/me"
	for name, c := range map[string]struct {
		at   model.Access
		env  []string
		runs bool
	}{
		"the role is refused":  {role, []string{"NO_SESSION=1"}, false},
		"an empty answer":      {role, []string{"NO_SESSION=0"}, false},
		"no MFA code is given": {mfa, nil, false},
		"an MFA code is given": {mfa, []string{"MFA_CODE=123456"}, true},
		"there is a session":   {role, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			line := model.Program{}.AWS(c.at, "s3", "", "s3api", "delete-object", "--bucket", "b", "--key", "k")
			for _, shell := range shells(t) {
				got, err := pasteInto(t, shell, dir, line, c.env...)
				if ran := err == nil && got[0] == "aws"; ran != c.runs {
					t.Errorf("%s: ran %v, %q (%v)", shell, ran, got, err)
				}
			}
		})
	}
}
