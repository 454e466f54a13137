package emulator

import (
	"encoding/xml"
	"net/http"
	"slices"
	"strings"
)

// bucketsAfter lists buckets by name.
func (s *s3Store) bucketsAfter(after, prefix, region string) []*bucket {
	var out []*bucket
	for name, b := range s.buckets {
		if name > after && strings.HasPrefix(name, prefix) && (region == "" || region == b.region) {
			out = append(out, b)
		}
	}
	slices.SortFunc(out, func(a, b *bucket) int { return strings.Compare(a.name, b.name) })
	return out
}

func writeBucket(w *xmlWriter, b *bucket, region bool) {
	w.open("Bucket")
	w.leaf("Name", b.name)
	w.date("CreationDate", b.created)
	if region {
		w.leaf("BucketRegion", b.region)
		w.leaf("BucketArn", "arn:aws:s3:::"+b.name)
	}
	w.close("Bucket")
}

func (s *s3Store) createBucket(c *call) (*response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	region, err := bucketRegion(c)
	if err != nil {
		return nil, err
	}
	if !validBucketName(c.Bucket) {
		return nil, fail(http.StatusBadRequest, "InvalidBucketName", "The specified bucket is not valid.").field("BucketName", c.Bucket)
	}
	if old := s.buckets[c.Bucket]; old != nil {
		if region == "us-east-1" && old.region == region {
			return newResponse(http.StatusOK).set("Location", "/"+c.Bucket), nil // a kindness of us-east-1 alone
		}
		return nil, fail(http.StatusConflict, "BucketAlreadyOwnedByYou", "Your previous request to create the named bucket succeeded and you already own it.").field("BucketName", c.Bucket)
	}
	b := newBucket(c, region)
	if acl := c.header("X-Amz-Acl"); acl != "" && acl != "private" {
		if b.ownerEnforced() {
			return nil, fail(http.StatusBadRequest, "InvalidBucketAclWithObjectOwnership", "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting")
		}
		b.config["acl"] = cannedACL(acl, s.opts.Account)
	}
	s.buckets[c.Bucket] = b
	return newResponse(http.StatusOK).set("Location", "/"+c.Bucket), nil
}

// newBucket has the settings AWS gives to every bucket since April 2023: all
// public access blocked, ACLs off, SSE-S3.
func newBucket(c *call, region string) *bucket {
	b := &bucket{name: c.Bucket, region: region, created: c.Time, encryption: encryption{algorithm: sseAES256}}
	b.config = map[string][]byte{}
	b.objects, b.uploads, b.sequences = map[string]*object{}, map[string]*upload{}, map[string]uint64{}
	for _, r := range bucketResources() {
		if r.initial != "" {
			b.config[r.param] = []byte(r.initial)
		}
	}
	if o := c.header("X-Amz-Object-Ownership"); o != "" {
		b.config["ownershipControls"] = []byte(ownership(o))
	}
	if c.header("X-Amz-Bucket-Object-Lock-Enabled") == "true" {
		b.versioning = "Enabled" // S3 turns it on with Object Lock
		b.config["object-lock"] = []byte(`<ObjectLockConfiguration xmlns="` + s3Namespace + `"><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>`)
	}
	return b
}

// bucketRegion reads LocationConstraint. Only the us-east-1 endpoint makes
// buckets of other regions.
func bucketRegion(c *call) (string, error) {
	var in struct {
		XMLName            xml.Name
		LocationConstraint string
	}
	if len(c.body) > 0 {
		if err := readXML(c.body, &in); err != nil {
			return "", err
		}
	}
	const incompatible = "The %s location constraint is incompatible for the region specific endpoint this request was sent to."
	switch want := in.LocationConstraint; {
	case want == "us-east-1":
		return "", fail(http.StatusBadRequest, "InvalidLocationConstraint", "The specified location-constraint is not valid").field("LocationConstraint", want)
	case want == "" && c.region != "us-east-1":
		return "", fail(http.StatusBadRequest, "IllegalLocationConstraintException", incompatible, "unspecified")
	case want != "" && c.region != "us-east-1" && want != c.region:
		return "", fail(http.StatusBadRequest, "IllegalLocationConstraintException", incompatible, want)
	case want == "":
		return "us-east-1", nil
	default:
		return want, nil
	}
}

// validBucketName is the core of S3's naming rules.
func validBucketName(name string) bool {
	if len(name) < 3 || len(name) > 63 || strings.Contains(name, "..") {
		return false
	}
	for i := range len(name) {
		c := name[i]
		alnum := c-'a' < 26 || c-'0' < 10
		edge := i == 0 || i == len(name)-1
		if !alnum && (edge || c != '-' && c != '.') {
			return false
		}
	}
	return true
}

func (s *s3Store) headBucket(b *bucket, _ *call) (*response, error) {
	return newResponse(http.StatusOK).set("X-Amz-Bucket-Region", b.region).set("X-Amz-Access-Point-Alias", "false").set("Content-Type", "application/xml"), nil
}

// deleteBucket refuses while any version or marker is left.
func (s *s3Store) deleteBucket(b *bucket, _ *call) (*response, error) {
	if len(b.objects) > 0 {
		message := "The bucket you tried to delete is not empty"
		if b.versioning != "" {
			message += ". You must delete all versions in the bucket."
		}
		return nil, fail(http.StatusConflict, "BucketNotEmpty", "%s", message).field("BucketName", b.name)
	}
	delete(s.buckets, b.name)
	return newResponse(http.StatusNoContent), nil
}
