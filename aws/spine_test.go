package aws_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/model"
)

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
		slow  time.Duration // this machine's clock
		want  model.Outcome
	}{
		"they last":                               {left: time.Hour, want: model.OutcomeDone},
		"they end soon":                           {left: 4 * time.Minute, want: model.OutcomeRefused},
		"they end soon when it is confirmed":      {left: time.Hour, later: 56 * time.Minute, want: model.OutcomeRefused},
		"they still last when it is confirmed":    {left: time.Hour, later: 50 * time.Minute, want: model.OutcomeDone},
		"they have ended when it is confirmed":    {left: time.Hour, later: 61 * time.Minute, want: model.OutcomeRefused},
		"they end soon, which a slow clock hides": {left: 2*time.Hour + 3*time.Minute, slow: 2 * time.Hour, want: model.OutcomeRefused},
		"they do not last, whatever is planned":   {left: 6 * time.Minute, later: 2 * time.Minute, want: model.OutcomeRefused},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, model.MechanismDynamoDB)
			processKeys(t, time.Now().Add(c.left))
			raw := lockRaw(staleID, "ci@runner-17")
			l.lock(raw)
			client := l.client(func(o *aws.Options) { o.Static = nil })
			l.server.SetClock(func() time.Time { return time.Now().Add(c.slow) })
			plan := l.planUnlock(client, staleID)
			if refused := len(plan.Refusals) > 0; refused != (c.left-c.slow < 5*time.Minute) {
				t.Errorf("refusals of the plan: %q", plan.Refusals)
			}
			l.server.SetClock(func() time.Time { return time.Now().Add(c.slow + c.later) })
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

func TestAVersionWhoseSerialCannotBeReadLeavesRoomForIt(t *testing.T) {
	l := newLab(t, model.MechanismDynamoDB)
	first := l.write(1, "one")
	hidden := l.write(8, "eight")
	l.write(3, "three")
	l.server.OnRequest(func(r emulator.Request) *emulator.Fault {
		if r.Operation == "GetObject" && r.Query.Get("versionId") == hidden {
			return &emulator.Fault{Status: 403, Code: "AccessDenied"}
		}
		return nil
	})
	p := l.planRestore(l.client(), first)
	if p.Restore.NewSerial != 5 || !slices.ContainsFunc(p.Warnings, func(w string) bool { return strings.Contains(w, "serials of 1 versions could not be read") }) {
		t.Errorf("serial %d, warnings %q", p.Restore.NewSerial, p.Warnings)
	}
}

func TestTheMechanismThatTheOperatorNamesIsTaken(t *testing.T) {
	l := newLab(t, model.MechanismLockfile)
	first := l.write(1, "one")
	l.write(2, "two")
	b := l.backend()
	b.Declared = nil
	for name, c := range map[string]struct {
		named []model.Mechanism
		takes bool
	}{
		"none is known":          {nil, false},
		"the lock file, by flag": {[]model.Mechanism{model.MechanismLockfile}, true},
	} {
		t.Run(name, func(t *testing.T) {
			client := l.client(func(o *aws.Options) { o.Mechanisms = c.named })
			p, err := client.PlanRestore(t.Context(), b, labKey, model.RestoreRequest{VersionID: first})
			l.must(p, err)
			if p.Restore.Lockfile != c.takes || (len(p.Refusals) == 0) != c.takes {
				t.Errorf("lock file %v, refusals %q", p.Restore.Lockfile, p.Refusals)
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
