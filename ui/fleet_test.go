package ui

import (
	"fmt"
	"time"

	"github.com/stateward/stateward/model"
)

func ptr[T any](v T) *T { return &v }

// sampleFleet is a small company's backends at a bad moment.
func sampleFleet() *fake {
	f := &fake{
		who:      model.Identity{Account: "123456789012", Profile: "oncall", Region: "eu-west-1"},
		facts:    map[string]model.BackendFacts{},
		states:   map[string][]model.State{},
		problem:  map[string][]string{},
		read:     map[string]model.StateFacts{},
		versions: map[string][]model.Version{},
		locks:    map[string][]model.Lock{},
		blind:    map[string][]string{},
		tables:   map[string][]model.TableEvidence{},
		written:  map[string]model.CurrentObject{},
		bodies:   sampleBodies(),
	}
	for _, b := range []model.Backend{
		{Name: "acme-tfstate-prod", Source: model.SourceConfig, Region: "us-east-1", Tables: []string{"acme-locks"}},
		{Name: "acme-tfstate-payments", Source: model.SourceWorkdir, Region: "eu-west-1", Tables: []string{"acme-locks"}},
		{Name: "acme-tfstate-network", Source: model.SourceAccount, Region: "eu-west-1"},
		{Name: "acme-tfstate-data", Source: model.SourceAccount, Region: "eu-west-1"},
		{Name: "acme-legacy-state", Source: model.SourceAccount, Region: "eu-central-1"},
	} {
		b.Bucket = b.Name
		f.backends = append(f.backends, b)
	}
	f.sampleFacts()
	f.sampleStates()
	f.sampleLocks()
	f.sampleVersions()
	f.sampleDigest()
	f.sampleKeys()
	f.samplePast()
	return f
}

func (f *fake) sampleFacts() {
	kms := model.Encryption{Algorithm: "aws:kms", KMSKeyID: "alias/tfstate"}
	add := func(bucket string, states int, last time.Duration, enc model.Encryption, v model.Versioning, tables ...string) {
		f.facts[bucket] = model.BackendFacts{
			Region: model.Known("eu-west-1"), Versioning: model.Known(v), Encryption: model.Known(enc),
			Tables: model.Known(tables), States: model.Known(states), LastWrite: model.Known(theTime.Add(-last)),
		}
	}
	add("acme-tfstate-prod", 18, 4*time.Minute, kms, model.VersioningEnabled, "acme-locks")
	add("acme-tfstate-payments", 12, 3*time.Hour, kms, model.VersioningEnabled, "acme-locks")
	add("acme-tfstate-network", 9, 3*time.Second, model.Encryption{Algorithm: "AES256"}, model.VersioningSuspended)
	add("acme-legacy-state", 3, 41*24*time.Hour, model.Encryption{Algorithm: "none"}, model.VersioningNever)
	f.facts["acme-tfstate-data"] = model.BackendFacts{
		Region: model.Known("eu-west-1"), States: model.Known(6), More: true, LastWrite: model.Known(theTime.Add(-26 * time.Minute)),
		Versioning: model.Unknown[model.Versioning]("AccessDenied s3:GetBucketVersioning"),
		Encryption: model.Known(kms), Tables: model.Unknown[[]string]("AccessDenied dynamodb:ListTables"),
	}
}

func header(serial uint64) model.Fact[model.StateHeader] {
	return model.Known(model.StateHeader{Format: model.FormatV4, Version: 4, Serial: ptr(serial),
		TerraformVersion: ptr("1.11.4"), Lineage: ptr("9d2f61aa-0b2c-4c1e-8a3f-7be1d3a9c0c1")})
}

func (f *fake) sampleStates() {
	bucket := "acme-tfstate-payments"
	keys := []string{
		"payments/api/terraform.tfstate", "payments/batch/terraform.tfstate", "payments/ledger/terraform.tfstate",
		"payments/platform/observability/dashboards-and-alerts/terraform.tfstate", "env:/staging/payments/api/terraform.tfstate",
	}
	for i, key := range keys {
		s := model.State{Bucket: bucket, Key: key, Workspace: "default", VersionID: fmt.Sprintf("ver%02d", i), ETag: "e",
			LastModified: theTime.Add(-time.Duration(i*i+1) * 3 * time.Hour), Size: int64(2100 * (i*40 + 1))}
		f.states[bucket] = append(f.states[bucket], s)
		f.read["s3://"+bucket+"/"+key] = model.StateFacts{
			VersionID: model.Known(s.VersionID), Header: header(uint64(57 - i)), Resources: model.Known(61 * (i + 1)),
			Encryption: model.Known(model.Encryption{Algorithm: "aws:kms", KMSKeyID: "alias/tfstate"}),
			Locked:     model.Known(i == 0), Digest: model.Known(model.DigestMatch),
		}
	}
	staging := "s3://" + bucket + "/" + keys[4]
	f.states[bucket][4].Workspace = "staging"
	facts := f.read[staging]
	facts.Digest = model.Known(model.DigestMismatch)
	facts.Header = model.Unknown[model.StateHeader]("AccessDenied s3:GetObject")
	facts.Resources = model.Unknown[int]("AccessDenied s3:GetObject")
	f.read[staging] = facts
	f.states[bucket] = append(f.states[bucket], model.State{Bucket: bucket, Key: "payments/retired/terraform.tfstate",
		Workspace: "default", Deleted: true, LastModified: theTime.Add(-50 * 24 * time.Hour)})
	f.states["acme-tfstate-data"] = []model.State{{Bucket: "acme-tfstate-data", Key: "warehouse/terraform.tfstate",
		Workspace: "default", VersionID: "9fK2mPq7TzWcR1sX", LastModified: theTime.Add(-26 * time.Minute), Size: 2100, ETag: "e"}}
	f.read["s3://acme-tfstate-data/warehouse/terraform.tfstate"] = model.StateFacts{Header: header(57), Resources: model.Known(3),
		Locked: model.Known(false), Encryption: model.Known(model.Encryption{Algorithm: "aws:kms"}), Digest: model.Known(model.DigestMatch)}
}

