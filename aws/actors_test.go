package aws_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/aws/emulator/checker"
	"github.com/stateward/stateward/model"
)

// actors are those who act beside an operation, each all at once. They do what
// their kind does, whatever stands in the way: a run that meets a lock gives up,
// force-unlock takes whichever lock there is.
func actors() map[string]func(*stage, *aws.Client) {
	return map[string]func(*stage, *aws.Client){
		"a run":                                  only((*stage).aRun),
		"a run that takes the lock and works on": only(func(s *stage) { s.runLocks() }),
		"a run with -lock=false":                 only((*stage).runWrites),
		"a run with -lock=false that has not set the digest": only(func(s *stage) { s.put(labKey, string(s.nextState())) }),
		"force-unlock":                                      only((*stage).forceUnlock),
		"force-unlock and a run":                            only(func(s *stage) { s.forceUnlock(); s.aRun() }),
		"force-unlock and a run that works on":              only(func(s *stage) { s.forceUnlock(); s.runLocks() }),
		"a lifecycle rule on versions that are not current": only(func(s *stage) { s.expire(func(n int, _ checker.Version) bool { return n > 0 }) }),
		"a lifecycle rule on delete markers":                only(func(s *stage) { s.expire(func(n int, v checker.Version) bool { return n > 0 && v.Marker }) }),
		"a lifecycle rule on lock files":                    only(func(s *stage) { s.remove(labKey + ".tflock") }),
		"suspension of versioning":                          only((*stage).suspend),
		"deletion of the table":                             only(func(s *stage) { s.dynamo("DeleteTable", `{"TableName":"`+labTable+`"}`) }),
		"deletion of the table, which is made anew":         only(func(s *stage) { s.dynamo("DeleteTable", `{"TableName":"`+labTable+`"}`); s.makeTable() }),
		"deletion of the state":                             only(func(s *stage) { s.remove(labKey) }),
		"another stateward that unlocks":                    (*stage).alsoUnlocks,
		"another stateward that restores":                   also(planRestore),
		"another stateward that repairs":                    also(planRepair),
		"another stateward that recovers":                   also(planRecover),
	}
}

func only(act func(*stage)) func(*stage, *aws.Client) {
	return func(s *stage, _ *aws.Client) { act(s) }
}

// also has another stateward run an operation, to whatever end.
func also(plan func(*stage, *aws.Client) (*model.Plan, error)) func(*stage, *aws.Client) {
	return func(s *stage, c *aws.Client) {
		p, err := plan(s, c)
		if err != nil || p.Gone || len(p.Refusals) > 0 {
			return // it may not, or there is nothing to do
		}
		c.Run(context.Background(), p, everyToken(p), nil)
	}
}

// alsoUnlocks has another stateward remove the lock that stands, whosever it is.
func (s *stage) alsoUnlocks(c *aws.Client) {
	for _, raw := range s.held() {
		also(func(s *stage, c *aws.Client) (*model.Plan, error) {
			return c.PlanUnlock(s.t.Context(), s.backend(), labKey, model.UnlockRequest{LockID: lockIDOf(raw)})
		})(s, c)
	}
}

func lockIDOf(raw string) string {
	var info struct{ ID string }
	_ = json.Unmarshal([]byte(raw), &info) // a lock that is no JSON has no ID
	return info.ID
}

// asks is a request that may be refused.
func (s *stage) asks(method, target string, header http.Header, content string) bool {
	status, _ := s.server.Do(s.server.Now(), method, target, header, []byte(content))
	return status/100 == 2
}

func (s *stage) asksDynamo(call, content string) ([]byte, bool) {
	h := http.Header{"X-Amz-Target": {"DynamoDB_20120810." + call}, "Content-Type": {"application/x-amz-json-1.0"}}
	status, answer := s.server.Do(s.server.Now(), http.MethodPost, "/", h, []byte(content))
	return answer, status == http.StatusOK
}

func (s *stage) makeTable() {
	s.dynamo("CreateTable", `{"TableName":"`+labTable+`","KeySchema":[{"AttributeName":"LockID","KeyType":"HASH"}],"AttributeDefinitions":[{"AttributeName":"LockID","AttributeType":"S"}],"BillingMode":"PAY_PER_REQUEST"}`)
}

