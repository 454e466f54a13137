package ui

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stateward/stateward/model"
)

func deniedListing(what, action string) error {
	return &model.Failure{Kind: model.ErrDenied, Tried: "listing the " + what, Action: action, Next: "Grant " + action + "."}
}

func TestErrorsThatCameTogetherAreSaidApart(t *testing.T) {
	twice := &model.Failure{Kind: model.ErrThrottled, Tried: "listing the buckets", Next: "Wait a little."}
	for name, c := range map[string]struct {
		err   error
		sees  []string
		lacks []string
	}{
		"each with its own advice": {errors.Join(deniedListing("tables", "dynamodb:ListTables"), deniedListing("buckets", "s3:ListAllMyBuckets")),
			[]string{"✖ listing the tables: AccessDenied dynamodb:ListTables", "Grant dynamodb:ListTables.", "✖ listing the buckets: AccessDenied s3:ListAllMyBuckets", "Grant s3:ListAllMyBuckets."}, []string{`\n`}},
		"the same advice once": {errors.Join(errors.New("one"), errors.New("two")), []string{"✖ one", "✖ two", "ctrl+r tries again."}, []string{`\n`}},
		"the first of many": {errors.Join(errors.New("one"), errors.New("two"), twice, errors.New("four")), []string{"✖ one", "✖ two", "✖ 2 more sources could not be read"},
			[]string{"four"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := sampleFleet()
			f.listErr = c.err
			open(t, f).sees(c.sees...).missing(c.lacks...)
		})
	}
}

func TestAnAccountWithoutBackends(t *testing.T) {
	f := sampleFleet()
	f.backends, f.buckets = nil, nil
	s := open(t, f).sees("no backends; a lists all buckets of the account")
	s.press("a").sees("no backends, and no buckets in the account").missing("a lists all")
	s.press("a").sees("no backends; a lists all")
	s.press("3").sees("no backends, and so nothing to check").missing("292 y", " ago")
}

func TestABucketWithoutStatesHasNoLastWrite(t *testing.T) {
	f := sampleFleet()
	f.backends = f.backends[:1]
	b := f.backends[0]
	facts := f.facts[b.Bucket]
	facts.LastWrite = model.Known(time.Time{})
	f.facts[b.Bucket] = facts
	open(t, f).missing("? last write", "292 y", "2025 y")
}

func TestWhoHoldsALockIsReadableWhereThereIsRoom(t *testing.T) {
	f := sampleFleet()
	for _, locks := range f.locks {
		for i := range locks {
			if locks[i].Info.Who != "" {
				locks[i].Info.Who = "grace@workstation"
			}
		}
	}
	s := open(t, f).press("2")
	s.resize(80, 24).sees("grace@workstation apply  ")
	s.resize(200, 40).sees("grace@workstation apply  ")
	s.resize(120, 40).sees("grace@workstation apply  ", "payments/api/terraform.tfstate  ")
}

func TestADiffOfTheHeaderAloneSaysWhatIsTheSame(t *testing.T) {
	s := open(t, sampleFleet())
	s.fleet.bodies[theOlder] = strings.NewReplacer(`"serial": 57`, `"serial": 56`, `"terraform_version": "1.11.4"`, `"terraform_version": "1.10.5"`).Replace(sampleBody)
	s.warehouse().press("j", "d").sees("terraform_version 1.10.5 → 1.11.4", "no resource and no output differs").missing("no differences")
}
