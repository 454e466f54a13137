package aws

import (
	"context"
	"maps"
	"slices"

	"github.com/stateward/stateward/model"
)

// keys reads what there is to know of every key that the facts mention. Backends
// that are looked at together share what KMS says.
func (h *healthReader) keys(ctx context.Context) {
	names := h.keyNames()
	keys := make([]model.Key, len(names))
	g := newGroup()
	for i, n := range names {
		g.Go(func() error { keys[i] = h.c.key(ctx, h.b, n); return nil })
	}
	_ = g.Wait() // the facts carry their reasons
	h.f.Keys = make(map[string]model.Key, len(names))
	for i, n := range names {
		h.f.Keys[n.name] = keys[i]
	}
}

// readAhead reads the key of the default encryption while the states are read,
// which are under the same one as a rule; keys finds it read, also by its ARN.
func (h *healthReader) readAhead(ctx context.Context, e model.Encryption) {
	if name := keyBehind(e); name != "" {
		_ = h.c.key(ctx, h.b, newKeyName(h.f.Region.Or(""), name)) // kept where it is read again
	}
}

// keyNames are the keys that the facts mention, each by the name it has there.
func (h *healthReader) keyNames() []keyName {
	regions := map[string]string{}
	stored := func(e model.Encryption) {
		if name := keyBehind(e); name != "" {
			regions[name] = h.f.Region.Or("")
		}
	}
	stored(h.f.Bucket.Encryption.Or(model.Encryption{}))
	for _, s := range h.f.States.Items {
		stored(s.Encryption.Or(model.Encryption{}))
		stored(s.LockFile.Or(model.LockFileHealth{}).Encryption)
	}
	for _, t := range h.f.Tables.Items {
		if key := t.Encryption.Or(model.TableEncryption{}).Key; key != "" {
			regions[key] = t.Region
		}
	}
	var names []keyName
	for _, name := range slices.Sorted(maps.Keys(regions)) {
		names = append(names, newKeyName(regions[name], name))
	}
	return names
}
