package model

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// The fields that are no attributes.
const (
	searchedAddress = "address"
	searchedType    = "type"
)

// stateFront is how many bytes tell the format of a state as a rule.
const stateFront = 4 << 10

// Search finds resources in the body of a state, in the order of the state but
// for those that are exactly what is looked for, which come first. What is
// beyond the query's limit is counted in more.
//
// What is marked sensitive is not looked at, nor is any other text where it
// repeats a secret of the state, or one that known holds of its other versions
// (nil: none): else one could guess secrets by searching. The error says why the state cannot be searched; bytes that cannot hold the words
// are looked through and not read, so that not every fault in them is found.
func (q SearchQuery) Search(body []byte, known *Secrets) (hits []SearchHit, more int, err error) {
	if q.rulesOut(body) && searchable(body) {
		return nil, 0, nil
	}
	index, err := IndexState(body)
	if err != nil {
		return nil, 0, err
	}
	s := &stateSearch{query: q, body: body, index: index, known: known, disguised: escapesNeedlessly(body)}
	for i := range index.Len() {
		if err := s.resource(i); err != nil {
			return nil, 0, err
		}
	}
	hits, more = s.result()
	return hits, more, nil
}

// searchable reports a state whose bytes are those of its resources, from the
// first to the last. Where it cannot be told cheaply it is false.
func searchable(body []byte) bool {
	h := ReadHeader(body[:min(len(body), stateFront)], int64(len(body)))
	switch h.Format {
	case FormatEmpty:
		return true
	case FormatV1, FormatV2, FormatV3, FormatV4:
		return h.Complete() && bytes.HasSuffix(bytes.TrimRight(body, " \t\r\n"), []byte("}"))
	case FormatUnknown, FormatV0, FormatEncrypted, FormatInvalid:
	}
	return false
}

// stateSearch is the search through one state.
type stateSearch struct {
	query     SearchQuery
	body      []byte
	index     *StateIndex
	disguised bool     // the bytes cannot tell what is in them
	known     *Secrets // of other versions
	secrets   *Secrets // all of them; learnt when the first value is read

	found [3][]SearchHit // what the words name, what reads it, what mentions them
	more  int
}

func (s *stateSearch) keep(h SearchHit) {
	to := &s.found[2]
	switch {
	case h.Manages():
		to = &s.found[0]
	case h.Exact:
		to = &s.found[1]
	}
	if s.query.Limit > 0 && len(*to) >= s.query.Limit {
		s.more++
		return
	}
	*to = append(*to, h)
}

func (s *stateSearch) result() (hits []SearchHit, more int) {
	hits = slices.Concat(s.found[:]...)
	if s.query.Limit > 0 && len(hits) > s.query.Limit {
		return hits[:s.query.Limit], s.more + len(hits) - s.query.Limit
	}
	return hits, s.more
}

// mayHold reports whether a part of the body may hold a word.
func (s *stateSearch) mayHold(w *searchWord, part []byte) bool {
	return s.disguised || w.mayBeIn(part)
}

// resource searches one resource. In formats before v4 its name is no part of
// its bytes, so that they cannot rule it out.
func (s *stateSearch) resource(i int) error {
	entry := s.index.Resource(i)
	if !s.index.Format.legacy() {
		part := entry.Span.In(s.body)
		for w := range s.query.words {
			if !s.mayHold(&s.query.words[w], part) {
				return nil
			}
		}
	}
	all, err := s.index.Instances(s.body, i)
	if err != nil {
		return err
	}
	for _, o := range all {
		if err := s.object(entry, o); err != nil {
			return err
		}
	}
	return nil
}

// object searches one object of a resource.
func (s *stateSearch) object(r ResourceEntry, o InstanceEntry) error {
	m := newMatch(s.query)
	m.offer(nil, searchedType, r.Type)
	m.offer(nil, searchedAddress, o.Address)
	if s.worthReading(m, o) {
		if err := s.attributes(m, o); err != nil {
			return err
		}
	}
	if m.found == m.all {
		s.keep(SearchHit{Address: o.Address, Type: r.Type, Mode: r.Mode, Deposed: o.Deposed,
			Field: m.best.field, Value: m.best.value, Exact: m.best.own && m.best.whole})
	}
	return nil
}

// worthReading reports whether the attributes can complete a match, or show
// that the object is what is looked for.
func (s *stateSearch) worthReading(m *match, o InstanceEntry) bool {
	part := o.Attributes.In(s.body)
	for i := range s.query.words {
		need := m.found&(1<<i) == 0 || len(s.query.words) == 1
		if need && !s.mayHold(&s.query.words[i], part) {
			return false
		}
	}
	return m.found != m.all || len(s.query.words) == 1
}

func (s *stateSearch) attributes(m *match, o InstanceEntry) error {
	if s.secrets == nil {
		s.secrets = s.known.Clone()
		if err := s.secrets.Learn(s.body, s.index); err != nil {
			return fmt.Errorf("telling what is secret in the state: %w", err)
		}
	}
	v, err := Attributes(s.body, o, s.secrets)
	if err != nil {
		return err
	}
	s.value(m, v, nil)
	return nil
}

// value searches what stands in a value, at the end of path.
func (s *stateSearch) value(m *match, v *Value, path []string) {
	if v == nil || v.Sensitive {
		return
	}
	for i, item := range v.Items {
		s.value(m, item, append(path, "["+strconv.Itoa(i)+"]"))
	}
	for _, member := range v.Members {
		s.value(m, member.Value, append(path, stepTo(member.Name, len(path) == 0)))
	}
	if text, ok := scalarText(v); ok && m.touches(text) {
		m.offer(s.secrets, s.secrets.Mask(fieldOf(path)), text)
	}
}

// stepTo is a member's name as a step of a path: .name, or ["a.b"] where a name
// would be taken for more than one. The first one is an attribute's name.
func stepTo(name string, first bool) string {
	switch {
	case first:
		return name
	case name != "" && !strings.ContainsFunc(name, func(r rune) bool { return r != '_' && r != '-' && !unicode.IsLetter(r) && !unicode.IsDigit(r) }):
		return "." + name
	}
	return "[" + QuoteKey(name) + "]"
}

// fieldOf is the path of an attribute. One that is called as a field is that is
// none, gets its path in the state.
func fieldOf(path []string) string {
	field := strings.Join(path, "")
	if field == searchedAddress || field == searchedType {
		return "attributes." + field
	}
	return field
}

// scalarText is what a value that has no parts says.
func scalarText(v *Value) (string, bool) {
	switch v.Kind {
	case StringValue, NumberValue:
		return v.Text, v.Text != ""
	case BoolValue:
		return strconv.FormatBool(v.Bool), true
	case NullValue, ListValue, ObjectValue:
	}
	return "", false
}
