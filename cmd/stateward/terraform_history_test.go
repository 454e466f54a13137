//go:build unix

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/internal/evidence"
	"github.com/stateward/stateward/model"
)

// TestRealTerraformWritesAHistory lets the real terraform do to one state what
// happens to states in years, an hour apart, and holds what is told of each
// version to what was done.
func TestRealTerraformWritesAHistory(t *testing.T) {
	t.Parallel()
	evidence.Tools(t, "terraform")
	server, err := emulator.Start(emulator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	lab := &terraformLab{endpoint: server.URL(), binary: builtBinary(t)}
	w := lab.bareWorkspace(t, everyTerraformMechanism()[2])
	writeFile(t, filepath.Join(w.dir, "fleet.tf"), historyConfiguration)
	writeFile(t, filepath.Join(w.dir, "app", "main.tf"), historyModule)
	w.terraform(0, "init", "-input=false")
	s := &historyStory{terraformWorkspace: w, server: server, now: -12 * time.Hour}
	s.live()
	s.shrink()
	s.pushOver()
	s.compare()
}

// historyStory is a workspace whose clock is set, and what was done in it.
type historyStory struct {
	*terraformWorkspace
	server *emulator.Server
	now    time.Duration // from this machine's time
	told   []toldVersion // oldest first
	bodies []string
}

// toldVersion is what must be told of a version.
type toldVersion struct {
	what      string // was done
	serial    uint64
	resources int
	change    string // "" where there is none before
	operation string // "" where the author is not known
	why       string // part of the reason for that
	rules     string
	foreign   bool // it has another lineage
}

// after lets time pass, does something, and notes what must be told of the
// version that it writes.
func (s *historyStory) after(d time.Duration, v toldVersion, do func()) {
	s.t.Helper()
	s.now += d
	now := s.now
	s.server.SetClock(func() time.Time { return time.Now().Add(now) })
	do()
	if v.serial == 0 {
		return
	}
	_, body := s.http("GET", "/"+s.bucket+"/"+s.key, nil, "")
	s.told, s.bodies = append(s.told, v), append(s.bodies, body)
}

func (s *historyStory) run(want int, args ...string) func() {
	return func() { s.t.Helper(); s.terraform(want, args...) }
}

func (s *historyStory) apply(want int, args ...string) func() {
	return s.run(want, append([]string{"apply", "-auto-approve", "-input=false"}, args...)...)
}

const opApply = "OperationTypeApply"

// live: what is done to a state on working days, and an apply that was killed,
// whose lock somebody gets round.
func (s *historyStory) live() {
	s.t.Helper()
	s.after(0, toldVersion{what: "first apply", serial: 1, resources: 15, operation: opApply}, s.apply(0))
	s.after(time.Hour, toldVersion{what: "an input changed", serial: 2, resources: 15, change: "~1", operation: opApply}, s.apply(0, "-var", "v=two"))
	s.after(time.Hour, toldVersion{what: "replaced", serial: 3, resources: 15, change: "~1", operation: opApply}, s.apply(0, "-var", "v=two", "-replace=terraform_data.server[0]"))
	s.after(time.Hour, toldVersion{what: "tainted", serial: 4, resources: 15, change: "~1", operation: "taint"}, s.run(0, "taint", "terraform_data.server[1]"))
	s.after(time.Hour, toldVersion{what: "tainted one replaced, a replacement failed", serial: 5, resources: 15, change: "~2", operation: opApply},
		s.apply(1, "-var", "v=two", "-var", "release=3", "-var", "fail=true"))
	s.after(time.Hour, toldVersion{}, s.run(0, "plan", "-input=false", "-var", "v=two"))
	s.after(time.Hour, toldVersion{what: "removed from the state", serial: 6, resources: 14, change: "-1", operation: "state-rm"}, s.run(0, "state", "rm", `terraform_data.site["x y"]`))
	s.after(time.Hour, toldVersion{what: "moved", serial: 7, resources: 14, change: "+1 -1", operation: "state-mv"}, s.run(0, "state", "mv", `terraform_data.site["z"]`, `terraform_data.site["zz"]`))
	s.after(time.Hour, toldVersion{what: "all as configured again", serial: 8, resources: 15, change: "+2 ~2 -1", operation: opApply}, s.apply(0, "-var", "v=one"))
	s.after(4*time.Hour, toldVersion{}, s.killTheNextApply)
	s.after(time.Hour, toldVersion{what: "-lock=false under the lock of a killed apply", serial: 9, resources: 15, change: "~1",
		why: whoami(s.t) + " (apply) held the lock then and kept it: if it was killed, another may have written this with -lock=false"}, s.apply(0, "-lock=false", "-var", "v=three"))
	s.after(time.Hour, toldVersion{}, func() {
		s.stateward(s.lab.endpoint, 0, "unlock", s.url(), "--lock-id", s.lockID, "--yes", "--confirm", model.TokenLive)
	})
	s.after(time.Hour, toldVersion{what: "-lock=false under no lock", serial: 10, resources: 15, change: "~1",
		why: "no lock file was held then: written with -lock=false"}, s.apply(0, "-lock=false", "-var", "v=four"))
	s.wantSuggested(-1)
}

// shrink: most of the state is destroyed, and comes back.
func (s *historyStory) shrink() {
	s.t.Helper()
	s.after(time.Hour, toldVersion{what: "overwritten", serial: 11, resources: 2, change: "-13", operation: opApply, rules: "resources-halved outputs-survive"},
		s.apply(0, "-var", "v=four", "-var", "servers=0", "-var", "sites=[]", "-var", "apps=[]"))
	good := s.wantSuggested(9)
	s.after(time.Hour, toldVersion{what: "restored", serial: 12, resources: 15, change: "+13", operation: "stateward-restore", rules: "restored-by-stateward"},
		func() { s.stateward(s.lab.endpoint, 0, "restore", s.url(), "--version-id", good, "--yes") })
	s.wantSuggested(-1)
	s.after(30*time.Second, toldVersion{what: "applied at once", serial: 13, resources: 15, change: "~1", operation: opApply, rules: "rapid-writes"}, s.apply(0, "-var", "v=five"))
}

// pushOver: an old copy of the state is pushed over it, then that of another.
func (s *historyStory) pushOver() {
	s.t.Helper()
	file := filepath.Join(s.dir, "copy.json")
	writeFile(s.t, file, s.bodies[0])
	s.after(time.Hour, toldVersion{what: "an old copy pushed", serial: 2, resources: 15, change: "~6", operation: "state-push", rules: "serial-back"}, s.run(0, "state", "push", "-force", file))
	writeFile(s.t, file, strings.Replace(s.bodies[0], `"lineage": "`, `"lineage": "f`, 1))
	s.after(time.Hour, toldVersion{what: "a foreign state pushed", serial: 2, resources: 15, operation: "state-push", rules: "lineage-changed", foreign: true}, s.run(0, "state", "push", "-force", file))
	good := s.wantSuggested(12)
	s.after(time.Hour, toldVersion{what: "restored over the foreign one", serial: 14, resources: 15, change: "~6", operation: "stateward-restore", rules: "lineage-changed restored-by-stateward"},
		func() {
			s.stateward(s.lab.endpoint, 0, "restore", s.url(), "--version-id", good, "--yes", "--confirm", model.TokenLineage)
		})
	if out := s.terraform(0, "plan", "-input=false", "-detailed-exitcode", "-var", "v=five"); !strings.Contains(out, "No changes") {
		s.t.Errorf("terraform sees changes after the restore:\n%s", out)
	}
	s.wantSuggested(-1)
}

func (s *historyStory) docs() []versionDoc {
	s.t.Helper()
	out, _ := s.stateward(s.lab.endpoint, 0, "history", s.url(), "-o", "json")
	var docs []versionDoc
	if err := json.Unmarshal([]byte(out), &docs); err != nil {
		s.t.Fatalf("%v in %s", err, out)
	}
	return docs
}

// wantSuggested demands that the version with a place among those told, and no
// other, is suggested, and is its id; -1 is none.
func (s *historyStory) wantSuggested(place int) (id string) {
	s.t.Helper()
	docs := s.docs()
	for i, d := range docs {
		if at := len(docs) - 1 - i; d.Suggested != (at == place) {
			s.t.Errorf("version %d: suggested %t, want version %d to be", at, d.Suggested, place)
		} else if d.Suggested {
			id = d.VersionID
		}
	}
	return id
}

// compare holds what is told at the end to what was done, version by version,
// and to what terraform says of the same bytes.
func (s *historyStory) compare() {
	s.t.Helper()
	docs := s.docs()
	if len(docs) != len(s.told) {
		s.t.Fatalf("%d versions, want %d", len(docs), len(s.told))
	}
	ids := map[string]string{}
	for i, want := range s.told {
		d, name := docs[len(docs)-1-i], fmt.Sprintf("version %d, %s", i, want.what)
		equal(s.t, name+": serial", *d.Serial, want.serial)
		equal(s.t, name+": resources", *d.Resources, want.resources)
		equal(s.t, name+": change", toldChange(d.Change), want.change)
		equal(s.t, name+": anomalies", strings.Join(rulesOf(d), " "), want.rules)
		equal(s.t, name+": all rules were applied", d.Unknown["anomalies"], "")
		s.compareHeader(name, d, s.bodies[i], want.foreign)
		s.compareAuthor(name, d, want)
		if d.WrittenBy != nil && d.WrittenBy.LockID != "" {
			if first, again := ids[d.WrittenBy.LockID]; again {
				s.t.Errorf("%s has the lock of %s", name, first)
			}
			ids[d.WrittenBy.LockID] = name
		}
	}
	for _, i := range []int{4, len(s.bodies) - 1} {
		equal(s.t, fmt.Sprintf("version %d as terraform shows it", i), s.shown(s.bodies[i]), s.told[i].resources)
	}
}

// compareHeader holds the header to that of the bytes that were there.
func (s *historyStory) compareHeader(name string, d versionDoc, body string, foreign bool) {
	s.t.Helper()
	var head struct {
		Serial           uint64
		Lineage          string
		TerraformVersion string `json:"terraform_version"`
	}
	if err := json.Unmarshal([]byte(body), &head); err != nil {
		s.t.Fatal(err)
	}
	equal(s.t, name+": header", []any{*d.Serial, *d.Lineage, *d.TerraformVersion}, []any{head.Serial, head.Lineage, head.TerraformVersion})
	if is := strings.HasPrefix(*d.Lineage, "f") && len(*d.Lineage) == 37; is != foreign {
		s.t.Errorf("%s: lineage %s", name, *d.Lineage)
	}
}

func (s *historyStory) compareAuthor(name string, d versionDoc, want toldVersion) {
	s.t.Helper()
	switch {
	case want.operation == "":
		equal(s.t, name+": author", d.WrittenBy, (*writerDoc)(nil))
		if !strings.Contains(d.Unknown["written_by"], want.why) {
			s.t.Errorf("%s: the author is not known: %s", name, d.Unknown["written_by"])
		}
		equal(s.t, name+": somebody may have written it", d.HeldBy != nil, strings.Contains(want.why, "kept it"))
	case d.WrittenBy == nil:
		s.t.Errorf("%s: no author: %s", name, d.Unknown["written_by"])
	default:
		equal(s.t, name+": author", d.WrittenBy.Who+" "+d.WrittenBy.Operation, whoami(s.t)+" "+want.operation)
	}
}

// shown is how many resource instances terraform show -json finds in a state.
func (s *historyStory) shown(body string) int {
	s.t.Helper()
	writeFile(s.t, filepath.Join(s.dir, "shown.json"), body)
	cmd := exec.CommandContext(s.t.Context(), "terraform", "show", "-json", "shown.json")
	cmd.Dir, cmd.Env = s.dir, s.env
	out, err := cmd.Output()
	if err != nil {
		s.t.Fatal(err)
	}
	var seen shownByTerraform
	if err := json.Unmarshal(out, &seen.doc); err != nil {
		s.t.Fatal(err)
	}
	addresses := map[string]bool{}
	collectShown(seen.doc.Values.Root, map[string]shownObject{}, addresses)
	return len(addresses)
}

func toldChange(c *changeDoc) string {
	if c == nil {
		return ""
	}
	m := model.Change{Added: c.Added, Removed: c.Removed}
	if c.Changed != nil {
		m.Changed = *c.Changed
	}
	return m.String()
}

// whoami is this user as terraform writes it into its locks.
func whoami(t *testing.T) string {
	t.Helper()
	u, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	return u.Username + "@" + host
}

// TestRealTerraformWithLocksInATable: rows leave no history, and one that is
// still held was there too when somebody wrote with -lock=false.
func TestRealTerraformWithLocksInATable(t *testing.T) {
	t.Parallel()
	evidence.Tools(t, "terraform", "moto_server")
	lab := &terraformLab{endpoint: evidence.StartMoto(t), binary: builtBinary(t)}
	w := lab.workspace(t, everyTerraformMechanism()[0])
	s := &historyStory{terraformWorkspace: w}
	w.killAnApply()
	w.terraform(0, "apply", "-auto-approve", "-input=false", "-lock=false", "-var", "v=two")
	const noFile = "no lock file was held then: written with -lock=false, or under a lock in a table, which leaves no history"
	for _, want := range []string{whoami(t) + " (apply) held the lock then and kept it: if it was killed, another may have written this with -lock=false", noFile} {
		docs := s.docs()
		equal(t, "serials", []uint64{*docs[0].Serial, *docs[1].Serial}, []uint64{2, 1})
		equal(t, "nobody is guessed", []any{docs[0].WrittenBy, docs[1].WrittenBy}, []any{(*writerDoc)(nil), (*writerDoc)(nil)})
		equal(t, "why of the newest", docs[0].Unknown["written_by"], want)
		equal(t, "who may have written the newest", docs[0].HeldBy != nil && docs[0].HeldBy.LockID == w.lockID, want != noFile)
		equal(t, "what is odd", strings.Join(rulesOf(docs[0]), " "), "rapid-writes")
		if want != noFile {
			w.stateward(lab.endpoint, 0, "unlock", w.url(), "--lock-id", w.lockID, "--yes", "--confirm", model.TokenLive)
		} else { // before, the row may be of the second in which the first version was written
			equal(t, "why of the first", docs[1].Unknown["written_by"], noFile)
		}
	}
}
