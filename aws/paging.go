package aws

import (
	"net/url"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// trail is where a listing has been. A store that does not understand the marker
// of its own last page answers pages again that were seen, for ever; and what came
// once must not pass for the whole. The zero value has been nowhere.
type trail struct{ seen map[string]bool }

// fresh reports whether a place is named and was not seen before.
func (t *trail) fresh(place string) bool {
	if place == "" || t.seen[place] {
		return false
	}
	if t.seen == nil {
		t.seen = map[string]bool{}
	}
	t.seen[place] = true
	return true
}

// versionMarker is where the next page of versions begins, as the store wants it
// back. The key in it need not be one: some stores put a cursor of their own
// there. So it says nothing about which keys were listed.
type versionMarker struct{ key, version string }

// markerOf is the marker of a page whose last entry is given. Where a store names
// the key alone although its history goes on, what was listed last says the rest:
// behind the bare key the older versions would be passed over.
func markerOf(out *s3.ListObjectVersionsOutput, last versionEntry) versionMarker {
	m := versionMarker{key: decodeMarker(sdk.ToString(out.NextKeyMarker), out.EncodingType, last.key), version: sdk.ToString(out.NextVersionIdMarker)}
	if m.version == "" && m.key == last.key {
		m.version = last.VersionID
	}
	return m
}

// decodeMarker undoes the encoding of a marker, for it is sent back in another.
// Stores that encode keys may leave the markers as they are: one that no encoder
// makes, or that is the last key as it is, is none.
func decodeMarker(marker string, encoding s3types.EncodingType, lastKey string) string {
	if marker == lastKey || strings.ContainsFunc(marker, neverEncoded) {
		return marker
	}
	return decodeKey(marker, encoding)
}

// neverEncoded reports runes that are not in what an encoder of URLs makes.
func neverEncoded(r rune) bool {
	return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"<>[]{}|\^`+"`", r)
}

// decodeKey undoes the encoding that a listing was asked for. It is asked for
// because XML 1.0 cannot hold every byte that a key can: one key with a control
// character in it would make its whole page unreadable. A store that does not
// know the parameter answers the keys as they are and does not claim otherwise.
func decodeKey(key string, encoding s3types.EncodingType) string {
	if encoding != s3types.EncodingTypeUrl {
		return key
	}
	if plain, err := url.QueryUnescape(key); err == nil {
		return plain
	}
	return key
}

// reach is how far a listing came, in its keys: all entries of the keys before
// reached are there. It goes by the keys alone, and where they are not in order
// it goes nowhere. The zero value has not begun.
type reach struct {
	highest   string
	unordered bool
}

// nowhere is before every key.
const nowhere = "\x00"

func (r *reach) take(page []versionEntry) {
	before := r.highest
	last := map[bool]string{false: before, true: before} // some list a page's markers behind its versions
	for _, e := range page {
		r.unordered = r.unordered || e.key < last[e.DeleteMarker]
		last[e.DeleteMarker] = e.key
		r.highest = max(r.highest, e.key)
	}
}

func (r *reach) reached() string {
	if r.unordered || r.highest == "" {
		return nowhere
	}
	return r.highest
}
