package ui

import (
	"context"
	"time"

	"github.com/stateward/stateward/model"
)

// Health is that of the sample's backends: one good, one with much to mend, one
// that cannot be read, and others between.
func (f *fake) Health(_ context.Context, b model.Backend) model.HealthFacts {
	f.called("Health %s", b.Bucket)
	if facts, ok := f.health[b.Bucket]; ok {
		return facts
	}
	h := goodHealth(b)
	denied := "AccessDenied s3:GetBucketPolicy"
	switch b.Bucket {
	case "acme-tfstate-payments":
		h.Bucket.Logging = model.Known(model.BucketLogging{})
	case "acme-tfstate-network":
		h.Bucket.Policy, h.Bucket.PolicyPublic = model.Unknown[string](denied), model.Unknown[bool](denied)
		h.Bucket.Versioning = model.Known(model.VersioningSuspended)
	case "acme-tfstate-data":
		h.States.Items[0].Anomalies = model.Known([]string{"shrank from 148 kB to 2.1 kB on 2026-11-21 19:05 UTC"})
	case "acme-legacy-state":
		h.Bucket.Versioning = model.Known(model.VersioningNever)
		h.Bucket.PublicAccess = model.Known(model.PublicAccessBlock{})
		h.Bucket.Policy = model.Known("")
		h.Bucket.Encryption = model.Known(model.Encryption{Algorithm: "none"})
		h.Mechanisms = model.GatheredOf[model.MechanismUse](nil)
	}
	return h
}

// goodHealth is a backend of which nothing is to be said.
func goodHealth(b model.Backend) model.HealthFacts {
	all := model.PublicAccessBlock{BlockPublicACLs: true, IgnorePublicACLs: true, BlockPublicPolicy: true, RestrictPublicBuckets: true}
	serial, lineage, version := uint64(57), "9d2f61aa-0b2c-4c1e-8a3f-7be1d3a9c0c1", "1.11.4"
	kms := model.Encryption{Algorithm: "aws:kms", KMSKeyID: "alias/tfstate", BucketKey: true}
	policy := `{"Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::` + b.Bucket + `","arn:aws:s3:::` + b.Bucket +
		`/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}`
	return model.HealthFacts{
		Backend: b, At: theTime, Region: model.Known("eu-west-1"), Account: model.Known("123456789012"), Owner: model.Known("123456789012"),
		Bucket: model.BucketHealth{
			Versioning: model.Known(model.VersioningEnabled), MFADelete: model.Known(true), PublicAccess: model.Known(all), AccountPublicAccess: model.Known(all),
			PolicyPublic: model.Known(false), Policy: model.Known(policy), ACL: model.Known(model.BucketACL{Owner: "o"}), Ownership: model.Known("BucketOwnerEnforced"),
			Encryption: model.Known(kms), Logging: model.Known(model.BucketLogging{Bucket: "acme-access-logs"}),
			Lifecycle: model.Known([]model.LifecycleRule{{ID: "history", Enabled: true, NoncurrentDays: 365, NewerNoncurrent: 50, AbortDays: 7, DeleteMarkers: true}}),
			Uploads:   model.Known(model.OpenUploads{}), ObjectLock: model.Known(model.ObjectLock{}),
			Replication: model.Known([]model.Replication{{Enabled: true, KMS: true, Bucket: "arn:aws:s3:::acme-copy"}}),
		},
		Leftovers: model.Known(model.LockFileLeftovers{}), ConditionalWrites: model.Known(model.Conditions{Honoured: true}),
		Tables: model.GatheredOf([]model.TableHealth(nil)), Locks: model.GatheredOf([]model.Lock(nil)), Digests: model.GatheredOf([]model.DigestHealth(nil)),
		States: model.GatheredOf([]model.StateHealth{{Key: "app/terraform.tfstate", Workspace: "default", Encryption: model.Known(kms),
			Header:   model.Known(model.StateHeader{Format: model.FormatV4, Version: 4, Serial: &serial, Lineage: &lineage, TerraformVersion: &version}),
			LockFile: model.Known(model.LockFileHealth{}), Parse: model.Known(""), Anomalies: model.Known([]string(nil)), Loss: model.Known(model.Loss{})}}),
		Mechanisms: model.GatheredOf([]model.MechanismUse{{Mechanism: model.MechanismLockfile, Why: []string{"configured"}}}),
		Keys: map[string]model.Key{"alias/tfstate": {ID: "alias/tfstate", Manager: model.Known(model.ManagerCustomer), State: model.Known(model.KeyEnabled), DeletionDate: model.Known(time.Time{}),
			Aliases: model.Known([]string{"alias/tfstate"}), Spec: model.Known("SYMMETRIC_DEFAULT"), Origin: model.Known("AWS_KMS"),
			Rotation: model.KeyRotation{Enabled: model.Known(true), PeriodDays: model.Known(365), Next: model.Known(theTime.Add(112 * 24 * time.Hour))},
			Policy:   model.Known(`{"Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"kms:*","Resource":"*"}]}`)}},
	}
}

// hostileHealth has hostile text in whatever findings quote.
func hostileHealth(b model.Backend, evil func(string) string) model.HealthFacts {
	h := goodHealth(b)
	h.Bucket.Policy = model.Unknown[string](evil("reason"))
	h.Bucket.Logging = model.Known(model.BucketLogging{Bucket: b.Bucket, Prefix: evil("prefix")})
	h.Bucket.Lifecycle = model.Known([]model.LifecycleRule{{ID: evil("rule"), Enabled: true, Prefix: evil("prefix"), ExpireDays: 1, NoncurrentDays: 1}})
	h.States.Items[0].Key, h.States.Items[0].Parse = evil("key"), model.Known(evil("parse"))
	h.States.Items[0].Anomalies = model.Known([]string{evil("anomaly")})
	h.Tables = model.GatheredOf([]model.TableHealth{{Name: evil("table"), Status: model.Known(evil("status")), Schema: model.Known([]model.TableKey{{Name: evil("key")}})}}, evil("unread"))
	h.Locks = model.GatheredOf([]model.Lock{{Bucket: b.Bucket, Key: evil("key"), Malformed: evil("malformed"), Orphan: model.Known(true)}})
	h.Digests = model.GatheredOf([]model.DigestHealth{{Table: evil("table"), Key: evil("key"), Stored: evil("stored"), Verdict: model.Known(model.DigestMismatch)}})
	return h
}
