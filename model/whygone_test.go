package model

import (
	"strings"
	"testing"
)

// A plan that has nothing to do says what is so, not what the operation is for.
func TestWhyThereIsNothingToDo(t *testing.T) {
	here := &CurrentObject{Body: []byte("x")}
	row := func(value string) TableEvidence {
		return TableEvidence{Table: "locks", Digest: DigestRow{Present: true, HasAttr: true, Value: value}}
	}
	repair := func(now *CurrentObject, tables ...TableEvidence) *Plan {
		return PlanRepair(RepairFacts{Backend: Backend{Bucket: "b"}, Key: "k", Current: now, Mechanisms: MechanismFacts{Tables: tables}}, RepairRequest{})
	}
	for name, c := range map[string]struct {
		plan *Plan
		want string
	}{
		"a digest that is right":  {repair(here, row(DigestOf(here.Body))), "the digest of s3://b/k is right"},
		"a key that is no state":  {repair(nil, TableEvidence{Table: "locks"}), "there is no state s3://b/k, and no digest of it"},
		"a table without digests": {repair(here, TableEvidence{Table: "locks"}), "no lock table keeps a digest of s3://b/k"},
		"no table":                {repair(here), "no lock table keeps a digest of s3://b/k"},
		"no lock":                 {PlanUnlock(UnlockFacts{Backend: Backend{Bucket: "b"}, Key: "k"}, UnlockRequest{}), "no lock is held on s3://b/k"},
		"nothing interrupted":     {&Plan{Operation: OpRecover, Backend: Backend{Bucket: "b"}, Key: "k", Gone: true}, "no interrupted operation holds a lock on s3://b/k"},
	} {
		t.Run(name, func(t *testing.T) {
			if !c.plan.Gone || c.plan.WhyGone() != c.want {
				t.Errorf("gone %t: %s", c.plan.Gone, c.plan.WhyGone())
			}
		})
	}
}

func TestTheUnlockByHandNamesTheRegionOfTheTable(t *testing.T) {
	l := Lock{Bucket: "b", Key: "it's", Mechanism: MechanismDynamoDB, Table: "locks", Raw: []byte(`{"ID":"one"}`), Info: LockInfo{ID: "one"}}
	p := PlanUnlock(UnlockFacts{Backend: Backend{Bucket: "b"}, Key: "it's", Locks: []Lock{l}, Region: "eu-west-1"}, UnlockRequest{LockID: "one"})
	if len(p.Manual) != 1 || !strings.HasPrefix(p.Manual[0].Command, "aws dynamodb delete-item --table-name locks --key ") || !strings.HasSuffix(p.Manual[0].Command, " --region eu-west-1") {
		t.Errorf("%q", p.Manual)
	}
}
