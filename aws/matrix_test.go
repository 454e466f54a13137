package aws_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/aws/emulator/checker"
	"github.com/stateward/stateward/model"
)

// scenario is an operation on a world, and what it may do to that.
type scenario struct {
	name    string
	mechs   []model.Mechanism
	arrange func(*lab)          // what is there, beside the state and its neighbour
	begun   func(*lab)          // an operation that was cut off: its locks are there
	plan    func(*lab, *aws.Client) (*model.Plan, error)
	change  func(*lab) checker.Change
}

func mechanismsByName() map[string][]model.Mechanism {
	return map[string][]model.Mechanism{
		"dynamodb": {model.MechanismDynamoDB},
		"lockfile": {model.MechanismLockfile},
		"both":     {model.MechanismLockfile, model.MechanismDynamoDB},
	}
}

func everyScenario() []scenario {
	var all []scenario
	for name, mechs := range mechanismsByName() {
		unlock := scenario{arrange: (*lab).staleLock, plan: (*lab).unlockPlan, change: (*lab).unlockChange}
		restore := scenario{plan: (*lab).restorePlan, change: (*lab).restoreChange}
		undelete := restore
		undelete.arrange = (*lab).deleteState
		group := map[string]scenario{"unlock": unlock, "restore": restore, "restore of a deleted state": undelete}
		if slices.Contains(mechs, model.MechanismDynamoDB) {
			group["repair"] = scenario{arrange: (*lab).wrongDigest, plan: (*lab).repairPlan, change: (*lab).repairChange}
		}
		for what, s := range recoveries(group) {
			group[what] = s
		}
		for what, s := range group {
			s.name, s.mechs = what+", "+name, mechs
			all = append(all, s)
		}
	}
	return all
}

// recoveries are recoveries from each point at which a restore or a repair can
// stop: before and after it wrote, and while it released.
func recoveries(group map[string]scenario) map[string]scenario {
	cuts := map[string]struct {
		of, request string
		after       bool
	}{
		"recover a restore that wrote nothing":        {"restore", "PutObject " + labKey, false},
		"recover a restore that wrote the state":      {"restore", "PutObject " + labKey, true},
		"recover a restore that wrote it all":         {"restore", releasing, false},
		"recover a restore that began to release":     {"restore", releasing, true},
		"recover a restore of a deleted state":        {"restore of a deleted state", "PutObject " + labKey, true},
		"recover a repair that wrote nothing":         {"repair", "PutItem " + labDigestID, false},
		"recover a repair that wrote the digest":      {"repair", "PutItem " + labDigestID, true},
	}
	out := map[string]scenario{}
	for name, cut := range cuts {
		s, ok := group[cut.of]
		if !ok {
			continue
		}
		interrupted := s
		s.begun = func(l *lab) { l.cutOff(interrupted, cut.request, cut.after) }
		s.plan = (*lab).recoverPlan
		out[name] = s
	}
	return out
}

const (
	labNeighbor = "net/terraform.tfstate"
	labDigestID = labBucket + "/" + labKey + "-md5"
	releasing   = "the first release" // whichever mechanism it is in
)

// matrixLab is the world of the matrices: a state under a KMS key with three
// versions, the highest serial in the middle, and a locked neighbour.
func matrixLab(t *testing.T, s scenario) *lab {
	t.Helper()
	l := newLab(t, s.mechs...)
	l.kmsByDefault()
	l.write(1, "one")
	l.write(7, "seven")
	l.write(3, "three")
	l.must(l.s3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: sdk.String(labBucket), Key: sdk.String(labNeighbor + ".tflock")}))
	if s.arrange != nil {
		s.arrange(l)
	}
	return l
}

// kmsByDefault has the bucket encrypt with a key: ETags are no MD5 sums then.
func (l *lab) kmsByDefault() {
	l.t.Helper()
	status, answer := l.server.Do(time.Now(), http.MethodPost, "/", http.Header{"X-Amz-Target": {"TrentService.CreateKey"}, "Content-Type": {"application/x-amz-json-1.1"}}, []byte("{}"))
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

func (l *lab) staleLock() { l.t.Helper(); l.lock(lockRaw(staleID, "ci@runner-17")) }

func (l *lab) deleteState() {
	l.t.Helper()
	l.must(l.s3.DeleteObject(l.t.Context(), &s3.DeleteObjectInput{Bucket: sdk.String(labBucket), Key: sdk.String(labKey)}))
}

func (l *lab) wrongDigest() { l.t.Helper(); l.setDigest(model.DigestOf(body(2, "lost"))) }

func (l *lab) unlockPlan(c *aws.Client) (*model.Plan, error) {
	return c.PlanUnlock(l.t.Context(), l.backend(), labKey, model.UnlockRequest{LockID: staleID})
}

func (l *lab) restorePlan(c *aws.Client) (*model.Plan, error) {
	return c.PlanRestore(l.t.Context(), l.backend(), labKey, model.RestoreRequest{VersionID: l.firstVersion()})
}

func (l *lab) repairPlan(c *aws.Client) (*model.Plan, error) {
	return c.PlanRepair(l.t.Context(), l.backend(), labKey, model.RepairRequest{To: model.RepairToBytes})
}

func (l *lab) recoverPlan(c *aws.Client) (*model.Plan, error) {
	return c.PlanRecover(l.t.Context(), l.backend(), labKey, "")
}

func (l *lab) unlockChange() checker.Change {
	c := checker.Change{Bucket: labBucket, Key: labKey, Digests: l.backend().Digests}
	if l.uses(model.MechanismLockfile) {
		c.Victims = append(c.Victims, checker.LockFile)
	}
	if l.uses(model.MechanismDynamoDB) {
		c.Victims = append(c.Victims, labTable)
	}
	return c
}

func (l *lab) restoreChange() checker.Change {
	return checker.Change{Bucket: labBucket, Key: labKey, Digests: l.backend().Digests, Target: l.firstVersion()}
}

func (l *lab) repairChange() checker.Change {
	return checker.Change{Bucket: labBucket, Key: labKey, Digests: l.backend().Digests, Repair: true}
}

// look is what is stored, as the checker sees it.
func (l *lab) look() checker.World {
	l.t.Helper()
	w, err := checker.Store{Transport: checker.Direct(l.server.Handler()), Bucket: labBucket, Tables: []string{labTable}}.Look(l.t.Context())
	if err != nil {
		l.t.Fatal(err)
	}
	return w
}

func (l *lab) firstVersion() string {
	l.t.Helper()
	all := l.look().Objects[labKey]
	i := slices.IndexFunc(all, func(v checker.Version) bool { return v.Body == string(body(1, "one")) })
	if i < 0 {
		l.t.Fatal("the first version is gone")
	}
	return all[i].ID
}
