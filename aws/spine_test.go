package aws_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/model"
)

// loseLock is somebody who removes our lock under us.
func (l *lab) loseLock() {
	if l.uses(model.MechanismLockfile) {
		l.must(l.s3.DeleteObject(l.t.Context(), &s3.DeleteObjectInput{Bucket: sdk.String(labBucket), Key: sdk.String(model.LockKey(labKey))}))
		return
	}
	l.deleteRow(model.LockID(labBucket, labKey))
}

func TestWithoutOurLockNoDigestIsSet(t *testing.T) {
	for name, mechs := range map[string][]model.Mechanism{
		"the row is gone":       {model.MechanismDynamoDB},
		"the lock file is gone": {model.MechanismLockfile, model.MechanismDynamoDB},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, mechs...)
			first := l.write(1, "one")
			l.write(2, "two")
			before := l.attribute(model.DigestID(labBucket, labKey), "Digest")
			c := l.client()
			plan := l.planRestore(c, first)
			l.once("PutObject", "terraform.tfstate", func() *emulator.Fault { return &emulator.Fault{After: l.loseLock} })
			res := c.Run(t.Context(), plan, []string{labKey}, nil)
			wantOutcome(t, res, model.OutcomeInterrupted)
			if got := l.attribute(model.DigestID(labBucket, labKey), "Digest"); got != before {
				t.Errorf("digest %q was set without the lock; before it was %q", got, before)
			}
		})
	}
}

func TestALockFileThatStaysIsNotCalledDeleted(t *testing.T) {
	l := newLab(t, model.MechanismLockfile)
	raw := lockRaw(staleID, "ci@runner-17")
	l.lock(raw)
	c := l.client()
	plan := l.planUnlock(c, staleID)
	l.once("DeleteObject", ".tflock", func() *emulator.Fault { return &emulator.Fault{Status: 204} })
	res := c.Run(t.Context(), plan, []string{staleID}, nil)
	wantOutcome(t, res, model.OutcomeInterrupted)
	if !strings.Contains(res.Message, "still there") || len(res.Next) != 1 || !strings.Contains(res.Next[0], "stateward unlock") {
		t.Errorf("message %q, next %q", res.Message, res.Next)
	}
	l.wantHeld(raw)
}

func TestARowWithoutInfoThatIsLockedAtTheLastMomentStays(t *testing.T) {
	l := newLab(t, model.MechanismDynamoDB)
	bare := func(attributes map[string]ddbtypes.AttributeValue) {
		attributes["LockID"] = &ddbtypes.AttributeValueMemberS{Value: model.LockID(labBucket, labKey)}
		l.must(l.ddb.PutItem(l.t.Context(), &dynamodb.PutItemInput{TableName: sdk.String(labTable), Item: attributes}))
	}
	bare(map[string]ddbtypes.AttributeValue{})
	c := l.client()
	plan := l.planUnlock(c, "")
	newer := lockRaw("newer", "erin@mbp")
	l.once("DeleteItem", "", func() *emulator.Fault {
		return &emulator.Fault{Before: func() {
			bare(map[string]ddbtypes.AttributeValue{"Info": &ddbtypes.AttributeValueMemberS{Value: newer}})
		}}
	})
	res := c.Run(t.Context(), plan, []string{plan.Tokens[0].Value}, nil)
	wantOutcome(t, res, model.OutcomeRefused)
	l.wantHeld(newer)
}

// processKeys are credentials of a profile that end then.
func processKeys(t *testing.T, end time.Time) {
	t.Helper()
	home := alone(t)
	write(t, fmt.Sprintf(`{"Version":1,"AccessKeyId":"test","SecretAccessKey":"test","SessionToken":"test","Expiration":%q}`, end.UTC().Format(time.RFC3339)), home, "keys.json")
	write(t, "[default]\nregion = us-east-1\ncredential_process = cat "+home+"/keys.json\n", home, ".aws", "config")
}

func TestCredentialsThatEndSoonStopAnOperation(t *testing.T) {
	for name, c := range map[string]struct {
		left  time.Duration // when the plan is made
		later time.Duration // it is confirmed
		want  model.Outcome
	}{
		"they last":                             {left: time.Hour, want: model.OutcomeDone},
		"they end soon":                         {left: 4 * time.Minute, want: model.OutcomeRefused},
		"they end soon when it is confirmed":    {left: time.Hour, later: 56 * time.Minute, want: model.OutcomeRefused},
		"they still last when it is confirmed":  {left: time.Hour, later: 50 * time.Minute, want: model.OutcomeDone},
		"they have ended when it is confirmed":  {left: time.Hour, later: 61 * time.Minute, want: model.OutcomeRefused},
		"they do not last, whatever is planned": {left: 6 * time.Minute, later: 2 * time.Minute, want: model.OutcomeRefused},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, model.MechanismDynamoDB)
			processKeys(t, time.Now().Add(c.left))
			raw := lockRaw(staleID, "ci@runner-17")
			l.lock(raw)
			client := l.client(func(o *aws.Options) { o.Static = nil })
			plan := l.planUnlock(client, staleID)
			l.server.SetClock(func() time.Time { return time.Now().Add(c.later) })
			client.LocksOf(t.Context(), l.backend(), labKey) // as the open plan does again and again
			l.server.ResetLog()
			res := client.Run(t.Context(), plan, []string{staleID}, nil)
			wantOutcome(t, res, c.want)
			if c.want == model.OutcomeRefused {
				l.wantHeld(raw)
				if !strings.Contains(res.Message, "credentials expire in") || len(l.changes()) > 0 {
					t.Errorf("message %q, sent %v", res.Message, l.changes())
				}
			}
		})
	}
}

