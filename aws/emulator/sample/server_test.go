package sample_test

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/aws/emulator/sample"
)

// now is when the fleet is looked at.
func now() time.Time { return time.Date(2026, 11, 21, 19, 11, 7, 0, time.UTC) }

// fleet is a seeded server and ways to look into it.
type fleet struct {
	t      *testing.T
	server *emulator.Server
}

func seeded(t *testing.T) *fleet {
	t.Helper()
	s := emulator.New(emulator.Options{Seed: 7, Clock: now, EnforceRegion: true})
	if err := sample.Seed(s); err != nil {
		t.Fatal(err)
	}
	return &fleet{t, s}
}

// regions are those of the fleet, by bucket.
func regions() map[string]string {
	return map[string]string{
		"acme-tfstate-prod": "us-east-1", "acme-tfstate-payments": "us-east-1", "acme-tfstate-network": "eu-west-1",
		"acme-tfstate-data": "us-east-1", "acme-legacy-state": "us-east-1",
	}
}

func (f *fleet) s3(method, bucket, key, query string) []byte {
	f.t.Helper()
	u := url.URL{Path: "/" + bucket + "/" + key, RawQuery: query}
	status, body := f.server.Do(now(), method, u.RequestURI(), emulator.Scope(regions()[bucket], "s3"), nil)
	if status != http.StatusOK {
		f.t.Fatalf("%s %s: status %d: %s", method, &u, status, body)
	}
	return body
}

func (f *fleet) json(region, target string, in, out any) {
	f.t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		f.t.Fatal(err)
	}
	header := emulator.Scope(region, "any")
	header.Set("X-Amz-Target", target)
	status, answer := f.server.Do(now(), http.MethodPost, "/", header, body)
	if status != http.StatusOK {
		f.t.Fatalf("%s: status %d: %s", target, status, answer)
	}
	if err := json.Unmarshal(answer, out); err != nil {
		f.t.Fatal(err)
	}
}

// version is an object version or delete marker as it is listed.
type version struct {
	XMLName      xml.Name
	Key          string
	VersionID    string `xml:"VersionId"`
	IsLatest     bool
	LastModified time.Time
	Size         int
}

func (v version) marker() bool { return v.XMLName.Local == "DeleteMarker" }

// versions are all versions of a bucket by key, newest first.
func (f *fleet) versions(bucket string) map[string][]version {
	f.t.Helper()
	all := map[string][]version{}
	query := "versions"
	for {
		var page struct {
			IsTruncated                        bool
			NextKeyMarker, NextVersionIdMarker string
			Entries                            []version `xml:",any"`
		}
		if err := xml.Unmarshal(f.s3(http.MethodGet, bucket, "", query), &page); err != nil {
			f.t.Fatal(err)
		}
		for _, v := range page.Entries {
			if v.Key != "" {
				all[v.Key] = append(all[v.Key], v)
			}
		}
		if !page.IsTruncated {
			return all
		}
		query = "versions&" + url.Values{"key-marker": {page.NextKeyMarker}, "version-id-marker": {page.NextVersionIdMarker}}.Encode()
	}
}

// isState tells states of the fleet by their names.
func isState(key string) bool {
	return strings.HasSuffix(key, ".tfstate") || key == "terraform/state"
}

// states are the keys of a bucket's states, deleted ones included.
func (f *fleet) states(bucket string) map[string][]version {
	all := f.versions(bucket)
	for key := range all {
		if !isState(key) {
			delete(all, key)
		}
	}
	return all
}

func (f *fleet) body(bucket string, v version) []byte {
	f.t.Helper()
	return f.s3(http.MethodGet, bucket, v.Key, url.Values{"versionId": {v.VersionID}}.Encode())
}

// row is a row of a lock table.
type row struct{ LockID, Info, Digest struct{ S string } }

func (f *fleet) rows(region, table string) map[string]row {
	f.t.Helper()
	var out struct{ Items []row }
	f.json(region, "DynamoDB_20120810.Scan", map[string]string{"TableName": table}, &out)
	rows := map[string]row{}
	for _, r := range out.Items {
		rows[r.LockID.S] = r
	}
	return rows
}

// allRows are the rows of both tables.
func (f *fleet) allRows() map[string]row {
	rows := f.rows("us-east-1", "acme-locks")
	for id, r := range f.rows("eu-west-1", "acme-locks-eu") {
		rows[id] = r
	}
	return rows
}

// lock is a lock as it is stored.
type lock struct {
	ID, Operation, Info, Who, Version string
	Created                           time.Time
	Path                              string
}

func readLock(t *testing.T, text []byte) lock {
	t.Helper()
	var l lock
	if err := json.Unmarshal(text, &l); err != nil {
		t.Fatalf("the lock %s: %v", text, err)
	}
	again, err := json.Marshal(l)
	if err != nil || string(again) != string(text) {
		t.Errorf("the lock is not as the tools write it:\n%s\n%s", text, again)
	}
	return l
}

// resourceCount counts instances, as terraform state list prints addresses.
func resourceCount(t *testing.T, body []byte) int {
	t.Helper()
	n := 0
	for _, r := range readState(t, body).Resources {
		n += len(r.Instances)
	}
	return n
}

type resource struct {
	Module, Mode, Type, Name, Provider string
	Instances                          []struct {
		IndexKey   any `json:"index_key"`
		Attributes json.RawMessage
	}
}

type stateDoc struct {
	Version       int
	Tool          string `json:"terraform_version"`
	Serial        uint64
	Lineage       string
	Outputs       map[string]struct{ Sensitive bool }
	Resources     []resource
	EncryptedData string `json:"encrypted_data"`
	Encryption    string `json:"encryption_version"`
}

func readState(t *testing.T, body []byte) stateDoc {
	t.Helper()
	var s stateDoc
	if err := json.Unmarshal(body, &s); err != nil {
		t.Fatalf("the state does not parse: %v", err)
	}
	return s
}

func md5Hex(body []byte) string {
	sum := md5.Sum(body)
	return hex.EncodeToString(sum[:])
}
