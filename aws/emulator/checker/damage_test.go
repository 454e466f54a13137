package checker_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stateward/stateward/aws/emulator/checker"
)

// damage is something that no operation may do.
type damage struct {
	before func(*lab) // what was there already
	then   func(*lab)
	change func(*checker.Change) // beyond a restore that says it is done
	want   string                // in what the checker says
}

func (l *lab) destroy(k, id string) {
	l.t.Helper()
	l.do("DELETE", "/"+bucket+"/"+k+"?versionId="+url.QueryEscape(id), nil, "")
}

func (l *lab) stored(header http.Header, body string) {
	l.t.Helper()
	l.do("PUT", "/"+bucket+"/"+key, header, body)
	l.digest(table, body)
}

func (l *lab) restored() { l.t.Helper(); l.written(state(3, "zero")) }

func (l *lab) locked(raw string) {
	l.t.Helper()
	l.put(key+".tflock", raw)
	l.row(table, bucket+"/"+key, "Info", raw)
}

func undone(c *checker.Change) { c.Done = false }
func unlock(c *checker.Change) { c.Target, c.Victims = "", []string{checker.LockFile, table} }
func repair(c *checker.Change) { c.Target, c.Repair = "", true }
func idle(c *checker.Change)   { *c = checker.Change{Bucket: c.Bucket, Key: c.Key, Digests: c.Digests} }

func stateDamages() map[string]damage {
	target := state(0, "zero")
	return map[string]damage{
		"an old version is destroyed":                {then: func(l *lab) { l.restored(); l.destroy(key, l.ids[1]) }, want: "lost, altered"},
		"the previous version is destroyed":          {then: func(l *lab) { l.restored(); l.destroy(key, l.ids[2]) }, want: "lost, altered"},
		"a version of a neighbour is destroyed":      {then: func(l *lab) { l.restored(); l.destroy(neighbor, l.look().Objects[neighbor][0].ID) }, want: "lost, altered"},
		"a neighbour is overwritten":                 {then: func(l *lab) { l.restored(); l.put(neighbor, "x") }, want: "no concern"},
		"an object is made":                          {then: func(l *lab) { l.restored(); l.put(key+".backup", "x") }, want: "a new object"},
		"the state is deleted":                       {then: func(l *lab) { l.remove(key) }, change: undone, want: "the state was deleted"},
		"the state is written twice":                 {then: func(l *lab) { l.restored(); l.restored() }, want: "2 versions"},
		"the state is written by an unlock":          {then: (*lab).restored, change: unlock, want: "nobody asked"},
		"a refused restore wrote":                    {then: (*lab).restored, change: idle, want: "nobody asked"},
		"another version is restored":                {then: func(l *lab) { l.written(state(3, "one")) }, want: "more than the serial"},
		"the serial is kept":                         {then: func(l *lab) { l.written(target) }, want: "serial 0 is not above"},
		"the serial is that of the current version":  {then: func(l *lab) { l.written(state(2, "zero")) }, want: "serial 2 is not above 2"},
		"the serial is below that of an old version": {before: func(l *lab) { l.written(state(50, "a")); l.written(state(3, "b")) }, then: func(l *lab) { l.written(state(4, "zero")) }, want: "serial 4 is not above 50"},
		"the state is re-encoded":                    {then: func(l *lab) { l.written(strings.ReplaceAll(state(3, "zero"), ": ", ":")) }, want: "more than the serial"},
		"a serial further down is changed":           {then: func(l *lab) { l.written(strings.ReplaceAll(state(3, "zero"), "77", "78")) }, want: "more than the serial"},
		"the serial is negative":                     {then: func(l *lab) { l.written(strings.ReplaceAll(target, `"serial": 0`, `"serial": -3`)) }, want: "invalid syntax"},
		"the state is cut in half":                   {then: func(l *lab) { l.written(target[:40]) }, want: "no JSON"},
		"the state is empty":                         {then: func(l *lab) { l.written("") }, want: "no JSON"},
		"something follows the state":                {then: func(l *lab) { l.written(state(3, "zero") + "x") }, want: "something follows"},
		"the restore is done and wrote nothing":      {then: func(*lab) {}, want: "wrote nothing"},
		"the encryption is another": {then: func(l *lab) {
			l.stored(http.Header{"Content-Type": {"application/json"}, "X-Amz-Server-Side-Encryption": {"aws:kms"}}, state(3, "zero"))
		}, want: "was stored as"},
		"the content type is another": {then: func(l *lab) { l.stored(http.Header{"Content-Type": {"text/plain"}}, state(3, "zero")) }, want: "was stored as"},
		"tags come up": {then: func(l *lab) {
			l.stored(http.Header{"Content-Type": {"application/json"}, "X-Amz-Tagging": {"a=b"}}, state(3, "zero"))
		}, want: "was stored as"},
	}
}

