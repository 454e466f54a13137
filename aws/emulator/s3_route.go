package emulator

import (
	"net/http"
	"strings"
)

// newS3Service lists every S3 operation the emulator has.
func newS3Service(s *s3Store) *service {
	ops := map[string]operation{}
	for _, add := range []func(map[string]operation){s.bucketOperations, s.objectOperations, s.uploadOperations, s.configOperations, s.objectConfigOperations} {
		add(ops)
	}
	return &service{operations: ops, refuse: refuseS3, resource: bucketARN}
}

// onBucket is an operation that needs one action on the bucket.
func onBucket(action string, run func(*call) (*response, error)) operation {
	return operation{run: run, actions: func(c *call) []permission {
		return []permission{{"s3:" + action, bucketARN(c)}}
	}}
}

// onObject is an operation that needs the actions on the object; with a
// versionId, IAM checks the action's Version form ("GetObject" ->
// "GetObjectVersion", "GetObjectTagging" -> "GetObjectVersionTagging").
func onObject(action string, run func(*call) (*response, error)) operation {
	return operation{run: run, actions: func(c *call) []permission {
		name := action
		if _, versioned := c.param("versionId"); versioned && c.method != http.MethodPost {
			name = strings.Replace(name, "Object", "ObjectVersion", 1)
		}
		return []permission{{"s3:" + name, objectARN(c)}}
	}}
}

func bucketARN(c *call) string {
	if c.Bucket == "" {
		return "arn:aws:s3:::*"
	}
	return "arn:aws:s3:::" + c.Bucket
}

func objectARN(c *call) string { return "arn:aws:s3:::" + c.Bucket + "/" + c.Key }

func (s *s3Store) bucketOperations(ops map[string]operation) {
	ops["ListBuckets"] = onBucket("ListAllMyBuckets", s.listBuckets)
	ops["CreateBucket"] = onBucket("CreateBucket", s.createBucket)
	ops["DeleteBucket"] = onBucket("DeleteBucket", s.inBucket(s.deleteBucket))
	ops["HeadBucket"] = onBucket("ListBucket", s.inBucket(s.headBucket))
	ops["ListObjects"] = onBucket("ListBucket", s.inBucket(s.listObjects))
	ops["ListObjectsV2"] = onBucket("ListBucket", s.inBucket(s.listObjectsV2))
	ops["ListObjectVersions"] = onBucket("ListBucketVersions", s.inBucket(s.listObjectVersions))
	ops["DeleteObjects"] = operation{run: s.inBucket(s.deleteObjects), actions: noPermissions}
}

// noPermissions is for operations that check IAM for each of their entries.
func noPermissions(*call) []permission { return nil }

func (s *s3Store) objectOperations(ops map[string]operation) {
	ops["PutObject"] = operation{run: s.putObject, actions: putPermissions}
	ops["GetObject"] = onObject("GetObject", s.getObject)
	ops["HeadObject"] = onObject("GetObject", s.getObject)
	ops["GetObjectAttributes"] = onObject("GetObjectAttributes", s.inBucket(s.getObjectAttributes))
	ops["DeleteObject"] = operation{run: s.inBucket(s.deleteObject), actions: deletePermissions}
	ops["CopyObject"] = operation{run: s.copyObject, actions: copyPermissions}
}

func (s *s3Store) uploadOperations(ops map[string]operation) {
	ops["CreateMultipartUpload"] = operation{run: s.inBucket(s.createUpload), actions: putPermissions}
	ops["UploadPart"] = onObject("PutObject", s.uploadPart)
	ops["UploadPartCopy"] = operation{run: s.uploadPartCopy, actions: copyPermissions}
	ops["CompleteMultipartUpload"] = operation{run: s.inBucket(s.completeUpload), actions: putPermissions}
	ops["AbortMultipartUpload"] = onObject("AbortMultipartUpload", s.inBucket(s.abortUpload))
	ops["ListParts"] = onObject("ListMultipartUploadParts", s.inBucket(s.listParts))
	ops["ListMultipartUploads"] = onBucket("ListBucketMultipartUploads", s.inBucket(s.listUploads))
}

// classifyS3 names the operation of a path-style request.
func classifyS3(c *call) {
	c.Bucket, c.Key, _ = strings.Cut(strings.TrimPrefix(c.path, "/"), "/")
	switch {
	case c.Bucket == "":
		c.Operation = byMethod(c.method, "ListBuckets", "", "", "", "")
	case c.Key == "":
		c.Operation = bucketOperation(c)
	default:
		c.Operation = objectOperation(c)
	}
}

