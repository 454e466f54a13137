package model

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// Scripts rely on the names of the rules.
func TestEveryAnomalyIsDocumented(t *testing.T) {
	source, err := os.ReadFile("anomaly.go")
	if err != nil {
		t.Fatal(err)
	}
	docs, err := os.ReadFile("../docs/json.md")
	if err != nil {
		t.Fatal(err)
	}
	rules := regexp.MustCompile(`Rule += "([a-z-]+)"`).FindAllStringSubmatch(string(source), -1)
	if len(rules) != 12 {
		t.Fatalf("%d rules found in the source", len(rules))
	}
	for _, r := range rules {
		damage := ""
		if Rule(r[1]).Damage() {
			damage = "yes "
		}
		if !strings.Contains(string(docs), "| `"+r[1]+"` | "+damage+"|") {
			t.Errorf("rule %s is not in docs/json.md as it is", r[1])
		}
	}
}
