package emulator

import (
	"net/http"
	"strings"
)

func (s *s3Store) objectConfigOperations(ops map[string]operation) {
	ops["GetObjectTagging"] = onObject("GetObjectTagging", s.onVersion(s.getTagging))
	ops["PutObjectTagging"] = onObject("PutObjectTagging", s.onVersion(s.putTagging))
	ops["DeleteObjectTagging"] = onObject("DeleteObjectTagging", s.onVersion(s.deleteTagging))
	ops["GetObjectAcl"] = onObject("GetObjectAcl", s.onVersion(s.getObjectACL))
	ops["PutObjectAcl"] = onObject("PutObjectAcl", s.onVersion(s.putObjectACL))
	ops["GetObjectRetention"] = onAnyVersion("GetObjectRetention", s.onVersion(s.getRetention))
	ops["PutObjectRetention"] = onAnyVersion("PutObjectRetention", s.onVersion(s.putRetention))
	ops["GetObjectLegalHold"] = onAnyVersion("GetObjectLegalHold", s.onVersion(s.getLegalHold))
	ops["PutObjectLegalHold"] = onAnyVersion("PutObjectLegalHold", s.onVersion(s.putLegalHold))
}

// onAnyVersion is for the Object Lock actions, which have no Version form.
func onAnyVersion(action string, run func(*call) (*response, error)) operation {
	return operation{run: run, actions: func(c *call) []permission {
		return []permission{{"s3:" + action, objectARN(c)}}
	}}
}

// onVersion runs f on the version that the call names, and tells its id.
func (s *s3Store) onVersion(f func(*bucket, *call, *version) (*response, error)) func(*call) (*response, error) {
	return s.inBucket(func(b *bucket, c *call) (*response, error) {
		v, err := s.findVersion(b, c)
		if err != nil {
			return nil, err
		}
		resp, err := f(b, c, v)
		if err != nil {
			return nil, err
		}
		return resp.set("X-Amz-Version-Id", b.shownID(v)), nil
	})
}

// checkTags enforces S3's limits on an object's tags.
func checkTags(tags []tag) error {
	if len(tags) > 10 {
		return fail(http.StatusBadRequest, "BadRequest", "Object tags cannot be greater than 10")
	}
	seen := map[string]bool{}
	for _, t := range tags {
		switch {
		case t.Key == "" || len(t.Key) > 128:
			return fail(http.StatusBadRequest, "InvalidTag", "The TagKey you have provided is invalid")
		case len(t.Value) > 256:
			return fail(http.StatusBadRequest, "InvalidTag", "The TagValue you have provided is invalid")
		case seen[t.Key]:
			return fail(http.StatusBadRequest, "InvalidTag", "Cannot provide multiple Tags with the same key")
		}
		seen[t.Key] = true
	}
	return nil
}

func (s *s3Store) getTagging(_ *bucket, _ *call, v *version) (*response, error) {
	w := newXML("Tagging")
	w.open("TagSet")
	for _, t := range v.tags {
		w.open("Tag")
		w.leaf("Key", t.Key)
		w.leaf("Value", t.Value)
		w.close("Tag")
	}
	w.close("TagSet")
	return w.answer("Tagging"), nil
}

func (s *s3Store) putTagging(_ *bucket, c *call, v *version) (*response, error) {
	var in struct {
		TagSet struct{ Tag []tag }
	}
	if err := readXML(c.body, &in); err != nil {
		return nil, err
	}
	if err := checkTags(in.TagSet.Tag); err != nil {
		return nil, err
	}
	v.tags = in.TagSet.Tag
	return newResponse(http.StatusOK), nil
}

func (s *s3Store) deleteTagging(_ *bucket, _ *call, v *version) (*response, error) {
	v.tags = nil
	return newResponse(http.StatusNoContent), nil
}

func (s *s3Store) getObjectACL(_ *bucket, _ *call, v *version) (*response, error) {
	return s.aclAnswer(v.acl)
}

func (s *s3Store) putObjectACL(b *bucket, c *call, v *version) (*response, error) {
	acl, err := s.requestedACL(b, c, c.body)
	if err != nil {
		return nil, err
	}
	v.acl = acl
	return newResponse(http.StatusOK), nil
}

// getObjectAttributes tells what the x-amz-object-attributes header lists.
func (s *s3Store) getObjectAttributes(b *bucket, c *call) (*response, error) {
	v, err := s.findVersion(b, c)
	if err != nil {
		return nil, err
	}
	if err := s.mayRead(b, c, v, headerSSEC, false); err != nil {
		return nil, err
	}
	w := newXML("GetObjectAttributesResponse")
	for name := range strings.SplitSeq(strings.Join(c.Header.Values("X-Amz-Object-Attributes"), ","), ",") {
		writeAttribute(w, strings.TrimSpace(name), v)
	}
	resp := w.answer("GetObjectAttributesResponse").set("X-Amz-Version-Id", b.shownID(v))
	return resp.set("Last-Modified", v.modified.UTC().Format(http.TimeFormat)), nil
}

func writeAttribute(w *xmlWriter, name string, v *version) {
	switch name {
	case "ETag":
		w.leaf("ETag", strings.Trim(v.etag, `"`))
	case "ObjectSize":
		w.number("ObjectSize", int64(len(v.body)))
	case "StorageClass":
		w.leaf("StorageClass", storageClass(v))
	case "Checksum":
		w.open("Checksum")
		w.leaf(v.checksum.algorithm.element(), v.checksum.value)
		w.leaf("ChecksumType", v.checksum.kind())
		w.close("Checksum")
	case "ObjectParts":
		if len(v.parts) > 0 {
			w.open("ObjectParts")
			w.number("PartsCount", int64(len(v.parts)))
			w.close("ObjectParts")
		}
	}
}
