package emulator

import (
	"crypto/md5"
	"encoding/base64"
	"net/http"
	"strings"
)

// Server-side encryption algorithms as they stand in headers.
const (
	sseAES256 = "AES256"
	sseKMS    = "aws:kms"
	sseDSSE   = "aws:kms:dsse"
)

const (
	headerSSE          = "X-Amz-Server-Side-Encryption"
	headerSSEKey       = "X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id"
	headerSSEBucketKey = "X-Amz-Server-Side-Encryption-Bucket-Key-Enabled"
	headerSSEC         = "X-Amz-Server-Side-Encryption-Customer-"
	headerCopySSEC     = "X-Amz-Copy-Source-Server-Side-Encryption-Customer-"
)

// encryption is how a version, or by default a bucket's new versions, are
// encrypted.
type encryption struct {
	algorithm   string // "AES256", "aws:kms", "aws:kms:dsse"; "" with a customer's key
	key         string // KMS: a version's key ARN; a bucket's key as it was put
	bucketKey   bool
	customerMD5 string // SSE-C: base64 MD5 of the key, which is all S3 keeps
}

func (e encryption) kms() bool { return strings.HasPrefix(e.algorithm, sseKMS) }

// plainETag reports whether the ETag is the MD5 of the body, as S3 documents
// for plaintext and SSE-S3 only.
func (e encryption) plainETag() bool { return e.algorithm == sseAES256 }

func (e encryption) describe(resp *response) {
	resp.set(headerSSE, e.algorithm).set(headerSSEKey, e.key)
	if e.bucketKey {
		resp.set(headerSSEBucketKey, "true")
	}
	if e.customerMD5 != "" {
		resp.set(headerSSEC+"Algorithm", sseAES256).set(headerSSEC+"Key-Md5", e.customerMD5)
	}
}

// encryptionFor decides how a new version is encrypted: as its headers say,
// else as the bucket's default says. KMS must be able to use the key.
func (s *s3Store) encryptionFor(b *bucket, c *call) (encryption, error) {
	customer, err := customerKey(c, headerSSEC)
	if err != nil {
		return encryption{}, err
	}
	algorithm := c.header(headerSSE)
	if customer != "" {
		if algorithm != "" {
			return encryption{}, invalidArgument("Server Side Encryption with Customer provided key is incompatible with the encryption method specified")
		}
		return encryption{customerMD5: customer}, nil
	}
	e := b.encryption
	switch algorithm {
	case "":
	case sseAES256:
		e = encryption{algorithm: sseAES256}
	case sseKMS, sseDSSE:
		e = encryption{algorithm: algorithm, key: c.header(headerSSEKey), bucketKey: b.encryption.bucketKey}
	default:
		return encryption{}, invalidArgument("The encryption method specified is not supported").field("ArgumentName", "x-amz-server-side-encryption").field("ArgumentValue", algorithm)
	}
	return s.withKMSKey(b, c, e)
}

// withKMSKey replaces the key's id or alias by its ARN, as S3 does.
func (s *s3Store) withKMSKey(b *bucket, c *call, e encryption) (encryption, error) {
	if !e.kms() {
		return e, nil
	}
	if v := c.header(headerSSEBucketKey); v != "" {
		e.bucketKey = strings.EqualFold(v, "true")
	}
	e.bucketKey = e.bucketKey && e.algorithm == sseKMS // DSSE has no bucket keys
	if e.key == "" {
		e.key = "alias/aws/s3"
	}
	arn, err := s.keys.usableBy(b.region, e.key, c.Time)
	if err != nil {
		return e, err
	}
	e.key = arn
	return e, s.mayUseKey(c, "kms:GenerateDataKey", arn)
}

func (s *s3Store) mayUseKey(c *call, action, arn string) error {
	if c.trusted || !s.denied.has(action, arn) {
		return nil
	}
	return accessDenied(s.opts, serviceS3, permission{action, arn})
}

// customerKey returns the MD5 of the SSE-C key in the headers, "" without one.
func customerKey(c *call, prefix string) (string, error) {
	encoded, sum := c.header(prefix+"Key"), c.header(prefix+"Key-Md5")
	algorithm := c.header(prefix + "Algorithm")
	if encoded == "" && sum == "" && algorithm == "" {
		return "", nil
	}
	if algorithm != sseAES256 {
		return "", fail(http.StatusBadRequest, "InvalidEncryptionAlgorithmError", "The encryption request you specified is not valid. The valid value is AES256.")
	}
	key, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || len(key) != 32 {
		return "", invalidArgument("The secret key was invalid for the specified algorithm.")
	}
	actual := md5.Sum(key)
	if got := base64.StdEncoding.EncodeToString(actual[:]); got != sum {
		return "", invalidArgument("The calculated MD5 hash of the key did not match the hash that was provided.")
	}
	return sum, nil
}

// mayRead refuses to decrypt v without the right customer key, and, when its
// bytes are wanted, without a usable KMS key. Headers alone need no KMS.
func (s *s3Store) mayRead(b *bucket, c *call, v *version, prefix string, bytes bool) error {
	given, err := customerKey(c, prefix)
	if err != nil {
		return err
	}
	switch want := v.sse.customerMD5; {
	case want == "" && given != "":
		return fail(http.StatusBadRequest, "InvalidRequest", "The encryption parameters are not applicable to this object.")
	case want != "" && given == "":
		return fail(http.StatusBadRequest, "InvalidRequest", "The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.")
	case want != given:
		return fail(http.StatusForbidden, "AccessDenied", "Access Denied")
	}
	if !bytes || !v.sse.kms() {
		return nil
	}
	if _, err := s.keys.usableBy(b.region, v.sse.key, c.Time); err != nil {
		return err
	}
	return s.mayUseKey(c, "kms:Decrypt", v.sse.key)
}
