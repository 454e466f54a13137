package model

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Hidden is what stands in place of a secret. It tells neither how long the
// secret is nor whether two are the same.
const Hidden = "(sensitive)"

// shortestSecret is how many characters a string has at least that is hidden
// wherever it appears: shorter ones are too common in other words.
const shortestSecret = 6

// keyBytes is how many bytes of a secret find it again; a secret has as many.
const keyBytes = 6

// Secrets is the set of strings that loaded versions of one state mark as
// sensitive. They are hidden wherever they appear: terraform_data, for one,
// marks only its input, and its output repeats the secret in clear.
//
// It keeps a hash of each, not the text. Any number of goroutines may ask a set,
// but not while another one teaches it: Clone it then. A nil set knows none.
type Secrets struct {
	seen    filter              // of first bytes
	lengths map[uint64][]uint32 // by first bytes: how long the secrets are, longest first
	known   map[uint64]struct{} // hashes
	longest int                 // in bytes
}

// NewSecrets is a set that knows none.
func NewSecrets() *Secrets {
	return &Secrets{lengths: map[uint64][]uint32{}, known: map[uint64]struct{}{}}
}

// Len is how many spellings of secrets are known.
func (s *Secrets) Len() int {
	if s == nil {
		return 0
	}
	return len(s.known)
}

// Clone is a set of the same secrets that can be taught more.
func (s *Secrets) Clone() *Secrets {
	c := NewSecrets()
	if s != nil {
		c.merge(s)
	}
	return c
}

// merge adds the secrets of another set.
func (s *Secrets) merge(other *Secrets) {
	for hash := range other.known {
		s.known[hash] = struct{}{}
	}
	for key, lengths := range other.lengths {
		for _, n := range lengths {
			s.addLength(key, n)
		}
	}
}

// Add adds the secrets that another set knows, which may be nil.
func (s *Secrets) Add(other *Secrets) {
	if other != nil {
		s.merge(other)
	}
}

// With is a set of the secrets of both, one of the two where that has all: sets
// that somebody reads are never changed.
func (s *Secrets) With(other *Secrets) *Secrets {
	switch {
	case s != nil && s.has(other):
		return s
	case other.has(s):
		return other
	}
	all := s.Clone()
	all.Add(other)
	return all
}

// has reports whether all secrets of another set are known.
func (s *Secrets) has(other *Secrets) bool {
	if s == other || other.Len() == 0 {
		return true
	}
	if s.Len() < other.Len() {
		return false
	}
	for hash := range other.known {
		if _, ok := s.known[hash]; !ok {
			return false
		}
	}
	return true
}

// Hides reports whether text holds a secret.
func (s *Secrets) Hides(text string) bool { return hides(s, text) }

func hides[T string | []byte](s *Secrets, text T) bool {
	for range matches(s, text) {
		return true
	}
	return false
}

// Mask is text with every secret in it replaced by Hidden. Secrets that overlap
// or touch are replaced together.
func (s *Secrets) Mask(text string) string {
	var b strings.Builder
	done := 0
	for start, end := range matches(s, text) {
		b.WriteString(text[done:start])
		b.WriteString(Hidden)
		done = end
	}
	if done == 0 {
		return text
	}
	b.WriteString(text[done:])
	return b.String()
}

// matches yields where secrets stand in text: the longest ranges that they
// cover without a gap, in order.
func matches[T string | []byte](s *Secrets, text T) func(func(start, end int) bool) {
	return func(yield func(start, end int) bool) {
		if s == nil || len(s.known) == 0 {
			return
		}
		if len(text) < keyBytes {
			return
		}
		start, end := -1, -1 // what is covered and not yielded yet
		key := keyAt(text, 0) << 8
		for i := 0; i+keyBytes <= len(text); i++ {
			key = key>>8 | uint64(text[i+keyBytes-1])<<40
			if !s.seen.has(key) {
				continue
			}
			n := longestAt(s, text, i, key)
			if n == 0 {
				continue
			}
			if i > end {
				if start >= 0 && !yield(start, end) {
					return
				}
				start = i
			}
			end = max(end, i+n)
		}
		if start >= 0 {
			yield(start, end)
		}
	}
}

