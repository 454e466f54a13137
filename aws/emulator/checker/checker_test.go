package checker_test

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/aws/emulator/checker"
)

const (
	bucket   = "lab"
	table    = "locks"
	other    = "other-locks"
	key      = "app/terraform.tfstate"
	neighbor = "net/terraform.tfstate"
	foreign  = `{"ID":"4711","Operation":"OperationTypeApply","Info":"","Who":"erin@mbp"}`
	ours     = `{"ID":"4712","Operation":"stateward-restore","Info":"stateward restore in progress","Who":"oncall@desk"}`
)

// lab is a world that a test changes by plain requests.
type lab struct {
	t      *testing.T
	server *emulator.Server
	store  checker.Store
	ids    []string // of the state's versions, oldest first
}

// newLab has three versions of a state with its digest, and a neighbour that is locked.
func newLab(t *testing.T) *lab {
	t.Helper()
	server := emulator.New(emulator.Options{})
	l := &lab{t: t, server: server, store: checker.Store{Transport: checker.Direct(server.Handler()), Bucket: bucket, Tables: []string{table, other}}}
	l.do("PUT", "/"+bucket, nil, "")
	l.do("PUT", "/"+bucket+"?versioning", nil, `<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>`)
	for _, name := range l.store.Tables {
		l.dynamo("CreateTable", fmt.Sprintf(`{"TableName":%q,"KeySchema":[{"AttributeName":"LockID","KeyType":"HASH"}],"AttributeDefinitions":[{"AttributeName":"LockID","AttributeType":"S"}],"BillingMode":"PAY_PER_REQUEST"}`, name))
	}
	for serial, value := range []string{"zero", "one", "two"} {
		l.put(key, state(serial, value))
	}
	l.digest(table, state(2, "two"))
	l.put(neighbor, state(9, "net"))
	l.put(neighbor+".tflock", foreign)
	l.row(table, bucket+"/"+neighbor, "Info", foreign)
	for _, v := range l.look().Objects[key] {
		l.ids = append([]string{v.ID}, l.ids...)
	}
	return l
}

func state(serial int, value string) string {
	return fmt.Sprintf(`{"version": 4, "serial": %d, "lineage": "a", "resources": [{"serial": 77, "v": %q}]}`, serial, value)
}

func (l *lab) do(method, target string, header http.Header, body string) {
	l.t.Helper()
	if status, answer := l.server.Do(l.server.Now(), method, target, header, []byte(body)); status/100 != 2 {
		l.t.Fatalf("%s %s: %d %s", method, target, status, answer)
	}
}

func (l *lab) dynamo(call, body string) {
	l.t.Helper()
	l.do("POST", "/", http.Header{"X-Amz-Target": {"DynamoDB_20120810." + call}, "Content-Type": {"application/x-amz-json-1.0"}}, body)
}

func (l *lab) put(k, body string) {
	l.t.Helper()
	l.do("PUT", "/"+bucket+"/"+k, http.Header{"Content-Type": {"application/json"}}, body)
}

func (l *lab) remove(k string) { l.t.Helper(); l.do("DELETE", "/"+bucket+"/"+k, nil, "") }

func (l *lab) row(in, id, attribute, value string) {
	l.t.Helper()
	item, err := json.Marshal(map[string]any{"LockID": map[string]string{"S": id}, attribute: map[string]string{"S": value}})
	if err != nil {
		l.t.Fatal(err)
	}
	l.dynamo("PutItem", fmt.Sprintf(`{"TableName":%q,"Item":%s}`, in, item))
}

func (l *lab) deleteRow(in, id string) {
	l.t.Helper()
	l.dynamo("DeleteItem", fmt.Sprintf(`{"TableName":%q,"Key":{"LockID":{"S":%q}}}`, in, id))
}

func (l *lab) digest(in, body string) {
	l.t.Helper()
	sum := md5.Sum([]byte(body))
	l.row(in, bucket+"/"+key+"-md5", "Digest", hex.EncodeToString(sum[:]))
}

func (l *lab) look() checker.World {
	l.t.Helper()
	w, err := l.store.Look(l.t.Context())
	if err != nil {
		l.t.Fatal(err)
	}
	return w
}

// restore is what a restore of the first version may have done.
func (l *lab) restore(done bool) checker.Change {
	return checker.Change{Bucket: bucket, Key: key, Target: l.ids[0], Digests: []string{table}, Done: done}
}

func (l *lab) written(body string) { l.t.Helper(); l.put(key, body); l.digest(table, body) }

func TestWhatAnOperationMayLeaveIsAccepted(t *testing.T) {
	for name, c := range map[string]struct {
		before, then func(*lab)
		change       func(*lab) checker.Change
	}{
		"nothing at all": {then: func(*lab) {}, change: func(l *lab) checker.Change { return l.restore(false) }},
		"a restore": {then: func(l *lab) { l.written(state(3, "zero")) },
			change: func(l *lab) checker.Change { return l.restore(true) }},
		"a restore with a serial far above": {then: func(l *lab) { l.written(state(1000, "zero")) },
			change: func(l *lab) checker.Change { return l.restore(true) }},
		"a restore that took and released a lock file": {
			then:   func(l *lab) { l.put(key+".tflock", ours); l.written(state(3, "zero")); l.remove(key + ".tflock") },
			change: func(l *lab) checker.Change { return l.restore(true) }},
		"a restore of a deleted state": {before: func(l *lab) { l.remove(key); l.deleteRow(table, bucket+"/"+key+"-md5") },
			then:   func(l *lab) { l.written(state(3, "zero")) },
			change: func(l *lab) checker.Change { return l.restore(true) }},
		"an unlock": {before: func(l *lab) { l.put(key+".tflock", foreign); l.row(table, bucket+"/"+key, "Info", foreign) },
			then: func(l *lab) { l.remove(key + ".tflock"); l.deleteRow(table, bucket+"/"+key) },
			change: func(*lab) checker.Change {
				return checker.Change{Bucket: bucket, Key: key, Victims: []string{checker.LockFile, table}, Digests: []string{table}, Done: true}
			}},
		"a repair": {before: func(l *lab) { l.digest(table, "other") }, then: func(l *lab) { l.digest(table, state(2, "two")) },
			change: func(*lab) checker.Change {
				return checker.Change{Bucket: bucket, Key: key, Repair: true, Digests: []string{table}, Done: true}
			}},
		"a repair that was undone": {before: func(l *lab) { l.digest(table, "other") }, then: func(*lab) {},
			change: func(*lab) checker.Change {
				return checker.Change{Bucket: bucket, Key: key, Repair: true, Digests: []string{table}}
			}},
		"a repair of an orphaned digest": {before: func(l *lab) { l.remove(key) }, then: func(l *lab) { l.deleteRow(table, bucket+"/"+key+"-md5") },
			change: func(*lab) checker.Change {
				return checker.Change{Bucket: bucket, Key: key, Repair: true, Digests: []string{table}, Done: true}
			}},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			if c.before != nil {
				c.before(l)
			}
			before := l.look()
			c.then(l)
			for _, wrong := range checker.Judge(before, l.look(), c.change(l)) {
				t.Error(wrong)
			}
		})
	}
}
