//go:build unix

package main

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/internal/evidence"
)

// These stories run the real terraform against moto, with the built program
// beside it. Everything that is checked is read over plain HTTP, not through
// the code under test.

// mechanism is how the terraform configuration of a story locks.
type mechanism struct {
	name     string
	lines    string // of the backend block
	dynamodb bool
	lockfile bool
}

func everyTerraformMechanism() []mechanism {
	return []mechanism{
		{"dynamodb_table", `dynamodb_table = "tflocks"`, true, false},
		{"use_lockfile", `use_lockfile = true`, false, true},
		{"both", "dynamodb_table = \"tflocks\"\n    use_lockfile = true", true, true},
	}
}

func TestRealTerraformAndMoto(t *testing.T) {
	t.Parallel()
	evidence.Tools(t, "terraform", "moto_server")
	runTerraformStories(t, evidence.StartMoto(t))
}

func TestRealTerraformAndTheEmulator(t *testing.T) {
	t.Parallel()
	evidence.Tools(t, "terraform")
	server, err := emulator.Start(emulator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	runTerraformStories(t, server.URL())
}

func runTerraformStories(t *testing.T, endpoint string) {
	lab := &terraformLab{endpoint: endpoint, binary: builtBinary(t)}
	for _, m := range everyTerraformMechanism() {
		t.Run(m.name, func(t *testing.T) {
			w := lab.workspace(t, m)
			w.killAnApply()
			w.findTheLock()
			w.refuseTheWrongID()
			w.clearTheLock()
			w.restoreTheFirstVersion()
		})
	}
}

type terraformLab struct {
	endpoint string
	binary   string
}

// waitFor polls a condition. Only a failure takes minutes.
func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(3 * time.Minute)
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited three minutes in vain: %s", what)
		}
	}
}

// terraformWorkspace is one configuration with its own bucket.
type terraformWorkspace struct {
	t      *testing.T
	lab    *terraformLab
	m      mechanism
	dir    string
	home   string
	bucket string
	key    string
	lockID string
	env    []string
}

func (lab *terraformLab) workspace(t *testing.T, m mechanism) *terraformWorkspace {
	t.Helper()
	w := lab.bareWorkspace(t, m)
	w.terraform(0, "init", "-input=false")
	return w
}

// bareWorkspace is one that terraform has not initialised yet.
func (lab *terraformLab) bareWorkspace(t *testing.T, m mechanism) *terraformWorkspace {
	t.Helper()
	w := &terraformWorkspace{t: t, lab: lab, m: m, dir: t.TempDir(), home: t.TempDir(),
		bucket: "lab-" + strings.ReplaceAll(m.name, "_", "-"), key: "team/app/terraform.tfstate"}
	w.env = append(cleanEnv(), "HOME="+w.home, "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_REGION=us-east-1",
		"CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1", "AWS_EC2_METADATA_DISABLED=true")
	w.http("PUT", "/"+w.bucket, nil, "")
	w.http("PUT", "/"+w.bucket+"?versioning", nil, `<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>`)
	if m.dynamodb {
		w.makeTable()
	}
	w.writeConfiguration()
	return w
}

func (w *terraformWorkspace) makeTable() {
	w.t.Helper()
	w.dynamo("CreateTable", `{"TableName":"tflocks","KeySchema":[{"AttributeName":"LockID","KeyType":"HASH"}],"AttributeDefinitions":[{"AttributeName":"LockID","AttributeType":"S"}],"BillingMode":"PAY_PER_REQUEST"}`)
}

