package aws_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/aws/emulator/checker"
	"github.com/stateward/stateward/model"
)

const (
	labNeighbor = "net/terraform.tfstate"
	labLockID   = labBucket + "/" + labKey
	labDigestID = labLockID + "-md5"
)

// stage is the world of a scenario: a state under a KMS key with three versions,
// the highest serial in the middle, and a locked neighbour. It is built by
// requests in the server's own process, always the same: with one seed the ids
// of one stage are those of the next.
type stage struct {
	t      *testing.T
	server *emulator.Server
	mechs  []model.Mechanism
	key    string // the KMS key of the state, which is not the bucket's default
	first  string // the version that restores are about: the oldest
}

func newStage(t *testing.T, seed uint64, mechs []model.Mechanism) *stage {
	t.Helper()
	s := &stage{t: t, server: emulator.New(emulator.Options{Seed: seed}), mechs: mechs}
	t.Cleanup(func() { _ = s.server.Close() }) // ends what still hangs
	var created struct{ KeyMetadata struct{ Arn string } }
	if err := json.Unmarshal(s.json("TrentService.CreateKey", "{}"), &created); err != nil {
		t.Fatal(err)
	}
	s.key = created.KeyMetadata.Arn
	s.do(http.MethodPut, "/"+labBucket, nil, "")
	s.do(http.MethodPut, "/"+labBucket+"?versioning", nil, `<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>`)
	s.makeTable()
	s.write(body(1, "one"))
	s.write(body(7, "seven"))
	s.write(body(3, "three"))
	s.lock(labNeighbor, foreignLock("neighbour", "erin@mbp"))
	return s
}

// do is a request of somebody else.
func (s *stage) do(method, target string, header http.Header, content string) {
	s.t.Helper()
	status, answer := s.server.Do(s.server.Now(), method, target, header, []byte(content))
	if status/100 != 2 {
		s.t.Fatalf("%s %s: %d %s", method, target, status, answer)
	}
}

func (s *stage) json(call, content string) []byte {
	s.t.Helper()
	h := http.Header{"X-Amz-Target": {call}, "Content-Type": {"application/x-amz-json-1.0"}}
	status, answer := s.server.Do(s.server.Now(), http.MethodPost, "/", h, []byte(content))
	if status != http.StatusOK {
		s.t.Fatalf("%s: %d %s", call, status, answer)
	}
	return answer
}

func (s *stage) dynamo(call, content string) {
	s.t.Helper()
	s.json("DynamoDB_20120810."+call, content)
}

// put writes an object as the clients do: a state under its key.
func (s *stage) put(key, content string) {
	s.t.Helper()
	header := http.Header{"Content-Type": {"application/json"}}
	if key == labKey {
		header.Set("X-Amz-Server-Side-Encryption", "aws:kms")
		header.Set("X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id", s.key)
	}
	s.do(http.MethodPut, "/"+labBucket+"/"+key, header, content)
}

func (s *stage) remove(key string) {
	s.t.Helper()
	s.do(http.MethodDelete, "/"+labBucket+"/"+key, nil, "")
}

func (s *stage) row(id, attribute, value string) {
	s.t.Helper()
	s.dynamo("PutItem", fmt.Sprintf(`{"TableName":%q,"Item":{"LockID":{"S":%q},%q:{"S":%q}}}`, labTable, id, attribute, value))
}

func (s *stage) uses(m model.Mechanism) bool { return slices.Contains(s.mechs, m) }

// write writes a state as Terraform does: the object, then the digest.
func (s *stage) write(content []byte) {
	s.t.Helper()
	s.put(labKey, string(content))
	if s.uses(model.MechanismDynamoDB) {
		s.row(labDigestID, "Digest", model.DigestOf(content))
	}
}

// lock takes the lock of a state in every mechanism.
func (s *stage) lock(key, raw string) {
	s.t.Helper()
	if s.uses(model.MechanismLockfile) {
		s.put(key+".tflock", raw)
	}
	if s.uses(model.MechanismDynamoDB) {
		s.row(labBucket+"/"+key, "Info", raw)
	}
}

// foreignLock is a lock as Terraform writes it, the same bytes each time.
func foreignLock(id, who string) string {
	return `{"ID":"` + id + `","Operation":"OperationTypeApply","Info":"","Who":"` + who + `","Version":"1.11.4","Created":"2026-11-21T22:21:54.464101795Z","Path":"` + labLockID + `"}`
}

func (s *stage) staleLock()   { s.t.Helper(); s.lock(labKey, foreignLock(staleID, "ci@runner-17")) }
func (s *stage) deleteState() { s.t.Helper(); s.remove(labKey) }
func (s *stage) wrongDigest() {
	s.t.Helper()
	s.row(labDigestID, "Digest", model.DigestOf(body(2, "lost")))
}

// look is what is stored, as the checker sees it.
func (s *stage) look() checker.World {
	s.t.Helper()
	w, err := checker.Store{Transport: checker.Direct(s.server.Handler()), Bucket: labBucket, Tables: []string{labTable}}.Look(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return w
}

// follow does what led from one world to another: it writes the versions that
// were added to objects, and the rows that changed.
func (s *stage) follow(from, to checker.World) {
	s.t.Helper()
	for _, key := range []string{labKey, labKey + ".tflock"} {
		added := to.Objects[key][:len(to.Objects[key])-len(from.Objects[key])]
		for _, v := range slices.Backward(added) {
			if v.Marker {
				s.remove(key)
			} else {
				s.put(key, v.Body)
			}
		}
	}
	for _, id := range []string{labLockID, labDigestID} {
		if item := to.Rows[labTable][id]; item != "" && item != from.Rows[labTable][id] {
			s.dynamo("PutItem", fmt.Sprintf(`{"TableName":%q,"Item":%s}`, labTable, item))
		}
	}
}

func (s *stage) accepts(before checker.World, c checker.Change) {
	s.t.Helper()
	for _, wrong := range checker.Judge(before, s.look(), c) {
		s.t.Error(wrong)
	}
}

// backend is the stage's backend as its clients' configuration describes it.
func (s *stage) backend() model.Backend { return (&lab{mechs: s.mechs}).backend() }

func (s *stage) nothing() checker.Change {
	return checker.Change{Bucket: labBucket, Key: labKey, Digests: s.backend().Digests}
}

func (s *stage) unlocked() checker.Change {
	c := s.nothing()
	if s.uses(model.MechanismLockfile) {
		c.Victims = append(c.Victims, checker.LockFile)
	}
	if s.uses(model.MechanismDynamoDB) {
		c.Victims = append(c.Victims, labTable)
	}
	return c
}

func (s *stage) restored() checker.Change { c := s.nothing(); c.Target = s.first; return c }
func (s *stage) repaired() checker.Change { c := s.nothing(); c.Repair = true; return c }
