package model

import (
	"strings"
	"testing"
)

func TestALockOfWhichNotAllCouldBeReadDoesNotPass(t *testing.T) {
	lock := func(v Verdict, rules ...string) Lock {
		l := Lock{Key: "k", Mechanism: MechanismDynamoDB, Verdict: v}
		for _, r := range rules {
			l.Evidence = append(l.Evidence, Evidence{Rule: r, Text: "because of " + r, PointsTo: pointsNeutral})
		}
		return l
	}
	for name, c := range map[string]struct {
		lock Lock
		want FindingStatus
		text string
	}{
		"unclear, and all is read":                 {lock(Unclear, "nothing-written"), FindingPass, ""},
		"unclear, the past not read":               {lock(Unclear, "nothing-written", rulePastUnread), FindingUnknown, "because of past-unread"},
		"unclear, the last write not read":         {lock(Unclear, ruleWritesUnknown, "ci-job"), FindingUnknown, "because of writes-unknown"},
		"live by a write, whatever the past":       {lock(LikelyLive, "written-since", rulePastUnread), FindingPass, ""},
		"stale by what was read":                   {lock(LikelyStale, "longer-than-ever", rulePastUnread), FindingFail, ""},
		"nobody has judged it, so nobody can tell": {lock(""), FindingUnknown, "nobody has judged it"},
	} {
		t.Run(name, func(t *testing.T) {
			got := judgeStaleLock(c.lock)
			if got.status != c.want || !strings.Contains(strings.Join(got.evidence, "; "), c.text) {
				t.Errorf("%s %q, want %s %q", got.status, got.evidence, c.want, c.text)
			}
		})
	}
}
