package aws_test

import (
	"reflect"
	"strings"
	"testing"

	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/model"
)

// listedSite is a backend of three states with digests, two of them locked.
func listedSite(t *testing.T, o emulator.Options) (*site, model.Backend) {
	t.Helper()
	s := newSite(t, o)
	b := s.bucket("acme-tfstate", s3types.BucketVersioningStatusEnabled)
	s.table("acme-locks", "LockID")
	for _, key := range []string{"a.tfstate", "b.tfstate", "c.tfstate"} {
		s.put(b.Bucket, key, stateV4)
		s.row("acme-locks", b.Bucket+"/"+key+"-md5", map[string]string{"Digest": model.DigestOf([]byte(stateV4))})
	}
	s.row("acme-locks", b.Bucket+"/b.tfstate", map[string]string{"Info": s.lockInfo("one", "")})
	s.put(b.Bucket, "c.tfstate.tflock", s.lockInfo("two", ""))
	return s, b
}

func TestTheFactsOfListedStatesAreThoseOfEachByItselfForOneRequestEach(t *testing.T) {
	s, b := listedSite(t, emulator.Options{})
	c := s.client()
	states, _, _ := allStates(t, c, b, model.StateQuery{})
	s.emulator.ResetLog()
	facts := map[string]model.StateFacts{}
	for _, st := range states {
		facts[st.Key] = c.ListedFacts(t.Context(), b, st)
	}
	if sent := s.emulator.Requests(); len(sent) != len(states) {
		t.Errorf("%d requests for %d states: %s", len(sent), len(states), sentNames(sent))
	}
	for _, st := range states {
		if got, want := facts[st.Key], c.StateFacts(t.Context(), b, st); !reflect.DeepEqual(got, want) {
			t.Errorf("%s\n listed %+v\n itself %+v", st.Key, got, want)
		}
	}
}

func sentNames(sent []emulator.Request) string {
	var names []string
	for _, r := range sent {
		names = append(names, r.Operation+" "+r.Key)
	}
	return strings.Join(names, ", ")
}

func TestWhatIsWrongWithListedStatesIsFoundOutByEachItself(t *testing.T) {
	for name, c := range map[string]struct {
		happens func(*site, string) // between the listing and the reading
		digest  string
		locked  string
	}{
		"a state that was written since its table was read has no wrong digest": {
			happens: func(s *site, bucket string) {
				s.put(bucket, "a.tfstate", stateV4+" ")
				s.row("acme-locks", bucket+"/a.tfstate-md5", map[string]string{"Digest": model.DigestOf([]byte(stateV4 + " "))})
			}, digest: "match", locked: "false"},
		"a digest that is wrong is wrong": {
			happens: func(s *site, bucket string) { s.put(bucket, "a.tfstate", stateV4+" ") },
			digest:  "mismatch", locked: "false"},
		"a state that may not be read says so": {
			happens: func(s *site, _ string) { s.emulator.Deny("s3:GetObject") },
			digest:  "?AccessDenied", locked: "false"},
	} {
		t.Run(name, func(t *testing.T) {
			s, b := listedSite(t, emulator.Options{})
			client := s.client()
			states, _, _ := allStates(t, client, b, model.StateQuery{})
			c.happens(s, b.Bucket)
			f := client.ListedFacts(t.Context(), b, states[0])
			if got := digestWord(f); !strings.HasPrefix(got, c.digest) {
				t.Errorf("digest %q, want %q", got, c.digest)
			}
			if got := lockedWord(f.Locked); got != c.locked {
				t.Errorf("locked %q, want %q", got, c.locked)
			}
		})
	}
}

func digestWord(f model.StateFacts) string {
	if f.Digest.IsUnknown() {
		return "?" + f.Digest.Reason()
	}
	return string(f.Digest.Or("not read"))
}

func lockedWord(f model.Fact[bool]) string {
	locked, known := f.Get()
	switch {
	case f.IsUnknown():
		return "?" + f.Reason()
	case !known:
		return "not read"
	case locked:
		return "true"
	}
	return "false"
}

func TestWhereTablesCannotBeScannedTheRowsOfListedStatesAreReadOneByOne(t *testing.T) {
	s, b := listedSite(t, emulator.Options{})
	s.emulator.Deny("dynamodb:Scan")
	b.Tables = []string{"acme-locks"}
	c := s.client()
	states, _, _ := allStates(t, c, b, model.StateQuery{})
	for i, want := range []string{"false", "true", "true"} {
		f := c.ListedFacts(t.Context(), b, states[i])
		if lockedWord(f.Locked) != want || digestWord(f) != "match" {
			t.Errorf("%s is locked: %s, digest %s", states[i].Key, lockedWord(f.Locked), digestWord(f))
		}
	}
}

// A listing that breaks off has not seen every lock file: that a state is not
// locked is then not known.
func TestAListingThatBreaksOffDoesNotSayThatAStateIsNotLocked(t *testing.T) {
	s, b := listedSite(t, emulator.Options{PageSize: 1})
	s.emulator.OnRequest(func(r emulator.Request) *emulator.Fault {
		if r.Operation == "ListObjectsV2" && r.Query.Get("continuation-token") != "" {
			return &emulator.Fault{Status: 403, Code: "AccessDenied"}
		}
		return nil
	})
	var states []model.State
	var cut error
	for page, err := range s.client().States(t.Context(), b, model.StateQuery{}) {
		states, cut = append(states, page.States...), err
	}
	if cut == nil || len(states) != 1 || !strings.HasPrefix(lockedWord(states[0].Facts.Locked), "?AccessDenied s3:ListBucket") {
		t.Errorf("%v, %+v", cut, states)
	}
}
