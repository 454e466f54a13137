package emulator

import (
	"encoding/base64"
	"net/http"
	"sort"
	"strconv"
	"strings"
)

// listing is one page to answer.
type listing struct {
	prefix    string
	delimiter string
	after     string // where the page starts: behind this key or common prefix
	within    uint64 // versions: only those of key `after` older than this sequence; 0 for none of them
	max       int
	encode    bool
}

// entry is one line of a listing.
type entry struct {
	key    string // or the common prefix
	rolled bool   // a common prefix
	v      *version
	latest bool
}

// listingOf reads the parameters that all listings share.
func (s *s3Store) listingOf(c *call) (listing, error) {
	l := listing{prefix: c.arg("prefix"), delimiter: c.arg("delimiter"), encode: c.arg("encoding-type") == "url"}
	n, err := s.pageLimit(c, "max-keys", 1000)
	l.max = n
	return l, err
}

// pageLimit is how much a page may hold: the parameter, never above AWS's own
// limit nor Options.PageSize.
func (s *s3Store) pageLimit(c *call, param string, limit int) (int, error) {
	n := limit
	if v, ok := c.param(param); ok && v != "" {
		parsed, err := strconv.Atoi(v)
		if err != nil || parsed < 0 {
			return 0, invalidArgument("Provided %s not an integer or within integer range", param).field("ArgumentName", param).field("ArgumentValue", v)
		}
		n = min(parsed, limit)
	}
	if s.opts.PageSize > 0 {
		n = min(n, s.opts.PageSize)
	}
	return n, nil
}

// page walks the keys from where l starts. entriesOf tells what a key
// contributes; a common prefix is listed when one of its keys contributes.
func (b *bucket) page(l listing, entriesOf func(key string) []entry) (out []entry, truncated bool) {
	keys := b.sortedKeys()
	for i := l.start(keys); l.max > 0 && i < len(keys) && strings.HasPrefix(keys[i], l.prefix); {
		found, next := l.at(keys, i, entriesOf)
		for _, e := range found {
			if len(out) == l.max {
				return out, true
			}
			out = append(out, e)
		}
		i = next
	}
	return out, false
}

// start is the first key that the page can hold.
func (l listing) start(keys []string) int {
	if l.after < l.prefix {
		return sort.SearchStrings(keys, l.prefix)
	}
	i := sort.SearchStrings(keys, l.after)
	if l.within == 0 && l.after != "" && i < len(keys) && keys[i] == l.after {
		i++
	}
	return i
}

// at is what stands at keys[i], and where to go on.
func (l listing) at(keys []string, i int, entriesOf func(string) []entry) ([]entry, int) {
	rest, _ := strings.CutPrefix(keys[i], l.prefix)
	end := strings.Index(rest, l.delimiter)
	if l.delimiter == "" || end < 0 {
		return entriesOf(keys[i]), i + 1
	}
	p := l.prefix + rest[:end+len(l.delimiter)]
	next := i + sort.Search(len(keys)-i, func(n int) bool { return !strings.HasPrefix(keys[i+n], p) })
	if p == l.after {
		return nil, next
	}
	for _, key := range keys[i:next] {
		if len(entriesOf(key)) > 0 {
			return []entry{{key: p, rolled: true}}, next
		}
	}
	return nil, next
}

func (l listing) name(key string) string {
	if l.encode {
		return urlEncoded(key)
	}
	return key
}

// liveEntries lists the current version of a key, unless it is deleted.
func (b *bucket) liveEntries(key string) []entry {
	if v := b.live(key); v != nil {
		return []entry{{key: key, v: v, latest: true}}
	}
	return nil
}

// versionEntries lists a key's history, newest first.
func (b *bucket) versionEntries(l listing) func(string) []entry {
	return func(key string) []entry {
		versions := b.objects[key].versions
		out := make([]entry, 0, len(versions))
		for i := len(versions) - 1; i >= 0; i-- {
			v := versions[i]
			if key == l.after && v.sequence >= l.within {
				continue
			}
			out = append(out, entry{key: key, v: v, latest: i == len(versions)-1})
		}
		return out
	}
}

