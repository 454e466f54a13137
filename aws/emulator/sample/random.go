package sample

import (
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strings"
)

// random is a repeatable source. Every state has its own, so that one state
// more or less leaves all others as they are.
type random struct{ *rand.Rand }

func randomFor(names ...string) *random {
	h := fnv.New64a()
	_, _ = h.Write([]byte(strings.Join(names, "\x00"))) // a hash never fails
	return &random{rand.New(rand.NewPCG(h.Sum64(), 1))}
}

func (r *random) pick(from ...string) string { return from[r.IntN(len(from))] }

func uuid(r *random) string {
	hi, lo := r.Uint64(), r.Uint64()
	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", hi>>32, hi>>16&0xffff, hi&0xffff, lo>>48, lo&0xffffffffffff)
}

// hash is 16 hex digits that belong to the names.
func hash(names ...string) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(strings.Join(names, "\x00"))) // a hash never fails
	return hex.EncodeToString(h.Sum(nil))
}
