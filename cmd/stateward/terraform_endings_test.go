//go:build unix

package main

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/internal/evidence"
	"github.com/stateward/stateward/model"
)

// badMoment is what happens at one request of a restore, and how that then ends.
type badMoment struct {
	name    string
	at      func(emulator.Request) bool
	does    func(*terraformWorkspace, scene) *emulator.Fault
	args    []string // of the restore
	code    int
	ends    string // the command that its result names begins so; "" for none that is needed
	kept    bool   // the state is then as before
	instead []string
	slow    bool // waits in earnest
}

// scene is the restore that a moment is in.
type scene struct {
	before string        // the version that is replaced
	ended  chan struct{} // closed when the restore has ended
}

// TestRealTerraformAfterEveryEnding has a restore end in each way that is not the
// meant one. The command that the result names is run, and the real terraform then
// finds the digest right, no lock, and nothing to do.
func TestRealTerraformAfterEveryEnding(t *testing.T) {
	t.Parallel()
	evidence.Tools(t, "terraform")
	server, err := emulator.Start(emulator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() }) // nothing depends on how it ends
	lab := &terraformLab{endpoint: server.URL(), binary: builtBinary(t)}
	w := lab.workspace(t, everyTerraformMechanism()[2])
	w.terraform(0, "apply", "-auto-approve", "-input=false", "-var", "v=one")
	w.terraform(0, "apply", "-auto-approve", "-input=false", "-var", "v=two")
	now, other := "two", "one"
	moments := badMoments(w)
	played := 0
	for _, m := range moments {
		if m.slow && len(evidence.Share(moments, 2, 2)) < len(moments) {
			continue // not all of the matrix is asked for
		}
		played++
		t.Run(m.name, func(t *testing.T) {
			m.plays(t, w.in(t), server, other)
			if !m.kept {
				now, other = other, now
			}
			w.in(t).wantSettled(now)
			w.in(t).stateward(lab.endpoint, 0, "recover", w.url()) // there is nothing to recover
		})
	}
	t.Logf("endings beside terraform: %d of %d", played, len(moments))
}

func (m badMoment) plays(t *testing.T, w *terraformWorkspace, server *emulator.Server, other string) {
	t.Helper()
	history := w.history()
	target, at := w.versionWith(other, history), scene{before: history[0].VersionID, ended: make(chan struct{})}
	var hit atomic.Bool
	if m.at != nil {
		server.OnRequest(func(r emulator.Request) *emulator.Fault {
			if m.at(r) && hit.CompareAndSwap(false, true) {
				return m.does(w, at)
			}
			return nil
		})
	} else {
		m.does(w, at)
	}
	got := w.changes(m.code, append([]string{"restore", w.url(), "--version-id", target}, m.args...))
	server.OnRequest(nil)
	close(at.ended)
	if m.at != nil && !hit.Load() {
		t.Fatal("the moment never came")
	}
	if m.slow {
		waitFor(t, "the lock that is late", func() bool { return len(w.rawLocks()) > 0 })
	}
	if m.instead != nil {
		got = w.changes(0, append(slices.Clone(m.instead), w.url(), "--lock-id", w.lockOnTheWire()["ID"].(string), "--confirm", model.TokenRecord))
	}
	if m.ends == "" {
		return
	}
	if len(got.Commands) == 0 || !strings.HasPrefix(got.Commands[0], m.ends) {
		t.Fatalf("%s, next %q; want %s", got.Message, got.Next, m.ends)
	}
	if strings.HasPrefix(m.ends, "stateward repair") {
		w.stateward(w.lab.endpoint, 3, "recover", w.url()) // it does not say that all is well
	}
	finish := strings.Fields(got.Commands[0])[1:]
	if finish[0] == "recover" {
		finish = append(finish, "--confirm", "DEAD")
	}
	if strings.HasPrefix(m.ends, "stateward ") {
		w.changes(0, finish)
	}
}

// changes runs a command that changes something, and reads its result.
func (w *terraformWorkspace) changes(want int, args []string) (doc resultDoc) {
	w.t.Helper()
	out, _ := w.stateward(w.lab.endpoint, want, append(args, "--yes", "-o", "json")...)
	if args[0] == "recover" {
		return doc // a list
	}
	if err := json.Unmarshal([]byte(out), &doc); err != nil {
		w.t.Fatalf("%v in %s", err, out)
	}
	return doc
}

