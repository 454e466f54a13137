//go:build unix

package main

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stateward/stateward/internal/evidence"
)

// TestPhantomLocksOfRealTerraform loses the answer to the write of a lock. The
// real terraform tries again, is refused by its own lock, and leaves it behind:
// it is found, cleared, and the next plan succeeds.
func TestPhantomLocksOfRealTerraform(t *testing.T) {
	t.Parallel()
	evidence.Tools(t, "terraform", "moto_server")
	proxy := newFaultProxy(t, evidence.StartMoto(t))
	lab := &terraformLab{endpoint: proxy.url, binary: builtBinary(t)}
	for _, c := range []struct {
		name  string
		m     mechanism
		write wireRequest
	}{
		{"phantom row", everyTerraformMechanism()[0], lockRowWrite},
		{"phantom file", everyTerraformMechanism()[1], lockFileWrite},
		{"phantom file of both", everyTerraformMechanism()[2], lockFileWrite},
		{"phantom row of both", everyTerraformMechanism()[2], lockRowWrite},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.m.name = strings.ReplaceAll(c.name, " ", "-")
			w := lab.workspace(t, c.m)
			w.terraform(0, "apply", "-auto-approve", "-input=false", "-var", "v=one")
			proxy.arm(lineFault{at: c.write, afterEffect: true})
			refusal := w.terraform(1, "plan", "-input=false", "-var", "v=one")
			proxy.wantHit(t)
			w.lockID = w.lockOnTheWire()["ID"].(string)
			if !strings.Contains(refusal, "Error acquiring the state lock") {
				t.Errorf("terraform did not meet its own lock:\n%s", refusal)
			}
			w.terraform(1, "plan", "-input=false", "-var", "v=one") // it does not go away by itself
			w.findTheLock()
			w.clearTheLock()
		})
	}
}

// TestRealTerraformAfterACrash kills the program with SIGKILL at six points of a
// restore with both mechanisms. What it left is recovered, and the real terraform
// finds nothing to do with the input that belongs to the state.
func TestRealTerraformAfterACrash(t *testing.T) {
	t.Parallel()
	evidence.Tools(t, "terraform", "moto_server")
	endpoint := evidence.StartMoto(t)
	lab := &terraformLab{endpoint: endpoint, binary: builtBinary(t)}
	w := lab.workspace(t, everyTerraformMechanism()[2])
	w.terraform(0, "apply", "-auto-approve", "-input=false", "-var", "v=one")
	w.terraform(0, "apply", "-auto-approve", "-input=false", "-var", "v=two")
	now, other := "two", "one"
	for _, p := range []struct {
		name    string
		at      lineFault
		locks   int  // that are left behind
		written bool // the state is
		digest  bool // and its digest
	}{
		{"before anything", lineFault{at: lockFileWrite}, 0, false, true},
		{"after the lock file", lineFault{at: lockFileWrite, afterEffect: true}, 1, false, true},
		{"after both locks", lineFault{at: lockRowWrite, afterEffect: true}, 2, false, true},
		{"after the state, before its digest", lineFault{at: stateWrite, afterEffect: true}, 2, true, false},
		{"after the digest, before the release", lineFault{at: digestWrite, afterEffect: true}, 2, true, true},
		{"after the release of one lock", lineFault{at: anyRelease, afterEffect: true}, 1, true, true},
	} {
		t.Run(p.name, func(t *testing.T) {
			w := w.in(t)
			w.crashARestore(w.versionWith(other, w.history()), p.at)
			if left := w.rawLocks(); len(left) != p.locks || w.digestMatches() != p.digest {
				t.Errorf("%d locks, digest right: %t; want %d, %t: it did not die where it should", len(left), w.digestMatches(), p.locks, p.digest)
			}
			w.stateward(endpoint, 0, "recover", w.url(), "--yes", "--confirm", "DEAD")
			if p.written {
				now, other = other, now
			}
			w.wantSettled(now)
		})
	}
}

// in is the workspace of a test for one of its parts.
func (w *terraformWorkspace) in(t *testing.T) *terraformWorkspace {
	part := *w
	part.t = t
	return &part
}

