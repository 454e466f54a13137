package aws_test

import (
	"context"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/model"
)

// The pages read through an interface of their own; what it asks for is here.
type reader interface {
	Identity(ctx context.Context) (model.Identity, error)
	Backends(ctx context.Context) iter.Seq2[[]model.Backend, error]
	BackendFacts(ctx context.Context, b model.Backend) model.BackendFacts
	States(ctx context.Context, b model.Backend, q model.StateQuery) iter.Seq2[model.StatePage, error]
	StateFacts(ctx context.Context, b model.Backend, s model.State) model.StateFacts
	Versions(ctx context.Context, b model.Backend, key string) iter.Seq2[[]model.Version, error]
	VersionFacts(ctx context.Context, b model.Backend, key string, v model.Version) model.VersionFacts
	Locks(ctx context.Context, b model.Backend) model.LockReport
	LocksOf(ctx context.Context, b model.Backend, key string) model.LockReport
}

var _ reader = (*aws.Client)(nil)

const stateV4 = `{"version":4,"terraform_version":"1.11.4","serial":7,"lineage":"3f1d9e0a","outputs":{},"resources":[
 {"mode":"managed","type":"terraform_data","name":"a","provider":"p","instances":[{"schema_version":0,"attributes":{}}]}]}
`

// allStates reads a whole listing.
func allStates(t *testing.T, c *aws.Client, b model.Backend, q model.StateQuery) (states []model.State, others int, problems []string) {
	t.Helper()
	for page, err := range c.States(t.Context(), b, q) {
		if err != nil {
			t.Fatal(err)
		}
		states = append(states, page.States...)
		others += page.Others
		problems = append(problems, page.Problem...)
	}
	return states, others, problems
}

func TestStatesAreFoundByNameRowLockFileAndContent(t *testing.T) {
	everyTarget(t, func(t *testing.T, s *site) {
		b := s.bucket("acme-tfstate", s3types.BucketVersioningStatusEnabled)
		s.table("acme-locks", "LockID")
		for _, key := range []string{"app/terraform.tfstate", "env:/prod/app/terraform.tfstate", "weird key +%20ü.tfstate"} {
			s.put(b.Bucket, key, stateV4)
		}
		s.put(b.Bucket, "digested/here", "no state at all")
		s.put(b.Bucket, "rowed/here", "no state at all")
		s.put(b.Bucket, "locked/here.x", "no state at all")
		s.put(b.Bucket, "probed/here", stateV4)
		s.put(b.Bucket, "probed/README", "no state at all")
		s.put(b.Bucket, "app/terraform.tfstate.backup", stateV4)
		s.put(b.Bucket, "locked/here.x.tflock", s.lockInfo("one", ""))
		s.row("acme-locks", "acme-tfstate/digested/here-md5", map[string]string{"Digest": model.DigestOf([]byte("no state at all"))})
		s.row("acme-locks", "acme-tfstate/rowed/here", map[string]string{"Info": s.lockInfo("two", "")})
		s.row("acme-locks", "another-bucket/app/terraform.tfstate", map[string]string{"Info": s.lockInfo("three", "")})

		states, others, problems := allStates(t, s.client(), b, model.StateQuery{})
		want := map[string]string{
			"app/terraform.tfstate":           "its name default unlocked",
			"env:/prod/app/terraform.tfstate": "its name prod unlocked",
			"weird key +%20ü.tfstate":         "its name default unlocked",
			"digested/here":                   "a digest row default unlocked",
			"rowed/here":                      "a lock row default locked",
			"locked/here.x":                   "a lock file default locked",
			"probed/here":                     "its content default unlocked",
		}
		for _, st := range states {
			locked, known := st.Facts.Locked.Get()
			got := st.Named + " " + st.Workspace + map[bool]string{true: " locked", false: " unlocked"}[locked]
			if got != want[st.Key] || !known {
				t.Errorf("%q: %q (known %v), want %q", st.Key, got, known, want[st.Key])
			}
			delete(want, st.Key)
		}
		if len(want) > 0 || others != 3 || len(problems) > 0 {
			t.Errorf("missing %v; others %d, want 3; problems %v", want, others, problems)
		}
	})
}