// listObjects is version 1 of the API: it goes on behind a key.
func (s *s3Store) listObjects(b *bucket, c *call) (*response, error) {
	l, err := s.listingOf(c)
	if err != nil {
		return nil, err
	}
	l.after = c.arg("marker")
	entries, truncated := b.page(l, b.liveEntries)
	w := b.listHeader("ListBucketResult", l, truncated)
	w.leaf("Marker", l.name(l.after))
	if truncated && l.delimiter != "" {
		w.leaf("NextMarker", l.name(entries[len(entries)-1].key))
	}
	s.writeEntries(w, l, entries, true)
	return w.answer("ListBucketResult"), nil
}

// listObjectsV2 goes on behind an opaque token.
func (s *s3Store) listObjectsV2(b *bucket, c *call) (*response, error) {
	l, err := s.listingOf(c)
	if err != nil {
		return nil, err
	}
	l.after = c.arg("start-after")
	token, resumed := c.param("continuation-token")
	if resumed {
		after, err := base64.RawURLEncoding.DecodeString(token)
		if err != nil || token == "" {
			return nil, invalidArgument("The continuation token provided is incorrect").field("ArgumentName", "continuation-token")
		}
		l.after = string(after)
	}
	entries, truncated := b.page(l, b.liveEntries)
	w := b.listHeader("ListBucketResult", l, truncated)
	w.number("KeyCount", int64(len(entries)))
	w.optional("StartAfter", l.name(c.arg("start-after")))
	w.optional("ContinuationToken", token)
	if truncated {
		last := entries[len(entries)-1].key
		w.leaf("NextContinuationToken", base64.RawURLEncoding.EncodeToString([]byte(last)))
	}
	s.writeEntries(w, l, entries, c.arg("fetch-owner") == "true")
	return w.answer("ListBucketResult"), nil
}

func (b *bucket) listHeader(root string, l listing, truncated bool) *xmlWriter {
	w := newXML(root)
	w.leaf("Name", b.name)
	w.leaf("Prefix", l.name(l.prefix))
	w.optional("Delimiter", l.name(l.delimiter))
	w.number("MaxKeys", int64(l.max))
	w.flag("IsTruncated", truncated)
	if l.encode {
		w.leaf("EncodingType", "url")
	}
	return w
}

func (s *s3Store) writeEntries(w *xmlWriter, l listing, entries []entry, owner bool) {
	for _, e := range entries {
		if e.rolled {
			continue
		}
		w.open("Contents")
		w.leaf("Key", l.name(e.key))
		writeContent(w, e.v)
		if owner {
			w.owner("Owner", s.opts.Account)
		}
		w.close("Contents")
	}
	writePrefixes(w, l, entries)
}

// writeContent is what listings tell about stored bytes.
func writeContent(w *xmlWriter, v *version) {
	w.date("LastModified", v.modified)
	w.leaf("ETag", v.etag)
	w.leaf("ChecksumAlgorithm", string(v.checksum.algorithm))
	w.leaf("ChecksumType", v.checksum.kind())
	w.number("Size", int64(len(v.body)))
	w.leaf("StorageClass", storageClass(v))
}

func storageClass(v *version) string {
	class := v.header.Get("X-Amz-Storage-Class")
	return choose(class == "", "STANDARD", class)
}

func writePrefixes(w *xmlWriter, l listing, entries []entry) {
	for _, e := range entries {
		if e.rolled {
			w.open("CommonPrefixes")
			w.leaf("Prefix", l.name(e.key))
			w.close("CommonPrefixes")
		}
	}
}

