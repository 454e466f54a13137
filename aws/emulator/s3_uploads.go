package emulator

import (
	"cmp"
	"slices"
	"strings"
)

// listUploads lists uploads by key, then by age.
func (s *s3Store) listUploads(b *bucket, c *call) (*response, error) {
	limit, err := s.pageLimit(c, "max-uploads", 1000)
	if err != nil {
		return nil, err
	}
	all := b.uploadsAfter(c.arg("prefix"), c.arg("key-marker"), c.arg("upload-id-marker"))
	shown := all[:min(limit, len(all))]
	w := newXML("ListMultipartUploadsResult")
	w.leaf("Bucket", b.name)
	w.leaf("KeyMarker", c.arg("key-marker"))
	w.leaf("UploadIdMarker", c.arg("upload-id-marker"))
	w.leaf("Prefix", c.arg("prefix"))
	w.number("MaxUploads", int64(limit))
	w.flag("IsTruncated", len(shown) < len(all))
	if len(shown) < len(all) && len(shown) > 0 {
		last := shown[len(shown)-1]
		w.leaf("NextKeyMarker", last.key)
		w.leaf("NextUploadIdMarker", last.id)
	}
	for _, u := range shown {
		w.open("Upload")
		w.leaf("Key", u.key)
		w.leaf("UploadId", u.id)
		w.owner("Initiator", s.opts.Account)
		w.owner("Owner", s.opts.Account)
		w.leaf("StorageClass", "STANDARD")
		w.date("Initiated", u.initiated)
		w.close("Upload")
	}
	return w.answer("ListMultipartUploadsResult"), nil
}

func (b *bucket) uploadsAfter(prefix, key, id string) []*upload {
	var all []*upload
	for _, u := range b.uploads {
		if strings.HasPrefix(u.key, prefix) {
			all = append(all, u)
		}
	}
	slices.SortFunc(all, func(x, y *upload) int {
		return cmp.Or(strings.Compare(x.key, y.key), x.initiated.Compare(y.initiated), strings.Compare(x.id, y.id))
	})
	if at := slices.IndexFunc(all, func(u *upload) bool { return u.id == id }); at >= 0 {
		return all[at+1:]
	}
	if key == "" {
		return all
	}
	return slices.DeleteFunc(all, func(u *upload) bool { return u.key <= key })
}
