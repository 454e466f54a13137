package emulator

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// minPart is S3's least size of every part but the last.
const minPart = 5 << 20

// upload is a multipart upload under way.
type upload struct {
	id        string
	key       string
	initiated time.Time
	header    http.Header // of CreateMultipartUpload: what the object will be
	algorithm algorithm
	full      bool // the object's checksum covers all bytes rather than the parts' checksums
	parts     map[int]part
}

// part is one uploaded part, and what is left of it in the object.
type part struct {
	number   int
	body     []byte
	etag     string // hex MD5
	checksum checksum
	modified time.Time
}

func (s *s3Store) createUpload(b *bucket, c *call) (*response, error) {
	if _, err := s.encryptionFor(b, c); err != nil {
		return nil, err
	}
	u := &upload{id: s.ids.versionID() + s.ids.versionID(), key: c.Key, initiated: c.Time, header: c.Header.Clone(), parts: map[int]part{}}
	u.algorithm = algorithm(c.header("X-Amz-Checksum-Algorithm"))
	if !u.algorithm.known() {
		u.algorithm = checksumCRC64
	}
	u.full = u.algorithm == checksumCRC64 || c.header("X-Amz-Checksum-Type") == "FULL_OBJECT"
	b.uploads[u.id] = u
	w := newXML("InitiateMultipartUploadResult")
	w.leaf("Bucket", b.name)
	w.leaf("Key", c.Key)
	w.leaf("UploadId", u.id)
	resp := w.answer("InitiateMultipartUploadResult")
	return resp.set("X-Amz-Checksum-Algorithm", string(u.algorithm)).set("X-Amz-Checksum-Type", choose(u.full, "FULL_OBJECT", "COMPOSITE")), nil
}

// upload finds the call's upload; the lock is held.
func (b *bucket) upload(c *call) (*upload, error) {
	u := b.uploads[c.arg("uploadId")]
	if u == nil || u.key != c.Key {
		return nil, fail(http.StatusNotFound, "NoSuchUpload", "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.").field("UploadId", c.arg("uploadId"))
	}
	return u, nil
}

func (s *s3Store) uploadPart(c *call) (*response, error) {
	sum, err := verify(c.Header, c.body)
	if err != nil {
		return nil, err
	}
	p := part{body: c.body, etag: md5Hex(c.body), checksum: sum, modified: c.Time}
	return s.inBucket(func(b *bucket, c *call) (*response, error) {
		if err := b.addPart(c, p); err != nil {
			return nil, err
		}
		return newResponse(http.StatusOK).set("ETag", `"`+p.etag+`"`).set(sum.algorithm.header(), sum.value), nil
	})(c)
}

// uploadPartCopy takes a part, or a range of it, from an existing object.
func (s *s3Store) uploadPartCopy(c *call) (*response, error) {
	return s.inBucket(func(b *bucket, c *call) (*response, error) {
		v, _, err := s.source(c)
		if err != nil {
			return nil, err
		}
		body := v.body
		first, last, ok, err := parseRange(c.header("X-Amz-Copy-Source-Range"), len(body))
		if err != nil {
			return nil, err
		}
		if ok {
			body = body[first : last+1]
		}
		p := part{body: body, etag: md5Hex(body), modified: c.Time}
		p.checksum = checksum{algorithm: checksumCRC64, value: checksumCRC64.encode(body)}
		if err := b.addPart(c, p); err != nil {
			return nil, err
		}
		w := newXML("CopyPartResult")
		w.leaf("ETag", `"`+p.etag+`"`)
		w.date("LastModified", p.modified)
		return w.answer("CopyPartResult"), nil
	})(c)
}

func (b *bucket) addPart(c *call, p part) error {
	u, err := b.upload(c)
	if err != nil {
		return err
	}
	p.number, err = strconv.Atoi(c.arg("partNumber"))
	if err != nil || p.number < 1 || p.number > 10000 {
		return invalidArgument("Part number must be an integer between 1 and 10000, inclusive").field("ArgumentName", "partNumber")
	}
	u.parts[p.number] = p
	return nil
}

// completeUpload joins the parts it lists into one version, under the
// conditions of this request and the settings of the first.
func (s *s3Store) completeUpload(b *bucket, c *call) (*response, error) {
	u, err := b.upload(c)
	if err != nil {
		return nil, err
	}
	parts, err := u.chosen(c.body)
	if err != nil {
		return nil, err
	}
	v, etag := u.join(parts)
	stored := *c
	stored.Header = u.header.Clone()
	for _, h := range []string{"If-Match", "If-None-Match"} {
		stored.Header.Set(h, c.header(h))
	}
	if err := s.place(b, &stored, v, etag); err != nil {
		return nil, err
	}
	delete(b.uploads, u.id)
	w := newXML("CompleteMultipartUploadResult")
	w.leaf("Location", "http://"+c.header("Host")+"/"+b.name+"/"+c.Key)
	w.leaf("Bucket", b.name)
	w.leaf("Key", c.Key)
	w.leaf("ETag", v.etag)
	w.leaf(v.checksum.algorithm.element(), v.checksum.value)
	w.leaf("ChecksumType", v.checksum.kind())
	resp := w.answer("CompleteMultipartUploadResult")
	s.describeStored(b, v, resp)
	resp.header.Del("ETag") // this operation tells it in the body only
	return resp, nil
}

