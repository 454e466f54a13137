package aws_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	ddbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/model"
)

func TestDigestsAreJudgedByTheBytesThatTheyNeed(t *testing.T) {
	digest := model.DigestOf([]byte(longState))
	for name, c := range map[string]struct {
		kms   bool
		parts bool              // uploaded in parts
		row   map[string]string // of the digest; nil: none
		lock  bool
		want  model.DigestVerdict
		whole bool
	}{
		"an ETag that is the MD5 proves a match":            {row: map[string]string{"Digest": digest}, want: model.DigestMatch},
		"under a KMS key the bytes prove it":                {kms: true, row: map[string]string{"Digest": digest}, want: model.DigestMatch, whole: true},
		"uploaded in parts the bytes prove it":              {parts: true, row: map[string]string{"Digest": digest}, want: model.DigestMatch, whole: true},
		"uploaded in parts without a digest":                {parts: true},
		"a mismatch is told by the bytes":                   {row: map[string]string{"Digest": strings.Repeat("0", 32)}, want: model.DigestMismatch, whole: true},
		"a digest that no client wrote is malformed":        {row: map[string]string{"Digest": "x"}, want: model.DigestMalformed},
		"a row without a digest is malformed":               {row: map[string]string{"Other": "x"}, want: model.DigestMalformed},
		"where a lock row expects one, none is missing":     {lock: true, want: model.DigestMissing},
		"where nothing expects one, there is none to judge": {},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSiteOf(t)
			s.emulator.SetClock(func() time.Time { return healthTime().Add(-time.Hour) })
			b := s.bucket("acme-tfstate", s3types.BucketVersioningStatusEnabled)
			s.table("acme-locks", "LockID")
			if c.kms {
				s.encryptWithKMS(b.Bucket)
			}
			if c.parts {
				s.putInParts(b.Bucket, "k.tfstate", longState)
			} else {
				s.put(b.Bucket, "k.tfstate", longState)
			}
			if c.row != nil {
				s.row("acme-locks", model.DigestID(b.Bucket, "k.tfstate"), c.row)
			}
			if c.lock {
				s.row("acme-locks", model.LockID(b.Bucket, "k.tfstate"), map[string]string{"Info": s.lockInfo("one", "")})
			}
			s.emulator.SetClock(healthTime)
			s.emulator.ResetLog()
			f := s.client().Health(t.Context(), b)
			got := model.DigestVerdict("")
			for _, d := range f.Digests.Items {
				got = d.Verdict.Or("unknown: " + model.DigestVerdict(d.Verdict.Reason()))
			}
			whole := false
			for _, r := range s.emulator.Requests() {
				whole = whole || r.Operation == "GetObject" && r.Header.Get("Range") == ""
			}
			if got != c.want || whole != c.whole || f.States.Items[0].Whole != c.whole {
				t.Errorf("verdict %q, want %q; whole %v, want %v", got, c.want, whole, c.whole)
			}
		})
	}
}

// putInParts writes an object as clients write large ones: its ETag is then the
// MD5 of nothing that anybody has.
func (s *site) putInParts(bucket, key, body string) {
	s.t.Helper()
	ctx := s.t.Context()
	begun, err := s.s3.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &bucket, Key: &key})
	if err != nil {
		s.t.Fatal(err)
	}
	one := int32(1)
	part, err := s.s3.UploadPart(ctx, &s3.UploadPartInput{Bucket: &bucket, Key: &key, UploadId: begun.UploadId, PartNumber: &one, Body: strings.NewReader(body)})
	if err != nil {
		s.t.Fatal(err)
	}
	done, err := s.s3.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: &bucket, Key: &key, UploadId: begun.UploadId,
		MultipartUpload: &s3types.CompletedMultipartUpload{Parts: []s3types.CompletedPart{{ETag: part.ETag, PartNumber: &one}}}})
	if err != nil || !strings.HasSuffix(sdk.ToString(done.ETag), `-1"`) {
		s.t.Fatal(err, done)
	}
}

