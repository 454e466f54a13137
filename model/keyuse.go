package model

import (
	"cmp"
	"slices"
	"strings"
)

// KeyUses gathers who needs which key, by the key's name: its ARN, or how it was
// met where KMS did not resolve it. The zero KeyUses is empty.
type KeyUses struct {
	keys    map[string]*keyUsers
	bounded map[statePlace]bool // older versions of them were not looked at
	unread  []string
	further bool // more could not be read than are named
}

// namedUnread bounds how many sources are named that could not be read: where
// the network is gone, each version is one.
const namedUnread = 20

type statePlace struct{ bucket, key string }

type keyUsers struct {
	buckets []string
	tables  []TableUse
	states  map[statePlace]*StateUse
}

func (u *KeyUses) of(key string) *keyUsers {
	if u.keys == nil {
		u.keys = map[string]*keyUsers{}
	}
	if u.keys[key] == nil {
		u.keys[key] = &keyUsers{states: map[statePlace]*StateUse{}}
	}
	return u.keys[key]
}

// Default notes that a bucket encrypts with the key what names none.
func (u *KeyUses) Default(key, bucket string) {
	k := u.of(key)
	if !slices.Contains(k.buckets, bucket) {
		k.buckets = append(k.buckets, bucket)
	}
}

// Table notes a lock table that the key encrypts.
func (u *KeyUses) Table(key string, t TableUse) {
	k := u.of(key)
	if !slices.Contains(k.tables, t) {
		k.tables = append(k.tables, t)
	}
}

// Version notes a version of a state that the key encrypts.
func (u *KeyUses) Version(key, bucket, state string, current bool) {
	k, at := u.of(key), statePlace{bucket, state}
	if k.states[at] == nil {
		k.states[at] = &StateUse{Bucket: bucket, Key: state}
	}
	if current {
		k.states[at].Current = true
		return
	}
	k.states[at].Noncurrent++
}

// Bounded notes a state of which older versions were not looked at: any key may
// be behind those.
func (u *KeyUses) Bounded(bucket, state string) {
	if u.bounded == nil {
		u.bounded = map[statePlace]bool{}
	}
	u.bounded[statePlace{bucket, state}] = true
}

// Unread notes a source that could not be read, once.
func (u *KeyUses) Unread(what string) {
	switch {
	case slices.Contains(u.unread, what):
	case len(u.unread) < namedUnread:
		u.unread = append(u.unread, what)
	default:
		u.further = true
	}
}

// Problems are the sources that could not be read, sorted; of many, the first.
func (u *KeyUses) Problems() []string {
	all := slices.Sorted(slices.Values(u.unread))
	if u.further {
		all = append(all, "and further ones")
	}
	return all
}

// Keys are the names of all keys that were met, sorted.
func (u *KeyUses) Keys() []string {
	names := make([]string, 0, len(u.keys))
	for name := range u.keys {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// UsedBy is who needs the key, as far as it was looked at.
func (u *KeyUses) UsedBy(key string) KeyUse {
	use := KeyUse{AtLeast: len(u.bounded) > 0, Unread: u.Problems()}
	k := u.keys[key]
	if k == nil {
		return use
	}
	use.Buckets, use.Tables = slices.Sorted(slices.Values(k.buckets)), slices.Clone(k.tables)
	slices.SortFunc(use.Tables, compareTables)
	for at, s := range k.states {
		s := *s
		s.AtLeast = u.bounded[at]
		use.Noncurrent += s.Noncurrent
		use.States = append(use.States, s)
	}
	slices.SortFunc(use.States, compareStateUses)
	return use
}

func compareTables(a, b TableUse) int {
	return cmp.Or(strings.Compare(a.Region, b.Region), strings.Compare(a.Table, b.Table))
}

// compareStateUses puts the states that are read today before those of which
// only the history needs the key.
func compareStateUses(a, b StateUse) int {
	if a.Current != b.Current {
		if a.Current {
			return -1
		}
		return 1
	}
	return cmp.Or(strings.Compare(a.Bucket, b.Bucket), strings.Compare(a.Key, b.Key))
}

// merge adds the use that another backend makes of the same key. One state may
// lie in both: backends of one bucket can have prefixes that overlap.
func (u KeyUse) merge(o KeyUse) KeyUse {
	u.Buckets = sortedUnion(u.Buckets, o.Buckets)
	u.Unread = sortedUnion(u.Unread, o.Unread)
	u.AtLeast = u.AtLeast || o.AtLeast
	u.Tables = slices.Clone(u.Tables)
	for _, t := range o.Tables {
		if !slices.Contains(u.Tables, t) {
			u.Tables = append(u.Tables, t)
		}
	}
	slices.SortFunc(u.Tables, compareTables)
	u.States = mergeStates(u.States, o.States)
	u.Noncurrent = 0
	for _, s := range u.States {
		u.Noncurrent += s.Noncurrent
	}
	return u
}

func sortedUnion(a, b []string) []string {
	all := slices.Sorted(slices.Values(slices.Concat(a, b)))
	return slices.Compact(all)
}

func mergeStates(a, b []StateUse) []StateUse {
	all := slices.Concat(a, b)
	slices.SortStableFunc(all, func(a, b StateUse) int {
		return cmp.Or(strings.Compare(a.Bucket, b.Bucket), strings.Compare(a.Key, b.Key))
	})
	out := all[:0]
	for _, s := range all {
		if n := len(out); n > 0 && out[n-1].Bucket == s.Bucket && out[n-1].Key == s.Key {
			last := &out[n-1]
			last.Current = last.Current || s.Current
			last.Noncurrent = max(last.Noncurrent, s.Noncurrent)
			last.AtLeast = last.AtLeast || s.AtLeast
			continue
		}
		out = append(out, s)
	}
	slices.SortFunc(out, compareStateUses)
	return out
}
