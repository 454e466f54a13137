package aws

import (
	"context"
	"iter"
	"slices"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stateward/stateward/model"
)

// Versions yields the versions and delete markers of exactly this key, newest
// first and page by page. S3 lists by prefix: siblings that begin with the key
// are left out, and their pages are not fetched.
func (c *Client) Versions(ctx context.Context, b model.Backend, key string) iter.Seq2[[]model.Version, error] {
	return func(yield func([]model.Version, error) bool) {
		var last *versionEntry
		for page, err := range c.versionPages(ctx, b, key) {
			if err != nil {
				yield(nil, err)
				return
			}
			own := page.of(key, last)
			if len(own) > 0 {
				last = &own[len(own)-1]
				if !yield(asVersions(own), nil) {
					return
				}
			}
			if page.reached > key { // the keys are in order: none of ours can follow
				return
			}
		}
	}
}

// versionPage is one page of ListObjectVersions.
type versionPage struct {
	entries []versionEntry // in the order of the answer
	more    bool           // there is another page
	next    versionMarker  // where it begins
	reached string         // all entries of the keys before it were listed; "" where there is no more
	custom  bool           // the answer is not from AWS, whose order is always true
}

// of is the page's part of a key's history, newest first.
func (p versionPage) of(key string, before *versionEntry) []versionEntry {
	var own []versionEntry
	for _, e := range p.entries {
		if e.key == key {
			own = append(own, e)
		}
	}
	if !p.custom {
		return own
	}
	return newestFirst(own, before)
}

// versionPages lists the versions below a prefix. An error comes last.
func (c *Client) versionPages(ctx context.Context, b model.Backend, prefix string) iter.Seq2[versionPage, error] {
	return func(yield func(versionPage, error) bool) {
		in := &s3.ListObjectVersionsInput{Bucket: &b.Bucket, Prefix: nonEmpty(prefix), EncodingType: s3types.EncodingTypeUrl}
		var pages trail
		var keys reach
		for {
			page, err := c.versionPage(ctx, b, in)
			if err == nil && page.leadsBack(&pages) {
				err = endless(b.URL(prefix))
			}
			if keys.take(page.entries); page.more {
				page.reached = keys.reached()
			}
			if !yield(page, err) || err != nil || !page.more {
				return
			}
			in.KeyMarker, in.VersionIdMarker = nonEmpty(page.next.key), nonEmpty(page.next.version)
		}
	}
}

// leadsBack reports whether a page was there before, or names one that was, or
// none, as the next.
func (p versionPage) leadsBack(pages *trail) bool {
	if len(p.entries) > 0 && !pages.fresh("page\x00"+p.entries[0].key+"\x00"+p.entries[0].VersionID) {
		return true
	}
	return p.more && (p.next.key == "" || !pages.fresh("marker\x00"+p.next.key+"\x00"+p.next.version))
}

func (c *Client) versionPage(ctx context.Context, b model.Backend, in *s3.ListObjectVersionsInput) (versionPage, error) {
	api, err := c.s3(ctx, b)
	if err != nil {
		return versionPage{}, err
	}
	out, err := api.ListObjectVersions(ctx, in)
	if err != nil {
		return versionPage{}, failure(err, "listing the versions", b.URL(sdk.ToString(in.Prefix)), "s3:ListBucketVersions")
	}
	order, _ := out.ResultMetadata.Get(versionOrderKey{}).([]bool)
	page := versionPage{entries: interleave(order, versionsOf(out), markersOf(out)), custom: api.Options().BaseEndpoint != nil}
	if page.more = sdk.ToBool(out.IsTruncated); page.more {
		var last versionEntry
		if n := len(page.entries); n > 0 {
			last = page.entries[n-1]
		}
		page.next = markerOf(out, last)
	}
	return page, nil
}

func versionsOf(out *s3.ListObjectVersionsOutput) []versionEntry {
	entries := make([]versionEntry, 0, len(out.Versions))
	for _, v := range out.Versions {
		entries = append(entries, versionEntry{key: decodeKey(sdk.ToString(v.Key), out.EncodingType), Version: model.Version{
			VersionID: sdk.ToString(v.VersionId), IsLatest: sdk.ToBool(v.IsLatest), LastModified: sdk.ToTime(v.LastModified),
			Size: sdk.ToInt64(v.Size), ETag: sdk.ToString(v.ETag)}})
	}
	return entries
}

func markersOf(out *s3.ListObjectVersionsOutput) []versionEntry {
	entries := make([]versionEntry, 0, len(out.DeleteMarkers))
	for _, m := range out.DeleteMarkers {
		entries = append(entries, versionEntry{key: decodeKey(sdk.ToString(m.Key), out.EncodingType), Version: model.Version{
			VersionID: sdk.ToString(m.VersionId), IsLatest: sdk.ToBool(m.IsLatest), LastModified: sdk.ToTime(m.LastModified), DeleteMarker: true}})
	}
	return entries
}

// asVersions are the entries with what a listing alone tells about restoring
// them. Of the others it is not known before their bytes and key are looked at.
func asVersions(entries []versionEntry) []model.Version {
	all := make([]model.Version, 0, len(entries))
	for _, e := range entries {
		v := e.Version
		switch {
		case v.DeleteMarker:
			v.Restorable, v.WhyNot = model.Known(false), "a delete marker holds no state"
		case v.Size == 0:
			v.Restorable, v.WhyNot = model.Known(false), "it is empty"
		case v.IsLatest:
			v.Restorable, v.WhyNot = model.Known(false), "it is the current version"
		}
		all = append(all, v)
	}
	return slices.Clip(all)
}
