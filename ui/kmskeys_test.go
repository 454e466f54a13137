package ui

import (
	"context"
	"iter"
	"strings"
	"time"

	"github.com/stateward/stateward/model"
)

// keysFake is the keys and the encryption of a fake fleet.
type keysFake struct {
	keys      map[string]model.KeyPage         // by bucket
	encrypted map[string]model.StateEncryption // by s3:// address
	keysErr   map[string]error                 // by bucket
}

func (f *fake) Keys(_ context.Context, b model.Backend) iter.Seq2[model.KeyPage, error] {
	f.called("Keys %s", b.Bucket)
	return func(yield func(model.KeyPage, error) bool) {
		if page, ok := f.keys[b.Bucket]; ok && !yield(page, nil) {
			return
		}
		if err := f.keysErr[b.Bucket]; err != nil {
			yield(model.KeyPage{}, err)
		}
	}
}

func (f *fake) StateEncryption(_ context.Context, b model.Backend, key string) iter.Seq2[model.StateEncryption, error] {
	f.called("StateEncryption %s", key)
	return func(yield func(model.StateEncryption, error) bool) { yield(f.encrypted[b.URL(key)], nil) }
}

const sampleARN = "arn:aws:kms:eu-west-1:123456789012:key/"

// kmsKey is a customer's key in good health.
func kmsKey(id, alias string) model.Key {
	return model.Key{ID: id, ARN: sampleARN + id, Region: "eu-west-1", Account: "123456789012", Aliases: model.Known([]string{"alias/" + alias}),
		Manager: model.Known(model.ManagerCustomer), Origin: model.Known("AWS_KMS"), Spec: model.Known("SYMMETRIC_DEFAULT"), Usage: model.Known("ENCRYPT_DECRYPT"),
		MultiRegion: model.Known(false), State: model.Known(model.KeyEnabled), DeletionDate: model.Known(time.Time{}), Policy: model.Unknown[string]("AccessDenied kms:GetKeyPolicy"),
		Rotation: model.KeyRotation{Enabled: model.Known(true), PeriodDays: model.Known(365), Next: model.Known(theTime.AddDate(0, 0, 112)), Last: model.Known(theTime.AddDate(0, 0, -40)),
			History: model.Known([]model.Rotation{{Date: theTime.AddDate(0, 0, -253), Type: model.RotationAutomatic}, {Date: theTime.AddDate(0, 0, -40), Type: model.RotationOnDemand}})}}
}

// sampleKeys is the keys behind the sample fleet: a good one, one behind old
// versions that somebody has scheduled for deletion, one of another account, one
// that does not rotate, and one that cannot.
func (f *fake) sampleKeys() {
	good, old, plain, hmac := kmsKey("1d0e78e8-dcee-4f74-93b5-c20d4e0f533c", "tfstate"), kmsKey("9ce2a0d8-ed44-4fb3-87fb-572b495f10f3", "tfstate-2022"),
		kmsKey("30aa9222-0aaf-4951-b5c6-36159016c778", "tfstate-eu"), kmsKey("7766a5d4-1f2e-4a3b-8c4d-5e6f7a8b9c0d", "locks")
	url := "acme-tfstate-data"
	good.UsedBy = model.KeyUse{Buckets: []string{url, "acme-tfstate-prod"}, Noncurrent: 7, AtLeast: true,
		Tables: []model.TableUse{{Region: "eu-west-1", Table: "acme-locks"}},
		States: []model.StateUse{{Bucket: url, Key: theKey, Current: true, Noncurrent: 5, AtLeast: true}, {Bucket: url, Key: "env:/staging/" + theKey, Current: true, Noncurrent: 2}}}
	old.State, old.DeletionDate = model.Known(model.KeyPendingDeletion), model.Known(theTime.Add(12*24*time.Hour+3*time.Hour))
	old.Rotation = model.KeyRotation{Enabled: model.Known(false), PeriodDays: model.Known(0), Last: model.Known(time.Time{}), Next: model.Known(time.Time{}), History: model.Known([]model.Rotation(nil))}
	old.UsedBy = model.KeyUse{Noncurrent: 2, AtLeast: true, States: []model.StateUse{{Bucket: url, Key: theKey, Noncurrent: 2, AtLeast: true}}}
	plain.Rotation.Enabled, plain.UsedBy = model.Known(false), model.KeyUse{States: []model.StateUse{{Bucket: "acme-tfstate-network", Key: "net/core/terraform.tfstate", Current: true}}}
	hmac.Rotation, hmac.Origin = model.KeyRotation{NotApplicable: "imported material", Enabled: model.Known(false)}, model.Known("EXTERNAL")
	hmac.UsedBy = model.KeyUse{Tables: []model.TableUse{{Region: "eu-west-1", Table: "acme-locks-eu"}}}
	const denied = "AccessDenied kms:DescribeKey"
	foreign := model.Key{ID: "0d4f3c1e-7a55-4f0e-9f63-1f4e6a1b2c3d", ARN: "arn:aws:kms:eu-west-1:999988887777:key/0d4f3c1e-7a55-4f0e-9f63-1f4e6a1b2c3d", Region: "eu-west-1", Account: "999988887777",
		State: model.Unknown[model.KeyState](denied), Manager: model.Unknown[model.KeyManager](denied), Aliases: model.Unknown[[]string]("cross-account"), Policy: model.Unknown[string]("cross-account"),
		Rotation: model.KeyRotation{Enabled: model.Unknown[bool]("AccessDenied kms:GetKeyRotationStatus"), History: model.Unknown[[]model.Rotation]("cross-account")},
		UsedBy:   model.KeyUse{Noncurrent: 1, States: []model.StateUse{{Bucket: "acme-tfstate-payments", Key: "payments/api/terraform.tfstate", Noncurrent: 1}}}}
	f.keys = map[string]model.KeyPage{
		url:                     {Keys: []model.Key{good, old}, Progress: model.KeyProgress{States: 2, Read: 2, Versions: 11, Bounded: 1}},
		"acme-tfstate-network":  {Keys: []model.Key{plain, hmac}, Progress: model.KeyProgress{States: 9, Read: 9, Versions: 9}},
		"acme-tfstate-payments": {Keys: []model.Key{foreign}, Progress: model.KeyProgress{States: 6, Read: 6, Versions: 12}},
	}
	kms := func(k model.Key) model.Fact[model.Encryption] {
		return model.Known(model.Encryption{Algorithm: "aws:kms", KMSKeyID: k.ARN, BucketKey: true})
	}
	at := func(d int) time.Time { return theTime.AddDate(0, 0, -d) }
	f.encrypted = map[string]model.StateEncryption{"s3://acme-tfstate-data/" + theKey: {
		Bucket: kms(good), Keys: map[string]model.Key{good.ARN: good, old.ARN: old}, Client: model.Known[*model.ClientEncryption](nil), Bounded: true,
		LockFile: model.LockFileEncryption{Found: model.Known(true), Encryption: model.Known(model.Encryption{Algorithm: "AES256"})},
		Tables:   []model.LockTableEncryption{{Table: "acme-locks", Encryption: model.Known(model.Encryption{Algorithm: model.AWSOwnedKey})}},
		Versions: []model.VersionEncryption{{VersionID: "9", IsLatest: true, LastModified: at(0), Encryption: model.Known(model.Encryption{Algorithm: "AES256"})},
			{VersionID: "8", LastModified: at(1), Encryption: kms(good)}, {VersionID: "7", LastModified: at(12), Encryption: kms(good)},
			{VersionID: "6", LastModified: at(50), Encryption: kms(old)}, {VersionID: "5", LastModified: at(60), Encryption: kms(old)},
			{VersionID: "4", LastModified: at(61), Encryption: model.Unknown[model.Encryption]("AccessDenied s3:GetObjectVersion")}},
	}}
}

