package model

import (
	"bytes"
	"errors"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// memberFunc is offered the top-level members that are none of the header's.
// It reads the value and returns true, or leaves it and returns false.
type memberFunc func(s *stateScanner, key string) (bool, error)

// headerScan gathers the facts of the header while the top level is read.
type headerScan struct {
	h         StateHeader
	serial    Span // of the digits of the last "serial"
	cipher    ClientEncryption
	meta      bool // "meta" is there and is an object
	keyed     bool // "meta" names a key provider
	encrypted bool // "encrypted_data" is there and is a string
	seen      []string
	more      memberFunc
	err       error
}

// topLevelKeys are the members of a state that any reader looks at.
func topLevelKeys() []string {
	return []string{"version", "terraform_version", "serial", "lineage", "outputs", "resources",
		"check_results", "modules", "meta", "encrypted_data", "encryption_version"}
}

// scanHeader reads the top level of a state; err in the result is nil unless
// the state is invalid.
func scanHeader(part []byte, total int64, more memberFunc) *headerScan {
	total = max(total, int64(len(part)))
	c := &headerScan{more: more}
	c.h.Truncated = total > int64(len(part))
	switch {
	case total == 0:
		c.h.Format = FormatEmpty
	case bytes.HasPrefix(part, []byte(v0Magic)):
		c.h.Format = FormatV0
	case c.h.Truncated && strings.HasPrefix(v0Magic, string(part)):
		// Nothing to tell a binary state from another by, nor even a first byte.
	default:
		c.invalid(c.document(part))
	}
	return c
}

// document reads a JSON state as far as it goes.
func (c *headerScan) document(part []byte) error {
	if err := checkFirstByte(part, c.h.Truncated); err != nil {
		return err
	}
	s := newStateScanner(part, 0, c.h.Truncated)
	err := s.object("the state", func(raw, name []byte) error { return c.member(s, raw, name) })
	cut := c.h.Truncated && errors.Is(err, io.ErrUnexpectedEOF)
	if err == nil {
		err = s.end()
	}
	if err != nil && !cut {
		return err
	}
	return c.conclude(cut)
}

// invalid marks the state as invalid; facts read before the fault stay.
func (c *headerScan) invalid(err error) {
	if err == nil {
		return
	}
	c.err = err
	c.h.Format, c.h.Problem, c.h.Encryption = FormatInvalid, err.Error(), nil
}

// checkFirstByte gives things that are no JSON object a better message than the
// decoder's: web pages, archives, a byte-order mark.
func checkFirstByte(part []byte, cut bool) error {
	rest := bytes.TrimLeft(part, " \t\r\n")
	at := int64(len(part) - len(rest))
	switch {
	case len(rest) == 0 && cut, len(rest) > 0 && rest[0] == '{':
		return nil
	case len(rest) == 0:
		return stateErrorf(at, "nothing but white space, expected '{'")
	case bytes.HasPrefix(rest, []byte("\xef\xbb\xbf")):
		return stateErrorf(at, "a byte-order mark, which Terraform refuses, expected '{'")
	}
	return stateErrorf(at, "not a JSON object: %q, expected '{'", rest[:1])
}

// member reads one top-level member.
func (c *headerScan) member(s *stateScanner, raw, name []byte) error {
	key := c.note(raw, name)
	switch key {
	case "version":
		return c.readVersion(s)
	case "terraform_version":
		return readString(s, key, &c.h.TerraformVersion)
	case "serial":
		return c.readSerial(s)
	case "lineage":
		return readString(s, key, &c.h.Lineage)
	case "meta", "encrypted_data", "encryption_version":
		return c.readCipher(s, key)
	}
	if c.more != nil && key != "" {
		if done, err := c.more(s, key); done || err != nil {
			return err
		}
	}
	return s.skip()
}

// note finds the key that encoding/json would take name for, "" when none, and
// remembers keys that are doubled or oddly spelled.
func (c *headerScan) note(raw, name []byte) string {
	for _, key := range topLevelKeys() {
		if !strings.EqualFold(key, string(name)) {
			continue
		}
		odd := string(raw) != `"`+key+`"` || slices.Contains(c.seen, key)
		if odd && !c.h.ambiguous(key) {
			c.h.Ambiguous = append(c.h.Ambiguous, key)
		}
		c.seen = append(c.seen, key)
		return key
	}
	return ""
}

func (c *headerScan) readVersion(s *stateScanner) error {
	n, span, err := wholeNumber(s, "version")
	if err != nil || n == nil {
		return err
	}
	if *n > math.MaxInt32 {
		return stateErrorf(span.Start, "\"version\" is not a format version, expected 1 to 4")
	}
	if c.h.Format == FormatEncrypted {
		return bothFormats(span.Start)
	}
	c.h.Version = int(*n)
	c.h.Format = formatOfVersion(c.h.Version)
	return nil
}

func bothFormats(offset int64) error {
	return stateErrorf(offset, "both a plain state (\"version\") and one that OpenTofu encrypted, expected one of them")
}

func (c *headerScan) readSerial(s *stateScanner) error {
	n, span, err := wholeNumber(s, "serial")
	if err != nil || n == nil {
		return err
	}
	c.h.Serial, c.serial = n, span
	return nil
}

// wholeNumber reads a number that encoding/json would put into a uint64; nil for null.
func wholeNumber(s *stateScanner, key string) (*uint64, Span, error) {
	v, span, err := s.value()
	switch {
	case err != nil:
		return nil, span, err
	case v.Kind() == 'n':
		return nil, span, nil
	case v.Kind() != '0':
		return nil, span, wrongKind(span, strconv.Quote(key), v, "a whole number")
	}
	n, err := strconv.ParseUint(string(v), 10, 64)
	if err != nil {
		return nil, span, stateErrorf(span.Start, "%q is a number that is not a whole one from 0 to %d", key, uint64(math.MaxUint64))
	}
	return &n, span, nil
}

// readString reads a string into where; null leaves it, as encoding/json does.
func readString(s *stateScanner, key string, where **string) error {
	raw, err := s.text(strconv.Quote(key))
	if err != nil || raw == nil {
		return err
	}
	text := textOf(raw)
	*where = &text
	return nil
}

// readCipher reads a member of a state that OpenTofu encrypted. A plain state
// may have a member of that name, which its readers pass over: no fault.
func (c *headerScan) readCipher(s *stateScanner, key string) error {
	at := s.offset()
	kind := s.dec.PeekKind()
	switch {
	case key == "meta" && kind == '{':
		c.meta = true
		if err := c.readMeta(s); err != nil {
			return err
		}
	case key == "encrypted_data" && kind == '"':
		c.encrypted = true
		// Decided before the value is read: it reaches far beyond any prefix.
		if err := c.decideEncrypted(at); err != nil {
			return err
		}
		return s.skip()
	case key == "encryption_version" && kind == '"':
		raw, err := s.text(key)
		if err != nil {
			return err
		}
		c.cipher.Version = textOf(raw)
	default:
		return s.skip()
	}
	return c.decideEncrypted(at)
}

// readMeta reads the names of the key providers.
func (c *headerScan) readMeta(s *stateScanner) error {
	providers := []string{}
	err := s.object("\"meta\"", func(_, name []byte) error {
		provider, prefixed := strings.CutPrefix(string(name), "key_provider.")
		providers = append(providers, provider)
		if prefixed {
			c.keyed = true
			if err := c.decideEncrypted(s.offset()); err != nil {
				return err
			}
		}
		return s.skip()
	})
	if err == nil {
		c.cipher.KeyProviders = providers
	}
	return err
}

// decideEncrypted settles that the state is encrypted once that is sure.
// OpenTofu goes by a non-empty "encryption_version", which it writes last, out
// of reach in a prefix: a key provider in "meta" or "meta" beside
// "encrypted_data" stands for it.
func (c *headerScan) decideEncrypted(at int64) error {
	encrypted := c.cipher.Version != "" || c.keyed || c.meta && c.encrypted
	if !encrypted {
		return nil
	}
	if c.h.Version != 0 {
		return bothFormats(at)
	}
	c.h.Format = FormatEncrypted
	return nil
}

// conclude draws what follows from all facts together; cut says that there may
// be more of them.
func (c *headerScan) conclude(cut bool) error {
	switch {
	case c.h.Format == FormatInvalid:
		return stateErrorf(0, "format version %d is not known, expected 1 to 4", c.h.Version)
	case c.h.Format == FormatUnknown && !cut:
		return stateErrorf(0, "no \"version\" and no \"encryption_version\", so not a state")
	case c.h.Format.legacy() && c.h.Serial != nil && *c.h.Serial > math.MaxInt64:
		return stateErrorf(c.serial.Start, "\"serial\" is more than %d, which is the most in format %s", int64(math.MaxInt64), c.h.Format)
	case c.h.Format == FormatEncrypted:
		c.h.Encryption = &c.cipher
	}
	return nil
}
