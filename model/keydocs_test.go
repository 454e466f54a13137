package model

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestEveryRuleAboutEncryptionIsDocumented holds docs/encryption.md to the rules,
// and the rules to the documentation.
func TestEveryRuleAboutEncryptionIsDocumented(t *testing.T) {
	doc, err := os.ReadFile(filepath.Join("..", "docs", "encryption.md"))
	if err != nil {
		t.Fatal(err)
	}
	code := ""
	for _, file := range []string{"keyfindings.go", "keypolicy.go", "encryptiondrift.go"} {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		code += string(src)
	}
	rules := regexp.MustCompile(`Rule(?:, d\.Tone, d\.Text, d\.Cause = |: )"([a-z-]+)"`).FindAllStringSubmatch(code, -1)
	if len(rules) < 12 {
		t.Fatalf("only %d rules found in the source", len(rules))
	}
	for _, m := range rules {
		if !strings.Contains(string(doc), "| `"+m[1]+"` |") {
			t.Errorf("%s is not documented", m[1])
		}
	}
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z-]+)` \\|").FindAllStringSubmatch(string(doc), -1) {
		if !strings.Contains(code, `"`+m[1]+`"`) {
			t.Errorf("%s is documented and is no rule", m[1])
		}
	}
}
