package emulator

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"io"
	mathrand "math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// clock is the server's replaceable source of time.
type clock struct {
	now atomic.Pointer[func() time.Time]
}

func (c *clock) set(now func() time.Time) { c.now.Store(&now) }

func (c *clock) read() time.Time { return (*c.now.Load())().UTC() }

// idSource makes the opaque identifiers AWS makes: random, or repeatable when
// seeded so that golden files can show them.
type idSource struct {
	mu  sync.Mutex
	src io.Reader
}

func newIDSource(seed uint64) *idSource {
	if seed == 0 {
		return &idSource{src: rand.Reader}
	}
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	return &idSource{src: mathrand.NewChaCha8(key)}
}

func (s *idSource) bytes(n int) []byte {
	b := make([]byte, n)
	s.mu.Lock()
	defer s.mu.Unlock()
	// Neither source can fail: crypto/rand ends the program itself, ChaCha8 has no error.
	_, _ = io.ReadFull(s.src, b)
	return b
}

func (s *idSource) pick(alphabet string, n int) string {
	b := s.bytes(n)
	for i, v := range b {
		b[i] = alphabet[int(v)%len(alphabet)]
	}
	return string(b)
}

const versionAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._"

// versionID has the shape of S3's version ids: 32 opaque characters.
func (s *idSource) versionID() string { return s.pick(versionAlphabet, 32) }

// requestID has the shape of S3's request ids.
func (s *idSource) requestID() string { return s.pick("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", 16) }

// hex is 2n hexadecimal digits.
func (s *idSource) hex(n int) string { return hex.EncodeToString(s.bytes(n)) }

// uuid has the shape of KMS key ids.
func (s *idSource) uuid() string {
	h := s.hex(16)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// wellFormedVersionID tells ids AWS would look up (404 when absent) from those
// it refuses as malformed (400).
func wellFormedVersionID(id string) bool {
	if id == nullVersion {
		return true
	}
	if len(id) != 32 {
		return false
	}
	for i := range len(id) {
		c := id[i]
		ok := c == '.' || c == '_' || c-'0' < 10 || c|0x20-'a' < 26
		if !ok {
			return false
		}
	}
	return true
}
