package model

import (
	"strings"
	"testing"
	"time"
)

func TestEncryptionDrift(t *testing.T) {
	yes := true
	sse, kms, other := Encryption{Algorithm: "AES256"}, Encryption{Algorithm: "aws:kms", KMSKeyID: "arn:key/1", BucketKey: true}, Encryption{Algorithm: "aws:kms", KMSKeyID: "arn:key/2"}
	at := func(day int) time.Time { return time.Date(2026, 11, day, 0, 0, 0, 0, time.UTC) }
	// history is versions of a state, newest first, the first one the current one.
	history := func(all ...Encryption) []VersionEncryption {
		var versions []VersionEncryption
		for i, e := range all {
			versions = append(versions, VersionEncryption{IsLatest: i == 0, LastModified: at(20 - i), Encryption: Known(e)})
		}
		return versions
	}
	lock := func(e Encryption) LockFileEncryption {
		return LockFileEncryption{Found: Known(true), Current: true, Encryption: Known(e)}
	}
	for name, c := range map[string]struct {
		state StateEncryption
		want  []string // tone, rule, where, and a part of the rest
	}{
		"all alike, with and without a bucket key": {StateEncryption{Bucket: Known(kms), Versions: history(kms, Encryption{Algorithm: "aws:kms", KMSKeyID: "arn:key/1"}), LockFile: lock(kms)}, nil},
		"encrypt = true, as configured": {StateEncryption{Bucket: Known(kms), Versions: history(sse), Write: WriteSettings{Encrypt: &yes}},
			[]string{"look state-not-default current version: the backend block says encrypt = true without kms_key_id"}},
		"encrypt = true, as it looks": {StateEncryption{Bucket: Known(kms), Versions: history(sse)},
			[]string{"look state-not-default current version: usually encrypt = true without kms_key_id"}},
		"a key of its own, as configured": {StateEncryption{Bucket: Known(kms), Versions: history(other), Write: WriteSettings{KMSKeyID: "arn:key/2"}},
			[]string{"look state-not-default current version: the backend block names its own kms_key_id"}},
		"another key": {StateEncryption{Bucket: Known(kms), Versions: history(other)},
			[]string{"look state-not-default current version: usually kms_key_id in the backend block, or a default that changed"}},
		"a default that came later": {StateEncryption{Bucket: Known(kms), Versions: history(Encryption{Algorithm: "aws:kms:dsse", KMSKeyID: "arn:key/1"})},
			[]string{"look state-not-default current version: usually a default that changed"}},
		"a customer's key": {StateEncryption{Bucket: Known(sse), Versions: history(Encryption{Algorithm: "SSE-C"})},
			[]string{"look state-not-default current version: sse_customer_key in the backend block"}},
		"an alias that could not be resolved": {StateEncryption{Bucket: Known(Encryption{Algorithm: "aws:kms", KMSKeyID: "alias/tfstate"}), Versions: history(kms), LockFile: lock(kms)}, nil},
		"a key by its id alone":               {StateEncryption{Bucket: Known(Encryption{Algorithm: "aws:kms", KMSKeyID: "1"}), Versions: history(kms)}, nil},
		"another key by its id alone": {StateEncryption{Bucket: Known(Encryption{Algorithm: "aws:kms", KMSKeyID: "2"}), Versions: history(kms)},
			[]string{"look state-not-default current version: usually kms_key_id"}},
		"in the clear": {StateEncryption{Bucket: Known(Encryption{Algorithm: "none"}), Versions: history(Encryption{Algorithm: "none"})},
			[]string{"bad state-plain current version: S3 encrypts every new object since 2023"}},
		"the lock file": {StateEncryption{Bucket: Known(kms), Versions: history(kms), LockFile: lock(sse)},
			[]string{"look lock-file lock file: one client configuration writes both alike"}},
		"a lock file of old": {StateEncryption{Versions: history(kms), LockFile: LockFileEncryption{Encryption: Known(sse)}},
			[]string{"look lock-file last lock file: one client configuration writes both alike"}},
		"old versions under other keys": {StateEncryption{Bucket: Known(kms), Versions: history(kms, other, kms, other, sse)},
			[]string{"note old-key 2 old versions: the key or the default changed", "note old-key 1 old version: the key or the default changed"}},
		"old versions under a key out of service": {StateEncryption{Bucket: Known(kms), Versions: history(kms, other), Keys: map[string]Key{"arn:key/2": {State: Known(KeyDisabled)}}},
			[]string{"bad old-key 1 old version: that key is Disabled: restores of these versions fail"}},
		"versions that were not all looked at": {StateEncryption{Bucket: Known(kms), Versions: history(kms, other, other), Bounded: true},
			[]string{"note old-key at least 2 old versions: the key or the default changed"}},
		"a table under a key that AWS owns": {StateEncryption{Bucket: Known(kms), Versions: history(kms), Tables: []LockTableEncryption{{"locks", Known(Encryption{Algorithm: AWSOwnedKey})}, {"other", Known(kms)}}},
			[]string{"note table-owned table locks: DynamoDB's default"}},
		"nothing was read":     {StateEncryption{Bucket: Unknown[Encryption]("AccessDenied"), Versions: []VersionEncryption{{IsLatest: true}}, LockFile: LockFileEncryption{Found: Unknown[bool]("AccessDenied")}}, nil},
		"a deleted state":      {StateEncryption{Bucket: Known(kms), Versions: []VersionEncryption{{Encryption: Known(sse)}}, LockFile: lock(sse)}, nil},
		"only a part was read": {StateEncryption{Bucket: Unknown[Encryption]("AccessDenied"), Versions: append(history(kms), VersionEncryption{Encryption: Unknown[Encryption]("AccessDenied")}, VersionEncryption{})}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			drift := EncryptionDrift(c.state)
			if len(drift) != len(c.want) {
				t.Fatalf("got %+v, want %v", drift, c.want)
			}
			for i, d := range drift {
				if got := d.Tone + " " + d.Rule + " " + d.Where + ": " + d.Cause; !strings.HasPrefix(got, c.want[i]) {
					t.Errorf("got  %s\nwant %s", got, c.want[i])
				}
			}
		})
	}
}

func TestRunsOfVersions(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 9, n, 12, 0, 0, 0, time.UTC) }
	kms := Encryption{Algorithm: "aws:kms", KMSKeyID: "arn:aws:kms:eu-west-1:1:key/ab"}
	s := StateEncryption{Keys: map[string]Key{}, Versions: []VersionEncryption{
		{IsLatest: true, LastModified: day(9), Encryption: Known(kms)}, {LastModified: day(8), Encryption: Known(kms)},
		{LastModified: day(7), Encryption: Unknown[Encryption]("AccessDenied")}, {LastModified: day(5), Encryption: Known(kms)}, {LastModified: day(4)}}}
	runs := s.Runs()
	if len(runs) != 2 || runs[0].Count != 2 || runs[0].Span() != "2026-09-05 to 2026-09-08" || runs[1].Unread != "AccessDenied" || runs[1].Span() != "2026-09-07" {
		t.Errorf("%+v", runs)
	}
	if got := s.KeyName(kms.KMSKeyID); got != "ab" {
		t.Errorf("the key is called %q", got)
	}
	s.Keys[kms.KMSKeyID] = Key{ID: "ab", Aliases: Known([]string{"alias/z", "alias/a"})}
	if got := s.KeyName(kms.KMSKeyID); got != "a" {
		t.Errorf("the key is called %q", got)
	}
}
