package ui

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stateward/stateward/model"
)

// withOtherBuckets is a fleet in an account with two buckets in which no state
// was found.
func withOtherBuckets() *fake {
	f := sampleFleet()
	for _, name := range []string{f.backends[0].Bucket, "acme-logs", "acme-empty"} {
		f.buckets = append(f.buckets, model.Backend{Name: name, Bucket: name, Source: model.SourceBuckets})
	}
	return f
}

func TestOtherBucketsAreOneKeyAway(t *testing.T) {
	f := withOtherBuckets()
	s := open(t, f)
	s.missing("acme-empty", "acme-logs")
	backends := len(s.app.known.backends)
	s.press("a").sees("all buckets of the account are listed", "acme-empty", "acme-logs", "not checked", " 7 ")
	if n := len(s.app.known.backends); n != backends {
		t.Errorf("the other pages look into %d backends, before it were %d", n, backends)
	}
	s.press("G").sees("known from the list of buckets")
	s.press("enter").sees("Backends › acme-logs", "no states").press("esc")
	f.others = 7
	s.press("G", "enter").sees("no states among 7 keys").press("esc")
	s.press("a").sees("only backends are listed").missing("acme-empty", "acme-logs")
}

func TestOtherBucketsAreShownBesideASourceThatCannotBeRead(t *testing.T) {
	f := withOtherBuckets()
	f.listErr = errors.New("bucket acme-empty was not looked through: AccessDenied s3:ListBucket")
	open(t, f).press("a").sees("acme-logs", "not looked through: AccessDenied s3:ListBucket")

	f = withOtherBuckets()
	f.buckets = nil
	f.bucketsErr = &model.Failure{Kind: model.ErrDenied, Tried: "listing the buckets", On: "the account", Action: "s3:ListAllMyBuckets"}
	open(t, f).press("a").sees("AccessDenied s3:ListAllMyBuckets", f.backends[0].Bucket)
}

func TestAWatchedListIsReadEveryFewSeconds(t *testing.T) {
	for name, c := range map[string]struct {
		way  []string
		call string
	}{
		"backends":          {nil, "Backends"},
		"states":            {[]string{"j", "enter"}, "States"},
		"versions":          {[]string{"j", "enter", "enter"}, "Versions"},
		"locks of a state":  {[]string{"j", "enter", "enter", "tab", "tab", "tab"}, "LocksOf"},
		"locks of backends": {[]string{"2"}, "Locks "},
	} {
		t.Run(name, func(t *testing.T) {
			f := sampleFleet()
			s := open(t, f)
			s.press(c.way...)
			read := func() int {
				before := f.count(c.call)
				s.wait(6 * time.Second)
				return f.count(c.call) - before
			}
			if n := read(); n != 0 {
				t.Fatalf("%d reads although nobody watches", n)
			}
			s.press("w").sees("watching")
			if n := read(); n == 0 {
				t.Error("a watched list was not read again")
			}
			s.press("w").sees("not watching any more")
			if n := read(); n != 0 {
				t.Errorf("%d reads after the watching", n)
			}
		})
	}
}

func TestAgesFollowTheServicesClock(t *testing.T) {
	f := sampleFleet()
	i := slices.IndexFunc(f.backends, func(b model.Backend) bool { return b.Bucket == "acme-tfstate-payments" })
	s := open(t, f, func(o *Options) { o.Targets = f.backends[i : i+1] })
	key := f.states[f.backends[i].Bucket][0].Key
	f.states[f.backends[i].Bucket][0].LastModified = theTime.Add(-time.Hour)
	s.press("ctrl+r").sees(key[:12], " 1 h ")
	f.ahead = 48 * time.Hour
	s.press("ctrl+r").sees(" 2 d ")
}