func TestAStateThatIsBeingWrittenIsNotCalledAMismatch(t *testing.T) {
	s, b := healthy(t)
	s.put(b.Bucket, "k.tfstate", longState+" ") // now: its digest follows
	if d := s.client().Health(t.Context(), b).Digests.Items[0]; d.Verdict.Reason() != "the state was written while it was looked at" {
		t.Errorf("verdict %+v", d.Verdict)
	}
}

func TestARowThatIsSetRightMeanwhileIsRight(t *testing.T) {
	s, b := healthy(t)
	id := model.DigestID(b.Bucket, "k.tfstate")
	s.row("acme-locks", id, map[string]string{"Digest": strings.Repeat("0", 32)})
	s.emulator.OnRequest(func(r emulator.Request) *emulator.Fault {
		if r.Operation != "GetItem" {
			return nil
		}
		return &emulator.Fault{Before: func() { s.row("acme-locks", id, map[string]string{"Digest": model.DigestOf([]byte(longState))}) }}
	})
	if d := s.client().Health(t.Context(), b).Digests.Items[0]; d.Verdict.Or("") != model.DigestMatch {
		t.Errorf("verdict %+v", d.Verdict)
	}
}

func TestWithoutTheRightToScanSingleRowsAreRead(t *testing.T) {
	s, b := healthy(t)
	s.row("acme-locks", model.LockID(b.Bucket, "k.tfstate"), map[string]string{"Info": s.lockInfo("one", "")})
	s.emulator.Deny("dynamodb:Scan")
	f := s.client().Health(t.Context(), b)
	if len(f.Digests.Items) != 1 || f.Digests.Items[0].Verdict.Or("") != model.DigestMatch || len(f.Digests.Unread) != 1 {
		t.Errorf("digests %+v", f.Digests)
	}
	if len(f.Locks.Items) != 1 || len(f.Locks.Unread) != 1 {
		t.Errorf("locks %+v", f.Locks)
	}
}

func TestLocksLeftoversAndDeletedStatesComeFromListings(t *testing.T) {
	s, b := healthy(t)
	s.emulator.SetClock(func() time.Time { return healthTime().Add(-2 * time.Hour) })
	for range 3 {
		s.put(b.Bucket, "k.tfstate.tflock", s.lockInfo("old", ""))
		s.remove(b.Bucket, "k.tfstate.tflock")
	}
	s.put(b.Bucket, "k.tfstate.tflock", "{}")
	s.put(b.Bucket, "gone.tfstate", longState)
	s.remove(b.Bucket, "gone.tfstate")
	s.row("acme-locks", model.LockID(b.Bucket, "gone.tfstate"), map[string]string{"Info": s.lockInfo("left", "")})
	s.item("acme-locks", map[string]ddbtypes.AttributeValue{"LockID": &ddbtypes.AttributeValueMemberS{Value: model.DigestID(b.Bucket, "gone.tfstate")},
		"Digest": &ddbtypes.AttributeValueMemberS{Value: model.DigestOf([]byte(longState))}})
	s.emulator.SetClock(healthTime)
	s.emulator.ResetLog()
	f := s.client().Health(t.Context(), b)
	if left := f.Leftovers.Or(model.LockFileLeftovers{}); left != (model.LockFileLeftovers{Versions: 3, Markers: 3}) {
		t.Errorf("leftovers %+v", left)
	}
	verdicts := map[string]model.DigestVerdict{}
	for _, d := range f.Digests.Items {
		verdicts[d.Key] = d.Verdict.Or("?")
	}
	if verdicts["gone.tfstate"] != model.DigestOrphan || verdicts["k.tfstate"] != model.DigestMatch {
		t.Errorf("digests %v", verdicts)
	}
	if len(f.States.Items) != 2 || !f.States.Items[0].Deleted || !f.States.Items[1].LockFile.Or(model.LockFileHealth{}).Present {
		t.Errorf("states %+v", f.States.Items)
	}
	locks := f.Locks.Items
	if len(locks) != 2 || !locks[0].Orphan.Or(false) || locks[1].Malformed != "no ID" || locks[1].Orphan.Or(true) {
		t.Errorf("locks %+v", locks)
	}
	ways := map[model.Mechanism]string{}
	for _, m := range f.Mechanisms.Items {
		ways[m.Mechanism] = m.Table + ": " + strings.Join(m.Why, ", ")
	}
	if ways[model.MechanismLockfile] != ": 1 lock file, 3 old lock file versions" || ways[model.MechanismDynamoDB] != "acme-locks: 1 lock row, 2 digest rows" {
		t.Errorf("mechanisms %v", ways)
	}
	if n := len(slices.DeleteFunc(s.operations(), func(op string) bool { return op != "ListObjectVersions" })); n != 1 {
		t.Errorf("%d listings of versions, want 1", n)
	}
}

