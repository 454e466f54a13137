package aws_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/aws/emulator/checker"
	"github.com/stateward/stateward/model"
)

const (
	labNeighbor = "net/terraform.tfstate"
	labDigestID = labBucket + "/" + labKey + "-md5"
	anyRelease  = "Delete" // whichever mechanism it is in
)

// stage is the world of a scenario: a state under a KMS key with three versions,
// the highest serial in the middle, and the lock file of a neighbour.
type stage struct {
	*lab
	first string // the version that restores are about
}

func (s scenario) stage(t *testing.T) *stage {
	t.Helper()
	l := &stage{lab: newLab(t, s.mechs...)}
	l.kmsByDefault()
	l.put(labNeighbor+".tflock", []byte(lockRaw("neighbor", "erin@mbp")))
	l.first = l.put(labKey, body(1, "one"))
	l.put(labKey, body(7, "seven"))
	l.put(labKey, body(3, "three"))
	l.setDigest(model.DigestOf(body(3, "three")))
	if s.arrange != nil {
		s.arrange(l)
	}
	return l
}

// kmsByDefault has the bucket encrypt with a key: ETags are no MD5 sums then.
func (l *stage) kmsByDefault() {
	l.t.Helper()
	target := http.Header{"X-Amz-Target": {"TrentService.CreateKey"}, "Content-Type": {"application/x-amz-json-1.1"}}
	status, answer := l.server.Do(time.Now(), http.MethodPost, "/", target, []byte("{}"))
	var created struct{ KeyMetadata struct{ Arn string } }
	if err := json.Unmarshal(answer, &created); err != nil || status != http.StatusOK {
		l.t.Fatalf("CreateKey: %d %s", status, answer)
	}
	rule := `<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms</SSEAlgorithm><KMSMasterKeyID>` +
		created.KeyMetadata.Arn + `</KMSMasterKeyID></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>`
	if status, answer := l.server.Do(time.Now(), http.MethodPut, "/"+labBucket+"?encryption", nil, []byte(rule)); status != http.StatusOK {
		l.t.Fatalf("PutBucketEncryption: %d %s", status, answer)
	}
}

// put writes an object as the clients do.
func (l *stage) put(key string, content []byte) (versionID string) {
	l.t.Helper()
	out, err := l.s3.PutObject(l.t.Context(), &s3.PutObjectInput{Bucket: sdk.String(labBucket), Key: &key, Body: bytes.NewReader(content),
		ContentType: sdk.String("application/json"), ChecksumAlgorithm: s3types.ChecksumAlgorithmSha256})
	l.must(out, err)
	return sdk.ToString(out.VersionId)
}

func (l *stage) staleLock() { l.t.Helper(); l.lock(lockRaw(staleID, "ci@runner-17")) }

func (l *stage) deleteState() {
	l.t.Helper()
	l.must(l.s3.DeleteObject(l.t.Context(), &s3.DeleteObjectInput{Bucket: sdk.String(labBucket), Key: sdk.String(labKey)}))
}

func (l *stage) wrongDigest() { l.t.Helper(); l.setDigest(model.DigestOf(body(2, "lost"))) }

func (l *stage) planUnlock(c *aws.Client) (*model.Plan, error) {
	return c.PlanUnlock(l.t.Context(), l.backend(), labKey, model.UnlockRequest{LockID: staleID})
}

func (l *stage) planRestore(c *aws.Client) (*model.Plan, error) {
	return c.PlanRestore(l.t.Context(), l.backend(), labKey, model.RestoreRequest{VersionID: l.first})
}

func (l *stage) planRepair(c *aws.Client) (*model.Plan, error) {
	return c.PlanRepair(l.t.Context(), l.backend(), labKey, model.RepairRequest{To: model.RepairToBytes})
}

func (l *stage) planRecover(c *aws.Client) (*model.Plan, error) {
	return c.PlanRecover(l.t.Context(), l.backend(), labKey, "")
}

func (l *stage) nothing() checker.Change {
	return checker.Change{Bucket: labBucket, Key: labKey, Digests: l.backend().Digests}
}

func (l *stage) unlocked() checker.Change {
	c := l.nothing()
	if l.uses(model.MechanismLockfile) {
		c.Victims = append(c.Victims, checker.LockFile)
	}
	if l.uses(model.MechanismDynamoDB) {
		c.Victims = append(c.Victims, labTable)
	}
	return c
}

func (l *stage) restored() checker.Change { c := l.nothing(); c.Target = l.first; return c }
func (l *stage) repaired() checker.Change { c := l.nothing(); c.Repair = true; return c }

// look is what is stored, as the checker sees it.
func (l *stage) look() checker.World {
	l.t.Helper()
	w, err := checker.Store{Transport: checker.Direct(l.server.Handler()), Bucket: labBucket, Tables: []string{labTable}}.Look(l.t.Context())
	if err != nil {
		l.t.Fatal(err)
	}
	return w
}

func (l *stage) accepts(before checker.World, c checker.Change) {
	l.t.Helper()
	for _, wrong := range checker.Judge(before, l.look(), c) {
		l.t.Error(wrong)
	}
}

// cutOff runs a scenario's operation until a request, with which the network goes.
func (l *stage) cutOff(of scenario, request string, afterEffect bool) {
	l.t.Helper()
	c, p := of.planned(l, 0)
	l.server.OnRequest((&cable{request: request, afterEffect: afterEffect}).hook)
	res := c.Run(l.t.Context(), p, everyToken(p), nil)
	l.server.OnRequest(nil)
	wantOutcome(l.t, res, model.OutcomeInterrupted)
}

// cable is a network that goes with a request.
type cable struct {
	request     string
	afterEffect bool
	mu          sync.Mutex
	gone        bool
}

func (c *cable) hook(r emulator.Request) *emulator.Fault {
	c.mu.Lock()
	defer c.mu.Unlock()
	name := requestName(r)
	switch {
	case c.gone:
		return &emulator.Fault{Reset: true}
	case name == c.request, c.request == anyRelease && strings.HasPrefix(name, c.request):
		c.gone = true
		return &emulator.Fault{Reset: true, AfterEffect: c.afterEffect}
	}
	return nil
}
