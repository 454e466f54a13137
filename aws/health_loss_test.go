package aws_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stateward/stateward/model"
)

// stateOf is a state with n resources, each with a value of so many bytes.
func stateOf(n, size int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf(`{"mode":"managed","type":"null_resource","name":"r%d","provider":"p","instances":[{"schema_version":0,"attributes":{"id":%q}}]}`, i, strings.Repeat("x", size)))
	}
	return fmt.Sprintf(`{"version":4,"terraform_version":"1.11.4","serial":%d,"lineage":"l","outputs":{},"resources":[%s]}`, 100-n, strings.Join(all, ","))
}

func TestAStateThatLostItsResourcesLatelyFailsDoctor(t *testing.T) {
	type version struct {
		ago  time.Duration
		body string // deletedState: a delete marker
	}
	full, rest := stateOf(61, 200), stateOf(3, 200)
	other := func(s string) string { return strings.Replace(s, `"lineage":"l"`, `"lineage":"m"`, 1) }
	for name, c := range map[string]struct {
		history []version // oldest first
		deny    string
		want    model.FindingStatus
		text    string
	}{
		"58 of 61 lost, 26 min ago":                {history: []version{{50 * time.Hour, stateOf(60, 200)}, {2 * time.Hour, full}, {26 * time.Minute, rest}}, want: model.FindingFail, text: "lost 58 of 61 resources, 26 min ago"},
		"the same, in steps":                       {history: []version{{2 * time.Hour, full}, {40 * time.Minute, stateOf(40, 200)}, {30 * time.Minute, stateOf(22, 200)}, {26 * time.Minute, rest}}, want: model.FindingFail, text: "lost 58 of 61"},
		"the rest is large":                        {history: []version{{2 * time.Hour, full}, {26 * time.Minute, stateOf(3, 4000)}}, want: model.FindingFail, text: "lost 58 of 61"},
		"a small state":                            {history: []version{{2 * time.Hour, stateOf(2, 1)}, {time.Minute, stateOf(1, 1)}}, want: model.FindingFail, text: "lost 1 of 2"},
		"written again since, with a change":       {history: []version{{9 * time.Hour, full}, {8 * time.Hour, rest}, {time.Minute, stateOf(4, 200)}}, want: model.FindingFail, text: "lost 57 of 61"},
		"grown and lost within a day":              {history: []version{{60 * time.Hour, stateOf(1, 200)}, {5 * time.Hour, full}, {time.Hour, rest}}, want: model.FindingFail, text: "lost 58 of 61"},
		"what was there a day ago":                 {history: []version{{300 * time.Hour, full}, {23 * time.Hour, rest}}, want: model.FindingFail, text: "lost 58 of 61"},
		"restored since":                           {history: []version{{9 * time.Hour, full}, {8 * time.Hour, rest}, {time.Minute, full + " "}}, want: model.FindingPass},
		"less than half":                           {history: []version{{9 * time.Hour, full}, {8 * time.Hour, stateOf(40, 200)}}, want: model.FindingPass},
		"shorter values, the same resources":       {history: []version{{9 * time.Hour, full}, {8 * time.Hour, stateOf(61, 2)}}, want: model.FindingPass},
		"lost two days ago, and written since":     {history: []version{{60 * time.Hour, full}, {50 * time.Hour, rest}, {time.Hour, stateOf(4, 200)}}, want: model.FindingPass},
		"deleted and made anew":                    {history: []version{{9 * time.Hour, full}, {8 * time.Hour, deletedState}, {time.Hour, rest}}, want: model.FindingFail, text: "lost 58 of 61"},
		"made anew as another state":               {history: []version{{9 * time.Hour, full}, {8 * time.Hour, deletedState}, {time.Hour, other(full)}}, want: model.FindingFail, text: "lost all of 61 resources to a state of another lineage with 61, 1 h ago"},
		"deleted an hour ago":                      {history: []version{{50 * time.Hour, full}, {time.Hour, deletedState}}, want: model.FindingFail, text: "deleted 1 h ago, with 61 resources"},
		"lost, then deleted":                       {history: []version{{50 * time.Hour, full}, {2 * time.Hour, rest}, {time.Hour, deletedState}}, want: model.FindingFail, text: "deleted 1 h ago, with 61 resources"},
		"deleted with nothing in it":               {history: []version{{50 * time.Hour, stateOf(0, 1)}, {time.Hour, deletedState}}, want: model.FindingNotApplicable, text: "is deleted"},
		"deleted two days ago":                     {history: []version{{60 * time.Hour, full}, {50 * time.Hour, deletedState}}, want: model.FindingNotApplicable, text: "is deleted"},
		"deleted two days ago and made anew":       {history: []version{{60 * time.Hour, full}, {50 * time.Hour, deletedState}, {time.Hour, rest}}, want: model.FindingPass},
		"deleted, and what it was may not be read": {history: []version{{50 * time.Hour, full}, {time.Hour, deletedState}}, deny: "s3:GetObjectVersion", want: model.FindingUnknown, text: "AccessDenied s3:GetObjectVersion"},
		"another state, as large":                  {history: []version{{50 * time.Hour, full}, {time.Hour, other(stateOf(61, 300))}}, want: model.FindingFail, text: "lost all of 61 resources to a state of another lineage with 61"},
		"another state, a little smaller":          {history: []version{{50 * time.Hour, full}, {time.Hour, other(stateOf(58, 200))}}, want: model.FindingFail, text: "another lineage with 58"},
		"another state over an empty one":          {history: []version{{50 * time.Hour, stateOf(0, 1)}, {time.Hour, other(full)}}, want: model.FindingPass},
		"another state and back":                   {history: []version{{50 * time.Hour, full}, {2 * time.Hour, other(stateOf(61, 100))}, {time.Hour, full + " "}}, want: model.FindingPass},
		"the old version may not be read":          {history: []version{{2 * time.Hour, full}, {26 * time.Minute, rest}}, deny: "s3:GetObjectVersion", want: model.FindingUnknown, text: "AccessDenied s3:GetObjectVersion"},
		"the versions may not be listed":           {history: []version{{2 * time.Hour, full}, {26 * time.Minute, rest}}, deny: "s3:ListBucketVersions", want: model.FindingUnknown, text: "AccessDenied s3:ListBucketVersions"},
		"it grew, and no old version may be read":  {history: []version{{2 * time.Hour, rest}, {26 * time.Minute, full}}, deny: "s3:GetObjectVersion", want: model.FindingUnknown, text: "AccessDenied s3:GetObjectVersion"},
		"not written today, and none may be read":  {history: []version{{60 * time.Hour, full}, {50 * time.Hour, rest}}, deny: "s3:GetObjectVersion", want: model.FindingPass},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSiteOf(t)
			b := s.bucket("acme-tfstate", s3types.BucketVersioningStatusEnabled)
			for _, v := range c.history {
				s.emulator.SetClock(func() time.Time { return healthTime().Add(-v.ago) })
				if v.body == deletedState {
					s.remove(b.Bucket, "k.tfstate")
					continue
				}
				s.put(b.Bucket, "k.tfstate", v.body)
			}
			s.emulator.SetClock(healthTime)
			if c.deny != "" {
				s.emulator.Deny(c.deny)
			}
			for _, f := range model.Diagnose(s.client().Health(t.Context(), b)) {
				if f.ID == "state-loss" && (f.Status != c.want || !strings.Contains(f.EvidenceText(0), c.text)) {
					t.Errorf("%s: %s, want %s: %s", f.Status, f.EvidenceText(0), c.want, c.text)
				}
			}
		})
	}
}

func TestWhereNoVersionsAreKeptALossIsNotKnown(t *testing.T) {
	for name, c := range map[string]struct {
		ago  time.Duration
		want model.FindingStatus
	}{
		"written today":     {time.Hour, model.FindingUnknown},
		"written last week": {170 * time.Hour, model.FindingPass},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSiteOf(t)
			b := s.bucket("acme-tfstate", "")
			s.emulator.SetClock(func() time.Time { return healthTime().Add(-c.ago) })
			s.put(b.Bucket, "k.tfstate", stateOf(61, 200))
			s.put(b.Bucket, "k.tfstate", stateOf(3, 200))
			s.emulator.SetClock(healthTime)
			for _, f := range model.Diagnose(s.client().Health(t.Context(), b)) {
				if f.ID == "state-loss" && f.Status != c.want {
					t.Errorf("%s: %s, want %s", f.Status, f.EvidenceText(0), c.want)
				}
			}
		})
	}
}