func TestOnlyStatesBelowThePrefixAreListed(t *testing.T) {
	everyTarget(t, func(t *testing.T, s *site) {
		b := s.bucket("acme-tfstate", "")
		b.Prefix = "team-a/"
		for _, key := range []string{"team-a/net/terraform.tfstate", "team-a/app/terraform.tfstate", "team-b/app/terraform.tfstate"} {
			s.put(b.Bucket, key, stateV4)
		}
		states, _, _ := allStates(t, s.client(), b, model.StateQuery{Prefix: "app"})
		if len(states) != 1 || states[0].Key != "team-a/app/terraform.tfstate" {
			t.Errorf("listed %+v", states)
		}
	})
}

func TestDeletedStatesAreListedOnRequest(t *testing.T) {
	everyTarget(t, func(t *testing.T, s *site) {
		b := s.bucket("acme-tfstate", s3types.BucketVersioningStatusEnabled)
		for _, key := range []string{"a.tfstate", "b.tfstate", "odd", "odd.tflock", "notes.txt"} {
			s.put(b.Bucket, key, stateV4)
		}
		for _, key := range []string{"b.tfstate", "odd", "odd.tflock", "notes.txt"} {
			s.remove(b.Bucket, key)
		}
		c := s.client()
		if states, _, _ := allStates(t, c, b, model.StateQuery{}); len(states) != 1 {
			t.Errorf("listed without being asked: %+v", states)
		}
		states, _, _ := allStates(t, c, b, model.StateQuery{Deleted: true})
		var got []string
		for _, st := range states {
			if st.Deleted && st.VersionID != "" && !st.LastModified.IsZero() {
				got = append(got, st.Key+" by "+st.Named)
			}
		}
		if want := []string{"b.tfstate by its name", "odd by a lock file"}; !slices.Equal(got, want) {
			t.Errorf("deleted states %v, want %v", got, want)
		}
	})
}

