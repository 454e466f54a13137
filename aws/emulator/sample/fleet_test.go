package sample_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/aws/emulator/sample"
)

func TestFleetHasTheBackendsOfTheStory(t *testing.T) {
	f := seeded(t)
	want := map[string]int{"acme-tfstate-prod": 18, "acme-tfstate-payments": 12, "acme-tfstate-network": 9, "acme-tfstate-data": 6, "acme-legacy-state": 3}
	var list struct {
		Buckets []string `xml:"Buckets>Bucket>Name"`
	}
	if err := xml.Unmarshal(f.s3(http.MethodGet, "", "", ""), &list); err != nil {
		t.Fatal(err)
	}
	if len(list.Buckets) != len(want) {
		t.Errorf("buckets %v, want %d", list.Buckets, len(want))
	}
	total := 0
	for bucket, n := range want {
		live := 0
		for _, versions := range f.states(bucket) {
			if !versions[0].marker() {
				live++
			}
		}
		if live != n {
			t.Errorf("%s has %d states, want %d", bucket, live, n)
		}
		total += live
	}
	if total < 40 {
		t.Errorf("%d states, want 40 or more", total)
	}
}

func TestBucketsAnswerTheirRegion(t *testing.T) {
	s := emulator.New(emulator.Options{Seed: 7, Clock: now})
	if err := sample.Seed(s); err != nil {
		t.Fatal(err)
	}
	for bucket, region := range regions() {
		a := request(t, s, http.MethodHead, "/"+bucket)
		if got := a.Header().Get("X-Amz-Bucket-Region"); a.Code != http.StatusOK || got != region {
			t.Errorf("HEAD %s: status %d, region %q, want %q", bucket, a.Code, got, region)
		}
	}
}

func TestVersionsTellAHistory(t *testing.T) {
	f := seeded(t)
	for bucket := range regions() {
		for key, versions := range f.states(bucket) {
			n := len(versions)
			if unversioned := bucket == "acme-legacy-state"; unversioned && n != 1 || !unversioned && (n < 3 || n > 31) {
				t.Errorf("%s/%s has %d versions", bucket, key, n)
			}
			for i := 1; i < n; i++ {
				if !versions[i-1].LastModified.After(versions[i].LastModified) {
					t.Errorf("%s/%s: version %d is of %s, the one before of %s", bucket, key, i, versions[i-1].LastModified, versions[i].LastModified)
				}
			}
			if span := now().Sub(versions[n-1].LastModified); span < 10*24*time.Hour {
				t.Errorf("%s/%s goes back %s only", bucket, key, span)
			}
		}
	}
}

func TestStatesAreWhatTheToolsWrite(t *testing.T) {
	f := seeded(t)
	for bucket := range regions() {
		for key, versions := range f.states(bucket) {
			if key == previewKey { // its KMS key is pending deletion
				continue
			}
			t.Run(bucket+"/"+key, func(t *testing.T) {
				lineage, serial := "", uint64(0)
				for _, v := range slices.Backward(versions) {
					if v.marker() {
						continue
					}
					body := f.body(bucket, v)
					s := readState(t, body)
					if s.Serial <= serial || lineage != "" && s.Lineage != lineage || len(s.Lineage) != 36 {
						t.Errorf("serial %d after %d, lineage %q after %q", s.Serial, serial, s.Lineage, lineage)
					}
					serial, lineage = s.Serial, s.Lineage
					if s.Encryption == "" {
						checkForm(t, s, body)
					}
				}
			})
		}
	}
}

