package model

import (
	"slices"
	"strings"
	"time"
)

// AWSOwnedKey is the algorithm of a table under a key that AWS owns: nobody sees
// that key, and nobody can take it away (DynamoDB's default).
const AWSOwnedKey = "aws-owned"

// StateEncryption is how one state and what belongs to it is encrypted. KMS keys
// are named by their ARN wherever KMS resolved them.
type StateEncryption struct {
	Write    WriteSettings    // what the backend block says, where one is known
	Bucket   Fact[Encryption] // the bucket's default
	LockFile LockFileEncryption
	Tables   []LockTableEncryption   // lock tables that have a row of the state, or are named for it
	Client   Fact[*ClientEncryption] // of the current version; known and nil: the tools read it as it is stored
	Versions []VersionEncryption     // newest first, delete markers left out
	Bounded  bool                    // there are older versions, which were not looked at
	Keys     map[string]Key          // of all keys named here, by ARN or, unresolved, by name
	Problems []string                // sources that could not be read
}

// LockFileEncryption is how the newest lock file of a state is, or was, encrypted.
type LockFileEncryption struct {
	Found      Fact[bool] // known and false: the state never had one
	Current    bool       // it is there now; else it is the last one that was
	Encryption Fact[Encryption]
}

// LockTableEncryption is how a lock table is encrypted at rest.
type LockTableEncryption struct {
	Table      string
	Encryption Fact[Encryption] // Algorithm is aws:kms or AWSOwnedKey
}

// VersionEncryption is how one version of a state is encrypted.
type VersionEncryption struct {
	VersionID    string
	LastModified time.Time
	IsLatest     bool
	Encryption   Fact[Encryption]
}

// Drift is a place where encryption is not what it is elsewhere, and the usual
// cause.
type Drift struct {
	Rule  string // "state-not-default", "lock-file", "old-key", "table-owned" …
	Tone  string // DriftBad, DriftLook or DriftNote
	Where string // "current version", "lock file", "12 old versions", "table acme-locks"
	Key   string // of the old versions: the key that they need
	Text  string
	Cause string
}

// How much a drift matters: data is in the clear or out of reach, somebody should
// look, or it is good to know.
const (
	DriftBad  = "bad"
	DriftLook = "look"
	DriftNote = "note"
)

// EncryptionDrift names what of a state is encrypted otherwise than the rest.
// What could not be read is no drift, and no proof that there is none.
func EncryptionDrift(s StateEncryption) []Drift {
	var all []Drift
	all = append(all, currentDrift(s)...)
	all = append(all, lockFileDrift(s)...)
	all = append(all, oldDrift(s)...)
	all = append(all, tableDrift(s)...)
	return all
}

// Newest is the current version's encryption; of a deleted state there is none.
func (s StateEncryption) Newest() (Encryption, bool) {
	if len(s.Versions) == 0 || !s.Versions[0].IsLatest {
		return Encryption{}, false
	}
	return s.Versions[0].Encryption.Get()
}

// SameAs reports whether two things are encrypted in the same way under the same
// key; a bucket key does not change who can read them.
func (e Encryption) SameAs(o Encryption) bool {
	return e.algorithm() == o.algorithm() && e.KMSKeyID == o.KMSKeyID
}

// maybeAs reports whether two things are encrypted alike as far as is known: of
// an alias that KMS did not resolve it is not.
func (e Encryption) maybeAs(o Encryption) bool {
	a, b := keyID(e.KMSKeyID), keyID(o.KMSKeyID)
	return e.SameAs(o) || e.algorithm() == o.algorithm() && e.algorithm() != "none" && (a == "" || b == "" || a == b)
}

func (e Encryption) algorithm() string {
	if e.Algorithm == "" {
		return "none"
	}
	return e.Algorithm
}

// currentDrift compares the current version with the bucket's default.
func currentDrift(s StateEncryption) []Drift {
	now, ok := s.Newest()
	if !ok {
		return nil
	}
	d := Drift{Rule: "state-not-default", Tone: DriftLook, Where: "current version"}
	if now.algorithm() == "none" {
		d.Rule, d.Tone, d.Text, d.Cause = "state-plain", DriftBad, "is not encrypted by the store", "S3 encrypts every new object since 2023: this one is older, or the store is not AWS"
		return []Drift{d}
	}
	want, known := s.Bucket.Get()
	if !known || now.maybeAs(want) {
		return nil
	}
	d.Text = "is " + s.words(now) + ", the bucket's default is " + s.words(want)
	d.Cause = driftCause(s, now, want)
	return []Drift{d}
}

