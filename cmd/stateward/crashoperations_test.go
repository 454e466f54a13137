//go:build unix

package main

import (
	"testing"

	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/aws/emulator/checker"
	"github.com/stateward/stateward/model"
)

// crashOperation is a command line, and what it may change.
type crashOperation struct {
	name    string
	mechs   []model.Mechanism
	arrange func(*crashSite)
	earlier *earlierCrash // what a recovery finds
	args    func(*crashSite) []string
	target  bool     // a version is restored
	repair  bool     // a digest is repaired
	victims []string // locks are removed
}

// earlierCrash is an operation that died before.
type earlierCrash struct {
	args func(*crashSite) []string
	dies crashPoint
}

func crashOperations() []crashOperation {
	lockfile, dynamodb := model.MechanismLockfile, model.MechanismDynamoDB
	var all []crashOperation
	for _, m := range []struct {
		name    string
		mechs   []model.Mechanism
		victims []string
	}{
		{"dynamodb", []model.Mechanism{dynamodb}, []string{crashTable}},
		{"lockfile", []model.Mechanism{lockfile}, []string{checker.LockFile}},
		{"both", []model.Mechanism{lockfile, dynamodb}, []string{checker.LockFile, crashTable}},
	} {
		ops := []crashOperation{
			{name: "unlock", arrange: (*crashSite).staleLock, args: unlockArgs, victims: m.victims},
			{name: "restore", args: restoreArgs, target: true},
		}
		if len(m.mechs) == 2 {
			ops = append(ops, crashOperation{name: "restore of a deleted state", arrange: (*crashSite).deleteState, args: restoreArgs, target: true})
		}
		ops = append(ops, recoveriesOfRestores(m.name)...)
		if m.name != "lockfile" { // which keeps no digest that could be wrong
			ops = append(ops, crashOperation{name: "repair", arrange: (*crashSite).wrongDigest, args: repairArgs, repair: true})
			ops = append(ops, recoveriesOfRepairs()...)
		}
		for _, o := range ops {
			o.name, o.mechs = o.name+", "+m.name, m.mechs
			all = append(all, o)
		}
	}
	return all
}

func recoveriesOfRestores(mechanism string) []crashOperation {
	ops := []crashOperation{
		recoveryOf("a restore that wrote nothing", restoreArgs, crashPoint{"PutObject " + crashKey, 1, false}),
		recoveryOf("a restore that wrote the state", restoreArgs, crashPoint{"PutObject " + crashKey, 1, true}),
	}
	switch mechanism {
	case "dynamodb":
		ops = append(ops, recoveryOf("a restore that set the digest", restoreArgs, crashPoint{"PutItem " + crashRow + "-md5", 1, true}))
	case "both":
		ops = append(ops,
			recoveryOf("a restore that took one lock", restoreArgs, crashPoint{"PutItem " + crashRow, 1, false}),
			recoveryOf("a restore that set the digest", restoreArgs, crashPoint{"PutItem " + crashRow + "-md5", 1, true}))
	}
	for i := range ops {
		ops[i].target = true
	}
	return ops
}

func recoveriesOfRepairs() []crashOperation {
	ops := []crashOperation{
		recoveryOf("a repair that wrote nothing", repairArgs, crashPoint{"PutItem " + crashRow + "-md5", 1, false}),
		recoveryOf("a repair that set the digest", repairArgs, crashPoint{"PutItem " + crashRow + "-md5", 1, true}),
	}
	for i := range ops {
		ops[i].repair, ops[i].arrange = true, (*crashSite).wrongDigest
	}
	return ops
}

func recoveryOf(what string, args func(*crashSite) []string, dies crashPoint) crashOperation {
	return crashOperation{name: "recover " + what, args: recoverArgs, earlier: &earlierCrash{args, dies}}
}

func unlockArgs(*crashSite) []string {
	// The state was written after the lock was taken: a sign of life.
	return []string{"unlock", crashURL, "--lock-id", crashLockID, "--yes", "--confirm", model.TokenLive}
}

func restoreArgs(s *crashSite) []string {
	return []string{"restore", crashURL, "--version-id", s.first, "--yes"}
}

func repairArgs(*crashSite) []string { return []string{"repair", crashURL, "--yes"} }

func recoverArgs(*crashSite) []string {
	return []string{"recover", crashURL, "--yes", "--confirm", model.TokenDead}
}

func (o crashOperation) prepare(s *crashSite) {
	s.t.Helper()
	if o.arrange != nil {
		o.arrange(s)
	}
}

func (o crashOperation) change(s *crashSite) checker.Change {
	c := s.change()
	c.Victims, c.Repair = o.victims, o.repair
	if o.target {
		c.Target = s.first
	}
	return c
}

// points are both sides of each request that a run sends and a dry run does not.
func (o crashOperation) points(t *testing.T) []crashPoint {
	t.Helper()
	s := newCrashSite(t, o.mechs)
	o.prepare(s)
	original := s.look()
	if o.earlier != nil {
		s.kill(o.earlier.args(s), o.earlier.dies)
	}
	planned := s.requestsOf(append(o.args(s), "--dry-run"))
	var points []crashPoint
	seen := map[string]int{}
	for _, r := range s.requestsOf(o.args(s)) {
		name := crashRequest(r)
		seen[name]++
		if seen[name] > countRequests(planned, name) {
			points = append(points, crashPoint{name, seen[name], false}, crashPoint{name, seen[name], true})
		}
	}
	if len(points) < 6 {
		t.Errorf("only %d points", len(points))
	}
	for _, wrong := range checker.Judge(original, s.look(), o.change(s)) {
		t.Error(wrong)
	}
	return points
}

// requestsOf are the requests of a command line that is left in peace.
func (s *crashSite) requestsOf(args []string) []emulator.Request {
	s.t.Helper()
	s.server.ResetLog()
	s.mustRun(args...)
	return s.server.Requests()
}

func countRequests(log []emulator.Request, name string) int {
	n := 0
	for _, r := range log {
		if crashRequest(r) == name {
			n++
		}
	}
	return n
}
