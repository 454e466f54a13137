package main

import (
	"time"

	"github.com/stateward/stateward/model"
)

// The documents of -o json. docs/json.md describes every field; scripts rely on
// them. Absent facts are null, and unknown says why.

// reasons are the facts that could not be read, by field.
type reasons map[string]string

// notRead is the reason of a fact that nobody tried to read.
const notRead = "not read"

// fact is the value of a fact for JSON, nil when it is not known; why not is
// noted under the field's name.
func fact[T any](r *reasons, field string, f model.Fact[T]) *T {
	if v, ok := f.Get(); ok {
		return &v
	}
	why := f.Reason()
	if why == "" {
		why = notRead
	}
	r.note(field, why)
	return nil
}

func (r *reasons) note(field, why string) {
	if *r == nil {
		*r = reasons{}
	}
	(*r)[field] = why
}

// utc is a time in RFC 3339, UTC; nil when there is none.
func utc(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	u := t.UTC()
	return &u
}

// text is a string that may be absent.
func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// list is never null.
func list[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return l
}

type encryptionDoc struct {
	Algorithm string  `json:"algorithm"`
	KMSKeyID  *string `json:"kms_key_id"`
	BucketKey bool    `json:"bucket_key"`
}

func encryptionOf(r *reasons, f model.Fact[model.Encryption]) *encryptionDoc {
	e := fact(r, "encryption", f)
	if e == nil {
		return nil
	}
	algorithm := e.Algorithm
	if algorithm == "" {
		algorithm = "none"
	}
	return &encryptionDoc{Algorithm: algorithm, KMSKeyID: text(e.KMSKeyID), BucketKey: e.BucketKey}
}

type lockDoc struct {
	Bucket     string           `json:"bucket"`
	Key        string           `json:"key"`
	Workspace  string           `json:"workspace"`
	Mechanism  model.Mechanism  `json:"mechanism"`
	Table      *string          `json:"table"`
	ID         *string          `json:"id"`
	Operation  *string          `json:"operation"`
	Who        *string          `json:"who"`
	Version    *string          `json:"version"`
	Created    *time.Time       `json:"created"`
	AgeSeconds *int64           `json:"age_seconds"`
	Info       *string          `json:"info"`
	Path       *string          `json:"path"`
	Malformed  *string          `json:"malformed"`
	RawSHA256  string           `json:"raw_sha256"`
	Orphan     *bool            `json:"orphan"`
	Diverged   bool             `json:"diverged"`
	Verdict    model.Verdict    `json:"verdict"`
	Evidence   []model.Evidence `json:"evidence"`
	Unknown    reasons          `json:"unknown,omitempty"`
}

func newLockDoc(l model.Lock) lockDoc {
	d := lockDoc{Bucket: l.Bucket, Key: l.Key, Workspace: l.Workspace, Mechanism: l.Mechanism, Table: text(l.Table),
		Created: utc(l.Created()), Malformed: text(l.Malformed), RawSHA256: l.RawSHA256(),
		Diverged: l.Diverged, Verdict: l.Verdict, Evidence: list(l.Evidence)}
	id := ""
	if l.Info.Named() {
		id = l.Info.ID
	}
	d.ID = d.stored("id", l, id)
	d.Operation = d.stored("operation", l, l.Info.Operation)
	d.Who = d.stored("who", l, l.Info.Who)
	d.Version = d.stored("version", l, l.Info.Version)
	d.Info = d.stored("info", l, l.Info.Info)
	d.Path = d.stored("path", l, l.Info.Path)
	d.Orphan = fact(&d.Unknown, "orphan", l.Orphan)
	if age, ok := l.Age(); ok {
		seconds := int64(age / time.Second)
		d.AgeSeconds = &seconds
	} else {
		d.Unknown.note("age_seconds", whyNoAge(d.Created))
	}
	if d.Created == nil {
		d.Unknown.note("created", "the lock does not say when it was taken")
	}
	return d
}

func whyNoAge(created *time.Time) string {
	if created != nil {
		return "the lock says that it was taken when it cannot have been"
	}
	return "the lock does not say when it was taken"
}

// stored is a field of the stored lock, verbatim. A lock that is not as the
// tools write it may lack any of them.
func (d *lockDoc) stored(field string, l model.Lock, s string) *string {
	if s == "" && l.Malformed != "" {
		d.Unknown.note(field, "the lock is malformed: "+l.Malformed)
		return nil
	}
	return &s
}

