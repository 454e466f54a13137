package model

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// KeyPage is what is known so far of the keys behind one backend. It holds all
// of it: a later page takes the place of the one before.
type KeyPage struct {
	Keys     []Key
	Progress KeyProgress
	Problems []string // sources that could not be read: "AccessDenied dynamodb:DescribeTable on acme-locks"
}

// KeyProgress is how far the gathering of keys has come. The counts only grow.
type KeyProgress struct {
	States   int // found
	Read     int // of them, whose versions were looked at as far as they are to be
	Versions int // looked at
	Bounded  int // states with older versions that were not looked at
}

// Plus adds the progress of another backend.
func (p KeyProgress) Plus(o KeyProgress) KeyProgress {
	return KeyProgress{States: p.States + o.States, Read: p.Read + o.Read, Versions: p.Versions + o.Versions, Bounded: p.Bounded + o.Bounded}
}

// KeyRing joins the keys of several backends: one that is behind more than one
// of them is there once, with all that depends on it. The zero KeyRing is empty.
type KeyRing struct {
	order []string // of backends
	pages map[string]KeyPage
}

// Put takes the newest page of a backend, named as the caller likes.
func (r *KeyRing) Put(backend string, p KeyPage) {
	if r.pages == nil {
		r.pages = map[string]KeyPage{}
	}
	if _, ok := r.pages[backend]; !ok {
		r.order = append(r.order, backend)
	}
	r.pages[backend] = p
}

// Progress is that of all backends.
func (r *KeyRing) Progress() KeyProgress {
	var all KeyProgress
	for _, p := range r.pages {
		all = all.Plus(p.Progress)
	}
	return all
}

// Problems are those of all backends, each once, in their order.
func (r *KeyRing) Problems() []string {
	var all []string
	for _, name := range r.order {
		for _, p := range r.pages[name].Problems {
			if !slices.Contains(all, p) {
				all = append(all, p)
			}
		}
	}
	return all
}

// Keys are the keys of all backends with what is to be said of them at now,
// worst first.
func (r *KeyRing) Keys(now time.Time) []Key {
	var all []Key
	at := map[string]int{}
	for _, name := range r.order {
		for _, k := range r.pages[name].Keys {
			i, ok := at[k.Ref()]
			if !ok {
				at[k.Ref()] = len(all)
				all = append(all, k)
				continue
			}
			all[i] = all[i].merge(k)
		}
	}
	for i := range all {
		all[i].Findings = FindKey(all[i], now)
	}
	slices.SortStableFunc(all, CompareKeys)
	return all
}

// Ref names a key among all: its ARN, else where and how it was met.
func (k Key) Ref() string {
	if k.ARN != "" {
		return k.ARN
	}
	return k.Region + " " + k.ID
}

// merge joins what two backends, maybe on behalf of two identities, know of the
// same key: what one of them could read is known.
func (k Key) merge(o Key) Key {
	if k.State.IsUnknown() && !o.State.IsUnknown() {
		k.Reach = o.Reach // the other way leads nowhere
	}
	k.Aliases = k.Aliases.orElse(o.Aliases)
	k.Manager, k.Origin = k.Manager.orElse(o.Manager), k.Origin.orElse(o.Origin)
	k.Spec, k.Usage = k.Spec.orElse(o.Spec), k.Usage.orElse(o.Usage)
	k.MultiRegion = k.MultiRegion.orElse(o.MultiRegion)
	k.State, k.DeletionDate = k.State.orElse(o.State), k.DeletionDate.orElse(o.DeletionDate)
	k.ValidTo, k.Primary = k.ValidTo.orElse(o.ValidTo), cmp.Or(k.Primary, o.Primary)
	k.Policy = k.Policy.orElse(o.Policy)
	r, s := &k.Rotation, o.Rotation
	r.NotApplicable = cmp.Or(r.NotApplicable, s.NotApplicable)
	r.Enabled, r.PeriodDays = r.Enabled.orElse(s.Enabled), r.PeriodDays.orElse(s.PeriodDays)
	r.Last, r.Next, r.History = r.Last.orElse(s.Last), r.Next.orElse(s.Next), r.History.orElse(s.History)
	k.UsedBy = k.UsedBy.merge(o.UsedBy)
	return k
}

// orElse is the fact that is known, or failing that the one with a reason.
func (f Fact[T]) orElse(o Fact[T]) Fact[T] {
	if f.known || !o.known && f.reason != "" {
		return f
	}
	return o
}

// CompareKeys puts the worst key first, and of two alike the one on which more
// depends.
func CompareKeys(a, b Key) int {
	return cmp.Or(
		cmp.Compare(a.urgency(), b.urgency()),
		cmp.Compare(b.UsedBy.Current(), a.UsedBy.Current()),
		cmp.Compare(b.UsedBy.Noncurrent, a.UsedBy.Noncurrent),
		strings.Compare(a.Name(), b.Name()),
		strings.Compare(a.Ref(), b.Ref()),
	)
}

func (k Key) urgency() int {
	if len(k.Findings) == 0 {
		return keyUrgency("")
	}
	return keyUrgency(k.Findings[0].Severity)
}