func badMoments(w *terraformWorkspace) []badMoment {
	puts := func(key string) func(emulator.Request) bool {
		return func(r emulator.Request) bool { return r.Operation == "PutObject" && r.Key == key }
	}
	rows := func(id string) func(emulator.Request) bool {
		return func(r emulator.Request) bool { return r.Operation == "PutItem" && itemOf(r.Body) == id }
	}
	written, digest, row := puts(w.key), rows(w.bucket+"/"+w.key+"-md5"), rows(w.bucket+"/"+w.key)
	after := func(act func(w *terraformWorkspace, at scene)) func(*terraformWorkspace, scene) *emulator.Fault {
		return func(w *terraformWorkspace, at scene) *emulator.Fault {
			return &emulator.Fault{After: func() { act(w, at) }}
		}
	}
	return []badMoment{
		{name: "the locks are taken away between the state and its digest", at: written, code: 5, ends: "stateward repair",
			does: after(func(w *terraformWorkspace, _ scene) { w.dropLocks() })},
		{name: "the table is made anew between the state and its digest", at: written, code: 5, ends: "stateward recover",
			does: after(func(w *terraformWorkspace, _ scene) { w.dropTable(); w.makeTable() })},
		{name: "the version that was written is removed after its digest was set", at: digest, code: 5, ends: "stateward recover", kept: true,
			does: after(func(w *terraformWorkspace, _ scene) { w.dropVersion(w.history()[0].VersionID) })},
		{name: "cut off after the state, and unlocked with RECORD", at: digest, code: 5, ends: "stateward repair", instead: []string{"unlock"},
			does: func(*terraformWorkspace, scene) *emulator.Fault {
				return &emulator.Fault{Status: 403, Code: "AccessDeniedException"}
			}},
		{name: "the replaced version expires", at: written, code: 0,
			does: after(func(w *terraformWorkspace, at scene) { w.dropVersion(at.before) })},
		{name: "versioning is suspended before the write", at: written, code: 0, ends: "aws s3api put-bucket-versioning",
			does: func(w *terraformWorkspace, _ scene) *emulator.Fault {
				return &emulator.Fault{Before: func() { w.versioning("Suspended") }}
			}},
		{name: "the current version is archived", code: 0, args: []string{"--confirm", model.TokenUnread},
			does: func(w *terraformWorkspace, _ scene) *emulator.Fault { w.versioning("Enabled"); w.archive(); return nil }},
		{name: "the write of a lock arrives late", at: row, code: 0, args: []string{"--timeout", "3s"}, ends: "stateward recover", slow: true,
			does: func(_ *terraformWorkspace, at scene) *emulator.Fault {
				return &emulator.Fault{Before: func() { <-at.ended }}
			}},
	}
}

func (w *terraformWorkspace) dropLocks() {
	w.http("DELETE", "/"+w.bucket+"/"+w.key+".tflock", nil, "")
	w.dynamo("DeleteItem", `{"TableName":"tflocks","Key":{"LockID":{"S":"`+w.bucket+"/"+w.key+`"}}}`)
}

func (w *terraformWorkspace) dropTable() { w.dynamo("DeleteTable", `{"TableName":"tflocks"}`) }

func (w *terraformWorkspace) dropVersion(id string) {
	w.http("DELETE", "/"+w.bucket+"/"+w.key+"?versionId="+id, nil, "")
}

func (w *terraformWorkspace) versioning(status string) {
	w.http("PUT", "/"+w.bucket+"?versioning", nil, `<VersioningConfiguration><Status>`+status+`</Status></VersioningConfiguration>`)
}

// archive puts the same bytes anew where nobody can read them.
func (w *terraformWorkspace) archive() {
	_, body := w.http("GET", "/"+w.bucket+"/"+w.key, nil, "")
	w.http("PUT", "/"+w.bucket+"/"+w.key, http.Header{"X-Amz-Storage-Class": {"GLACIER"}}, body)
}