// encryption goes to the encryption of the state that was overwritten.
func (s *session) encryption() *session {
	s.warehouse()
	for range 8 { // tabs
		if strings.Contains(s.screen(), "[encryption") {
			break
		}
		s.press("tab")
	}
	return s
}

// readingKeys is the page of keys before KMS has told of them.
func readingKeys(s *session) string {
	s.manual = true
	s.press("4")
	p, ok := s.app.top().(*kmsKeysPage)
	if !ok {
		return ""
	}
	id := "1d0e78e8-dcee-4f74-93b5-c20d4e0f533c"
	met := model.Key{ID: id, ARN: sampleARN + id, Region: "eu-west-1",
		UsedBy: model.KeyUse{Noncurrent: 200, States: []model.StateUse{{Bucket: "b", Key: "k", Current: true}}}}
	p.gotNews(batch[keyNews]{from: &feed[keyNews]{ctx: s.t.Context()}, values: []keyNews{{backend: "acme-tfstate-data",
		page: model.KeyPage{Keys: []model.Key{met}, Progress: model.KeyProgress{States: 49, Read: 12, Versions: 230}}}}})
	return s.content()
}

// hostileKeys has hostile text wherever a key or an encryption has text.
func (f *fake) hostileKeys(b model.Backend, state string, evil func(string) string) {
	k := model.Key{ID: evil("id"), ARN: evil("arn"), Region: evil("region"), Account: evil("account"), Aliases: model.Known([]string{evil("alias")}),
		Manager: model.Known(model.KeyManager(evil("manager"))), Origin: model.Known(evil("origin")), Spec: model.Known(evil("spec")), Usage: model.Known(evil("usage")), MultiRegion: model.Known(true),
		State: model.Known(model.KeyState(evil("state"))), Policy: model.Known(evil("policy")), Rotation: model.KeyRotation{NotApplicable: evil("why"), Enabled: model.Unknown[bool](evil("r")),
			History: model.Known([]model.Rotation{{Date: theTime, Type: evil("type")}})},
		UsedBy: model.KeyUse{Buckets: []string{evil("bucket")}, Unread: []string{evil("unread")}, Noncurrent: 1, Tables: []model.TableUse{{Table: evil("table")}},
			States: []model.StateUse{{Bucket: evil("bucket"), Key: evil("key"), Current: true}}}}
	doomed := k
	doomed.ARN, doomed.State, doomed.Policy = evil("doomed"), model.Known(model.KeyPendingDeletion), model.Unknown[string](evil("policy"))
	f.keys = map[string]model.KeyPage{b.Bucket: {Keys: []model.Key{k, doomed}, Problems: []string{evil("problem")}, Progress: model.KeyProgress{Bounded: 1}}}
	e := model.Known(model.Encryption{Algorithm: evil("alg"), KMSKeyID: k.ARN})
	other := model.Known(model.Encryption{Algorithm: evil("alg"), KMSKeyID: doomed.ARN})
	f.encrypted = map[string]model.StateEncryption{b.URL(state): {Bucket: e, Keys: map[string]model.Key{k.ARN: k, doomed.ARN: doomed}, Problems: []string{evil("problem")},
		LockFile: model.LockFileEncryption{Found: model.Known(true), Encryption: model.Unknown[model.Encryption](evil("why"))},
		Tables:   []model.LockTableEncryption{{Table: evil("table"), Encryption: other}},
		Versions: []model.VersionEncryption{{IsLatest: true, Encryption: e}, {Encryption: other}, {Encryption: model.Unknown[model.Encryption](evil("why"))}},
		Client:   model.Known(&model.ClientEncryption{Version: evil("version"), KeyProviders: []string{evil("provider")}})}}
}
