package sample

import (
	"net/http"
	"time"

	"github.com/stateward/stateward/aws/emulator"
)

// upkeepAge is when somebody began to look after the fleet.
const upkeepAge = 380 * day

// account closes the whole account to the public.
func (w *writer) account() {
	header := emulator.Scope("us-east-1", "s3")
	header.Set("X-Amz-Account-Id", "123456789012")
	w.add(event{at: w.ago(upkeepAge), method: http.MethodPut, target: "/v20180820/configuration/publicAccessBlock", header: header,
		body: []byte(`<PublicAccessBlockConfiguration xmlns="http://awss3control.amazonaws.com/doc/2018-08-20/"><BlockPublicAcls>true</BlockPublicAcls>` +
			`<IgnorePublicAcls>true</IgnorePublicAcls><BlockPublicPolicy>true</BlockPublicPolicy><RestrictPublicBuckets>true</RestrictPublicBuckets></PublicAccessBlockConfiguration>`)})
}

// upkeep is what a well-kept bucket has beyond the defaults: access logs, a copy
// in another region, and rules that clear away what runs leave behind.
func (w *writer) upkeep(configure func(at time.Time, method, what, document string), b backend) {
	at := w.ago(upkeepAge)
	configure(at, http.MethodPut, "logging", `<BucketLoggingStatus xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><LoggingEnabled><TargetBucket>acme-access-logs</TargetBucket><TargetPrefix>`+
		b.name+`/</TargetPrefix></LoggingEnabled></BucketLoggingStatus>`)
	configure(at, http.MethodPut, "lifecycle", `<LifecycleConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">`+
		`<Rule><ID>history</ID><Status>Enabled</Status><Filter><Prefix></Prefix></Filter><NoncurrentVersionExpiration><NoncurrentDays>365</NoncurrentDays>`+
		`<NewerNoncurrentVersions>50</NewerNoncurrentVersions></NoncurrentVersionExpiration><Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>`+
		`<AbortIncompleteMultipartUpload><DaysAfterInitiation>7</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule></LifecycleConfiguration>`)
	configure(at, http.MethodPut, "replication", `<ReplicationConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Role>arn:aws:iam::123456789012:role/tfstate-replication</Role>`+
		`<Rule><ID>copy</ID><Priority>1</Priority><Status>Enabled</Status><Filter><Prefix></Prefix></Filter><DeleteMarkerReplication><Status>Enabled</Status></DeleteMarkerReplication>`+
		`<SourceSelectionCriteria><SseKmsEncryptedObjects><Status>Enabled</Status></SseKmsEncryptedObjects></SourceSelectionCriteria>`+
		`<Destination><Bucket>arn:aws:s3:::`+b.name+`-copy</Bucket><EncryptionConfiguration><ReplicaKmsKeyID>arn:aws:kms:eu-central-1:123456789012:alias/tfstate-copy</ReplicaKmsKeyID></EncryptionConfiguration></Destination></Rule></ReplicationConfiguration>`)
}
