package aws

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"slices"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/stateward/stateward/model"
)

// S3 answers ListObjectVersions with versions and delete markers interleaved,
// newest first within a key. Times have a resolution of one second, so this
// order is the only truth about what came after what, and the SDK loses it: it
// sorts the two kinds into two lists. versionOrder reads it from the answer
// itself before the SDK does.
type versionOrder struct{}

type versionOrderKey struct{}

// addVersionOrder puts versionOrder next to the transport.
func addVersionOrder(stack *middleware.Stack) error {
	if stack.ID() != "ListObjectVersions" {
		return nil
	}
	return stack.Deserialize.Add(versionOrder{}, middleware.After)
}

// ID implements middleware.DeserializeMiddleware.
func (versionOrder) ID() string { return "stateward:VersionOrder" }

// HandleDeserialize implements middleware.DeserializeMiddleware.
func (versionOrder) HandleDeserialize(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
	out, metadata, err := next.HandleDeserialize(ctx, in)
	resp, ok := out.RawResponse.(*smithyhttp.Response)
	if err != nil || !ok || resp.Body == nil || resp.StatusCode/100 != 2 {
		return out, metadata, err
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return out, metadata, fmt.Errorf("reading the answer to %s: %w", awsmiddleware.GetOperationName(ctx), err)
	}
	if err := resp.Body.Close(); err != nil {
		return out, metadata, fmt.Errorf("closing the answer: %w", err)
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	metadata.Set(versionOrderKey{}, markersInOrder(body))
	return out, metadata, nil
}

// markersInOrder tells for each Version and DeleteMarker element of an answer,
// in its order, whether it is a marker. An answer that is no XML ends the list
// early; the SDK then says what is wrong with it.
func markersInOrder(body []byte) []bool {
	var order []bool
	dec := xml.NewDecoder(bytes.NewReader(body))
	for depth := 0; ; {
		token, err := dec.Token()
		if err != nil {
			return order
		}
		switch t := token.(type) {
		case xml.StartElement:
			depth++
			if depth == 2 && (t.Name.Local == "Version" || t.Name.Local == "DeleteMarker") {
				order = append(order, t.Name.Local == "DeleteMarker")
			}
		case xml.EndElement:
			depth--
		}
	}
}

// versionEntry is a version or delete marker of a listing.
type versionEntry struct {
	key string
	model.Version
}

// interleave puts versions and markers into the order of the answer. Where the
// order does not account for each of them, versions come first.
func interleave(order []bool, versions, markers []versionEntry) []versionEntry {
	all := make([]versionEntry, 0, len(versions)+len(markers))
	for _, marker := range order {
		from := &versions
		if marker {
			from = &markers
		}
		if len(*from) == 0 {
			break
		}
		all, *from = append(all, (*from)[0]), (*from)[1:]
	}
	return slices.Concat(all, versions, markers)
}

// newestFirst repairs the order of what a page holds of one key's history, where
// a server does not interleave it. A page that ends in markers alone may be the
// work of such a server: its two kinds are merged again by their times. Within
// one second they take turns, for a marker lies upon a version and a version
// upon a marker: a lock file that is taken and released at once leaves just
// that. before is the entry that the page before ended with, or nil.
func newestFirst(page []versionEntry, before *versionEntry) []versionEntry {
	if isNewestFirst(page) {
		return page
	}
	var versions, markers []versionEntry
	for _, e := range page {
		if e.DeleteMarker {
			markers = append(markers, e)
		} else {
			versions = append(versions, e)
		}
	}
	slices.SortStableFunc(versions, compareAge)
	slices.SortStableFunc(markers, compareAge)
	return mergeByAge(versions, markers, before)
}

// isNewestFirst reports whether a page shows that its server interleaves: it
// begins with the latest if it has it, nothing is newer than what stands before
// it, and a version stands behind a marker, or there are no markers.
func isNewestFirst(page []versionEntry) bool {
	for i, e := range page {
		if i > 0 && (e.IsLatest || e.LastModified.After(page[i-1].LastModified)) {
			return false
		}
	}
	return len(page) == 0 || !page[len(page)-1].DeleteMarker || len(page) == 1
}

func compareAge(a, b versionEntry) int {
	if a.IsLatest != b.IsLatest {
		if a.IsLatest {
			return -1
		}
		return 1
	}
	return b.LastModified.Compare(a.LastModified)
}

func mergeByAge(versions, markers []versionEntry, before *versionEntry) []versionEntry {
	all := make([]versionEntry, 0, len(versions)+len(markers))
	for len(versions) > 0 && len(markers) > 0 {
		if len(all) > 0 {
			before = &all[len(all)-1]
		}
		if versionIsNext(versions[0], markers[0], before) {
			all, versions = append(all, versions[0]), versions[1:]
		} else {
			all, markers = append(all, markers[0]), markers[1:]
		}
	}
	return slices.Concat(all, versions, markers)
}

func versionIsNext(version, marker versionEntry, before *versionEntry) bool {
	if order := compareAge(version, marker); order != 0 {
		return order < 0
	}
	return before != nil && before.DeleteMarker
}
