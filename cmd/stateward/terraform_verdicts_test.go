//go:build unix

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/internal/evidence"
)

// The table of runs and verdicts in docs/locks.md is measured: real runs, and what
// is said of their locks within seconds and, on the emulator, whose clock can be
// moved on, an hour later.
func TestVerdictsOnRunsOfRealTerraform(t *testing.T) {
	evidence.Tools(t, "terraform", "moto_server")
	t.Run("moto", func(t *testing.T) {
		measureVerdicts(&measurement{t: t, lab: &terraformLab{endpoint: evidence.StartMoto(t), binary: builtBinary(t)}})
	})
	t.Run("emulator", func(t *testing.T) {
		server, err := emulator.Start(emulator.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = server.Close() })
		measureVerdicts(&measurement{t: t, lab: &terraformLab{endpoint: server.URL(), binary: builtBinary(t)}, clock: server.SetClock})
	})
}

func measureVerdicts(m *measurement) {
	m.t.Helper()
	apply := []string{"apply", "-auto-approve", "-input=false"}
	slowly := append(slices.Clone(apply), "-var", "hang=true")
	parallel := m.workspaces("parallel", `use_lockfile = true`, "one", "two", "three")
	for _, w := range parallel {
		w.terraform(0, apply...)
	}
	for _, w := range parallel {
		w.hold(slowly...)
	}
	m.row("three applies at work at a time, on one host", parallel...)

	slow := m.workspaces("slow", `use_lockfile = true`, "app")[0]
	slow.terraform(0, apply...)
	m.times(4, func(int) { slow.terraform(0, "plan", "-input=false") })
	slow.hold(slowly...)
	m.row("a slow apply at work, after four short plans", slow)

	killed := m.workspaces("killed", `use_lockfile = true`, "app")[0]
	m.times(4, func(i int) { killed.terraform(0, append(apply, "-var", fmt.Sprint("v=", i))...) })
	killed.hold(slowly...)()
	m.row("an apply that was killed, after four short applies", killed)

	bare := m.workspaces("bare", `dynamodb_table = "tflocks"`, "app")[0]
	m.times(4, func(i int) { bare.terraform(0, append(apply, "-var", fmt.Sprint("v=", i))...) })
	bare.hold(slowly...)()
	m.row("the same with `dynamodb_table` alone, which leaves no history", bare)

	moved := m.workspaces("moved", `dynamodb_table = "tflocks"`, "app")[0]
	moved.hold(slowly...)()
	moved.m.lines = `use_lockfile = true`
	moved.writeConfiguration()
	moved.terraform(0, "init", "-reconfigure", "-input=false")
	if m.clock != nil { // what is written within seconds of a row could be of its holder
		m.clock(func() time.Time { return time.Now().Add(10 * time.Minute) })
	}
	m.times(4, func(i int) { moved.terraform(0, append(apply, "-var", fmt.Sprint("v=", i))...) })
	m.row("an apply that was killed under `dynamodb_table`, then four with `use_lockfile`", moved)
	m.compare()
}

// workspaces are workspaces in one bucket, each with its own state.
func (m *measurement) workspaces(bucket, lines string, states ...string) []*terraformWorkspace {
	m.t.Helper()
	var all []*terraformWorkspace
	for _, state := range states {
		w := m.lab.bareWorkspace(m.t, mechanism{name: bucket, lines: strings.Replace(lines, "tflocks", "tflocks-"+bucket, 1)})
		if strings.Contains(lines, "tflocks") {
			w.dynamo("CreateTable", `{"TableName":"tflocks-`+bucket+`","KeySchema":[{"AttributeName":"LockID","KeyType":"HASH"}],"AttributeDefinitions":[{"AttributeName":"LockID","AttributeType":"S"}],"BillingMode":"PAY_PER_REQUEST"}`)
		}
		w.key = state + "/terraform.tfstate"
		w.writeConfiguration()
		w.terraform(0, "init", "-input=false")
		all = append(all, w)
	}
	return all
}

func (m *measurement) times(n int, do func(int)) {
	for i := range n {
		do(i)
	}
}

// hold starts a run and waits until it is at its slow resource, under its lock. The
// run is killed by what is returned, or at the end of the test.
func (w *terraformWorkspace) hold(args ...string) (kill func()) {
	w.t.Helper()
	cmd := exec.CommandContext(w.t.Context(), "terraform", append(args, "-no-color")...)
	cmd.Dir, cmd.Env = w.dir, w.env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // the sleep of local-exec dies with it
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	dead := false
	kill = func() {
		if !dead {
			dead = true
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
			_ = cmd.Wait() // killed, as meant
		}
	}
	w.t.Cleanup(kill)
	waitFor(w.t, "the run reaches its slow resource", func() bool {
		_, err := os.Stat(filepath.Join(w.dir, "started"))
		return err == nil
	})
	return kill
}

// measurement is the table of runs and verdicts.
type measurement struct {
	t     *testing.T
	lab   *terraformLab
	clock func(func() time.Time) // of the service; nil: it cannot be moved
	rows  []string
}

// row notes what is said of the locks of these states.
func (m *measurement) row(run string, states ...*terraformWorkspace) {
	m.t.Helper()
	row := "| " + run + " | " + m.said(states) + " |"
	if m.clock != nil {
		m.clock(func() time.Time { return time.Now().Add(time.Hour) })
		row += " " + m.said(states) + " |"
		m.clock(time.Now)
	}
	m.rows = append(m.rows, row)
}

// said is the verdict about all of these locks, which the plan must share.
func (m *measurement) said(states []*terraformWorkspace) string {
	m.t.Helper()
	var all []string
	for _, w := range states {
		out, _ := w.stateward(w.lab.endpoint, 0, "locks", w.url(), "-o", "json")
		docs := decode[[]lockDoc](m.t, ended{stdout: out})
		if len(docs) != 1 {
			m.t.Fatalf("%d locks on %s, want 1", len(docs), w.url())
		}
		verdict := verdictOf(docs[0])
		plan, talk := w.stateward(w.lab.endpoint, 0, "unlock", w.url(), "--dry-run")
		if word, _, _ := strings.Cut(verdict, " ("); !strings.Contains(plan+talk, word) {
			m.t.Errorf("the list says %s of %s, the plan\n%s%s", word, w.url(), plan, talk)
		}
		if !slices.Contains(all, verdict) {
			all = append(all, verdict)
		}
	}
	return strings.Join(all, "; ")
}

// verdictOf is a verdict with the rules that decide it.
func verdictOf(d lockDoc) string {
	verdict := strings.ReplaceAll(string(d.Verdict), "-", " ")
	for _, e := range d.Evidence {
		if e.PointsTo != "neutral" {
			verdict += " (`" + e.Rule + "`)"
		}
	}
	return verdict
}

func (m *measurement) compare() {
	m.t.Helper()
	docs, err := os.ReadFile("../../docs/locks.md")
	if err != nil {
		m.t.Fatal(err)
	}
	for _, row := range m.rows {
		if !strings.Contains(string(docs), row) {
			m.t.Errorf("not in docs/locks.md: %s", row)
		}
	}
}