// byMethod picks the operation; where the API has none, the method stands in
// and is answered NotImplemented.
func byMethod(method, get, head, put, post, del string) string {
	name := ""
	switch method {
	case http.MethodGet:
		name = get
	case http.MethodHead:
		name = head
	case http.MethodPut:
		name = put
	case http.MethodPost:
		name = post
	case http.MethodDelete:
		name = del
	}
	return choose(name == "", method, name)
}

func bucketOperation(c *call) string {
	for _, r := range bucketResources() {
		if _, ok := c.param(r.param); ok {
			return byMethod(c.method, r.get, "", r.put, "", r.del)
		}
	}
	has := func(name string) bool { _, ok := c.param(name); return ok }
	switch {
	case has("versions"):
		return byMethod(c.method, "ListObjectVersions", "", "", "", "")
	case has("uploads"):
		return byMethod(c.method, "ListMultipartUploads", "", "", "", "")
	case has("delete"):
		return byMethod(c.method, "", "", "", "DeleteObjects", "")
	case c.arg("list-type") == "2":
		return byMethod(c.method, "ListObjectsV2", "", "", "", "")
	default:
		return byMethod(c.method, "ListObjects", "HeadBucket", "CreateBucket", "", "DeleteBucket")
	}
}

func objectOperation(c *call) string {
	for _, r := range objectResources() {
		if _, ok := c.param(r.param); ok {
			return byMethod(c.method, r.get, "", r.put, r.post, r.del)
		}
	}
	copying := c.header("X-Amz-Copy-Source") != ""
	if _, ok := c.param("uploadId"); ok {
		return byMethod(c.method, "ListParts", "", choose(copying, "UploadPartCopy", "UploadPart"), "CompleteMultipartUpload", "AbortMultipartUpload")
	}
	return byMethod(c.method, "GetObject", "HeadObject", choose(copying, "CopyObject", "PutObject"), "", "DeleteObject")
}

func choose[T any](condition bool, yes, no T) T {
	if condition {
		return yes
	}
	return no
}

// objectResource is a subresource of an object and its operations.
type objectResource struct{ param, get, put, post, del string }

func objectResources() []objectResource {
	return []objectResource{
		{param: "tagging", get: "GetObjectTagging", put: "PutObjectTagging", del: "DeleteObjectTagging"},
		{param: "acl", get: "GetObjectAcl", put: "PutObjectAcl"},
		{param: "retention", get: "GetObjectRetention", put: "PutObjectRetention"},
		{param: "legal-hold", get: "GetObjectLegalHold", put: "PutObjectLegalHold"},
		{param: "attributes", get: "GetObjectAttributes"},
		{param: "uploads", post: "CreateMultipartUpload"},
		{param: "restore", post: "RestoreObject"},
		{param: "select", post: "SelectObjectContent"},
		{param: "torrent", get: "GetObjectTorrent"},
	}
}

// putPermissions adds what the request's headers ask for beyond PutObject; a
// write that depends on the ETag may read, says the S3 user guide.
func putPermissions(c *call) []permission {
	arn := objectARN(c)
	out := []permission{{"s3:PutObject", arn}}
	extra := []struct{ header, action string }{
		{"X-Amz-Acl", "s3:PutObjectAcl"},
		{"X-Amz-Tagging", "s3:PutObjectTagging"},
		{"X-Amz-Object-Lock-Mode", "s3:PutObjectRetention"},
		{"X-Amz-Object-Lock-Legal-Hold", "s3:PutObjectLegalHold"},
		{"If-Match", "s3:GetObject"},
	}
	for _, e := range extra {
		if c.header(e.header) != "" {
			out = append(out, permission{e.action, arn})
		}
	}
	return out
}

func deletePermissions(c *call) []permission {
	arn := objectARN(c)
	if _, ok := c.param("versionId"); ok {
		return []permission{{"s3:DeleteObjectVersion", arn}}
	}
	if tag := c.header("If-Match"); tag != "" && tag != "*" {
		return []permission{{"s3:DeleteObject", arn}, {"s3:GetObject", arn}}
	}
	return []permission{{"s3:DeleteObject", arn}}
}

func copyPermissions(c *call) []permission {
	src, err := parseCopySource(c.header("X-Amz-Copy-Source"))
	if err != nil {
		return putPermissions(c) // the operation refuses the header itself
	}
	read := permission{"s3:GetObject", "arn:aws:s3:::" + src.bucket + "/" + src.key}
	if src.versionID != "" {
		read.action = "s3:GetObjectVersion"
	}
	return append(putPermissions(c), read)
}
