package model

import (
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"
)

// past is when the versions of these tests were written: one an hour.
var past = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func ptrTo[T any](v T) *T { return &v }

const lineA, lineB = "9d2f61aa-0b2c-4c1e-8a3f-7be1d3a9c0c1", "77777777-0b2c-4c1e-8a3f-7be1d3a9c0aa"

// stated is a version that was read: serial, resources, outputs.
func stated(serial uint64, resources, outputs int, change ...func(*Version)) Version {
	v := Version{Size: 100, ETag: fmt.Sprint(serial, resources), Restorable: Known(true), Facts: VersionFacts{
		Header:     Known(StateHeader{Format: FormatV4, Version: 4, Serial: &serial, Lineage: ptrTo(lineA), TerraformVersion: ptrTo("1.11.4")}),
		Encryption: Known(Encryption{Algorithm: "aws:kms", KMSKeyID: "arn:aws:kms:eu-west-1:1:key/new"}),
		Resources:  Known(resources), Outputs: Known(outputs)}}
	for _, c := range change {
		c(&v)
	}
	return v
}

func with(change func(*StateHeader)) func(*Version) {
	return func(v *Version) {
		h := v.Facts.Header.Or(StateHeader{})
		change(&h)
		v.Facts.Header = Known(h)
	}
}

func lineage(l string) func(*Version) { return with(func(h *StateHeader) { h.Lineage = &l }) }
func tool(version string) func(*Version) {
	return with(func(h *StateHeader) { h.TerraformVersion = &version })
}
func by(who, lock string) func(*Version) {
	return func(v *Version) { v.WrittenBy = Known(Author{Who: who, Operation: "OperationTypeApply", LockID: lock}) }
}
func after(d time.Duration) func(*Version) {
	return func(v *Version) { v.LastModified = past.Add(-time.Hour).Add(d) } // of the version an hour before the newest
}
func key(id string) func(*Version) {
	return func(v *Version) { v.Facts.Encryption = Known(Encryption{Algorithm: "aws:kms", KMSKeyID: id}) }
}
func restoredFrom(id string) func(*Version) {
	return func(v *Version) {
		v.WrittenBy = Known(Author{Who: "ann@host", Operation: "stateward-restore", From: id})
	}
}
func isCompact(v *Version) { v.Facts.Compact = true }

func marker() Version    { return Version{DeleteMarker: true} }
func unreadOne() Version { return Version{Size: 100, ETag: "e"} }
func deniedOne() Version {
	return Version{Size: 100, ETag: "e", Facts: UnknownVersion("AccessDenied s3:GetObjectVersion")}
}
func emptyOne() Version { return Version{ETag: "e"} }
func broken(problem string) Version {
	return Version{Size: 100, ETag: "e", Facts: VersionFacts{Header: Known(StateHeader{Format: FormatInvalid, Problem: problem}),
		Encryption: Known(Encryption{Algorithm: "aws:kms"}), Resources: Unknown[int](problem)}}
}

// dated gives versions their ids and, where they have none, their times.
func dated(versions []Version) []Version {
	for i := range versions {
		versions[i].VersionID = fmt.Sprintf("v%d", len(versions)-i)
		if versions[i].LastModified.IsZero() {
			versions[i].LastModified = past.Add(-time.Duration(i) * time.Hour)
		}
	}
	return versions
}

func judging() History {
	return History{Complete: true, Wants: Known(Encryption{Algorithm: "aws:kms", KMSKeyID: "arn:aws:kms:eu-west-1:1:key/new"})}
}

func rules(v Version) string {
	var names []string
	for _, a := range v.Anomalies {
		names = append(names, string(a.Rule))
	}
	return strings.Join(names, " ")
}

