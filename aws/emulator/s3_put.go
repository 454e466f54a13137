package emulator

import (
	"net/http"
	"net/url"
	"strings"
)

// putObject stores one version. The body is hashed before the lock is taken.
func (s *s3Store) putObject(c *call) (*response, error) {
	sum, err := verify(c.Header, c.body)
	if err != nil {
		return nil, err
	}
	etag := md5Hex(c.body)
	return s.inBucket(func(b *bucket, c *call) (*response, error) {
		v := &version{body: c.body, checksum: sum}
		if err := s.place(b, c, v, etag); err != nil {
			return nil, err
		}
		resp := newResponse(http.StatusOK)
		s.describeStored(b, v, resp)
		return resp.set(sum.algorithm.header(), sum.value).set("X-Amz-Checksum-Type", sum.kind()), nil
	})(c)
}

// place checks everything a new version depends on, fills in what the request
// says about it, and stores it: the part that Put, Copy and Complete share.
func (s *s3Store) place(b *bucket, c *call, v *version, etag string) error {
	if err := s.checkWrite(b, c); err != nil {
		return err
	}
	var err error
	if v.sse, err = s.encryptionFor(b, c); err != nil {
		return err
	}
	if err = s.describeNew(b, c, v); err != nil {
		return err
	}
	if !v.sse.plainETag() {
		// S3's ETag of these is no MD5 of the body; it only differs from version to version.
		_, parts, _ := strings.Cut(etag, "-")
		etag = s.ids.hex(16) + choose(parts == "", "", "-"+parts)
	}
	v.etag = `"` + etag + `"`
	b.store(c.Key, v, s.ids.versionID)
	return nil
}

// describeNew sets everything but body, encryption and ETag from the request.
// What is already set, by a copy, stays.
func (s *s3Store) describeNew(b *bucket, c *call, v *version) error {
	v.modified = c.Time
	if v.header == nil {
		v.header = storedHeaders(c.Header)
	}
	acl, err := s.objectACL(b, c)
	if err != nil {
		return err
	}
	v.acl = acl
	if v.tags == nil {
		if v.tags, err = headerTags(c.header("X-Amz-Tagging")); err != nil {
			return err
		}
	}
	return b.lockNew(c, v)
}

// storedHeaders are the request headers that S3 keeps and gives back.
func storedHeaders(h http.Header) http.Header {
	out := http.Header{}
	for name, values := range h {
		switch {
		case strings.HasPrefix(name, "X-Amz-Meta-"):
			out[name] = values
		case name == "Content-Type" || name == "Cache-Control" || name == "Content-Disposition" || name == "Content-Encoding" || name == "Content-Language" || name == "Expires",
			name == "X-Amz-Website-Redirect-Location" || name == "X-Amz-Storage-Class":
			out[name] = values
		}
	}
	if out.Get("Content-Type") == "" {
		out.Set("Content-Type", "binary/octet-stream")
	}
	if out.Get("X-Amz-Storage-Class") == "STANDARD" {
		out.Del("X-Amz-Storage-Class") // S3 tells only the others
	}
	return out
}

// describeStored writes what S3 says about a version it has just stored.
func (s *s3Store) describeStored(b *bucket, v *version, resp *response) {
	resp.set("ETag", v.etag).set("X-Amz-Version-Id", b.shownID(v))
	v.sse.describe(resp)
}

// checkWrite holds the write against its If-Match and If-None-Match. A delete
// marker counts as no object.
func (s *s3Store) checkWrite(b *bucket, c *call) error {
	match, none := c.header("If-Match"), c.header("If-None-Match")
	if s.opts.IgnoreConditions || match == "" && none == "" {
		return nil
	}
	if none != "" && none != "*" || match != "" && none != "" || match == "*" {
		return fail(http.StatusNotImplemented, "NotImplemented", "A header you provided implies functionality that is not implemented").field("Header", "If-None-Match")
	}
	v := b.live(c.Key)
	switch {
	case none == "*" && v != nil:
		return preconditionFailed("If-None-Match")
	case match != "" && v == nil:
		return noSuchKey(c.Key)
	case match != "" && !etagMatches(match, v.etag):
		return preconditionFailed("If-Match")
	}
	return nil
}

// etagMatches compares a list of ETags, quoted or not, or *, with one ETag.
func etagMatches(list, etag string) bool {
	for one := range strings.SplitSeq(list, ",") {
		one = strings.TrimPrefix(strings.TrimSpace(one), "W/")
		if one == "*" || strings.Trim(one, `"`) == strings.Trim(etag, `"`) {
			return true
		}
	}
	return false
}

// headerTags parses x-amz-tagging, which is a URL query.
func headerTags(value string) ([]tag, error) {
	if value == "" {
		return nil, nil
	}
	if _, err := url.ParseQuery(value); err != nil {
		return nil, invalidArgument("The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.")
	}
	var tags []tag
	for pair := range strings.SplitSeq(value, "&") {
		k, v, _ := strings.Cut(pair, "=")
		// Both parts were unescaped without an error as a whole just above.
		key, _ := url.QueryUnescape(k)
		val, _ := url.QueryUnescape(v)
		tags = append(tags, tag{key, val})
	}
	return tags, checkTags(tags)
}
