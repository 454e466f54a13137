package aws_test

import (
	"strings"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/model"
)

// expire removes versions of the state, as a lifecycle rule or a person does.
func (l *special) expire(ids ...string) {
	l.t.Helper()
	for _, id := range ids {
		l.must(l.s3.DeleteObject(l.t.Context(), &s3.DeleteObjectInput{Bucket: sdk.String(labBucket), Key: sdk.String(labKey), VersionId: sdk.String(id)}))
	}
}

// What somebody does to the versions of a state while it is restored, and what is
// true afterwards. Whatever happens the state is whole and nobody is locked out.
func TestWhatBecomesOfTheVersionThatARestoreReplaces(t *testing.T) {
	suspend := func(l *special) { l.version(s3types.BucketVersioningStatusSuspended) }
	for name, c := range map[string]struct {
		old     bool                 // there is a version from before versioning
		onlyOld bool                 // and it is the current one
		when    string               // before which request: "PutObject", or "" for right after the plan
		after   bool                 // the request has had its effect
		does    func(*special)       // what happens then
		expire  func([]string) []int // or which versions go: places in the history, newest first
		deny    string               // an action that is taken away
		outcome model.Outcome
		says    string // in the message
		next    string // in what comes next
		undo    bool
	}{
		"nothing happens":                                   {outcome: model.OutcomeDone, undo: true, says: "restored"},
		"versioning is suspended after the plan":            {does: suspend, outcome: model.OutcomeRefused, says: "versioning of the bucket is suspended since"},
		"versioning cannot be read any more":                {deny: "s3:GetBucketVersioning", outcome: model.OutcomeFailed, says: "s3:GetBucketVersioning"},
		"it is suspended right before the write":            {when: "PutObject", does: suspend, outcome: model.OutcomeDone, undo: true, says: "destroyed nothing", next: "put-bucket-versioning"},
		"suspended, and what it replaced cannot be seen":    {when: "PutObject", does: func(l *special) { suspend(l); l.server.Deny("s3:GetObjectVersion") }, outcome: model.OutcomeFailed, undo: true, says: "is destroyed could not be told", next: "put-bucket-versioning"},
		"suspended, and the current one is the null one":    {onlyOld: true, when: "PutObject", does: suspend, outcome: model.OutcomeFailed, says: "version null, which it replaced, is destroyed", next: "backup memory:"},
		"suspended, and an older one is the null one":       {old: true, when: "PutObject", does: suspend, outcome: model.OutcomeFailed, undo: true, says: "no backup of it", next: "put-bucket-versioning"},
		"the current null version stays where it is kept":   {onlyOld: true, outcome: model.OutcomeDone, undo: true},
		"the replaced version goes after the write":         {when: "PutObject", after: true, expire: func([]string) []int { return []int{0} }, outcome: model.OutcomeDone, next: "backup memory:"},
		"all old versions go after the write":               {when: "PutObject", after: true, expire: func(h []string) []int { return []int{0, 1, 2} }, outcome: model.OutcomeDone, next: "backup memory:"},
		"only the restored version goes":                    {when: "PutObject", after: true, expire: func([]string) []int { return []int{2} }, outcome: model.OutcomeDone, undo: true},
		"the replaced version cannot be looked at any more": {when: "PutObject", after: true, does: func(l *special) { l.server.Deny("s3:GetObjectVersion") }, outcome: model.OutcomeDone, undo: true, next: "could not be told"},
	} {
		for store, lax := range map[string]bool{"AWS-like": false, "a store that ignores conditions": true} {
			t.Run(name+" on "+store, func(t *testing.T) {
				l := newSpecial(t, emulator.Options{IgnoreConditions: lax}, model.MechanismLockfile, model.MechanismDynamoDB)
				history := l.grow(c.old, c.onlyOld)
				client := l.client()
				plan := l.planRestore(client, history[len(history)-1])
				act := func() {
					switch {
					case c.deny != "":
						l.server.Deny(c.deny)
					case c.does != nil:
						c.does(l)
					case c.expire != nil:
						for _, at := range c.expire(history) {
							l.expire(history[at])
						}
					}
				}
				switch {
				case c.when == "":
					act()
				case c.after:
					l.once(c.when, "terraform.tfstate", func() *emulator.Fault { return &emulator.Fault{After: act} })
				default:
					l.once(c.when, "terraform.tfstate", func() *emulator.Fault { return &emulator.Fault{Before: act} })
				}
				res := client.Run(t.Context(), plan, []string{labKey}, nil)
				wantOutcome(t, res, c.outcome)
				if !strings.Contains(res.Message, c.says) || !strings.Contains(strings.Join(res.Next.Texts(), " "), c.next) || (res.Undo != nil) != c.undo {
					t.Errorf("%q, next %q, undo %+v", res.Message, res.Next.Texts(), res.Undo)
				}
				l.wantHeld("")
				if c.outcome == model.OutcomeRefused || c.deny != "" {
					l.wantState(body(3, "three"))
				} else {
					l.wantState(plan.Restore.NewBody)
				}
			})
		}
	}
}

// grow leaves versions of the state, newest first, and the one to restore last.
// One can be from before versioning: an older one, or the current one.
func (l *special) grow(old, onlyOld bool) (newestFirst []string) {
	l.t.Helper()
	write := func(serial int, value string, null bool) {
		if null {
			l.version(s3types.BucketVersioningStatusSuspended)
			defer l.version(s3types.BucketVersioningStatusEnabled)
		}
		newestFirst = append([]string{l.write(serial, value)}, newestFirst...)
	}
	write(1, "one", false)
	write(2, "two", old)
	write(3, "three", onlyOld)
	return newestFirst
}
