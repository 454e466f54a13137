package aws_test

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/stateward/stateward/model"
)

// The judge plays the requests of a race again, in the order of their effects,
// on a state of its own: what the store must hold after each, who holds which
// lock, and what each write was based on. It knows the protocol, and nothing of
// how stateward works.

// raceFault is what can be wrong with a history.
type raceFault string

const (
	faultLostUpdate  raceFault = "lost update"
	faultTwoHolders  raceFault = "two holders"
	faultNoLock      raceFault = "write without the lock"
	faultForeignLock raceFault = "foreign lock destroyed"
	faultSerial      raceFault = "serial used again"
	faultContent     raceFault = "restored content is no version's"
	faultUnguarded   raceFault = "change without a condition"
	faultDigest      raceFault = "wrong digest"
	faultLeft        raceFault = "lock left behind"
	faultVersions    raceFault = "versions lost"
	faultStore       raceFault = "the store is not linearizable"
	faultUnknown     raceFault = "change that nobody makes"
	faultUntrue      raceFault = "untrue outcome"
)

// raceFinding is one fault.
type raceFinding struct {
	kind raceFault
	text string
}

func (f raceFinding) String() string { return string(f.kind) + ": " + f.text }

// raceCell is where a mechanism keeps its lock: one at a time.
type raceCell struct {
	raw   string // "" is none
	owner string // who wrote it
}

// raceJudge is the history so far.
type raceJudge struct {
	mechs  []model.Mechanism
	told   map[string]model.Result // by process
	faults []raceFinding

	last      map[string]int // place of each actor's last request: after it, it is dead
	cells     map[model.Mechanism]*raceCell
	believers map[model.Mechanism]map[string]bool // who took the lock and did not give it back
	versions  [][]byte                            // of the state, oldest first
	markers   int                                 // delete markers of the lock file
	files     []string                            // versions of the lock file, oldest first
	digest    string                              // "" is none
	wrote     map[string]bool                     // who wrote the state
	locks     int
	writes    int // by clients
}

func newRaceJudge(mechs []model.Mechanism, told map[string]model.Result) *raceJudge {
	j := &raceJudge{mechs: mechs, told: told, last: map[string]int{}, wrote: map[string]bool{},
		cells: map[model.Mechanism]*raceCell{}, believers: map[model.Mechanism]map[string]bool{}}
	for _, m := range mechs {
		j.cells[m], j.believers[m] = &raceCell{}, map[string]bool{}
	}
	return j
}

func (j *raceJudge) fault(kind raceFault, format string, args ...any) {
	j.faults = append(j.faults, raceFinding{kind, fmt.Sprintf(format, args...)})
}

// of is how many faults of a kind were found.
func (j *raceJudge) of(kind raceFault) (n int) {
	for _, f := range j.faults {
		if f.kind == kind {
			n++
		}
	}
	return n
}

// hear plays the history.
func (j *raceJudge) hear(events []raceEvent) {
	for i, e := range events {
		j.last[e.who] = i
	}
	for i, e := range events {
		if e.Mutates {
			j.change(i, e)
		}
		if j.last[e.who] == i {
			j.farewell(e.who)
		}
	}
}

// change plays one changing request.
func (j *raceJudge) change(i int, e raceEvent) {
	switch target := raceTarget(e); {
	case target == "PutObject state":
		j.writeState(e)
	case target == "PutObject lock":
		j.take(i, e, model.MechanismLockfile, string(e.Body), e.Header.Get("If-None-Match") == "*")
	case target == "DeleteObject lock":
		j.drop(i, e, model.MechanismLockfile)
	case target == "PutItem lock":
		j.take(i, e, model.MechanismDynamoDB, rowOf(e).Item["Info"].S, rowOf(e).ConditionExpression == "attribute_not_exists(LockID)")
	case target == "DeleteItem lock":
		j.drop(i, e, model.MechanismDynamoDB)
	case target == "PutItem digest":
		j.setDigest(i, e)
	default:
		j.fault(faultUnknown, "%s sent %s %s%s", e.who, e.Operation, e.Key, e.Table)
	}
}