// driftCause is why a state is as a rule not as its bucket wants it
// (protocol.md: both tools send AES256 for encrypt = true without a key).
func driftCause(s StateEncryption, now, want Encryption) string {
	configured := s.Write.Encrypt != nil && *s.Write.Encrypt
	switch {
	case now.Algorithm == "AES256" && strings.HasPrefix(want.Algorithm, "aws:kms") && configured && s.Write.KMSKeyID == "":
		return "the backend block says encrypt = true without kms_key_id: that writes AES256 over the bucket's default; name the key, or leave encrypt out"
	case now.Algorithm == "AES256" && strings.HasPrefix(want.Algorithm, "aws:kms"):
		return "usually encrypt = true without kms_key_id in the backend block: that writes AES256 over the bucket's default"
	case now.Algorithm == "SSE-C":
		return "sse_customer_key in the backend block, or AWS_SSE_CUSTOMER_KEY: only those who hold that key can read it"
	case now.KMSKeyID != want.KMSKeyID && s.Write.KMSKeyID != "":
		return "the backend block names its own kms_key_id"
	case now.KMSKeyID != want.KMSKeyID && now.Algorithm == want.Algorithm:
		return "usually kms_key_id in the backend block, or a default that changed after it was written"
	}
	return "usually a default that changed after it was written: the next write follows it"
}

// lockFileDrift compares the lock file with the state: a client writes both in
// the same way.
func lockFileDrift(s StateEncryption) []Drift {
	now, ok := s.Newest()
	lock, known := s.LockFile.Encryption.Get()
	if !ok || !known || lock.maybeAs(now) {
		return nil
	}
	return []Drift{{Rule: "lock-file", Tone: DriftLook, Where: s.LockFile.Words(), Text: "is " + s.words(lock) + ", the state is " + s.words(now),
		Cause: "one client configuration writes both alike: two configurations are at work, or the default changed in between"}}
}

// Words is "lock file", or that it is gone.
func (l LockFileEncryption) Words() string {
	if l.Current {
		return "lock file"
	}
	return "last lock file"
}

// oldDrift names the old versions that need another key than the current one.
func oldDrift(s StateEncryption) []Drift {
	now, ok := s.Newest()
	if !ok {
		return nil
	}
	var all []Drift
	for _, r := range s.Others(now) {
		d := Drift{Rule: "old-key", Tone: DriftNote, Where: r.Where(), Key: r.Encryption.KMSKeyID, Text: "under " + s.words(r.Encryption) + ", written " + r.Span(),
			Cause: "the key or the default changed; old versions keep the key they were written under, and a restore needs it"}
		if k, met := s.Keys[r.Encryption.KMSKeyID]; met && k.State.Or("").OutOfService() {
			d.Tone, d.Cause = DriftBad, "that key is "+string(k.State.Or(""))+": restores of these versions fail"
		}
		all = append(all, d)
	}
	return all
}

// EncryptionRun is versions that are encrypted alike.
type EncryptionRun struct {
	Encryption Encryption
	Unread     string // why it could not be read; then Encryption says nothing
	Count      int
	AtLeast    bool      // older versions were not looked at
	Newest     time.Time // written
	Oldest     time.Time
}

// Where is "12 old versions", or "at least 12 old versions".
func (r EncryptionRun) Where() string { return atLeastWords(r.Count, r.AtLeast, "old version") }

// Span is when the versions were written: "2026-09-22 to 2026-11-21".
func (r EncryptionRun) Span() string {
	from, to := r.Oldest.UTC().Format(time.DateOnly), r.Newest.UTC().Format(time.DateOnly)
	if from == to {
		return from
	}
	return from + " to " + to
}

// Others are the old versions that are encrypted otherwise than now, by how.
func (s StateEncryption) Others(now Encryption) []EncryptionRun {
	return slices.DeleteFunc(s.Runs(), func(r EncryptionRun) bool { return r.Unread != "" || r.Encryption.SameAs(now) })
}

// Runs are the old versions by how they are encrypted, in the order in which the
// newest of each kind was written.
func (s StateEncryption) Runs() []EncryptionRun {
	var all []EncryptionRun
	for _, v := range s.Versions {
		e, ok := v.Encryption.Get()
		if v.IsLatest || !ok && !v.Encryption.IsUnknown() {
			continue
		}
		i := slices.IndexFunc(all, func(r EncryptionRun) bool {
			return r.Unread == v.Encryption.Reason() && (r.Unread != "" || r.Encryption.SameAs(e))
		})
		if i < 0 {
			i = len(all)
			all = append(all, EncryptionRun{Encryption: e, Unread: v.Encryption.Reason(), AtLeast: s.Bounded, Newest: v.LastModified})
		}
		all[i].Count++
		all[i].Oldest = v.LastModified
	}
	return all
}

// tableDrift: a state under a key of KMS whose lock rows are under none that
// anybody here holds.
func tableDrift(s StateEncryption) []Drift {
	var all []Drift
	for _, t := range s.Tables {
		e, ok := t.Encryption.Get()
		if ok && e.Algorithm == AWSOwnedKey {
			all = append(all, Drift{Rule: "table-owned", Tone: DriftNote, Where: "table " + t.Table, Text: "is under a key that AWS owns",
				Cause: "DynamoDB's default; its rows hold lock infos and MD5 sums, no state"})
		}
	}
	return all
}

// words is an encryption with the name of its key.
func (s StateEncryption) words(e Encryption) string {
	if e.KMSKeyID == "" {
		return e.algorithm()
	}
	return e.algorithm() + " with " + s.KeyName(e.KMSKeyID)
}

// KeyName is what people call a key.
func (s StateEncryption) KeyName(ref string) string {
	if k, ok := s.Keys[ref]; ok {
		return k.Name()
	}
	return ref[strings.LastIndex(ref, "/")+1:]
}
