package sample

import (
	"crypto/md5"
	"encoding/hex"
	"net/http"
	"time"
)

// backend adds the whole history of a backend.
func (w *writer) backend(c *catalog, b backend, keys map[string]string) {
	w.bucket(b, keys)
	w.table(b)
	for _, f := range b.files {
		w.add(putEvent(w.ago(f.age), b, f.key, f.contentType, []byte(f.text)))
	}
	for _, s := range b.states {
		w.state(c, b, s)
	}
}

// bucket creates the bucket and sets it up.
func (w *writer) bucket(b backend, keys map[string]string) {
	at := w.ago(b.created)
	configure := func(at time.Time, method, what, document string) {
		w.add(s3Event(at, b, method, "", what, []byte(document)))
	}
	configure(at, http.MethodPut, "", locationOf(b.region))
	if b.versioned {
		configure(at, http.MethodPut, "versioning", `<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>`)
	} else {
		configure(at, http.MethodDelete, "publicAccessBlock", "") // buckets of its age have none
	}
	if b.tlsOnly {
		configure(at, http.MethodPut, "policy", tlsPolicy(b.name))
	}
	if b.kept {
		w.upkeep(configure, b)
	}
	switch {
	case b.oldKey != "":
		configure(at, http.MethodPut, "encryption", defaultKey(keys[b.oldKey]))
		configure(w.ago(keySwitch), http.MethodPut, "encryption", defaultKey(keys[b.key]))
	case b.key != "":
		configure(at, http.MethodPut, "encryption", defaultKey(keys[b.key]))
	}
}

// locationOf is the body of CreateBucket, which us-east-1 must not have.
func locationOf(region string) string {
	if region == "us-east-1" {
		return ""
	}
	return `<CreateBucketConfiguration><LocationConstraint>` + region + `</LocationConstraint></CreateBucketConfiguration>`
}

func defaultKey(arn string) string {
	return `<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms</SSEAlgorithm><KMSMasterKeyID>` + arn +
		`</KMSMasterKeyID></ApplyServerSideEncryptionByDefault><BucketKeyEnabled>true</BucketKeyEnabled></Rule></ServerSideEncryptionConfiguration>`
}

func tlsPolicy(bucket string) string {
	return `{"Version":"2012-10-17","Statement":[{"Sid":"TLSOnly","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::` + bucket +
		`","arn:aws:s3:::` + bucket + `/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}`
}

// table creates the backend's lock table unless a backend before it did; the
// first of them is the best kept one.
func (w *writer) table(b backend) {
	if b.table == "" || w.tables[b.table] {
		return
	}
	w.tables[b.table] = true
	const tableAge = 1000 * day // older than every bucket that uses one
	at := w.ago(tableAge)
	w.add(jsonEvent(at, b.region, targetDynamoDB+"CreateTable", fields{
		"TableName": b.table, "BillingMode": "PAY_PER_REQUEST",
		"KeySchema":            []fields{{"AttributeName": "LockID", "KeyType": "HASH"}},
		"AttributeDefinitions": []fields{{"AttributeName": "LockID", "AttributeType": "S"}}, "DeletionProtectionEnabled": b.kept,
	}))
	if b.tlsOnly {
		w.add(jsonEvent(at, b.region, targetDynamoDB+"UpdateContinuousBackups", fields{
			"TableName": b.table, "PointInTimeRecoverySpecification": fields{"PointInTimeRecoveryEnabled": true},
		}))
	}
}

// state adds the versions of a state, the locks they were written under, its
// digest, and the lock that is on it now.
func (w *writer) state(c *catalog, b backend, s state) {
	d := newDocument(c, b, s)
	r := randomFor(b.name, s.key, "runs")
	revisions := s.history(b, d.total)
	var newest []byte
	for i, rev := range revisions {
		d.touch(r, i, rev.count, rev.touched)
		newest = d.version(rev)
		w.add(w.stateEvent(w.ago(rev.age), b, s, newest))
		if s.held == nil || rev.age > s.held.age {
			w.runs(b, s, rev, r)
		}
	}
	last := w.ago(revisions[len(revisions)-1].age)
	switch {
	case s.deleted > 0:
		w.add(deleteEvent(w.ago(s.deleted), b, s.key)) // "workspace delete" takes the digest away as well
	case b.table != "":
		w.add(rowEvent(last, b, b.digestID(s.key), "Digest", md5Hex(newest)))
	}
	w.hold(b, s)
}

// stateEvent writes a version of a state, under the key that its backend block names.
func (w *writer) stateEvent(at time.Time, b backend, s state, body []byte) event {
	e := putEvent(at, b, s.key, "application/json", body)
	if s.kmsKey != "" {
		e.header.Set("X-Amz-Server-Side-Encryption", "aws:kms")
		e.header.Set("X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id", w.arns[s.kmsKey])
	}
	return e
}

// runs leaves the traces of the run that wrote the revision, and now and then
// those of a plan before it, which wrote nothing.
func (w *writer) runs(b backend, s state, rev revision, r *random) {
	id, planID := uuid(r), uuid(r)
	if !s.tool.lockFiles(rev.age) || !b.lockfile && !s.files {
		return
	}
	version, path := s.tool.version(rev.age), b.lockID(s.key)
	const planned, planning = 11 * time.Minute, 40 * time.Second // ago, and for how long
	if start := w.ago(rev.age + rev.took + planned); rev.serial%3 == 0 && rev.operation == opApply {
		w.lockedRun(b, s.key, lockText(planID, opPlan, rev.who, version, start, path), start, start.Add(planning))
	}
	start, end := w.ago(rev.age+rev.took), w.ago(rev.age).Add(time.Second)
	w.lockedRun(b, s.key, lockText(id, rev.operation, rev.who, version, start, path), start, end)
}

func md5Hex(body []byte) string {
	sum := md5.Sum(body)
	return hex.EncodeToString(sum[:])
}