func TestAnomalies(t *testing.T) {
	for name, c := range map[string]struct {
		versions  []Version // newest first
		rules     string    // of the newest
		text      string    // part of the first one's
		unchecked string    // of the newest
		change    func(*History)
	}{
		"one version tells nothing odd":               {versions: []Version{stated(1, 3, 1)}},
		"the next serial, one resource more":          {versions: []Version{stated(2, 4, 1), stated(1, 3, 1)}},
		"a serial again":                              {versions: []Version{stated(2, 4, 1), stated(2, 3, 1)}, rules: "serial-repeated", text: "serial 2 again: version v1"},
		"a serial again that an older version had":    {versions: []Version{stated(6, 4, 1), stated(5, 4, 1), stated(7, 4, 1), stated(6, 4, 1)}, rules: "serial-repeated", text: "version v1"},
		"a serial gone back":                          {versions: []Version{stated(5, 4, 1), stated(7, 4, 1)}, rules: "serial-back", text: "serial 5, the version before has 7"},
		"another lineage":                             {versions: []Version{stated(1, 3, 1, lineage(lineB)), stated(7, 4, 1)}, rules: "lineage-changed", text: "another lineage: 7777…aa, before it was 9d2f…c1"},
		"a serial of another lineage is not the same": {versions: []Version{stated(7, 4, 1, lineage(lineB)), stated(7, 4, 1)}, rules: "lineage-changed"},
		"no lineage, as in format v1":                 {versions: []Version{stated(8, 4, 1, lineage("")), stated(7, 4, 1)}},
		"half of the resources gone":                  {versions: []Version{stated(8, 2, 0), stated(7, 4, 1)}, rules: "resources-halved", text: "lost 2 of 4 resources"},
		"nearly half of the resources gone":           {versions: []Version{stated(8, 3, 0), stated(7, 5, 1)}},
		"all gone, with their outputs":                {versions: []Version{stated(8, 0, 0), stated(7, 4, 1)}, rules: "resources-halved"},
		"all gone, an output stays":                   {versions: []Version{stated(8, 0, 1), stated(7, 4, 3)}, rules: "resources-halved outputs-survive", text: "lost 4 of 4"},
		"most gone, all outputs stay":                 {versions: []Version{stated(8, 1, 3), stated(7, 4, 3)}, rules: "resources-halved outputs-survive"},
		"most gone, most outputs with them":           {versions: []Version{stated(8, 1, 1), stated(7, 4, 3)}, rules: "resources-halved"},
		"nothing was there to lose":                   {versions: []Version{stated(8, 0, 1), stated(7, 0, 1)}},
		"90 s after the version before":               {versions: []Version{stated(8, 4, 1, after(90*time.Second)), stated(7, 4, 1)}, rules: "rapid-writes", text: "written 90 s after"},
		"91 s after the version before":               {versions: []Version{stated(8, 4, 1, after(91*time.Second)), stated(7, 4, 1)}},
		"20 s after it, in one run":                   {versions: []Version{stated(8, 4, 1, after(20*time.Second), by("ci", "L1")), stated(7, 4, 1, by("ci", "L1"))}},
		"20 s after it, in another run":               {versions: []Version{stated(8, 4, 1, after(20*time.Second), by("ci", "L2")), stated(7, 4, 1, by("ci", "L1"))}, rules: "rapid-writes"},
		"AES256 where the bucket wants a key":         {versions: []Version{stated(8, 4, 1, func(v *Version) { v.Facts.Encryption = Known(Encryption{Algorithm: "AES256"}) })}, rules: "encryption-differs", text: "AES256, the bucket wants aws:kms"},
		"away from the bucket's key":                  {versions: []Version{stated(8, 4, 1, key("arn:aws:kms:eu-west-1:1:key/old")), stated(7, 4, 1)}, rules: "encryption-differs", text: "key/old"},
		"from before the bucket's key was changed":    {versions: []Version{stated(8, 4, 1, key("arn:aws:kms:eu-west-1:1:key/old")), stated(7, 4, 1, key("arn:aws:kms:eu-west-1:1:key/old"))}},
		"an alias tells nothing":                      {versions: []Version{stated(8, 4, 1, key("arn:aws:kms:eu-west-1:1:key/old")), stated(7, 4, 1)}, change: func(h *History) { h.Wants = Known(Encryption{Algorithm: "aws:kms", KMSKeyID: "alias/tfstate"}) }},
		"a bucket that wants nothing":                 {versions: []Version{stated(8, 4, 1)}, change: func(h *History) { h.Wants = Known(Encryption{Algorithm: "none"}) }},
		"what the bucket wants cannot be read":        {versions: []Version{stated(8, 4, 1)}, change: func(h *History) { h.Wants = Unknown[Encryption]("AccessDenied s3:GetEncryptionConfiguration") }, unchecked: "the bucket's default encryption: AccessDenied s3:GetEncryptionConfiguration"},
		"what the bucket wants is not read yet":       {versions: []Version{stated(8, 4, 1)}, change: func(h *History) { h.Wants = Fact[Encryption]{} }, unchecked: notReadYet},
		"an older tool":                               {versions: []Version{stated(8, 4, 1, tool("1.9.8")), stated(7, 4, 1)}, rules: "older-tool", text: "1.9.8, the version before by 1.11.4"},
		"numbers, not texts, are compared":            {versions: []Version{stated(8, 4, 1), stated(7, 4, 1, tool("1.9.8"))}},
		"a pre-release comes before its release":      {versions: []Version{stated(8, 4, 1, tool("1.12.0-rc1")), stated(7, 4, 1, tool("1.12.0"))}, rules: "older-tool"},
		"an older tool's version, restored": {versions: []Version{stated(8, 4, 1, tool("1.9.8"), func(v *Version) {
			v.WrittenBy = Known(Author{Who: "oncall@desk", Operation: "stateward-restore", From: "v1"})
		}), stated(7, 4, 1)}, rules: "restored-by-stateward"},
		"no version number":                  {versions: []Version{stated(8, 4, 1, tool("dev")), stated(7, 4, 1)}},
		"another layout may be another tool": {versions: []Version{stated(8, 4, 1, tool("1.9.0"), isCompact), stated(7, 4, 1)}},
		"empty, as the listing says":         {versions: []Version{emptyOne(), stated(7, 4, 1)}, rules: "empty", unchecked: notReadYet},
		"cut off":                            {versions: []Version{broken("at offset 99: " + endsTooEarly), stated(7, 4, 1)}, rules: "truncated", text: "cut off"},
		"not a state":                        {versions: []Version{broken("at offset 0: not a JSON object"), stated(7, 4, 1)}, rules: "invalid"},
		"compared with the last state, past what is none": {versions: []Version{stated(1, 1, 1, lineage(lineB)), emptyOne(), broken("x"), stated(7, 4, 1)}, rules: "lineage-changed resources-halved outputs-survive"},
		"a new life behind a delete marker":               {versions: []Version{stated(1, 1, 1, lineage(lineB)), marker(), stated(7, 4, 1)}},
		"restored": {versions: []Version{stated(8, 4, 1, func(v *Version) {
			v.WrittenBy = Known(Author{Who: "oncall@desk", Operation: "stateward-restore", From: "v1"})
		}), stated(7, 4, 1)}, rules: "restored-by-stateward", text: "stateward restore of oncall@desk, from version v1"},
		"a delete marker":                      {versions: []Version{marker(), stated(7, 4, 1)}},
		"not read yet":                         {versions: []Version{unreadOne(), stated(7, 4, 1)}, unchecked: notReadYet},
		"not readable":                         {versions: []Version{deniedOne(), stated(7, 4, 1)}, unchecked: "AccessDenied s3:GetObjectVersion"},
		"the version before is not read yet":   {versions: []Version{stated(8, 1, 1), unreadOne()}, unchecked: beforeNotReadYet},
		"the version before is not readable":   {versions: []Version{stated(8, 1, 1), deniedOne()}, unchecked: "the version before: AccessDenied s3:GetObjectVersion"},
		"the version before is not listed yet": {versions: []Version{stated(8, 1, 1)}, change: func(h *History) { h.Complete = false }, unchecked: beforeNotReadYet},
		"resources not counted": {versions: []Version{stated(8, 1, 1, func(v *Version) { v.Facts.Resources = Unknown[int]("not counted: 9 MB") }), stated(7, 4, 1)},
			unchecked: "not counted: 9 MB"},
	} {
		t.Run(name, func(t *testing.T) {
			h, versions := judging(), dated(c.versions)
			if c.change != nil {
				c.change(&h)
			}
			h.All(versions, 0)
			v := versions[0]
			if v.Anomalies == nil || rules(v) != c.rules || v.Unchecked != c.unchecked {
				t.Errorf("got %v, unchecked %q", v.Anomalies, v.Unchecked)
			}
			if c.text != "" && !strings.Contains(v.Anomalies[0].Text, c.text) {
				t.Errorf("the text %q lacks %q", v.Anomalies[0].Text, c.text)
			}
		})
	}
}