func (w *terraformWorkspace) writeConfiguration() {
	w.t.Helper()
	config := fmt.Sprintf(`
terraform {
  backend "s3" {
    bucket = %q
    key    = %q
    region = "us-east-1"
    %s
    endpoints = { s3 = %[4]q, dynamodb = %[4]q, sts = %[4]q, iam = %[4]q }
    use_path_style              = true
    skip_metadata_api_check     = true
    skip_region_validation      = true
    skip_credentials_validation = true
    skip_requesting_account_id  = true
  }
}
variable "v" { default = "one" }
variable "hang" { default = false }
resource "terraform_data" "a" { input = var.v }
resource "terraform_data" "slow" {
  count = var.hang ? 1 : 0
  provisioner "local-exec" { command = "touch started; sleep 120" }
}
`, w.bucket, w.key, w.m.lines, w.lab.endpoint)
	if err := os.WriteFile(filepath.Join(w.dir, "main.tf"), []byte(config), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// terraform runs the real binary and demands its exit code.
func (w *terraformWorkspace) terraform(want int, args ...string) string {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "terraform", append(args, "-no-color")...)
	cmd.Dir, cmd.Env = w.dir, w.env
	out, err := cmd.CombinedOutput()
	if got := exitCode(err); got != want {
		w.t.Fatalf("terraform %s: exit %d, want %d\n%s", strings.Join(args, " "), got, want, out)
	}
	return string(out)
}

func exitCode(err error) int {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitCode()
	}
	return -1
}

// stateward runs the built program against an endpoint and demands its exit code.
func (w *terraformWorkspace) stateward(endpoint string, want int, args ...string) (stdout, stderr string) {
	w.t.Helper()
	cmd := exec.CommandContext(w.t.Context(), w.lab.binary, args...)
	cmd.Dir, cmd.Env = w.home, slices.Concat(w.env, []string{"AWS_ENDPOINT_URL=" + endpoint})
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if got := exitCode(cmd.Run()); got != want {
		w.t.Fatalf("stateward %s: exit %d, want %d\n%s\n%s", strings.Join(args, " "), got, want, &out, &errs)
	}
	return out.String(), errs.String()
}

func (w *terraformWorkspace) url() string { return "s3://" + w.bucket + "/" + w.key }

// killAnApply leaves the lock of an apply that was killed with -9.
func (w *terraformWorkspace) killAnApply() {
	w.t.Helper()
	w.terraform(0, "apply", "-auto-approve", "-input=false", "-var", "v=one")
	w.killTheNextApply()
}

func (w *terraformWorkspace) killTheNextApply() {
	w.t.Helper()
	cmd := exec.CommandContext(w.t.Context(), "terraform", "apply", "-auto-approve", "-input=false", "-no-color", "-var", "hang=true")
	cmd.Dir, cmd.Env = w.dir, w.env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // the sleep of local-exec dies with it
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	waitFor(w.t, "the apply reaches its local-exec", func() bool {
		_, err := os.Stat(filepath.Join(w.dir, "started"))
		return err == nil
	})
	if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); err != nil {
		w.t.Fatal(err)
	}
	_ = cmd.Wait() // killed, as meant
	w.lockID = w.lockOnTheWire()["ID"].(string)
}

// lockOnTheWire is the lock that terraform wrote, read without stateward.
func (w *terraformWorkspace) lockOnTheWire() map[string]any {
	w.t.Helper()
	raw := w.rawLocks()
	if len(raw) == 0 {
		w.t.Fatal("terraform left no lock")
	}
	var info map[string]any
	if err := json.Unmarshal([]byte(raw[0]), &info); err != nil {
		w.t.Fatal(err)
	}
	return info
}

// rawLocks are the locks of this state as they are stored, lock file first.
func (w *terraformWorkspace) rawLocks() []string {
	w.t.Helper()
	var out []string
	if w.m.lockfile {
		if status, b := w.http("GET", "/"+w.bucket+"/"+w.key+".tflock", nil, ""); status == http.StatusOK {
			out = append(out, b)
		}
	}
	if w.m.dynamodb {
		if s := w.row(w.bucket+"/"+w.key, "Info"); s != "" {
			out = append(out, s)
		}
	}
	return out
}

func (w *terraformWorkspace) row(id, attribute string) string {
	w.t.Helper()
	b := w.dynamo("GetItem", fmt.Sprintf(`{"TableName":"tflocks","Key":{"LockID":{"S":%q}},"ConsistentRead":true}`, id))
	var answer struct {
		Item map[string]struct{ S string }
	}
	if err := json.Unmarshal([]byte(b), &answer); err != nil {
		w.t.Fatal(err)
	}
	return answer.Item[attribute].S
}

