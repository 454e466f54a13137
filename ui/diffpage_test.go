package ui

import (
	"strings"
	"testing"

	"github.com/stateward/stateward/model"
)

const theOlder = "s3://acme-tfstate-data/warehouse/terraform.tfstate 3HL4kqtJvjVBH40N"

// olderBody is the sample's state two writes before: a queue is to go, one to
// come, a cluster to change and a table to move.
func olderBody() string {
	return strings.NewReplacer(
		`"serial": 57`, `"serial": 56`,
		`"terraform_version": "1.11.4"`, `"terraform_version": "1.10.5"`,
		`"number_of_nodes": 2`, `"number_of_nodes": 4`,
		`"status": "tainted", `, ``,
		`not-a-real-password`, `not-the-other-password`,
		`"encrypted": true`, `"encrypted": true, "policy": "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Deny\",\"Action\":\"s3:*\"}]}"`,
		`"snapshot_copy": null`, `"snapshot_copy": null, "user_data": "#!/bin/sh\nexport TOKEN=not-the-other-password\n# \u001b[31mred\u202e\nrun\n"`,
		`"name": "index"`, `"name": "gone"`,
		`"schema_version": 0, "attributes": {"account_id"`, `"schema_version": 1, "attributes": {"account_id"`,
		`["eu-west-1a", "eu-west-1b"]`, `["eu-west-1a"]`,
		`module.index[\"eu.west\"]`, `module.index[\"eu.north\"]`,
	).Replace(sampleBody)
}

// newerBody is the sample's state with the longer texts that the older one has.
func newerBody() string {
	return strings.NewReplacer(
		`"encrypted": true`, `"encrypted": true, "policy": "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"s3:*\"}]}"`,
		`"snapshot_copy": null`, `"snapshot_copy": null, "user_data": "#!/bin/sh\nexport TOKEN=not-a-real-password\n# \u001b[31mred\u202e\nstop\n"`,
	).Replace(sampleBody)
}

// compared opens the diff of the sample's current version and the one before.
func (s *session) compared() *session {
	s.fleet.bodies[theOlder] = olderBody()
	s.fleet.bodies["s3://acme-tfstate-data/warehouse/terraform.tfstate "] = newerBody()
	return s.warehouse().press("j", "d")
}

func TestADiffIsOneKeyFromTheVersions(t *testing.T) {
	s := open(t, sampleFleet()).compared().resize(100, 60)
	s.sees("diff 56 → 57", "1 moved, 1 changed, 1 in metadata only, 2 unchanged; 3 outputs differ", "serial 56 → 57", "terraform_version 1.10.5 → 1.11.4",
		"~ output.zones", `+ value[1] "eu-west-1b"`, "~ aws_redshift_cluster.main tainted now", "~ number_of_nodes 4 → 2",
		"~ master_password (sensitive, changed)", "~ output.url", "~ policy", `- "Effect": "Deny"`, `+ "Effect": "Allow"`,
		"~ user_data", "export TOKEN=(sensitive)", "- run", "+ stop", `▸ → module.tables.module.index["eu.west"].aws_glue_index.this (was module.tables`,
		"▸ · 1 resource in metadata only")
	s.missing("not-a-real", "not-the-other", "\x1b", "data.aws_caller_identity")
}

func TestADiffIsFoldedAndUnfolded(t *testing.T) {
	s := open(t, sampleFleet()).compared().resize(100, 60)
	s.press("G", "enter").sees("▾ · 1 resource in metadata only", "▸ · data.aws_caller_identity.current")
	s.press("j", "right").sees("▾ · data.aws_caller_identity.current", "schema_version 1 → 0")
	s.press("j", "left").missing("schema_version")
	s.press("y")
	if s.copied != "data.aws_caller_identity.current" {
		t.Errorf("copied %q", s.copied)
	}
	s.press("G", "k", "k").sees(`(was module.tables.module.index["eu.north"].aws_glue_index.this)`) // in full, below the lines
	s.press("g", "n", "n", "enter").missing("value[1]")
	s.press("n", "enter").missing("number_of_nodes")
	s.press("enter").sees("number_of_nodes 4 → 2")
	s.press("N", "y")
	if s.copied != "zones" {
		t.Errorf("copied %q", s.copied)
	}
	s.press("Y")
	if want := "stateward diff s3://acme-tfstate-data/warehouse/terraform.tfstate 3HL4kqtJvjVBH40N 9fK2mPq7TzWcR1sX --profile=oncall --region=eu-west-1"; s.copied != want {
		t.Errorf("copied %q", s.copied)
	}
	s.press("/").text("nodes").sees("number_of_nodes").missing("policy")
}

