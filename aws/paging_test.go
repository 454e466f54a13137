package aws_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/model"
)

// shelf is a store with a long history of one key, and of its lock file, that
// goes from page to page as some stores do.
type shelf struct {
	key      string
	versions int
	locks    int
	next     func(s shelf, at int) (key, version string) // the marker behind the entry at a place
	at       func(s shelf, key, version string) int      // the entry that a marker leads to
	encodes  bool                                        // keys are encoded where that is asked for
}

const shelfPage = 1000

func (s shelf) entry(i int) (key, version string) {
	if i < s.versions {
		return s.key, fmt.Sprintf("v%06d", i)
	}
	return s.key + ".tflock", fmt.Sprintf("v%06d", i)
}

func (s shelf) find(key, version string) int {
	for i := range s.versions + s.locks {
		if k, v := s.entry(i); k == key && v == version {
			return i + 1
		}
	}
	return 0
}

func escaped(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a builder takes all
	return b.String()
}

func (s shelf) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	from := 0
	if q.Get("key-marker") != "" {
		from = s.at(s, q.Get("key-marker"), q.Get("version-id-marker"))
	}
	max, err := strconv.Atoi(q.Get("max-keys"))
	if err != nil {
		max = shelfPage
	}
	end := min(from+max, s.versions+s.locks)
	name := func(k string) string { return k }
	var b strings.Builder
	fmt.Fprintf(&b, "<ListVersionsResult><IsTruncated>%v</IsTruncated>", end < s.versions+s.locks)
	if s.encodes {
		name = url.QueryEscape
		b.WriteString("<EncodingType>url</EncodingType>")
	}
	if end < s.versions+s.locks {
		key, version := s.next(s, end-1)
		fmt.Fprintf(&b, "<NextKeyMarker>%s</NextKeyMarker><NextVersionIdMarker>%s</NextVersionIdMarker>", escaped(key), escaped(version))
	}
	for i := from; i < end; i++ {
		k, v := s.entry(i)
		fmt.Fprintf(&b, "<Version><Key>%s</Key><VersionId>%s</VersionId><IsLatest>%v</IsLatest><Size>1</Size><LastModified>2026-01-02T03:04:05Z</LastModified></Version>",
			escaped(name(k)), v, i == 0 || i == s.versions)
	}
	b.WriteString("</ListVersionsResult>")
	w.Header().Set("Content-Type", "application/xml")
	_, _ = w.Write([]byte(b.String())) // the client may be gone
}

func plainMarker(s shelf, at int) (string, string) { return s.entry(at) }
func byEntry(s shelf, key, version string) int     { return s.find(key, version) }
func encodedMarker(s shelf, at int) (string, string) {
	k, v := s.entry(at)
	return url.QueryEscape(k), v
}

// cursor reads the number behind a colon.
func cursor(_ shelf, key, _ string) int {
	_, n, _ := strings.Cut(strings.TrimSuffix(key, "]"), "cursor:")
	at, err := strconv.Atoi(n)
	if err != nil {
		return 0
	}
	return at
}

func shelves(key string) map[string]shelf {
	all := map[string]shelf{
		"as AWS does":                          {next: plainMarker, at: byEntry},
		"encoded as AWS does":                  {next: encodedMarker, at: byEntry, encodes: true},
		"keys are encoded and markers are not": {next: plainMarker, at: byEntry, encodes: true},
		"a cursor behind the key": {next: func(s shelf, at int) (string, string) {
			k, _ := s.entry(at)
			return fmt.Sprintf("%s[store_cache:v2,cursor:%d]", k, at+1), "x"
		}, at: cursor},
		"a cursor behind the key, encoded": {next: func(s shelf, at int) (string, string) {
			k, _ := s.entry(at)
			return url.QueryEscape(fmt.Sprintf("%s[store_cache:v2,cursor:%d]", k, at+1)), ""
		}, at: cursor, encodes: true},
		"a cursor instead of the key":              {next: func(_ shelf, at int) (string, string) { return fmt.Sprintf("cursor:%d", at+1), "" }, at: cursor},
		"a cursor that comes before every key":     {next: func(_ shelf, at int) (string, string) { return fmt.Sprintf("\"\"cursor:%d", at+1), "" }, at: cursor},
		"the key alone although it goes on within": {next: func(s shelf, at int) (string, string) { k, _ := s.entry(at); return k, "" }, at: byEntry},
	}
	for name, s := range all {
		s.key, s.versions, s.locks = key, 2300, 1800
		all[name] = s
	}
	return all
}

// What a store puts into its markers is its own business: no version is lost.
func TestAllVersionsAreListedWhateverTheMarkersAre(t *testing.T) {
	for _, key := range []string{"app/terraform.tfstate", "team a+b/100%/état.tfstate"} {
		for name, s := range shelves(key) {
			t.Run(name+" "+key, func(t *testing.T) {
				pages := 0
				server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.URL.Query().Has("versions") {
						pages++
					}
					s.ServeHTTP(w, r)
				}))
				t.Cleanup(server.Close)
				c := (&site{t: t, url: server.URL}).client()
				var ids []string
				for page, err := range c.Versions(t.Context(), model.Backend{Bucket: "acme-tfstate"}, key) {
					if err != nil {
						t.Fatal(err)
					}
					for _, v := range page {
						ids = append(ids, v.VersionID)
					}
				}
				if len(ids) != s.versions || ids[len(ids)-1] != fmt.Sprintf("v%06d", s.versions-1) {
					t.Errorf("%d versions", len(ids))
				}
				if pages != 3 { // those of the lock file alone are left out
					t.Errorf("%d pages were read", pages)
				}
			})
		}
	}
}

// A list that ends early is never a short list.
func TestAListingThatLeadsNowhereSaysSo(t *testing.T) {
	const key = "app/terraform.tfstate"
	for name, s := range map[string]shelf{
		"no marker":                      {next: func(shelf, int) (string, string) { return "", "" }, at: byEntry},
		"no key in the marker":           {next: func(shelf, int) (string, string) { return "", "v000999" }, at: byEntry},
		"always the same marker":         {next: func(shelf, int) (string, string) { return "cursor:1000", "" }, at: cursor},
		"the first page again and again": {next: func(_ shelf, at int) (string, string) { return fmt.Sprintf("cursor:%d", at+1), "" }, at: func(shelf, string, string) int { return 0 }},
		"two pages in turn, under new markers": {next: func() func(shelf, int) (string, string) {
			n := 0
			return func(_ shelf, at int) (string, string) { n++; return fmt.Sprintf("%dcursor:%d", n, (at+1)%2000), "" }
		}(), at: cursor},
	} {
		t.Run(name, func(t *testing.T) {
			s.key, s.versions, s.locks = key, 4200, 1
			server := httptest.NewServer(s)
			t.Cleanup(server.Close)
			c := (&site{t: t, url: server.URL}).client(func(o *aws.Options) { o.Mechanisms = []model.Mechanism{model.MechanismLockfile} })
			var last error
			for _, err := range c.Versions(t.Context(), model.Backend{Bucket: "acme-tfstate"}, key) {
				last = err
			}
			if !errors.Is(last, model.ErrInvalid) || !strings.Contains(last.Error(), "not complete") {
				t.Errorf("error %v", last)
			}
			_, err := c.PlanRestore(t.Context(), model.Backend{Bucket: "acme-tfstate"}, key, model.RestoreRequest{VersionID: "v004100"})
			if err == nil || errors.Is(err, model.ErrNotFound) {
				t.Errorf("an older version is: %v", err)
			}
		})
	}
}