// Whatever the order in which facts come, the same is worked out.
func TestFactsInAnyOrderTellTheSame(t *testing.T) {
	whole := dated([]Version{stated(6, 3, 2), stated(8, 61, 2), stated(7, 60, 2), emptyOne(), marker(), stated(6, 60, 1), broken("x"), stated(5, 1, 1, lineage(lineB)),
		stated(6, 9, 1), deniedOne(), stated(5, 9, 1, tool("1.12.0")), stated(4, 8, 1)})
	want := slices.Clone(whole)
	h := judging()
	h.All(want, 0)
	for seed := range uint64(20) {
		h, got := judging(), slices.Clone(whole)
		for i := range got {
			got[i].Facts = VersionFacts{}
		}
		h.Complete = false
		h.All(got[:5], 0) // listed in two pages
		h.All(got, 5)
		h.Complete = true
		h.All(got, len(got))
		for _, i := range rand.New(rand.NewPCG(seed, 1)).Perm(len(got)) {
			got[i].Facts = whole[i].Facts
			h.Learned(got, i)
		}
		for i := range got {
			if toldHistory(got[i]) != toldHistory(want[i]) {
				t.Errorf("seed %d: %s: got %s, want %s", seed, got[i].VersionID, toldHistory(got[i]), toldHistory(want[i]))
			}
		}
	}
}