func digestDamages() map[string]damage {
	id := bucket + "/" + key + "-md5"
	return map[string]damage{
		"the digest is not set":                    {then: func(l *lab) { l.put(key, state(3, "zero")) }, want: "not that of the new state"},
		"the digest is set and the state is not":   {then: func(l *lab) { l.digest(table, state(3, "zero")) }, change: undone, want: "must be"},
		"the digest is deleted":                    {then: func(l *lab) { l.put(key, state(3, "zero")); l.deleteRow(table, id) }, want: "must be"},
		"the digest is in upper case":              {then: func(l *lab) { l.put(key, state(3, "zero")); l.row(table, id, "Digest", "ABCDEF") }, want: "must be"},
		"the digest is planted in a second table":  {then: func(l *lab) { l.restored(); l.digest(other, state(3, "zero")) }, want: "planted"},
		"a digest that nobody keeps is changed":    {before: func(l *lab) { l.digest(other, "x") }, then: func(l *lab) { l.restored(); l.digest(other, state(3, "zero")) }, want: "where none is kept"},
		"the digest row gets an attribute":         {then: func(l *lab) { l.restored(); l.row(table, id, "Info", "x") }, want: "must be"},
		"the digest of a neighbour is changed":     {then: func(l *lab) { l.restored(); l.row(table, bucket+"/"+neighbor+"-md5", "Digest", "x") }, want: "the row"},
		"an unlock repairs the digest":             {before: func(l *lab) { l.digest(table, "x") }, then: func(l *lab) { l.digest(table, state(2, "two")) }, change: unlock, want: "while the state did not change"},
		"a repair is done and did nothing":         {before: func(l *lab) { l.digest(table, "x") }, then: func(*lab) {}, change: repair, want: "the repair says"},
		"a repair deletes the digest of a state":   {then: func(l *lab) { l.deleteRow(table, id) }, change: repair, want: "must be"},
		"a repair leaves the digest of no state":   {before: func(l *lab) { l.remove(key) }, then: func(*lab) {}, change: repair, want: "the repair says"},
		"a restore takes an old digest for a help": {before: func(l *lab) { l.digest(table, "x") }, then: func(l *lab) { l.put(key, state(3, "zero")) }, want: "not that of the new state"},
	}
}

func lockDamages() map[string]damage {
	id := bucket + "/" + key
	row := func(l *lab) { l.row(table, id, "Info", foreign) }
	file := func(l *lab) { l.put(key+".tflock", foreign) }
	return map[string]damage{
		"our lock file stays":                     {then: func(l *lab) { l.restored(); l.put(key+".tflock", ours) }, want: "a lock file was left behind"},
		"our lock row stays":                      {then: func(l *lab) { l.restored(); l.row(table, id, "Info", ours) }, want: "a lock was left behind"},
		"our lock row stays in a second table":    {then: func(l *lab) { l.restored(); l.row(other, id, "Info", ours) }, want: "a lock was left behind"},
		"a foreign lock row is removed":           {before: row, then: func(l *lab) { l.deleteRow(table, id) }, change: idle, want: "lock of somebody else was removed"},
		"a foreign lock row is replaced":          {before: row, then: func(l *lab) { l.row(table, id, "Info", ours) }, change: unlock, want: "replaced"},
		"a foreign lock row is written anew":      {before: row, then: func(l *lab) { l.row(table, id, "Info", foreign+" ") }, change: unlock, want: "replaced"},
		"a foreign lock file is removed":          {before: file, then: func(l *lab) { l.remove(key + ".tflock") }, change: idle, want: "lock file of somebody else was removed"},
		"a foreign lock file is replaced":         {before: file, then: func(l *lab) { l.put(key+".tflock", ours) }, change: unlock, want: "replaced"},
		"a foreign lock file is written again":    {before: file, then: file, change: unlock, want: "replaced"},
		"a foreign lock file is destroyed":        {before: file, then: func(l *lab) { l.destroy(key+".tflock", l.look().Objects[key+".tflock"][0].ID) }, change: unlock, want: "lost, altered"},
		"the lock row of a neighbour is removed":  {then: func(l *lab) { l.restored(); l.deleteRow(table, bucket+"/"+neighbor) }, want: "the row"},
		"the lock file of a neighbour is removed": {then: func(l *lab) { l.restored(); l.remove(neighbor + ".tflock") }, want: "no concern"},
		"only the lock file is unlocked":          {before: func(l *lab) { l.locked(foreign) }, then: func(l *lab) { l.remove(key + ".tflock") }, change: unlock, want: "and the lock is there"},
		"only the lock row is unlocked":           {before: func(l *lab) { l.locked(foreign) }, then: func(l *lab) { l.deleteRow(table, id) }, change: unlock, want: "and the lock file is there"},
		"a lock under the victim comes back": {before: func(l *lab) { file(l); l.put(key+".tflock", foreign+" ") },
			then: func(l *lab) { l.destroy(key+".tflock", l.look().Objects[key+".tflock"][0].ID) }, change: unlock, want: "replaced"},
		"a row that is not ours comes up": {then: func(l *lab) { l.restored(); l.row(table, fmt.Sprintf("%s/x", bucket), "Info", ours) }, want: "the row"},
	}
}

func TestDamageIsRejected(t *testing.T) {
	kinds := 0
	for _, group := range []map[string]damage{stateDamages(), digestDamages(), lockDamages()} {
		for name, d := range group {
			kinds++
			t.Run(name, func(t *testing.T) { d.isRejected(t) })
		}
	}
	fmt.Printf("checker: %d kinds of damage, each rejected\n", kinds)
}

func (d damage) isRejected(t *testing.T) {
	l := newLab(t)
	if d.before != nil {
		d.before(l)
	}
	before := l.look()
	d.then(l)
	c := l.restore(true)
	if d.change != nil {
		d.change(&c)
	}
	wrong := strings.Join(checker.Judge(before, l.look(), c), "\n")
	if !strings.Contains(wrong, d.want) {
		t.Errorf("the checker says %q, which has no %q", wrong, d.want)
	}
}