// deletedState stands for a delete marker among the bodies of a state.
const deletedState = "deleted"

func TestBreaksOfTheLastDaysShowWithoutReadingOldVersions(t *testing.T) {
	big := longState + strings.Repeat(" ", 8000)
	for name, c := range map[string]struct {
		bodies  []string // oldest first, a day apart
		age     time.Duration
		want    string
		partial bool
	}{
		"one version has nothing to break":              {bodies: []string{big}},
		"two versions are judged by their sizes":        {bodies: []string{big, big + " "}, partial: true},
		"a state that shrank by half":                   {bodies: []string{big, longState}, want: "shrank from", partial: true},
		"what was small says nothing by shrinking":      {bodies: []string{longState, stateV4}, partial: true},
		"what was deleted and made anew breaks nothing": {bodies: []string{big, deletedState, stateV4}},
		"bytes of before it was deleted":                {bodies: []string{big, big + " ", deletedState, big}, partial: true},
		"a break before it was deleted":                 {bodies: []string{big, longState, deletedState, stateV4}, want: "shrank from", partial: true},
		"bytes that came back over later ones":          {bodies: []string{big, big + " ", big}, want: "came back", partial: true},
		"a break that is older than 30 days is history": {bodies: []string{big, longState, strings.Replace(longState, `"serial":7`, `"serial":8`, 1)}, age: 40 * 24 * time.Hour},
		"a serial that was repeated today":              {bodies: []string{big, longState, longState + " "}, age: 40 * 24 * time.Hour, want: "the serial was repeated"}, // what was lost is asked of both
	} {
		t.Run(name, func(t *testing.T) {
			s := newSiteOf(t)
			first := healthTime().Add(-c.age - 5*24*time.Hour)
			s.emulator.SetClock(func() time.Time { return first })
			b := s.bucket("acme-tfstate", s3types.BucketVersioningStatusEnabled)
			for i, body := range c.bodies {
				when := first.Add(time.Duration(i) * 24 * time.Hour)
				if c.age > 0 && i == len(c.bodies)-1 {
					when = healthTime().Add(-time.Hour)
				}
				s.emulator.SetClock(func() time.Time { return when })
				if body == deletedState {
					s.remove(b.Bucket, "k.tfstate")
					continue
				}
				s.put(b.Bucket, "k.tfstate", body)
			}
			s.emulator.SetClock(healthTime)
			f := s.client().Health(t.Context(), b)
			state := f.States.Items[0]
			got := strings.Join(state.Anomalies.Or([]string{"?"}), "; ")
			if c.want == "" && got != "" || !strings.Contains(got, c.want) || state.AnomaliesPartial != c.partial {
				t.Errorf("anomalies %q, want %q; partial %v", got, c.want, state.AnomaliesPartial)
			}
		})
	}
}