// crashARestore runs a restore that is killed at a request.
func (w *terraformWorkspace) crashARestore(version string, at lineFault) {
	w.t.Helper()
	proxy := newFaultProxy(w.t, w.lab.endpoint)
	cmd := exec.CommandContext(w.t.Context(), w.lab.binary, "restore", w.url(), "--version-id", version, "--yes")
	cmd.Dir, cmd.Env = w.home, slices.Concat(w.env, []string{"AWS_ENDPOINT_URL=" + proxy.url})
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	started := make(chan struct{})
	at.then = func() {
		<-started
		_ = cmd.Process.Kill() // it cannot have ended: it waits for the answer
	}
	proxy.arm(at)
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	close(started)
	_ = cmd.Wait() // its status tells more
	status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if !ok || !status.Signaled() || status.Signal() != syscall.SIGKILL {
		w.t.Fatalf("the restore was not killed: %v\n%s", cmd.ProcessState, &out)
	}
	proxy.wantHit(w.t)
}

func (w *terraformWorkspace) digestMatches() bool {
	w.t.Helper()
	_, current := w.http("GET", "/"+w.bucket+"/"+w.key, nil, "")
	sum := md5.Sum([]byte(current))
	return w.row(w.bucket+"/"+w.key+"-md5", "Digest") == hex.EncodeToString(sum[:])
}

// wantSettled: no lock, the right digest, and terraform finds nothing to do.
func (w *terraformWorkspace) wantSettled(input string) {
	w.t.Helper()
	if left := w.rawLocks(); len(left) > 0 {
		w.t.Errorf("still held: %v", left)
	}
	if !w.digestMatches() {
		w.t.Error("the digest is not that of the state")
	}
	out := w.terraform(0, "plan", "-input=false", "-detailed-exitcode", "-var", "v="+input)
	if !strings.Contains(out, "No changes") {
		w.t.Errorf("terraform sees changes:\n%s", out)
	}
}

// wireRequest tells whether a request is a certain one.
type wireRequest func(r *http.Request, body []byte) bool

func lockFileWrite(r *http.Request, _ []byte) bool {
	return r.Method == http.MethodPut && strings.HasSuffix(r.URL.Path, ".tflock")
}

func stateWrite(r *http.Request, _ []byte) bool {
	return r.Method == http.MethodPut && strings.HasSuffix(r.URL.Path, "/terraform.tfstate")
}

func lockRowWrite(r *http.Request, body []byte) bool {
	return isCall(r, "PutItem") && strings.HasSuffix(itemOf(body), "/terraform.tfstate")
}

func digestWrite(r *http.Request, body []byte) bool {
	return isCall(r, "PutItem") && strings.HasSuffix(itemOf(body), "-md5")
}

func anyRelease(r *http.Request, _ []byte) bool {
	return r.Method == http.MethodDelete || isCall(r, "DeleteItem")
}

func isCall(r *http.Request, call string) bool {
	return strings.HasSuffix(r.Header.Get("X-Amz-Target"), "."+call)
}

// itemOf is the id of the item that a PutItem puts.
func itemOf(body []byte) string {
	var in struct {
		Item map[string]struct{ S string }
	}
	if json.Unmarshal(body, &in) != nil {
		return ""
	}
	return in.Item["LockID"].S
}

// lineFault is a request that gets no answer: cut off before it has an effect or
// after.
type lineFault struct {
	at          wireRequest
	afterEffect bool
	then        func() // before the line is cut, which it then is for all that follows; nil cuts this one alone
}

// faultProxy passes requests on one at a time, until the one with the fault.
type faultProxy struct {
	url string

	mu    sync.Mutex
	pass  http.Handler
	fault *lineFault
	hit   bool
	gone  bool
}

func newFaultProxy(t *testing.T, endpoint string) *faultProxy {
	t.Helper()
	target, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	p := &faultProxy{pass: httputil.NewSingleHostReverseProxy(target)}
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	p.url = server.URL
	return p
}

// arm sets the next fault; it happens once.
func (p *faultProxy) arm(f lineFault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault, p.hit = &f, false
}

func (p *faultProxy) wantHit(t *testing.T) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.hit {
		t.Fatal("the request that was to fail never came")
	}
}

// ServeHTTP implements http.Handler.
func (p *faultProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	if err != nil || p.gone {
		cutLine(w)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	f := p.fault
	if f == nil || !f.at(r, body) {
		p.pass.ServeHTTP(w, r)
		return
	}
	if f.afterEffect {
		p.pass.ServeHTTP(httptest.NewRecorder(), r)
	}
	if f.then != nil {
		f.then()
	}
	p.fault, p.hit, p.gone = nil, true, f.then != nil
	cutLine(w)
}

// cutLine closes the connection without an answer.
func cutLine(w http.ResponseWriter) {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		_ = conn.Close() // it is thrown away
	}
}