func lockOf(bucket, key string, m model.Mechanism, who, op, id string, held time.Duration) model.Lock {
	l := model.Lock{Bucket: bucket, Key: key, Workspace: "default", Mechanism: m, ReadAt: theTime,
		Info: model.LockInfo{ID: id, Operation: op, Who: who, Version: "1.11.4", Created: theTime.Add(-held)},
		Raw:  []byte(who + id), LastModified: theTime.Add(-held)}
	if m == model.MechanismDynamoDB {
		l.Table = "acme-locks"
	}
	return l
}

// pastApplies are n locks of applies that were given back, each after so long.
func pastApplies(n int, held time.Duration) model.LockRuns {
	var runs model.LockRuns
	for i := range n {
		taken := theTime.Add(-time.Duration(i+1) * 24 * time.Hour)
		runs.Runs = append(runs.Runs, model.LockRun{VersionID: fmt.Sprint(i), Taken: taken, Released: taken.Add(held),
			Info: model.Known(model.LockInfo{ID: fmt.Sprint("past ", i), Operation: "OperationTypeApply", Who: "ci@runner-03"})})
	}
	return runs
}

func (f *fake) sampleLocks() {
	stale := lockOf("acme-tfstate-payments", "payments/api/terraform.tfstate", model.MechanismDynamoDB, "ci@runner-17",
		"OperationTypeApply", "71d89b36-316e-9845-07df-19d02b854eb1", 7*time.Hour+7*time.Minute)
	stale.LastWrite = model.Known(theTime.Add(-9 * time.Hour))
	stale.Verdict, stale.Evidence = model.AssessLock(stale, model.LockContext{LastWrite: stale.LastWrite, Runs: model.Known(pastApplies(8, 19*time.Minute))})
	f.locks["acme-tfstate-payments"] = []model.Lock{stale}

	core := "net/core/terraform.tfstate"
	id := "0c1f3a52-77b1-4a9e-bb5e-2c61b0d5a9aa"
	for _, m := range []model.Mechanism{model.MechanismLockfile, model.MechanismDynamoDB} {
		l := lockOf("acme-tfstate-network", core, m, "erin@mbp", "OperationTypeApply", id, 2*time.Minute)
		l.LastWrite = model.Known(theTime.Add(-time.Minute))
		l.Verdict, l.Evidence = model.AssessLock(l, model.LockContext{LastWrite: l.LastWrite, Runs: model.Known(model.LockRuns{})})
		f.locks["acme-tfstate-network"] = append(f.locks["acme-tfstate-network"], l)
	}
	edge := model.Lock{Bucket: "acme-tfstate-network", Key: "net/edge/terraform.tfstate", Workspace: "default",
		Mechanism: model.MechanismLockfile, Raw: []byte("<html>"), Malformed: "not JSON", ReadAt: theTime,
		LastModified: theTime.Add(-6 * 24 * time.Hour)}
	edge.Verdict, edge.Evidence = model.AssessLock(edge, model.LockContext{})
	f.locks["acme-tfstate-network"] = append(f.locks["acme-tfstate-network"], edge)
	f.blind["acme-tfstate-data"] = []string{"AccessDenied dynamodb:Scan on acme-locks"}
}

func (f *fake) sampleVersions() {
	url := "s3://acme-tfstate-data/warehouse/terraform.tfstate"
	resources := []int{3, 61, 60, 60, 61, 58, 0, 57, 55}
	ages := []time.Duration{26 * time.Minute, 2 * time.Hour, 5 * time.Hour, 24 * time.Hour, 50 * time.Hour, 80 * time.Hour, 100 * time.Hour, 200 * time.Hour, 400 * time.Hour}
	ids := []string{"9fK2mPq7TzWcR1sX", "3HL4kqtJvjVBH40N", "TqZ81xWvNmC2rY7p", "bV5nQe0LkJd4uS6a", "Xw3oGh9RfTy1iP2z", "Mm7cDs8EaQv5tB0n", "aLp2KjHy6UgTfR4e", "Zx9vCn3BmQw1oEr5", "dFg7HjKl2MnBvC8x"}
	for i, n := range resources {
		v := model.Version{VersionID: ids[i], IsLatest: i == 0, LastModified: theTime.Add(-ages[i]), Size: int64(2400*n + 700),
			Facts: model.VersionFacts{Header: header(uint64(57 - i)), Resources: model.Known(n), Prints: model.Known(prints(n)),
				Encryption: model.Known(model.Encryption{Algorithm: "aws:kms", KMSKeyID: "alias/tfstate"})}}
		if n == 0 {
			v = model.Version{VersionID: ids[i], DeleteMarker: true, LastModified: v.LastModified}
		}
		f.versions[url] = append(f.versions[url], v)
	}
	f.versions[url][4].Facts.Encryption = model.Unknown[model.Encryption]("AccessDenied s3:GetObjectVersion")
	f.versions[url][4].Facts.Resources = model.Unknown[int]("AccessDenied s3:GetObjectVersion")
	f.versions[url][4].Facts.Prints = model.Fact[model.Prints]{}
	f.versions[url][5].Restorable = model.Known(false)
	f.versions[url][5].WhyNot = "its KMS key is pending deletion"
}