func TestWhatADiffCompares(t *testing.T) {
	cases := map[string]struct {
		keys string
		sees string
	}{
		"the current version with the one before":         {"d", "diff 56 → 57"},
		"an older one with the current one":               {"j d", "diff 56 → 57"},
		"two that are marked, whatever the order":         {"j space space g d", "diff 5"},
		"a marked one with the one under the cursor":      {"space j d", "diff 5"},
		"three that are marked are too many":              {"space space space d", "mark two versions, or none"},
		"nothing can be compared with a delete marker":    {"G k k d", "a delete marker has no content"},
		"the oldest is compared with the current one":     {"G d", "diff"},
		"another key leads back to the versions":          {"j d esc", "versions"},
		"a refresh compares again, and nothing else does": {"j d ctrl+r", "diff 56 → 57"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := open(t, sampleFleet())
			s.fleet.bodies[theOlder] = olderBody()
			s.warehouse().press(strings.Fields(tc.keys)...).sees(tc.sees)
		})
	}
}

func TestADiffThatCannotBeMade(t *testing.T) {
	cases := map[string]struct {
		set  func(*fake)
		sees []string
	}{
		"a version that is denied": {func(f *fake) {
			f.bodyErr = &model.Failure{Kind: model.ErrDenied, Tried: "reading", On: "s3://b/k", Action: "s3:GetObjectVersion"}
		}, []string{"AccessDenied s3:GetObjectVersion"}},
		"a version that is encrypted": {func(f *fake) {
			f.bodies[theOlder] = `{"serial":1,"meta":{"key_provider.pbkdf2.k":"e30="},"encrypted_data":"x","encryption_version":"v0"}`
		}, []string{"the older version", "encrypted by OpenTofu", "Only clients that have its key can read it."}},
		"a version that is cut off": {func(f *fake) { f.bodies[theOlder] = `{"version":4` }, []string{"the older version", "ends too early", "tab raw"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := open(t, sampleFleet())
			tc.set(s.fleet)
			s.warehouse().press("j", "d").sees(append(tc.sees, "✖")...)
			s.press("enter", "n", "N", "y", "left", "/") // nothing is there to act on
		})
	}
}

func TestLeavingADiffEndsItsReading(t *testing.T) {
	s := open(t, sampleFleet())
	s.warehouse().press("j")
	s.manual = true
	s.press("d")
	page, ok := s.app.top().(*diffPage)
	if !ok {
		t.Fatal("the diff is not shown")
	}
	s.sees("reading…")
	ctx := page.listing.ctx
	s.press("esc")
	if ctx.Err() == nil {
		t.Error("the reading goes on")
	}
	s.run()
	s.sees("versions")
}

func failedDiff(s *session) string {
	s.fleet.bodies[theOlder] = `{"version":4,"serial":56`
	return s.warehouse().press("j", "d").content()
}

func TestADiffOfHostileStatesStaysPrintable(t *testing.T) {
	f := hostileFleet()
	b := f.backends[0]
	f.bodies[b.URL("k")+" v1"] = hostileBody(func(what string) string { return hostile + what })
	f.bodies[b.URL("k")+" v2"] = hostileBody(func(what string) string {
		if what == "value" || what == "s" || what == "key" {
			what += "\nof the newer version " + hostile
		}
		return hostile + what
	})
	for _, size := range [][2]int{{80, 24}, {120, 40}, {40, 10}} {
		s := sized(open(t, f), size[0], size[1], "dark")
		s.do(s.app.push(newDiffPage(s.app, b, "k", model.Version{VersionID: "v1"}, model.Version{VersionID: "v2"})))
		page, ok := s.app.top().(*diffPage)
		if !ok || page.found == nil || len(page.found.diff.Entries) == 0 {
			t.Fatal("nothing was compared")
		}
		for _, key := range []string{"", "enter", "j", "j", "G", "enter", "k", "right", "n", "N", "g", "y", "Y"} {
			if key != "" {
				s.press(key)
			}
			clean(t, s.content(), size[0], size[1])
		}
	}
}
