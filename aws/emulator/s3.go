package emulator

import (
	"net/http"
	"slices"
	"sync"
	"time"
)

// nullVersion is the id of versions written while versioning was not enabled.
const nullVersion = "null"

// s3Store is all buckets. One lock covers them; bodies are hashed before it is
// taken and sent after it is released.
type s3Store struct {
	mu      sync.Mutex
	opts    Options
	ids     *idSource
	keys    *kmsStore
	denied  *denyList
	buckets map[string]*bucket
}

// bucket is one bucket with its objects and configuration.
type bucket struct {
	name       string
	region     string
	created    time.Time
	versioning string // "", "Enabled" or "Suspended"
	mfaDelete  string // "", "Enabled" or "Disabled"
	encryption encryption
	config     map[string][]byte // documents as they were put, by query parameter
	objects    map[string]*object
	keys       []string // of objects, in order unless unsorted
	unsorted   bool
	uploads    map[string]*upload
	sequence   uint64            // counts stored versions
	sequences  map[string]uint64 // of every version ever stored: where to go on when a page's marker was deleted
}

// object is the versions of one key, oldest first. It exists while it has one.
type object struct{ versions []*version }

// version is one object version or delete marker. The body never changes.
type version struct {
	id        string
	marker    bool
	modified  time.Time
	sequence  uint64
	body      []byte
	etag      string // quoted
	header    http.Header
	sse       encryption
	checksum  checksum
	parts     []part
	tags      []tag
	acl       []byte // nil for private
	retention *retention
	legalHold bool
}

type tag struct {
	Key   string `xml:"Key"`
	Value string `xml:"Value"`
}

func newS3Store(o Options, ids *idSource, keys *kmsStore, denied *denyList) *s3Store {
	return &s3Store{opts: o, ids: ids, keys: keys, denied: denied, buckets: map[string]*bucket{}}
}

// current is the newest version, possibly a delete marker; nil without any.
func (o *object) current() *version {
	if o == nil || len(o.versions) == 0 {
		return nil
	}
	return o.versions[len(o.versions)-1]
}

func (o *object) find(id string) *version {
	if o == nil {
		return nil
	}
	for _, v := range o.versions {
		if v.id == id {
			return v
		}
	}
	return nil
}

// live is the current version unless it is a delete marker.
func (b *bucket) live(key string) *version {
	if v := b.objects[key].current(); v != nil && !v.marker {
		return v
	}
	return nil
}

// store makes v the key's current version under the rules of the bucket's
// versioning: without it, or suspended, v takes the place of the null version,
// wherever in the history that stands.
func (b *bucket) store(key string, v *version, newID func() string) {
	o := b.objects[key]
	if o == nil {
		o = &object{}
		b.objects[key] = o
		b.addKey(key)
	}
	if b.versioning == "Enabled" {
		v.id = newID()
	} else {
		v.id = nullVersion
		o.remove(nullVersion)
	}
	b.sequence++
	v.sequence = b.sequence
	b.sequences[key+"\x00"+v.id] = v.sequence
	o.versions = append(o.versions, v)
}

func (o *object) remove(id string) {
	o.versions = slices.DeleteFunc(o.versions, func(v *version) bool { return v.id == id })
}

// drop removes one version for good.
func (b *bucket) drop(key, id string) {
	o := b.objects[key]
	o.remove(id)
	if len(o.versions) == 0 {
		delete(b.objects, key)
		b.dropKey(key)
	}
}

func (b *bucket) addKey(key string) {
	if n := len(b.keys); n > 0 && b.keys[n-1] > key {
		b.unsorted = true
	}
	b.keys = append(b.keys, key)
}

func (b *bucket) dropKey(key string) {
	keys := b.sortedKeys()
	if i, ok := slices.BinarySearch(keys, key); ok {
		b.keys = slices.Delete(keys, i, i+1)
	}
}

// sortedKeys is every key in S3's order, that of UTF-8 bytes. Sorting waits
// for the first listing after writes.
func (b *bucket) sortedKeys() []string {
	if b.unsorted {
		slices.Sort(b.keys)
		b.unsorted = false
	}
	return b.keys
}

// shownID is the version id an answer tells: none before versioning was ever
// set.
func (b *bucket) shownID(v *version) string {
	if b.versioning == "" {
		return ""
	}
	return v.id
}

// inBucket runs f under the lock on the bucket the call names.
func (s *s3Store) inBucket(f func(*bucket, *call) (*response, error)) func(*call) (*response, error) {
	return func(c *call) (*response, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		b, err := s.bucket(c)
		if err != nil {
			return nil, err
		}
		return f(b, c)
	}
}

// bucket finds the call's bucket; the lock is held.
func (s *s3Store) bucket(c *call) (*bucket, error) {
	b := s.buckets[c.Bucket]
	if b == nil {
		return nil, noSuchBucket(c.Bucket)
	}
	if owner := c.header("X-Amz-Expected-Bucket-Owner"); owner != "" && owner != s.opts.Account {
		return nil, fail(http.StatusForbidden, "AccessDenied", "Access Denied")
	}
	if s.opts.EnforceRegion && c.region != b.region {
		e := fail(http.StatusMovedPermanently, "PermanentRedirect", "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.")
		return nil, e.with("X-Amz-Bucket-Region", b.region).field("Endpoint", b.name+".s3."+b.region+".amazonaws.com").field("Bucket", b.name)
	}
	return b, nil
}

func noSuchBucket(name string) *apiError {
	return fail(http.StatusNotFound, "NoSuchBucket", "The specified bucket does not exist").field("BucketName", name)
}

func noSuchKey(key string) *apiError {
	return fail(http.StatusNotFound, "NoSuchKey", "The specified key does not exist.").field("Key", key)
}

func preconditionFailed(condition string) *apiError {
	return fail(http.StatusPreconditionFailed, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold").field("Condition", condition)
}

func invalidArgument(format string, args ...any) *apiError {
	return fail(http.StatusBadRequest, "InvalidArgument", format, args...)
}

// refuseS3 writes an error; answers to HEAD have no body.
func refuseS3(c *call, e *apiError) *response {
	resp := newResponse(e.status)
	for name, values := range e.header {
		resp.header[name] = values
	}
	if c.method == http.MethodHead || e.status == http.StatusNotModified {
		return resp
	}
	w := &xmlWriter{}
	w.b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n<Error>")
	w.leaf("Code", e.code)
	w.leaf("Message", e.message)
	for _, f := range e.fields {
		w.leaf(f[0], f[1])
	}
	w.leaf("Resource", c.path)
	w.leaf("RequestId", c.requestID)
	w.close("Error")
	resp.body = w.b.Bytes()
	return resp.set("Content-Type", "application/xml")
}
