// Package emulator is S3, DynamoDB, KMS and STS in memory, behind one loopback
// address: the backend of `stateward demo` and of the tests. It accepts any
// credentials, does not check signatures, and can be told to fail in every way
// that AWS and networks fail (OnRequest, Deny).
package emulator
