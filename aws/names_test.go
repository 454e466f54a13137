package aws_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/model"
)

// neighbourKey is the key of another state, whose lock is the one that was meant.
const neighbourKey = "env:/prod/" + labKey

// TestALockThatIsNotHere: nothing is said to be gone that never was, and a lock
// that is held on another state is named with the command for it.
func TestALockThatIsNotHere(t *testing.T) {
	similar := "Similar: s3://" + labBucket + "/" + labKey
	cases := map[string]struct {
		key                  string
		id                   string
		deny                 string
		fails, refused, gone string // which of the three, and what it says
	}{
		"a mistyped key":                    {key: "ap/terraform.tfstate", id: staleID, fails: similar},
		"a trailing slash":                  {key: labKey + "/", id: staleID, fails: similar},
		"a leading slash":                   {key: "/" + labKey, id: staleID, fails: similar},
		"a space pasted with it":            {key: labKey + " ", id: staleID, fails: similar},
		"the key of its lock file":          {key: labKey + ".tflock", id: staleID, fails: similar},
		"the LockID of its digest":          {key: labKey + "-md5", id: staleID, fails: similar},
		"the name of its backup":            {key: labKey + ".backup", id: staleID, fails: similar},
		"other letters":                     {key: strings.ToUpper(labKey), id: staleID, fails: similar},
		"as a browser writes it":            {key: strings.ReplaceAll(labKey, "/", "%2F"), id: staleID, fails: similar},
		"a workspace without a state":       {key: "env:/dev/" + labKey, id: staleID, fails: labKey},
		"and where the ID is held":          {key: "ap/terraform.tfstate", id: "held-in-prod", fails: "stateward unlock s3://" + labBucket + "/" + neighbourKey + " --lock-id held-in-prod"},
		"nothing is like it":                {key: "q", id: staleID, fails: "There is no such state s3://" + labBucket + "/q"},
		"the wrong workspace":               {key: labKey, id: "held-in-prod", refused: "stateward unlock s3://" + labBucket + "/" + neighbourKey + " --lock-id held-in-prod"},
		"the start of its ID there":         {key: labKey, id: "held-in", refused: "the similar held-in-prod is held by ci@runner-17"},
		"its ID in other letters":           {key: labKey, id: "HELD-IN-PROD", refused: "the similar held-in-prod is held by ci@runner-17"},
		"its ID with a space":               {key: labKey, id: " held-in-prod\n", refused: "the similar held-in-prod is held by ci@runner-17"},
		"the start of the ID, and no state": {key: "ap/terraform.tfstate", id: "held-in", fails: "the similar held-in-prod is held by ci@runner-17"},
		"an ID that nobody holds":           {key: labKey, id: "nobody", gone: "no lock is held on s3://" + labBucket + "/" + labKey},
		"whatever is held, of a free one":   {key: labKey, gone: "no lock is held"},
		"where rows may not be scanned":     {key: labKey, id: "nobody", deny: "dynamodb:Scan", gone: "could not be looked for"},
		"where versions may not be listed":  {key: labKey, id: "nobody", deny: "s3:ListBucketVersions", gone: "no lock is held"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			everyMechanism(t, func(t *testing.T, l *lab) {
				l.write(1, "one")
				s := &site{t: t, s3: l.s3, ddb: l.ddb}
				s.put(labBucket, neighbourKey, string(body(1, "prod")))
				held := lockRaw("held-in-prod", "ci@runner-17")
				if l.uses(model.MechanismLockfile) {
					s.put(labBucket, neighbourKey+".tflock", held)
				}
				if l.uses(model.MechanismDynamoDB) {
					s.row(labTable, labBucket+"/"+neighbourKey, map[string]string{"Info": held})
				}
				if c.deny != "" {
					l.server.Deny(c.deny)
				}
				client := l.client()
				p, err := client.PlanUnlock(t.Context(), l.backend(), c.key, model.UnlockRequest{LockID: c.id})
				if c.fails != "" {
					if err == nil || !strings.Contains(err.Error(), c.fails) {
						t.Errorf("%v: want an error with %q", err, c.fails)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				res := client.Run(t.Context(), p, []string{c.id}, nil)
				if c.refused != "" && (res.Outcome != model.OutcomeRefused || !strings.Contains(res.Message+strings.Join(res.Next.Texts(), "\n"), c.refused)) {
					t.Errorf("%s: %s %v; want %q refused", res.Outcome, res.Message, res.Next, c.refused)
				}
				if want := "stateward unlock s3://" + labBucket + "/" + neighbourKey + " --lock-id held-in-prod"; c.refused != "" && !slices.Equal(res.Next.Commands(), []string{want}) {
					t.Errorf("to paste: %q, want %q", res.Next.Commands(), want)
				}
				if c.gone != "" && (res.Outcome != model.OutcomeAlreadyGone || !strings.Contains(res.Message, c.gone)) {
					t.Errorf("%s: %s; want %q", res.Outcome, res.Message, c.gone)
				}
			})
		})
	}
}

// TestAnUnlockWhereAPlaceCannotBeRead: the lock is kept by both mechanisms and
// one of them cannot be read.
func TestAnUnlockWhereAPlaceCannotBeRead(t *testing.T) {
	rows := func(f *emulator.Fault) func(emulator.Request) *emulator.Fault { return onTable(labTable, f) }
	files := func(f *emulator.Fault) func(emulator.Request) *emulator.Fault {
		return func(r emulator.Request) *emulator.Fault {
			if r.Operation == "GetObject" && r.Key == labKey+".tflock" {
				return f
			}
			return nil
		}
	}
	places := map[string]struct {
		fault func(*emulator.Fault) func(emulator.Request) *emulator.Fault
		seen  model.Mechanism
	}{"rows": {rows, model.MechanismLockfile}, "files": {files, model.MechanismDynamoDB}}
	for what, fault := range map[string]*emulator.Fault{
		"denied":    {Status: http.StatusForbidden, Code: "AccessDenied"},
		"throttled": {Status: http.StatusServiceUnavailable, Code: "SlowDown"},
		"expired":   {Status: http.StatusBadRequest, Code: "ExpiredToken"},
		"failing":   {Status: http.StatusInternalServerError, Code: "InternalError"},
		"cut off":   {Reset: true},
	} {
		for where, place := range places {
			t.Run(what+" "+where, func(t *testing.T) {
				l := newLab(t, model.MechanismLockfile, model.MechanismDynamoDB)
				l.write(1, "one")
				l.lock(lockRaw(staleID, "ci@runner-17"))
				l.server.OnRequest(place.fault(fault))
				l.server.ResetLog()
				c := l.client()
				p := l.planUnlock(c, staleID)
				res := c.Run(t.Context(), p, everyToken(p), nil)
				if res.Outcome != model.OutcomeRefused || !strings.Contains(strings.Join(res.Next.Commands(), "\n"), "--mechanism "+string(place.seen)) || len(l.changes()) > 0 {
					t.Errorf("%s: %s; sent %v", res.Outcome, res.Message, l.changes())
				}
				if other := l.planUnlock(c, "another-id"); len(other.Refusals) == 0 || strings.Contains(other.Refusals[0], "no lock was found") {
					t.Errorf("another ID: %v", other.Refusals)
				}
				only, err := c.PlanUnlock(t.Context(), l.backend(), labKey, model.UnlockRequest{LockID: staleID, Mechanism: place.seen})
				if err != nil {
					t.Fatal(err)
				}
				res = c.Run(t.Context(), only, everyToken(only), nil)
				if res.Outcome != model.OutcomeDone || !strings.Contains(res.Message, "not read, and a lock may still be held there") {
					t.Errorf("%s: %s", res.Outcome, res.Message)
				}
				l.server.OnRequest(nil)
				if left := l.held(); left[place.seen] != "" {
					t.Errorf("held: %v", left)
				}
			})
		}
	}
}

func TestAnUnlockSaysWhichLockStands(t *testing.T) {
	l := newLab(t, model.MechanismLockfile, model.MechanismDynamoDB)
	l.write(1, "one")
	l.lock(lockRaw(staleID, "ci@runner-17"))
	c := l.client()
	p := l.planUnlock(c, staleID)
	l.server.OnRequest(func(r emulator.Request) *emulator.Fault {
		if r.Operation != "DeleteItem" {
			return nil
		}
		return &emulator.Fault{After: func() { // somebody takes the lock as soon as it is free
			l.server.OnRequest(nil)
			l.lock(lockRaw("newer", "erin@mbp"))
		}}
	})
	res := c.Run(t.Context(), p, everyToken(p), nil)
	wantOutcome(t, res, model.OutcomeDone)
	if !strings.Contains(res.Message, "still locked by erin@mbp") {
		t.Errorf("the message is %q", res.Message)
	}
}

func TestAVersionThatFitsNothingIsMissedWithThoseThatAreSimilar(t *testing.T) {
	l := newLab(t, model.MechanismDynamoDB)
	id := l.write(1, "one")
	l.write(2, "two")
	for name, wrong := range map[string]string{"cut short": id[:8], "with more behind it": id + "x", "one letter wrong": "!" + id[1:]} {
		_, err := l.client().PlanRestore(t.Context(), l.backend(), labKey, model.RestoreRequest{VersionID: wrong})
		if err == nil || !strings.Contains(err.Error(), "Similar: "+id) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, plan := range map[string]func(string) error{
		"restore": func(key string) error {
			_, err := l.client().PlanRestore(t.Context(), l.backend(), key, model.RestoreRequest{VersionID: id})
			return err
		},
		"repair": func(key string) error {
			_, err := l.client().PlanRepair(t.Context(), l.backend(), key, model.RepairRequest{})
			return err
		},
	} {
		for _, key := range []string{labKey + "x", labKey + "/", "/" + labKey} {
			if err := plan(key); err == nil || !strings.Contains(err.Error(), "Similar: s3://"+labBucket+"/"+labKey) {
				t.Errorf("%s of %s: %v", name, key, err)
			}
		}
	}
}

func TestAPrefixBelowWhichThereIsNothing(t *testing.T) {
	s := newSiteOf(t)
	b := s.bucket("acme-tfstate", "Enabled")
	s.table("acme-locks", "LockID")
	s.put(b.Bucket, "team/app.tfstate", stateV4)
	s.put(b.Bucket, "team/app.tfstate.tflock", s.lockInfo("one", ""))
	s.put(b.Bucket, "team/gone.tfstate", stateV4)
	s.remove(b.Bucket, "team/gone.tfstate")
	s.row("acme-locks", b.Bucket+"/row/app.tfstate", map[string]string{"Info": s.lockInfo("two", "")})
	s.row("acme-locks", b.Bucket+"/row/digested.tfstate-md5", map[string]string{"Digest": "d41d8cd98f00b204e9800998ecf8427e"})
	there := []string{"", "team/", "team/a", "team/app.tfstate", "team/gone.tfstate", "row/", "row/app.tfstate", "row/digested.tfstate"}
	missing := []string{"row/digested.tfstate-md5", "teem/", "team/app.tfstate/", "team/app.tfstate.tflock", "/team", "row/app.tfstate/"}
	for _, prefix := range slices.Concat(there, missing) {
		b.Prefix = prefix
		if err := s.client().Nothing(t.Context(), b); (err != nil) != slices.Contains(missing, prefix) {
			t.Errorf("%q: %v", prefix, err)
		}
	}
}

// TestABucketWithoutVersionsKeepsNoHistoryOfItsLockFiles: that no lock was held
// when a version was written is then not known.
func TestABucketWithoutVersionsKeepsNoHistoryOfItsLockFiles(t *testing.T) {
	for status, known := range map[s3types.BucketVersioningStatus]bool{"": false, "Suspended": false, "Enabled": true} {
		s := newSiteOf(t)
		b := s.bucket("acme-tfstate", status)
		s.put(b.Bucket, "k", stateV4)
		runs := s.client().HistoryFacts(t.Context(), b, "k", time.Time{}).Runs
		if runs.IsKnown() != known || !known && !strings.Contains(runs.Reason(), "keeps no history of its lock files") {
			t.Errorf("%q: known %t, %q", status, runs.IsKnown(), runs.Reason())
		}
	}
}

// TestTheNameOfALockFileIsNoState: nothing is right, restored or gone there.
func TestTheNameOfALockFileIsNoState(t *testing.T) {
	for name, change := range map[string]func(*testing.T, *lab, string) error{
		"repair": func(t *testing.T, l *lab, key string) error {
			_, err := l.client().PlanRepair(t.Context(), l.backend(), key, model.RepairRequest{})
			return err
		},
		"restore": func(t *testing.T, l *lab, key string) error {
			_, err := l.client().PlanRestore(t.Context(), l.backend(), key, model.RestoreRequest{VersionID: "any"})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			everyMechanism(t, func(t *testing.T, l *lab) {
				l.write(1, "one")
				(&site{t: t, s3: l.s3, ddb: l.ddb}).put(labBucket, labKey+".tflock", lockRaw(staleID, "ci@runner-17"))
				if err := change(t, l, labKey+".tflock"); !errors.Is(err, model.ErrNotFound) || !strings.Contains(err.Error(), "Similar: s3://"+labBucket+"/"+labKey) {
					t.Errorf("%v", err)
				}
			})
		})
	}
}

// TestATableThatAnswersWithTheSamePagesIsNotReadForEver: a proxy or a store that
// takes no notice of where a page starts.
func TestATableThatAnswersWithTheSamePagesIsNotReadForEver(t *testing.T) {
	page := func(last string) *emulator.Fault {
		return &emulator.Fault{Status: http.StatusOK, Page: `{"Count":1,"Items":[{"LockID":{"S":"` + labBucket + `/` + labKey + `"},"Info":{"S":"x"}}],"LastEvaluatedKey":{"LockID":{"S":"` + last + `"}}}`}
	}
	for name, next := range map[string]func(start string) string{
		"one page": func(string) string { return "a" },
		"two pages one after other": func(start string) string {
			return map[string]string{"a": "b"}[start] + map[bool]string{true: "a"}[start != "a"]
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, model.MechanismDynamoDB)
			l.write(1, "one")
			l.server.OnRequest(func(r emulator.Request) *emulator.Fault {
				if r.Operation != "Scan" {
					return nil
				}
				start := ""
				for _, k := range []string{"a", "b"} {
					if strings.Contains(string(r.Body), `"ExclusiveStartKey":{"LockID":{"S":"`+k+`"}}`) {
						start = k
					}
				}
				return page(next(start))
			})
			report := l.client().Locks(t.Context(), l.backend())
			if len(report.Locks) != 1 || !strings.Contains(strings.Join(report.Problems, "\n"), "the same page comes again") {
				t.Errorf("%d locks, %q", len(report.Locks), report.Problems)
			}
		})
	}
}