// answers holds what the store said against what it must have done.
func (j *raceJudge) answers(e raceEvent, happened bool) bool {
	if e.Status != 0 && happened != (e.Status/100 == 2) {
		j.fault(faultStore, "%s by %s was answered %d, and that it happens is %t", raceTarget(e), e.who, e.Status, happened)
	}
	return happened
}

// take plays the taking of a lock. Whoever took it and has not given it back
// still believes to hold it, unless it is dead.
func (j *raceJudge) take(i int, e raceEvent, m model.Mechanism, raw string, guarded bool) {
	cell, ok := j.cells[m]
	if !ok {
		j.fault(faultUnknown, "%s locks by %s", e.who, m)
		return
	}
	if !j.answers(e, cell.raw == "" || !guarded) {
		return
	}
	if m == model.MechanismLockfile {
		j.files = append(j.files, raw)
	}
	j.locks++
	for other := range j.believers[m] {
		if j.last[other] > i {
			j.fault(faultTwoHolders, "%s and %s both hold the lock of %s", other, e.who, m)
		}
	}
	cell.raw, cell.owner = raw, e.who
	j.believers[m][e.who] = true
}

// matches is whether what a deletion is conditional on holds, and whether it is
// conditional on the one lock that is there at all.
func (j *raceJudge) matches(e raceEvent) (holds, guarded bool) {
	if e.Service == "s3" {
		match := e.Header.Get("If-Match")
		cell := j.cells[model.MechanismLockfile]
		return match == "" || cell != nil && cell.raw != "" && strings.Trim(match, `"`) == sumOf([]byte(cell.raw)), match != ""
	}
	in := rowOf(e)
	cell := j.cells[model.MechanismDynamoDB]
	switch in.ConditionExpression {
	case "":
		return true, false
	case "Info = :raw":
		return cell != nil && cell.raw != "" && cell.raw == in.ExpressionAttributeValues[":raw"].S, true
	}
	return false, false
}

// drop plays the removal of a lock: one's own, or that of somebody dead.
func (j *raceJudge) drop(i int, e raceEvent, m model.Mechanism) {
	holds, guarded := j.matches(e)
	if isOperator(e.who) && !guarded {
		j.fault(faultUnguarded, "%s removes the lock of %s whatever it is", e.who, m)
	}
	cell, ok := j.cells[m]
	if !ok {
		j.fault(faultUnknown, "%s unlocks by %s", e.who, m)
		return
	}
	if !j.answers(e, holds) {
		return
	}
	if m == model.MechanismLockfile {
		j.markers++
	}
	switch owner := cell.owner; {
	case cell.raw == "" || owner == e.who:
	case !isOperator(e.who):
		j.fault(faultForeignLock, "%s removed the lock of %s in %s", e.who, owner, m)
	case j.last[owner] > i:
		j.fault(faultForeignLock, "%s removed the lock of %s in %s, who is at work", e.who, owner, m)
	}
	delete(j.believers[m], cell.owner)
	*cell = raceCell{}
}

// holdsAll reports whether an actor holds every lock of the state. An operator
// also acts under those of a process that is dead, to finish what it began.
func (j *raceJudge) holdsAll(i int, who string, alsoDead bool) bool {
	for _, m := range j.mechs {
		owner := j.cells[m].owner
		dead := alsoDead && isOperator(who) && isOperator(owner) && j.last[owner] < i
		if owner != who && !dead {
			return false
		}
	}
	return true
}

func (j *raceJudge) current() []byte {
	if len(j.versions) == 0 {
		return nil
	}
	return j.versions[len(j.versions)-1]
}

// writeState plays a write of the state, which must be made from what it replaces.
func (j *raceJudge) writeState(e raceEvent) {
	now := j.current()
	match, absent := strings.Trim(e.Header.Get("If-Match"), `"`), e.Header.Get("If-None-Match") == "*"
	if !j.answers(e, (match == "" || now != nil && match == sumOf(now)) && (!absent || now == nil)) {
		return
	}
	if !j.holdsAll(0, e.who, false) {
		j.fault(faultNoLock, "%s writes the state", e.who)
	}
	switch {
	case !isOperator(e.who):
		j.writes++
		j.madeFrom(e, now)
	case match == "" && !absent:
		j.fault(faultLostUpdate, "%s replaces whatever the state is", e.who)
	default:
		j.restored(e)
	}
	j.versions = append(j.versions, e.Body)
	j.wrote[e.who] = true
}