func TestAgesAreTakenFromTheServicesClock(t *testing.T) {
	l := newLab(t, model.MechanismDynamoDB)
	first := l.write(1, "one")
	l.write(2, "two")
	for name, c := range map[string]struct {
		ahead time.Duration
		want  string
	}{
		"this machine's clock is right": {0, "serial 1 of 0 s ago"},
		"it is two hours slow":          {2*time.Hour + time.Second, "serial 1 of 2 h ago"},
		"it is two hours fast":          {-2 * time.Hour, "serial 1 of 0 s ago"},
	} {
		t.Run(name, func(t *testing.T) {
			l.server.SetClock(func() time.Time { return time.Now().Add(c.ahead) })
			client := l.client()
			now := time.Now()
			if got := client.ServiceTime(now); !got.Equal(now) {
				t.Errorf("before any answer it is off by %v", got.Sub(now))
			}
			plan := l.planRestore(client, first)
			if got := client.ServiceTime(now).Sub(now) - c.ahead; got.Abs() > 3*time.Second {
				t.Errorf("off by %v", got)
			}
			i := slices.IndexFunc(plan.Facts, func(f model.PlanLine) bool { return f.Label == "Restore" })
			if i < 0 || c.ahead != 0 && !strings.HasPrefix(plan.Facts[i].Text, c.want) {
				t.Errorf("facts %+v, want %q", plan.Facts, c.want)
			}
		})
	}
}

func TestEveryBucketOfTheAccountCanBeChosen(t *testing.T) {
	everyTarget(t, func(t *testing.T, s *site) {
		for _, name := range []string{"acme-empty", "acme-logs", "acme-tfstate"} {
			s.bucket(name, "")
		}
		s.put("acme-tfstate", "app/terraform.tfstate", stateV4)
		c := s.client(func(o *aws.Options) {
			o.Policies = []model.PolicyRule{{Glob: "acme-l*", Policy: model.Policy{ReadOnly: true}}}
		})
		var got []string
		for page, err := range c.Buckets(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			for _, b := range page {
				got = append(got, fmt.Sprint(b.Name, " ", b.Bucket, " ", b.Source, " ", b.Policy.ReadOnly))
			}
		}
		slices.Sort(got)
		want := []string{"acme-empty acme-empty list of buckets false", "acme-logs acme-logs list of buckets true", "acme-tfstate acme-tfstate list of buckets false"}
		if !slices.Equal(got, want) {
			t.Errorf("buckets %q, want %q", got, want)
		}
	})
}

func TestWhereBucketsMayNotBeListedItIsSaid(t *testing.T) {
	s := newSiteOf(t)
	s.emulator.Deny("s3:ListAllMyBuckets")
	var f *model.Failure
	for page, err := range s.client().Buckets(t.Context()) {
		if !errors.As(err, &f) || len(page) > 0 {
			t.Errorf("page %v, error %v", page, err)
		}
	}
	if f == nil || f.Action != "s3:ListAllMyBuckets" {
		t.Errorf("failure %+v", f)
	}
}

func TestAKeyMayEndInAnything(t *testing.T) {
	everyTarget(t, func(t *testing.T, s *site) {
		b := s.bucket("acme-tfstate", s3types.BucketVersioningStatusEnabled)
		want := []string{"prod/network.v2", "prod/vpc.state", "team/app.production"}
		for _, key := range want {
			s.put(b.Bucket, key, stateV4)
		}
		s.put(b.Bucket, "prod/notes.txt", "no state at all")
		states, others, _ := allStates(t, s.client(), b, model.StateQuery{})
		var got []string
		for _, st := range states {
			if st.Named == "its content" {
				got = append(got, st.Key)
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, want) || others != 1 {
			t.Errorf("states %q, want %q; others %d", got, want, others)
		}
	})
}

func TestOfManyOtherFilesAFewAreLookedInto(t *testing.T) {
	s := newSiteOf(t)
	b := s.bucket("acme-logs", "")
	for i := range 40 {
		s.put(b.Bucket, fmt.Sprintf("2026/11/%02d.gz", i), "x")
	}
	s.put(b.Bucket, "prod/state", stateV4)
	s.emulator.ResetLog()
	states, others, _ := allStates(t, s.client(), b, model.StateQuery{})
	if len(states) != 1 || others != 40 {
		t.Errorf("%d states, %d others", len(states), others)
	}
	gets := 0
	for _, op := range s.operations() {
		if op == "GetObject" {
			gets++
		}
	}
	if gets > 17 {
		t.Errorf("%d objects were looked into", gets)
	}
}