// listObjectVersions lists versions and delete markers in S3's order: by key,
// newest first, both kinds interleaved.
func (s *s3Store) listObjectVersions(b *bucket, c *call) (*response, error) {
	l, err := s.listingOf(c)
	if err != nil {
		return nil, err
	}
	if err := b.resume(&l, c); err != nil {
		return nil, err
	}
	entries, truncated := b.page(l, b.versionEntries(l))
	w := b.listHeader("ListVersionsResult", l, truncated)
	w.leaf("KeyMarker", l.name(c.arg("key-marker")))
	w.leaf("VersionIdMarker", c.arg("version-id-marker"))
	if truncated {
		last := entries[len(entries)-1]
		w.leaf("NextKeyMarker", l.name(last.key))
		if !last.rolled {
			w.leaf("NextVersionIdMarker", last.v.id)
		}
	}
	s.writeVersions(w, l, entries)
	return w.answer("ListVersionsResult"), nil
}

// resume finds where key-marker and version-id-marker point, also when that
// version was deleted since: purging page by page is common.
func (b *bucket) resume(l *listing, c *call) error {
	l.after = c.arg("key-marker")
	id, named := c.param("version-id-marker")
	switch {
	case !named || id == "":
		return nil
	case l.after == "":
		return invalidArgument("A version-id marker cannot be specified without a key marker.").field("ArgumentName", "version-id-marker")
	}
	sequence, ok := b.sequences[l.after+"\x00"+id]
	if !ok {
		return invalidArgument("Invalid version id specified").field("ArgumentName", "version-id-marker").field("ArgumentValue", id)
	}
	l.within = sequence
	return nil
}

func (s *s3Store) writeVersions(w *xmlWriter, l listing, entries []entry) {
	for _, e := range entries {
		if !e.rolled && (!s.opts.MarkersLast || !e.v.marker) {
			s.writeVersion(w, l, e)
		}
	}
	for _, e := range entries {
		if !e.rolled && s.opts.MarkersLast && e.v.marker {
			s.writeVersion(w, l, e)
		}
	}
	writePrefixes(w, l, entries)
}

func (s *s3Store) writeVersion(w *xmlWriter, l listing, e entry) {
	name := choose(e.v.marker, "DeleteMarker", "Version")
	w.open(name)
	w.leaf("Key", l.name(e.key))
	w.leaf("VersionId", e.v.id)
	w.flag("IsLatest", e.latest)
	if e.v.marker {
		w.date("LastModified", e.v.modified)
	} else {
		writeContent(w, e.v)
	}
	w.owner("Owner", s.opts.Account)
	w.close(name)
}

// listBuckets pages only when asked to, and tells regions only then, as S3 does.
func (s *s3Store) listBuckets(c *call) (*response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	limit, err := s.pageLimit(c, "max-buckets", 10000)
	if err != nil {
		return nil, err
	}
	after, err := base64.RawURLEncoding.DecodeString(c.arg("continuation-token"))
	if err != nil {
		return nil, fail(http.StatusBadRequest, "InvalidArgument", "The continuation token provided is incorrect")
	}
	found := s.bucketsAfter(string(after), c.arg("prefix"), c.arg("bucket-region"))
	w := newXML("ListAllMyBucketsResult")
	w.owner("Owner", s.opts.Account)
	w.open("Buckets")
	for _, b := range found[:min(limit, len(found))] {
		writeBucket(w, b, s.asksForRegion(c))
	}
	w.close("Buckets")
	w.optional("Prefix", c.arg("prefix"))
	if len(found) > limit && limit > 0 {
		w.leaf("ContinuationToken", base64.RawURLEncoding.EncodeToString([]byte(found[limit-1].name)))
	}
	return w.answer("ListAllMyBucketsResult"), nil
}

func (s *s3Store) asksForRegion(c *call) bool {
	for _, p := range []string{"max-buckets", "continuation-token", "prefix", "bucket-region"} {
		if c.arg(p) != "" {
			return true
		}
	}
	return false
}
