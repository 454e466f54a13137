package aws

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stateward/stateward/model"
)

func TestTheOrderOfVersionsAndMarkersIsReadFromTheAnswer(t *testing.T) {
	const v, m = `<Version><Key>DeleteMarker</Key><Owner><ID>Version</ID></Owner></Version>`, `<DeleteMarker><Key>k</Key></DeleteMarker>`
	for name, c := range map[string]struct {
		xml  string
		want []bool
	}{
		"interleaved":           {xml: `<?xml version="1.0"?><ListVersionsResult xmlns="x"><Name>b</Name>` + m + v + m + v + `</ListVersionsResult>`, want: []bool{true, false, true, false}},
		"markers last":          {xml: `<ListVersionsResult>` + v + v + m + `</ListVersionsResult>`, want: []bool{false, false, true}},
		"nothing":               {xml: `<ListVersionsResult/>`},
		"cut off":               {xml: `<ListVersionsResult>` + m + `<Vers`, want: []bool{true}},
		"no XML":                {xml: "hello"},
		"not one byte":          {},
		"elements deeper down":  {xml: `<ListVersionsResult><CommonPrefixes><Version/></CommonPrefixes></ListVersionsResult>`},
		"a key with its name":   {xml: `<ListVersionsResult>` + strings.Replace(v, "DeleteMarker", "&lt;DeleteMarker&gt;", 1) + `</ListVersionsResult>`, want: []bool{false}},
		"with comments between": {xml: `<ListVersionsResult><!-- <Version/> -->` + m + `</ListVersionsResult>`, want: []bool{true}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := markersInOrder([]byte(c.xml)); !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

// history reads entries from text: "V5*" is the latest version, of second 5, and
// "M4" a marker. Ids are given in the order of the text.
func history(text string) []versionEntry {
	var all []versionEntry
	for i, word := range strings.Fields(text) {
		word, latest := strings.CutSuffix(word, "*")
		all = append(all, versionEntry{key: "k", Version: model.Version{VersionID: word + "#" + string(rune('a'+i)), IsLatest: latest,
			DeleteMarker: word[0] == 'M', LastModified: time.Unix(int64(word[1]-'0'), 0)}})
	}
	return all
}

func TestAHistoryIsPutIntoItsTrueOrder(t *testing.T) {
	for name, c := range map[string]struct {
		page   string
		before string // the last entry of the page before
		want   string // by the letters of the ids
	}{
		"interleaved is left alone":                          {page: "M9* V8 M7 V6", want: "abcd"},
		"interleaved within a second is left alone":          {page: "V5* M5 V5 V5 M5 V5", want: "abcdef"},
		"versions alone":                                     {page: "V9* V8 V8 V1", want: "abcd"},
		"markers last, the latest a marker":                  {page: "V8 V6 M9* M7", want: "cadb"},
		"markers last, the latest a version":                 {page: "V9* V7 V5 M8 M6", want: "adbec"},
		"a lock taken and released within one second":        {page: "V5 V5 V5 M5* M5 M5", want: "daebfc"},
		"the same on a page that follows one with a marker":  {page: "V5 V5 M5 M5", before: "M5", want: "acbd"},
		"the same on a page that follows one with a version": {page: "V5 V5 M5 M5", before: "V5", want: "cadb"},
		"not even the versions in order":                     {page: "V6 V8* M7", want: "bca"},
		"nothing":                                            {},
		"one":                                                {page: "M1*", want: "a"},
	} {
		t.Run(name, func(t *testing.T) {
			var before *versionEntry
			if c.before != "" {
				before = &history(c.before)[0]
			}
			got := ""
			for _, e := range newestFirst(history(c.page), before) {
				got += e.VersionID[len(e.VersionID)-1:]
			}
			if got != c.want {
				t.Errorf("order %q, want %q", got, c.want)
			}
		})
	}
}

func TestInterleavingNeverLosesAnEntry(t *testing.T) {
	versions, markers := history("V1 V2"), history("M1 M2 M3")
	for name, order := range map[string][]bool{"too short": {true}, "too long": {false, false, false, true}, "of versions only": {false, false}, "none": nil, "whole": {true, false, true, false, true}} {
		if got := interleave(order, versions, markers); len(got) != 5 {
			t.Errorf("%s: %d entries of 5", name, len(got))
		}
	}
}
