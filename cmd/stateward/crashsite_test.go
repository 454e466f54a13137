//go:build unix

package main

import (
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/aws/emulator/checker"
	"github.com/stateward/stateward/model"
)

const (
	crashBucket = "crash-lab"
	crashTable  = "crash-locks"
	crashKey    = "app/terraform.tfstate"
	crashURL    = "s3://" + crashBucket + "/" + crashKey
	crashRow    = crashBucket + "/" + crashKey
	crashLockID = "71d89b36-316e-9845-07df-19d02b854eb1"
)

// crashSite is a state with three versions, the highest serial in the middle,
// and a locked neighbour, behind an endpoint of its own.
type crashSite struct {
	t      *testing.T
	server *emulator.Server
	binary string
	mechs  []model.Mechanism
	first  string // the version that restores are about
}

func newCrashSite(t *testing.T, mechs []model.Mechanism) *crashSite {
	t.Helper()
	server, err := emulator.Start(emulator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	s := &crashSite{t: t, server: server, binary: builtBinary(t), mechs: mechs}
	s.do("PUT", "/"+crashBucket, "")
	s.do("PUT", "/"+crashBucket+"?versioning", `<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>`)
	s.dynamo("CreateTable", fmt.Sprintf(`{"TableName":%q,"KeySchema":[{"AttributeName":"LockID","KeyType":"HASH"}],"AttributeDefinitions":[{"AttributeName":"LockID","AttributeType":"S"}],"BillingMode":"PAY_PER_REQUEST"}`, crashTable))
	s.write(1, "one")
	s.first = s.look().Objects[crashKey][0].ID
	s.write(7, "seven")
	s.write(3, "three")
	s.lock("net/terraform.tfstate", "neighbour")
	return s
}

// do is a request of somebody else.
func (s *crashSite) do(method, target, body string) {
	s.t.Helper()
	s.send(method, target, http.Header{"Content-Type": {"application/json"}}, body)
}

func (s *crashSite) dynamo(call, body string) {
	s.t.Helper()
	s.send("POST", "/", http.Header{"X-Amz-Target": {"DynamoDB_20120810." + call}, "Content-Type": {"application/x-amz-json-1.0"}}, body)
}

func (s *crashSite) send(method, target string, header http.Header, body string) {
	s.t.Helper()
	if status, answer := s.server.Do(s.server.Now(), method, target, header, []byte(body)); status/100 != 2 {
		s.t.Fatalf("%s %s: %d %s", method, target, status, answer)
	}
}

func (s *crashSite) uses(m model.Mechanism) bool { return slices.Contains(s.mechs, m) }

// write writes a state and its digest as Terraform does.
func (s *crashSite) write(serial int, value string) {
	s.t.Helper()
	body := fmt.Sprintf("{\n  \"version\": 4,\n  \"serial\": %d,\n  \"lineage\": \"3f1d9e0a\",\n  \"outputs\": {\"v\": {\"value\": %q, \"type\": \"string\"}},\n  \"resources\": []\n}\n", serial, value)
	s.do("PUT", "/"+crashBucket+"/"+crashKey, body)
	s.digest(model.DigestOf([]byte(body)))
}

func (s *crashSite) digest(md5 string) {
	s.t.Helper()
	if s.uses(model.MechanismDynamoDB) {
		s.dynamo("PutItem", fmt.Sprintf(`{"TableName":%q,"Item":{"LockID":{"S":%q},"Digest":{"S":%q}}}`, crashTable, crashRow+"-md5", md5))
	}
}

// lock takes the lock of a state in every mechanism.
func (s *crashSite) lock(key, id string) {
	s.t.Helper()
	raw := fmt.Sprintf(`{"ID":%q,"Operation":"OperationTypeApply","Info":"","Who":"ci@runner-17","Version":"1.11.4","Created":"2026-11-21T22:21:54.464101795Z","Path":%q}`, id, crashBucket+"/"+key)
	if s.uses(model.MechanismLockfile) {
		s.do("PUT", "/"+crashBucket+"/"+key+".tflock", raw)
	}
	if s.uses(model.MechanismDynamoDB) {
		s.dynamo("PutItem", fmt.Sprintf(`{"TableName":%q,"Item":{"LockID":{"S":%q},"Info":{"S":%q}}}`, crashTable, crashBucket+"/"+key, raw))
	}
}

func (s *crashSite) staleLock()   { s.t.Helper(); s.lock(crashKey, crashLockID) }
func (s *crashSite) deleteState() { s.t.Helper(); s.do("DELETE", "/"+crashBucket+"/"+crashKey, "") }
func (s *crashSite) wrongDigest() { s.t.Helper(); s.digest(strings.Repeat("f", 32)) }

func (s *crashSite) look() checker.World {
	s.t.Helper()
	w, err := checker.Store{Transport: checker.Direct(s.server.Handler()), Bucket: crashBucket, Tables: []string{crashTable}}.Look(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return w
}

// change is what an operation may do here: nothing, yet.
func (s *crashSite) change() checker.Change {
	c := checker.Change{Bucket: crashBucket, Key: crashKey}
	if s.uses(model.MechanismDynamoDB) {
		c.Digests = []string{crashTable}
	}
	return c
}

// command is the program on a machine of its own: a home where nothing is yet
// but the config of the team.
func (s *crashSite) command(args ...string) *exec.Cmd {
	s.t.Helper()
	home := s.t.TempDir()
	var names []string
	for _, m := range s.mechs {
		names = append(names, fmt.Sprintf("%q", m))
	}
	tables := ""
	if s.uses(model.MechanismDynamoDB) {
		tables = fmt.Sprintf("lock_tables = [%q]", crashTable)
	}
	writeFile(s.t, filepath.Join(home, "config.hcl"), fmt.Sprintf("backend \"lab\" {\n  bucket = %q\n  mechanisms = [%s]\n  %s\n}\n", crashBucket, strings.Join(names, ", "), tables))
	cmd := exec.CommandContext(s.t.Context(), s.binary, append(args, "--config", filepath.Join(home, "config.hcl"), "--endpoint-url", s.server.URL())...)
	cmd.Dir = home
	cmd.Env = append(cleanEnv(), "HOME="+home, "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_REGION=us-east-1", "AWS_EC2_METADATA_DISABLED=true")
	return cmd
}

// recovers finishes what died. Where that left nothing, and the digest is wrong as it
// was before, a recovery says so: that it is not all well is no fault of it.
func (s *crashSite) recovers() {
	s.t.Helper()
	out, err := s.command(recoverArgs(s)...).CombinedOutput()
	wrong := exitCode(err) == exitRefused && strings.Contains(string(out), "no interrupted operation holds a lock") && strings.Contains(string(out), "stateward repair ")
	if err != nil && !wrong {
		s.t.Errorf("recover: %v\n%s", err, out)
	}
}

// mustRun runs the program to its end, which must be a good one.
func (s *crashSite) mustRun(args ...string) {
	s.t.Helper()
	if out, err := s.command(args...).CombinedOutput(); err != nil {
		s.t.Errorf("stateward %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}