// What a run lost in steps is judged by the version before the run, which may be
// read last.
func TestStepsInAnyOrderTellTheSame(t *testing.T) {
	var left []int
	for i := range maxSteps + 4 {
		left = append(left, 3+i)
	}
	whole := dated(append(losing(60, 0, left...), stated(19, 61, 2, aged(aDay)), stated(18, 61, 2, aged(2*aDay))))
	want := slices.Clone(whole)
	all := judging()
	all.All(want, 0)
	for last := range whole {
		h, got := judging(), slices.Clone(whole)
		got[last].Facts = VersionFacts{}
		h.All(got, 0)
		got[last].Facts = whole[last].Facts
		h.Learned(got, last)
		for i := range got {
			if toldHistory(got[i]) != toldHistory(want[i]) {
				t.Errorf("%s read last: %s: got %s, want %s", whole[last].VersionID, got[i].VersionID, toldHistory(got[i]), toldHistory(want[i]))
			}
		}
	}
}

func toldHistory(v Version) string { return fmt.Sprint(v.Anomalies, v.Unchecked, v.Change) }

func TestSuggest(t *testing.T) {
	grown := func(n int) []Version { // versions built upon each other, the newest with serial n
		var all []Version
		for i := range n {
			all = append(all, stated(uint64(n-i), 20+n-i, 2))
		}
		return all
	}
	for name, c := range map[string]struct {
		versions []Version
		want     string // "" for none
		says     string
	}{
		"nothing is wrong":               {versions: grown(4)},
		"no version":                     {},
		"the resources are gone":         {versions: slices.Concat([]Version{stated(5, 3, 2)}, grown(4)), want: "v4", says: "Serial 5, written 2026-11-21 12:00:00 UTC: lost 21 of 24 resources; 2 of 2 outputs"},
		"and somebody applied upon that": {versions: slices.Concat([]Version{stated(7, 4, 2), stated(6, 4, 2), stated(5, 3, 2)}, grown(4)), want: "v4", says: "Serial 4, written"},
		"and it was restored":            {versions: slices.Concat([]Version{stated(6, 24, 2), stated(5, 3, 2)}, grown(4))},
		"and ten versions were built upon it": {versions: slices.Concat(func() (v []Version) {
			for i := range 10 {
				v = append(v, stated(uint64(15-i), 4, 2))
			}
			return v
		}(), []Version{stated(5, 3, 2)}, grown(4))},
		"the lineage is another":                           {versions: slices.Concat([]Version{stated(5, 24, 2, lineage(lineB))}, grown(4)), want: "v4", says: "another lineage"},
		"the lineage was another and is the old one again": {versions: slices.Concat([]Version{stated(6, 24, 2), stated(5, 24, 2, lineage(lineB))}, grown(4))},
		"the old lineage is back with fewer resources":     {versions: slices.Concat([]Version{stated(6, 3, 2), stated(5, 24, 2, lineage(lineB))}, grown(4)), want: "v4"},
		"the lineage changed twice":                        {versions: slices.Concat([]Version{stated(6, 24, 2, lineage(lineA+"c")), stated(5, 24, 2, lineage(lineB))}, grown(4)), want: "v4"},
		"a loss after a smaller loss that was made good":   {versions: []Version{stated(4, 4, 2), stated(3, 40, 2), stated(2, 2, 2), stated(1, 5, 2)}, want: "v3", says: "lost 36 of 40"},
		"a smaller one was restored on purpose":            {versions: slices.Concat([]Version{stated(5, 3, 2, restoredFrom("v1"))}, grown(4))},
		"the damaged one was restored again":               {versions: slices.Concat([]Version{stated(6, 3, 2, restoredFrom("v5")), stated(5, 3, 2)}, grown(4)), want: "v4", says: "Serial 5, written"},
		"the serial went back":                             {versions: slices.Concat([]Version{stated(2, 22, 2)}, grown(4)), want: "v4", says: "serial 2, the version before has 4"},
		"the serial went back and on beyond":               {versions: slices.Concat([]Version{stated(5, 22, 2), stated(2, 22, 2)}, grown(4))},
		"it is empty":                                      {versions: slices.Concat([]Version{emptyOne()}, grown(4)), want: "v4", says: "empty: no bytes at all"},
		"it was empty and is the old one again":            {versions: slices.Concat([]Version{stated(5, 24, 2), emptyOne()}, grown(4))},
		"it was empty and began anew":                      {versions: slices.Concat([]Version{stated(1, 2, 0, lineage(lineB)), emptyOne()}, grown(4)), want: "v4"},
		"it was deleted":                                   {versions: slices.Concat([]Version{marker()}, grown(4)), want: "v4", says: "The state was deleted at 2026-11-21 12:00:00 UTC."},
		"it was emptied and deleted, twice":                {versions: slices.Concat([]Version{marker(), marker(), emptyOne()}, grown(4)), want: "v4"},
		"it was deleted and began anew":                    {versions: slices.Concat([]Version{stated(1, 2, 0, lineage(lineB)), marker()}, grown(4))},
		"damaged twice":                                    {versions: slices.Concat([]Version{broken("x"), stated(5, 3, 2)}, grown(4)), want: "v4", says: "not a state: x"},
		"the version before cannot be restored":            {versions: slices.Concat([]Version{stated(5, 3, 2), stated(4, 24, 2, func(v *Version) { v.Restorable, v.WhyNot = Known(false), "its key is gone" })}, grown(3)), want: "v3", says: "Serial 4 cannot be restored: its key is gone."},
		"the version before is not read yet":               {versions: slices.Concat([]Version{emptyOne(), unreadOne()}, grown(4))},
		"the version before cannot be read":                {versions: slices.Concat([]Version{emptyOne(), deniedOne()}, grown(4)), want: "v4", says: "Version v5 could not be read: AccessDenied s3:GetObjectVersion."},
		"nothing good is left":                             {versions: []Version{emptyOne(), broken("x"), emptyOne()}},
		"what is before the version before is open":        {versions: []Version{stated(5, 3, 2), stated(4, 24, 2), unreadOne()}},
	} {
		t.Run(name, func(t *testing.T) {
			h, versions := judging(), dated(c.versions)
			h.All(versions, 0)
			got, ok := Suggest(versions)
			if got.VersionID != c.want || ok != (c.want != "") {
				t.Fatalf("got %q %v: %q", got.VersionID, ok, got.Reasons)
			}
			if said := strings.Join(got.Reasons, " "); !strings.Contains(said, c.says) {
				t.Errorf("%q lacks %q", said, c.says)
			}
		})
	}
}

// Facts that come one by one must not cost more the more versions there are,
// whatever these have in common.
func TestOneFactCostsTheSameAmongManyVersions(t *testing.T) {
	cost := func(n int, serial func(i int) uint64) float64 {
		versions := make([]Version, n)
		for i := range versions {
			versions[i] = stated(serial(i), 3, 1)
		}
		h := judging()
		h.All(dated(versions), 0)
		return testing.AllocsPerRun(5, func() { h.Learned(versions, n/2) })
	}
	spare := 1.0
	if info, ok := debug.ReadBuildInfo(); ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		spare = 2 // the race detector drops pooled buffers at random
	}
	for name, serial := range map[string]func(int) uint64{
		"one serial each":         func(i int) uint64 { return uint64(100_000 - i) },
		"all with the one serial": func(int) uint64 { return 7 },
	} {
		if few, many := cost(10, serial), cost(10_000, serial); many > spare*few {
			t.Errorf("%s: %v allocations among 10, %v among 10,000", name, few, many)
		}
	}
}
