package checker

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// World is all that is stored in a bucket and in lock tables at one time.
type World struct {
	Objects map[string][]Version         // by key, newest first
	Rows    map[string]map[string]string // by table and LockID: the item as JSON, attributes sorted
}

// Version is one version of an object, or a delete marker.
type Version struct {
	ID     string
	Marker bool
	ETag   string // verbatim
	Body   string
	Stored string // how: encryption, content type and tags, a line each
}

// Store is where a world is.
type Store struct {
	Transport http.RoundTripper // http.DefaultTransport, or Direct
	URL       string            // of S3 and DynamoDB, without a path; Direct needs none
	Bucket    string
	Tables    []string
}

// Look reads the world. It does so in many requests: nothing may change
// meanwhile.
func (s Store) Look(ctx context.Context) (World, error) {
	w := World{Objects: map[string][]Version{}, Rows: map[string]map[string]string{}}
	entries, err := s.list(ctx)
	if err != nil {
		return w, err
	}
	for _, e := range entries {
		v, err := s.version(ctx, e)
		if err != nil {
			return w, err
		}
		w.Objects[e.Key] = append(w.Objects[e.Key], v)
	}
	for _, table := range s.Tables {
		rows, err := s.rows(ctx, table)
		if err != nil && !strings.Contains(err.Error(), "ResourceNotFoundException") {
			return w, err
		}
		w.Rows[table] = rows // nil: the table is gone
	}
	return w, nil
}

// entry is a Version or a DeleteMarker of a listing. Servers list the versions
// of a key newest first, interleaved.
type entry struct {
	Key       string
	VersionID string `xml:"VersionId"`
	ETag      string
	Marker    bool
}

func (s Store) list(ctx context.Context) ([]entry, error) {
	a, err := s.do(ctx, http.MethodGet, "/"+s.Bucket+"?versions", "s3", "", "")
	if err != nil {
		return nil, err
	}
	entries, truncated, err := parseListing(a.body)
	if err == nil && truncated {
		err = errors.New("checker: the bucket has more versions than one page")
	}
	return entries, err
}

func (s Store) version(ctx context.Context, e entry) (Version, error) {
	v := Version{ID: e.VersionID, Marker: e.Marker, ETag: e.ETag}
	if e.Marker {
		return v, nil
	}
	path := "/" + s.Bucket + (&url.URL{Path: "/" + e.Key}).EscapedPath()
	id := "versionId=" + url.QueryEscape(e.VersionID)
	object, err := s.do(ctx, http.MethodGet, path+"?"+id, "s3", "", "")
	if err != nil {
		return v, err
	}
	tags, err := s.do(ctx, http.MethodGet, path+"?tagging&"+id, "s3", "", "")
	if err != nil {
		return v, err
	}
	if got := object.header.Get("ETag"); got != e.ETag {
		return v, fmt.Errorf("checker: %s is listed with the ETag %s and answered with %s", path, e.ETag, got)
	}
	v.Body, v.Stored = string(object.body), storedAs(object.header, string(tags.body))
	return v, nil
}

// storedAs is what the headers of an object tell about how it is kept.
func storedAs(h http.Header, tags string) string {
	var lines []string
	for name, values := range h {
		if strings.HasPrefix(name, "X-Amz-Server-Side-Encryption") || name == "Content-Type" {
			lines = append(lines, name+": "+strings.Join(values, ", "))
		}
	}
	slices.Sort(lines)
	return strings.Join(append(lines, "Tags: "+tags), "\n")
}

// current is the newest version, if it is no delete marker.
func current(versions []Version) (Version, bool) {
	if len(versions) == 0 || versions[0].Marker {
		return Version{}, false
	}
	return versions[0], true
}
