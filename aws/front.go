package aws

import (
	"context"
	"errors"
	"fmt"

	"github.com/dustin/go-humanize"
	"github.com/stateward/stateward/model"
)

// How much is read of a state. Serial and lineage stand near its front in every
// format, so they need not cost a body full of secrets; only counting resources
// takes all of it, and is left out where that is large.
const (
	frontBytes   = 512
	frontGrowth  = 8
	longestFront = 64 << 10
	countedBytes = 4 << 20
)

// front is what reading the front of a version told, or all of it.
type front struct {
	versionID  string
	etag       string
	size       int64
	header     model.StateHeader
	encryption model.Encryption
	counted    bool // the body was read, so the next two stand
	resources  model.Fact[int]
	outputs    model.Fact[int]
	prints     model.Fact[model.Prints]
	compact    bool
	md5        string
	lock       model.Fact[model.LockInfo] // of a version of a lock file
}

// readFront reads the header of a version, or of the current one for "", and
// with count what takes its body. size is what a listing said, 0 if nothing.
func (c *Client) readFront(ctx context.Context, b model.Backend, key, versionID string, size int64, count bool) (front, error) {
	if fr, ok := c.facts.get(c.versionAt(b, key, versionID)); ok && (fr.counted || !count || !countable(fr.size)) {
		return fr, nil
	}
	f := fetch{key: key, versionID: versionID, first: frontBytes}
	if count && size > 0 && countable(size) {
		f.first, f.limit = 0, countedBytes
	}
	fr, err := c.readFrom(ctx, b, f, count)
	if errors.Is(err, model.ErrChanged) { // written between two reads: the new version then
		fr, err = c.readFrom(ctx, b, f, count)
	}
	if err == nil {
		c.facts.put(c.versionAt(b, key, fr.versionID), fr)
	}
	return fr, err
}

func countable(size int64) bool { return size <= countedBytes }

// readFrom reads as f says, and then more of the same version until the header
// is complete and, where it is wanted, the body counted.
func (c *Client) readFrom(ctx context.Context, b model.Backend, f fetch, count bool) (front, error) {
	for {
		o, err := c.fetch(ctx, b, f)
		if err != nil {
			return front{}, err
		}
		fr := frontOf(o)
		if cached, ok := c.facts.get(c.versionAt(b, f.key, fr.versionID)); ok && cached.counted {
			cached.encryption = fr.encryption // this one is fresh
			return cached, nil
		}
		wantsBody := count && countable(fr.size)
		if fr.counted || !wantsBody && fr.header.Complete() {
			return fr, nil
		}
		f = more(f, o, wantsBody)
	}
}

// more is the next, larger read of the same bytes. The current version is held
// by its ETag: to name its id would take a permission that the clients of a
// backend do not have.
func more(f fetch, o *object, wantsBody bool) fetch {
	next := fetch{key: f.key, versionID: f.versionID}
	if f.versionID == "" {
		next.match = o.ETag
	}
	if first := f.first * frontGrowth; !wantsBody && f.first > 0 && first <= longestFront {
		next.first = first
	}
	return next
}

// frontOf is what the bytes that came tell.
func frontOf(o *object) front {
	fr := front{versionID: o.VersionID, etag: o.ETag, size: o.Size, encryption: o.Encryption, header: model.ReadHeader(o.Body, o.Size)}
	fr.compact = isCompact(o.Body)
	if int64(len(o.Body)) < o.Size {
		fr.resources = notCounted(o.Size)
		fr.outputs, fr.prints = model.Unknown[int](fr.resources.Reason()), model.Unknown[model.Prints](fr.resources.Reason())
		return fr
	}
	fr.counted = true
	fr.count(o.Body)
	if o.Size > 0 {
		fr.md5 = model.DigestOf(o.Body)
	}
	return fr
}

func notCounted(size int64) model.Fact[int] {
	return model.Unknown[int](fmt.Sprintf("not counted: %s; open the version to count", humanize.Bytes(uint64(max(size, 0)))))
}

// isCompact reports whether a state was written without white space.
func isCompact(body []byte) bool {
	return len(body) > 1 && body[0] == '{' && body[1] == '"'
}

// count looks into a whole body.
func (fr *front) count(body []byte) {
	if len(body) == 0 {
		fr.resources, fr.outputs, fr.prints = model.Known(0), model.Known(0), model.Known(model.Prints(nil))
		return
	}
	x, err := model.IndexState(body)
	fr.resources, fr.outputs = model.FactOf(x.ResourceCount(), err), model.FactOf(len(x.Outputs), err)
	if err == nil {
		fr.prints = model.FactOf(x.PrintsOf(body))
	} else {
		fr.prints = model.FactOf(model.Prints(nil), err)
	}
}

// VersionFacts reads what one version says. Versions never change, so what was
// read once is not read again.
func (c *Client) VersionFacts(ctx context.Context, b model.Backend, key string, v model.Version) model.VersionFacts {
	if v.DeleteMarker {
		const why = "a delete marker holds no state"
		return model.UnknownVersion(why)
	}
	fr, err := c.readFront(ctx, b, key, v.VersionID, v.Size, true)
	barred := c.barred(ctx, b, key, v.VersionID, fr.encryption, err)
	if err != nil {
		unknown := model.UnknownVersion(orElse(barred, model.Reason(err)))
		unknown.Barred = barred
		return unknown
	}
	return model.VersionFacts{Barred: barred, Header: model.Known(fr.header), Encryption: model.Known(fr.encryption), Resources: fr.resources,
		Outputs: fr.outputs, Prints: fr.prints, MD5: fr.md5, Compact: fr.compact}
}

// versionHeader reads the header of a version and no more of it than that takes.
func (c *Client) versionHeader(ctx context.Context, b model.Backend, key, versionID string) (model.StateHeader, error) {
	fr, err := c.readFront(ctx, b, key, versionID, 0, false)
	return fr.header, err
}

func resourcesOf(fr front, err error) model.Fact[int] {
	if err != nil {
		return model.Unknown[int](model.Reason(err))
	}
	return fr.resources
}