// checkForm holds a v4 state against what json.Marshal and json.MarshalIndent
// make of it, and its parts against the order in which the tools write them.
func checkForm(t *testing.T, s stateDoc, body []byte) {
	t.Helper()
	if s.Version != 4 || len(s.Resources) == 0 {
		t.Fatalf("version %d with %d resources", s.Version, len(s.Resources))
	}
	var form bytes.Buffer
	err := json.Compact(&form, body)
	if tofu := strings.Contains(s.Resources[0].Provider, "opentofu"); !tofu {
		form.Reset()
		err = json.Indent(&form, bytes.TrimSuffix(body, []byte("\n")), "", "  ")
	}
	if form.WriteByte('\n'); err != nil || form.String() != string(body) {
		t.Errorf("serial %d is not laid out as its tool does (%v):\n%.300s", s.Serial, err, body)
	}
	ordered := slices.IsSortedFunc(s.Resources, func(a, b resource) int {
		return cmp.Or(strings.Compare(a.Module, b.Module), strings.Compare(a.Mode, b.Mode), strings.Compare(a.Type, b.Type), strings.Compare(a.Name, b.Name))
	})
	if !ordered {
		t.Errorf("serial %d: the resources are out of order", s.Serial)
	}
	for _, r := range s.Resources {
		checkInstances(t, r)
	}
}

func checkInstances(t *testing.T, r resource) {
	t.Helper()
	for i, in := range r.Instances {
		if n, ok := in.IndexKey.(float64); ok && int(n) != i {
			t.Errorf("%s.%s: instance %d has the key %v", r.Type, r.Name, i, in.IndexKey)
		}
		var value any
		if err := json.Unmarshal(in.Attributes, &value); err != nil {
			t.Fatal(err)
		}
		sorted, err := json.Marshal(value)
		var text bytes.Buffer
		if err2 := json.Compact(&text, in.Attributes); err != nil || err2 != nil || text.String() != string(sorted) {
			t.Errorf("%s.%s: attributes not sorted by name:\n%s\n%s", r.Type, r.Name, text.String(), sorted)
		}
		if bytes.Contains(in.Attributes, []byte("$")) {
			t.Errorf("%s.%s: a variable was left: %s", r.Type, r.Name, in.Attributes)
		}
	}
}

func TestDigestsMatchTheStoredBytes(t *testing.T) {
	f := seeded(t)
	rows, digests := f.allRows(), 0
	for bucket := range regions() {
		for key, versions := range f.states(bucket) {
			row, ok := rows[bucket+"/"+key+"-md5"]
			if versions[0].marker() || bucket == "acme-legacy-state" {
				if ok {
					t.Errorf("%s/%s has a digest", bucket, key)
				}
				continue
			}
			digests++
			if want := md5Hex(f.body(bucket, versions[0])); row.Digest.S != want {
				t.Errorf("%s/%s: digest %q, MD5 %s", bucket, key, row.Digest.S, want)
			}
		}
	}
	if locks := len(rows) - digests; locks != 3 {
		t.Errorf("%d rows that are no digests, want 3 locks", locks)
	}
}

func TestEncryptionTellsTheBackendsApart(t *testing.T) {
	f := seeded(t)
	for bucket, region := range regions() {
		var aliases struct {
			Aliases []struct{ AliasName, TargetKeyId string }
		}
		f.json(region, "TrentService.ListAliases", map[string]string{}, &aliases)
		var config struct {
			Algorithm string `xml:"Rule>ApplyServerSideEncryptionByDefault>SSEAlgorithm"`
			Key       string `xml:"Rule>ApplyServerSideEncryptionByDefault>KMSMasterKeyID"`
		}
		if err := xml.Unmarshal(f.s3(http.MethodGet, bucket, "", "encryption"), &config); err != nil {
			t.Fatal(err)
		}
		alias := ""
		for _, a := range aliases.Aliases {
			if config.Key != "" && strings.HasSuffix(config.Key, "/"+a.TargetKeyId) {
				alias = a.AliasName
			}
		}
		want := map[string]string{"acme-legacy-state": "", "acme-tfstate-network": "alias/tfstate-eu"}
		expected, special := want[bucket]
		if !special {
			expected = "alias/tfstate"
		}
		if alias != expected || (config.Algorithm == "aws:kms") != (expected != "") {
			t.Errorf("%s: %s under %q, want %q", bucket, config.Algorithm, alias, expected)
		}
	}
}

