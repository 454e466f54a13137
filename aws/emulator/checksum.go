package emulator

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"net/http"
	"strings"
	"sync"
)

// nvmePolynomial is CRC-64/NVME's 0xAD93D23594C93659 in the reversed bit order
// that hash/crc64 wants.
const nvmePolynomial = 0x9a6c9329ac4bc9b5

// nvmeTable is made once, when the first body is hashed.
var nvmeTable = sync.OnceValue(func() *crc64.Table { return crc64.MakeTable(nvmePolynomial) })

// algorithm is one of S3's flexible checksums, by its name in the API.
type algorithm string

const (
	checksumSHA256 algorithm = "SHA256"
	checksumSHA1   algorithm = "SHA1"
	checksumCRC32  algorithm = "CRC32"
	checksumCRC32C algorithm = "CRC32C"
	checksumCRC64  algorithm = "CRC64NVME"
)

func checksumAlgorithms() []algorithm {
	return []algorithm{checksumSHA256, checksumSHA1, checksumCRC32, checksumCRC32C, checksumCRC64}
}

func (a algorithm) header() string { return "X-Amz-Checksum-" + strings.ToLower(string(a)) }

// element is the name in XML bodies.
func (a algorithm) element() string { return "Checksum" + string(a) }

func (a algorithm) hash() hash.Hash {
	switch a {
	case checksumSHA1:
		return sha1.New()
	case checksumCRC32:
		return crc32.NewIEEE()
	case checksumCRC32C:
		return crc32.New(crc32.MakeTable(crc32.Castagnoli))
	case checksumCRC64:
		return crc64.New(nvmeTable())
	default:
		return sha256.New()
	}
}

func (a algorithm) sum(b []byte) []byte {
	h := a.hash()
	_, _ = h.Write(b) // a hash never fails
	return h.Sum(nil)
}

// encode is the checksum as S3 writes it: base64 of the big-endian sum.
func (a algorithm) encode(b []byte) string { return base64.StdEncoding.EncodeToString(a.sum(b)) }

func (a algorithm) known() bool {
	for _, k := range checksumAlgorithms() {
		if a == k {
			return true
		}
	}
	return false
}

// checksum is the stored checksum of an object or part.
type checksum struct {
	algorithm algorithm
	value     string // base64, with "-N" when composite
	composite bool   // a checksum of the parts' checksums
}

func (c checksum) kind() string {
	if c.composite {
		return "COMPOSITE"
	}
	return "FULL_OBJECT"
}

// verify checks every digest that the request carries over its body, and
// returns the checksum to store: the one given, else CRC64NVME, which S3
// computes itself since December 2024.
func verify(header http.Header, body []byte) (checksum, error) {
	if err := verifyMD5(header.Get("Content-Md5"), body); err != nil {
		return checksum{}, err
	}
	if err := verifyPayloadHash(header.Get("X-Amz-Content-Sha256"), body); err != nil {
		return checksum{}, err
	}
	for _, a := range checksumAlgorithms() {
		given := header.Get(a.header())
		if given == "" {
			continue
		}
		return verifyChecksum(a, given, body)
	}
	a := algorithm(header.Get("X-Amz-Sdk-Checksum-Algorithm"))
	if !a.known() {
		a = checksumCRC64
	}
	return checksum{algorithm: a, value: a.encode(body)}, nil
}

func verifyChecksum(a algorithm, given string, body []byte) (checksum, error) {
	raw, err := base64.StdEncoding.DecodeString(given)
	if err != nil || len(raw) != a.hash().Size() {
		return checksum{}, fail(http.StatusBadRequest, "InvalidRequest", "Value for %s header is invalid.", strings.ToLower(a.header()))
	}
	if want := a.encode(body); given != want {
		return checksum{}, fail(http.StatusBadRequest, "BadDigest", "The %s you specified did not match the calculated checksum.", a)
	}
	return checksum{algorithm: a, value: given}, nil
}

func verifyMD5(given string, body []byte) error {
	if given == "" {
		return nil
	}
	sum := md5.Sum(body)
	raw, err := base64.StdEncoding.DecodeString(given)
	if err != nil || len(raw) != len(sum) {
		return fail(http.StatusBadRequest, "InvalidDigest", "The Content-MD5 you specified was invalid.")
	}
	if string(raw) != string(sum[:]) {
		return fail(http.StatusBadRequest, "BadDigest", "The Content-MD5 you specified did not match what we received.")
	}
	return nil
}

// verifyPayloadHash checks the SHA-256 that the signature covers; placeholders
// (UNSIGNED-PAYLOAD, STREAMING-...) are not 64 digits and say nothing.
func verifyPayloadHash(given string, body []byte) error {
	if len(given) != 2*sha256.Size {
		return nil
	}
	if sum := sha256.Sum256(body); hex.EncodeToString(sum[:]) != given {
		return fail(http.StatusBadRequest, "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match what was computed.")
	}
	return nil
}

// composite is the checksum S3 gives a multipart object: the checksum of the
// concatenated sums of its parts, and their number.
func composite(a algorithm, parts [][]byte) checksum {
	h := a.hash()
	for _, p := range parts {
		_, _ = h.Write(a.sum(p)) // a hash never fails
	}
	value := base64.StdEncoding.EncodeToString(h.Sum(nil)) + "-" + itoa(len(parts))
	return checksum{algorithm: a, value: value, composite: true}
}

func md5Hex(b []byte) string {
	sum := md5.Sum(b)
	return hex.EncodeToString(sum[:])
}