// chosen are the parts that the request lists, checked as S3 checks them.
func (u *upload) chosen(body []byte) ([]part, error) {
	var in struct {
		Part []struct {
			PartNumber int
			ETag       string
		}
	}
	if err := readXML(body, &in); err != nil {
		return nil, err
	}
	var out []part
	for i, want := range in.Part {
		p, ok := u.parts[want.PartNumber]
		switch {
		case i > 0 && want.PartNumber <= in.Part[i-1].PartNumber:
			return nil, fail(http.StatusBadRequest, "InvalidPartOrder", "The list of parts was not in ascending order. Parts must be ordered by part number.")
		case !ok || strings.Trim(want.ETag, `"`) != p.etag:
			return nil, fail(http.StatusBadRequest, "InvalidPart", "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.").field("PartNumber", itoa(want.PartNumber))
		case i < len(in.Part)-1 && len(p.body) < minPart:
			return nil, fail(http.StatusBadRequest, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size").field("PartNumber", itoa(want.PartNumber))
		}
		out = append(out, p)
	}
	if len(out) == 0 {
		return nil, fail(http.StatusBadRequest, "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
	}
	return out, nil
}

// join makes the object. Its ETag is the MD5 of the parts' MD5s and their number.
func (u *upload) join(parts []part) (*version, string) {
	var body []byte
	var bodies [][]byte
	sums := md5.New()
	for _, p := range parts {
		body = append(body, p.body...)
		bodies = append(bodies, p.body)
		raw, _ := hex.DecodeString(p.etag) // our own encoding
		_, _ = sums.Write(raw)             // a hash never fails
	}
	v := &version{body: body, parts: parts}
	if u.full {
		v.checksum = checksum{algorithm: u.algorithm, value: u.algorithm.encode(body)}
	} else {
		v.checksum = composite(u.algorithm, bodies)
	}
	at := 0
	for i, p := range parts {
		parts[i].body = body[at : at+len(p.body)] // lets go of the parts' own memory
		at += len(p.body)
	}
	return v, hex.EncodeToString(sums.Sum(nil)) + "-" + itoa(len(parts))
}

// partOf is a read with partNumber: a range that the upload's parts define.
func partOf(v *version, number string, resp *response) ([]byte, error) {
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 || n > max(1, len(v.parts)) {
		return nil, fail(http.StatusRequestedRangeNotSatisfiable, "InvalidPartNumber", "The requested partnumber is not satisfiable")
	}
	resp.status = http.StatusPartialContent
	if len(v.parts) == 0 {
		return v.body, nil
	}
	at := 0
	for _, p := range v.parts[:n-1] {
		at += len(p.body)
	}
	body := v.parts[n-1].body
	resp.set("X-Amz-Mp-Parts-Count", itoa(len(v.parts)))
	resp.set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", at, at+len(body)-1, len(v.body)))
	return body, nil
}

func (s *s3Store) abortUpload(b *bucket, c *call) (*response, error) {
	u, err := b.upload(c)
	if err != nil {
		return nil, err
	}
	delete(b.uploads, u.id)
	return newResponse(http.StatusNoContent), nil
}

func (s *s3Store) listParts(b *bucket, c *call) (*response, error) {
	u, err := b.upload(c)
	if err != nil {
		return nil, err
	}
	limit, err := s.pageLimit(c, "max-parts", 1000)
	if err != nil {
		return nil, err
	}
	after, _ := strconv.Atoi(c.arg("part-number-marker")) // absent or malformed: from the first
	numbers := slices.DeleteFunc(slices.Sorted(maps.Keys(u.parts)), func(n int) bool { return n <= after })
	shown := numbers[:min(limit, len(numbers))]
	w := newXML("ListPartsResult")
	w.leaf("Bucket", b.name)
	w.leaf("Key", u.key)
	w.leaf("UploadId", u.id)
	w.number("PartNumberMarker", int64(after))
	w.number("MaxParts", int64(limit))
	w.flag("IsTruncated", len(shown) < len(numbers))
	if len(shown) > 0 {
		w.number("NextPartNumberMarker", int64(shown[len(shown)-1]))
	}
	for _, n := range shown {
		writePart(w, u.parts[n])
	}
	return w.answer("ListPartsResult"), nil
}

func writePart(w *xmlWriter, p part) {
	w.open("Part")
	w.number("PartNumber", int64(p.number))
	w.date("LastModified", p.modified)
	w.leaf("ETag", `"`+p.etag+`"`)
	w.number("Size", int64(len(p.body)))
	w.leaf(p.checksum.algorithm.element(), p.checksum.value)
	w.close("Part")
}
