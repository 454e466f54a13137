// Package emulator is S3, DynamoDB, KMS and STS in memory, behind one loopback
// address: the backend of `stateward demo` and of the tests. It imports only
// the standard library, accepts any credentials, checks no signatures, and can
// be told to fail in every way that AWS and networks fail (OnRequest, Deny).
//
// It is as strict as AWS where stateward or Terraform could notice: conditional
// writes are atomic, versions have AWS's order and null ids, keys have states,
// checksums are verified, IAM actions are those IAM checks, tables and keys
// belong to the region in the credential scope, and a new bucket has the
// settings of April 2023 (public access blocked, ACLs off, SSE-S3).
//
// # How far to trust it
//
// TestConformance runs one table of cases against the emulator and, where
// moto_server is installed, against moto. What moto cannot witness stands in
// TestOnlyHere with the reason. These behaviours are therefore our reading of
// AWS's documentation and nothing more:
//
//   - S3 versions: versions and delete markers interleaved, newest first; a
//     listing resumed behind a version that was deleted since; 404 with
//     x-amz-delete-marker under a marker, 405 with headers on a marker itself;
//     null versions and null markers under suspended versioning; MFA delete.
//   - S3 conditions: DELETE with If-Match "*" (412 under a marker, 404 without
//     any version); exactly one winner of concurrent conditional writes.
//   - S3 encryption: SSE-C enforced on reads; keys normalised to ARNs;
//     KMS.DisabledException, KMS.KMSInvalidStateException and
//     KMS.NotFoundException from S3; ETags that are no MD5 under KMS; AES256 as
//     the encryption of every bucket.
//   - S3 checksums: mismatches refused; CRC64NVME.
//   - S3 settings: the defaults of new buckets, BucketOwnerEnforced refusing
//     ACLs, IsPublic of a policy (by the keys that "The meaning of public" lists),
//     NewerNoncurrentVersions, Object Lock retention, paged ListBuckets with
//     regions, 301 for another region's bucket (EnforceRegion).
//   - KMS: refusals of disabled keys, deletion when the waiting period ends,
//     imported material, the manager of alias/aws/s3, rotation periods, dates
//     and history, on-demand rotation, and no rotation reported while a
//     deletion is pending.
//   - DynamoDB: ValidationException for malformed expressions, idempotent
//     transaction tokens.
//   - S3 Control: that an account without a public access block answers
//     NoSuchPublicAccessBlockConfiguration, and another account's is denied.
//   - IAM: everything about Deny.
//
// # What it does not do
//
// Bucket policies, lifecycle rules, replication and TTL are stored and never
// acted on. There are no secondary indexes, streams, PartiQL, grants or
// presigned-URL expiry. DynamoDB's list of reserved words is not enforced, and
// tables are active as soon as they are created. Everything else answers
// 501 NotImplemented.
package emulator
