package model

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// Every rule that can appear as evidence is explained in docs/locks.md.
func TestEveryLockRuleIsDocumented(t *testing.T) {
	var source []byte
	for _, file := range []string{"assess.go", "assesswrites.go", "assesssilence.go"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		source = append(source, text...)
	}
	docs, err := os.ReadFile("../docs/locks.md")
	if err != nil {
		t.Fatal(err)
	}
	rules := regexp.MustCompile(`(?:Evidence\{|ruleWatched = |return )"([a-z]+(?:-[a-z]+)*)"`).FindAllStringSubmatch(string(source), -1)
	if len(rules) < 20 {
		t.Fatalf("only %d rules found in the source", len(rules))
	}
	for _, r := range rules {
		if !strings.Contains(string(docs), "`"+r[1]+"`") {
			t.Errorf("rule %s is not in docs/locks.md", r[1])
		}
	}
}

// Every word that makes a name that of a secret is listed in docs/secrets.md.
func TestEveryNameOfASecretIsDocumented(t *testing.T) {
	source, err := os.ReadFile("secretnames.go")
	if err != nil {
		t.Fatal(err)
	}
	docs, err := os.ReadFile("../docs/secrets.md")
	if err != nil {
		t.Fatal(err)
	}
	_, code, _ := strings.Cut(string(source), "\n)\n") // behind the imports
	words := regexp.MustCompile(`"([a-z0-9_]+)"`).FindAllStringSubmatch(code, -1)
	if len(words) < 60 {
		t.Fatalf("only %d words found in the source", len(words))
	}
	for _, w := range words {
		if !strings.Contains(string(docs), "`"+w[1]+"`") {
			t.Errorf("%s is not in docs/secrets.md", w[1])
		}
	}
}
