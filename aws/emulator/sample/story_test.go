package sample_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/aws/emulator/sample"
)

func request(t *testing.T, s *emulator.Server, method, target string) *httptest.ResponseRecorder {
	t.Helper()
	a := httptest.NewRecorder()
	s.Handler().ServeHTTP(a, httptest.NewRequestWithContext(t.Context(), method, target, nil))
	return a
}

func TestAKilledJobLeftItsLock(t *testing.T) {
	f := seeded(t)
	path := sample.StaleBucket + "/" + sample.StaleKey
	l := readLock(t, []byte(f.allRows()[path].Info.S))
	want := lock{ID: sample.StaleLockID, Operation: "OperationTypeApply", Who: "ci@runner-17", Version: "1.11.4", Created: l.Created, Path: path}
	if l != want {
		t.Errorf("lock %+v, want %+v", l, want)
	}
	if age := now().Sub(l.Created).Truncate(time.Minute); age != 9*time.Hour+7*time.Minute {
		t.Errorf("held for %s", age)
	}
	versions := f.versions(sample.StaleBucket)
	if written := versions[sample.StaleKey][0].LastModified; !written.Before(l.Created) {
		t.Errorf("written at %s, after the lock of %s", written, l.Created)
	}
	for key, history := range versions {
		switch mine := key == sample.StaleKey+".tflock"; {
		case strings.HasSuffix(key, ".tflock") && !mine:
			t.Errorf("lock files of %s", key)
		case mine && (len(history) < 8 || !history[0].marker()):
			t.Errorf("of past runs %d lock files are left", len(history))
		}
	}
}

func TestErinHoldsBothMechanisms(t *testing.T) {
	f := seeded(t)
	path := sample.LiveBucket + "/" + sample.LiveKey
	info := f.allRows()[path].Info.S
	versions := f.versions(sample.LiveBucket)
	file := versions[sample.LiveKey+".tflock"][0]
	if file.marker() || string(f.body(sample.LiveBucket, file)) != info {
		t.Fatalf("the lock file and the row differ: %+v, %s", file, info)
	}
	l := readLock(t, []byte(info))
	if age := now().Sub(l.Created).Truncate(time.Second); l.ID != sample.LiveLockID || l.Who != "erin@mbp" || l.Operation != "OperationTypeApply" || age != 2*time.Minute {
		t.Errorf("lock %+v of age %s", l, age)
	}
	if written := versions[sample.LiveKey][0].LastModified; !written.After(l.Created) {
		t.Errorf("nothing was written under the lock: %s", written)
	}
}

func TestAnOldLockFileSaysNothing(t *testing.T) {
	f := seeded(t)
	versions := f.versions(sample.LiveBucket)
	file := versions[sample.UnreadableKey+".tflock"][0]
	if body := string(f.body(sample.LiveBucket, file)); body != "{}" || now().Sub(file.LastModified) != 6*24*time.Hour {
		t.Errorf("the lock file of %s holds %q", file.LastModified, body)
	}
	if versions[sample.UnreadableKey][0].LastModified.After(file.LastModified) {
		t.Error("somebody wrote under the lock")
	}
}

func TestTheWarehouseWasOverwritten(t *testing.T) {
	f := seeded(t)
	versions := f.versions(sample.OverwrittenBucket)[sample.OverwrittenKey]
	if len(versions) != 31 {
		t.Fatalf("%d versions", len(versions))
	}
	tests := map[string]struct {
		at             int
		serial         uint64
		resources      int
		smallest, most int
		age            time.Duration
	}{
		"the newest has 3 of 61 resources": {0, 57, 3, 2000, 2200, 26 * time.Minute},
		"the one before had them all":      {1, 56, 61, 147500, 148500, 2 * time.Hour},
		"values changed before that":       {2, 55, 60, 146000, 147500, 5 * time.Hour},
		"one was removed from the state":   {3, 54, 60, 146000, 147500, 25 * time.Hour},
		"it had grown to 61":               {4, 53, 61, 147000, 148500, 48 * time.Hour},
		"from a few":                       {30, 27, 9, 4000, 12000, 60 * 24 * time.Hour},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			v := versions[test.at]
			body := f.body(sample.OverwrittenBucket, v)
			if n, serial := resourceCount(t, body), readState(t, body).Serial; n != test.resources || serial != test.serial {
				t.Errorf("serial %d with %d resources", serial, n)
			}
			if len(body) < test.smallest || len(body) > test.most {
				t.Errorf("%d bytes", len(body))
			}
			if age := now().Sub(v.LastModified); age < test.age || age > test.age+time.Hour {
				t.Errorf("age %s", age)
			}
		})
	}
}

func TestTheLegacyBucketHasNoNet(t *testing.T) {
	f := seeded(t)
	const bucket = "acme-legacy-state"
	var newest time.Time
	for key, versions := range f.versions(bucket) {
		if len(versions) != 1 || versions[0].VersionID != "null" {
			t.Errorf("%s has versions", key)
		}
		if isState(key) && versions[0].LastModified.After(newest) {
			newest = versions[0].LastModified
		}
	}
	if age := now().Sub(newest); age != 41*24*time.Hour {
		t.Errorf("written %s ago", age)
	}
	if status, _ := f.server.Do(now(), http.MethodGet, "/"+bucket+"?publicAccessBlock", nil, nil); status != http.StatusNotFound {
		t.Errorf("public access block: status %d", status)
	}
}

// previewKey is the state of a preview environment that was deleted, in StaleBucket.
const previewKey = "env:/pr-482/payments/web/terraform.tfstate"

func TestOneStateIsDeletedAndOneEncrypted(t *testing.T) {
	f := seeded(t)
	deleted := f.versions(sample.StaleBucket)[previewKey]
	if len(deleted) != 5 || !deleted[0].marker() {
		t.Fatalf("the preview's state: %+v", deleted)
	}
	query := url.Values{"versionId": {deleted[1].VersionID}}.Encode()
	status, answer := f.server.Do(now(), http.MethodGet, "/"+sample.StaleBucket+"/"+previewKey+"?"+query, emulator.Scope("us-east-1", "s3"), nil)
	if status != http.StatusBadRequest || !strings.Contains(string(answer), "pending deletion") {
		t.Errorf("its last version: status %d: %s", status, answer)
	}
	body := f.body("acme-tfstate-prod", f.versions("acme-tfstate-prod")["security/vault/terraform.tfstate"][0])
	if s := readState(t, body); s.Encryption != "v0" || s.EncryptedData == "" || s.Version != 0 {
		t.Errorf("the vault's state: %.200s", body)
	}
}

func TestLockFilesKeepWhoWroteWhat(t *testing.T) {
	f := seeded(t)
	var lost lock
	for _, v := range f.versions(sample.OverwrittenBucket)[sample.OverwrittenKey+".tflock"] {
		if !v.marker() {
			lost = readLock(t, f.body(sample.OverwrittenBucket, v))
			break
		}
	}
	if lost.Who != "carol@laptop" || lost.Operation != "OperationTypeApply" {
		t.Errorf("the newest lock is %+v", lost)
	}
}
