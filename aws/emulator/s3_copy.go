package emulator

import (
	"net/http"
	"net/url"
	"strings"
	"time"
)

// copySource is the x-amz-copy-source header.
type copySource struct{ bucket, key, versionID string }

// parseCopySource reads "[/]bucket/key[?versionId=id]", URL-encoded.
func parseCopySource(header string) (copySource, error) {
	path, query, _ := strings.Cut(header, "?")
	bucket, key, ok := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	key, err := url.PathUnescape(key)
	if !ok || key == "" || err != nil {
		return copySource{}, invalidArgument("Copy Source must mention the source bucket and key: sourcebucket/sourcekey").field("ArgumentName", "x-amz-copy-source")
	}
	id := strings.TrimPrefix(query, "versionId=")
	return copySource{bucket, key, id}, nil
}

// copyObject makes a new version from the bytes of another.
func (s *s3Store) copyObject(c *call) (*response, error) {
	return s.inBucket(func(b *bucket, c *call) (*response, error) {
		from, src, err := s.source(c)
		if err != nil {
			return nil, err
		}
		if src.itself(c) {
			return nil, fail(http.StatusBadRequest, "InvalidRequest", "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.")
		}
		v := copied(c, from)
		if err := s.place(b, c, v, md5Hex(v.body)); err != nil {
			return nil, err
		}
		w := newXML("CopyObjectResult")
		w.leaf("ETag", v.etag)
		w.date("LastModified", v.modified)
		w.leaf(v.checksum.algorithm.element(), v.checksum.value)
		resp := w.answer("CopyObjectResult")
		s.describeStored(b, v, resp)
		return resp.set("X-Amz-Copy-Source-Version-Id", s.buckets[src.bucket].shownID(from)), nil
	})(c)
}

// copied is the new version before the destination's rules apply. The source's
// encryption and ACL are not carried over.
func copied(c *call, from *version) *version {
	a := algorithm(c.header("X-Amz-Checksum-Algorithm"))
	if !a.known() {
		a = from.checksum.algorithm
	}
	v := &version{body: from.body, checksum: checksum{algorithm: a, value: a.encode(from.body)}}
	if c.header("X-Amz-Metadata-Directive") != "REPLACE" {
		v.header = from.header
	}
	if c.header("X-Amz-Tagging-Directive") != "REPLACE" {
		v.tags = from.tags
	}
	return v
}

// itself reports a copy onto its own source that would change nothing.
func (src copySource) itself(c *call) bool {
	if src.bucket != c.Bucket || src.key != c.Key || src.versionID != "" || c.header("X-Amz-Metadata-Directive") == "REPLACE" {
		return false
	}
	for _, h := range []string{headerSSE, headerSSEC + "Algorithm", "X-Amz-Storage-Class", "X-Amz-Website-Redirect-Location", "X-Amz-Checksum-Algorithm"} {
		if c.header(h) != "" {
			return false
		}
	}
	return true
}

// source finds and opens the version a copy reads; the lock is held.
func (s *s3Store) source(c *call) (*version, copySource, error) {
	src, err := parseCopySource(c.header("X-Amz-Copy-Source"))
	if err != nil {
		return nil, src, err
	}
	read := &call{method: http.MethodGet, query: url.Values{}, trusted: c.trusted}
	read.Bucket, read.Key, read.Header, read.Time, read.region = src.bucket, src.key, c.Header, c.Time, c.region
	if src.versionID != "" {
		read.query.Set("versionId", src.versionID)
	}
	b := s.buckets[src.bucket]
	if b == nil {
		return nil, src, noSuchBucket(src.bucket)
	}
	v, err := s.findVersion(b, read)
	if err != nil {
		if asAPIError(err).code == "MethodNotAllowed" {
			err = fail(http.StatusBadRequest, "InvalidRequest", "The source of a copy request may not specifically refer to a delete marker by version id.")
		}
		return nil, src, err
	}
	if err := s.mayRead(b, read, v, headerCopySSEC, true); err != nil {
		return nil, src, err
	}
	return v, src, checkCopy(c, v)
}

// checkCopy holds the source against the copy's own conditions.
func checkCopy(c *call, v *version) error {
	const prefix = "X-Amz-Copy-Source-If-"
	if m := c.header(prefix + "Match"); m != "" && !etagMatches(m, v.etag) {
		return preconditionFailed("x-amz-copy-source-If-Match")
	}
	if m := c.header(prefix + "None-Match"); m != "" && etagMatches(m, v.etag) {
		return preconditionFailed("x-amz-copy-source-If-None-Match")
	}
	modified := v.modified.Truncate(time.Second)
	if t, ok := httpTime(c.header(prefix + "Modified-Since")); ok && !modified.After(t) {
		return preconditionFailed("x-amz-copy-source-If-Modified-Since")
	}
	if t, ok := httpTime(c.header(prefix + "Unmodified-Since")); ok && modified.After(t) {
		return preconditionFailed("x-amz-copy-source-If-Unmodified-Since")
	}
	return nil
}