// read is an object as it is now, "" where there is none.
func (s *stage) read(key string) string {
	status, answer := s.server.Do(s.server.Now(), http.MethodGet, "/"+labBucket+"/"+key, nil, nil)
	if status != http.StatusOK {
		return ""
	}
	return string(answer)
}

func (s *stage) readRow(id, attribute string) string {
	answer, _ := s.asksDynamo("GetItem", fmt.Sprintf(`{"TableName":%q,"ConsistentRead":true,"Key":{"LockID":{"S":%q}}}`, labTable, id))
	var got struct{ Item map[string]struct{ S string } }
	_ = json.Unmarshal(answer, &got) // no table, no row
	return got.Item[attribute].S
}

// held are the locks that stand, as they are stored.
func (s *stage) held() []string {
	var all []string
	for _, raw := range []string{s.read(labKey + ".tflock"), s.readRow(labLockID, "Info")} {
		if raw != "" {
			all = append(all, raw)
		}
	}
	return all
}

// runID is the lock of every run that acts here.
const runID = "6f1b6f0e-9c55-4a3e-8f0d-3f6d1c2b7a90"

// runLocks takes the locks as Terraform does: the file, then the row, and gives the
// file back where the row is held.
func (s *stage) runLocks() bool {
	raw := foreignLock(runID, "grace@runner-21")
	if s.uses(model.MechanismLockfile) && !s.asks(http.MethodPut, "/"+labBucket+"/"+labKey+".tflock", http.Header{"If-None-Match": {"*"}}, raw) {
		return false
	}
	if !s.uses(model.MechanismDynamoDB) {
		return true
	}
	_, ok := s.asksDynamo("PutItem", fmt.Sprintf(`{"TableName":%q,"Item":{"LockID":{"S":%q},"Info":{"S":%q}},"ConditionExpression":"attribute_not_exists(LockID)"}`, labTable, labLockID, raw))
	if !ok && s.uses(model.MechanismLockfile) {
		s.remove(labKey + ".tflock")
	}
	return ok
}

// aRun is an apply from its lock to its unlock. It stops where the digest is not
// that of the state.
func (s *stage) aRun() {
	if !s.runLocks() {
		return
	}
	was, digest := s.read(labKey), s.readRow(labDigestID, "Digest")
	if digest == "" || digest == model.DigestOf([]byte(was)) {
		s.runWrites()
	}
	s.forceUnlock() // its own
}

func (s *stage) runWrites() {
	next := s.nextState()
	s.put(labKey, string(next))
	if s.uses(model.MechanismDynamoDB) {
		s.asksDynamo("PutItem", fmt.Sprintf(`{"TableName":%q,"Item":{"LockID":{"S":%q},"Digest":{"S":%q}}}`, labTable, labDigestID, model.DigestOf(next)))
	}
}

// nextState is what a run writes over the state as it is now.
func (s *stage) nextState() []byte {
	var was struct{ Serial int }
	_ = json.Unmarshal([]byte(s.read(labKey)), &was) // no state: the first
	return body(was.Serial+1, "of a run")
}

// forceUnlock is Terraform's: what is there is read, and deleted without a condition.
func (s *stage) forceUnlock() {
	if s.read(labKey+".tflock") != "" {
		s.remove(labKey + ".tflock")
	}
	if s.readRow(labLockID, "Info") != "" {
		s.asksDynamo("DeleteItem", fmt.Sprintf(`{"TableName":%q,"Key":{"LockID":{"S":%q}}}`, labTable, labLockID))
	}
}

// expire removes versions of the state and its lock file for good, as S3 does by a
// rule: n counts from the newest, which is 0.
func (s *stage) expire(which func(n int, v checker.Version) bool) {
	for key, versions := range s.look().Objects {
		if !strings.HasPrefix(key, labKey) {
			continue
		}
		for n, v := range versions {
			if which(n, v) {
				s.do(http.MethodDelete, "/"+labBucket+"/"+key+"?versionId="+url.QueryEscape(v.ID), nil, "")
			}
		}
	}
}

func (s *stage) suspend() {
	s.do(http.MethodPut, "/"+labBucket+"?versioning", nil, `<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>`)
}
