package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/model"
)

// written is a state that a real tool wrote, to the letter.
func written(t *testing.T, path string) string {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(path)))
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// carriedOn is a state as the next version of another would be: its serial, and
// the lineage of the Terraform fixture.
func carriedOn(body, serial string) string {
	body = regexp.MustCompile(`"serial": *\d+`).ReplaceAllString(body, `"serial": `+serial)
	return regexp.MustCompile(`"lineage": *"[^"]*"`).ReplaceAllString(body, `"lineage": "5b016d96-95c2-717e-1872-b789a17ddc19"`)
}

// compact is a state as the S3 backend of OpenTofu lays it out.
func compact(t *testing.T, body string) string {
	t.Helper()
	var out bytes.Buffer
	if err := json.Compact(&out, []byte(body)); err != nil {
		t.Fatal(err)
	}
	return out.String() + "\n"
}

func TestHistoryOfStatesOfOpenTofu(t *testing.T) {
	first, second := written(t, "aws/testdata/opentofu-encrypted-1.tfstate"), written(t, "aws/testdata/opentofu-encrypted-2.tfstate")
	terraform, tofu := written(t, "model/testdata/states/terraform-v4.tfstate"), written(t, "model/testdata/states/opentofu-v4.tfstate")
	type told struct {
		is    string // format, serial, tool, resources
		rules string
	}
	encrypted := compact(t, carriedOn(second, "13"))
	f := newFleet(t)
	for name, c := range map[string]struct {
		bodies []string // oldest first
		want   []told
		best   int // the version suggested; -1 for none
	}{
		"two encrypted versions":                         {[]string{compact(t, first), compact(t, second)}, []told{{"encrypted 1 ? ?", ""}, {"encrypted 2 ? ?", ""}}, -1},
		"encrypted ones as the local backend wrote them": {[]string{first, second}, []told{{"encrypted 1 ? ?", ""}, {"encrypted 2 ? ?", ""}}, -1},
		"from Terraform to OpenTofu, back and encrypted": {
			[]string{terraform, compact(t, carriedOn(tofu, "11")), carriedOn(terraform, "12"), encrypted},
			[]told{{"v4 10 1.11.4 8", ""}, {"v4 11 1.12.6 8", ""}, {"v4 12 1.11.4 8", ""}, {"encrypted 13 ? ?", ""}}, -1},
		"an encrypted one cut off":          {[]string{terraform, encrypted, encrypted[:len(encrypted)/2]}, []told{{"v4 10 1.11.4 8", ""}, {"encrypted 13 ? ?", ""}, {"invalid 13 ? ?", "truncated"}}, 1},
		"an encrypted one emptied":          {[]string{terraform, encrypted, ""}, []told{{"v4 10 1.11.4 8", ""}, {"encrypted 13 ? ?", ""}, {"empty ? ? 0", "empty"}}, 1},
		"an encrypted one of another state": {[]string{terraform, compact(t, second)}, []told{{"v4 10 1.11.4 8", ""}, {"encrypted 2 ? ?", "lineage-changed"}}, 0},
		"an older encrypted one copied over": {[]string{compact(t, first), compact(t, second), compact(t, first)},
			[]told{{"encrypted 1 ? ?", ""}, {"encrypted 2 ? ?", ""}, {"encrypted 1 ? ?", "serial-back"}}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			key := strings.ReplaceAll(name, " ", "-") + "/terraform.tfstate"
			f.versionsAt("acme-tfstate-data", key, c.bodies...)
			docs := decode[[]versionDoc](t, f.run("history", "s3://acme-tfstate-data/"+key, "-o", "json"))
			slices.Reverse(docs)
			for i, d := range docs {
				is := strings.Join([]string{string(*d.Format), shownPointer(d.Serial), shownPointer(d.TerraformVersion), shownPointer(d.Resources)}, " ")
				equal(t, "version", told{is, strings.Join(damageOf(d), " ")}, c.want[i])
				equal(t, "suggested", d.Suggested, i == c.best)
				if *d.Format == model.FormatEncrypted && !strings.Contains(d.Unknown["resources"], "encrypted") {
					t.Errorf("why its resources are not known: %q", d.Unknown["resources"])
				}
			}
			equal(t, "versions", len(docs), len(c.want))
		})
	}
}

// damageOf are the rules that a version breaks, but for those of the bucket.
func damageOf(d versionDoc) []string {
	return slices.DeleteFunc(rulesOf(d), func(r string) bool { return r == string(model.RuleEncryption) })
}

func rulesOf(d versionDoc) (names []string) {
	for _, r := range d.Anomalies {
		names = append(names, string(r))
	}
	return names
}

func shownPointer[T any](p *T) string {
	if p == nil {
		return "?"
	}
	return strings.Trim(shownValue(*p), `"`)
}

// versionsAt stores versions of one state, oldest first, an hour apart.
func (f *fleet) versionsAt(bucket, key string, bodies ...string) {
	f.t.Helper()
	for i, body := range bodies {
		when := f.now().Add(-time.Duration(len(bodies)-i) * time.Hour)
		status, answer := f.server.Do(when, http.MethodPut, "/"+bucket+"/"+key, emulator.Scope("us-east-1", "s3"), []byte(body))
		if status/100 != 2 {
			f.t.Fatalf("%d %s", status, answer)
		}
	}
}
