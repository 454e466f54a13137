//go:build unix

package main

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"testing"
	"time"

	"github.com/stateward/stateward/aws/emulator"
)

// The overwritten state of the demo: once it is open, one key leads to the
// version to restore, and says why it is the one.
func TestTheOverwrittenStateTellsWhatToRestore(t *testing.T) {
	t.Parallel()
	for name, win := range map[string]window{"80x24": desk(), "120x40": {120, 40}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := openConsole(t, win, "demo")
			c.looksAtTheBackends()
			c.goesToTheOverwrittenState()
			c.press("enter") // opens it: what is wrong and what to restore are seen without a further key
			c.sees(`^ ▌ 57 .* carol@laptop apply 3 \(-58\) .* ✖ lost`,
				`^ 56 .* ci@runner-17 apply 61 \(\+1\) .* ★ suggested`, `[^(]s suggested`)
			c.press("s") // the first of four keys that would be allowed
			c.sees(`^ ▌ 56 .* ci@runner-17 apply 61 \(\+1\) .* ★ suggested`, `★ suggested: Serial 57, written .* by carol@laptop apply:`,
				`lost 58 of 61`, `Serial 56,`, `last good version before that`, `[^(]R restore`)
			c.press("R")
			c.sees(`╭ Restore warehouse/terraform\.tfstate `, `Restore serial 56 `)
			c.leavesTheDialog()
			c.press("n")
			c.sees(`nothing odd below`)
			c.press("N")
			c.sees(`^ ▌ 57 .* ✖ lost`, `✖ lost 58 of 61 resources`)
			c.press("q")
			c.ends(0)
		})
	}
}

// goesToTheOverwrittenState stops at the state, before it is opened.
func (c *console) goesToTheOverwrittenState() {
	c.t.Helper()
	c.press("/")
	c.sees(`^ / `)
	c.press("tfstate-data", "enter")
	c.sees(`^ ▌ acme-tfstate-data `)
	c.press("enter")
	c.sees(`^ Backends › acme-tfstate-data .* 6 · `)
	c.press("/")
	c.sees(`^ / `)
	c.press("warehouse !staging", "enter")
	c.sees(`^ ▌ warehouse/terraform\.tfstate .*57 `)
}

const (
	longBucket = "tfstate-long"
	longKey    = "long/terraform.tfstate"
)

// longHistory serves one state with many versions, each written under the lock
// of a run of its own where the lock file is in use.
func longHistory(t *testing.T, versions int, lockFile bool) *emulator.Server {
	t.Helper()
	server, err := emulator.Start(emulator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	began := time.Now().Add(-time.Duration(versions) * time.Hour)
	do := func(at time.Time, method, target, body string) {
		t.Helper()
		if status, answer := server.Do(at, method, target, emulator.Scope("us-east-1", "s3"), []byte(body)); status/100 != 2 {
			t.Fatalf("%s %s: %d %s", method, target, status, answer)
		}
	}
	do(began, http.MethodPut, "/"+longBucket, "")
	do(began, http.MethodPut, "/"+longBucket+"?versioning", `<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>`)
	state := (&url.URL{Path: "/" + longBucket + "/" + longKey}).EscapedPath()
	for i := range versions {
		at := began.Add(time.Duration(i) * time.Hour)
		if lockFile {
			do(at, http.MethodPut, state+".tflock", fmt.Sprintf(`{"ID":"run-%d","Operation":"OperationTypeApply","Info":"","Who":"ci@runner-%d","Version":"1.11.4","Created":%q,"Path":""}`,
				i, i, at.UTC().Format(time.RFC3339)))
		}
		do(at.Add(time.Minute), http.MethodPut, state, fmt.Sprintf(`{"version":4,"terraform_version":"1.11.4","serial":%d,"lineage":"l","outputs":{},"resources":[]}`, i))
		if lockFile {
			do(at.Add(time.Minute+time.Second), http.MethodDelete, state+".tflock", "")
		}
	}
	server.ResetLog()
	return server
}

// tally is what was asked for the long state: the listings of its versions and of
// those of its lock file, the versions of both that were read, and the reads of
// the current state, which tell whether its digest is right.
type tally struct{ listings, headers, lockListings, locks, current int }

func tallyOf(server *emulator.Server) (n tally) {
	for _, r := range server.Requests() {
		named := r.Query.Has("versionId")
		switch {
		case r.Operation == "ListObjectVersions" && r.Query.Get("prefix") == longKey:
			n.listings++
		case r.Operation == "ListObjectVersions":
			n.lockListings++
		case r.Operation == "GetObject" && named && r.Key == longKey:
			n.headers++
		case r.Operation == "GetObject" && named:
			n.locks++
		case r.Operation == "GetObject" && r.Key == longKey:
			n.current++
		}
	}
	return n
}

// Opening a state lists its versions once, and reads no more of them than the
// rows on screen and a page ahead; of the locks one for each of those. A page of
// S3 has 1,000 entries, of which the lock file's come behind the state's.
func TestOpeningALongHistoryReadsLittle(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		versions int
		lockFile bool
		by       string // in the rows
	}{
		"1,000 versions, locks in a table": {1000, false, `\?`},
		"900 versions, a lock file":        {900, true, `ci@runner-\d+ apply`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := longHistory(t, tt.versions, tt.lockFile)
			c := newConsole(t, desk())
			c.env = []string{"AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_REGION=us-east-1", "AWS_EC2_METADATA_DISABLED=true"}
			c.start("s3://"+longBucket+"/long/", "--endpoint-url", server.URL())
			c.sees(fmt.Sprintf(`^ ▌ long/terraform\.tfstate .* %d `, tt.versions-1))
			server.ResetLog()
			c.press("enter")
			rows := c.seesRows(`^[ ▌]+\d+ +\d+ (min|h|d) +`, tt.by+` +0 `)
			c.press("q")
			c.ends(0)
			n := tallyOf(server)
			t.Logf("%d rows on screen: %+v", rows, n)
			const room = 15 // rows that the screen has room for while the detail has little to say
			if n.listings != 1 || n.lockListings != 1 || n.headers < rows || n.headers > 2*room || n.locks > 2*room || n.current > 2 {
				t.Errorf("%d rows on screen: %+v", rows, n)
			}
		})
	}
}

// seesRows waits until every row on the screen is whole, and counts them.
func (c *console) seesRows(start, rest string) int {
	c.t.Helper()
	begun, whole := regexp.MustCompile("(?m)"+start), regexp.MustCompile("(?m)"+start+rest)
	rows := 0
	c.until("every row is whole", func() string {
		s := c.screen()
		rows = len(begun.FindAllString(s, -1))
		if n := len(whole.FindAllString(s, -1)); rows == 0 || n < rows {
			return fmt.Sprintf("%d of %d rows are", n, rows)
		}
		return ""
	})
	return rows
}