// longestAt is the length of the longest secret that begins at i; 0 for none.
func longestAt[T string | []byte](s *Secrets, text T, i int, key uint64) int {
	for _, n := range s.lengths[key] {
		if i+int(n) > len(text) {
			continue
		}
		if _, ok := s.known[hashOf(text[i:i+int(n)])]; ok {
			return int(n)
		}
	}
	return 0
}

// hidesAll reports whether all of a text is a secret, or made of nothing else.
func hidesAll[T string | []byte](s *Secrets, text T) bool {
	for start, end := range matches(s, text) {
		return start == 0 && end == len(text)
	}
	return false
}

// MaskHead is the first n bytes of text, masked as Mask masks all of it: what
// reaches into them is hidden even where it ends far behind.
func (s *Secrets) MaskHead(text string, n int) string {
	if len(text) <= n {
		return s.Mask(text)
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	reach := text
	if s != nil && len(text) > n+s.longest {
		reach = text[:n+s.longest]
	}
	var b strings.Builder
	done := 0
	for start, end := range matches(s, reach) {
		if start >= n {
			break
		}
		b.WriteString(text[done:start])
		b.WriteString(Hidden)
		done = end
	}
	if done < n {
		b.WriteString(text[done:n])
	}
	return b.String()
}

// add adds one spelling of a secret, unless it is short.
func (s *Secrets) add(text string) {
	if utf8.RuneCountInString(text) < shortestSecret {
		return
	}
	hash := hashOf(text)
	if _, ok := s.known[hash]; ok {
		return
	}
	s.known[hash] = struct{}{}
	s.addLength(keyAt(text, 0), uint32(len(text)))
}

func (s *Secrets) addLength(key uint64, n uint32) {
	s.seen.add(key)
	s.longest = max(s.longest, int(n))
	lengths := s.lengths[key]
	at, ok := slices.BinarySearchFunc(lengths, n, func(a, b uint32) int { return int(b) - int(a) })
	if !ok {
		s.lengths[key] = slices.Insert(lengths, at, n)
	}
}

// keyAt are the bytes of text from i on that find a secret.
func keyAt[T string | []byte](text T, i int) uint64 {
	_ = text[i+keyBytes-1]
	return uint64(text[i]) | uint64(text[i+1])<<8 | uint64(text[i+2])<<16 |
		uint64(text[i+3])<<24 | uint64(text[i+4])<<32 | uint64(text[i+5])<<40
}

// hashOf tells texts apart. Two with one hash would only hide too much.
func hashOf[T string | []byte](text T) uint64 {
	h := uint64(len(text))
	for len(text) >= 8 {
		w := keyAt(text, 0) | uint64(text[6])<<48 | uint64(text[7])<<56
		h = mix(h ^ w)
		text = text[8:]
	}
	for i := range len(text) {
		h = mix(h ^ uint64(text[i]))
	}
	return h
}

// mix spreads every bit over the whole word.
func mix(h uint64) uint64 {
	h *= 0x9e3779b97f4a7c15
	h ^= h >> 29
	h *= 0xbf58476d1ce4e5b9
	return h ^ h>>32
}

// filter tells quickly that a key was never added.
type filter struct{ bits []uint64 }

const filterBits = 1 << 19

func (f *filter) add(key uint64) {
	if f.bits == nil {
		f.bits = make([]uint64, filterBits/64)
	}
	h := filterBit(key)
	f.bits[h/64] |= 1 << (h % 64)
}

func (f *filter) has(key uint64) bool {
	h := filterBit(key)
	return f.bits[h/64]&(1<<(h%64)) != 0
}

func filterBit(key uint64) uint64 { return key * 0x9e3779b97f4a7c15 >> (64 - 19) }
