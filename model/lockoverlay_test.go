package model

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// lockHistoryOf reads a history from a line, oldest first: "L0 D0 L5" is a lock,
// its deletion in the same second and another lock 5 s later. "N0" is a null version.
func lockHistoryOf(line string) []Version {
	start := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	var history []Version
	for i, word := range strings.Fields(line) {
		var second int
		_, _ = fmt.Sscan(word[1:], &second)
		v := Version{VersionID: fmt.Sprintf("v%d", i), LastModified: start.Add(time.Duration(second) * time.Second), DeleteMarker: word[0] == 'D'}
		if word[0] == 'N' {
			v.VersionID = nullVersionID
		}
		history = append([]Version{v}, history...)
	}
	return history
}

func TestALockUponAnotherIsFoundInTheHistory(t *testing.T) {
	for name, c := range map[string]struct {
		history string
		want    int
	}{
		"nothing":                                         {"", 0},
		"one lock":                                        {"L0", 0},
		"one run after the other":                         {"L0 D5 L10 D15 L20", 0},
		"two locks without a deletion":                    {"L0 L5", 1},
		"two locks that both ended":                       {"L0 L5 D9", 1},
		"between runs that went well":                     {"L0 D5 L10 L12 D20 L30 D40", 1},
		"three locks upon each other":                     {"L0 L5 L9", 2},
		"all in one second":                               {"L0 D0 L0 L0", 1},
		"in the second in which the run before ended":     {"L0 D9 L9 L12", 1},
		"two locks that ended, all in one second":         {"L0 L0 D0", 1},
		"two runs in one second":                          {"L0 D0 L0 D0", 0},
		"two runs in one second, the deletions last":      {"L0 L0 D0 D0", 0},
		"two runs in one second, one deletion not listed": {"D0 L0 L0", 0},
		"a history that begins with a deletion":           {"D0 L5 D9", 0},
		"versioning was off for a while":                  {"L0 N5 L9 L12", 0},
		"a bucket without versions":                       {"N0", 0},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Overlays(lockHistoryOf(c.history)); len(got) != c.want {
				t.Errorf("%+v, want %d", got, c.want)
			}
		})
	}
}

func TestOnlyTwoClientsProveThatAConditionWasIgnored(t *testing.T) {
	lock := func(id, path string) string {
		return `{"ID":"` + id + `","Operation":"OperationTypeApply","Info":"","Who":"ci@` + id + `","Version":"1.11.4","Created":"2026-03-01T10:00:00Z","Path":"` + path + `"}`
	}
	o := Overlay{}
	for name, c := range map[string]struct {
		older, newer string
		want         bool
	}{
		"two clients":                      {lock("a", "b/k"), lock("z", "b/k"), true},
		"two clients that name no path":    {lock("a", ""), lock("z", ""), true},
		"one client that repeated itself":  {lock("a", "b/k"), lock("a", "b/k"), false},
		"copies of a replicated bucket":    {lock("a", "source/k"), lock("z", "source/k"), false},
		"an empty file":                    {"", lock("z", "b/k"), false},
		"something that is no lock":        {lock("a", "b/k"), "<html></html>", false},
		"locks without an ID":              {lock("", "b/k"), lock("", "b/k"), false},
		"a bucket whose name begins alike": {lock("a", "b2/k"), lock("z", "b2/k"), false},
	} {
		t.Run(name, func(t *testing.T) {
			got := o.Proves("b", []byte(c.older), []byte(c.newer))
			if (got != "") != c.want {
				t.Errorf("%q", got)
			}
			if c.want && (!strings.Contains(got, "ci@a") || !strings.Contains(got, "ci@z") || !strings.Contains(got, "ID z")) {
				t.Errorf("does not say who: %q", got)
			}
		})
	}
}
