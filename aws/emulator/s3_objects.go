package emulator

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// getObject answers GetObject and HeadObject.
func (s *s3Store) getObject(c *call) (*response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.bucket(c)
	if err != nil {
		return nil, err
	}
	v, err := s.findVersion(b, c)
	if err != nil {
		return nil, err
	}
	checksums := c.header("X-Amz-Checksum-Mode") == "ENABLED"
	if err := s.mayRead(b, c, v, headerSSEC, c.method == http.MethodGet || checksums); err != nil {
		return nil, err
	}
	if err := checkRead(c, b, v); err != nil {
		return nil, err
	}
	return s.answerObject(b, c, v, checksums)
}

// findVersion is the version a read names, or S3's way of saying there is none.
func (s *s3Store) findVersion(b *bucket, c *call) (*version, error) {
	id, named := c.param("versionId")
	if !named {
		return s.findCurrent(b, c)
	}
	if !wellFormedVersionID(id) {
		return nil, invalidArgument("Invalid version id specified").field("ArgumentName", "versionId").field("ArgumentValue", id)
	}
	v := b.objects[c.Key].find(id)
	if v == nil {
		return nil, fail(http.StatusNotFound, "NoSuchVersion", "The specified version does not exist.").field("Key", c.Key).field("VersionId", id)
	}
	if v.marker {
		e := fail(http.StatusMethodNotAllowed, "MethodNotAllowed", "The specified method is not allowed against this resource.")
		e = e.field("Method", c.method).field("ResourceType", "DeleteMarker")
		e = e.with("Allow", http.MethodDelete).with("Last-Modified", v.modified.UTC().Format(http.TimeFormat))
		return nil, e.with("X-Amz-Delete-Marker", "true").with("X-Amz-Version-Id", v.id)
	}
	return v, nil
}

func (s *s3Store) findCurrent(b *bucket, c *call) (*version, error) {
	v := b.objects[c.Key].current()
	if v != nil && !v.marker {
		return v, nil
	}
	if !c.trusted && s.denied.has("s3:ListBucket", bucketARN(c)) {
		// Whoever may not list must not learn which keys exist.
		return nil, accessDenied(s.opts, serviceS3, permission{"s3:ListBucket", bucketARN(c)})
	}
	e := noSuchKey(c.Key)
	if v != nil {
		e = e.with("X-Amz-Delete-Marker", "true").with("X-Amz-Version-Id", v.id)
	}
	return nil, e
}

// checkRead holds the read against its conditions, in the order of RFC 9110.
func checkRead(c *call, b *bucket, v *version) error {
	notModified := fail(http.StatusNotModified, "NotModified", "Not Modified").with("ETag", v.etag).with("X-Amz-Version-Id", b.shownID(v))
	if match := c.header("If-Match"); match != "" {
		if !etagMatches(match, v.etag) {
			return preconditionFailed("If-Match")
		}
	} else if t, ok := httpTime(c.header("If-Unmodified-Since")); ok && v.modified.Truncate(time.Second).After(t) {
		return preconditionFailed("If-Unmodified-Since")
	}
	if none := c.header("If-None-Match"); none != "" {
		if etagMatches(none, v.etag) {
			return notModified
		}
	} else if t, ok := httpTime(c.header("If-Modified-Since")); ok && !v.modified.Truncate(time.Second).After(t) {
		return notModified
	}
	return nil
}

func httpTime(s string) (time.Time, bool) {
	t, err := http.ParseTime(s)
	return t, err == nil
}

// answerObject writes headers and body, or the part of it that is asked for.
func (s *s3Store) answerObject(b *bucket, c *call, v *version, checksums bool) (*response, error) {
	resp := newResponse(http.StatusOK)
	body, err := s.slice(c, v, resp)
	if err != nil {
		return nil, err
	}
	s.describeObject(b, c, v, resp)
	if checksums && resp.status == http.StatusOK {
		resp.set(v.checksum.algorithm.header(), v.checksum.value).set("X-Amz-Checksum-Type", v.checksum.kind())
	}
	resp.length = int64(len(body))
	if c.method == http.MethodGet {
		resp.body = body
	}
	return resp, nil
}

// slice is the part of the body that Range or partNumber asks for.
func (s *s3Store) slice(c *call, v *version, resp *response) ([]byte, error) {
	if n := c.arg("partNumber"); n != "" {
		return partOf(v, n, resp)
	}
	first, last, ok, err := parseRange(c.header("Range"), len(v.body))
	if err != nil || !ok {
		return v.body, err
	}
	resp.status = http.StatusPartialContent
	resp.set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", first, last, len(v.body)))
	return v.body[first : last+1], nil
}

// parseRange reads a single byte range. Forms S3 ignores are not ok; a range
// that starts behind the end, and so every range of an empty object, is an
// error.
func parseRange(header string, size int) (first, last int, ok bool, err error) {
	spec, found := strings.CutPrefix(header, "bytes=")
	from, to, dash := strings.Cut(spec, "-")
	if !found || !dash || strings.Contains(spec, ",") {
		return 0, 0, false, nil
	}
	last = size - 1
	n, errTo := strconv.Atoi(to)
	if from == "" {
		if errTo != nil {
			return 0, 0, false, nil
		}
		first = max(0, size-n)
		return first, last, n > 0 && size > 0, rangeError(header, size, n == 0 || size == 0)
	}
	first, errFrom := strconv.Atoi(from)
	if errFrom != nil || to != "" && (errTo != nil || n < first) {
		return 0, 0, false, nil
	}
	if to != "" {
		last = min(n, size-1)
	}
	return first, last, first < size, rangeError(header, size, first >= size)
}

func rangeError(header string, size int, wrong bool) error {
	if !wrong {
		return nil
	}
	e := fail(http.StatusRequestedRangeNotSatisfiable, "InvalidRange", "The requested range is not satisfiable")
	e = e.field("RangeRequested", header).field("ActualObjectSize", itoa(size))
	return e.with("Content-Range", "bytes */"+itoa(size))
}

// describeObject writes the headers of a read.
func (s *s3Store) describeObject(b *bucket, c *call, v *version, resp *response) {
	for name, values := range v.header {
		resp.header[name] = values
	}
	overrides := []string{"Content-Type", "Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language", "Expires"}
	for _, name := range overrides {
		resp.set(name, c.arg("response-"+strings.ToLower(name)))
	}
	resp.set("Accept-Ranges", "bytes").set("ETag", v.etag).set("X-Amz-Version-Id", b.shownID(v))
	resp.set("Last-Modified", v.modified.UTC().Format(http.TimeFormat))
	if n := len(v.tags); n > 0 {
		resp.set("X-Amz-Tagging-Count", itoa(n))
	}
	v.sse.describe(resp)
	v.describeLock(resp)
}