// madeFrom: a client raises the serial of what it read by one, and the content
// says whose sum that had.
func (j *raceJudge) madeFrom(e raceEvent, now []byte) {
	was, is := readState(now), readState(e.Body)
	base, _, _ := strings.Cut(is.Outputs.V.Value, " ")
	if is.Serial != was.Serial+1 || base != sumOf(now) {
		j.fault(faultLostUpdate, "%s writes serial %d made from %s over serial %d, %s", e.who, is.Serial, base, was.Serial, sumOf(now))
	}
}

// restored: an operator writes the content of a version that was there, under a
// serial that was not.
func (j *raceJudge) restored(e raceEvent) {
	known, serial, highest := false, readState(e.Body).Serial, 0
	for _, v := range j.versions {
		known = known || reflect.DeepEqual(withoutSerial(v), withoutSerial(e.Body))
		highest = max(highest, readState(v).Serial)
	}
	if serial <= highest {
		j.fault(faultSerial, "%s writes serial %d, and there was %d", e.who, serial, highest)
	}
	if !known {
		j.fault(faultContent, "%s writes %s", e.who, e.Body)
	}
}

// setDigest plays a write of the digest, which must be that of the bytes there are.
func (j *raceJudge) setDigest(i int, e raceEvent) {
	in := rowOf(e)
	holds := false
	switch in.ConditionExpression {
	case "":
		holds = true
		if isOperator(e.who) {
			j.fault(faultUnguarded, "%s sets the digest whatever it is", e.who)
		}
	case "Digest = :old":
		holds = j.digest != "" && in.ExpressionAttributeValues[":old"].S == j.digest
	case "attribute_not_exists(LockID)":
		holds = j.digest == ""
	}
	if !j.answers(e, holds) {
		return
	}
	if !j.holdsAll(i, e.who, true) {
		j.fault(faultNoLock, "%s sets the digest", e.who)
	}
	j.digest = in.Item["Digest"].S
	if want := sumOf(j.current()); j.digest != want {
		j.fault(faultDigest, "%s sets %s, the bytes have %s", e.who, j.digest, want)
	}
}

// farewell holds what an operator was told against what its process did.
func (j *raceJudge) farewell(who string) {
	res, ok := j.told[who]
	if !ok || res.Outcome == model.OutcomeInterrupted {
		return
	}
	for m, cell := range j.cells {
		if cell.owner == who {
			j.fault(faultUntrue, "%s says %s, and its lock is in %s", who, res.Outcome, m)
		}
	}
	done := res.Outcome == model.OutcomeDone
	if done && res.Operation == model.OpRestore && !j.wrote[who] || !done && j.wrote[who] {
		j.fault(faultUntrue, "%s says %s of its %s, and that it wrote is %t", who, res.Outcome, res.Operation, j.wrote[who])
	}
}

// raceEnd is what is there when all is over.
type raceEnd struct {
	versions [][]byte // of the state, oldest first
	files    []string // versions of the lock file, oldest first
	markers  int      // of the lock file
	digest   string
	held     []string // locks
}

// compare holds what is there against the history.
func (j *raceJudge) compare(end raceEnd) {
	if !slices.EqualFunc(end.versions, j.versions, bytes.Equal) {
		j.fault(faultVersions, "of %d versions of the state %d are there, or in another order", len(j.versions), len(end.versions))
	}
	if !slices.Equal(end.files, j.files) || end.markers != j.markers {
		j.fault(faultVersions, "of %d versions and %d markers of the lock file %d and %d are there", len(j.files), j.markers, len(end.files), end.markers)
	}
	if want := sumOf(j.current()); slices.Contains(j.mechs, model.MechanismDynamoDB) && end.digest != want {
		j.fault(faultDigest, "in the end it is %q, the bytes have %s", end.digest, want)
	}
	for _, raw := range end.held {
		j.fault(faultLeft, "%s", raw)
	}
}