type writerDoc struct {
	Who       string `json:"who"`
	Operation string `json:"operation"`
	LockID    string `json:"lock_id"`
}

func newWriterDoc(a model.Author) *writerDoc {
	return &writerDoc{Who: a.Who, Operation: a.Operation, LockID: a.LockID}
}

type versionDoc struct {
	VersionID        string          `json:"version_id"`
	IsLatest         bool            `json:"is_latest"`
	DeleteMarker     bool            `json:"delete_marker"`
	LastModified     *time.Time      `json:"last_modified"`
	Size             *int64          `json:"size"`
	ETag             *string         `json:"etag"`
	Format           *model.Format   `json:"format"`
	Serial           *uint64         `json:"serial"`
	Lineage          *string         `json:"lineage"`
	TerraformVersion *string         `json:"terraform_version"`
	Resources        *int            `json:"resources"`
	Encryption       *encryptionDoc  `json:"encryption"`
	Change           *changeDoc      `json:"change"`
	Anomalies        []model.Rule    `json:"anomalies"`
	AnomalyDetails   []model.Anomaly `json:"anomaly_details"`
	Suggested        bool            `json:"suggested"`
	Restorable       *bool           `json:"restorable"`
	WhyNot           *string         `json:"why_not"`
	WrittenBy        *writerDoc      `json:"written_by"`
	HeldBy           *writerDoc      `json:"held_by"`
	Unknown          reasons         `json:"unknown,omitempty"`
}

func newVersionDoc(v model.Version) versionDoc {
	d := versionDoc{VersionID: v.VersionID, IsLatest: v.IsLatest, DeleteMarker: v.DeleteMarker, LastModified: utc(v.LastModified),
		WhyNot: text(v.WhyNot)}
	d.Restorable = fact(&d.Unknown, "restorable", v.Restorable)
	d.past(v)
	if v.DeleteMarker { // it has no content, so the rest is absent and not unknown
		return d
	}
	d.Size, d.ETag = &v.Size, text(v.ETag)
	h := headerOf(&d.Unknown, v.Facts.Header)
	d.Format, d.Serial, d.Lineage, d.TerraformVersion = h.Format, h.Serial, h.Lineage, h.TerraformVersion
	d.Resources = fact(&d.Unknown, "resources", v.Facts.Resources)
	d.Encryption = encryptionOf(&d.Unknown, v.Facts.Encryption)
	return d
}

// headerDoc is what a state's header says.
type headerDoc struct {
	Format           *model.Format
	Serial           *uint64
	Lineage          *string
	TerraformVersion *string
}

// headerOf notes the one reason under each of the header's fields. What a header
// that was read does not hold is absent: an empty state has no serial.
func headerOf(r *reasons, f model.Fact[model.StateHeader]) headerDoc {
	h, ok := f.Get()
	if !ok {
		for _, field := range []string{"format", "serial", "lineage", "terraform_version"} {
			fact(r, field, f)
		}
		return headerDoc{}
	}
	d := headerDoc{Serial: h.Serial, Lineage: h.Lineage, TerraformVersion: h.TerraformVersion}
	if h.Format == model.FormatUnknown {
		r.note("format", "too little could be read to tell")
	} else {
		d.Format = &h.Format
	}
	if h.Problem != "" {
		r.note("serial", h.Problem)
	}
	return d
}

type stateDoc struct {
	Bucket           string              `json:"bucket"`
	Key              string              `json:"key"`
	Workspace        string              `json:"workspace"`
	Deleted          bool                `json:"deleted"`
	VersionID        *string             `json:"version_id"`
	LastModified     *time.Time          `json:"last_modified"`
	Size             *int64              `json:"size"`
	Serial           *uint64             `json:"serial"`
	Lineage          *string             `json:"lineage"`
	TerraformVersion *string             `json:"terraform_version"`
	Format           *model.Format       `json:"format"`
	Resources        *int                `json:"resources"`
	Locked           *bool               `json:"locked"`
	Encryption       *encryptionDoc      `json:"encryption"`
	Digest           model.DigestVerdict `json:"digest"`
	Unknown          reasons             `json:"unknown,omitempty"`
}

// digestUnknown stands where the verdict on a digest could not be reached.
const digestUnknown = model.DigestVerdict("unknown")