func TestRotationOfTheKeys(t *testing.T) {
	f := seeded(t)
	tests := map[string]struct {
		alias, region   string
		rotates         bool
		days, rotations int
	}{
		"the main key rotates in 112 days": {"alias/tfstate", "us-east-1", true, 112, 2},
		"the former key does not rotate":   {"alias/tfstate-2022", "us-east-1", false, 0, 0},
		"the European key does not rotate": {"alias/tfstate-eu", "eu-west-1", false, 0, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var key struct{ KeyMetadata struct{ KeyId string } }
			f.json(test.region, "TrentService.DescribeKey", map[string]string{"KeyId": test.alias}, &key)
			id := map[string]string{"KeyId": key.KeyMetadata.KeyId}
			var status struct {
				KeyRotationEnabled bool
				NextRotationDate   float64
			}
			f.json(test.region, "TrentService.GetKeyRotationStatus", id, &status)
			var list struct {
				Rotations []struct{ RotationType string }
			}
			f.json(test.region, "TrentService.ListKeyRotations", id, &list)
			days := 0
			if test.rotates {
				days = int(time.Unix(int64(status.NextRotationDate), 0).Sub(now()).Hours() / 24)
			}
			if status.KeyRotationEnabled != test.rotates || days != test.days || len(list.Rotations) != test.rotations {
				t.Errorf("rotates %t in %d days after %d rotations", status.KeyRotationEnabled, days, len(list.Rotations))
			}
		})
	}
}

func TestOneRightIsMissing(t *testing.T) {
	tests := map[string]struct {
		alias, region, operation string
		status                   int
	}{
		"nobody may ask whether the European key rotates": {"alias/tfstate-eu", "eu-west-1", "GetKeyRotationStatus", http.StatusBadRequest},
		"when it was renewed is known":                    {"alias/tfstate-eu", "eu-west-1", "ListKeyRotations", http.StatusOK},
		"its state is known":                              {"alias/tfstate-eu", "eu-west-1", "DescribeKey", http.StatusOK},
		"other keys are not touched":                      {"alias/tfstate-2022", "us-east-1", "GetKeyRotationStatus", http.StatusOK},
	}
	f := seeded(t)
	if err := sample.Restrict(f.server); err != nil {
		t.Fatal(err)
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var key struct{ KeyMetadata struct{ KeyId string } }
			f.json(test.region, "TrentService.DescribeKey", map[string]string{"KeyId": test.alias}, &key)
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(`{"KeyId":"`+key.KeyMetadata.KeyId+`"}`))
			r.Header = emulator.Scope(test.region, "kms")
			r.Header.Set("X-Amz-Target", "TrentService."+test.operation)
			a := httptest.NewRecorder()
			f.server.Handler().ServeHTTP(a, r)
			if a.Code != test.status || test.status != http.StatusOK && !strings.Contains(a.Body.String(), sample.DeniedAction) {
				t.Errorf("status %d: %s", a.Code, a.Body)
			}
		})
	}
}

func TestSeedIsTheSameFromRunToRun(t *testing.T) {
	a, b := seeded(t), seeded(t)
	for bucket := range regions() {
		x, y := a.s3(http.MethodGet, bucket, "", "versions"), b.s3(http.MethodGet, bucket, "", "versions")
		if !bytes.Equal(x, y) {
			t.Errorf("%s differs from one run to the next", bucket)
		}
	}
}

func TestSeedSaysWhatWasRefused(t *testing.T) {
	f := seeded(t)
	if err := sample.Seed(f.server); err == nil || !strings.Contains(err.Error(), "TrentService.CreateAlias") {
		t.Errorf("seeding twice: %v", err)
	}
}

func BenchmarkSeed(b *testing.B) {
	for b.Loop() {
		if err := sample.Seed(emulator.New(emulator.Options{})); err != nil {
			b.Fatal(err)
		}
	}
}
