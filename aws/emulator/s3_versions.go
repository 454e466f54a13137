package emulator

import (
	"net/http"
)

// deleteObject removes a version for good when the request names one, and
// otherwise covers the key with a delete marker where versioning allows it.
func (s *s3Store) deleteObject(b *bucket, c *call) (*response, error) {
	id, named := c.param("versionId")
	bypass := c.header("X-Amz-Bypass-Governance-Retention") == "true"
	d, err := s.remove(b, c, deletion{key: c.Key, id: id, named: named, match: c.header("If-Match"), bypass: bypass, mfa: c.header("X-Amz-Mfa") != ""})
	if err != nil {
		return nil, err
	}
	resp := newResponse(http.StatusNoContent).set("X-Amz-Version-Id", d.shown)
	if d.marker {
		resp.set("X-Amz-Delete-Marker", "true")
	}
	return resp, nil
}

// deletion is one delete to do.
type deletion struct {
	key, id     string
	named       bool // a version id was given
	match       string
	bypass, mfa bool
}

// deleted is what S3 says about a delete: the version that was removed or the
// marker that was made, and whether it is a marker.
type deleted struct {
	shown  string
	marker bool
}

func (s *s3Store) remove(b *bucket, c *call, d deletion) (deleted, error) {
	if err := s.checkDelete(b, d); err != nil {
		return deleted{}, err
	}
	if d.named {
		return removeVersion(b, c, d)
	}
	if b.versioning == "" {
		if b.objects[d.key] != nil {
			b.drop(d.key, nullVersion)
		}
		return deleted{}, nil
	}
	marker := &version{marker: true, modified: c.Time}
	b.store(d.key, marker, s.ids.versionID)
	return deleted{marker.id, true}, nil
}

// checkDelete evaluates If-Match against the current version only, also when a
// version is named (S3 user guide, conditional deletes). Without any version of
// the key S3 answers 404, under a delete marker 412.
func (s *s3Store) checkDelete(b *bucket, d deletion) error {
	if d.match == "" || s.opts.IgnoreConditions {
		return nil
	}
	v := b.objects[d.key].current()
	switch {
	case v == nil:
		return noSuchKey(d.key)
	case v.marker || !etagMatches(d.match, v.etag):
		return preconditionFailed("If-Match")
	}
	return nil
}

// removeVersion deletes a version or marker; one that is not there is no error.
func removeVersion(b *bucket, c *call, d deletion) (deleted, error) {
	if !wellFormedVersionID(d.id) {
		return deleted{}, invalidArgument("Invalid version id specified").field("ArgumentName", "versionId").field("ArgumentValue", d.id)
	}
	if b.mfaDelete == "Enabled" && !d.mfa {
		return deleted{}, fail(http.StatusForbidden, "AccessDenied", "Mfa Authentication must be used for this request")
	}
	v := b.objects[d.key].find(d.id)
	if v == nil {
		return deleted{shown: d.id}, nil
	}
	if v.locked(c.Time, d.bypass) {
		return deleted{}, fail(http.StatusForbidden, "AccessDenied", "Access Denied because object protected by object lock.")
	}
	b.drop(d.key, d.id)
	return deleted{choose(b.versioning == "", "", v.id), v.marker}, nil
}

// deleteObjects deletes up to 1000 keys or versions, each on its own.
func (s *s3Store) deleteObjects(b *bucket, c *call) (*response, error) {
	if _, err := verify(c.Header, c.body); err != nil {
		return nil, err
	}
	var in struct {
		Quiet  bool `xml:"Quiet"`
		Object []deleteEntry
	}
	if err := readXML(c.body, &in); err != nil {
		return nil, err
	}
	if len(in.Object) == 0 || len(in.Object) > 1000 {
		return nil, fail(http.StatusBadRequest, "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
	}
	w := newXML("DeleteResult")
	for _, e := range in.Object {
		s.deleteOne(b, c, e, in.Quiet, w)
	}
	return w.answer("DeleteResult"), nil
}

type deleteEntry struct {
	Key       string
	VersionID string `xml:"VersionId"`
	ETag      string
}

func (s *s3Store) deleteOne(b *bucket, c *call, e deleteEntry, quiet bool, w *xmlWriter) {
	d := deletion{key: e.Key, id: e.VersionID, named: e.VersionID != "", match: e.ETag}
	d.bypass, d.mfa = c.header("X-Amz-Bypass-Governance-Retention") == "true", c.header("X-Amz-Mfa") != ""
	out, err := deleted{}, s.mayDelete(c, e)
	if err == nil {
		out, err = s.remove(b, c, d)
	}
	if err != nil {
		writeDeleteError(w, e, asAPIError(err))
		return
	}
	if quiet {
		return
	}
	w.open("Deleted")
	w.leaf("Key", e.Key)
	w.optional("VersionId", e.VersionID)
	if out.marker {
		w.flag("DeleteMarker", true)
		w.leaf("DeleteMarkerVersionId", out.shown)
	}
	w.close("Deleted")
}

func (s *s3Store) mayDelete(c *call, e deleteEntry) error {
	action := choose(e.VersionID == "", "s3:DeleteObject", "s3:DeleteObjectVersion")
	resource := "arn:aws:s3:::" + c.Bucket + "/" + e.Key
	if c.trusted || !s.denied.has(action, resource) {
		return nil
	}
	return accessDenied(s.opts, serviceS3, permission{action, resource})
}

func writeDeleteError(w *xmlWriter, e deleteEntry, err *apiError) {
	w.open("Error")
	w.leaf("Key", e.Key)
	w.optional("VersionId", e.VersionID)
	w.leaf("Code", err.code)
	w.leaf("Message", err.message)
	w.close("Error")
}