func newStateDoc(s model.State) stateDoc {
	d := stateDoc{Bucket: s.Bucket, Key: s.Key, Workspace: s.Workspace, Deleted: s.Deleted, VersionID: text(s.VersionID),
		LastModified: utc(s.LastModified), Digest: digestUnknown}
	if d.VersionID == nil { // a plain listing does not tell it
		d.VersionID = fact(&d.Unknown, "version_id", s.Facts.VersionID)
	}
	d.Locked = fact(&d.Unknown, "locked", s.Facts.Locked)
	if verdict := fact(&d.Unknown, "digest", s.Facts.Digest); verdict != nil {
		d.Digest = *verdict
	}
	if s.Deleted { // no content
		return d
	}
	d.Size = &s.Size
	h := headerOf(&d.Unknown, s.Facts.Header)
	d.Format, d.Serial, d.Lineage, d.TerraformVersion = h.Format, h.Serial, h.Lineage, h.TerraformVersion
	d.Resources = fact(&d.Unknown, "resources", s.Facts.Resources)
	d.Encryption = encryptionOf(&d.Unknown, s.Facts.Encryption)
	return d
}

type backendDoc struct {
	Name       string            `json:"name"`
	Bucket     string            `json:"bucket"`
	Prefix     string            `json:"prefix"`
	Source     model.Source      `json:"source"`
	Region     *string           `json:"region"`
	Versioning *model.Versioning `json:"versioning"`
	Encryption *encryptionDoc    `json:"encryption"`
	LockTables []string          `json:"lock_tables"`
	LockFiles  *int              `json:"lock_files"`
	States     *int              `json:"states"`
	AtLeast    bool              `json:"at_least"`
	LastWrite  *time.Time        `json:"last_write"`
	Protected  bool              `json:"protected"`
	ReadOnly   bool              `json:"read_only"`
	Unknown    reasons           `json:"unknown,omitempty"`
}

func newBackendDoc(b model.Backend, f model.BackendFacts) backendDoc {
	d := backendDoc{Name: b.Name, Bucket: b.Bucket, Prefix: b.Prefix, Source: b.Source, AtLeast: f.More,
		Protected: b.Policy.Protected, ReadOnly: b.Policy.ReadOnly}
	d.Region = fact(&d.Unknown, "region", f.Region)
	d.Versioning = fact(&d.Unknown, "versioning", f.Versioning)
	d.Encryption = encryptionOf(&d.Unknown, f.Encryption)
	d.LockFiles = fact(&d.Unknown, "lock_files", f.LockFiles)
	d.States = fact(&d.Unknown, "states", f.States)
	if t := fact(&d.Unknown, "last_write", f.LastWrite); t != nil {
		d.LastWrite = utc(*t)
	}
	d.LockTables = list(b.Tables) // those that configuration names are known in any case
	if tables := fact(&d.Unknown, "lock_tables", f.Tables); tables != nil {
		d.LockTables = list(*tables)
	}
	return d
}

type whereDoc struct {
	Account  *string `json:"account"`
	Profile  *string `json:"profile"`
	Role     *string `json:"role"`
	Region   *string `json:"region"`
	Endpoint *string `json:"endpoint"`
	Unknown  reasons `json:"unknown,omitempty"`
}

func newWhereDoc(w model.Where) whereDoc {
	d := whereDoc{Account: text(w.Account), Profile: text(w.Profile), Role: text(w.Role), Region: text(w.Region), Endpoint: text(w.Endpoint)}
	if w.Account == "" {
		d.Unknown = reasons{"account": orElse(w.AccountUnknown, "not asked")}
	}
	return d
}

type resultDoc struct {
	Operation model.Operation    `json:"operation"`
	State     string             `json:"state"`
	Outcome   model.Outcome      `json:"outcome"`
	Message   string             `json:"message"`
	Now       *string            `json:"now"`
	Steps     []model.StepResult `json:"steps"`
	Undo      *model.Undo        `json:"undo"`
	Next      []string           `json:"next"`
	Commands  []string           `json:"commands"`
	JournalID *string            `json:"journal_id"`
	Backup    *string            `json:"backup"`
	Where     whereDoc           `json:"where"`
	Holder    *lockDoc           `json:"holder"`
}

func newResultDoc(r model.Result) resultDoc {
	d := resultDoc{Operation: r.Operation, State: r.State, Outcome: r.Outcome, Message: r.Message, Now: text(r.Now),
		Steps: list(r.Steps), Undo: r.Undo, Next: list(r.Next.Texts()), Commands: list(r.Next.Commands()), JournalID: text(r.JournalID), Backup: text(r.Backup), Where: newWhereDoc(r.Where)}
	if r.Holder != nil {
		holder := newLockDoc(*r.Holder)
		d.Holder = &holder
	}
	return d
}
