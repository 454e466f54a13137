package model

import "slices"

// Holders are locks by who holds them: those that one holder keeps on a state,
// through one mechanism or several, are together, in the order in which they come.
func Holders(locks []Lock) [][]Lock {
	var all [][]Lock
	byKey := map[string][]int{} // the holders of a state
	for _, l := range locks {
		state := LockID(l.Bucket, l.Key)
		at := slices.IndexFunc(byKey[state], func(i int) bool { return all[i][0].SameHolder(l) })
		if at >= 0 {
			all[byKey[state][at]] = append(all[byKey[state][at]], l)
			continue
		}
		byKey[state] = append(byKey[state], len(all))
		all = append(all, []Lock{l})
	}
	return all
}

// JudgeLocks gives the locks on one state their verdicts and evidence. What a
// holder keeps in several places is one lock: it is judged once, by the place whose
// times S3 tells, and each says the same.
func JudgeLocks(locks []Lock, around func(Lock) LockContext) {
	for _, same := range Holders(locks) {
		one := same[max(0, slices.IndexFunc(same, func(l Lock) bool { return l.Mechanism == MechanismLockfile }))]
		verdict, evidence := AssessLock(one, around(one))
		for i := range locks {
			if l := &locks[i]; l.SameHolder(one) {
				l.Verdict, l.Evidence = verdict, slices.Clone(evidence)
				l.copied(one)
			}
		}
	}
}

// copied adds what is wrong with this place of a lock alone.
func (l *Lock) copied(of Lock) {
	if e, odd := ruleMalformed(*l, LockContext{}); odd && of.Malformed != l.Malformed {
		l.Evidence = append(l.Evidence, e)
	}
}
