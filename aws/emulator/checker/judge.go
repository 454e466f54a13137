package checker

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// LockFile names the lock file among the places of locks; a lock row is named
// by its table.
const LockFile = ".tflock"

// Change is what an operation was asked to do to one state.
type Change struct {
	Bucket, Key string
	Target      string   // version whose content may become current; "" for none
	Digests     []string // tables in which clients keep digests of this state
	Repair      bool     // a digest may change although the state does not
	Victims     []string // places whose lock may be removed: LockFile, or a table
	Done        bool     // the operation says that it is done: then it must be
}

// Judge lists everything in which the world after an operation is not one that
// it may have led to. Nothing is listed when all is well. The zero Change but
// for Bucket and Key demands that nothing happened.
func Judge(before, after World, c Change) []string {
	j := &judge{before: before, after: after, Change: c}
	j.histories()
	j.state()
	j.lockFile()
	for _, table := range sortedKeys(before.Rows) {
		j.table(table)
	}
	return j.wrong
}

type judge struct {
	Change
	before, after World
	wrong         []string
	restored      bool // a version of the state was written
}

func (j *judge) reject(format string, args ...any) {
	j.wrong = append(j.wrong, fmt.Sprintf(format, args...))
}

func (j *judge) lockKey() string  { return j.Key + ".tflock" }
func (j *judge) lockID() string   { return j.Bucket + "/" + j.Key }
func (j *judge) digestID() string { return j.lockID() + "-md5" }

// histories: what existed is all there, in its order, and new versions are on
// top. Only the state and its lock file may have any.
func (j *judge) histories() {
	for _, key := range sortedKeys(j.before.Objects) {
		was, is := j.before.Objects[key], j.after.Objects[key]
		grown := len(is) - len(was)
		if grown < 0 || !slices.Equal(is[grown:], was) {
			j.reject("%s: a version was lost, altered or put in another place\n%s", key, difference(was, is))
		}
		if grown > 0 && key != j.Key && key != j.lockKey() {
			j.reject("%s: %d versions of a key that is no concern of the operation", key, grown)
		}
	}
	for _, key := range sortedKeys(j.after.Objects) {
		if _, known := j.before.Objects[key]; !known && key != j.lockKey() {
			j.reject("%s: a new object", key)
		}
	}
}

func difference(was, is []Version) string { return fmt.Sprintf("  was %+v\n  is  %+v", was, is) }

// state judges what was written on top of the state, if anything was.
func (j *judge) state() {
	added := len(j.after.Objects[j.Key]) - len(j.before.Objects[j.Key])
	j.restored = added == 1
	switch {
	case added > 1:
		j.reject("the state got %d versions", added)
	case added == 1 && j.Target == "":
		j.reject("the state was written, and nobody asked for it")
	case added == 1:
		j.written(j.after.Objects[j.Key][0])
	case j.Done && j.Target != "":
		j.reject("the restore says that it is done and wrote nothing")
	}
}

func (j *judge) written(now Version) {
	history := j.before.Objects[j.Key]
	target := slices.IndexFunc(history, func(v Version) bool { return v.ID == j.Target && !v.Marker })
	switch {
	case now.Marker:
		j.reject("the state was deleted")
		return
	case target < 0:
		j.reject("version %s, the target, never existed", j.Target)
		return
	}
	like, exists := current(history)
	if !exists {
		like = history[target]
	}
	if now.Stored != like.Stored {
		j.reject("the state is stored as\n%s\nand was stored as\n%s", now.Stored, like.Stored)
	}
	if why := notRestored(now.Body, history[target].Body, history); why != "" {
		j.reject("the state is not the target under a new serial: %s", why)
	}
}

// lockFile judges the lock file as it stands; what became of its history is
// judged with the others.
func (j *judge) lockFile() {
	was, held := current(j.before.Objects[j.lockKey()])
	is, holds := current(j.after.Objects[j.lockKey()])
	victim := slices.Contains(j.Victims, LockFile)
	switch {
	case held && holds && was != is:
		j.reject("the lock file was replaced by %s", is.Body)
	case held && !holds && !victim:
		j.reject("the lock file of somebody else was removed: %s", was.Body)
	case !held && holds:
		j.reject("a lock file was left behind: %s", is.Body)
	case held && holds && victim && j.Done:
		j.reject("the unlock says that it is done, and the lock file is there")
	}
	if held && holds && len(j.before.Objects[j.lockKey()]) != len(j.after.Objects[j.lockKey()]) {
		j.reject("the lock file was written or deleted under somebody else's lock")
	}
}

// table judges all rows of a lock table.
func (j *judge) table(table string) {
	was, is := j.before.Rows[table], j.after.Rows[table]
	ids := slices.Sorted(maps.Keys(was))
	for _, id := range sortedKeys(is) {
		if _, known := was[id]; !known {
			ids = append(ids, id)
		}
	}
	for _, id := range ids {
		switch id {
		case j.lockID():
			j.lockRow(table, was[id], is[id])
		case j.digestID():
		default:
			if was[id] != is[id] {
				j.reject("%s: the row %s was %s and is %s", table, id, orNone(was[id]), orNone(is[id]))
			}
		}
	}
	j.digestRow(table, was[j.digestID()], is[j.digestID()])
}

func (j *judge) lockRow(table, was, is string) {
	victim := slices.Contains(j.Victims, table)
	switch {
	case was == "" && is != "":
		j.reject("%s: a lock was left behind: %s", table, is)
	case is == "" && was != "" && !victim:
		j.reject("%s: the lock of somebody else was removed: %s", table, was)
	case is != "" && was != is:
		j.reject("%s: the lock of somebody else was replaced by %s", table, is)
	case is != "" && victim && j.Done:
		j.reject("%s: the unlock says that it is done, and the lock is there", table)
	}
}

// digestRow: the digest is that of the bytes, wherever one is kept. One that was
// wrong before stays so only while nothing was changed.
func (j *judge) digestRow(table, was, is string) {
	kept := slices.Contains(j.Digests, table)
	right := j.rightDigest()
	switch {
	case !kept && was == "" && is != "":
		j.reject("%s: a digest was planted where none is kept: %s", table, is)
	case !kept && was != is:
		j.reject("%s: the digest was %s and is %s, where none is kept", table, was, orNone(is))
	case was != is && is != right:
		j.reject("%s: the digest is %s and must be %s", table, orNone(is), orNone(right))
	case was != is && !j.restored && !j.Repair:
		j.reject("%s: the digest was %s and is %s, while the state did not change", table, orNone(was), is)
	case kept && j.restored && is != right:
		j.reject("%s: the digest is %s, which is not that of the new state, %s", table, orNone(is), right)
	case kept && j.Repair && j.Done && is != right:
		j.reject("%s: the repair says that it is done, and the digest is %s in place of %s", table, orNone(is), orNone(right))
	}
}

// rightDigest is the digest row that the current bytes demand; "" without a state.
func (j *judge) rightDigest() string {
	now, exists := current(j.after.Objects[j.Key])
	if !exists || now.Body == "" { // clients stop at a digest beside no bytes
		return ""
	}
	sum := md5.Sum([]byte(now.Body))
	row, err := json.Marshal(map[string]any{"LockID": map[string]string{"S": j.digestID()}, "Digest": map[string]string{"S": hex.EncodeToString(sum[:])}})
	if err != nil {
		return err.Error() // strings always marshal
	}
	return string(row)
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