func TestVersionsAreThoseOfExactlyThisKeyNewestFirst(t *testing.T) {
	everyTarget(t, func(t *testing.T, s *site) {
		b := s.bucket("acme-tfstate", s3types.BucketVersioningStatusEnabled)
		const key = "app/terraform.tfstate"
		var want []string
		for i := range 3 {
			want = append(want, s.put(b.Bucket, key, strings.Repeat("x", i+1)))
			s.put(b.Bucket, key+".tflock", "{}")
			s.remove(b.Bucket, key+".tflock")
			s.put(b.Bucket, key+"2", "sibling")
		}
		s.remove(b.Bucket, key)
		want = append(want, "marker", s.put(b.Bucket, key, "back again"))
		slices.Reverse(want)

		c := s.client()
		var got []string
		for page, err := range c.Versions(t.Context(), b, key) {
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range page {
				if v.DeleteMarker {
					got = append(got, "marker")
					if restorable, known := v.Restorable.Get(); restorable || !known || v.WhyNot == "" {
						t.Errorf("a delete marker can be restored: %+v", v)
					}
					continue
				}
				got = append(got, v.VersionID)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("versions %v, want %v", got, want)
		}
	})
}

func TestALockFileThatCameAndWentIsInItsTrueOrder(t *testing.T) {
	everyTarget(t, func(t *testing.T, s *site) {
		b := s.bucket("acme-tfstate", s3types.BucketVersioningStatusEnabled)
		const key = "app/terraform.tfstate.tflock"
		for range 4 {
			s.put(b.Bucket, key, "{}")
			s.remove(b.Bucket, key)
		}
		var got []bool
		for page, err := range s.client().Versions(t.Context(), b, key) {
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range page {
				got = append(got, v.DeleteMarker)
			}
		}
		if want := []bool{true, false, true, false, true, false, true, false}; !slices.Equal(got, want) {
			t.Errorf("markers %v, want %v", got, want)
		}
	})
}

func TestTheFactsOfAStateAreRead(t *testing.T) {
	large := strings.TrimSuffix(stateV4, "\n") + strings.Repeat(" ", 5<<20) + "\n"
	late := `{"outputs":{"big":{"value":"` + strings.Repeat("x", 3000) + `","type":"string"}},` + stateV4[1:]
	for name, c := range map[string]struct {
		body      string
		format    model.Format
		serial    uint64
		resources int
		why       string // resources are unknown, and why
	}{
		"a state":                              {body: stateV4, format: model.FormatV4, serial: 7, resources: 1},
		"an empty object":                      {body: "", format: model.FormatEmpty},
		"a state whose serial comes late":      {body: late, format: model.FormatV4, serial: 7, resources: 1},
		"a state that is too large to count":   {body: large, format: model.FormatV4, serial: 7, why: "not counted: 5.2 MB; open the version to count"},
		"a state that OpenTofu encrypted":      {body: `{"serial":3,"lineage":"l","meta":{},"encrypted_data":"eA==","encryption_version":"v0"}`, format: model.FormatEncrypted, serial: 3, why: "encrypted by OpenTofu"},
		"a state that was cut off":             {body: stateV4[:120], format: model.FormatInvalid, serial: 7, why: "ends too early"},
		"something that is no state":           {body: "hello", format: model.FormatInvalid, why: "offset 0"},
		"a large something that is no state":   {body: strings.Repeat("hello", 1<<20), format: model.FormatInvalid, why: "not counted"},
		"a state with its serial past 64 KB":   {body: `{"outputs":{"big":{"value":"` + strings.Repeat("x", 5<<20) + `","type":"string"}},` + stateV4[1:], format: model.FormatV4, serial: 7, resources: 1},
		"a state between one and two fetches":  {body: `{"outputs":{"big":{"value":"` + strings.Repeat("x", 480) + `","type":"string"}},` + stateV4[1:], format: model.FormatV4, serial: 7, resources: 1},
		"a state of exactly the first request": {body: stateV4 + strings.Repeat(" ", 512-len(stateV4)), format: model.FormatV4, serial: 7, resources: 1},
	} {
		t.Run(name, func(t *testing.T) {
			everyTarget(t, func(t *testing.T, s *site) {
				b := s.bucket("acme-tfstate", s3types.BucketVersioningStatusEnabled)
				version := s.put(b.Bucket, "k.tfstate", c.body)
				client := s.client()
				f := client.StateFacts(t.Context(), b, model.State{Key: "k.tfstate"})
				v := client.VersionFacts(t.Context(), b, "k.tfstate", model.Version{VersionID: version, Size: int64(len(c.body))})
				for _, got := range []model.VersionFacts{{Header: f.Header, Encryption: f.Encryption, Resources: f.Resources}, v} {
					h, known := got.Header.Get()
					if !known || h.Format != c.format || c.serial != 0 && (h.Serial == nil || *h.Serial != c.serial) {
						t.Errorf("header %+v (%s), want %s serial %d", h, got.Header.Reason(), c.format, c.serial)
					}
					n, known := got.Resources.Get()
					if known != (c.why == "") || n != c.resources || !strings.Contains(got.Resources.Reason(), c.why) {
						t.Errorf("resources %d, known %v, %q; want %d, %q", n, known, got.Resources.Reason(), c.resources, c.why)
					}
					if !got.Encryption.IsKnown() {
						t.Errorf("encryption unknown: %s", got.Encryption.Reason())
					}
				}
				if id := f.VersionID.Or(""); id != version {
					t.Errorf("version %q, want %q", id, version)
				}
			})
		})
	}
}

func TestTheDigestIsCompared(t *testing.T) {
	const key = "k.tfstate"
	large := stateV4 + strings.Repeat(" ", 5<<20)
	for name, c := range map[string]struct {
		body, digest string
		change       func(*model.Backend)
		lock         bool
		want         model.DigestVerdict
	}{
		"a row that matches":                            {body: stateV4, digest: model.DigestOf([]byte(stateV4)), want: model.DigestMatch},
		"a row that does not":                           {body: stateV4, digest: model.DigestOf([]byte("x")), want: model.DigestMismatch},
		"a row that holds no digest":                    {body: stateV4, digest: "what is this", want: model.DigestMalformed},
		"no row and nobody who expects one":             {body: stateV4, want: model.DigestNotUsed},
		"no row where the configuration expects one":    {body: stateV4, change: func(b *model.Backend) { b.Tables, b.Digests = []string{"acme-locks"}, []string{"acme-locks"} }, want: model.DigestMissing},
		"no row while the table holds a lock":           {body: stateV4, lock: true, want: model.DigestMissing},
		"a row without a state":                         {digest: model.DigestOf([]byte("x")), want: model.DigestOrphan},
		"a row that matches a large state by its ETag":  {body: large, digest: model.DigestOf([]byte(large)), want: model.DigestMatch},
		"a row that does not match a large state":       {body: large, digest: model.DigestOf([]byte("x")), want: model.DigestMismatch},
		"a table that is named but not used for digest": {body: stateV4, change: func(b *model.Backend) { b.Tables = []string{"acme-locks"} }, want: model.DigestNotUsed},
	} {
		t.Run(name, func(t *testing.T) {
			everyTarget(t, func(t *testing.T, s *site) {
				b := s.bucket("acme-tfstate", s3types.BucketVersioningStatusEnabled)
				s.table("acme-locks", "LockID")
				if c.body != "" {
					s.put(b.Bucket, key, c.body)
				}
				if c.digest != "" {
					s.row("acme-locks", model.DigestID(b.Bucket, key), map[string]string{"Digest": c.digest})
				}
				if c.lock {
					s.row("acme-locks", model.LockID(b.Bucket, key), map[string]string{"Info": s.lockInfo("one", "")})
				}
				if c.change != nil {
					c.change(&b)
				}
				f := s.client().StateFacts(t.Context(), b, model.State{Key: key})
				if got, known := f.Digest.Get(); got != c.want || !known {
					t.Errorf("digest %q (known %v, %s), want %q", got, known, f.Digest.Reason(), c.want)
				}
				if locked, known := f.Locked.Get(); locked != c.lock || !known {
					t.Errorf("locked %v (known %v, %s), want %v", locked, known, f.Locked.Reason(), c.lock)
				}
			})
		})
	}
}

func TestTheWorstDigestOfSeveralTablesCounts(t *testing.T) {
	s := newSiteOf(t)
	b := s.bucket("acme-tfstate", s3types.BucketVersioningStatusEnabled)
	s.put(b.Bucket, "k.tfstate", stateV4)
	for table, digest := range map[string]string{"locks-a": model.DigestOf([]byte(stateV4)), "locks-b": model.DigestOf([]byte("x")), "locks-c": model.DigestOf([]byte(stateV4))} {
		s.table(table, "LockID")
		s.row(table, model.DigestID(b.Bucket, "k.tfstate"), map[string]string{"Digest": digest})
	}
	f := s.client().StateFacts(t.Context(), b, model.State{Key: "k.tfstate"})
	if got := f.Digest.Or(""); got != model.DigestMismatch {
		t.Errorf("digest %q (%s)", got, f.Digest.Reason())
	}
}

func TestADigestUnderKMSIsNeverTakenFromTheETag(t *testing.T) {
	everyTarget(t, func(t *testing.T, s *site) {
		b := s.bucket("acme-tfstate", s3types.BucketVersioningStatusEnabled)
		s.table("acme-locks", "LockID")
		large := stateV4 + strings.Repeat(" ", 5<<20)
		_, err := s.s3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &b.Bucket, Key: ptr("k.tfstate"), Body: strings.NewReader(large),
			ServerSideEncryption: s3types.ServerSideEncryptionAwsKms})
		s.must(err)
		s.row("acme-locks", model.DigestID(b.Bucket, "k.tfstate"), map[string]string{"Digest": model.DigestOf([]byte(large))})
		f := s.client().StateFacts(t.Context(), b, model.State{Key: "k.tfstate"})
		if got := f.Digest.Or(""); got != model.DigestMatch {
			t.Errorf("digest %q (%s)", got, f.Digest.Reason())
		}
		if got := f.Encryption.Or(model.Encryption{}); got.Algorithm != "aws:kms" {
			t.Errorf("encryption %+v", got)
		}
	})
}

func ptr[T any](v T) *T { return &v }
