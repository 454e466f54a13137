package checker

import (
	"slices"
)

// Beside judges an operation beside which somebody else acted: once, between two
// of its requests or in the middle of one. Whatever lies between Before and
// Between, and between Acted and After, the operation did.
type Beside struct {
	Change
	Before  World // without the operation
	Between World // when the other began
	Acted   World // when the other was done
	After   World
	Refused bool // the operation says that it changed nothing
	Holding bool // it says that it was interrupted: locks of its own may stand
	Decided bool // it was interrupted and a person had to end it, who takes on what the other did to the digest
}

// Judge lists everything in which the worlds are not such as an operation may lead
// to: what the other did stands, what the operation did is its own and as promised,
// and its word is true.
func (b Beside) Judge() []string {
	j := &besideJudge{judge: &judge{before: b.Before, after: b.After, Change: b.Change}, worlds: b}
	j.histories()
	j.state()
	for _, place := range append([]string{LockFile}, sortedKeys(b.Before.Rows)...) {
		j.lock(place)
	}
	for _, table := range sortedKeys(b.Before.Rows) {
		j.rows(table)
		j.digest(table)
	}
	return j.wrong
}

type besideJudge struct {
	*judge
	worlds Beside
}

// without are the versions of one history that another has not.
func without(all, known []Version) []Version {
	return slices.DeleteFunc(slices.Clone(all), func(v Version) bool { return slices.Contains(known, v) })
}

// ours are the versions that the operation wrote: before the other acted, and after.
func (j *besideJudge) ours(key string) (early, late []Version) {
	return without(j.worlds.Between.Objects[key], j.worlds.Before.Objects[key]), without(j.worlds.After.Objects[key], j.worlds.Acted.Objects[key])
}

// histories: what the other left is there to the last version, but for the marks
// that the operation itself had left over a lock file and took away again.
func (j *besideJudge) histories() {
	for _, key := range sortedKeys(j.worlds.Acted.Objects) {
		stands, is := j.worlds.Acted.Objects[key], j.worlds.After.Objects[key]
		early, late := j.ours(key)
		if key == j.lockKey() {
			stands = slices.DeleteFunc(slices.Clone(stands), func(v Version) bool { return v.Marker && slices.Contains(early, v) && !slices.Contains(is, v) })
		}
		if grown := len(is) - len(stands); grown < 0 || !slices.Equal(is[grown:], stands) {
			j.reject("%s: a version was lost, altered or put in another place\n%s", key, difference(stands, is))
		}
		if key != j.Key && key != j.lockKey() && len(early)+len(late) > 0 {
			j.reject("%s: versions of a key that is no concern of the operation: %+v %+v", key, early, late)
		}
	}
}

// state: what was written is the target, once, and on top of what the operator saw.
func (j *besideJudge) state() {
	early, late := j.ours(j.Key)
	all := append(slices.Clone(early), late...)
	switch {
	case len(all) > 1:
		j.reject("the state got %d versions", len(all))
	case len(all) == 1 && j.Target == "":
		j.reject("the state was written, and nobody asked for it")
	case len(all) == 1 && j.worlds.Refused:
		j.reject("the operation says that it changed nothing, and wrote the state")
	case len(all) == 1:
		j.written(all[0])
	case j.Done && j.Target != "":
		j.reject("the restore says that it is done and wrote nothing")
	}
	was, existed := current(j.worlds.Before.Objects[j.Key])
	is, exists := current(j.worlds.Acted.Objects[j.Key])
	if len(late) > 0 && (was != is || existed != exists) {
		j.reject("the state was written over what somebody else had written")
	}
}

// place is what holds the lock in one place; "" is nobody.
func (j *besideJudge) place(w World, place string) string {
	if place != LockFile {
		return w.Rows[place][j.lockID()]
	}
	v, held := current(w.Objects[j.lockKey()])
	if !held {
		return ""
	}
	return v.ID + " " + v.Body
}

// lock: locks of others stand, but for the victims; locks of ours do not.
func (j *besideJudge) lock(place string) {
	was, between, acted, is := j.place(j.worlds.Before, place), j.place(j.worlds.Between, place), j.place(j.worlds.Acted, place), j.place(j.worlds.After, place)
	victim := slices.Contains(j.Victims, place)
	ours := func(lock string) bool { return lock != "" && lock != was && (lock != acted || acted == between) }
	removed := was != "" && between != was || acted == was && was != "" && is != was
	switch {
	case removed && !victim:
		j.reject("%s: the lock of somebody else was removed: %s", place, was)
	case removed && j.worlds.Refused:
		j.reject("%s: the operation says that it changed nothing, and removed the lock", place)
	case acted != "" && acted != was && !ours(acted) && is != acted:
		j.reject("%s: the lock that somebody else took was removed: %s, now %s", place, acted, orNone(is))
	case ours(is) && !j.worlds.Holding:
		j.reject("%s: a lock was left behind: %s", place, is)
	case victim && j.Done && was != "" && is == was:
		j.reject("%s: the unlock says that it is done, and the lock is there", place)
	}
}

// rows that are no concern of the operation are as the other left them.
func (j *besideJudge) rows(table string) {
	for _, pair := range [][2]World{{j.worlds.Before, j.worlds.Between}, {j.worlds.Acted, j.worlds.After}} {
		was, is := pair[0].Rows[table], pair[1].Rows[table]
		for _, id := range append(sortedKeys(was), sortedKeys(is)...) {
			if id != j.lockID() && id != j.digestID() && was[id] != is[id] {
				j.reject("%s: the row %s was %s and is %s", table, id, orNone(was[id]), orNone(is[id]))
			}
		}
	}
}

// digest: what the operation set is the digest of the bytes as they were then, and
// where its word promises one it was right when it was last touched by the operation.
func (j *besideJudge) digest(table string) {
	row := func(w World) string { return w.Rows[table][j.digestID()] }
	right := func(w World) string { return (&judge{after: w, Change: j.Change}).rightDigest() }
	early, late := row(j.worlds.Before) != row(j.worlds.Between), row(j.worlds.Acted) != row(j.worlds.After)
	wrote, wroteLate := j.ours(j.Key)
	switch kept := slices.Contains(j.Digests, table); {
	case (early || late) && !kept:
		j.reject("%s: the digest is %s, where none is kept", table, orNone(row(j.worlds.After)))
	case (early || late) && j.worlds.Refused:
		j.reject("%s: the operation says that it changed nothing, and set the digest", table)
	case early && row(j.worlds.Between) != right(j.worlds.Between):
		j.reject("%s: the digest was set to %s, and was to be %s", table, orNone(row(j.worlds.Between)), right(j.worlds.Between))
	case late && row(j.worlds.After) != right(j.worlds.After) && !j.worlds.Decided:
		j.reject("%s: the digest is %s and must be %s", table, orNone(row(j.worlds.After)), right(j.worlds.After))
	case (early || late) && len(wrote)+len(wroteLate) == 0 && !j.Repair:
		j.reject("%s: a digest was set while the operation wrote no state", table)
	case kept && j.Done && (j.Repair || j.Target != "") && row(j.worlds.After) != right(j.worlds.After) && !j.promised(row, right):
		j.reject("%s: it says that it is done, and the digest is %s in place of %s", table, orNone(row(j.worlds.After)), right(j.worlds.After))
	}
}

// promised reports whether the digest was right before the other acted, and is as
// the other left it.
func (j *besideJudge) promised(row, right func(World) string) bool {
	return row(j.worlds.Between) == right(j.worlds.Between) && row(j.worlds.After) == row(j.worlds.Acted)
}