func (w *terraformWorkspace) dynamo(call, body string) string {
	w.t.Helper()
	_, b := w.http("POST", "/", http.Header{"X-Amz-Target": {"DynamoDB_20120810." + call}, "Content-Type": {"application/x-amz-json-1.0"},
		"Authorization": {scope("dynamodb")}}, body)
	return b
}

// scope is the header of a signed request to a service.
func scope(service string) string {
	return "AWS4-HMAC-SHA256 Credential=test/20060102/us-east-1/" + service + "/aws4_request, SignedHeaders=host, Signature=0"
}

func (w *terraformWorkspace) http(method, target string, header http.Header, body string) (int, string) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.lab.endpoint+target, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Authorization", scope("s3")) // moto checks no signature, but shows private objects to the signed only
	for k, v := range header {
		req.Header[k] = v
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// findTheLock: every mechanism's lock is listed with the ID that terraform wrote.
func (w *terraformWorkspace) findTheLock() {
	w.t.Helper()
	out, _ := w.stateward(w.lab.endpoint, 0, "locks", "s3://"+w.bucket, "-o", "json")
	var locks []struct{ ID, Bucket, Key, Mechanism, Who string }
	if err := json.Unmarshal([]byte(out), &locks); err != nil {
		w.t.Fatalf("%v in %s", err, out)
	}
	if want := len(w.rawLocks()); len(locks) != want {
		w.t.Fatalf("%d locks listed, %d are held:\n%s", len(locks), want, out)
	}
	for _, l := range locks {
		if l.ID != w.lockID || l.Bucket != w.bucket || l.Key != w.key || l.Who == "" {
			w.t.Errorf("listed %+v, terraform wrote ID %s for %s", l, w.lockID, w.url())
		}
	}
}

func (w *terraformWorkspace) refuseTheWrongID() {
	w.t.Helper()
	before := fmt.Sprint(w.rawLocks())
	_, stderr := w.stateward(w.lab.endpoint, 3, "unlock", w.url(), "--lock-id", "11111111-2222-3333-4444-555555555555", "--yes")
	if after := fmt.Sprint(w.rawLocks()); after != before {
		w.t.Errorf("the locks changed from %s to %s", before, after)
	}
	if !strings.Contains(stderr, w.lockID) {
		w.t.Errorf("the holder's ID is not named: %s", stderr)
	}
}

func (w *terraformWorkspace) clearTheLock() {
	w.t.Helper()
	w.stateward(w.lab.endpoint, 0, "unlock", w.url(), "--lock-id", w.lockID, "--yes")
	if left := w.rawLocks(); len(left) > 0 {
		w.t.Fatalf("still held: %v", left)
	}
	w.terraform(0, "plan", "-input=false", "-var", "v=one")
}

type listedVersion struct {
	VersionID string  `json:"version_id"`
	Serial    *uint64 `json:"serial"`
	IsLatest  bool    `json:"is_latest"`
}

func (w *terraformWorkspace) history() []listedVersion {
	w.t.Helper()
	out, _ := w.stateward(w.lab.endpoint, 0, "history", w.url(), "-o", "json")
	var all []listedVersion
	if err := json.Unmarshal([]byte(out), &all); err != nil {
		w.t.Fatalf("%v in %s", err, out)
	}
	return all
}

// restoreTheFirstVersion: after further applies the first version comes back,
// and terraform finds nothing to do with the first input.
func (w *terraformWorkspace) restoreTheFirstVersion() {
	w.t.Helper()
	w.terraform(0, "apply", "-auto-approve", "-input=false", "-var", "v=two")
	w.terraform(0, "apply", "-auto-approve", "-input=false", "-var", "v=three")
	history := w.history()
	first, highest := w.versionWith("one", history), uint64(0)
	for _, v := range history {
		if v.Serial == nil {
			w.t.Fatalf("a version without a serial: %+v", v)
		}
		highest = max(highest, *v.Serial)
	}
	w.restoreWhileTerraformPlans(first)
	w.afterTheRestore(highest)
}

// versionWith is the oldest version whose resource has this input.
func (w *terraformWorkspace) versionWith(input string, history []listedVersion) string {
	w.t.Helper()
	for i := len(history) - 1; i >= 0; i-- {
		_, b := w.http("GET", "/"+w.bucket+"/"+w.key+"?versionId="+history[i].VersionID, nil, "")
		if strings.Contains(b, `"value": "`+input+`"`) {
			return history[i].VersionID
		}
	}
	w.t.Fatalf("no version with input %q among %d", input, len(history))
	return ""
}

// restoreWhileTerraformPlans holds the restore at its write and plans meanwhile:
// terraform is refused, and reads whose lock it is.
func (w *terraformWorkspace) restoreWhileTerraformPlans(version string) {
	w.t.Helper()
	gate := newGate(w.t, w.lab.endpoint, func(r *http.Request) bool {
		return r.Method == http.MethodPut && strings.HasSuffix(r.URL.Path, w.key)
	})
	done := make(chan string, 1)
	go func() {
		cmd := exec.CommandContext(w.t.Context(), w.lab.binary, "restore", w.url(), "--version-id", version, "--yes")
		cmd.Dir, cmd.Env = w.home, slices.Concat(w.env, []string{"AWS_ENDPOINT_URL=" + gate.url})
		out, err := cmd.CombinedOutput()
		done <- fmt.Sprintf("exit %d\n%s", exitCode(err), out)
	}()
	select {
	case <-gate.reached:
	case out := <-done:
		w.t.Fatalf("the restore ended before it wrote: %s", out)
	}
	refusal := w.terraform(1, "plan", "-input=false", "-var", "v=one")
	if !strings.Contains(refusal, "Error acquiring the state lock") || !strings.Contains(refusal, "stateward") {
		w.t.Errorf("terraform was not refused by a lock that names stateward:\n%s", refusal)
	}
	gate.open()
	if out := <-done; !strings.HasPrefix(out, "exit 0\n") {
		w.t.Fatalf("restore: %s", out)
	}
}

func (w *terraformWorkspace) afterTheRestore(highest uint64) {
	w.t.Helper()
	out := w.terraform(0, "plan", "-input=false", "-detailed-exitcode", "-var", "v=one")
	if !strings.Contains(out, "No changes") {
		w.t.Errorf("terraform sees changes:\n%s", out)
	}
	_, current := w.http("GET", "/"+w.bucket+"/"+w.key, nil, "")
	var state struct{ Serial uint64 }
	if err := json.Unmarshal([]byte(current), &state); err != nil || state.Serial != highest+1 {
		w.t.Errorf("serial %d (%v), want %d", state.Serial, err, highest+1)
	}
	if left := w.rawLocks(); len(left) > 0 {
		w.t.Errorf("still held: %v", left)
	}
	if w.m.dynamodb {
		sum := md5.Sum([]byte(current))
		if got := w.row(w.bucket+"/"+w.key+"-md5", "Digest"); got != hex.EncodeToString(sum[:]) {
			w.t.Errorf("digest %s, the bytes have %x", got, sum)
		}
	}
}

// gate is a proxy that holds the first request that matches until it is opened.
type gate struct {
	url     string
	reached chan struct{}
	open    func()
}

func newGate(t *testing.T, endpoint string, match func(*http.Request) bool) *gate {
	t.Helper()
	target, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	reached, opened := make(chan struct{}), make(chan struct{})
	var once, release sync.Once
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if match(r) {
			once.Do(func() { close(reached) })
			<-opened
		}
		proxy.ServeHTTP(rw, r)
	}))
	g := &gate{url: server.URL, reached: reached, open: func() { release.Do(func() { close(opened) }) }}
	t.Cleanup(func() { g.open(); server.Close() })
	return g
}
