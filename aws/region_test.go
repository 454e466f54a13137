package aws_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/model"
)

func TestTheBucketsRealRegionWins(t *testing.T) {
	for name, c := range map[string]struct {
		configure string // region of the backend
		tables    string // where they are sought
	}{
		"over the program's region":     {tables: "eu-west-1"},
		"but not over a table's region": {configure: "eu-central-1", tables: "eu-central-1"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, emulator.Options{EnforceRegion: true})
			bucket := "acme-tfstate"
			_, err := s.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &bucket,
				CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: "eu-west-1"}}, func(o *s3.Options) { o.Region = "eu-west-1" })
			s.must(err)
			s.emulator.ResetLog()
			b := model.Backend{Bucket: bucket, Region: c.configure}
			f := s.client().BackendFacts(t.Context(), b)
			if f.Region.Or("") != "eu-west-1" || !f.Versioning.IsKnown() {
				t.Errorf("region %v, versioning %v", f.Region, f.Versioning)
			}
			for _, r := range s.emulator.Requests() {
				want := "eu-west-1"
				if r.Service == "dynamodb" {
					want = c.tables
				}
				if r.Operation != "HeadBucket" && !strings.Contains(r.Header.Get("Authorization"), "/"+want+"/") {
					t.Errorf("%s was sent to %s, want %s", r.Operation, r.Header.Get("Authorization"), want)
				}
			}
		})
	}
}

// S3 names the region also where it refuses HeadBucket.
func TestARefusalTellsTheRegionToo(t *testing.T) {
	for name, c := range map[string]struct{ header, want string }{
		"with the header":              {header: "eu-west-1", want: "eu-west-1"},
		"without, as from some stores": {want: "us-east-1"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if c.header != "" {
					w.Header().Set("X-Amz-Bucket-Region", c.header)
				}
				w.WriteHeader(http.StatusForbidden)
			}))
			defer server.Close()
			f := (&site{t: t, url: server.URL}).client().BackendFacts(t.Context(), model.Backend{Bucket: "acme-tfstate"})
			if got := f.Region.Or(""); got != c.want {
				t.Errorf("region %q (%s)", got, f.Region.Reason())
			}
		})
	}
}

func TestTheRegionIsLookedUpOnce(t *testing.T) {
	s := newSiteOf(t)
	b := s.bucket("acme-tfstate", "")
	c := s.client()
	s.emulator.ResetLog()
	for range 3 {
		c.BackendFacts(t.Context(), b)
	}
	heads := 0
	for _, op := range s.operations() {
		if op == "HeadBucket" {
			heads++
		}
	}
	if heads != 1 {
		t.Errorf("%d lookups", heads)
	}
}
